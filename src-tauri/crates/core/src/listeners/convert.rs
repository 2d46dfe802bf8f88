//! Converts decoded events to what listeners get.

use std::time::Duration;

use super::EventTypes;
use crate::event::{
    Change, ConnectionEstablished, Event, Field, GapEnd as Decoded, Post, ServerError, UserChange,
};
use crate::item::{EpochMillis, ItemKind};
use crate::protocol::{
    ErrorData, EventType, GapData, GapEnd, GreetingData, HeartbeatData, NotificationChangeData,
    NotificationData, NotificationDeletedData, ServerEvent, SystemData, UserData, UserStatusData,
    WorkflowData,
};

/// `Number.MAX_SAFE_INTEGER` of JavaScript: greater integers are not exact.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Converts the wanted parts of an event, each with its index; unwanted parts are not copied.
pub(super) fn wanted_of(event: &Event, wanted: EventTypes) -> impl Iterator<Item = (usize, ServerEvent)> {
    let parts = event.parts().iter().enumerate();
    parts.filter_map(move |(part, event)| {
        let event_type = type_of(event).filter(|event_type| wanted.contains(*event_type))?;
        Some((part, server_event(event, event_type)?))
    })
}

/// The type of an event; `None` for those that this app makes of unreadable ones.
fn type_of(event: &Event) -> Option<EventType> {
    Some(match event {
        Event::ConnectionEstablished(_) => EventType::ConnectionEstablished,
        Event::Heartbeat => EventType::Heartbeat,
        Event::Posted(post) => match post.kind {
            ItemKind::Notification => EventType::NotificationCreated,
            ItemKind::Announcement => EventType::SystemAnnouncement,
            ItemKind::Maintenance => EventType::SystemMaintenance,
            ItemKind::WorkflowRunning => EventType::WorkflowStarted,
            ItemKind::WorkflowCompleted => EventType::WorkflowCompleted,
            ItemKind::WorkflowFailed => EventType::WorkflowFailed,
            ItemKind::Gap | ItemKind::Unreadable => return None,
        },
        Event::NotificationUpdated(_) => EventType::NotificationUpdated,
        Event::NotificationDeleted { .. } => EventType::NotificationDeleted,
        Event::UserChanged(user) if user.is_status_only => EventType::UserStatusChanged,
        Event::UserChanged(_) => EventType::UserUpdated,
        Event::Gap { .. } => EventType::StreamGap,
        Event::ServerError(_) => EventType::Error,
        Event::Several(_) | Event::Unreadable(_) => return None,
    })
}

fn server_event(event: &Event, event_type: EventType) -> Option<ServerEvent> {
    Some(match event {
        Event::ConnectionEstablished(greeting) => ServerEvent::ConnectionEstablished(greeting_data(greeting)),
        Event::Heartbeat => ServerEvent::Heartbeat(HeartbeatData {}),
        Event::Posted(post) => posted(post)?,
        Event::NotificationUpdated(change) => ServerEvent::NotificationUpdated(changed(change)),
        Event::NotificationDeleted { id, version } => {
            ServerEvent::NotificationDeleted(NotificationDeletedData {
                id: server_id(id),
                key: id.clone(),
                version: *version,
            })
        }
        Event::UserChanged(user) => user_event(user, event_type)?,
        Event::Gap { from, to } => ServerEvent::StreamGap(GapData {
            from: from.as_ref().map(gap_end),
            to: to.as_ref().map(gap_end),
        }),
        Event::ServerError(ServerError {
            status,
            code,
            retry_after,
        }) => ServerEvent::Error(ErrorData {
            status: *status,
            code: code.clone(),
            retry_after: retry_after.map(millis),
        }),
        Event::Several(_) | Event::Unreadable(_) => return None,
    })
}

/// Removes the prefix of an item's key: a letter and a colon before the server's id.
fn server_id(key: &str) -> String {
    key.split_once(':').map_or(key, |(_, id)| id).to_owned()
}

/// In milliseconds, at most [`MAX_SAFE_INTEGER`].
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).map_or(MAX_SAFE_INTEGER, |millis| millis.min(MAX_SAFE_INTEGER))
}

