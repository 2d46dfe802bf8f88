//! The session of one command, without a core.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use gloria_stream::http::HttpOptions;
use gloria_stream::{Credential, CredentialError, CredentialProvider, Generation};

use super::{OpenIdProvider, Rest, Saving, Server, Session, SessionOptions, SessionPorts, SignedOut};
use crate::account::address::Address;
use crate::grant::{GrantRule, SavedGrant, Secret};
use crate::message::{self, Message};
use crate::ports::{CommandLine, CommandRunner, Exclusive, InUse, SecretError, Secrets, SystemClock, Turn};
use crate::protocol::TokenState;
use crate::token::{AuthTransport, Token};

/// What a command needs of the system.
#[derive(Debug, Clone)]
pub struct CommandPorts {
    /// The keyring.
    pub secrets: Arc<dyn Secrets>,
    /// The lock that it shares with the app.
    pub exclusive: Arc<dyn Exclusive>,
    /// Runs the command that prints the token.
    pub commands: Arc<dyn CommandRunner>,
}

impl CommandPorts {
    /// Stores a token that was entered, while the app neither renews what is in this entry nor moves it to another one.
    ///
    /// # Errors
    ///
    /// When another program does so for too long, or the keyring does not store it.
    pub async fn store_token(&self, entry: &str, token: Token) -> Result<(), SecretError> {
        // Before the others are locked out: its user may take longer than they wait.
        self.secrets.unlock().await?;
        let turn = self.exclusive.turn().await;
        let _turn = turn.map_err(|InUse| SecretError::Unavailable(message::sign_in_busy().into()))?;
        self.secrets.store(entry, token.into()).await
    }
}

/// Whose token it is, and how it is sent.
#[derive(Debug, Clone)]
pub struct CommandOptions {
    /// How it is sent.
    pub transport: AuthTransport,
    /// The keyring entry of the account that was used last.
    pub account: Option<String>,
    /// The administrator's command that prints the token of this server.
    pub command: Option<CommandLine>,
    /// What the settings demand of a sign-in.
    pub rule: GrantRule,
}

/// What a command ended.
#[derive(Debug)]
pub struct SignedOutByCommand {
    /// There was a token or a sign-in.
    pub was_signed_in: bool,
    /// Why the provider may still accept the sign-in.
    pub unrevoked: Option<Message>,
}

/// A new sign-in that is about to replace another one.
#[derive(Debug)]
pub struct Replacement {
    secrets: Arc<dyn Secrets>,
    entry: String,
    grant: SavedGrant,
    replaced: Vec<SavedGrant>,
    _turn: Turn,
}

impl Replacement {
    /// Stores the sign-in. Returns those that it replaced, to be revoked.
    ///
    /// # Errors
    ///
    /// When the keyring does not store it.
    pub async fn store(self) -> Result<Vec<SavedGrant>, SecretError> {
        self.secrets.store(&self.entry, self.grant.into()).await?;
        Ok(self.replaced)
    }
}

/// The token of one command: the keyring's, or the access token of the sign-in that the keyring has, which is renewed
/// as the app does it.
#[derive(Clone)]
pub struct CommandSession {
    session: Session,
    saving: Saving,
    ports: CommandPorts,
}

impl CommandSession {
    /// A session for the server of an address.
    pub fn new(address: &Address, of: CommandOptions, ports: CommandPorts, http: HttpOptions) -> Self {
        let options = SessionOptions {
            server: Server::of(address),
            entry: address.server(),
            transport: of.transport,
            command: of.command,
            rule: of.rule,
        };
        let saving = Saving::default();
        let provider = OpenIdProvider::new(Arc::new(SystemClock));
        provider.configure(http);
        let system = SessionPorts {
            secrets: Arc::clone(&ports.secrets),
            exclusive: Arc::clone(&ports.exclusive),
            clock: Arc::new(SystemClock),
            provider: Arc::new(provider),
            commands: Arc::clone(&ports.commands),
            rest: Rest::default(),
            saving: saving.clone(),
        };
        let session = Session::new(options, system, None, None);
        session.set_account_entry(of.account);
        Self {
            session,
            saving,
            ports,
        }
    }

