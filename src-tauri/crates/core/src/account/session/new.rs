//! Putting a new sign-in into force: stored first, and while no process renews.

use std::sync::Arc;

use super::renewal::MemoryGrant;
use super::renewing::Access;
use super::sign_in::Who;
use super::{Inner, Session, Source};
use crate::grant::{SavedGrant, Secret};
use crate::message;
use crate::ports::{InUse, SecretError, Turn};

/// A sign-in that has just succeeded.
#[derive(Debug, Clone)]
pub(crate) struct NewSignIn {
    pub(crate) access: Access,
    pub(crate) who: Who,
    /// `None` if the provider gave nothing to renew it with: then it is only in memory.
    pub(crate) grant: Option<SavedGrant>,
}

impl Session {
    /// Stores a new sign-in instead of what the server's entry has, and puts it into force. If the keyring fails, it is
    /// in memory, and stored later. Returns the sign-ins that it replaced, to be revoked. A token of the environment
    /// keeps its precedence.
    pub(crate) async fn sign_in(&self, new: NewSignIn) -> Vec<SavedGrant> {
        let inner = &self.0;
        // A renewal under way would store its answer over the new one.
        let turn = inner.ports.exclusive.turn().await;
        let (mut replaced, saved) = match &turn {
            Ok(_) => inner.replace(new.grant.clone()).await,
            Err(InUse) => (
                Vec::new(),
                Err(SecretError::Unavailable(message::sign_in_busy().into())),
            ),
        };
        inner.put_new_in_force(new, turn.as_ref().ok(), saved);
        replaced.retain(|replaced| !inner.is_in_force(replaced));
        replaced
    }
}

impl Inner {
    /// Stores the grant in the server's entry; without one, removes what is there.
    async fn replace(&self, grant: Option<SavedGrant>) -> (Vec<SavedGrant>, Result<(), SecretError>) {
        let (secrets, entry) = (&self.ports.secrets, &self.options.entry);
        let mut replaced = Vec::new();
        let mut is_locked = false;
        let entries = self.entries(&self.state());
        for name in entries {
            let before = if name == *entry {
                let before = secrets.load(&name).await;
                is_locked = matches!(before, Err(SecretError::Locked));
                before
            } else {
                // A prompt that was just cancelled must not come again for this.
                secrets.load_without_prompt(&name).await
            };
            if let Ok(Some(Secret::Grant(before))) = before
                // An account's own entry may be another person's, who is still signed in.
                && (name == *entry || grant.as_ref().is_some_and(|grant| before.is_same_person(grant)))
            {
                replaced.push(before);
            }
        }
        if let Some(grant) = &grant {
            // Revoking it would end the new one too, at providers that revoke all of a user's for an application.
            replaced.retain(|before| !before.is_sibling(grant));
        }
        let saved = match grant {
            // Its user has just cancelled the prompt, or not answered it yet. Another one would be the same question.
            _ if is_locked => Err(SecretError::Locked),
            Some(grant) => secrets.store(entry, grant.into()).await,
            None => secrets.forget(entry).await,
        };
        if saved.is_err() {
            replaced.clear();
        }
        (replaced, saved)
    }

    fn put_new_in_force(
        self: &Arc<Self>,
        new: NewSignIn,
        turn: Option<&Turn>,
        saved: Result<(), SecretError>,
    ) {
        let NewSignIn { access, who, grant } = new;
        let mut state = self.state();
        if state.is_environments() || self.options.command.is_some() {
            return;
        }
        let Some(token) = access.token else { return };
        tracing::info!(saved = saved.is_ok(), "the user signed in");
        state.invalidate_queries();
        state.prompted |= matches!(saved, Err(SecretError::Locked));
        state.sign_in.clear();
        state.sign_in.on_tokens(access.lifetime, access.jitter);
        state.sign_in.who = Some(who);
        let entry = self.options.entry.clone();
        if let Some(grant) = &grant {
            state.turn = turn.and_then(Turn::number);
            state.sign_in.unsaved = saved.as_ref().err().map(SecretError::unkept_message);
            state.sign_in.known.in_memory = Some(MemoryGrant {
                grant: grant.clone(),
                entry: entry.clone(),
                unsaved: saved.is_err(),
            });
        }
        self.set_current(&mut state, Some((token, Source::SignIn, entry)));
        self.publish_sign_in(&state);
        drop(state);
        if let Some(grant) = grant {
            if saved.is_err() {
                tokio::spawn(Arc::clone(self).store_later(grant));
            }
            self.schedule();
        }
    }

    fn is_in_force(&self, grant: &SavedGrant) -> bool {
        let state = self.state();
        let in_memory = state.sign_in.known.in_memory.as_ref();
        in_memory.is_some_and(|in_memory| in_memory.grant.is_same(grant))
    }
}
