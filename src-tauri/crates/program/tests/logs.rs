//! The log of a whole process: this test's own program, started once more.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::thread;

use gloria_files::logging::{Fixed, LogLevel};
use gloria_program::{Logs, logs};

fn refused(text: String) -> Result<(), String> {
    Err(text)
}

/// What only a program that was started by the test below does.
#[test]
#[ignore = "started by another test"]
fn a_program_that_panics() {
    let folder = env::var_os("LOGS").unwrap();
    let _logs = Logs::start(Some(folder.as_ref()), None);
    logs::log_panics(|| unreachable!("no thread of these is the main one"));
    let panicking: [(&str, fn()); 4] = [
        ("constant", || panic!("a constant message")),
        ("formatted", || {
            panic!("a formatted {}", env::var("SECRET").unwrap())
        }),
        ("cut", || {
            let text = env::var("SECRET").unwrap() + "é";
            let _ = text[..text.len() - 1].len();
        }),
        ("unwrapped", || refused(env::var("SECRET").unwrap()).unwrap()),
    ];
    for (name, panicking) in panicking {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(panicking)
            .unwrap();
        assert!(thread.join().is_err());
    }
    // As the system does it: nothing else of the program comes to run.
    std::process::abort();
}

#[test]
#[ignore = "started by another test"]
fn a_program_that_changes_its_level() {
    let folder = env::var_os("LOGS").unwrap();
    let log = Logs::start(Some(folder.as_ref()), Some("trace"));
    let say = |number: u32| {
        tracing::debug!(target: "gloria_core", number, "ours");
        tracing::debug!(target: "hyper", number, "theirs");
    };
    log.set_level(LogLevel::Info, Fixed::ByAdministrator);
    say(1);
    log.set_level(LogLevel::Debug, Fixed::ByAdministrator);
    say(2);
    log.set_level(LogLevel::Info, Fixed::ByAdministrator);
    say(3);
    log.set_level(LogLevel::Info, Fixed::No);
    say(4);
    logs::flush(logs::FLUSH_TIMEOUT * 100);
}

#[test]
fn the_level_changes_while_the_program_runs() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_program_that_changes_its_level", "--ignored"])
        .env("LOGS", home.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let log = fs::read_to_string(home.path().join("gloria-notify.log")).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(log.contains("ours number=2"), "{log}");
    assert!(
        log.contains("ours number=4"),
        "a variable asks for more unless the level is fixed: {log}"
    );
}

#[test]
#[ignore = "started by another test"]
fn a_program_whose_main_thread_panics() {
    let folder = env::var_os("LOGS").unwrap();
    let _logs = Logs::start(Some(folder.as_ref()), None);
    logs::log_panics(|| drop(writeln!(io::stdout(), "it ends")));
    struct Twice;
    impl Drop for Twice {
        fn drop(&mut self) {
            panic!("another one while the first unwinds")
        }
    }
    let _twice = Twice;
    panic!("a formatted {}", env::var("SECRET").unwrap());
}

/// A log that cannot be written, and nobody who reads stderr as a log.
#[cfg(target_os = "linux")]
#[test]
fn a_panic_that_ends_the_program_is_said_once_though_the_disk_is_full() {
    let home = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", home.path().join("gloria-notify.log")).unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "a_program_whose_main_thread_panics",
            "--ignored",
            "--nocapture",
        ])
        .env("LOGS", home.path())
        .env("SECRET", "sentinel")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(said.matches("it ends").count(), 1, "{said}");
    assert!(errors.matches("a panic at ").count() >= 2, "{errors}");
    assert!(
        errors.contains("logs.rs:") && !errors.contains("sentinel"),
        "{errors}"
    );
}

#[test]
fn a_panic_is_in_the_log_before_the_program_is_gone_and_quotes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("logs");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_program_that_panics", "--ignored", "--nocapture"])
        .env("LOGS", &folder)
        .env("SECRET", "sentinel")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let log = fs::read_to_string(folder.join("gloria-notify.log")).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 4, "{log}");
    for (line, thread) in lines.iter().zip(["constant", "formatted", "cut", "unwrapped"]) {
        assert!(line.contains("a panic") && line.contains("logs.rs:"), "{line}");
        assert!(line.contains(&format!("thread=\"{thread}\"")), "{line}");
    }
    assert!(lines[0].contains("a constant message"), "{log}");
    assert!(!log.contains("sentinel"), "{log}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("sentinel"), "{stderr}");
}
