//! Signing out: the keyring's entries are removed while no process renews, and sign-ins are revoked.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use super::renewing::Provider;
use super::{Inner, Session, Unrevoked};
use crate::grant::{SavedGrant, Secret};
use crate::ports::SecretError;

/// What became of a sign-out. The token is out of memory in any case.
#[derive(Debug)]
pub(crate) struct SignedOut {
    /// Whether the keyring's entries were removed.
    pub(crate) removed: Result<(), SecretError>,
    /// Why the provider still accepts the sign-in, if so.
    pub(crate) unrevoked: Option<Unrevoked>,
    /// Whether there was a token or a sign-in, in memory or in the keyring.
    pub(crate) was_signed_in: bool,
}

impl Session {
    /// The user signs out. A token of the environment stays.
    ///
    /// What is entered before the future completes is not removed.
    pub(crate) fn sign_out(&self) -> BoxFuture<'static, SignedOut> {
        let (is_pasted, is_in_memory) = {
            let state = self.0.state();
            (
                state.has_pasted(),
                state.current.is_some() || state.sign_in.known.in_memory.is_some(),
            )
        };
        self.forget();
        let inner = Arc::clone(&self.0);
        if is_pasted {
            // Nothing renews it, so it is removed without a lock, and before anything that is stored later.
            let entries = self.entries();
            let removals = entries.iter().map(|entry| inner.ports.secrets.forget(entry));
            let removals = join_all(removals.collect::<Vec<_>>());
            return async {
                SignedOut {
                    removed: removals.await.into_iter().collect(),
                    unrevoked: None,
                    was_signed_in: true,
                }
            }
            .boxed();
        }
        let asked = inner.state().decision;
        // Another account's entry may be set before the keyring answers.
        let entries = self.entries();
        inner.remove(asked, entries, is_in_memory).boxed()
    }

    /// Another account is used from now on. What is in the keyring stays there.
    pub(crate) fn leave(&self) {
        let mut state = self.0.state();
        state.invalidate_queries();
        state.sign_in.clear();
        self.0.set_current(&mut state, None);
    }

    /// Revokes a sign-in.
    pub(crate) async fn revoke(&self, grant: &SavedGrant) -> Result<(), Unrevoked> {
        self.0.ports.provider.revoke(grant).await
    }
}

/// Revokes sign-ins that their user does not want any more. Returns why a provider still accepts one, if so.
pub(crate) async fn revoke_all(provider: &dyn Provider, grants: &[SavedGrant]) -> Option<Unrevoked> {
    let mut unrevoked = None;
    for grant in grants {
        if let Err(why) = provider.revoke(grant).await {
            unrevoked = Some(why);
        }
    }
    unrevoked
}

impl Inner {
    async fn remove(self: Arc<Self>, asked: u64, entries: Vec<String>, is_in_memory: bool) -> SignedOut {
        // A renewal under way would store its answer after the removal. One that is stuck is not waited for any longer.
        let _turn = self.ports.exclusive.turn().await;
        let mut grants: Vec<SavedGrant> = std::mem::take(&mut self.state().left);
        let mut removed = Ok(());
        let mut was_signed_in = is_in_memory || !grants.is_empty();
        // Its user has cancelled the prompt, which must not come again for each step.
        let mut is_locked = false;
        for entry in entries {
            let secrets = &self.ports.secrets;
            let found = if is_locked {
                secrets.load_without_prompt(&entry).await
            } else {
                secrets.load(&entry).await
            };
            is_locked |= matches!(found, Err(SecretError::Locked));
            was_signed_in |= matches!(found, Ok(Some(_)));
            if let Ok(Some(Secret::Grant(grant))) = &found
                && !grants.iter().any(|known| known.is_same(grant))
            {
                grants.push(grant.clone());
            }
            let forgotten = {
                let state = self.state();
                // Under the lock, so that a token that is entered later is stored after the removal.
                (state.decision == asked).then(|| {
                    if is_locked {
                        secrets.forget_without_prompt(&entry)
                    } else {
                        secrets.forget(&entry)
                    }
                })
            };
            if let Some(forgotten) = forgotten
                && let Err(error) = forgotten.await
            {
                removed = Err(error);
            }
        }
        grants.retain(|grant| !self.state().sign_in.is_dead(grant));
        SignedOut {
            removed,
            unrevoked: revoke_all(&*self.ports.provider, &grants).await,
            was_signed_in,
        }
    }
}
