//! Commands whose output is both shown and kept, so that a report can repeat why a step failed.

use std::io::{IsTerminal, PipeReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::failures::{FailedTest, Failures};
use crate::{commands, processes};

/// How long the rest of the output may take to arrive after the command ended: it is in the pipe by then. A process
/// that a test left behind can keep the pipe open for ever.
const REST_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a command may print nothing before it counts as hanging. The longest test takes two minutes and prints a
/// line after the first of them; the longest crate compiles in less. Without a limit, one test that hangs would keep a
/// build server until that ends everything, without the report that names the test.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(5);

/// How often to check whether a command whose output is still open has ended or hangs: an end is usually noticed by the
/// end of the output.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// How many bytes of the output are kept. Test programs print the failed tests and their messages last.
const MAX_ENDING: usize = 12 * 1024;

/// What is kept of a command's output.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The last lines.
    pub(crate) text: String,
    /// The failed tests, also those whose output is not among the last lines.
    pub(crate) failed: Vec<FailedTest>,
}

/// Runs a command to its end, with its stdout and stderr passed on to stdout, and puts what is kept of it into
/// `ending`. Unless somebody at a terminal could end it, a command that prints nothing for [`SILENCE_TIMEOUT`] is
/// killed, after a list of its processes was printed.
///
/// # Errors
/// When it cannot be run, fails, or hangs.
pub(crate) fn run(command: &mut Command, ending: &mut Ending) -> Result<()> {
    let is_watched = std::io::stdout().is_terminal();
    let silence = (!is_watched && cfg!(unix)).then_some(SILENCE_TIMEOUT);
    if is_watched {
        // Cargo would otherwise take the pipe for a file.
        command.env("CARGO_TERM_COLOR", "always");
    }
    run_within(command, ending, silence, std::io::stdout())
}

fn run_within(
    command: &mut Command,
    ending: &mut Ending,
    silence: Option<Duration>,
    shown: impl Write + Send + 'static,
) -> Result<()> {
    let line = commands::line(command);
    let (reader, writer) = std::io::pipe().context("no pipe for the output")?;
    // One pipe for both, so that errors stay at their places among the other lines.
    command.stdout(writer.try_clone()?).stderr(writer);
    if silence.is_some() {
        // Not at a terminal, where Ctrl-C would no longer reach it.
        processes::in_own_group(command);
    }
    let child = command.spawn();
    // Otherwise the command would keep the pipe open, and its end would never be read.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.with_context(|| format!("cannot run {line}"))?;
    let output = Arc::new(Output::new(shown));
    let (finished, end_of_output) = mpsc::channel::<()>();
    let copied = Arc::clone(&output);
    std::thread::spawn(move || {
        copied.pass_on(reader);
        drop(finished);
    });
    let ended = wait(&mut child, &end_of_output, &output, silence);
    end_of_output.recv_timeout(REST_TIMEOUT).ok();
    *ending = output.kept().ending();
    let status = ended.with_context(|| line.clone())?;
    ensure!(status.success(), "{line} ended with {status}");
    Ok(())
}

/// Waits for the end of a command, and kills it if it hangs.
fn wait(
    child: &mut Child,
    end_of_output: &mpsc::Receiver<()>,
    output: &Output,
    silence: Option<Duration>,
) -> Result<ExitStatus> {
    loop {
        if let Err(RecvTimeoutError::Disconnected) = end_of_output.recv_timeout(CHECK_INTERVAL) {
            return child.wait().context("cannot be waited for");
        }
        if let Some(status) = child.try_wait().context("cannot be waited for")? {
            return Ok(status);
        }
        let quiet = output.kept().last.elapsed();
        if let Some(silence) = silence.filter(|silence| quiet > *silence) {
            let processes = processes::descendants_of(child.id());
            output.write(format!("\nthe processes of what hangs:\n{processes}").as_bytes());
            processes::kill_group(child.id());
            child.wait().context("cannot be waited for")?;
            bail!("printed nothing for {} s and was killed", silence.as_secs());
        }
    }
}

/// What a command has printed.
struct Output {
    kept: Mutex<Kept>,
}

struct Kept {
    /// Where everything is passed on to.
    shown: Box<dyn Write + Send>,
    /// The last [`MAX_ENDING`] bytes.
    bytes: Vec<u8>,
    /// The beginning of the line that is being printed.
    line: Vec<u8>,
    failures: Failures,
    /// When the command printed something, or started.
    last: Instant,
}

