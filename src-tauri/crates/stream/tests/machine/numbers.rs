//! The machine's numbers, each at its edge.

use std::time::Duration;

use gloria_stream::machine::{Chunk, Head, Input, Phase};
use gloria_stream::{Cause, DialError, EndCause, Overflow, Reachability, Timing};

use crate::{Rig, status_head};

const OVERFLOW: Overflow = Overflow::Event { limit: 4 << 20 };

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn connected() -> Rig {
    let mut rig = Rig::new();
    rig.start().open();
    rig
}

fn refuse(rig: &mut Rig) {
    let epoch = rig.epoch();
    rig.send(Input::Refused(epoch, DialError::ConnectionRefused));
}

/// A machine after this many failed attempts.
fn failed(times: u32) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    refuse(&mut rig);
    for _ in 1..times {
        rig.tick();
        refuse(&mut rig);
    }
    rig
}

fn attempt(rig: &Rig) -> u32 {
    match rig.machine.phase() {
        Phase::Connecting { attempt, .. }
        | Phase::Waiting { attempt, .. }
        | Phase::CircuitOpen { attempt, .. } => *attempt,
        other => panic!("{other:?} counts no attempts"),
    }
}

#[test]
fn a_connection_is_proven_after_a_minute_with_bytes() {
    for (up, bytes, proven) in [(59.9, true, false), (60.0, true, true), (60.0, false, false)] {
        let mut rig = failed(4);
        rig.tick();
        rig.open();
        if bytes {
            rig.hear("7");
        }
        rig.pass(up);
        rig.end(EndCause::Closed);
        assert_eq!(
            attempt(&rig),
            if proven { 0 } else { 5 },
            "up {up} s, bytes: {bytes}"
        );
    }
}

#[test]
fn a_proven_connection_is_asked_for_again_from_attempt_0() {
    for seed in 0..200 {
        let mut rig = Rig::with(Timing::default(), seed);
        rig.start();
        for _ in 0..6 {
            refuse(&mut rig);
            rig.tick();
        }
        rig.open();
        rig.hear("7");
        rig.pass(61.0);
        rig.end(EndCause::BrokenOff("reset".to_owned()));
        assert!(rig.wait().0 <= secs(5.0));
        rig.tick();
        assert_eq!(attempt(&rig), 0);
    }
}

#[test]
fn silence_of_two_and_a_half_heartbeats_ends_a_connection() {
    let mut rig = connected();
    assert_eq!(
        rig.machine.deadline(),
        Some(rig.now + secs(75.0)),
        "also before the first byte"
    );
    rig.pass(74.9);
    rig.send(Input::Tick);
    rig.hear("7");
    assert_eq!(
        rig.machine.deadline(),
        Some(rig.now + secs(75.0)),
        "any byte counts"
    );
    rig.tick();
    assert_eq!(rig.wait().1, &Cause::Ended(EndCause::Silent(secs(75.0))));
}

#[test]
fn the_servers_promise_replaces_the_setting() {
    let mut rig = connected();
    rig.send(Input::Heartbeat(secs(4.0)));
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(10.0)));
    rig.send(Input::Heartbeat(Duration::ZERO));
    assert_eq!(
        rig.machine.deadline(),
        Some(rig.now + secs(10.0)),
        "zero is no promise"
    );
    rig.send(Input::Heartbeat(Duration::from_millis(1)));
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(0.25)));
    rig.send(Input::Heartbeat(Duration::MAX));
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(50.0 * 60.0)));
}

#[test]
fn a_reader_that_was_behind_is_no_silence() {
    let mut rig = connected();
    rig.pass(500.0);
    let epoch = rig.epoch();
    rig.send(Input::ReadingResumed(epoch));
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(75.0)));
    rig.end(EndCause::Closed);
    assert_eq!(attempt(&rig), 1, "no bytes, so nothing is proven");
}

#[test]
fn the_circuit_opens_after_ten_and_probes_after_five_and_ten_minutes() {
    let mut rig = failed(9);
    assert!(matches!(rig.machine.phase(), Phase::Waiting { attempt: 9, .. }));
    let mut waits = Vec::new();
    for _ in 0..3 {
        rig.tick();
        refuse(&mut rig);
        assert!(matches!(rig.machine.phase(), Phase::CircuitOpen { .. }));
        waits.push(rig.wait().0);
    }
    assert_eq!(waits, [secs(300.0), secs(600.0), secs(600.0)]);
    rig.tick();
    rig.open();
    assert!(
        matches!(rig.machine.phase(), Phase::Connected { .. }),
        "a probe may succeed"
    );
}

