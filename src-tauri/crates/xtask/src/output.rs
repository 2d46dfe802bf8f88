//! Commands whose output is both shown and kept, so that a report can repeat why a step failed.

use std::io::{IsTerminal, PipeReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::commands;

/// How long the rest of the output may take to arrive after the command ended: it is in the pipe by then. A process
/// that a test left behind can keep the pipe open for ever.
const REST_TIMEOUT: Duration = Duration::from_secs(2);

/// How many bytes of the output are kept. Test programs print the failed tests and their messages last.
const MAX_ENDING: usize = 12 * 1024;

/// Runs a command to its end, with its stdout and stderr passed on to stdout, and puts the last lines into `ending`.
pub(crate) fn run(command: &mut Command, ending: &mut String) -> Result<()> {
    let line = commands::line(command);
    let (reader, writer) = std::io::pipe().context("no pipe for the output")?;
    if std::io::stdout().is_terminal() {
        // Cargo would otherwise take the pipe for a file.
        command.env("CARGO_TERM_COLOR", "always");
    }
    // One pipe for both, so that errors stay at their places among the other lines.
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn();
    // Otherwise the command would keep the pipe open, and its end would never be read.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.with_context(|| format!("cannot run {line}"))?;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (finished, end_of_output) = mpsc::channel::<()>();
    let tail = Arc::clone(&kept);
    std::thread::spawn(move || {
        pass_on(reader, &tail);
        drop(finished);
    });
    let status = child.wait().with_context(|| format!("cannot wait for {line}"))?;
    end_of_output.recv_timeout(REST_TIMEOUT).ok();
    *ending = last_lines(&kept.lock().unwrap_or_else(PoisonError::into_inner));
    ensure!(status.success(), "{line} ended with {status}");
    Ok(())
}

/// Copies everything to stdout, and the last of it into `kept`.
fn pass_on(mut output: PipeReader, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8192];
    let mut stdout = std::io::stdout();
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        let new = buffer.get(..length).unwrap_or_default();
        // If nobody reads it, it is still to be kept, and the command must not block.
        stdout.write_all(new).and_then(|()| stdout.flush()).ok();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(new);
        let superfluous = kept.len().saturating_sub(MAX_ENDING);
        kept.drain(..superfluous);
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
        let mut ending = String::new();
        let result = run(Command::new("sh").args(["-c", script]), &mut ending);
        (result, ending)
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
    fn a_process_that_stays_behind_does_not_block() {
        let (result, ending) = run_script("sleep 600 & echo $!");
        result.unwrap();
        let status = Command::new("kill").arg(ending.trim()).status().unwrap();
        assert!(status.success());
    }
}
