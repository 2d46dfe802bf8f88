//! The role of the window: a [`Link`] over the socket. There is at most one, and the app never waits for it.

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{BoxStream, FuturesUnordered, StreamExt as _};
use gloria_core::alerts::presence::WindowPresence;
use gloria_core::protocol::{CommandError, EventType};
use gloria_core::{EventTypes, Link, LinkState};
use gloria_ipc::lines::{LineError, LineReader, write_line};
use gloria_ipc::protocol::{
    ATTACH, AnswerLine, LISTEN, MAX_REQUEST_BYTES, Presence, Raise, ToWindow, WINDOW_PRESENCE, WindowLine,
};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};

use super::place::{Occupied, OpenCall, WindowPlace, Wish};
use super::protocol::Refusal;
use super::request::{outcome_of, parsed};
use super::state::{Server, refuse};

/// How long a window may leave its socket full. It reads even while its page does not, so one that does not read hangs.
/// Meanwhile the core keeps a bounded number of updates and events.
pub(super) const WINDOW_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Unfinished requests of a window. A page sends a few at once; further ones are read when there is room.
const MAX_CALLS: usize = 32;

/// Serves a window until its connection or the core ends, or the window hangs.
pub(super) async fn serve<C>(
    lines: &mut LineReader<ReadHalf<C>>,
    writer: &mut WriteHalf<C>,
    server: &Server,
    mut occupied: Occupied,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
{
    lines.set_max_bytes(MAX_REQUEST_BYTES);
    let ending = Arc::clone(&occupied.ending);
    let served = {
        let run = Window::new(&server.core, occupied.place.clone()).run(lines, writer, &mut occupied.wishes);
        tokio::select! {
            biased;
            () = ending.notified() => Ok(()),
            served = run => served,
        }
    };
    // A window that is gone must not suppress notifications. This happens before another window can connect, whose
    // report it would overwrite. It fails only if the core has ended.
    let _ = Link::window_presence(&server.core, None).await;
    drop(occupied);
    match served {
        Ok(()) => Ok(()),
        Err(End::Io(error)) => Err(error),
        Err(End::Refused(refusal)) => refuse(lines, writer, server, refusal).await,
    }
}

/// Why the connection is ended by the app.
enum End {
    Io(io::Error),
    Refused(Refusal),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The state of a window's connection.
struct Window<'a> {
    link: &'a dyn Link,
    place: WindowPlace,
    calls: FuturesUnordered<BoxFuture<'a, Answered>>,
    /// Updates for the newest attachment.
    updates: Option<BoxStream<'static, Value>>,
    types: watch::Sender<EventTypes>,
    events: BoxStream<'static, Value>,
    /// Requests to come to the front that are not confirmed yet, by number.
    raising: VecDeque<(u64, oneshot::Sender<()>)>,
    raised: u64,
}

/// The answer to a request, and the updates that follow an attachment.
struct Answered {
    line: AnswerLine,
    updates: Option<BoxStream<'static, Value>>,
    open: Option<OpenCall>,
}

/// What the loop waits for.
enum Input {
    Line(Result<Vec<u8>, LineError>),
    Answered(Answered),
    Update(Option<Value>),
    Event(Option<Value>),
    Wish(Option<Wish>),
}

impl<'a> Window<'a> {
    fn new(link: &'a dyn Link, place: WindowPlace) -> Self {
        let (types, chosen) = watch::channel(EventTypes::default());
        Self {
            link,
            place,
            calls: FuturesUnordered::new(),
            updates: None,
            types,
            events: link.listen(chosen),
            raising: VecDeque::new(),
            raised: 0,
        }
    }

    async fn run(
        mut self,
        lines: &mut LineReader<impl AsyncRead + Unpin>,
        writer: &mut (impl AsyncWrite + Unpin),
        wishes: &mut mpsc::Receiver<Wish>,
    ) -> Result<(), End> {
        loop {
            // Until the answer is written.
            let mut answered = None;
            let input = tokio::select! {
                wish = wishes.recv() => Input::Wish(wish),
                line = lines.next(), if self.calls.len() < MAX_CALLS => Input::Line(line),
                Some(answered) = self.calls.next() => Input::Answered(answered),
                update = next_of(&mut self.updates) => Input::Update(update),
                event = self.events.next() => Input::Event(event),
            };
            let line = match input {
                Input::Line(Ok(line)) => {
                    self.on_line(&line).map_err(End::Refused)?;
                    continue;
                }
                Input::Line(Err(LineError::Ended)) => return Ok(()),
                Input::Line(Err(LineError::TooLong)) => return Err(End::Refused(Refusal::TooLong)),
                Input::Line(Err(LineError::Io(error))) => return Err(error.into()),
                Input::Answered(Answered { line, updates, open }) => {
                    answered = open;
                    // They follow the answer, and replace those of an earlier attachment.
                    self.updates = updates.or(self.updates.take());
                    ToWindow::Answer(line)
                }
                Input::Update(Some(update)) => ToWindow::Update(update),
                Input::Event(Some(event)) => ToWindow::Event(event),
                // The core has ended, which it does only when somebody quits or the app begins anew.
                Input::Update(None) | Input::Event(None) | Input::Wish(None) if self.place.window_stays() => {
                    return Ok(());
                }
                Input::Update(None) | Input::Event(None) | Input::Wish(None) => {
                    return Ok(write_line(writer, &ToWindow::Quit, WINDOW_WRITE_TIMEOUT).await?);
                }
                Input::Wish(Some(wish)) => {
                    self.raised += 1;
                    self.raising.push_back((self.raised, wish.done));
                    ToWindow::Raise(Raise {
                        number: self.raised,
                        activation_token: wish.activation_token,
                    })
                }
            };
            write_line(writer, &line, WINDOW_WRITE_TIMEOUT).await?;
            drop(answered);
        }
    }

    fn on_line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        match serde_json::from_slice(line) {
            Ok(WindowLine::Request { id, call, request }) => self.begin(id, call, request),
            Ok(WindowLine::Raised { raised }) => {
                while let Some((_, done)) = self.raising.pop_front_if(|(number, _)| *number <= raised) {
                    // The receiver may have timed out.
                    let _ = done.send(());
                }
            }
            Err(_) => return Err(Refusal::NotUnderstood),
        }
        Ok(())
    }

    fn begin(&mut self, id: u64, call: String, request: Value) {
        let link = self.link;
        let answered = move |result, updates| Answered {
            line: AnswerLine {
                id,
                outcome: outcome_of(result),
            },
            updates,
            open: None,
        };
        let open = self.place.begin_request();
        let call = match &*call {
            ATTACH => async move {
                match link.attach().await {
                    Ok(LinkState { snapshot, updates }) => answered(Ok(snapshot), Some(updates)),
                    Err(error) => answered(Err(error), None),
                }
            }
            .boxed(),
            LISTEN => {
                // Applied now, so that no event after the answer is missed.
                let result = chosen(request).map(|types| {
                    self.types.send_replace(types);
                    Value::Null
                });
                ready(answered(result, None)).boxed()
            }
            WINDOW_PRESENCE => async move {
                let result = match parsed::<Option<Presence>>(request) {
                    Ok(presence) => link.window_presence(presence.map(presence_of)).await,
                    Err(error) => Err(error),
                };
                answered(result.map(|()| Value::Null), None)
            }
            .boxed(),
            _ => async move { answered(link.call(&call, request).await, None) }.boxed(),
        };
        let counted = call.map(|answered| Answered {
            open: Some(open),
            ..answered
        });
        self.calls.push(counted.boxed());
    }
}

