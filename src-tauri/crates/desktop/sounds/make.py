#!/usr/bin/env python3
"""Makes the bundled sounds: synthesises them, sets their loudness, encodes them to Ogg Vorbis.

    ./make.py            writes chime.ogg, knock.ogg and the others beside this file
    ./make.py --wav DIR  writes the WAV files before encoding to DIR

Needs python3 and oggenc (Debian: vorbis-tools). The same versions of both make the same bytes.
"""

import argparse
import math
import random
import struct
import subprocess
import tempfile
import wave
from pathlib import Path

# The rate for which ITU-R BS.1770 prints its filter coefficients.
RATE = 48_000

# The loudest 400 ms, K-weighted. Integrated loudness is defined over blocks that are longer than some of these sounds
# and would let a short one be much louder than a long one. -20 LUFS leaves the peaks of the knock below the ceiling.
TARGET_LUFS = -20.0

# Vorbis may raise a peak a little over what went in; the decoded ceiling is -3 dBTP.
PEAK_DBTP = -3.5

# Seconds of silence before each sound: Vorbis smears a sharp attack a little forwards in time, and what would come
# before the first sample is cut, with a crack.
LEAD = 0.008

SEED = 1_685


def tone(frequency, seconds, partials, attack=0.006, glide=0.0):
    """A struck tone: each partial is (ratio, gain, seconds to fall by 60 dB)."""
    count = int(seconds * RATE)
    out = [0.0] * count
    for ratio, gain, decay in partials:
        phase = 0.0
        fall = 10.0 ** (-3.0 / (decay * RATE))
        level = gain
        for i in range(count):
            bend = 1.0 + glide * math.exp(-i / (0.012 * RATE))
            phase += 2.0 * math.pi * frequency * ratio * bend / RATE
            out[i] += level * math.sin(phase)
            level *= fall
    rise = int(attack * RATE)
    for i in range(min(rise, count)):
        out[i] *= 0.5 - 0.5 * math.cos(math.pi * i / rise)
    return out


def swell(frequency, seconds, partials, attack, release):
    """A held tone with a soft start and end: each partial is (ratio, gain)."""
    count = int(seconds * RATE)
    out = []
    for i in range(count):
        t = i / RATE
        level = min(1.0, t / attack, max(0.0, seconds - t) / release)
        level = 0.5 - 0.5 * math.cos(math.pi * level)
        out.append(level * sum(g * math.sin(2.0 * math.pi * frequency * r * t) for r, g in partials))
    return out


def click(seconds, decay, cutoff):
    """A low-passed puff of noise: the mallet."""
    noise = random.Random(SEED)
    blend = 1.0 - math.exp(-2.0 * math.pi * cutoff / RATE)
    fall = 10.0 ** (-3.0 / (decay * RATE))
    out, low, level = [], 0.0, 1.0
    for _ in range(int(seconds * RATE)):
        low += blend * (noise.uniform(-1.0, 1.0) - low)
        out.append(low * level)
        level *= fall
    return out


def place(seconds, parts):
    """Lays (start in seconds, gain, pan from -1 to 1, samples) into one stereo pair at equal power."""
    count = int((LEAD + seconds) * RATE)
    left, right = [0.0] * count, [0.0] * count
    for start, gain, pan, samples in parts:
        first = int((LEAD + start) * RATE)
        angle = (pan + 1.0) * math.pi / 4.0
        gain_left, gain_right = gain * math.cos(angle), gain * math.sin(angle)
        for i, sample in enumerate(samples[: count - first]):
            left[first + i] += gain_left * sample
            right[first + i] += gain_right * sample
    return left, right


def comb(samples, delay, seconds, damping):
    """A feedback comb whose loop falls by 60 dB in the given time and loses treble on each round."""
    feedback = 10.0 ** (-3.0 * delay / (seconds * RATE))
    line, low, at, out = [0.0] * delay, 0.0, 0, []
    for sample in samples:
        echo = line[at]
        low += (1.0 - damping) * (echo - low)
        line[at] = sample + feedback * low
        at = (at + 1) % delay
        out.append(echo)
    return out


