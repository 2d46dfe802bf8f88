//! What the stream brings: into the inbox first, then through the alert gate.

use gloria_stream::{Command, Delivery, Frame, Frames, Status};
use tokio::time::Instant;

use super::{Actor, HEARD_INTERVAL, Report};
use crate::alert::{self, Alert, Circumstances, ToastVerdict};
use crate::event::{self, DecodeContext, DecodeError, Event, Post, Undecoded};
use crate::inbox::{Arrival, Cursor, Filed, fingerprint};
use crate::metrics::{self, Outcome};
use crate::outage::OutageNews;
use crate::ports::Toast;
use crate::protocol::{EpochMillis, Item, NoticeKind, Priority};
use crate::refusal;
use crate::throttle::{Source, Throttle};

/// Events in one transaction: enough to make the disk's part small, few enough to be on screen at once.
const LARGEST_BATCH: usize = 1000;

/// Clocks of servers and desktops differ by about this much without anyone noticing.
const CLOCK_TOLERANCE: EpochMillis = 2_000;

impl Actor {
    pub(super) async fn take_delivery(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Status(status) => self.take_status(status),
            Delivery::Skipped { id, bytes } => self.take_skipped(&id, bytes).await,
            Delivery::PositionLost { id } => self.take_position_lost(&id).await,
            Delivery::Frames(first) => {
                let mut count = first.len();
                let mut reads = vec![first];
                let mut other = None;
                while count < LARGEST_BATCH
                    && other.is_none()
                    && let Some(running) = &mut self.stream
                    && let Ok(next) = running.deliveries.try_recv()
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
                self.take_frames(reads).await;
                match other {
                    Some(Delivery::Status(status)) => self.take_status(status),
                    Some(Delivery::Skipped { id, bytes }) => self.take_skipped(&id, bytes).await,
                    Some(Delivery::PositionLost { id }) => self.take_position_lost(&id).await,
                    Some(Delivery::Frames(frames)) => self.take_frames(vec![frames]).await,
                    None => {}
                }
            }
        }
    }

    /// The stream gave up an event that is larger than any should be: the cursor moves past it.
    async fn take_skipped(&mut self, id: &str, bytes: u64) {
        self.meters.events(Outcome::Failed, 1, None);
        tracing::error!(id, bytes, "an event over the limits was passed over");
        if !id.is_empty() {
            let arrival = Arrival {
                event_id: id.to_owned(),
                fingerprint: 0,
                event_type: String::new(),
                event: None,
                bytes: 0,
            };
            self.file(vec![arrival], Cursor::At(id.to_owned())).await;
        }
    }

    /// The server knows this position no more. It is let go, or the next start would ask by it again.
    async fn take_position_lost(&mut self, id: &str) {
        tracing::warn!(
            id,
            "the server refused the position; what came after it may be missing"
        );
        self.cursor = None;
        if let Err(error) = self.inbox.call(|inbox| inbox.forget_cursor()).await {
            // It is let go again at the next start.
            tracing::error!(%error, "the refused position is still stored");
        }
        self.set_notice(
            NoticeKind::Gap,
            Some(
                "The server does not know where this computer stopped reading; look on its own pages for what came \
                 since then and is not here"
                    .into(),
            ),
        );
    }

    fn take_status(&mut self, status: Status) {
        if matches!(status, Status::Connected { .. }) && !matches!(self.status, Status::Connected { .. }) {
            self.begin_catch_up();
            self.epoch = None;
        }
        self.set_status(status);
    }

    async fn take_frames(&mut self, reads: Vec<Frames>) {
        let (mut arrivals, mut reading) = (Vec::new(), Vec::new());
        if let Some(epoch) = reads.first().map(|read| read.epoch)
            && self.epoch.replace(epoch).is_some_and(|before| before != epoch)
        {
            // The statuses between the two connections came too fast to be told one by one.
            self.begin_catch_up();
        }
        let frames = reads
            .into_iter()
            .flat_map(|read| read.frames.into_iter().map(move |frame| (read.received, frame)));
        let server = self.settings.address.as_ref().map(|address| address.stream(&[]));
        // What comes before this read has been stored, or the stream would be gone.
        let mut carried_id = self.cursor.clone();
        for (received, frame) in frames {
            let context = DecodeContext {
                server: server.as_ref(),
                now: self.now().epoch_millis(),
                carried_id: carried_id.as_deref(),
            };
            let decoded = self.decode(&frame, &context);
            if carried_id.as_deref().unwrap_or_default() != &*frame.id {
                carried_id = Some(frame.id.to_string());
            }
            let outcome = match &decoded {
                Ok(_) => Outcome::Taken,
                Err(undecoded) if undecoded.is_no_mistake() => Outcome::Unknown,
                Err(_) => Outcome::Failed,
            };
            match &decoded {
                Ok(Event::ConnectionEstablished(greeting)) => {
                    if let (Some(heartbeat), Some(running)) = (greeting.heartbeat, &self.stream) {
                        running.handle.send(Command::Heartbeat(heartbeat));
                    }
                }
                Ok(Event::Gap { .. }) => self.set_notice(
                    NoticeKind::Gap,
                    Some(
                        "The server no longer has everything that was missed while this computer was away; look on \
                         its own pages for what is not here"
                            .into(),
                    ),
                ),
                Ok(event) => {
                    if let (Some(answer), Some(running), Some(epoch)) =
                        (refusal::answer_of(event), &self.stream, self.epoch)
                    {
                        tracing::warn!(status = answer.status, "the server refuses by an event");
                        running.handle.send(Command::Said(epoch, answer));
                    }
                }
                Err(undecoded) if undecoded.is_no_mistake() => tracing::debug!(id = &*frame.id, "an event of another type was passed over"),
                Err(error) => tracing::warn!(id = &*frame.id, %error, "a malformed event was passed over"),
            }
            let moves_nothing = matches!(decoded, Ok(Event::Heartbeat | Event::ConnectionEstablished(_)))
                && (frame.id.is_empty() || self.cursor.as_deref() == Some(&*frame.id));
            if moves_nothing {
                self.meters.events(outcome, 1, None);
            } else {
                reading.push((outcome, received));
                arrivals.push(Arrival {
                    event_id: frame.id.to_string(),
                    fingerprint: fingerprint(&frame.event, &frame.data),
                    event_type: frame.event.to_string(),
                    event: decoded.ok(),
                    bytes: frame.data.len(),
                });
            }
        }
        if !arrivals.is_empty() {
            for batch in batches(arrivals) {
                let stored: Vec<_> = reading.drain(..batch.len()).collect();
                let last_id = batch
                    .iter()
                    .rev()
                    .map(|arrival| arrival.event_id.clone())
                    .find(|id| !id.is_empty());
                let cursor = last_id.map_or(Cursor::Stays, Cursor::At);
                let Some(at) = self.file(batch, cursor).await else {
                    return;
                };
                self.count_stored(&stored, at);
            }
        }
        self.tell_heard(HEARD_INTERVAL);
    }

    /// Counts events whose effect is stored, those that were read together as one. What could not be stored is not
    /// counted: it comes again.
    fn count_stored(&self, events: &[(Outcome, std::time::Instant)], at: Instant) {
        for read in events.chunk_by(|one, next| one == next) {
            let (outcome, received) = read[0];
            let took = at.into_std().saturating_duration_since(received);
            let took = (outcome == Outcome::Taken).then_some(took);
            self.meters.events(outcome, read.len() as u64, took);
        }
    }

    /// Decodes what is listened to. Servers that do not know `types` send everything; the rest is passed over here.
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
                error: DecodeError::NotAskedFor,
            })
        }
    }

    /// Stores a batch and lets what is new through the gate. Answers when it was stored; `None` when it could not be.
    async fn file(&mut self, arrivals: Vec<Arrival>, cursor: Cursor) -> Option<Instant> {
        let stored = self.store(arrivals, cursor).await?;
        let at = Instant::now();
        self.tell_filed(stored.filed).await;
        self.raise(stored.alerts);
        Some(at)
    }

    /// What times are measured by at this moment.
    pub(super) fn timing(&self) -> Timing {
        Timing {
            replay_began: self.catch_up.as_ref().map(|catch_up| catch_up.began),
        }
    }

    async fn tell_filed(&mut self, filed: Vec<Filed>) {
        let (mut stored, mut removed) = (Vec::new(), Vec::new());
        for filed in filed {
            match filed {
                Filed::Posted(item) => stored.push(item),
                Filed::Changed(item) => {
                    if item.read_at.is_some() || item.archived_at.is_some() {
                        self.setup.ports.toasts.withdraw(&item.key);
                        self.release(&item.key);
                    }
                    stored.push(item);
                }
                Filed::Removed(key) => {
                    self.setup.ports.toasts.withdraw(&key);
                    self.release(&key);
                    removed.push(key);
                }
                Filed::Nothing => {}
            }
        }
        if !(stored.is_empty() && removed.is_empty()) {
            self.tell_items(stored, removed).await;
        }
    }

    pub(super) fn circumstances(&self) -> Circumstances {
        let paused_until = self.state.preferences.sounds_paused_until;
        Circumstances {
            catching_up: false,
            throttled: self.toasts_are_stuck(),
            in_view: self.window.focused && self.window.inbox_visible,
            expired: false,
            shown_before: false,
            sounds_on: self.settings.sounds,
            sounds_paused: paused_until.is_some_and(|until| until > self.now().epoch_millis()),
            since_last_sound: self.last_sound.map(|at| at.elapsed()),
            sound: self.settings.sound,
        }
    }

    /// Tells of an outage when it is time to, unless the window already asks for what is missing.
    pub(super) fn tell_outage(&mut self) {
        let news = self.outage.note(&self.status, Instant::now().into_std());
        self.publish_connection();
        if let Some(OutageNews { title, body }) = news
            && !self.state.account.needs_setup
        {
            self.show_toast(Toast {
                item: None,
                title,
                body,
                priority: Priority::High,
            });
        }
    }

    pub(super) fn show_toast(&mut self, toast: Toast) {
        self.toasts_waiting += 1;
        let (item, reports) = (toast.item.clone(), self.reports.0.clone());
        let shown = self.setup.ports.toasts.show(toast);
        tokio::spawn(async move {
            let outcome = shown.await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Toast { item, outcome });
        });
    }

    pub(super) fn play(&mut self, sound: crate::protocol::SoundName) {
        self.last_sound = Some(Instant::now());
        let playing = self.setup.ports.sounds.play(sound, self.settings.volume);
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            let outcome = playing.await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Sound(outcome));
        });
    }
}