impl Kept {
    fn read(&mut self, new: &[u8]) {
        // If nobody reads it, it is still to be kept, and the command must not block.
        self.shown.write_all(new).and_then(|()| self.shown.flush()).ok();
        self.last = Instant::now();
        self.bytes.extend_from_slice(new);
        let superfluous = self.bytes.len().saturating_sub(MAX_ENDING);
        self.bytes.drain(..superfluous);
        for part in new.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                self.failures.read(&String::from_utf8_lossy(line));
                self.line.clear();
            }
        }
    }

    fn ending(&mut self) -> Ending {
        Ending {
            text: last_lines(&self.bytes),
            failed: std::mem::take(&mut self.failures).into_tests(),
        }
    }
}

impl Output {
    fn new(shown: impl Write + Send + 'static) -> Self {
        let kept = Kept {
            shown: Box::new(shown),
            bytes: Vec::new(),
            line: Vec::new(),
            failures: Failures::default(),
            last: Instant::now(),
        };
        Self {
            kept: Mutex::new(kept),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies everything to where it is shown, and keeps the last of it.
    fn pass_on(&self, mut output: PipeReader) {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = output.read(&mut buffer) {
            self.write(buffer.get(..length).unwrap_or_default());
        }
    }

    fn write(&self, new: &[u8]) {
        self.kept().read(new);
    }
}

/// Returns the text without its first line if that one was cut.
fn last_lines(kept: &[u8]) -> String {
    let text = String::from_utf8_lossy(kept);
    match text.split_once('\n') {
        Some((_, whole)) if kept.len() >= MAX_ENDING => whole.to_owned(),
        Some(_) | None => text.into_owned(),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run_script(script: &str) -> (Result<()>, String) {
        let mut ending = Ending::default();
        let mut command = Command::new("sh");
        let result = run_within(command.args(["-c", script]), &mut ending, None, std::io::sink());
        (result, ending.text)
    }

    #[test]
    fn both_outputs_are_kept_in_their_order() {
        let (result, ending) = run_script("echo one; echo two >&2; echo three; exit 3");
        assert!(result.unwrap_err().to_string().contains("exit status: 3"));
        assert_eq!(ending, "one\ntwo\nthree\n");
    }

    #[test]
    fn of_much_output_the_last_whole_lines_are_kept() {
        let (result, ending) = run_script("seq 100000 200000");
        result.unwrap();
        assert!(ending.len() < MAX_ENDING);
        assert!(ending.ends_with("199999\n200000\n"));
        assert!(ending.lines().all(|line| line.len() == 6), "{ending}");
    }

    #[test]
    fn a_failed_test_is_kept_also_if_much_follows_it() {
        let mut ending = Ending::default();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo '---- early stdout ----'; seq 1 50; echo \"thread 'early' panicked at x.rs:1:2:\"; echo because; \
             seq 100000 200000; exit 1",
        ]);
        run_within(&mut command, &mut ending, None, std::io::sink()).unwrap_err();
        assert!(!ending.text.contains("early"));
        assert_eq!(ending.failed[0].name, "early");
        assert!(
            ending.failed[0].lines.contains(&"because".to_owned()),
            "{:?}",
            ending.failed
        );
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children_and_named() {
        let mut ending = Ending::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 600; true"]);
        let silence = Some(Duration::from_secs(1));
        let result = run_within(&mut command, &mut ending, silence, std::io::sink());
        let ending = ending.text;
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("printed nothing for 1 s"), "{error}");
        assert!(ending.starts_with("begun\n"), "{ending}");
        let hanging = ending.lines().find(|line| line.ends_with("sleep 600")).unwrap();
        let id = hanging.split_whitespace().next().unwrap();
        // After the kill, it may still have to be reaped by its next parent.
        let runs = || {
            let listed = Command::new("ps")
                .args(["-o", "stat=", "-p", id])
                .output()
                .unwrap();
            listed.status.success() && !listed.stdout.starts_with(b"Z")
        };
        let begin = Instant::now();
        while runs() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{hanging}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_command_that_prints_again_and_again_does_not_hang() {
        let mut command = Command::new("sh");
        command.args(["-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done"]);
        let silence = Some(Duration::from_secs(3));
        run_within(&mut command, &mut Ending::default(), silence, std::io::sink()).unwrap();
    }

    #[test]
    fn a_process_that_stays_behind_does_not_block() {
        let (result, ending) = run_script("sleep 600 & echo $!");
        result.unwrap();
        let status = Command::new("kill").arg(ending.trim()).status().unwrap();
        assert!(status.success());
    }
}
