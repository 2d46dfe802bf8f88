//! The machine of the user's actions.

use super::answer::UNKNOWN_NOTIFICATION;
use super::*;

const BASE: Duration = Duration::from_secs(5);

fn action(fields: &[&str]) -> Action {
    Action {
        notifications: vec!["1".to_owned()],
        idempotency_key: "k".to_owned(),
        changes: fields
            .iter()
            .map(|field| ((*field).to_owned(), true.into()))
            .collect(),
    }
}

fn status(status: u16, body: Body) -> Answer {
    Answer::Status {
        status,
        retry_after: None,
        body,
    }
}

fn problem(kind: &str, detail: &str) -> Body {
    Body::Problem {
        kind: kind.to_owned(),
        detail: Some(detail.to_owned()),
    }
}

fn json(fields: &str) -> Body {
    Body::of(fields.as_bytes())
}

fn done() -> Verdict {
    Verdict::Done {
        refused: BTreeMap::new(),
        ignored: MarkSet::NONE,
    }
}

fn refused(ids: &[&str], reason: &Message) -> Verdict {
    Verdict::Done {
        refused: ids.iter().map(|id| ((*id).to_owned(), reason.clone())).collect(),
        ignored: MarkSet::NONE,
    }
}

struct Rig {
    outbox: Outbox,
    now: Instant,
    rng: fastrand::Rng,
}

impl Rig {
    fn connected() -> Self {
        let now = Instant::now();
        let mut outbox = Outbox::new(now);
        assert_eq!(outbox.due(), None, "nothing is sent without a connection");
        outbox.on_connection(true, now);
        assert_eq!(outbox.due(), Some(now));
        Self {
            outbox,
            now,
            rng: fastrand::Rng::with_seed(1),
        }
    }

    fn answer(&mut self, fields: &[&str], answer: &Answer) -> Verdict {
        self.answer_to(action(fields), answer)
    }

    fn answer_to(&mut self, action: Action, answer: &Answer) -> Verdict {
        let (number, _) = self.outbox.on_next(Next::Send(action), self.now).unwrap();
        assert_eq!(self.outbox.due(), None, "one at a time");
        self.outbox
            .on_answer(number, answer, BASE, self.now, &mut self.rng)
            .unwrap()
    }

    fn wait(&self) -> Duration {
        self.outbox.due().unwrap() - self.now
    }
}

