//! The token in force: its source, where it is stored, and what users see of it.
//!
//! The keyring may take ten seconds for each answer, so the loop never waits for it: tasks do, and report. It processes
//! requests in order, so the last decision is what it stores in the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gloria_stream::{Generation, HaltReason, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

mod aside;
use super::{Actor, Report};
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{
    OpenIdProvider, Rest, Saving, Server, ServerToken, Session, SessionOptions, SessionPorts, TokenReport,
    Unkept,
};
use crate::handle::{CoreError, Reply};
use crate::message::{self, Message};
use crate::ports::{CommandLine, Ports, SecretError};
use crate::protocol::{ConnectionState, ConnectionView, NoticeKind, Remedy, TokenState};
use crate::token::Token;
use aside::Aside;

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
    /// What no keyring has of the accounts that were left.
    aside: Aside,
    /// Renews sign-ins, with the stream's proxy and roots.
    provider: Arc<OpenIdProvider>,
    /// Keeps renewals from beginning shortly before and after a sleep.
    rest: Rest,
    saving: Saving,
    /// The task that checks the keyring for another token.
    watch: JoinSet<()>,
    /// The task that removes the tokens of erased accounts.
    erasing: JoinSet<()>,
}

impl Tokens {
    pub(super) fn new(environment: Option<ServerToken>, has_address: bool, provider: OpenIdProvider) -> Self {
        Self {
            environment,
            session: None,
            // Without an address there is no keyring entry to load.
            known: TokenReport::new(if has_address {
                TokenState::Unknown
            } else {
                TokenState::Missing
            }),
            aside: Aside::default(),
            provider: Arc::new(provider),
            rest: Rest::default(),
            saving: Saving::default(),
            watch: JoinSet::new(),
            erasing: JoinSet::new(),
        }
    }

    pub(super) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Sets what the handle waits for before the process ends.
    pub(super) fn set_saving(&mut self, saving: Saving) {
        self.saving = saving;
    }

    pub(super) fn provider(&self) -> &OpenIdProvider {
        &self.provider
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
        let bound = self.environment.as_ref();
        bound
            .zip(address)
            .is_some_and(|(bound, address)| bound.for_server(&Server::of(address)).is_some())
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref().map(|(session, _)| session)
    }

    /// The session in force if it matches; otherwise a new one, with the token in memory if that belongs to its server.
    /// `account` is the keyring's entry of the account that it is for.
    pub(super) fn session_for(&self, options: SessionOptions, account: &str, ports: &Ports) -> Session {
        match self.session() {
            Some(session) if *session.options() == options => session.clone(),
            before => {
                let unkept = match before {
                    Some(before) if before.options().server == options.server => before.unkept(),
                    Some(_) | None => self.aside.of(&options.entry, account),
                };
                let ports = SessionPorts {
                    secrets: Arc::clone(&ports.secrets),
                    exclusive: Arc::clone(&ports.exclusive),
                    clock: Arc::clone(&ports.clock),
                    provider: Arc::clone(&self.provider) as _,
                    commands: Arc::clone(&ports.commands),
                    rest: self.rest.clone(),
                    saving: self.saving.clone(),
                };
                Session::new(options, ports, self.environment.as_ref(), unkept)
            }
        }
    }

    /// Puts this session into force: its token is the one that users see.
    pub(super) fn put_in_force(&mut self, session: Session) {
        if self.session().is_none_or(|known| !known.is_same_as(&session)) {
            self.aside.remove(&session);
            session.resume();
            let mut reports = session.reports();
            self.known = reports.borrow_and_update().clone();
            let server = session.options().server.clone();
            if let Some((before, _)) = self.session.replace((session, reports)) {
                if before.options().server != server {
                    self.aside.set(&before);
                }
                // Also where the next one has its sign-in: two sessions would send one refresh token twice, and the
                // one before would still store it after its user has signed out.
                before.leave();
            }
        }
    }

    /// The session in force has something else from now on than this of another account.
    pub(super) fn put_aside(&mut self, unkept: Option<Unkept>) {
        if let Some((unkept, (session, _))) = unkept.zip(self.session.as_ref()) {
            self.aside.put(session, unkept);
        }
    }

    /// Another account is used from now on, or none, so there is no token.
    pub(super) fn leave(&mut self) {
        if let Some((session, _)) = self.session.take() {
            self.aside.set(&session);
            session.leave();
        }
        self.known = TokenReport::new(TokenState::Missing);
        self.watch = JoinSet::new();
    }

    /// Why the user has to sign in again, if so.
    pub(super) fn ended(&self) -> Option<Message> {
        match self.known.state {
            TokenState::NeedsSignIn | TokenState::Rejected => self.known.problem.clone(),
            TokenState::Unknown
            | TokenState::Present
            | TokenState::Missing
            | TokenState::KeyringLocked
            | TokenState::KeyringUnavailable
            | TokenState::CommandFailed => None,
        }
    }

