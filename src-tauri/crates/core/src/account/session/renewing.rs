//! Carries out renewals: one at a time, in a task that goes on when those who wait for it have gone.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gloria_sign_in::{Lifetime, Moment};
use gloria_stream::CredentialError;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::entries::find;
use super::not_renewed::NotRenewed;
use super::renewal::{self, Alone, Busy, Effect, Event, Outcome, Renewal, Trouble, Unproved};
use super::sign_in::{Ended, Wakefulness, Who};
use super::{Answer, Inner, Source, State};
use crate::grant::{SavedGrant, Secret};
use crate::message::{self, Message};
use crate::ports::{Clock, CommandRunner, Exclusive, InUse, SecretError, Secrets, Turn};
use crate::protocol::{SignInTroubleKind, TokenState};
use crate::token::Token;

#[cfg(test)]
mod tests;

/// Trouble that passes by itself.
const FAILING: SignInTroubleKind = SignInTroubleKind::RenewalFailing;

/// What a provider gives with a renewal.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// `None` if it cannot be sent.
    pub(crate) token: Option<Token>,
    pub(crate) lifetime: Lifetime,
    /// From 0 to 1: computers that wake together renew apart.
    pub(crate) jitter: f64,
}

/// Why a sign-in was not revoked.
pub(crate) type Unrevoked = Message;

/// The provider of sign-ins, over the network.
pub(crate) trait Provider: Send + Sync {
    /// Reads the provider's metadata over a new connection, which the refresh token will take too.
    fn prove(&self, grant: &SavedGrant) -> BoxFuture<'static, Result<(), Unproved>>;
    /// Sends the refresh token, once.
    fn renew(&self, grant: &SavedGrant) -> BoxFuture<'static, renewal::Answer<Access>>;
    /// Revokes the refresh token.
    fn revoke(&self, grant: &SavedGrant) -> BoxFuture<'static, Result<(), Unrevoked>>;
}

/// What a session needs of the system.
#[derive(Clone)]
pub(crate) struct SessionPorts {
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) exclusive: Arc<dyn Exclusive>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) commands: Arc<dyn CommandRunner>,
    pub(crate) rest: Rest,
    pub(crate) saving: Saving,
}

/// Whether the computer is about to sleep or has just woken, for all sessions of a core.
#[derive(Debug, Clone)]
pub(crate) struct Rest(watch::Sender<Wakefulness>);

impl Default for Rest {
    fn default() -> Self {
        Self(watch::Sender::new(Wakefulness::Awake))
    }
}

impl Rest {
    pub(crate) fn on_sleep_announced(&self, now: Moment) {
        self.0.send_replace(Wakefulness::Sleepy(now));
    }

    pub(crate) fn on_woke(&self, now: Moment) {
        self.0.send_replace(Wakefulness::Waking(now));
    }

    /// Something arrived over the network.
    pub(crate) fn on_network_proved(&self) {
        self.0.send_if_modified(|known| {
            let settles = matches!(known, Wakefulness::Waking(_));
            if settles {
                *known = Wakefulness::Awake;
            }
            settles
        });
    }

    fn is_sleepy(&self, now: Moment) -> bool {
        let known = *self.0.borrow();
        matches!(known, Wakefulness::Sleepy(_)) && !known.wait(now).is_zero()
    }

    async fn until_awake(&self, now: impl Fn() -> Moment) {
        let mut changes = self.0.subscribe();
        loop {
            let wait = changes.borrow_and_update().wait(now());
            if wait.is_zero() {
                return;
            }
            // The sender is this struct's.
            let _ = timeout(wait, changes.changed()).await;
        }
    }
}

/// How many refresh tokens may be on their way, for all sessions of a core.
#[derive(Debug, Clone)]
pub(crate) struct Saving(watch::Sender<u32>);

