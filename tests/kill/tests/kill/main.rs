//! Nothing is lost and nothing is shown twice, whenever the app ends and whatever its environment does.
//!
//! `GLORIA_KILL_ROUNDS` and `GLORIA_KILL_SEED` set the number of rounds, and the seed of an earlier run to repeat.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stdout, reason = "the seed of a run is to be read")]

mod actions;
mod app;
mod moment;
mod round;
mod server;
mod service;
mod stored;
mod truth;
mod verdict;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result};
use gloria_desktop_session::{Keyring, Session, SessionOptions};
use tokio::runtime::Runtime;

use crate::round::{Round, Tally};

/// Rounds that run concurrently, each on a separate desktop: they wait as much as they work.
const LANES: u64 = 4;

/// The number of events in a round: twenty rounds have twenty thousand.
const EVENTS: u64 = 1000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_ends_the_app_everything_is_stored_and_shown_exactly_once() {
    app::check_built().unwrap();
    let rounds = number("GLORIA_KILL_ROUNDS").unwrap_or(20);
    let seed = number("GLORIA_KILL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000);
    println!("rounds {rounds}, the first with seed {seed}: GLORIA_KILL_SEED={seed} plays them again");
    let next = Arc::new(AtomicU64::new(0));
    let lanes: Vec<_> = (0..LANES.min(rounds))
        .map(|_| {
            let next = next.clone();
            // A separate thread, because a round blocks on the end of a process and on reading files.
            thread::spawn(move || Runtime::new().unwrap().block_on(lane(next, rounds, seed)))
        })
        .collect();
    let failures: Vec<_> = lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect();
    let failed = failures.len();
    assert!(
        failures.is_empty(),
        "{failed} of {rounds} rounds failed:\n{}",
        failures.join("\n\n")
    );
}

/// Runs rounds until none is left.
async fn lane(next: Arc<AtomicU64>, rounds: u64, first_seed: u64) -> Vec<String> {
    let mut failures = Vec::new();
    let session = desktop().await.unwrap();
    loop {
        let round = next.fetch_add(1, Ordering::Relaxed);
        if round >= rounds {
            return failures;
        }
        let seed = first_seed + round;
        match play(&session, seed).await {
            Ok(tally) => println!("round {round}, seed {seed}: {tally:?}"),
            Err(error) => failures.push(format!("round {round}, GLORIA_KILL_SEED={seed}: {error:#}")),
        }
    }
}

async fn desktop() -> Result<Session> {
    let session = Session::start(SessionOptions {
        tray_host: false,
        notifications: false,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    });
    session.await.context("no desktop")
}

async fn play(session: &Session, seed: u64) -> Result<Tally> {
    Round::new(session, seed).await?.run(EVENTS).await
}
