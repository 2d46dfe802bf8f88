//! The token, the server that it belongs to, and how requests to that server get it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, Shared};
use gloria_stream::{Credential, CredentialError, Generation};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::account::check::is_expired;
use crate::grant::{GrantRule, Owner, SavedGrant, Secret};
use crate::message::{self, Message};
use crate::ports::{CommandLine, SecretError};
use crate::protocol::{SignedIn, TokenState};
use crate::token::AuthTransport;
use crate::token::Token;

mod access;
mod command;
mod credentials;
mod entries;
mod new;
mod not_renewed;
mod provider;
mod query;
mod renewal;
mod renewing;
mod server_token;
mod sign_in;
mod sign_out;
mod state;
#[cfg(test)]
mod tests;
mod token_command;
mod unkept;
mod unsaved;

pub use command::{CommandOptions, CommandPorts, CommandSession, Replacement, SignedOutByCommand};
pub(crate) use new::{NewSignIn, StoredSignIn, Unwanted};
pub(crate) use not_renewed::NotRenewed;
pub(crate) use provider::OpenIdProvider;
pub(crate) use renewing::{Access, Rest, Saving, SessionPorts, Unrevoked};
pub use server_token::{EnvironmentTokenError, Server, ServerToken, TokenFor, environment_token};
pub(crate) use sign_in::Who;
use sign_in::{Ended, SignIn};
pub(crate) use sign_out::{SignedOut, revoke_all};
pub(crate) use token_command::CommandFailed;
use token_command::Commanded;
pub use token_command::ServerCommand;
pub(crate) use unkept::Unkept;

/// The state of the token, and the message about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenReport {
    pub(crate) state: TokenState,
    pub(crate) problem: Option<Message>,
    pub(crate) signed_in: Option<SignedIn>,
}

impl TokenReport {
    pub(crate) const fn new(state: TokenState) -> Self {
        Self {
            state,
            problem: None,
            signed_in: None,
        }
    }
}

/// The token's server, its keyring entry, and how it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionOptions {
    pub(crate) server: Server,
    /// The keyring entry of a token whose user is not known yet. A token of a known user is in the account's own entry,
    /// so that no user's token replaces another's.
    pub(crate) entry: String,
    pub(crate) transport: AuthTransport,
    /// The command that prints the token, instead of the keyring.
    pub(crate) command: Option<CommandLine>,
    /// What sign-ins have to be.
    pub(crate) rule: GrantRule,
}

/// The token of one server, shared by the stream, tests and requests. Clones are the same session.
///
/// A token of the environment has precedence. Otherwise the token that was entered last is used, or the one in the
/// keyring. The keyring is queried once, and again after the server refused its token: first the server's entry, where
/// new tokens are, then the account's. Concurrent callers share one query. A decision of the user ([`Session::enter`],
/// [`Session::forget`], [`Session::requery`]) invalidates the answer to an earlier query.
#[derive(Clone)]
pub(crate) struct Session(Arc<Inner>);

struct Inner {
    options: SessionOptions,
    ports: SessionPorts,
    state: Mutex<State>,
    report: watch::Sender<TokenReport>,
    generation: watch::Sender<Generation>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    /// Counts the changes of the token, including to none.
    generation: Generation,
    /// Counts the user's decisions.
    decision: u64,
    question: Option<Shared<BoxFuture<'static, Answer>>>,
    /// The user closed the keyring's prompt, or has not answered it yet: only the user's request raises another.
    prompted: bool,
    /// The entry of the account in force, if it has its own.
    own: Option<String>,
    sign_in: SignIn,
    commanded: Commanded,
    /// Grants that are stored nowhere and that the user does not want any more.
    left: Vec<SavedGrant>,
    /// The number of this session's last turn, if no other process had one since its last renewal.
    turn: Option<u64>,
    /// The task that renews the sign-in in advance.
    scheduled: Option<AbortHandle>,
}

struct Current {
    token: ServerToken,
    source: Source,
    /// The keyring may have another token by now.
    stale: bool,
    /// The entry in which it is stored, or will be.
    entry: String,
}

/// The source of the token in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Environment,
    /// Entered, and not stored in the keyring yet, or not at all.
    Memory,
    Keyring,
    /// The access token of a sign-in.
    SignIn,
    /// What the administrator's command printed.
    Command,
}

/// The result of a query of the keyring.
#[derive(Clone)]
enum Answer {
    Settled(Result<Credential, CredentialError>),
    /// A decision was made meanwhile.
    Superseded,
}

