//! What each check finds.

use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::Instant;

use gloria_backend::{Answer, Backend, BackendOptions, Route, TEST_TOKEN};
use gloria_desktop_session::{
    Keyring, NotificationService, Part, ServiceBehaviour, Session, SessionOptions, Signal,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::desktop::{Desktop, REPORT_TIMEOUT, Report, bare, doctor, report};

#[tokio::test(flavor = "multi_thread")]
async fn on_a_good_desktop_all_passes_and_the_app_keeps_the_only_stream() {
    let desktop = Desktop::start(SessionOptions::default()).await;
    let report = desktop.report().await;
    report.assert_found(&[
        ("app", "passed", "doctor-app-runs"),
        ("versions", "passed", "doctor-version"),
        ("policy", "passed", "doctor-policy-none"),
        ("serverName", "passed", "doctor-name-unneeded"),
        ("tcp", "passed", "doctor-tcp-open"),
        ("proxy", "passed", "doctor-proxy-none"),
        ("tls", "passed", "doctor-tls-none"),
        ("answer", "passed", "doctor-answered"),
        ("clock", "passed", "doctor-clock-good"),
        ("keyring", "passed", "doctor-keyring-good"),
        ("signIn", "passed", "doctor-signed-in"),
        ("stream", "passed", "doctor-stream-open"),
        ("heartbeat", "passed", "doctor-heard"),
        ("event", "passed", "doctor-events"),
        ("marks", "passed", "doctor-marks-sent"),
        ("notifications", "passed", "doctor-notifications-good"),
        ("tray", "passed", "doctor-tray-good"),
        ("sound", "passed", "doctor-sound-good"),
        ("autostart", "warning", "doctor-autostart-off"),
    ]);
    assert_eq!(report.code, 1, "only the start at login is off");
    assert_eq!(desktop.backend.control().observed().streams_total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_desktop_says_what_it_lacks() {
    let desktop = Desktop::start(bare()).await;
    let report = desktop.report().await;
    report.assert_found(&[
        ("app", "passed", "doctor-app-runs"),
        // The token is in a variable.
        ("keyring", "warning", "keyring-unavailable"),
        ("notifications", "failed", "notifications-none"),
        ("tray", "warning", "doctor-tray-none"),
    ]);
    assert_eq!(report.found("sound").0, "warning");
    assert_eq!(report.code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_named_and_no_prompt_is_raised() {
    let session = Session::start(SessionOptions {
        keyring: Keyring::Unlocked,
        ..bare()
    })
    .await
    .unwrap();
    let gloria = |arguments: &[&str]| {
        let mut command = Command::from(session.command(env!("CARGO_BIN_EXE_gloria")));
        // Nothing listens there, so nobody says that the token is wrong.
        command
            .args(arguments)
            .env("GLORIA_API_URL", "http://127.0.0.1:9");
        command
    };
    let mut login = gloria(&["login", "--token"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = login.stdin.take().unwrap();
    input.write_all(TEST_TOKEN.as_bytes()).await.unwrap();
    drop(input);
    assert!(login.wait().await.unwrap().success());
    let found = async || Report::of(gloria(&["doctor", "--json"]).output().await.unwrap());
    found().await.assert_found(&[
        ("keyring", "passed", "doctor-keyring-good"),
        ("signIn", "skipped", "doctor-after"),
    ]);

    let locked = session
        .command("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
        ])
        .arg("org.freedesktop.Secret.Service.Lock")
        .arg("array:objpath:/org/freedesktop/secrets/collection/login")
        .output()
        .unwrap();
    assert!(locked.status.success(), "{locked:?}");
    let began = Instant::now();
    found().await.assert_found(&[
        ("keyring", "failed", "keyring-locked"),
        ("signIn", "skipped", "doctor-after"),
    ]);
    assert!(began.elapsed() < REPORT_TIMEOUT, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_service_that_is_paused_or_hangs_is_named() {
    let session = Session::start(bare()).await.unwrap();
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let found = async || {
        let mut command = Command::from(session.command(env!("CARGO_BIN_EXE_gloria")));
        command.args(["doctor", "--json"]);
        let report = Report::of(command.output().await.unwrap());
        let (outcome, cause) = report.found("notifications");
        (outcome.to_owned(), cause.to_owned())
    };
    assert_eq!(
        found().await,
        ("passed".into(), "doctor-notifications-good".into())
    );
    service.behave(ServiceBehaviour::Hangs);
    assert_eq!(found().await, ("failed".into(), "doctor-hangs".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_app_a_token_is_tried_once() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let token = [("GLORIA_TOKEN", TEST_TOKEN)];
    let accepted = report(&backend.api_url(), &token).await;
    accepted.assert_found(&[
        ("app", "failed", "doctor-app-absent"),
        ("signIn", "passed", "doctor-signed-in"),
        ("stream", "passed", "doctor-stream-open"),
        ("heartbeat", "skipped", "doctor-app-only"),
    ]);
    assert_eq!(accepted.code, 4);
    assert_eq!(backend.control().observed().streams_total, 1);

    let refused = report(&backend.api_url(), &[("GLORIA_TOKEN", "an0-other")]).await;
    refused.assert_found(&[
        ("signIn", "failed", "check-token-refused"),
        ("stream", "skipped", "doctor-after"),
    ]);

    backend
        .control()
        .answer(Route::Auth, 1, Answer::new(503))
        .unwrap();
    let broken = report(&backend.api_url(), &[]).await;
    broken.assert_found(&[
        ("answer", "failed", "cause-status"),
        ("tls", "passed", "doctor-tls-none"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_the_servers_is_named() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let behind = Answer::new(404).header("date", "Thu, 01 Jan 1970 00:00:00 GMT");
    backend.control().answer(Route::Auth, 1, behind).unwrap();
    let report = report(&backend.api_url(), &[]).await;
    report.assert_found(&[("clock", "warning", "doctor-clock-ahead")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_set_up_that_is_said() {
    let report = report("", &[]).await;
    report.assert_found(&[
        ("serverName", "failed", "doctor-no-address"),
        ("tcp", "skipped", "doctor-no-address"),
        ("clock", "skipped", "doctor-no-address"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_is_distinguished_from_a_name_that_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = report(&format!("http://127.0.0.1:{port}"), &[]).await;
    refused.assert_found(&[
        ("serverName", "passed", "doctor-name-unneeded"),
        ("tcp", "failed", "cause-connection-refused"),
        ("tls", "skipped", "doctor-after"),
    ]);
    // RFC 6761: it never has an address.
    let nameless = report("https://gloria.invalid", &[]).await;
    nameless.assert_found(&[
        ("serverName", "failed", "cause-name-not-found"),
        ("tcp", "skipped", "doctor-after"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_settings_are_counted_and_the_first_is_said() {
    let report = report("http://127.0.0.1:9", &[("GLORIA_SOUND_VOLUME", "loud")]).await;
    report.assert_found(&[("policy", "warning", "doctor-settings-mistakes")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_leave_all_notifications_out_are_named() {
    let of_types = async |types| {
        let report = report("http://127.0.0.1:9", &[("GLORIA_SSE_TYPES", types)]).await;
        report.found("policy").1.to_owned()
    };
    assert_eq!(
        of_types("user.updated").await,
        "doctor-types-without-notifications"
    );
    assert_eq!(
        of_types("user.updated,notification.created").await,
        "doctor-policy-none"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "the reader of the output should know")]
async fn a_disk_that_takes_no_file_is_named() {
    let home = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1g none \"$1\" && mount -o remount,ro \"$1\" || exit 99; \
                  GLORIA_HOME=$1 exec \"$2\" doctor --json";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
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
    Report::of(output).assert_found(&[("disk", "failed", "doctor-disk-unwritable")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_hangs_is_named_in_words_and_in_time() {
    let session = Session::start(SessionOptions {
        keyring: Keyring::Unlocked,
        ..bare()
    })
    .await
    .unwrap();
    session.signal_part(Part::Keyring, Signal::STOP);
    let mut command = Command::from(session.command(env!("CARGO_BIN_EXE_gloria")));
    command
        .args(["doctor", "--json", "--test-alert"])
        .env("GLORIA_API_URL", "https://gloria.invalid")
        // Its password would be in the keyring.
        .env("GLORIA_PROXY", "http://someone@127.0.0.1:9");
    let began = Instant::now();
    let output = command.output().await.unwrap();
    assert!(began.elapsed() < REPORT_TIMEOUT, "{:?}", began.elapsed());
    session.signal_part(Part::Keyring, Signal::CONT);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!said.contains("keyring-"), "no id of a message: {said}");
    Report::of(output).assert_found(&[
        ("keyring", "failed", "doctor-hangs"),
        ("signIn", "skipped", "doctor-after"),
        ("proxy", "failed", "cause-proxy"),
        ("tcp", "skipped", "doctor-after"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_ends_in_time_where_everything_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            open.push(tokio::spawn(async move {
                let mut all = Vec::new();
                let _ = socket.read_to_end(&mut all).await;
            }));
        }
    });
    let home = tempfile::tempdir().unwrap();
    let socket = |name: &str| {
        let listener = UnixListener::bind(home.path().join(name)).unwrap();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for client in listener.incoming() {
                open.push(std::thread::spawn(move || {
                    let _ = client.unwrap().read_to_end(&mut Vec::new());
                }));
            }
        });
    };
    socket("bus");
    socket("status.sock");
    let bus = format!("unix:path={}", home.path().join("bus").display());
    let mut command = doctor(home.path());
    let report = home.path().join("report.tar.gz");
    command
        .args(["--test-alert", "--yes", "--bundle"])
        .arg(&report)
        .env("GLORIA_API_URL", &address)
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("DBUS_SESSION_BUS_ADDRESS", bus);
    let began = Instant::now();
    let mut output = command.output().await.unwrap();
    assert!(began.elapsed() < REPORT_TIMEOUT, "{:?}", began.elapsed());
    assert!(report.is_file());
    // The last line is about the file.
    let end = output
        .stdout
        .trim_ascii_end()
        .iter()
        .rposition(|byte| *byte == b'\n');
    output.stdout.truncate(end.unwrap());
    let report = Report::of(output);
    report.assert_found(&[
        ("app", "failed", "doctor-app-unreachable"),
        ("signIn", "skipped", "doctor-after"),
        ("stream", "skipped", "doctor-after"),
        ("testEvent", "skipped", "doctor-after"),
        ("tcp", "passed", "doctor-tcp-open"),
        ("tls", "failed", "doctor-hangs"),
        ("answer", "skipped", "doctor-after"),
        ("keyring", "warning", "doctor-hangs"),
        ("notifications", "failed", "doctor-hangs"),
        ("tray", "warning", "doctor-hangs"),
    ]);
    assert_eq!(report.code, 4);
}
