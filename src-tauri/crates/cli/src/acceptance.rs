//! Asks the server whether it accepts a token, before that replaces another one.

use gloria_core::account::address::Address;
use gloria_core::connection::{Acceptance, Asking, accepts};
use gloria_core::message::{self, Message};
use gloria_core::settings::Settings;
use gloria_core::token::Token;
use gloria_stream::http::HttpOptions;

use crate::output::print_error;

/// What the server said. A refusal is an error.
#[must_use]
pub(crate) struct Checked {
    /// Why the server could not be asked, if so.
    unknown: Option<Message>,
}

impl Checked {
    /// Asks the server.
    ///
    /// # Errors
    /// When the server refuses the token, for this reason.
    pub(crate) async fn server(
        address: &Address,
        settings: &Settings,
        http: HttpOptions,
        token: &Token,
    ) -> Result<Self, Message> {
        let asking = Asking {
            address,
            token,
            transport: settings.auth_transport,
            user_agent: http.user_agent,
            // There is one attempt, and nothing to spread.
            seed: 0,
            network: http.network,
        };
        match accepts(asking).await {
            Acceptance::Accepted => Ok(Self { unknown: None }),
            Acceptance::Refused(why) => Err(why),
            Acceptance::Unknown(why) => Ok(Self { unknown: Some(why) }),
        }
    }

    /// Says on stderr that the server could not be asked. Called once the token is stored.
    pub(crate) fn print(self) {
        if let Some(why) = self.unknown {
            print_error(&message::cli_token_unchecked(why));
        }
    }
}
