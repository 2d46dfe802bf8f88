//! The report for support: what is in it, and what is not.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use gloria_backend::BackendOptions;
use gloria_desktop_session::SessionOptions;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::desktop::{Desktop, bare, doctor};

/// Each is somewhere that a report is made of.
const MARKERS: [&str; 8] = [
    "marker-title",
    "marker-body",
    "marker-token",
    "marker-user",
    "marker-person",
    "marker-path",
    "marker-query",
    "/api/v1",
];

/// Where the agent of a desktop logs.
const LOG: &str = "home/.local/state/com.gloriasystem.notify/logs/gloria-notify.log";

/// The texts of all files in the archive, by their names. The system's own `tar` unpacks it.
fn unpacked(archive: &Path) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = std::process::Command::new("tar")
        .arg("-xzf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    assert!(unpacked.unwrap().success());
    let files = fs::read_dir(folder.path().join("gloria-notify-report")).unwrap();
    let mut files: Vec<_> = files
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn no_title_text_token_name_or_path_is_in_a_report() {
    let server = BackendOptions {
        tokens: vec!["marker-token".into()],
        ..BackendOptions::default()
    };
    let options = SessionOptions {
        notifications: true,
        ..bare()
    };
    let desktop = Desktop::of_person(options, server, "marker-person").await;
    let control = desktop.backend.control();
    control.push(
        "notification.created",
        json!({"id": 7, "title": {"marker-body": "marker-title"}, "message": ["marker-body"]}),
    );
    control.push(
        "notification.created",
        json!({"id": "marker-user-1", "title": "marker-title", "message": "marker-body"}),
    );
    desktop.until_listed("marker-title").await;
    let logs = desktop.session.dir().join(LOG);
    let mut log = File::options().append(true).open(&logs).unwrap();
    log.write_all(b"GET https://gloria.example/marker-path?a=marker-query by marker-person failed\n")
        .unwrap();

    let file = desktop.session.dir().join("report.tar.gz");
    let output = desktop
        .command(&["doctor", "--yes", "--bundle"])
        .arg(&file)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let files = unpacked(&file);
    let names: Vec<_> = files.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "connection.json",
            "doctor.jsonl",
            "log.txt",
            "settings.jsonl",
            "status.json",
            "versions.json"
        ]
    );
    for (name, text) in &files {
        assert!(said.contains(name.as_str()), "{said}");
        for marker in MARKERS {
            assert!(!text.contains(marker), "{marker} is in {name}:\n{text}");
        }
        if name.ends_with(".jsonl") || name.ends_with(".json") {
            for line in text.lines() {
                serde_json::from_str::<Value>(line).unwrap();
            }
        }
    }
    let of = |name: &str| &files.iter().find(|(of, _)| of == name).unwrap().1;
    assert!(of("log.txt").contains("GET https://gloria.example/[PATH] by [USER] failed"));
    assert!(of("settings.jsonl").contains("\"origin\":\"environment\""));
    assert!(of("status.json").contains("\"health\":\"connected\""));
    assert!(of("doctor.jsonl").contains("\"check\":\"stream\""));
    assert!(of("connection.json").contains("\"minutes\":[{"));
}

async fn save(home: &Path, file: &Path, options: &[&str]) -> (Option<i32>, String) {
    let mut command: Command = doctor(home);
    command
        .arg("--bundle")
        .arg(file)
        .args(options)
        .stdin(Stdio::null());
    let output = command.output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_without_a_yes_and_no_file_is_lost_by_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.tar.gz");
    let (code, said) = save(home.path(), &file, &[]).await;
    assert_eq!((code, file.exists()), (Some(2), false), "{said}");
    fs::write(&file, "mine").unwrap();
    let (code, said) = save(home.path(), &file, &["--yes"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    fs::remove_file(&file).unwrap();
    let (code, said) = save(home.path(), &file, &["--yes"]).await;
    assert_eq!(code, Some(4), "as the report without a bundle: {said}");
    let names: Vec<_> = unpacked(&file).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["doctor.jsonl", "log.txt", "settings.jsonl", "versions.json"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_writes_nothing_and_a_program_reads_what_became_of_the_report() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.tar.gz");
    let last_line = async |option: &str| {
        let mut command = doctor(home.path());
        let output = command
            .arg(option)
            .arg("--bundle")
            .arg(&file)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        line["report"].take()
    };
    let preview = last_line("--preview").await;
    assert_eq!((&preview["saved"], file.exists()), (&json!(false), false));
    assert_eq!(preview["problem"], Value::Null);
    assert_eq!(preview["files"][0]["name"], "versions.json");
    let saved = last_line("--yes").await;
    assert_eq!((&saved["saved"], file.exists()), (&json!(true), true));
    assert_eq!(saved["path"], file.to_str().unwrap());
    let refused = last_line("--yes").await;
    assert_eq!(refused["saved"], json!(false));
    assert_eq!(refused["problem"]["id"], "doctor-bundle-exists");
    assert!(refused["problem"]["words"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "the reader of the output should know")]
async fn a_full_disk_leaves_no_half_file() {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=4k none \"$1\" || exit 99; \
                  GLORIA_HOME=$2 \"$3\" doctor --json --yes --bundle \"$1/report.tar.gz\"; \
                  echo $?; ls -A \"$1\" | wc -l";
    let log = "x1 ".repeat(200_000);
    fs::create_dir(home.path().join("logs")).unwrap();
    // It does not compress to a page.
    let lines: String = log
        .split(' ')
        .enumerate()
        .map(|(n, _)| format!("{n:x}{:x}\n", n * n * 7919))
        .collect();
    fs::write(home.path().join("logs/gloria-notify.log"), lines).unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&disk)
        .arg(home.path())
        .arg(env!("CARGO_BIN_EXE_gloria"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .await;
    let Ok(output) = output else {
        eprintln!("skipped: there is no unshare");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(99) || said.contains("unshare:") {
        eprintln!("skipped: this user may not make a mount namespace");
        return;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let end: Vec<_> = text.lines().rev().take(2).map(str::trim).collect();
    assert_eq!(end, ["0", "1"], "no file, and a failure: {text}{said}");
}