impl Default for Saving {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Saving {
    /// Waits until there is none: ending the process earlier may end the sign-in.
    pub(crate) async fn until_over(&self) {
        let mut count = self.0.subscribe();
        // The sender is this struct's.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

/// Counts the refresh token of one renewal. Ends with it, also if that panics.
struct Sending<'a> {
    saving: &'a Saving,
    counted: bool,
}

impl Sending<'_> {
    fn set(&mut self, is_on_its_way: bool) {
        if self.counted == is_on_its_way {
            return;
        }
        self.counted = is_on_its_way;
        self.saving.0.send_modify(|count| {
            if is_on_its_way {
                *count += 1;
            } else {
                *count -= 1;
            }
        });
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

impl SessionPorts {
    pub(super) fn now(&self) -> Moment {
        Moment {
            monotonic: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }
}

impl Inner {
    /// Renews the sign-in that the keyring or the memory has. `asked` is the user's decision that it is for.
    pub(super) async fn renew(self: Arc<Self>, asked: u64, may_prompt: bool) -> Answer {
        self.ports.rest.until_awake(|| self.ports.now()).await;
        let known = {
            let state = self.state();
            let now = self.ports.now();
            let usable = state.is_sign_in() && state.sign_in.is_usable(now);
            renewal::Known {
                usable,
                ..state.sign_in.known.clone()
            }
        };
        let mut renewal = Renewal::new(known);
        let mut sending = Sending {
            saving: &self.ports.saving,
            counted: false,
        };
        let mut event = Event::Began;
        let mut turn = None;
        let outcome = loop {
            let effect = renewal.next(event);
            // Where a process that hangs or is killed was, and nothing of what it had.
            tracing::debug!(step = effect.name(), "the sign-in is renewed");
            sending.set(renewal.is_past_sending());
            event = match effect {
                Effect::Lock => Event::Locked(match self.turn().await {
                    Ok((given, alone)) => {
                        turn = Some(given);
                        Ok(alone)
                    }
                    Err(InUse) => Err(Busy),
                }),
                Effect::Find => Event::Found(self.find(may_prompt).await),
                Effect::Prove(grant) => Event::Proved(self.ports.provider.prove(&grant).await),
                Effect::Send(_) if !self.may_send(asked) => Event::Answered(renewal::Answer::Later {
                    trouble: Trouble {
                        why: message::sign_in_interrupted(),
                        retry_after: None,
                    },
                    lost: false,
                }),
                Effect::Send(grant) => Event::Answered(self.ports.provider.renew(&grant).await),
                Effect::Store(entry, grant) => {
                    Event::Stored(self.ports.secrets.store(&entry, grant.into()).await)
                }
                Effect::Forget(entry, grant) => {
                    // One that cannot be removed now is known in this process, and refused to others.
                    if let Err(error) = self.ports.secrets.forget_if(&entry, grant.into()).await {
                        tracing::warn!(%error, "the keyring keeps a sign-in that has ended");
                    }
                    Event::Forgotten
                }
                Effect::End(outcome) => break outcome,
            };
        };
        if matches!(outcome, Outcome::Renewed { .. }) {
            // From here on, the grant in memory is known to be the newest.
            self.state().turn = turn.as_ref().and_then(Turn::number);
        }
        let answer = self.apply(asked, renewal.dead().to_vec(), outcome);
        // Only now: until the outcome is in force, the next renewal would not know it.
        drop(turn);
        if matches!(answer, Answer::Settled(Ok(_))) {
            self.schedule();
        }
        answer
    }

    /// Waits until no other process renews, and says whether none has since this session renewed.
    pub(super) async fn turn(&self) -> Result<(Turn, Alone), InUse> {
        let turn = self.ports.exclusive.turn().await?;
        let mut state = self.state();
        let next = state.turn.and_then(|turn| turn.checked_add(1));
        let is_alone = next.is_some() && next == turn.number();
        if is_alone {
            state.turn = next;
        }
        Ok((turn, Alone(is_alone)))
    }

    /// A computer that is about to sleep would not receive the answer, and a user who signed out does not want it.
    fn may_send(&self, asked: u64) -> bool {
        !self.ports.rest.is_sleepy(self.ports.now()) && self.state().decision == asked
    }

    async fn find(&self, may_prompt: bool) -> renewal::Found {
        let entries = self.entries(&self.state());
        let load = |entry: &str| {
            if may_prompt {
                self.ports.secrets.load(entry)
            } else {
                self.ports.secrets.load_without_prompt(entry)
            }
        };
        let found = find(load(&self.options.entry), &entries, load).await?;
        // Another program may have signed in meanwhile, with other settings.
        Ok(found.filter(|(secret, _)| match secret {
            Secret::Grant(grant) => self.admits(grant),
            Secret::Token(_) => true,
        }))
    }

    fn apply(self: &Arc<Self>, asked: u64, dead: Vec<SavedGrant>, outcome: Outcome<Access>) -> Answer {
        let now = self.ports.now();
        let mut state = self.state();
        state.sign_in.known.dead = dead;
        if state.decision != asked {
            if let Outcome::Renewed {
                grant, saved: Err(_), ..
            } = outcome
            {
                state.left.push(grant);
            }
            return Answer::Superseded;
        }
        state.question = None;
        Answer::Settled(match outcome {
            Outcome::Renewed {
                tokens,
                grant,
                entry,
                saved,
            } => self.on_renewed(&mut state, tokens, grant, entry, saved),
            Outcome::Pasted(token, entry) => {
                state.sign_in.clear();
                self.set_current(&mut state, Some((token, Source::Keyring, entry)));
                self.publish(&state, TokenState::Present, None);
                self.credential(&state).ok_or(CredentialError::Missing)
            }
            Outcome::SignedOut => {
                state.sign_in.clear();
                self.set_current(&mut state, None);
                self.publish(&state, TokenState::Missing, None);
                Err(CredentialError::Missing)
            }
            Outcome::NeedsSignIn(why) => {
                self.end_sign_in(&mut state, Ended::ByProvider(why));
                Err(CredentialError::Missing)
            }
            Outcome::Busy => {
                let why = NotRenewed::yet(message::sign_in_busy());
                self.on_not_renewed(&mut state, why, FAILING, None, now)
            }
            Outcome::Later { trouble, lost } => {
                state.sign_in.known.lost = lost;
                let why = NotRenewed::yet(trouble.why);
                self.on_not_renewed(&mut state, why, FAILING, trouble.retry_after, now)
            }
            Outcome::Misconfigured(why) => {
                let kind = SignInTroubleKind::Misconfigured;
                self.on_not_renewed(&mut state, NotRenewed::yet(why), kind, None, now)
            }
            Outcome::Keyring(error) => {
                let is_usable = state.is_sign_in() && state.sign_in.is_usable(now);
                if !is_usable {
                    self.publish_keyring_problem(&state, &error);
                }
                let why = NotRenewed::without_keyring(&error);
                self.on_not_renewed(&mut state, why, FAILING, None, now)
            }
        })
    }

    fn on_renewed(
        self: &Arc<Self>,
        state: &mut State,
        access: Access,
        grant: SavedGrant,
        entry: String,
        saved: Result<(), SecretError>,
    ) -> Result<gloria_stream::Credential, CredentialError> {
        tracing::info!(saved = saved.is_ok(), "the sign-in was renewed");
        state.sign_in.on_tokens(access.lifetime, access.jitter);
        state.sign_in.who = Some(Who::of(&grant));
        state.sign_in.unsaved = saved.as_ref().err().map(SecretError::unkept_message);
        state.sign_in.known.in_memory = Some(renewal::MemoryGrant {
            grant: grant.clone(),
            entry: entry.clone(),
            unsaved: saved.is_err(),
        });
        let Some(token) = access.token else {
            let why = NotRenewed::yet(message::sign_in_no_token());
            return self.on_not_renewed(state, why, FAILING, None, self.ports.now());
        };
        self.set_current(state, Some((token, Source::SignIn, entry)));
        if saved.is_err() {
            tokio::spawn(Arc::clone(self).store_later(grant));
        }
        self.publish_sign_in(state);
        self.credential(state).ok_or(CredentialError::Missing)
    }

    /// The access token stays in force as long as it is good, and nobody is alarmed.
    fn on_not_renewed(
        &self,
        state: &mut State,
        why: NotRenewed,
        kind: SignInTroubleKind,
        retry_after: Option<Duration>,
        now: Moment,
    ) -> Result<gloria_stream::Credential, CredentialError> {
        tracing::info!(why = %why.why.id, "the sign-in was not renewed");
        state.sign_in.on_failure(why.clone(), kind, retry_after, now);
        self.publish_details(state);
        if state.is_sign_in()
            && state.sign_in.is_usable(now)
            && let Some(credential) = self.credential(state)
        {
            return Ok(credential);
        }
        Err(why.into())
    }

    pub(super) fn end_sign_in(&self, state: &mut State, ended: Ended) {
        tracing::warn!(?ended, "the user has to sign in again");
        state.sign_in.end(ended);
        self.set_current(state, None);
        self.publish(state, TokenState::NeedsSignIn, Some(ended.message()));
    }

    /// Renews the sign-in before its access token ends, for as long as this session exists.
    pub(super) fn schedule(self: &Arc<Self>) {
        let inner = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            while let Some(wait) = due(&inner) {
                if wait.is_zero() {
                    break;
                }
                sleep(wait).await;
            }
            if let Some(inner) = inner.upgrade() {
                inner.renew_in_advance();
            }
        });
        let before = self.state().scheduled.replace(task.abort_handle());
        if let Some(before) = before {
            before.abort();
        }
    }

    fn renew_in_advance(self: &Arc<Self>) {
        let mut state = self.state();
        if state.is_sign_in() && !state.sign_in.is_rejected() {
            // Its task continues without anybody who waits.
            drop(self.question(&mut state, false));
        }
    }
}

/// How long until the sign-in should be renewed; `None` if it never has to be, or its session is gone.
fn due(inner: &Weak<Inner>) -> Option<Duration> {
    let inner = inner.upgrade()?;
    let state = inner.state();
    if !state.is_sign_in() {
        return None;
    }
    state.sign_in.until_due(inner.ports.now())
}

/// The secret for comparisons.
pub(super) fn is_same(known: Option<&Secret>, found: Option<&Secret>) -> bool {
    match (known, found) {
        (Some(known), Some(found)) => known.is_same(found),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