#[test]
fn the_user_the_network_and_waking_close_the_circuit() {
    for input in [Input::RetryNow, Input::Network(Reachability::Online), Input::Woke] {
        let mut rig = failed(12);
        rig.send(input.clone());
        assert_eq!(attempt(&rig), 0, "{input:?}");
        assert!(rig.wait().0 <= secs(1.0));
        rig.tick();
        refuse(&mut rig);
        assert!(matches!(rig.machine.phase(), Phase::Waiting { attempt: 1, .. }));
    }
    let mut rig = failed(12);
    rig.send(Input::Credentials);
    assert!(rig.wait().0 <= secs(1.0), "a new token is worth a probe");
    rig.tick();
    refuse(&mut rig);
    assert!(
        matches!(rig.machine.phase(), Phase::CircuitOpen { attempt: 13, .. }),
        "and proves nothing else"
    );
}

#[test]
fn no_attempts_is_one() {
    let mut rig = Rig::with(
        Timing {
            max_attempts: 0,
            ..Timing::default()
        },
        1,
    );
    rig.start();
    refuse(&mut rig);
    assert!(matches!(
        rig.machine.phase(),
        Phase::CircuitOpen { attempt: 1, .. }
    ));
}

#[test]
fn a_short_circuit_comes_within_a_second_and_once_in_ten() {
    for seed in 0..100 {
        let mut rig = Rig::with(
            Timing {
                base_delay: secs(60.0),
                ..Timing::default()
            },
            seed,
        );
        rig.start();
        rig.answer(404);
        rig.send(Input::RetryNow);
        let first = rig.wait().0;
        assert!(first <= secs(1.0));
        rig.send(Input::RetryNow);
        assert_eq!(rig.wait().0, first, "a planned one is not put off");
        rig.tick();
        rig.answer(404);
        rig.send(Input::RetryNow);
        let second = rig.wait().0;
        assert!(second >= secs(10.0) && second <= secs(11.0), "{second:?}");
    }
}

#[test]
fn a_nudge_never_lengthens_a_wait() {
    let mut rig = Rig::with(
        Timing {
            base_delay: secs(0.3),
            ..Timing::default()
        },
        3,
    );
    rig.start();
    refuse(&mut rig);
    let planned = rig.wait().0;
    for input in [
        Input::Woke,
        Input::RetryNow,
        Input::Credentials,
        Input::Network(Reachability::Online),
    ] {
        rig.send(input);
        assert!(rig.wait().0 <= planned);
    }
}

#[test]
fn the_network_does_not_override_what_the_server_asked_and_the_user_does() {
    let busy = || {
        let mut rig = Rig::new();
        rig.start();
        let epoch = rig.epoch();
        rig.send(Input::Opened(
            epoch,
            Head {
                retry_after: Some(secs(600.0)),
                ..status_head(503)
            },
        ));
        assert!(rig.wait().0 >= secs(600.0) && rig.wait().0 <= secs(661.0));
        rig
    };
    for input in [
        Input::Network(Reachability::Online),
        Input::Woke,
        Input::Credentials,
    ] {
        let mut rig = busy();
        rig.send(input.clone());
        assert!(rig.wait().0 >= secs(600.0), "{input:?}");
    }
    let mut rig = busy();
    rig.send(Input::RetryNow);
    assert!(rig.wait().0 <= secs(1.0));
}

#[test]
fn the_open_circuit_waits_as_long_as_the_server_asked() {
    let mut rig = failed(9);
    rig.tick();
    let epoch = rig.epoch();
    rig.send(Input::Opened(
        epoch,
        Head {
            retry_after: Some(secs(1800.0)),
            ..status_head(503)
        },
    ));
    assert!(matches!(rig.machine.phase(), Phase::CircuitOpen { .. }));
    assert!(rig.wait().0 >= secs(1800.0));
}

#[test]
fn waking_and_a_new_network_drop_what_was_open() {
    for woke in [true, false] {
        let mut rig = connected();
        if !woke {
            rig.send(Input::Network(Reachability::Offline));
            let open = matches!(rig.machine.phase(), Phase::Connected { .. });
            assert!(open, "the system may be wrong");
        }
        rig.send(if woke {
            Input::Woke
        } else {
            Input::Network(Reachability::Online)
        });
        let end = if woke {
            EndCause::Slept
        } else {
            EndCause::NetworkChanged
        };
        assert_eq!(rig.wait().1, &Cause::Ended(end));
        assert!(rig.wait().0 <= secs(1.0));
        assert_eq!(attempt(&rig), 0);
        rig.tick();
        rig.open();
        rig.send(Input::Woke);
        assert!(
            matches!(rig.machine.phase(), Phase::Connected { .. }),
            "it is the same waking, told twice"
        );
        assert_eq!(
            rig.machine.deadline(),
            Some(rig.now + secs(45.0)),
            "but a sign of life is due"
        );
    }
}