    /// The view of a connection that waits for another sign-in, or that no sign-in helps.
    pub(super) fn shown(&self, view: ConnectionView) -> ConnectionView {
        let reason = self.known.problem.clone();
        match self.known.state {
            TokenState::NeedsSignIn if view.state == ConnectionState::Halted => {
                ConnectionView { reason, ..view }
            }
            TokenState::Rejected if view.state == ConnectionState::Halted => ConnectionView {
                reason,
                // Another sign-in would end here again.
                remedy: Remedy::Retry,
                ..view
            },
            TokenState::NeedsSignIn
            | TokenState::Rejected
            | TokenState::Unknown
            | TokenState::Present
            | TokenState::Missing
            | TokenState::KeyringLocked
            | TokenState::KeyringUnavailable
            | TokenState::CommandFailed => view,
        }
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
        self.aside = broken.aside;
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

/// Whether the keyring has to be opened, or has to come back. No program signals either.
fn keyring_is_closed(state: TokenState) -> bool {
    match state {
        TokenState::KeyringLocked | TokenState::KeyringUnavailable => true,
        TokenState::Unknown
        | TokenState::Missing
        | TokenState::Present
        | TokenState::NeedsSignIn
        | TokenState::Rejected
        | TokenState::CommandFailed => false,
    }
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
    /// The command that prints the token of this address, if one is set.
    pub(super) fn command_for(&self, address: &Address) -> Option<CommandLine> {
        let command = self.settings.command()?;
        command.for_server(&Server::of(address)).cloned()
    }

    /// Whether users can neither enter a token for this address nor sign in there.
    pub(super) fn refuse_if_given(&self, address: Option<&Address>) -> Result<(), CoreError> {
        let address = address.or(self.settings.address.as_ref());
        // The token of the environment has precedence over the command's.
        if self.tokens.is_locked(address) {
            return Err(CoreError::Invalid(message::sign_in_token_set()));
        }
        if address.is_some_and(|address| self.command_for(address).is_some()) {
            return Err(CoreError::Invalid(message::command_signs_in()));
        }
        Ok(())
    }

    /// The session whose token is used for requests to this address.
    pub(super) fn session_for(&self, address: &Address) -> Session {
        let options = SessionOptions {
            server: Server::of(address),
            entry: address.server(),
            transport: self.settings.auth_transport,
            command: self.command_for(address),
            rule: self.settings.grant_rule(),
        };
        let server = address.server();
        let account = self.account.as_ref();
        let account = account.filter(|account| account.server() == server);
        let account = account.or_else(|| self.accounts.in_force(&server));
        // What is left of a sign-in that its user ended is not used.
        let account = account.filter(|account| !account.is_signed_out());
        let own = account.map(Entry::keyring_name);
        let entry = own.as_deref().unwrap_or(&server);
        let session = self.tokens.session_for(options, entry, &self.setup.ports);
        session.set_account_entry(own);
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
        let keyring = keyring_is_closed(self.tokens.known.state);
        if !keyring && !another_token_helps(self.link.status()) {
            return;
        }
        let Some(session) = self.tokens.session().cloned() else {
            return;
        };
        let reports = self.reports.0.clone();
        self.tokens.watch.spawn(async move {
            loop {
                tokio::select! {
                    () = sleep(KEYRING_INTERVAL) => {}
                    () = session.unlocked() => {}
                }
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
            TokenState::KeyringLocked | TokenState::KeyringUnavailable | TokenState::Present => {
                report.problem.clone()
            }
            TokenState::Unknown
            | TokenState::Missing
            | TokenState::NeedsSignIn
            | TokenState::Rejected
            | TokenState::CommandFailed => None,
        };
        let was_closed = keyring_is_closed(self.tokens.known.state);
        self.tokens.known = report;
        if was_closed != keyring_is_closed(self.tokens.known.state) {
            self.watch_keyring();
        }
        // For a token that is only in memory, the reason is shown.
        let unkept = self.tokens.session().and_then(Session::unkept);
        if unkept.is_none() || message.is_some() {
            self.readers.set_notice(NoticeKind::Keyring, message);
        }
        self.publish_account();
        // The reason why there is no connection may be the sign-in's.
        self.publish_connection();
    }

    /// Puts a token that was entered into force at once, and stores it in the keyring.
    pub(super) fn enter_token(&self, session: &Session, token: Token) -> Stored {
        let generation = session.enter(token.clone());
        Stored {
            session: session.clone(),
            generation,
            outcome: self
                .setup
                .ports
                .secrets
                .store(&session.options().entry, token.into()),
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
                error.unkept_message()
            });
            self.readers.set_notice(NoticeKind::Keyring, message);
        }
        if let Some(reply) = reply {
            reply.answer(Ok(()));
        }
    }

    /// Gives an access token to another process of the user, only for the address in force.
    pub(super) fn give_access(&self, address: &Address, reply: Reply<ServerToken>) {
        let session = self.tokens.session().filter(|session| {
            let options = session.options();
            options.server == Server::of(address) && options.entry == address.server()
        });
        let session = session.cloned();
        // A renewal waits for the network.
        tokio::spawn(async move {
            let given = match session {
                Some(session) => session.access().await,
                None => None,
            };
            reply.answer(given.ok_or_else(|| CoreError::Invalid(message::access_not_given())));
        });
    }

    /// Asks the keyring again: another program signed in or out.
    pub(super) fn on_credentials_changed(&mut self, entry: &str) {
        // It would stand in for what the keyring has now.
        drop(self.take_aside(entry));
        let Some(session) = self.tokens.session().cloned() else {
            return;
        };
        if session.options().entry != entry {
            return;
        }
        tracing::info!("the token was changed from outside");
        self.entering.supersede();
        self.on_signed_in_elsewhere(entry);
        // A token in memory stood in for a keyring that now has another one, or none on purpose.
        session.requery(true);
        self.identity.on_token();
        self.readers.set_notice(NoticeKind::Keyring, None);
        // An open stream is opened anew too: after a sign-out it must not continue.
        self.open_stream();
    }
}
