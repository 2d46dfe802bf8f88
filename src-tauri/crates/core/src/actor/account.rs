//! Address and token, and the connection that follows from them.

use std::sync::Arc;

use gloria_stream::http::HttpOptions;
use gloria_stream::{CredentialProvider, DialLimits, IdleReason, Status, StreamOptions};

use super::Actor;
use super::link::Intent;
use super::storage::Next;
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Server, TokenFor};
use crate::connection::Disconnected;
use crate::connection::probe::{self, Entered};
use crate::event;
use crate::handle::{CoreError, Reply};
use crate::inbox::{Inbox, InboxError, Opened};
use crate::message;
use crate::paths::Paths;
use crate::protocol::{AccountForm, NoticeKind, TestReport};
use crate::settings::{Change, Key, Raw};
use crate::token::Token;

/// Opens the inbox of the current account; an empty one in memory if no server is set.
pub(super) fn open_inbox(paths: &Paths, account: Option<&Entry>) -> Result<Opened, InboxError> {
    match account {
        Some(account) => Inbox::open_account(paths, account.folder(), account.server()),
        None => Ok(Opened {
            inbox: Inbox::in_memory("")?,
            problem: None,
            busy: false,
        }),
    }
}

impl Actor {
    /// Connects to the current address, if there is one, and resumes after the stored cursor.
    pub(super) fn open_stream(&mut self) {
        self.drop_stream();
        // Recovery and new tokens must not reconnect a user who disconnected.
        let is_unwanted = matches!(self.link.intent(), Intent::Disconnection(_));
        if !is_unwanted {
            self.link.set_intent(Intent::Connection);
        }
        let Some(address) = self.settings.address.clone() else {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        };
        if is_unwanted {
            self.tokens.put_in_force(self.session_for(&address));
            self.set_status(Status::Idle(IdleReason::Stopped));
            return;
        }
        // Without the cursor, the server would send events that were already shown, or omit some that were not.
        if self.store.holds_stream() {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        }
        // Without its password the proxy would refuse, and the user would be notified for nothing.
        if self.ask_for_proxy_password() {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        }
        self.find_proxy();
        self.configure_provider();
        let session = self.session_for(&address);
        self.tokens.put_in_force(session.clone());
        if self.identity.is_asked() {
            self.set_status(Status::Idle(IdleReason::Stopped));
            return;
        }
        self.identity.on_connection();
        // The cursor of an account must not be sent with a token that may belong to another user.
        let cursor = self.store.cursor().filter(|_| !self.identity.is_unknown());
        let options = StreamOptions {
            timing: self.settings.timing(),
            network: self.network(),
            also: address.alternatives(&self.settings.types),
            ..StreamOptions::new(
                address.stream(&event::asked_for(&self.settings.types)),
                self.user_agent(),
                self.rng.u64(..),
            )
        };
        let attended = self.readers.is_attended();
        self.link.open(
            options,
            self.credentials(session),
            cursor.map(str::to_owned),
            attended,
        );
    }

    /// Disconnects, and discards unprocessed deliveries.
    pub(super) fn drop_stream(&mut self) {
        self.link.close();
    }

    /// Disconnects until the user asks for a connection.
    pub(super) fn disconnect(&mut self) {
        self.link.set_intent(Intent::Disconnection(Disconnected::ByUser));
        self.drop_stream();
        self.set_status(Status::Idle(IdleReason::Stopped));
        self.publish_connection();
    }

    /// Renewals take the stream's way out of the network.
    pub(super) fn configure_provider(&self) {
        self.tokens.provider().configure(self.http_options());
    }

    /// The stream's way out of the network, for other requests.
    pub(super) fn http_options(&self) -> HttpOptions {
        HttpOptions {
            user_agent: self.user_agent(),
            network: self.network(),
            limits: DialLimits::default(),
        }
    }

    pub(super) fn user_agent(&self) -> String {
        format!("gloria-notify/{}", self.setup.version)
    }

    pub(super) fn set_status(&mut self, status: Status) {
        self.link.on_status(status);
        self.on_status_changed();
    }

