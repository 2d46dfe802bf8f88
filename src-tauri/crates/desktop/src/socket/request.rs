//! The role of programs that send one request after the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::CoreError;
use gloria_core::account::address::Address;
use gloria_core::account::session;
use gloria_core::message;
use gloria_core::protocol::{CommandError, CommandErrorCode, WINDOW_SHOWS};
use gloria_ipc::access::AccessLine;
use gloria_ipc::lines::{LineError, LineReader, to_line, write_bytes, write_line};
use gloria_ipc::protocol::{
    ACCESS_TOKEN, APP_OPEN, APP_QUIT, APP_START, AnswerLine, CREDENTIALS_CHANGED, INBOX_NAMED,
    MAX_REQUEST_BYTES, OpenRequest, Outcome, REPLAY, RequestLine, SIGN_OUT, StartAnswer, StartRequest,
};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};
use tokio::time::timeout;

use super::protocol::Refusal;
use super::state::{AppRequest, CLIENT_TIMEOUT, Server, hang_up, refuse};

/// A program with no more requests closes its connection. One that does not would block a place for others.
pub(super) const REQUEST_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection test takes this long if every step of it times out. The core finishes a request that timed out here.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// In bytes; activation tokens of desktops are a few dozen characters long.
const MAX_ACTIVATION_TOKEN_BYTES: usize = 1024;

