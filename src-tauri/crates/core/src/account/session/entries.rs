//! The keyring entries of a token: the server's entry until the user is known, then the account's own.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Inner, Session, Source, State};
use crate::ports::SecretError;
use crate::token::Token;

/// A token that was copied to another entry.
struct Moved {
    token: Token,
    from: String,
    to: String,
    asked: u64,
}

/// Looks into the entries in order; `first` is the answer for the first one.
pub(super) async fn find(
    first: BoxFuture<'static, Result<Option<Token>, SecretError>>,
    entries: &[String],
    ask: impl Fn(&str) -> BoxFuture<'static, Result<Option<Token>, SecretError>>,
) -> Result<Option<(Token, String)>, SecretError> {
    let mut first = Some(first);
    for entry in entries {
        let asked = first.take().unwrap_or_else(|| ask(entry));
        if let Some(token) = asked.await? {
            return Ok(Some((token, entry.clone())));
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

    /// The entries that may have the token.
    pub(crate) fn entries(&self) -> Vec<String> {
        self.0.entries(&self.0.state())
    }

    /// The token in force belongs to the account, so it is moved to the account's entry. If the keyring fails, the next
    /// connection tries it again.
    pub(crate) fn move_to_account(&self) {
        let inner = Arc::clone(&self.0);
        let (moved, stored) = {
            let mut state = self.0.state();
            let own = state.own.clone();
            let own = own.unwrap_or_else(|| self.0.options.entry.clone());
            let asked = state.decision;
            let Some(current) = &mut state.current else { return };
            if current.source != Source::Keyring || current.stale || current.entry == own {
                return;
            }
            let Some(token) = self.0.own(&current.token).cloned() else {
                return;
            };
            let from = std::mem::replace(&mut current.entry, own.clone());
            let stored = self.0.secrets.store(&own, token.clone());
            let moved = Moved {
                token,
                from,
                to: own,
                asked,
            };
            (moved, stored)
        };
        tokio::spawn(async move {
            if let Err(error) = stored.await {
                tracing::warn!(%error, "the token is not in the entry of its account yet");
                let mut state = inner.state();
                if state.decision == moved.asked
                    && let Some(current) = &mut state.current
                {
                    current.entry = moved.from;
                }
                return;
            }
            inner.forget_moved(&moved).await;
        });
    }
}

impl Inner {
    pub(super) fn entries(&self, state: &State) -> Vec<String> {
        let mut entries = vec![self.options.entry.clone()];
        entries.extend(state.own.clone());
        entries
    }

    /// Removes the original of a copied token, unless another token was stored there since. If it is gone already,
    /// another program signed out meanwhile, and the copy is removed too, because it would sign in again.
    async fn forget_moved(&self, moved: &Moved) {
        // It was unlocked a moment ago, so this raises no prompt.
        let entry = match self.secrets.load(&moved.from).await {
            Ok(Some(token)) if token.expose() == moved.token.expose() => &moved.from,
            Ok(None) => &moved.to,
            Ok(Some(_)) | Err(_) => return,
        };
        let forgotten = {
            let state = self.state();
            // Under the lock, so that a token that is entered later is stored after the removal.
            (state.decision == moved.asked).then(|| self.secrets.forget(entry))
        };
        if let Some(forgotten) = forgotten
            && let Err(error) = forgotten.await
        {
            tracing::warn!(%error, "the keyring keeps a copy of a token that was moved or forgotten");
        }
    }
}
