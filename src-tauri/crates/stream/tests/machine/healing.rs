//! Recovery without the user: orderly ends, refusals that are lifted, positions that are rejected, and the presence of
//! the user.

use std::time::Duration;

use gloria_stream::machine::{BreakOff, Chunk, Effect, Head, Input, Phase};
use gloria_stream::{Cause, DialError, EndCause, HaltReason, Reachability, Status, Timing};

use crate::numbers::{attempt, connected, failed, refuse, secs};
use crate::{Rig, busy_head, stream};

const MINUTE: f64 = 60.0;

#[test]
fn a_stream_that_delivered_and_ended_in_good_order_is_no_failure() {
    for end in [EndCause::Closed, EndCause::ClosedWith(1012)] {
        let mut rig = failed(4);
        rig.tick();
        for _ in 0..50 {
            rig.open();
            rig.deliver("8");
            rig.pass(25.0);
            rig.end(end.clone());
            assert!(matches!(rig.machine.phase(), Phase::Waiting { attempt: 0, .. }));
            let wait = rig.wait().0;
            assert!(wait >= secs(0.25) && wait <= secs(5.0), "{wait:?}");
            rig.tick();
        }
    }
}

#[test]
fn a_heartbeat_is_something_delivered_and_half_an_event_is_not() {
    for (beat, counted) in [(true, 0), (false, 1)] {
        let mut rig = connected();
        let epoch = rig.epoch();
        rig.send(Input::Heard(
            epoch,
            Chunk {
                last_id: "7".into(),
                beat,
                ..Chunk::default()
            },
        ));
        rig.end(EndCause::Closed);
        assert_eq!(attempt(&rig), counted, "a heartbeat: {beat}");
    }
}

#[test]
fn what_breaks_has_to_prove_itself_all_the_same() {
    for end in [
        EndCause::BrokenOff(BreakOff::Reset),
        EndCause::Silent(secs(75.0)),
        EndCause::ClosedWith(1011),
    ] {
        let mut rig = connected();
        for failures in 1..=10 {
            rig.deliver("8");
            rig.end(end.clone());
            assert_eq!(attempt(&rig), failures, "{end:?}");
            rig.tick();
            rig.open();
        }
    }
}

#[test]
fn a_server_that_delivers_and_ends_at_once_is_asked_at_its_own_pace() {
    for seed in 0..50 {
        let mut rig = Rig::with(Timing::default(), seed);
        rig.start();
        let began = rig.now;
        for _ in 0..100 {
            rig.open();
            let epoch = rig.epoch();
            rig.send(Input::Heard(
                epoch,
                Chunk {
                    retry: Some(secs(3.0)),
                    beat: true,
                    ..Chunk::default()
                },
            ));
            rig.end(EndCause::Closed);
            rig.tick();
        }
        let spent = (rig.now - began).as_secs_f64();
        assert!((300.0..600.0).contains(&spent), "{spent}");
    }
}

fn halted(status: u16) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig.answer(status);
    if status == 401 {
        rig.answer(401);
    }
    rig
}

fn fuse(rig: &Rig) -> Duration {
    match rig.machine.phase() {
        Phase::Halted {
            until: Some(until), ..
        } => until.duration_since(rig.now),
        other => panic!("{other:?} has no fuse"),
    }
}

#[test]
fn a_refusal_is_asked_about_again_and_reported_once() {
    for (status, reason) in [(401, HaltReason::Unauthorized), (403, HaltReason::Forbidden)] {
        let mut rig = halted(status);
        for _ in 0..5 {
            let left = fuse(&rig).as_secs_f64() / MINUTE;
            assert!((30.0..=60.0).contains(&left), "{left} min");
            rig.tick();
            let dial = rig.dial().unwrap();
            assert_eq!(&*dial.cursor, "7");
            assert_eq!(dial.rejected, status == 401, "the token is read anew");
            let reported = rig
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Publish(_)));
            assert!(!reported, "a probe is no news");
            assert!(matches!(rig.machine.status(), Status::Halted { .. }));
            rig.answer(status);
            assert_eq!(rig.halt(), reason, "one request a probe");
        }
        rig.tick();
        rig.open();
        assert!(matches!(rig.machine.status(), Status::Connected { .. }));
    }
}

#[test]
fn a_probe_that_learns_nothing_comes_again_soon_and_one_that_learns_more_says_it() {
    let mut rig = halted(403);
    rig.tick();
    refuse(&mut rig);
    assert_eq!(rig.halt(), HaltReason::Forbidden);
    assert!(fuse(&rig) <= secs(5.0));
    rig.tick();
    rig.answer(503);
    assert_eq!(rig.halt(), HaltReason::Forbidden);
    assert!(fuse(&rig) <= secs(10.0));
    rig.tick();
    rig.answer(511);
    assert_eq!(rig.wait().1, &Cause::NetworkSignIn);
}