pub(super) async fn serve<C>(
    lines: &mut LineReader<ReadHalf<C>>,
    writer: &mut WriteHalf<C>,
    server: &Server,
    place: OwnedSemaphorePermit,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
{
    lines.set_max_bytes(MAX_REQUEST_BYTES);
    let mut place = Place {
        is_askers: false,
        _permit: place,
    };
    loop {
        let next = tokio::select! {
            biased;
            () = server.closed() => return Ok(()),
            next = timeout(REQUEST_IDLE_TIMEOUT, lines.next()) => next,
        };
        let open = server.begin_request();
        let line = match next {
            Ok(Ok(line)) => line,
            Ok(Err(LineError::Ended)) => return Ok(()),
            Ok(Err(LineError::TooLong)) => return refuse(lines, writer, server, Refusal::TooLong).await,
            Ok(Err(LineError::Io(error))) => return Err(error),
            Err(_) => return refuse(lines, writer, server, Refusal::Slow).await,
        };
        let Ok(RequestLine { id, call, request }) =
            serde_json::from_slice::<RequestLine<String, Value>>(&line)
        else {
            return refuse(lines, writer, server, Refusal::NotUnderstood).await;
        };
        place = match place.for_call(&call, server) {
            Ok(place) => place,
            Err(_) => return refuse(lines, writer, server, Refusal::Busy).await,
        };
        if call == ACCESS_TOKEN {
            // A command that gives up hangs up. Without noticing, its place would be taken until a renewal ends.
            let given = tokio::select! {
                biased;
                given = timeout(CALL_TIMEOUT, access(server, request)) => given,
                _ = lines.next() => return Ok(()),
            };
            let Ok(given) = given else {
                return refuse(lines, writer, server, Refusal::Slow).await;
            };
            let line = Zeroizing::new(to_line(&access_line(id, given))?);
            write_bytes(writer, &line, CLIENT_TIMEOUT).await?;
            // One that stays would have a place that others wait for.
            drop(place);
            return hang_up(lines, writer).await;
        }
        let Ok((outcome, then)) = timeout(CALL_TIMEOUT, perform(server, &call, request)).await else {
            return refuse(lines, writer, server, Refusal::Slow).await;
        };
        let answer = AnswerLine {
            id,
            outcome: outcome_of(outcome),
        };
        let written = write_line(writer, &answer, CLIENT_TIMEOUT).await;
        drop(open);
        if let Some(then) = then {
            // After the answer, because the app's end closes the connection.
            (server.app)(then);
        }
        written?;
    }
}

/// What counts a client that sends requests.
struct Place {
    /// It waits for an access token.
    is_askers: bool,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// The place of a client that makes this call. If that is another one, the one that it had is free.
    fn for_call(self, call: &str, server: &Server) -> Result<Self, TryAcquireError> {
        let is_askers = call == ACCESS_TOKEN;
        if is_askers == self.is_askers {
            return Ok(self);
        }
        let places = if is_askers {
            &server.askers
        } else {
            &server.requesters
        };
        Ok(Self {
            is_askers,
            _permit: Arc::clone(places).try_acquire_owned()?,
        })
    }
}

/// An access token for a program that asks for the server at this address. The role of the window has no such request.
async fn access(server: &Server, request: Value) -> Result<SecretString, CommandError> {
    let text: String = parsed(request)?;
    // The settings decide about unencrypted servers. Here the address is only compared.
    let address = Address::parse(&text, true).map_err(|error| CoreError::Invalid(error.message()))?;
    let given = server.core.access_token(address.clone()).await?;
    let token = given.for_server(&session::Server::of(&address));
    let token = token.ok_or_else(|| CoreError::Invalid(message::access_not_given()))?;
    Ok(token.expose().into())
}

fn access_line(id: u64, given: Result<SecretString, CommandError>) -> AccessLine {
    match given {
        Ok(token) => AccessLine {
            id,
            token: Some(token),
            error: Value::Null,
        },
        Err(error) => AccessLine {
            id,
            token: None,
            error: serde_json::to_value(error).unwrap_or_default(),
        },
    }
}

/// Also what the app is to do once the answer is written.
async fn perform(
    server: &Server,
    call: &str,
    request: Value,
) -> (Result<Value, CommandError>, Option<AppRequest>) {
    match call {
        APP_QUIT => match parsed::<()>(request) {
            Ok(()) => (Ok(Value::Null), Some(AppRequest::Quit)),
            Err(error) => (Err(error), None),
        },
        APP_START => match parsed(request) {
            Ok(start) => on_start(server, start).await,
            Err(error) => (Err(error), None),
        },
        call => (answer(server, call, request).await, None),
    }
}

async fn on_start(server: &Server, start: StartRequest) -> (Result<Value, CommandError>, Option<AppRequest>) {
    let windows = server.windows.as_ref();
    let moved = windows.and_then(|windows| windows.moved_to(&start.session));
    let answer = StartAnswer {
        moves: moved.is_some(),
    };
    if moved.is_none() && start.open {
        let token = start.activation_token.filter(|token| is_token(token));
        server.open_window(token).await;
    }
    let open = start.open;
    let then = moved.map(|session| AppRequest::Move { session, open });
    (Ok(serde_json::to_value(answer).unwrap_or_default()), then)
}

async fn answer(server: &Server, call: &str, request: Value) -> Result<Value, CommandError> {
    match call {
        APP_OPEN => open(server, parsed(request)?).await.map(|()| Value::Null),
        CREDENTIALS_CHANGED => {
            server.core.credentials_changed(parsed(request)?).await?;
            Ok(Value::Null)
        }
        INBOX_NAMED => {
            let keys = server.core.inbox_named(parsed(request)?).await?;
            Ok(serde_json::to_value(keys).unwrap_or_default())
        }
        REPLAY => {
            let replayed = server.core.replay(parsed(request)?).await?;
            Ok(serde_json::to_value(replayed).unwrap_or_default())
        }
        SIGN_OUT => {
            let answer = server.core.sign_out_at(parsed(request)?).await?;
            Ok(serde_json::to_value(answer).unwrap_or_default())
        }
        // Only the window may report this: it suppresses notifications.
        WINDOW_SHOWS => Err(CommandError {
            code: CommandErrorCode::UnknownCommand,
            message: message::error_unknown_command(WINDOW_SHOWS),
        }),
        command => server.core.dispatch(command, request).await,
    }
}

async fn open(server: &Server, request: OpenRequest) -> Result<(), CommandError> {
    let OpenRequest {
        item,
        activation_token,
    } = request;
    if let Some(key) = item {
        if server.core.inbox_item(key.clone()).await?.is_none() {
            return Err(CoreError::Gone.into());
        }
        server.core.item_show(Some(key)).await?;
    }
    let token = activation_token.filter(|token| is_token(token));
    server.open_window(token).await;
    Ok(())
}

/// Whether it can be an activation token. It is passed to the window system unchanged.
fn is_token(token: &str) -> bool {
    (1..=MAX_ACTIVATION_TOKEN_BYTES).contains(&token.len()) && !token.chars().any(char::is_control)
}

/// As a line of the protocol.
pub(super) fn outcome_of(result: Result<Value, CommandError>) -> Outcome {
    match result {
        Ok(answer) => Outcome::Ok(answer),
        Err(error) => Outcome::Error(serde_json::to_value(error).unwrap_or_default()),
    }
}

pub(super) fn parsed<T: DeserializeOwned>(request: Value) -> Result<T, CommandError> {
    serde_json::from_value(request).map_err(|error| CommandError {
        code: CommandErrorCode::InvalidRequest,
        message: message::error_invalid_request(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_desktop_gives_out_is_no_token() {
        assert!(is_token("gnome-shell/firefox/2718-3-host_TIME1234") && is_token("ünï"));
        for bad in ["", "a\0b", "line\nbreak", "\u{9b}1m", &"x".repeat(2000)] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }
}
