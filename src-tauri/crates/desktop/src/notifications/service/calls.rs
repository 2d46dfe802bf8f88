//! Calls on the bus, which are remembered until they are answered.

use gloria_core::ports::NotificationError;
use tokio::sync::oneshot;
use tokio::time::Instant;
use zbus::message::{Flags, Type};
use zbus::zvariant::DynamicType;
use zbus::{MatchRule, Message};

use super::super::Outcome;

pub(in crate::notifications) const NAME: &str = "org.freedesktop.Notifications";
pub(in crate::notifications) const PATH: &str = "/org/freedesktop/Notifications";
pub(super) const BUS: &str = "org.freedesktop.DBus";
pub(super) const BUS_PATH: &str = "/org/freedesktop/DBus";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

pub(super) type Reply = oneshot::Sender<Outcome>;

/// A property by which a service signals that it shows nothing for now. Changes of both are signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notifications) enum Pause {
    /// Of the specification, since 1.3.
    Inhibited,
    /// Of dunst.
    Dunst,
}

impl Pause {
    pub(in crate::notifications) const ALL: [Self; 2] = [Self::Inhibited, Self::Dunst];

    pub(in crate::notifications) fn property(self) -> (&'static str, &'static str) {
        match self {
            Self::Inhibited => (NAME, "Inhibited"),
            Self::Dunst => ("org.dunstproject.cmd0", "paused"),
        }
    }
}

/// A call that was not answered yet.
#[derive(Debug)]
pub(super) enum Call {
    Owner,
    Activatable,
    Start,
    Capabilities,
    Information,
    Paused(Pause),
    /// A service that recovers answers this after all earlier calls.
    Ping,
    Notify(Reply),
}

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) call: Call,
    /// The unique name that has to answer.
    pub(super) to: String,
    pub(super) order: u64,
    pub(super) sent: Instant,
    /// The service counts as hanging because of it.
    pub(super) overdue: bool,
    /// The bus does not wait for the answer any more.
    pub(super) unawaited: bool,
    /// When it is abandoned, because the service answered a later call.
    pub(super) abandoned_at: Option<Instant>,
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

/// What is refused on this side has a name of the same kind, which is the same in every language: the user reads it.
pub(super) const UNSENDABLE: &str = "org.freedesktop.DBus.Error.LimitsExceeded";
/// See [`UNSENDABLE`].
pub(super) const UNREADABLE: &str = "org.freedesktop.DBus.Error.InvalidSignature";

/// Converts a D-Bus error. The message of a service may quote the text, so only the error's name is used.
pub(super) fn error(sender: &str, name: &str, to: &str) -> NotificationError {
    let of_bus = sender == BUS && to != BUS;
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        // The service disappeared before it answered or before it was called.
        Some("NoReply" | "ServiceUnknown" | "NameHasNoOwner" | "Disconnected") if of_bus => {
            NotificationError::Lost
        }
        Some(_) | None => NotificationError::Refused(name.to_owned()),
    }
}

/// Subscribes to changes of the owner, and to the service's signals.
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
