//! The user's actions against a simple model of the server: whatever happens in whatever order, each action is carried
//! out once, and in the end both have the same marks.

mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gloria_core::inbox::{Cursor, Inbox, Now};
use gloria_core::item::{Mark, SnoozedUntil};
use gloria_core::outbox::{Action, Answer, Body, MarkSet, Next, Outbox, Verdict};
use proptest::prelude::*;
use serde_json::{Map, json};
use tempfile::TempDir;

use self::server::{Abilities, FIELDS, SNOOZED, SNOOZES, Server};
use super::{key, mark};
use crate::harness::{NOON, QUIET, arrival, folder, open};

/// Few, so that the same items recur.
const ITEMS: u8 = 3;

/// What the server makes of a request.
#[derive(Debug, Clone, Copy)]
enum Reaction {
    Answers,
    /// The request arrives, its answer does not.
    LosesAnswer,
    LosesRequest,
    Fails,
    Refuses,
}

#[derive(Debug, Clone)]
enum Step {
    Created(u8),
    /// Another client sets a mark, or removes it.
    Elsewhere(u8, usize, bool),
    Deleted(u8),
    Marked(u8, Mark),
    AllRead,
    /// This many of the server's events arrive.
    Events(usize),
    /// An event that has arrived comes again, under another id.
    Repeated(prop::sample::Index),
    Sent(Reaction),
    /// The answer to the request on its way arrives.
    Answered,
    Killed,
    LeftFile,
    ReturnedToFile,
    Seconds(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let marks = prop_oneof![
        Just(Mark::Seen),
        Just(Mark::Read),
        Just(Mark::Unread),
        Just(Mark::Archived),
        Just(Mark::Unarchived),
        Just(Mark::Flagged),
        Just(Mark::Unflagged),
        prop::sample::select(SNOOZES.to_vec()).prop_map(|at| Mark::Snoozed(SnoozedUntil { at, wall: None })),
        Just(Mark::Unsnoozed),
        Just(Mark::Acknowledged),
        Just(Mark::Unacknowledged),
    ];
    let reaction = prop_oneof![
        4 => Just(Reaction::Answers),
        2 => Just(Reaction::LosesAnswer),
        1 => Just(Reaction::LosesRequest),
        1 => Just(Reaction::Fails),
        1 => Just(Reaction::Refuses),
    ];
    prop_oneof![
        2 => (0..ITEMS).prop_map(Step::Created),
        4 => (0..ITEMS, 0..FIELDS.len(), any::<bool>()).prop_map(|(item, field, on)| Step::Elsewhere(item, field, on)),
        1 => (0..ITEMS).prop_map(Step::Deleted),
        8 => (0..ITEMS, marks).prop_map(|(item, mark)| Step::Marked(item, mark)),
        1 => Just(Step::AllRead),
        6 => (1..4_usize).prop_map(Step::Events),
        1 => any::<prop::sample::Index>().prop_map(Step::Repeated),
        8 => reaction.prop_map(Step::Sent),
        6 => Just(Step::Answered),
        2 => Just(Step::Killed),
        1 => Just(Step::LeftFile),
        1 => Just(Step::ReturnedToFile),
        3 => (1..12_i64).prop_map(Step::Seconds),
    ]
}

struct World {
    home: TempDir,
    inbox: Option<Inbox>,
    outbox: Outbox,
    server: Server,
    delivered: usize,
    now: i64,
    began: Instant,
    /// The request on its way, and what will come of it.
    asked: Option<(u64, Action, Answer)>,
    sent: Vec<String>,
    in_memory: bool,
    rng: fastrand::Rng,
}

impl World {
    fn new(abilities: Abilities) -> Self {
        let home = folder();
        let began = Instant::now();
        let mut outbox = Outbox::new(began);
        outbox.on_connection(true, began);
        Self {
            inbox: Some(open(&home.path().join("inbox.sqlite"))),
            home,
            outbox,
            server: Server::new(abilities),
            delivered: 0,
            now: NOON,
            began,
            asked: None,
            sent: Vec::new(),
            in_memory: false,
            rng: fastrand::Rng::with_seed(1),
        }
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("inbox.sqlite")
    }