impl Answer {
    fn failed() -> Self {
        let failed = SecretError::Unavailable(message::keyring_library_failed().into());
        Self::Settled(Err(CredentialError::Unavailable(failed.into())))
    }
}

impl Session {
    /// A new session, which has queried nothing. `given` is a token in memory, ignored if it belongs to another server.
    pub(crate) fn new(
        options: SessionOptions,
        ports: SessionPorts,
        environment: Option<&ServerToken>,
        unkept: Option<Unkept>,
    ) -> Self {
        let own = |token: Option<&ServerToken>, source| {
            let token = token.filter(|token| token.for_server(&options.server).is_some())?;
            Some(Current {
                token: token.clone(),
                source,
                stale: false,
                entry: options.entry.clone(),
            })
        };
        let mut sign_in = SignIn::default();
        let mut left = Vec::new();
        let current = own(environment, Source::Environment).or_else(|| {
            let Unkept { token, sign_in: kept } = unkept?;
            let source = if kept.is_some() {
                Source::SignIn
            } else {
                Source::Memory
            };
            let current = own(Some(&token), source)?;
            sign_in = kept.unwrap_or_default();
            let who = sign_in.who.as_ref();
            if who.is_some_and(|who| !who.is_admitted(&options.rule)) {
                let in_memory = sign_in.known.in_memory.take();
                left.extend(in_memory.map(|in_memory| in_memory.grant));
                sign_in.end(Ended::Elsewhere);
                return None;
            }
            Some(current)
        });
        let generation = if current.is_some() {
            Generation::default().next()
        } else {
            Generation::default()
        };
        let ended = sign_in.ended();
        let state = match (&current, ended) {
            (Some(_), _) => TokenState::Present,
            (None, Some(_)) => TokenState::NeedsSignIn,
            (None, None) => TokenState::Unknown,
        };
        let report = TokenReport {
            signed_in: sign_in.view(),
            problem: ended.map(Ended::message),
            ..TokenReport::new(state)
        };
        Self(Arc::new(Inner {
            options,
            ports,
            state: Mutex::new(State {
                current,
                generation,
                sign_in,
                left,
                ..State::default()
            }),
            report: watch::Sender::new(report),
            generation: watch::Sender::new(generation),
        }))
    }

    pub(crate) fn options(&self) -> &SessionOptions {
        &self.0.options
    }

    /// Reports about the token: the latest, and all changes.
    pub(crate) fn reports(&self) -> watch::Receiver<TokenReport> {
        self.0.report.subscribe()
    }

    /// Whether the administrator's command prints its token.
    pub(crate) fn is_by_command(&self) -> bool {
        self.0.state().is_commands()
    }

    /// Whether this is the same session.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The generation of the token in force.
    pub(crate) fn generation(&self) -> Generation {
        *self.0.generation.borrow()
    }

    /// Puts a token that was entered into force, in memory until [`Session::on_stored`], and returns its generation. A
    /// token of the environment keeps its precedence, as does the command's.
    pub(crate) fn enter(&self, token: Token) -> Generation {
        let mut state = self.0.state();
        if !state.is_environments() && self.0.options.command.is_none() {
            state.invalidate_queries();
            state.sign_in.clear();
            let entry = self.0.options.entry.clone();
            self.0
                .set_current(&mut state, Some((token, Source::Memory, entry)));
            self.0.publish(&state, TokenState::Present, None);
        }
        state.generation
    }

    /// The keyring has stored this token.
    pub(crate) fn on_stored(&self, generation: Generation) {
        let mut state = self.0.state();
        if state.generation == generation
            && let Some(current) = &mut state.current
            && current.source == Source::Memory
        {
            current.source = Source::Keyring;
        }
    }

