//! Queries of the keyring: one at a time, shared by all who wait for it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use gloria_stream::CredentialError;

use super::entries::find;
use super::sign_in::Ended;
use super::{Answer, Current, Inner, Session, Source, State, TokenReport, renewing};
use crate::grant::{SavedGrant, Secret};
use crate::message::{self, Message};
use crate::ports::SecretError;
use crate::protocol::TokenState;

impl Session {
    /// The user asks for a token, so the keyring may prompt again, and the command is run again if the server refused
    /// its token.
    pub(crate) fn allow_prompt(&self) {
        let mut state = self.0.state();
        state.prompted = false;
        state.commanded.on_user_asked();
    }

    /// Completes when the keyring was unlocked by a prompt whose result nothing waits for any more.
    pub(crate) fn unlocked(&self) -> BoxFuture<'static, ()> {
        self.0.ports.secrets.unlocked()
    }

    /// Whether the keyring has another token now, or none. Raises no prompt.
    pub(crate) async fn has_changed(&self) -> bool {
        if self.options().command.is_some() {
            return false;
        }
        let of_the_keyring = |state: &State| {
            let current = state.current.as_ref();
            let is_in_it = |current: &Current| match current.source {
                Source::Keyring | Source::SignIn => true,
                Source::Environment | Source::Memory | Source::Command => false,
            };
            current.is_none_or(is_in_it)
        };
        let asked = {
            let state = self.0.state();
            of_the_keyring(&state).then_some(state.decision)
        };
        let Some(asked) = asked else { return false };
        let entries = self.entries();
        let first = self.0.ports.secrets.load_without_prompt(&self.0.options.entry);
        let found = find(first, &entries, |entry| {
            self.0.ports.secrets.load_without_prompt(entry)
        })
        .await;
        let Ok(found) = found else { return false };
        let state = self.0.state();
        // Without what the provider refused and the keyring did not remove, and what the settings rule out.
        let found = found.map(|(secret, _)| secret).filter(|secret| match secret {
            Secret::Grant(grant) => !state.sign_in.is_dead(grant) && self.0.admits(grant),
            Secret::Token(_) => true,
        });
        state.decision == asked
            && of_the_keyring(&state)
            && !renewing::is_same(self.0.secret(&state).as_ref(), found.as_ref())
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
            let is_ruled_out = inner.is_ruled_out(&found);
            if is_ruled_out && !inner.has_unsaved() {
                inner.end_ruled_out(asked)
            } else if is_ruled_out || inner.has_to_renew(&found) {
                // What the settings want may be only in memory, because the keyring could not replace the other one.
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

    /// Whether the settings allow this sign-in to be used.
    pub(super) fn admits(&self, grant: &SavedGrant) -> bool {
        self.options.rule.admits(grant.issuer(), grant.client_id())
    }

    fn is_ruled_out(&self, found: &Result<Option<(Secret, String)>, SecretError>) -> bool {
        matches!(found, Ok(Some((Secret::Grant(grant), _))) if !self.admits(grant))
    }

    /// Whether a sign-in is in memory that the settings allow, and that the keyring did not store.
    fn has_unsaved(&self) -> bool {
        let state = self.state();
        let in_memory = state.sign_in.known.in_memory.as_ref();
        in_memory.is_some_and(|in_memory| in_memory.unsaved && self.admits(&in_memory.grant))
    }

    /// The keyring keeps the sign-in until another one replaces it: the settings may be put right again.
    fn end_ruled_out(&self, asked: u64) -> Answer {
        let mut state = self.state();
        if state.decision != asked {
            return Answer::Superseded;
        }
        state.question = None;
        self.end_sign_in(&mut state, Ended::Elsewhere);
        Answer::Settled(Err(CredentialError::Missing))
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
        // A sign-in that cannot be renewed is not in the keyring.
        let is_elsewhere = matches!(found, Ok(None) | Err(_));
        if is_elsewhere && state.is_over(self.ports.now()) {
            self.end_sign_in(&mut state, Ended::Over);
            return Answer::Settled(Err(CredentialError::Missing));
        }
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
                if self.is_expired(&state) {
                    let problem = message::cause_token_expired();
                    self.publish(&state, TokenState::NeedsSignIn, Some(problem));
                    return Answer::Settled(Err(CredentialError::Missing));
                }
                match self.credential(&state) {
                    Some(credential) => {
                        self.publish(&state, TokenState::Present, None);
                        Ok(credential)
                    }
                    None => {
                        self.publish(&state, TokenState::Missing, None);
                        Err(CredentialError::Missing)
                    }
                }
            }
            Err(error) => {
                self.publish_keyring_problem(&state, &error);
                Err(CredentialError::Unavailable(error.into()))
            }
        })
    }

    pub(super) fn publish_keyring_problem(&self, state: &State, error: &SecretError) {
        let token = match error {
            SecretError::Locked => TokenState::KeyringLocked,
            SecretError::Unavailable(_) | SecretError::Refused(_) => TokenState::KeyringUnavailable,
        };
        self.publish(state, token, Some(error.message()));
    }

    /// Reports the sign-in in force.
    pub(super) fn publish_sign_in(&self, state: &State) {
        if state.sign_in.is_rejected() {
            self.publish(state, TokenState::Rejected, Some(message::sign_in_rejected()));
        } else {
            self.publish(state, TokenState::Present, state.sign_in.unsaved.clone());
        }
    }

    pub(super) fn publish(&self, state: &State, token: TokenState, problem: Option<Message>) {
        let report = TokenReport {
            state: token,
            problem,
            signed_in: state.signed_in(),
        };
        self.report.send_if_modified(|known| {
            let news = *known != report;
            *known = report;
            news
        });
    }

    /// Reports a change of the sign-in in force that is none of its token.
    pub(super) fn publish_details(&self, state: &State) {
        let signed_in = state.signed_in();
        self.report.send_if_modified(|known| {
            let news = known.signed_in != signed_in;
            known.signed_in = signed_in;
            news
        });
    }
}