def allpass(samples, delay, gain=0.5):
    line, at, out = [0.0] * delay, 0, []
    for sample in samples:
        held = line[at]
        value = sample - gain * held
        line[at] = value
        at = (at + 1) % delay
        out.append(held + gain * value)
    return out


def room(stereo, wet, seconds):
    """Schroeder's reverberator, a little different for each ear."""
    ears = []
    for ear, dry in enumerate(stereo):
        # Mutually prime delays from 30 to 45 ms; the second ear is 23 samples further, as Freeverb spreads its own.
        tails = [comb(dry, delay + 23 * ear, seconds, 0.35) for delay in (1_433, 1_601, 1_867, 2_053)]
        tail = [sum(column) / 4.0 for column in zip(*tails)]
        for delay in (241, 83):
            tail = allpass(tail, delay + 23 * ear)
        ears.append([d + wet * t for d, t in zip(dry, tail)])
    return ears


def fade_out(stereo, seconds):
    count = int(seconds * RATE)
    for ear in stereo:
        first = len(ear) - count
        for i in range(count):
            ear[first + i] *= 0.5 + 0.5 * math.cos(math.pi * (i + 1) / count)
    return stereo


GLASS = [(1.0, 1.0, 0.95), (2.0, 0.28, 0.6), (3.01, 0.10, 0.35), (4.97, 0.05, 0.18), (0.5, 0.12, 0.6)]
WOOD = [(1.0, 1.0, 0.32), (3.93, 0.22, 0.11), (9.2, 0.05, 0.05), (0.5, 0.2, 0.25)]
WARM = [(1.0, 1.0, 1.2), (2.0, 0.22, 0.8), (3.0, 0.06, 0.4), (4.0, 0.03, 0.25)]
REED = [(1.0, 1.0), (2.0, 0.32), (3.0, 0.20), (4.0, 0.05), (5.0, 0.04)]


def chime():
    """Two soft notes upwards, a fifth apart."""
    parts = [
        (0.0, 0.85, -0.2, tone(783.99, 1.2, GLASS)),
        (0.15, 1.0, 0.2, tone(1174.66, 1.05, GLASS)),
    ]
    return fade_out(room(place(1.2, parts), 0.35, 0.9), 0.35)


def knock():
    """One short, dry note of wood."""
    parts = [
        (0.0, 1.0, 0.0, tone(392.0, 0.5, WOOD, attack=0.002, glide=0.05)),
        (0.0, 0.5, 0.0, click(0.05, 0.03, 2_500.0)),
    ]
    return fade_out(room(place(0.5, parts), 0.18, 0.35), 0.12)


def bloom():
    """A major chord that opens note by note over a breath of its root."""
    notes = [(0.0, 523.25, -0.35), (0.13, 659.26, 0.0), (0.26, 783.99, 0.35)]
    parts = [(start, 0.8, pan, tone(frequency, 1.6 - start, WARM, attack=0.012)) for start, frequency, pan in notes]
    parts.append((0.0, 0.16, 0.0, swell(261.63, 1.5, [(1.0, 1.0), (2.0, 0.3)], 0.3, 1.0)))
    parts.append((0.39, 0.14, 0.1, tone(1567.98, 1.2, GLASS, attack=0.02)))
    return fade_out(room(place(1.6, parts), 0.45, 1.2), 0.5)


def alarm():
    """Two calls of three pulses, the last of each a third higher: insistent, without a siren's edge."""
    parts = []
    for call in (0.0, 0.68):
        for start, frequency, seconds in ((0.0, 880.0, 0.12), (0.15, 880.0, 0.12), (0.30, 1108.73, 0.26)):
            parts.append((call + start, 0.6, 0.0, swell(frequency, seconds, REED, 0.012, 0.06)))
            parts.append((call + start, 0.3, 0.0, tone(frequency, seconds + 0.1, GLASS)))
    return fade_out(room(place(1.5, parts), 0.2, 0.5), 0.2)


