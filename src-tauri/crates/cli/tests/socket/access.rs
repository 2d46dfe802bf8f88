//! Commands that wait for an access token, while the app cannot give one.

use std::sync::Arc;

use futures_util::FutureExt as _;
use gloria_core::ports::fakes::FakeSecrets;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::time::timeout;

use crate::app;
use crate::scene::{Client, DEADLINE, Running, Scene};

/// More than all limits.
const MANY: usize = 1000;

/// So many cannot have the sixteen places of requests: at least these many less sixteen have places of their own.
const CROWD: usize = 16 + 21;

/// An app that cannot give access tokens: its keyring does not answer.
async fn start(scene: &Scene) -> Running {
    let secrets = Arc::new(FakeSecrets::default());
    secrets.hang();
    let address = Some(scene.backend.api_url());
    let core = app::core_with(scene.home.path(), address, Arc::clone(&secrets));
    let served = app::serve(scene.home.path(), &core, None, |_| {});
    // Before it has asked, there is nothing to wait for.
    timeout(DEADLINE, secrets.asked.wait_for(1)).await.unwrap();
    Running { core, served }
}

impl Scene {
    /// A client that has asked for an access token. If there is no place for its requests, it tries again, as `gloria`
    /// does.
    async fn asker(&self) -> Client {
        let mut client = self.greeted().await;
        let request = json!({"id": 1, "call": "access_token", "request": self.backend.api_url()});
        client.say(&format!("{request}\n")).await;
        client
    }

    /// A client that may send requests.
    async fn greeted(&self) -> Client {
        for _ in 0..MANY {
            let mut client = self.client().await;
            client.say("{\"role\":\"request\",\"protocol\":1}\n").await;
            let greeting = client.line().await;
            if greeting.contains("accepted") {
                return client;
            }
            // The last ones were only just read.
            assert!(greeting.contains("\"busy\""), "{greeting}");
        }
        panic!("those that wait for a token take all places for requests");
    }

    /// Has so many clients wait for an access token.
    async fn crowd(&self, waiting: &mut Vec<Client>) {
        for _ in 0..MANY {
            if waiting.len() == CROWD {
                return;
            }
            waiting.push(self.asker().await);
            without_refused(waiting);
        }
        panic!("there is no place for those that wait");
    }

    async fn expect_others_served(&self) {
        let mut client = self.greeted().await;
        client.say("{\"id\":1,\"call\":\"autostart\"}\n").await;
        let answer = client.json().await;
        assert_eq!(answer["id"], 1, "{answer}");
        let (code, said, words) = self.outcome(&["retry"]).await;
        assert_eq!((code, &*words), (0, ""), "{said}");
    }
}

/// Drops the clients that were refused. Returns whether there were any.
fn without_refused(waiting: &mut Vec<Client>) -> bool {
    let before = waiting.len();
    waiting.retain_mut(|client| {
        let said = client.0.fill_buf().now_or_never();
        said.is_none_or(|said| {
            let said = String::from_utf8_lossy(said.unwrap());
            assert!(said.contains("\"busy\""), "{said}");
            false
        })
    });
    waiting.len() < before
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_for_a_token_keep_no_others_out_and_free_their_place_when_they_hang_up() {
    let scene = Scene::set().await;
    let running = start(&scene).await;
    let mut waiting = Vec::new();
    scene.crowd(&mut waiting).await;
    scene.expect_others_served().await;

    // There is a limit, which concerns no others either.
    for _ in 0..MANY {
        waiting.push(scene.asker().await);
        if without_refused(&mut waiting) {
            break;
        }
    }
    assert!((CROWD..MANY).contains(&waiting.len()), "{}", waiting.len());
    scene.expect_others_served().await;

    waiting.clear();
    scene.crowd(&mut waiting).await;
    drop(waiting);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_have_their_answer_keep_no_place() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut answered = Vec::new();
    // More than there are places of both kinds.
    for _ in 0..100 {
        let mut client = scene.asker().await;
        let answer = client.json().await;
        assert_eq!(answer["error"]["code"], "refused", "{answer}");
        answered.push(client);
    }
    running.end().await;
}
