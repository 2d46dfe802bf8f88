//! What requests get of a session: the token in force, or the next one, and what a refusal of the server means.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation};

use super::sign_in::{Ended, Refusal};
use super::token_command::ByCommand;
use super::{Answer, Inner, Session, Source, State};
use crate::message;
use crate::protocol::TokenState;

impl CredentialProvider for Session {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            loop {
                let question = {
                    let mut state = self.0.state();
                    match self.0.by_command(&mut state) {
                        Some(ByCommand::Ready(credential)) => return Ok(credential),
                        Some(ByCommand::Running(run)) => run,
                        None => match self.0.known(&state) {
                            Some(known) => return known,
                            None => self.0.question(&mut state, true),
                        },
                    }
                };
                if let Answer::Settled(outcome) = question.await {
                    return outcome;
                }
            }
        }
        .boxed()
    }

    fn invalidate(&self, refused: Generation) {
        let mut state = self.0.state();
        if state.generation != refused {
            return;
        }
        match state.current.as_mut().map(|current| current.source) {
            None => {}
            Some(Source::Environment | Source::Memory | Source::Keyring) => {
                if let Some(current) = &mut state.current {
                    current.stale = true;
                }
            }
            Some(Source::Command) => self.0.on_command_refused(&mut state),
            Some(Source::SignIn) => match state.sign_in.on_refused(refused, self.0.ports.now()) {
                Refusal::Renew => {}
                Refusal::Rejected => self.0.publish_sign_in(&state),
                Refusal::SignInAgain => self.0.end_sign_in(&mut state, Ended::RefusedByServer),
            },
        }
    }
}

impl Inner {
    /// The token in force, or why there is none; `None` if the keyring has to be asked.
    fn known(&self, state: &State) -> Option<Result<Credential, CredentialError>> {
        let now = self.ports.now();
        if self.is_expired(state) {
            let problem = message::cause_token_expired();
            self.publish(state, TokenState::NeedsSignIn, Some(problem));
            return Some(Err(CredentialError::Missing));
        }
        if state.has_usable(now)
            && let Some(credential) = self.credential(state)
        {
            if !state.is_sign_in() {
                self.publish(state, TokenState::Present, None);
            }
            return Some(Ok(credential));
        }
        if state.sign_in.ended().is_some() {
            return Some(Err(CredentialError::Missing));
        }
        let (_, why) = state.sign_in.wait(now)?;
        Some(Err(why.into()))
    }
}
