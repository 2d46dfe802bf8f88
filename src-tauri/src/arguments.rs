//! The command line.

use clap::Parser;
use gloria_ipc::AppUrl;
use gloria_ipc::app_url::NotOurs;

/// The prefix of the ids of this program's help.
pub(crate) const HELP: &str = "help-app";

// The help of each argument is in locales/*/help.ftl, and is inserted before a command line is parsed.
#[derive(Debug, Parser)]
#[command(name = "gloria-notify", version)]
pub(crate) struct Arguments {
    #[arg(long)]
    open: bool,
    #[arg(long, conflicts_with = "open")]
    background: bool,
    // An address that the system was asked to open; another argument beside it would be somebody's trick.
    #[arg(value_name = "URL", conflicts_with_all = ["open", "background", "window", "after_failure", "login"])]
    url: Option<String>,
    // Passed by the agent when it starts the window.
    #[arg(long, hide = true, conflicts_with_all = ["open", "background"])]
    window: bool,
    // What the entries of Windows and macOS start at login: `--background`, unless the user has switched that off.
    #[arg(long, hide = true, conflicts_with_all = ["open", "background", "window"])]
    pub(crate) login: bool,
    // Passed by the app to itself when it restarts in place.
    #[arg(long, hide = true)]
    after_failure: bool,
}

/// What a start opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Only the tray icon.
    InTray,
    /// The window as well.
    WithWindow,
}

impl Arguments {
    /// The first start goes into the tray unless it says `--open`.
    pub(crate) fn first_start(&self) -> Start {
        if self.open || self.window || self.url.is_some() {
            Start::WithWindow
        } else {
            Start::InTray
        }
    }

    /// The item that an address asks to show.
    pub(crate) fn item(&self) -> Result<Option<String>, NotOurs> {
        let url = self.url.as_deref().map(AppUrl::parse).transpose()?;
        Ok(url.and_then(|url| url.item))
    }

    /// The app restarted itself after a failure that the window may have caused.
    pub(crate) fn after_failure(&self) -> bool {
        self.after_failure
    }

    /// The agent started this program, for its window.
    pub(crate) fn is_for_agent(&self) -> bool {
        self.window
    }

    /// A second start opens the window, because the user wants to see the app; except a start by the system at login.
    pub(crate) fn second_start(&self) -> Start {
        if self.background || self.login {
            Start::InTray
        } else {
            Start::WithWindow
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use gloria_words::{command_line, pseudo};

    use super::*;

    #[test]
    fn no_help_and_no_mistake_is_in_english_alone() {
        let words = pseudo::words();
        let names = [
            "gloria-notify",
            "gloria",
            "--open",
            "--background",
            "--help",
            "--version",
            "--opne",
            "file.txt",
            "URL",
        ];
        for (arguments, code) in [
            (&["--help"][..], 0),
            (&["--opne"], 2),
            (&["--open", "file.txt"], 2),
            (&["file.txt", "file.txt"], 2),
            (&["--open", "--background"], 2),
            (&["--open", "--open"], 2),
            (&["--open=file.txt"], 2),
        ] {
            let line = ["gloria-notify"].iter().chain(arguments).map(Into::into);
            let reply = command_line::parse::<Arguments>(HELP, &words, line).unwrap_err();
            assert_eq!((reply.code, reply.is_mistake), (code, code == 2), "{arguments:?}");
            assert_eq!(pseudo::unaccented(&reply.text, &names), [""; 0], "{}", reply.text);
        }
    }

    #[test]
    fn every_argument_has_its_help_and_no_other_has() {
        assert_eq!(command_line::help_mistakes(Arguments::command(), HELP), [""; 0]);
    }

    #[test]
    fn an_address_opens_the_window_and_brings_no_other_argument() {
        let parsed = |line: &[&str]| Arguments::try_parse_from([&["gloria-notify"], line].concat());
        let arguments = parsed(&["gloria-notify:open/n:42"]).unwrap();
        assert_eq!(arguments.item(), Ok(Some("n:42".to_owned())));
        assert_eq!(arguments.first_start(), Start::WithWindow);
        assert_eq!(arguments.second_start(), Start::WithWindow);
        assert_eq!(parsed(&["gloria-notify:"]).unwrap().item(), Ok(None));
        assert_eq!(parsed(&["file.txt"]).unwrap().item(), Err(NotOurs));
        for other in ["--open", "--background", "--window", "--after-failure"] {
            assert!(parsed(&["gloria-notify:show", other]).is_err(), "{other}");
        }
    }
}
