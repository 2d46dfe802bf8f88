//! A notification service that does what a test says: answer, lag, hang, refuse, forget, go away and come back as
//! another. It writes down what it is asked and what it answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zbus::fdo::RequestNameFlags;
use zbus::message::Type;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Message, MessageStream};

use crate::wait::wait_until;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What a [`NotificationService`] does with what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceBehaviour {
    /// Answers at once.
    #[default]
    Answers,
    /// Answers so much later, one call after the other.
    Lags(Duration),
    /// Looks at nothing until it behaves otherwise; what came meanwhile is done then.
    Hangs,
    /// Answers `Notify` with an error.
    Refuses,
    /// Answers everything but `Notify`, which it never looks at again.
    Forgets,
}

/// What the service says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOptions {
    /// Its name in `GetServerInformation`.
    pub name: String,
    /// What it says that it can do.
    pub capabilities: Vec<String>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            name: "recording service".into(),
            capabilities: ["actions", "body", "body-markup"].map(String::from).into(),
        }
    }
}

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifyCall {
    /// When it was looked at.
    pub at: Instant,
    /// The unique name of the service that looked at it.
    pub service: String,
    /// The unique name of who asked.
    pub sender: String,
    /// The number that was answered; `None` where it was refused or not answered.
    pub id: Option<u32>,
    /// The notification whose place it takes; 0 for none.
    pub replaces: u32,
    /// Who shows it.
    pub app_name: String,
    /// The icon's name or path.
    pub icon: String,
    /// Its title.
    pub summary: String,
    /// Its text, with the markup that was sent.
    pub body: String,
    /// Pairs of key and label.
    pub actions: Vec<(String, String)>,
    /// What else was said of it.
    pub hints: HashMap<String, OwnedValue>,
    /// Milliseconds; -1 leaves it to the service, 0 is for ever.
    pub timeout: i32,
}

/// What was asked of the service, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceCall {
    /// `Notify`, answered or not.
    Notify(Box<NotifyCall>),
    /// `CloseNotification`.
    Close(u32),
}

#[derive(Debug)]
struct State {
    options: ServiceOptions,
    behaviour: ServiceBehaviour,
    inhibited: bool,
    last_id: u32,
    /// What is on screen.
    shown: Vec<u32>,
}

