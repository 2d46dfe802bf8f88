//! The owner of the current token. Nothing of an account is sent or stored before the owner is known.
//!
//! With a token that is not known to be the account's, the stream is opened without a cursor, only to learn the user
//! from the greeting. Then the account stays current, another one becomes current, or the user is asked. Until then no
//! event is processed; all of them are requested again from the cursor of the account that is current then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation, IdleReason, Status};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::{Actor, Report};
use crate::account::session::Session;
use crate::account::{Entry, Salt, Verdict};
use crate::event::{Field, UserChange};
use crate::handle::CoreError;
use crate::inbox::Inbox;
use crate::message;
use crate::protocol::{
    ConnectionState, ConnectionView, OwnUser, PersonAnswer, PersonQuestion, QuestionKind, Remedy,
};
use crate::token::Token;

/// How long to wait for the greeting. A server that greets does so right after the response's head; others never name
/// the user.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// What is known about the owner of the token.
#[derive(Debug, Default)]
enum State {
    /// It is the account's user, unless the guard finds otherwise.
    #[default]
    Known,
    /// Unknown. The stream only serves to learn the user, until `due`.
    Unknown { due: Option<Instant> },
    /// The user is being asked. The entry has the cursor to resume from if it is another user.
    Asked(Entry),
}

/// The user's identity.
#[derive(Debug, Default)]
pub(super) struct Identity {
    state: State,
    /// Whether the user of the current connection was checked.
    checked: bool,
    /// What the server last sent about the account's user.
    own: OwnUser,
    /// The account whose tokens the guard accepts.
    guarded: Arc<Mutex<Option<Entry>>>,
}

impl Identity {
    pub(super) fn new(account: Option<Entry>, own: OwnUser) -> Self {
        Self {
            own,
            guarded: Arc::new(Mutex::new(account)),
            ..Self::default()
        }
    }

    /// Sets the stored name and status of the account's user.
    pub(super) fn set_own(&mut self, own: OwnUser) {
        self.own = own;
    }

    /// Returns the name and status of the account's user that are shown.
    pub(super) fn own(&self) -> OwnUser {
        self.own.clone()
    }

    /// Returns the question for the user.
    pub(super) fn question(&self) -> Option<PersonQuestion> {
        match &self.state {
            State::Known | State::Unknown { .. } => None,
            State::Asked(other) => Some(PersonQuestion {
                kind: QuestionKind::Token,
                user: other.user().map(str::to_owned),
                name: None,
            }),
        }
    }

    /// Whether the user is being asked. No connection is attempted then.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked(_))
    }

    /// Whether the owner is unknown. No cursor is sent and nothing is stored then.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.state, State::Unknown { .. })
    }

    /// Whether the user of the current connection was not checked yet.
    pub(super) fn is_unchecked(&self) -> bool {
        !self.checked
    }

    /// Handles a new connection, which may be another user's.
    pub(super) fn on_connection(&mut self) {
        self.checked = false;
    }

    /// Handles a possible change of the token: the guard has to check the next one.
    pub(super) fn on_token(&mut self) {
        self.state = State::Known;
        self.checked = false;
    }

    /// Returns when a server without a greeting counts as one that does not name the user.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Unknown { due } => due,
            State::Known | State::Asked(_) => None,
        }
    }

    pub(super) fn on_status(&mut self, status: &Status, now: Instant) {
        if let State::Unknown { due } = &mut self.state {
            *due = matches!(status, Status::Connected { .. }).then(|| now + GREETING_TIMEOUT);
        }
    }

    /// Returns the view of a connection that waits for the user's answer.
    pub(super) fn shown(&self, view: ConnectionView) -> ConnectionView {
        if !self.is_asked() {
            return view;
        }
        ConnectionView {
            state: ConnectionState::Halted,
            reason: Some(message::cause_other_person()),
            remedy: Remedy::ConfirmPerson,
            needs_user: true,
            ..view
        }
    }
}

