//! `gloria status` with a core in this process, over the socket that the app serves.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "socket/app.rs"]
mod app;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use gloria_backend::{Answer, Backend, BackendOptions, Route, TEST_TOKEN};
use gloria_core::metrics::status::Health;
use gloria_core::paths::Paths;
use gloria_core::protocol::Snapshot;
use gloria_core::{CoreHandle, testing};
use gloria_desktop::Instance;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(90);

/// Returns a core in a separate folder, configured with this server, if any.
fn core(home: &TempDir, backend: Option<&Backend>) -> CoreHandle {
    app::core(home.path(), backend)
}

/// Serves the core like the app, once this returns.
fn serve(home: &TempDir, core: &CoreHandle) -> tokio::task::JoinHandle<()> {
    app::serve(home.path(), core, None, |_| ())
}

async fn until(core: &CoreHandle, wanted: impl Fn(&Snapshot) -> bool) {
    timeout(DEADLINE, testing::follow(core, wanted)).await.unwrap();
}

async fn gloria(home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    timeout(DEADLINE, command.output()).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_app_is_0_and_one_document_with_everything() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let core = core(&home, Some(&backend));
    let _served = serve(&home, &core);
    until(&core, |state| state.connection.connected_since.is_some()).await;
    backend.control().push(
        "notification.created",
        json!({"id": "1", "title": "a secret title", "message": "a secret text"}),
    );
    until(&core, |state| state.counts.total == 1).await;

    let output = gloria(&home, &["status", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document = text(&output.stdout);
    assert_eq!(document.lines().count(), 1, "{document}");
    assert!(
        !document.contains("secret") && !document.contains(TEST_TOKEN),
        "{document}"
    );
    let status: Value = serde_json::from_str(document).unwrap();
    for (pointer, expected) in [
        ("/version", json!("0.0.0-test")),
        ("/health", json!("connected")),
        ("/connection/state", json!("connected")),
        ("/connection/reason", json!(null)),
        ("/connection/remedy", json!("none")),
        ("/connection/attempt", json!(0)),
        ("/connection/nextAttemptAt", json!(null)),
        ("/connection/transport", json!("sse")),
        ("/connection/insecure", json!(false)),
        ("/counts/unread", json!(1)),
        ("/metrics/attempts", json!(1)),
        ("/metrics/successRate", json!(1.0)),
        ("/metrics/errors", json!([])),
        ("/notices", json!([])),
        ("/setByPolicy", json!([])),
        ("/keptHere", json!([])),
        ("/metricsListen", json!(null)),
    ] {
        assert_eq!(
            status.pointer(pointer),
            Some(&expected),
            "{pointer} in {document}"
        );
    }
    for pointer in [
        "/since",
        "/connection/connectedSince",
        "/connection/lastHeardAt",
        "/metrics/processing/p99Micros",
    ] {
        assert!(
            status.pointer(pointer).is_some_and(Value::is_i64),
            "{pointer} in {document}"
        );
    }

    let output = gloria(&home, &["status"]).await;
    let words = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        words.starts_with("Connected for ") && words.contains("1 unread"),
        "{words}"
    );
    core.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_tries_is_1_and_one_that_needs_the_user_is_4() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    for (answer, code, words) in [
        (Answer::new(503), 1, "the server answered 503"),
        (Answer::new(401), 4, "sign in again"),
    ] {
        backend.control().clear_answers();
        backend.control().answer(Route::Stream, 1000, answer).unwrap();
        let home = tempfile::tempdir().unwrap();
        let core = core(&home, Some(&backend));
        let _served = serve(&home, &core);
        until(&core, |state| state.connection.reason.is_some()).await;
        let output = gloria(&home, &["status"]).await;
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
        assert!(text(&output.stdout).contains(words), "{}", text(&output.stdout));
        core.stop().await.unwrap();
    }
    let home = tempfile::tempdir().unwrap();
    let core = core(&home, None);
    assert_eq!(core.status().await.unwrap().health, Health::NeedsUser);
    let _served = serve(&home, &core);
    assert_eq!(gloria(&home, &["status", "--json"]).await.status.code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_app_is_3_before_it_starts_and_after_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let absent = async || {
        let output = gloria(&home, &["status", "--json"]).await;
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "gloria: Gloria Notify is not running\n");
        assert!(output.stdout.is_empty());
    };
    absent().await;
    let core = core(&home, None);
    let served = serve(&home, &core);
    core.stop().await.unwrap();
    timeout(DEADLINE, served).await.unwrap().unwrap();
    absent().await;
    assert_eq!(gloria(&home, &["status", "--yaml"]).await.status.code(), Some(2));
}

/// The system resets a client whose connection it has accepted and the app has not.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_ends_while_it_is_asked_is_3() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::within(home.path());
    std::fs::create_dir_all(&paths.data).unwrap();
    let app = tokio::net::UnixListener::bind(paths.data.join("status.sock")).unwrap();
    let ended = tokio::spawn(async move {
        let (client, _) = app.accept().await.unwrap();
        client.readable().await.unwrap();
    });
    let output = gloria(&home, &["status"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    ended.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_apps_folder_is_claimed_by_nobody_else() {
    let home = tempfile::tempdir().unwrap();
    let core = core(&home, None);
    let _served = serve(&home, &core);
    assert!(Instance::try_claim(&Paths::within(home.path())).is_none());
    assert_eq!(
        gloria(&home, &["status"]).await.status.code(),
        Some(4),
        "the first still answers"
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_crashed_app_left_is_no_app_and_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("status.sock");
        drop(UnixListener::bind(&place).unwrap());
        drop(UnixListener::bind(home.path().join("status.new")).unwrap());
        assert!(place.exists(), "a socket file outlives its listener");
        assert_eq!(gloria(&home, &["status"]).await.status.code(), Some(3));
        let core = core(&home, None);
        let _served = serve(&home, &core);
        assert_eq!(gloria(&home, &["status"]).await.status.code(), Some(4));
        let mode = std::fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else's business");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn clients_that_say_nothing_keep_nobody_out_for_long() {
        let home = tempfile::tempdir().unwrap();
        let core = core(&home, None);
        let _served = serve(&home, &core);
        let silent: Vec<_> = (0..20)
            .map(|_| UnixStream::connect(home.path().join("status.sock")).unwrap())
            .collect();
        // The limit is reached by clients that are refused; this one waits.
        assert_eq!(gloria(&home, &["status"]).await.status.code(), Some(4));
        drop(silent);
    }

    /// Returns the exit code of `gloria status` for this home, with this runtime folder.
    async fn status_of(home: &Path, runtime: Option<&Path>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
        command.arg("status").env_clear().env("GLORIA_HOME", home);
        if let Some(runtime) = runtime {
            command.env("XDG_RUNTIME_DIR", runtime);
        }
        timeout(DEADLINE, command.output()).await.unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_home_with_any_letters_has_a_socket_that_every_script_finds() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tempfile::tempdir().unwrap();
        for name in ["d".repeat(120), "ünï ✨\u{202e}".repeat(9), "Ä".to_owned()] {
            let home = folder.path().join(name);
            let core = app::core(&home, None);
            let _served = app::serve(&home, &core, None, |_| ());
            for runtime in [None, Some(runtime.path())] {
                let output = status_of(&home, runtime).await;
                assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_long_homes_are_two_apps() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["1", "2"].map(|end| folder.path().join("d".repeat(120) + end));
        let core = app::core(&first, None);
        let _served = app::serve(&first, &core, None, |_| ());
        assert_eq!(status_of(&first, None).await.status.code(), Some(4));
        assert_eq!(status_of(&second, None).await.status.code(), Some(3));
    }
}
