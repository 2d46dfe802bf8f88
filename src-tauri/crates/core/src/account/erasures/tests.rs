use super::*;
use crate::ports::fakes::FakeSecrets;
use crate::token::Token;

struct Rig {
    _home: tempfile::TempDir,
    paths: Paths,
    keyring: Arc<FakeSecrets>,
}

fn rig() -> Rig {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::within(home.path());
    let keyring = FakeSecrets::with_token("server", token("annas"));
    Rig {
        _home: home,
        paths,
        keyring: Arc::new(keyring),
    }
}

impl Rig {
    /// As after a start.
    fn secrets(&self) -> ErasingSecrets {
        ErasingSecrets::new(self.keyring.clone(), Erasures::read(&self.paths))
    }

    fn left(&self) -> Vec<String> {
        Erasures::read(&self.paths).all()
    }
}

/// What was given, in the open.
fn given(outcome: Result<Option<Secret>, SecretError>) -> Result<Option<String>, SecretError> {
    outcome.map(|found| {
        found
            .and_then(Secret::into_token)
            .map(|token| token.expose().to_owned())
    })
}

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

#[tokio::test]
async fn what_is_to_be_removed_is_removed_before_anybody_is_given_it_also_after_a_start() {
    for looks in [false, true] {
        let rig = rig();
        Erasures::read(&rig.paths).add("server").unwrap();
        let secrets = rig.secrets();
        *rig.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
        let ask = || {
            if looks {
                secrets.load_without_prompt("server")
            } else {
                secrets.load("server")
            }
        };
        assert_eq!(given(ask().await), Err(SecretError::Locked));
        assert_eq!(rig.left(), ["server"]);
        *rig.keyring.failure.lock().unwrap() = None;
        assert_eq!(given(ask().await), Ok(None));
        assert!(rig.keyring.token("server").is_none() && rig.left().is_empty());
    }
}

#[tokio::test]
async fn a_token_that_is_stored_after_the_erasing_stays() {
    let rig = rig();
    Erasures::read(&rig.paths).add("server").unwrap();
    let secrets = rig.secrets();
    // Another program, as `gloria login` beside the app.
    rig.secrets()
        .store("server", token("berts").into())
        .await
        .unwrap();
    assert_eq!(given(secrets.load("server").await), Ok(Some("berts".to_owned())));
    assert_eq!(
        given(secrets.load_without_prompt("server").await),
        Ok(Some("berts".to_owned()))
    );
    assert!(rig.left().is_empty());
}

#[tokio::test]
async fn a_keyring_that_comes_back_does_all_in_the_order_in_which_it_was_asked() {
    let rig = rig();
    Erasures::read(&rig.paths).add("server").unwrap();
    let secrets = rig.secrets();
    rig.keyring.hang();
    let (looked, loaded) = (secrets.load_without_prompt("server"), secrets.load("server"));
    let looked = tokio::spawn(looked);
    let stored = secrets.store("server", token("berts").into());
    rig.keyring.resume();
    assert_eq!(given(loaded.await), Ok(None));
    stored.await.unwrap();
    assert_eq!(given(looked.await.unwrap()), Ok(Some("berts".to_owned())));
    assert_eq!(
        given(Ok(rig.keyring.secret("server"))),
        Ok(Some("berts".to_owned()))
    );
    assert!(rig.left().is_empty());
}

#[tokio::test]
async fn all_that_is_left_is_removed_at_once_and_a_file_of_others_is_left_alone() {
    let rig = rig();
    let erasures = Erasures::read(&rig.paths);
    rig.keyring.put("server#anna ö", token("annas"));
    rig.keyring.put("another", token("of-another"));
    erasures.add("server").unwrap();
    erasures.add("server#anna ö").unwrap();
    let other = rig.paths.accounts().join("notes.txt");
    fs::write(&other, "another").unwrap();
    fs::write(rig.paths.accounts().join("torn.forget"), [0xff]).unwrap();
    let erasures = Erasures::read(&rig.paths);
    erasures.remove_all(&rig.secrets()).await.unwrap();
    assert!(rig.keyring.token("server").is_none() && rig.keyring.token("server#anna ö").is_none());
    assert!(rig.keyring.token("another").is_some() && other.exists());
    assert!(rig.left().is_empty() && erasures.all().is_empty());
}
