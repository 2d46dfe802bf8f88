//! Many clients and one service, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::client::{Answer, Client, Policy};

/// How finely time is counted. A peak is the fullest second that begins at any of these.
const STEP: Duration = Duration::from_millis(100);
const STEPS_A_SECOND: usize = 10;

/// Longer than any client here stays away.
const HORIZON: Duration = Duration::from_secs(2 * 60 * 60);

/// The connections were up for so long before the first cut that the machine takes the server for proven.
const UPTIME: Duration = Duration::from_secs(10 * 60);

/// What a service takes that does not take all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    /// One client in so many is let in within one second.
    pub(super) one_in: usize,
    /// What the others are asked to wait.
    pub(super) retry_after: Duration,
}

/// What happens to the service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// What files are called after it.
    pub(super) slug: &'static str,
    /// What people call it.
    pub(super) name: &'static str,
    /// Servers behind one address. A dial reaches one of those that are up.
    pub(super) nodes: u32,
    /// How long each of them is down, with all its connections cut as it goes down.
    pub(super) down: Duration,
    /// From one server's going down to the next one's.
    pub(super) apart: Duration,
    /// How many are let in within one second; the rest gets 503 and is asked to wait.
    pub(super) capacity: Option<Capacity>,
}

impl Scenario {
    /// When a server goes down and when it is back, from the start.
    fn outage(&self, node: u32) -> (Duration, Duration) {
        let from = self.apart * node;
        (from, from + self.down)
    }

    fn is_up(&self, node: u32, at: Duration) -> bool {
        let (from, to) = self.outage(node);
        at < from || at >= to
    }

    /// When servers are down.
    pub(super) fn outages(&self) -> impl Iterator<Item = (Duration, Duration)> {
        (0..self.nodes).map(|node| self.outage(node))
    }

