//! `gloria logs`, while another process writes the files.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

fn gloria(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .arg("logs")
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .kill_on_drop(true);
    command
}

async fn printed(home: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = gloria(home, arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn folder(home: &TempDir) -> PathBuf {
    let folder = home.path().join("logs");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn they_are_printed_without_a_running_app_and_it_is_said_where_there_are_none() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, words) = printed(&home, &[]).await;
    assert_eq!((code, &*out), (0, ""));
    assert!(
        words.contains("nothing is logged yet in") && words.contains("logs"),
        "{words}"
    );

    let folder = folder(&home);
    append(&folder.join("gloria-notify.1.log"), "one\n");
    append(&folder.join("gloria-notify.log"), "two\x1b[2J\nthree\n");
    assert_eq!(
        printed(&home, &[]).await,
        (0, "one\ntwo\\u001b[2J\nthree\n".into(), String::new())
    );
    assert_eq!(printed(&home, &["-n", "1"]).await.1, "three\n");
}

#[tokio::test]
async fn following_goes_on_over_files_that_are_put_aside_and_over_a_folder_that_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let mut following = gloria(&home, &["-f", "-n", "5"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut expect = async |wanted: &str| {
        let line = timeout(DEADLINE, lines.next_line()).await.expect(wanted).unwrap();
        assert_eq!(line.as_deref(), Some(wanted));
    };
    let newest = folder(&home).join("gloria-notify.log");
    append(&newest, "one\ntwo\n");
    expect("one").await;
    expect("two").await;
    append(&newest, "three\n");
    fs::rename(&newest, newest.with_file_name("gloria-notify.1.log")).unwrap();
    append(&newest, "four\n");
    expect("three").await;
    expect("four").await;
    fs::remove_dir_all(folder(&home)).unwrap();
    append(&folder(&home).join("gloria-notify.log"), "five\n");
    expect("five").await;
    assert!(following.try_wait().unwrap().is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_log_that_is_a_pipe_is_named_and_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let folder = folder(&home);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("gloria-notify.log"))
        .status();
    assert!(made.unwrap().success());
    for arguments in [&[][..], &["-f"]] {
        let ended = timeout(DEADLINE, printed(&home, arguments)).await;
        let (code, out, said) = ended.expect("nobody writes into it");
        assert_eq!((code, &*out), (1, ""), "{said}");
        assert!(said.contains("is not a file"), "{said}");
    }
}