/// Passes only the account's own tokens to the stream, because the account's cursor is sent along.
#[derive(Debug)]
struct Guard {
    session: Session,
    account: Arc<Mutex<Option<Entry>>>,
    reports: UnboundedSender<Report>,
}

impl Guard {
    fn lets_pass(&self, token: &Token) -> bool {
        let account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account
            .as_ref()
            .is_some_and(|account| account.is_open() || account.matches_token(token))
    }
}

impl CredentialProvider for Guard {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            loop {
                let credential = self.session.credential().await?;
                let generation = credential.generation;
                // The token may have been replaced since; the one that would be sent is checked.
                if let Some(token) = self.session.owner_of(generation) {
                    if self.lets_pass(&token) {
                        return Ok(credential);
                    }
                    // The core may have ended meanwhile.
                    let _ = self.reports.send(Report::AnotherToken);
                }
                // The core disconnects, unless the account's own token is used again by then.
                self.session.until_replaced(generation).await;
            }
        }
        .boxed()
    }

    fn invalidate(&self, refused: Generation) {
        self.session.invalidate(refused);
    }
}

impl Actor {
    /// Returns the source of credentials for the stream.
    pub(super) fn credentials(&self, session: Session) -> Arc<dyn CredentialProvider> {
        if self.identity.is_unknown() {
            return Arc::new(session);
        }
        Arc::new(Guard {
            session,
            account: Arc::clone(&self.identity.guarded),
            reports: self.reports.0.clone(),
        })
    }

    /// Sets the current account, for the guard too.
    pub(super) fn set_account(&mut self, account: Entry) {
        let mut guarded = self
            .identity
            .guarded
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *guarded = Some(account.clone());
        drop(guarded);
        let same = self
            .account
            .as_ref()
            .is_some_and(|before| before.folder() == account.folder());
        if !same {
            self.identity.own = OwnUser::default();
        }
        self.account = Some(account);
    }

    /// Removes the current account, for the guard too. Returns it.
    pub(super) fn leave_account(&mut self) -> Option<Entry> {
        self.identity = Identity::new(None, OwnUser::default());
        self.account.take()
    }

    /// Handles a change of a user's name or status. Only the account's own user is shown.
    pub(super) fn on_user_changed(&mut self, user: &UserChange) {
        let own = self.account.as_ref().and_then(Entry::user);
        if own != Some(&*user.user_id) {
            return;
        }
        let shown = &mut self.identity.own;
        for (field, change) in [(&mut shown.name, &user.name), (&mut shown.status, &user.status)] {
            match change {
                Field::Absent => {}
                Field::Null => *field = None,
                Field::Value(value) => *field = Some(value.clone()),
            }
        }
        self.publish_account();
    }

    /// What the owner of the token in force is known by.
    fn token(&self) -> Option<Token> {
        self.tokens.session().and_then(Session::owner)
    }

    fn salt(&mut self) -> Salt {
        Salt(self.rng.u64(..))
    }

    /// The account that a token is compared with: the one in use or, after signing out, the one that was.
    fn account_in_question(&mut self) -> Option<Entry> {
        if self.account.is_some() {
            return self.account.clone();
        }
        let server = self.settings.address.as_ref()?.server();
        Some(self.accounts.in_force_or_first(&server))
    }

    /// Handles that the current token is not known to be this account's.
    pub(super) async fn on_another_token(&mut self) {
        let (Some(account), Some(token)) = (self.account_in_question(), self.token()) else {
            return;
        };
        let is_own = self.account.is_some() && account.matches_token(&token);
        if !matches!(self.identity.state, State::Known) || is_own || !self.link.is_open() {
            return;
        }
        if account.is_open() {
            self.enter_account(account, None).await;
            return;
        }
        let known = self
            .accounts
            .of(account.server())
            .find(|other| other.matches_token(&token))
            .cloned();
        match known {
            Some(other) if other.is_unconfirmed() => self.ask_user(other),
            Some(other) => self.enter_account(other, None).await,
            None => {
                tracing::info!("another token: the server is asked whose it is");
                self.identity.state = State::Unknown { due: None };
                self.open_stream();
            }
        }
    }

