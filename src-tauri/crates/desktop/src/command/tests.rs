//! Real programs: shell scripts that the test writes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gloria_core::ports::MAX_OUTPUT_BYTES;
use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use super::*;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(90);

/// A script, and where it writes.
struct Script {
    folder: TempDir,
    command: CommandLine,
}

impl Script {
    fn new(text: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("print token");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let folder_name = folder.path().to_str().unwrap().to_owned();
        let mut words = vec![path.to_str().unwrap().to_owned(), folder_name];
        words.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Self {
            command: CommandLine::new(&words).unwrap(),
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn run(&self) -> Result<String, CommandError> {
        self.run_within(DEADLINE).await
    }

    async fn run_within(&self, limit: Duration) -> Result<String, CommandError> {
        let printed = Processes { limit }.run(&self.command).await?;
        Ok(String::from_utf8(printed.to_vec()).unwrap())
    }
}

/// Waits until a script has written a process's number.
async fn number(path: &Path) -> Pid {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        // With the line's end, it is complete.
        if text.ends_with('\n')
            && let Some(number) = text.trim().parse().ok().and_then(Pid::from_raw)
        {
            return number;
        }
        assert!(began.elapsed() < DEADLINE, "{} has no number", path.display());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a process is gone, or only its entry is left.
async fn gone(process: Pid) {
    let began = Instant::now();
    let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
    loop {
        let state = fs::read_to_string(&stat).unwrap_or_default();
        let is_dead = state
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'));
        if test_kill_process(process).is_err() || is_dead {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{process:?} still runs: {state}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_it_prints_is_read_and_its_arguments_reach_it_as_they_are() {
    let script = Script::new(r#"shift; printf '%s|' "$@""#, &["--for", "a b; $(id) '\"*", ""]);
    assert_eq!(script.run().await.unwrap(), "--for|a b; $(id) '\"*||");
    // All of it, also what is printed last.
    for _ in 0..20 {
        let script = Script::new("i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); done", &[]);
        let printed = script.run().await.unwrap();
        assert!(printed.ends_with("\n298\n299\n"), "{printed}");
    }
}

#[tokio::test]
async fn how_it_fails_is_said() {
    let script = |text| Script::new(text, &[]);
    assert_eq!(script("echo t; exit 3").run().await, Err(CommandError::Failed(3)));
    assert_eq!(script("kill -9 $$").run().await, Err(CommandError::Killed(9)));
    assert_eq!(script("exit 0").run().await, Ok(String::new()));

    let missing = CommandLine::new(&["/nonexistent/token".to_owned()]).unwrap();
    let error = Processes::default().run(&missing).await.unwrap_err();
    assert_eq!(error, CommandError::NotStarted(message::file_not_there().into()));
    let plain = script("exit 0");
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(plain.command.program(), mode).unwrap();
    let error = plain.run().await.unwrap_err();
    assert_eq!(
        error,
        CommandError::NotStarted(message::command_not_permitted().into())
    );
}

#[tokio::test]
async fn more_than_the_limit_ends_it_and_the_limit_itself_does_not() {
    let zeros = |count| Script::new(&format!("head -c {count} /dev/zero | tr '\\0' a"), &[]);
    let printed = zeros(MAX_OUTPUT_BYTES).run().await.unwrap();
    assert_eq!(printed.len(), MAX_OUTPUT_BYTES);
    assert_eq!(
        zeros(MAX_OUTPUT_BYTES + 1).run().await,
        Err(CommandError::TooLong)
    );
    let endless = Script::new(
        "echo $$ > \"$1/own\"; while :; do echo aaaaaaaaaaaaaaaa; done",
        &[],
    );
    assert_eq!(endless.run().await, Err(CommandError::TooLong));
    gone(number(&endless.file("own")).await).await;
}

/// Ignores what asks it to end, and starts a process that does too and has the output open.
const STUBBORN: &str = r#"
trap '' TERM HUP INT
(echo started; trap '' TERM HUP INT; sh -c 'echo $$ > "$1/child"; exec sleep 1000' sh "$1") &
echo $$ > "$1/own"
"#;

#[tokio::test]
async fn one_that_does_not_end_is_killed_with_everything_it_started() {
    let script = Script::new(&format!("{STUBBORN}\nwait; sleep 1000"), &[]);
    let both = async {
        (
            number(&script.file("own")).await,
            number(&script.file("child")).await,
        )
    };
    let (own, child) = tokio::select! {
        both = both => both,
        ended = script.run() => panic!("it ended: {ended:?}"),
    };
    // The future was dropped.
    gone(own).await;
    gone(child).await;

    let script = Script::new(&format!("{STUBBORN}\nwait; sleep 1000"), &[]);
    // Enough for it to start its child.
    assert_eq!(
        script.run_within(Duration::from_secs(2)).await,
        Err(CommandError::TimedOut)
    );
    gone(number(&script.file("own")).await).await;
    gone(number(&script.file("child")).await).await;
}

#[test]
fn a_program_that_ends_waits_for_a_command_that_is_being_started() {
    let is_known = Arc::new(AtomicBool::new(false));
    let (starting, awaits_start) = start(DEADLINE);
    let thread = std::thread::spawn({
        let is_known = Arc::clone(&is_known);
        move || {
            // Who does not wait is first then.
            std::thread::sleep(Duration::from_millis(200));
            is_known.store(true, Ordering::SeqCst);
            drop(starting);
        }
    });
    drop(awaits_start);
    assert!(is_known.load(Ordering::SeqCst));
    thread.join().unwrap();

    // A disk that hangs keeps it for a while only.
    let (_starting, awaits_start) = start(Duration::from_millis(1));
    drop(awaits_start);
}

#[tokio::test]
async fn what_it_leaves_behind_is_killed_and_not_waited_for() {
    let wait = "until [ -s \"$1/child\" ]; do sleep 0.01; done; echo token";
    let script = Script::new(&format!("{STUBBORN}\n{wait}"), &[]);
    let printed = script.run().await.unwrap();
    assert_eq!(printed, "started\ntoken\n");
    gone(number(&script.file("child")).await).await;
}

#[tokio::test]
async fn a_process_that_leaves_the_group_with_the_output_open_keeps_nobody_waiting() {
    let left = "setsid sh -c 'echo $$ > \"$1/child\"; exec sleep 1000' sh \"$1\" &";
    let wait = "until [ -s \"$1/child\" ]; do sleep 0.01; done; echo token";
    let script = Script::new(&format!("{left}\n{wait}"), &[]);
    assert_eq!(script.run().await.unwrap(), "token\n");
    let child = number(&script.file("child")).await;
    rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn it_reads_nothing_and_its_errors_go_nowhere() {
    let files = "readlink /proc/self/fd/0; readlink /proc/self/fd/2; cat; echo s3cret >&2";
    let script = Script::new(files, &[]);
    assert_eq!(script.run().await.unwrap(), "/dev/null\n/dev/null\n");
}

#[test]
fn the_apps_variables_are_not_passed_on() {
    let command = CommandLine::new(&["/bin/sh".to_owned()]).unwrap();
    let own = [("GLORIA_TOKEN", "s3cret"), ("GLORIA_PROXY", "x"), ("LANG", "C")];
    let own = own.map(|(name, value)| (name.into(), value.into()));
    let process = process(&command, own.into_iter());
    let removed: Vec<_> = process
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(removed, ["GLORIA_PROXY", "GLORIA_TOKEN"]);
}