/// The next update; waits forever without an attachment.
async fn next_of(updates: &mut Option<BoxStream<'static, Value>>) -> Option<Value> {
    match updates {
        Some(updates) => updates.next().await,
        None => pending().await,
    }
}

fn chosen(request: Value) -> Result<EventTypes, CommandError> {
    parsed::<Vec<EventType>>(request).map(EventTypes::from_iter)
}

fn presence_of(presence: Presence) -> WindowPresence {
    let Presence {
        focused,
        visible,
        since_input,
    } = presence;
    let since = |since: u64| Instant::now().checked_sub(Duration::from_millis(since));
    WindowPresence {
        focused,
        visible,
        last_input: since_input.and_then(since),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;
    use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex, split};

    use tokio::time::timeout;

    use super::*;

    /// A core that has an update at any time, and never answers what it is asked.
    #[derive(Debug, Default)]
    struct Endless {
        asked: AtomicUsize,
    }

    impl Link for Endless {
        fn attach(&self) -> BoxFuture<'_, Result<LinkState, CommandError>> {
            let state = LinkState {
                snapshot: Value::Null,
                updates: stream::repeat(Value::Bool(true)).boxed(),
            };
            ready(Ok(state)).boxed()
        }

        fn call<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Value, CommandError>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            pending().boxed()
        }

        fn listen(&self, _: watch::Receiver<EventTypes>) -> BoxStream<'static, Value> {
            stream::pending().boxed()
        }

        fn window_presence(&self, _: Option<WindowPresence>) -> BoxFuture<'_, Result<(), CommandError>> {
            ready(Ok(())).boxed()
        }
    }

    async fn served(core: &Endless, app: DuplexStream) -> Result<(), End> {
        let place = WindowPlace::default();
        let mut occupied = place.occupy().expect("free");
        let (reader, mut writer) = split(app);
        let mut lines = LineReader::new(reader, MAX_REQUEST_BYTES);
        Window::new(core, place)
            .run(&mut lines, &mut writer, &mut occupied.wishes)
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_reads_is_dropped_once_its_socket_has_been_full_for_its_time() {
        let (app, mut window) = duplex(4096);
        let attach = b"{\"id\":1,\"call\":\"attach\"}\n";
        window.write_all(attach).await.expect("there is room");
        let began = tokio::time::Instant::now();
        let Err(End::Io(error)) = served(&Endless::default(), app).await else {
            panic!("it was not dropped");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), WINDOW_WRITE_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_asks_without_end_is_read_no_further_than_it_is_answered() {
        let (app, mut window) = duplex(1 << 20);
        for id in 0..1000 {
            let line = format!("{{\"id\":{id},\"call\":\"slow\"}}\n");
            window.write_all(line.as_bytes()).await.expect("there is room");
        }
        let core = Endless::default();
        assert!(
            timeout(Duration::from_secs(3600), served(&core, app))
                .await
                .is_err()
        );
        assert_eq!(core.asked.load(Ordering::Relaxed), MAX_CALLS);
    }
}
