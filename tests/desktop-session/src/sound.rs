//! Measures the loudness of what the speakers would play.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// In samples per second. That suffices to measure loudness, and a minute of it is small.
pub(crate) const RATE: u32 = 16_000;

/// The length of one measurement, a twentieth of a second: shorter than any sound that users should notice.
const WINDOW: usize = (RATE / 20) as usize;

/// How many measurements are stored: ten minutes of them.
const KEPT: usize = 20 * 60 * 10;

/// Reads the monitor of the sound device until it ends.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    windows: Arc<Mutex<VecDeque<(Instant, f32)>>>,
}

impl Recorder {
    /// Reads signed 16-bit little-endian mono samples at [`RATE`] from `source`, on a separate thread.
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

    /// Returns the loudest window that ended after `since`: root mean square, 0 is silence and 1 full scale. `None` if
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

    /// Returns how much was recorded after `since`.
    pub(crate) fn recorded(&self, since: Instant) -> Duration {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let count = windows.iter().rev().take_while(|(at, _)| *at > since).count();
        Duration::from_millis(50) * u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Returns the root mean square of 16-bit samples, as a fraction of full scale.
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
