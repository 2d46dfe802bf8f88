//! One sound on the default device, from opening to closing.

use std::error::Error;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use gloria_core::ports::SoundError;
use gloria_core::protocol::SoundName;
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
    /// The device was lost.
    Broken(String),
    /// Somebody wants silence.
    Stop,
}

/// How often the device's thread looks whether the sound has begun.
const TICK: Duration = Duration::from_millis(10);

/// The first tick comes when the mixer looks at the sound, before any device has asked for it.
const TICK_OF_DEVICE: u32 = 2;

/// Silence after the sound. A device that has taken its last sample still holds a buffer (100 ms at rodio's default,
/// twice that in some sound servers), which closing it would cut off.
const TAIL: Duration = Duration::from_millis(250);

/// Plays one sound to its end, or until [`Progress::Stop`]. `begun` is called once, when the device has taken the
/// first samples or it is clear that it never will.
pub(super) fn play(
    sound: SoundName,
    volume: u8,
    progress: &Sender<Progress>,
    watched: &Receiver<Progress>,
    begun: impl Fn(Result<(), SoundError>),
) {
    let device = match open(progress) {
        Ok(device) => device,
        Err(error) => return begun(Err(classify(&error))),
    };
    match prepare(sound, volume, progress) {
        Ok(source) => device.mixer().add(source),
        Err(error) => return begun(Err(error)),
    }
    // The caller holds a sender, so the loop ends by what is said and not by the channel's end.
    while let Ok(step) = watched.recv() {
        match step {
            Progress::Heard => begun(Ok(())),
            Progress::Broken(reason) => {
                tracing::warn!(%reason, "the sound device was lost");
                return begun(Err(SoundError::Failed(reason)));
            }
            Progress::Ended | Progress::Stop => return,
        }
    }
}

fn open(progress: &Sender<Progress>) -> Result<MixerDeviceSink, DeviceSinkError> {
    let progress = progress.clone();
    let report = move |error: rodio::CpalError| {
        // A missed deadline is a crackle, not an end; the others say that the sound goes on.
        let harmless = matches!(
            error.kind(),
            CpalErrorKind::Xrun | CpalErrorKind::DeviceChanged | CpalErrorKind::RealtimeDenied
        );
        if !harmless {
            let _ = progress.send(Progress::Broken(in_words(&error)));
        }
    };
    let mut device = DeviceSinkBuilder::from_default_device()?
        .with_error_callback(report)
        .open_sink_or_fallback()?;
    device.log_on_drop(false);
    Ok(device)
}

fn prepare(
    sound: SoundName,
    volume: u8,
    progress: &Sender<Progress>,
) -> Result<impl Source + Send + use<>, SoundError> {
    let mut pcm = bundled::decode(sound).map_err(|error| SoundError::Failed(in_words(&error)))?;
    let gain = gain(volume);
    pcm.samples.iter_mut().for_each(|sample| *sample *= gain);
    let frames = TAIL.as_millis() as usize * pcm.sample_rate.get() as usize / 1000;
    let silence = frames * usize::from(pcm.channels.get());
    pcm.samples.resize(pcm.samples.len() + silence, 0.0);

    let ending = Ending(progress.clone());
    let mut ticks = 0;
    let source = SamplesBuffer::new(pcm.channels, pcm.sample_rate, pcm.samples);
    Ok(source.periodic_access(TICK, move |_| {
        ticks += 1;
        if ticks == TICK_OF_DEVICE {
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
        DeviceSinkError::UnsupportedSampleFormat => return SoundError::Failed(in_words(error)),
    };
    if matches!(
        cause.kind(),
        CpalErrorKind::DeviceNotAvailable | CpalErrorKind::HostUnavailable
    ) {
        SoundError::NoDevice
    } else {
        SoundError::Failed(in_words(error))
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
