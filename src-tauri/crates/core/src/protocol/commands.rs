//! The commands of the UI.

#[cfg(test)]
use ts_rs::TS;

#[cfg(test)]
use super::{
    AccountChoice, AccountForm, DoctorReport, FollowRequest, InboxPage, InboxQuery, MarkRequest, Marked,
    PastedPage, PauseRequest, PersonAnswer, PreferencesForm, SignInForm, SignInOffer, SignInQuery,
    SignOutForm, SnoozeRequest, SupportReport, TestReport, WindowView,
};
#[cfg(test)]
use crate::item::{Counts, Item, SoundName};

/// Passes the list of commands to a macro: names, requests and answers. A command is added here, and as a method of
/// that name on [`crate::CoreHandle`]; dispatcher and TypeScript are generated from the list.
macro_rules! for_each_command {
    ($consumer:ident) => {
        $consumer! {
            /// A page of the inbox: urgent and unread items first, then newest first.
            inbox_page: InboxQuery => InboxPage,
            /// The same for a text that is still being typed: a newer call ends an older one, which then fails with
            /// `superseded`.
            inbox_search: InboxQuery => InboxPage,
            /// The item of a key, in any view; absent if it does not exist.
            inbox_item: String => Option<Item>,
            /// Marks items. Answers once the marks are stored.
            inbox_mark: MarkRequest => Marked,
            /// Snoozes items. They return to the inbox, unread and with an alert, at the chosen time.
            inbox_snooze: SnoozeRequest => Marked,
            /// Marks all items of the inbox as read.
            inbox_mark_all_read: () => Counts,
            /// The list is on screen: marks everything in it as seen. Clears the badge; unread items stay unread.
            inbox_mark_all_seen: () => Counts,
            /// Opens the item's link, or one of its actions, in the browser, and marks it as read.
            item_follow: FollowRequest => (),
            /// Connects at once, even if the user disconnected before.
            connection_retry: () => (),
            /// Disconnects until the user asks for a connection or the app ends.
            connection_disconnect: () => (),
            /// Tests an address and a token without saving them.
            connection_test: AccountForm => TestReport,
            /// Saves address and token and connects.
            account_save: AccountForm => (),
            /// Asks a server how its users sign in, without a token.
            sign_in_offer: SignInQuery => SignInOffer,
            /// Begins a sign-in and opens the provider's page. It goes on while the window is closed.
            sign_in_begin: SignInForm => (),
            /// Opens the provider's page once more.
            sign_in_open: () => (),
            /// Cancels the sign-in, or removes its failure from the view.
            sign_in_cancel: () => (),
            /// Takes the address of the page that the browser could not open.
            sign_in_paste: PastedPage => (),
            /// Disconnects, removes the token, and closes the account, whose inbox is kept or erased.
            account_sign_out: SignOutForm => (),
            /// Makes another account of this computer the one in use.
            account_switch: AccountChoice => (),
            /// Says whether the new token belongs to the same person.
            account_confirm: PersonAnswer => (),
            /// Changes settings; absent fields stay.
            preferences_save: PreferencesForm => (),
            /// Whether the app starts at login; absent where that cannot be changed from here.
            autostart: () => Option<bool>,
            /// Has the app start at login, or not.
            autostart_set: bool => (),
            /// Shows a notification with its sound, as a test. Answers once the desktop has.
            notification_test: () => TestReport,
            /// Runs the checks of `gloria doctor`, for at most 20 s.
            doctor_check: () => DoctorReport,
            /// What a report for support would contain, and where it would be saved. Saves nothing.
            support_report_preview: () => SupportReport,
            /// Saves a report for support among the user's downloads, never over another file.
            support_report_save: () => SupportReport,
            /// Plays a bundled sound at the current volume.
            sound_preview: SoundName => (),
            /// Pauses sounds until a time, or ends the pause.
            sounds_pause: PauseRequest => (),
            /// Turns the debug log on for an hour, or off.
            debug_log: bool => (),
            /// Reports which view the page shows. The report expires after 15 s, so the page repeats it every 5 s.
            window_shows: WindowView => (),
            /// Opens the page about the newer version in the browser.
            release_notes: () => (),
            /// The page has opened the view that was requested.
            view_shown: () => (),
        }
    };
}

pub(crate) use for_each_command;

macro_rules! list {
    ($($(#[$doc:meta])* $name:ident: $request:tt => $response:ty,)*) => {
        /// The commands as types, from which the TypeScript is generated.
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

/// The command by which the page shows that it is alive; the shell, which watches the page, looks for it.
pub const WINDOW_SHOWS: &str = "window_shows";
