//! The bundled sounds, and a player that uses the sound device only while it plays.
//!
//! An output that stays open is bound to the device at that time (unplugged headphones mean silence) and uses CPU time
//! in silence, so each sound opens its own. Opening can hang in the sound server: it happens on a thread that can be
//! abandoned, and one loop watches the time.

pub mod bundled;
mod output;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::time::{Duration, Instant};
use std::{io, thread};

use futures_util::future::{BoxFuture, ready};
use gloria_core::doctor::Probed;
use gloria_core::item::SoundName;
use gloria_core::message;
use gloria_core::ports::{PanicReports, SoundError, Sounds, send_reply};
use tokio::sync::oneshot;
use tokio::time::timeout;

use output::Progress;

/// A sound server that is started by its first client takes about a second. A sound much later than its notification
/// would be useless.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);

/// How much longer than its duration a sound may take before its output counts as hanging: enough for the device's
/// buffer and for a busy computer.
const PLAY_GRACE: Duration = Duration::from_secs(2);

/// Outputs that may exist at once: one that plays, one that is being closed for it, and one that hangs.
const MAX_OUTPUTS: usize = 3;

/// Requests wait only while the loop processes the previous one, so a full channel means a flood, and is answered as
/// [`SoundError::Busy`].
const INPUT_CAPACITY: usize = 16;

type Answer = oneshot::Sender<Result<(), SoundError>>;

enum Input {
    Play {
        sound: SoundName,
        volume: u8,
        answer: Answer,
    },
    Begun {
        output: u64,
        outcome: Result<(), SoundError>,
    },
    Closed {
        output: u64,
    },
    Quit,
}

/// Plays the bundled sounds, one at a time. A more urgent one interrupts the present one; any other is refused as
/// [`SoundError::Busy`], so that no queue of sounds plays long after its cause.
#[derive(Debug)]
pub struct SoundPlayer {
    inputs: SyncSender<Input>,
}

impl SoundPlayer {
    /// Starts the player's thread. No device is opened before the first sound.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn new() -> io::Result<Self> {
        Self::reporting(&PanicReports::channel().0)
    }

    /// Like [`SoundPlayer::new`], and reports a panic of the thread.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn reporting(panics: &PanicReports) -> io::Result<Self> {
        let (inputs, receiver) = mpsc::sync_channel(INPUT_CAPACITY);
        let (own, guard) = (inputs.clone(), panics.guard("sounds"));
        thread::Builder::new().name("sounds".to_owned()).spawn(move || {
            let _guard = guard;
            Loop::new(own).run(&receiver);
        })?;
        Ok(Self { inputs })
    }
}

/// Opens the default device and closes it again. One that hangs keeps its thread until the program ends.
pub(crate) async fn survey() -> Probed<Result<(), SoundError>> {
    let (sender, opened) = oneshot::channel();
    let spawned = thread::Builder::new()
        .name("sound-device".to_owned())
        .spawn(move || send_reply(sender, output::try_device()));
    if let Err(error) = spawned {
        return Probed::Seen(Err(SoundError::Failed(error.to_string().into())));
    }
    match timeout(OPEN_TIMEOUT, opened).await {
        Ok(Ok(outcome)) => Probed::Seen(outcome),
        Ok(Err(_)) => Probed::Seen(Err(SoundError::Failed(message::sound_ended().into()))),
        Err(_) => Probed::Hangs(OPEN_TIMEOUT),
    }
}

impl Drop for SoundPlayer {
    fn drop(&mut self) {
        // The loop owns a sender for its outputs, so the channel never closes by itself.
        let _ = self.inputs.send(Input::Quit);
    }
}

impl Sounds for SoundPlayer {
    /// At volume 0 no device is opened.
    fn play(&self, sound: SoundName, volume: u8) -> BoxFuture<'static, Result<(), SoundError>> {
        if volume == 0 {
            return Box::pin(ready(Ok(())));
        }
        let (answer, answered) = oneshot::channel();
        let gone = || SoundError::Failed(message::sound_ended().into());
        match self.inputs.try_send(Input::Play {
            sound,
            volume,
            answer,
        }) {
            Ok(()) => Box::pin(async move { answered.await.unwrap_or_else(|_| Err(gone())) }),
            Err(TrySendError::Full(_)) => Box::pin(ready(Err(SoundError::Busy))),
            Err(TrySendError::Disconnected(_)) => Box::pin(ready(Err(gone()))),
        }
    }
}

