//! Every type that crosses to the UI: views, forms, updates and commands. What an item is stands in [`crate::item`].
//!
//! The TypeScript in `ui/src/host/protocol.ts` is generated from both by a test, committed, and refused when stale.
//! Times are milliseconds since the Unix epoch, UTC; all integers stay below 2^53.

mod account;
mod commands;
mod connection;
mod error;
mod inbox;
mod metrics;
mod notices;
mod preferences;
mod server_event;
mod snapshot;
mod window;

#[cfg(test)]
mod typescript;

pub use account::{AccountForm, AccountView, OwnUser, PersonAnswer, PersonQuestion, TokenState};
#[cfg(test)]
pub use commands::Commands;
pub(crate) use commands::for_each_command;
pub use commands::{COMMANDS, WINDOW_SHOWS};
pub use connection::{
    ConnectionState, ConnectionView, NetworkState, Remedy, TestReport, TestStep, Transport,
};
pub use error::{CommandError, CommandErrorCode};
pub use inbox::{FollowRequest, InboxFilter, InboxPage, InboxQuery, MarkRequest, Marked};
pub use metrics::{ErrorCount, MetricsView, Minute, Processing, UnreadCount, UnreadReason};
pub use notices::{Notice, NoticeKind};
pub use preferences::{Appearance, LockedBy, PauseRequest, Preferences, PreferencesForm};
#[cfg(test)]
pub use server_event::ServerEvents;
pub use server_event::{
    ErrorData, EventType, GapData, GapEnd, GreetingData, HeartbeatData, ListenerMessage,
    NotificationChangeData, NotificationData, NotificationDeletedData, ReceivedEvent, ServerEvent,
    SystemData, UserData, UserStatusData, WorkflowData,
};
pub use snapshot::{Revised, Revision, Snapshot, Update};
pub use window::WindowView;

/// The version of the protocol. It goes up with every change after which a window of before would not understand the
/// core, or the other way round: a window can be older than the app behind it, and must say so.
pub const PROTOCOL_VERSION: u32 = 1;
