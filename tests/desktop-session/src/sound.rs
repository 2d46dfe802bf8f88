//! What the loudspeaker would play, measured.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Samples a second. Loudness needs no more, and a minute of it is small.
pub(crate) const RATE: u32 = 16_000;

/// One measurement covers a twentieth of a second: shorter than any sound that a person is meant to notice.
const WINDOW: usize = (RATE / 20) as usize;

/// How many measurements are kept: ten minutes of them.
const KEPT: usize = 20 * 60 * 10;

/// Reads the monitor of the sound device until it ends.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    windows: Arc<Mutex<VecDeque<(Instant, f32)>>>,
}

impl Recorder {
    /// Reads signed 16-bit little-endian mono samples at [`RATE`] from `source`, on a thread of its own.
    pub(crate) fn start(mut source: impl Read + Send + 'static) -> Self {
        let recorder = Self::default();
        let windows = Arc::clone(&recorder.windows);
        std::thread::spawn(move || {
            let mut bytes = [0; WINDOW * 2];
            while source.read_exact(&mut bytes).is_ok() {
                let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
                if windows.len() == KEPT {
                    windows.pop_front();
                }
                windows.push_back((Instant::now(), loudness(&bytes)));
            }
        });
        recorder
    }

    /// The loudest window that ended after `since`: root mean square, 0 is silence and 1 full scale. `None` while
    /// nothing was recorded.
    pub(crate) fn loudest(&self, since: Instant) -> Option<f32> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows
            .iter()
            .rev()
            .take_while(|(at, _)| *at > since)
            .map(|(_, loud)| *loud)
            .reduce(f32::max)
    }

    /// How much was recorded after `since`.
    pub(crate) fn recorded(&self, since: Instant) -> Duration {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let count = windows.iter().rev().take_while(|(at, _)| *at > since).count();
        Duration::from_millis(50) * u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Root mean square of 16-bit samples, as a part of full scale.
fn loudness(bytes: &[u8]) -> f32 {
    let mut sum = 0.0;
    let mut count = 0.0_f32;
    for pair in bytes.chunks_exact(2) {
        let sample = f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
        sum += sample * sample;
        count += 1.0;
    }
    if count == 0.0 { 0.0 } else { (sum / count).sqrt() }
}
