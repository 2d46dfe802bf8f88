//! The machine's constants, each at its boundary.

use std::time::Duration;

use gloria_stream::machine::{BreakOff, Chunk, Head, Input, Phase};
use gloria_stream::{Cause, DialError, EndCause, Overflow, Reachability, Timing};

use crate::{Rig, busy_head};

const OVERFLOW: Overflow = Overflow::Event { limit: 4 << 20 };

pub(crate) fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(crate) fn connected() -> Rig {
    let mut rig = Rig::new();
    rig.start().open();
    rig
}

pub(crate) fn refuse(rig: &mut Rig) {
    let epoch = rig.epoch();
    rig.send(Input::Refused(epoch, DialError::ConnectionRefused));
}

/// Returns a machine after this many failed attempts.
pub(crate) fn failed(times: u32) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    refuse(&mut rig);
    for _ in 1..times {
        rig.tick();
        refuse(&mut rig);
    }
    rig
}

pub(crate) fn attempt(rig: &Rig) -> u32 {
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
        rig.end(EndCause::BrokenOff(BreakOff::Reset));
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
fn a_promise_does_not_outlive_its_connection() {
    let mut rig = connected();
    rig.send(Input::Heartbeat(Duration::from_millis(1)));
    rig.tick();
    // The greeting was read late.
    rig.send(Input::Heartbeat(Duration::from_millis(1)));
    rig.tick();
    assert_eq!(rig.dial().unwrap().answer_limit, secs(75.0));
    rig.open();
    assert_eq!(rig.machine.deadline(), Some(rig.now + secs(75.0)));
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

/// However a link flaps, the number of attempts is bounded; and after a quiet time, an attempt is made at once.

#[test]
fn streams_that_bring_nothing_three_times_in_a_row_are_said_to_be_buffered() {
    let mut rig = Rig::new();
    rig.start();
    let silent = |rig: &mut Rig, speaks: bool| {
        let epoch = rig.epoch();
        rig.send(Input::Opened(epoch, Head::accepted()));
        if speaks {
            rig.pass(1.0);
            rig.send(Input::Heard(epoch, Chunk::default()));
        }
        rig.tick();
        let reported = rig.wait().1.clone();
        rig.tick();
        reported
    };
    let silence = Cause::Ended(EndCause::Silent(secs(75.0)));
    assert_eq!(silent(&mut rig, false), silence);
    assert_eq!(silent(&mut rig, false), silence);
    assert_eq!(
        silent(&mut rig, true),
        silence,
        "one that spoke was not held back"
    );
    assert_eq!(silent(&mut rig, false), silence);
    assert_eq!(silent(&mut rig, false), silence);
    let buffered = Cause::Ended(EndCause::Buffered(3));
    assert_eq!(silent(&mut rig, false), buffered);
    let epoch = rig.epoch();
    rig.send(Input::Opened(epoch, Head::accepted()));
    rig.tick();
    assert_eq!(rig.wait().1, &Cause::Ended(EndCause::Buffered(4)));
    assert!(rig.wait().0 >= secs(60.0), "it needs somebody: slowly");
}

#[test]
fn the_open_circuit_waits_as_long_as_the_server_asked() {
    let mut rig = failed(9);
    rig.tick();
    let epoch = rig.epoch();
    rig.send(Input::Opened(epoch, busy_head(1800.0)));
    assert!(matches!(rig.machine.phase(), Phase::CircuitOpen { .. }));
    assert!(rig.wait().0 >= secs(1800.0));
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
fn an_attempt_has_a_minute_beside_what_its_answer_may_take() {
    for (heartbeat, answer) in [(30.0, 75.0), (1200.0, 3000.0)] {
        let mut rig = Rig::with(
            Timing {
                heartbeat: secs(heartbeat),
                ..Timing::default()
            },
            1,
        );
        rig.start();
        assert_eq!(rig.dial().unwrap().answer_limit, secs(answer));
        let limit = secs(60.0 + answer);
        assert_eq!(rig.machine.deadline(), Some(rig.now + limit));
        rig.tick();
        assert_eq!(rig.wait().1, &Cause::Dial(DialError::AnswerTimedOut(limit)));
    }
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
    assert!(
        rig.wait().0 <= secs(60.0),
        "what is behind it is not kept waiting"
    );
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
