use std::sync::Arc;

use gloria_stream::{Credential, CredentialError, CredentialProvider as _, Generation, Proof};
use secrecy::ExposeSecret as _;

use super::{
    OpenIdProvider, Rest, Saving, Server, ServerToken, Session, SessionOptions, SessionPorts, Unkept,
};
use crate::account::address::Address;
use crate::grant::GrantRule;
use crate::ports::fakes::{FakeCommands, FakeExclusive, FakeSecrets};
use crate::ports::{SecretError, Secrets, SystemClock};
use crate::protocol::TokenState;
use crate::token::AuthTransport;
use crate::token::Token;

mod moving;
mod prompts;
mod taken_back;

const ENTRY: &str = "https://gloria.example/api";

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn server(address: &str) -> Server {
    Server::of(&Address::parse(address, false).unwrap())
}

fn options() -> SessionOptions {
    SessionOptions {
        server: server(ENTRY),
        entry: ENTRY.to_owned(),
        transport: AuthTransport::Header,
        command: None,
        rule: GrantRule::default(),
    }
}

fn session(secrets: &Arc<FakeSecrets>) -> Session {
    Session::new(options(), ports(secrets), None, None)
}

fn ports(secrets: &Arc<FakeSecrets>) -> SessionPorts {
    SessionPorts {
        secrets: secrets.clone(),
        exclusive: Arc::<FakeExclusive>::default(),
        clock: Arc::new(SystemClock),
        provider: Arc::new(OpenIdProvider::new(Arc::new(SystemClock))),
        commands: Arc::<FakeCommands>::default(),
        rest: Rest::default(),
        saving: Saving::default(),
    }
}

fn keyring(text: &str) -> Arc<FakeSecrets> {
    Arc::new(FakeSecrets::with_token(ENTRY, token(text)))
}

fn shown(credential: Result<Credential, CredentialError>) -> (String, Generation) {
    let credential = credential.unwrap();
    match credential.proof {
        Proof::Bearer(token) => (token.expose_secret().to_owned(), credential.generation),
        Proof::Query(..) | Proof::Anonymous => panic!("a header was asked for"),
    }
}

fn asked(secrets: &FakeSecrets, verb: &str) -> usize {
    secrets
        .asked
        .all()
        .iter()
        .filter(|(asked, _)| *asked == verb)
        .count()
}

#[tokio::test]
async fn the_keyring_is_asked_once_however_many_ask_at_a_time() {
    let secrets = keyring("a");
    secrets.hang();
    let session = session(&secrets);
    let all = futures_util::future::join_all((0..10).map(|_| session.credential()));
    let (all, ()) = tokio::join!(all, async { secrets.resume() });
    let generation = session.generation();
    for credential in all {
        assert_eq!(shown(credential), ("a".to_owned(), generation));
    }
    shown(session.credential().await);
    assert_eq!(asked(&secrets, "load"), 1);
}

#[tokio::test]
async fn a_pasted_token_that_ended_long_ago_is_asked_for_instead_of_sent() {
    // {"exp":1000000000}, in 2001.
    let secrets = keyring("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwMDAwMDAwMDB9.c2ln");
    let session = session(&secrets);
    for _ in 0..2 {
        let outcome = session.credential().await;
        assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
        assert_eq!(session.reports().borrow().state, TokenState::NeedsSignIn);
    }
    session.enter(token("another"));
    assert_eq!(shown(session.credential().await).0, "another");
    assert_eq!(session.reports().borrow().state, TokenState::Present);
}

#[tokio::test]
async fn a_question_goes_on_when_who_asked_has_gone() {
    let secrets = keyring("a");
    secrets.hang();
    let session = session(&secrets);
    let mut reports = session.reports();
    assert!(futures_util::FutureExt::now_or_never(session.credential()).is_none());
    secrets.resume();
    reports
        .wait_for(|report| report.state == TokenState::Present)
        .await
        .unwrap();
    assert_eq!(shown(session.credential().await).0, "a");
    assert_eq!(asked(&secrets, "load"), 1);
}

