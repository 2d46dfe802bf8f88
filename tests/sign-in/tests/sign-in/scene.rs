//! A user who has signed in at the provider, and the app with its server.

use std::time::Duration;

use gloria_desktop_session::{Part, Process, Signal, wait_until};
use gloria_sign_in_tests::{Clerk, Provider};
use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::person::Person;

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Where the provider's metadata is.
pub(crate) const METADATA: &str = "/.well-known/openid-configuration";

pub(crate) struct Scene {
    pub(crate) desktop: Desktop,
    pub(crate) provider: Provider,
    pub(crate) clerk: Clerk,
}

impl Scene {
    /// Signs in with the command line.
    pub(crate) async fn set() -> Self {
        let provider = Provider::usual().await;
        let clerk = Clerk::start(&provider, json!({})).await;
        let desktop = Desktop::start().await;
        let mut scene = Self {
            desktop,
            provider,
            clerk,
        };
        scene.sign_in().await;
        scene
    }

    pub(crate) async fn sign_in(&mut self) {
        let server = self.clerk.server().to_owned();
        self.desktop.log_in(&server, &Person::new("anna")).await;
    }

    /// Starts the app, which then has no access token and renews.
    pub(crate) fn start(&self) -> Process {
        self.desktop.agent(self.clerk.server())
    }

    /// Waits until the app has logged this.
    pub(crate) async fn logged(&self, app: &mut Process, words: &str) {
        wait_until(words, DEADLINE, async || {
            app.check_alive()?;
            Ok(app.log().contains(words).then_some(()))
        })
        .await
        .unwrap();
    }

    /// Waits until the app comes to this step of a renewal.
    pub(crate) async fn at(&self, app: &mut Process, step: &str) {
        self.logged(app, &format!("step=\"{step}\"")).await;
    }

    /// Waits until the provider's answer to this order is the wanted one.
    pub(crate) async fn provider_has(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        let look = async || {
            let said = self.provider.order(json!({"do": what})).await;
            Ok(wanted(&said).then_some(()))
        };
        wait_until(what, DEADLINE, look).await.unwrap();
    }

    pub(crate) async fn provider_was_asked(&self, asked: &str, times: usize) {
        let count = |log: &Value| {
            log.as_array()
                .unwrap()
                .iter()
                .filter(|entry| *entry == asked)
                .count()
        };
        self.provider_has("log", |log| count(log) >= times).await;
    }

    /// Lets the answers go that the fault "kept" has kept.
    pub(crate) async fn release(&self) {
        self.provider.order(json!({"do": "release"})).await;
    }

    pub(crate) fn signal_keyring(&self, signal: Signal) {
        self.desktop.session.signal_part(Part::Keyring, signal);
    }

    /// Waits until `gloria status` ends with one of these codes. Returns that, and its words.
    pub(crate) async fn status(&self, app: &mut Process, wanted: &[i32]) -> (i32, String) {
        let mut last = (0, String::new());
        let settled = wait_until("the app to settle", DEADLINE, async || {
            app.check_alive()?;
            last = self.desktop.status(self.clerk.server());
            Ok(wanted.contains(&last.0).then(|| last.clone()))
        });
        settled.await.unwrap_or_else(|error| panic!("{error}: {last:?}"))
    }

    /// Waits until the app is connected, or its user has to act. Returns what [`Scene::status`] does.
    pub(crate) async fn settled(&self, app: &mut Process) -> (i32, String) {
        self.status(app, &[0, 4]).await
    }

    /// The refresh tokens that reached the provider, by number, and whether each was accepted.
    pub(crate) async fn uses(&self) -> Vec<(u64, bool)> {
        let uses = self.provider.order(json!({"do": "uses"})).await;
        let uses = uses.as_array().unwrap().iter();
        uses.map(|each| (each[0].as_u64().unwrap(), each[1].as_bool().unwrap()))
            .collect()
    }

    /// Checks that each refresh token was sent once, and accepted.
    pub(crate) async fn no_token_was_sent_twice(&self, when: &str) {
        let uses = self.uses().await;
        let in_order: Vec<_> = (0..).take(uses.len()).map(|number| (number, true)).collect();
        assert_eq!(uses, in_order, "{when}");
    }
}
