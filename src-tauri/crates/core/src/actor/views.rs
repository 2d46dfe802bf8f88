//! The views that readers get, composed from the parts that own the data.

use gloria_stream::ProxyChoice;
use tokio::time::Instant;

use super::Actor;
use super::link::ViewContext;
use super::tokens::Tokens;
use crate::account::session::{Server, TokenFor};
use crate::account::{Accounts, Entry};
use crate::inbox::InboxError;
use crate::item::Counts;
use crate::protocol::{AccountView, KnownAccount, OwnUser, PersonQuestion, Preferences, TokenState};
use crate::settings::{Key, Origins, Settings, proxy_words};

impl Actor {
    /// Publishes that data arrived, unless that was published a moment ago.
    pub(super) fn publish_heard(&mut self) {
        if self.readers.begin_heard(Instant::now()) {
            self.publish_connection();
        }
    }

    pub(super) fn publish_connection(&mut self) {
        let storage = self.store.needs_user().cloned();
        let context = ViewContext {
            address: self.settings.address.as_ref(),
            known: &self.readers.state().connection,
            needs_setup: self.readers.state().account.needs_setup,
            storage,
            has_place: self.store.cursor().is_some(),
            filling: self.backfilling.view(),
        };
        let view = self.link.view(context, &self.now());
        let view = self.tokens.shown(view);
        let view = self.identity.shown(view);
        self.meters.standing(&view, !self.store.is_in_trouble());
        self.readers.publish_connection(view);
    }

    /// Publishes changed items and the counts that follow from them.
    pub(super) async fn publish_items(&mut self) {
        self.readers.publish_items(Instant::now());
        self.publish_counts().await;
    }

    pub(super) async fn publish_counts(&mut self) {
        let counts = self.with_inbox(|inbox| inbox.counts()).await;
        self.on_counts(counts);
    }

    pub(super) fn on_counts(&mut self, counts: Result<Counts, InboxError>) {
        match counts {
            Ok(counts) => self.readers.publish_counts(counts),
            Err(error) => tracing::error!(%error, "the inbox could not be counted"),
        }
    }

    pub(super) fn publish_account(&mut self) {
        let view = account_view(
            &self.settings,
            &self.origins,
            &self.tokens,
            self.identity.question(),
            self.identity.own(),
            known_accounts(&self.accounts, self.account.as_ref()),
            self.signing_in.named(),
        );
        if self.readers.publish_account(view) {
            self.publish_connection();
        }
    }

    pub(super) fn publish_preferences(&mut self) {
        let preferences = preferences(
            &self.settings,
            &self.network().proxy,
            &self.origins,
            self.sounds_pause.until(),
            self.debug_log.until(),
        );
        self.readers.publish_preferences(preferences);
    }
}

pub(super) fn account_view(
    settings: &Settings,
    origins: &Origins,
    tokens: &Tokens,
    question: Option<PersonQuestion>,
    user: OwnUser,
    accounts: Vec<KnownAccount>,
    named: Option<&str>,
) -> AccountView {
    let token = tokens.known();
    let no_token = matches!(token.state, TokenState::Missing | TokenState::KeyringUnavailable);
    let problem = token
        .problem
        .clone()
        .filter(|_| token.state != TokenState::Present);
    let token_locked = tokens.is_locked(settings.address.as_ref());
    // The token of the environment has precedence.
    let by_command = !token_locked && is_by_command(settings);
    let provider = settings
        .sign_in()
        .map(|provider| provider.issuer.host())
        .or_else(|| token.signed_in.as_ref().map(|known| known.provider.clone()))
        .or_else(|| named.map(str::to_owned));
    AccountView {
        address: settings.address.as_ref().map(ToString::to_string),
        address_lock: origins.lock(Key::ApiUrl),
        token: token.state,
        token_locked,
        by_command,
        token_problem: problem,
        needs_setup: settings.address.is_none() || no_token,
        question,
        user,
        provider: provider.filter(|_| !by_command),
        signed_in: token.signed_in.clone(),
        accounts,
    }
}

/// Whether the command prints the token of the address in use. Without one, it will be that of the next.
fn is_by_command(settings: &Settings) -> bool {
    match (&settings.address, settings.command()) {
        (Some(address), Some(command)) => command.for_server(&Server::of(address)).is_some(),
        (Some(_), None) => false,
        (None, _) => settings.auth_command.is_some() && settings.auth_command_for == TokenFor::Address,
    }
}

/// Everybody whose inbox is on this computer; `active` is the account in use.
pub(super) fn known_accounts(accounts: &Accounts, active: Option<&Entry>) -> Vec<KnownAccount> {
    let active = active.map(Entry::folder);
    let known = accounts.all().filter(|entry| entry.has_user());
    let known = known.map(|entry| KnownAccount {
        id: entry.name().to_owned(),
        name: entry.name_of_user().map(str::to_owned),
        email: entry.email().map(str::to_owned),
        address: entry.server().to_owned(),
        active: active == Some(entry.folder()),
        signed_in: !entry.is_signed_out(),
    });
    known.collect()
}

pub(super) fn preferences(
    settings: &Settings,
    proxy: &ProxyChoice,
    origins: &Origins,
    sounds_paused_until: Option<i64>,
    debug_log_until: Option<i64>,
) -> Preferences {
    Preferences {
        sounds: settings.sounds,
        volume: settings.volume,
        sound: settings.sound,
        sounds_paused_until,
        appearance: settings.appearance,
        proxy: proxy_words(proxy),
        auto_connect: settings.auto_connect,
        log_level: settings.log_level,
        debug_log_until,
        locks: origins.locks(),
    }
}
