//! Clients that send requests: the command line, and a second start of the app.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep, timeout};

use crate::lines::{LineError, LineReader, write_line};
use crate::protocol::{
    APP_OPEN, APP_QUIT, APP_START, AnswerLine, BUSY, CREDENTIALS_CHANGED, DONE, Greeting, Hello, LISTENER,
    MAX_ANSWER_BYTES, OTHER_VERSION, OpenRequest, Outcome, REQUEST, Refused, RequestLine, SLOW, STATUS,
    StartAnswer, StartRequest,
};
use crate::{AskError, CallError, Identity, system};

/// How often to check whether a restarting app answers again. A restart takes some twenty milliseconds.
const START_INTERVAL: Duration = Duration::from_millis(10);

/// How long an app may have the folder without a socket: to start, to end or to restart on a busy computer. It may also
/// have it on another computer that shares the folder, and then nobody waits for long.
const CLAIMED_TIMEOUT: Duration = Duration::from_secs(8);

/// How long to ask again while too many programs send requests. Theirs take milliseconds, or two seconds where a window
/// hangs that is to come to the front.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to ask again meanwhile: each time costs the app a connection.
const BUSY_INTERVAL: Duration = Duration::from_millis(50);

/// How long an app may take to answer that it runs. It usually takes milliseconds.
const RUNS_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than the app waits before it closes a connection.
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

    /// Opens a connection in a role, once the app has accepted it.
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

    /// Reads the next line after sending. If sending failed, the app may have refused the client, which this reads.
    async fn answer(&mut self, sent: io::Result<()>) -> Result<Vec<u8>, AskError> {
        let next = self.lines.next().await;
        match (next, sent) {
            (Ok(line), _) => Ok(line),
            // It was just ending, which closes its socket and all connections that it has not accepted.
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

/// Whether an error means that the app has ended. One that hangs keeps the connection open.
fn is_disconnect(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

/// Waits for an app that has the folder where nobody answers: it starts, ends or restarts.
struct RestartWait<'a> {
    data: &'a Path,
    deadline: Instant,
}

impl<'a> RestartWait<'a> {
    fn new(data: &'a Path) -> Self {
        Self {
            data,
            deadline: Instant::now() + CLAIMED_TIMEOUT,
        }
    }

    /// Returns when to ask again.
    async fn wait(&self) -> Result<(), AskError> {
        if !Identity::of(self.data).is_claimed() {
            return Err(AskError::NotRunning);
        }
        if Instant::now() >= self.deadline {
            return Err(AskError::Silent);
        }
        sleep(START_INTERVAL).await;
        Ok(())
    }
}

/// Asks again while too many programs send requests.
pub(crate) struct BusyWait {
    deadline: Instant,
}

impl BusyWait {
    pub(crate) fn new() -> Self {
        Self {
            deadline: Instant::now() + BUSY_TIMEOUT,
        }
    }

    /// Returns when to ask again.
    ///
    /// # Errors
    /// What the app answered, when that is something else, or has gone on for too long.
    pub(crate) async fn wait(&self, error: AskError) -> Result<(), AskError> {
        let is_busy = matches!(&error, AskError::Refused(refused) if refused.code == BUSY);
        if !is_busy || Instant::now() >= self.deadline {
            return Err(error);
        }
        sleep(BUSY_INTERVAL).await;
        Ok(())
    }
}

/// What a line means that answers no request: the app may refuse a client also after its greeting.
pub(crate) fn refusal(line: &[u8]) -> AskError {
    match serde_json::from_slice(line) {
        Ok(Greeting::Refused(refused)) => refused.into(),
        Ok(Greeting::Accepted { .. }) | Err(_) => AskError::Unknown,
    }
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

/// A connection that sends requests to the running app, one after the other.
#[derive(Debug)]
pub struct AppConnection {
    data: PathBuf,
    connection: Connection,
    next_id: u64,
}

impl AppConnection {
    /// Connects to the app for this data folder. One that starts or restarts is waited for.
    ///
    /// # Errors
    /// When no app is running, it does not answer within ten seconds, or it refuses. It refuses for a moment where many
    /// programs send requests at once, and is asked again for five seconds.
    pub async fn open(data: &Path) -> Result<Self, AskError> {
        let restart = RestartWait::new(data);
        loop {
            match Self::open_now(data).await {
                Err(AskError::NotRunning) => restart.wait().await?,
                asked => return asked,
            }
        }
    }

    async fn open_now(data: &Path) -> Result<Self, AskError> {
        let busy = BusyWait::new();
        loop {
            match Connection::open_as(data, &Hello::new(REQUEST, &[])).await {
                Ok(connection) => {
                    return Ok(Self {
                        data: data.to_owned(),
                        connection,
                        next_id: 1,
                    });
                }
                Err(error) => busy.wait(error).await?,
            }
        }
    }

    /// Calls one of the core's commands, or of the app's.
    ///
    /// # Errors
    /// When the app does not answer within ten seconds, or the command fails. After a missing answer, later requests
    /// fail as well.
    pub async fn call(&mut self, call: &str, request: Value) -> Result<Value, CallError> {
        self.call_within(ANSWER_TIMEOUT, call, request).await
    }

    /// Like [`AppConnection::call`], for a request that waits for more than the core.
    ///
    /// # Errors
    /// As [`AppConnection::call`], with another time.
    pub async fn call_within(
        &mut self,
        within: Duration,
        call: &str,
        request: Value,
    ) -> Result<Value, CallError> {
        // From the first end of the connection: on a busy computer, an app may be slow to read, and end then.
        let mut deadline = None;
        let busy = BusyWait::new();
        loop {
            match self.call_once(within, call, &request).await {
                // One that has asked for an access token loses the place that it was greeted with.
                Err(CallError::Ask(refused @ AskError::Refused(_))) => {
                    busy.wait(refused).await?;
                    self.connection = Self::open(&self.data).await?.connection;
                }
                // An app that restarts answers every request that it has read before, so this one was not read.
                Err(CallError::Ask(AskError::NotRunning))
                    if Instant::now()
                        <= *deadline.get_or_insert_with(|| Instant::now() + CLAIMED_TIMEOUT) =>
                {
                    self.connection = Self::open(&self.data).await?.connection;
                }
                called => return called,
            }
        }
    }

    async fn call_once(&mut self, within: Duration, call: &str, request: &Value) -> Result<Value, CallError> {
        let called = async {
            let (id, answer) = self.exchange(call, request).await?;
            if let Ok(AnswerLine { id: of, outcome }) = serde_json::from_slice(&answer) {
                if of != id {
                    return Err(AskError::Unknown.into());
                }
                return match outcome {
                    Outcome::Ok(answer) => Ok(answer),
                    Outcome::Error(error) => Err(CallError::Command(error)),
                };
            }
            Err(refusal(&answer).into())
        };
        timeout(within, called)
            .await
            .unwrap_or_else(|_| Err(AskError::Silent.into()))
    }

    /// Sends a request. Returns its number, and the line that the app answers.
    pub(crate) async fn exchange(&mut self, call: &str, request: &Value) -> Result<(u64, Vec<u8>), AskError> {
        let id = self.next_id;
        self.next_id += 1;
        let line = RequestLine { id, call, request };
        let sent = write_line(&mut self.connection.writer, &line, ANSWER_TIMEOUT).await;
        Ok((id, self.connection.answer(sent).await?))
    }
}

/// The server's events, received through the running app.
#[derive(Debug)]
pub struct AppEvents(Connection);

impl AppEvents {
    /// Subscribes to these types, or to all if there are none. Events that arrive after it returns are delivered.
    ///
    /// # Errors
    /// As [`AppConnection::open`].
    pub async fn open(data: &Path, types: &[&str]) -> Result<Self, AskError> {
        let hello = Hello::new(LISTENER, types);
        let restart = RestartWait::new(data);
        loop {
            match Connection::open_as(data, &hello).await.map(Self) {
                Err(AskError::NotRunning) => restart.wait().await?,
                asked => return asked,
            }
        }
    }

    /// The next event, a `ListenerMessage` of the core. Cancel-safe.
    ///
    /// # Errors
    /// [`AskError::NotRunning`] when the app has ended, or closed the connection because this listener was too slow;
    /// others when a line does not follow the protocol.
    pub async fn next(&mut self) -> Result<Value, AskError> {
        match self.0.lines.next().await {
            Ok(line) => serde_json::from_slice(&line).map_err(|_| AskError::Unknown),
            Err(LineError::TooLong) => Err(AskError::Unknown),
            // Half a line means that the app was killed.
            Err(LineError::Ended | LineError::Io(_)) => Err(AskError::NotRunning),
        }
    }
}

/// Requests the status of the app for this data folder, a JSON document.
///
/// # Errors
/// When no app is running, or it does not answer within ten seconds.
pub async fn ask_status(data: &Path) -> Result<String, AskError> {
    let restart = RestartWait::new(data);
    loop {
        match ask_status_now(data).await {
            Err(AskError::NotRunning) => restart.wait().await?,
            asked => return asked,
        }
    }
}

async fn ask_status_now(data: &Path) -> Result<String, AskError> {
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

/// Whether an app runs for this data folder and answers at once.
pub async fn answers(data: &Path) -> bool {
    match timeout(RUNS_TIMEOUT, ask_status(data)).await {
        // One that refuses because it is busy is running as well.
        Ok(Ok(_) | Err(AskError::Refused(_))) => true,
        Ok(Err(AskError::NotRunning | AskError::Silent | AskError::Unreachable(_) | AskError::Unknown))
        | Err(_) => false,
    }
}

/// Requests that the app for this data folder shows its window.
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

/// Requests that the app for this data folder shows this item in its window, or if the item is gone, its window.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_open_item(
    data: &Path,
    item: &str,
    activation_token: Option<String>,
) -> Result<(), AskError> {
    let request = OpenRequest {
        item: Some(item.to_owned()),
        activation_token: activation_token.clone(),
    };
    let request = serde_json::to_value(request).unwrap_or_default();
    match AppConnection::open(data).await?.call(APP_OPEN, request).await {
        Ok(_) => Ok(()),
        Err(CallError::Command(_)) => ask_to_open(data, activation_token).await,
        Err(CallError::Ask(error)) => Err(error),
    }
}

/// Reports a second start to the app for this data folder. If the app moves to the session of that start, it has done
/// so when this returns.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_start(data: &Path, start: &StartRequest) -> Result<(), AskError> {
    let mut app = AppConnection::open_now(data).await?;
    let request = serde_json::to_value(start).unwrap_or_default();
    match app.call(APP_START, request).await {
        Ok(answer) => {
            if serde_json::from_value(answer).is_ok_and(|StartAnswer { moves }| moves) {
                reached_again(data, app).await?;
            }
            Ok(())
        }
        Err(CallError::Ask(error)) => Err(error),
        // It is of a version without this request, or its core has just ended or is restarting.
        Err(CallError::Command(_)) if start.open => ask_to_open(data, start.activation_token.clone()).await,
        Err(CallError::Command(_)) => Ok(()),
    }
}

/// Waits until the app has ended and the next one answers.
async fn reached_again(data: &Path, mut app: AppConnection) -> Result<(), AskError> {
    let ended = async { while app.connection.lines.next().await.is_ok() {} };
    timeout(ANSWER_TIMEOUT, ended)
        .await
        .map_err(|_| AskError::Silent)?;
    ask_status(data).await.map(drop)
}

/// Requests that the app for this data folder ends. It has begun to when this returns.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_quit(data: &Path) -> Result<(), AskError> {
    match ask_for(data, APP_QUIT, Value::Null).await {
        Err(AskError::Unknown) => say_plainly(data, "quit\n").await,
        outcome => outcome,
    }
}

/// Reports to the app for this data folder that the keyring's entry for this API address has changed.
///
/// # Errors
/// As [`ask_status`].
pub async fn send_credentials_changed(data: &Path, address: &str) -> Result<(), AskError> {
    ask_for(data, CREDENTIALS_CHANGED, address.into()).await
}

/// Sends one request that has no response.
async fn ask_for(data: &Path, call: &str, request: Value) -> Result<(), AskError> {
    let mut app = AppConnection::open(data).await?;
    match app.call(call, request).await {
        Ok(_) => Ok(()),
        Err(CallError::Ask(error)) => Err(error),
        // Its core has ended or is restarting.
        Err(CallError::Command(_)) => Err(AskError::Silent),
    }
}

/// Sends a request in a line that every version understands.
async fn say_plainly(data: &Path, line: &str) -> Result<(), AskError> {
    let restart = RestartWait::new(data);
    loop {
        match say_plainly_now(data, line).await {
            Err(AskError::NotRunning) => restart.wait().await?,
            asked => return asked,
        }
    }
}

async fn say_plainly_now(data: &Path, line: &str) -> Result<(), AskError> {
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
mod tests;
