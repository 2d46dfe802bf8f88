//! `gloria tail` on a host, and its output.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdout, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::process::Process;

/// A line of its output, and when it arrived.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) value: Value,
}

impl Line {
    /// Whether it reports this state.
    pub(crate) fn is_state(&self, state: &str) -> bool {
        self.value["kind"] == "state" && self.value["state"] == state
    }

    /// Returns the reason, for states that have one.
    pub(crate) fn reason(&self) -> &str {
        self.value["reason"].as_str().unwrap_or_default()
    }

    fn is_notification(&self) -> bool {
        self.value["kind"] == "event" && self.value["event"] == "notification.created"
    }
}

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<Line>>,
    more: Condvar,
}

pub(crate) struct Tail {
    process: Process,
    heard: Arc<Heard>,
    log: PathBuf,
    began: Instant,
}

impl Tail {
    pub(crate) fn start(command: Command, log: PathBuf) -> Self {
        let (process, stdout) = Process::start(command, &log);
        let heard = Arc::<Heard>::default();
        let reader = Arc::clone(&heard);
        thread::spawn(move || read(stdout, &reader));
        Self {
            process,
            heard,
            log,
            began: Instant::now(),
        }
    }

    /// Returns when it was started.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until `enough` returns a value for the lines.
    pub(crate) fn until<T>(&self, what: &str, within: Duration, enough: impl Fn(&[Line]) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        let mut lines = self.heard.lines.lock().unwrap();
        loop {
            if let Some(found) = enough(&lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(lines);
                panic!("waited {within:?} for {what}, in vain");
            }
            lines = self.heard.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Returns the lines since some time.
    pub(crate) fn since(&self, moment: Instant) -> Vec<Line> {
        let lines = self.heard.lines.lock().unwrap();
        lines.iter().filter(|line| line.at >= moment).cloned().collect()
    }

    /// Returns the event ids of notifications, in order of arrival.
    pub(crate) fn notifications(lines: &[Line]) -> Vec<&str> {
        let notifications = lines.iter().filter(|line| line.is_notification());
        notifications
            .map(|line| line.value["id"].as_str().unwrap())
            .collect()
    }

    /// Returns everything that it reported about its connection, for a failed test.
    fn story(&self) -> String {
        let lines = self
            .heard
            .lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut story = String::new();
        for line in &*lines {
            let after = line.at.saturating_duration_since(self.began).as_secs_f32();
            let value = match line.value["kind"].as_str() {
                Some("state") => line.value.to_string(),
                _ => format!("{} {}", line.value["event"], line.value["id"]),
            };
            story += &format!("{after:8.3} {value}\n");
        }
        story + &fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if thread::panicking() {
            let name = thread::current().name().unwrap_or_default().to_owned();
            // To the test's own stderr, which is shown when it fails.
            #[expect(clippy::print_stderr, reason = "this is where a failed test tells its story")]
            {
                eprintln!(
                    "{name}: seconds since its start, and what the client said:\n{}",
                    self.story()
                );
            }
        }
    }
}

fn read(stdout: ChildStdout, heard: &Heard) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a line of JSON: {line}"));
        let at = Instant::now();
        heard.lines.lock().unwrap().push(Line { at, value });
        heard.more.notify_all();
    }
}
