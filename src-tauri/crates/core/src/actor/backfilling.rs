//! Catches up without the stream: carries out what [`crate::backfill`] decides.

use gloria_stream::http::{Http, Reply, Request, RequestError};
use gloria_stream::machine::Head;
use gloria_stream::{CredentialProvider, DialError};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::storage::STORAGE_RETRY_INTERVAL;
use super::{Actor, Report};
use crate::account::address::Address;
use crate::backfill::{Answer, Backfill, Missing, PAGE_LIMIT, Progress, Verdict};
use crate::event::page::{self, Page, PageEntry, PageFault};
use crate::event::{DecodeContext, is_listened_to};
use crate::inbox::{Arrival, Cursor, Now, Origin};
use crate::item::EpochMillis;
use crate::protocol::{EventType, Filling};

/// In milliseconds. The clocks of server and computer may differ this much unnoticed, so what was made so shortly
/// before the last event may be missing as well.
const CLOCK_TOLERANCE: EpochMillis = 2_000;

/// What came of a request.
#[derive(Debug)]
pub(super) struct Answered {
    number: u64,
    answer: Answer,
}

/// What is being caught up with.
#[derive(Debug)]
pub(super) struct Backfilling {
    machine: Backfill,
    /// The request on its way.
    asking: JoinSet<()>,
    /// For all pages, because reading root certificates takes longer than a page. `None` before the first one on a
    /// connection, whose network may be another.
    http: Option<Http>,
}

impl Backfilling {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            machine: Backfill::new(now.into_std()),
            asking: JoinSet::new(),
            http: None,
        }
    }

    /// When the next page may be asked for.
    pub(super) fn due(&self) -> Option<Instant> {
        self.machine.due().map(Instant::from_std)
    }

    /// The stream connected, or lost its connection.
    pub(super) fn on_connection(&mut self, is_connected: bool) {
        if !is_connected {
            self.http = None;
        }
        self.machine
            .on_connection(is_connected, Instant::now().into_std());
    }

    /// A gap was stored.
    pub(super) fn on_gap(&mut self) {
        self.machine.on_gap(Instant::now().into_std());
    }

    /// Another account's inbox is in use, or another file, which may have got less far.
    pub(super) fn on_inbox(&mut self) {
        (self.asking, self.http) = (JoinSet::new(), None);
        self.machine.on_inbox(Instant::now().into_std());
    }

    /// What users see of it.
    pub(super) fn view(&self) -> Option<Filling> {
        self.machine.missing().map(|(missing, is_failing)| Filling {
            items: missing.items,
            is_failing,
        })
    }
}

impl Actor {
    /// Asks for the next page of what is missing, if there is something.
    pub(super) async fn ask_for_missing(&mut self, now: Instant) {
        let at = self.connected_at();
        let is_wanted = is_listened_to(EventType::NotificationCreated.name(), &self.settings.types);
        // A choice of other types connects anew, which is followed by another look.
        let missing = self
            .with_inbox(move |inbox| {
                if is_wanted {
                    return inbox.missing(at);
                }
                let missing = inbox.known_missing()?;
                Ok(missing.filter(|missing| missing.gaps > 0))
            })
            .await;
        let missing = match missing {
            Ok(missing) => missing,
            Err(error) => {
                tracing::warn!(%error, "what is missing could not be read");
                return self.look_later(now);
            }
        };
        if missing.is_some() && !is_wanted {
            // Another look follows.
            return self.store_progress(Vec::new(), Progress::GivenUp).await;
        }
        let after = missing.as_ref().and_then(|missing| missing.after.clone());
        let number = self.backfilling.machine.on_missing(missing);
        self.publish_connection();
        let Some(number) = number else { return };
        let (address, session) = (self.settings.address.clone(), self.tokens.session().cloned());
        let Some((address, session)) = address.zip(session) else {
            // Signed out, and the stream's end is not known yet.
            return self.look_later(now);
        };
        let credentials = self.credentials(session);
        let options = self.http_options();
        let http = self
            .backfilling
            .http
            .get_or_insert_with(|| Http::new(options))
            .clone();
        let (reports, server_now) = (self.reports.0.clone(), self.server_now().server);
        self.backfilling.asking = JoinSet::new();
        self.backfilling.asking.spawn(async move {
            let answer = ask(&http, &address, after.as_deref(), &*credentials, server_now).await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Page(Box::new(Answered { number, answer })));
        });
    }

    /// Stores a page, or what follows from there being none.
    pub(super) async fn on_page(&mut self, answered: Answered) {
        let Answered { number, answer } = answered;
        let missing = self
            .backfilling
            .machine
            .missing()
            .map(|(missing, _)| missing.clone());
        let (base, now) = (self.settings.timing().base_delay, Instant::now().into_std());
        let verdict = self
            .backfilling
            .machine
            .on_answer(number, &answer, base, now, &mut self.rng);
        let Some((verdict, missing)) = verdict.zip(missing) else {
            return;
        };
        match verdict {
            Verdict::Moved(progress) => {
                let entries = match answer {
                    Answer::Page(page) => arrivals(page, &missing),
                    Answer::Fault(_) | Answer::Status { .. } | Answer::Lost => Vec::new(),
                };
                self.store_progress(entries, progress).await;
            }
            Verdict::Kept => tracing::debug!("a page of what is missing did not come"),
        }
        self.publish_connection();
    }

    async fn store_progress(&mut self, entries: Vec<Arrival>, progress: Progress) {
        let count = entries.len();
        if self.file(entries, Cursor::Backfilled(progress)).await.is_some() {
            tracing::info!(entries = count, "how far catching up got is stored");
        } else {
            self.look_later(Instant::now());
        }
    }

    fn look_later(&mut self, now: Instant) {
        let again = now + STORAGE_RETRY_INTERVAL;
        self.backfilling.machine.on_store_failed(again.into_std());
    }

    /// When the present connection was made, by both clocks.
    fn connected_at(&self) -> Now {
        let now = self.server_now();
        let here = self.link.connected_at().unwrap_or(now.here);
        Now {
            here,
            server: here + now.server - now.here,
        }
    }
}

