//! The same scripted servers, played to Chromium's EventSource and to `gloria tail --raw`: whatever the tab got, we
//! got.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "the seed of a run is to be read in its output"
)]

mod browser;
mod exceptions;
mod named;
mod random;
mod record;
mod script;
mod stage;
mod tail;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use browser::Browser;
use exceptions::{EXCEPTIONS, is_exception};
use record::{Record, differences};
use script::{Answer, Script};
use stage::Stage;

/// Scripts that are played at the same time. They wait rather than work; a browser opens 256 sockets at most.
const MAX_AT_ONCE: usize = 40;

/// Random scripts of one run.
const RANDOM_SCRIPTS: u32 = 200;

/// Plays each server to both, and returns where we differ: the script, and in what.
async fn play(scripts: Vec<Script>) -> Vec<(Script, Vec<String>)> {
    let pairs = scripts.into_iter().map(|script| (script.clone(), script));
    play_pairs(pairs.collect()).await
}

/// Plays the first of each pair to the tab, and the second to us.
async fn play_pairs(pairs: Vec<(Script, Script)>) -> Vec<(Script, Vec<String>)> {
    let browser = Arc::new(Browser::start().await);
    let home = Arc::new(tempfile::tempdir().unwrap());
    let free = Arc::new(Semaphore::new(MAX_AT_ONCE));
    let mut playing = JoinSet::new();
    for (id, (theirs, ours)) in (0..).zip(pairs) {
        let (browser, home, free) = (Arc::clone(&browser), Arc::clone(&home), Arc::clone(&free));
        playing.spawn(async move {
            let _turn = free.acquire_owned().await.unwrap();
            let answers = theirs.answers.len();
            let (theirs, ours) = (Arc::new(theirs), Arc::new(ours));
            let tab_stage = Stage::open(Arc::clone(&theirs)).await;
            let our_stage = Stage::open(ours).await;
            let (done, tab_done) = oneshot::channel();
            let tab = async {
                let tab = browser.play(id, &theirs, &tab_stage).await;
                // It fails when ours is over before, which then has no use for it.
                let _ = done.send(tab.clone());
                tab
            };
            let us = tail::play(home.path(), &our_stage, tab_done, answers);
            let (tab, us): (Record, Record) = tokio::join!(tab, us);
            let found = differences(&tab, &us, answers);
            (!found.is_empty()).then(|| ((*theirs).clone(), found))
        });
    }
    let mut differing = Vec::new();
    while let Some(outcome) = playing.join_next().await {
        differing.extend(outcome.unwrap());
    }
    differing.sort_by(|one, other| one.0.name.cmp(&other.0.name));
    differing
}

fn report(differing: &[(Script, Vec<String>)]) -> String {
    let mut text = String::new();
    for (script, found) in differing {
        text += &format!("\n\n{}\n{script}", script.name);
        for difference in found {
            text += &format!("    {difference}\n");
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_tab_got_of_each_named_server_we_got() {
    let scripts = named::all();
    let names: BTreeSet<_> = scripts.iter().map(|script| script.name.clone()).collect();
    assert_eq!(names.len(), scripts.len(), "each has a name of its own");
    assert!(scripts.len() >= 60);
    let only = std::env::var("GLORIA_TAB_ONLY").ok();
    let scripts: Vec<_> = scripts
        .into_iter()
        .filter(|script| only.as_ref().is_none_or(|only| script.name.contains(only)))
        .collect();
    println!("{} named servers", scripts.len());
    let (expected, differing): (Vec<_>, Vec<_>) = play(scripts)
        .await
        .into_iter()
        .partition(|(script, _)| is_exception(&script.name));
    assert!(
        differing.is_empty(),
        "{} servers were not the same to both:{}",
        differing.len(),
        report(&differing)
    );
    for server in EXCEPTIONS.iter().flat_map(|exception| exception.servers) {
        assert!(
            only.is_some() || expected.iter().any(|(script, _)| script.name == *server),
            "{server:?} is no exception any more: take it off both lists"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_tab_got_of_random_servers_we_got() {
    let seed = match std::env::var("GLORIA_TAB_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => fastrand::u64(..),
    };
    println!("{RANDOM_SCRIPTS} random servers; again with GLORIA_TAB_SEED={seed}");
    let differing = play(random::scripts(seed, RANDOM_SCRIPTS)).await;
    assert!(
        differing.is_empty(),
        "{} of {RANDOM_SCRIPTS} random servers were not the same to both; again with GLORIA_TAB_SEED={seed}{}",
        differing.len(),
        report(&differing)
    );
}

/// What the two tests above stand on: where the servers differ, it is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_seen() {
    let script =
        |name: &str, stream: &str| Script::new(name, [Answer::stream().send("retry: 100\n\n").send(stream)]);
    let right = |name| script(name, "id: 1\nevent: a\ndata: x\n\ndata: y\n\n");
    let pairs = vec![
        (right("same"), right("same")),
        (
            right("type"),
            script("", "id: 1\nevent: b\ndata: x\n\ndata: y\n\n"),
        ),
        (
            right("data"),
            script("", "id: 1\nevent: a\ndata: x\n\ndata: z\n\n"),
        ),
        (right("id"), script("", "id: 2\nevent: a\ndata: x\n\ndata: y\n\n")),
        (
            right("last id"),
            script("", "id: 1\nevent: a\ndata: x\n\ndata: y\n\nid: 2\n\n"),
        ),
        (right("fewer"), script("", "id: 1\nevent: a\ndata: x\n\n")),
        (
            right("more"),
            script("", "id: 1\nevent: a\ndata: x\n\ndata: y\n\ndata: y\n\n"),
        ),
        (
            right("order"),
            script("", "id: 1\ndata: y\n\nevent: a\ndata: x\n\n"),
        ),
        (
            right("no stream"),
            Script::new("", [Answer::status("403 Forbidden")]),
        ),
    ];
    let seen: Vec<_> = play_pairs(pairs)
        .await
        .into_iter()
        .map(|(script, _)| script.name)
        .collect();
    assert_eq!(
        seen,
        [
            "data",
            "fewer",
            "id",
            "last id",
            "more",
            "no stream",
            "order",
            "type"
        ]
    );
}
