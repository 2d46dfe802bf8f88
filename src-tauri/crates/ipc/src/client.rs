//! The side of other programs: the command line, and a second start of the app.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep, timeout};

use crate::lines::{LineError, LineReader, write_line};
use crate::protocol::{
    APP_OPEN, APP_QUIT, APP_START, AnswerLine, CREDENTIALS_CHANGED, DONE, Greeting, Hello, LISTENER,
    MAX_ANSWER_BYTES, OTHER_VERSION, OpenRequest, Outcome, REQUEST, Refused, RequestLine, SLOW, STATUS,
    StartAnswer, StartRequest,
};
use crate::{AskError, CallError, system};

/// How often it is looked whether an app that begins anew answers again. It takes some twenty milliseconds.
const START_INTERVAL: Duration = Duration::from_millis(10);

/// Longer than the app takes before it hangs up.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to the running app.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) lines: LineReader<ReadHalf<system::Stream>>,
    pub(crate) writer: WriteHalf<system::Stream>,
}

impl Connection {
    async fn open(data: &Path) -> Result<Self, AskError> {
        let (reader, writer) = tokio::io::split(system::connect(data).await?);
        Ok(Self {
            lines: LineReader::new(reader, MAX_ANSWER_BYTES),
            writer,
        })
    }

    /// In a role that the app has agreed to.
    pub(crate) async fn open_as(data: &Path, hello: &Hello<'_>) -> Result<Self, AskError> {
        let opened = async {
            let mut connection = Self::open(data).await?;
            let sent = write_line(&mut connection.writer, hello, ANSWER_TIMEOUT).await;
            let greeting = connection.answer(sent).await?;
            match serde_json::from_slice(&greeting) {
                Ok(Greeting::Accepted { .. }) => Ok(connection),
                Ok(Greeting::Refused(refused)) => Err(refused.into()),
                Err(_) => Err(AskError::Unknown),
            }
        };
        timeout(ANSWER_TIMEOUT, opened)
            .await
            .unwrap_or(Err(AskError::Silent))
    }

    /// The next line, after something was sent. What was sent may have met a refusal on its way, which is read then.
    async fn answer(&mut self, sent: io::Result<()>) -> Result<Vec<u8>, AskError> {
        let next = self.lines.next().await;
        match (next, sent) {
            (Ok(line), _) => Ok(line),
            // It was just ending: it takes its socket with it, and what waits there to be let in.
            (Err(LineError::Ended), _) if self.lines.is_empty() => Err(AskError::NotRunning),
            (Err(LineError::Io(error)), _) | (Err(_), Err(error))
                if is_disconnect(&error) && self.lines.is_empty() =>
            {
                Err(AskError::NotRunning)
            }
            (Err(LineError::TooLong), _) => Err(AskError::Unknown),
            (Err(LineError::Ended | LineError::Io(_)), _) => Err(AskError::Silent),
        }
    }
}

