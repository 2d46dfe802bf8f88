//! The checks and the report for support as the window has them: by a real agent, which runs its own program for them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use gloria_desktop_session::{Session, SessionOptions};
use gloria_ipc::AppWindow;
use serde_json::{Value, json};

use crate::desktop::{Desktop, bare};

/// Where the agent of a desktop has its inbox and its socket.
const DATA: &str = "data/com.gloriasystem.notify";

async fn window(session: &Session) -> AppWindow {
    let (window, _raises) = AppWindow::open(&session.dir().join(DATA)).await.unwrap();
    window
}

async fn asked(window: &AppWindow, command: &str) -> Value {
    let answer = window.call(command, Value::Null).await;
    let answer = answer.unwrap_or_else(|error| panic!("{command}: {error:?}"));
    serde_json::from_str(answer.get()).unwrap()
}

fn outcome(report: &Value, title: &str) -> Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["title"]["id"] == title);
    found.unwrap_or_else(|| panic!("{report}"))["outcome"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_gets_what_the_command_finds_and_the_app_keeps_the_only_stream() {
    let options = SessionOptions {
        notifications: true,
        ..bare()
    };
    let desktop = Desktop::start(options).await;
    let report = asked(&window(&desktop.session).await, "doctor_check").await;
    for (title, expected) in [
        ("doctor-app", "passed"),
        ("doctor-stream", "passed"),
        ("doctor-notifications", "passed"),
        ("doctor-keyring", "warning"),
        ("doctor-tray", "warning"),
    ] {
        assert_eq!(outcome(&report, title), expected, "{title}");
    }
    assert_eq!(desktop.backend.control().observed().streams_total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_saved_as_shown_among_the_downloads_and_never_over_another_file() {
    let desktop = Desktop::start(bare()).await;
    let downloads = desktop.session.dir().join("home/Downloads");
    fs::create_dir(&downloads).unwrap();
    let reports = || {
        let files = fs::read_dir(&downloads).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let window = window(&desktop.session).await;
    let preview = asked(&window, "support_report_preview").await;
    assert_eq!(preview["saved"], json!(false));
    assert_eq!(reports().len(), 0, "a preview saves nothing");
    let names = |report: &Value| -> Vec<Value> {
        let files = report["files"].as_array().unwrap();
        files.iter().map(|file| file["name"].clone()).collect()
    };
    assert!(names(&preview).contains(&json!("log.txt")), "{preview}");

    let first = asked(&window, "support_report_save").await;
    assert_eq!(first["path"], preview["path"]);
    assert_eq!(names(&first), names(&preview));
    let file = fs::metadata(first["path"].as_str().unwrap()).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let second = asked(&window, "support_report_save").await;
    assert_ne!(second["path"], first["path"]);
    assert_eq!(reports().len(), 2);

    fs::remove_dir_all(&downloads).unwrap();
    let home = asked(&window, "support_report_save").await;
    let path = home["path"].as_str().unwrap();
    assert!(fs::metadata(path).unwrap().is_file(), "{path}");
}
