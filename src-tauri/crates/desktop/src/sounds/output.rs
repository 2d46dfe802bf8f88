//! Plays one sound on the default device: opens it, plays and closes it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use gloria_core::item::SoundName;
use gloria_core::ports::SoundError;
use rodio::buffer::SamplesBuffer;
use rodio::{CpalErrorKind, DeviceSinkBuilder, DeviceSinkError, MixerDeviceSink, Source};

use super::bundled;

/// Events while a sound plays.
#[derive(Debug)]
pub(super) enum Progress {
    /// The device has taken the first samples.
    Heard,
    /// The device has taken the last samples.
    Ended,
    /// The device failed, possibly only for a moment.
    Interrupted(String),
    /// The device was lost.
    Lost(String),
    /// The sound is to be stopped.
    Stop,
}

/// How often the device's thread checks the progress of the sound.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(10);

/// The first tick comes when the mixer takes the sound, before a device has requested samples.
const TICK_OF_DEVICE: u32 = 2;

/// How long a device may take to recover from an error. ALSA's PulseAudio plugin fails with EIO until it has its first
/// timing data (alsa-plugins issue 65): mostly for milliseconds, but a suspended output may take 2 s.
const RECOVERY_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How long the device's thread waits after an error.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// Silence after the sound. A device that has taken the last sample still has a buffer to play (100 ms at rodio's
/// default, twice that in some sound servers), which closing it would cut off.
const TRAILING_SILENCE: Duration = Duration::from_millis(250);

/// Shared by the device's thread and the sound's.
#[derive(Debug, Default)]
struct Shared {
    ticks: AtomicU32,
    /// An error was reported and the device may recover; further errors are ignored until then.
    interrupted: AtomicBool,
}

/// Plays one sound to its end, or until [`Progress::Stop`]. Calls `begun` when the device has taken the first samples,
/// and with the error if it fails before or after that.
pub(super) fn play(
    sound: SoundName,
    volume: u8,
    progress: &Sender<Progress>,
    watched: &Receiver<Progress>,
    begun: impl Fn(Result<(), SoundError>),
) {
    let shared = Arc::new(Shared::default());
    let device = match open(progress, &shared) {
        Ok(device) => device,
        Err(error) => return begun(Err(classify(&error))),
    };
    match prepare(sound, volume, progress, &shared) {
        Ok(source) => device.mixer().add(source),
        Err(error) => return begun(Err(error)),
    }
    let reason = watch(watched, &shared, || begun(Ok(())));
    if let Some(reason) = reason {
        tracing::warn!(%reason, "the sound device failed");
        begun(Err(SoundError::Failed(reason.into())));
    }
}

/// Waits for the end of the sound; returns why it ended too soon.
fn watch(watched: &Receiver<Progress>, shared: &Shared, heard: impl Fn()) -> Option<String> {
    let mut faltered: Option<(String, u32, Instant)> = None;
    loop {
        let step = match &faltered {
            // The caller owns a sender, so the channel never closes before the sound ends.
            None => watched.recv().ok()?,
            Some((reason, ticks, deadline)) => {
                match watched.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(step) => step,
                    Err(_) if shared.ticks.load(Ordering::Relaxed) == *ticks => return Some(reason.clone()),
                    Err(_) => {
                        faltered = None;
                        shared.interrupted.store(false, Ordering::Relaxed);
                        continue;
                    }
                }
            }
        };
        match step {
            Progress::Heard => heard(),
            Progress::Interrupted(reason) => {
                let ticks = shared.ticks.load(Ordering::Relaxed);
                faltered = Some((reason, ticks, Instant::now() + RECOVERY_TIMEOUT));
            }
            Progress::Lost(reason) => return Some(reason),
            Progress::Ended | Progress::Stop => return None,
        }
    }
}

/// Opens the device and closes it.
pub(super) fn try_device() -> Result<(), SoundError> {
    let (progress, _watched) = std::sync::mpsc::channel();
    match open(&progress, &Arc::default()) {
        Ok(_) => Ok(()),
        Err(error) => Err(classify(&error)),
    }
}

