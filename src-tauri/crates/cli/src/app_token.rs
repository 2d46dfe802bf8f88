//! The access token of the running app's sign-in, which a command uses instead of renewing the sign-in as well.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use gloria_core::token::{AuthTransport, Token};
use gloria_ipc::{AskError, CallError, ask_for_access};
use gloria_stream::{Credential, Generation};

/// The generation of all tokens of the app. The command's own session counts from zero and never gets here.
const OF_THE_APP: Generation = Generation::new(u64::MAX);

/// The app that runs for a data folder, as the source of tokens for one API address.
#[derive(Debug)]
pub(crate) struct AppToken {
    data: PathBuf,
    address: String,
    /// The server refused a token of the app. From then on the command's own session decides: it renews once, under the
    /// lock that it shares with the app, and knows what a second refusal means.
    refused: AtomicBool,
}

impl AppToken {
    pub(crate) fn new(data: PathBuf, address: String) -> Self {
        Self {
            data,
            address,
            refused: AtomicBool::new(false),
        }
    }

    /// The credential, unless no app runs, or it has none for this address.
    pub(crate) async fn credential(&self, transport: AuthTransport) -> Option<Credential> {
        if self.refused.load(Ordering::Relaxed) {
            return None;
        }
        match ask_for_access(&self.data, &self.address).await {
            Ok(token) => {
                let token = Token::issued(token)?;
                Some(Credential::of(OF_THE_APP, token.proof(transport)))
            }
            Err(CallError::Ask(AskError::NotRunning)) => None,
            Err(error) => {
                tracing::info!(%error, "the app gave no access token");
                None
            }
        }
    }

    /// The server refused the credential of this generation. Returns whether it was the app's.
    pub(crate) fn on_refused(&self, generation: Generation) -> bool {
        let is_ours = generation == OF_THE_APP;
        self.refused.fetch_or(is_ours, Ordering::Relaxed);
        is_ours
    }
}
