//! `gloria tail`: the stream engine alone. Scripts depend on its lines and exit codes.

mod lines;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use clap::Args;
use gloria_core::account::address::Address;
use gloria_core::account::session::CommandSession;
use gloria_core::connection::conditions::HostConditions;
use gloria_core::connection::{self, ClockReading};
use gloria_core::event::refusal;
use gloria_core::event::{self, DecodeContext, Decoded, Event, Undecoded};
use gloria_core::message::{self, Message};
use gloria_core::ports::{Observation, Signals as _};
use gloria_core::protocol::Transport;
use gloria_core::settings::Settings;
use gloria_desktop::SystemSignals;
use gloria_stream::machine::Epoch;
use gloria_stream::{Cause, Command, Delivery, DialError, Frame, Status, StreamHandle, StreamOptions};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use url::Url;

use crate::interruption::{end_anyway, ending};
use crate::output::{Lines, catalogue, failure, print_error};
use crate::session::{CommandTokens, settings};
use crate::{HALTED, NEVER_CONNECTED, NO_TOKEN, USAGE};
use lines::{Code, EventLine, InvalidLine, StateLine, SummaryLine};

/// What a provider and the keyring may take to end a renewal. Somebody waits for the command to end.
const SAVE_TIMEOUT: Duration = Duration::from_secs(4);

/// What the loop waits for.
enum Input {
    Observation(Observation),
    /// The clocks and the network are due for a check.
    CheckDue,
    /// `None` when the stream's task has ended.
    Delivery(Option<Delivery>),
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    url: Option<String>,
    #[arg(long)]
    raw: bool,
    #[arg(long)]
    quiet: bool,
    #[arg(long = "type", value_name = "T")]
    types: Vec<String>,
    #[arg(long, value_name = "N", value_parser = count)]
    count: Option<u64>,
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    #[arg(long)]
    no_prompt: bool,
}

pub(crate) fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        Ok(0) | Err(_) => Err(catalogue().say(&message::cli_number_above_zero())),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| catalogue().say(&message::cli_seconds()))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| catalogue().say(&message::cli_seconds_range()))
}

/// Chunks that may wait to be printed. While they do, nothing more is read from the server.
const DELIVERY_CAPACITY: usize = 16;

/// The stream to follow.
struct Target {
    address: Address,
    url: Url,
    /// Other addresses on the server where the stream may be.
    also: Vec<Url>,
}

