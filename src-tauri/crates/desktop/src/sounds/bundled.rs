//! The sounds in the binary: Ogg Vorbis, made by `sounds/make.py`, all at one loudness.

use std::io::Cursor;
use std::time::Duration;

use gloria_core::item::SoundName;
use rodio::decoder::DecoderError;
use rodio::{ChannelCount, Decoder, Sample, SampleRate, Source};

/// No bundled sound is longer.
pub const MAX_DURATION: Duration = Duration::from_secs(2);

/// A sound's file.
pub fn file(sound: SoundName) -> &'static [u8] {
    match sound {
        SoundName::Chime => include_bytes!("../../sounds/chime.ogg"),
        SoundName::Knock => include_bytes!("../../sounds/knock.ogg"),
        SoundName::Bloom => include_bytes!("../../sounds/bloom.ogg"),
        SoundName::Alarm => include_bytes!("../../sounds/alarm.ogg"),
    }
}

/// A decoded sound.
#[derive(Debug, Clone)]
pub struct Pcm {
    /// Channels, whose samples take turns.
    pub channels: ChannelCount,
    /// Frames a second.
    pub sample_rate: SampleRate,
    /// -1 to 1.
    pub samples: Vec<Sample>,
}

/// Decodes a sound as a whole: a millisecond's work, and none of it is left for the device's own thread.
///
/// # Errors
///
/// When the file is no Ogg Vorbis, which for a bundled one a test rules out.
pub fn decode(sound: SoundName) -> Result<Pcm, DecoderError> {
    let decoder = Decoder::builder()
        .with_data(Cursor::new(file(sound)))
        .with_hint("ogg")
        .build()?;
    Ok(Pcm {
        channels: decoder.channels(),
        sample_rate: decoder.sample_rate(),
        samples: decoder.collect(),
    })
}
