//! What the user has asked to see and no window has shown yet. The next run of the program in this process gets it: a
//! click in the moment of an upgrade must not be lost.
//!
//! It is handed over in a file, because the next run may be of an older version, which would refuse an argument that it
//! does not know, and because every program of the user can read arguments.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use gloria_core::CoreHandle;
use gloria_core::private::{self, Mode};
use gloria_core::protocol::{Revised, Update, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::timeout;

/// How long the core is asked for its state, which takes milliseconds. One that hangs is not waited for longer: the
/// agent is about to end.
const CORE_TIMEOUT: Duration = Duration::from_secs(1);

/// What has been asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Requested {
    item: Option<String>,
    /// A [`View`], as JSON, because another version may have others.
    view: Option<Value>,
    /// A window was asked for and has not come yet.
    window: bool,
}

impl Requested {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what an earlier run of the program has left. A file that cannot be read is nothing.
    pub(crate) fn take(file: &Path) -> Self {
        let read = private::read(file);
        if !matches!(&read, Err(error) if error.kind() == ErrorKind::NotFound)
            && let Err(error) = fs::remove_file(file)
        {
            tracing::warn!(%error, "what was asked for could not be taken over");
            // Otherwise every start would ask for it.
            return Self::default();
        }
        read.ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }

    /// Leaves it to the next run.
    fn leave(&self, file: &Path) -> io::Result<()> {
        if self.is_nothing() {
            return Ok(());
        }
        tracing::info!("the next run is to show what was asked for");
        private::replace(file, &serde_json::to_vec(self)?, Mode::Private)
    }

    /// Asks this run's core for it. Returns whether a window is to be opened.
    pub(crate) async fn ask(self, core: &CoreHandle) -> bool {
        if self.is_nothing() {
            return false;
        }
        tracing::info!("what an earlier run was asked for is shown");
        let view = self
            .view
            .and_then(|view| serde_json::from_value::<View>(view).ok());
        let asked = async {
            if self.item.is_some() {
                core.item_show(self.item).await?;
            }
            match view {
                Some(view) => core.view_show(view).await,
                None => Ok(()),
            }
        };
        if let Err(error) = asked.await {
            tracing::warn!(%error, "what was asked for was not done");
        }
        self.window
    }
}

/// Watches what is asked for until the core has ended: a click may come in the moment before.
#[derive(Debug)]
pub(crate) struct Watch {
    requested: Requested,
    updates: Option<Receiver<Revised>>,
}

impl Watch {
    pub(crate) async fn begin(core: &CoreHandle) -> Self {
        let attached = timeout(CORE_TIMEOUT, core.attach()).await;
        let Ok(Ok(attached)) = attached else {
            return Self {
                requested: Requested::default(),
                updates: None,
            };
        };
        let snapshot = attached.snapshot;
        Self {
            requested: Requested {
                item: snapshot.requested_item,
                view: as_json(snapshot.requested_view),
                window: false,
            },
            updates: Some(attached.updates),
        }
    }

    /// Leaves to the next run what was asked for by now; `window` if a window was as well.
    pub(crate) fn end(mut self, window: bool, file: &Path) {
        while let Some(updates) = &mut self.updates {
            match updates.try_recv().map(|revised| revised.update) {
                Ok(Update::ItemRequested(item)) => self.requested.item = item,
                Ok(Update::ViewRequested(view)) => self.requested.view = as_json(view),
                // Older ones than these.
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        self.requested.window = window;
        if let Err(error) = self.requested.leave(file) {
            tracing::warn!(%error, "what was asked for could not be left to the next run");
        }
    }
}

fn as_json(view: Option<View>) -> Option<Value> {
    view.and_then(|view| serde_json::to_value(view).ok())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use gloria_core::paths::Paths;
    use gloria_core::testing;

    use super::*;

    fn core(home: &Path) -> CoreHandle {
        let setup = testing::setup(Paths::within(home), HashMap::new(), testing::ports());
        gloria_core::start(setup).unwrap().0
    }

    #[tokio::test]
    async fn what_was_asked_for_is_left_up_to_the_last_moment_and_taken_over_once() {
        let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let file = homes[0].path().join("requested.json");
        let first = core(homes[0].path());
        first.item_show(Some("n:1".to_owned())).await.unwrap();
        let watch = Watch::begin(&first).await;
        first.item_show(Some("n:2".to_owned())).await.unwrap();
        first.view_show(View::Connection).await.unwrap();
        first.stop().await.unwrap();
        watch.end(true, &file);

        let requested = Requested::take(&file);
        assert!(!file.exists(), "not once more at a later start");
        let next = core(homes[1].path());
        assert!(requested.ask(&next).await, "a window is to be opened");
        let state = next.attach().await.unwrap().snapshot;
        assert_eq!(state.requested_item.as_deref(), Some("n:2"));
        assert_eq!(state.requested_view, Some(View::Connection));
        next.stop().await.unwrap();
    }

    #[tokio::test]
    async fn nothing_leaves_no_file_and_what_cannot_be_read_is_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("requested.json");
        let core = core(home.path());
        Watch::begin(&core).await.end(false, &file);
        assert!(!file.exists());
        for (text, expected) in [
            ("", Requested::default()),
            ("[1]", Requested::default()),
            (
                r#"{"item":"n:1","view":"ofAnotherVersion","more":1}"#,
                Requested {
                    item: Some("n:1".to_owned()),
                    view: Some("ofAnotherVersion".into()),
                    window: false,
                },
            ),
        ] {
            fs::write(&file, text).unwrap();
            let requested = Requested::take(&file);
            assert_eq!((requested.clone(), file.exists()), (expected, false), "{text}");
            assert!(!requested.ask(&core).await);
        }
        assert_eq!(
            core.attach().await.unwrap().snapshot.requested_item.as_deref(),
            Some("n:1")
        );
        core.stop().await.unwrap();
    }
}
