//! `gloria tail` as scripts see it: its lines, its flags, its exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

use std::process::{Output, Stdio};
use std::time::Duration;

use gloria_backend::{Answer, Backend, BackendOptions, Control, Credentials, Route, TEST_TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(20);

const CREATED: &str = "notification.created";

/// A `gloria` that sees no environment but what a test gives it, no home of a user and no session bus.
fn gloria(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _home: TempDir,
}

impl Tail {
    fn start(backend: &Backend, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut all = vec!["tail"];
        all.extend(arguments);
        let mut command = gloria(&home, &all);
        command
            .env("GLORIA_API_URL", backend.api_url())
            .env("GLORIA_TOKEN", TEST_TOKEN);
        Self::spawn(command, home)
    }

    fn spawn(mut command: Command, home: TempDir) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            _home: home,
        }
    }

    async fn text(&mut self) -> Option<String> {
        timeout(DEADLINE, self.lines.next_line())
            .await
            .expect("a line in time")
            .unwrap()
    }

    async fn line(&mut self) -> Option<Value> {
        let line = self.text().await;
        line.map(|line| serde_json::from_str(&line).expect("a JSON object a line"))
    }

    async fn until(&mut self, kind: &str, state: Option<&str>) -> Value {
        loop {
            let line = self.line().await.expect("the output goes on");
            if line["kind"] == kind && state.is_none_or(|state| line["state"] == state) {
                return line;
            }
        }
    }

    async fn exit_code(&mut self) -> Option<i32> {
        timeout(DEADLINE, self.child.wait())
            .await
            .expect("it ends in time")
            .unwrap()
            .code()
    }
}

async fn backend() -> (Backend, Control) {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    (backend, control)
}

fn note(id: &str) -> Value {
    json!({"id": id, "title": "t", "message": "m", "unknown": {"kept": true}})
}

async fn output(mut command: Command) -> Output {
    timeout(DEADLINE, command.output())
        .await
        .expect("it ends in time")
        .unwrap()
}

#[tokio::test]
async fn states_then_events_then_the_asked_for_end() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--type", CREATED, "--count", "2"]);
    assert_eq!(tail.until("state", Some("connecting")).await["attempt"], 0);
    tail.until("state", Some("connected")).await;
    control.push("user.updated", json!({"userId": "7"}));
    control.push(CREATED, note("a"));
    let id = control.push(CREATED, note("b"));
    let first = tail.until("event", None).await;
    assert_eq!(
        (&first["event"], &first["data"]),
        (&json!(CREATED), &note("a")),
        "unknown fields are kept"
    );
    let second = tail.until("event", None).await;
    assert_eq!((&second["id"], &second["data"]["id"]), (&json!(id), &json!("b")));
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn invalid_events_are_reported_and_heartbeats_left_out() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--count", "2"]);
    tail.until("state", Some("connected")).await;
    assert_eq!(tail.until("event", None).await["event"], "connection_established");
    control.beat();
    let id = control.push_text(CREATED, None, "{broken");
    control.push(CREATED, note("a"));
    let invalid = tail.line().await.unwrap();
    assert_eq!(
        (&invalid["kind"], &invalid["event"], &invalid["id"]),
        (&json!("invalid"), &json!(CREATED), &json!(id))
    );
    assert!(invalid["error"].as_str().unwrap().contains("not valid JSON"));
    assert_eq!(tail.until("event", None).await["data"]["id"], "a");
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn events_cannot_speak_to_the_terminal() {
    let (backend, control) = backend().await;
    let hostile = "clear \u{9b}2J red \u{9b}31m title \u{9d}0;x\u{9c} del \u{7f} \
                   turned \u{202e}txt\u{2066} tag\u{e0041}";
    for arguments in [&["--count", "2"][..], &["--count", "2", "--raw"]] {
        let mut tail = Tail::start(&backend, arguments);
        tail.until("state", Some("connected")).await;
        let data = json!({"id": hostile, "title": hostile, "message": "m", hostile: 1}).to_string();
        control.push_text(CREATED, None, &data);
        let mut line = tail.text().await.unwrap();
        while !line.contains("clear ") {
            line = tail.text().await.unwrap();
        }
        assert!(
            !line.contains(|c: char| c.is_control() || gloria_core::text::is_invisible(c)),
            "{line:?}"
        );
        let event: Value = serde_json::from_str(&line).unwrap();
        let data = &event["data"];
        let reported: Value = match data.as_str() {
            Some(raw) => serde_json::from_str(raw).unwrap(),
            None => data.clone(),
        };
        assert_eq!(reported["title"], hostile, "it means the same");
        assert_eq!(tail.exit_code().await, Some(0));
    }
}

