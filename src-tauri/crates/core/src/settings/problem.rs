//! What is wrong with what was given, and where it stands, as a code with parameters.

use std::fmt;
use std::path::PathBuf;

use super::file_problem::FileProblem;
use super::mistake::Mistake;
use super::syntax_error::SyntaxError;
use crate::event::UnknownType;
use crate::message::{self, Message, Phrase};

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's own file.
    UserFile,
    /// A file of the administrator.
    File(PathBuf),
    /// A place that the system keeps for the administrator, such as a part of Windows' registry.
    System(&'static str),
    /// A variable of the environment.
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

    /// The place, or a line in it.
    fn at(&self, line: Option<usize>) -> Phrase {
        match line {
            Some(line) => message::settings_line(line, self.phrase()).into(),
            None => self.phrase(),
        }
    }
}

/// Something wrong with what was given, or a warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The line, where it stands in a file.
    pub line: Option<usize>,
    /// What it is about.
    pub kind: ProblemKind,
}

/// What is wrong. `setting` is its name in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The value is not used.
    Ignored {
        /// Which.
        setting: &'static str,
        /// Why.
        mistake: Mistake,
    },
    /// The value is used, and may not be what was meant.
    Warning {
        /// Which.
        setting: &'static str,
        /// What may be wrong.
        warning: Warning,
    },
    /// No setting of this version has the name.
    Unknown {
        /// As it is written, cut to a length that can be shown.
        name: String,
        /// The setting or section that was probably meant.
        meant: Option<&'static str>,
    },
    /// A policy cannot fix it.
    NotLockable {
        /// Which.
        setting: &'static str,
    },
    /// A mistake in how the file is written.
    Syntax(SyntaxError),
    /// The place cannot be used at all.
    Unusable(FileProblem),
    /// There are so many more problems.
    More {
        /// How many.
        count: usize,
    },
    /// The user's file had syntax errors, and has been moved there; another one is in its place.
    SetAside {
        /// Where it is now.
        path: PathBuf,
    },
}

/// What may be wrong with a value that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A single word was taken for the name of the server.
    BareWord {
        /// The address that was made of it.
        address: String,
    },
    /// There is no such event type.
    UnknownType(UnknownType),
}

impl Warning {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::BareWord { address } => message::address_bare_word(address),
            Self::UnknownType(unknown) => unknown.message(),
        }
    }
}

impl Problem {
    /// The message for the user.
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
            ProblemKind::More { count } => message::settings_more(self.place.phrase(), *count),
            ProblemKind::SetAside { path } => {
                message::settings_set_aside(self.place.phrase(), path.display().to_string())
            }
        }
    }

    /// A value and where it stands. A variable of the environment is both.
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

/// The code, for logs and for tests.
impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(out)
    }
}
