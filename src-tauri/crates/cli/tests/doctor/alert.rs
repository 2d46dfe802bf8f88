//! The way of a test event, from the server to the screen.

use std::time::{Duration, Instant};

use gloria_backend::{Answer, Backend, BackendOptions, Route, TEST_TOKEN};
use gloria_desktop_session::{Part, SessionOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::desktop::{Desktop, REPORT_TIMEOUT, Report, bare, doctor};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_goes_the_whole_way_from_the_server_to_the_screen() {
    let desktop = Desktop::start(SessionOptions {
        notifications: true,
        ..bare()
    })
    .await;
    let report = desktop.report_with(&["--test-alert"]).await;
    report.assert_found(&[("testEvent", "passed", "doctor-event-arrived")]);
    let (outcome, alert) = report.found("testAlert");
    // How the sound was decided is part of it.
    assert!(outcome == "passed" && alert.starts_with("alert-shown"), "{alert}");
    let shown = desktop.session.notifications();
    let titles: Vec<_> = shown.iter().map(|shown| &*shown.summary).collect();
    assert_eq!(titles, ["Test notification"]);
    assert_eq!(desktop.backend.control().observed().streams_total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_server_sends_no_test_event_the_way_begins_at_the_app() {
    let required_only = BackendOptions {
        optional_parts: false,
        ..BackendOptions::default()
    };
    let options = SessionOptions {
        notifications: true,
        ..bare()
    };
    let mut desktop = Desktop::with(options, required_only).await;
    let report = desktop.report_with(&["--test-alert"]).await;
    report.assert_found(&[
        ("testEvent", "skipped", "doctor-event-not-offered"),
        ("testAlert", "passed", "check-notification-shown"),
    ]);
    assert_eq!(desktop.session.notifications().len(), 1);

    desktop.session.stop_part(Part::Notifications);
    let report = desktop.report_with(&["--test-alert"]).await;
    report.assert_found(&[("testAlert", "failed", "notifications-none")]);
    assert_eq!(report.code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_a_number_is_followed_too() {
    let desktop = Desktop::start(SessionOptions {
        notifications: true,
        ..bare()
    })
    .await;
    let control = desktop.backend.control();
    control.push(
        "notification.created",
        json!({"id": 7777, "title": "Seven", "message": "a test"}),
    );
    desktop.until_listed("Seven").await;
    let accepted = Answer::new(202).body("application/json", r#"{"id": 7777}"#);
    control.answer(Route::TestEvent, 1, accepted).unwrap();
    let report = desktop.report_with(&["--test-alert"]).await;
    report.assert_found(&[("testEvent", "passed", "doctor-event-arrived")]);
    let shown = desktop.session.notifications();
    assert_eq!(shown.len(), 1, "and no notification of the app's own: {shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_test_event_names_who_can_mend_it() {
    let desktop = Desktop::start(SessionOptions {
        notifications: true,
        ..bare()
    })
    .await;
    for (status, cause, mend) in [
        (401, "check-token-refused", "doctor-mend-sign-in"),
        (409, "doctor-event-no-stream", "doctor-mend-retry"),
        (429, "cause-status", "doctor-mend-wait"),
    ] {
        let control = desktop.backend.control();
        control.answer(Route::TestEvent, 1, Answer::new(status)).unwrap();
        let report = desktop.report_with(&["--test-alert"]).await;
        report.assert_found(&[
            ("testEvent", "failed", cause),
            ("testAlert", "skipped", "doctor-after"),
        ]);
        let found = report.checks.iter().find(|line| line["check"] == "testEvent");
        assert_eq!(found.unwrap()["mend"]["id"], mend);
    }
    assert!(desktop.session.notifications().is_empty());
}

/// A server that accepts a test event, and sends the answer a byte at a time.
async fn slow_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let read = client.read(&mut request).await.unwrap_or_default();
                if !request[..read].starts_with(b"POST") {
                    let _ = client
                        .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
                        .await;
                    return;
                }
                let head = b"HTTP/1.1 202 Accepted\r\ncontent-length: 4000\r\n\r\n";
                let mut sent = client.write_all(head).await;
                while sent.is_ok() {
                    sleep(Duration::from_millis(100)).await;
                    sent = client.write_all(b" ").await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_ends_does_not_keep_the_report() {
    let desktop = Desktop::start(bare()).await;
    let mut command = desktop.command(&["doctor", "--json", "--test-alert"]);
    command.env("GLORIA_API_URL", slow_server().await);
    let began = Instant::now();
    let report = Report::of(command.output().await.unwrap());
    assert!(began.elapsed() < REPORT_TIMEOUT, "{:?}", began.elapsed());
    report.assert_found(&[
        ("testEvent", "failed", "cause-answer-timeout"),
        ("testAlert", "skipped", "doctor-after"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_app_no_test_event_is_asked_for() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = doctor(home.path());
    command
        .arg("--test-alert")
        .env("GLORIA_API_URL", backend.api_url())
        .env("GLORIA_TOKEN", TEST_TOKEN);
    let report = Report::of(command.output().await.unwrap());
    report.assert_found(&[
        ("testEvent", "skipped", "doctor-after"),
        ("testAlert", "skipped", "doctor-after"),
    ]);
    let requests = backend.control().observed().requests;
    assert!(
        requests.iter().all(|request| request.method == "GET"),
        "{requests:?}"
    );
}
