//! `gloria login` is interrupted: it ends at once, and nobody is left signed in by halves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gloria_backend::{Stall, TEST_TOKEN};
use gloria_desktop_session::{Part, SessionOptions, Signal, wait_until};

use crate::accounts::{entries, kept};
use crate::scene::{DEADLINE, Scene};
use crate::sign_in::{CLIENT, Provider, come_back, log_in, login_with};

/// Much shorter than provider, server and keyring are waited for, and than the browser is; much longer than the half
/// second that the command takes, on a busy machine.
const PROMPT: Duration = Duration::from_secs(4);

/// How the command is interrupted.
#[derive(Debug, Clone, Copy)]
enum By {
    Key,
    Signal,
}

/// `gloria login` on a terminal, with the browser back.
struct Login {
    terminal: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Login {
    fn start(scene: &Scene, provider: &Provider) -> Self {
        let mut terminal = login_with(scene, "")
            .env("GLORIA_AUTH_ISSUER", &provider.issuer)
            .env("GLORIA_AUTH_CLIENT_ID", CLIENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(terminal.stdout.take().unwrap());
        Self { terminal, lines }
    }

    /// The link for the browser.
    fn link(&mut self) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            let mut words = line.split_whitespace();
            if let Some(link) = words.find(|word| word.contains("/authorize?")) {
                return link.to_owned();
            }
            line.clear();
        }
        panic!("no link was printed");
    }

    fn interrupt(&mut self, by: By) {
        match by {
            By::Key => {
                let keyboard = self.terminal.stdin.as_mut().unwrap();
                keyboard.write_all(b"\x03").unwrap();
            }
            By::Signal => {
                let terminal = self.terminal.id().to_string();
                let killed = Command::new("pkill").args(["-TERM", "-P", &terminal]).status();
                assert!(killed.unwrap().success());
            }
        }
    }

    /// Interrupts the command, and expects that it ends at once as one that was cancelled.
    fn cancel(mut self, by: By, when: &str) {
        let asked = Instant::now();
        self.interrupt(by);
        let mut said = String::new();
        self.lines.read_to_string(&mut said).unwrap();
        let code = self.terminal.wait().unwrap().code();
        let took = asked.elapsed();
        assert!(took < PROMPT, "{when}: {took:?}: {said}");
        assert_eq!(code, Some(5), "{when}: {said}");
        assert!(said.contains("the sign-in was cancelled"), "{when}: {said}");
    }
}

async fn until_requested(provider: &Provider, requests: &[&str]) {
    wait_until("the provider to be asked", DEADLINE, async || {
        Ok((provider.requests() == requests).then_some(()))
    })
    .await
    .unwrap();
}

async fn until_checked(scene: &Scene) {
    let control = scene.backend.control();
    let is_checked = |seen: &gloria_backend::Observed| seen.stream_requests().next().is_some();
    control.wait_for(is_checked, DEADLINE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_cancelled_at_once_while_the_browser_the_provider_or_the_server_is_waited_for() {
    for by in [By::Key, By::Signal] {
        let scene = Scene::set(SessionOptions::default()).await;
        let provider = Provider::start();
        let mut login = Login::start(&scene, &provider);
        login.link();
        login.cancel(by, "the browser is not back");
        assert_eq!(provider.requests(), [""; 0]);

        // What the server has not accepted is stored nowhere, so nobody needs it.
        scene.backend.control().stall(Stall::Every);
        let mut login = Login::start(&scene, &provider);
        come_back(&login.link(), &provider);
        until_checked(&scene).await;
        login.cancel(by, "the server hangs");
        assert_eq!(provider.requests(), ["code", "revoke refresh-1"]);

        provider.hang();
        let mut login = Login::start(&scene, &provider);
        come_back(&login.link(), &provider);
        until_requested(&provider, &["code", "revoke refresh-1", "code"]).await;
        login.cancel(by, "the provider hangs");
        kept(&scene, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_cancelled_ends_no_earlier_one_of_the_same_person() {
    let scene = Scene::set(SessionOptions::default()).await;
    let provider = Provider::start();
    log_in(&scene, &provider);
    assert_eq!(entries(&scene).await.unwrap().len(), 1);
    scene.backend.control().stall(Stall::Every);
    let before = scene.backend.control().observed().stream_requests().count();
    let mut login = Login::start(&scene, &provider);
    come_back(&login.link(), &provider);
    let control = scene.backend.control();
    control
        .wait_for(|seen| seen.stream_requests().count() > before, DEADLINE)
        .await
        .unwrap();
    login.cancel(By::Key, "the server hangs");
    // Some providers would have revoked both.
    assert_eq!(provider.requests(), ["code", "code"]);
    assert_eq!(entries(&scene).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_cancelled_at_once_while_the_keyring_is_waited_for_which_keeps_all_or_nothing() {
    let scene = Scene::set(SessionOptions::default()).await;
    let provider = Provider::start();
    scene.backend.control().set_user(TEST_TOKEN, Some("anna"));
    for by in [By::Key, By::Signal] {
        let before = scene.backend.control().observed().stream_requests().count();
        let mut login = Login::start(&scene, &provider);
        let link = login.link();
        scene.session.signal_part(Part::Keyring, Signal::STOP);
        come_back(&link, &provider);
        let control = scene.backend.control();
        // Its stream has ended again: the server accepts the sign-in.
        control
            .wait_for(
                |seen| seen.stream_requests().count() > before && seen.streams == 0,
                DEADLINE,
            )
            .await
            .unwrap();
        login.cancel(by, "the keyring hangs");
        scene.session.signal_part(Part::Keyring, Signal::CONT);
        kept(&scene, &[]).await;
    }
    // The keyring did not say whether there is another one, which revoking could end too.
    assert_eq!(provider.requests(), ["code", "code"]);
}
