//! This computer.

use serde_json::json;

use super::*;

#[test]
fn a_keyring_is_a_fault_only_while_a_token_is_wanted_that_it_alone_has() {
    use Outcome::{Failed, Warning};
    let waiting = || connection("waiting", "unlockKeyring");
    let unavailable = SecretError::Unavailable("no bus".into());
    for (keyring, cause, mend) in [
        (Probed::Seen(Err(SecretError::Locked)), "keyring-locked", "unlock"),
        (Probed::Seen(Err(unavailable)), "keyring-unavailable", "keyring"),
        (Probed::Hangs(SECOND), "doctor-hangs", "hangs"),
        (
            Probed::Seen(Err(SecretError::Unavailable(message::keyring_hangs().into()))),
            "keyring-hangs",
            "hangs",
        ),
    ] {
        for (app, sign_in, outcome) in [
            (running(json!({})), Probed::Untried, Warning),
            (waiting(), Probed::Untried, Failed),
            (AppSeen::NotRunning, Probed::Untried, Failed),
            (AppSeen::NotRunning, Probed::Hangs(SECOND), Failed),
            (waiting(), Probed::Seen(SavedSignIn::Variable), Warning),
            (AppSeen::NotRunning, Probed::Seen(SavedSignIn::Command), Warning),
            (waiting(), Probed::Seen(SavedSignIn::Token), Failed),
        ] {
            let seen = Observed {
                app,
                sign_in,
                keyring: keyring.clone(),
                ..good()
            };
            assert_finds(&seen, Check::Keyring, outcome, cause, mend);
        }
    }
}

#[test]
fn this_computer_is_as_it_was_seen_and_a_notice_of_the_app_counts() {
    use Outcome::{Failed, Skipped, Warning};
    let disk = |free_bytes, is_network| DiskSeen {
        free_bytes,
        is_network,
        refusal: None,
    };
    let stored = |id: &str| {
        running(
            json!({"connection": {"state": "connected", "remedy": "none", "storage": {"id": id, "args": {}}}}),
        )
    };
    for (seen, check, outcome, cause, mend) in [
        (
            Observed {
                settings: SettingsSeen {
                    is_without_notifications: true,
                    ..SettingsSeen::default()
                },
                ..good()
            },
            Check::Policy,
            Warning,
            "doctor-types-without-notifications",
            "types",
        ),
        (
            Observed {
                app: noticed("keyring"),
                ..good()
            },
            Check::Keyring,
            Warning,
            "notice-tray",
            "unlock",
        ),
        (
            Observed {
                notifications: Probed::Seen(service(true)),
                ..good()
            },
            Check::Notifications,
            Warning,
            "doctor-notifications-paused",
            "do-not-disturb",
        ),
        (
            Observed {
                notifications: Probed::Seen(NotificationsSeen::Absent),
                ..good()
            },
            Check::Notifications,
            Failed,
            "notifications-none",
            "notifications",
        ),
        (
            Observed {
                notifications: Probed::Hangs(SECOND),
                ..good()
            },
            Check::Notifications,
            Failed,
            "doctor-hangs",
            "hangs",
        ),
        (
            Observed {
                app: noticed("notifications"),
                ..good()
            },
            Check::Notifications,
            Failed,
            "notice-tray",
            "notifications",
        ),
        (
            Observed {
                notifications: Probed::Untried,
                ..good()
            },
            Check::Notifications,
            Skipped,
            "doctor-unasked",
            "",
        ),
        (
            Observed {
                tray: Probed::Seen(false),
                ..good()
            },
            Check::Tray,
            Warning,
            "doctor-tray-none",
            "tray",
        ),
        (
            Observed {
                sound: Probed::Seen(Err(SoundError::NoDevice)),
                ..good()
            },
            Check::Sound,
            Warning,
            "sound-no-device",
            "sound",
        ),
        (
            Observed {
                app: noticed("sound"),
                ..good()
            },
            Check::Sound,
            Warning,
            "notice-tray",
            "sound",
        ),
        (
            Observed {
                autostart: None,
                ..good()
            },
            Check::Autostart,
            Skipped,
            "doctor-unasked",
            "",
        ),
        (
            Observed {
                disk: disk(Some(4_999_999), false),
                ..good()
            },
            Check::Disk,
            Failed,
            "doctor-disk-low",
            "disk",
        ),
        (
            Observed {
                disk: disk(Some(99_999_999), false),
                ..good()
            },
            Check::Disk,
            Warning,
            "doctor-disk-low",
            "disk",
        ),
        (
            Observed {
                disk: disk(None, true),
                ..good()
            },
            Check::Disk,
            Warning,
            "doctor-disk-network",
            "disk-network",
        ),
        (
            Observed {
                disk: disk(None, false),
                ..good()
            },
            Check::Disk,
            Skipped,
            "doctor-unasked",
            "",
        ),
        (
            Observed {
                app: stored("storage-full"),
                ..good()
            },
            Check::Disk,
            Failed,
            "storage-full",
            "disk",
        ),
        (
            Observed {
                app: stored("storage-read-only"),
                ..good()
            },
            Check::Disk,
            Failed,
            "storage-read-only",
            "disk-unwritable",
        ),
        (
            Observed {
                disk: DiskSeen {
                    refusal: Some("Read-only file system".into()),
                    ..disk(Some(5_000_000_000), false)
                },
                ..good()
            },
            Check::Disk,
            Failed,
            "doctor-disk-unwritable",
            "disk-unwritable",
        ),
        (
            Observed {
                disk: DiskSeen {
                    refusal: Some("No space left on device".into()),
                    ..disk(Some(0), false)
                },
                ..good()
            },
            Check::Disk,
            Failed,
            "doctor-disk-low",
            "disk",
        ),
        (
            Observed {
                version: "2.0.0".into(),
                ..good()
            },
            Check::Versions,
            Warning,
            "doctor-versions-differ",
            "versions",
        ),
    ] {
        assert_finds(&seen, check, outcome, cause, mend);
    }
}