#[test]
fn waking_offline_keeps_the_short_circuit_for_the_network() {
    let mut rig = connected();
    rig.send(Input::Network(Reachability::Offline));
    rig.send(Input::Woke);
    assert_eq!(
        rig.wait().1,
        &Cause::Ended(EndCause::Slept),
        "what was open is dead"
    );
    rig.tick();
    refuse(&mut rig);
    rig.send(Input::Network(Reachability::Online));
    assert!(rig.wait().0 <= secs(1.0));
}

#[test]
fn a_way_that_ends_offline_keeps_the_short_circuit_for_the_network() {
    let mut rig = connected();
    rig.send(Input::Network(Reachability::Offline));
    rig.end(EndCause::NetworkChanged);
    assert_eq!(rig.wait().1, &Cause::Ended(EndCause::NetworkChanged));
    rig.tick();
    refuse(&mut rig);
    rig.send(Input::Network(Reachability::Online));
    assert!(rig.wait().0 <= secs(1.0));
}

#[test]
fn another_way_out_asks_an_open_stream_for_a_sign_of_life() {
    let mut rig = connected();
    rig.send(Input::Network(Reachability::Online));
    assert_eq!(
        rig.machine.deadline(),
        Some(rig.now + secs(75.0)),
        "the first report is no change"
    );
    rig.send(Input::Network(Reachability::Online));
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(45.0)));
}

#[test]
fn a_network_that_comes_during_an_attempt_is_not_forgotten() {
    let mut rig = failed(8);
    rig.send(Input::Woke);
    rig.tick();
    rig.send(Input::Network(Reachability::Offline));
    rig.pass(2.0);
    rig.send(Input::Network(Reachability::Online));
    assert!(
        matches!(rig.machine.phase(), Phase::Connecting { .. }),
        "it was dialled a moment ago"
    );
    refuse(&mut rig);
    assert!(
        rig.wait().0 <= secs(9.0),
        "a short-circuit is due ten seconds after the last"
    );
    assert_eq!(attempt(&rig), 1);
}

#[test]
fn offline_waits_longer() {
    let longest = (0..200)
        .map(|seed| {
            let mut rig = Rig::with(
                Timing {
                    max_attempts: 100,
                    ..Timing::default()
                },
                seed,
            );
            rig.start();
            rig.send(Input::Network(Reachability::Offline));
            for _ in 0..12 {
                refuse(&mut rig);
                rig.tick();
            }
            refuse(&mut rig);
            rig.wait().0
        })
        .max()
        .unwrap();
    assert!(longest > secs(500.0) && longest <= secs(600.0), "{longest:?}");
}

#[test]
fn an_attempt_has_a_minute() {
    let mut rig = Rig::new();
    rig.start();
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(60.0)));
    rig.tick();
    assert_eq!(rig.wait().1, &Cause::Dial(DialError::AnswerTimedOut(secs(60.0))));
}

#[test]
fn the_third_overflow_at_the_same_id_gives_the_event_up() {
    let mut rig = connected();
    for _ in 0..2 {
        rig.hear("7");
        rig.end(EndCause::Overflow(OVERFLOW));
        assert_eq!(rig.wait().1, &Cause::Ended(EndCause::Overflow(OVERFLOW)));
        rig.tick();
        assert!(!rig.dial().unwrap().skip_oversized);
        rig.open();
    }
    rig.end(EndCause::Overflow(OVERFLOW));
    assert_eq!(
        rig.wait().1,
        &Cause::Ended(EndCause::OverflowRepeated(OVERFLOW, 3))
    );
    assert!(rig.wait().0 >= secs(60.0), "slowly");
    rig.tick();
    assert!(rig.dial().unwrap().skip_oversized);
    rig.open();
    rig.hear("8");
    rig.end(EndCause::Closed);
    rig.tick();
    assert!(!rig.dial().unwrap().skip_oversized, "the stream is past it");
}

#[test]
fn overflows_at_different_ids_are_different_events() {
    let mut rig = connected();
    for id in ["8", "9", "10", "11"] {
        rig.hear(id);
        rig.end(EndCause::Overflow(OVERFLOW));
        assert_eq!(rig.wait().1, &Cause::Ended(EndCause::Overflow(OVERFLOW)));
        rig.tick();
        rig.open();
    }
}

#[test]
fn the_servers_pace_has_bounds() {
    for (asked, least, most) in [
        (Duration::ZERO, 0.25, 0.5),
        (secs(86_400.0), 300.0, 360.0),
        (Duration::MAX, 300.0, 360.0),
    ] {
        let mut rig = connected();
        let epoch = rig.epoch();
        rig.send(Input::Heard(
            epoch,
            Chunk {
                retry: Some(asked),
                ..Chunk::default()
            },
        ));
        rig.end(EndCause::Closed);
        let wait = rig.wait().0;
        assert!(wait >= secs(least) && wait <= secs(most), "{asked:?}: {wait:?}");
    }
}