    /// Why the user has to sign in again, if that is so.
    pub fn ended(&self) -> Option<Message> {
        let report = self.session.reports().borrow().clone();
        match report.state {
            TokenState::NeedsSignIn | TokenState::Rejected => report.problem,
            TokenState::Unknown
            | TokenState::Present
            | TokenState::Missing
            | TokenState::KeyringLocked
            | TokenState::KeyringUnavailable
            | TokenState::CommandFailed => None,
        }
    }

    /// Waits while a refresh token may be on its way: ending the process then may end the sign-in.
    pub async fn until_saved(&self) {
        self.saving.until_over().await;
    }

    /// Removes the token or the sign-in from the keyring, and revokes a sign-in.
    ///
    /// # Errors
    ///
    /// When the keyring does not remove it.
    pub async fn sign_out(&self) -> Result<SignedOutByCommand, SecretError> {
        let SignedOut {
            removed,
            unrevoked,
            was_signed_in,
        } = self.session.sign_out().await;
        removed.map(|()| SignedOutByCommand {
            was_signed_in,
            unrevoked,
        })
    }

    /// Unlocks the keyring and finds what a new sign-in replaces. Until the result is dropped, no other process renews.
    /// What waits for the user is over then, and nothing is stored yet: dropped before, it stores nothing later either.
    ///
    /// # Errors
    ///
    /// When the keyring stays locked or does not answer, or another program renews the present sign-in for too long.
    pub async fn replace(&self, grant: SavedGrant) -> Result<Replacement, SecretError> {
        // Before the others are locked out: its user may take longer than they wait.
        self.ports.secrets.unlock().await?;
        // A renewal under way would store its answer over the new one.
        let turn = self.ports.exclusive.turn().await;
        let turn = turn.map_err(|InUse| SecretError::Unavailable(message::sign_in_busy().into()))?;
        let mut replaced = Vec::new();
        for entry in self.session.entries() {
            let before = self.ports.secrets.load(&entry).await;
            // Its user has just cancelled the prompt. To go on would raise it again.
            if matches!(before, Err(SecretError::Locked)) {
                return Err(SecretError::Locked);
            }
            // What cannot be read is replaced as well.
            if let Ok(Some(Secret::Grant(before))) = before
                // An account's own entry stays: its user may be another one, who is still signed in.
                && (entry == self.session.options().entry || before.is_same_person(&grant))
            {
                replaced.push(before);
            }
        }
        // As in the app: revoking it would end the new one too, at some providers.
        replaced.retain(|before| !before.is_sibling(&grant));
        Ok(Replacement {
            secrets: Arc::clone(&self.ports.secrets),
            entry: self.session.options().entry.clone(),
            grant,
            replaced,
            _turn: turn,
        })
    }

    /// Whether a sign-in that is stored nowhere can be revoked without ending one that is. The keyring is asked without
    /// a prompt.
    ///
    /// # Errors
    ///
    /// When the keyring does not say it.
    pub async fn is_alone(&self, grant: &SavedGrant) -> Result<bool, SecretError> {
        for entry in self.session.entries() {
            match self.ports.secrets.load_without_prompt(&entry).await? {
                Some(Secret::Grant(kept)) if kept.is_sibling(grant) => return Ok(false),
                Some(Secret::Grant(_) | Secret::Token(_)) | None => {}
            }
        }
        Ok(true)
    }

    /// Revokes a sign-in that was replaced. A failure has no consequence for the new one.
    pub async fn revoke(&self, grant: &SavedGrant) {
        if let Err(why) = self.session.revoke(grant).await {
            tracing::info!(why = %why.id, "a sign-in that was replaced is not revoked");
        }
    }
}

impl fmt::Debug for CommandSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(out)
    }
}

impl CredentialProvider for CommandSession {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        self.session.credential()
    }

    fn invalidate(&self, refused: Generation) {
        self.session.invalidate(refused);
    }
}
