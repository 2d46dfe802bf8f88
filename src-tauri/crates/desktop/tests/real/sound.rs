use std::io::Read;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::session::{Program, Session, spawn, until};

/// A session whose sound server plays into nothing, which can be recorded.
struct Studio {
    session: Session,
    server: Program,
}

impl Studio {
    fn new() -> Self {
        let mut session = Session::new();
        let socket = session.path("pulse.sock").display().to_string();
        // What `default` means to ALSA, also on a machine with other ideas.
        std::fs::write(session.path("home/.asoundrc"), "pcm.!default { type pulse }\n").unwrap();
        let mut command = session.command("pulseaudio");
        command.args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--disable-shm=yes",
        ]);
        command.arg(format!(
            "--load=module-native-protocol-unix auth-anonymous=1 socket={socket}"
        ));
        // Without rewinds an output wakes every 50 ms, as devices do, and not every 2 s.
        command.arg("--load=module-null-sink sink_name=first norewinds=1");
        command.arg("--load=module-null-sink sink_name=second norewinds=1");
        command.arg("--load=module-null-sink sink_name=sleepy");
        let server = session.start(command, "pulseaudio");
        session.set("PULSE_SERVER", format!("unix:{socket}"));
        let studio = Self { session, server };
        until("the outputs are there", || {
            (studio.control(&["list", "short", "sinks"])?.lines().count() == 3).then_some(())
        });
        studio.make_default("first");
        studio
    }

    /// What pactl answers, unless the server is not there yet.
    fn control(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.session.command("pactl");
        command.args(arguments).stdout(Stdio::piped());
        let output = spawn(command, "pulseaudio-utils").wait_with_output().unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn make_default(&self, sink: &str) {
        self.control(&["set-default-sink", sink]).unwrap();
    }

    /// How many sounds have the device open.
    fn open_outputs(&self) -> usize {
        self.control(&["list", "short", "sink-inputs"])
            .unwrap()
            .lines()
            .count()
    }

    /// The output that the one sound goes to.
    fn device_in_use(&self) -> String {
        // Both lists are tables: number, then name or, for a sound, the number of its output.
        let column = |list: &str, wanted: usize| -> Vec<String> {
            let rows = self.control(&["list", "short", list]).unwrap();
            rows.lines()
                .map(|row| row.split('\t').nth(wanted).unwrap().to_owned())
                .collect()
        };
        let device = &column("sink-inputs", 1)[0];
        let at = column("sinks", 0)
            .iter()
            .position(|number| number == device)
            .unwrap();
        column("sinks", 1).swap_remove(at)
    }

    fn wait_until_released(&self) {
        until("the device is released", || {
            (self.open_outputs() == 0).then_some(())
        });
    }

    fn record(&self, sink: &str) -> Recording {
        let mut command = self.session.command("parec");
        command
            .arg(format!("--device={sink}.monitor"))
            .args([
                "--raw",
                "--format=s16le",
                "--rate=48000",
                "--channels=2",
                "--latency-msec=20",
            ])
            .stdout(Stdio::piped());
        let mut child = spawn(command, "pulseaudio-utils");
        let mut pipe = child.stdout.take().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let writing = Arc::clone(&heard);
        thread::spawn(move || {
            let mut frame = [0; 4];
            while pipe.read_exact(&mut frame).is_ok() {
                writing.lock().unwrap().add(frame);
            }
        });
        let recording = Recording {
            heard,
            _program: Program::from(child),
        };
        // A monitor of an idle output gives silence, so frames mean that the recorder is in place.
        until("the recording runs", || (recording.frames() > 0).then_some(()));
        recording
    }
}

#[derive(Default)]
struct Heard {
    frames: u64,
    energy: f64,
    /// Frames since the last that was not silent.
    silence: u64,
}

impl Heard {
    fn add(&mut self, frame: [u8; 4]) {
        let left = f64::from(i16::from_le_bytes([frame[0], frame[1]])) / 32_768.0;
        let right = f64::from(i16::from_le_bytes([frame[2], frame[3]])) / 32_768.0;
        self.frames += 1;
        // Three steps of 16 bits: what rounding leaves of silence.
        if left.abs().max(right.abs()) < 0.0001 {
            self.silence += 1;
        } else {
            self.silence = 0;
            self.energy += left * left + right * right;
        }
    }
}

struct Recording {
    heard: Arc<Mutex<Heard>>,
    _program: Program,
}

impl Recording {
    fn frames(&self) -> u64 {
        self.heard.lock().unwrap().frames
    }

    fn energy(&self) -> f64 {
        self.heard.lock().unwrap().energy
    }

    /// The energy of the sound that is on, once it has been followed by half a second of silence.
    fn take(&self) -> f64 {
        until("the sound has been recorded", || {
            let mut heard = self.heard.lock().unwrap();
            if heard.energy == 0.0 || heard.silence < 24_000 {
                return None;
            }
            Some(std::mem::take(&mut heard.energy))
        })
    }
}

#[test]
fn each_sound_is_heard_and_the_device_released() {
    let studio = Studio::new();
    let recording = studio.record("first");
    let mut probe = studio.session.probe();
    for sound in ["chime", "knock", "bloom", "alarm"] {
        assert_eq!(probe.ask(&format!("play {sound} 100")), "Ok(())", "{sound}");
        assert_eq!(studio.open_outputs(), 1, "{sound}");
        assert!(recording.take() > 1.0, "{sound}");
        studio.wait_until_released();
    }
    probe.finish();
}

