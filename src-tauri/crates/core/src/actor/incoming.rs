//! Processes the deliveries of the stream: stores them in the inbox, then passes them through the alert gate.

use std::collections::VecDeque;
use std::sync::Arc;

use gloria_stream::{Command, Delivery, Frame, Frames, Status};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::{Actor, Report};
use crate::connection::outage::OutageNews;
use crate::event::refusal;
use crate::event::{self, ConnectionEstablished, DecodeContext, DecodeError, Event, Undecoded, UserChange};
use crate::fingerprint::fingerprint;
use crate::inbox::{Arrival, Cursor, Effect, FirstOccurrence, Now, Origin, notices};
use crate::listeners::LISTENER_CAPACITY;
use crate::message;
use crate::metrics::{self, Outcome};
use crate::protocol::ReceivedEvent;

/// The number of events in one transaction: enough to make the cost of the commit small, few enough to appear without a
/// delay.
const MAX_BATCH: usize = 1000;

// A stored batch is published at once, so a listener that keeps up must have room for it.
const _: () = assert!(MAX_BATCH <= LISTENER_CAPACITY);

impl Actor {
    pub(super) async fn handle_delivery(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Status(status) => self.handle_status(status).await,
            Delivery::Skipped { id, bytes } => self.handle_skipped(&id, bytes).await,
            Delivery::PositionLost { id } => self.handle_position_lost(&id).await,
            Delivery::Frames(first) => {
                let mut count = first.len();
                let mut reads = vec![first];
                let mut other = None;
                while count < MAX_BATCH
                    && other.is_none()
                    && let Some(next) = self.link.ready_delivery()
                {
                    match next {
                        Delivery::Frames(more) if more.epoch == reads[0].epoch => {
                            count += more.len();
                            reads.push(more);
                        }
                        next @ (Delivery::Frames(_)
                        | Delivery::Status(_)
                        | Delivery::Skipped { .. }
                        | Delivery::PositionLost { .. }) => other = Some(next),
                    }
                }
                self.handle_frames(reads).await;
                match other {
                    Some(Delivery::Status(status)) => self.handle_status(status).await,
                    Some(Delivery::Skipped { id, bytes }) => self.handle_skipped(&id, bytes).await,
                    Some(Delivery::PositionLost { id }) => self.handle_position_lost(&id).await,
                    Some(Delivery::Frames(frames)) => self.handle_frames(vec![frames]).await,
                    None => {}
                }
            }
        }
    }

    /// Handles an event that the stream skipped because of its size: moves the cursor past it, and stores a row that
    /// reports it.
    async fn handle_skipped(&mut self, id: &str, bytes: u64) {
        if self.identity.is_unchecked() && !self.check_person(None, None).await {
            return;
        }
        self.meters.events(Outcome::Failed, 1, None);
        tracing::error!(id, bytes, "an event over the limits was passed over");
        let why = message::unreadable_too_large(bytes >> 20);
        let name = fingerprint("", &format!("{id}\0{bytes}"));
        let own_id = *id != *self.link.advance(id.into());
        let arrival = Arrival {
            event_id: id.to_owned(),
            own_id,
            resets_id: false,
            fingerprint: name,
            event_type: String::new(),
            event: Some(Event::Posted(notices::unreadable(None, id, name, why))),
            bytes: 0,
            missed: false,
            origin: Origin::Stream,
        };
        let cursor = if id.is_empty() {
            Cursor::Unchanged
        } else {
            Cursor::At(id.to_owned())
        };
        self.file(vec![arrival], cursor).await;
    }

    /// Handles that the server does not know this position any more. The cursor is removed, because otherwise the next
    /// start would request it again; the same transaction stores a row that reports a possible gap.
    async fn handle_position_lost(&mut self, id: &str) {
        tracing::warn!(
            id,
            "the server refused the position; what came after it may be missing"
        );
        self.link.advance(Arc::from(""));
        let now = self.now().epoch_millis();
        let arrival = Arrival {
            event_id: String::new(),
            own_id: false,
            resets_id: true,
            fingerprint: fingerprint("", &format!("{id}\0{now}")),
            event_type: String::new(),
            event: Some(Event::Posted(notices::position_lost(id, now))),
            bytes: 0,
            missed: false,
            origin: Origin::Stream,
        };
        self.file(vec![arrival], Cursor::Reset).await;
    }

    /// Handles a new connection, whose events may be a replay.
    async fn begin_connection(&mut self) {
        self.identity.on_connection();
        self.link.on_connection(self.now());
        self.tokens.rest().on_network_proved();
        if let Some(session) = self.tokens.session() {
            session.on_accepted();
        }
        self.begin_replay().await;
        // Fails only if the inbox's thread has ended, which the loop detects.
        let _ = self
            .store
            .inbox()
            .call(|inbox| {
                inbox.begin_connection();
                Ok(())
            })
            .await;
    }

    async fn handle_status(&mut self, status: Status) {
        if self.link.on_status(status) {
            self.begin_connection().await;
        }
        self.identity.on_status(self.link.status(), Instant::now());
        self.on_status_changed();
    }

    async fn handle_frames(&mut self, reads: Vec<Frames>) {
        let (mut arrivals, mut reading) = (Vec::new(), Vec::new());
        let mut events = ReadEvents::default();
        if let Some(epoch) = reads.first().map(|read| read.epoch)
            && self.link.on_epoch(epoch)
        {
            self.begin_connection().await;
        }
        let frames = reads
            .into_iter()
            .flat_map(|read| read.frames.into_iter().map(move |frame| (read.received, frame)));
        let server = self.settings.address.as_ref().map(|address| address.stream(&[]));
        for (received, frame) in frames {
            tracing::debug!(id = &*frame.id, bytes = frame.data.len(), "an event came");
            let carried = self.link.advance(Arc::clone(&frame.id));
            let context = DecodeContext {
                server: server.as_ref(),
                now: self.server_now().server,
                inherited_id: Some(&*carried).filter(|id| !id.is_empty()),
            };
            let decoded = self.decode(&frame, &context);
            let (user, position) = greeted(&decoded, &frame);
            // Some servers greet after their first heartbeat.
            if self.identity.is_unchecked() || user.is_some() {
                // Events on another user's connection belong to that user.
                if !self.check_person(user.as_deref(), position).await {
                    return;
                }
            }
            let outcome = self.handle_decoded(&decoded, &frame).await;
            // Such events have no effect and do not move the cursor.
            let is_about_the_stream =
                matches!(decoded, Ok(Event::Heartbeat | Event::ConnectionEstablished(_)));
            if is_about_the_stream && (carried == frame.id || self.store.cursor() == Some(&*frame.id)) {
                self.meters.events(outcome, 1, None);
                if let Ok(event) = &decoded {
                    events.add(
                        arrivals.len(),
                        true,
                        self.listeners.wanted_of(event, &frame.id, false),
                    );
                }
                continue;
            }
            let created_at = match &decoded {
                Ok(Event::Posted(post)) => post.created_at,
                Ok(_) | Err(_) => None,
            };
            let missed = self.on_replayed(created_at, &frame.id);
            let fingerprint = fingerprint(&frame.event, &frame.data);
            reading.push((outcome, received));
            if let Ok(event) = &decoded {
                // Events about the stream itself are not replayed, so they are never repetitions.
                let always = is_about_the_stream || matches!(event, Event::ServerError(_));
                events.add(
                    arrivals.len(),
                    always,
                    self.listeners.wanted_of(event, &frame.id, missed),
                );
                events.add_users(arrivals.len(), event);
            }
            arrivals.push(Arrival {
                event_id: frame.id.to_string(),
                own_id: carried != frame.id && !frame.id.is_empty(),
                resets_id: frame.id.is_empty() && !carried.is_empty(),
                fingerprint,
                event_type: frame.event.to_string(),
                event: decoded.map_or_else(|undecoded| unreadable(&undecoded, &frame, fingerprint), Some),
                bytes: frame.data.len(),
                missed,
                origin: Origin::Stream,
            });
        }
        self.file_read(arrivals, reading, events).await;
    }

    /// Handles a decoded event or a decoding error, apart from storing it. Returns how it is counted.
    async fn handle_decoded(&mut self, decoded: &Result<Event, Undecoded>, frame: &Frame) -> Outcome {
        match decoded {
            Ok(Event::ConnectionEstablished(greeting)) => self.handle_greeting(greeting, frame).await,
            Ok(event) => {
                if let Some(answer) = refusal::response_of(event) {
                    tracing::warn!(status = answer.status, "the server refuses by an event");
                    self.link
                        .send_for_epoch(|epoch| Command::StreamReport(epoch, answer));
                }
            }
            Err(undecoded) if undecoded.is_ignored() => {
                tracing::debug!(id = &*frame.id, "an event of another type was passed over");
                return Outcome::Unknown;
            }
            Err(error) => {
                tracing::warn!(id = &*frame.id, %error, "an event could not be read");
                return Outcome::Failed;
            }
        }
        Outcome::Taken
    }

    /// Stores events in batches, counts them and publishes them to listeners. Events that cannot be stored are neither
    /// counted nor published.
    async fn file_read(
        &mut self,
        arrivals: Vec<Arrival>,
        mut reading: Vec<(Outcome, std::time::Instant)>,
        mut events: ReadEvents,
    ) {
        if !arrivals.is_empty() {
            for batch in batches(arrivals) {
                let stored: Vec<_> = reading.drain(..batch.len()).collect();
                let cursor = cursor_after(&batch, self.store.cursor().is_some());
                let count = batch.len();
                let Some((at, first)) = self.file(batch, cursor).await else {
                    return;
                };
                self.count_stored(&stored, at);
                self.publish_events(&mut events, count, &first);
                if self.listeners.is_any_registered() {
                    // Lets listeners read, because otherwise they could lag behind once the next batch is stored.
                    yield_now().await;
                }
            }
        }
        self.publish_events(&mut events, 0, &[]);
        self.publish_heard();
    }

    /// Publishes the events of newly stored arrivals to listeners, except repetitions, and updates the displayed name
    /// and status of the account's user.
    fn publish_events(&mut self, events: &mut ReadEvents, count: usize, first: &[FirstOccurrence]) {
        let begin = events.stored;
        events.stored += count;
        let stored = events.stored;
        let is_first = |at: FirstOccurrence| {
            let place = at.place - begin;
            first.binary_search(&FirstOccurrence { place, ..at }).is_ok()
        };
        let is_due = |waiting: &mut WaitingEvent| {
            waiting.at.place < stored || (waiting.always && waiting.at.place == stored)
        };
        while let Some(WaitingEvent { at, always, event }) = events.waiting.pop_front_if(is_due) {
            if always || is_first(at) {
                self.listeners.publish(event);
            }
        }
        while let Some((at, user)) = events.users.pop_front_if(|(at, _)| at.place < stored) {
            if is_first(at) {
                self.on_user_changed(&user);
            }
        }
    }

    async fn handle_greeting(&mut self, greeting: &ConnectionEstablished, frame: &Frame) {
        if let Some(heartbeat) = greeting.heartbeat {
            self.link.send(Command::Heartbeat(heartbeat));
        }
        if let Some(server_time) = greeting.server_time {
            self.link.on_server_time(server_time, self.now());
        }
        if let Some(position) = &greeting.position {
            self.on_replay_position(position);
        }
        // A new client starts at the server's current position, so that it can request the events of its first outage.
        if let (Some(position), None, "") = (&greeting.position, self.store.cursor(), &*frame.id) {
            self.file(Vec::new(), Cursor::At(position.clone())).await;
            self.link.send(Command::Position(position.clone()));
        }
    }

    /// Counts stored events; those that were read together are one measurement. Events that could not be stored are not
    /// counted, because they arrive again.
    fn count_stored(&self, events: &[(Outcome, std::time::Instant)], at: Instant) {
        for read in events.chunk_by(|one, next| one == next) {
            let (outcome, received) = read[0];
            let took = at.into_std().saturating_duration_since(received);
            let took = (outcome == Outcome::Taken).then_some(took);
            self.meters.events(outcome, read.len() as u64, took);
        }
    }

    /// Decodes events of the requested types. Servers that do not support `types` send all of them; the others are
    /// ignored here.
    fn decode(&self, frame: &Frame, context: &DecodeContext<'_>) -> Result<Event, Undecoded> {
        let decoded = event::decode(frame, context);
        self.meters.unread(&metrics::findings(&frame.event, &decoded));
        let decoded = decoded?;
        if event::is_listened_to(decoded.event_type, &self.settings.types) {
            Ok(decoded.event)
        } else {
            Err(Undecoded {
                event_type: Some(decoded.event_type),
                id: None,
                error: DecodeError::Filtered,
            })
        }
    }

    /// Stores a batch and passes new items through the gate. Returns when it was stored and its first occurrences;
    /// `None` if it could not be stored.
    pub(super) async fn file(
        &mut self,
        arrivals: Vec<Arrival>,
        cursor: Cursor,
    ) -> Option<(Instant, Vec<FirstOccurrence>)> {
        let had_place = self.store.cursor().is_some();
        let is_gap = arrivals.iter().any(Arrival::reports_gap);
        let stored = self.store_events(arrivals, cursor).await?;
        let at = Instant::now();
        self.upkeep.on_stored(at);
        if is_gap {
            self.backfilling.on_gap();
        }
        // Notifications first, because counts and readers are less urgent.
        for due in stored.due {
            self.on_due(due).await;
        }
        self.play_all(&stored.sounds);
        if self.store.cursor().is_some() != had_place {
            self.publish_connection();
        }
        self.on_filed(stored.filed);
        Some((at, stored.first))
    }

    /// Returns the time by this computer's clock and by the server's, as far as that is known.
    pub(super) fn server_now(&self) -> Now {
        self.link.server_now(self.now())
    }

    pub(super) fn on_filed(&mut self, filed: Vec<Effect>) {
        let (mut stored, mut removed) = (Vec::new(), Vec::new());
        for filed in filed {
            match filed {
                Effect::Posted(item) | Effect::Changed(item) => stored.push(item),
                Effect::Removed(key) => removed.push(key),
                Effect::Nothing => {}
            }
        }
        self.snoozes.on_stored(&stored);
        if !(stored.is_empty() && removed.is_empty()) {
            self.readers.add_items(stored, removed, Instant::now());
        }
    }

    /// Reports an outage when it is time to, unless the window already shows what is needed.
    pub(super) fn publish_outage(&mut self) {
        let news = self.link.poll_outage(Instant::now());
        self.publish_connection();
        if let Some(OutageNews { title, body }) = news
            && !self.readers.state().account.needs_setup
        {
            let body = self.tokens.ended().map_or(body, message::outage_needs_you);
            self.show(title, body);
        }
    }

    pub(super) fn play(&mut self, sound: crate::item::SoundName) {
        let playing = self.setup.ports.sounds.play(sound, self.settings.volume);
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            let outcome = playing.await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Sound(outcome));
        });
    }
}

