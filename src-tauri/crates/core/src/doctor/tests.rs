//! What each check finds, as a table.

mod app;
mod computer;
mod network;

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::*;
use crate::connection::Acceptance;
use crate::ports::{SecretError, SoundError};

const SECOND: Duration = Duration::from_secs(1);

/// A computer on which all is well, an hour after 1970.
fn good() -> Observed {
    Observed {
        version: "1.0.0".into(),
        at: SystemTime::UNIX_EPOCH + 3600 * SECOND,
        app: running(json!({})),
        settings: SettingsSeen::default(),
        server: Some(server(Reached::Answered {
            status: 404,
            clock_offset: Some(1),
        })),
        sign_in: Probed::Seen(SavedSignIn::Grant),
        acceptance: None,
        keyring: Probed::Seen(Ok(())),
        notifications: Probed::Seen(service(false)),
        tray: Probed::Seen(true),
        sound: Probed::Seen(Ok(())),
        autostart: Some(true),
        disk: DiskSeen {
            free_bytes: Some(5_000_000_000),
            is_network: false,
            refusal: None,
        },
        test_alert: None,
    }
}

/// The document of a connected app, with these fields in place of its own.
fn running(changes: Value) -> AppSeen {
    let mut document = json!({
        "version": "1.0.0",
        "connection": {"state": "connected", "reason": null, "remedy": "none", "lastHeardAt": 3_590_000,
            "storage": null},
        "metrics": {"events": 3, "failedEvents": 0, "another": [1]},
        "notices": [],
        "field": "of a later version",
    });
    let (Value::Object(fields), Value::Object(changes)) = (&mut document, changes) else {
        panic!("both are objects");
    };
    fields.extend(changes);
    AppSeen::Running(Box::new(AppStatus::read(&document.to_string()).unwrap()))
}

fn connection(state: &str, remedy: &str) -> AppSeen {
    running(
        json!({"connection": {"state": state, "remedy": remedy, "reason": {"id": "cause-closed", "args": {}}}}),
    )
}

fn noticed(kind: &str) -> AppSeen {
    running(json!({"notices": [{"kind": kind, "message": {"id": "notice-tray", "args": {}}}]}))
}

fn server(reached: Reached) -> ServerSeen {
    ServerSeen {
        name: "gloria.example".into(),
        port: 443,
        is_number: false,
        is_encrypted: true,
        is_this_computer: false,
        proxy: None,
        reached,
    }
}

fn service(is_paused: bool) -> NotificationsSeen {
    NotificationsSeen::Present {
        name: "dunst".into(),
        capabilities: vec!["body".into(), "actions".into()],
        is_paused,
    }
}

fn ids(seen: &Observed, check: Check) -> (Outcome, String, Option<String>) {
    let all = findings(seen);
    let finding = all.into_iter().find(|finding| finding.check == check).unwrap();
    let id = |message: Message| message.id.into_owned();
    (finding.outcome, id(finding.cause), finding.mend.map(id))
}

#[track_caller]
fn assert_finds(seen: &Observed, check: Check, outcome: Outcome, cause: &str, mend: &str) {
    let mend = (!mend.is_empty()).then(|| format!("doctor-mend-{mend}"));
    assert_eq!(ids(seen, check), (outcome, cause.to_owned(), mend), "{check:?}");
}

#[test]
fn where_all_is_well_every_check_passes_and_says_what_it_found() {
    let all = findings(&good());
    let checks: Vec<_> = all.iter().map(|finding| finding.check).collect();
    assert_eq!(
        checks,
        Check::ALL[..Check::ALL.len() - 2],
        "all but the test event"
    );
    for finding in &all {
        assert_eq!(
            (finding.outcome, &finding.mend),
            (Outcome::Passed, &None),
            "{finding:?}"
        );
    }
    assert_eq!(worst(&all), Outcome::Passed);
}

#[test]
fn what_is_wrong_says_what_mends_it() {
    let hopeless = Observed {
        app: AppSeen::NotRunning,
        server: None,
        settings: SettingsSeen {
            problems: vec![message::cause_closed()],
            ..SettingsSeen::default()
        },
        sign_in: Probed::Untried,
        keyring: Probed::Seen(Err(SecretError::Locked)),
        notifications: Probed::Seen(NotificationsSeen::Absent),
        tray: Probed::Seen(false),
        sound: Probed::Seen(Err(SoundError::NoDevice)),
        autostart: Some(false),
        disk: DiskSeen {
            free_bytes: Some(1),
            is_network: false,
            refusal: None,
        },
        ..good()
    };
    let all = findings(&hopeless);
    assert_eq!(worst(&all), Outcome::Failed);
    for finding in all {
        let is_wrong = finding.outcome >= Outcome::Warning;
        assert_eq!(finding.mend.is_some(), is_wrong, "{finding:?}");
    }
}

#[test]
fn a_document_that_is_none_is_not_taken_for_one() {
    for document in [
        "",
        "{}",
        "null",
        "{\"version\":\"1\",\"connection\":{\"state\":\"of another version\"}}",
    ] {
        assert_eq!(AppStatus::read(document), None, "{document}");
    }
}

#[test]
fn the_names_in_json_are_stable() {
    let names: Vec<_> = Check::ALL
        .iter()
        .map(|check| serde_json::to_value(check).unwrap())
        .collect();
    let expected = json!([
        "app",
        "versions",
        "policy",
        "proxy",
        "serverName",
        "tcp",
        "tls",
        "answer",
        "clock",
        "keyring",
        "signIn",
        "stream",
        "heartbeat",
        "event",
        "marks",
        "notifications",
        "tray",
        "sound",
        "autostart",
        "disk",
        "testEvent",
        "testAlert"
    ]);
    assert_eq!(Value::Array(names), expected);
    let finding = Finding {
        check: Check::Tcp,
        outcome: Outcome::Failed,
        cause: message::cause_closed(),
        mend: None,
    };
    let cause = json!({"id": "cause-closed", "args": {}});
    let expected = json!({"check": "tcp", "outcome": "failed", "cause": cause, "mend": null});
    assert_eq!(serde_json::to_value(finding).unwrap(), expected);
}
