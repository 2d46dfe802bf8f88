//! Renewing a sign-in, as decisions without a keyring, a network or a clock: what happened goes in, what to do next
//! comes out.
//!
//! A refresh token may be used once. Using it a second time ends the whole sign-in at most providers, and so does
//! losing the answer in which the next one was. So one process at a time renews, it reads the keyring while it is
//! alone, it requests something harmless over the same way first, and it stores the answer before anything uses it.

use std::time::Duration;

use crate::grant::{SavedGrant, Secret};
use crate::message::Message;
use crate::ports::SecretError;
use crate::token::Token;

#[cfg(test)]
mod model;

/// How often a renewal continues with a refresh token that another program stored meanwhile. Each was stored by a
/// program that did not wait for the lock; more in a row are no coincidence, and the next renewal starts anew.
const MAX_ADOPTIONS: u8 = 3;

/// What is known when a renewal begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The grant in memory and its entry, if there is one.
    pub(crate) in_memory: Option<MemoryGrant>,
    /// Grants that the provider has refused, or replaced by another one. They are never sent again.
    pub(crate) dead: Vec<SavedGrant>,
    /// The access token can still be used, so nothing is lost by waiting.
    pub(crate) usable: bool,
    /// The provider's answer to an earlier request with the grant in memory was lost.
    pub(crate) lost: bool,
}

/// A grant in memory.
#[derive(Debug, Clone)]
pub(crate) struct MemoryGrant {
    pub(crate) grant: SavedGrant,
    pub(crate) entry: String,
    /// The keyring has not stored it.
    pub(crate) unsaved: bool,
}

/// Whether this process is the only one that has had the lock since it renewed last. Otherwise the grant in memory may
/// have been used up by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alone(pub(crate) bool);

/// Another process that renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// What the keyring has: the secret and its entry.
pub(crate) type Found = Result<Option<(Secret, String)>, SecretError>;

/// The provider's metadata could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unproved {
    Later(Trouble),
    Misconfigured(Message),
}

/// Why a renewal has to be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) why: Message,
    pub(crate) retry_after: Option<Duration>,
}

/// The provider's answer to a refresh token.
#[derive(Debug, Clone)]
pub(crate) enum Answer<T> {
    /// New tokens; `next` is the refresh token that replaces this one, if any.
    Renewed { tokens: T, next: Option<SavedGrant> },
    /// The tokens are another user's.
    OtherPerson,
    /// It could not be reached or is overloaded. `lost` means that it may have used up the refresh token.
    Later { trouble: Trouble, lost: bool },
    /// It does not accept the refresh token, or not any more.
    Spent,
    /// It does not accept this application.
    Misconfigured(Message),
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Event<T> {
    Began,
    /// `alone` says that no other process had the lock since this one renewed last.
    Locked(Result<Alone, Busy>),
    Found(Found),
    Proved(Result<(), Unproved>),
    Answered(Answer<T>),
    Stored(Result<(), SecretError>),
    Forgotten,
}

/// What to do next.
#[derive(Debug, Clone)]
pub(crate) enum Effect<T> {
    /// Wait until no other process renews.
    Lock,
    /// Look into the keyring.
    Find,
    /// Read the provider's metadata, with the client that will send the refresh token.
    Prove(SavedGrant),
    /// Send the refresh token.
    Send(SavedGrant),
    /// Store the new one in this entry.
    Store(String, SavedGrant),
    /// Remove this one from this entry, unless that has another by now.
    Forget(String, SavedGrant),
    /// Nothing: this is the outcome.
    End(Outcome<T>),
}

impl<T> Effect<T> {
    /// What a log says of it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Find => "find",
            Self::Prove(_) => "prove",
            Self::Send(_) => "send",
            Self::Store(..) => "store",
            Self::Forget(..) => "forget",
            Self::End(_) => "end",
        }
    }
}

/// The outcome of a renewal.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<T> {
    /// New tokens, and the grant that renews them next. `saved` is the keyring's answer.
    Renewed {
        tokens: T,
        grant: SavedGrant,
        entry: String,
        saved: Result<(), SecretError>,
    },
    /// The keyring has a pasted token now.
    Pasted(Token, String),
    /// The keyring has nothing any more: another program signed out.
    SignedOut,
    /// The user has to sign in again.
    NeedsSignIn(Why),
    /// Another process renews for longer than that takes.
    Busy,
    /// The provider cannot be reached. The grant is kept, and `lost` means that its answer was lost.
    Later { trouble: Trouble, lost: bool },
    /// The provider does not accept this application. The grant is kept.
    Misconfigured(Message),
    /// The keyring does not give the grant, or could not store the next one, and there is time to wait for it.
    Keyring(SecretError),
}

