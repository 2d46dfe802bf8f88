//! `gloria login` while the keyring asks for its password, and when it is interrupted in the middle.

use std::process::Stdio;
use std::time::Duration;

use gloria_desktop_session::{Process, Session, Signal, wait_until};
use gloria_sign_in_tests::{Clerk, Provider};
use serde_json::json;
use tokio::task::JoinHandle;
use url::Url;

use crate::desktop::{Desktop, gloria};
use crate::person::{Decision, Person};
use crate::scene::{DEADLINE, Scene};

const NOBODY: &str = "You are not signed in";
const REVOCATION: &str = "POST /token/revocation";

/// A login whose user has come back from the provider's pages.
struct Begun {
    login: Process,
    page: JoinHandle<String>,
}

impl Begun {
    async fn of(scene: &Scene, name: &'static str) -> Self {
        let mut command = scene.desktop.command(gloria(), scene.clerk.server());
        // Not at a terminal, where only this says that there is no token on its standard input.
        command.args(["login", "--other"]).stdin(Stdio::null());
        let login = scene.desktop.session.spawn("login", command).unwrap();
        let link = wait_until("the link", DEADLINE, async || {
            let log = login.log();
            let link = log.split_whitespace().find(|word| word.contains("/auth?"));
            Ok(link.map(|link| link.parse::<Url>().unwrap()))
        });
        let person = Person::new(name);
        let callback = person.walk(&link.await.unwrap()).await;
        let page = tokio::spawn(async move { person.open(&callback).await });
        Self { login, page }
    }

    /// The exit code, what was printed, and the page in the browser.
    async fn end(mut self) -> (Option<i32>, String, String) {
        let status = self.login.ended(DEADLINE).await.unwrap();
        (status.code(), self.login.log(), self.page.await.unwrap())
    }
}

/// Counts the prompts.
struct Prompts(Process);

impl Prompts {
    fn of(session: &Session) -> Self {
        let mut monitor = session.command("dbus-monitor");
        monitor.args(["--session", "interface='org.gnome.keyring.internal.Prompter'"]);
        Self(session.spawn("prompts", monitor).unwrap())
    }

    fn count(&self) -> usize {
        self.0.log().matches("member=PerformPrompt").count()
    }

    async fn raised(&self) {
        wait_until(
            "a prompt",
            DEADLINE,
            async || Ok((self.count() > 0).then_some(())),
        )
        .await
        .unwrap();
    }
}