    /// What the owner of the token in force is known by: the token itself, or who signed in. It is
    /// only for comparisons; `CredentialProvider::credential` alone sends a token.
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.0.owner(&self.0.state())
    }

    /// The owner of the token of this generation, while it is in force.
    pub(crate) fn owner_of(&self, generation: Generation) -> Option<Owner> {
        let state = self.0.state();
        let is_in_force = state.generation == generation;
        is_in_force.then(|| self.0.owner(&state)).flatten()
    }

    /// The server accepted the token in force.
    pub(crate) fn on_accepted(&self) {
        let mut state = self.0.state();
        if state.is_sign_in() && state.sign_in.is_rejected() {
            state.sign_in.on_accepted();
            self.0.publish_sign_in(&state);
        } else if state.is_commands() && state.commanded.on_accepted() {
            self.0.publish_commanded(&state);
        }
    }

    /// The network is another one, so a renewal that failed is repeated at once.
    pub(crate) fn on_network_changed(&self) {
        self.0.state().sign_in.retry_at_once();
    }

    /// Waits until the token in force has another generation.
    pub(crate) async fn until_replaced(&self, generation: Generation) {
        let mut generations = self.0.generation.subscribe();
        // The sender lives as long as this session.
        let _ = generations.wait_for(|known| *known != generation).await;
    }

    /// The user signs out. A token of the environment stays.
    pub(crate) fn forget(&self) {
        let mut state = self.0.state();
        state.invalidate_queries();
        if !state.is_environments() {
            self.0.set_current(&mut state, None);
        }
        let in_memory = state.sign_in.known.in_memory.take();
        state.left.extend(in_memory.map(|in_memory| in_memory.grant));
        state.sign_in.clear();
        self.0.publish(&state, TokenState::Missing, None);
    }

    /// Another program signed in or out, so the keyring may have another token, or none. With `entered`, a token that
    /// is only in memory is replaced too.
    pub(crate) fn requery(&self, entered: bool) {
        let mut state = self.0.state();
        if self.0.options.command.is_some() {
            state.commanded.on_user_asked();
            return;
        }
        state.invalidate_queries();
        state.sign_in.requery();
        if entered && let Some(in_memory) = &mut state.sign_in.known.in_memory {
            // The keyring is right, even if it did not store this one.
            in_memory.unsaved = false;
        }
        // A sign-in without a refresh token is nowhere else, so asking for it anew would lose it.
        let is_elsewhere = entered || state.sign_in.known.in_memory.is_some();
        match &mut state.current {
            Some(current) if current.source == Source::Memory && entered => {
                (current.source, current.stale) = (Source::Keyring, true);
            }
            Some(current) => {
                current.stale = match current.source {
                    Source::Keyring => true,
                    Source::SignIn => is_elsewhere,
                    Source::Environment | Source::Memory | Source::Command => false,
                };
            }
            None => {}
        }
        if !state.has_usable(self.0.ports.now()) {
            self.0.publish(&state, TokenState::Unknown, None);
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own<'a>(&self, token: &'a ServerToken) -> Option<&'a Token> {
        token.for_server(&self.options.server)
    }

    /// What the keyring should have of the token in force.
    fn secret(&self, state: &State) -> Option<Secret> {
        let current = state.current.as_ref()?;
        match current.source {
            Source::SignIn => state
                .sign_in
                .known
                .in_memory
                .as_ref()
                .map(|in_memory| in_memory.grant.clone().into()),
            Source::Environment | Source::Memory | Source::Keyring | Source::Command => {
                self.own(&current.token).cloned().map(Secret::Token)
            }
        }
    }

    fn owner(&self, state: &State) -> Option<Owner> {
        if let Some(who) = state.sign_in.who.as_ref().filter(|_| state.is_sign_in()) {
            return who.subject().map(Owner::Subject);
        }
        match self.secret(state)? {
            Secret::Token(token) => Some(Owner::Token(token)),
            Secret::Grant(grant) => grant.subject().map(Owner::Subject),
        }
    }

    /// Puts this token into force, or none, and reports a change.
    fn set_current(&self, state: &mut State, next: Option<(Token, Source, String)>) {
        let before = state.current.take();
        let known = before.as_ref().and_then(|current| self.own(&current.token));
        let is_another = known.map(Token::expose) != next.as_ref().map(|(token, ..)| token.expose());
        state.current = next.map(|(token, source, entry)| Current {
            token: ServerToken::new(self.options.server.clone(), token),
            source,
            stale: false,
            entry,
        });
        if is_another {
            state.generation = state.generation.next();
            self.generation.send_replace(state.generation);
        }
    }

    /// Whether the pasted token in force has ended for certain, and the keyring has no other.
    fn is_expired(&self, state: &State) -> bool {
        let current = state.current.as_ref();
        let current = current.filter(|current| !current.stale && current.source != Source::SignIn);
        let token = current.and_then(|current| self.own(&current.token));
        token.is_some_and(|token| is_expired(token, self.ports.clock.wall()))
    }

    fn credential(&self, state: &State) -> Option<Credential> {
        let token = self.own(&state.current.as_ref()?.token)?;
        Some(Credential::of(
            state.generation,
            token.proof(self.options.transport),
        ))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
