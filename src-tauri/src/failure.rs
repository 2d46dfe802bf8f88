//! What the program says when it cannot go on: a sentence on stderr and in the log, and where no terminal shows that,
//! in a dialog. All sentences of this kind are here, but those that come with an error of another crate.

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use gloria_desktop::ClaimError;
use gloria_desktop::paths::NoHome;
use gloria_desktop::process;

/// The name over a dialog.
const TITLE: &str = "Gloria Notify";

/// Why the program does not start. Usage errors are not among them: they only go to stderr.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The folder for the files cannot be determined.
    NoFolder(NoHome),
    /// Another app has the folder and does not answer.
    Unresponsive(ClaimError),
    /// There is no display, or it cannot be opened.
    #[cfg(target_os = "linux")]
    NoDisplay(String),
    /// Something else.
    Start(anyhow::Error),
}

impl Failure {
    /// What the process ends with; the readme lists them. A command line that is wrong ends with 2, by clap.
    fn code(&self) -> u8 {
        match self {
            Self::NoFolder(_) => 4,
            Self::Unresponsive(_) => 5,
            #[cfg(target_os = "linux")]
            Self::NoDisplay(_) => 3,
            Self::Start(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder(error) => error.fmt(out),
            Self::Unresponsive(error) => error.fmt(out),
            #[cfg(target_os = "linux")]
            Self::NoDisplay(words) => out.write_str(words),
            Self::Start(error) => out.write_str(&start_words(error)),
        }
    }
}

fn start_words(error: &anyhow::Error) -> String {
    let lacks_resources = |cause: &(dyn Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::QuotaExceeded
            )
        })
    };
    if error.chain().any(lacks_resources) {
        return "the system gives Gloria Notify no more threads or memory; close other programs and start it again"
            .to_owned();
    }
    if let Some(words) = window_words() {
        return words.to_owned();
    }
    format!("Gloria Notify could not start: {error:#}")
}

/// What is missing if the window cannot be created, if known.
pub(crate) fn window_words() -> Option<&'static str> {
    // Linux finds no WebKitGTK before `main`, and macOS always has its own.
    (cfg!(windows) && tauri::webview_version().is_err()).then_some(
        "Gloria Notify needs the Microsoft Edge WebView2 Runtime, which is not installed; install it from Microsoft, \
         or ask your administrator",
    )
}

/// Reports one sentence to the user, and returns the exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let (code, words) = (failure.code(), failure.to_string());
    tracing::error!(code, failure = words, "the app does not start");
    // Without anybody to read it there are the log and the code.
    let _ = writeln!(io::stderr(), "gloria-notify: {words}");
    if !io::stderr().is_terminal() {
        show(&words);
    }
    ExitCode::from(code)
}

/// Says that the program ends because of a mistake in it, where no terminal shows that.
pub(crate) fn show_panic() {
    if !io::stderr().is_terminal() {
        show(
            "Gloria Notify had an internal error and has ended; start it again, and tell your administrator if that \
             does not help",
        );
    }
}

/// Shows a sentence in a dialog, in a separate process: this one may be about to end, would keep its locks meanwhile,
/// and its parent waits for the exit code.
pub(crate) fn show(words: &str) {
    if let Err(error) = process::start_again(&[&format!("--message={words}")]) {
        tracing::warn!(%error, "the dialog could not be shown");
    }
}

/// The process that shows a dialog.
pub(crate) fn show_here(words: &str) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        use gtk::prelude::{DialogExt as _, GtkWindowExt as _, MessageDialogExt as _};
        use gtk::{ButtonsType, DialogFlags, MessageDialog, MessageType, Window};

        // Without a display nobody would see it.
        if crate::display::open_display().is_ok() {
            let flags = DialogFlags::empty();
            let dialog = MessageDialog::new(
                None::<&Window>,
                flags,
                MessageType::Error,
                ButtonsType::Close,
                TITLE,
            );
            dialog.set_title(TITLE);
            dialog.set_secondary_text(Some(words));
            dialog.run();
        }
    }
    #[cfg(not(target_os = "linux"))]
    gloria_desktop::show_message(TITLE, words);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn each_cause_has_a_sentence_of_its_own() {
        let words = |error: io::Error| {
            let failure = Err::<(), _>(error).context("a thread").unwrap_err();
            Failure::Start(failure).to_string()
        };
        assert!(words(io::ErrorKind::WouldBlock.into()).contains("no more threads or memory"));
        assert_eq!(
            words(io::Error::other("broken")),
            "Gloria Notify could not start: a thread: broken"
        );
    }

    #[test]
    fn codes_differ() {
        let failures = [
            Failure::Start(anyhow::anyhow!("x")),
            Failure::NoFolder(gloria_desktop::paths(|_| None).unwrap_err()),
            Failure::Unresponsive(ClaimError::System(io::Error::other("x"))),
        ];
        assert_eq!(failures.map(|failure| failure.code()), [1, 4, 5]);
    }
}
