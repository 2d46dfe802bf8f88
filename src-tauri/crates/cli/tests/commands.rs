//! Commands without something that they need: a keyring, a readable folder, an input that ends.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use gloria_core::account::Erasures;
use gloria_core::paths::Paths;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

const SERVER: &str = "http://127.0.0.1:1/api";

/// Runs `gloria` without a session bus, and so without a keyring. Returns its exit code, stdout and stderr.
async fn gloria(home: &Path, arguments: &[&str], input: impl Into<Stdio>) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home)
        .env("GLORIA_API_URL", SERVER)
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}/bus", home.display()),
        )
        .stdin(input)
        .kill_on_drop(true);
    let output = timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_keyring_an_account_is_erased_and_its_token_is_left_to_a_later_start() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::within(home.path());
    let folder = paths.accounts().join("anna-1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("account.json"),
        json!({"server": SERVER, "user": "anna"}).to_string(),
    )
    .unwrap();
    let (code, lines, words) = gloria(
        home.path(),
        &["account", "erase", "anna-1", "--yes"],
        Stdio::null(),
    )
    .await;
    assert_eq!(code, 5, "{words}");
    let line: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(
        (&line["kind"], &line["tokenLeft"]),
        (&json!("accountErased"), &json!(true))
    );
    assert!(words.contains("the token may still be in the keyring"), "{words}");
    assert!(!folder.exists());
    let mut left = Erasures::read(&paths).all();
    left.sort();
    assert_eq!(left, [SERVER.to_owned(), format!("{SERVER}#anna")]);

    // The same command continues later, and reports what it cannot do.
    let (code, _, words) = gloria(
        home.path(),
        &["account", "erase", "anna-1", "--yes"],
        Stdio::null(),
    )
    .await;
    assert_eq!(code, 5, "{words}");
    assert_eq!(Erasures::read(&paths).all().len(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_keyring_signing_in_and_out_is_5_and_said_once() {
    let home = tempfile::tempdir().unwrap();
    let token = home.path().join("token");
    fs::write(&token, "a-token").unwrap();
    for (command, input) in [
        ("login", Stdio::from(File::open(&token).unwrap())),
        ("logout", Stdio::null()),
    ] {
        let (code, lines, words) = gloria(home.path(), &[command], input).await;
        assert_eq!((code, &*lines), (5, ""), "{words}");
        assert_eq!(words.matches("gloria: ").count(), 1, "{words}");
    }
}

/// Not even root can read a folder that is a file.
#[tokio::test]
async fn a_folder_that_cannot_be_read_is_no_empty_one() {
    let home = tempfile::tempdir().unwrap();
    fs::write(Paths::within(home.path()).accounts(), "in the way").unwrap();
    for arguments in [
        &["account", "list"][..],
        &["account", "erase", "anna", "--yes"],
        &["inbox", "list"],
    ] {
        let (code, lines, words) = gloria(home.path(), arguments, Stdio::null()).await;
        assert_eq!((code, &*lines), (1, ""), "{arguments:?}: {words}");
        assert!(words.contains("accounts cannot be read"), "{words}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_input_that_does_not_end_is_no_token() {
    let home = tempfile::tempdir().unwrap();
    let endless = File::open("/dev/zero").unwrap();
    let (code, _, words) = gloria(home.path(), &["login"], endless).await;
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("the token"), "{words}");
}
