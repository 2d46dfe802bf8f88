//! `gloria replay` to the listeners. It runs beside the loop, as fast as the listeners read, and alerts nobody: alerts
//! are decided when an event is stored.

use super::Actor;
use crate::handle::{CoreError, Reply};
use crate::inbox::{InboxError, InboxThread, LogQuery};
use crate::listeners::{EventTypes, Listeners};
use crate::protocol::{ReplayRequest, Replayed};

/// Events that are read at once: a quarter of a listener's queue, so that new events find room beside them.
const MAX_PAGE_EVENTS: u32 = 256;

impl Actor {
    pub(super) fn replay(&self, request: &ReplayRequest, reply: Reply<Replayed>) {
        let query = LogQuery {
            since: request.since,
            types: EventTypes::or_all(&request.types),
            after: 0,
            limit: MAX_PAGE_EVENTS,
        };
        let (inbox, listeners) = (self.store.inbox().clone(), self.listeners.clone());
        tokio::spawn(async move {
            let replayed = publish_logged(&inbox, &listeners, query).await;
            reply.answer(replayed.map_err(CoreError::from));
        });
    }
}

async fn publish_logged(
    inbox: &InboxThread,
    listeners: &Listeners,
    mut query: LogQuery,
) -> Result<Replayed, InboxError> {
    let mut replayed = Replayed::default();
    loop {
        let page = inbox.read(move |inbox| inbox.logged(&query)).await?;
        listeners.room(query.types, page.events.len()).await;
        replayed.erased += page.erased;
        replayed.events += page.events.len() as u64;
        for logged in page.events {
            listeners.publish(logged.event);
        }
        match page.next {
            Some(next) => query.after = next,
            None => return Ok(replayed),
        }
    }
}