impl Scene {
    /// Somebody has been signed in, and is no more. The keyring is locked.
    async fn left() -> (Self, usize) {
        let mut scene = Self::set().await;
        let server = scene.clerk.server().to_owned();
        assert_eq!(scene.desktop.run(&server, &["logout"], &[]).0, 0);
        scene.desktop.session.lock_keyring().await.unwrap();
        let revoked = scene.provider.count(REVOCATION).await;
        (scene, revoked)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_prompt_comes_once_and_the_new_sign_in_is_revoked() {
    let (scene, revoked) = Scene::left().await;
    let prompts = Prompts::of(&scene.desktop.session);
    let begun = Begun::of(&scene, "anna").await;
    scene.desktop.session.cancel_keyring().await.unwrap();
    let (code, said, page) = begun.end().await;
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("the keyring is locked"), "{said}");
    assert!(page.contains(NOBODY), "{page}");
    assert_eq!(prompts.count(), 1);
    assert_eq!(scene.provider.count(REVOCATION).await, revoked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_prompt_leaves_the_sign_in_that_the_keyring_has() {
    let scene = Scene::set().await;
    let before = scene.desktop.kept();
    scene.desktop.session.lock_keyring().await.unwrap();
    let prompts = Prompts::of(&scene.desktop.session);
    let begun = Begun::of(&scene, "anna").await;
    scene.desktop.session.cancel_keyring().await.unwrap();
    let (code, said, page) = begun.end().await;
    assert_eq!(code, Some(5), "{said}");
    assert!(page.contains(NOBODY), "{page}");
    assert_eq!(prompts.count(), 1);
    // It could be one with the one that is locked, which would end with it. That is said.
    assert_eq!(scene.provider.count(REVOCATION).await, 0);
    assert!(said.contains("could not be revoked"), "{said}");
    scene.desktop.session.unlock_keyring().await.unwrap();
    assert_eq!(scene.desktop.kept(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_takes_long_is_waited_for_and_the_sign_in_is_stored() {
    let (scene, revoked) = Scene::left().await;
    let prompts = Prompts::of(&scene.desktop.session);
    let begun = Begun::of(&scene, "anna").await;
    prompts.raised().await;
    // Longer than other calls of the keyring may take.
    tokio::time::sleep(Duration::from_secs(11)).await;
    scene.desktop.session.answer_keyring().await.unwrap();
    let (code, said, page) = begun.end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("waiting for the keyring's password"), "{said}");
    assert!(!page.contains(NOBODY), "{page}");
    assert_eq!(prompts.count(), 1);
    assert!(scene.desktop.kept().contains("refreshToken"));
    assert_eq!(scene.provider.count(REVOCATION).await, revoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_it_at_the_prompt_or_closes_its_terminal_is_not_signed_in() {
    for signal in [Signal::INT, Signal::HUP] {
        let (scene, revoked) = Scene::left().await;
        let prompts = Prompts::of(&scene.desktop.session);
        let begun = Begun::of(&scene, "anna").await;
        prompts.raised().await;
        begun.login.signal(signal);
        let (code, said, page) = begun.end().await;
        assert_eq!(code, Some(5), "{signal:?}: {said}");
        assert!(page.contains(NOBODY), "{signal:?}: {page}");
        // It has half a second for that. On a busy machine it may say that this was too short.
        let is_revoked = scene.provider.count(REVOCATION).await == revoked + 1;
        assert!(
            is_revoked || said.contains("could not be revoked"),
            "{signal:?}: {said}"
        );
        scene.desktop.session.unlock_keyring().await.unwrap();
        assert!(!scene.desktop.kept().contains("refreshToken"), "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_an_interrupted_sign_in_could_not_be_revoked_is_said() {
    let (scene, _) = Scene::left().await;
    let prompts = Prompts::of(&scene.desktop.session);
    let begun = Begun::of(&scene, "anna").await;
    prompts.raised().await;
    scene.provider.fault("/token/revocation", "kept").await;
    begun.login.signal(Signal::INT);
    let (code, said, _) = begun.end().await;
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains("could not be revoked: no answer within 0.5"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_an_interrupted_exchange_says_that_nobody_is_signed_in() {
    for route in ["/token", "/jwks"] {
        let provider = Provider::usual().await;
        let clerk = Clerk::start(&provider, json!({})).await;
        let desktop = Desktop::start().await;
        let scene = Scene {
            desktop,
            provider,
            clerk,
        };
        scene.provider.fault(route, "kept").await;
        let begun = Begun::of(&scene, "anna").await;
        scene.provider_has("kept", |kept| *kept == 1).await;
        begun.login.signal(Signal::INT);
        let (code, said, page) = begun.end().await;
        assert_eq!(code, Some(5), "{route}: {said}");
        assert!(page.contains(NOBODY), "{route}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_is_given_while_it_is_interrupted_is_revoked() {
    let (scene, revoked) = Scene::left().await;
    scene.desktop.session.unlock_keyring().await.unwrap();
    let mut command = scene.desktop.command(gloria(), scene.clerk.server());
    command.args(["login", "--device"]).stdin(Stdio::null());
    let mut login = scene.desktop.session.spawn("device", command).unwrap();
    let shown = wait_until("the code", DEADLINE, async || {
        let log = login.log();
        let line = log.lines().find(|line| line.contains("enter this code there"));
        Ok(line.and_then(|line| {
            let place = line.split_whitespace().find(|word| word.starts_with("http"))?;
            let code = line.split_whitespace().last()?;
            Some((place.parse::<Url>().unwrap(), code.to_owned()))
        }))
    });
    let (place, code) = shown.await.unwrap();
    Person::new("anna")
        .enter_code(&place, &code, Decision::Agree)
        .await;
    scene.provider.fault("/token", "kept").await;
    scene.provider_has("kept", |kept| *kept == 1).await;
    // The answer is there in the moment of the interruption, because an interrupted login waits for it for half a
    // second only.
    login.signal(Signal::STOP);
    login.signal(Signal::INT);
    scene.release().await;
    login.signal(Signal::CONT);
    let status = login.ended(DEADLINE).await.unwrap();
    assert_eq!(status.code(), Some(5), "{}", login.log());
    // On a busy machine, the half second may pass before the provider has revoked it. Then that is said.
    let is_revoked = scene.provider.count(REVOCATION).await == revoked + 1;
    let log = login.log();
    assert!(is_revoked || log.contains("could not be revoked"), "{log}");
    assert!(!scene.desktop.kept().contains("refreshToken"));
}