/// A conversation ends like this when the app does. One that hangs stays.
fn is_disconnect(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

impl From<Refused> for AskError {
    fn from(refused: Refused) -> Self {
        match &*refused.code {
            OTHER_VERSION => Self::Unknown,
            SLOW => Self::Silent,
            _ => Self::Refused(Box::new(refused)),
        }
    }
}

/// Asks the running app for one thing after the other.
#[derive(Debug)]
pub struct AppConnection {
    connection: Connection,
    next_id: u64,
}

impl AppConnection {
    /// To the app that runs on these folders.
    ///
    /// # Errors
    /// When there is none, it does not answer within ten seconds, or it refuses.
    pub async fn open(data: &Path) -> Result<Self, AskError> {
        let connection = Connection::open_as(data, &Hello::new(REQUEST, &[])).await?;
        Ok(Self {
            connection,
            next_id: 1,
        })
    }

    /// Does one of the core's commands, or of the app's own.
    ///
    /// # Errors
    /// When the app does not answer within ten seconds, or answers that it was not done. After no answer there is none
    /// to later requests either.
    pub async fn call(&mut self, call: &str, request: Value) -> Result<Value, CallError> {
        let id = self.next_id;
        self.next_id += 1;
        let line = RequestLine { id, call, request };
        let connection = &mut self.connection;
        let called = async {
            let sent = write_line(&mut connection.writer, &line, ANSWER_TIMEOUT).await;
            let answer = connection.answer(sent).await?;
            if let Ok(AnswerLine { id: of, outcome }) = serde_json::from_slice(&answer) {
                if of != id {
                    return Err(AskError::Unknown.into());
                }
                return match outcome {
                    Outcome::Ok(answer) => Ok(answer),
                    Outcome::Error(error) => Err(CallError::Command(error)),
                };
            }
            match serde_json::from_slice(&answer) {
                Ok(Greeting::Refused(refused)) => Err(AskError::from(refused).into()),
                Ok(Greeting::Accepted { .. }) | Err(_) => Err(AskError::Unknown.into()),
            }
        };
        timeout(ANSWER_TIMEOUT, called)
            .await
            .unwrap_or_else(|_| Err(AskError::Silent.into()))
    }
}

/// The server's events, by way of the running app.
#[derive(Debug)]
pub struct AppEvents(Connection);

impl AppEvents {
    /// Of these types, or of all where there is none, from when this answers.
    ///
    /// # Errors
    /// As [`AppConnection::open`].
    pub async fn open(data: &Path, types: &[&str]) -> Result<Self, AskError> {
        Connection::open_as(data, &Hello::new(LISTENER, types))
            .await
            .map(Self)
    }

    /// The next one, a `ListenerMessage` of the core. It can be cancelled without a loss.
    ///
    /// # Errors
    /// [`AskError::NotRunning`] when the app has ended, or hung up on a listener that was too slow; others when what
    /// comes is none of ours.
    pub async fn next(&mut self) -> Result<Value, AskError> {
        match self.0.lines.next().await {
            Ok(line) => serde_json::from_slice(&line).map_err(|_| AskError::Unknown),
            Err(LineError::TooLong) => Err(AskError::Unknown),
            // Half a line is that of an app that was killed.
            Err(LineError::Ended | LineError::Io(_)) => Err(AskError::NotRunning),
        }
    }
}

/// Asks the app that runs on these folders how it is doing. Answers with one JSON document.
///
/// # Errors
/// When there is none, or it does not answer within ten seconds.
pub async fn ask_status(data: &Path) -> Result<String, AskError> {
    let asked = async {
        let mut connection = Connection::open(data).await?;
        let hello = Hello::new(STATUS, &[]);
        let sent = write_line(&mut connection.writer, &hello, ANSWER_TIMEOUT).await;
        let line = connection.answer(sent).await?;
        if let Ok(Greeting::Refused(refused)) = serde_json::from_slice(&line) {
            return Err(refused.into());
        }
        String::from_utf8(line)
            .map(|line| line + "\n")
            .map_err(|_| AskError::Unknown)
    };
    timeout(ANSWER_TIMEOUT, asked)
        .await
        .unwrap_or(Err(AskError::Silent))
}

/// Asks the app that runs on these folders to show its window.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_open(data: &Path, activation_token: Option<String>) -> Result<(), AskError> {
    let request = OpenRequest {
        item: None,
        activation_token,
    };
    let request = serde_json::to_value(request).unwrap_or_default();
    match ask_for(data, APP_OPEN, request).await {
        Err(AskError::Unknown) => say_plainly(data, "open\n").await,
        outcome => outcome,
    }
}