#[tokio::test]
async fn a_failure_is_shared_and_the_next_who_asks_asks_anew() {
    let secrets = keyring("a");
    *secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let session = session(&secrets);
    for count in 1..3 {
        let outcome = session.credential().await;
        assert!(
            matches!(outcome, Err(CredentialError::Unavailable(_))),
            "{outcome:?}"
        );
        assert_eq!(asked(&secrets, "load"), count);
    }
    assert_eq!(session.reports().borrow().state, TokenState::KeyringLocked);
    *secrets.failure.lock().unwrap() = None;
    assert_eq!(shown(session.credential().await).0, "a");
}

#[tokio::test]
async fn a_refusal_of_an_old_token_does_not_take_a_newer_one_away() {
    let secrets = keyring("old");
    let session = session(&secrets);
    let (old, first) = shown(session.credential().await);
    assert_eq!(old, "old");
    secrets.put(ENTRY, token("new"));
    session.invalidate(first);
    let (new, second) = shown(session.credential().await);
    assert_eq!((&*new, second), ("new", first.next()));

    // Another request that asked with the old one is refused only now.
    session.invalidate(first);
    assert_eq!(shown(session.credential().await), (new, second));
    assert_eq!(asked(&secrets, "load"), 2);

    // The same token again is the same generation, and asked for at each refusal.
    session.invalidate(second);
    assert_eq!(shown(session.credential().await).1, second);
    assert_eq!(asked(&secrets, "load"), 3);
}

#[tokio::test]
async fn what_is_entered_is_in_force_at_once_and_an_earlier_answer_is_void() {
    let secrets = keyring("kept");
    secrets.hang();
    let session = session(&secrets);
    let (credential, generation) = tokio::join!(session.credential(), async {
        let generation = session.enter(token("entered"));
        secrets.resume();
        generation
    });
    assert_eq!(shown(credential), ("entered".to_owned(), generation));
    assert!(session.unkept().is_some());
    session.on_stored(generation);
    assert!(session.unkept().is_none());
    assert_eq!(
        shown(session.credential().await).1,
        generation,
        "it is the same token"
    );

    // A keyring that took another one meanwhile says nothing of this one.
    let newer = session.enter(token("newer"));
    session.on_stored(generation);
    assert!(session.unkept().is_some(), "{newer:?}");
}

#[tokio::test]
async fn after_signing_out_an_answer_from_before_brings_no_token_back() {
    let secrets = keyring("a");
    secrets.hang();
    let session = session(&secrets);
    let (outcome, ()) = tokio::join!(session.credential(), async {
        session.forget();
        drop(secrets.forget(ENTRY));
        secrets.resume();
    });
    assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
    assert_eq!(session.reports().borrow().state, TokenState::Missing);
}

#[tokio::test]
async fn the_environments_token_stays_whatever_comes() {
    let secrets = keyring("kept");
    let environment = ServerToken::new(server(ENTRY), token("environment"));
    let session = Session::new(options(), ports(&secrets), Some(&environment), None);
    session.enter(token("entered"));
    session.requery(true);
    session.forget();
    session.invalidate(session.generation());
    assert_eq!(shown(session.credential().await).0, "environment");
    assert!(!session.has_changed().await && secrets.asked.all().is_empty());
}

#[tokio::test]
async fn another_servers_token_is_left_out() {
    let secrets = Arc::new(FakeSecrets::default());
    let other = ServerToken::new(server("https://other.example"), token("other"));
    let unkept = Some(Unkept::entered(other.clone()));
    let session = Session::new(options(), ports(&secrets), Some(&other), unkept);
    let outcome = session.credential().await;
    assert!(matches!(outcome, Err(CredentialError::Missing)), "{outcome:?}");
}

#[tokio::test]
async fn another_token_in_the_keyring_is_seen_and_taken_when_asked_anew() {
    let secrets = keyring("a");
    let session = session(&secrets);
    let (_, first) = shown(session.credential().await);
    assert!(!session.has_changed().await);
    secrets.put(ENTRY, token("b"));
    assert!(session.has_changed().await);
    assert_eq!(
        shown(session.credential().await).0,
        "a",
        "nobody has decided anything yet"
    );
    session.requery(true);
    assert_eq!(shown(session.credential().await), ("b".to_owned(), first.next()));

    session.enter(token("entered"));
    session.requery(false);
    assert_eq!(shown(session.credential().await).0, "entered");
    session.requery(true);
    assert_eq!(
        shown(session.credential().await).0,
        "b",
        "it stood in for the keyring's"
    );
}
