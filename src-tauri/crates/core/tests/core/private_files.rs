//! Files that no other user of the computer can read, whatever the umask.
#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use gloria_backend::TEST_TOKEN;
use gloria_core::account::Account;
use gloria_core::item::SoundName;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{AccountForm, NoticeKind, PreferencesForm};
use gloria_core::token::Token;

use crate::harness::{CREATED, Harness, Spoken, backend, live, within_deadline};

/// Returns what group or others may access in a folder, including the folder itself.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let (mut open, mut all) = (Vec::new(), 0);
    while let Some(path) = found.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        all += 1;
        if meta.permissions().mode() & 0o077 != 0 && !meta.is_symlink() {
            open.push(path.clone());
        }
        if meta.is_dir() {
            found.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(all > 4, "there is something to look at");
    open
}

/// The umask applies to the whole process, so each test case has a separate one.
fn under_umask(mask: &str) {
    let script = format!("umask {mask}; exec \"$@\"");
    let test = "private_files::everything_that_a_core_writes";
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn whatever_the_umask_is_everything_is_its_users_alone() {
    under_umask("000");
    under_umask("022");
}

#[tokio::test]
#[ignore = "started by the test above, under a umask"]
async fn everything_that_a_core_writes() {
    let (backend, control) = backend().await;
    let mut harness = Harness::with(FakeSecrets::default(), HashMap::new());
    harness.nest();
    let data = harness.paths().data;
    let preferences = |sound| PreferencesForm {
        sound: Some(sound),
        proxy: Some("http://anna:pr0xySecret@127.0.0.1:9".into()),
        ..PreferencesForm::default()
    };
    let form = AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse(TEST_TOKEN).unwrap()),
    };
    let running = harness.start();
    running.core.account_save(form).await.unwrap();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", |state| state.counts.total == 1).await;
    running
        .core
        .preferences_save(preferences(SoundName::Knock))
        .await
        .unwrap();
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new(), "while it runs");
    running.stop().await;

    // As earlier versions and the user left them, and damaged.
    let inbox = Account::of(&backend.api_url()).inbox_file(&harness.paths());
    let settings = harness.paths().settings();
    // The inbox's thread closes the file after the core has ended.
    within_deadline("closed", async {
        while inbox.with_file_name("inbox.sqlite-wal").exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    fs::write(&inbox, "this was never a database").unwrap();
    fs::write(&settings, "[api]\nurl = = ").unwrap();
    for folder in [&data, inbox.parent().unwrap()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for file in [&inbox, &settings] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    harness.environment.insert("GLORIA_API_URL", backend.api_url());
    let running = harness.start();
    running.connected().await;
    running
        .core
        .preferences_save(preferences(SoundName::Bloom))
        .await
        .unwrap();
    assert!(settings.with_extension("toml.broken").exists());
    assert!(inbox.with_file_name("inbox.damaged-1.sqlite").exists());
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new(), "afterwards");
    running.stop().await;
}

#[tokio::test]
async fn a_folder_of_another_user_is_not_used_and_alerts_go_on() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.nest();
    let account = harness.inbox().parent().unwrap().to_owned();
    fs::create_dir_all(&account).unwrap();
    if chown(&account, Some(65_534), None).is_err() {
        // Only root can give a folder to another user.
        return;
    }
    let running = harness.start();
    let state = running.connected().await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Storage)
        .unwrap();
    assert!(
        notice.message.words().contains("belongs to another user"),
        "{}",
        notice.message
    );
    control.push(CREATED, live("1", "normal"));
    within_deadline("shown", harness.notifications.shown.wait_for(1)).await;
    assert!(!harness.inbox().exists(), "nothing is put there");
}
