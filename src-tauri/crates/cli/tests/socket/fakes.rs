//! Apps that hang, send invalid data, or die: `gloria` reports that, and does not wait forever.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::scene::Scene;

/// A fake app: reads each client's first line and sends this answer. Then the connection ends, or stays open.
fn fake(scene: &Scene, answer: &str, ends: bool) -> JoinHandle<()> {
    let _ = std::fs::remove_file(scene.socket());
    std::fs::create_dir_all(scene.home.path()).unwrap();
    let listener = UnixListener::bind(scene.socket()).unwrap();
    let answer = answer.to_owned();
    tokio::spawn(async move {
        let mut open: Vec<BufReader<UnixStream>> = Vec::new();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let mut client = BufReader::new(client);
            client.read_line(&mut String::new()).await.unwrap();
            // The client may be gone.
            let _ = client.write_all(answer.as_bytes()).await;
            if !ends {
                open.push(client);
            }
        }
    })
}

const VERBS: [&[&str]; 5] = [
    &["status"],
    &["events"],
    &["open"],
    &["retry"],
    &["inbox", "mark", "read", "n:1"],
];

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_another_version_one_that_lies_and_one_that_ends_differ_in_code_and_words() {
    let scene = Scene::set().await;
    let refused = |code: &str| {
        json!({"refused": {"code": code, "words": "no room today", "protocol": 9, "version": "9.9.9"}})
            .to_string()
            + "\n"
    };
    for (answer, code, words) in [
        (refused("otherVersion"), 5, "is another version"),
        (refused("fullMoon"), 5, "no room today"),
        (refused("slow"), 5, "does not answer"),
        // A version without roles.
        (
            "{\"error\":\"unknown request\"}\n".to_owned(),
            5,
            "is another version",
        ),
        ("\u{1b}]0;garbage\u{7}\n".to_owned(), 5, "is another version"),
        (String::new(), 3, "is not running"),
        ("{\"accepted\":{\"proto".to_owned(), 5, "does not answer"),
    ] {
        let app = fake(&scene, &answer, true);
        // Without an app, the inbox has a file.
        let asks = |verb: &&&[&str]| verb[0] != "inbox" || code != 3;
        for verb in VERBS.iter().filter(asks) {
            let (found, said, complaint) = scene.outcome(verb).await;
            assert_eq!(found, code, "{verb:?} {answer:?}: {said}{complaint}");
            // An invalid document is reported as one.
            let senseless = verb[0] == "status" && complaint.contains("cannot be understood");
            assert!(complaint.contains(words) || senseless, "{verb:?}: {complaint}");
            assert!(!complaint.contains('\u{1b}'), "{verb:?}: {complaint}");
        }
        app.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_hangs_is_given_up_after_a_while() {
    let scene = Scene::set().await;
    let app = fake(&scene, "", false);
    let began = std::time::Instant::now();
    let outcomes = VERBS.iter().map(|verb| scene.outcome(verb));
    for (code, said, complaint) in futures_util::future::join_all(outcomes).await {
        assert_eq!(code, 5, "{said}");
        assert!(complaint.contains("does not answer"), "{complaint}");
    }
    assert!(began.elapsed() > Duration::from_secs(9), "it is given time");
    app.abort();
    // One that accepts the client and never answers.
    let app = fake(
        &scene,
        "{\"accepted\":{\"protocol\":1,\"version\":\"1\"}}\n",
        false,
    );
    assert_eq!(scene.outcome(&["open"]).await.0, 5);
    app.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_listener_is_sent_that_is_no_line_of_ours_ends_it_with_5() {
    let scene = Scene::set().await;
    let accepted = "{\"accepted\":{\"protocol\":1,\"version\":\"1\"}}\n";
    let endless = "x".repeat(17 * 1024 * 1024);
    for garbage in ["nonsense\n", &*endless] {
        let app = fake(&scene, &format!("{accepted}{garbage}"), false);
        let mut follower = scene.follow(&[]);
        follower.expect_state("listening").await;
        assert_eq!(follower.next().await, None);
        let (code, words) = follower.ended().await;
        assert_eq!(code, 5, "{words}");
        app.abort();
    }
    // One that dies within a line counts as ended.
    let app = fake(&scene, &format!("{accepted}{{\"kind\":\"ev"), true);
    let mut follower = scene.follow(&[]);
    follower.expect_state("listening").await;
    follower.expect_state("waiting").await;
    follower.expect_state("listening").await;
    app.abort();
}
