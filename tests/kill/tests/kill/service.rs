//! A notification service that records its requests and can be slow, hang, refuse and disappear on command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Message, MessageStream};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Prompt,
    /// Each call takes this long, one after another.
    Slow(Duration),
    /// Takes calls and does not answer them until the mode changes.
    Hanging,
    /// Answers with an error.
    Refusing,
    /// Shows nothing for now, and reports that.
    Paused,
}

/// A call of `Notify` and its outcome.
#[derive(Debug, Clone)]
pub(crate) struct Notified {
    /// The unique name of the service that was called.
    pub(crate) service: String,
    /// The process of the caller; `None` if it had ended before it could be determined.
    pub(crate) asker: Option<u32>,
    pub(crate) title: String,
    pub(crate) replaces: u32,
    pub(crate) arrived: Instant,
    /// The id in the answer, and when it was sent.
    pub(crate) answer: Option<(u32, Instant)>,
    /// When the application withdrew it.
    pub(crate) closed: Option<Instant>,
}

impl Notified {
    pub(crate) fn story(&self) -> String {
        let at = |at: Instant| crate::moment::of(at);
        let mut text = format!("{} {:?} asked by {:?}", at(self.arrived), self.title, self.asker);
        match self.answer {
            Some((id, answered)) => text += &format!(", answered {id} by {} {}", self.service, at(answered)),
            None => text += ", not answered",
        }
        if let Some(closed) = self.closed {
            text += &format!(", closed {}", at(closed));
        }
        text
    }
}

type Log = Arc<Mutex<Vec<Notified>>>;

/// The service, running or not.
pub(crate) struct Service {
    address: String,
    log: Log,
    mode: watch::Sender<Mode>,
    running: Option<Running>,
}

struct Running {
    connection: Connection,
    tasks: [JoinHandle<()>; 2],
}

impl Service {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            log: Log::default(),
            mode: watch::Sender::new(Mode::Prompt),
            running: None,
        }
    }

    pub(crate) fn log(&self) -> Vec<Notified> {
        lock(&self.log).clone()
    }

    /// Returns the unique name of the running service.
    pub(crate) fn unique_name(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        Some(running.connection.unique_name()?.to_string())
    }

    /// Sets the mode, and starts the service if it does not run.
    pub(crate) async fn be(&mut self, mode: Mode) -> Result<()> {
        let before = self.mode.send_replace(mode);
        if let Some(running) = &self.running {
            if (before == Mode::Paused) != (mode == Mode::Paused) {
                announce_pause(&running.connection, mode == Mode::Paused).await?;
            }
            return Ok(());
        }
        let connection = zbus::connection::Builder::address(self.address.as_str())?
            .build()
            .await?;
        let mut stream = MessageStream::from(&connection);
        stream.set_max_queued(1 << 16);
        let (queue, calls) = mpsc::unbounded_channel();
        let reading = tokio::spawn(read(connection.clone(), stream, self.log.clone(), queue));
        let answering = tokio::spawn(answer(
            connection.clone(),
            calls,
            self.log.clone(),
            self.mode.subscribe(),
        ));
        connection.request_name(NAME).await?;
        self.running = Some(Running {
            connection,
            tasks: [reading, answering],
        });
        Ok(())
    }

    /// Ends it like a crash: its calls stay unanswered, and its notifications are gone.
    pub(crate) async fn vanish(&mut self) -> Result<()> {
        if let Some(Running { connection, tasks }) = self.running.take() {
            tasks.iter().for_each(JoinHandle::abort);
            for task in tasks {
                let _ = task.await;
            }
            connection.close().await?;
        }
        Ok(())
    }
}

fn lock(log: &Log) -> MutexGuard<'_, Vec<Notified>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call, and its index in the log if it is for a notification.
type Call = (Message, Option<usize>);