/// The sound that is being opened or played.
struct Current {
    output: u64,
    sound: SoundName,
    progress: Sender<Progress>,
    /// Taken when the sound starts or fails.
    answer: Option<Answer>,
    deadline: Instant,
}

struct Loop {
    inputs: SyncSender<Input>,
    current: Option<Current>,
    /// Outputs whose threads have not ended, including the current one.
    open: usize,
    last_output: u64,
}

impl Loop {
    fn new(inputs: SyncSender<Input>) -> Self {
        Self {
            inputs,
            current: None,
            open: 0,
            last_output: 0,
        }
    }

    fn run(mut self, receiver: &Receiver<Input>) {
        loop {
            let input = match &self.current {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(current) => {
                    receiver.recv_timeout(current.deadline.saturating_duration_since(Instant::now()))
                }
            };
            match input {
                Ok(Input::Play {
                    sound,
                    volume,
                    answer,
                }) => self.play(sound, volume, answer),
                Ok(Input::Begun { output, outcome }) => self.on_started(output, outcome),
                Ok(Input::Closed { output }) => self.on_closed(output),
                Err(RecvTimeoutError::Timeout) => self.on_overdue(),
                Ok(Input::Quit) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn play(&mut self, sound: SoundName, volume: u8, answer: Answer) {
        if let Some(current) = &self.current
            && urgency(sound) <= urgency(current.sound)
        {
            return reply(Some(answer), Err(SoundError::Busy));
        }
        if self.open >= MAX_OUTPUTS {
            return reply(Some(answer), Err(unresponsive()));
        }
        self.end_current(Err(SoundError::Busy));
        self.last_output += 1;
        let output = self.last_output;
        let (progress, watched) = mpsc::channel();
        let (inputs, reporting) = (self.inputs.clone(), progress.clone());
        let work = move || {
            let closing = Closing { output, inputs };
            let begun = |outcome| {
                let _ = closing.inputs.send(Input::Begun { output, outcome });
            };
            output::play(sound, volume, &reporting, &watched, begun);
        };
        let spawned = thread::Builder::new().name("sound".to_owned()).spawn(work);
        match spawned {
            Ok(_) => {
                self.open += 1;
                self.current = Some(Current {
                    output,
                    sound,
                    progress,
                    answer: Some(answer),
                    deadline: Instant::now() + OPEN_TIMEOUT,
                });
            }
            Err(error) => reply(Some(answer), Err(SoundError::Failed(error.to_string().into()))),
        }
    }

    fn on_started(&mut self, output: u64, outcome: Result<(), SoundError>) {
        let Some(current) = self.current.as_mut().filter(|current| current.output == output) else {
            return;
        };
        if outcome.is_err() {
            return self.end_current(outcome);
        }
        current.deadline = Instant::now() + bundled::MAX_DURATION + PLAY_GRACE;
        reply(current.answer.take(), outcome);
    }

    fn on_closed(&mut self, output: u64) {
        self.open -= 1;
        if self
            .current
            .as_ref()
            .is_some_and(|current| current.output == output)
        {
            self.end_current(Err(SoundError::Failed(message::sound_closed().into())));
        }
    }

    fn on_overdue(&mut self) {
        tracing::warn!("a sound was given up: its output does not answer");
        self.end_current(Err(unresponsive()));
    }

    /// Abandons the current sound, whose thread ends when it can.
    fn end_current(&mut self, outcome: Result<(), SoundError>) {
        if let Some(mut current) = self.current.take() {
            let _ = current.progress.send(Progress::Stop);
            reply(current.answer.take(), outcome);
        }
    }
}

/// Informs the loop when an output's thread ends, even by a panic inside a sound library.
struct Closing {
    output: u64,
    inputs: SyncSender<Input>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Closed { output: self.output });
    }
}

fn reply(answer: Option<Answer>, outcome: Result<(), SoundError>) {
    if let Some(answer) = answer {
        send_reply(answer, outcome);
    }
}

fn unresponsive() -> SoundError {
    SoundError::Failed(message::sound_hangs().into())
}

fn urgency(sound: SoundName) -> u8 {
    u8::from(sound == SoundName::Alarm)
}