fn open(progress: &Sender<Progress>, shared: &Arc<Shared>) -> Result<MixerDeviceSink, DeviceSinkError> {
    silence_alsa();
    let (progress, shared) = (progress.clone(), Arc::clone(shared));
    let report = move |error: rodio::CpalError| {
        let step = match error.kind() {
            // A missed deadline is a crackle, not an end; after the others the sound continues.
            CpalErrorKind::Xrun | CpalErrorKind::DeviceChanged | CpalErrorKind::RealtimeDenied => return,
            CpalErrorKind::DeviceNotAvailable
            | CpalErrorKind::HostUnavailable
            | CpalErrorKind::StreamInvalidated => Progress::Lost(describe(&error)),
            CpalErrorKind::DeviceBusy
            | CpalErrorKind::InvalidInput
            | CpalErrorKind::PermissionDenied
            | CpalErrorKind::ResourceExhausted
            | CpalErrorKind::UnsupportedConfig
            | CpalErrorKind::UnsupportedOperation
            | CpalErrorKind::BackendError
            | CpalErrorKind::Other
            | _ => {
                // The device's thread would retry at once, and keep the lock from the thread that provides the samples.
                thread::sleep(RETRY_PAUSE);
                if shared.interrupted.swap(true, Ordering::Relaxed) {
                    return;
                }
                Progress::Interrupted(describe(&error))
            }
        };
        let _ = progress.send(step);
    };
    let mut device = DeviceSinkBuilder::from_default_device()?
        .with_error_callback(report)
        .open_sink_or_fallback()?;
    device.log_on_drop(false);
    Ok(device)
}

/// ALSA writes a page to stderr if there is no device. The relevant part is returned as an error too.
#[cfg(target_os = "linux")]
fn silence_alsa() {
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA goes on writing to stderr");
    }
}

#[cfg(not(target_os = "linux"))]
fn silence_alsa() {}

fn prepare(
    sound: SoundName,
    volume: u8,
    progress: &Sender<Progress>,
    shared: &Arc<Shared>,
) -> Result<impl Source + Send + use<>, SoundError> {
    let mut pcm = bundled::decode(sound).map_err(|error| SoundError::Failed(describe(&error).into()))?;
    let gain = gain(volume);
    pcm.samples.iter_mut().for_each(|sample| *sample *= gain);
    let frames = TRAILING_SILENCE.as_millis() as usize * pcm.sample_rate.get() as usize / 1000;
    let silence = frames * usize::from(pcm.channels.get());
    pcm.samples.resize(pcm.samples.len() + silence, 0.0);

    let (ending, shared) = (Ending(progress.clone()), Arc::clone(shared));
    let source = SamplesBuffer::new(pcm.channels, pcm.sample_rate, pcm.samples);
    Ok(source.periodic_access(PROGRESS_INTERVAL, move |_| {
        if shared.ticks.fetch_add(1, Ordering::Relaxed) + 1 == TICK_OF_DEVICE {
            let _ = ending.0.send(Progress::Heard);
        }
    }))
}

/// Part of the source, which the mixer drops at its end.
struct Ending(Sender<Progress>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(Progress::Ended);
    }
}

/// Loudness is perceived as about the cube root of the amplitude: the middle of the slider is half as loud, at -18 dB.
fn gain(volume: u8) -> f32 {
    (f32::from(volume.min(100)) / 100.0).powi(3)
}

fn classify(error: &DeviceSinkError) -> SoundError {
    let cause = match error {
        DeviceSinkError::NoDevice => return SoundError::NoDevice,
        DeviceSinkError::PlayError(cause)
        | DeviceSinkError::DefaultSinkConfigError(cause)
        | DeviceSinkError::BuildError(cause)
        | DeviceSinkError::SupportedConfigsError(cause) => cause,
        DeviceSinkError::UnsupportedSampleFormat => return SoundError::Failed(describe(error).into()),
    };
    if matches!(
        cause.kind(),
        CpalErrorKind::DeviceNotAvailable | CpalErrorKind::HostUnavailable
    ) {
        SoundError::NoDevice
    } else {
        SoundError::Failed(describe(error).into())
    }
}

/// An error with its causes, on one line without a full stop.
fn describe(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_mapped_as_it_is_heard() {
        assert_eq!(gain(100), 1.0);
        assert_eq!(gain(50), 0.125);
        assert_eq!(gain(0), 0.0);
        assert_eq!(gain(u8::MAX), 1.0);
    }
}