/// Why the user has to sign in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The sign-in was revoked, or has not been used for too long.
    Ended,
    /// The answer with the next refresh token was lost, so the provider took a repetition for a thief's.
    CutOff,
    /// The provider answered with another user's tokens.
    OtherPerson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Locking,
    Finding,
    Proving,
    Sending {
        again: bool,
    },
    Storing,
    /// The old refresh token is removed, because the next one could not be stored.
    Dropping,
    /// The provider refused the refresh token, so the keyring may have another one.
    FindingAnother,
    Removing,
}

/// One renewal.
#[derive(Debug)]
pub(crate) struct Renewal<T> {
    known: Known,
    stage: Stage,
    /// The grant that is renewed.
    using: Option<MemoryGrant>,
    alone: bool,
    adoptions: u8,
    why: Why,
    result: Option<(T, SavedGrant)>,
    saved: Result<(), SecretError>,
}

impl<T> Renewal<T> {
    pub(crate) fn new(known: Known) -> Self {
        Self {
            known,
            stage: Stage::Begin,
            using: None,
            alone: false,
            adoptions: 0,
            why: Why::Ended,
            result: None,
            saved: Ok(()),
        }
    }

    /// The grants that must never be sent again.
    pub(crate) fn dead(&self) -> &[SavedGrant] {
        &self.known.dead
    }

    /// Whether the refresh token may be on its way: from then on, ending the process may end the sign-in.
    pub(crate) fn is_past_sending(&self) -> bool {
        matches!(
            self.stage,
            Stage::Sending { .. } | Stage::Storing | Stage::Dropping
        )
    }

    /// What to do next. An event that nothing waits for ends the renewal; that would be a mistake of the caller.
    pub(crate) fn next(&mut self, event: Event<T>) -> Effect<T> {
        match (self.stage, event) {
            (Stage::Begin, Event::Began) => self.go(Stage::Locking, Effect::Lock),
            (Stage::Locking, Event::Locked(Ok(Alone(alone)))) => {
                self.alone = alone;
                self.go(Stage::Finding, Effect::Find)
            }
            (Stage::Locking, Event::Locked(Err(Busy))) => Effect::End(Outcome::Busy),
            (Stage::Finding, Event::Found(found)) => self.on_found(found),
            (Stage::FindingAnother, Event::Found(found)) => self.on_found_after_refusal(found),
            (Stage::Proving, Event::Proved(Ok(()))) => self.send(false),
            (Stage::Proving, Event::Proved(Err(Unproved::Later(trouble)))) => Effect::End(Outcome::Later {
                trouble,
                lost: self.known.lost,
            }),
            (Stage::Proving, Event::Proved(Err(Unproved::Misconfigured(why)))) => {
                Effect::End(Outcome::Misconfigured(why))
            }
            (Stage::Sending { again }, Event::Answered(answer)) => self.on_answer(answer, again),
            (Stage::Storing, Event::Stored(saved)) => self.on_stored(saved),
            (Stage::Dropping, Event::Forgotten) => self.renewed(),
            (Stage::Removing, Event::Forgotten) => Effect::End(Outcome::NeedsSignIn(self.why)),
            (
                Stage::Begin
                | Stage::Locking
                | Stage::Finding
                | Stage::Proving
                | Stage::Sending { .. }
                | Stage::Storing
                | Stage::Dropping
                | Stage::FindingAnother
                | Stage::Removing,
                _,
            ) => Effect::End(Outcome::Busy),
        }
    }

    fn go(&mut self, stage: Stage, effect: Effect<T>) -> Effect<T> {
        self.stage = stage;
        effect
    }

    fn is_dead(&self, grant: &SavedGrant) -> bool {
        self.known.dead.iter().any(|dead| dead.is_same(grant))
    }

    /// The grant in memory, unless it must not be sent.
    fn in_memory(&self) -> Option<MemoryGrant> {
        let in_memory = self.known.in_memory.as_ref()?;
        (!self.is_dead(&in_memory.grant)).then(|| in_memory.clone())
    }

    fn prove(&mut self, using: MemoryGrant) -> Effect<T> {
        let is_known = self
            .known
            .in_memory
            .as_ref()
            .is_some_and(|in_memory| in_memory.grant.is_same(&using.grant));
        if !is_known {
            // What was lost was the answer to another one.
            self.known.lost = false;
        }
        let grant = using.grant.clone();
        self.using = Some(using);
        self.go(Stage::Proving, Effect::Prove(grant))
    }

    fn remove(&mut self, entry: String, grant: SavedGrant, why: Why) -> Effect<T> {
        self.why = why;
        self.go(Stage::Removing, Effect::Forget(entry, grant))
    }

