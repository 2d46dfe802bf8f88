//! Sleep and network, from the port to the server's side of the connection.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use gloria_core::connection::clock_guard::POLL_INTERVAL;
use gloria_core::ports::{Clock, Interface, NetworkSnapshot, Observation};
use gloria_core::protocol::{ConnectionState, NetworkState};

use crate::harness::{DEADLINE, Harness, backend, within_deadline};

/// A clock whose wall time can be advanced, as by a sleep.
#[derive(Debug, Default)]
struct SleepyClock {
    slept: Mutex<Duration>,
    /// Counts how often the time was read.
    asked: tokio::sync::watch::Sender<u32>,
}

impl Clock for SleepyClock {
    fn wall(&self) -> SystemTime {
        self.asked.send_modify(|asked| *asked += 1);
        SystemTime::now() + *self.slept.lock().unwrap()
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}

fn network(address: [u8; 4]) -> Observation {
    let address = Ipv4Addr::from(address);
    Observation::Network(NetworkSnapshot {
        interfaces: vec![Interface {
            index: 2,
            name: "wlan0".into(),
            addresses: vec![address.into()],
        }],
        source_v4: Some(address),
        source_v6: None,
    })
}

const NOTHING: Observation = Observation::Network(NetworkSnapshot {
    interfaces: Vec::new(),
    source_v4: None,
    source_v6: None,
});

#[tokio::test]
async fn a_sleep_that_nobody_announced_ends_the_old_connection_and_makes_a_new_one() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SleepyClock::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    *clock.slept.lock().unwrap() = Duration::from_secs(3600);
    within_deadline(
        "a second connection",
        control.wait_for(|seen| seen.streams_total == 2 && seen.streams == 1, DEADLINE),
    )
    .await
    .unwrap();
    running.connected().await;
}

#[tokio::test]
async fn a_sleep_that_the_system_and_the_clocks_tell_of_makes_one_new_connection() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SleepyClock::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    let began = Instant::now();
    harness.signals.send(Observation::AboutToSleep).await;
    *clock.slept.lock().unwrap() = Duration::from_secs(3600);
    harness.signals.send(Observation::Woke).await;
    within_deadline(
        "a second connection",
        control.wait_for(|seen| seen.streams_total == 2 && seen.streams == 1, DEADLINE),
    )
    .await
    .unwrap();
    // The check of the clocks that detects the same sleep comes within five seconds of the previous one.
    let mut asked = clock.asked.subscribe();
    within_deadline("the next look", async {
        while began.elapsed() < POLL_INTERVAL - Duration::from_millis(500) {
            asked.changed().await.unwrap();
        }
    })
    .await;
    running.connected().await;
    assert_eq!(control.observed().streams_total, 2);
}

#[tokio::test]
async fn a_network_that_comes_back_is_connected_over_within_moments() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.signals.send(NOTHING).await;
    let state = running.until("told", |state| state.connection.network == NetworkState::Offline);
    let state = state.await.connection.state;
    assert_eq!(
        state,
        ConnectionState::Connected,
        "an open stream shows for itself"
    );
    harness.signals.send(network([10, 0, 0, 7])).await;
    let back = Instant::now();
    within_deadline(
        "a second connection",
        control.wait_for(|seen| seen.streams_total == 2 && seen.streams == 1, DEADLINE),
    )
    .await
    .unwrap();
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    running
        .until("told", |state| state.connection.network == NetworkState::Online)
        .await;
}

#[tokio::test]
async fn a_core_without_signals_runs_as_well() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.signals.stop();
    running.core.attach().await.unwrap();
    running.stop().await;
}
