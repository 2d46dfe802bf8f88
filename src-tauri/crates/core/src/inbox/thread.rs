//! The one thread that touches the database.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::{Inbox, InboxError};

type Work = Box<dyn FnOnce(&mut Inbox) + Send>;

/// The way to an [`Inbox`] on its own thread. Work is done in the order it is given.
#[derive(Debug, Clone)]
pub struct InboxThread(mpsc::UnboundedSender<Work>);

impl InboxThread {
    /// Moves the inbox to a thread of its own, which ends with the last handle.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub fn spawn(mut inbox: Inbox) -> std::io::Result<Self> {
        let (work, mut receiver) = mpsc::unbounded_channel::<Work>();
        thread::Builder::new().name("inbox".into()).spawn(move || {
            while let Some(work) = receiver.blocking_recv() {
                work(&mut inbox);
            }
        })?;
        Ok(Self(work))
    }

    /// Does something with the inbox and answers with what came of it.
    ///
    /// # Errors
    ///
    /// What the work answers, or [`InboxError::Closed`] when the thread has ended.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inbox) -> Result<T, InboxError> + Send + 'static,
    ) -> Result<T, InboxError> {
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |inbox| drop(sender.send(work(inbox))));
        self.0.send(work).map_err(|_| InboxError::Closed)?;
        receiver.await.map_err(|_| InboxError::Closed)?
    }

    /// Ends once the thread has ended, which it does by a panic alone while there is a handle: without its inbox the
    /// core would seem to run and store nothing.
    pub async fn ended(&self) {
        self.0.closed().await;
    }
}
