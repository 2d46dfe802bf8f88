//! Stores received events: each batch in one transaction, in memory while the file cannot be used, and without an event
//! that the database rejects.

use std::sync::Arc;

use tokio::time::Instant;

use super::Actor;
use super::recovery::Remedy;
use crate::account::Entry;
use crate::inbox::{Arrival, Cursor, Due, Effect, FirstOccurrence, InboxError, notices};
use crate::item::SoundName;
use crate::metrics::Outcome;

/// The result of filing a batch.
pub(super) struct Stored {
    pub(super) filed: Vec<Effect>,
    pub(super) sounds: Vec<SoundName>,
    /// The due alerts; empty if they could not be read.
    pub(super) due: Vec<Due>,
    /// The first occurrences.
    pub(super) first: Vec<FirstOccurrence>,
}

impl Stored {
    /// Adds the result of the events from index `place` on.
    fn extend(&mut self, later: Self, place: usize) {
        self.first
            .extend(later.first.into_iter().map(|first| FirstOccurrence {
                place: place + first.place,
                ..first
            }));
        self.filed.extend(later.filed);
        self.sounds.extend(later.sounds);
        self.due.extend(later.due);
    }
}

impl Actor {
    /// Stores a batch, in memory while the file cannot be used. An event that cannot be stored anywhere is found by
    /// halving the batch, and replaced by a row that reports it. `None` if nothing can be stored at all.
    pub(super) async fn store_events(&mut self, arrivals: Vec<Arrival>, cursor: Cursor) -> Option<Stored> {
        let mut stored = Stored {
            filed: Vec::new(),
            sounds: Vec::new(),
            due: Vec::new(),
            first: Vec::new(),
        };
        // The index of the first event that is not stored yet.
        let mut place = 0;
        let mut batches = vec![(arrivals, cursor)];
        while let Some((arrivals, cursor)) = batches.pop() {
            let shared: Arc<[Arrival]> = arrivals.into();
            let mut result = self.store_batch(&shared, &cursor).await;
            for next in [Remedy::NewFile, Remedy::Memory] {
                if let Err(error) = &result
                    && error.is_storage_failure()
                {
                    self.on_storage_trouble(error, next).await;
                    result = self.store_batch(&shared, &cursor).await;
                }
            }
            match result {
                Ok(batch) => {
                    stored.extend(batch, place);
                    place += shared.len();
                }
                Err(InboxError::Closed) => return None,
                Err(error) => match halves(&shared, &cursor) {
                    Some([first, second]) => batches.extend([second, first]),
                    // A single event was rejected.
                    None => {
                        if let Some(batch) = self.store_refusal(&shared, &cursor, &error).await {
                            stored.extend(batch, place);
                        }
                        place += 1;
                    }
                },
            }
        }
        Some(stored)
    }

    /// Stores when data last arrived from the server, if that has changed.
    pub(super) async fn store_heard(&mut self) {
        let Some(at) = self.link.unstored_heard() else {
            return;
        };
        let stored = match self.store.inbox().call(move |inbox| inbox.set_heard_at(at)).await {
            Ok(()) => Some(at),
            Err(error) => {
                // Not worth a notice: the next event that cannot be stored causes one.
                tracing::debug!(%error, "it is not stored when something was heard last");
                None
            }
        };
        self.link.on_heard_stored(stored, Instant::now());
    }

    async fn store_batch(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: &Cursor,
    ) -> Result<Stored, InboxError> {
        let (now, mut gate, mut query) = (self.server_now(), self.gate(), self.due_query());
        let (arrivals, moved) = (Arc::clone(arrivals), cursor.clone());
        let person = self.account.as_ref().and_then(Entry::user).map(str::to_owned);
        let (filed, first, gate, due) = self
            .store
            .inbox()
            .call(move |inbox| {
                inbox.set_person(person);
                let filed = inbox.file(&arrivals, moved, now, |posted| gate.decide(posted))?;
                let first = inbox.take_first_occurrences();
                query.open_digests.extend(&gate.digests);
                // In a second transaction: the batch is stored even if this query fails.
                let due = inbox.due(&query);
                Ok((filed, first, gate, due))
            })
            .await?;
        self.alerts.on_decided(&gate, Instant::now());
        let due = due.map_err(|error| self.on_due_failed(&error)).ok();
        match cursor {
            Cursor::Unchanged | Cursor::Backfilled(_) => {}
            Cursor::At(id) => self.store.set_cursor(Some(id.clone())),
            Cursor::Reset => self.store.set_cursor(None),
        }
        Ok(Stored {
            filed,
            sounds: gate.sounds,
            due: due.into_iter().collect(),
            first,
        })
    }

    /// Stores a row that reports that an event could not be stored. If that fails too, the cause is the file, and the
    /// event is kept in memory.
    async fn store_refusal(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: &Cursor,
        error: &InboxError,
    ) -> Option<Stored> {
        let arrival = arrivals.first()?;
        let instead = Arc::from([notices::refused(arrival)]);
        if let Ok(mut stored) = self.store_batch(&instead, cursor).await {
            // The event itself had no effect.
            stored.first.clear();
            tracing::error!(id = %arrival.event_id, %error, "an event that cannot be stored is given up");
            self.meters.events(Outcome::Failed, 1, None);
            return Some(stored);
        }
        self.on_storage_trouble(error, Remedy::Memory).await;
        self.store_batch(arrivals, cursor).await.ok()
    }
}

/// Splits a batch in halves; `None` for a single event. Only the second half moves the cursor, because no id within the
/// batch may be skipped.
fn halves(arrivals: &[Arrival], cursor: &Cursor) -> Option<[(Vec<Arrival>, Cursor); 2]> {
    let (first, second) = arrivals.split_at(arrivals.len() / 2);
    (!first.is_empty()).then(|| {
        [
            (first.to_vec(), Cursor::Unchanged),
            (second.to_vec(), cursor.clone()),
        ]
    })
}
