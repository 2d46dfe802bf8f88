//! Processes answers and signals, each only from its expected sender.

use std::collections::HashMap;
use std::num::NonZeroU32;

use gloria_core::ports::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, send_reply,
};
use tokio::time::Instant;
use zbus::Message;
use zbus::message::Type;
use zbus::zvariant::OwnedValue;

use super::super::request::{DEFAULT_ACTION, OPEN_ACTION};
use super::calls::{BUS, Call, NAME, PROPERTIES, Pause, Pending, UNREADABLE, error};
use super::{Owner, START_INTERVAL, Service, TOKEN_CAPACITY};

impl Service {
    pub(in crate::notifications) fn on_message(&mut self, message: &Message, now: Instant) {
        match message.message_type() {
            Type::MethodReturn => self.on_reply(message, true, now),
            Type::Error => self.on_reply(message, false, now),
            Type::Signal => {
                if self.on_signal(message, now).is_none() {
                    tracing::debug!("a signal of notifications has another form");
                }
            }
            Type::MethodCall => {}
        }
        self.publish_state();
    }

    fn on_reply(&mut self, message: &Message, good: bool, now: Instant) {
        let header = message.header();
        let sender = header.sender().map(|sender| sender.as_str()).unwrap_or_default();
        let Some(serial) = header.reply_serial() else {
            return;
        };
        let answers = |to: &str| sender == to || (!good && sender == BUS);
        if let Some(place) = self.abandoned.iter().position(|abandoned| *abandoned == serial) {
            self.abandoned.remove(place);
            if let (true, Ok(id)) = (good, message.body().deserialize()) {
                // It was reported as lost, and may have been requested again, so this one is withdrawn.
                let service = sender.to_owned();
                self.withdraw(NotificationHandle { service, id });
            }
            return;
        }
        if !self
            .pending
            .get(&serial)
            .is_some_and(|pending| answers(&pending.to))
        {
            return;
        }
        if !good && self.is_still_there(serial, sender, header.error_name().map(|name| name.as_str())) {
            return;
        }
        let Some(pending) = self.pending.remove(&serial) else {
            return;
        };
        if !good {
            let name = header.error_name().map(|name| name.as_str()).unwrap_or_default();
            let error = error(sender, name, &pending.to);
            if sender != BUS && matches!(pending.call, Call::Ping) {
                // It does not support the ping, but recovered.
                self.on_ping_answered(pending.order, &pending.to, now);
            }
            return self.on_error(pending.call, &error, now);
        }
        self.on_answer(pending, message, now);
    }

    /// The bus stopped waiting for a service that still exists, and may still do what it was asked.
    fn is_still_there(&mut self, serial: NonZeroU32, sender: &str, error: Option<&str>) -> bool {
        if sender != BUS || error != Some("org.freedesktop.DBus.Error.NoReply") {
            return false;
        }
        let Owner::Present(present) = &self.owner else {
            return false;
        };
        match self.pending.get_mut(&serial) {
            Some(pending) if pending.to == present.name && matches!(pending.call, Call::Notify(_)) => {
                pending.unawaited = true;
                true
            }
            Some(_) | None => false,
        }
    }

    fn on_answer(&mut self, pending: Pending, message: &Message, now: Instant) {
        let body = message.body();
        match pending.call {
            Call::Owner => {
                let owner: Option<String> = body.deserialize().ok();
                self.set_owner(owner, now);
            }
            Call::Activatable => {
                let names: Vec<String> = body.deserialize().unwrap_or_default();
                self.on_startable(names.iter().any(|name| name == NAME), now);
            }
            // The started service is reported as a change of the name's owner.
            Call::Start => {}
            Call::Capabilities => {
                self.on_capabilities(&pending.to, body.deserialize().unwrap_or_default(), now)
            }
            Call::Information => {
                let information: Option<(String, String, String, String)> = body.deserialize().ok();
                let title = information.map(|(name, ..)| name).unwrap_or_default();
                self.on_title(&pending.to, title, now);
            }
            Call::Paused(pause) => {
                let value = body.deserialize::<OwnedValue>().ok();
                self.set_paused(
                    pause,
                    value.and_then(|value| bool::try_from(value).ok()) == Some(true),
                );
            }
            Call::Ping => self.on_ping_answered(pending.order, &pending.to, now),
            Call::Notify(reply) => {
                let answer = body.deserialize::<u32>().map(|id| Answer {
                    handle: NotificationHandle {
                        service: pending.to,
                        id,
                    },
                    delivery: if self.is_paused() {
                        Delivery::Queued
                    } else {
                        Delivery::Shown
                    },
                });
                let outcome = answer.map_err(|_| NotificationError::Refused(UNREADABLE.to_owned()));
                send_reply(reply, outcome);
            }
        }
    }

