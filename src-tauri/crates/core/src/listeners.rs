//! Listeners to the server's events, and their queues.
//!
//! Listeners are separate from the state: they get the events that arrive while they listen, in order, after their
//! effects were stored. A new listener gets no earlier events, and none ever blocks the core.

mod convert;
mod types;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

pub use self::types::EventTypes;
use crate::event::Event;
use crate::protocol::{ListenerMessage, ReceivedEvent, ServerEvent};

/// Events that a listener may lag behind. More than a batch, so that one that keeps reading misses nothing of a long
/// replay; few enough that a replay of a hundred thousand events does not stay in memory.
pub(crate) const LISTENER_CAPACITY: usize = 1024;

/// How long a replay waits for a listener that reads nothing. One that is alive reads within milliseconds; a hung page
/// is recognised and restarted after a longer time.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(5);

/// What listeners get of an event that is no list; `None` for those that this app makes of unreadable ones.
pub(crate) fn server_event(event: &Event) -> Option<ServerEvent> {
    convert::wanted_of(event, EventTypes::ALL)
        .next()
        .map(|(_, event)| event)
}

/// All listeners of a core. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// The union of the types that listeners want, so that an unwanted event costs only this check.
    wanted: AtomicU16,
    registered: Mutex<Registered>,
}

#[derive(Default)]
struct Registered {
    queues: Vec<Arc<Queue>>,
    /// The core has ended.
    closed: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// The listener has something to read.
    changed: Notify,
    /// The listener has read something, or wants no more.
    taken: Notify,
}

impl Queue {
    fn has_room(&self, types: EventTypes, events: usize) -> bool {
        let waiting = lock(&self.waiting);
        let is_concerned = !waiting.closed && waiting.types.0 & types.0 != 0;
        // One that has missed events already is behind, and nobody waits for it once more.
        !is_concerned || waiting.missed > 0 || waiting.events.len() + events <= LISTENER_CAPACITY
    }
}

#[derive(Default)]
struct Waiting {
    types: EventTypes,
    events: VecDeque<Arc<ReceivedEvent>>,
    /// Events that were dropped after those in the queue.
    missed: u64,
    closed: bool,
}

impl fmt::Debug for Listeners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Listeners")
            .field("wanted", &self.wanted())
            .finish_non_exhaustive()
    }
}

/// No code panics while it holds this lock, so the data behind a poisoned lock is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listeners {
    /// Queues events of these types for the listener from now on.
    pub(crate) fn listen(&self, types: EventTypes) -> EventListener {
        let queue = Arc::new(Queue::default());
        let mut registered = lock(&self.0.registered);
        {
            let mut waiting = lock(&queue.waiting);
            waiting.types = types;
            waiting.closed = registered.closed;
        }
        if !registered.closed {
            registered.queues.push(Arc::clone(&queue));
            self.count_wanted(&registered);
        }
        EventListener {
            listeners: self.clone(),
            queue,
        }
    }

    /// Whether there is any listener.
    pub(crate) fn is_any_registered(&self) -> bool {
        !self.wanted().is_empty()
    }

    fn wanted(&self) -> EventTypes {
        EventTypes(self.0.wanted.load(Ordering::Relaxed))
    }

    fn count_wanted(&self, registered: &Registered) {
        let types = registered.queues.iter().map(|queue| lock(&queue.waiting).types.0);
        self.0
            .wanted
            .store(types.fold(0, |all, types| all | types), Ordering::Relaxed);
    }

    /// The parts of an event that listeners want, each with its index in the event.
    pub(crate) fn wanted_of(
        &self,
        event: &Event,
        last_event_id: &str,
        missed: bool,
    ) -> Vec<(usize, ReceivedEvent)> {
        let wanted = self.wanted();
        if wanted.is_empty() {
            return Vec::new();
        }
        let last_event_id = Some(last_event_id).filter(|id| !id.is_empty());
        let received = |(part, event)| {
            let received = ReceivedEvent {
                event,
                last_event_id: last_event_id.map(str::to_owned),
                missed,
                replayed: false,
            };
            (part, received)
        };
        convert::wanted_of(event, wanted).map(received).collect()
    }

    /// Adds an event to the queues of its listeners. Never waits.
    pub(crate) fn publish(&self, event: ReceivedEvent) {
        let event_type = event.event.event_type();
        if !self.wanted().contains(event_type) {
            return;
        }
        let event = Arc::new(event);
        for queue in &lock(&self.0.registered).queues {
            let mut waiting = lock(&queue.waiting);
            if !waiting.types.contains(event_type) {
                continue;
            }
            // A listener that missed events gets no later ones before it has been informed.
            if waiting.missed > 0 || waiting.events.len() >= LISTENER_CAPACITY {
                waiting.missed += 1;
            } else {
                waiting.events.push_back(Arc::clone(&event));
            }
            drop(waiting);
            queue.changed.notify_one();
        }
    }

    /// Waits until every listener to these types has room for this many events, or has ended. One that does not make
    /// room within [`REPLAY_TIMEOUT`] misses some, which it is informed of, and is not waited for before it reads.
    pub(crate) async fn room(&self, types: EventTypes, events: usize) {
        let queues = lock(&self.0.registered).queues.clone();
        for queue in queues {
            let has_room = async {
                loop {
                    // Before the check: what is read from then on ends the wait.
                    let taken = queue.taken.notified();
                    if queue.has_room(types, events) {
                        break;
                    }
                    taken.await;
                }
            };
            // Nothing is lost by giving up: what does not fit is counted and reported.
            let _ = timeout(REPLAY_TIMEOUT, has_room).await;
        }
    }

    /// The core has ended: listeners read their queues to the end, and then get `None`.
    pub(crate) fn close(&self) {
        let mut registered = lock(&self.0.registered);
        registered.closed = true;
        for queue in registered.queues.drain(..) {
            lock(&queue.waiting).closed = true;
            queue.changed.notify_one();
            queue.taken.notify_waiters();
        }
        self.count_wanted(&registered);
    }

    fn remove(&self, queue: &Arc<Queue>) {
        let mut registered = lock(&self.0.registered);
        registered.queues.retain(|other| !Arc::ptr_eq(other, queue));
        lock(&queue.waiting).closed = true;
        queue.taken.notify_waiters();
        self.count_wanted(&registered);
    }
}

