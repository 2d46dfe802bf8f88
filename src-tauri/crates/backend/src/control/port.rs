//! Commands over HTTP, for clients in other processes.
//!
//! `POST /` takes one [`Command`] as JSON, `POST /raw` bytes for all streams, `GET /observed` returns what was seen.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Control, PushedRange};
use crate::answers::{Answer, Route};
use crate::connection::{HangUp, Pace};
use crate::hub::Stall;
use crate::problem::Problem;

/// A command, as `{"do": "push", …}`. Variants without fields have braces, because serde rejects unknown fields only
/// then.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(
    tag = "do",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Command {
    /// [`Control::push`], or [`Control::push_text`] when `data` is a string.
    Push {
        /// The event's type.
        event: String,
        /// The event's data.
        data: Value,
        /// An id instead of the next number.
        #[serde(default)]
        id: Option<String>,
    },
    /// [`Control::push_many`].
    PushMany {
        /// How many.
        count: usize,
    },
    /// [`Control::push_huge`].
    PushHuge {
        /// The length of the data.
        bytes: usize,
    },
    /// [`Control::cut_mid_event`].
    CutMidEvent {
        /// The event's type.
        event: String,
        /// The event's data.
        data: Value,
    },
    /// [`Control::end_streams`].
    EndStreams {},
    /// [`Control::close_streams`].
    CloseStreams {
        /// The close code.
        code: u16,
    },
    /// [`Control::hang_up`].
    HangUp {
        /// With FIN or RST.
        how: HangUp,
    },
    /// [`Control::stall`].
    Stall {
        /// Which streams.
        which: Stall,
    },
    /// [`Control::resume`].
    Resume {},
    /// [`Control::set_pace`]; full speed without bytes.
    Pace {
        /// The maximum number of bytes in one write.
        #[serde(default)]
        bytes: Option<usize>,
        /// The pause after each write, in milliseconds.
        #[serde(default)]
        every_ms: u64,
    },
    /// [`Control::answer`].
    Answer {
        /// Which requests.
        route: Route,
        /// How many of them.
        times: u32,
        /// The response.
        answer: Answer,
    },
    /// [`Control::clear_answers`].
    ClearAnswers {},
    /// [`Control::lose_answers`].
    LoseAnswers {
        /// How many.
        times: u32,
    },
    /// [`Control::require_token`].
    RequireToken {
        /// The only token that is accepted from now on.
        token: String,
    },
    /// [`Control::drop_history`].
    DropHistory {},
    /// [`Control::refuse`].
    Refuse {},
    /// [`Control::accept`].
    Accept {},
    /// [`Control::set_heartbeat`].
    Heartbeat {
        /// The interval in milliseconds; 0 sends none.
        interval_ms: u64,
    },
    /// [`Control::beat`].
    Beat {},
}

/// The result of a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// No result: `{}`.
    Done {},
    /// One event.
    Pushed {
        /// The event's id.
        id: String,
    },
    /// Several events; empty if none was requested.
    PushedMany(Option<PushedRange>),
}

impl Control {
    /// Performs a command.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the command, or why the socket could not be opened or closed.
    pub async fn perform(&self, command: Command) -> Result<Outcome, String> {
        let millis = Duration::from_millis;
        match command {
            Command::Push { event, data, id } => {
                let text = if let Value::String(text) = data {
                    text
                } else {
                    data.to_string()
                };
                return Ok(Outcome::Pushed {
                    id: self.push_text(&event, id.as_deref(), &text),
                });
            }
            Command::PushMany { count } => return Ok(Outcome::PushedMany(self.push_many(count))),
            Command::PushHuge { bytes } => {
                return Ok(Outcome::Pushed {
                    id: self.push_huge(bytes),
                });
            }
            Command::CutMidEvent { event, data } => {
                return Ok(Outcome::Pushed {
                    id: self.cut_mid_event(&event, data),
                });
            }
            Command::EndStreams {} => self.end_streams(),
            Command::CloseStreams { code } => self.close_streams(code),
            Command::HangUp { how } => self.hang_up(how),
            Command::Stall { which } => self.stall(which),
            Command::Resume {} => self.resume(),
            Command::Pace { bytes, every_ms } => {
                self.set_pace(bytes.map(|bytes| Pace {
                    bytes,
                    every: millis(every_ms),
                }));
            }
            Command::Answer { route, times, answer } => {
                self.answer(route, times, answer)
                    .map_err(|error| error.to_string())?;
            }
            Command::ClearAnswers {} => self.clear_answers(),
            Command::LoseAnswers { times } => self.lose_answers(times),
            Command::RequireToken { token } if token.is_empty() => return Err("the token is empty".into()),
            Command::RequireToken { token } => self.require_token(token),
            Command::DropHistory {} => self.drop_history(),
            Command::Refuse {} => self.refuse().await.map_err(|error| error.to_string())?,
            Command::Accept {} => self.accept().await.map_err(|error| error.to_string())?,
            Command::Heartbeat { interval_ms } => self.set_heartbeat(Some(millis(interval_ms))),
            Command::Beat {} => self.beat(),
        }
        Ok(Outcome::Done {})
    }
}

pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/", post(perform))
        .route("/raw", post(raw))
        .route(
            "/observed",
            get(async |State(control): State<Control>| axum::Json(control.observed())),
        )
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .with_state(control)
}

async fn perform(State(control): State<Control>, body: Bytes) -> Response {
    let command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(error) => {
            return Problem::bad_request(format!("the body is not a command: {error}")).into_response();
        }
    };
    match control.perform(command).await {
        Ok(outcome) => axum::Json(outcome).into_response(),
        Err(detail) => Problem::bad_request(detail).into_response(),
    }
}

async fn raw(State(control): State<Control>, body: Bytes) -> StatusCode {
    control.push_raw(body);
    StatusCode::NO_CONTENT
}
