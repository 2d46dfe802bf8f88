//! The accounts of this computer: leaving one, and switching to another. At most one is in use.

use futures_util::future::OptionFuture;
use gloria_stream::{IdleReason, Status};

use super::Actor;
use super::account::open_inbox;
use super::link::Intent;
use super::storage::Next;
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Session, SignedOut, TokenReport};
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::protocol::{SignOutForm, TokenState};
use crate::settings::Key;

impl Actor {
    /// Ends the notifications of the account that is left: nobody else may see them. Those that wait are shown when the
    /// account is used again.
    pub(super) async fn end_accounts_alerts(&mut self) {
        // Answers that arrive later belong to the previous inbox.
        self.end_alerts(false).await;
        self.withdraw_all().await;
    }

    /// Leaves the account in force for none. Nothing of it is shown any more; its inbox is used again once its user is.
    pub(super) async fn close_account(&mut self) -> Result<(), CoreError> {
        if self.account.is_none() {
            return Ok(());
        }
        self.readers.publish_requested_item(None);
        self.end_accounts_alerts().await;
        let next = Next::of(open_inbox(&self.setup.paths, None)?)?;
        let before = self.leave_account();
        self.put_inbox_in_force(next, before).await;
        self.store.set_cursor(None);
        self.link.begin_account(None);
        self.publish_account();
        self.readers.publish_inbox_changed();
        self.publish_counts().await;
        Ok(())
    }

    /// Disconnects and closes the account at once; replies when the keyring and the provider have answered.
    pub(super) async fn sign_out(&mut self, form: SignOutForm, reply: Reply<()>) {
        self.cancel_sign_in();
        self.link.set_intent(Intent::Nothing);
        self.drop_stream();
        self.identity.on_token();
        self.set_status(Status::Idle(IdleReason::Stopped));
        let signed_out = self.tokens.session().map(Session::sign_out);
        self.on_token(TokenReport::new(TokenState::Missing));
        let closed = match self.account.clone() {
            // Before anything is waited for: whatever ends the process, the next start shows nothing of it.
            Some(account) => {
                self.accounts.sign_out(&account);
                self.leave_for_good(&account, form.erase).await
            }
            None => Ok(()),
        };
        tokio::spawn(async move {
            let SignedOut { removed, unrevoked } = match OptionFuture::from(signed_out).await {
                Some(signed_out) => signed_out,
                None => SignedOut {
                    removed: Ok(()),
                    unrevoked: None,
                },
            };
            let outcome = match (removed, unrevoked) {
                (Ok(()), None) => closed,
                (Ok(()), Some(why)) => Err(CoreError::Invalid(message::sign_in_not_revoked(why))),
                (Err(error), _) => Err(CoreError::Invalid(message::token_not_removed(error.message()))),
            };
            reply.answer(outcome);
        });
    }

    /// Closes the account, and erases what is stored for it if that is wanted.
    async fn leave_for_good(&mut self, account: &Entry, erase: bool) -> Result<(), CoreError> {
        self.close_account().await?;
        if erase {
            // What could not be stored yet is not wanted either.
            drop(self.store.take_unstored(account));
            let erased = self.accounts.erase(account);
            self.publish_account();
            if let Err(error) = erased {
                tracing::error!(%error, "the account could not be erased");
                return Err(CoreError::Invalid(message::inbox_not_erased(error.to_string())));
            }
        }
        Ok(())
    }

    /// Makes another account the one in use, which may be on another server. If its user signed out, it stays closed
    /// until somebody signs in as its user.
    pub(super) async fn choose_account(&mut self, id: &str) -> Result<(), CoreError> {
        let chosen = self.accounts.all().find(|entry| entry.name() == id).cloned();
        let chosen = chosen.ok_or_else(|| CoreError::Invalid(message::account_unknown()))?;
        let is_active = self.account.as_ref().map(Entry::folder) == Some(chosen.folder());
        if is_active {
            return Ok(());
        }
        let address = Address::parse(chosen.server(), self.settings.allow_plain_http)
            .map_err(|error| CoreError::Invalid(error.message()))?;
        let known = self.settings.address.as_ref().map(Address::server);
        let is_same_server = known.as_deref() == Some(chosen.server());
        if !is_same_server && self.origins.lock(Key::ApiUrl).is_some() {
            return Err(CoreError::Invalid(message::address_locked()));
        }
        self.cancel_sign_in();
        // From here on no request may be sent with the token of the account that is left.
        self.drop_stream();
        self.identity.on_token();
        self.tokens.leave();
        let chosen = self.accounts.choose(&chosen);
        if is_same_server {
            if chosen.is_signed_out() {
                self.close_account().await?;
            } else {
                self.begin_account(chosen, None).await?;
            }
            let session = self.session_for(&address);
            self.tokens.put_in_force(session);
            self.publish_account();
            self.link.set_intent(Intent::Connection);
            self.open_stream();
            return Ok(());
        }
        self.switch_account(address).await
    }
}