/// Events of some types, until it is dropped.
///
/// It survives a crash of the core: it gets events that arrive meanwhile from the next core.
pub struct EventListener {
    listeners: Listeners,
    queue: Arc<Queue>,
}

impl fmt::Debug for EventListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = lock(&self.queue.waiting);
        formatter
            .debug_struct("EventListener")
            .field("types", &waiting.types)
            .field("waiting", &waiting.events.len())
            .finish_non_exhaustive()
    }
}

impl EventListener {
    /// The next event, or how many were dropped in its place. `None` when the core has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<ListenerMessage> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            // `Notify` keeps a permit for an event since the check above.
            self.queue.changed.notified().await;
        }
    }

    /// `None` while the queue is empty; `Some(None)` at the end.
    fn take(&mut self) -> Option<Option<ListenerMessage>> {
        let mut waiting = lock(&self.queue.waiting);
        self.queue.taken.notify_waiters();
        if let Some(event) = waiting.events.pop_front() {
            return Some(Some(ListenerMessage::Event(Box::new(Arc::unwrap_or_clone(
                event,
            )))));
        }
        match std::mem::take(&mut waiting.missed) {
            0 => waiting.closed.then_some(None),
            missed => Some(Some(ListenerMessage::Missed(missed))),
        }
    }

    /// Listens to other types from now on. Queued events of types that are no longer selected are dropped.
    pub(crate) fn set_types(&mut self, types: EventTypes) {
        let registered = lock(&self.listeners.0.registered);
        {
            let mut waiting = lock(&self.queue.waiting);
            waiting.types = types;
            waiting
                .events
                .retain(|event| types.contains(event.event.event_type()));
            if types.is_empty() {
                waiting.missed = 0;
            }
            self.queue.taken.notify_waiters();
        }
        self.listeners.count_wanted(&registered);
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        self.listeners.remove(&self.queue);
    }
}

/// Closes the listeners when the last sender is dropped.
#[derive(Debug)]
pub(crate) struct CloseListeners(pub(crate) Listeners);

impl Drop for CloseListeners {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{EventType, HeartbeatData, ServerEvent, UserStatusData};

    fn heartbeat() -> ReceivedEvent {
        received(ServerEvent::Heartbeat(HeartbeatData {}))
    }

    fn status(status: usize) -> ReceivedEvent {
        received(ServerEvent::UserStatusChanged(UserStatusData {
            user_id: "u".into(),
            status: status.to_string(),
        }))
    }

    fn received(event: ServerEvent) -> ReceivedEvent {
        ReceivedEvent {
            event,
            last_event_id: None,
            missed: false,
            replayed: false,
        }
    }

    fn event(event: ReceivedEvent) -> ListenerMessage {
        ListenerMessage::Event(Box::new(event))
    }

    fn read(listener: &mut EventListener) -> Option<Option<ListenerMessage>> {
        listener.next().now_or_never()
    }