#[tokio::test]
async fn messy_events_are_reported_with_what_was_left_out_of_them() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--count", "3"]);
    tail.until("state", Some("connected")).await;
    tail.until("event", None).await;
    let half = r#"{"id":"1","title":"Release is out \ud83c","message":"m",
        "priority":"very","createdAt":"Invalid Date"}"#;
    control.push_text(CREATED, None, half);
    control.push_text(
        "message",
        None,
        &format!(r#"{{"type":"{CREATED}","data":{half}}}"#),
    );
    let event = tail.until("event", None).await;
    assert_eq!(event["data"]["title"], "Release is out \u{fffd}");
    assert_eq!(event["leftOut"], json!(["priority", "createdAt"]));
    let inside = tail.until("event", None).await;
    assert_eq!(
        (&inside["event"], &inside["leftOut"]),
        (&json!(CREATED), &event["leftOut"])
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn raw_is_what_came_byte_for_byte() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--raw", "--count", "4"]);
    tail.until("state", Some("connected")).await;
    assert_eq!(tail.until("event", None).await["event"], "connection_established");
    control.beat();
    assert_eq!(tail.until("event", None).await["event"], "heartbeat");
    control.push_raw("data:  two spaces\ndata: and a line\n\n");
    let plain = tail.until("event", None).await;
    assert_eq!(
        (&plain["event"], &plain["data"]),
        (&json!("message"), &json!(" two spaces\nand a line"))
    );
    control.push_raw(": \u{fffd}\nid: \nevent: odd type\ndata: {broken\n\n");
    let odd = tail.until("event", None).await;
    assert_eq!(
        (&odd["event"], &odd["id"], &odd["data"]),
        (&json!("odd type"), &json!(""), &json!("{broken"))
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn quiet_ends_with_a_summary_alone() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(
        &backend,
        &["--quiet", "--raw", "--type", CREATED, "--count", "100"],
    );
    tail.until("state", Some("connected")).await;
    let range = control.push_many(100).unwrap();
    let summary = tail.line().await.unwrap();
    assert_eq!(
        (&summary["kind"], &summary["events"]),
        (&json!("summary"), &json!(100)),
        "{summary}"
    );
    assert!(summary["bytes"].as_u64().unwrap() > 5_000, "{summary}");
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    assert!(
        summary["lastEventId"].as_str().is_some_and(|id| !id.is_empty()),
        "{summary} {range:?}"
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_lost_connection_is_reported_and_resumed() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--type", CREATED]);
    tail.until("state", Some("connected")).await;
    control.push(CREATED, note("a"));
    tail.until("event", None).await;
    control.answer(Route::Stream, 1, Answer::new(503)).unwrap();
    control.reset();
    let waiting = tail.until("state", Some("waiting")).await;
    assert!(
        waiting["retryInMs"].is_u64() && !waiting["reason"].as_str().unwrap().is_empty(),
        "{waiting}"
    );
    let refused = tail.until("state", Some("waiting")).await;
    assert_eq!(refused["reason"], "the server answered 503");
    control.push(CREATED, note("b"));
    assert_eq!(
        tail.until("event", None).await["data"]["id"],
        "b",
        "resumed without loss or repetition"
    );
}

#[tokio::test]
async fn duration_ends_it() {
    let (backend, _control) = backend().await;
    let mut tail = Tail::start(&backend, &["--duration", "0.5", "--quiet"]);
    let summary = tail.until("summary", None).await;
    assert!(summary["seconds"].as_f64().unwrap() >= 0.5, "{summary}");
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_duration_without_a_connection_exits_with_4() {
    let home = tempfile::tempdir().unwrap();
    let mut command = gloria(&home, &["tail", "--duration", "0.5"]);
    command
        .env("GLORIA_API_URL", "http://127.0.0.1:1/api")
        .env("GLORIA_TOKEN", TEST_TOKEN);
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(4));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        lines.contains("refused the connection; check that the address and its port are right"),
        "{lines}"
    );
}

#[tokio::test]
async fn a_keyring_that_gives_no_token_exits_with_5() {
    for arguments in [&["tail", "--no-prompt"][..], &["tail", "--duration", "0.5"]] {
        let home = tempfile::tempdir().unwrap();
        let mut command = gloria(&home, arguments);
        command.env("GLORIA_API_URL", "http://127.0.0.1:1/api");
        let output = output(command).await;
        let lines = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(5), "{arguments:?}: {lines}");
        assert!(lines.contains("keyring"), "{lines}");
    }
}

#[tokio::test]
async fn an_address_without_a_path_is_enough() {
    let (backend, control) = backend().await;
    let server = backend.address();
    for (address, by_url) in [
        (format!("http://{server}"), false),
        (format!("\"{server}\" "), false),
        (format!("0.0.0.0:{}", server.port()), false),
        (format!("{}/sse", backend.api_url()), false),
        (format!("ws://{server}"), false),
        (format!("http://{server}"), true),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut arguments = vec!["tail", "--type", CREATED, "--count", "1"];
        if by_url {
            arguments.extend(["--url", &address]);
        }
        let mut command = gloria(&home, &arguments);
        let named = if by_url {
            "GLORIA_TOKEN_FOR"
        } else {
            "GLORIA_API_URL"
        };
        command.env(named, &address);
        command.env("GLORIA_TOKEN", format!("Bearer {TEST_TOKEN}"));
        let mut tail = Tail::spawn(command, home);
        tail.until("state", Some("connected")).await;
        control.push(CREATED, note("a"));
        tail.until("event", None).await;
        assert_eq!(tail.exit_code().await, Some(0), "{address}");
    }
}

#[tokio::test]
async fn what_is_odd_about_the_address_is_said_before_anything_else() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("settings.toml"),
        "[api]\nurl = \"nonsense.invalid\"",
    )
    .unwrap();
    let mut command = gloria(&home, &["tail", "--duration", "20"]);
    command.env("GLORIA_API_URL", "nonsense");
    let mut tail = Tail::spawn(command, home);
    // There is no token, and no word of it: the server is looked for first.
    let line = tail.until("state", Some("waiting")).await;
    assert_eq!(line["reason"], "no server found under this name", "{line}");
    let _ = tail.child.kill().await;
    let mut errors = String::new();
    let mut stderr = tail.child.stderr.take().unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut errors)
        .await
        .unwrap();
    assert!(
        errors.contains("GLORIA_API_URL: https://nonsense is taken for"),
        "{errors}"
    );
}

