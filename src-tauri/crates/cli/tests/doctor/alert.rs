//! The way of a test event, from the server to the screen.

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Part, SessionOptions};

use crate::desktop::{Desktop, Report, bare, doctor};

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
