//! The keyring entries of a token: the server's entry until the user is known, then the account's own.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Inner, Session, Source, State};
use crate::grant::Secret;
use crate::ports::SecretError;

/// A secret that was copied to another entry.
struct Moved {
    secret: Secret,
    from: String,
    to: String,
    asked: u64,
}

/// Looks into the entries in order; `first` is the answer for the first one.
pub(super) async fn find(
    first: BoxFuture<'static, Result<Option<Secret>, SecretError>>,
    entries: &[String],
    ask: impl Fn(&str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>>,
) -> Result<Option<(Secret, String)>, SecretError> {
    let mut first = Some(first);
    for entry in entries {
        let asked = first.take().unwrap_or_else(|| ask(entry));
        if let Some(secret) = asked.await? {
            return Ok(Some((secret, entry.clone())));
        }
    }
    Ok(None)
}

impl Session {
    /// Sets the entry of the account in force, which may be the server's.
    pub(crate) fn set_account_entry(&self, name: Option<String>) {
        let mut state = self.0.state();
        let own = name.filter(|name| *name != self.0.options.entry);
        if state.own == own {
            return;
        }
        state.own = own;
        if state.question.is_some() {
            // A pending answer may be about the previous entry.
            state.invalidate_queries();
        }
    }

    /// The entry of the account in force, which may be the server's.
    pub(crate) fn account_entry(&self) -> String {
        let own = self.0.state().own.clone();
        own.unwrap_or_else(|| self.0.options.entry.clone())
    }

    /// The entries that may have the token.
    pub(crate) fn entries(&self) -> Vec<String> {
        self.0.entries(&self.0.state())
    }

    /// The token in force belongs to the account, so it is moved to the account's entry. If the keyring fails, the next
    /// connection tries it again.
    pub(crate) fn move_to_account(&self) {
        let inner = Arc::clone(&self.0);
        let moved = {
            let mut state = self.0.state();
            let own = state.own.clone();
            let own = own.unwrap_or_else(|| self.0.options.entry.clone());
            let asked = state.decision;
            let secret = self.0.secret(&state);
            let Some(current) = &mut state.current else { return };
            let is_in_keyring = match current.source {
                Source::Keyring | Source::SignIn => !current.stale,
                Source::Environment | Source::Memory | Source::Command => false,
            };
            if !is_in_keyring || current.entry == own {
                return;
            }
            if current.source == Source::SignIn {
                drop(state);
                tokio::spawn(inner.move_sign_in(own, asked));
                return;
            }
            let Some(secret) = secret else { return };
            Moved {
                secret,
                from: std::mem::replace(&mut current.entry, own.clone()),
                to: own,
                asked,
            }
        };
        tokio::spawn(inner.move_token(moved));
    }
}

impl Inner {
    pub(super) fn entries(&self, state: &State) -> Vec<String> {
        let mut entries = vec![self.options.entry.clone()];
        entries.extend(state.own.clone());
        entries
    }

    /// Moves a token to another entry, while `gloria login` stores none.
    async fn move_token(self: Arc<Self>, moved: Moved) {
        let Ok(_turn) = self.turn().await else {
            self.on_not_moved(moved);
            return;
        };
        let stored = {
            let state = self.state();
            // Under the lock, so that what is entered or removed later is asked for after it.
            (state.decision == moved.asked).then(|| self.ports.secrets.store(&moved.to, moved.secret.clone()))
        };
        match stored {
            None => {}
            Some(stored) => match stored.await {
                Ok(()) => self.forget_moved(&moved).await,
                Err(error) => {
                    tracing::warn!(%error, "the token is not in the entry of its account yet");
                    self.on_not_moved(moved);
                }
            },
        }
    }

    fn on_not_moved(&self, moved: Moved) {
        let mut state = self.state();
        if state.decision == moved.asked
            && let Some(current) = &mut state.current
        {
            current.entry = moved.from;
        }
    }

    /// Removes the original of a copied token, unless another token was stored there since. If it is gone already,
    /// another program signed out meanwhile, and the copy is removed too, because it would sign in again.
    async fn forget_moved(&self, moved: &Moved) {
        // It was unlocked a moment ago, so this raises no prompt.
        let entry = match self.ports.secrets.load(&moved.from).await {
            Ok(Some(secret)) if secret.is_same(&moved.secret) => &moved.from,
            Ok(None) => &moved.to,
            Ok(Some(_)) | Err(_) => return,
        };
        let forgotten = {
            let state = self.state();
            let forget = || self.ports.secrets.forget_if(entry, moved.secret.clone());
            // Under the lock, so that a token that is entered later is stored after the removal. Another program may
            // have stored one there since it was read, so only this one is removed.
            (state.decision == moved.asked).then(forget)
        };
        if let Some(forgotten) = forgotten
            && let Err(error) = forgotten.await
        {
            tracing::warn!(%error, "the keyring keeps a copy of a token that was moved or forgotten");
        }
    }

    /// Moves a sign-in to another entry, while no process renews it.
    async fn move_sign_in(self: Arc<Self>, to: String, asked: u64) {
        let Ok(_turn) = self.turn().await else {
            return;
        };
        let in_memory = {
            let state = self.state();
            let in_memory = state.sign_in.known.in_memory.clone();
            in_memory
                .filter(|in_memory| state.decision == asked && !in_memory.unsaved && in_memory.entry != to)
        };
        let Some(in_memory) = in_memory else { return };
        let secrets = &self.ports.secrets;
        let moved = async {
            match secrets.load_without_prompt(&in_memory.entry).await? {
                Some(Secret::Grant(grant)) if grant.is_same(&in_memory.grant) => {
                    secrets.store(&to, grant.clone().into()).await?;
                    secrets.forget_if(&in_memory.entry, grant.into()).await?;
                    Ok(true)
                }
                Some(_) | None => Ok(false),
            }
        };
        match moved.await {
            Ok(true) => {
                let mut state = self.state();
                if state.decision == asked
                    && let Some(current) = &mut state.current
                {
                    current.entry.clone_from(&to);
                }
                if let Some(known) = state
                    .sign_in
                    .known
                    .in_memory
                    .as_mut()
                    .filter(|known| known.grant.is_same(&in_memory.grant))
                {
                    known.entry = to;
                }
            }
            Ok(false) => {}
            Err::<_, SecretError>(error) => {
                tracing::warn!(%error, "the sign-in is not in the entry of its account yet");
            }
        }
    }
}
