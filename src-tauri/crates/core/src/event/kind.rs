//! Event types and field names in any spelling.

use crate::item::ItemKind;
use crate::protocol::EventType;

/// An event type that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Greeting,
    Heartbeat,
    Created,
    Updated,
    Deleted,
    UserStatusChanged,
    UserUpdated,
    Workflow(ItemKind),
    System(ItemKind),
    Gap,
    Error,
}

impl Kind {
    /// The type as listeners know it.
    fn event_type(self) -> EventType {
        match self {
            Self::Greeting => EventType::ConnectionEstablished,
            Self::Heartbeat => EventType::Heartbeat,
            Self::Created => EventType::NotificationCreated,
            Self::Updated => EventType::NotificationUpdated,
            Self::Deleted => EventType::NotificationDeleted,
            Self::UserStatusChanged => EventType::UserStatusChanged,
            Self::UserUpdated => EventType::UserUpdated,
            Self::Workflow(ItemKind::WorkflowCompleted) => EventType::WorkflowCompleted,
            Self::Workflow(ItemKind::WorkflowFailed) => EventType::WorkflowFailed,
            Self::Workflow(_) => EventType::WorkflowStarted,
            Self::System(ItemKind::Maintenance) => EventType::SystemMaintenance,
            Self::System(_) => EventType::SystemAnnouncement,
            Self::Gap => EventType::StreamGap,
            Self::Error => EventType::Error,
        }
    }

    /// The canonical name.
    pub(super) fn name(self) -> &'static str {
        self.event_type().name()
    }

    /// Whether its events become items of the inbox.
    pub(super) fn is_item(self) -> bool {
        match self {
            Self::Created | Self::Workflow(_) | Self::System(_) => true,
            Self::Greeting
            | Self::Heartbeat
            | Self::Updated
            | Self::Deleted
            | Self::UserStatusChanged
            | Self::UserUpdated
            | Self::Gap
            | Self::Error => false,
        }
    }

    /// Whether its name is also a common word, which notifications may have as severity or title.
    pub(super) fn is_everyday_word(self) -> bool {
        match self {
            Self::Greeting | Self::Heartbeat | Self::Error => true,
            Self::Created
            | Self::Updated
            | Self::Deleted
            | Self::UserStatusChanged
            | Self::UserUpdated
            | Self::Workflow(_)
            | Self::System(_)
            | Self::Gap => false,
        }
    }

    /// The type with this name in any case and with any separators: `notification.created`, `NOTIFICATION_CREATED`,
    /// `NotificationCreated`; also with a prefix, as in `com.example.notification.created`.
    pub(super) fn of(name: &str) -> Option<Self> {
        // Longer than any name with a framework's prefix.
        if name.len() > 256 {
            return None;
        }
        Self::of_squeezed(&squeezed(name)).or_else(|| {
            let parts: Vec<_> = name.split(['.', ':', '/', '#', '\\']).collect();
            let tail = parts.get(parts.len().checked_sub(2)?..)?;
            let last = squeezed(tail[1]);
            let last = Self::of_squeezed(&last).filter(|kind| kind.name().contains('.'));
            (parts.len() > 2)
                .then(|| Self::of_squeezed(&squeezed(&tail.concat())))
                .flatten()
                .or(last)
        })
    }

    fn of_squeezed(squeezed: &str) -> Option<Self> {
        Some(match squeezed {
            "connectionestablished" | "connected" | "hello" | "welcome" => Self::Greeting,
            "heartbeat" | "ping" | "keepalive" => Self::Heartbeat,
            "notificationcreated"
            | "notificationscreated"
            | "notificationcreate"
            | "notificationnew"
            | "newnotification"
            | "notificationadded"
            | "notificationreceived"
            | "notificationsent"
            | "broadcastnotificationcreated"
            | "notifications"
            | "notification" => Self::Created,
            "notificationupdated" | "notificationsupdated" | "notificationupdate" | "notificationchanged" => {
                Self::Updated
            }
            "notificationdeleted" | "notificationsdeleted" | "notificationdelete" | "notificationremoved" => {
                Self::Deleted
            }
            "userstatuschanged" => Self::UserStatusChanged,
            "userupdated" => Self::UserUpdated,
            "workflowstarted" => Self::Workflow(ItemKind::WorkflowRunning),
            "workflowcompleted" | "workflowsucceeded" | "workflowfinished" => {
                Self::Workflow(ItemKind::WorkflowCompleted)
            }
            "workflowfailed" => Self::Workflow(ItemKind::WorkflowFailed),
            "systemannouncement" | "announcement" => Self::System(ItemKind::Announcement),
            "systemmaintenance" | "maintenance" => Self::System(ItemKind::Maintenance),
            "streamgap" => Self::Gap,
            "error"
            | "autherror"
            | "authenticationerror"
            | "unauthorized"
            | "unauthenticated"
            | "sessionexpired"
            | "tokenexpired" => Self::Error,
            _ => return None,
        })
    }
}

/// Only the letters and digits, in lower case.
pub(super) fn squeezed(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether a field's name equals another in any spelling: `createdAt`, `created_at`, `CreatedAt`, `created-at`.
pub(super) fn same_name(found: &str, wanted: &str) -> bool {
    let mut one = found.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' '));
    let mut other = wanted.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' '));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(&b) => {}
            (Some(_), _) | (None, Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_in_other_spellings() {
        for name in [
            "notification.created",
            "Notification.Created",
            "NOTIFICATION_CREATED",
            "notification:created",
            "notification/created",
            "NotificationCreated",
            "com.gloria.notification.created",
            "Gloria.Events.NotificationCreated",
            "v1:notification:created",
        ] {
            assert_eq!(Kind::of(name), Some(Kind::Created), "{name}");
        }
        for name in [
            "message",
            "",
            "created",
            "notification.exploded",
            "db.error",
            "user.connected",
            "notification.created.failed",
        ] {
            assert_eq!(Kind::of(name), None, "{name}");
        }
    }

    #[test]
    fn every_type_is_decoded_by_its_name() {
        for event_type in EventType::ALL {
            let found = Kind::of(event_type.name()).map(Kind::event_type);
            assert_eq!(found, Some(*event_type));
        }
    }

    #[test]
    fn a_field_is_known_in_other_spellings() {
        for name in ["createdAt", "created_at", "CreatedAt", "CREATED-AT"] {
            assert!(same_name(name, "createdAt"), "{name}");
        }
        for name in ["created", "createdAtX", "cratedAt", ""] {
            assert!(!same_name(name, "createdAt"), "{name}");
        }
    }
}
