//! The command of the setting `auth.command`, which prints a token, and how it is run.

use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::zeroize::Zeroizing;
use thiserror::Error;

use crate::message::{self, Message, Phrase};

/// How long the command may run. It asks a service or a cache; a connection waits for it, at most 30 s in all.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// How much it may print: as much as a pasted token may have, which no token with a few fields beside it reaches.
pub const MAX_OUTPUT_BYTES: usize = 16 * 1024;

/// A program and its arguments, as the system starts them: no shell reads them.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: PathBuf,
    arguments: Vec<String>,
}

impl CommandLine {
    /// The first text is the program's full path: where a name is looked for depends on who starts the app. `None` if
    /// it is not, or a text contains a character that no argument can have.
    pub fn new(words: &[String]) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        let is_startable = Path::new(program).is_absolute() && !words.iter().any(|word| word.contains('\0'));
        is_startable.then(|| Self {
            program: program.into(),
            arguments: arguments.to_vec(),
        })
    }

    /// The program's full path.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

/// Prints without the arguments, which may contain a secret.
impl Debug for CommandLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CommandLine({})", self.program.display())
    }
}

/// Why a command printed nothing that can be used. Nothing that it printed is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The system does not start it.
    #[error("it cannot be started: {0}")]
    NotStarted(Phrase),
    /// It did not end within [`COMMAND_TIMEOUT`].
    #[error("it did not end in time")]
    TimedOut,
    /// It ended with this exit code.
    #[error("it ended with exit code {0}")]
    Failed(i32),
    /// This signal ended it.
    #[error("it was ended by signal {0}")]
    Killed(i32),
    /// It printed more than [`MAX_OUTPUT_BYTES`].
    #[error("it printed too much")]
    TooLong,
    /// What it printed cannot be read.
    #[error("its output cannot be read: {0}")]
    Unreadable(Phrase),
}

impl CommandError {
    /// The error for the user.
    pub fn message(&self, command: &CommandLine) -> Message {
        let program = command.program().display().to_string();
        match self {
            Self::NotStarted(problem) => message::command_not_started(program, problem.clone()),
            Self::TimedOut => message::command_timed_out(program, COMMAND_TIMEOUT.as_secs()),
            Self::Failed(code) => message::command_failed(program, code.to_string()),
            Self::Killed(signal) => message::command_killed(program, signal.to_string()),
            Self::TooLong => message::command_too_long(program, MAX_OUTPUT_BYTES as u64),
            Self::Unreadable(problem) => message::command_unreadable(program, problem.clone()),
        }
    }
}

/// Runs commands.
pub trait CommandRunner: Send + Sync + Debug {
    /// Runs a command to its end, at most [`COMMAND_TIMEOUT`], and returns what it printed to its standard output. It
    /// reads nothing, what it prints as errors is dropped, and its environment has no variable of the app.
    ///
    /// Whatever it started has ended afterwards, as far as the system can do that, also when the future is dropped.
    fn run(&self, command: &CommandLine) -> BoxFuture<'static, Result<Zeroizing<Vec<u8>>, CommandError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Option<CommandLine> {
        CommandLine::new(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_is_a_full_path_and_texts_that_an_argument_can_have() {
        let program = if cfg!(windows) {
            r"C:\token.exe"
        } else {
            "/opt/token"
        };
        let command = line(&[program, "--for", "; $(id) 'a b'"]).expect("a command");
        assert_eq!(command.arguments(), ["--for", "; $(id) 'a b'"]);
        assert!(line(&[program]).is_some());
        for wrong in [&[][..], &[""], &["token"], &["./token"], &[program, "a\0b"]] {
            assert_eq!(line(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn its_arguments_never_print() {
        let program = if cfg!(windows) {
            r"C:\token.exe"
        } else {
            "/opt/token"
        };
        let command = line(&[program, "s3cret"]).expect("a command");
        assert!(!format!("{command:?}").contains("s3cret"));
    }
}
