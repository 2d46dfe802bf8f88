//! A scripted notification service: it can answer, lag, hang, refuse, forget, leave the bus, and return as another
//! service. It records its calls and answers.

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

/// How a [`NotificationService`] handles calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceBehaviour {
    /// Answers at once.
    #[default]
    Answers,
    /// Answers after this time, one call after another.
    Lags(Duration),
    /// Handles no calls until its behaviour changes; those that arrived meanwhile are handled then.
    Hangs,
    /// Answers `Notify` with an error.
    Refuses,
    /// Answers everything except `Notify`, which it drops.
    Forgets,
}

/// The service's information about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOptions {
    /// Its name in `GetServerInformation`.
    pub name: String,
    /// Its capabilities.
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
    /// When it was handled.
    pub at: Instant,
    /// The unique name of the service that handled it.
    pub service: String,
    /// The unique name of the caller.
    pub sender: String,
    /// The id in the answer; `None` if it was refused or not answered.
    pub id: Option<u32>,
    /// The id of the notification that it replaces; 0 for none.
    pub replaces: u32,
    /// The application's name.
    pub app_name: String,
    /// The icon's name or path.
    pub icon: String,
    /// Its title.
    pub summary: String,
    /// Its text, with the markup that was sent.
    pub body: String,
    /// Pairs of key and label.
    pub actions: Vec<(String, String)>,
    /// The other hints.
    pub hints: HashMap<String, OwnedValue>,
    /// In milliseconds; -1 lets the service decide, 0 means forever.
    pub timeout: i32,
}

/// The calls of the service, in order.
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
    /// The notifications on screen.
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

/// A notification service on a session bus. Dropping it removes it from the bus.
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
    /// Acquires the service's name on the bus at this address.
    ///
    /// # Errors
    /// When there is no bus, or another service has the name.
    pub async fn start(address: &str) -> Result<Self> {
        Self::with(address, ServiceOptions::default()).await
    }

    /// Like [`NotificationService::start`], with other information about itself.
    ///
    /// # Errors
    /// When there is no bus, or another service has the name.
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

    /// Sets its behaviour. Any other behaviour ends hanging.
    pub fn behave(&self, behaviour: ServiceBehaviour) {
        lock(&self.state).behaviour = behaviour;
        self.behaviour.send_replace(behaviour);
    }

    /// Returns its unique name on the bus; `None` while it is away.
    pub fn unique_name(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        running.connection.unique_name().map(ToString::to_string)
    }

    /// Returns all calls that it has handled since its first start.
    pub fn calls(&self) -> Vec<ServiceCall> {
        self.calls.borrow().clone()
    }

    /// Returns all calls of `Notify` that it has handled since its first start.
    pub fn notify_calls(&self) -> Vec<NotifyCall> {
        let notify = |call| match call {
            ServiceCall::Notify(call) => Some(*call),
            ServiceCall::Close(_) => None,
        };
        self.calls().into_iter().filter_map(notify).collect()
    }

    /// Returns the ids that it was asked to close.
    pub fn closed(&self) -> Vec<u32> {
        let closed = |call| match call {
            ServiceCall::Notify(_) => None,
            ServiceCall::Close(id) => Some(id),
        };
        self.calls().into_iter().filter_map(closed).collect()
    }

    /// Waits for the first `Notify` for which `wanted` returns true.
    ///
    /// # Errors
    /// When there is none in time.
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

    /// Waits for the call that closes this notification.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn wait_for_close(&self, id: u32, within: Duration) -> Result<()> {
        wait_until("a call of CloseNotification", within, async || {
            Ok(self.closed().contains(&id).then_some(()))
        })
        .await
    }

    /// Leaves the bus: unanswered calls are lost, and notifications on screen are gone.
    ///
    /// # Errors
    /// When the bus is gone as well.
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

    /// Acquires its name again as another service, with another unique name and ids from 1 on.
    ///
    /// # Errors
    /// When there is no bus, or another service has the name.
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

    /// Clicks a notification: sends a token, if there is one, then the action, then that it is closed.
    ///
    /// # Errors
    /// When it is away.
    pub async fn click(&self, id: u32, token: Option<&str>) -> Result<()> {
        self.invoke(id, "default", token).await
    }

    /// Invokes an action of a notification, which closes it.
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

    /// Removes a notification: 1 expired, 2 dismissed, 3 withdrawn.
    ///
    /// # Errors
    /// When it is away.
    pub async fn close(&self, id: u32, reason: u32) -> Result<()> {
        lock(&self.state).shown.retain(|shown| *shown != id);
        self.emit("NotificationClosed", &(id, reason)).await
    }

    /// Sets whether it is inhibited, like a desktop in do-not-disturb mode.
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

    /// Returns the notifications on screen.
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
