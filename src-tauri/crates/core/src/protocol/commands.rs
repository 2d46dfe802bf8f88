//! What the UI asks for.

#[cfg(test)]
use ts_rs::TS;

#[cfg(test)]
use super::{
    AccountForm, FollowRequest, InboxPage, InboxQuery, MarkRequest, Marked, PauseRequest, PersonAnswer,
    PreferencesForm, TestReport, WindowView,
};
#[cfg(test)]
use crate::item::{Counts, Item, SoundName};

/// Gives a macro the list of commands: a name, what it takes and what it answers. A command is added here, and as a
/// method of that name of [`crate::CoreHandle`]; dispatcher and TypeScript are made from the list.
macro_rules! for_each_command {
    ($consumer:ident) => {
        $consumer! {
            /// A page of the inbox: what is urgent and unread first, then newest first.
            inbox_page: InboxQuery => InboxPage,
            /// The item of a key, wherever it is; absent when it is gone.
            inbox_item: String => Option<Item>,
            /// Marks items. Answers once that is stored.
            inbox_mark: MarkRequest => Marked,
            /// Marks every item of the inbox read.
            inbox_mark_all_read: () => Counts,
            /// The list is on screen: everything in it is seen. Clears the badge, leaves unread items unread.
            inbox_mark_all_seen: () => Counts,
            /// Opens the item's link, or one of its actions, in the browser, and marks it read.
            item_follow: FollowRequest => (),
            /// Dials at once, also after a disconnection.
            connection_retry: () => (),
            /// Hangs up, until somebody asks for a connection or the app ends.
            connection_disconnect: () => (),
            /// Tries an address and a token without saving them.
            connection_test: AccountForm => TestReport,
            /// Saves address and token and connects.
            account_save: AccountForm => (),
            /// Disconnects and forgets the token.
            account_sign_out: () => (),
            /// Says whether another token is the same person's.
            account_confirm: PersonAnswer => (),
            /// Changes settings; fields that are absent stay.
            preferences_save: PreferencesForm => (),
            /// Plays a bundled sound at the current volume.
            sound_preview: SoundName => (),
            /// Pauses sounds until a time, or ends the pause.
            sounds_pause: PauseRequest => (),
            /// Logs more for an hour, or no longer.
            debug_log: bool => (),
            /// Tells the core which view the page shows. It holds for 15 s, so the page repeats it every 5 s.
            window_shows: WindowView => (),
        }
    };
}

pub(crate) use for_each_command;

macro_rules! list {
    ($($(#[$doc:meta])* $name:ident: $request:tt => $response:ty,)*) => {
        /// The list of commands as types, from which the TypeScript is generated.
        #[cfg(test)]
        #[derive(Debug, TS)]
        pub struct Commands {
            $($(#[$doc])* pub $name: ($request, $response),)*
        }

        /// The names of all commands.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}

for_each_command!(list);

/// The command by which the page says that it is there; a shell that watches its page looks for it.
pub const WINDOW_SHOWS: &str = "window_shows";
