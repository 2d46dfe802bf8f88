//! The API over HTTP.

mod notifications;
mod stream;
mod websocket;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;

use crate::API_PATH;
use crate::answers::Route;
use crate::blast::blast;
use crate::hub::{Hub, User};
use crate::listener::ClientConnection;
use crate::observed::{Credentials, SeenRequest};
use crate::problem::Problem;

pub(crate) fn router(hub: Arc<Hub>) -> Router {
    let mut api = Router::new()
        .route("/health", get(health))
        .route("/auth", get(auth))
        .route("/sse", get(stream::events))
        .route("/ws", get(websocket::events))
        .route("/blast", get(blast));
    if hub.optional_parts {
        api = api
            .route(
                "/notifications",
                get(notifications::list).patch(notifications::change_several),
            )
            .route(
                "/notifications/{id}",
                patch(notifications::change).delete(notifications::delete),
            )
            .route("/receipts", post(notifications::receipts))
            .route("/test-event", post(notifications::test_event));
    }
    Router::new()
        .nest(API_PATH, api)
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path does not take this method",
            )
        })
        .layer(from_fn_with_state(hub.clone(), gate))
        .with_state(hub)
}

async fn health() -> Response {
    axum::Json(serde_json::json!({ "status": "ok" })).into_response()
}

/// Says where users sign in. Clients have no token yet, so it is public, and it contains no secret.
async fn auth(State(hub): State<Arc<Hub>>) -> Response {
    match &hub.sign_in {
        Some(sign_in) => axum::Json(sign_in).into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "there is no sign-in here, use a token").into_response(),
    }
}

/// Handles every request first: records it, and sends a scripted response or a refusal before it reaches the API.
async fn gate(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    mut request: Request,
    next: Next,
) -> Response {
    let query: BTreeMap<String, String> = Query::try_from_uri(request.uri())
        .map(|Query(query)| query)
        .unwrap_or_default();
    let (credentials, token) = token_of(request.headers(), &query);
    let path = request.uri().path();
    let route = Route::of(request.method(), path);
    let (number, scripted, known, user) = {
        let mut state = hub.state();
        let number = state.observed.requests_total + 1;
        state.observed.requests_total = number;
        let known = token.filter(|token| state.tokens.contains(token));
        let user = known.as_ref().and_then(|token| state.user_of(token));
        let known = known.is_some();
        state.observed.record(SeenRequest {
            number,
            at: Timestamp::now(),
            method: request.method().to_string(),
            path: path.to_owned(),
            headers: readable(request.headers()),
            query: query.into_iter().filter(|(name, _)| name != "token").collect(),
            credentials,
            connection: connection.number(),
            status: None,
        });
        (
            number,
            route.and_then(|route| state.script.next(route)),
            known,
            user,
        )
    };
    hub.publish_change();

    let response = if let Some(answer) = scripted {
        match answer.response() {
            Ok(response) => response,
            Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    } else if known || matches!(route, Some(Route::Health | Route::Auth)) {
        request.extensions_mut().insert(User(user));
        next.run(request).await
    } else {
        unauthorized(credentials)
    };
    hub.state().observed.answered(number, response.status().as_u16());
    hub.publish_change();
    response
}

fn token_of(headers: &HeaderMap, query: &BTreeMap<String, String>) -> (Credentials, Option<String>) {
    if let Some(value) = headers.get(AUTHORIZATION) {
        // The scheme is case-insensitive (RFC 9110, 11.1).
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        let bearer = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        return (
            Credentials::Bearer,
            bearer.map(|(_, token)| token.trim().to_owned()),
        );
    }
    match query.get("token") {
        Some(token) => (Credentials::Query, Some(token.clone())),
        None => (Credentials::None, None),
    }
}

fn unauthorized(credentials: Credentials) -> Response {
    let detail = match credentials {
        Credentials::None => "give a token as Authorization: Bearer or in the query",
        Credentials::Bearer | Credentials::Query => "the token is not accepted, sign in again",
    };
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, detail).into_response();
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| ![AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