#[test]
fn half_the_volume_is_eighteen_decibels_less_and_none_opens_nothing() {
    let studio = Studio::new();
    let recording = studio.record("first");
    let mut probe = studio.session.probe();
    assert_eq!(probe.ask("play bloom 100"), "Ok(())");
    let loud = recording.take();
    studio.wait_until_released();
    assert_eq!(probe.ask("play bloom 50"), "Ok(())");
    let soft = recording.take();
    studio.wait_until_released();
    let less = 10.0 * (loud / soft).log10();
    assert!((17.5..18.7).contains(&less), "{less:.1} dB");

    assert_eq!(probe.ask("play bloom 0"), "Ok(())");
    assert_eq!(studio.open_outputs(), 0);
    assert!(recording.energy() == 0.0);
    probe.finish();
}

#[test]
fn a_new_default_device_is_followed() {
    let studio = Studio::new();
    let mut probe = studio.session.probe();
    for sink in ["first", "second", "first"] {
        studio.make_default(sink);
        let recording = studio.record(sink);
        assert_eq!(probe.ask("play knock 100"), "Ok(())");
        assert_eq!(studio.device_in_use(), sink);
        assert!(recording.take() > 1.0);
        studio.wait_until_released();
    }
    probe.finish();
}

#[test]
fn an_output_that_wakes_slowly_is_waited_for() {
    let studio = Studio::new();
    studio.make_default("sleepy");
    let recording = studio.record("sleepy");
    let mut probe = studio.session.probe();
    for _ in 0..4 {
        assert_eq!(probe.ask("play knock 100"), "Ok(())");
        assert!(recording.take() > 1.0);
        studio.wait_until_released();
    }
    probe.finish();
}

#[test]
fn only_a_more_urgent_sound_cuts_another_off() {
    let studio = Studio::new();
    let mut probe = studio.session.probe();
    assert_eq!(probe.ask("play bloom 100"), "Ok(())");
    assert_eq!(probe.ask("play chime 100"), "Err(Busy)");
    assert_eq!(probe.ask("play bloom 100"), "Err(Busy)");
    assert_eq!(probe.ask("play alarm 100"), "Ok(())");
    assert_eq!(probe.ask("play alarm 100"), "Err(Busy)");
    assert_eq!(probe.ask("play chime 100"), "Err(Busy)");
    until("only the alarm has the device", || {
        (studio.open_outputs() == 1).then_some(())
    });
    studio.wait_until_released();
    assert_eq!(
        until("the player is free", || Some(probe.ask("play chime 100"))
            .filter(|answer| answer != "Err(Busy)")),
        "Ok(())"
    );
    probe.finish();
}

#[test]
fn of_a_burst_one_sound_is_heard() {
    let studio = Studio::new();
    let mut probe = studio.session.probe();
    for _ in 0..100 {
        probe.request("start knock 100");
    }
    let mut answers: Vec<_> = (0..100).map(|_| probe.answer()).collect();
    answers.sort();
    answers.dedup_by(|one, other| one == other && one.contains("Busy"));
    assert_eq!(answers, ["knock Err(Busy)", "knock Ok(())"]);
    studio.wait_until_released();
    probe.finish();
}

#[test]
fn a_sound_server_that_hangs_is_given_up_and_found_again() {
    let studio = Studio::new();
    let mut probe = studio.session.probe();
    studio.server.signal("-STOP");
    let (answer, took) = probe.time("play chime 100");
    assert!(answer.starts_with("Err(Failed("), "{answer}");
    assert!((3..5).contains(&took.as_secs()), "{took:?}");
    // Outputs that hang are not piled up: after the third, the answer comes at once.
    assert!(probe.ask("play chime 100").starts_with("Err(Failed("));
    assert!(probe.ask("play chime 100").starts_with("Err(Failed("));
    let (answer, took) = probe.time("play chime 100");
    assert!(answer.starts_with("Err(Failed("), "{answer}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    studio.server.signal("-CONT");
    until("a sound is played again", || {
        (probe.ask("play chime 100") == "Ok(())").then_some(())
    });
    studio.wait_until_released();
    probe.finish();
}

#[test]
fn a_sound_server_that_dies_amid_a_sound_ends_nothing() {
    let Studio { session, server } = Studio::new();
    let mut probe = session.probe();
    assert_eq!(probe.ask("play bloom 100"), "Ok(())");
    drop(server);
    let answer = until("the player is free", || {
        Some(probe.ask("play chime 100")).filter(|answer| answer != "Err(Busy)")
    });
    assert!(answer.starts_with("Err("), "{answer}");
    probe.finish();
}

#[test]
fn without_a_device_the_answer_says_so() {
    let mut session = Session::new();
    let nothing = session.path("asound.conf");
    std::fs::write(&nothing, "").unwrap();
    session.set("ALSA_CONFIG_PATH", nothing.display().to_string());
    let mut probe = session.probe();
    assert_eq!(probe.ask("play chime 100"), "Err(NoDevice)");
    assert_eq!(probe.ask("play chime 100"), "Err(NoDevice)");
    probe.finish();
}