/// Takes all calls off the bus at once, so that their arrival times are right, however slow the answers are.
async fn read(
    connection: Connection,
    mut stream: MessageStream,
    log: Log,
    queue: mpsc::UnboundedSender<Call>,
) {
    let mut askers: HashMap<String, Option<u32>> = HashMap::new();
    let service = connection
        .unique_name()
        .map(ToString::to_string)
        .unwrap_or_default();
    while let Some(Ok(message)) = stream.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let is_notify = message.header().member().is_some_and(|member| member == "Notify");
        let place = if is_notify {
            let arrived = Instant::now();
            let sender = message
                .header()
                .sender()
                .map(ToString::to_string)
                .unwrap_or_default();
            if !askers.contains_key(&sender) {
                let asker = process(&connection, &sender).await;
                askers.insert(sender.clone(), asker);
            }
            let body = message.body();
            let Ok((_, replaces, _, title, ..)) = body.deserialize::<Notify<'_>>() else {
                continue;
            };
            let mut log = lock(&log);
            log.push(Notified {
                service: service.clone(),
                asker: askers[&sender],
                title: title.to_owned(),
                replaces,
                arrived,
                answer: None,
                closed: None,
            });
            Some(log.len() - 1)
        } else {
            None
        };
        if queue.send((message, place)).is_err() {
            return;
        }
    }
}

type Notify<'a> = (
    &'a str,
    u32,
    &'a str,
    &'a str,
    &'a str,
    Vec<&'a str>,
    HashMap<&'a str, Value<'a>>,
    i32,
);

async fn process(connection: &Connection, name: &str) -> Option<u32> {
    let bus = zbus::fdo::DBusProxy::new(connection).await.ok()?;
    bus.get_connection_unix_process_id(name.try_into().ok()?)
        .await
        .ok()
}

/// Answers one call after another, according to the mode.
async fn answer(
    connection: Connection,
    mut calls: mpsc::UnboundedReceiver<Call>,
    log: Log,
    mut mode: watch::Receiver<Mode>,
) {
    let mut last_id = 0;
    while let Some((message, place)) = calls.recv().await {
        if mode.wait_for(|mode| *mode != Mode::Hanging).await.is_err() {
            return;
        }
        let now = *mode.borrow();
        if let Mode::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        // The caller may be gone.
        let _ = answer_one(&connection, &message, place, &log, now, &mut last_id).await;
    }
}

async fn answer_one(
    connection: &Connection,
    message: &Message,
    place: Option<usize>,
    log: &Log,
    mode: Mode,
    last_id: &mut u32,
) -> zbus::Result<()> {
    let header = message.header();
    let member = header.member().map(|member| member.as_str()).unwrap_or_default();
    if let Some(place) = place {
        if mode == Mode::Refusing {
            let refusal = "org.freedesktop.DBus.Error.LimitsExceeded";
            return connection.reply_error(&header, refusal, &"not now").await;
        }
        let replaces = lock(log)[place].replaces;
        let id = if replaces != 0 && replaces <= *last_id {
            replaces
        } else {
            *last_id += 1;
            *last_id
        };
        // Recorded before it is sent, because the caller may react at once.
        lock(log)[place].answer = Some((id, Instant::now()));
        return connection.reply(&header, &id).await;
    }
    match member {
        "CloseNotification" => {
            let id: u32 = message.body().deserialize()?;
            let service = connection
                .unique_name()
                .map(ToString::to_string)
                .unwrap_or_default();
            for notified in lock(log)
                .iter_mut()
                .filter(|notified| notified.service == service)
            {
                if notified.answer.is_some_and(|(answered, _)| answered == id) {
                    notified.closed.get_or_insert(Instant::now());
                }
            }
            connection.reply(&header, &()).await?;
            connection
                .emit_signal(None::<()>, PATH, NAME, "NotificationClosed", &(id, 3_u32))
                .await
        }
        "GetCapabilities" => {
            let capabilities = ["actions", "body", "body-markup", "persistence"];
            connection.reply(&header, &&capabilities[..]).await
        }
        "GetServerInformation" => {
            connection
                .reply(&header, &("recording", "gloria", "1", "1.2"))
                .await
        }
        "Ping" => connection.reply(&header, &()).await,
        "Get" if message.body().deserialize::<(&str, &str)>()?.1 == "Inhibited" => {
            connection
                .reply(&header, &Value::from(mode == Mode::Paused))
                .await
        }
        "GetAll" => {
            let all = HashMap::from([("Inhibited", Value::from(mode == Mode::Paused))]);
            connection.reply(&header, &all).await
        }
        _ => {
            let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
            connection.reply_error(&header, unknown, &"unknown").await
        }
    }
}

async fn announce_pause(connection: &Connection, paused: bool) -> Result<()> {
    let changed: HashMap<&str, OwnedValue> = HashMap::from([("Inhibited", Value::from(paused).try_into()?)]);
    let body = (NAME, changed, Vec::<&str>::new());
    connection
        .emit_signal(
            None::<()>,
            PATH,
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            &body,
        )
        .await?;
    Ok(())
}
