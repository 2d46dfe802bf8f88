//! What every bundled sound keeps to, measured on what the player decodes.

use gloria_core::item::SoundName;
use gloria_desktop::sounds::bundled::{MAX_DURATION, Pcm, decode, file};

/// What `sounds/make.py` aims at: the loudest 400 ms, K-weighted.
const TARGET_LUFS: f64 = -20.0;

/// The rate for which ITU-R BS.1770 prints its coefficients.
const RATE: u32 = 48_000;

fn ears(pcm: &Pcm) -> Vec<Vec<f64>> {
    let channels = usize::from(pcm.channels.get());
    (0..channels)
        .map(|ear| {
            let samples = pcm.samples.iter().skip(ear).step_by(channels);
            samples.map(|&sample| f64::from(sample)).collect()
        })
        .collect()
}

fn biquad(samples: &[f64], b: [f64; 3], a: [f64; 2]) -> Vec<f64> {
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    let step = |&x: &f64| {
        let y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        y
    };
    samples.iter().map(step).collect()
}

/// ITU-R BS.1770-4, annex 1.
fn k_weighted(samples: &[f64]) -> Vec<f64> {
    let head = biquad(
        samples,
        [1.53512485958697, -2.69169618940638, 1.19839281085285],
        [-1.69065929318241, 0.73248077421585],
    );
    biquad(&head, [1.0, -2.0, 1.0], [-1.99004745483398, 0.99007225036621])
}

fn loudest_moment(pcm: &Pcm) -> f64 {
    let weighted: Vec<_> = ears(pcm).iter().map(|ear| k_weighted(ear)).collect();
    let power: Vec<f64> = (0..weighted[0].len())
        .map(|at| weighted.iter().map(|ear| ear[at] * ear[at]).sum())
        .collect();
    let window = RATE as usize * 2 / 5;
    let loudest = power
        .windows(window)
        .step_by(48)
        .map(|moment| moment.iter().sum::<f64>())
        .fold(0.0, f64::max);
    -0.691 + 10.0 * (loudest / window as f64).log10()
}

/// The highest value that the samples imply at four times their rate, in dBFS.
fn true_peak(pcm: &Pcm) -> f64 {
    const REACH: i32 = 12;
    let taps = |phase: f64| -> Vec<f64> {
        let tap = |k: i32| {
            let x = phase - f64::from(k);
            let sinc = if x == 0.0 {
                1.0
            } else {
                (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI)
            };
            sinc * (0.5 + 0.5 * (x * std::f64::consts::PI / f64::from(REACH)).cos())
        };
        (1 - REACH..=REACH).map(tap).collect()
    };
    let phases = [taps(0.0), taps(0.25), taps(0.5), taps(0.75)];
    let mut peak: f64 = 0.0;
    for ear in ears(pcm) {
        for around in ear.windows(2 * REACH as usize) {
            for taps in &phases {
                let value: f64 = around.iter().zip(taps).map(|(sample, tap)| sample * tap).sum();
                peak = peak.max(value.abs());
            }
        }
    }
    20.0 * peak.log10()
}

#[test]
fn all_are_equally_loud() {
    for sound in SoundName::ALL.iter().copied() {
        let pcm = decode(sound).unwrap();
        assert_eq!(pcm.sample_rate.get(), RATE, "{sound:?}");
        let loudness = loudest_moment(&pcm);
        assert!(
            (loudness - TARGET_LUFS).abs() <= 1.0,
            "{sound:?}: {loudness:.1} LUFS"
        );
    }
}

#[test]
fn none_clips_on_any_device() {
    for sound in SoundName::ALL.iter().copied() {
        let peak = true_peak(&decode(sound).unwrap());
        assert!(peak <= -3.0, "{sound:?}: {peak:.1} dBTP");
    }
}

#[test]
fn none_is_too_short_to_hear_or_too_long_to_bear() {
    for sound in SoundName::ALL.iter().copied() {
        let pcm = decode(sound).unwrap();
        let frames = pcm.samples.len() / usize::from(pcm.channels.get());
        let seconds = frames as f64 / f64::from(pcm.sample_rate.get());
        assert!((0.4..=1.65).contains(&seconds), "{sound:?}: {seconds:.2} s");
        assert!(seconds < MAX_DURATION.as_secs_f64(), "{sound:?}");
    }
}

#[test]
fn none_begins_or_ends_with_a_crack() {
    for sound in SoundName::ALL.iter().copied() {
        for ear in ears(&decode(sound).unwrap()) {
            // -50 dBFS: below what a sound that starts from nothing has in its first sample, lossy coding included.
            assert!(ear[0].abs() < 0.003, "{sound:?} begins at {}", ear[0]);
            assert!(
                ear[ear.len() - 1].abs() < 0.003,
                "{sound:?} ends at {}",
                ear[ear.len() - 1]
            );
        }
    }
}

#[test]
fn each_is_small_and_its_own() {
    for (at, sound) in SoundName::ALL.iter().enumerate() {
        assert!(file(*sound).len() < 30_000, "{sound:?}");
        for other in &SoundName::ALL[..at] {
            assert_ne!(file(*sound), file(*other), "{sound:?} and {other:?}");
        }
    }
}
