//! Calls on the bus, and what is remembered of each until it is answered.

use gloria_core::ports::NotificationError;
use tokio::sync::oneshot;
use tokio::time::Instant;
use zbus::message::{Flags, Type};
use zbus::zvariant::DynamicType;
use zbus::{MatchRule, Message};

use super::super::Outcome;

pub(super) const NAME: &str = "org.freedesktop.Notifications";
pub(super) const PATH: &str = "/org/freedesktop/Notifications";
pub(super) const BUS: &str = "org.freedesktop.DBus";
pub(super) const BUS_PATH: &str = "/org/freedesktop/DBus";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

pub(super) type Reply = oneshot::Sender<Outcome>;

/// A property by which a service says that it shows nothing for now. Both are signalled when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// The specification's, since 1.3.
    Inhibited,
    /// dunst's own.
    Dunst,
}

impl Pause {
    pub(super) const ALL: [Self; 2] = [Self::Inhibited, Self::Dunst];

    pub(super) fn property(self) -> (&'static str, &'static str) {
        match self {
            Self::Inhibited => (NAME, "Inhibited"),
            Self::Dunst => ("org.dunstproject.cmd0", "paused"),
        }
    }
}

/// What was asked and not answered yet.
#[derive(Debug)]
pub(super) enum Call {
    Owner,
    Activatable,
    Start,
    Capabilities,
    Information,
    Paused(Pause),
    /// Answered by a service that goes on after everything that it was asked before.
    Ping,
    Notify(Reply),
}

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) call: Call,
    /// Who has to answer.
    pub(super) to: String,
    pub(super) order: u64,
    pub(super) sent: Instant,
    /// The service hangs on it.
    pub(super) overdue: bool,
    /// The bus waits no longer for the answer.
    pub(super) unawaited: bool,
    /// When it is given up, because the service answered what it was asked later.
    pub(super) given_up_at: Option<Instant>,
}

/// Path, interface and name.
pub(super) type Method = (&'static str, &'static str, &'static str);

pub(super) fn build<B>(
    to: &str,
    (path, interface, name): Method,
    flag: Option<Flags>,
    body: &B,
) -> zbus::Result<Message>
where
    B: zbus::export::serde::Serialize + DynamicType,
{
    let mut message = Message::method_call(path, name)?
        .destination(to)?
        .interface(interface)?;
    if let Some(flag) = flag {
        message = message.with_flags(flag)?;
    }
    message.build(body)
}

/// What an error says. A service's own words may quote the text, so that its name has to do.
pub(super) fn error(sender: &str, name: &str, to: &str) -> NotificationError {
    let of_bus = sender == BUS && to != BUS;
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        // The service went away before it answered or before it was asked.
        Some("NoReply" | "ServiceUnknown" | "NameHasNoOwner" | "Disconnected") if of_bus => {
            NotificationError::Lost
        }
        Some(_) | None => NotificationError::Refused(name.to_owned()),
    }
}

/// Who shows notifications, and what that one says.
pub(super) fn subscriptions() -> zbus::Result<[Message; 3]> {
    let signals = || MatchRule::builder().msg_type(Type::Signal);
    let owner = signals()
        .sender(BUS)?
        .interface(BUS)?
        .member("NameOwnerChanged")?
        .arg(0, NAME)?;
    let service = signals().sender(NAME)?.interface(NAME)?;
    let properties = signals().sender(NAME)?.interface(PROPERTIES)?.path(PATH)?;
    let subscription = |rule: MatchRule<'_>| {
        let method = (BUS_PATH, BUS, "AddMatch");
        build(BUS, method, Some(Flags::NoReplyExpected), &rule.to_string())
    };
    Ok([
        subscription(owner.build())?,
        subscription(service.build())?,
        subscription(properties.build())?,
    ])
}