    fn inbox(&mut self) -> &mut Inbox {
        self.inbox.as_mut().unwrap()
    }

    fn instant(&self) -> Instant {
        self.began + Duration::from_millis((self.now - NOON).unsigned_abs())
    }

    fn step(&mut self, step: Step) {
        let (now, instant) = (self.now, self.instant());
        match step {
            Step::Created(item) => {
                if !self.server.deleted.contains(&item) && !self.server.marks.contains_key(&item) {
                    self.server.marks.insert(item, [None; FIELDS.len()]);
                    let data = [("title", "t"), ("message", "m")]
                        .map(|(field, text)| (field.to_owned(), json!(text)));
                    self.server
                        .publish("notification.created", item, Map::from_iter(data));
                }
            }
            Step::Elsewhere(item, field, on) => {
                let until = on.then(|| jiff::Timestamp::from_millisecond(SNOOZES[0]).unwrap().to_string());
                let value = if field == SNOOZED { json!(until) } else { on.into() };
                let changes = Map::from_iter([(FIELDS[field].0.to_owned(), value)]);
                self.server.set(item, &changes);
            }
            Step::Deleted(item) => {
                if self.server.marks.remove(&item).is_some() {
                    self.server.deleted.push(item);
                    self.server.publish("notification.deleted", item, Map::new());
                }
            }
            Step::Marked(item, kind) => {
                mark(self.inbox(), item, kind, now);
                self.outbox.on_stored(instant);
            }
            Step::AllRead => {
                self.inbox().mark_all_read(now).unwrap();
                self.outbox.on_stored(instant);
            }
            Step::Events(count) => self.deliver(count),
            Step::Repeated(which) => {
                if self.server.abilities.versions && self.delivered > 0 {
                    let (kind, data) = self.server.events[which.index(self.delivered)].clone();
                    let repeated = [arrival(&format!("again-{now}"), &kind, &data.to_string())].into();
                    let now = Now {
                        here: now,
                        server: now,
                    };
                    self.inbox()
                        .file(&repeated, Cursor::Unchanged, now, |_| QUIET)
                        .unwrap();
                }
            }
            Step::Sent(reaction) => self.send(reaction),
            Step::Answered => self.answer(),
            Step::Killed => {
                self.inbox = None;
                self.in_memory = false;
                self.inbox = Some(open(&self.path()));
                self.asked = None;
                self.outbox = Outbox::new(instant);
                self.outbox.on_connection(true, instant);
                let cursor = self.inbox().cursor().unwrap();
                self.delivered = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            }
            Step::LeftFile => {
                self.inbox().fall_back_to_memory(true).unwrap();
                self.in_memory = true;
            }
            Step::ReturnedToFile => {
                self.inbox().return_to_file().unwrap();
                self.in_memory = false;
                self.outbox.on_stored(instant);
            }
            Step::Seconds(seconds) => self.now += seconds * 1_000,
        }
    }

    fn deliver(&mut self, count: usize) {
        let now = Now {
            here: self.now,
            server: self.now,
        };
        for (kind, data) in self
            .server
            .events
            .clone()
            .into_iter()
            .skip(self.delivered)
            .take(count)
        {
            self.delivered += 1;
            let id = self.delivered.to_string();
            let arrivals = [arrival(&id, &kind, &data)].into();
            self.inbox()
                .file(&arrivals, Cursor::At(id), now, |_| QUIET)
                .unwrap();
        }
    }

    fn next(&mut self, now: i64) -> Next {
        let wanted = self.outbox.wanted();
        self.inbox().next_action(now, wanted).unwrap()
    }

