//! The owner of the current token. Nothing of an account is sent or stored before the owner is known.
//!
//! With a token that is not known to be the account's, the stream is opened without a cursor, only to learn the user
//! from the greeting. Then the account stays current, another one becomes current, or the user is asked. Until then no
//! event is processed; all of them are requested again from the cursor of the account that is current then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation, Status};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::{Actor, Report};
use crate::account::Entry;
use crate::account::session::Session;
use crate::event::{Field, UserChange};
use crate::grant::Owner;
use crate::message::{self, Message};
use crate::protocol::{ConnectionState, ConnectionView, OwnUser, PersonQuestion, QuestionKind, Remedy};

mod owners;

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
    /// The user is being asked.
    Asked(Box<Question>),
    /// The server takes the user for another person. Nothing is requested until somebody does something about it.
    Contradiction,
}

/// What the user is asked.
#[derive(Debug, Clone)]
enum Question {
    /// Whether the new token or sign-in is the account's user's. If not, this entry is theirs, with the cursor to
    /// resume from.
    Token(Box<Entry>),
    /// Whether the candidate belongs to the person who signed in by another application of the provider. If not, the
    /// other entry is theirs.
    Application {
        candidate: Box<Entry>,
        other: Box<Entry>,
    },
    /// Whether the server's user of this id is the person who signed in.
    Server(String),
}

/// The user's identity.
#[derive(Debug, Default)]
pub(super) struct Identity {
    state: State,
    /// Whether the user of the current connection was checked.
    checked: bool,
    /// The credential whose owner the server is asked for.
    asked_for: Option<Generation>,
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
            State::Known | State::Unknown { .. } | State::Contradiction => None,
            State::Asked(question) => Some(question.view()),
        }
    }

    /// Whether the user is being asked, or has to act. No connection is attempted then.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked(_) | State::Contradiction)
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
            State::Known | State::Asked(_) | State::Contradiction => None,
        }
    }

    pub(super) fn on_status(&mut self, status: &Status, now: Instant) {
        if let State::Unknown { due } = &mut self.state {
            *due = matches!(status, Status::Connected { .. }).then(|| now + GREETING_TIMEOUT);
        }
    }

    /// Returns the view of a connection that waits for the user's answer.
    pub(super) fn shown(&self, view: ConnectionView) -> ConnectionView {
        let (reason, remedy) = match &self.state {
            State::Known | State::Unknown { .. } => return view,
            State::Asked(question) => (question.cause(), Remedy::ConfirmPerson),
            State::Contradiction => (message::cause_greeting_differs(), Remedy::Retry),
        };
        ConnectionView {
            state: ConnectionState::Halted,
            reason: Some(reason),
            remedy,
            needs_user: true,
            ..view
        }
    }

    /// Handles that the user wants another attempt.
    pub(super) fn on_retry(&mut self) {
        if matches!(self.state, State::Contradiction) {
            self.on_token();
        }
    }
}

impl Question {
    /// Why there is no connection until it is answered.
    fn cause(&self) -> Message {
        match self {
            Self::Token(_) => message::cause_other_person(),
            Self::Application { .. } => message::cause_other_application(),
            Self::Server(_) => message::cause_greeting_unknown(),
        }
    }

    fn view(&self) -> PersonQuestion {
        let (kind, user, name) = match self {
            Self::Token(other) => (QuestionKind::Token, other.user(), other.name_of_user()),
            Self::Application { candidate, .. } => {
                (QuestionKind::Application, None, candidate.name_of_user())
            }
            Self::Server(user) => (QuestionKind::Server, Some(&**user), None),
        };
        PersonQuestion {
            kind,
            user: user.map(str::to_owned),
            name: name.map(str::to_owned),
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
    fn lets_pass(&self, owner: &Owner) -> bool {
        let account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.as_ref().is_some_and(|account| match owner {
            Owner::Token(_) => account.is_open() || account.is_owned_by(owner),
            // An open account is claimed first, on the disk.
            Owner::Subject(_) => account.is_owned_by(owner),
        })
    }
}

impl CredentialProvider for Guard {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move {
            loop {
                let credential = self.session.credential().await?;
                let generation = credential.generation;
                // The token may have been replaced since; the one that would be sent is checked.
                if let Some(owner) = self.session.owner_of(generation) {
                    if self.lets_pass(&owner) {
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
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::super::tests::setup;
    use gloria_stream::IdleReason;

    use super::*;
    use crate::account::address::Address;
    use crate::account::{Accounts, Salt};
    use crate::paths::Paths;
    use crate::protocol::PersonAnswer;
    use crate::token::Token;

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

    #[tokio::test]
    async fn a_greeting_about_a_credential_that_was_replaced_since_decides_nothing() {
        let home = tempfile::tempdir().unwrap();
        let mut actor = Actor::new(setup(home.path())).unwrap();
        let address = Address::parse("http://127.0.0.1:9/api/v1", false).unwrap();
        let account = actor.accounts.in_force_or_first(&address.server());
        let own = Token::parse("own").unwrap();
        let account = actor
            .accounts
            .put_in_force(&account, Some("anna"), Some(&own), Salt(1));
        actor.set_account(account);
        let session = actor.session_for(&address);
        session.enter(Token::parse("of-bert").unwrap());
        actor.tokens.put_in_force(session.clone());
        actor.settings.address = Some(address.clone());
        actor.open_stream();
        actor.on_another_token().await;
        assert!(actor.identity.is_unknown(), "the server is asked whose it is");
        session.enter(Token::parse("of-carl").unwrap());
        assert!(!actor.check_person(Some("bert"), None).await);
        assert!(!actor.identity.is_unknown(), "the next one is looked at first");
        assert!(actor.accounts.named(&address.server(), "bert").is_none());
        let account = actor.account.as_ref().and_then(Entry::user);
        assert_eq!(account, Some("anna"), "Carl's token opens no account of Bert's");
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