impl Target {
    /// Selects the address in the options, or else the one in the settings.
    ///
    /// # Errors
    /// When there is no address, or it is not valid: a usage error, as a message.
    fn select(options: &Options, settings: &Settings) -> Result<Self, Message> {
        let (address, url) = match (&options.url, settings.address.clone()) {
            (Some(text), _) => Address::of_stream(text, settings.allow_plain_http)
                .map_err(|error| message::cli_mistake("--url", error.message()))?,
            (None, Some(address)) => (address, None),
            (None, None) => return Err(message::cli_no_stream()),
        };
        let types: &[String] = if options.url.is_some() {
            &[]
        } else {
            &settings.types
        };
        let (url, also) = match url {
            Some(url) => (url, Vec::new()),
            None => (address.stream(types), address.alternatives(types)),
        };
        Ok(Self { address, url, also })
    }
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = settings()?;
    if !options.raw
        && let Some(unknown) = options.types.iter().find_map(|name| event::unknown_type(name))
    {
        print_error(&message::cli_unknown_type(unknown.message()));
        return Ok(ExitCode::from(USAGE));
    }
    let Target { address, url, also } = match Target::select(&options, &settings) {
        Ok(target) => target,
        Err(problem) => {
            print_error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let transport = if address.is_websocket() {
        Transport::WebSocket
    } else {
        Transport::Sse
    };
    let (may_prompt, optional) = (!options.no_prompt, options.url.is_some());
    let http = crate::session::http(&settings, may_prompt).await?;
    let network = http.network.clone();
    let tokens = match CommandTokens::new(&address, &settings, http, may_prompt, optional)? {
        Ok(tokens) => tokens,
        Err(error) => {
            print_error(&message::cli_mistake("GLORIA_TOKEN", error.message()));
            return Ok(ExitCode::from(USAGE));
        }
    };
    end_anyway(options.duration).map_err(|error| failure(&message::cli_no_thread(error.to_string())))?;
    let (sender, deliveries) = mpsc::channel(DELIVERY_CAPACITY);
    let user_agent = crate::session::USER_AGENT;
    let session = tokens.session().cloned();
    let stream_options = StreamOptions {
        timing: settings.timing(),
        network,
        also,
        ..StreamOptions::new(url, user_agent, seed())
    };
    let stream = StreamHandle::spawn(stream_options, Arc::new(tokens), sender);
    stream.send(Command::Start { cursor: None });
    Tail {
        options,
        transport,
        stream,
        session,
        reached: Reached::Nothing,
        lines: Lines::new(),
        events: 0,
        last_event_id: Arc::from(""),
        began: Instant::now(),
        conditions: HostConditions::new(Instant::now(), now()),
    }
    .follow(deliveries)
    .await
}

/// Returns a seed for jitter: it has to differ between machines and starts, but need not be secret.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// How far the command got.
enum Reached {
    /// No stream was opened.
    Nothing,
    /// No token was available.
    NoToken,
    /// A stream was open.
    Stream,
}

struct Tail {
    options: Options,
    transport: Transport,
    stream: StreamHandle,
    session: Option<CommandSession>,
    reached: Reached,
    lines: Lines,
    events: u64,
    last_event_id: Arc<str>,
    began: Instant,
    conditions: HostConditions,
}

fn decode(frame: &Frame) -> Result<Decoded, Undecoded> {
    event::decode(frame, &DecodeContext::default())
}

fn now() -> ClockReading {
    ClockReading {
        wall: SystemTime::now(),
        monotonic: Instant::now(),
    }
}

impl Tail {
    async fn follow(mut self, mut deliveries: mpsc::Receiver<Delivery>) -> anyhow::Result<ExitCode> {
        let mut observations = SystemSignals::default().watch();
        let limit = self.options.duration;
        let over = async move {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(over);
        let ending = ending();
        tokio::pin!(ending);
        let mut busy_since = Instant::now();
        let code = loop {
            // A slow reader of the output must not look like sleep of the computer.
            self.conditions.on_busy(busy_since.elapsed());
            let input = tokio::select! {
                biased;
                () = &mut ending => break ExitCode::SUCCESS,
                () = &mut over => break match self.reached {
                    Reached::Nothing => ExitCode::from(NEVER_CONNECTED),
                    Reached::NoToken => ExitCode::from(NO_TOKEN),
                    Reached::Stream => ExitCode::SUCCESS,
                },
                Some(observation) = observations.recv() => Input::Observation(observation),
                () = sleep_until(self.conditions.deadline().into()) => Input::CheckDue,
                delivery = deliveries.recv() => Input::Delivery(delivery),
            };
            busy_since = Instant::now();
            match input {
                Input::Observation(observation) => {
                    if let Some(command) = self.conditions.observe(Instant::now(), now(), &observation) {
                        self.stream.send(command);
                    }
                }
                Input::CheckDue => {
                    for command in self.conditions.poll(Instant::now(), now()) {
                        self.stream.send(command);
                    }
                }
                Input::Delivery(Some(delivery)) => {
                    if let Some(code) = self.handle_delivery(delivery)? {
                        break code;
                    }
                }
                Input::Delivery(None) => return Err(failure(&message::cli_stream_broke())),
            }
        };
        if let Some(session) = &self.session {
            if let Some(why) = session.ended() {
                print_error(&why);
            }
            // A refresh token that is on its way is used up, and the next one is in the answer.
            if timeout(SAVE_TIMEOUT, session.until_saved()).await.is_err() {
                tracing::warn!("the sign-in may have ended, because its renewal took too long");
            }
        }
        if self.options.quiet {
            let (bytes, _) = self.stream.totals();
            self.lines.write(&SummaryLine {
                kind: "summary",
                events: self.events,
                bytes,
                seconds: self.began.elapsed().as_secs_f64(),
                last_event_id: &self.last_event_id,
            })?;
        }
        self.lines.flush()?;
        Ok(code)
    }

    fn handle_delivery(&mut self, delivery: Delivery) -> anyhow::Result<Option<ExitCode>> {
        let code = match delivery {
            Delivery::Frames(frames) => self.handle_frames(frames.epoch, &frames)?,
            Delivery::Status(status) => self.handle_status(&status)?,
            Delivery::Skipped { id, bytes } => {
                self.write_invalid("", &id, &message::cli_skipped(bytes))?;
                None
            }
            Delivery::PositionLost { id } => {
                self.write_invalid("", &id, &message::cli_position_lost())?;
                None
            }
        };
        self.lines.flush().context("stdout")?;
        Ok(code)
    }

    fn handle_frames(&mut self, epoch: Epoch, frames: &[Frame]) -> anyhow::Result<Option<ExitCode>> {
        for frame in frames {
            let decoded = decode(frame);
            let event_type = decoded
                .as_ref()
                .map_or(&*frame.event, |decoded| decoded.event_type);
            if let Ok(Decoded { event, .. }) = &decoded {
                if let Some(answer) = refusal::response_of(event) {
                    self.stream.send(Command::StreamReport(epoch, answer));
                }
                if let Event::ConnectionEstablished(greeting) = event
                    && let Some(heartbeat) = greeting.heartbeat
                {
                    self.stream.send(Command::Heartbeat(heartbeat));
                }
            }
            let wanted = &self.options.types;
            if !wanted.is_empty()
                && !wanted
                    .iter()
                    .any(|wanted| *wanted == *frame.event || wanted == event_type)
            {
                continue;
            }
            let counts = if self.options.raw {
                self.print_raw(frame)?
            } else {
                self.print_decoded(frame, decoded)?
            };
            if counts {
                self.events += 1;
                self.last_event_id = Arc::clone(&frame.id);
                if self.options.count.is_some_and(|count| self.events >= count) {
                    return Ok(Some(ExitCode::SUCCESS));
                }
            }
        }
        Ok(None)
    }

    fn print_raw(&mut self, frame: &Frame) -> anyhow::Result<bool> {
        if !self.options.quiet {
            let data = frame.data.as_str();
            self.lines.write(&EventLine {
                kind: "event",
                event: &frame.event,
                id: &frame.id,
                data,
                left_out: Vec::new(),
            })?;
        }
        Ok(true)
    }

    fn print_decoded(&mut self, frame: &Frame, decoded: Result<Decoded, Undecoded>) -> anyhow::Result<bool> {
        match decoded {
            Ok(decoded) if decoded.event == Event::Heartbeat => Ok(false),
            Ok(decoded) => {
                if !self.options.quiet {
                    // Not the raw text, because JSON may contain line breaks, and a line is one object.
                    self.lines.write(&EventLine {
                        kind: "event",
                        event: decoded.event_type,
                        id: &frame.id,
                        data: event::data(frame),
                        left_out: decoded.left_out.iter().map(|left| left.field).collect(),
                    })?;
                }
                Ok(true)
            }
            Err(error) => {
                if !self.options.quiet {
                    self.write_invalid(&frame.event, &frame.id, &error.error.message())?;
                }
                Ok(false)
            }
        }
    }

    fn write_invalid(&mut self, event: &str, id: &str, problem: &Message) -> anyhow::Result<()> {
        let error = catalogue().say(problem);
        self.lines.write(&InvalidLine {
            kind: "invalid",
            event,
            id,
            error: &error,
            code: Code::of(problem),
        })?;
        Ok(())
    }

    fn handle_status(&mut self, status: &Status) -> anyhow::Result<Option<ExitCode>> {
        let no_token = is_without_token(status);
        match status {
            Status::Connected { .. } => self.reached = Reached::Stream,
            Status::Waiting { .. } | Status::CircuitOpen { .. } => {
                if !matches!(self.reached, Reached::Stream) {
                    self.reached = if no_token {
                        Reached::NoToken
                    } else {
                        Reached::Nothing
                    };
                }
            }
            Status::Idle(_) | Status::Connecting { .. } | Status::Halted { .. } => {}
        }
        let reason = self.reason(status);
        self.lines.write(&state_line(status, reason.as_ref()))?;
        Ok(match status {
            Status::Halted { .. } => Some(ExitCode::from(HALTED)),
            Status::Waiting { .. } | Status::CircuitOpen { .. } => {
                (no_token && self.options.no_prompt).then(|| ExitCode::from(NO_TOKEN))
            }
            Status::Idle(_) | Status::Connecting { .. } | Status::Connected { .. } => None,
        })
    }

    /// Returns why there is no connection, if the status contains it.
    fn reason(&self, status: &Status) -> Option<Reason> {
        match status {
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => Some(Reason {
                words: catalogue().say(&connection::advised(cause, self.transport)),
                message: connection::cause(cause),
            }),
            Status::Halted { reason, .. } => {
                let message = connection::halted(*reason);
                Some(Reason {
                    words: catalogue().say(&message),
                    message,
                })
            }
            Status::Idle(_) | Status::Connecting { .. } | Status::Connected { .. } => None,
        }
    }
}

/// Why there is no connection: for users, with advice, and for programs.
struct Reason {
    words: String,
    message: Message,
}

/// Whether the attempt failed because there is no token.
fn is_without_token(status: &Status) -> bool {
    matches!(
        status,
        Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. }
            if matches!(cause, Cause::Dial(DialError::Credential(_)))
    )
}

fn state_line<'a>(status: &Status, reason: Option<&'a Reason>) -> StateLine<'a> {
    let (state, attempt, until) = match status {
        Status::Idle(_) => ("idle", None, None),
        Status::Connecting { attempt } => ("connecting", Some(*attempt), None),
        Status::Connected { .. } => ("connected", None, None),
        Status::Waiting { attempt, until, .. } => ("waiting", Some(*attempt), Some(*until)),
        Status::CircuitOpen { attempt, until, .. } => ("circuit_open", Some(*attempt), Some(*until)),
        Status::Halted { .. } => ("halted", None, None),
    };
    StateLine {
        kind: "state",
        state,
        attempt,
        retry_in_ms: until.map(millis_until),
        reason: reason.map(|reason| reason.words.as_str()),
        code: reason.map(|reason| Code::of(&reason.message)),
    }
}

/// Returns the milliseconds until then; 0 if that has passed.
fn millis_until(then: Instant) -> u64 {
    u64::try_from(then.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX)
}
