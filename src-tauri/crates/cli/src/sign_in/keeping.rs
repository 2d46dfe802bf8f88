//! Storing a new sign-in, and what becomes of one that is not stored.

use futures_util::future::join;
use gloria_core::account::session::CommandSession;
use gloria_core::grant::{Person, SavedGrant};
use gloria_core::message::{self, Message};
use gloria_core::token::Token;
use gloria_sign_in::{Client, Grant, LastPage};
use secrecy::SecretString;

use crate::acceptance::Checked;
use crate::interruption::{FINISH_TIMEOUT, Interruption};
use crate::output::print_error;

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
    pub(super) left: Left,
}

/// What is left of a sign-in that is not stored.
pub(super) enum Left {
    /// Nobody has it.
    Grant(SavedGrant),
    /// It can be renewed, but not be stored.
    RefreshToken(SecretString),
    /// The keyring was asked to store it, which it may do late, or nothing renews it.
    Nothing,
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
        let grant = saved(grant, client_id).map_err(|left| Unkept {
            why: message::sign_in_not_renewable(),
            left: left.map_or(Left::Nothing, Left::RefreshToken),
        })?;
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
            left: Left::Grant(grant),
        })?;
        let why = match self.interruption.or_soon(replacement.store()).await {
            Some(Ok(replaced)) => return Ok((asked, replaced)),
            Some(Err(error)) => error.message(),
            None => message::cli_sign_in_cancelled(),
        };
        Err(Unkept {
            why,
            left: Left::Nothing,
        })
    }

    /// Revokes a sign-in that nobody has, or says that it is not revoked, and waits for the page in the browser.
    pub(super) async fn leave(self, left: Left, page: Option<LastPage>) {
        let revoked = async {
            let revoked = self.interruption.or_soon(self.revoke(left)).await;
            let late = || Err(message::cause_answer_timeout(FINISH_TIMEOUT));
            if let Err(why) = revoked.unwrap_or_else(late) {
                print_error(&message::cli_sign_in_unrevoked(why));
            }
        };
        let shown = async {
            if let Some(page) = page {
                page.until_shown().await;
            }
        };
        join(revoked, self.interruption.or_shown(shown)).await;
    }

    async fn revoke(self, left: Left) -> Result<(), Message> {
        let refresh_token = match &left {
            Left::Grant(grant) => match self.session.is_alone(grant).await {
                Ok(true) => grant.refresh_token(),
                // Some providers would end the sign-in that the keyring has, too.
                Ok(false) => return Ok(()),
                Err(error) => return Err(error.message()),
            },
            Left::RefreshToken(refresh_token) => refresh_token,
            Left::Nothing => return Ok(()),
        };
        self.client
            .revoke(refresh_token)
            .await
            .map_err(|error| error.message())
    }
}

/// What the keyring gets. A sign-in that cannot be renewed would end unnoticed within hours, so it counts as none.
/// The error is a refresh token that it cannot have.
fn saved(grant: Grant, client_id: String) -> Result<SavedGrant, Option<SecretString>> {
    let Grant {
        refresh_token,
        identity,
        ..
    } = grant;
    let person = Person {
        name: identity.name,
        email: identity.email,
    };
    let refresh_token = refresh_token.ok_or(None)?;
    let issuer = identity.issuer.to_string();
    let grant = SavedGrant::new(issuer, client_id, identity.subject, refresh_token.clone());
    let grant = grant.ok_or(Some(refresh_token))?;
    Ok(grant.of_person(person).of_nonce(identity.nonce))
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use gloria_sign_in::{Identity, Issuer, Lifetime, Moment};
    use secrecy::ExposeSecret as _;

    use super::*;

    fn given(refresh_token: Option<&str>) -> Grant {
        Grant {
            access_token: "access".into(),
            refresh_token: refresh_token.map(Into::into),
            lifetime: Lifetime {
                received: Moment {
                    monotonic: Instant::now(),
                    wall: SystemTime::now(),
                },
                lasts: None,
            },
            identity: Identity {
                issuer: Issuer::parse("https://id.example").unwrap(),
                subject: "anna".to_owned(),
                name: None,
                email: None,
                nonce: None,
            },
            scope: None,
            unchecked: None,
        }
    }

    #[test]
    fn what_cannot_be_stored_is_left_to_be_revoked() {
        assert!(saved(given(Some("refresh")), String::new()).is_ok());
        assert!(saved(given(None), String::new()).unwrap_err().is_none());
        let long = "a".repeat(20_000);
        let left = saved(given(Some(&long)), String::new()).unwrap_err();
        assert_eq!(left.unwrap().expose_secret(), long);
    }
}
