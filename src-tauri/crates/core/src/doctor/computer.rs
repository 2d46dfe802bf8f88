//! Checks of this computer: keyring, notifications, tray, sound, disk and settings.

use super::{DiskSeen, NotificationsSeen, Probed, SettingsSeen, Verdict};
use crate::message::{self, Message};
use crate::ports::{SecretError, SoundError};

/// The inbox of a year needs about this much.
const MIN_FREE_BYTES: u64 = 100 * MEGABYTE;

/// With less, a database cannot be relied on to write a single notification.
const MIN_WRITABLE_BYTES: u64 = 5 * MEGABYTE;

const MEGABYTE: u64 = 1_000_000;

pub(super) fn policy(settings: &SettingsSeen) -> Verdict {
    match (settings.problems.first(), settings.set_by_policy) {
        (Some(first), _) => Verdict::warning(
            message::doctor_settings_mistakes(settings.problems.len(), first.clone()),
            message::doctor_mend_settings(),
        ),
        (None, 0) => Verdict::passed(message::doctor_policy_none()),
        (None, count) => Verdict::passed(message::doctor_policy_sets(count)),
    }
}

pub(super) fn keyring(seen: &Probed<Result<(), SecretError>>, notice: Option<Message>) -> Verdict {
    match (seen, notice) {
        (Probed::Seen(Err(error @ SecretError::Locked)), _) => {
            Verdict::failed(error.message(), Some(message::doctor_mend_unlock()))
        }
        (Probed::Seen(Err(error @ (SecretError::Unavailable(_) | SecretError::Refused(_)))), _) => {
            Verdict::failed(error.message(), Some(message::doctor_mend_keyring()))
        }
        (Probed::Hangs(limit), _) => Verdict::failed(
            message::doctor_hangs(*limit),
            Some(message::doctor_mend_keyring()),
        ),
        (Probed::Seen(Ok(())) | Probed::Untried, Some(notice)) => {
            Verdict::failed(notice, Some(message::doctor_mend_unlock()))
        }
        (Probed::Seen(Ok(())), None) => Verdict::passed(message::doctor_keyring_good()),
        (Probed::Untried, None) => Verdict::skipped(message::doctor_unasked()),
    }
}

pub(super) fn notifications(seen: &Probed<NotificationsSeen>, notice: Option<Message>) -> Verdict {
    let mend = || Some(message::doctor_mend_notifications());
    match (seen, notice) {
        (Probed::Seen(NotificationsSeen::Absent), _) => {
            Verdict::failed(message::notifications_none(), mend())
        }
        (Probed::Hangs(limit), _) => Verdict::failed(message::doctor_hangs(*limit), mend()),
        (Probed::Seen(NotificationsSeen::Present { .. }) | Probed::Untried, Some(notice)) => {
            Verdict::failed(notice, mend())
        }
        (
            Probed::Seen(NotificationsSeen::Present {
                name,
                capabilities,
                is_paused,
            }),
            None,
        ) => {
            if *is_paused {
                return Verdict::warning(
                    message::doctor_notifications_paused(name),
                    message::doctor_mend_do_not_disturb(),
                );
            }
            Verdict::passed(message::doctor_notifications_good(name, capabilities.join(", ")))
        }
        (Probed::Untried, None) => Verdict::skipped(message::doctor_unasked()),
    }
}

pub(super) fn tray(seen: &Probed<bool>) -> Verdict {
    match seen {
        Probed::Seen(true) => Verdict::passed(message::doctor_tray_good()),
        Probed::Seen(false) => Verdict::warning(message::doctor_tray_none(), message::doctor_mend_tray()),
        Probed::Hangs(limit) => Verdict::warning(message::doctor_hangs(*limit), message::doctor_mend_tray()),
        Probed::Untried => Verdict::skipped(message::doctor_unasked()),
    }
}

pub(super) fn sound(seen: &Probed<Result<(), SoundError>>, notice: Option<Message>) -> Verdict {
    let mend = message::doctor_mend_sound();
    match (seen, notice) {
        (Probed::Seen(Err(error)), _) => Verdict::warning(error.message(), mend),
        (Probed::Hangs(limit), _) => Verdict::warning(message::doctor_hangs(*limit), mend),
        (Probed::Seen(Ok(())) | Probed::Untried, Some(notice)) => Verdict::warning(notice, mend),
        (Probed::Seen(Ok(())), None) => Verdict::passed(message::doctor_sound_good()),
        (Probed::Untried, None) => Verdict::skipped(message::doctor_unasked()),
    }
}

pub(super) fn autostart(is_on: Option<bool>) -> Verdict {
    match is_on {
        Some(true) => Verdict::passed(message::doctor_autostart_on()),
        Some(false) => Verdict::warning(message::doctor_autostart_off(), message::doctor_mend_autostart()),
        None => Verdict::skipped(message::doctor_unasked()),
    }
}

/// `storage` is why the app cannot store anything.
pub(super) fn disk(seen: &DiskSeen, storage: Option<Message>) -> Verdict {
    let mend = message::doctor_mend_disk();
    let megabytes = |bytes: u64| bytes / MEGABYTE;
    match (storage, seen.free_bytes) {
        (Some(storage), _) => Verdict::failed(storage, Some(mend)),
        (None, Some(free)) if free < MIN_WRITABLE_BYTES => {
            Verdict::failed(message::doctor_disk_low(megabytes(free)), Some(mend))
        }
        (None, Some(free)) if free < MIN_FREE_BYTES => {
            Verdict::warning(message::doctor_disk_low(megabytes(free)), mend)
        }
        (None, _) if seen.is_network => Verdict::warning(
            message::doctor_disk_network(),
            message::doctor_mend_disk_network(),
        ),
        (None, Some(free)) => Verdict::passed(message::doctor_disk_free(megabytes(free))),
        (None, None) => Verdict::skipped(message::doctor_unasked()),
    }
}
