//! What is wrong with a setting, and where, as a code with parameters.

use std::fmt;
use std::path::PathBuf;

use super::file_problem::FileProblem;
use super::mistake::Mistake;
use super::syntax_error::SyntaxError;
use crate::event::UnknownType;
use crate::message::{self, Message, Phrase};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's file.
    UserFile,
    /// One of the administrator's files.
    File(PathBuf),
    /// A place in the system for the administrator's settings, such as a key of the Windows registry.
    System(&'static str),
    /// An environment variable.
    Variable(&'static str),
}

impl Place {
    fn phrase(&self) -> Phrase {
        match self {
            Self::UserFile => message::settings_file().into(),
            Self::File(path) => path.display().to_string().into(),
            Self::System(name) | Self::Variable(name) => (*name).into(),
        }
    }

    /// Returns the place, or a line in it.
    fn at(&self, line: Option<usize>) -> Phrase {
        match line {
            Some(line) => message::settings_line(line, self.phrase()).into(),
            None => self.phrase(),
        }
    }
}

/// A mistake in the settings, or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The line, if it is in a file.
    pub line: Option<usize>,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong. `setting` is the setting's name in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The value is ignored.
    Ignored {
        /// The setting.
        setting: &'static str,
        /// Why.
        mistake: Mistake,
    },
    /// The value is used, but may not be the intended one.
    Warning {
        /// The setting.
        setting: &'static str,
        /// What may be wrong.
        warning: Warning,
    },
    /// No setting of this version has the name.
    Unknown {
        /// The name, shortened for display.
        name: String,
        /// The setting or section that was probably intended.
        meant: Option<&'static str>,
    },
    /// A policy cannot fix it.
    NotLockable {
        /// The setting.
        setting: &'static str,
    },
    /// A syntax error in the file.
    Syntax(SyntaxError),
    /// The whole source cannot be used.
    Unusable(FileProblem),
    /// The policy cannot be read completely, and its earlier values stay in effect.
    PolicyKept,
    /// The policy sets less than before and has just been written. What it lacks stays in effect for a few seconds.
    PolicyYoung,
    /// Further problems that are not listed.
    More {
        /// How many.
        count: usize,
    },
    /// The user's file had syntax errors, and was moved and replaced.
    SetAside {
        /// Where it was moved.
        path: PathBuf,
    },
}

/// What may be wrong with a value that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A single word was interpreted as the name of the server.
    BareWord {
        /// The resulting address.
        address: String,
    },
    /// There is no such event type.
    UnknownType(UnknownType),
}

impl Warning {
    /// Returns the message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::BareWord { address } => message::address_bare_word(address),
            Self::UnknownType(unknown) => unknown.message(),
        }
    }
}

impl Problem {
    /// The setting that it is about, if it is about one of this version's.
    pub fn setting(&self) -> Option<&'static str> {
        match &self.kind {
            ProblemKind::Ignored { setting, .. }
            | ProblemKind::Warning { setting, .. }
            | ProblemKind::NotLockable { setting } => Some(setting),
            ProblemKind::Unknown { .. }
            | ProblemKind::Syntax(_)
            | ProblemKind::Unusable(_)
            | ProblemKind::PolicyKept
            | ProblemKind::PolicyYoung
            | ProblemKind::More { .. }
            | ProblemKind::SetAside { .. } => None,
        }
    }

    /// Returns the message for the user.
    pub fn message(&self) -> Message {
        let value = |setting: &str| self.value(setting);
        match &self.kind {
            ProblemKind::Ignored { setting, mistake } => {
                message::settings_ignored(value(setting), mistake.message())
            }
            ProblemKind::Warning { setting, warning } => {
                message::settings_warning(value(setting), warning.message())
            }
            ProblemKind::Unknown { name, meant } => match meant {
                Some(meant) => message::settings_unknown_meant(value(name), *meant),
                None => message::settings_unknown(value(name)),
            },
            ProblemKind::NotLockable { setting } => message::settings_not_lockable(value(setting)),
            ProblemKind::Syntax(error) => message::settings_syntax(self.place.at(self.line), error.phrase()),
            ProblemKind::Unusable(problem) => {
                message::settings_unusable(self.place.phrase(), problem.phrase())
            }
            ProblemKind::PolicyKept => message::settings_policy_kept(self.place.phrase()),
            ProblemKind::PolicyYoung => message::settings_policy_young(self.place.phrase()),
            ProblemKind::More { count } => message::settings_more(self.place.phrase(), *count),
            ProblemKind::SetAside { path } => {
                message::settings_set_aside(self.place.phrase(), path.display().to_string())
            }
        }
    }

    /// Returns a value with its place. An environment variable is both.
    fn value(&self, setting: &str) -> Phrase {
        match (&self.place, self.line) {
            (Place::Variable(name), _) => (*name).into(),
            (place @ (Place::UserFile | Place::File(_) | Place::System(_)), Some(line)) => {
                message::settings_value_in_line(setting, line, place.phrase()).into()
            }
            (place @ (Place::UserFile | Place::File(_) | Place::System(_)), None) => {
                message::settings_value_in(setting, place.phrase()).into()
            }
        }
    }
}

/// The code, for logs and tests.
impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(out)
    }
}
