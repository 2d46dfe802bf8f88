//! Steps, one after the other, and how they went.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::house;

/// What was done and how it went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
    skipped: Vec<String>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    passed: bool,
}

impl Report {
    /// Runs a command under a heading; whether it succeeded.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> bool {
        let line = house::line(command);
        self.step(name, &line, || house::run(command))
    }

    /// Does something under a heading; whether it succeeded.
    pub(crate) fn step(&mut self, name: &str, detail: &str, work: impl FnOnce() -> Result<()>) -> bool {
        println!("\n== {name}: {detail}");
        let begin = Instant::now();
        let result = work();
        let took = begin.elapsed();
        match &result {
            Ok(()) => println!("== {name}: done in {}", seconds(took)),
            Err(error) => println!("== {name}: FAILED after {}: {error:#}", seconds(took)),
        }
        self.steps.push(Step {
            name: name.to_owned(),
            took,
            passed: result.is_ok(),
        });
        result.is_ok()
    }

    /// Notes what cannot be done on this machine.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("\n== {name}: skipped: {reason}");
        self.skipped.push(format!("{name}: {reason}"));
    }

    /// The table, the line that build servers read, and the exit code.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        for step in &self.steps {
            let verdict = if step.passed { "passed" } else { "FAILED" };
            println!("{verdict}  {:>8}  {}", seconds(step.took), step.name);
        }
        for skipped in &self.skipped {
            println!("skipped            {skipped}");
        }
        let passed = self.steps.iter().filter(|step| step.passed).count();
        let failed = self.steps.len() - passed;
        let skipped = match self.skipped.len() {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        println!("\n{passed} passed, {failed} failed{skipped}");
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f32())
}