    /// Checks the owner of the connection when its first event arrives; `user` is the id in the greeting. Returns
    /// whether the events are this account's.
    pub(super) async fn check_person(&mut self, user: Option<&str>, position: Option<String>) -> bool {
        let Some(account) = self.account_in_question() else {
            return true;
        };
        let trusted = !self.identity.is_unknown();
        let known = user.and_then(|user| self.accounts.named(account.server(), user));
        let is_known = known.is_some_and(|known| !known.is_unconfirmed());
        match Verdict::of(&account, user, trusted, is_known) {
            Verdict::Same if self.account.is_none() => {
                self.enter_account(account, None).await;
                false
            }
            Verdict::Same => {
                let (token, salt) = (self.token(), self.salt());
                let account = self.accounts.put_in_force(&account, user, token.as_ref(), salt);
                self.set_account(account);
                self.identity.checked = true;
                self.move_token();
                if !trusted {
                    self.identity.state = State::Known;
                    self.open_stream();
                }
                trusted
            }
            Verdict::Another => {
                let other = self
                    .accounts
                    .find_or_create(account.server(), user.unwrap_or_default());
                tracing::info!("the token is that of another person");
                self.enter_account(other, position).await;
                false
            }
            Verdict::Ask => {
                if let Some(token) = self.token() {
                    let salt = self.salt();
                    let other = self
                        .accounts
                        .create_unconfirmed(account.server(), user, &token, salt);
                    self.store_position(&other, position).await;
                    self.ask_user(other);
                } else {
                    self.identity.on_token();
                    self.open_stream();
                }
                false
            }
        }
    }

