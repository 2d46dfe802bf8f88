//! Finds the failed tests in the output of `cargo test`, with what each said.

/// How many lines are kept of what a test printed before it failed: the last ones. The rest is in the log.
const MAX_PRINTED_LINES: usize = 6;

/// How many lines of a message are kept: what was expected and what was found. The longest name several items, each
/// with its history.
const MAX_MESSAGE_LINES: usize = 30;

/// How many bytes of a line are kept. A value that a test prints can be a whole document.
const MAX_LINE: usize = 300;

/// How many places in this project's code are kept of a backtrace: the innermost ones, where the test waited.
const MAX_PLACES: usize = 6;

/// How many failed tests are kept. Where more of them fail, they have one cause.
const MAX_TESTS: usize = 20;

/// A failed test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedTest {
    pub(crate) name: String,
    /// The end of what it printed, the first lines of its message, and the places in this project's code that its
    /// backtrace names.
    pub(crate) lines: Vec<String>,
}

/// Collects failed tests from lines that arrive one after another.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    tests: Vec<FailedTest>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    Printed,
    Message {
        lines: usize,
    },
    Backtrace {
        places: usize,
    },
}

impl Failures {
    /// Reads the next line, without its end.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(name) = heading(line) {
            self.state = State::Outside;
            if self.tests.len() < MAX_TESTS {
                self.state = State::Printed;
                self.tests.push(FailedTest {
                    name: name.to_owned(),
                    lines: Vec::new(),
                });
            }
            return;
        }
        let Some(test) = self.tests.last_mut() else {
            return;
        };
        let trimmed = line.trim();
        match &mut self.state {
            State::Outside => {}
            // The list of names that follows the last message.
            _ if line == "failures:" || line.starts_with("test result:") => self.state = State::Outside,
            State::Printed | State::Message { .. } if trimmed.eq_ignore_ascii_case("stack backtrace:") => {
                self.state = State::Backtrace { places: 0 };
            }
            State::Printed if is_panic(line) => {
                test.lines.push(cut(line));
                self.state = State::Message { lines: 1 };
            }
            State::Printed => {
                if !trimmed.is_empty() {
                    test.lines.push(cut(line));
                }
                if test.lines.len() > MAX_PRINTED_LINES {
                    test.lines.remove(0);
                }
            }
            State::Message { lines } => {
                if !trimmed.is_empty() && *lines < MAX_MESSAGE_LINES {
                    *lines += 1;
                    test.lines.push(cut(line));
                }
            }
            State::Backtrace { places } => {
                if trimmed.starts_with("at ./") && *places < MAX_PLACES {
                    *places += 1;
                    test.lines.push(cut(trimmed));
                }
            }
        }
    }

    pub(crate) fn into_tests(self) -> Vec<FailedTest> {
        self.tests
    }
}

/// Returns the name of the test whose output follows.
fn heading(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?;
    name.strip_suffix(" stdout ----")
        .or_else(|| name.strip_suffix(" stderr ----"))
}

fn is_panic(line: &str) -> bool {
    (line.starts_with("thread '") && line.contains(" panicked at ")) || line.starts_with("Error: ")
}

fn cut(line: &str) -> String {
    let end = line.floor_char_boundary(MAX_LINE);
    line.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 3 tests
test quick ... ok
test inbox::is_read ... FAILED

failures:

---- inbox::is_read stdout ----

thread 'inbox::is_read' (16183) panicked at tests/bare/inbox.rs:62:9:
waited 40 s for the entries
Stack backtrace:
   0: anyhow::error::from
             at /registry/anyhow/src/backtrace.rs:10:14
   1: {async_fn#0}
             at ./tests/bare/accounts.rs:24:17
   2: core::ops::function
             at /rustc/59807616/library/core/src/ops/function.rs:250:5
note: run with `RUST_BACKTRACE=full`

---- slow stdout ----
no time

failures:
    inbox::is_read
    slow

test result: FAILED. 1 passed; 2 failed
";

    fn read(output: &str) -> Vec<FailedTest> {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.read(line));
        failures.into_tests()
    }

    #[test]
    fn a_failed_test_has_its_message_and_its_places_in_this_code() {
        let [first, second] = &read(OUTPUT)[..] else {
            panic!("not two failed tests")
        };
        assert_eq!(first.name, "inbox::is_read");
        let expected = [
            "thread 'inbox::is_read' (16183) panicked at tests/bare/inbox.rs:62:9:",
            "waited 40 s for the entries",
            "at ./tests/bare/accounts.rs:24:17",
        ];
        assert_eq!(first.lines, expected);
        assert_eq!(
            (&*second.name, &second.lines[..]),
            ("slow", &["no time".to_owned()][..])
        );
    }

    #[test]
    fn long_messages_and_many_failures_are_cut() {
        let message = format!("{}\n", "ä".repeat(MAX_LINE)).repeat(2 * MAX_MESSAGE_LINES);
        let output: String = (0..2 * MAX_TESTS)
            .map(|number| {
                format!(
                    "---- test_{number} stdout ----\n{message}thread 'x' (1) panicked at y.rs:1:1:\n{message}"
                )
            })
            .collect();
        let tests = read(&output);
        assert_eq!(tests.len(), MAX_TESTS);
        for test in tests {
            assert_eq!(test.lines.len(), MAX_PRINTED_LINES + MAX_MESSAGE_LINES);
            assert!(test.lines.iter().all(|line| line.len() <= MAX_LINE), "{test:?}");
        }
    }
}