#[tokio::test]
async fn what_only_the_user_can_mend_exits_with_3() {
    let (backend, control) = backend().await;
    for (answer, words) in [
        (Answer::new(401), "sign in"),
        (Answer::new(403), "no access"),
        (Answer::new(204), "asked this client to stop"),
    ] {
        control.answer(Route::Stream, 2, answer).unwrap();
        let mut tail = Tail::start(&backend, &[]);
        let halted = tail.until("state", Some("halted")).await;
        assert!(halted["reason"].as_str().unwrap().contains(words), "{halted}");
        assert_eq!(tail.exit_code().await, Some(3));
        control.clear_answers();
    }
}

#[tokio::test]
async fn no_token_anywhere_is_3_and_says_so() {
    let (backend, _control) = backend().await;
    let home = tempfile::tempdir().unwrap();
    let mut command = gloria(&home, &["tail"]);
    command.env("GLORIA_API_URL", backend.api_url());
    let mut tail = Tail::spawn(command, home);
    // Without a session bus there is no keyring either, which is said rather than given up on.
    let line = tail.until("state", Some("waiting")).await;
    assert!(line["reason"].as_str().unwrap().contains("keyring"), "{line}");
}

#[tokio::test]
async fn a_full_url_needs_no_settings_and_no_token() {
    let (backend, control) = backend().await;
    let home = tempfile::tempdir().unwrap();
    let url = format!("{}/sse?token={TEST_TOKEN}", backend.api_url());
    let mut tail = Tail::spawn(
        gloria(&home, &["tail", "--url", &url, "--type", CREATED, "--count", "1"]),
        home,
    );
    tail.until("state", Some("connected")).await;
    control.push(CREATED, note("a"));
    tail.until("event", None).await;
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_websocket_is_followed_like_an_event_stream() {
    let (backend, control) = backend().await;
    for named_by_url in [true, false] {
        let home = tempfile::tempdir().unwrap();
        let url = format!("{}/ws", backend.websocket_url());
        let mut arguments = vec!["tail", "--raw", "--type", CREATED, "--count", "2"];
        if named_by_url {
            arguments.extend(["--url", &url]);
        }
        let mut command = gloria(&home, &arguments);
        command
            .env("GLORIA_API_URL", backend.websocket_url())
            .env("GLORIA_TOKEN", TEST_TOKEN);
        let mut tail = Tail::spawn(command, home);
        tail.until("state", Some("connected")).await;
        let text = r#"{"id": "a",  "title":"\u20ac"}"#;
        let id = control.push_text(CREATED, None, text);
        let line = tail.until("event", None).await;
        assert_eq!((&line["id"], &line["data"]), (&json!(id), &json!(text)));
        control.reset();
        tail.until("state", Some("waiting")).await;
        control.push(CREATED, note("b"));
        assert!(
            tail.until("event", None).await["data"]
                .as_str()
                .unwrap()
                .contains("\"b\"")
        );
        assert_eq!(tail.exit_code().await, Some(0));
    }
    let paths: Vec<_> = control
        .observed()
        .requests
        .into_iter()
        .map(|seen| seen.path)
        .collect();
    assert_eq!(paths, ["/api/v1/ws"; 4]);
}

#[tokio::test]
async fn calling_it_wrongly_is_2_with_words_and_no_line_on_stdout() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["tail"][..], "GLORIA_API_URL"),
        (&["tail", "--url", "not a url"], "spaces"),
        (&["tail", "--url", "https://me:pw@gloria.example/sse"], "password"),
        (
            &["tail", "--type", "notification.creatd"],
            "did you mean notification.created?",
        ),
        (&["tail", "--type", "nonsense.type"], "known are"),
        (
            &["tail", "--url", "http://gloria.example/api/v1/sse"],
            "unencrypted",
        ),
        (&["tail", "--url", "ftp://gloria.example/"], "https://"),
        (&["tail", "--url", "ws://gloria.example/api/v1/ws"], "unencrypted"),
        (&["tail", "--count", "0"], "--count"),
        (&["tail", "--duration", "soon"], "number of seconds"),
        (&["tail", "--no-such-flag"], "--no-such-flag"),
    ] {
        let output = output(gloria(&home, arguments)).await;
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_terminating_signal_is_an_asked_for_end() {
    let (backend, _control) = backend().await;
    let mut tail = Tail::start(&backend, &["--quiet"]);
    tail.until("state", Some("connected")).await;
    let pid = tail.child.id().unwrap().to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
    tail.until("summary", None).await;
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn the_token_never_shows() {
    let (backend, control) = backend().await;
    control.answer(Route::Stream, 2, Answer::new(401)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = gloria(&home, &["tail"]);
    command
        .env("GLORIA_API_URL", backend.api_url())
        .env("GLORIA_AUTH_TRANSPORT", "query")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("GLORIA_LOG", "trace");
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(3));
    let all = [output.stdout, output.stderr].concat();
    assert!(
        !String::from_utf8_lossy(&all).contains(TEST_TOKEN),
        "{}",
        String::from_utf8_lossy(&all)
    );
}

#[tokio::test]
async fn another_server_gets_the_environments_token_only_where_it_is_named() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let url = format!("{}/sse", other.api_url());
    let run = async |variables: &[(&str, &str)]| {
        let home = tempfile::tempdir().unwrap();
        let mut command = gloria(&home, &["tail", "--no-prompt", "--duration", "1", "--url", &url]);
        command
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .envs(variables.iter().copied());
        output(command).await
    };
    let saw_token = || {
        let requests = seen.observed().requests;
        requests
            .iter()
            .any(|request| request.credentials != Credentials::None)
    };
    let (api, elsewhere) = (ours.api_url(), "https://gloria.example");
    for (variables, words) in [
        (
            &[("GLORIA_API_URL", &*api)][..],
            "and is not sent to http://127.0.0.1:",
        ),
        (
            &[("GLORIA_API_URL", &api), ("GLORIA_AUTH_TRANSPORT", "query")],
            "and is not sent to",
        ),
        (
            &[("GLORIA_TOKEN_FOR", elsewhere)],
            "belongs to https://gloria.example",
        ),
        (&[("GLORIA_TOKEN_FOR", "no address")], "not clear which server"),
        (&[], "not clear which server"),
    ] {
        let output = run(variables).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains(words) && !said.contains(TEST_TOKEN),
            "{variables:?}: {said}"
        );
        assert!(!saw_token(), "{variables:?}");
    }
    let output = run(&[("GLORIA_API_URL", &*api), ("GLORIA_TOKEN_FOR", &url)]).await;
    assert!(saw_token(), "{}", String::from_utf8_lossy(&output.stderr));
}
