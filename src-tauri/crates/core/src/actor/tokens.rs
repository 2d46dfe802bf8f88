//! The token in force: where it is from, where it is kept, and what people see of it.
//!
//! The keyring may take ten seconds for each answer, so it is never waited for here: tasks do, and report. It takes its
//! questions in the order in which they are asked, so what was decided last is what it holds in the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use gloria_stream::{Generation, HaltReason, IdleReason, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::link::Wish;
use super::{Actor, Report};
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Server, ServerToken, Session, SessionOptions, TokenReport};
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::ports::{SecretError, Secrets};
use crate::protocol::{NoticeKind, TokenState};
use crate::token::Token;

/// How often the keyring is looked into while another token would help. People who stored one wait for it; on Linux
/// each look is a few messages over the session bus.
const KEYRING_INTERVAL: Duration = Duration::from_secs(10);

/// The session of the address in force, and what was known of its token last.
pub(super) struct Tokens {
    /// `GLORIA_TOKEN`, bound at the start: another address that is saved later does not get it.
    environment: Option<ServerToken>,
    /// None as long as there is no address.
    session: Option<(Session, watch::Receiver<TokenReport>)>,
    known: TokenReport,
    /// Looks for another token in the keyring while nothing else leads on.
    watch: JoinSet<()>,
    /// Removes the tokens of accounts that were erased.
    erasing: JoinSet<()>,
}

impl Tokens {
    pub(super) fn new(environment: Option<ServerToken>, has_address: bool) -> Self {
        Self {
            environment,
            session: None,
            // Without an address there is no keyring entry to ask for.
            known: TokenReport::new(if has_address {
                TokenState::Unknown
            } else {
                TokenState::Missing
            }),
            watch: JoinSet::new(),
            erasing: JoinSet::new(),
        }
    }

    pub(super) fn known(&self) -> &TokenReport {
        &self.known
    }

    /// The environment's token, where it is not this server's.
    pub(super) fn environments_for_another(&self, server: &Server) -> Option<&ServerToken> {
        let bound = self.environment.as_ref()?;
        bound.for_server(server).is_none().then_some(bound)
    }

    /// Whether the environment sets the token for this address.
    pub(super) fn is_locked(&self, address: Option<&Address>) -> bool {
        self.environment
            .as_ref()
            .zip(address)
            .is_some_and(|(bound, address)| bound.for_server(&Server::of(address)).is_some())
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref().map(|(session, _)| session)
    }

    /// The session in force where it is this one, else a new one, which is given what memory has for its server.
    pub(super) fn session_for(&self, options: SessionOptions, secrets: &Arc<dyn Secrets>) -> Session {
        match self.session() {
            Some(session) if *session.options() == options => session.clone(),
            before => {
                let entered = before.and_then(Session::unkept);
                Session::new(
                    options,
                    Arc::clone(secrets),
                    self.environment.as_ref(),
                    entered.as_ref(),
                )
            }
        }
    }

    /// From now on this session's token is the one that people see.
    pub(super) fn put_in_force(&mut self, session: Session) {
        if self.session().is_none_or(|known| !known.is(&session)) {
            let mut reports = session.reports();
            self.known = reports.borrow_and_update().clone();
            self.session = Some((session, reports));
        }
    }

    /// There is no server any more, and so no token.
    pub(super) fn leave(&mut self) {
        self.session = None;
        self.known = TokenReport::new(TokenState::Missing);
        self.watch = JoinSet::new();
    }

    /// What is known of the token, whenever that changes.
    pub(super) async fn changed(&mut self) -> TokenReport {
        if let Some((_, reports)) = &mut self.session
            && reports.changed().await.is_ok()
        {
            return reports.borrow_and_update().clone();
        }
        std::future::pending().await
    }

    /// Goes on with the session of a core that broke, for it may hold a token that nobody else has.
    pub(super) fn succeed(&mut self, broken: Self) {
        self.environment = broken.environment;
        if let Some((session, _)) = broken.session {
            self.put_in_force(session);
        }
    }
}

/// A token on its way into the keyring.
pub(super) struct Stored {
    session: Session,
    generation: Generation,
    outcome: BoxFuture<'static, Result<(), SecretError>>,
}

fn another_token_helps(status: &Status) -> bool {
    match status {
        Status::Halted { reason, .. } => match reason {
            HaltReason::Unauthorized
            | HaltReason::Expired
            | HaltReason::Forbidden
            | HaltReason::NoCredential => true,
            HaltReason::StoppedByServer => false,
        },
        Status::Idle(_)
        | Status::Connecting { .. }
        | Status::Connected { .. }
        | Status::Waiting { .. }
        | Status::CircuitOpen { .. } => false,
    }
}

impl Actor {
    /// The session whose token is used for requests to this address.
    pub(super) fn session_for(&self, address: &Address) -> Session {
        let options = SessionOptions {
            server: Server::of(address),
            entry: address.server(),
            transport: self.settings.auth_transport,
        };
        let session = self.tokens.session_for(options, &self.setup.ports.secrets);
        let server = address.server();
        let account = self.account.as_ref();
        let account = account.filter(|account| account.server() == server);
        let account = account.or_else(|| self.accounts.in_force(&server));
        session.set_account_entry(account.map(Entry::keyring_name));
        session
    }

    /// Once it is known whose the token is, the keyring keeps it in the entry of that account.
    pub(super) fn move_token(&self) {
        if self.identity.is_unchecked() {
            return;
        }
        if let Some((session, account)) = self.tokens.session().zip(self.account.as_ref()) {
            session.set_account_entry(Some(account.keyring_name()));
            session.move_to_account();
        }
    }

