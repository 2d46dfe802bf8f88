//! One sound on the default device, from opening to closing.

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

/// What happens to a sound while it is on.
#[derive(Debug)]
pub(super) enum Progress {
    /// The device has taken its first samples.
    Heard,
    /// The device has taken its last.
    Ended,
    /// The device failed, perhaps for a moment.
    Faltered(String),
    /// The device was lost.
    Lost(String),
    /// Somebody wants silence.
    Stop,
}

/// How often the device's thread looks how far the sound is.
const TICK: Duration = Duration::from_millis(10);

/// The first tick comes when the mixer looks at the sound, before any device has asked for it.
const TICK_OF_DEVICE: u32 = 2;

/// How long a device that reported an error may take to go on. ALSA's PulseAudio plugin fails with EIO until it has
/// its first timing data (alsa-plugins issue 65): mostly milliseconds, but an output may sleep for up to 2 s first.
const FALTER_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How long a device that failed is left alone.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// Silence after the sound. A device that has taken its last sample still holds a buffer (100 ms at rodio's default,
/// twice that in some sound servers), which closing it would cut off.
const TAIL: Duration = Duration::from_millis(250);

/// What the device's thread shares with the sound's.
#[derive(Debug, Default)]
struct Shared {
    ticks: AtomicU32,
    /// An error has been reported and is being waited out; until then no other is of interest.
    faltering: AtomicBool,
}

/// Plays one sound to its end, or until [`Progress::Stop`]. `begun` is called when the device has taken the first
/// samples, and with the error when it fails before or after that.
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

/// Waits for the end of the sound, and tells why it came too soon.
fn watch(watched: &Receiver<Progress>, shared: &Shared, heard: impl Fn()) -> Option<String> {
    let mut faltered: Option<(String, u32, Instant)> = None;
    loop {
        let step = match &faltered {
            // The caller holds a sender, so the channel never closes before the sound ends.
            None => watched.recv().ok()?,
            Some((reason, ticks, deadline)) => {
                match watched.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(step) => step,
                    Err(_) if shared.ticks.load(Ordering::Relaxed) == *ticks => return Some(reason.clone()),
                    Err(_) => {
                        faltered = None;
                        shared.faltering.store(false, Ordering::Relaxed);
                        continue;
                    }
                }
            }
        };
        match step {
            Progress::Heard => heard(),
            Progress::Faltered(reason) => {
                let ticks = shared.ticks.load(Ordering::Relaxed);
                faltered = Some((reason, ticks, Instant::now() + FALTER_TIMEOUT));
            }
            Progress::Lost(reason) => return Some(reason),
            Progress::Ended | Progress::Stop => return None,
        }
    }
}

fn open(progress: &Sender<Progress>, shared: &Arc<Shared>) -> Result<MixerDeviceSink, DeviceSinkError> {
    silence_alsa();
    let (progress, shared) = (progress.clone(), Arc::clone(shared));
    let report = move |error: rodio::CpalError| {
        let step = match error.kind() {
            // A missed deadline is a crackle, not an end; the others say that the sound goes on.
            CpalErrorKind::Xrun | CpalErrorKind::DeviceChanged | CpalErrorKind::RealtimeDenied => return,
            CpalErrorKind::DeviceNotAvailable
            | CpalErrorKind::HostUnavailable
            | CpalErrorKind::StreamInvalidated => Progress::Lost(in_words(&error)),
            CpalErrorKind::DeviceBusy
            | CpalErrorKind::InvalidInput
            | CpalErrorKind::PermissionDenied
            | CpalErrorKind::ResourceExhausted
            | CpalErrorKind::UnsupportedConfig
            | CpalErrorKind::UnsupportedOperation
            | CpalErrorKind::BackendError
            | CpalErrorKind::Other
            | _ => {
                // The device's thread would try again at once, and keep the lock from the one that brings the data.
                thread::sleep(RETRY_PAUSE);
                if shared.faltering.swap(true, Ordering::Relaxed) {
                    return;
                }
                Progress::Faltered(in_words(&error))
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

/// ALSA writes a page to stderr whenever there is no device. What matters of it comes back as an error too.
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
    let mut pcm = bundled::decode(sound).map_err(|error| SoundError::Failed(in_words(&error).into()))?;
    let gain = gain(volume);
    pcm.samples.iter_mut().for_each(|sample| *sample *= gain);
    let frames = TAIL.as_millis() as usize * pcm.sample_rate.get() as usize / 1000;
    let silence = frames * usize::from(pcm.channels.get());
    pcm.samples.resize(pcm.samples.len() + silence, 0.0);

    let (ending, shared) = (Ending(progress.clone()), Arc::clone(shared));
    let source = SamplesBuffer::new(pcm.channels, pcm.sample_rate, pcm.samples);
    Ok(source.periodic_access(TICK, move |_| {
        if shared.ticks.fetch_add(1, Ordering::Relaxed) + 1 == TICK_OF_DEVICE {
            let _ = ending.0.send(Progress::Heard);
        }
    }))
}

/// Lives in the source, which the mixer drops when it has run out.
struct Ending(Sender<Progress>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(Progress::Ended);
    }
}

/// Loudness is heard about as the cube root of amplitude: half way on the slider is half as loud, at -18 dB.
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
        DeviceSinkError::UnsupportedSampleFormat => return SoundError::Failed(in_words(error).into()),
    };
    if matches!(
        cause.kind(),
        CpalErrorKind::DeviceNotAvailable | CpalErrorKind::HostUnavailable
    ) {
        SoundError::NoDevice
    } else {
        SoundError::Failed(in_words(error).into())
    }
}

/// An error with its causes, on one line and without a full stop.
fn in_words(error: &dyn Error) -> String {
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
