//! Inputs that shorten waits, and how often.

use std::time::Duration;

use gloria_stream::machine::{Head, Input, Phase};
use gloria_stream::{Cause, CredentialError, DialError, EndCause, Reachability, Timing};

use crate::numbers::{attempt, connected, failed, refuse, secs};
use crate::{Rig, busy_head};

#[test]
fn the_user_the_network_and_waking_close_the_circuit() {
    for input in [
        Input::RetryNow,
        Input::Network(Reachability::Online),
        Input::Woke(Duration::ZERO),
    ] {
        let mut rig = failed(12);
        rig.send(input.clone());
        assert_eq!(attempt(&rig), 0, "{input:?}");
        assert!(rig.wait().0 <= secs(1.0));
        rig.tick();
        refuse(&mut rig);
        let counted = u32::from(input != Input::Woke(Duration::ZERO));
        assert_eq!(
            attempt(&rig),
            counted,
            "{input:?}: a failure counts anew, once awake"
        );
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
fn a_short_circuit_comes_within_a_second_three_times_and_then_once_in_ten() {
    for seed in 0..100 {
        let mut rig = Rig::with(
            Timing {
                base_delay: secs(60.0),
                ..Timing::default()
            },
            seed,
        );
        rig.start();
        let began = rig.now;
        for _ in 0..3 {
            rig.answer(405);
            rig.send(Input::RetryNow);
            let first = rig.wait().0;
            assert!(first <= secs(1.0), "{first:?}");
            rig.send(Input::RetryNow);
            assert_eq!(
                rig.wait().0,
                first,
                "a planned one is not put off, nor paid for again"
            );
            rig.tick();
        }
        for rest in 1..4 {
            rig.answer(405);
            rig.send(Input::RetryNow);
            rig.tick();
            let at = rig.now - began;
            let earliest = secs(10.0 * f64::from(rest));
            assert!(at >= earliest && at <= earliest + secs(2.0), "{rest}: {at:?}");
        }
    }
}

#[test]
fn a_flapping_link_makes_no_storm() {
    for seed in 0..300 {
        let mut rig = Rig::with(Timing::default(), seed);
        let mut dice = fastrand::Rng::with_seed(seed);
        rig.start();
        let (mut dials, end) = (0, rig.now + secs(60.0));
        while rig.now < end {
            let pause = Duration::from_millis(dice.u64(1..1500));
            let tick = rig.machine.deadline().filter(|due| *due <= rig.now + pause);
            if let Some(due) = tick {
                rig.now = due.max(rig.now);
                rig.send(Input::Tick);
                dials += usize::from(rig.dial().is_some());
            } else {
                rig.now += pause;
                let input = match dice.u32(0..6) {
                    0 | 1 => Input::Network(Reachability::Online),
                    2 => Input::Network(Reachability::Offline),
                    3 => Input::Woke(Duration::ZERO),
                    4 if matches!(rig.machine.phase(), Phase::Connecting { .. }) => {
                        Input::Opened(rig.epoch(), Head::accepted())
                    }
                    _ if matches!(rig.machine.phase(), Phase::Connecting { .. }) => {
                        Input::Refused(rig.epoch(), DialError::ConnectionRefused)
                    }
                    _ => Input::Tick,
                };
                rig.send(input);
                dials += usize::from(rig.dial().is_some());
            }
        }
        assert!(dials <= 30, "{dials} attempts in a minute, seed {seed}");
        rig.pass(40.0);
        rig.send(Input::Tick);
        if let Phase::Connecting { epoch, .. } = *rig.machine.phase() {
            rig.send(Input::Refused(epoch, DialError::Unreachable));
        }
        rig.send(Input::Network(Reachability::Offline));
        rig.send(Input::Network(Reachability::Online));
        if let Phase::Waiting { until, .. } = *rig.machine.phase() {
            assert!(
                until <= rig.now + secs(1.0),
                "the network is back, and it is asked at once"
            );
        }
    }
}

#[test]
fn failures_while_the_network_comes_back_after_waking_count_for_nothing() {
    for seed in 0..50 {
        let mut rig = Rig::with(Timing::default(), seed);
        rig.start();
        rig.open();
        rig.pass(120.0);
        rig.send(Input::Woke(Duration::ZERO));
        let woke = rig.now;
        rig.tick();
        let mut attempts = 0;
        while rig.now < woke + secs(20.0) {
            let epoch = rig.epoch();
            rig.send(Input::Refused(epoch, DialError::Unreachable));
            assert_eq!(attempt(&rig), 0, "it says nothing of the server");
            let wait = rig.wait().0;
            assert!(wait <= secs(1.0), "{wait:?}");
            assert!(wait >= secs(0.25), "{wait:?}");
            attempts += 1;
            rig.tick();
        }
        assert!((15..=45).contains(&attempts), "{attempts}");
        refuse(&mut rig);
        assert_eq!(attempt(&rig), 1, "from now on it counts");
    }
}

#[test]
fn a_server_that_is_down_is_not_asked_faster_because_the_computer_woke() {
    let mut rig = connected();
    rig.pass(120.0);
    rig.send(Input::Woke(Duration::ZERO));
    let mut waits = Vec::new();
    for _ in 0..4 {
        rig.tick();
        let epoch = rig.epoch();
        rig.send(Input::Refused(epoch, DialError::ConnectionRefused));
        assert_eq!(attempt(&rig), 0);
        waits.push(rig.wait().0);
    }
    assert!(waits.iter().any(|wait| *wait > secs(1.0)), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= secs(5.0)), "{waits:?}");
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
        Input::Woke(Duration::ZERO),
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
        rig.send(Input::Opened(epoch, busy_head(600.0)));
        assert!(rig.wait().0 >= secs(600.0) && rig.wait().0 <= secs(661.0));
        rig
    };
    for input in [
        Input::Network(Reachability::Online),
        Input::Woke(Duration::ZERO),
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
fn waking_and_a_new_network_drop_what_was_open() {
    for woke in [true, false] {
        let mut rig = connected();
        if !woke {
            rig.send(Input::Network(Reachability::Offline));
            let open = matches!(rig.machine.phase(), Phase::Connected { .. });
            assert!(open, "the system may be wrong");
        }
        rig.send(if woke {
            Input::Woke(Duration::ZERO)
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
        rig.send(Input::Woke(Duration::ZERO));
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
    rig.send(Input::Woke(Duration::ZERO));
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
fn an_attempt_from_before_the_network_came_is_not_waited_for() {
    let mut rig = failed(8);
    rig.send(Input::Network(Reachability::Offline));
    rig.send(Input::Woke(Duration::ZERO));
    rig.tick();
    let before = rig.epoch();
    rig.pass(2.0);
    rig.send(Input::Network(Reachability::Online));
    assert!(
        rig.wait().0 <= secs(1.0),
        "a packet sent into nowhere is not answered"
    );
    rig.tick();
    assert_ne!(rig.epoch(), before);
}

#[test]
fn a_network_that_comes_and_goes_during_attempts_is_not_forgotten() {
    let mut rig = failed(8);
    rig.send(Input::Woke(Duration::ZERO));
    rig.tick();
    let mut restarts = 0;
    loop {
        rig.send(Input::Network(Reachability::Offline));
        rig.pass(0.5);
        rig.send(Input::Network(Reachability::Online));
        if matches!(rig.machine.phase(), Phase::Connecting { .. }) {
            break;
        }
        restarts += 1;
        rig.tick();
    }
    assert_eq!(restarts, 2, "waking took the first of three");
    refuse(&mut rig);
    assert!(
        rig.wait().0 <= secs(10.0),
        "the attempt is left alone, and the network is kept in mind"
    );
}

#[test]
fn a_short_circuit_that_waits_for_an_attempt_is_over_when_the_stream_opens() {
    let delay_after_end = |credentials: u32, seed| {
        let mut rig = Rig::with(Timing::default(), seed);
        rig.start();
        for _ in 0..credentials {
            rig.send(Input::Credentials);
            if matches!(rig.machine.phase(), Phase::Waiting { .. }) {
                rig.tick();
            }
        }
        rig.open().end(EndCause::Closed);
        rig.wait().0
    };
    let shortest = (0..200).map(|seed| delay_after_end(2, seed)).min();
    assert!(shortest >= Some(secs(0.25)), "{shortest:?}");
}

#[test]
fn a_new_credential_that_an_attempt_did_not_use_is_tried_after_its_halt() {
    let refusals: [fn(&mut Rig); 2] = [
        |rig| {
            rig.answer(403);
        },
        |rig| {
            let missing = DialError::Credential(CredentialError::Missing);
            rig.send(Input::Refused(rig.epoch(), missing));
        },
    ];
    for refuse in refusals {
        let mut rig = Rig::new();
        rig.start().send(Input::Credentials);
        rig.tick();
        rig.send(Input::Credentials);
        rig.send(Input::Network(Reachability::Online));
        rig.send(Input::Network(Reachability::Online));
        assert!(matches!(rig.machine.phase(), Phase::Connecting { .. }));
        refuse(&mut rig);
        assert!(rig.wait().0 <= secs(11.0), "{:?}", rig.machine.phase());
        rig.tick();
        refuse(&mut rig);
        assert!(
            matches!(rig.machine.phase(), Phase::Halted { .. }),
            "it is tried once"
        );
    }
}