#[test]
fn waking_the_network_and_somebody_who_looks_ask_at_once() {
    for input in [
        Input::Woke(Duration::ZERO),
        Input::Network(Reachability::Online),
        Input::Attention(true),
    ] {
        for status in [401, 403] {
            let mut rig = halted(status);
            rig.send(input.clone());
            assert!(fuse(&rig) <= secs(1.0), "{input:?}");
        }
        let mut rig = halted(204);
        rig.send(input.clone());
        let at_once = fuse(&rig) <= secs(1.0);
        assert_eq!(at_once, matches!(input, Input::Woke(_)), "{input:?}");
    }
}

#[test]
fn a_server_that_said_stop_is_asked_after_a_day() {
    for status in [204, 410] {
        let mut rig = halted(status);
        let hours = fuse(&rig).as_secs_f64() / 3600.0;
        assert!((24.0..=24.5).contains(&hours), "{hours} h");
        rig.tick();
        rig.open();
    }
}

#[test]
fn without_a_credential_nothing_is_asked() {
    let mut rig = Rig::new();
    rig.start();
    let epoch = rig.epoch();
    let missing = DialError::Credential(gloria_stream::CredentialError::Missing);
    rig.send(Input::Refused(epoch, missing));
    for input in [
        Input::Woke(secs(3600.0)),
        Input::Network(Reachability::Online),
        Input::Network(Reachability::Online),
        Input::Attention(true),
    ] {
        rig.send(input);
        assert_eq!(rig.machine.deadline(), None);
    }
    rig.send(Input::Credentials);
    assert!(rig.wait().0 <= secs(1.0));
}

#[test]
fn a_token_that_was_good_before_has_expired() {
    let mut rig = connected();
    rig.deliver("8");
    rig.end(EndCause::Closed);
    rig.tick();
    rig.answer(401);
    rig.answer(401);
    assert_eq!(rig.halt(), HaltReason::Expired);
    rig.send(Input::Credentials);
    rig.tick();
    let epoch = rig.epoch();
    rig.send(Input::SentCredential(epoch, 2));
    rig.answer(401);
    let epoch = rig.epoch();
    rig.send(Input::SentCredential(epoch, 2));
    rig.answer(401);
    assert_eq!(rig.halt(), HaltReason::Unauthorized, "this one never was");
}

#[test]
fn a_position_that_is_refused_is_let_go_where_the_stream_is_taken_without_it() {
    for status in [400, 404, 406, 409, 412, 415, 417, 422] {
        let mut rig = Rig::new();
        rig.start();
        rig.answer(status);
        assert_eq!(&*rig.dial().unwrap().cursor, "", "{status}: at once");
        let epoch = rig.epoch();
        rig.send(Input::Opened(epoch, stream()));
        assert_eq!(rig.effects[0], Effect::DropCursor("7".into()));
        rig.deliver("8");
        rig.end(EndCause::Closed);
        rig.tick();
        assert_eq!(&*rig.dial().unwrap().cursor, "8", "the next one is kept");
    }
}

#[test]
fn a_position_is_kept_where_it_was_not_to_blame() {
    for status in [400, 404, 409, 412] {
        let mut rig = Rig::new();
        rig.start();
        rig.answer(status);
        rig.answer(status);
        assert_eq!(rig.wait().1, &Cause::Status(status));
        rig.tick();
        assert_eq!(&*rig.dial().unwrap().cursor, "7");
        rig.answer(status);
        assert_eq!(rig.wait().1, &Cause::Status(status), "it is asked once");
    }
    let mut rig = Rig::new();
    rig.start();
    rig.answer(400);
    rig.answer(503);
    rig.tick();
    assert_eq!(&*rig.dial().unwrap().cursor, "7", "this said nothing of it");
    rig.answer(400);
    assert_eq!(&*rig.dial().unwrap().cursor, "", "so it is asked again");
}

#[test]
fn a_refused_position_and_a_refused_token_are_distinguished() {
    let mut rig = Rig::new();
    rig.start();
    rig.answer(400);
    rig.answer(401);
    let dial = rig.dial().unwrap();
    assert!(dial.rejected && dial.cursor.is_empty());
    rig.open();
    assert!(rig.machine.last_event_id().is_empty());
}

#[test]
fn somebody_who_looks_waits_no_longer_than_a_minute() {
    let mut rig = failed(14);
    assert!(rig.wait().0 > secs(60.0));
    rig.send(Input::Attention(true));
    assert!(rig.wait().0 <= secs(1.0), "at once");
    for _ in 0..5 {
        rig.tick();
        refuse(&mut rig);
        assert!(matches!(rig.machine.phase(), Phase::CircuitOpen { .. }));
        assert!(rig.wait().0 <= secs(60.0));
        rig.send(Input::Attention(true));
    }
    rig.send(Input::Attention(false));
    rig.tick();
    refuse(&mut rig);
    assert!(rig.wait().0 > secs(60.0), "nobody looks any more");
    let mut rig = halted(403);
    rig.send(Input::Attention(true));
    rig.tick();
    rig.answer(403);
    assert!(fuse(&rig) <= secs(60.0));
}