    /// When all is well again.
    pub(super) fn back(&self) -> Duration {
        self.outage(self.nodes - 1).1
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Attempts in each second, those that nobody answered included.
    pub(super) attempts: Vec<u32>,
    /// The most answered attempts within one second.
    pub(super) peak: u32,
    /// All attempts.
    pub(super) requests: u64,
    /// From the service's return until 99 % of the clients are connected for good.
    pub(super) settled: Duration,
    /// The mean of the windows that the waits were drawn from after which the service answered for the first time.
    pub(super) window: Duration,
    /// The most clients that one server's end cut off.
    pub(super) largest_cut: u32,
}

impl Outcome {
    /// The clients of one cut, spread evenly over the window, a second.
    pub(super) fn ideal(&self) -> f64 {
        f64::from(self.largest_cut) / self.window.as_secs_f64()
    }
}

/// One client's place in the simulation.
struct Seat {
    client: Client,
    node: Option<u32>,
    /// What its wait was drawn from, until it is answered for the first time after a cut.
    window: Option<Duration>,
    connected_at: Duration,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A server goes down.
    Down(u32),
    /// A client dials.
    Dial(usize),
}

/// Lets it happen to so many clients.
pub(super) fn simulate(scenario: &Scenario, policy: Policy, clients: usize, seed: u64) -> Outcome {
    let mut rng = fastrand::Rng::with_seed(seed);
    let origin = Instant::now();
    // The machine wants an instant; everything here is counted from the first cut.
    let start = origin + UPTIME;
    let mut seats: Vec<_> = (0..clients)
        .map(|index| Seat {
            client: Client::connected(policy, rng.u64(..), origin),
            node: Some((index % scenario.nodes as usize) as u32),
            window: None,
            connected_at: Duration::ZERO,
        })
        .collect();
    let mut events: BinaryHeap<_> = (0..scenario.nodes)
        .map(|node| Reverse((scenario.outage(node).0, Event::Down(node))))
        .collect();
    let mut counts = Counts {
        capacity: scenario
            .capacity
            .map(|Capacity { one_in, retry_after }| ((clients / one_in) as u32, retry_after)),
        ..Counts::default()
    };
    let (mut windows, mut answered, mut largest_cut) = (Duration::ZERO, 0_u32, 0);
    while let Some(Reverse((at, event))) = events.pop() {
        if at > HORIZON {
            break;
        }
        let now = start + at;
        match event {
            Event::Down(node) => {
                let mut cut = 0;
                for (index, seat) in seats.iter_mut().enumerate() {
                    if seat.node.take_if(|of| *of == node).is_none() {
                        continue;
                    }
                    cut += 1;
                    if let Some(wait) = seat.client.cut(now) {
                        seat.window = Some(wait.window);
                        events.push(Reverse((wait.until - start, Event::Dial(index))));
                    }
                }
                largest_cut = largest_cut.max(cut);
            }
            Event::Dial(index) => {
                let Some(seat) = seats.get_mut(index) else {
                    continue;
                };
                let up: Vec<_> = (0..scenario.nodes)
                    .filter(|node| scenario.is_up(*node, at))
                    .collect();
                let node = rng.choice(up);
                let answer = counts.answer(at, node.is_some());
                if node.is_some()
                    && let Some(window) = seat.window.take()
                {
                    windows += window;
                    answered += 1;
                }
                match seat.client.dial(now, answer) {
                    Some(wait) => {
                        if node.is_none() {
                            seat.window = Some(wait.window);
                        }
                        events.push(Reverse((wait.until - start, Event::Dial(index))));
                    }
                    None => {
                        seat.node = node;
                        seat.connected_at = at;
                    }
                }
            }
        }
    }
    let mut connected: Vec<_> = seats
        .iter()
        .map(|seat| seat.node.map_or(HORIZON, |_| seat.connected_at))
        .collect();
    connected.sort_unstable();
    let settled = connected
        .get((clients * 99).div_ceil(100).saturating_sub(1))
        .copied()
        .unwrap_or(HORIZON);
    Outcome {
        peak: counts.peak(),
        requests: counts.attempts.iter().map(|count| u64::from(*count)).sum(),
        attempts: counts.attempts_a_second(),
        settled: settled.saturating_sub(scenario.back()),
        window: windows / answered.max(1),
        largest_cut,
    }
}

/// Attempts by time.
#[derive(Debug, Default)]
struct Counts {
    attempts: Vec<u32>,
    answered: Vec<u32>,
    /// How many clients are let in within one second, and what the others are asked to wait.
    capacity: Option<(u32, Duration)>,
    /// The second that clients are being let in in, and how many were.
    accepted: (u64, u32),
}

impl Counts {
    fn answer(&mut self, at: Duration, up: bool) -> Answer {
        let step = (at.as_nanos() / STEP.as_nanos()) as usize;
        count(&mut self.attempts, step);
        if !up {
            return Answer::Refused;
        }
        count(&mut self.answered, step);
        let Some((capacity, after)) = self.capacity else {
            return Answer::Accepted;
        };
        if self.accepted.0 != at.as_secs() {
            self.accepted = (at.as_secs(), 0);
        }
        if self.accepted.1 == capacity {
            return Answer::Busy(after);
        }
        self.accepted.1 += 1;
        Answer::Accepted
    }

    fn peak(&self) -> u32 {
        let seconds = (0..self.answered.len()).map(|from| {
            let to = (from + STEPS_A_SECOND).min(self.answered.len());
            self.answered[from..to].iter().sum()
        });
        seconds.max().unwrap_or_default()
    }

    fn attempts_a_second(&self) -> Vec<u32> {
        self.attempts
            .chunks(STEPS_A_SECOND)
            .map(|steps| steps.iter().sum())
            .collect()
    }
}

fn count(counts: &mut Vec<u32>, step: usize) {
    if counts.len() <= step {
        counts.resize(step + 1, 0);
    }
    counts[step] += 1;
}
