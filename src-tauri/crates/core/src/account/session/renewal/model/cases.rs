//! Single cases of the model.

use super::*;

/// Runs a renewal in which each step meets the next fault.
fn run(known: Known, keyring: Option<u32>, provider: (u32, bool), faults: &[Fault]) -> (World, Outcome<()>) {
    let mut world = World::new();
    world.keyring = keyring;
    (world.provider.current, world.provider.ended) = provider;
    world.processes[0].known = known;
    // The last turn was its own, and what the provider has ended is no matter of this renewal.
    world.processes[0].turn = Some(world.turns);
    world.excused = true;
    let usable = world.processes[0].known.usable;
    let mut faults = faults.iter().copied();
    loop {
        world.step(0, usable, faults.next().unwrap_or(Fault::None));
        if let Some(outcome) = world.processes[0].last.clone() {
            return (world, outcome);
        }
    }
}

fn in_memory(number: u32, unsaved: bool) -> Option<MemoryGrant> {
    Some(MemoryGrant {
        grant: grant(number),
        entry: ENTRY.to_owned(),
        unsaved,
    })
}

#[test]
fn what_another_program_stored_meanwhile_is_renewed_instead() {
    let known = Known {
        in_memory: in_memory(0, false),
        ..Known::default()
    };
    let (world, outcome) = run(known, Some(5), (5, false), &[]);
    assert!(
        matches!(outcome, Outcome::Renewed { saved: Ok(()), .. }),
        "{outcome:?}"
    );
    assert_eq!(world.keyring, Some(6));
}

#[test]
fn a_locked_keyring_keeps_the_refresh_token_unspent_while_there_is_time() {
    use Fault::{Locked, None};
    for (usable, spent) in [(true, false), (false, true)] {
        let known = Known {
            in_memory: in_memory(0, false),
            usable,
            ..Known::default()
        };
        let (world, outcome) = run(
            known,
            Some(0),
            (0, false),
            &[None, Locked, None, None, Locked, Locked],
        );
        assert_eq!(world.provider.current == 1, spent);
        match outcome {
            Outcome::Keyring(error) => assert_eq!((error, spent), (SecretError::Locked, false)),
            Outcome::Renewed { saved, .. } => assert_eq!((saved, spent), (Err(SecretError::Locked), true)),
            other @ (Outcome::Pasted(..)
            | Outcome::SignedOut
            | Outcome::NeedsSignIn(_)
            | Outcome::Busy
            | Outcome::Later { .. }
            | Outcome::Misconfigured(_)) => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_another_process_may_have_used_up_is_not_sent_while_the_keyring_is_locked() {
    let mut world = World::new();
    for process in [0, 1] {
        while world.processes[process].last.is_none() {
            world.step(process, false, Fault::None);
        }
    }
    world.processes[0].last = None;
    for fault in [Fault::None, Fault::Locked, Fault::None] {
        world.step(0, false, fault);
    }
    let last = world.processes[0].last.take();
    assert!(
        matches!(last, Some(Outcome::Keyring(SecretError::Locked))),
        "{last:?}"
    );
    assert_eq!(world.provider.current, 2);
}

#[test]
fn one_that_could_not_be_stored_is_renewed_from_memory() {
    let known = Known {
        in_memory: in_memory(3, true),
        dead: vec![grant(2)],
        ..Known::default()
    };
    for keyring in [Some(2), None] {
        let (world, outcome) = run(known.clone(), keyring, (3, false), &[]);
        assert!(
            matches!(outcome, Outcome::Renewed { saved: Ok(()), .. }),
            "{outcome:?}"
        );
        assert_eq!(world.keyring, Some(4));
    }
}

#[test]
fn a_lost_answer_is_asked_for_once_more_and_the_words_say_that_it_was_lost() {
    use Fault::{Cut, Lost, None};
    let known = || Known {
        in_memory: in_memory(0, false),
        ..Known::default()
    };
    // The request did not arrive the first time.
    let (world, outcome) = run(known(), Some(0), (0, false), &[None, None, None, Cut]);
    assert!(matches!(outcome, Outcome::Renewed { .. }), "{outcome:?}");
    assert_eq!(world.keyring, Some(1));
    // It did, and the answer was lost.
    let (world, outcome) = run(known(), Some(0), (0, false), &[None, None, None, Lost]);
    assert!(
        matches!(outcome, Outcome::NeedsSignIn(Why::CutOff)),
        "{outcome:?}"
    );
    assert_eq!(world.keyring, Option::None);
    // Both were lost: it is kept.
    let (world, outcome) = run(known(), Some(0), (0, false), &[None, None, None, Cut, Cut]);
    assert!(
        matches!(outcome, Outcome::Later { lost: true, .. }),
        "{outcome:?}"
    );
    assert_eq!(world.keyring, Some(0));
}

#[test]
fn a_refused_one_is_removed_only_if_the_keyring_still_has_it() {
    let known = || Known {
        in_memory: in_memory(0, false),
        ..Known::default()
    };
    let (world, outcome) = run(known(), Some(0), (0, true), &[]);
    assert!(matches!(outcome, Outcome::NeedsSignIn(Why::Ended)), "{outcome:?}");
    assert_eq!(world.keyring, None);
    use Fault::{Locked, None as Fine};
    let locked = [Fine, Fine, Fine, Fine, Locked];
    let (world, outcome) = run(known(), Some(0), (0, true), &locked);
    assert!(matches!(outcome, Outcome::NeedsSignIn(Why::Ended)), "{outcome:?}");
    assert_eq!(world.keyring, Some(0), "locked is not missing");
    // It is not sent again once the keyring is open.
    let (known, sent) = (world.processes[0].known.clone(), world.provider.current);
    let (world, outcome) = run(known, Some(0), (sent, false), &[]);
    assert!(matches!(outcome, Outcome::NeedsSignIn(Why::Ended)), "{outcome:?}");
    assert_eq!((world.keyring, world.provider.current), (Option::None, sent));
}

#[test]
fn an_application_that_is_not_accepted_costs_no_sign_in() {
    use Fault::{None, Unconfigured};
    for at in [2, 3] {
        let mut faults = vec![None; at];
        faults.push(Unconfigured);
        let known = Known {
            in_memory: in_memory(0, false),
            ..Known::default()
        };
        let (world, outcome) = run(known, Some(0), (0, false), &faults);
        assert!(matches!(outcome, Outcome::Misconfigured(_)), "{outcome:?}");
        assert_eq!(world.keyring, Some(0));
    }
}

#[test]
fn another_users_answer_ends_the_sign_in() {
    let mut renewal = Renewal::<()>::new(Known::default());
    let found = Ok(Some((grant(0).into(), ENTRY.to_owned())));
    let events = [
        Event::Began,
        Event::Locked(Ok(Alone(true))),
        Event::Found(found),
        Event::Proved(Ok(())),
        Event::Answered(Answer::OtherPerson),
    ];
    let mut last = Option::None;
    for event in events {
        last = Some(renewal.next(event));
    }
    assert!(matches!(last, Some(Effect::Forget(..))), "{last:?}");
    let end = renewal.next(Event::Forgotten);
    assert!(
        matches!(end, Effect::End(Outcome::NeedsSignIn(Why::OtherPerson))),
        "{end:?}"
    );
}