# In the order of the list in core/src/item.rs. A new one comes last: the place is part of the others' bytes.
SOUNDS = (chime, knock, bloom, alarm)


def k_weighted(samples):
    """ITU-R BS.1770-4, annex 1: the head's shelf, then the revised low-frequency curve, at 48 kHz."""
    stages = (
        ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
    )
    for (b0, b1, b2), (a1, a2) in stages:
        x1 = x2 = y1 = y2 = 0.0
        out = []
        for x in samples:
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            out.append(y)
        samples = out
    return samples


def loudest_moment(stereo):
    """The greatest loudness in any 400 ms window, in LUFS."""
    weighted = [k_weighted(ear) for ear in stereo]
    power = [sum(sample * sample for sample in column) for column in zip(*weighted)]
    window = int(0.4 * RATE)
    running = best = sum(power[:window])
    for i in range(window, len(power)):
        running += power[i] - power[i - window]
        best = max(best, running)
    return -0.691 + 10.0 * math.log10(best / window)


def true_peak(stereo):
    """The peak between the samples too, at four times the rate, in dBTP."""
    reach = 12
    phases = []
    for phase in (0.25, 0.5, 0.75):
        taps = []
        for k in range(-reach + 1, reach + 1):
            x = phase - k
            taps.append(math.sin(math.pi * x) / (math.pi * x) * (0.5 + 0.5 * math.cos(math.pi * x / reach)))
        phases.append(taps)
    peak = 0.0
    for ear in stereo:
        peak = max(peak, max(abs(sample) for sample in ear))
        # Between two quiet samples nothing can rise above the loud ones; looking only near peaks saves minutes.
        floor = 0.7 * max(abs(sample) for sample in ear)
        for i in range(reach, len(ear) - reach):
            if abs(ear[i]) >= floor:
                around = ear[i - reach + 1 : i + reach + 1]
                peak = max(peak, *(abs(sum(a * b for a, b in zip(taps, around))) for taps in phases))
    return 20.0 * math.log10(peak)


def levelled(stereo):
    gain = 10.0 ** ((TARGET_LUFS - loudest_moment(stereo)) / 20.0)
    return [[gain * sample for sample in ear] for ear in stereo]


def write_wav(path, stereo):
    dither = random.Random(SEED)
    frames = bytearray()
    for pair in zip(*stereo):
        for sample in pair:
            noise = dither.random() - dither.random()
            frames += struct.pack("<h", max(-32_768, min(32_767, round(sample * 32_767.0 + noise))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(frames))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wav", type=Path, help="keep the WAV files in this folder")
    arguments = parser.parse_args()
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.wav or Path(scratch)
        for serial, make in enumerate(SOUNDS, start=1):
            name = make.__name__
            stereo = levelled(make())
            peak = true_peak(stereo)
            if peak > PEAK_DBTP:
                raise SystemExit(
                    f"{name}: {peak:.1f} dBTP at {TARGET_LUFS} LUFS is over {PEAK_DBTP}: soften its attack"
                )
            wav, ogg = folder / f"{name}.wav", here / f"{name}.ogg"
            write_wav(wav, stereo)
            # A fixed serial: oggenc would take a random one, and each run would make other bytes.
            subprocess.run(
                ["oggenc", "--quiet", "--quality", "3", "--serial", str(serial), "--output", ogg, wav], check=True
            )
            seconds = len(stereo[0]) / RATE
            loudness, size = loudest_moment(stereo), ogg.stat().st_size
            print(f"{name}: {seconds:.2f} s, {loudness:.1f} LUFS, {peak:.1f} dBTP, {size} bytes")


if __name__ == "__main__":
    main()
