//! The token in force: its source, where it is stored, and what users see of it.
//!
//! The keyring may take ten seconds for each answer, so the loop never waits for it: tasks do, and report. It processes
//! requests in order, so the last decision is what it stores in the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use gloria_stream::{Generation, HaltReason, IdleReason, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::link::Intent;
use super::{Actor, Report};
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Server, ServerToken, Session, SessionOptions, TokenReport};
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::ports::{SecretError, Secrets};
use crate::protocol::{NoticeKind, TokenState};
use crate::token::Token;

/// How often the keyring is checked while another token would help. Users who stored one wait for it; on Linux each
/// check is a few messages over the session bus.
const KEYRING_INTERVAL: Duration = Duration::from_secs(10);

/// The session of the address in force, and the last report about its token.
pub(super) struct Tokens {
    /// `GLORIA_TOKEN`, bound to its server at the start: an address that is saved later does not get it.
    environment: Option<ServerToken>,
    /// None while no server is set.
    session: Option<(Session, watch::Receiver<TokenReport>)>,
    known: TokenReport,
    /// The task that checks the keyring for another token.
    watch: JoinSet<()>,
    /// The task that removes the tokens of erased accounts.
    erasing: JoinSet<()>,
}

impl Tokens {
    pub(super) fn new(environment: Option<ServerToken>, has_address: bool) -> Self {
        Self {
            environment,
            session: None,
            // Without an address there is no keyring entry to load.
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

    /// The environment's token, if it belongs to another server.
    pub(super) fn environments_for_another(&self, server: &Server) -> Option<&ServerToken> {
        let bound = self.environment.as_ref()?;
        bound.for_server(server).is_none().then_some(bound)
    }

    /// Whether the environment sets the token of this address.
    pub(super) fn is_locked(&self, address: Option<&Address>) -> bool {
        self.environment
            .as_ref()
            .zip(address)
            .is_some_and(|(bound, address)| bound.for_server(&Server::of(address)).is_some())
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref().map(|(session, _)| session)
    }

    /// The session in force if it matches; otherwise a new one, with the token in memory if that belongs to its server.
    pub(super) fn session_for(&self, options: SessionOptions, secrets: &Arc<dyn Secrets>) -> Session {
        match self.session() {
            Some(session) if *session.options() == options => session.clone(),
            before => {
                let entered = before.and_then(Session::memory_only);
                Session::new(
                    options,
                    Arc::clone(secrets),
                    self.environment.as_ref(),
                    entered.as_ref(),
                )
            }
        }
    }

    /// Puts this session into force: its token is the one that users see.
    pub(super) fn put_in_force(&mut self, session: Session) {
        if self.session().is_none_or(|known| !known.is_same_as(&session)) {
            let mut reports = session.reports();
            self.known = reports.borrow_and_update().clone();
            self.session = Some((session, reports));
        }
    }

    /// No server is set any more, so there is no token.
    pub(super) fn leave(&mut self) {
        self.session = None;
        self.known = TokenReport::new(TokenState::Missing);
        self.watch = JoinSet::new();
    }

    /// The next report about the token.
    pub(super) async fn changed(&mut self) -> TokenReport {
        if let Some((_, reports)) = &mut self.session
            && reports.changed().await.is_ok()
        {
            return reports.borrow_and_update().clone();
        }
        std::future::pending().await
    }

    /// Takes over the session of a core that crashed, because it may have a token that is stored nowhere.
    pub(super) fn take_over_from(&mut self, broken: Self) {
        self.environment = broken.environment;
        if let Some((session, _)) = broken.session {
            self.put_in_force(session);
        }
    }
}

/// A token that is being stored in the keyring.
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

    /// Once the owner of the token is known, the keyring stores it in the entry of that account.
    pub(super) fn move_token(&self) {
        if self.identity.is_unchecked() {
            return;
        }
        if let Some((session, account)) = self.tokens.session().zip(self.account.as_ref()) {
            session.set_account_entry(Some(account.keyring_name()));
            session.move_to_account();
        }
    }

    /// Removes the keyring entries of erased accounts. A keyring that does not answer is asked again until it does;
    /// what is left when the app ends is removed after the next start.
    pub(super) fn forget_erased(&mut self) {
        let erasures = self.accounts.erasures().clone();
        if erasures.all().is_empty() {
            return;
        }
        let secrets = self.setup.ports.secrets.clone();
        // Aborts earlier removals, which are repeated with the new ones.
        self.tokens.erasing = JoinSet::new();
        self.tokens.erasing.spawn(async move {
            if let Err(error) = erasures.remove_all(secrets.as_ref()).await {
                tracing::warn!(%error, "the token of an account that was erased could not be removed yet");
            }
            loop {
                let left = erasures.all();
                let Some(first) = left.first() else { return };
                sleep(KEYRING_INTERVAL).await;
                // Nobody asked for this, so it must not raise a prompt.
                if secrets.load_without_prompt(first).await.is_ok() {
                    for entry in &left {
                        // A failure is repeated by the loop.
                        let _ = secrets.load_without_prompt(entry).await;
                    }
                }
            }
        });
    }

    /// Not every program that stores a token signals it, and the next attempt may be an hour away.
    pub(super) fn watch_keyring(&mut self) {
        // Aborts an earlier watch.
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
        // For a token that is only in memory, the reason is shown.
        let memory_only = self.tokens.session().and_then(Session::memory_only);
        if memory_only.is_none() {
            self.readers.set_notice(NoticeKind::Keyring, message);
        }
        self.publish_account();
    }

    /// Puts a token that was entered into force at once, and stores it in the keyring.
    pub(super) fn enter_token(&self, session: &Session, token: Token) -> Stored {
        let generation = session.enter(token.clone());
        Stored {
            session: session.clone(),
            generation,
            outcome: self.setup.ports.secrets.store(&session.options().entry, token),
        }
    }

    /// Waits for the keyring in a task.
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
                session.on_stored(generation);
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
        let in_force = self
            .tokens
            .session()
            .is_some_and(|known| known.is_same_as(session));
        if in_force && outcome.is_ok() {
            self.move_token();
        }
        // A later decision has its own answer.
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

    /// Asks the keyring again: another program signed in or out.
    pub(super) fn on_credentials_changed(&mut self, entry: &str) {
        let Some(session) = self.tokens.session().cloned() else {
            return;
        };
        if session.options().entry != entry {
            return;
        }
        tracing::info!("the token was changed from outside");
        // A token in memory stood in for a keyring that now has another one, or none on purpose.
        session.requery(true);
        self.identity.on_token();
        self.readers.set_notice(NoticeKind::Keyring, None);
        // An open stream is opened anew too: after a sign-out it must not continue.
        self.open_stream();
    }

    /// Disconnects at once; replies when the keyring has answered.
    pub(super) fn sign_out(&mut self, reply: Reply<()>) {
        self.link.set_intent(Intent::Nothing);
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
