//! `gloria doctor`: what may keep notifications from this user, check by check. Monitoring depends on its lines and
//! exit codes.

mod alert;
mod bundle;
mod disk;
mod probes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gloria_core::doctor::{Finding, Outcome, findings, worst};
use gloria_core::text;
use tokio::time::Instant;

use self::bundle::{Asked, Known};
use crate::output::{Lines, add_words, catalogue, is_broken_pipe, print_words};

/// Something should be better; notifications arrive.
const WARNING: u8 = 1;
/// Notifications are kept from the user.
const FAILED: u8 = 4;

/// Somebody waits for the report, and a script may give it a quarter of a minute. What comes after this is left out.
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// The checks and a test event together: less than the 15 s that the help promises, by what start and output take.
const TEST_TIMEOUT: Duration = Duration::from_secs(14);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    json: bool,
    #[arg(long)]
    test_alert: bool,
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[arg(long, requires = "bundle")]
    yes: bool,
    #[arg(long, requires = "bundle", conflicts_with = "yes")]
    preview: bool,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    if options.bundle.is_some()
        && let Some(refused) = bundle::refused(Asked::by(&options))
    {
        return Ok(refused);
    }
    let began = Instant::now();
    let looked = probes::observe(began + REPORT_TIMEOUT).await?;
    let mut seen = looked.seen;
    if options.test_alert {
        seen.test_alert = Some(alert::test_alert(&seen.app, began + TEST_TIMEOUT).await?);
    }
    let findings = findings(&seen);
    let printed = print(&findings, options.json);
    let known = Known {
        status: looked.status.as_deref(),
        token: looked.token.as_ref(),
    };
    if let Some(file) = &options.bundle
        && let Some(failed) = bundle::save(file, &findings, &known, Asked::by(&options))?
    {
        return Ok(failed);
    }
    match printed {
        // Somebody who reads only the beginning still wants the file, and the exit code.
        Err(error) if !is_broken_pipe(&error) => Err(error),
        Ok(()) | Err(_) => Ok(code_of(worst(&findings))),
    }
}

fn code_of(worst: Outcome) -> ExitCode {
    match worst {
        Outcome::Passed | Outcome::Skipped => ExitCode::SUCCESS,
        Outcome::Warning => ExitCode::from(WARNING),
        Outcome::Failed => ExitCode::from(FAILED),
    }
}

fn print(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    if !json {
        let line = |finding: &Finding| text::sentence(&catalogue().say(&finding.line()));
        return Ok(print_words(findings.iter().map(line))?);
    }
    let mut lines = Lines::new();
    for finding in findings {
        let mut line = serde_json::to_value(finding)?;
        add_words(&mut line, catalogue());
        lines.write(&line)?;
    }
    Ok(lines.flush()?)
}
