use super::*;

const BASE: Duration = Duration::from_secs(5);

fn missing(after: Option<&str>) -> Missing {
    Missing {
        after: after.map(str::to_owned),
        gaps: 1,
        pages: 0,
        items: 0,
        since: Some(0),
        is_first: false,
        is_shown: false,
        place: 0,
        logged: 0,
    }
}

fn page(next: Option<&str>, more: bool) -> Answer {
    Answer::Page(Page {
        entries: Vec::new(),
        next: next.map(str::to_owned),
        more,
    })
}

fn status(status: u16) -> Answer {
    Answer::Status {
        status,
        retry_after: None,
    }
}

fn to(next: &str, is_last: bool) -> Progress {
    Progress::Page {
        gaps: 1,
        next: Some(next.to_owned()),
        is_last,
        items: 0,
    }
}

/// A machine on a connection, with a store that says what is missing.
struct Rig {
    machine: Backfill,
    now: Instant,
    rng: fastrand::Rng,
}

impl Rig {
    fn new() -> Self {
        let now = Instant::now();
        let mut machine = Backfill::new(now);
        machine.on_connection(true, now);
        Self {
            machine,
            now,
            rng: fastrand::Rng::with_seed(1),
        }
    }

    /// Asks for what is missing and is answered. Returns the verdict, and how long until the next attempt.
    fn asks(&mut self, missing: &Missing, answer: &Answer) -> (Verdict, Option<Duration>) {
        self.now = self.machine.due().expect("it is due");
        let number = self.machine.on_missing(Some(missing.clone())).unwrap();
        assert_eq!(self.machine.due(), None, "one request at a time");
        let verdict = self
            .machine
            .on_answer(number, answer, BASE, self.now, &mut self.rng);
        let due = self.machine.due();
        (verdict.unwrap(), due.map(|due| due - self.now))
    }
}

#[test]
fn each_answer_means_one_thing() {
    let given_up = Verdict::Moved(Progress::GivenUp);
    let no_list = Verdict::Moved(Progress::NoList);
    let from_beginning = Verdict::Moved(Progress::FromBeginning);
    let table = [
        (Some("5"), page(Some("6"), true), Verdict::Moved(to("6", false))),
        (None, page(Some("6"), false), Verdict::Moved(to("6", true))),
        // The server has no list.
        (Some("5"), status(404), no_list.clone()),
        (Some("5"), status(405), no_list.clone()),
        (None, status(501), no_list),
        // It does not know the position.
        (Some("5"), status(400), from_beginning.clone()),
        (Some("5"), status(410), from_beginning.clone()),
        (Some("5"), status(422), from_beginning),
        // It leads back to where it began.
        (Some("5"), page(Some("5"), true), given_up),
        (Some("5"), page(Some("5"), false), Verdict::Moved(to("5", true))),
        (Some("5"), Answer::Lost, Verdict::Kept),
        (Some("5"), status(401), Verdict::Kept),
        (Some("5"), status(429), Verdict::Kept),
        (Some("5"), status(500), Verdict::Kept),
        (Some("5"), status(503), Verdict::Kept),
        (Some("5"), status(403), Verdict::Kept),
        (None, status(400), Verdict::Kept),
        (Some("5"), Answer::Fault(PageFault::NotJson), Verdict::Kept),
    ];
    for (after, answer, expected) in table {
        let (verdict, wait) = Rig::new().asks(&missing(after), &answer);
        assert_eq!(verdict, expected, "{answer:?} after {after:?}");
        let waits = wait.unwrap() > Duration::ZERO;
        assert_eq!(waits, expected == Verdict::Kept, "{answer:?}");
    }
}

#[test]
fn a_server_that_says_when_is_asked_then() {
    let wait = Duration::from_secs(90);
    let answer = Answer::Status {
        status: 503,
        retry_after: Some(wait),
    };
    let (_, next) = Rig::new().asks(&missing(None), &answer);
    assert!(next.unwrap() >= wait);
}

#[test]
fn a_gap_is_shown_after_the_third_failure_and_asked_for_all_the_same() {
    let mut rig = Rig::new();
    let mut open = missing(Some("5"));
    for _ in 0..2 {
        assert_eq!(rig.asks(&open, &status(503)).0, Verdict::Kept);
    }
    assert_eq!(rig.asks(&open, &Answer::Lost).0, Verdict::Moved(Progress::Shown));
    open.is_shown = true;
    for _ in 0..50 {
        assert_eq!(rig.asks(&open, &status(503)).0, Verdict::Kept);
    }
    assert!(rig.machine.missing().unwrap().1, "it fails");
    let back = rig.asks(&open, &page(Some("9"), false));
    assert_eq!(back, (Verdict::Moved(to("9", true)), Some(Duration::ZERO)));
    assert!(!rig.machine.missing().unwrap().1);
}

