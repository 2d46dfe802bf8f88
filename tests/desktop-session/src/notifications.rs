//! All notifications of all applications, monitored on the bus.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::message::Type;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MatchRule, Message, MessageStream};

/// One call of `org.freedesktop.Notifications.Notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownNotification {
    /// The service's id; `None` until it has answered.
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
    /// Pairs of key and label; the key `default` is a click on the notification itself.
    pub actions: Vec<(String, String)>,
    /// 0 low, 1 normal, 2 critical, if set.
    pub urgency: Option<u8>,
    /// The app's desktop entry, if the hint is set.
    pub desktop_entry: Option<String>,
    /// In milliseconds; -1 lets the service decide, 0 means forever.
    pub timeout: i32,
}

/// What was seen on the bus, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationEvent {
    /// A notification was shown or replaced.
    Shown(ShownNotification),
    /// The application withdrew this one.
    Withdrawn(u32),
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

/// Monitors the bus, from before the first application starts. It keeps its entries when the bus ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotificationLog {
    seen: Arc<watch::Sender<Vec<NotificationEvent>>>,
}

impl NotificationLog {
    /// Starts monitoring this bus. Returns once the bus has confirmed it, so no later notification is missed.
    pub(crate) async fn listen(&self, address: &str) -> Result<()> {
        let connection = zbus::connection::Builder::address(address)?.build().await?;
        let rule = |kind| MatchRule::builder().msg_type(kind);
        let rules = [
            rule(Type::MethodCall)
                .interface("org.freedesktop.Notifications")?
                .build(),
            rule(Type::MethodReturn).build(),
        ];
        let stream = MessageStream::from(&connection);
        zbus::fdo::MonitoringProxy::new(&connection)
            .await?
            .become_monitor(&rules, 0)
            .await
            .context("the bus lets nobody listen")?;
        tokio::spawn(listen(connection, stream, Arc::clone(&self.seen)));
        Ok(())
    }

    pub(crate) fn events(&self) -> Vec<NotificationEvent> {
        self.seen.borrow().clone()
    }

    /// Returns the first notification for which `wanted` returns true and that the service has answered.
    pub(crate) async fn wait_for(
        &self,
        within: Duration,
        mut wanted: impl FnMut(&ShownNotification) -> bool,
    ) -> Result<ShownNotification> {
        let mut seen = self.seen.subscribe();
        let find = |events: &[NotificationEvent], wanted: &mut dyn FnMut(&ShownNotification) -> bool| {
            events.iter().find_map(|event| match event {
                NotificationEvent::Shown(notification)
                    if notification.id.is_some() && wanted(notification) =>
                {
                    Some(notification.clone())
                }
                NotificationEvent::Shown(_) | NotificationEvent::Withdrawn(_) => None,
            })
        };
        let found = tokio::time::timeout(
            within,
            seen.wait_for(|events| find(events, &mut wanted).is_some()),
        );
        match found.await {
            Ok(events) => {
                let events = events.context("the bus is gone")?;
                find(&events, &mut wanted).context("the notification is gone")
            }
            Err(_) => {
                let shown: Vec<_> = self.events();
                anyhow::bail!(
                    "waited {} s for a notification; seen were {shown:#?}",
                    within.as_secs_f32()
                )
            }
        }
    }
}

async fn listen(
    connection: Connection,
    mut stream: MessageStream,
    publish: Arc<watch::Sender<Vec<NotificationEvent>>>,
) {
    // A reply refers to its call by the caller and the call's serial number.
    let mut unanswered: HashMap<(String, u32), usize> = HashMap::new();
    while let Some(Ok(message)) = stream.next().await {
        let header = message.header();
        match (
            header.message_type(),
            header.member().map(|member| member.as_str()),
        ) {
            (Type::MethodCall, Some("Notify")) => {
                let Some(notification) = notification(&message) else {
                    continue;
                };
                let sender = header.sender().map(ToString::to_string).unwrap_or_default();
                let index = publish.borrow().len();
                unanswered.insert((sender, header.primary().serial_num().get()), index);
                publish.send_modify(|events| events.push(NotificationEvent::Shown(notification)));
            }
            (Type::MethodCall, Some("CloseNotification")) => {
                if let Ok(id) = message.body().deserialize() {
                    publish.send_modify(|events| events.push(NotificationEvent::Withdrawn(id)));
                }
            }
            (Type::MethodReturn, _) => {
                let caller = header.destination().map(ToString::to_string).unwrap_or_default();
                let Some(serial) = header.reply_serial() else {
                    continue;
                };
                let Some(index) = unanswered.remove(&(caller, serial.get())) else {
                    continue;
                };
                let Ok(answer) = message.body().deserialize::<u32>() else {
                    continue;
                };
                publish.send_modify(|events| {
                    if let Some(NotificationEvent::Shown(notification)) = events.get_mut(index) {
                        notification.id = Some(answer);
                    }
                });
            }
            (Type::MethodCall | Type::Error | Type::Signal, _) => {}
        }
    }
    drop(connection);
}

fn notification(message: &Message) -> Option<ShownNotification> {
    let body = message.body();
    let (app_name, replaces, icon, summary, text, actions, hints, timeout): Notify =
        body.deserialize().ok()?;
    let actions = actions
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let urgency = hints.get("urgency").and_then(|value| u8::try_from(value).ok());
    let desktop_entry = hints
        .get("desktop-entry")
        .and_then(|value| <&str>::try_from(value).ok());
    Some(ShownNotification {
        id: None,
        replaces,
        app_name,
        icon,
        summary,
        body: text,
        actions,
        urgency,
        desktop_entry: desktop_entry.map(str::to_owned),
        timeout,
    })
}
