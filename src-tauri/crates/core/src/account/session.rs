//! The token, the server that it belongs to, and how requests to that server get it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation};
use tokio::sync::watch;

use crate::message::{self, Message};
use crate::ports::{SecretError, Secrets};
use crate::protocol::TokenState;
use crate::token::AuthTransport;
use crate::token::Token;

mod entries;
mod server_token;
#[cfg(test)]
mod tests;

use entries::find;
pub use server_token::{EnvironmentTokenError, Server, ServerToken, TokenFor, environment_token};

/// The state of the token, and the message about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenReport {
    pub(crate) state: TokenState,
    pub(crate) problem: Option<Message>,
}

impl TokenReport {
    pub(crate) const fn new(state: TokenState) -> Self {
        Self { state, problem: None }
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
    secrets: Arc<dyn Secrets>,
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
    /// The entry of the account in force, if it has its own.
    own: Option<String>,
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
        secrets: Arc<dyn Secrets>,
        environment: Option<&ServerToken>,
        entered: Option<&ServerToken>,
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
        let current = own(environment, Source::Environment).or_else(|| own(entered, Source::Memory));
        let generation = if current.is_some() {
            Generation::default().next()
        } else {
            Generation::default()
        };
        let report = TokenReport::new(if current.is_some() {
            TokenState::Present
        } else {
            TokenState::Unknown
        });
        Self(Arc::new(Inner {
            options,
            secrets,
            state: Mutex::new(State {
                current,
                generation,
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

    /// Whether this is the same session.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The generation of the token in force.
    pub(crate) fn generation(&self) -> Generation {
        *self.0.generation.borrow()
    }

    /// Puts a token that was entered into force, in memory until [`Session::on_stored`], and returns its generation. A
    /// token of the environment keeps its precedence.
    pub(crate) fn enter(&self, token: Token) -> Generation {
        let mut state = self.0.state();
        if !state.is_environments() {
            state.invalidate_queries();
            let entry = self.0.options.entry.clone();
            self.0
                .set_current(&mut state, Some((token, Source::Memory, entry)));
            self.0.publish(TokenState::Present, None);
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

    /// The token in force, for comparing. Only [`Session::credential`] sends it.
    pub(crate) fn token(&self) -> Option<Token> {
        let state = self.0.state();
        self.0.own(&state.current.as_ref()?.token).cloned()
    }

    /// The token of this generation, while it is in force.
    pub(crate) fn token_of(&self, generation: Generation) -> Option<Token> {
        let state = self.0.state();
        let current = state
            .current
            .as_ref()
            .filter(|_| state.generation == generation)?;
        self.0.own(&current.token).cloned()
    }

    /// Waits until the token in force has another generation.
    pub(crate) async fn until_replaced(&self, generation: Generation) {
        let mut generations = self.0.generation.subscribe();
        // The sender lives as long as this session.
        let _ = generations.wait_for(|known| *known != generation).await;
    }

    /// A token that is only in memory, so that it is not lost with this session.
    pub(crate) fn memory_only(&self) -> Option<ServerToken> {
        let state = self.0.state();
        let current = state.current.as_ref()?;
        (current.source == Source::Memory).then(|| current.token.clone())
    }

    /// The user signs out. A token of the environment stays.
    pub(crate) fn forget(&self) {
        let mut state = self.0.state();
        state.invalidate_queries();
        if !state.is_environments() {
            self.0.set_current(&mut state, None);
        }
        self.0.publish(TokenState::Missing, None);
    }

    /// Another program signed in or out, so the keyring may have another token, or none. With `entered`, a token that
    /// is only in memory is replaced too.
    pub(crate) fn requery(&self, entered: bool) {
        let mut state = self.0.state();
        state.invalidate_queries();
        match &mut state.current {
            Some(current) if current.source == Source::Memory && entered => {
                (current.source, current.stale) = (Source::Keyring, true);
            }
            Some(current) => current.stale = current.source == Source::Keyring,
            None => {}
        }
        if !state.has_usable() {
            self.0.publish(TokenState::Unknown, None);
        }
    }

    /// Whether the keyring has another token now, or none. Raises no prompt.
    pub(crate) async fn has_changed(&self) -> bool {
        let of_the_keyring = |state: &State| {
            let current = state.current.as_ref();
            current.is_none_or(|current| current.source == Source::Keyring)
        };
        let asked = {
            let state = self.0.state();
            of_the_keyring(&state).then_some(state.decision)
        };
        let Some(asked) = asked else { return false };
        let entries = self.entries();
        let first = self.0.secrets.load_without_prompt(&self.0.options.entry);
        let found = find(first, &entries, |entry| self.0.secrets.load_without_prompt(entry)).await;
        let Ok(found) = found else { return false };
        let found = found.map(|(token, _)| token);
        let state = self.0.state();
        let known = state
            .current
            .as_ref()
            .and_then(|current| self.0.own(&current.token));
        state.decision == asked
            && of_the_keyring(&state)
            && known.map(Token::expose) != found.as_ref().map(Token::expose)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own<'a>(&self, token: &'a ServerToken) -> Option<&'a Token> {
        token.for_server(&self.options.server)
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

    fn credential(&self, state: &State) -> Option<Credential> {
        let token = self.own(&state.current.as_ref()?.token)?;
        Some(Credential::of(
            state.generation,
            token.proof(self.options.transport),
        ))
    }

    /// The current query of the keyring, or a new one. Its task continues when its callers are gone, so that the answer
    /// is processed when it arrives and not at the next query.
    fn question(self: &Arc<Self>, state: &mut State) -> Shared<BoxFuture<'static, Answer>> {
        // A finished query is left over only if its task failed.
        if let Some(question) = state
            .question
            .as_ref()
            .filter(|question| question.peek().is_none())
        {
            return question.clone();
        }
        let loaded = self.secrets.load(&self.options.entry);
        let (inner, asked, entries) = (Arc::clone(self), state.decision, self.entries(state));
        let answered = tokio::spawn(async move {
            let found = find(loaded, &entries, |entry| inner.secrets.load(entry)).await;
            inner.answer(asked, found)
        });
        let question = async { answered.await.unwrap_or_else(|_| Answer::failed()) }
            .boxed()
            .shared();
        state.question = Some(question.clone());
        question
    }

    fn answer(&self, asked: u64, found: Result<Option<(Token, String)>, SecretError>) -> Answer {
        let mut state = self.state();
        if state.decision != asked {
            return Answer::Superseded;
        }
        state.question = None;
        Answer::Settled(match found {
            Ok(found) => {
                let found = found.map(|(token, entry)| (token, Source::Keyring, entry));
                self.set_current(&mut state, found);
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
                let problem = error.message();
                let token = match &error {
                    SecretError::Locked => TokenState::KeyringLocked,
                    SecretError::Unavailable(_) | SecretError::Refused(_) => TokenState::KeyringUnavailable,
                };
                self.publish(token, Some(problem));
                Err(CredentialError::Unavailable(error.into()))
            }
        })
    }

    fn publish(&self, state: TokenState, problem: Option<Message>) {
        let report = TokenReport { state, problem };
        self.report.send_if_modified(|known| {
            let news = *known != report;
            *known = report;
            news
        });
    }
}

impl State {
    fn invalidate_queries(&mut self) {
        self.decision += 1;
        self.question = None;
    }

    fn is_environments(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.source == Source::Environment)
    }

    fn has_usable(&self) -> bool {
        // Only the keyring can have another token.
        self.current
            .as_ref()
            .is_some_and(|current| !current.stale || current.source != Source::Keyring)
    }
}

impl CredentialProvider for Session {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            loop {
                let question = {
                    let mut state = self.0.state();
                    if state.has_usable()
                        && let Some(credential) = self.0.credential(&state)
                    {
                        self.0.publish(TokenState::Present, None);
                        return Ok(credential);
                    }
                    self.0.question(&mut state)
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
        if state.generation == refused
            && let Some(current) = &mut state.current
        {
            current.stale = true;
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