#[test]
fn a_server_that_asked_for_time_gets_it_whoever_looks() {
    let mut rig = Rig::new();
    rig.start();
    rig.send(Input::Attention(true));
    let epoch = rig.epoch();
    rig.send(Input::Opened(epoch, busy_head(600.0)));
    assert!(rig.wait().0 >= secs(600.0));
    rig.send(Input::Attention(false));
    rig.send(Input::Attention(true));
    assert!(rig.wait().0 >= secs(600.0));
}

#[test]
fn windows_that_change_focus_make_no_storm() {
    let mut rig = failed(14);
    let began = rig.now;
    let mut dials = 0;
    while rig.now < began + secs(120.0) {
        rig.send(Input::Attention(true));
        rig.send(Input::Attention(false));
        rig.pass(0.5);
        if rig.machine.deadline().is_some_and(|due| due <= rig.now) {
            rig.send(Input::Tick);
            dials += 1;
            refuse(&mut rig);
        }
    }
    assert!(dials <= 16, "{dials}");
}

#[test]
fn what_a_server_asked_for_does_not_outlive_a_sleep() {
    for offline in [false, true] {
        let mut rig = Rig::new();
        rig.start();
        let epoch = rig.epoch();
        rig.send(Input::Opened(epoch, busy_head(3500.0)));
        if offline {
            rig.send(Input::Network(Reachability::Offline));
        }
        rig.send(Input::Woke(secs(1000.0)));
        assert!(rig.wait().0 >= secs(2400.0), "{:?}", rig.wait().0);
        rig.send(Input::Woke(secs(8.0 * 3600.0)));
        assert!(rig.wait().0 <= secs(1.0), "{:?}", rig.wait().0);
    }
}

#[test]
fn a_refusal_among_the_events_counts_as_one() {
    // Whether the event is read before or after the end.
    for behind in [false, true] {
        let mut rig = Rig::new();
        rig.start();
        for renewed in [false, true] {
            rig.open();
            let epoch = rig.epoch();
            assert_eq!(rig.last, Some(epoch));
            rig.deliver("");
            if behind {
                rig.end(EndCause::Closed);
                rig.send(Input::StreamReport(epoch, Head::of(401)));
            } else {
                rig.send(Input::StreamReport(epoch, Head::of(401)));
                rig.end(EndCause::Closed);
            }
            if !renewed {
                assert!(rig.dial().unwrap().rejected, "another token, at once");
            }
        }
        assert_eq!(rig.halt(), HaltReason::Unauthorized, "behind: {behind}");
    }
    let mut rig = connected();
    let epoch = rig.epoch();
    rig.send(Input::StreamReport(epoch, Head::of(403)));
    rig.end(EndCause::Closed);
    assert_eq!(rig.halt(), HaltReason::Forbidden);
}

#[test]
fn a_refusal_among_the_events_ends_a_stream_that_says_nothing_more() {
    let mut rig = connected();
    let epoch = rig.epoch();
    rig.send(Input::StreamReport(epoch, Head::of(403)));
    rig.pass(9.0);
    rig.send(Input::Tick);
    assert!(matches!(rig.machine.phase(), Phase::Connected { .. }));
    rig.tick();
    assert_eq!(rig.effects[0], Effect::Hangup(epoch));
    assert_eq!(rig.halt(), HaltReason::Forbidden);

    let mut rig = connected();
    let epoch = rig.epoch();
    rig.send(Input::StreamReport(epoch, Head::of(403)));
    rig.pass(1.0);
    rig.deliver("8");
    rig.pass(30.0);
    rig.send(Input::Tick);
    assert!(
        matches!(rig.machine.phase(), Phase::Connected { .. }),
        "whoever goes on to send refuses nobody"
    );
}

#[test]
fn trouble_among_the_events_is_a_failure_though_the_end_was_orderly() {
    for behind in [false, true] {
        let mut rig = connected();
        for failures in 1..=10 {
            let epoch = rig.epoch();
            rig.deliver("8");
            if behind {
                rig.end(EndCause::Closed);
                rig.send(Input::StreamReport(epoch, Head::of(503)));
            } else {
                rig.send(Input::StreamReport(epoch, Head::of(503)));
                rig.end(EndCause::Closed);
            }
            assert_eq!(attempt(&rig), failures, "behind: {behind}");
            assert_eq!(rig.wait().1, &Cause::Status(503));
            rig.tick();
            rig.open();
        }
    }
}

#[test]
fn a_position_that_no_event_gave_is_resumed_after_until_one_does() {
    let mut rig = Rig::new();
    rig.send(Input::Start { cursor: None });
    rig.open();
    rig.send(Input::Position("41".into()));
    rig.deliver("");
    rig.end(EndCause::Closed);
    rig.tick();
    assert_eq!(&*rig.dial().unwrap().cursor, "41");
    rig.open();
    rig.deliver("42");
    rig.end(EndCause::Closed);
    rig.tick();
    assert_eq!(&*rig.dial().unwrap().cursor, "42");
    rig.send(Input::Start { cursor: None });
    assert_eq!(&*rig.dial().unwrap().cursor, "", "another start, another place");
}