    /// Stores the cursor for the user who may be another one, because events until the answer are theirs.
    async fn store_position(&mut self, other: &Entry, position: Option<String>) {
        let Some(position) = position else { return };
        let (paths, other) = (self.setup.paths.clone(), other.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let mut opened = Inbox::open_account(&paths, other.folder(), other.server())?;
            opened.inbox.set_initial_cursor(&position)
        });
        if let Ok(Err(error)) = kept.await {
            tracing::warn!(%error, "a position could not be stored");
        }
    }

    /// Disconnects and asks the user.
    fn ask_user(&mut self, other: Entry) {
        tracing::info!("the user is asked whose the token is");
        self.identity.state = State::Asked(other);
        self.drop_stream();
        self.set_status(Status::Idle(IdleReason::Stopped));
        self.publish_account();
        self.publish_connection();
        self.show(message::needs_you(), message::person_needs_you());
    }

    /// Handles the user's answer to the question.
    pub(super) async fn confirm_person(&mut self, answer: PersonAnswer) -> Result<(), CoreError> {
        let State::Asked(other) = &self.identity.state else {
            return Err(CoreError::Invalid(message::nothing_asked()));
        };
        let other = other.clone();
        let Some(account) = self.account_in_question() else {
            return Err(CoreError::Invalid(message::nothing_asked()));
        };
        self.identity.state = State::Known;
        if answer.same {
            let account = self.accounts.merge_unconfirmed(&account, &other);
            self.enter_account(account, None).await;
        } else {
            self.enter_account(other, None).await;
        }
        Ok(())
    }

    /// Switches to another account. Nothing of the previous one is shown any more.
    async fn enter_account(&mut self, next: Entry, position: Option<String>) {
        self.drop_stream();
        self.identity.on_token();
        let (token, salt) = (self.token(), self.salt());
        let user = next.user().map(str::to_owned);
        let token = token.filter(|token| next.is_open() || next.matches_token(token) || user.is_some());
        let next = self
            .accounts
            .put_in_force(&next, user.as_deref(), token.as_ref(), salt);
        self.accounts.remove_unconfirmed(next.server());
        self.forget_erased();
        if let Err(error) = self.begin_account(next, position).await {
            tracing::error!(%error, "the inbox of the account could not be opened");
        }
        self.open_stream();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::super::tests::setup;
    use super::*;
    use crate::account::Accounts;
    use crate::account::address::Address;
    use crate::paths::Paths;

    #[tokio::test]
    async fn an_answer_that_nobody_asked_for_lets_no_unknown_token_pass() {
        let home = tempfile::tempdir().unwrap();
        let mut actor = Actor::new(setup(home.path())).unwrap();
        actor.settings.address = Some(Address::parse("http://127.0.0.1:9/api/v1", false).unwrap());
        actor.set_account(Accounts::read(&Paths::within(home.path())).in_force_or_first("server"));
        actor.identity.state = State::Unknown { due: None };
        for same in [true, false] {
            assert!(actor.confirm_person(PersonAnswer { same }).await.is_err());
            assert!(actor.identity.is_unknown());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_greet_names_nobody_so_the_user_is_asked() {
        let home = tempfile::tempdir().unwrap();
        let mut actor = Actor::new(setup(home.path())).unwrap();
        let address = Address::parse("http://127.0.0.1:9/api/v1", false).unwrap();
        let account = actor.accounts.in_force_or_first(&address.server());
        let own = Token::parse("own").unwrap();
        let account = actor.accounts.put_in_force(&account, None, Some(&own), Salt(1));
        actor.set_account(account);
        let session = actor.session_for(&address);
        session.enter(Token::parse("other").unwrap());
        actor.tokens.put_in_force(session);
        actor.settings.address = Some(address);
        actor.identity.state = State::Unknown {
            due: Some(Instant::now() + GREETING_TIMEOUT),
        };
        actor.serve_timers().await;
        assert!(actor.identity.is_unknown(), "it may greet yet");
        tokio::time::advance(GREETING_TIMEOUT).await;
        actor.serve_timers().await;
        assert!(actor.identity.is_asked());
        assert_eq!(actor.identity.due(), None);
    }

    #[test]
    fn the_greeting_is_waited_for_from_the_connection_on() {
        let now = Instant::now();
        let mut identity = Identity {
            state: State::Unknown { due: None },
            ..Identity::default()
        };
        identity.on_status(&Status::Idle(IdleReason::NotStarted), now);
        assert_eq!(identity.due(), None);
        let since = now.into_std();
        identity.on_status(&Status::Connected { since }, now);
        assert_eq!(identity.due(), Some(now + GREETING_TIMEOUT));
    }

    #[tokio::test]
    async fn the_stream_that_was_refused_a_token_gets_the_accounts_own_when_that_is_back() {
        let home = tempfile::tempdir().unwrap();
        let actor = Actor::new(setup(home.path())).unwrap();
        let address = Address::parse("https://gloria.example/api", false).unwrap();
        let session = actor.session_for(&address);
        let (own, other) = (Token::parse("own").unwrap(), Token::parse("other").unwrap());
        let mut accounts = Accounts::read(&Paths::within(home.path()));
        let account = accounts.in_force_or_first(&address.server());
        let account = accounts.put_in_force(&account, None, Some(&own), Salt(1));
        let (reports, mut reported) = mpsc::unbounded_channel();
        let guard = Guard {
            session: session.clone(),
            account: Arc::new(Mutex::new(Some(account))),
            reports,
        };
        session.enter(other);
        let mut waiting = guard.credential();
        assert!((&mut waiting).now_or_never().is_none());
        assert!(matches!(reported.try_recv(), Ok(Report::AnotherToken)));
        let generation = session.enter(own);
        let credential = waiting.await.unwrap();
        assert_eq!(credential.generation, generation);
        assert!(reported.try_recv().is_err());
    }
}
