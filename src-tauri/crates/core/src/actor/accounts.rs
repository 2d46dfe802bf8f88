//! The accounts of this computer: leaving one, and switching to another. At most one is in use.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, OptionFuture};
use gloria_stream::{IdleReason, Status};

use super::Actor;
use super::account::open_inbox;
use super::link::Intent;
use super::storage::Next;
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Session, SignedOut, TokenReport, Unkept, revoke_all};
use crate::handle::{CoreError, Reply, SignOutAnswer, SignOutRequest};
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
        // The next connection would sign the user in again.
        if let Err(error) = self.refuse_if_given(None) {
            return reply.answer(Err(error));
        }
        let (closed, tokens) = self.leave_signing_out(form.erase).await;
        tokio::spawn(async move {
            let SignedOut {
                removed, unrevoked, ..
            } = tokens.await;
            let outcome = match (removed, unrevoked) {
                (Ok(()), None) => closed,
                (Ok(()), Some(why)) => Err(CoreError::Invalid(message::sign_in_not_revoked(why))),
                (Err(error), _) => Err(CoreError::Invalid(message::token_not_removed(error.message()))),
            };
            reply.answer(outcome);
        });
    }

    /// Like [`Actor::sign_out`], for another program and any server. Of one that is not in use the account is closed,
    /// and what only memory has is ended: its tokens in the keyring are not known here. The token of the environment is
    /// not the user's to end.
    pub(super) async fn sign_out_at(&mut self, request: &SignOutRequest, reply: Reply<SignOutAnswer>) {
        let address = self.settings.address.as_ref();
        let in_use = address.is_some_and(|address| address.server() == request.server);
        let given = self.refuse_if_given(None);
        if in_use && given.is_err() {
            // Its account stays in use, so nothing of it is erased, and who asked has to know that.
            let closed = request.erase.as_ref().map_or(Ok(()), |_| given);
            return reply.answer(closed.map(|()| SignOutAnswer {
                in_use: false,
                was_signed_in: false,
                unrevoked: None,
            }));
        }
        let account = self.account.as_ref().filter(|_| in_use);
        let account = account.or_else(|| self.accounts.in_force(&request.server));
        if let (Some(account), Some(confirmed)) = (account, &request.erase)
            && account.name() != confirmed
        {
            return reply.answer(Err(CoreError::Invalid(message::erase_another_account())));
        }
        if !in_use {
            return self.sign_out_elsewhere(request, reply);
        }
        let is_closed = self.account.is_none();
        let (mut closed, tokens) = self.leave_signing_out(request.erase.is_some()).await;
        if is_closed && closed.is_ok() {
            // Its user signed out earlier, and may want it to be erased now.
            closed = self.close_elsewhere(request);
        }
        tokio::spawn(async move {
            let SignedOut {
                removed,
                unrevoked,
                was_signed_in,
            } = tokens.await;
            let outcome = match removed {
                Ok(()) => closed.map(|()| SignOutAnswer {
                    in_use: true,
                    was_signed_in,
                    unrevoked,
                }),
                Err(error) => Err(CoreError::Invalid(message::token_not_removed(error.message()))),
            };
            reply.answer(outcome);
        });
    }

    /// Signs out at a server that is not in use.
    fn sign_out_elsewhere(&mut self, request: &SignOutRequest, reply: Reply<SignOutAnswer>) {
        self.on_signed_in_elsewhere(&request.server);
        let unkept = self.take_aside(&request.server);
        let closed = self.close_elsewhere(request);
        let provider = self.tokens.provider().clone();
        tokio::spawn(async move {
            let was_signed_in = !unkept.is_empty();
            let grants: Vec<_> = unkept.into_iter().filter_map(Unkept::into_grant).collect();
            let unrevoked = revoke_all(&provider, &grants).await;
            reply.answer(closed.map(|()| SignOutAnswer {
                in_use: false,
                was_signed_in,
                unrevoked,
            }));
        });
    }

    /// Disconnects and closes the account. What becomes of the tokens is in the future, which need not be awaited.
    async fn leave_signing_out(
        &mut self,
        erase: bool,
    ) -> (Result<(), CoreError>, BoxFuture<'static, SignedOut>) {
        self.end_sign_in();
        self.entering.supersede();
        self.link.set_intent(Intent::Nothing);
        self.drop_stream();
        self.identity.on_token();
        self.set_status(Status::Idle(IdleReason::Stopped));
        let server = self.settings.address.as_ref().map(Address::server);
        let unkept = server.map(|server| self.take_aside(&server)).unwrap_or_default();
        let provider = self.tokens.provider().clone();
        let signed_out = self.tokens.session().map(Session::sign_out);
        self.on_token(TokenReport::new(TokenState::Missing));
        let closed = match self.account.clone() {
            // Before anything is waited for: whatever ends the process, the next start shows nothing of it.
            Some(account) => {
                self.accounts.sign_out(&account);
                self.leave_for_good(&account, erase).await
            }
            None => Ok(()),
        };
        let nothing = SignedOut {
            removed: Ok(()),
            unrevoked: None,
            was_signed_in: false,
        };
        let tokens = async move {
            let mut signed_out = OptionFuture::from(signed_out).await.unwrap_or(nothing);
            signed_out.was_signed_in |= !unkept.is_empty();
            let grants: Vec<_> = unkept.into_iter().filter_map(Unkept::into_grant).collect();
            let unrevoked = revoke_all(&provider, &grants).await;
            signed_out.unrevoked = signed_out.unrevoked.or(unrevoked);
            signed_out
        };
        (closed, tokens.boxed())
    }

    /// Closes the account that was used last at a server that is not in use.
    fn close_elsewhere(&mut self, request: &SignOutRequest) -> Result<(), CoreError> {
        let Some(account) = self.accounts.in_force(&request.server).cloned() else {
            return Ok(());
        };
        self.accounts.sign_out(&account);
        if request.erase.is_some() {
            self.erase_account(&account)?;
        }
        self.publish_account();
        Ok(())
    }

    fn erase_account(&mut self, account: &Entry) -> Result<(), CoreError> {
        // What could not be stored yet is not wanted either.
        drop(self.store.take_unstored(account));
        let erased = self.accounts.erase(account);
        self.publish_account();
        erased.map_err(|error| {
            tracing::error!(%error, "the account could not be erased");
            CoreError::Invalid(message::inbox_not_erased(error.to_string()))
        })
    }

    /// Closes the account, and erases what is stored for it if that is wanted.
    async fn leave_for_good(&mut self, account: &Entry, erase: bool) -> Result<(), CoreError> {
        self.close_account().await?;
        if erase {
            self.erase_account(account)?;
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
        self.end_sign_in();
        self.entering.supersede();
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
