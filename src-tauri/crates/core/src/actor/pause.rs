//! The pause of sounds. It survives a restart of the app, because the user requested silence until a certain time.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::item::EpochMillis;
use crate::private::{self, Mode};

const MINUTE: EpochMillis = 60_000;

/// The pause, and the file that stores it.
#[derive(Debug)]
pub(super) struct SoundsPause {
    path: PathBuf,
    pause: Option<Pause>,
}

/// Contains the length as well, because with the end alone the pause would exceed it after the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pause {
    until: EpochMillis,
    length: EpochMillis,
}

impl Pause {
    /// Returns the rest of the pause at `now`.
    fn at(self, now: EpochMillis) -> Option<Self> {
        (self.until > now).then(|| Self {
            until: self.until.min(now.saturating_add(self.length)),
            ..self
        })
    }
}

impl SoundsPause {
    /// Reads the pause of an earlier run. An unreadable file counts as no pause, because a missed sound is worse than
    /// an unwanted one.
    pub(super) fn read(path: PathBuf, now: EpochMillis) -> Self {
        let pause = match private::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Pause>(&bytes)
                .inspect_err(|error| tracing::warn!(%error, "the pause of sounds could not be read"))
                .ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, "the pause of sounds could not be read");
                None
            }
        };
        Self {
            pause: pause.and_then(|pause| pause.at(now)),
            path,
        }
    }

    /// Returns when the pause ends.
    pub(super) fn until(&self) -> Option<EpochMillis> {
        self.pause.map(|pause| pause.until)
    }

    pub(super) fn is_on(&self, now: EpochMillis) -> bool {
        self.pause.is_some_and(|pause| pause.until > now)
    }

    /// Starts a pause of this many minutes; 0 ends it.
    pub(super) fn begin(&mut self, minutes: u32, now: EpochMillis) {
        let length = EpochMillis::from(minutes) * MINUTE;
        self.set((minutes > 0).then(|| Pause {
            until: now.saturating_add(length),
            length,
        }));
    }

    /// Returns when [`SoundsPause::act`] is due: at the end of the pause, and at once after the clock was set back.
    pub(super) fn due(&self, now: Instant, wall: EpochMillis) -> Option<Instant> {
        let pause = self.pause?;
        let left = if pause.at(wall) == Some(pause) {
            pause.until - wall
        } else {
            0
        };
        Some(now + Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// Ends the pause when it is over, and shortens it to its length after the clock was set back.
    pub(super) fn act(&mut self, wall: EpochMillis) {
        self.set(self.pause.and_then(|pause| pause.at(wall)));
    }

    /// Takes over from a core that crashed, whose file may not be writable.
    pub(super) fn take_over_from(&mut self, broken: &Self) {
        self.pause = broken.pause;
    }

    fn set(&mut self, pause: Option<Pause>) {
        if pause == self.pause {
            return;
        }
        self.pause = pause;
        if let Err(error) = self.write() {
            tracing::warn!(%error, "the pause of sounds holds until the app ends");
        }
    }

    fn write(&self) -> io::Result<()> {
        match self.pause {
            Some(pause) => private::replace(&self.path, &serde_json::to_vec(&pause)?, Mode::Private),
            None => match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: EpochMillis = 60 * MINUTE;

    fn until_after(length: u32, restarted_at: EpochMillis) -> Option<EpochMillis> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sounds-pause.json");
        SoundsPause::read(path.clone(), 0).begin(length, 0);
        SoundsPause::read(path, restarted_at).until()
    }

    #[test]
    fn a_pause_outlives_the_app_but_not_its_length() {
        assert_eq!(until_after(60, HOUR / 2), Some(HOUR));
        assert_eq!(until_after(60, HOUR), None);
        assert_eq!(
            until_after(60, -30 * HOUR),
            Some(-29 * HOUR),
            "the clock was set back"
        );
        assert_eq!(until_after(0, 1), None);
    }

    #[test]
    fn whatever_is_in_the_file_the_app_starts() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sounds-pause.json");
        for text in ["", "{", "[]", r#"{"until":9e99,"length":1}"#, r#"{"until":1}"#] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(SoundsPause::read(path.clone(), 0).until(), None, "{text}");
        }
        std::fs::write(&path, r#"{"until":9223372036854775807,"length":60000}"#).unwrap();
        assert_eq!(SoundsPause::read(path, 0).until(), Some(MINUTE));
    }

    #[test]
    fn it_is_due_when_it_ends_and_when_the_clock_was_set_back() {
        let home = tempfile::tempdir().unwrap();
        let mut pause = SoundsPause::read(home.path().join("sounds-pause.json"), 0);
        let now = Instant::now();
        assert_eq!(pause.due(now, 0), None);
        pause.begin(1, 0);
        assert!(pause.is_on(0));
        assert_eq!(pause.due(now, 0), Some(now + Duration::from_secs(60)));
        assert_eq!(pause.due(now, -HOUR), Some(now));
        pause.act(-HOUR);
        assert_eq!(pause.until(), Some(-HOUR + MINUTE));
        pause.act(0);
        assert_eq!((pause.until(), pause.due(now, 0)), (None, None));
    }
}
