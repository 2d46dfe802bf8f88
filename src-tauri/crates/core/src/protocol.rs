//! All types that cross to the UI: views, forms, updates and commands. Items are in [`crate::item`].
//!
//! The TypeScript in `ui/src/host/protocol.ts` is generated from both; a test fails when it is stale.
//! Times are milliseconds since the Unix epoch, UTC; all integers stay below 2^53.

mod account;
mod commands;
mod connection;
mod doctor;
mod error;
mod inbox;
mod metrics;
mod notices;
mod preferences;
mod release;
mod server_event;
mod sign_in;
mod snapshot;
mod window;

#[cfg(test)]
mod typescript;

pub use account::{
    AccountChoice, AccountForm, AccountView, KnownAccount, OwnUser, PersonAnswer, PersonQuestion,
    QuestionKind, SignOutForm, TokenState,
};
#[cfg(test)]
pub use commands::Commands;
pub(crate) use commands::for_each_command;
pub use commands::{COMMANDS, WINDOW_SHOWS};
pub use connection::{
    ConnectionState, ConnectionView, Filling, NetworkState, Remedy, TestReport, TestStep, Transport,
};
pub use doctor::{DoctorReport, FindingView, Outcome, ReportFile, SupportReport};
pub use error::{CommandError, CommandErrorCode};
pub use inbox::{
    FollowRequest, Hit, InboxFilter, InboxPage, InboxQuery, ItemHits, MarkRequest, Marked, SnoozeRequest,
};
pub use metrics::{ErrorCount, MetricsView, Minute, Processing, UnreadCount, UnreadReason};
pub use notices::{Notice, NoticeKind};
pub use preferences::{Appearance, LockedBy, PauseRequest, Preferences, PreferencesForm};
pub use release::ReleaseView;
#[cfg(test)]
pub use server_event::ServerEvents;
pub use server_event::{
    ErrorData, EventType, GapData, GapEnd, GreetingData, HeartbeatData, ListenerMessage,
    NotificationChangeData, NotificationData, NotificationDeletedData, ReceivedEvent, ReplayRequest,
    Replayed, ServerEvent, SystemData, UserData, UserStatusData, WorkflowData,
};
pub use sign_in::{
    PastedPage, ProviderChange, ProviderName, SignInForm, SignInOffer, SignInPlace, SignInQuery,
    SignInTrouble, SignInTroubleKind, SignInView, SignInWay, SignedIn,
};
pub use snapshot::{Revised, Revision, Snapshot, Update};
pub use window::{View, WindowView};

/// The version of the protocol. It is increased with every change that an older window or core would not understand: a
/// window can be older than the app that it is connected to, and must notice that.
pub const PROTOCOL_VERSION: u32 = 1;