/// Tells the app that runs on these folders that it was started once more, and where. An app that moves to that session
/// is there when this answers.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_start(data: &Path, start: &StartRequest) -> Result<(), AskError> {
    let mut app = AppConnection::open(data).await?;
    let request = serde_json::to_value(start).unwrap_or_default();
    match app.call(APP_START, request).await {
        Ok(answer) => {
            if serde_json::from_value(answer).is_ok_and(|StartAnswer { moves }| moves) {
                reached_again(data, app).await?;
            }
            Ok(())
        }
        Err(CallError::Ask(error)) => Err(error),
        // A version without this request, or a core that has just ended or is being restarted.
        Err(CallError::Command(_)) if start.open => ask_to_open(data, start.activation_token.clone()).await,
        Err(CallError::Command(_)) => Ok(()),
    }
}

/// Waits until an app has ended and the next one answers in its place.
async fn reached_again(data: &Path, mut app: AppConnection) -> Result<(), AskError> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let ended = async { while app.connection.lines.next().await.is_ok() {} };
    timeout(ANSWER_TIMEOUT, ended)
        .await
        .map_err(|_| AskError::Silent)?;
    loop {
        match ask_status(data).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => sleep(START_INTERVAL).await,
        }
    }
}

/// Asks the app that runs on these folders to end. It has begun to when this answers.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_quit(data: &Path) -> Result<(), AskError> {
    match ask_for(data, APP_QUIT, Value::Null).await {
        Err(AskError::Unknown) => say_plainly(data, "quit\n").await,
        outcome => outcome,
    }
}

/// Tells the app that runs on these folders that the keyring's entry for this API address is another one now.
///
/// # Errors
/// As [`ask_status`].
pub async fn send_credentials_changed(data: &Path, address: &str) -> Result<(), AskError> {
    ask_for(data, CREDENTIALS_CHANGED, address.into()).await
}

/// One request that is answered with nothing.
async fn ask_for(data: &Path, call: &str, request: Value) -> Result<(), AskError> {
    let mut app = AppConnection::open(data).await?;
    match app.call(call, request).await {
        Ok(_) => Ok(()),
        Err(CallError::Ask(error)) => Err(error),
        // Its core has ended or is being restarted.
        Err(CallError::Command(_)) => Err(AskError::Silent),
    }
}

/// In a line that every version understands.
async fn say_plainly(data: &Path, line: &str) -> Result<(), AskError> {
    let said = async {
        let mut connection = Connection::open(data).await?;
        let sent = connection.writer.write_all(line.as_bytes()).await;
        let answer = connection.answer(sent).await?;
        if answer == DONE.trim_end().as_bytes() {
            Ok(())
        } else {
            Err(AskError::Unknown)
        }
    };
    timeout(ANSWER_TIMEOUT, said)
        .await
        .unwrap_or(Err(AskError::Silent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, Listener};

    /// On every system.
    #[tokio::test]
    async fn a_client_finds_the_listener_of_its_folder_and_is_answered() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let missing = ask_status(home.path()).await;
        assert!(matches!(missing, Err(AskError::NotRunning)), "{missing:?}");
        let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
        for round in 0..3 {
            let answer = async {
                let (reader, mut writer) = tokio::io::split(listener.accept().await.expect("a client"));
                let mut lines = LineReader::new(reader, 1000);
                let hello = lines.next().await.expect("a line");
                let hello: Hello<'_> = serde_json::from_slice(&hello).expect("a first line");
                assert_eq!((hello.role, hello.protocol), (STATUS, 1));
                assert_eq!(hello.version, env!("CARGO_PKG_VERSION"));
                write_line(&mut writer, &round, ANSWER_TIMEOUT)
                    .await
                    .expect("written");
                lines.drain().await;
            };
            let (answered, ()) = tokio::join!(ask_status(home.path()), answer);
            assert_eq!(answered.expect("an answer"), format!("{round}\n"));
        }
        drop(listener);
        let gone = ask_status(home.path()).await;
        assert!(matches!(gone, Err(AskError::NotRunning)), "{gone:?}");
    }
}