#[derive(Debug)]
struct Running {
    connection: Connection,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A notification service on a session bus. Dropping it takes it away.
#[derive(Debug)]
pub struct NotificationService {
    address: String,
    state: Arc<Mutex<State>>,
    behaviour: watch::Sender<ServiceBehaviour>,
    calls: Arc<watch::Sender<Vec<ServiceCall>>>,
    running: Option<Running>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NotificationService {
    /// Takes the service's name on the bus at this address.
    ///
    /// # Errors
    /// When there is no bus, or another service.
    pub async fn start(address: &str) -> Result<Self> {
        Self::with(address, ServiceOptions::default()).await
    }

    /// As [`NotificationService::start`], with another word of itself.
    ///
    /// # Errors
    /// When there is no bus, or another service.
    pub async fn with(address: &str, options: ServiceOptions) -> Result<Self> {
        let state = State {
            options,
            behaviour: ServiceBehaviour::default(),
            inhibited: false,
            last_id: 0,
            shown: Vec::new(),
        };
        let mut service = Self {
            address: address.to_owned(),
            state: Arc::new(Mutex::new(state)),
            behaviour: watch::Sender::new(ServiceBehaviour::default()),
            calls: Arc::new(watch::Sender::new(Vec::new())),
            running: None,
        };
        service.come_back().await?;
        Ok(service)
    }

    /// What it does from now on. Hanging ends with any other behaviour.
    pub fn behave(&self, behaviour: ServiceBehaviour) {
        lock(&self.state).behaviour = behaviour;
        self.behaviour.send_replace(behaviour);
    }

    /// Its unique name on the bus; `None` while it is away.
    pub fn unique_name(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        running.connection.unique_name().map(ToString::to_string)
    }

    /// Everything that it looked at since it was first started.
    pub fn calls(&self) -> Vec<ServiceCall> {
        self.calls.borrow().clone()
    }

    /// Every `Notify` that it looked at since it was first started.
    pub fn notify_calls(&self) -> Vec<NotifyCall> {
        let notify = |call| match call {
            ServiceCall::Notify(call) => Some(*call),
            ServiceCall::Close(_) => None,
        };
        self.calls().into_iter().filter_map(notify).collect()
    }

    /// The numbers that it was asked to close.
    pub fn closed(&self) -> Vec<u32> {
        let closed = |call| match call {
            ServiceCall::Notify(_) => None,
            ServiceCall::Close(id) => Some(id),
        };
        self.calls().into_iter().filter_map(closed).collect()
    }

    /// Waits for the first `Notify` for which `wanted` holds.
    ///
    /// # Errors
    /// When it did not come in time.
    pub async fn wait_for(
        &self,
        within: Duration,
        wanted: impl Fn(&NotifyCall) -> bool,
    ) -> Result<NotifyCall> {
        wait_until("a call of Notify", within, async || {
            Ok(self.notify_calls().into_iter().find(|call| wanted(call)))
        })
        .await
    }

    /// Waits until it was asked to close this one.
    ///
    /// # Errors
    /// When it was not asked in time.
    pub async fn wait_for_close(&self, id: u32, within: Duration) -> Result<()> {
        wait_until("a call of CloseNotification", within, async || {
            Ok(self.closed().contains(&id).then_some(()))
        })
        .await
    }

    /// Leaves the bus: what it was asked and has not answered is lost, and what it showed is gone.
    ///
    /// # Errors
    /// When the bus is gone too.
    pub async fn vanish(&mut self) -> Result<()> {
        if let Some(running) = self.running.take() {
            running.task.abort();
            running.connection.clone().close().await?;
        }
        let mut state = lock(&self.state);
        state.shown.clear();
        state.last_id = 0;
        Ok(())
    }

    /// Takes its name again, as another service: with another unique name, and numbers from 1 on.
    ///
    /// # Errors
    /// When there is no bus, or another service.
    pub async fn come_back(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let connection = zbus::connection::Builder::address(self.address.as_str())?
            .max_queued(4096)
            .build()
            .await?;
        let stream = MessageStream::from(&connection);
        let task = tokio::spawn(serve(
            connection.clone(),
            stream,
            self.state.clone(),
            self.behaviour.subscribe(),
            self.calls.clone(),
        ));
        connection
            .request_name_with_flags(NAME, RequestNameFlags::DoNotQueue.into())
            .await?;
        self.running = Some(Running { connection, task });
        Ok(())
    }

    /// The user clicks a notification: a token, where there is one, then the action, then it is closed.
    ///
    /// # Errors
    /// When it is away.
    pub async fn click(&self, id: u32, token: Option<&str>) -> Result<()> {
        self.invoke(id, "default", token).await
    }

    /// The user takes an action of a notification, which is closed by that.
    ///
    /// # Errors
    /// When it is away.
    pub async fn invoke(&self, id: u32, key: &str, token: Option<&str>) -> Result<()> {
        if let Some(token) = token {
            self.emit("ActivationToken", &(id, token)).await?;
        }
        self.emit("ActionInvoked", &(id, key)).await?;
        self.close(id, 2).await
    }

    /// A notification is gone: 1 expired, 2 dismissed, 3 withdrawn.
    ///
    /// # Errors
    /// When it is away.
    pub async fn close(&self, id: u32, reason: u32) -> Result<()> {
        lock(&self.state).shown.retain(|shown| *shown != id);
        self.emit("NotificationClosed", &(id, reason)).await
    }

    /// Says whether it is inhibited, as a desktop does that is not to disturb.
    ///
    /// # Errors
    /// When it is away.
    pub async fn set_inhibited(&self, inhibited: bool) -> Result<()> {
        lock(&self.state).inhibited = inhibited;
        let changed = HashMap::from([("Inhibited", Value::Bool(inhibited))]);
        let connection = self.connection()?;
        connection
            .emit_signal(
                None::<&str>,
                PATH,
                "org.freedesktop.DBus.Properties",
                "PropertiesChanged",
                &(NAME, changed, Vec::<String>::new()),
            )
            .await?;
        Ok(())
    }

    /// The notifications on screen.
    pub fn shown(&self) -> Vec<u32> {
        lock(&self.state).shown.clone()
    }

    fn connection(&self) -> Result<&Connection> {
        let running = self.running.as_ref().context("the service is away")?;
        Ok(&running.connection)
    }

    async fn emit<B>(&self, signal: &str, body: &B) -> Result<()>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        let connection = self.connection()?;
        connection
            .emit_signal(None::<&str>, PATH, NAME, signal, body)
            .await?;
        Ok(())
    }
}

async fn serve(
    connection: Connection,
    mut stream: MessageStream,
    state: Arc<Mutex<State>>,
    mut behaviour: watch::Receiver<ServiceBehaviour>,
    calls: Arc<watch::Sender<Vec<ServiceCall>>>,
) {
    while let Some(Ok(message)) = stream.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let waited = behaviour.wait_for(|now| *now != ServiceBehaviour::Hangs).await;
        let Ok(now) = waited.map(|now| *now) else { return };
        if let ServiceBehaviour::Lags(lag) = now {
            tokio::time::sleep(lag).await;
        }
        // The caller may have left the bus.
        let _ = answer(&connection, &message, now, &state, &calls).await;
    }
}

