//! This computer.

use serde_json::json;

use super::*;

#[test]
fn this_computer_is_as_it_was_seen_and_a_notice_of_the_app_counts() {
    use Outcome::{Failed, Skipped, Warning};
    let unavailable = || Probed::Seen(Err(SecretError::Unavailable("no bus".into())));
    let disk = |free_bytes, is_network| DiskSeen {
        free_bytes,
        is_network,
    };
    let full = json!({"connection": {"state": "connected", "remedy": "none",
        "storage": {"id": "storage-full", "args": {}}}});
    for (seen, check, outcome, cause, mend) in [
        (
            Observed {
                keyring: Probed::Seen(Err(SecretError::Locked)),
                ..good()
            },
            Check::Keyring,
            Failed,
            "keyring-locked",
            "unlock",
        ),
        (
            Observed {
                keyring: unavailable(),
                ..good()
            },
            Check::Keyring,
            Failed,
            "keyring-unavailable",
            "keyring",
        ),
        (
            Observed {
                keyring: Probed::Hangs(SECOND),
                ..good()
            },
            Check::Keyring,
            Failed,
            "doctor-hangs",
            "keyring",
        ),
        (
            Observed {
                app: noticed("keyring"),
                ..good()
            },
            Check::Keyring,
            Failed,
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
            "notifications",
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
                app: running(full),
                ..good()
            },
            Check::Disk,
            Failed,
            "storage-full",
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
