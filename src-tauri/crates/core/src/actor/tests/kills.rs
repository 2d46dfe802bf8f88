//! The actor, its inbox file and a notification service, compared with a simple model while the core is dropped at any
//! await: requested but not answered, answered but not recorded, or partly stored.
//!
//! Everything runs on one thread with a clock that stands still while there is work, so that a case can be shrunk and
//! repeated. An answer that was not recorded is accepted only if the kill happened in the same instant as the answer.

mod service;
mod verdict;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloria_stream::Status;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::item::Mark;
use crate::protocol::MarkRequest;
use service::{Mode, Service};

const SERVER: &str = "http://127.0.0.1:9/api/v1";

/// An event of the server about an item; `u8` selects one of the existing items.
#[derive(Debug, Clone, Copy)]
enum Event {
    Created(Weight, Made),
    /// A new title for a known id.
    News(u8, Weight),
    Read(u8),
    Deleted(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Low,
    Normal,
    Urgent,
}

/// The creation time that the server sends.
#[derive(Debug, Clone, Copy)]
enum Made {
    Now,
    Unsaid,
    AnHourAgo,
}

#[derive(Debug, Clone)]
enum Step {
    Said(Vec<Event>),
    /// A new connection, which repeats the newest events.
    Reconnected(u8),
    Service(Mode),
    /// The service stops; another one starts when its mode is set.
    Vanished {
        lost_first: bool,
    },
    /// The user reads an item in the window.
    Marked(u8),
    /// The user clicks the newest notification, which closes it.
    Clicked,
    Millis(u32),
}

#[derive(Debug, Clone)]
struct Life {
    steps: Vec<Step>,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    /// Dropped after this number of polls, or at the end.
    Killed(u32),
    Orderly,
}

fn event() -> impl Strategy<Value = Event> {
    let weight = prop_oneof![1 => Just(Weight::Low), 5 => Just(Weight::Normal), 2 => Just(Weight::Urgent)];
    let made = prop_oneof![2 => Just(Made::Now), 1 => Just(Made::Unsaid), 2 => Just(Made::AnHourAgo)];
    prop_oneof![
        8 => (weight.clone(), made).prop_map(|(weight, made)| Event::Created(weight, made)),
        2 => (any::<u8>(), weight).prop_map(|(item, weight)| Event::News(item, weight)),
        2 => any::<u8>().prop_map(Event::Read),
        2 => any::<u8>().prop_map(Event::Deleted),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![
        3 => Just(Mode::Answers),
        1 => (1..3000_u32).prop_map(Mode::Slow),
        1 => Just(Mode::Refuses),
        1 => Just(Mode::Hangs),
        1 => Just(Mode::Paused),
    ];
    prop_oneof![
        10 => prop::collection::vec(event(), 1..10).prop_map(Step::Said),
        2 => (0..6_u8).prop_map(Step::Reconnected),
        5 => mode.prop_map(Step::Service),
        1 => any::<bool>().prop_map(|lost_first| Step::Vanished { lost_first }),
        2 => any::<u8>().prop_map(Step::Marked),
        2 => Just(Step::Clicked),
        8 => prop_oneof![Just(0), 1..300_u32, 1000..40_000_u32].prop_map(Step::Millis),
        1 => Just(Step::Millis(200_000)),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let end = prop_oneof![
        4 => (1..30_u32).prop_map(End::Killed),
        4 => (1..400_u32).prop_map(End::Killed),
        1 => Just(End::Orderly),
    ];
    (prop::collection::vec(step(), 1..10), end).prop_map(|(steps, end)| Life { steps, end })
}

/// One title of an item.
#[derive(Debug, Clone)]
struct Version {
    title: String,
    weight: Weight,
}

/// The model's state of an item.
#[derive(Debug, Clone, Default)]
struct Known {
    versions: Vec<Version>,
    is_read: bool,
    is_deleted: bool,
}

struct Said {
    event: &'static str,
    data: String,
}

struct World {
    home: TempDir,
    wall: SystemTime,
    service: Arc<Service>,
    said: Vec<Said>,
    items: BTreeMap<String, Known>,
}

/// A future that is dropped after this number of polls.
struct Killed<F> {
    core: Pin<Box<F>>,
    polls_left: u32,
}

impl<F: Future<Output = ()>> Future for Killed<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polls_left == 0 {
            return Poll::Ready(());
        }
        self.polls_left -= 1;
        self.core.as_mut().poll(context)
    }
}

impl World {
    fn new() -> Self {
        crate::inbox::in_place::switch_on();
        Self {
            home: tempfile::tempdir().unwrap(),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000),
            service: Arc::default(),
            said: Vec::new(),
            items: BTreeMap::new(),
        }
    }

    fn setup(&self, clock: Arc<TestClock>) -> Setup {
        let mut setup = setup(self.home.path());
        setup.environment = Arc::new(|name| match name {
            "GLORIA_API_URL" => Some(SERVER.to_owned()),
            "GLORIA_TOKEN" => Some("token".to_owned()),
            _ => None,
        });
        setup.ports.notifications = self.service.clone();
        setup.ports.clock = clock;
        setup
    }