/// Events for listeners and changes of users, until the arrivals before them are stored.
#[derive(Default)]
struct ReadEvents {
    waiting: VecDeque<WaitingEvent>,
    users: VecDeque<(FirstOccurrence, UserChange)>,
    /// The number of arrivals that are stored.
    stored: usize,
}

/// An event that is published once the arrivals before it are stored.
struct WaitingEvent {
    at: FirstOccurrence,
    /// Published in any case, because it has no effect by which a repetition could be recognised.
    always: bool,
    event: ReceivedEvent,
}

impl ReadEvents {
    /// Adds the parts of an event that listeners want; `place` is its index among the arrivals.
    fn add(&mut self, place: usize, always: bool, events: Vec<(usize, ReceivedEvent)>) {
        let waiting = events.into_iter().map(|(part, event)| WaitingEvent {
            at: FirstOccurrence { place, part },
            always,
            event,
        });
        self.waiting.extend(waiting);
    }

    /// Adds the changes of users in an event.
    fn add_users(&mut self, place: usize, event: &Event) {
        for (part, event) in event.parts().iter().enumerate() {
            if let Event::UserChanged(user) = event {
                self.users
                    .push_back((FirstOccurrence { place, part }, user.clone()));
            }
        }
    }
}

/// Returns the event to store for one that could not be read; `None` for a type that was not requested.
fn unreadable(undecoded: &Undecoded, frame: &Frame, fingerprint: i64) -> Option<Event> {
    undecoded.item().filter(|_| !undecoded.is_ignored())?;
    let why = undecoded.error.message();
    let post = notices::unreadable(undecoded.id.as_deref(), &frame.id, fingerprint, why);
    Some(Event::Posted(post))
}

