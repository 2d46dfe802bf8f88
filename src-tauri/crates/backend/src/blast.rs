//! Sends as many events as the socket accepts, to measure clients.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::problem::Problem;

/// 1 000 000 events of this size are the 114 MB with which clients are compared.
const EVENT_SIZE: usize = 114;
const EVENTS: u64 = 1_000_000;

/// The maximum size of an event that clients have to accept.
const EVENT_SIZE_MAX: usize = 4 << 20;

/// The size of one write; more does not help over loopback, less costs more system calls.
const BLOCK: usize = 64 << 10;

/// Ids have a fixed width so that every event has the same size.
const DIGITS: usize = 10;

const BEFORE_ID: &str = "event: notification.created\nid: ";
const BEFORE_SAME_ID: &str = "\ndata: {\"id\":\"";
const BEFORE_MESSAGE: &str = "\",\"title\":\"Load\",\"message\":\"";
const AFTER_MESSAGE: &str = "\"}\n\n";

const FIRST_ID: usize = BEFORE_ID.len();
const SECOND_ID: usize = FIRST_ID + DIGITS + BEFORE_SAME_ID.len();
const EVENT_SIZE_MIN: usize = SECOND_ID + DIGITS + BEFORE_MESSAGE.len() + 1 + AFTER_MESSAGE.len();

/// `GET {api}/blast?events=N&size=BYTES`: sends N events with increasing ids, each of exactly that many bytes including
/// its blank line, then ends the body.
pub(crate) async fn blast(Query(query): Query<HashMap<String, String>>) -> Response {
    match parse(&query) {
        Ok((events, size)) => {
            let headers = [
                (CONTENT_TYPE, "text/event-stream"),
                (CACHE_CONTROL, "no-cache, no-transform"),
            ];
            (headers, Body::from_stream(Blast::new(events, size))).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

fn parse(query: &HashMap<String, String>) -> Result<(u64, usize), Problem> {
    let events = match query.get("events") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|events| *events < 10_u64.pow(DIGITS as u32)),
        None => Some(EVENTS),
    };
    let size = match query.get("size") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (EVENT_SIZE_MIN..=EVENT_SIZE_MAX).contains(size)),
        None => Some(EVENT_SIZE),
    };
    match (events, size) {
        (Some(events), Some(size)) => Ok((events, size)),
        (None, _) => Err(Problem::bad_request("events is a whole number below 10000000000")),
        (_, None) => Err(Problem::bad_request(format!(
            "size is the bytes of one event, from {EVENT_SIZE_MIN} to {EVENT_SIZE_MAX}"
        ))),
    }
}

struct Blast {
    /// As many events as fit a block; the ids are overwritten for each block.
    template: Vec<u8>,
    size: usize,
    next: u64,
    left: u64,
}

impl Blast {
    fn new(events: u64, size: usize) -> Self {
        let digits = "0".repeat(DIGITS);
        let filler = "x".repeat(size + 1 - EVENT_SIZE_MIN);
        let event = [
            BEFORE_ID,
            &digits,
            BEFORE_SAME_ID,
            &digits,
            BEFORE_MESSAGE,
            &filler,
            AFTER_MESSAGE,
        ]
        .concat();
        let template = event.repeat((BLOCK / size).max(1)).into_bytes();
        Self {
            template,
            size,
            next: 1,
            left: events,
        }
    }
}

impl Stream for Blast {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let Self {
            template,
            size,
            next,
            left,
        } = &mut *self;
        let mut length = 0;
        for event in template.chunks_exact_mut(*size) {
            if *left == 0 {
                break;
            }
            write_digits(&mut event[FIRST_ID..FIRST_ID + DIGITS], *next);
            write_digits(&mut event[SECOND_ID..SECOND_ID + DIGITS], *next);
            *next += 1;
            *left -= 1;
            length += *size;
        }
        Poll::Ready(Some(Ok(Bytes::copy_from_slice(&template[..length]))))
    }
}

fn write_digits(field: &mut [u8], mut number: u64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
