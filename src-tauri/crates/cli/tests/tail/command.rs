//! With the token of a real command, which the settings name.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use gloria_backend::{Credentials, TEST_TOKEN};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::harness::{CREATED, DEADLINE, Tail, backend, gloria, note, output};

/// A home whose settings name this server, and a script that prints the token.
fn home(api: &str, script: &str) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("print token");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let settings = format!(
        "[api]\nurl = \"{api}\"\n[auth]\ncommand = [{}, \"--for it\"]\n",
        json!(program)
    );
    fs::write(home.path().join("settings.toml"), settings).unwrap();
    (home, program)
}

async fn errors(tail: &mut Tail) -> String {
    let mut errors = String::new();
    let mut stderr = tail.child.stderr.take().unwrap();
    stderr.read_to_string(&mut errors).await.unwrap();
    errors
}

#[tokio::test]
async fn its_token_is_sent_and_nothing_of_ours_reaches_it() {
    let (backend, control) = backend().await;
    let script = format!(
        "echo \"$# $1\" > \"$0.arguments\"; set > \"$0.variables\"\n\
         echo s3cret >&2; printf '{{\"access_token\": \"%s\", \"expires_in\": 3600}}' {TEST_TOKEN}"
    );
    let (home, program) = home(&backend.api_url(), &script);
    let arguments = ["tail", "--type", CREATED, "--count", "1"];
    let mut tail = Tail::spawn(gloria(&home, &arguments), home);
    tail.until("state", Some("connected")).await;
    let beside = |name: &str| fs::read_to_string(format!("{}.{name}", program.display())).unwrap();
    assert_eq!(beside("arguments"), "1 --for it\n");
    let variables = beside("variables");
    assert!(!variables.contains("GLORIA_"), "{variables}");
    control.push(CREATED, note("a"));
    tail.until("event", None).await;
    assert_eq!(errors(&mut tail).await, "");
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn an_app_that_runs_is_not_asked_for_its_own() {
    let (backend, _control) = backend().await;
    let (home, _) = home(&backend.api_url(), &format!("echo {TEST_TOKEN}"));
    let app = UnixListener::bind(home.path().join("status.sock")).unwrap();
    app.set_nonblocking(true).unwrap();
    let mut tail = Tail::spawn(gloria(&home, &["tail"]), home);
    tail.until("state", Some("connected")).await;
    let asked = app.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock));
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_3_and_the_administrators_matter() {
    let (backend, control) = backend().await;
    let (home, program) = home(&backend.api_url(), "echo run >> \"$0.runs\"; echo wrong");
    let mut tail = Tail::spawn(gloria(&home, &["tail"]), home);
    tail.until("state", Some("halted")).await;
    let runs = fs::read_to_string(format!("{}.runs", program.display())).unwrap();
    assert_eq!(runs, "run\n");
    let errors = errors(&mut tail).await;
    assert!(
        errors.contains("does not accept the token of the command"),
        "{errors}"
    );
    assert!(errors.contains("print token"), "{errors}");
    assert_eq!(tail.exit_code().await, Some(3));
    assert!(control.observed().requests.len() < 5);
}

#[tokio::test]
async fn one_that_fails_is_named_without_its_words_and_tried_again() {
    let (backend, _control) = backend().await;
    let script = "echo s3cret >&2; echo s3cret; exit 7";
    let (home, program) = home(&backend.api_url(), script);
    let mut tail = Tail::spawn(gloria(&home, &["tail", "--count", "1"]), home);
    // Not by their numbers: another network, such as other tests make, starts the count anew.
    for _ in 1..=2 {
        let line = tail.until("state", Some("waiting")).await;
        assert_eq!(line["code"], json!("command-failed"));
        assert_eq!(line["args"]["program"], json!(program), "{line}");
        assert!(line["retryInMs"].as_u64().unwrap() > 0, "{line}");
        assert!(!line.to_string().contains("s3cret"), "{line}");
    }
    tail.child.kill().await.unwrap();
    let errors = errors(&mut tail).await;
    let why = format!("code: 7, program: {}", program.display());
    assert!(errors.contains(&why) && !errors.contains("s3cret"), "{errors}");
}

#[tokio::test]
async fn ending_it_ends_the_command() {
    let (backend, _control) = backend().await;
    let script = "echo $$ > \"$0.own\"; trap '' TERM INT; while :; do sleep 1; done";
    let (home, program) = home(&backend.api_url(), script);
    let mut tail = Tail::spawn(gloria(&home, &["tail"]), home);
    let own = number(Path::new(&format!("{}.own", program.display()))).await;
    let pid = tail.child.id().unwrap().to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
    assert_eq!(tail.exit_code().await, Some(0));
    let began = Instant::now();
    while Path::new(&format!("/proc/{own}/exe")).exists() {
        assert!(began.elapsed() < DEADLINE, "{own} still runs");
        sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Waits until the script has written its number.
async fn number(path: &Path) -> u32 {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        assert!(began.elapsed() < DEADLINE, "the command did not start");
        sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn another_server_gets_no_token_of_it_and_login_says_who_signs_in() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let (home, program) = home(
        &ours.api_url(),
        &format!("echo run >> \"$0.runs\"; echo {TEST_TOKEN}"),
    );
    let url = format!("{}/sse", other.api_url());
    let command = gloria(&home, &["tail", "--no-prompt", "--url", &url]);
    let output_of_other = output(command).await;
    let errors = String::from_utf8_lossy(&output_of_other.stderr).into_owned();
    assert!(errors.contains("auth.command belongs to"), "{errors}");
    for request in seen.observed().requests {
        assert_eq!(request.credentials, Credentials::None, "{}", request.path);
    }

    let output = output(gloria(&home, &["login"])).await;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("a command that signs you in"), "{errors}");
    assert!(!Path::new(&format!("{}.runs", program.display())).exists());
}