    /// Publishes the consequences of the stream's new status.
    pub(super) fn on_status_changed(&mut self) {
        let is_connected = matches!(self.link.status(), Status::Connected { .. });
        self.outgoing.on_connection(is_connected);
        self.backfilling.on_connection(is_connected);
        // Each attempt asks the system for the proxy, because the system does not report when that changes.
        if matches!(
            self.link.status(),
            Status::Connected { .. } | Status::Waiting { .. }
        ) {
            self.find_proxy();
        }
        self.watch_keyring();
        self.publish_outage();
    }

    pub(super) fn typed_address(&self, typed: &str) -> Result<Address, CoreError> {
        let typed = Address::parse(typed, self.settings.allow_plain_http)
            .map_err(|error| CoreError::Invalid(error.message()))?;
        if self.origins.lock(Key::ApiUrl).is_none() {
            return Ok(typed);
        }
        // The token was entered for the server that was typed. Meanwhile a policy may have fixed the address.
        let fixed = self.settings.address.as_ref();
        fixed
            .filter(|fixed| fixed.server() == typed.server())
            .cloned()
            .ok_or_else(|| CoreError::Invalid(message::address_locked()))
    }

    /// Tests the values that were entered, independently of the running connection.
    pub(super) fn test_connection(&mut self, form: AccountForm, reply: Reply<TestReport>) {
        let address = match self.typed_address(&form.address) {
            Ok(address) => address,
            Err(error) => return reply.answer(Err(error)),
        };
        let (user_agent, seed) = (self.user_agent(), self.rng.u64(..));
        let network = self.network();
        let credentials: Arc<dyn CredentialProvider> = match form.token {
            Some(token) => Arc::new(Entered::new(&token, self.settings.auth_transport)),
            None => Arc::new(self.session_for(&address)),
        };
        tokio::spawn(async move {
            let answer = match credentials.credential().await {
                Ok(_) => Ok(probe::test(&address, credentials, user_agent, seed, network).await),
                Err(error) => Err(CoreError::Invalid(crate::connection::credential(&error))),
            };
            reply.answer(answer);
        });
    }

    /// Applies the values that were entered, once the server has not refused the token. Replies when the keyring has
    /// answered too, if it is involved.
    pub(super) async fn save_account(&mut self, form: AccountForm, reply: Reply<()>) {
        let address = match self.typed_address(&form.address) {
            Ok(address) => address,
            Err(error) => return reply.answer(Err(error)),
        };
        match form.token {
            Some(token) => match self.refuse_if_given(Some(&address)) {
                Ok(()) => self.try_token(address, token, reply),
                Err(error) => reply.answer(Err(error)),
            },
            None => {
                self.entering.supersede();
                self.save_entered(address, None, reply).await;
            }
        }
    }

    /// Puts an address and a token into force that nothing speaks against.
    pub(super) async fn save_entered(&mut self, address: Address, token: Option<Token>, reply: Reply<()>) {
        // A token that is entered replaces a sign-in that is under way.
        self.end_sign_in();
        // From here on no request may be sent with a token that is not known to be the previous account's.
        self.drop_stream();
        self.identity.on_token();
        let session = self.session_for(&address);
        // It may be another person's token.
        let left = token.as_ref().and_then(|_| session.unkept());
        let stored = match token {
            Some(token) => Some(self.enter_token(&session, token)),
            None => {
                session.requery(false);
                None
            }
        };
        self.tokens.put_in_force(session);
        self.tokens.put_aside(left);
        match (self.switch_account(address).await, stored) {
            (Ok(()), Some(stored)) => self.report_stored(stored, Some(reply)),
            (outcome, stored) => {
                if let Some(stored) = stored {
                    self.report_stored(stored, None);
                }
                if outcome.is_err() && self.link.is_wanted() {
                    self.open_stream();
                }
                reply.answer(outcome);
            }
        }
    }

    /// Switches from the previous account to the one at this address.
    pub(super) async fn leave_account_for(&mut self, address: &Address) -> Result<(), CoreError> {
        let name = address.server();
        let changed = self.settings.address.as_ref().map(Address::server).as_ref() != Some(&name);
        let next = if changed {
            Some(self.accounts.in_force_or_first(&name))
        } else {
            self.account.clone()
        };
        // Before the address: if the new inbox cannot be opened, events of the new server must not be filed into the
        // previous account.
        match next {
            Some(next) if next.is_signed_out() => self.close_account().await,
            Some(next) => self.begin_account(next, None).await,
            None => Ok(()),
        }
    }