    /// Runs a core from its start to its end.
    fn live(&mut self, life: &Life) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = Arc::new(TestClock {
                began: (self.wall, Instant::now()),
            });
            self.service.begin_run();
            let mut actor = Actor::new(self.setup(clock.clone())).unwrap();
            let (handle, mut inlet) = inlet();
            let cursor = actor.store.cursor().and_then(|cursor| cursor.parse().ok());
            actor.open_stream();
            let deliveries = actor.link.feed();
            let core = async move {
                actor.on_first_notification_events().await;
                actor.resume_alerts().await;
                if actor.serve(&mut inlet).await == Ending::Asked {
                    actor.finish().await;
                }
            };
            let core = Killed {
                core: Box::pin(core),
                polls_left: match life.end {
                    End::Killed(polls) => polls,
                    End::Orderly => u32::MAX,
                },
            };
            let driving = async {
                self.connect(&deliveries, cursor.unwrap_or(0)).await;
                for step in &life.steps {
                    self.step(step, &handle, &deliveries, &clock).await;
                }
                if matches!(life.end, End::Orderly) {
                    handle.stop.send_replace(true);
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                () = core => {}
                () = driving => {}
            }
            self.wall = clock.wall();
            // The process is gone, and with it every pending request.
            self.service.end_run(&verdict::left(self.home.path()));
        });
    }

    async fn connect(&self, deliveries: &mpsc::Sender<Delivery>, after: usize) {
        for status in [
            Status::Connecting { attempt: 0 },
            Status::Connected {
                since: Instant::now().into_std(),
            },
        ] {
            deliveries.send(Delivery::Status(status)).await.unwrap();
        }
        self.send(deliveries, after).await;
    }

    /// Sends the events after the one with this number.
    async fn send(&self, deliveries: &mpsc::Sender<Delivery>, after: usize) {
        let frames: Vec<_> = (after..self.said.len())
            .map(|place| Frame {
                event: self.said[place].event.into(),
                data: self.said[place].data.clone(),
                id: (place + 1).to_string().into(),
            })
            .collect();
        if !frames.is_empty() {
            let frames = Frames {
                received: Instant::now().into_std(),
                epoch: Epoch::default(),
                frames,
            };
            deliveries.send(Delivery::Frames(frames)).await.unwrap();
        }
    }

    async fn step(
        &mut self,
        step: &Step,
        handle: &CoreHandle,
        deliveries: &mpsc::Sender<Delivery>,
        clock: &TestClock,
    ) {
        match step {
            Step::Said(events) => {
                let after = self.said.len();
                for event in events {
                    self.say(*event, clock.wall());
                }
                self.send(deliveries, after).await;
            }
            Step::Reconnected(again) => {
                let after = self.said.len().saturating_sub(usize::from(*again));
                self.connect(deliveries, after).await;
            }
            Step::Service(mode) => self.service.be(*mode),
            Step::Vanished { lost_first } => self.service.vanish(*lost_first),
            Step::Marked(item) => {
                if let Some(key) = self.pick(*item) {
                    let keys = vec![key];
                    // Fails if the core is killed before it answers, even if it has already set the mark. The rows show
                    // which.
                    let _ = handle
                        .inbox_mark(MarkRequest {
                            keys,
                            mark: Mark::Read,
                        })
                        .await;
                }
            }
            Step::Clicked => self.service.click(),
            Step::Millis(millis) => {
                tokio::time::sleep(Duration::from_millis(u64::from(*millis))).await;
            }
        }
    }

    /// Returns the key of one of the existing items.
    fn pick(&self, number: u8) -> Option<String> {
        let there: Vec<_> = self.items.iter().filter(|(_, known)| !known.is_deleted).collect();
        let place = usize::from(number).checked_rem(there.len())?;
        Some(there[place].0.clone())
    }

    fn say(&mut self, event: Event, wall: SystemTime) {
        match event {
            Event::Created(weight, made) => {
                let key = format!("n:{}", self.items.len());
                self.post(key, weight, made, wall);
            }
            Event::News(item, weight) => {
                if let Some(key) = self.pick(item) {
                    self.post(key, weight, Made::Now, wall);
                }
            }
            Event::Read(item) => {
                if let Some(key) = self.pick(item) {
                    self.items.get_mut(&key).unwrap().is_read = true;
                    let read_at = crate::connection::epoch_millis(wall);
                    self.push(
                        "notification.updated",
                        &json!({"id": key[2..], "readAt": read_at}),
                    );
                }
            }
            Event::Deleted(item) => {
                if let Some(key) = self.pick(item) {
                    self.items.get_mut(&key).unwrap().is_deleted = true;
                    self.push("notification.deleted", &json!({"id": key[2..]}));
                }
            }
        }
    }

    fn post(&mut self, key: String, weight: Weight, made: Made, wall: SystemTime) {
        let known = self.items.entry(key.clone()).or_default();
        let title = format!("item {key} version {}", known.versions.len() + 1);
        let priority = match weight {
            Weight::Low => "low",
            Weight::Normal => "normal",
            Weight::Urgent => "urgent",
        };
        let mut data = json!({"id": key[2..], "title": title, "message": "m", "priority": priority});
        let now = crate::connection::epoch_millis(wall);
        match made {
            Made::Now => data["createdAt"] = now.into(),
            Made::Unsaid => {}
            Made::AnHourAgo => data["createdAt"] = (now - 60 * 60 * 1000).into(),
        }
        known.versions.push(Version { title, weight });
        known.is_read = false;
        self.push("notification.created", &data);
    }

    fn push(&mut self, event: &'static str, data: &Value) {
        self.said.push(Said {
            event,
            data: data.to_string(),
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn wherever_the_core_is_dropped_everything_is_stored_and_announced_exactly_once(
        lives in prop::collection::vec(life(), 2..5),
    ) {
        let mut world = World::new();
        for life in &lives {
            world.live(life);
        }
        // Everything recovers, and no more events arrive.
        world.service.be(Mode::Answers);
        for _ in 0..2 {
            world.live(&Life { steps: vec![Step::Millis(600_000)], end: End::Orderly });
        }
        world.check();
    }
}