/// What times of events are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    replay_began: Option<EpochMillis>,
}

impl Timing {
    pub(super) fn is_expired(self, post: &Post, now: EpochMillis) -> bool {
        post.expires_at.is_some_and(|expires| expires <= now)
    }

    /// Whether it was made before the connection that brought it.
    pub(super) fn was_missed(self, post: &Post) -> bool {
        self.replay_began.is_some_and(|began| {
            post.created_at
                .is_none_or(|created| created < began - CLOCK_TOLERANCE)
        })
    }
}

/// The gate's decision, with a toast held to its kind's allowance. Only what would be shown takes of that.
pub(super) fn throttled(
    item: &Item,
    circumstances: &Circumstances,
    throttle: &mut Throttle,
    now: std::time::Instant,
) -> Alert {
    let alert = alert::decide(item, circumstances);
    if alert.toast != ToastVerdict::Show || throttle.admits_toast(Source::of(item), now) {
        return alert;
    }
    let circumstances = Circumstances {
        throttled: true,
        ..*circumstances
    };
    alert::decide(item, &circumstances)
}

fn batches(mut arrivals: Vec<Arrival>) -> impl Iterator<Item = Vec<Arrival>> {
    std::iter::from_fn(move || {
        let rest = arrivals.split_off(arrivals.len().min(LARGEST_BATCH));
        let batch = std::mem::replace(&mut arrivals, rest);
        (!batch.is_empty()).then_some(batch)
    })
}
