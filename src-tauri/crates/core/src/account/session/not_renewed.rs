//! Why a sign-in was not renewed, as the stream gets to know it.

use gloria_stream::CredentialError;

use crate::message::Message;
use crate::ports::SecretError;

/// Why there is no access token now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in could not be renewed: {}", .why.id)]
pub(crate) struct NotRenewed {
    pub(crate) why: Message,
    /// The keyring has to be unlocked or started; everything else passes without the user.
    needs_keyring: bool,
}

impl NotRenewed {
    pub(super) fn yet(why: Message) -> Self {
        let needs_keyring = false;
        Self { why, needs_keyring }
    }

    pub(super) fn without_keyring(error: &SecretError) -> Self {
        Self {
            why: error.message(),
            needs_keyring: true,
        }
    }
}

impl From<NotRenewed> for CredentialError {
    fn from(error: NotRenewed) -> Self {
        if error.needs_keyring {
            Self::Unavailable(error.into())
        } else {
            Self::NotRenewed(error.into())
        }
    }
}