/// Returns the user id in a greeting, and the server's position.
fn greeted(decoded: &Result<Event, Undecoded>, frame: &Frame) -> (Option<String>, Option<String>) {
    match decoded {
        Ok(Event::ConnectionEstablished(greeting)) => {
            let own = (!frame.id.is_empty()).then(|| frame.id.to_string());
            (
                greeting.user_id.clone(),
                own.or_else(|| greeting.position.clone()),
            )
        }
        Ok(_) | Err(_) => (None, None),
    }
}

/// Returns the cursor after a batch. A greeting gives a new client its first cursor. For a client that has one, only
/// events after the greeting move it; otherwise a replay after the greeting could be lost.
fn cursor_after(batch: &[Arrival], has_place: bool) -> Cursor {
    let moving = batch.iter().rev().find(|arrival| {
        let is_greeting = matches!(arrival.event, Some(Event::ConnectionEstablished(_)));
        !(has_place && is_greeting && arrival.own_id)
    });
    match moving {
        None => Cursor::Unchanged,
        Some(last) if !last.event_id.is_empty() => Cursor::At(last.event_id.clone()),
        // A server without ids never sent a cursor, and one that was set in another way stays.
        Some(_) if batch.iter().any(|arrival| arrival.resets_id) => Cursor::Reset,
        Some(_) => Cursor::Unchanged,
    }
}

fn batches(mut arrivals: Vec<Arrival>) -> impl Iterator<Item = Vec<Arrival>> {
    std::iter::from_fn(move || {
        let rest = arrivals.split_off(arrivals.len().min(MAX_BATCH));
        let batch = std::mem::replace(&mut arrivals, rest);
        (!batch.is_empty()).then_some(batch)
    })
}
