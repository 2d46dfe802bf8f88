//! A day of simulated time for the whole driver: a server misbehaves in random order from a seed, over a transport
//! without sockets and with a paused clock. The bytes and the parser are real.
//!
//! A separate program, because it counts every allocated byte.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod app;
mod server;
mod tally;
mod transport;

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::time::{Instant, sleep};

use app::App;
use server::Server;
use tally::Tally;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// By then everything has reached its maximum size: channels, buffers, timers.
const WARM: Duration = Duration::from_secs(4 * 3600);

/// The tolerated difference between the ends of two hours: a channel's block, a parser's line. A day has some five
/// hundred connections and ten thousand events; one leaked byte for each would exceed a fifth of it.
const SLACK: usize = 64 << 10;

/// Returns the number of bytes that are allocated and not freed.
fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Runs one day. Returns what the server did in it.
async fn day(seed: u64) -> Tally {
    let server = Arc::new(Server::new(seed));
    let mut app = App::start(Arc::clone(&server), seed);
    let began = Instant::now();
    let mut warm = None;
    let mut checked = began;
    while began.elapsed() < DAY {
        let pause = server.act();
        app.live_for(pause).await;
        if checked.elapsed() >= Duration::from_secs(3600) {
            // Counted only at rest, because an outage allocates nothing and a replay a lot.
            catch_up(&server, &mut app, seed).await;
            checked = Instant::now();
            let live = live_bytes();
            match warm {
                None if began.elapsed() >= WARM => warm = Some(live),
                None => {}
                Some(warm) => assert!(
                    live <= warm + SLACK,
                    "seed {seed}: {live} bytes are live after {:?}, and were {warm}",
                    began.elapsed()
                ),
            }
        }
    }
    catch_up(&server, &mut app, seed).await;
    assert!(warm.is_some(), "memory was never looked at");
    app.stop().await;
    let tally = server.tally();
    assert_eq!(app.committed(), tally.published, "seed {seed}");
    assert_eq!(server.open(), 0, "seed {seed}: a connection outlived its stream");
    tally
}

/// Lets the server behave until everything is delivered. The probes of the open circuit take longest.
async fn catch_up(server: &Server, app: &mut App, seed: u64) {
    server.clear();
    let began = Instant::now();
    while !(app.committed() == server.published() && server.open() == 1) {
        assert!(
            began.elapsed() < Duration::from_secs(3600),
            "seed {seed}: {} of {} events, and an hour of good behaviour later no more",
            app.committed(),
            server.published()
        );
        server.beat();
        app.live_for(Duration::from_secs(20)).await;
    }
    // Lets the driver read what was sent and free what was dropped.
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_in_a_day_every_event_comes_once_and_in_order() {
    let mut all = Tally::default();
    for seed in 1..=5 {
        all += day(seed).await;
    }
    // A server that did nothing would prove nothing.
    all.assert_everything_happened();
}