fn arrivals(page: Page, missing: &Missing) -> Vec<Arrival> {
    let tolerance = if missing.is_first { 0 } else { CLOCK_TOLERANCE };
    let origin = Origin::Page {
        since: missing.since.map(|since| since - tolerance),
        is_first: missing.is_first,
        place: missing.place,
        logged: missing.logged,
    };
    let arrival = |entry: PageEntry| Arrival {
        event_id: entry.event_id.unwrap_or_default(),
        own_id: false,
        resets_id: false,
        fingerprint: entry.fingerprint,
        event_type: String::new(),
        event: Some(entry.event),
        bytes: entry.bytes,
        missed: true,
        origin,
    };
    page.entries.into_iter().map(arrival).collect()
}

/// Asks for a page at the first of the places that has a list.
async fn ask(
    http: &Http,
    address: &Address,
    after: Option<&str>,
    credentials: &dyn CredentialProvider,
    now: EpochMillis,
) -> Answer {
    let mut answer = Answer::Status {
        status: 404,
        retry_after: None,
    };
    let server = address.stream(&[]);
    let context = DecodeContext {
        server: Some(&server),
        now,
        inherited_id: None,
    };
    for place in address.notifications_places() {
        answer = match page_at(http, place, after, credentials).await {
            Ok(reply) => of_reply(&reply, &context),
            Err(RequestError::TooLarge(_)) => Answer::Fault(PageFault::TooLarge),
            Err(error) => {
                tracing::debug!(%error, "a page was not answered");
                Answer::Lost
            }
        };
        match answer {
            Answer::Status {
                status: 404 | 405 | 501,
                ..
            } => {}
            Answer::Page(_) | Answer::Fault(_) | Answer::Status { .. } | Answer::Lost => break,
        }
    }
    answer
}

/// Sends one request. That its credential is refused is left to the stream to find out: a list may ask for more rights.
async fn page_at(
    http: &Http,
    place: Url,
    after: Option<&str>,
    credentials: &dyn CredentialProvider,
) -> Result<Reply, RequestError> {
    let credential = credentials.credential().await.map_err(DialError::Credential)?;
    http.send(Request::get(page_of(place, after)).credential(credential))
        .await
}

fn page_of(mut place: Url, after: Option<&str>) -> Url {
    let mut query = place.query_pairs_mut();
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    query.append_pair("limit", &PAGE_LIMIT.to_string());
    drop(query);
    place
}

fn of_reply(reply: &Reply, context: &DecodeContext<'_>) -> Answer {
    if reply.status.as_u16() == 200 {
        return page::page(&reply.body, context).map_or_else(Answer::Fault, Answer::Page);
    }
    let head = Head::new(reply.status, &reply.headers);
    Answer::Status {
        status: head.status,
        retry_after: head.retry_after,
    }
}
