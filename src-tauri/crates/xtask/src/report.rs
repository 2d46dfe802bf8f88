//! Runs steps one after another, and reports their results and times against the budget of their suite.

use std::fmt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::commands;
use crate::output::{self, Ending};

/// The results of all steps so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    suites: Vec<SuiteReport>,
    skipped: Vec<String>,
    /// What the failed commands printed last. It is repeated at the end, because a log of CI is often shown from its
    /// end only, and a failure is followed by half an hour of other suites.
    endings: Vec<(String, Ending)>,
}

#[derive(Debug)]
struct SuiteReport {
    name: String,
    budget: Duration,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    /// Why it failed.
    error: Option<String>,
}

impl Step {
    fn passed(&self) -> bool {
        self.error.is_none()
    }
}

impl SuiteReport {
    fn took(&self) -> Duration {
        self.steps.iter().map(|step| step.took).sum()
    }
}

impl Report {
    /// Begins a suite, to which the following steps belong. Exceeding the budget is reported but is not a failure,
    /// because a busy machine would fail a correct program.
    pub(crate) fn begin_suite(&mut self, name: &str, budget: Duration) {
        self.suites.push(SuiteReport {
            name: name.to_owned(),
            budget,
            steps: Vec::new(),
        });
    }

    /// Runs a command under a heading. Returns whether it succeeded.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> bool {
        let line = commands::line(command);
        let mut ending = Ending::default();
        let passed = self.step(name, &line, || output::run(command, &mut ending));
        if !passed {
            self.endings.push((name.to_owned(), ending));
        }
        passed
    }

    /// Runs a function under a heading. Returns whether it succeeded.
    pub(crate) fn step(&mut self, name: &str, detail: &str, work: impl FnOnce() -> Result<()>) -> bool {
        println!("\n== {name}: {detail}");
        let begin = Instant::now();
        let result = work();
        let took = begin.elapsed();
        if let Some(suite) = self.suites.last_mut() {
            suite.steps.push(Step {
                name: name.to_owned(),
                took,
                error: result.as_ref().err().map(|error| format!("{error:#}")),
            });
        }
        let used = self.suites.last().map(Used::of).unwrap_or_default();
        match &result {
            Ok(()) => println!("== {name}: done in {}; {used}", seconds(took)),
            Err(error) => println!("== {name}: FAILED after {}; {used}: {error:#}", seconds(took)),
        }
        result.is_ok()
    }

    /// Records a step that cannot run on this machine.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("\n== {name}: skipped: {reason}");
        self.skipped.push(format!("{name}: {reason}"));
    }

    /// Prints the table and the summary line, and returns the exit code. `budget` is that of all suites together.
    pub(crate) fn finish(self, budget: Duration) -> ExitCode {
        for (name, ending) in &self.endings {
            print!("\n== {name}: the end of its output\n{}", ending.text);
        }
        print!("{}{}", self.table(budget), self.failures());
        if self.count(false) == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn count(&self, passed: bool) -> usize {
        let steps = self.suites.iter().flat_map(|suite| &suite.steps);
        steps.filter(|step| step.passed() == passed).count()
    }

    /// Returns why steps failed, with what the failed tests said. It comes last, and is short, because the end of a log
    /// is what people see.
    fn failures(&self) -> String {
        let mut text = String::new();
        for step in self.suites.iter().flat_map(|suite| &suite.steps) {
            if let Some(error) = &step.error {
                text += &format!("\nFAILED {}: {error}\n", step.name);
            }
        }
        for (step, ending) in &self.endings {
            for test in &ending.failed {
                text += &format!("\nFAILED in {step}: {}\n", test.name);
                for line in &test.lines {
                    text += &format!("    {line}\n");
                }
            }
        }
        text
    }

    fn table(&self, budget: Duration) -> String {
        let mut table = String::new();
        for suite in self.suites.iter().filter(|suite| !suite.steps.is_empty()) {
            table += &format!("\n{}: {}\n", suite.name, Used::of(suite));
            for step in &suite.steps {
                let verdict = if step.passed() { "passed" } else { "FAILED" };
                table += &format!("{verdict}  {:>8}  {}\n", seconds(step.took), step.name);
            }
        }
        if !self.skipped.is_empty() {
            table.push('\n');
        }
        for skipped in &self.skipped {
            table += &format!("skipped            {skipped}\n");
        }
        let took = self.suites.iter().map(SuiteReport::took).sum();
        table += &format!("\nall of it: {}\n", Used { took, budget });
        let skipped = match self.skipped.len() {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        table
            + &format!(
                "\n{} passed, {} failed{skipped}\n",
                self.count(true),
                self.count(false)
            )
    }
}

/// Elapsed time and its budget.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    took: Duration,
    budget: Duration,
}

