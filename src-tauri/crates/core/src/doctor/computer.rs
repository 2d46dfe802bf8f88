//! Checks of this computer: keyring, notifications, tray, sound, disk and settings.

use super::{DiskSeen, NotificationsSeen, Probed, SettingsSeen, Verdict};
use crate::message::{self, Message, Phrase};
use crate::ports::{SecretError, SoundError};

/// The inbox of a year needs about this much.
const MIN_FREE_BYTES: u64 = 100 * MEGABYTE;

/// With less, a database cannot be relied on to write a single notification.
const MIN_WRITABLE_BYTES: u64 = 5 * MEGABYTE;

const MEGABYTE: u64 = 1_000_000;

pub(super) fn policy(settings: &SettingsSeen) -> Verdict {
    match (settings.problems.first(), settings.set_by_policy) {
        _ if settings.is_without_notifications => Verdict::warning(
            message::doctor_types_without_notifications(),
            message::doctor_mend_types(),
        ),
        (Some(first), _) => Verdict::warning(
            message::doctor_settings_mistakes(settings.problems.len(), first.clone()),
            message::doctor_mend_settings(),
        ),
        (None, 0) => Verdict::passed(message::doctor_policy_none()),
        (None, count) => Verdict::passed(message::doctor_policy_sets(count)),
    }
}

/// It keeps notifications from the user only while a token is wanted that it alone has.
pub(super) fn keyring(
    seen: &Probed<Result<(), SecretError>>,
    notice: Option<Message>,
    is_needed: bool,
) -> Verdict {
    let wrong = |cause, mend| {
        if is_needed {
            Verdict::failed(cause, Some(mend))
        } else {
            Verdict::warning(cause, mend)
        }
    };
    match (seen, notice) {
        (Probed::Seen(Err(error @ SecretError::Locked)), _) => {
            wrong(error.message(), message::doctor_mend_unlock())
        }
        (Probed::Seen(Err(SecretError::Unavailable(Phrase::Message(why)))), _)
            if *why == message::keyring_hangs() =>
        {
            wrong(why.clone(), message::doctor_mend_hangs())
        }
        (Probed::Seen(Err(error @ (SecretError::Unavailable(_) | SecretError::Refused(_)))), _) => {
            wrong(error.message(), message::doctor_mend_keyring())
        }
        (Probed::Hangs(limit), _) => wrong(message::doctor_hangs(*limit), message::doctor_mend_hangs()),
        (Probed::Seen(Ok(())) | Probed::Untried, Some(notice)) => {
            wrong(notice, message::doctor_mend_unlock())
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
        (Probed::Hangs(limit), _) => {
            Verdict::failed(message::doctor_hangs(*limit), Some(message::doctor_mend_hangs()))
        }
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
    match (storage, &seen.refusal, seen.free_bytes) {
        (Some(storage), ..) if storage == message::storage_full() => Verdict::failed(storage, Some(mend)),
        (Some(storage), ..) => Verdict::failed(storage, Some(message::doctor_mend_disk_unwritable())),
        (None, _, Some(free)) if free < MIN_WRITABLE_BYTES => {
            Verdict::failed(message::doctor_disk_low(megabytes(free)), Some(mend))
        }
        (None, Some(refusal), _) => Verdict::failed(
            message::doctor_disk_unwritable(refusal.clone()),
            Some(message::doctor_mend_disk_unwritable()),
        ),
        (None, None, Some(free)) if free < MIN_FREE_BYTES => {
            Verdict::warning(message::doctor_disk_low(megabytes(free)), mend)
        }
        (None, None, _) if seen.is_network => Verdict::warning(
            message::doctor_disk_network(),
            message::doctor_mend_disk_network(),
        ),
        (None, None, Some(free)) => Verdict::passed(message::doctor_disk_free(megabytes(free))),
        (None, None, None) => Verdict::skipped(message::doctor_unasked()),
    }
}