    pub(super) fn on_error(&mut self, call: Call, error: &NotificationError, now: Instant) {
        match call {
            Call::Owner => self.set_owner(None, now),
            Call::Activatable => self.on_startable(false, now),
            Call::Start => {
                tracing::info!("the notification service cannot be started");
                if !matches!(self.owner, Owner::Present(_)) {
                    let retry_at = Some(now + START_INTERVAL);
                    self.owner = Owner::Absent { retry_at };
                    self.refuse_waiting();
                }
            }
            // A service that does not report its capabilities is assumed to have few.
            Call::Capabilities => {
                if let Some(name) = self.owner_name() {
                    self.on_capabilities(&name, Vec::new(), now);
                }
            }
            Call::Information => {
                if let Some(name) = self.owner_name() {
                    self.on_title(&name, String::new(), now);
                }
            }
            Call::Paused(_) | Call::Ping => {}
            Call::Notify(reply) => {
                send_reply(reply, Err(error.clone()));
            }
        }
    }

    /// `None` when the signal has an unexpected form.
    fn on_signal(&mut self, message: &Message, now: Instant) -> Option<()> {
        let header = message.header();
        let sender = header.sender()?.as_str();
        let member = header.member()?.as_str();
        let body = message.body();
        if sender == BUS {
            if member == "NameOwnerChanged" {
                let (name, _, new): (String, String, String) = body.deserialize().ok()?;
                if name == NAME {
                    self.set_owner(Some(new).filter(|new| !new.is_empty()), now);
                }
            }
            return Some(());
        }
        let service = self.owner_name().filter(|name| name == sender)?;
        match (header.interface()?.as_str(), member) {
            (NAME, "ActivationToken") => {
                let (id, token) = body.deserialize().ok()?;
                self.tokens.push_back((id, token));
                if self.tokens.len() > TOKEN_CAPACITY {
                    self.tokens.pop_front();
                }
            }
            (NAME, "ActionInvoked") => {
                let (id, key): (u32, String) = body.deserialize().ok()?;
                let activation_token = self.take_token(id);
                if [DEFAULT_ACTION, OPEN_ACTION].contains(&key.as_str()) {
                    let handle = NotificationHandle { service, id };
                    self.events.push(NotificationEvent::Activated {
                        handle,
                        activation_token,
                    });
                }
            }
            (NAME, "NotificationClosed") => {
                let (id, _): (u32, u32) = body.deserialize().ok()?;
                self.take_token(id);
                let handle = NotificationHandle { service, id };
                self.events.push(NotificationEvent::Closed { handle });
            }
            (PROPERTIES, "PropertiesChanged") => {
                let (interface, changed, outdated): (String, HashMap<String, OwnedValue>, Vec<String>) =
                    body.deserialize().ok()?;
                for pause in Pause::ALL {
                    let (of, property) = pause.property();
                    if of == interface
                        && let Some(value) = changed.get(property)
                    {
                        self.set_paused(pause, bool::try_from(value) == Ok(true));
                    } else if of == interface && outdated.iter().any(|name| name == property) {
                        self.ask_paused(pause, &service, now);
                    }
                }
            }
            _ => {}
        }
        Some(())
    }
}
