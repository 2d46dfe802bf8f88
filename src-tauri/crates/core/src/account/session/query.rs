//! Queries of the keyring: one at a time, shared by all who wait for it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use gloria_stream::CredentialError;

use super::entries::find;
use super::{Answer, Inner, Session, Source, State};
use crate::grant::Secret;
use crate::message::{self, Message};
use crate::ports::SecretError;
use crate::protocol::TokenState;

impl Session {
    /// The user asks for the keyring, so it may prompt again.
    pub(crate) fn allow_prompt(&self) {
        self.0.state().prompted = false;
    }

    /// Completes when the keyring was unlocked by a prompt whose result nothing waits for any more.
    pub(crate) fn unlocked(&self) -> BoxFuture<'static, ()> {
        self.0.ports.secrets.unlocked()
    }
}

impl Inner {
    /// The current query of the keyring, or a new one; it renews the sign-in that it finds, if that is due. Its task
    /// continues when its callers are gone, so that the answer is processed when it arrives and not at the next query.
    pub(super) fn question(
        self: &Arc<Self>,
        state: &mut State,
        may_prompt: bool,
    ) -> Shared<BoxFuture<'static, Answer>> {
        // A finished query is left over only if its task failed.
        if let Some(question) = state
            .question
            .as_ref()
            .filter(|question| question.peek().is_none())
        {
            return question.clone();
        }
        let may_prompt = may_prompt && !state.prompted;
        let secrets = Arc::clone(&self.ports.secrets);
        let load = move |entry: &str| {
            if may_prompt {
                secrets.load(entry)
            } else {
                secrets.load_without_prompt(entry)
            }
        };
        let loaded = load(&self.options.entry);
        let (inner, asked, entries) = (Arc::clone(self), state.decision, self.entries(state));
        let answered = tokio::spawn(async move {
            let found = inner.on_found(find(loaded, &entries, load).await, may_prompt);
            if inner.has_to_renew(&found) {
                inner.renew(asked, may_prompt).await
            } else {
                inner.answer(asked, found)
            }
        });
        let question = async { answered.await.unwrap_or_else(|_| Answer::failed()) }
            .boxed()
            .shared();
        state.question = Some(question.clone());
        question
    }

    /// Decides whether the next query may prompt. After a prompt that was not answered with the password none comes by
    /// itself: it would take the keyboard from what the user does then.
    fn on_found<T>(&self, found: Result<T, SecretError>, may_prompt: bool) -> Result<T, SecretError> {
        let mut state = self.state();
        match found {
            Ok(found) => {
                state.prompted = false;
                Ok(found)
            }
            Err(SecretError::Locked) => {
                state.prompted |= may_prompt;
                Err(SecretError::Locked)
            }
            // Some systems cannot be queried without a prompt.
            Err(SecretError::Unavailable(_)) if state.prompted => Err(SecretError::Locked),
            Err(error) => Err(error),
        }
    }

    /// Whether this is a sign-in, or one is in memory, and its access token has to be renewed.
    fn has_to_renew(&self, found: &Result<Option<(Secret, String)>, SecretError>) -> bool {
        let state = self.state();
        let in_memory = state.sign_in.known.in_memory.as_ref();
        match found {
            Ok(Some((Secret::Token(_), _))) => false,
            Ok(Some((Secret::Grant(grant), _))) => {
                let is_in_force = in_memory.is_some_and(|in_memory| in_memory.grant.is_same(grant));
                let now = self.ports.now();
                !is_in_force || !state.sign_in.is_usable(now) || state.sign_in.is_due(now)
            }
            Ok(None) | Err(_) => in_memory.is_some(),
        }
    }

    fn answer(&self, asked: u64, found: Result<Option<(Secret, String)>, SecretError>) -> Answer {
        let mut state = self.state();
        if state.decision != asked {
            return Answer::Superseded;
        }
        state.question = None;
        Answer::Settled(match found {
            Ok(found) => {
                match found {
                    // The sign-in in force, which need not be renewed.
                    Some((Secret::Grant(_), _)) => {
                        if let Some(current) = &mut state.current {
                            current.stale = false;
                        }
                    }
                    Some((Secret::Token(token), entry)) => {
                        state.sign_in.clear();
                        self.set_current(&mut state, Some((token, Source::Keyring, entry)));
                    }
                    None => self.set_current(&mut state, None),
                }
                match self.credential(&state) {
                    Some(credential) => {
                        self.publish(TokenState::Present, None);
                        Ok(credential)
                    }
                    None => {
                        self.publish(TokenState::Missing, None);
                        Err(CredentialError::Missing)
                    }
                }
            }
            Err(error) => {
                self.publish_keyring_problem(&error);
                Err(CredentialError::Unavailable(error.into()))
            }
        })
    }

    pub(super) fn publish_keyring_problem(&self, error: &SecretError) {
        let token = match error {
            SecretError::Locked => TokenState::KeyringLocked,
            SecretError::Unavailable(_) | SecretError::Refused(_) => TokenState::KeyringUnavailable,
        };
        self.publish(token, Some(error.message()));
    }

    /// Reports the sign-in in force. `unsaved` says why the keyring does not have it.
    pub(super) fn publish_sign_in(&self, state: &State, unsaved: Option<Message>) {
        if state.sign_in.is_rejected() {
            self.publish(TokenState::Rejected, Some(message::sign_in_rejected()));
        } else {
            self.publish(TokenState::Present, unsaved);
        }
    }
}
