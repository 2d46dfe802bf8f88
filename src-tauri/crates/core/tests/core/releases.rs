//! Newer versions of the app: users learn of them, and nothing else happens.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gloria_core::message::Message;
use gloria_core::ports::fakes::Recorded;
use gloria_core::protocol::ReleaseView;
use gloria_core::release::{Channel, Manifest};
use gloria_core::start;
use minisign::KeyPair;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use crate::clock::{HOUR, SetClock};
use crate::harness::{Harness, Running, backend, within_deadline};

const NOTES: &str = "https://gloria.example/notes/1.4.0";

/// A publisher's web server.
struct Publisher {
    keys: KeyPair,
    folder: String,
    files: Arc<std::sync::Mutex<HashMap<String, String>>>,
    heads: Arc<Recorded<String>>,
}

impl Publisher {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = format!("http://{}/updates", listener.local_addr().unwrap());
        let files = Arc::<std::sync::Mutex<HashMap<String, String>>>::default();
        let heads = Arc::<Recorded<String>>::default();
        let (served, kept) = (files.clone(), heads.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let file = served.lock().unwrap().get(&path).cloned();
                kept.push(head);
                let answer = file.map_or(
                    "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
                    |file| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{file}", file.len()),
                );
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            keys: KeyPair::generate_unencrypted_keypair().unwrap(),
            folder,
            files,
            heads,
        }
    }

    fn publish(&self, version: &str) {
        let manifest = Manifest {
            channel: Channel::Stable,
            version: version.parse().unwrap(),
            date: "2026-11-28T12:00:00Z".parse().unwrap(),
            notes: Url::parse(NOTES).ok(),
        };
        let text = manifest.text();
        let signature = minisign::sign(None, &self.keys.sk, Cursor::new(&text), None, None).unwrap();
        let mut files = self.files.lock().unwrap();
        files.insert("/updates/stable.json".to_owned(), text);
        files.insert("/updates/stable.json.minisig".to_owned(), signature.into_string());
    }

    fn alter(&self) {
        let mut files = self.files.lock().unwrap();
        let file = files.get_mut("/updates/stable.json").unwrap();
        *file = file.replace("1.4.0", "9.9.9");
    }

    fn set_in(&self, harness: &mut Harness) {
        harness
            .environment
            .insert("GLORIA_UPDATES_URL", self.folder.clone());
        harness
            .environment
            .insert("GLORIA_UPDATES_KEY", self.keys.pk.to_base64());
    }
}

async fn problem(running: &Running) -> Option<Message> {
    running.core.status().await.unwrap().updates.unwrap().problem
}

/// Waits until what came of an attempt is this.
async fn until_problem(running: &Running, id: &str) {
    let found = async {
        while problem(running).await.is_none_or(|problem| problem.id != id) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    within_deadline(id, found).await;
}

#[tokio::test]
async fn a_newer_version_is_shown_until_it_is_installed_and_no_old_or_altered_manifest_changes_that() {
    let (backend, _control) = backend().await;
    let publisher = Publisher::start().await;
    publisher.publish("1.4.0");
    let mut harness = Harness::signed_in(&backend);
    publisher.set_in(&mut harness);
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    let first = running.connected().await;
    assert_eq!((first.release, first.notices), (None, Vec::new()));

    let shown = Some(ReleaseView {
        version: "1.4.0".to_owned(),
        notes: Some(NOTES.to_owned()),
    });
    clock.ahead.store(HOUR, Ordering::SeqCst);
    let state = running
        .until("a newer version", |state| state.release.is_some())
        .await;
    assert_eq!((&state.release, &state.notices), (&shown, &Vec::new()));
    let heads = publisher.heads.all();
    assert_eq!(heads.len(), 2);
    for head in heads.iter().map(|head| head.to_lowercase()) {
        assert!(
            !head.contains("authorization") && !head.contains("cookie") && !head.contains('?'),
            "{head}"
        );
    }
    running.core.release_notes().await.unwrap();
    assert_eq!(harness.opener.opened.all(), [NOTES]);

    // What was seen is known to the next start, which asks nothing before another day.
    running.stop().await;
    let running = harness.start_by(clock.clone());
    assert_eq!(running.connected().await.release, shown);
    publisher.publish("1.3.0");
    clock.ahead.store(30 * HOUR, Ordering::SeqCst);
    until_problem(&running, "release-older").await;
    publisher.publish("1.4.0");
    publisher.alter();
    clock.ahead.store(60 * HOUR, Ordering::SeqCst);
    until_problem(&running, "release-altered").await;
    let state = running.until("still shown", |state| state.release == shown).await;
    assert_eq!(state.notices, Vec::new());
    assert_eq!(publisher.heads.all().len(), 6);
    assert_eq!(harness.notifications.shown.all().len(), 0);
    running.stop().await;

    // Once it is installed, the line is gone; and with the settings gone, so is it.
    let mut setup = harness.setup(clock.clone());
    setup.version = "1.4.0".to_owned();
    let (core, task) = start(setup).unwrap();
    let running = Running { core, task };
    assert_eq!(running.connected().await.release, None);
    running.stop().await;
    harness.environment.remove("GLORIA_UPDATES_KEY");
    let running = harness.start_by(clock);
    let state = running.connected().await;
    assert_eq!((state.release, state.notices.len()), (None, 1));
    assert_eq!(running.core.status().await.unwrap().updates, None);
    assert!(running.core.release_notes().await.is_err());
}
