//! What the checks of `gloria doctor` found, and the report for support.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::message::Message;

/// How a check stands, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// It could not be checked, and the cause says why.
    Skipped,
    /// Notifications arrive, and something should be better.
    Warning,
    /// It keeps notifications from the user.
    Failed,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// How it stands.
    pub outcome: Outcome,
    /// What was checked.
    pub title: Message,
    /// What was found.
    pub cause: Message,
    /// What mends it; absent if nothing has to be mended.
    pub mend: Option<Message>,
}

/// What all checks found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct DoctorReport {
    /// In the order of the checks: one that failed may be the cause of later ones.
    pub findings: Vec<FindingView>,
}

/// A file of the report for support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ReportFile {
    /// Its name.
    pub name: String,
    /// Its size.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
}

/// The report for support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct SupportReport {
    /// Where it is, or would be saved.
    pub path: String,
    /// What it contains.
    pub files: Vec<ReportFile>,
    /// It is in the file.
    pub saved: bool,
    /// Why it could not be saved.
    pub problem: Option<Message>,
}