    #[test]
    fn only_who_listens_to_a_type_gets_it_and_only_while_it_does() {
        let listeners = Listeners::default();
        listeners.publish(heartbeat());
        let mut pulse = listeners.listen(EventTypes::from_iter([EventType::Heartbeat]));
        let mut users = listeners.listen(EventTypes::from_iter([EventType::UserStatusChanged]));
        assert_eq!(read(&mut pulse), None, "nothing of before");
        listeners.publish(status(1));
        listeners.publish(heartbeat());
        assert_eq!(read(&mut pulse), Some(Some(event(heartbeat()))));
        assert_eq!(read(&mut pulse), None);
        assert_eq!(read(&mut users), Some(Some(event(status(1)))));

        listeners.publish(status(2));
        users.set_types(EventTypes::from_iter([EventType::Heartbeat]));
        assert_eq!(read(&mut users), None, "what waited is not wanted any more");
        drop(pulse);
        assert!(listeners.wanted().contains(EventType::Heartbeat), "one is left");
        drop(users);
        assert!(listeners.wanted().is_empty());
    }

    #[test]
    fn a_listener_that_does_not_read_learns_how_many_it_missed() {
        let listeners = Listeners::default();
        let mut slow = listeners.listen(EventTypes::ALL);
        for number in 0..LISTENER_CAPACITY + 10 {
            listeners.publish(status(number));
        }
        for number in 0..LISTENER_CAPACITY {
            assert_eq!(read(&mut slow), Some(Some(event(status(number)))));
            // There is room again, but events before this one are missing.
            if number == 5 {
                listeners.publish(status(9999));
            }
        }
        assert_eq!(read(&mut slow), Some(Some(ListenerMessage::Missed(11))));
        listeners.publish(heartbeat());
        assert_eq!(read(&mut slow), Some(Some(event(heartbeat()))));
        assert_eq!(read(&mut slow), None);
    }

    #[test]
    fn at_the_end_of_the_core_what_waits_is_read_and_then_the_end() {
        let listeners = Listeners::default();
        let end = CloseListeners(listeners.clone());
        let mut listener = listeners.listen(EventTypes::ALL);
        listeners.publish(heartbeat());
        drop(end);
        assert_eq!(read(&mut listener), Some(Some(event(heartbeat()))));
        assert_eq!(read(&mut listener), Some(None));
        assert_eq!(
            read(&mut listeners.listen(EventTypes::ALL)),
            Some(None),
            "too late"
        );
    }

    #[tokio::test]
    async fn a_listener_that_waits_is_woken() {
        let listeners = Listeners::default();
        let mut listener = listeners.listen(EventTypes::ALL);
        let waiting = tokio::spawn(async move { listener.next().await });
        tokio::task::yield_now().await;
        listeners.publish(heartbeat());
        assert_eq!(waiting.await.unwrap(), Some(event(heartbeat())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_waits_for_whoever_reads_and_once_for_whoever_does_not() {
        let listeners = Listeners::default();
        let mut reads = listeners.listen(EventTypes::ALL);
        let mut is_stuck = listeners.listen(EventTypes::ALL);
        let _uninvolved = listeners.listen(EventTypes::from_iter([EventType::Heartbeat]));
        let users = EventTypes::from_iter([EventType::UserStatusChanged]);
        let began = tokio::time::Instant::now();
        let reading = tokio::spawn(async move {
            for number in 0..LISTENER_CAPACITY * 3 {
                assert_eq!(reads.next().await, Some(event(status(number))));
            }
        });
        for page in 0..LISTENER_CAPACITY * 3 / 256 {
            listeners.room(users, 256).await;
            for number in page * 256..(page + 1) * 256 {
                listeners.publish(status(number));
            }
        }
        reading.await.unwrap();
        assert_eq!(began.elapsed(), REPLAY_TIMEOUT);
        for number in 0..LISTENER_CAPACITY {
            assert_eq!(read(&mut is_stuck), Some(Some(event(status(number)))));
        }
        let missed = ListenerMessage::Missed(LISTENER_CAPACITY as u64 * 2);
        assert_eq!(read(&mut is_stuck), Some(Some(missed)));
    }

    proptest! {
        /// Every event is read or counted as missed, in order, however publishing and reading are interleaved.
        #[test]
        fn nothing_disappears(reads in prop::collection::vec(0_usize..700, 1..6)) {
            let listeners = Listeners::default();
            let mut listener = listeners.listen(EventTypes::ALL);
            let (mut sent, mut accounted) = (0, 0);
            for wanted in reads {
                for _ in 0..400 {
                    listeners.publish(status(sent));
                    sent += 1;
                }
                for _ in 0..wanted {
                    match read(&mut listener) {
                        Some(Some(ListenerMessage::Event(event))) => {
                            prop_assert_eq!(*event, status(accounted));
                            accounted += 1;
                        }
                        Some(Some(ListenerMessage::Missed(missed))) => accounted += missed as usize,
                        None | Some(None) => break,
                    }
                }
            }
            while let Some(Some(message)) = read(&mut listener) {
                accounted += match message {
                    ListenerMessage::Event(_) => 1,
                    ListenerMessage::Missed(missed) => missed as usize,
                };
            }
            prop_assert_eq!(accounted, sent);
        }
    }
}
