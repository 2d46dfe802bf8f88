//! The report for support: what is in it, and what is not.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use gloria_backend::BackendOptions;
use gloria_desktop_session::SessionOptions;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::desktop::{Desktop, REPORT_TIMEOUT, bare, doctor};

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

/// The command that saves a report, in the folder `home`.
fn saving(home: &Path, file: &Path, options: &[&str]) -> Command {
    let mut command: Command = doctor(home);
    command
        .arg("--bundle")
        .arg(file)
        .args(options)
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

async fn save(home: &Path, file: &Path, options: &[&str]) -> (Option<i32>, String) {
    let output = saving(home, file, options).output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_without_a_yes_and_no_file_is_lost_by_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.tar.gz");
    let output = saving(home.path(), &file, &[]).output().await.unwrap();
    assert_eq!(
        (output.status.code(), file.exists()),
        (Some(2), false),
        "{output:?}"
    );
    assert!(
        output.stdout.is_empty(),
        "a usage error comes before the checks: {output:?}"
    );
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

/// Lines as other programs and servers may cause them. Each has a text that must not be in a report.
const PRIVATE_LINES: [&str; 19] = [
    "account marker-id-1 connected",
    "hello Marker Personson!",
    "mail to marker@mail.example failed",
    "401 for Bearer marker-token",
    "401 for Bearer%20marker-token",
    "xmarker-token",
    "/marker-home/.config/settings.toml is missing",
    "GET /marker-api/v9/sse 404",
    "GET https://gloria.example/marker-api/v9/sse?types=marker-query failed",
    "GET http://[::1]:8080/marker-v6?q=marker-query failed",
    "GET https://h.example/a,marker-comma;marker-semicolon)marker-parenthesis'marker-quote",
    "h.example/marker-place?token=marker-query",
    "path=/a/sse?x=marker-query",
    "proxy marker:marker-password@proxy:3128 refused",
    "user MARKER-PERSON and marker-person_2",
    "Basic markr",
    "token=markr",
    "sid=markr",
    "of 李娜先生 and Li",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_in_the_log_is_in_no_file_of_a_report() {
    let home = tempfile::tempdir().unwrap();
    let account = home.path().join("accounts/person-1");
    fs::create_dir_all(&account).unwrap();
    let record = json!({
        "server": "https://gloria.example",
        "user": "marker-id-1",
        "name": "Marker Personson",
        "email": "marker@mail.example",
    });
    fs::write(account.join("account.json"), record.to_string()).unwrap();
    fs::create_dir(home.path().join("logs")).unwrap();
    let log = PRIVATE_LINES.join("\n") + "\n";
    fs::write(home.path().join("logs/gloria-notify.log"), log).unwrap();

    let file = home.path().join("report.tar.gz");
    let mut command = saving(home.path(), &file, &["--yes"]);
    command
        .env("HOME", "/marker-home")
        .env("USER", "marker-person")
        .env("LOGNAME", "李娜")
        .env("USERNAME", "Li")
        .env("GLORIA_TOKEN", "marker-token")
        .env("GLORIA_API_URL", "http://127.0.0.1:9/marker-api/v9");
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let files = unpacked(&file);
    for (name, text) in &files {
        let lower = text.to_lowercase();
        for private in ["marker", "markr", "personson", "李娜"] {
            assert!(!lower.contains(private), "{private} is in {name}:\n{text}");
        }
    }
    let (_, log) = files.iter().find(|(name, _)| name == "log.txt").unwrap();
    assert_eq!(log.lines().count(), PRIVATE_LINES.len(), "{log}");
    assert!(log.contains("of [USER]先生 and [USER]\n"), "{log}");
    assert!(log.contains("GET http://[::1]:8080/[PATH] failed\n"), "{log}");
}

/// A token like any word: nothing but itself says that it is one.
const PLAIN_TOKEN: &str = "swordfish";

/// An app that answers every question for its status with this line.
#[cfg(unix)]
fn answer_with(home: &Path, status: Value) {
    use std::io::{BufRead as _, BufReader};
    let listener = std::os::unix::net::UnixListener::bind(home.join("status.sock")).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            BufReader::new(&client).read_line(&mut String::new()).unwrap();
            writeln!(client, "{status}").unwrap();
        }
    });
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_no_file_of_a_report_wherever_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("logs")).unwrap();
    fs::write(
        home.path().join("logs/gloria-notify.log"),
        format!("saw {PLAIN_TOKEN} and x{PLAIN_TOKEN}y\n"),
    )
    .unwrap();
    let said = json!({"id": "cause-other", "args": {"problem": format!("sent {PLAIN_TOKEN}")}});
    answer_with(
        home.path(),
        json!({
            "version": PLAIN_TOKEN,
            "connection": {"state": "waiting", "remedy": "retry", "reason": said},
            "metrics": {"minutes": [PLAIN_TOKEN], "errors": [{"cause": said}]},
            "notices": [{"kind": "keyring", "message": said}],
        }),
    );
    let file = home.path().join("report.tar.gz");
    let mut command = saving(home.path(), &file, &["--yes"]);
    command
        .env("GLORIA_TOKEN", PLAIN_TOKEN)
        .env("GLORIA_SOUND_VOLUME", PLAIN_TOKEN)
        .env("GLORIA_API_URL", format!("http://127.0.0.1:9/{PLAIN_TOKEN}"))
        .env("GLORIA_CA_FILE", format!("/{PLAIN_TOKEN}.pem"));
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let files = unpacked(&file);
    let names: Vec<_> = files.iter().map(|(name, _)| &**name).collect();
    assert!(names.contains(&"status.json"), "{names:?}");
    for (name, text) in &files {
        assert!(!text.contains(PLAIN_TOKEN), "the token is in {name}:\n{text}");
    }
    let (_, log) = files.iter().find(|(name, _)| name == "log.txt").unwrap();
    assert_eq!(log, "saw [REDACTED] and x[REDACTED]y\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_report_stay_for_a_user_who_is_called_like_them() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.tar.gz");
    let mut command = saving(home.path(), &file, &["--yes"]);
    command
        .env("USER", "keyring")
        .env("LOGNAME", "failed")
        .env("USERNAME", "system")
        .env("GLORIA_API_URL", "https://gloria.invalid:9");
    let output = command.output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let files = unpacked(&file);
    let of = |name: &str| &files.iter().find(|(of, _)| of == name).unwrap().1;
    let read = |text: &str| -> Vec<Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let words = |line: Value| {
        (
            line["check"].clone(),
            line["outcome"].clone(),
            line["cause"]["id"].clone(),
        )
    };
    let saved: Vec<_> = read(of("doctor.jsonl")).into_iter().map(words).collect();
    // The last line is about the report.
    let mut shown = read(&printed);
    assert!(shown.pop().unwrap()["report"].is_object());
    let shown: Vec<_> = shown.into_iter().map(words).collect();
    assert_eq!(saved, shown);
    let settings = of("settings.jsonl");
    assert!(settings.contains("https://gloria.invalid:9"));
    let proxy = r#""setting":"network.proxy","value":"system""#;
    assert!(settings.contains(proxy), "{settings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_a_folder_is_a_file_in_the_current_one() {
    let home = tempfile::tempdir().unwrap();
    let (code, said) = save(home.path(), Path::new("report.tar.gz"), &["--yes"]).await;
    assert_eq!(code, Some(4), "{said}");
    assert!(home.path().join("report.tar.gz").is_file(), "{said}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_is_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    for name in ["dangling", "folder"] {
        let before = fs::symlink_metadata(at(name)).unwrap().file_type();
        let (code, said) = save(home.path(), &at(name), &["--yes"]).await;
        assert_eq!(code, Some(1), "{name}: {said}");
        assert_eq!(
            fs::symlink_metadata(at(name)).unwrap().file_type(),
            before,
            "{name}"
        );
        assert!(said.contains("stays as it is"), "{name}: {said}");
    }
    assert!(!at("nowhere").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_leaves_costs_neither_the_file_nor_the_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.tar.gz");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = saving(home.path(), &file, &["--yes"]);
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(4));
    assert!(file.is_file());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_a_pipe_does_not_hang_a_report() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(logs.join("gloria-notify.log"))
        .status();
    assert!(made.unwrap().success());
    let file = home.path().join("report.tar.gz");
    let saved = tokio::time::timeout(REPORT_TIMEOUT, save(home.path(), &file, &["--yes"])).await;
    let (code, said) = saved.expect("the report is saved");
    assert_eq!(code, Some(4), "{said}");
    let files = unpacked(&file);
    let (_, log) = files.iter().find(|(name, _)| name == "log.txt").unwrap();
    assert!(log.contains("invalid input"), "{log}");
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