    /// Switches to the account at this address, and connects.
    pub(super) async fn switch_account(&mut self, address: Address) -> Result<(), CoreError> {
        self.leave_account_for(&address).await?;
        if self.origins.lock(Key::ApiUrl).is_none() {
            let mut changes = vec![Change {
                key: Key::ApiUrl,
                value: Raw::Text(address.to_string()),
            }];
            if self.settings.token_for == TokenFor::Address
                && let Some(bound) = self.tokens.environments_for_another(&Server::of(&address))
            {
                // Otherwise the next start would use the token for the new server.
                changes.push(Change {
                    key: Key::TokenFor,
                    value: Raw::Text(bound.server().to_string()),
                });
            }
            // Nor may a page of the window lead the command's token to another server.
            if self.settings.auth_command_for == TokenFor::Address
                && let Some(command) = self.settings.command()
                && command.for_server(&Server::of(&address)).is_none()
            {
                changes.push(Change {
                    key: Key::AuthCommandFor,
                    value: Raw::Text(command.server().to_string()),
                });
            }
            self.settings.address = Some(address);
            self.change_settings(changes);
        }
        self.publish_account();
        self.link.set_intent(Intent::Connection);
        self.open_stream();
        Ok(())
    }

    /// Makes this account the current one: opens its inbox, and resets what is known about its server. `position` is
    /// the cursor of a new client.
    pub(super) async fn begin_account(
        &mut self,
        next: Entry,
        position: Option<String>,
    ) -> Result<(), CoreError> {
        let is_other = self.account.as_ref().map(Entry::folder) != Some(next.folder());
        if is_other {
            self.readers.publish_requested_item(None);
            self.switch_inbox(next).await?;
        } else {
            self.set_account(next);
        }
        let types = self.settings.types.clone();
        let (cursor, heard_at, own_user) = self
            .with_inbox(move |inbox| {
                inbox.set_event_types(&types)?;
                if let Some(position) = &position {
                    inbox.set_initial_cursor(position)?;
                }
                Ok((inbox.cursor()?, inbox.heard_at()?, inbox.own_user()?))
            })
            .await?;
        self.store.set_cursor(cursor);
        self.link.begin_account(heard_at);
        self.identity.set_own(own_user);
        self.publish_account();
        self.readers.publish_inbox_changed();
        self.publish_counts().await;
        Ok(())
    }

    /// Handles that no server is set any more. Nothing of the previous account is shown then, as after a start without
    /// a server. Its inbox is used again once its server is set.
    pub(super) async fn leave_server(&mut self) -> Result<(), CoreError> {
        self.settings.address = None;
        self.tokens.leave();
        self.close_account().await?;
        self.readers.set_notice(NoticeKind::Keyring, None);
        self.set_status(Status::Idle(IdleReason::NotStarted));
        Ok(())
    }

    /// Switches to another account's inbox. An inbox that could not be stored is kept until it can be.
    async fn switch_inbox(&mut self, next: Entry) -> Result<(), CoreError> {
        self.end_accounts_alerts().await;
        let opened = match self.store.take_unstored(&next) {
            Some(left) => left,
            None => {
                let paths = self.setup.paths.clone();
                let account = next.clone();
                let opening = tokio::task::spawn_blocking(move || open_inbox(&paths, Some(&account)));
                Next::of(opening.await.map_err(|_| InboxError::Closed)??)?
            }
        };
        let before = self.account.clone();
        self.set_account(next);
        self.put_inbox_in_force(opened, before).await;
        Ok(())
    }

    pub(super) async fn put_inbox_in_force(&mut self, next: Next, before: Option<Entry>) {
        let problem = self.store.switch(next, before);
        self.snoozes.look_again();
        self.upkeep.on_inbox(tokio::time::Instant::now());
        self.readers.set_notice(NoticeKind::Size, None);
        self.readers.set_notice(NoticeKind::Storage, problem);
        self.outgoing.on_account();
        self.backfilling.on_inbox();
        self.publish_storage();
        self.begin_account_alerts().await;
    }
}
