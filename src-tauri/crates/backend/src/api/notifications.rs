//! Everything except the stream: catching up, changes, receipts.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answers::{Given, Recall};
use crate::connection::{Connection, HangUp};
use crate::hub::{Delivery, Hub, User};
use crate::listener::ClientConnection;
use crate::notifications::Change;
use crate::observed::{ChangeKind, SeenChange};
use crate::problem::Problem;

/// The default and maximum number of items in a page.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1000;

/// `GET {api}/notifications?after=<event id>&limit=`: returns `{notifications, next, more}` of the user, in the order
/// of the last change. `next` is the cursor of the next page, or, if `more` is false, the newest event's id. An unknown
/// `after` is none.
pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    Extension(User(user)): Extension<User>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let limit = match query.get("limit") {
        Some(limit) => limit.parse().ok().filter(|limit| *limit > 0),
        None => Some(PAGE),
    };
    let limit = limit.ok_or_else(|| Problem::bad_request("limit is a whole number from 1"))?;
    let state = hub.state();
    let after = query.get("after").map_or(0, |after| state.log.position(after));
    let page = state
        .notifications
        .page(after, limit.min(PAGE_MAX), user.as_deref());
    let next = match (page.more, &page.next) {
        (true, Some(next)) => next.clone(),
        _ => state.log.last_id().clone(),
    };
    Ok(axum::Json(json!({ "notifications": page.items, "next": *next, "more": page.more })).into_response())
}

/// `PATCH {api}/notifications/{id}` with what changes, see [`Change`]: returns the changed notification.
pub(super) async fn change(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = readable(body)?;
    let change = parse_change(&body);
    let asked = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
    let request = Request {
        headers: &headers,
        text: format!("PATCH {id} {asked}"),
        connection: &connection,
    };
    once(
        &hub,
        request,
        vec![(id.clone(), ChangeKind::Patch(asked))],
        |hub| {
            apply(hub, &id, change?)?;
            let after = hub.state().notifications.get(&id).unwrap_or_default();
            Ok(Done::new(StatusCode::OK, after.to_string()))
        },
    )
    .await
}

/// `PATCH {api}/notifications` with what changes, and with the notifications' `ids`: returns
/// `{refused: [{id, detail}]}` with those that stay as they are.
pub(super) async fn change_several(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = readable(body)?;
    let mut asked: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let ids = asked.remove("ids").unwrap_or_default();
    let ids: Vec<String> = serde_json::from_value(ids)
        .map_err(|_| Problem::bad_request("ids is a list of the ids of notifications"))?;
    let asked = Value::from(asked);
    let change = parse_change(asked.to_string().as_bytes());
    let request = Request {
        headers: &headers,
        text: format!("PATCH {ids:?} {asked}"),
        connection: &connection,
    };
    let changes = ids
        .iter()
        .map(|id| (id.clone(), ChangeKind::Patch(asked.clone())));
    once(&hub, request, changes.collect(), |hub| {
        let change = change?;
        let refused: Vec<(String, Problem)> = ids
            .iter()
            .filter_map(|id| Some((id.clone(), apply(hub, id, change).err()?)))
            .collect();
        let said = refused
            .iter()
            .map(|(id, problem)| json!({ "id": id, "detail": problem.detail() }));
        let said: Vec<_> = said.collect();
        Ok(Done {
            refused: refused.into_iter().map(|(id, _)| id).collect(),
            ..Done::new(StatusCode::OK, json!({ "refused": said }).to_string())
        })
    })
    .await
}

/// Changes one notification, and has all streams say so.
fn apply(hub: &Arc<Hub>, id: &str, change: Change) -> Result<(), Problem> {
    let changes = {
        let state = hub.state();
        state
            .notifications
            .changes(id, change, Timestamp::now())
            .ok_or_else(|| Problem::unknown_notification(id))?
    };
    if !changes.is_empty() {
        let mut data = changes;
        data.insert("id".into(), id.into());
        hub.publish(
            "notification.updated",
            None,
            &Value::from(data).to_string(),
            Delivery::Whole,
        );
    }
    Ok(())
}

/// `DELETE {api}/notifications/{id}`.
pub(super) async fn delete(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = Request {
        headers: &headers,
        text: format!("DELETE {id}"),
        connection: &connection,
    };
    once(&hub, request, vec![(id.clone(), ChangeKind::Delete)], |hub| {
        if !hub.state().notifications.contains(&id) {
            return Err(Problem::unknown_notification(&id));
        }
        let data = json!({ "id": id }).to_string();
        hub.publish("notification.deleted", None, &data, Delivery::Whole);
        Ok(Done::new(StatusCode::NO_CONTENT, String::new()))
    })
    .await
}

/// `POST {api}/receipts` with one receipt, an array of them, or `{"receipts": […]}`; each is an object.
pub(super) async fn receipts(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = readable(body)?;
    let text = format!("POST receipts {}", String::from_utf8_lossy(&body));
    let request = Request {
        headers: &headers,
        text,
        connection: &connection,
    };
    once(&hub, request, Vec::new(), |hub| {
        let receipts = parse_receipts(&body)?;
        hub.state().observed.receipts.extend(receipts);
        Ok(Done::new(StatusCode::NO_CONTENT, String::new()))
    })
    .await
}

