//! The two threads that use the database: one writes, and one reads concurrently, so that a long query does not delay
//! storing.
//!
//! In WAL mode a reader sees everything that was committed before it began to read, so a query includes all work whose
//! answer the caller waited for. Without WAL (a rollback journal, an inbox in memory) a second connection would wait
//! for the first or see nothing, so the writer reads too.

use std::path::PathBuf;
use std::sync::{Arc, mpsc as blocking};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::search::Searches;
use super::{Inbox, InboxError};
use crate::ports::send_reply;
use crate::protocol::{InboxPage, InboxQuery};

/// Returns the function that sends the answer.
type Work = Box<dyn FnOnce(&mut Inbox) -> Answer + Send>;

type Answer = Box<dyn FnOnce()>;

/// Returns whether the reader's connection is still usable.
type Query = Box<dyn FnOnce(Option<&Inbox>) -> bool + Send>;

/// Messages to the reader thread.
enum ReaderMessage {
    Query(Query),
    /// The inbox is in this file now, or in none that can be read concurrently. The previous file is closed before the
    /// sender is dropped, because Windows cannot rename an open file.
    Source(Option<Source>, blocking::Sender<()>),
}

/// Where the reader finds what the writer writes.
#[derive(Debug, Clone)]
struct Source {
    file: PathBuf,
    server: String,
}

/// A handle to an [`Inbox`] on separate threads. Work is done in the order of the calls.
#[derive(Debug, Clone)]
pub struct InboxThread {
    writer: mpsc::UnboundedSender<Work>,
    reader: mpsc::UnboundedSender<ReaderMessage>,
    searches: Arc<Searches>,
    #[cfg(test)]
    in_place: Option<in_place::InPlace>,
}

impl InboxThread {
    /// Moves the inbox to separate threads, which end when the last handle is dropped.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn spawn(mut inbox: Inbox) -> std::io::Result<Self> {
        #[cfg(test)]
        if in_place::is_on() {
            return Ok(in_place::thread(inbox));
        }
        let (writer, mut work) = mpsc::unbounded_channel::<Work>();
        let (reader, readings) = mpsc::unbounded_channel::<ReaderMessage>();
        let searches = Arc::<Searches>::default();
        let watched = Arc::clone(&searches);
        thread::Builder::new()
            .name("inbox-reader".into())
            .spawn(move || read(readings, &watched))?;
        let sources = reader.downgrade();
        thread::Builder::new().name("inbox".into()).spawn(move || {
            send_source(&inbox, &sources);
            let mut shown = inbox.serial;
            while let Some(next) = work.blocking_recv() {
                let answer = next(&mut inbox);
                // Before the answer is sent, because its receiver may query the reader next.
                if shown != inbox.serial {
                    shown = inbox.serial;
                    send_source(&inbox, &sources);
                }
                answer();
            }
        })?;
        Ok(Self {
            searches,
            ..Self::between(writer, reader)
        })
    }

    fn between(writer: mpsc::UnboundedSender<Work>, reader: mpsc::UnboundedSender<ReaderMessage>) -> Self {
        Self {
            writer,
            reader,
            searches: Arc::default(),
            #[cfg(test)]
            in_place: None,
        }
    }

    /// Returns a handle to no inbox. Storing it in place of another drops that one.
    pub fn closed() -> Self {
        let ((writer, _), (reader, _)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        Self::between(writer, reader)
    }

    /// Runs `work` on the writer's thread and returns its result.
    ///
    /// # Errors
    ///
    /// The error of the work, or [`InboxError::Closed`] when the thread has ended.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inbox) -> Result<T, InboxError> + Send + 'static,
    ) -> Result<T, InboxError> {
        #[cfg(test)]
        if let Some(inbox) = &self.in_place {
            return inbox.call(work).await;
        }
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |inbox| {
            let answer = work(inbox);
            Box::new(move || send_reply(sender, answer))
        });
        self.writer.send(work).map_err(|_| InboxError::Closed)?;
        receiver.await.map_err(|_| InboxError::Closed)?
    }

    /// Runs a query on the reader's thread, so that storing does not wait for it; on the writer's if there is no
    /// reader.
    ///
    /// # Errors
    ///
    /// The error of the query, or [`InboxError::Closed`] when the threads have ended.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&Inbox) -> Result<T, InboxError> + Send + Sync + Clone + 'static,
    ) -> Result<T, InboxError> {
        #[cfg(test)]
        if let Some(inbox) = &self.in_place {
            return inbox.call(move |inbox| query(inbox)).await;
        }
        let (sender, receiver) = oneshot::channel();
        let first = query.clone();
        let reading: Query = Box::new(move |inbox| {
            let answer = inbox.map(first).and_then(Result::ok);
            let is_good = answer.is_some();
            send_reply(sender, answer);
            is_good
        });
        if self.reader.send(ReaderMessage::Query(reading)).is_ok()
            && let Ok(Some(answer)) = receiver.await
        {
            return Ok(answer);
        }
        // If the file is unusable, the writer knows why.
        self.call(move |inbox| query(inbox)).await
    }

    /// Returns a page for a text that is still being typed. A later call ends this one, which then returns `None`: what
    /// it looks for is not wanted any more, and must not delay what is.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub async fn search(&self, query: InboxQuery) -> Result<Option<InboxPage>, InboxError> {
        let (searches, number) = (Arc::clone(&self.searches), self.searches.begin());
        self.read(move |inbox| searches.run(number, || inbox.page(&query)))
            .await
    }

    /// Completes when the writer's thread has ended. While there is a handle, only a panic ends it; if that went
    /// unnoticed, the core would appear to run but store nothing.
    pub async fn ended(&self) {
        self.writer.closed().await;
    }
}

