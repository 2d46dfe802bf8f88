//! Sends the user's actions to the server: carries out what [`crate::outbox`] decides.

use gloria_stream::CredentialProvider;
use gloria_stream::http::{Http, Reply, Request};
use gloria_stream::machine::Head;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::{Actor, Report};
use crate::handle;
use crate::message;
use crate::outbox::{Action, Answer, Body, MarkSet, Outbox, Verdict};
use crate::protocol::NoticeKind;

/// By which a server knows an action that it has already carried out.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What came of a request.
#[derive(Debug)]
pub(super) struct Answered {
    number: u64,
    action: Action,
    answer: Answer,
}

/// The user's actions on their way.
#[derive(Debug)]
pub(super) struct Outgoing {
    outbox: Outbox,
    /// The request on its way.
    sending: JoinSet<()>,
    /// Whether what waits so that it can be taken back is to be sent now.
    releases: bool,
    /// Who waits until nothing more can be sent.
    waiting: Vec<handle::Reply<()>>,
}

impl Outgoing {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            outbox: Outbox::new(now.into_std()),
            sending: JoinSet::new(),
            releases: false,
            waiting: Vec::new(),
        }
    }

    /// Sends what waits so that it can be taken back: the app ends, or the computer is about to sleep.
    pub(super) fn release(&mut self) {
        self.releases = true;
        self.on_stored();
    }

    /// The marks that stay on this computer because the server does not know them.
    pub(super) fn kept(&self) -> MarkSet {
        self.outbox.kept()
    }

    /// Answers who waits until nothing more can be sent, if that is so.
    fn answer_waiting(&mut self) {
        if self.outbox.is_idle(Instant::now().into_std()) {
            for reply in self.waiting.drain(..) {
                reply.answer(Ok(()));
            }
        }
    }

    /// When the next action may be sent.
    pub(super) fn due(&self) -> Option<Instant> {
        self.outbox.due().map(Instant::from_std)
    }

    /// The stream connected, or lost its connection.
    pub(super) fn on_connection(&mut self, is_connected: bool) {
        self.outbox.on_connection(is_connected, Instant::now().into_std());
    }

    /// An action was stored.
    pub(super) fn on_stored(&mut self) {
        self.outbox.on_stored(Instant::now().into_std());
    }

    /// Another account's inbox is in use. What is on its way for the previous one is sent again when that is back.
    pub(super) fn on_account(&mut self) {
        self.sending = JoinSet::new();
        self.outbox.on_account(Instant::now().into_std());
    }
}

impl Actor {
    /// Sends everything, and answers when that is done or not possible.
    pub(super) fn send_actions(&mut self, reply: handle::Reply<()>) {
        self.outgoing.release();
        if self.may_send_actions() {
            self.outgoing.waiting.push(reply);
            self.outgoing.answer_waiting();
        } else {
            reply.answer(Ok(()));
        }
    }

    /// The token may be another person's until the server has said whose it is.
    pub(super) fn may_send_actions(&self) -> bool {
        !self.identity.is_unknown() && !self.identity.is_unchecked()
    }

    /// Sends the next action, if there is one.
    pub(super) async fn send_action(&mut self, now: Instant) {
        let (wall, wanted) = (self.now().epoch_millis(), self.outgoing.outbox.wanted());
        let releases = std::mem::take(&mut self.outgoing.releases);
        // Never from memory: see there.
        let next = match self
            .store
            .inbox()
            .call(move |inbox| {
                if releases {
                    inbox.release_actions()?;
                }
                inbox.next_action(wall, wanted)
            })
            .await
        {
            Ok(next) => next,
            Err(error) => {
                // A failure of the file is reported when an event cannot be stored.
                tracing::warn!(%error, "the next action could not be read");
                crate::outbox::Next::Later(super::storage::STORAGE_RETRY_INTERVAL)
            }
        };
        let Some((number, action)) = self.outgoing.outbox.on_next(next, now.into_std()) else {
            self.outgoing.answer_waiting();
            return;
        };
        let address = self.settings.address.as_ref();
        let places = address.map(|address| match action.notifications.as_slice() {
            [notification] => address.notification_places(notification),
            _ => address.notifications_places(),
        });
        let session = self.tokens.session().cloned();
        let (http, reports) = (Http::new(self.http_options()), self.reports.0.clone());
        self.outgoing.sending = JoinSet::new();
        self.outgoing.sending.spawn(async move {
            let answer = match session {
                Some(session) => ask(&http, places.unwrap_or_default(), &action, &session).await,
                None => Answer::Lost,
            };
            let answered = Answered {
                number,
                action,
                answer,
            };
            // The core may have ended meanwhile.
            let _ = reports.send(Report::Action(Box::new(answered)));
        });
    }