/// `POST {api}/test-event`: sends one notification to the open streams of the user who asks, and to nobody else.
/// Returns 202 and its id. It is not stored, so no other stream and no later one gets it.
pub(super) async fn test_event(
    State(hub): State<Arc<Hub>>,
    Extension(user): Extension<User>,
) -> Result<Response, Problem> {
    match hub.send_test_event(&user, Timestamp::now()) {
        Some(id) => Ok((StatusCode::ACCEPTED, axum::Json(json!({ "id": id }))).into_response()),
        None => Err(Problem::new(
            StatusCode::CONFLICT,
            "this user has no open stream, open one first",
        )),
    }
}

fn readable(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))
}

fn parse_change(body: &[u8]) -> Result<Change, Problem> {
    let expected = "the body is an object with seen, read, archived, flagged or acknowledged, each true or false, \
                    or snoozedUntil, a time or null";
    match serde_json::from_slice::<Change>(body) {
        Ok(change) if change != Change::default() => Ok(change),
        Ok(_) => Err(Problem::bad_request(expected)),
        Err(error) => Err(Problem::bad_request(format!("{expected}: {error}"))),
    }
}

fn parse_receipts(body: &[u8]) -> Result<Vec<Value>, Problem> {
    let expected = || Problem::bad_request("the body is a receipt, or an array of receipts, as JSON objects");
    let mut value: Value = serde_json::from_slice(body).map_err(|_| expected())?;
    if let Some(inner) = value.get_mut("receipts") {
        value = inner.take();
    }
    let receipts = if let Value::Array(receipts) = value {
        receipts
    } else {
        vec![value]
    };
    if receipts.is_empty() || !receipts.iter().all(Value::is_object) {
        return Err(expected());
    }
    Ok(receipts)
}

/// What a request did.
struct Done {
    status: StatusCode,
    body: String,
    /// The notifications that stay as they are.
    refused: Vec<String>,
}

impl Done {
    fn new(status: StatusCode, body: String) -> Self {
        Self {
            status,
            body,
            refused: Vec::new(),
        }
    }
}

struct Request<'a> {
    headers: &'a HeaderMap,
    /// The whole request, to tell a repetition of a key from its misuse.
    text: String,
    connection: &'a Arc<Connection>,
}

/// Processes a request, or repeats the response if its `Idempotency-Key` was used for the same request. Error responses
/// are stored as well, as in the IETF draft.
async fn once(
    hub: &Arc<Hub>,
    request: Request<'_>,
    changes: Vec<(String, ChangeKind)>,
    act: impl FnOnce(&Arc<Hub>) -> Result<Done, Problem>,
) -> Result<Response, Problem> {
    let key = request
        .headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .map(str::to_owned);
    let (given, refused) = answered(hub, key.as_deref(), request.text, act);
    let lost = {
        let mut state = hub.state();
        let at = Timestamp::now();
        for (notification, kind) in changes {
            let applied = refused
                .as_ref()
                .is_some_and(|refused| !refused.contains(&notification));
            state.observed.changes.push(SeenChange {
                at,
                notification,
                kind,
                key: key.clone(),
                applied,
            });
        }
        let lost = state.answers_to_lose > 0;
        state.answers_to_lose = state.answers_to_lose.saturating_sub(1);
        lost
    };
    hub.publish_change();
    if lost {
        request.connection.hang_up(HangUp::Reset);
        return std::future::pending().await;
    }
    Ok(response_of(given))
}

/// The response and, if the request changed something, the notifications that it did not change.
fn answered(
    hub: &Arc<Hub>,
    key: Option<&str>,
    text: String,
    act: impl FnOnce(&Arc<Hub>) -> Result<Done, Problem>,
) -> (Given, Option<Vec<String>>) {
    let recall = key.map_or(Recall::New, |key| hub.state().keys.recall(key, &text));
    match recall {
        Recall::Same(given) => (given, None),
        Recall::Different => {
            let detail = "the Idempotency-Key was used for another request, use a new one";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
            let given = Given {
                status: problem.status(),
                body: problem.body().into(),
            };
            (given, None)
        }
        Recall::New => {
            let done = act(hub).unwrap_or_else(|problem| Done::new(problem.status(), problem.body()));
            let given = Given {
                status: done.status,
                body: done.body.into(),
            };
            if let Some(key) = key {
                hub.state().keys.remember(key.to_owned(), text, given.clone());
            }
            (given, done.status.is_success().then_some(done.refused))
        }
    }
}

fn response_of(given: Given) -> Response {
    let content_type = if given.status.is_success() {
        "application/json"
    } else {
        "application/problem+json"
    };
    if given.body.is_empty() {
        return given.status.into_response();
    }
    (given.status, [(CONTENT_TYPE, content_type)], given.body).into_response()
}
