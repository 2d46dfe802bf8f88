//! Why the window's program has no agent, as a message and an exit code.

use std::process::ExitStatus;

use gloria_ipc::AskError;
use gloria_text::message::{self, Message};

/// Why there is no agent.
#[derive(Debug)]
pub(crate) enum AgentError {
    /// Its program cannot be started.
    Program(anyhow::Error),
    /// It ended, with this message on stderr, which may be empty.
    Ended { status: ExitStatus, words: String },
    /// It is running, but does not answer.
    Silent,
    /// A request to it failed.
    Unasked(AskError),
}

impl AgentError {
    /// The exit code of this program: the agent's own if docs/admin.md lists it.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Program(_) => 1,
            Self::Ended { status, .. } => match status.code() {
                Some(4) => 4,
                Some(5) => 5,
                Some(_) | None => 1,
            },
            Self::Silent | Self::Unasked(_) => 5,
        }
    }

    pub(crate) fn message(&self) -> Message {
        match self {
            Self::Program(error) => message::start_no_agent(format!("{error:#}")),
            Self::Ended { status, words } if words.is_empty() => message::start_no_agent(status.to_string()),
            // The agent has written it in the user's language already.
            Self::Ended { words, .. } => message::cli_as_it_is(words),
            Self::Silent | Self::Unasked(AskError::Silent) => message::app_silent(),
            Self::Unasked(AskError::NotRunning) => message::app_not_running(),
            Self::Unasked(AskError::Unreachable(problem)) => message::app_unreachable(problem.to_string()),
            Self::Unasked(AskError::Unknown) => message::app_other_version(),
            Self::Unasked(AskError::Refused(refused)) => message::cli_as_it_is(&refused.words),
        }
    }
}

impl From<AskError> for AgentError {
    fn from(error: AskError) -> Self {
        Self::Unasked(error)
    }
}