    pub(super) async fn on_action_answer(&mut self, answered: Answered) {
        let Answered {
            number,
            action,
            answer,
        } = answered;
        let (base, now) = (self.settings.timing().base_delay, Instant::now().into_std());
        let verdict = self
            .outgoing
            .outbox
            .on_answer(number, &answer, base, now, &mut self.rng);
        let Some(verdict) = verdict else {
            return;
        };
        let stored = match verdict {
            Verdict::Kept => {
                tracing::debug!("an action was not taken yet");
                self.outgoing.answer_waiting();
                return;
            }
            Verdict::Done { refused, ignored } => {
                if let Some(reason) = refused.values().next() {
                    tracing::info!(items = refused.len(), id = %reason.id, "the server refused an action");
                    let notice = message::notice_action(reason.clone());
                    self.readers.set_notice(NoticeKind::Action, Some(notice));
                }
                self.with_inbox(move |inbox| inbox.finish_action(&action, &refused, ignored))
                    .await
            }
            Verdict::NotOffered(kept) => {
                let fields: Vec<_> = kept.fields().collect();
                tracing::info!(
                    fields = fields.join(","),
                    "the server does not know these marks, so they stay here"
                );
                let taken_back = self.with_inbox(move |inbox| inbox.take_back_action(kept)).await;
                self.readers.publish_inbox_changed();
                taken_back.map(|()| Vec::new())
            }
            Verdict::Singly => {
                let taken_back = self
                    .with_inbox(|inbox| inbox.take_back_action(MarkSet::NONE))
                    .await;
                taken_back.map(|()| Vec::new())
            }
        };
        match stored {
            Ok(items) => {
                self.publish_items().await;
                if !items.is_empty() {
                    self.readers.publish_stored(items);
                }
            }
            Err(error) => tracing::error!(%error, "the answer to an action could not be stored"),
        }
    }
}

/// Sends an action to the first of these places that knows it.
async fn ask(http: &Http, places: Vec<Url>, action: &Action, credentials: &dyn CredentialProvider) -> Answer {
    let mut answer = Answer::Status {
        status: 404,
        retry_after: None,
        body: Body::Empty,
    };
    let Ok(key) = HeaderValue::from_str(&action.idempotency_key) else {
        return answer;
    };
    for place in places {
        let mut body = action.changes.clone();
        if action.is_bulk() {
            body.insert("ids".to_owned(), action.notifications.clone().into());
        }
        let body = Value::from(body).to_string();
        let request = Request::new(Method::PATCH, place)
            .header(IDEMPOTENCY_KEY, key.clone())
            .body(HeaderValue::from_static("application/json"), body)
            .without_redirects();
        answer = match http.send_as(request, credentials).await {
            Ok(reply) => of_reply(&reply),
            Err(error) => {
                tracing::debug!(%error, "an action was not answered");
                Answer::Lost
            }
        };
        if !is_elsewhere(&answer) {
            break;
        }
    }
    answer
}

fn of_reply(reply: &Reply) -> Answer {
    let head = Head::new(reply.status, &reply.headers);
    Answer::Status {
        status: head.status,
        retry_after: head.retry_after,
        body: Body::of(&reply.body),
    }
}

/// Whether another place may know the notification.
fn is_elsewhere(answer: &Answer) -> bool {
    match answer {
        Answer::Status { status, body, .. } => {
            matches!(status, 404 | 405 | 501) && !body.is_unknown_notification()
        }
        Answer::Lost => false,
    }
}
