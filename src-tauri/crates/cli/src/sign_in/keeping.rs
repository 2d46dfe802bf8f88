//! Storing a new sign-in, and what becomes of one that is not stored.

use futures_util::future::join;
use gloria_core::account::session::CommandSession;
use gloria_core::grant::{Person, SavedGrant};
use gloria_core::message::{self, Message};
use gloria_core::token::Token;
use gloria_sign_in::{Client, Grant, LastPage};

use crate::acceptance::Checked;
use crate::interruption::Interruption;

/// What a sign-in is stored with.
#[derive(Clone, Copy)]
pub(super) struct Keeping<'a> {
    pub(super) client: &'a Client,
    pub(super) session: &'a CommandSession,
    pub(super) interruption: &'a Interruption,
}

/// A sign-in that is not stored.
pub(super) struct Unkept {
    pub(super) why: Message,
    /// Nobody has it. Nothing if the keyring was asked to store it, which it may do late.
    pub(super) grant: Option<SavedGrant>,
}

impl Keeping<'_> {
    /// Stores a sign-in that the server accepts. Returns what the server said, and the sign-ins that it replaced.
    pub(super) async fn keep(
        self,
        grant: Grant,
        checked: impl AsyncFnOnce(Token) -> Result<Checked, Message>,
    ) -> Result<(Checked, Vec<SavedGrant>), Unkept> {
        let token = Token::issued(grant.access_token.clone()).ok_or_else(message::sign_in_no_token);
        let client_id = self.client.provider().client_id.clone();
        let grant = saved(grant, client_id).map_err(|why| Unkept { why, grant: None })?;
        let replacement = async {
            let asked = self.interruption.or(checked(token?)).await;
            let asked = asked.ok_or_else(message::cli_sign_in_cancelled)?;
            let asked = asked.map_err(|_| message::sign_in_rejected())?;
            let replacement = self.interruption.or(self.session.replace(grant.clone())).await;
            let replacement = replacement.ok_or_else(message::cli_sign_in_cancelled)?;
            Ok((asked, replacement.map_err(|error| error.message())?))
        };
        let (asked, replacement) = replacement.await.map_err(|why| Unkept {
            why,
            grant: Some(grant),
        })?;
        match self.interruption.or_soon(replacement.store()).await {
            Some(Ok(replaced)) => Ok((asked, replaced)),
            Some(Err(error)) => Err(Unkept {
                why: error.message(),
                grant: None,
            }),
            None => Err(Unkept {
                why: message::cli_sign_in_cancelled(),
                grant: None,
            }),
        }
    }

    /// Revokes a sign-in that nobody has, and waits for the page in the browser.
    pub(super) async fn leave(self, grant: Option<SavedGrant>, page: Option<LastPage>) {
        let revoked = async {
            let Some(grant) = grant else { return };
            // Some providers would end the sign-in that the keyring has, too.
            if !self.session.is_alone(&grant).await {
                return;
            }
            if let Err(error) = self.client.revoke(grant.refresh_token()).await {
                tracing::info!(why = %error.message().id, "a sign-in that was not stored is not revoked");
            }
        };
        let shown = async {
            if let Some(page) = page {
                page.until_shown().await;
            }
        };
        self.interruption.or_soon(join(revoked, shown)).await;
    }
}

/// What the keyring gets. A sign-in that cannot be renewed would end unnoticed within hours, so it counts as none.
fn saved(grant: Grant, client_id: String) -> Result<SavedGrant, Message> {
    let Grant {
        refresh_token,
        identity,
        ..
    } = grant;
    let person = Person {
        name: identity.name,
        email: identity.email,
    };
    let refresh_token = refresh_token.ok_or_else(message::sign_in_not_renewable)?;
    let issuer = identity.issuer.to_string();
    let grant = SavedGrant::new(issuer, client_id, identity.subject, refresh_token);
    let grant = grant.ok_or_else(message::sign_in_not_renewable)?;
    Ok(grant.of_person(person).of_nonce(identity.nonce))
}
