//! Reports that the program cannot continue: on stderr and in the log, and if no terminal shows that, in a dialog.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::panic::{self, UnwindSafe};
use std::process::ExitCode;

#[cfg(in_process)]
use gloria_desktop::ClaimError;
use gloria_program::paths::NoHome;
use gloria_program::process;
use gloria_text::message::{self, Message};
use gloria_words::Words;

#[cfg(not(in_process))]
use crate::agent_error::AgentError;

/// The argument that makes a process only show a dialog. The message follows as JSON.
const MESSAGE: &str = "--message=";

/// The title of a dialog.
const TITLE: &str = "Gloria Notify";

/// Why the program does not start. Usage errors are not among them: they only go to stderr.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The folder for the files cannot be determined.
    NoFolder(NoHome),
    /// Another app has the folder and does not answer.
    #[cfg(in_process)]
    Unresponsive(ClaimError),
    /// There is no agent, or a request to it failed.
    #[cfg(not(in_process))]
    Agent(AgentError),
    /// There is no display, or it cannot be opened.
    #[cfg(target_os = "linux")]
    NoDisplay(Message),
    /// It was asked to open an address that is none of its own.
    Url,
    /// Something else.
    Start(anyhow::Error),
}

impl Failure {
    /// The exit code, as docs/admin.md lists it. A usage error exits with 2, by clap.
    fn code(&self) -> u8 {
        match self {
            Self::NoFolder(_) => 4,
            #[cfg(in_process)]
            Self::Unresponsive(_) => 5,
            #[cfg(not(in_process))]
            Self::Agent(error) => error.code(),
            #[cfg(target_os = "linux")]
            Self::NoDisplay(_) => 3,
            Self::Url => 2,
            Self::Start(_) => 1,
        }
    }
}

impl Failure {
    fn message(&self) -> Message {
        match self {
            Self::NoFolder(error) => error.message(),
            #[cfg(in_process)]
            Self::Unresponsive(error) => error.message(),
            #[cfg(not(in_process))]
            Self::Agent(error) => error.message(),
            #[cfg(target_os = "linux")]
            Self::NoDisplay(message) => message.clone(),
            Self::Url => message::app_url_refused(),
            Self::Start(error) => start_failed(error),
        }
    }
}

fn start_failed(error: &anyhow::Error) -> Message {
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
        return message::start_no_resources();
    }
    no_web_view().unwrap_or_else(|| message::start_failed(format!("{error:#}")))
}

/// Why the window cannot be opened.
pub(crate) fn window_failed(error: &tauri::Error) -> Message {
    no_web_view().unwrap_or_else(|| message::start_window_failed(error.to_string()))
}

/// What is missing if the window cannot be created, if known.
fn no_web_view() -> Option<Message> {
    // Linux finds no WebKitGTK before `main`, and macOS always has its own.
    (cfg!(windows) && tauri::webview_version().is_err()).then(message::start_no_web_view)
}

/// Reports a failed start to the user, and returns the exit code. If the agent started this program, the agent reports
/// the failure.
pub(crate) fn report(failure: &Failure, is_for_agent: bool) -> ExitCode {
    let (code, message) = (failure.code(), failure.message());
    tracing::error!(code, failure = %message, "the app does not start");
    let words = gloria_program::words().say(&message);
    // If nobody can read stderr, the log and the exit code remain.
    let _ = writeln!(
        io::stderr(),
        "gloria-notify: {}",
        gloria_text::characters::printable(&words)
    );
    if !is_for_agent && !io::stderr().is_terminal() {
        show(&message);
    }
    ExitCode::from(code)
}

/// Shows that the program ends because of a bug, if no terminal shows that. A process that shows a dialog and panics
/// shows no other dialog, which would panic as well.
pub(crate) fn show_panic() {
    if !io::stderr().is_terminal() && message_to_show(std::env::args_os()).is_none() {
        show(&message::start_panicked());
    }
}

/// Shows a message in a dialog, in a separate process, because this one may be about to end, would keep its locks
/// meanwhile, and its parent waits for the exit code. The other process also looks up the text, so that a panic in the
/// catalogue, or before it is loaded, is shown like any other.
pub(crate) fn show(message: &Message) {
    let shown = serde_json::to_string(message)
        .map_err(io::Error::other)
        .and_then(|message| process::spawn_again(&[&format!("{MESSAGE}{message}")]));
    if let Err(error) = shown {
        tracing::warn!(%error, "the dialog could not be shown");
    }
}

/// The message of a process that was started only to show a dialog.
pub(crate) fn message_to_show(arguments: impl IntoIterator<Item = OsString>) -> Option<Message> {
    let argument = arguments.into_iter().nth(1)?.into_string().ok()?;
    serde_json::from_str(argument.strip_prefix(MESSAGE)?).ok()
}

/// The text of a dialog; the message's code if there is no text.
fn dialog_words(message: &Message, load: impl FnOnce() -> Words + UnwindSafe) -> String {
    panic::catch_unwind(|| load().sentence(message)).unwrap_or_else(|_| message.to_string())
}

/// The process that shows a dialog.
pub(crate) fn show_here(message: &Message) -> ExitCode {
    let words = dialog_words(message, gloria_program::words);
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
            dialog.set_secondary_text(Some(&words));
            dialog.run();
        }
    }
    #[cfg(not(target_os = "linux"))]
    gloria_program::show_message(TITLE, &words);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn each_cause_has_a_message_of_its_own() {
        let message = |error: io::Error| {
            let failure = Err::<(), _>(error).context("a thread").unwrap_err();
            Failure::Start(failure).message()
        };
        assert_eq!(
            message(io::ErrorKind::WouldBlock.into()),
            message::start_no_resources()
        );
        assert_eq!(
            message(io::Error::other("broken")),
            message::start_failed("a thread: broken")
        );
    }

    #[test]
    fn codes_differ() {
        let failures = [
            Failure::Start(anyhow::anyhow!("x")),
            Failure::NoFolder(gloria_program::paths(|_| None).unwrap_err()),
            #[cfg(in_process)]
            Failure::Unresponsive(ClaimError::System(io::Error::other("x"))),
            #[cfg(not(in_process))]
            Failure::Agent(AgentError::Silent),
        ];
        assert_eq!(failures.map(|failure| failure.code()), [1, 4, 5]);
    }

    #[test]
    fn a_message_reaches_the_dialog_as_it_was_and_anything_else_is_none() {
        let to_show = |argument: &str| message_to_show(["gloria-notify".into(), argument.into()]);
        let message = message::start_unresponsive("/tmp/\0 \n\"x\"", message::app_silent());
        let argument = format!("{MESSAGE}{}", serde_json::to_string(&message).unwrap());
        assert!(!argument.contains('\0'), "no argument can hold that");
        assert_eq!(to_show(&argument), Some(message));
        for other in [
            "",
            "--open",
            "--message",
            "--message=",
            "--message=words",
            "--message=[]",
        ] {
            assert_eq!(to_show(other), None, "{other}");
        }
    }

    #[test]
    fn a_panic_is_shown_even_where_the_catalogue_is_what_panics() {
        let message = message::start_no_home("HOME");
        let said = dialog_words(&message, || Words::load(["en"], gloria_words::Zone::utc()));
        assert!(
            said.starts_with("Cannot determine where to store files: HOME"),
            "{said}"
        );
        let said = dialog_words(&message, || panic!("the catalogue is broken"));
        assert_eq!(said, "start-no-home (name: HOME)");
    }
}