    fn send(&mut self, reaction: Reaction) {
        let (now, instant) = (self.now, self.instant());
        if self.outbox.due().is_none_or(|due| due > instant) {
            return;
        }
        let next = self.next(now);
        let Some((number, action)) = self.outbox.on_next(next, instant) else {
            return;
        };
        assert!(!self.in_memory, "nothing is sent that is not stored");
        let status = |(status, body)| Answer::Status {
            status,
            retry_after: None,
            body,
        };
        let answer = match reaction {
            Reaction::Answers => status(self.server.request(&action, false)),
            Reaction::Refuses => status(self.server.request(&action, true)),
            Reaction::LosesAnswer => {
                self.server.request(&action, false);
                Answer::Lost
            }
            Reaction::LosesRequest => Answer::Lost,
            Reaction::Fails => status((503, Body::Empty)),
        };
        if self.sent.last() != Some(&action.idempotency_key) {
            self.sent.push(action.idempotency_key.clone());
        }
        self.asked = Some((number, action, answer));
    }

    fn answer(&mut self) {
        let Some((number, action, answer)) = self.asked.take() else {
            return;
        };
        let (base, instant) = (Duration::from_secs(1), self.instant());
        let verdict = self
            .outbox
            .on_answer(number, &answer, base, instant, &mut self.rng)
            .unwrap();
        match verdict {
            Verdict::Done { refused, ignored } => {
                drop(self.inbox().finish_action(&action, &refused, ignored).unwrap());
            }
            Verdict::Kept => {}
            Verdict::NotOffered(kept) => {
                assert!(!self.server.abilities.extended, "{answer:?}");
                self.inbox().take_back_action(kept).unwrap();
            }
            Verdict::Singly => {
                assert!(
                    !self.server.abilities.bulk || !self.server.abilities.extended,
                    "{answer:?}"
                );
                self.inbox().take_back_action(MarkSet::NONE).unwrap();
            }
        }
    }

    /// Everything arrives, and nothing else happens.
    fn settle(&mut self) {
        self.step(Step::ReturnedToFile);
        for _ in 0..60 {
            self.deliver(usize::MAX);
            self.answer();
            self.send(Reaction::Answers);
            self.now += 60_000;
        }
        assert_eq!(self.asked.as_ref().map(|(_, action, _)| action), None);
        let now = self.now;
        assert_eq!(self.next(now), Next::Nothing);
    }

    fn check(&mut self) {
        let mut once = self.server.applied.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(
            once.len(),
            self.server.applied.len(),
            "an action was carried out twice"
        );
        let carried_out = self.sent.iter().filter(|key| self.server.applied.contains(key));
        assert!(carried_out.eq(&self.server.applied), "the order is another one");
        for item in 0..ITEMS {
            let here = self.inbox().item(&key(item)).unwrap();
            let here = here.map(|item| {
                assert!(!item.pending, "{}", item.key);
                [
                    item.seen_at,
                    item.read_at,
                    item.archived_at,
                    item.flagged_at,
                    item.snoozed_until,
                    item.acknowledged_at,
                ]
            });
            let there = self.server.marks.get(&item).copied();
            // A mark that nobody decided is not taken back, and what the server does not know is not compared.
            let compared = if self.server.abilities.extended {
                1..6
            } else {
                1..3
            };
            let [here_decided, there_decided] = [here, there].map(|marks| {
                marks.map(|marks| {
                    let mut places = marks.into_iter().enumerate().collect::<Vec<_>>();
                    places.retain(|(place, _)| compared.contains(place));
                    places
                        .into_iter()
                        .map(|(place, at)| at.map(|at| if place == SNOOZED { at } else { 0 }))
                        .collect::<Vec<_>>()
                })
            });
            assert_eq!(
                here_decided, there_decided,
                "item {item}: {here:?} here, {there:?} there"
            );
        }
    }
}

fn abilities() -> impl Strategy<Value = Abilities> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(extended, bulk, versions)| Abilities {
        extended,
        bulk,
        versions,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_store_and_the_server_agree_in_the_end(
        abilities in abilities(),
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut world = World::new(abilities);
        for step in steps {
            world.step(step);
        }
        world.settle();
        world.check();
    }
}
