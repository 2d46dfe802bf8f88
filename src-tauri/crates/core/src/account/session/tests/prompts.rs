//! A locked keyring asks its user once, for whatever it is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use gloria_stream::http::HttpOptions;
use gloria_stream::{CredentialProvider as _, DialLimits, NetworkOptions};

use super::taken_back::new_sign_in;
use super::{ENTRY, asked, options, ports, shown, token};
use crate::account::address::Address;
use crate::account::session::{
    CommandOptions, CommandPorts, CommandSession, Session, SessionPorts, Unwanted,
};
use crate::grant::{GrantRule, SavedGrant, Secret};
use crate::ports::fakes::{FakeCommands, FakeExclusive, FakeSecrets};
use crate::ports::{SecretError, Secrets};
use crate::protocol::{SignInTroubleKind, TokenState};
use crate::token::AuthTransport;

/// A keyring that prompts when it is locked, and whose user cancels.
#[derive(Debug, Default)]
struct Prompting {
    keyring: FakeSecrets,
    prompts: AtomicUsize,
    /// Its user types the password when it is unlocked, and it locks again.
    opens: bool,
}

impl Secrets for Prompting {
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        self.prompts.fetch_add(1, Ordering::Relaxed);
        self.keyring.load(address)
    }

    fn load_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        self.keyring.load(address)
    }

    fn unlock(&self) -> BoxFuture<'static, Result<(), SecretError>> {
        self.prompts.fetch_add(1, Ordering::Relaxed);
        let failure = self.keyring.failure.lock().unwrap().clone();
        let failure = failure.filter(|_| !self.opens);
        Box::pin(std::future::ready(failure.map_or(Ok(()), Err)))
    }

    fn store(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        self.prompts.fetch_add(1, Ordering::Relaxed);
        self.keyring.store(address, secret)
    }

    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.prompts.fetch_add(1, Ordering::Relaxed);
        self.keyring.forget(address)
    }

    fn forget_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.keyring.forget(address)
    }

    fn forget_if(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        self.keyring.forget_if(address, secret)
    }
}

#[tokio::test]
async fn a_prompt_that_was_cancelled_comes_again_only_when_the_user_asks() {
    let secrets = Arc::new(Prompting::default());
    secrets.keyring.put(ENTRY, token("a"));
    *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
    let ports = SessionPorts {
        secrets: secrets.clone(),
        ..ports(&Arc::default())
    };
    let session = Session::new(options(), ports, None, None);
    for _ in 0..3 {
        assert!(session.credential().await.is_err());
        assert_eq!(secrets.prompts.load(Ordering::Relaxed), 1);
    }
    // Of a system that cannot tell without a prompt.
    *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Unavailable("it might prompt".into()));
    assert!(session.credential().await.is_err());
    assert_eq!(session.reports().borrow().state, TokenState::KeyringLocked);
    *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
    session.allow_prompt();
    assert!(session.credential().await.is_err());
    assert!(session.credential().await.is_err());
    assert_eq!(secrets.prompts.load(Ordering::Relaxed), 2);
    // Another program unlocked it.
    *secrets.keyring.failure.lock().unwrap() = None;
    assert_eq!(shown(session.credential().await).0, "a");
    assert_eq!(secrets.prompts.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_sign_in_whose_prompt_was_cancelled_is_in_memory_and_raises_no_other() {
    let secrets = Arc::new(Prompting::default());
    *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
    let ports = SessionPorts {
        secrets: secrets.clone(),
        ..ports(&Arc::default())
    };
    let session = Session::new(options(), ports, None, None);
    // Of an account with an entry of its own, which is looked at as well.
    session.set_account_entry(Some("anna's".to_owned()));
    let stored = session.store_sign_in(new_sign_in(), &Unwanted::default()).await;
    session.put_sign_in_force(stored).await;
    assert_eq!(secrets.prompts.load(Ordering::Relaxed), 1);
    assert_eq!(shown(session.credential().await).0, "a");
    let trouble = session.reports().borrow().signed_in.clone().unwrap().trouble;
    assert_eq!(
        trouble.map(|trouble| trouble.kind),
        Some(SignInTroubleKind::Unsaved)
    );
    // What follows asks the keyring, too.
    session.requery(true);
    assert_eq!(shown(session.credential().await).0, "a");
    assert_eq!(secrets.prompts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_command_whose_prompt_was_cancelled_stores_nothing_and_raises_no_other() {
    let grant = |refresh: &str| {
        let [issuer, client, owner] = ["https://id.example", "client", "anna"].map(str::to_owned);
        SavedGrant::new(issuer, client, owner, refresh.to_owned().into()).unwrap()
    };
    // When the keyring is locked: before it is asked for anything, or after it was unlocked.
    for locked_later in [false, true] {
        let secrets = Arc::new(Prompting {
            opens: locked_later,
            ..Prompting::default()
        });
        for entry in [ENTRY, "anna's"] {
            secrets.keyring.put(entry, grant("before"));
        }
        *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
        let of = CommandOptions {
            transport: AuthTransport::Header,
            account: Some("anna's".to_owned()),
            command: None,
            rule: GrantRule::default(),
        };
        let ports = CommandPorts {
            secrets: secrets.clone(),
            exclusive: Arc::<FakeExclusive>::default(),
            commands: Arc::<FakeCommands>::default(),
        };
        let address = Address::parse(ENTRY, false).unwrap();
        let http = HttpOptions {
            user_agent: "test".to_owned(),
            network: NetworkOptions::default(),
            limits: DialLimits::default(),
        };
        let session = CommandSession::new(&address, of, ports, http);
        let replaced = session.replace(grant("new")).await;
        assert_eq!(replaced.unwrap_err(), SecretError::Locked);
        let raised = usize::from(locked_later) + 1;
        assert_eq!(secrets.prompts.load(Ordering::Relaxed), raised, "{locked_later}");
    }
}

#[tokio::test]
async fn a_sign_out_whose_prompt_was_cancelled_raises_no_other() {
    let secrets = Arc::new(Prompting::default());
    *secrets.keyring.failure.lock().unwrap() = Some(SecretError::Locked);
    let ports = SessionPorts {
        secrets: secrets.clone(),
        ..ports(&Arc::default())
    };
    let session = Session::new(options(), ports, None, None);
    session.set_account_entry(Some("anna's".to_owned()));
    assert_eq!(session.sign_out().await.removed, Err(SecretError::Locked));
    assert_eq!(secrets.prompts.load(Ordering::Relaxed), 1);
    // All are asked for all the same: a token that is stored late must not outlive it.
    assert_eq!(asked(&secrets.keyring, "forget"), 2);
}