    /// What the keyring has for accounts that were erased goes with them. One that does not answer is asked again until
    /// it has; what is left when the app ends is for the next start.
    pub(super) fn forget_erased(&mut self) {
        let erasures = self.accounts.erasures().clone();
        if erasures.all().is_empty() {
            return;
        }
        let secrets = self.setup.ports.secrets.clone();
        // What was on its way comes again with it.
        self.tokens.erasing = JoinSet::new();
        self.tokens.erasing.spawn(async move {
            if let Err(error) = erasures.finish(secrets.as_ref()).await {
                tracing::warn!(%error, "the token of an account that was erased could not be removed yet");
            }
            loop {
                let left = erasures.all();
                let Some(first) = left.first() else { return };
                sleep(KEYRING_INTERVAL).await;
                // Nobody asked for it, so there is no prompt.
                if secrets.look(first).await.is_ok() {
                    for entry in &left {
                        // What fails is asked again.
                        let _ = secrets.look(entry).await;
                    }
                }
            }
        });
    }

    /// Not every program that stores a token says so, and the next attempt may be an hour away.
    pub(super) fn watch_keyring(&mut self) {
        // What watched until now ends with it.
        self.tokens.watch = JoinSet::new();
        if !another_token_helps(self.link.status()) {
            return;
        }
        let Some(session) = self.tokens.session().cloned() else {
            return;
        };
        let reports = self.reports.0.clone();
        self.tokens.watch.spawn(async move {
            loop {
                sleep(KEYRING_INTERVAL).await;
                if session.has_changed().await {
                    // The core may have ended meanwhile.
                    let _ = reports.send(Report::KeyringChanged);
                    return;
                }
            }
        });
    }

    pub(super) fn on_token(&mut self, report: TokenReport) {
        let message = match report.state {
            TokenState::KeyringLocked | TokenState::KeyringUnavailable => report.problem.clone(),
            TokenState::Unknown | TokenState::Present | TokenState::Missing => None,
        };
        self.tokens.known = report;
        // Of a token in memory it is said why it is there alone.
        let unkept = self.tokens.session().and_then(Session::unkept);
        if unkept.is_none() {
            self.readers.set_notice(NoticeKind::Keyring, message);
        }
        self.publish_account();
    }

    /// Takes a token that was entered, which is in force at once, and gives it to the keyring.
    pub(super) fn enter_token(&self, session: &Session, token: Token) -> Stored {
        let generation = session.enter(token.clone());
        Stored {
            session: session.clone(),
            generation,
            outcome: self.setup.ports.secrets.store(&session.options().entry, token),
        }
    }

    /// Waits for the keyring beside the loop.
    pub(super) fn report_stored(&self, stored: Stored, reply: Option<Reply<()>>) {
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            let Stored {
                session,
                generation,
                outcome,
            } = stored;
            let outcome = outcome.await;
            if outcome.is_ok() {
                session.kept(generation);
            }
            // The core may have ended meanwhile.
            let _ = reports.send(Report::TokenStored {
                session,
                generation,
                outcome,
                reply,
            });
        });
    }

    /// If no keyring accepted the token, it stays in memory only, and a notice says so.
    pub(super) fn on_token_stored(
        &mut self,
        session: &Session,
        generation: Generation,
        outcome: Result<(), SecretError>,
        reply: Option<Reply<()>>,
    ) {
        let in_force = self.tokens.session().is_some_and(|known| known.is(session));
        if in_force && outcome.is_ok() {
            self.move_token();
        }
        // What was decided since has an answer of its own.
        if in_force && session.generation() == generation {
            let message = outcome.err().map(|error| {
                tracing::warn!(%error, "the token is held in memory only");
                match error {
                    SecretError::Locked => message::token_unkept_locked(),
                    SecretError::Unavailable(problem) => message::token_unkept_unavailable(problem),
                    SecretError::Refused(problem) => message::token_unkept_refused(problem),
                }
            });
            self.readers.set_notice(NoticeKind::Keyring, message);
        }
        if let Some(reply) = reply {
            reply.answer(Ok(()));
        }
    }

    /// Asks the keyring anew: somebody signed in or out beside the app.
    pub(super) fn on_credentials_changed(&mut self, entry: &str) {
        let Some(session) = self.tokens.session().cloned() else {
            return;
        };
        if session.options().entry != entry {
            return;
        }
        tracing::info!("the token was changed from outside");
        // The one in memory stood in for a keyring that now holds another, or shall hold none.
        session.ask_anew(true);
        self.identity.on_token();
        self.readers.set_notice(NoticeKind::Keyring, None);
        // Also an open stream is begun anew: after a sign-out it must not go on.
        self.open_stream();
    }

    /// Disconnects at once; the reply is sent when the keyring has answered.
    pub(super) fn sign_out(&mut self, reply: Reply<()>) {
        self.link.want(Wish::Nothing);
        self.drop_stream();
        self.identity.on_token();
        self.set_status(Status::Idle(IdleReason::Stopped));
        let Some(session) = self.tokens.session() else {
            self.on_token(TokenReport::new(TokenState::Missing));
            reply.answer(Ok(()));
            return;
        };
        session.forget();
        let entries = session.entries();
        let forgotten = entries.iter().map(|entry| self.setup.ports.secrets.forget(entry));
        let forgotten = join_all(forgotten.collect::<Vec<_>>());
        self.on_token(TokenReport::new(TokenState::Missing));
        tokio::spawn(async move {
            let outcomes: Result<Vec<()>, SecretError> = forgotten.await.into_iter().collect();
            let outcome = outcomes
                .map(drop)
                .map_err(|error| CoreError::Invalid(message::token_not_removed(error.message())));
            reply.answer(outcome);
        });
    }
}