#[test]
fn one_action_is_on_its_way_and_the_next_follows_its_answer() {
    let mut rig = Rig::connected();
    for body in [Body::Empty, json("{}"), json(r#"{"id":"1"}"#)] {
        assert_eq!(rig.answer(&["read"], &status(200, body)), done());
        assert_eq!(rig.wait(), Duration::ZERO);
    }
    assert_eq!(rig.outbox.on_next(Next::Later(BASE), rig.now), None);
    assert_eq!(rig.wait(), BASE);
    assert_eq!(rig.outbox.on_next(Next::Nothing, rig.now), None);
    assert_eq!(rig.outbox.due(), None);
    rig.outbox.on_stored(rig.now);
    assert_eq!(rig.wait(), Duration::ZERO);
}

#[test]
fn an_outage_is_waited_out_ever_longer_and_as_long_as_the_server_asks() {
    let mut rig = Rig::connected();
    let mut before = Duration::ZERO;
    for answer in [
        Answer::Lost,
        status(503, Body::Other),
        status(200, Body::Other),
        status(429, Body::Empty),
    ] {
        assert_eq!(rig.answer(&["read"], &answer), Verdict::Kept, "{answer:?}");
        let wait = rig.wait();
        assert!(
            wait >= before / 2 && wait > Duration::ZERO,
            "{wait:?} after {before:?}"
        );
        before = wait;
        rig.outbox.on_stored(rig.now);
        assert_eq!(rig.wait(), wait, "another action does not shorten it");
    }
    let patient = Answer::Status {
        status: 503,
        retry_after: Some(Duration::from_secs(120)),
        body: Body::Empty,
    };
    assert_eq!(rig.answer(&["read"], &patient), Verdict::Kept);
    assert!(rig.wait() >= Duration::from_secs(120));
    assert_eq!(rig.answer(&["read"], &status(204, Body::Empty)), done());
    assert_eq!(rig.wait(), Duration::ZERO);
}

#[test]
fn a_refusal_has_the_servers_words_and_what_nobody_decided_is_not_taken_back() {
    let mut rig = Rig::connected();
    for code in [400, 403, 409, 410, 422] {
        let verdict = rig.answer(&["read"], &status(code, problem("about:blank", "It is\nlocked.")));
        let expected = refused(&["1"], &message::action_refused("It is locked.".to_owned()));
        assert_eq!(verdict, expected, "{code}");
    }
    let unknown = status(404, problem(UNKNOWN_NOTIFICATION, "gone"));
    let gone = refused(&["1"], &message::action_refused("gone".to_owned()));
    assert_eq!(Rig::connected().answer(&["archived"], &unknown), gone);
    assert_eq!(
        rig.answer(&["seen", "read"], &status(403, Body::Other)),
        refused(&["1"], &message::action_refused_status(403))
    );
    assert_eq!(rig.answer(&["seen"], &status(403, Body::Other)), done());
}

#[test]
fn a_server_that_takes_no_actions_is_not_asked_again() {
    for answer in [
        status(404, Body::Other),
        status(404, problem("about:blank", "no such path")),
        status(405, Body::Empty),
        status(501, Body::Empty),
    ] {
        let mut rig = Rig::connected();
        assert_eq!(
            rig.answer(&["read"], &answer),
            Verdict::NotOffered(MarkSet::ALL),
            "{answer:?}"
        );
        rig.outbox.on_stored(rig.now);
        rig.outbox.on_connection(false, rig.now);
        rig.outbox.on_connection(true, rig.now);
        assert_eq!(rig.outbox.due(), None);
        rig.outbox.on_account(rig.now);
        assert!(rig.outbox.due().is_some(), "another account's server is asked");
    }
    let mut rig = Rig::connected();
    rig.answer(&["read"], &status(200, json("{}")));
    let verdict = rig.answer(&["read"], &status(404, Body::Other));
    assert_eq!(verdict, refused(&["1"], &message::action_refused_status(404)));
}

#[test]
fn the_answer_of_another_account_is_not_taken() {
    let mut rig = Rig::connected();
    let (number, _) = rig
        .outbox
        .on_next(Next::Send(action(&["read"])), rig.now)
        .unwrap();
    rig.outbox.on_account(rig.now);
    let done = status(200, Body::Empty);
    assert_eq!(
        rig.outbox.on_answer(number, &done, BASE, rig.now, &mut rig.rng),
        None
    );
    let (next, _) = rig
        .outbox
        .on_next(Next::Send(action(&["read"])), rig.now)
        .unwrap();
    assert_ne!(next, number);
}

#[test]
fn a_body_is_read_for_what_it_is() {
    for (text, expected) in [
        ("", Body::Empty),
        (
            "{\"id\": \"1\", \"readAt\": null, \"flagged\": true}",
            Body::Json {
                marks: Some(MarkSet::from_bits(0b1010)),
                refused: BTreeMap::new(),
            },
        ),
        (
            "{\"id\": \"1\", \"status\": 7}",
            Body::Json {
                marks: Some(MarkSet::NONE),
                refused: BTreeMap::new(),
            },
        ),
        (
            "{\"refused\": [{\"id\": \"2\", \"detail\": \"no\"}, {\"id\": \"3\"}, 7]}",
            Body::Json {
                marks: None,
                refused: BTreeMap::from([("2".to_owned(), Some("no".to_owned())), ("3".to_owned(), None)]),
            },
        ),
        ("<!doctype html>", Body::Other),
        ("[]", Body::Other),
        (
            "{\"type\": \"about:blank\", \"title\": \"Conflict\", \"status\": 409}",
            problem("about:blank", "Conflict"),
        ),
    ] {
        assert_eq!(Body::of(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn a_field_that_the_server_rejects_or_leaves_out_stays_here_and_the_others_are_sent() {
    let flagged = MarkSet::of(3);
    let mut rig = Rig::connected();
    let bad = status(400, problem("about:blank", "unknown field `flagged`"));
    assert_eq!(
        rig.answer(&["read", "flagged"], &bad),
        Verdict::NotOffered(flagged)
    );
    assert_eq!(rig.outbox.wanted().unknown, flagged);
    assert_eq!(rig.answer(&["read"], &status(204, Body::Empty)), done());
    let invalid = message::action_refused("unknown field `flagged`".to_owned());
    assert_eq!(rig.answer(&["read"], &bad), refused(&["1"], &invalid));

    // The server's notification says what it knows.
    let mut rig = Rig::connected();
    let without = status(200, json(r#"{"id":"1","readAt":"2026-11-26T12:00:00Z"}"#));
    let ignored = Verdict::Done {
        refused: BTreeMap::new(),
        ignored: flagged,
    };
    assert_eq!(rig.answer(&["read", "flagged"], &without), ignored);
    assert_eq!(rig.outbox.wanted().unknown, flagged);

    // One that took the field once refuses what it refuses.
    let mut rig = Rig::connected();
    let with = status(200, json(r#"{"id":"1","flaggedAt":"2026-11-26T12:00:00Z"}"#));
    assert_eq!(rig.answer(&["flagged"], &with), done());
    assert_eq!(rig.answer(&["flagged"], &bad), refused(&["1"], &invalid));
    assert_eq!(rig.outbox.wanted().unknown, MarkSet::NONE);
}

#[test]
fn several_at_once_are_sent_singly_when_the_server_does_not_take_them_and_refused_one_by_one() {
    let many = |ids: &[&str]| Action {
        notifications: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..action(&["read"])
    };
    for code in [400, 403, 404, 405, 409, 422, 501] {
        let mut rig = Rig::connected();
        assert!(rig.outbox.wanted().bulk);
        let verdict = rig.answer_to(many(&["1", "2"]), &status(code, Body::Other));
        assert_eq!(verdict, Verdict::Singly, "{code}");
        assert!(!rig.outbox.wanted().bulk && rig.outbox.due() == Some(rig.now));
    }
    let mut rig = Rig::connected();
    let some = json(r#"{"refused":[{"id":"2","detail":"locked"},{"id":"other"}]}"#);
    let locked = message::action_refused("locked".to_owned());
    assert_eq!(
        rig.answer_to(many(&["1", "2"]), &status(200, some)),
        refused(&["2"], &locked)
    );
}