impl Used {
    fn of(suite: &SuiteReport) -> Self {
        Self {
            took: suite.took(),
            budget: suite.budget,
        }
    }
}

impl fmt::Display for Used {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |duration: Duration| duration.as_secs_f32() / 60.0;
        write!(
            out,
            "{:.1} of {:.0} min",
            minutes(self.took),
            minutes(self.budget)
        )?;
        if self.took > self.budget {
            out.write_str(", OVER BUDGET")?;
        }
        Ok(())
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f32())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failures::FailedTest;

    fn step(name: &str, seconds: u64, passed: bool) -> Step {
        Step {
            name: name.to_owned(),
            took: Duration::from_secs(seconds),
            error: (!passed).then(|| "it did not".to_owned()),
        }
    }

    #[test]
    fn the_table_has_each_suites_time_beside_its_budget_and_marks_what_is_over_it() {
        let mut report = Report::default();
        report.begin_suite("tab", Duration::from_secs(180));
        report.suites[0].steps = vec![step("tab programs", 6, true), step("tab", 60, true)];
        report.begin_suite("kill", Duration::from_secs(180));
        report.suites[1].steps = vec![step("kill", 181, false)];
        report.begin_suite("netns", Duration::from_secs(120));
        report.skip("netns", "no root");
        let table = report.table(Duration::from_secs(240));
        let expected = "
tab: 1.1 of 3 min
passed     6.0 s  tab programs
passed    60.0 s  tab

kill: 3.0 of 3 min, OVER BUDGET
FAILED   181.0 s  kill

skipped            netns: no root

all of it: 4.1 of 4 min, OVER BUDGET

2 passed, 1 failed, 1 skipped
";
        assert_eq!(table, expected);
    }

    #[test]
    #[cfg(unix)]
    fn the_last_lines_of_a_failed_command_are_kept_for_the_end() {
        let mut report = Report::default();
        report.begin_suite("ui", Duration::from_secs(1));
        for script in ["echo well", "echo badly; exit 1"] {
            report.run(script, Command::new("sh").args(["-c", script]));
        }
        let [(name, ending)] = &report.endings[..] else {
            panic!("{:?} is not one failed command", report.endings)
        };
        assert_eq!((&**name, &*ending.text), ("echo badly; exit 1", "badly\n"));
    }

    #[test]
    fn failed_steps_and_tests_are_repeated_in_a_few_lines() {
        let mut report = Report::default();
        report.begin_suite("unit", Duration::from_secs(180));
        report.suites[0].steps = vec![step("tests", 1, false), step("lints", 1, true)];
        let failed = FailedTest {
            name: "inbox::is_read".to_owned(),
            lines: vec![
                "waited in vain".to_owned(),
                "at ./tests/inbox.rs:24:17".to_owned(),
            ],
        };
        let ending = Ending {
            text: "much".to_owned(),
            failed: vec![failed],
        };
        report.endings.push(("tests".to_owned(), ending));
        let expected = "
FAILED tests: it did not

FAILED in tests: inbox::is_read
    waited in vain
    at ./tests/inbox.rs:24:17
";
        assert_eq!(report.failures(), expected);
    }

    #[test]
    fn a_step_over_its_budget_still_passes() {
        let mut report = Report::default();
        report.begin_suite("slow", Duration::ZERO);
        assert!(report.step("work", "nothing", || Ok(())));
        assert_eq!((report.count(true), report.count(false)), (1, 0));
    }
}