async fn answer(
    connection: &Connection,
    message: &Message,
    behaviour: ServiceBehaviour,
    state: &Mutex<State>,
    calls: &watch::Sender<Vec<ServiceCall>>,
) -> Result<()> {
    let header = message.header();
    match header.member().map(|member| member.as_str()) {
        Some("GetCapabilities") => {
            let capabilities = lock(state).options.capabilities.clone();
            connection.reply(&header, &(capabilities,)).await?;
        }
        Some("GetServerInformation") => {
            let name = lock(state).options.name.clone();
            connection.reply(&header, &(name, "Gloria", "1", "1.3")).await?;
        }
        Some("Notify") => {
            let mut call = parse(connection, message)?;
            if matches!(behaviour, ServiceBehaviour::Answers | ServiceBehaviour::Lags(_)) {
                let mut state = lock(state);
                if call.replaces == 0 {
                    state.last_id += 1;
                }
                let id = if call.replaces == 0 {
                    state.last_id
                } else {
                    call.replaces
                };
                if !state.shown.contains(&id) {
                    state.shown.push(id);
                }
                call.id = Some(id);
            }
            let id = call.id;
            calls.send_modify(|all| all.push(ServiceCall::Notify(Box::new(call))));
            match (id, behaviour) {
                (Some(id), _) => connection.reply(&header, &id).await?,
                (None, ServiceBehaviour::Refuses) => {
                    let name = "org.freedesktop.Notifications.Error.ExcessNotificationGeneration";
                    connection
                        .reply_error(&header, name, &"as the test wants")
                        .await?;
                }
                (None, _) => {}
            }
        }
        Some("CloseNotification") => {
            let id: u32 = message.body().deserialize()?;
            lock(state).shown.retain(|shown| *shown != id);
            calls.send_modify(|all| all.push(ServiceCall::Close(id)));
            connection.reply(&header, &()).await?;
            connection
                .emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(id, 3_u32))
                .await?;
        }
        Some("Get") => {
            let (interface, property): (String, String) = message.body().deserialize()?;
            if (interface.as_str(), property.as_str()) == (NAME, "Inhibited") {
                let inhibited = lock(state).inhibited;
                connection.reply(&header, &Value::Bool(inhibited)).await?;
            } else {
                let name = "org.freedesktop.DBus.Error.UnknownProperty";
                connection.reply_error(&header, name, &"no such property").await?;
            }
        }
        Some(_) | None => {
            let name = "org.freedesktop.DBus.Error.UnknownMethod";
            connection.reply_error(&header, name, &"no such method").await?;
        }
    }
    Ok(())
}

/// The arguments of `Notify`.
type Notify = (
    String,
    u32,
    String,
    String,
    String,
    Vec<String>,
    HashMap<String, OwnedValue>,
    i32,
);

fn parse(connection: &Connection, message: &Message) -> Result<NotifyCall> {
    let (app_name, replaces, icon, summary, body, actions, hints, timeout): Notify =
        message.body().deserialize()?;
    let sender = message.header().sender().map(ToString::to_string);
    Ok(NotifyCall {
        at: Instant::now(),
        service: connection
            .unique_name()
            .map(ToString::to_string)
            .unwrap_or_default(),
        sender: sender.unwrap_or_default(),
        id: None,
        replaces,
        app_name,
        icon,
        summary,
        body,
        actions: actions
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect(),
        hints,
        timeout,
    })
}
