//! The app and `gloria` at once, with one sign-in: one process renews it, and no refresh token is sent twice.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Duration;

use gloria_desktop_session::{Process, Signal, wait_until};
use gloria_sign_in_tests::{Clerk, Provider};
use serde_json::json;

use crate::desktop::{Desktop, gloria};
use crate::journey::files;
use crate::person::Person;

/// Far beyond what an app takes to start on a slow machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

const EXCHANGE: &str = "authorization_code";
const RENEWAL: &str = "refresh_token";

/// The exit code of `gloria status` where no app runs.
const NOT_RUNNING: i32 = 3;

impl Desktop {
    /// Starts the app, and waits until it answers.
    async fn start_app(&mut self, server: &str) -> Process {
        let app = self.agent(server);
        self.until_status(server, |code| code != NOT_RUNNING).await;
        app
    }

    async fn until_status(&mut self, server: &str, wanted: impl Fn(i32) -> bool) {
        let status = wait_until("the app", START_TIMEOUT, async || {
            let (code, ..) = self.run(server, &["status"], &[]);
            Ok(wanted(code).then_some(()))
        });
        status.await.unwrap();
    }

    /// Starts a command that receives the greeting.
    fn start_tail(&self, server: &str) -> Child {
        let mut command = self.command(gloria(), server);
        command.args(["tail", "--count", "1"]).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Its exit code and what it printed.
    fn end_tail(&mut self, tail: Child) -> (i32, String) {
        let output = tail.wait_with_output().unwrap();
        let [said, log] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        self.printed += &said;
        self.printed += &log;
        (output.status.code().unwrap(), said + &log)
    }

    fn expect_greeting(&mut self, tail: Child) {
        let (code, said) = self.end_tail(tail);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("\"userId\":\"anna\""), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_and_commands_at_once_renew_once_and_the_token_stays_between_them() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    desktop.log_in(&server, &Person::new("anna")).await;
    let app = desktop.start_app(&server).await;
    let tails: Vec<_> = (0..4).map(|_| desktop.start_tail(&server)).collect();
    for tail in tails {
        desktop.expect_greeting(tail);
    }
    desktop.until_status(&server, |code| code == 0).await;
    let tail = desktop.start_tail(&server);
    desktop.expect_greeting(tail);
    assert_eq!(provider.exchanges().await, [EXCHANGE, RENEWAL]);

    // The app has another server's token for nobody.
    let other = Clerk::start(&provider, json!({})).await;
    let other_server = other.server().to_owned();
    let (code, ..) = desktop.run(&other_server, &["tail", "--no-prompt"], &[]);
    assert_ne!(code, 0, "there is no token for this server");
    assert_eq!(other.seen().await, json!([]));

    let secrets = provider.order(json!({"do": "secrets"})).await;
    let mut places = files(&desktop.home);
    places.push(("what the app printed".into(), app.log()));
    places.push(("what was printed".into(), std::mem::take(&mut desktop.printed)));
    let logged = places
        .iter()
        .any(|(_, text)| text.contains("the sign-in was renewed"));
    assert!(logged, "there is a log to look into");
    for secret in secrets.as_array().unwrap() {
        let secret = secret.as_str().unwrap();
        for (place, text) in &places {
            assert!(
                !text.contains(&secret[secret.len() - 20..]),
                "{}",
                place.display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_hangs_keeps_no_command_waiting_and_nothing_is_sent_twice() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    desktop.log_in(&server, &Person::new("anna")).await;
    let app = desktop.start_app(&server).await;
    desktop.until_status(&server, |code| code == 0).await;
    {
        // Not in its turn of the sign-in, which only its end or 35 s would give to somebody else.
        let lock = File::open(desktop.home.join("accounts/sign-in.lock")).unwrap();
        lock.lock().unwrap();
        app.signal(Signal::STOP);
    }
    let tail = desktop.start_tail(&server);
    desktop.expect_greeting(tail);
    assert_eq!(provider.exchanges().await, [EXCHANGE, RENEWAL, RENEWAL]);
    app.signal(Signal::CONT);
    let tail = desktop.start_tail(&server);
    desktop.expect_greeting(tail);
    assert_eq!(
        provider.exchanges().await.len(),
        3,
        "the app's token is still good"
    );
    // The next app takes up the refresh token that the command stored.
    drop(app);
    let _app = desktop.start_app(&server).await;
    desktop.until_status(&server, |code| code == 0).await;
    assert_eq!(provider.exchanges().await, [EXCHANGE, RENEWAL, RENEWAL, RENEWAL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_app_that_the_server_refuses_is_renewed_once_by_the_command_and_not_again() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    desktop.log_in(&server, &Person::new("anna")).await;
    let _app = desktop.start_app(&server).await;
    desktop.until_status(&server, |code| code == 0).await;
    let before = clerk.seen().await.as_array().unwrap().len();
    clerk.set_accepting(false).await;
    let tail = desktop.start_tail(&server);
    let (code, said) = desktop.end_tail(tail);
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("the server does not accept this sign-in although it is new"),
        "{said}"
    );
    assert_eq!(provider.exchanges().await, [EXCHANGE, RENEWAL, RENEWAL]);
    let seen = clerk.seen().await;
    assert_eq!(
        seen.as_array().unwrap()[before..],
        [401, 401],
        "the app's, and its own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_by_its_exit_code_that_the_user_has_to_act() {
    const NEEDS_USER: i32 = 4;
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let mut desktop = Desktop::start().await;
    let server = clerk.server().to_owned();
    desktop.log_in(&server, &Person::new("anna")).await;
    clerk.set_accepting(false).await;
    let app = desktop.start_app(&server).await;
    desktop.until_status(&server, |code| code == NEEDS_USER).await;
    let (_, said, _) = desktop.run(&server, &["status", "--json"], &[]);
    assert!(said.contains("\"sign-in-rejected\""), "{said}");
    drop(app);
    provider.order(json!({"do": "revoke"})).await;
    let _app = desktop.start_app(&server).await;
    desktop.until_status(&server, |code| code == NEEDS_USER).await;
    let (_, said, _) = desktop.run(&server, &["status", "--json"], &[]);
    assert!(said.contains("\"sign-in-ended\""), "{said}");
    let exchanges = provider.exchanges().await;
    assert_eq!(exchanges, [EXCHANGE, RENEWAL, "refresh_token: invalid_grant"]);
}
