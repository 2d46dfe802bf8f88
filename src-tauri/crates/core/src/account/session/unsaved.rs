//! A grant that the keyring did not store.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Inner;
use crate::grant::{SavedGrant, Secret};

/// After how long a keyring is first asked again to store a grant. Each failure doubles it.
const STORE_INTERVAL: Duration = Duration::from_secs(10);

/// A keyring that was unlocked or started gets the grant within this time.
const MAX_STORE_INTERVAL: Duration = Duration::from_secs(300);

impl Inner {
    /// The keyring did not store a grant, so it is asked again until it does, or another one is in force.
    pub(super) async fn store_later(self: Arc<Self>, grant: SavedGrant) {
        let mut delay = STORE_INTERVAL;
        loop {
            sleep(delay).await;
            delay = (delay * 2).min(MAX_STORE_INTERVAL);
            let Ok(_turn) = self.turn().await else {
                continue;
            };
            let stored = {
                let state = self.state();
                let in_memory = state.sign_in.known.in_memory.as_ref();
                let in_memory =
                    in_memory.filter(|in_memory| in_memory.unsaved && in_memory.grant.is_same(&grant));
                // Nobody waits for it, so it must not raise a prompt.
                in_memory.map(|in_memory| {
                    (
                        in_memory.entry.clone(),
                        self.ports.secrets.load_without_prompt(&in_memory.entry),
                    )
                })
            };
            let Some((entry, opened)) = stored else { return };
            let Ok(found) = opened.await else { continue };
            match found {
                // The first request arrived after all: the keyring was slow, or waited for its password.
                Some(Secret::Grant(found)) if found.is_same(&grant) => {
                    self.on_stored_later(&grant);
                    return;
                }
                Some(Secret::Grant(found)) if self.state().sign_in.is_dead(&found) => {}
                // The settings do not allow it any more, and this one replaces it.
                Some(Secret::Grant(found)) if !self.admits(&found) && self.admits(&grant) => {}
                // Somebody signed in by another program meanwhile.
                Some(Secret::Grant(_) | Secret::Token(_)) => return,
                None => {}
            }
            if self
                .ports
                .secrets
                .store(&entry, grant.clone().into())
                .await
                .is_ok()
            {
                self.on_stored_later(&grant);
                return;
            }
        }
    }

    fn on_stored_later(&self, grant: &SavedGrant) {
        let mut state = self.state();
        let in_memory = state.sign_in.known.in_memory.as_mut();
        if let Some(in_memory) = in_memory.filter(|in_memory| in_memory.grant.is_same(grant)) {
            in_memory.unsaved = false;
            state.sign_in.unsaved = None;
            self.publish_sign_in(&state);
        }
    }
}
