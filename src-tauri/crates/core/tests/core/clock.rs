//! A wall clock that is wrong by hours, from the start or changed while the app runs: nothing is lost or shown twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gloria_core::logging::LogLevel;
use gloria_core::ports::{Clock, SystemClock};
use gloria_core::protocol::{ConnectionState, PauseRequest};
use serde_json::Value;

use crate::harness::{CREATED, Harness, Running, backend, live, within_deadline};

pub(crate) const HOUR: i64 = 3600;

/// The computer's clock, and by how much it was set forward.
#[derive(Debug, Default)]
pub(crate) struct SetClock {
    pub(crate) ahead: AtomicI64,
}

impl Clock for SetClock {
    fn wall(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::SeqCst);
        let distance = Duration::from_secs(ahead.unsigned_abs());
        let now = SystemClock.wall();
        if ahead < 0 { now - distance } else { now + distance }
    }

    fn monotonic(&self) -> Instant {
        SystemClock.monotonic()
    }
}

/// Checks that the attempt after a lost connection is as near as usual by the clock that the user sees.
async fn reconnects_soon(running: &Running, clock: &SetClock) {
    let state = running
        .until("waiting", |state| {
            state.connection.state != ConnectionState::Connected
        })
        .await;
    if let Some(next) = state.connection.next_attempt_at {
        let now = i64::try_from(
            clock
                .wall()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap();
        assert!((next - now).abs() < 60_000, "in {} ms", next - now);
    }
    running.connected().await;
}

#[tokio::test]
async fn a_clock_that_is_set_by_hours_costs_and_repeats_nothing() {
    let (backend, control) = backend().await;
    for set in [-26 * HOUR, -3 * HOUR, 3 * HOUR, 26 * HOUR] {
        let streams_before = control.observed().streams_total;
        let harness = Harness::signed_in(&backend);
        let clock = Arc::new(SetClock::default());
        let running = harness.start_by(clock.clone());
        running.connected().await;
        let mut titles = Vec::new();
        let mut send = |step: &str| -> Value {
            let id = format!("{set}-{step}");
            titles.push(format!("title {id}"));
            live(&id, "normal")
        };
        control.push(CREATED, send("before"));
        within_deadline("the first notification", harness.notifications.shown.wait_for(1)).await;

        clock.ahead.store(set, Ordering::SeqCst);
        control.push(CREATED, send("set"));
        within_deadline(
            "a notification after it was set",
            harness.notifications.shown.wait_for(2),
        )
        .await;
        control.end_streams();
        reconnects_soon(&running, &clock).await;
        control.push(CREATED, send("again"));
        within_deadline(
            "a notification on the next connection",
            harness.notifications.shown.wait_for(3),
        )
        .await;

        // And with the wrong clock from the start, with rows that seem to be of another day.
        running.stop().await;
        let running = harness.start_by(clock.clone());
        running.connected().await;
        clock.ahead.store(0, Ordering::SeqCst);
        control.push(CREATED, send("back"));
        within_deadline(
            "a notification after it was set back",
            harness.notifications.shown.wait_for(4),
        )
        .await;
        assert_eq!(harness.titles(), titles, "each once, {set} s");

        let streams = control.observed().streams_total - streams_before;
        assert!(
            streams <= 6,
            "{streams} connections: each step makes one, and a clock that leaps may look like a sleep"
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn a_pause_of_sounds_is_no_longer_after_the_clock_was_set_back() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    running
        .core
        .sounds_pause(PauseRequest { minutes: 60 })
        .await
        .unwrap();
    clock.ahead.store(-26 * HOUR, Ordering::SeqCst);
    let latest = clock.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(3700);
    let latest = i64::try_from(latest.as_millis()).unwrap();
    let shorter = |until: i64| until < latest;
    running
        .until("an hour by the new clock", |state| {
            state.preferences.sounds_paused_until.is_some_and(shorter)
        })
        .await;
}

#[tokio::test]
async fn a_pause_of_sounds_outlives_a_restart_but_not_its_length() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    running
        .core
        .sounds_pause(PauseRequest { minutes: 60 })
        .await
        .unwrap();
    running.stop().await;
    let running = harness.start_by(clock.clone());
    let state = running.connected().await;
    assert!(state.preferences.sounds_paused_until.is_some());
    control.push(CREATED, live("1", "urgent"));
    running.until("one", |state| state.counts.total == 1).await;
    assert_eq!(harness.sounds.played.all(), []);
    running.stop().await;

    clock.ahead.store(2 * HOUR, Ordering::SeqCst);
    let running = harness.start_by(clock.clone());
    let state = running.connected().await;
    assert_eq!(state.preferences.sounds_paused_until, None, "its time is over");
    running.stop().await;
}

#[tokio::test]
async fn the_debug_log_ends_after_an_hour_of_this_computers_time_and_with_the_app() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    let state = running.connected().await;
    assert_eq!(state.preferences.debug_log_until, None);
    running.core.debug_log(true).await.unwrap();
    let on = running
        .until("on", |state| state.preferences.debug_log_until.is_some())
        .await;
    assert_eq!(on.preferences.effective_log_level(), LogLevel::Debug);
    // The computer sleeps for two hours.
    clock.ahead.store(2 * HOUR, Ordering::SeqCst);
    let off = running
        .until("off", |state| state.preferences.debug_log_until.is_none())
        .await;
    assert_eq!(off.preferences.effective_log_level(), LogLevel::Info);

    running.core.debug_log(true).await.unwrap();
    running
        .until("on again", |state| state.preferences.debug_log_until.is_some())
        .await;
    running.stop().await;
    let running = harness.start_by(clock.clone());
    let state = running.connected().await;
    assert_eq!(state.preferences.debug_log_until, None);
    running.stop().await;
}
