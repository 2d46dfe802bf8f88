use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gloria_stream::{CredentialProvider as _, Generation, Proof};
use secrecy::ExposeSecret as _;

use super::super::{OpenIdProvider, Rest, Saving, Session, SessionOptions, SessionPorts, TokenReport};
use super::*;
use crate::account::address::Address;
use crate::account::session::ServerToken;
use crate::grant::GrantRule;
use crate::ports::fakes::{FakeCommands, FakeExclusive, FakeSecrets};
use crate::ports::{Clock, SystemClock};
use crate::token::AuthTransport;

const ENTRY: &str = "https://gloria.example/api";

/// The runtime's clock, which tests pause.
#[derive(Debug)]
struct TestClock(tokio::time::Instant);

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        at(0) + self.0.elapsed()
    }

    fn monotonic(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn web_token(claims: &str) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

fn command() -> CommandLine {
    let program = if cfg!(windows) {
        r"C:\token.exe"
    } else {
        "/opt/token"
    };
    CommandLine::new(&[program.to_owned(), "--gloria".to_owned()]).unwrap()
}

fn server() -> Server {
    Server::of(&Address::parse(ENTRY, false).unwrap())
}

struct Rig {
    commands: Arc<FakeCommands>,
    secrets: Arc<FakeSecrets>,
    session: Session,
}

impl Rig {
    fn new(prints: &[&str]) -> Self {
        Self::with(prints, None)
    }

    fn with(prints: &[&str], environment: Option<&ServerToken>) -> Self {
        let commands = Arc::<FakeCommands>::default();
        commands.will_print(prints.iter().map(|text| Ok((*text).to_owned())));
        let secrets = Arc::new(FakeSecrets::with_token(ENTRY, Token::parse("pasted").unwrap()));
        let options = SessionOptions {
            server: server(),
            entry: ENTRY.to_owned(),
            transport: AuthTransport::Header,
            command: Some(command()),
            rule: GrantRule::default(),
        };
        let ports = SessionPorts {
            secrets: secrets.clone(),
            exclusive: Arc::<FakeExclusive>::default(),
            clock: Arc::new(TestClock(tokio::time::Instant::now())),
            provider: Arc::new(OpenIdProvider::new(Arc::new(SystemClock))),
            commands: commands.clone(),
            rest: Rest::default(),
            saving: Saving::default(),
        };
        let session = Session::new(options, ports, environment, None);
        Self {
            commands,
            secrets,
            session,
        }
    }

    fn runs(&self) -> usize {
        self.commands.ran.all().len()
    }

    async fn token(&self) -> (String, Generation) {
        let credential = self.session.credential().await.unwrap();
        match credential.proof {
            Proof::Bearer(token) => (token.expose_secret().to_owned(), credential.generation),
            Proof::Query(..) | Proof::Anonymous => panic!("a header was asked for"),
        }
    }

    fn report(&self) -> TokenReport {
        self.session.reports().borrow().clone()
    }

    /// The server refuses what is sent now, and what is sent instead.
    async fn refused_twice(&self) {
        for _ in 0..2 {
            let (_, generation) = self.token().await;
            self.session.invalidate(generation);
        }
    }
}

fn lasts(output: &str) -> Result<(String, Option<u64>), Unusable> {
    let printed = printed(output.as_bytes(), at(0))?;
    let seconds = printed.lasts.map(|lasts| lasts.as_secs());
    Ok((printed.token.expose().to_owned(), seconds))
}

#[test]
fn a_token_is_a_line_or_json_and_nothing_else() {
    for line in [
        "abc.def",
        "abc.def\n",
        "abc.def\r\n",
        "abc.def\n\n",
        "\u{feff}abc.def\r\n",
    ] {
        assert_eq!(lasts(line), Ok(("abc.def".to_owned(), None)), "{line:?}");
    }
    for (json, seconds) in [
        (r#"{"access_token":"abc"}"#, None),
        (
            "\n{\n\t\"access_token\": \"abc\",\r\n \"expires_in\": 60 }\n",
            Some(60),
        ),
        (
            r#"{"access_token":"\u0061bc","expires_in":60,"token_type":"Bearer","scope":[1]}"#,
            Some(60),
        ),
        (r#"{"access_token":"abc","expires_in":null}"#, None),
        ("\u{feff}{\"access_token\":\"abc\"}\r\n", None),
    ] {
        assert_eq!(lasts(json), Ok(("abc".to_owned(), seconds)), "{json}");
    }
    for (output, expected) in [
        ("", Unusable::Empty),
        ("\n\n", Unusable::Empty),
        ("  \n", Unusable::Empty),
        ("abc\u{1b}[0m\n", Unusable::NotText),
        ("abc\0", Unusable::NotText),
        ("abc\u{85}", Unusable::NotText),
        ("abc def", Unusable::NoToken),
        (" abc", Unusable::NoToken),
        ("abc\ndef\n", Unusable::NoToken),
        ("tökén", Unusable::NoToken),
        ("\"abc\" \"def\"", Unusable::Quoted),
        ("{\"access_token\": \"\\\"abc\\\"\"}", Unusable::Quoted),
        ("[\"abc\"]", Unusable::Quoted),
        ("[abc]", Unusable::Quoted),
        ("abc;\n", Unusable::Quoted),
        ("\"abc\"; \n", Unusable::Quoted),
        ("\"access_token\": \"abc\",\n", Unusable::Quoted),
        ("\"abc\"\n", Unusable::Quoted),
        ("'abc'", Unusable::Quoted),
        ("`abc", Unusable::Quoted),
        ("abc\"\n", Unusable::Quoted),
        ("\u{feff}\u{feff}abc", Unusable::NoToken),
        ("abc\u{feff}", Unusable::NoToken),
        ("\u{feff}\n", Unusable::Empty),
        ("Bearer abc", Unusable::NoToken),
        ("{}", Unusable::NoToken),
        ("{\"access_token\":\"abc\"", Unusable::NoToken),
        (
            r#"{"access_token":"abc"} {"access_token":"def"}"#,
            Unusable::NoToken,
        ),
        (
            r#"{"access_token":"abc","access_token":"def"}"#,
            Unusable::NoToken,
        ),
        (r#"{"access_token":["abc"]}"#, Unusable::NoToken),
        (r#"{"access_token":"a\nb"}"#, Unusable::NoToken),
        (r#"{"access_token":""}"#, Unusable::NoToken),
        (r#"{"accessToken":"abc"}"#, Unusable::NoToken),
        (r#"{"access_token":"abc","expires_in":"60"}"#, Unusable::NoToken),
        (r#"{"access_token":"abc","expires_in":-1}"#, Unusable::NoToken),
        (r#"{"access_token":"abc","expires_in":1.5}"#, Unusable::NoToken),
        (r#"{"access_token":"abc","expires_in":0}"#, Unusable::Over),
    ] {
        assert_eq!(lasts(output), Err(expected), "{output:?}");
    }
    assert_eq!(printed(b"ab\xffc", at(0)).unwrap_err(), Unusable::NotText);
}

#[test]
fn the_end_of_a_token_is_the_earlier_one_and_a_clock_that_is_fast_proves_nothing() {
    let ends_in = |seconds: i64| web_token(&format!(r#"{{"exp":{}}}"#, 1_800_000_000 + seconds));
    let json = |token: &str, seconds: u64| format!(r#"{{"access_token":"{token}","expires_in":{seconds}}}"#);
    for (output, expected) in [
        (ends_in(600), Some(600)),
        (json(&ends_in(600), 60), Some(60)),
        (json(&ends_in(60), 600), Some(60)),
        (ends_in(-3600), None),
        (json(&ends_in(-3600), 60), Some(60)),
        (json("opaque", 60), Some(60)),
    ] {
        assert_eq!(
            lasts(&output).map(|(_, seconds)| seconds),
            Ok(expected),
            "{output}"
        );
    }
    assert_eq!(lasts(&ends_in(-100_000)), Err(Unusable::Over));
}

#[tokio::test(start_paused = true)]
async fn it_is_run_once_for_all_who_ask_and_again_before_a_request_once_its_token_has_ended() {
    let rig = Rig::new(&[
        r#"{"access_token":"one","expires_in":100}"#,
        &web_token(r#"{"exp":1800000200}"#),
        "three",
    ]);
    let all = futures_util::future::join_all((0..5).map(|_| rig.token())).await;
    assert!(all.iter().all(|(token, _)| token == "one"), "{all:?}");
    assert_eq!(rig.runs(), 1);
    assert_eq!(rig.report().state, TokenState::Present);

    tokio::time::advance(Duration::from_secs(99)).await;
    assert_eq!(rig.token().await.0, "one");
    tokio::time::advance(Duration::from_secs(1)).await;
    let renewed = rig.token().await.0;
    assert!(renewed.starts_with("eyJ"), "{renewed}");
    // What the token says of itself counts as well.
    tokio::time::advance(Duration::from_secs(99)).await;
    assert_eq!(rig.token().await.0, renewed);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(rig.token().await.0, "three");
    tokio::time::advance(Duration::from_secs(100_000)).await;
    assert_eq!(rig.token().await.0, "three", "nothing says that it ends");
    assert_eq!(rig.runs(), 3);
    // The keyring has nothing to do with it.
    assert_eq!(rig.secrets.asked.all(), []);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_has_it_run_once_and_then_at_most_once_a_minute() {
    let rig = Rig::new(&["one", "two", "three", "four", "five"]);
    rig.token().await;
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    rig.refused_twice().await;
    assert_eq!(rig.runs(), 2, "it is run anew once");
    assert_eq!(rig.report().state, TokenState::Rejected);
    let problem = rig.report().problem.unwrap();
    assert_eq!(problem.id, message::command_token_refused("").id);

    // However often it is tried, there is no circle.
    for _ in 0..10 {
        rig.refused_twice().await;
    }
    assert_eq!(rig.runs(), 2);
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    rig.refused_twice().await;
    assert_eq!(rig.runs(), 3);
    // The user wants it at once, each time.
    for runs in [4, 5] {
        rig.session.allow_prompt();
        rig.refused_twice().await;
        assert_eq!(rig.runs(), runs);
    }
    rig.session.on_accepted();
    assert_eq!(rig.report(), TokenReport::new(TokenState::Present));
    rig.token().await;
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    rig.token().await;
    assert_eq!(rig.runs(), 5, "one that is accepted is not asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_at_once_is_not_asked_for_again_at_once() {
    let rig = Rig::new(&["one", "two"]);
    rig.refused_twice().await;
    assert_eq!(rig.runs(), 1);
    assert_eq!(rig.report().state, TokenState::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_prints_the_refused_token_again_is_no_success() {
    let rig = Rig::new(&["one"]);
    let (_, first) = rig.token().await;
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    rig.session.invalidate(first);
    let (_, second) = rig.token().await;
    assert_eq!((first, rig.runs()), (second, 2));
    assert_eq!(rig.report().state, TokenState::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_an_earlier_token_changes_nothing() {
    let rig = Rig::new(&[r#"{"access_token":"one","expires_in":10}"#, "two", "three"]);
    let (_, first) = rig.token().await;
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    rig.token().await;
    rig.session.invalidate(first);
    tokio::time::advance(MIN_RUN_INTERVAL).await;
    assert_eq!((rig.token().await.0, rig.runs()), ("two".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_said_and_the_next_request_runs_it_again() {
    let rig = Rig::new(&[]);
    rig.commands.will_print([
        Err(CommandError::Failed(1)),
        Err(CommandError::TimedOut),
        Ok("two words".to_owned()),
        Ok("one".to_owned()),
    ]);
    for expected in [
        message::command_failed("", "1"),
        message::command_timed_out("", 10_u64),
        message::command_no_token(""),
    ] {
        let error = rig.session.credential().await.unwrap_err();
        let CredentialError::NotRenewed(error) = error else {
            panic!("{error}");
        };
        let CommandFailed(why) = error.downcast_ref().unwrap();
        assert_eq!(why.id, expected.id);
        let problem = rig.report().problem.map(|problem| problem.id);
        assert_eq!(
            (rig.report().state, problem),
            (TokenState::CommandFailed, Some(expected.id))
        );
    }
    assert_eq!(rig.token().await.0, "one");
    assert_eq!(rig.report(), TokenReport::new(TokenState::Present));
}

#[tokio::test(start_paused = true)]
async fn the_environments_token_has_precedence_and_none_that_is_entered() {
    let own = ServerToken::new(server(), Token::parse("environments").unwrap());
    let rig = Rig::with(&["one"], Some(&own));
    assert_eq!(rig.token().await.0, "environments");
    assert_eq!(rig.runs(), 0);
    let rig = Rig::new(&["one"]);
    rig.session.enter(Token::parse("entered").unwrap());
    assert_eq!(rig.token().await.0, "one");
    assert!(!rig.session.has_changed().await, "the keyring has another one");
}