    fn on_found(&mut self, found: Found) -> Effect<T> {
        match found {
            Ok(Some((Secret::Token(token), entry))) => Effect::End(Outcome::Pasted(token, entry)),
            Ok(Some((Secret::Grant(grant), entry))) => {
                if !self.is_dead(&grant) {
                    let unsaved = false;
                    return self.prove(MemoryGrant {
                        grant,
                        entry,
                        unsaved,
                    });
                }
                // It could not be replaced by the one in memory, or not be removed.
                match self.in_memory() {
                    Some(in_memory) => self.prove(in_memory),
                    None => self.remove(entry, grant, Why::Ended),
                }
            }
            Ok(None) => match self.in_memory().filter(|in_memory| in_memory.unsaved) {
                Some(in_memory) => self.prove(in_memory),
                None => Effect::End(Outcome::SignedOut),
            },
            Err(error) => match self.in_memory() {
                // No other process can have read an unsaved one, and a keyring that is missing may never come. Any
                // other may be used up: then sending it would end the sign-in.
                Some(in_memory) if in_memory.unsaved || (self.alone && !self.known.usable) => {
                    self.prove(in_memory)
                }
                Some(_) | None => Effect::End(Outcome::Keyring(error)),
            },
        }
    }

    fn send(&mut self, again: bool) -> Effect<T> {
        match &self.using {
            Some(using) => {
                let grant = using.grant.clone();
                self.go(Stage::Sending { again }, Effect::Send(grant))
            }
            None => Effect::End(Outcome::Busy),
        }
    }

    fn on_answer(&mut self, answer: Answer<T>, again: bool) -> Effect<T> {
        let Some(using) = self.using.clone() else {
            return Effect::End(Outcome::Busy);
        };
        match answer {
            Answer::Renewed { tokens, next } => self.on_tokens(using, tokens, next),
            Answer::OtherPerson => {
                self.known.dead.push(using.grant.clone());
                self.remove(using.entry, using.grant, Why::OtherPerson)
            }
            Answer::Later { trouble, lost } => {
                self.known.lost |= lost;
                // Many providers accept the same refresh token for some seconds, for exactly this case.
                if lost && !again {
                    return self.send(true);
                }
                let lost = self.known.lost;
                Effect::End(Outcome::Later { trouble, lost })
            }
            Answer::Spent => {
                self.known.dead.push(using.grant);
                self.go(Stage::FindingAnother, Effect::Find)
            }
            Answer::Misconfigured(why) => Effect::End(Outcome::Misconfigured(why)),
        }
    }

    fn on_tokens(&mut self, using: MemoryGrant, tokens: T, next: Option<SavedGrant>) -> Effect<T> {
        let is_replaced = next.as_ref().is_some_and(|next| !next.is_same(&using.grant));
        let grant = match next {
            Some(next) if is_replaced => {
                self.known.dead.push(using.grant.clone());
                next
            }
            Some(_) | None => using.grant.clone(),
        };
        self.result = Some((tokens, grant.clone()));
        if !is_replaced && !using.unsaved {
            return self.renewed();
        }
        self.go(Stage::Storing, Effect::Store(using.entry, grant))
    }

    fn on_stored(&mut self, saved: Result<(), SecretError>) -> Effect<T> {
        let failed = saved.is_err();
        self.saved = saved;
        match &self.using {
            // Otherwise another process would send what is used up.
            Some(using) if failed && self.is_dead(&using.grant) => {
                let (entry, grant) = (using.entry.clone(), using.grant.clone());
                self.go(Stage::Dropping, Effect::Forget(entry, grant))
            }
            Some(_) | None => self.renewed(),
        }
    }

    fn renewed(&mut self) -> Effect<T> {
        let entry = self.using.as_ref().map(|using| using.entry.clone());
        Effect::End(match (self.result.take(), entry) {
            (Some((tokens, grant)), Some(entry)) => Outcome::Renewed {
                tokens,
                grant,
                entry,
                saved: std::mem::replace(&mut self.saved, Ok(())),
            },
            (_, _) => Outcome::Busy,
        })
    }

    fn on_found_after_refusal(&mut self, found: Found) -> Effect<T> {
        let why = if self.known.lost { Why::CutOff } else { Why::Ended };
        match found {
            Ok(Some((Secret::Token(token), entry))) => Effect::End(Outcome::Pasted(token, entry)),
            Ok(Some((Secret::Grant(grant), entry))) if self.is_dead(&grant) => self.remove(entry, grant, why),
            Ok(Some((Secret::Grant(grant), entry))) => {
                self.adoptions += 1;
                if self.adoptions >= MAX_ADOPTIONS {
                    return Effect::End(Outcome::Busy);
                }
                let unsaved = false;
                self.prove(MemoryGrant {
                    grant,
                    entry,
                    unsaved,
                })
            }
            Ok(None) if self.was_in_keyring() => Effect::End(Outcome::SignedOut),
            // Nothing is removed from a keyring that cannot be read.
            Ok(None) | Err(_) => Effect::End(Outcome::NeedsSignIn(why)),
        }
    }

    fn was_in_keyring(&self) -> bool {
        self.using.as_ref().is_some_and(|using| !using.unsaved)
    }
}
