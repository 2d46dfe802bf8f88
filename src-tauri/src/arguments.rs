//! What the command line says.

use clap::Parser;

const EXAMPLES: &str = "\
Examples:
  gloria-notify                          start into the tray, or open the window of the app that runs
  gloria-notify --open                   start with the window open
  gloria-notify --background             start at login: never with a window
  GLORIA_HOME=~/second gloria-notify     a second app, with files of its own

`gloria status` says how the running app is doing, `gloria logs` what it logged, `gloria quit` ends it.";

/// Notifications of the Gloria System on your desktop, from a tray that stays connected.
#[derive(Debug, Parser)]
#[command(name = "gloria-notify", version, about, long_about = None, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Open the window, also at the first start, which otherwise goes into the tray
    #[arg(long)]
    open: bool,
    /// Open no window, also when Gloria Notify runs already; for a start at login
    #[arg(long, conflicts_with = "open")]
    background: bool,
    /// Given by the app to itself where it starts again in its own place
    #[arg(long, hide = true)]
    after_failure: bool,
}

/// What a start asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Into the tray.
    InTray,
    /// With the window open.
    WithWindow,
}

impl Arguments {
    /// The first start goes into the tray unless it says `--open`.
    pub(crate) fn first_start(&self) -> Start {
        if self.open {
            Start::WithWindow
        } else {
            Start::InTray
        }
    }

    /// The app ended and began again by itself, and the window may be the reason.
    pub(crate) fn after_failure(&self) -> bool {
        self.after_failure
    }

    /// A second start opens the window, because the user wants to see the app; except a start by the system at login.
    pub(crate) fn second_start(&self) -> Start {
        if self.background {
            Start::InTray
        } else {
            Start::WithWindow
        }
    }
}
