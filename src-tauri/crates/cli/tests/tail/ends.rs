//! How it ends, and with which exit code.

use gloria_backend::{Answer, Route, TEST_TOKEN};

use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::harness::{CREATED, DEADLINE, Tail, backend, gloria, output};

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
async fn what_only_the_user_can_mend_exits_with_3() {
    let (backend, control) = backend().await;
    for (answer, words, code) in [
        (Answer::new(401), "sign in", "cause-unauthorized"),
        (Answer::new(403), "no access", "cause-forbidden"),
        (Answer::new(204), "asked this client to stop", "cause-stopped"),
    ] {
        control.answer(Route::Stream, 2, answer).unwrap();
        let mut tail = Tail::start(&backend, &[]);
        let halted = tail.until("state", Some("halted")).await;
        assert!(halted["reason"].as_str().unwrap().contains(words), "{halted}");
        assert_eq!(halted["code"], code);
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
    // Without a session bus there is no keyring, which is reported but is no reason to give up.
    let line = tail.until("state", Some("waiting")).await;
    assert!(line["reason"].as_str().unwrap().contains("keyring"), "{line}");
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

#[cfg(unix)]
#[tokio::test]
async fn whoever_stops_reading_keeps_nobody_from_ending_it() {
    for arguments in [&["--raw"][..], &["--raw", "--duration", "3"]] {
        let (backend, control) = backend().await;
        let mut tail = Tail::start(&backend, arguments);
        tail.until("event", None).await;
        // More than fits into a pipe: once its beginning has been read, the rest is being written.
        control.push(
            CREATED,
            json!({"id": "a", "title": "t", "message": "m".repeat(2_000_000)}),
        );
        // If the time elapses before that, it ends by itself.
        let beginning = timeout(DEADLINE, tail.lines.get_mut().fill_buf()).await;
        beginning.unwrap().unwrap();
        if arguments.len() == 1 {
            let pid = tail.child.id().unwrap().to_string();
            assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
        }
        assert_eq!(tail.exit_code().await, Some(0), "{arguments:?}");
    }
}
