//! The rows against a simple model: for any events in any order, and wherever the process is killed, each item that has
//! to alert is in exactly one answered notification or digest.

use std::collections::{BTreeMap, HashSet};

use gloria_core::alerts::DigestKind;
use gloria_core::inbox::{ShowRequest, Target};
use gloria_core::item::{AlertState, Mark, Reason};
use gloria_core::ports::{Answer, Delivery, NotificationHandle, ServiceState};
use proptest::prelude::*;
use serde_json::json;

use super::harness::{Harness, collected, file, handle, query, shown};
use crate::harness::arrival;

/// Few, so that the same items recur.
const ITEMS: u8 = 6;

/// What happens to one item in a batch.
#[derive(Debug, Clone, Copy)]
enum Event {
    Created(u8),
    /// The newest creation again, with its event id.
    Repeated(u8),
    Renamed(u8),
    ReadElsewhere(u8),
    Deleted(u8),
}

/// The gate's decision about a batch.
#[derive(Debug, Clone, Copy)]
enum Gate {
    Show,
    Missed,
    Burst,
    Urgent,
}

#[derive(Debug, Clone)]
enum Step {
    Filed(Vec<Event>, Gate),
    /// The core queries what is due while these collections grow, and may be killed before it requests it.
    Polled {
        growing: bool,
        killed_before: usize,
    },
    /// The service answers the oldest request: it shows or refuses it.
    Answered {
        shows: bool,
        recorded: bool,
    },
    Read(u8),
    AllRead,
    /// The user closes a notification.
    Closed,
    Hangs(bool),
    /// The service stops, with all that it shows and has not answered, and another one starts.
    Vanishes,
    Killed,
    LeftFile,
    ReturnedToFile,
    Minutes(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let item = 0..ITEMS;
    prop_oneof![
        5 => item.clone().prop_map(Event::Created),
        1 => item.clone().prop_map(Event::Repeated),
        1 => item.clone().prop_map(Event::Renamed),
        2 => item.clone().prop_map(Event::ReadElsewhere),
        1 => item.prop_map(Event::Deleted),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let gate = prop_oneof![
        3 => Just(Gate::Show),
        2 => Just(Gate::Missed),
        1 => Just(Gate::Burst),
        1 => Just(Gate::Urgent)
    ];
    prop_oneof![
        8 => (prop::collection::vec(event(), 1..5), gate).prop_map(|(events, gate)| Step::Filed(events, gate)),
        8 => (any::<bool>(), prop_oneof![4 => Just(usize::MAX), 1 => 0..3_usize])
            .prop_map(|(growing, killed_before)| Step::Polled { growing, killed_before }),
        8 => (prop::bool::weighted(0.8), prop::bool::weighted(0.9))
            .prop_map(|(shows, recorded)| Step::Answered { shows, recorded }),
        2 => (0..ITEMS).prop_map(Step::Read),
        1 => Just(Step::AllRead),
        1 => Just(Step::Closed),
        2 => any::<bool>().prop_map(Step::Hangs),
        1 => Just(Step::Vanishes),
        3 => Just(Step::Killed),
        1 => Just(Step::LeftFile),
        1 => Just(Step::ReturnedToFile),
        1 => (1..4_i64).prop_map(Step::Minutes),
    ]
}

/// The model's state of an item.
#[derive(Debug, Clone, Default)]
struct Known {
    title: String,
    event: Option<(String, String)>,
    is_handled: bool,
    is_deleted: bool,
    /// How often a separate notification was answered for this title.
    reported: u32,
    /// How many answers were not recorded because of a kill.
    lost_records: u32,
}

struct World {
    harness: Harness,
    items: BTreeMap<u8, Known>,
    /// Unanswered requests, with whether the core that sent them still runs.
    asked: Vec<(ShowRequest, bool)>,
    on_screen: HashSet<NotificationHandle>,
    service: ServiceState,
    /// Notifications whose answers were not recorded, so that they cannot be withdrawn.
    orphans: HashSet<NotificationHandle>,
    titles: u32,
    file_is_left: bool,
}

impl World {
    fn new() -> Self {
        Self {
            harness: Harness::new(),
            items: BTreeMap::new(),
            asked: Vec::new(),
            on_screen: HashSet::new(),
            service: ServiceState::Ready,
            orphans: HashSet::new(),
            titles: 0,
            file_is_left: false,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Filed(events, gate) => self.file(&events, gate),
            Step::Polled {
                growing,
                killed_before,
            } => self.poll(growing, killed_before),
            Step::Answered { shows, recorded } => self.answer(shows, recorded),
            Step::Read(item) => {
                let (key, now) = (format!("n:{item}"), self.harness.now.here);
                self.harness.inbox.mark(&[key], Mark::Read, now).unwrap();
                self.handled(item);
            }
            Step::AllRead => {
                self.harness.inbox.mark_all_read(self.harness.now.here).unwrap();
                for item in 0..ITEMS {
                    self.handled(item);
                }
            }
            Step::Closed => {
                if let Some(closed) = self.on_screen.iter().min_by_key(|handle| handle.id).cloned() {
                    self.on_screen.remove(&closed);
                    self.harness.inbox.record_withdrawn(&[closed]).unwrap();
                }
            }
            Step::Hangs(hangs) => self.on_service(if hangs {
                ServiceState::Hanging
            } else {
                ServiceState::Ready
            }),
            Step::Vanishes => {
                self.on_screen.clear();
                self.orphans.clear();
                for (ask, lives) in std::mem::take(&mut self.asked) {
                    if lives {
                        let now = self.harness.now.here;
                        self.harness
                            .inbox
                            .record(&ask.target, &Err(Reason::Lost), now)
                            .unwrap();
                    }
                }
                self.service = ServiceState::Absent;
                self.on_service(ServiceState::Ready);
            }
            // What was only done in memory is requested from the server again, which this model does not have.
            Step::Killed if self.file_is_left => {}
            Step::Killed => self.kill(),
            Step::LeftFile => {
                self.harness.inbox.fall_back_to_memory(true).unwrap();
                self.file_is_left = true;
            }
            Step::ReturnedToFile => {
                self.harness.inbox.return_to_file().unwrap();
                self.file_is_left = false;
            }
            Step::Minutes(minutes) => self.harness.pass(minutes * super::MINUTE),
        }
    }

    fn handled(&mut self, item: u8) {
        if let Some(known) = self.items.get_mut(&item) {
            known.is_handled = true;
        }
    }

    fn file(&mut self, events: &[Event], gate: Gate) {
        let mut arrivals = Vec::new();
        for event in events {
            match *event {
                Event::Created(item) => {
                    self.titles += 1;
                    let known = self.items.entry(item).or_default();
                    if known.is_deleted {
                        continue;
                    }
                    let title = format!("title {}", self.titles);
                    let data = json!({"id": item.to_string(), "title": title, "message": "m"});
                    let arrival = self.harness.event("notification.created", &data);
                    *known = Known {
                        title,
                        event: Some((arrival.event_id.clone(), data.to_string())),
                        ..Known::default()
                    };
                    arrivals.push(arrival);
                }
                Event::Repeated(item) => {
                    if let Some((id, data)) = self.items.get(&item).and_then(|known| known.event.clone()) {
                        arrivals.push(arrival(&id, "notification.created", &data));
                    }
                }
                Event::Renamed(item) => {
                    if let Some(known) = self.items.get_mut(&item).filter(|known| !known.is_deleted) {
                        let data = json!({"id": item.to_string(), "message": "another"});
                        known.is_handled |= false;
                        arrivals.push(self.harness.event("notification.updated", &data));
                    }
                }
                Event::ReadElsewhere(item) => {
                    if self.items.get(&item).is_some_and(|known| !known.is_deleted) {
                        let data = json!({"id": item.to_string(), "readAt": "2026-11-26T12:00:00Z"});
                        arrivals.push(self.harness.event("notification.updated", &data));
                        self.handled(item);
                    }
                }
                Event::Deleted(item) => {
                    if let Some(known) = self.items.get_mut(&item) {
                        known.is_deleted = true;
                        let data = json!({ "id": item.to_string() });
                        arrivals.push(self.harness.event("notification.deleted", &data));
                    }
                }
            }
        }
        if arrivals.is_empty() {
            return;
        }
        let items = &self.items;
        file(&mut self.harness.inbox, arrivals, self.harness.now, |posted| {
            let number: u8 = posted.item.key[2..].parse().unwrap();
            let known = &items[&number];
            assert!(!known.is_deleted, "a deleted item is not decided about");
            assert_eq!(posted.item.title, known.title);
            assert_eq!(posted.item.read_at.is_some(), known.is_handled);
            if known.is_handled {
                return gloria_core::alerts::Decision {
                    verdict: gloria_core::alerts::Verdict::Suppress,
                    reason: Reason::Handled,
                };
            }
            match gate {
                Gate::Show => shown(),
                Gate::Missed => collected(DigestKind::Missed),
                Gate::Burst => collected(DigestKind::Burst),
                Gate::Urgent => collected(DigestKind::Urgent),
            }
        });
    }

    fn poll(&mut self, growing: bool, killed_before: usize) {
        let mut query = query(self.harness.now);
        query.service = self.service;
        if growing {
            query.open_digests = vec![DigestKind::Missed, DigestKind::Burst];
        }
        let due = self.harness.inbox.due(&query).unwrap();
        if self.service == ServiceState::Hanging {
            assert_eq!(due.asks, [], "nothing is asked of a service that hangs");
        }
        for ask in due.asks {
            if let Target::Alert(_, key) = &ask.target {
                let known = &self.items[&key[2..].parse().unwrap()];
                assert!(!known.is_deleted && !known.is_handled, "{key} is not to be shown");
                assert_eq!(ask.title, known.title.as_str());
            }
            self.asked.push((ask, true));
        }
        if self.service == ServiceState::Ready {
            for withdrawn in &due.withdrawals {
                self.on_screen.remove(withdrawn);
            }
            if killed_before == 0 && !self.file_is_left {
                self.kill();
            } else {
                self.harness.inbox.record_withdrawn(&due.withdrawals).unwrap();
            }
        }
        assert!(self.asked.iter().filter(|(_, lives)| *lives).count() <= 16);
    }

    fn answer(&mut self, shows: bool, recorded: bool) {
        if self.asked.is_empty() || self.service != ServiceState::Ready {
            return;
        }
        let (ask, lives) = self.asked.remove(0);
        let recorded = lives && (recorded || self.file_is_left);
        let now = self.harness.now.here;
        if !shows {
            if recorded {
                self.harness
                    .inbox
                    .record(&ask.target, &Err(Reason::Lost), now)
                    .unwrap();
            } else if lives {
                self.kill();
            }
            return;
        }
        let replaced = ask
            .replaces
            .clone()
            .filter(|handle| self.on_screen.contains(handle));
        let shown = replaced.unwrap_or_else(|| {
            self.harness.last_id += 1;
            handle(self.harness.last_id)
        });
        self.on_screen.insert(shown.clone());
        if let Target::Alert(_, key) = &ask.target {
            let known = self.items.get_mut(&key[2..].parse().unwrap()).unwrap();
            if ask.title == known.title.as_str() {
                known.reported += 1;
                known.lost_records += u32::from(!recorded);
            }
        }
        if recorded {
            let answer = Answer {
                handle: shown,
                delivery: Delivery::Shown,
            };
            self.harness.inbox.record(&ask.target, &Ok(answer), now).unwrap();
        } else {
            self.orphans.insert(shown);
            if lives {
                self.kill();
            }
        }
    }

    fn on_service(&mut self, state: ServiceState) {
        let before = std::mem::replace(&mut self.service, state);
        if state == ServiceState::Ready && before != state {
            self.harness.inbox.resume_alerts(self.harness.now, &[]).unwrap();
        }
    }

    /// Requests are shown nevertheless; nobody receives the answers.
    fn kill(&mut self) {
        for (_, lives) in &mut self.asked {
            *lives = false;
        }
        self.harness.restart();
        // The service's state is determined again.
        self.service = ServiceState::Ready;
    }

    /// Lets everything recover: the service answers, and the core keeps running.
    fn settle(&mut self) {
        self.step(Step::ReturnedToFile);
        self.on_service(ServiceState::Ready);
        self.harness.inbox.resume_alerts(self.harness.now, &[]).unwrap();
        for _ in 0..100 {
            self.poll(false, usize::MAX);
            if self.asked.is_empty() {
                break;
            }
            while !self.asked.is_empty() {
                self.answer(true, true);
            }
        }
        self.poll(false, usize::MAX);
        assert!(self.asked.is_empty(), "it never ends");
    }

    fn check(&self) {
        let records = self.harness.inbox.alerts().unwrap();
        let digests = self.harness.inbox.digests().unwrap();
        for (item, known) in &self.items {
            let key = format!("n:{item}");
            let of_item: Vec<_> = records.iter().filter(|record| record.item == key).collect();
            assert!(
                of_item
                    .iter()
                    .all(|record| !matches!(record.state, AlertState::Pending | AlertState::Failed)),
                "{of_item:?}"
            );
            let stored = self.harness.inbox.item(&key).unwrap();
            assert_eq!(
                stored.is_some(),
                !known.is_deleted && known.event.is_some(),
                "{key}"
            );
            let Some(stored) = stored else { continue };
            assert_eq!(stored.title, known.title);
            assert_eq!(stored.read_at.is_some(), known.is_handled);
            assert!(
                known.reported <= 1 + known.lost_records,
                "{key} was shown {} times",
                known.reported
            );
            if known.is_handled {
                continue;
            }
            let newest = of_item.last().unwrap();
            match newest.state {
                AlertState::Shown => {
                    assert!(
                        newest.digest.is_none() && newest.answered_at.is_some(),
                        "{newest:?}"
                    );
                    assert!(known.reported >= 1, "{newest:?}");
                }
                AlertState::InDigest => {
                    let digest = digests.iter().find(|digest| Some(digest.id) == newest.digest);
                    assert!(digest.is_some() && newest.answered_at.is_some(), "{newest:?}");
                    assert_eq!(
                        known.reported, known.lost_records,
                        "shown by itself and in a digest"
                    );
                }
                AlertState::Pending | AlertState::Failed | AlertState::Suppressed | AlertState::Withdrawn => {
                    panic!("{key} was not told of: {newest:?}")
                }
            }
        }
        for digest in &digests {
            let members = records.iter().filter(|record| record.digest == Some(digest.id));
            assert!(members.count() <= digest.members as usize, "more than it said");
        }
        // No read or removed item is on screen, unless its notification was not recorded.
        let mut standing: HashSet<NotificationHandle> = self.orphans.clone();
        let shown = records
            .iter()
            .filter(|record| record.state == AlertState::Shown)
            .filter_map(|record| record.handle.clone());
        standing.extend(shown);
        let in_use = digests.iter().filter(|digest| {
            records
                .iter()
                .any(|record| record.digest == Some(digest.id) && record.state == AlertState::InDigest)
        });
        standing.extend(in_use.filter_map(|digest| digest.handle.clone()));
        let left: Vec<_> = self.on_screen.difference(&standing).collect();
        assert!(left.is_empty(), "{left:?} stays on screen");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_item_is_reported_once_wherever_the_process_is_killed(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.settle();
        world.check();
    }
}