/// Sends the reader the file of the inbox, and waits until it has closed the previous one.
fn send_source(inbox: &Inbox, reader: &mpsc::WeakUnboundedSender<ReaderMessage>) {
    let source = inbox.is_in_wal_file().map(|file| Source {
        file,
        server: inbox.server.clone(),
    });
    let (sender, left) = blocking::channel();
    if let Some(reader) = reader.upgrade()
        && reader.send(ReaderMessage::Source(source, sender)).is_ok()
    {
        // Fails as soon as the reader drops its end, which is the signal.
        let _ = left.recv();
    }
}

fn read(mut readings: mpsc::UnboundedReceiver<ReaderMessage>, searches: &Arc<Searches>) {
    let mut source: Option<Source> = None;
    let mut open: Option<Inbox> = None;
    while let Some(reading) = readings.blocking_recv() {
        match reading {
            ReaderMessage::Source(now, left) => {
                open = None;
                source = now;
                drop(left);
            }
            ReaderMessage::Query(query) => {
                if open.is_none() {
                    open = source.as_ref().and_then(|source| {
                        let mut inbox = Inbox::open_read_only(&source.file, &source.server).ok()?;
                        searches.watch(&mut inbox).ok()?;
                        Some(inbox)
                    });
                }
                if !query(open.as_ref()) {
                    // The next query opens it again.
                    open = None;
                }
            }
        }
    }
}

/// An inbox without threads, for tests that control tokio's time and order: work runs in the caller's task, with an
/// await before and after it at which the caller can be dropped.
#[cfg(test)]
pub(crate) mod in_place {
    use std::cell::Cell;
    use std::sync::{Arc, Mutex, PoisonError};

    use tokio::sync::mpsc;
    use tokio::task::yield_now;

    use super::{Inbox, InboxError, InboxThread, Work};

    thread_local! {
        static IS_ON: Cell<bool> = const { Cell::new(false) };
    }

    /// Applies to inboxes that this thread opens from now on.
    pub(crate) fn switch_on() {
        IS_ON.set(true);
    }

    pub(super) fn is_on() -> bool {
        IS_ON.get()
    }

    #[derive(Debug, Clone)]
    pub(super) struct InPlace {
        inbox: Arc<Mutex<Inbox>>,
        /// Keeps the channel open, as a running thread would.
        _work: Arc<mpsc::UnboundedReceiver<Work>>,
    }

    pub(super) fn thread(inbox: Inbox) -> InboxThread {
        let (writer, work) = mpsc::unbounded_channel();
        InboxThread {
            in_place: Some(InPlace {
                inbox: Arc::new(Mutex::new(inbox)),
                _work: Arc::new(work),
            }),
            ..InboxThread::between(writer, mpsc::unbounded_channel().0)
        }
    }

    impl InPlace {
        pub(super) async fn call<T>(
            &self,
            work: impl FnOnce(&mut Inbox) -> Result<T, InboxError>,
        ) -> Result<T, InboxError> {
            yield_now().await;
            let answer = work(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner));
            yield_now().await;
            answer
        }
    }
}