fn greeting_data(greeting: &ConnectionEstablished) -> GreetingData {
    GreetingData {
        connection_id: greeting.connection_id.clone(),
        user_id: greeting.user_id.clone(),
        server_time: greeting.server_time,
        heartbeat_interval: greeting.heartbeat.map(millis),
    }
}

fn posted(post: &Post) -> Option<ServerEvent> {
    Some(match post.kind {
        ItemKind::Notification => ServerEvent::NotificationCreated(NotificationData {
            id: server_id(&post.key),
            key: post.key.clone(),
            title: post.title.clone(),
            message: post.body.clone(),
            category: post.category.clone(),
            priority: post.priority,
            actor: post.actor.clone(),
            link: post.link.clone(),
            actions: post.actions.clone(),
            progress: post.progress,
            group_key: post.group_key.clone(),
            created_at: post.created_at,
            expires_at: post.expires_at,
            ack_required: post.states.ack_required,
            version: post.states.version,
        }),
        ItemKind::Announcement => ServerEvent::SystemAnnouncement(system(post)),
        ItemKind::Maintenance => ServerEvent::SystemMaintenance(system(post)),
        ItemKind::WorkflowRunning => ServerEvent::WorkflowStarted(workflow(post)),
        ItemKind::WorkflowCompleted => ServerEvent::WorkflowCompleted(workflow(post)),
        ItemKind::WorkflowFailed => ServerEvent::WorkflowFailed(workflow(post)),
        ItemKind::Gap | ItemKind::Unreadable => return None,
    })
}

fn system(post: &Post) -> SystemData {
    SystemData {
        id: server_id(&post.key),
        key: post.key.clone(),
        title: post.title.clone(),
        message: post.body.clone(),
        priority: post.priority,
        link: post.link.clone(),
        actions: post.actions.clone(),
        created_at: post.created_at,
        starts_at: post.starts_at,
        ends_at: post.expires_at,
    }
}

fn workflow(post: &Post) -> WorkflowData {
    WorkflowData {
        workflow_id: server_id(&post.key),
        key: post.key.clone(),
        name: post.title.clone(),
        detail: post.body.clone(),
        priority: post.priority,
        actor: post.actor.clone(),
        link: post.link.clone(),
        actions: post.actions.clone(),
        progress: post.progress,
        created_at: post.created_at,
    }
}

/// Absent stays absent, null stays null.
fn field<T: Clone>(field: &Field<T>) -> Option<Option<T>> {
    match field {
        Field::Absent => None,
        Field::Null => Some(None),
        Field::Value(value) => Some(Some(value.clone())),
    }
}

fn changed(change: &Change) -> NotificationChangeData {
    let time = |time: &Field<EpochMillis>| field(time);
    NotificationChangeData {
        id: server_id(&change.key),
        key: change.key.clone(),
        title: change.title.value().cloned(),
        message: field(&change.body),
        category: field(&change.category),
        priority: field(&change.priority),
        actor: field(&change.actor),
        link: field(&change.link),
        actions: field(&change.actions),
        expires_at: time(&change.expires_at),
        seen_at: time(&change.seen_at),
        read_at: time(&change.read_at),
        archived_at: time(&change.archived_at),
        flagged_at: time(&change.flagged_at),
        snoozed_until: time(&change.snoozed_until),
        ack_required: field(&change.ack_required),
        acknowledged_at: time(&change.acknowledged_at),
        version: change.version,
    }
}

fn user_event(user: &UserChange, event_type: EventType) -> Option<ServerEvent> {
    if event_type == EventType::UserStatusChanged {
        return Some(ServerEvent::UserStatusChanged(UserStatusData {
            user_id: user.user_id.clone(),
            status: user.status.value()?.clone(),
        }));
    }
    Some(ServerEvent::UserUpdated(UserData {
        user_id: user.user_id.clone(),
        name: field(&user.name),
        status: field(&user.status),
    }))
}

fn gap_end(end: &Decoded) -> GapEnd {
    match end {
        Decoded::Id(id) => GapEnd::Id(id.clone()),
        Decoded::Time(at) => GapEnd::Time(*at),
    }
}
