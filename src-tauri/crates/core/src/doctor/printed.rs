//! What `gloria doctor --json` prints, as the window shows it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Finding;
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::ports::{CommandError, DOCTOR_TIMEOUT};
use crate::protocol::{DoctorReport, FindingView, SupportReport};

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Finding(Finding),
    Report { report: SupportReport },
}

/// The lines of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The checks.
    pub checks: DoctorReport,
    /// The report for support, where it was run for one.
    pub report: Option<SupportReport>,
}

impl Printed {
    /// Reads the lines; `None` if one is something else, or there is none: a part of the checks would look like all.
    pub fn read(printed: &[u8]) -> Option<Self> {
        let (mut findings, mut found) = (Vec::new(), None);
        for line in printed
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match serde_json::from_slice(line).ok()? {
                Line::Finding(finding) => findings.push(view(finding)),
                Line::Report { report } => found = Some(report),
            }
        }
        (!findings.is_empty()).then_some(Self {
            checks: DoctorReport { findings },
            report: found,
        })
    }
}

fn view(finding: Finding) -> FindingView {
    let Finding {
        check,
        outcome,
        cause,
        mend,
    } = finding;
    FindingView {
        outcome,
        title: check.title(),
        cause,
        mend,
    }
}

/// Why it could not be run, for the user.
pub fn not_run(error: &CommandError) -> Message {
    match error {
        CommandError::NotStarted(problem) => message::doctor_not_started(problem.clone()),
        CommandError::TimedOut => message::doctor_timed_out(DOCTOR_TIMEOUT.as_secs()),
        CommandError::Failed(_)
        | CommandError::Killed(_)
        | CommandError::TooLong
        | CommandError::Unreadable(_) => message::doctor_broke(),
    }
}

/// The name of a report's file, without ending: users keep several, and find them by the date in their time zone.
pub fn report_name(at: EpochMillis, zone: TimeZone) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    format!("gloria-notify-report-{}", at.to_zoned(zone).date())
}
