//! A token or sign-in that is only in memory, on its way from one session to another.

use std::sync::Arc;

use super::sign_in::{SignIn, Who};
use super::{ServerToken, Session, Source};
use crate::grant::SavedGrant;

/// A token that is not in the keyring, so that it is not lost with its session.
#[derive(Clone)]
pub(crate) struct Unkept {
    pub(super) token: ServerToken,
    pub(super) sign_in: Option<SignIn>,
}

impl Unkept {
    /// What renews it.
    pub(crate) fn into_grant(self) -> Option<SavedGrant> {
        let in_memory = self.sign_in?.known.in_memory?;
        Some(in_memory.grant)
    }

    /// Who signed in, if it is a sign-in.
    pub(super) fn who(&self) -> Option<&Who> {
        self.sign_in.as_ref()?.who.as_ref()
    }

    /// A token that was entered.
    #[cfg(test)]
    pub(super) fn entered(token: ServerToken) -> Self {
        Self { token, sign_in: None }
    }
}

impl Session {
    /// A token that is only in memory, so that it is not lost with this session.
    pub(crate) fn unkept(&self) -> Option<Unkept> {
        let state = self.0.state();
        let current = state.current.as_ref()?;
        let token = || current.token.clone();
        match current.source {
            Source::Environment | Source::Keyring | Source::Command => None,
            Source::Memory => Some(Unkept {
                token: token(),
                sign_in: None,
            }),
            Source::SignIn => {
                let in_memory = state.sign_in.known.in_memory.as_ref();
                // One that cannot be renewed is nowhere else.
                let unsaved = in_memory.is_none_or(|in_memory| in_memory.unsaved);
                unsaved.then(|| Unkept {
                    token: token(),
                    sign_in: Some(state.sign_in.clone()),
                })
            }
        }
    }

    /// A sign-in that was in the memory of another session is renewed and stored by this one.
    pub(crate) fn resume(&self) {
        let in_memory = {
            let state = self.0.state();
            let in_memory = state.is_sign_in().then(|| state.sign_in.known.in_memory.clone());
            in_memory.flatten()
        };
        let Some(in_memory) = in_memory else { return };
        if in_memory.unsaved {
            tokio::spawn(Arc::clone(&self.0).store_later(in_memory.grant));
        }
        self.0.schedule();
    }
}