#[test]
fn a_gap_is_shown_at_once_if_the_server_asks_for_a_wait_of_more_than_a_minute() {
    let answer = |seconds| Answer::Status {
        status: 503,
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let mut open = missing(Some("5"));
    assert_eq!(Rig::new().asks(&open, &answer(50)).0, Verdict::Kept);
    let mut rig = Rig::new();
    assert_eq!(rig.asks(&open, &answer(90)).0, Verdict::Moved(Progress::Shown));
    open.is_shown = true;
    assert_eq!(rig.asks(&open, &answer(90)).0, Verdict::Kept);
}

#[test]
fn what_is_unusable_three_times_is_given_up_and_what_was_usable_in_between_counts_anew() {
    for fault in [status(403), Answer::Fault(PageFault::NotAPage)] {
        let mut rig = Rig::new();
        let open = missing(None);
        for _ in 0..2 {
            assert_eq!(rig.asks(&open, &fault).0, Verdict::Kept);
        }
        rig.asks(&open, &page(Some("1"), true));
        for _ in 0..2 {
            assert_eq!(rig.asks(&open, &fault).0, Verdict::Kept);
        }
        assert_eq!(rig.asks(&open, &fault).0, Verdict::Moved(Progress::GivenUp));
    }
}

#[test]
fn what_is_unusable_now_and_then_is_not_given_up() {
    for passing in [Answer::Lost, status(401), status(429), status(503)] {
        let mut rig = Rig::new();
        let open = Missing {
            is_shown: true,
            ..missing(None)
        };
        for _ in 0..5 {
            for answer in [&status(403), &Answer::Fault(PageFault::NotJson), &passing] {
                assert_eq!(rig.asks(&open, answer).0, Verdict::Kept, "with {passing:?}");
            }
        }
    }
}

#[test]
fn pages_in_a_circle_and_pages_without_an_end_are_ended() {
    let mut rig = Rig::new();
    for (after, next) in [(None, "1"), (Some("1"), "2"), (Some("2"), "3")] {
        let verdict = rig.asks(&missing(after), &page(Some(next), true)).0;
        assert_eq!(verdict, Verdict::Moved(to(next, false)));
    }
    let back = rig.asks(&missing(Some("3")), &page(Some("1"), true)).0;
    assert_eq!(back, Verdict::Moved(Progress::GivenUp));

    let (mut rig, mut pages) = (Rig::new(), 0);
    loop {
        let open = Missing {
            pages,
            ..missing(Some(&pages.to_string()))
        };
        pages += 1;
        let next = pages.to_string();
        if rig.asks(&open, &page(Some(&next), true)).0 == Verdict::Moved(Progress::GivenUp) {
            break;
        }
    }
    assert_eq!(pages, MAX_PAGES);
}

#[test]
fn a_server_that_refuses_its_own_positions_is_not_asked_from_the_beginning_again() {
    let mut rig = Rig::new();
    let from_beginning = rig.asks(&missing(Some("5")), &status(410)).0;
    assert_eq!(from_beginning, Verdict::Moved(Progress::FromBeginning));
    rig.asks(&missing(None), &page(Some("6"), true));
    for _ in 0..2 {
        let (verdict, wait) = rig.asks(&missing(Some("6")), &status(410));
        assert!(verdict == Verdict::Kept && wait.unwrap() > Duration::ZERO);
    }
    let verdict = rig.asks(&missing(Some("6")), &status(410)).0;
    assert_eq!(verdict, Verdict::Moved(Progress::GivenUp));
}

#[test]
fn neither_a_new_connection_nor_another_gap_shortens_the_wait_after_a_failure() {
    let mut rig = Rig::new();
    let answer = Answer::Status {
        status: 503,
        retry_after: Some(Duration::from_secs(90)),
    };
    rig.asks(&missing(None), &answer);
    let due = rig.machine.due().unwrap();
    rig.machine.on_gap(rig.now);
    assert_eq!(rig.machine.due(), Some(due), "after a gap");
    rig.machine.on_connection(false, rig.now);
    rig.machine.on_connection(true, rig.now + Duration::from_secs(1));
    assert_eq!(rig.machine.due(), Some(due), "on a new connection");
    rig.machine.on_store_failed(rig.now + Duration::from_secs(2));
    assert_eq!(rig.machine.due(), Some(due), "after the store failed");
    // What worked leaves nothing to wait for.
    rig.asks(&missing(None), &page(Some("1"), true));
    rig.machine.on_gap(rig.now);
    assert_eq!(rig.machine.due(), Some(rig.now));
}

#[test]
fn nothing_is_asked_without_a_connection_and_once_it_is_back_at_once() {
    let mut rig = Rig::new();
    rig.machine.on_connection(false, rig.now);
    assert_eq!(rig.machine.due(), None);
    rig.machine.on_gap(rig.now);
    assert_eq!(rig.machine.due(), None);
    rig.machine.on_connection(true, rig.now);
    assert_eq!(rig.machine.due(), Some(rig.now));
    assert_eq!(rig.machine.on_missing(None), None);
    assert_eq!(rig.machine.due(), None, "nothing is missing");
    rig.machine.on_gap(rig.now);
    assert_eq!(rig.machine.due(), Some(rig.now));
}

#[test]
fn an_answer_for_another_account_is_not_used() {
    let mut rig = Rig::new();
    let number = rig.machine.on_missing(Some(missing(None))).unwrap();
    rig.machine.on_inbox(rig.now);
    assert!(rig.machine.missing().is_none());
    let answer = page(Some("1"), false);
    let verdict = rig
        .machine
        .on_answer(number, &answer, BASE, rig.now, &mut rig.rng);
    assert_eq!(verdict, None);
    let again = rig.machine.on_missing(Some(missing(None))).unwrap();
    assert_ne!(again, number);
}
