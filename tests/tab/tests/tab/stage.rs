//! A server that plays one script to one client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::record::Asked;
use crate::script::{Answer, End, Framing, Part, Script};

/// Enough for a client to read what came so far.
const GAP: Duration = Duration::from_millis(5);

/// Beyond the patience of clients that take a head for a matter of seconds.
const LATE: Duration = Duration::from_secs(17);

/// How long an event is waited for before the server goes on and says so. Much longer than showing one takes on a busy
/// machine.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(15);

/// What lets a page of another origin read an answer.
const CORS: &str = "Access-Control-Allow-Origin: *\r\n";

const STOP: &str = "HTTP/1.1 204 No Content\r\n{cors}Connection: close\r\n\r\n";

pub(crate) struct Stage {
    shared: Arc<Shared>,
    shown: watch::Sender<Vec<String>>,
    // Dropping it closes the server.
    _listening: JoinSet<()>,
}

struct Shared {
    script: Arc<Script>,
    here: String,
    elsewhere: String,
    log: Mutex<Log>,
    shown: watch::Receiver<Vec<String>>,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    awaited: Vec<String>,
}

impl Stage {
    /// A server on two free ports, so that one can send a client to the other.
    pub(crate) async fn open(script: Arc<Script>) -> Self {
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let (shown, seen) = watch::channel(Vec::new());
        let shared = Arc::new(Shared {
            here: origin(&here),
            elsewhere: origin(&elsewhere),
            script,
            log: Mutex::default(),
            shown: seen,
        });
        let mut listening = JoinSet::new();
        for listener in [here, elsewhere] {
            listening.spawn(accept(listener, Arc::clone(&shared)));
        }
        Self {
            shared,
            shown,
            _listening: listening,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.shared.here, self.shared.script.path)
    }

    /// The client has shown an event with this data.
    pub(crate) fn show(&self, data: &str) {
        self.shown.send_modify(|shown| shown.push(data.to_owned()));
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().asked.clone()
    }

    /// Data that was waited for in vain so far.
    pub(crate) fn awaited(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().awaited.clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut serving = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        serving.spawn(serve(socket, Arc::clone(&shared)));
        while serving.try_join_next().is_some() {}
    }
}

/// Answers requests until the connection ends. A client that goes away ends it, too.
async fn serve(mut socket: TcpStream, shared: Arc<Shared>) {
    while let Some(head) = read_head(&mut socket).await {
        let number = {
            let mut log = shared.log.lock().unwrap();
            let number = log.asked.len();
            let before = &shared.script.answers[..number.min(shared.script.answers.len())];
            // Those that led from the first address to this one.
            let led = before
                .iter()
                .rev()
                .take_while(|answer| answer.is_redirect())
                .count();
            let comparable = !before[..before.len() - led].iter().any(Answer::is_redirect);
            log.asked.push(asked(&head, comparable));
            number
        };
        let Some(answer) = shared.script.answers.get(number) else {
            let _ = socket.write_all(shared.fill(STOP, 0).as_bytes()).await;
            return;
        };
        if shared.play(&mut socket, answer).await.is_err() {
            return;
        }
        match answer.end {
            End::Keep => {}
            End::Close | End::Cut => return,
            End::Reset => {
                socket.set_zero_linger().unwrap();
                return;
            }
        }
    }
}

impl Shared {
    fn fill(&self, head: &str, length: usize) -> String {
        head.replace("{cors}", CORS)
            .replace("{here}", &self.here)
            .replace("{elsewhere}", &self.elsewhere)
            .replace("{elsewhere-host}", self.elsewhere.trim_start_matches("http://"))
            .replace("{length}", &length.to_string())
    }

    async fn play(&self, socket: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
        let lengths = answer.parts.iter().map(|part| match part {
            Part::Send(bytes) | Part::Raw(bytes) => bytes.len(),
            Part::Gap | Part::Late | Part::Until(_) => 0,
        });
        let length: usize = lengths.sum();
        // A body that is cut is shorter than it was said to be.
        let length = length + usize::from(answer.end == End::Cut);
        if answer
            .parts
            .first()
            .is_some_and(|part| matches!(part, Part::Late))
        {
            sleep(LATE).await;
        }
        socket
            .write_all(self.fill(&answer.head, length).as_bytes())
            .await?;
        for (place, part) in answer.parts.iter().enumerate() {
            match part {
                Part::Send(bytes) if answer.framing == Framing::Chunked => {
                    if !bytes.is_empty() {
                        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                        chunk.extend_from_slice(bytes);
                        chunk.extend_from_slice(b"\r\n");
                        socket.write_all(&chunk).await?;
                    }
                }
                Part::Send(bytes) | Part::Raw(bytes) => socket.write_all(bytes).await?,
                Part::Gap => sleep(GAP).await,
                Part::Late if place > 0 => sleep(LATE).await,
                Part::Late => {}
                Part::Until(data) => self.until(data).await,
            }
        }
        if answer.framing == Framing::Chunked && matches!(answer.end, End::Close | End::Keep) {
            socket.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn until(&self, data: &str) {
        let mut shown = self.shown.clone();
        let is_shown = shown.wait_for(|shown| shown.iter().any(|shown| shown == data));
        if timeout(SHOWN_TIMEOUT, is_shown).await.is_err() {
            self.log.lock().unwrap().awaited.push(data.to_owned());
        }
    }
}

/// The next request's head; none when the client has gone.
async fn read_head(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    Some(head)
}

fn asked(head: &[u8], comparable: bool) -> Asked {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let target = first.split(' ').nth(1).unwrap_or_default();
    let last_event_id = lines.find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon]
            .eq_ignore_ascii_case(b"last-event-id")
            .then(|| line[colon + 1..].trim_ascii().to_vec())
    });
    Asked {
        path: comparable.then(|| without_cursor(target)),
        last_event_id: last_event_id.unwrap_or_default(),
    }
}

/// The query repeats the header for servers behind proxies that drop it.
fn without_cursor(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let kept: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.starts_with("lastEventId="))
        .collect();
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}
