//! A token that was entered: the server is asked about it first, and one that it refuses replaces nothing. Every
//! program that saves a token gets this, not only a page that asked before.

use super::{Actor, Report};
use crate::account::address::Address;
use crate::connection::{Acceptance, Asking, accepts};
use crate::handle::{CoreError, Reply};
use crate::message;
use crate::token::Token;

/// The decisions about the token in force, counted: an answer about a token that was entered before the last of them is
/// ignored.
#[derive(Debug, Default)]
pub(super) struct Entering {
    number: u64,
}

/// What a server answered about a token that was entered.
#[derive(Debug)]
pub(super) struct Tried {
    number: u64,
    address: Address,
    token: Token,
    acceptance: Acceptance,
    reply: Reply<()>,
}

impl Entering {
    /// The user, a policy or another program decided something else.
    pub(super) fn supersede(&mut self) {
        self.number += 1;
    }
}

impl Actor {
    /// Asks the server about a token in a task, because it may take its time.
    pub(super) fn try_token(&mut self, address: Address, token: Token, reply: Reply<()>) {
        self.entering.supersede();
        let number = self.entering.number;
        let (user_agent, network) = (self.user_agent(), self.network());
        let (transport, seed) = (self.settings.auth_transport, self.rng.u64(..));
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            let acceptance = accepts(Asking {
                address: &address,
                token: &token,
                transport,
                user_agent,
                seed,
                network,
            });
            let acceptance = acceptance.await;
            // The core may have ended meanwhile.
            let _ = reports.send(Report::TokenTried(Box::new(Tried {
                number,
                address,
                token,
                acceptance,
                reply,
            })));
        });
    }

    /// Only a refusal counts: a token for a server that cannot be reached at present may be right.
    pub(super) async fn on_token_tried(&mut self, tried: Tried) {
        let Tried {
            number,
            address,
            token,
            acceptance,
            reply,
        } = tried;
        if number != self.entering.number {
            return reply.answer(Err(CoreError::Invalid(message::token_superseded())));
        }
        match acceptance {
            Acceptance::Accepted => {}
            Acceptance::Refused(why) => {
                tracing::info!(why = %why.id, "a token that was entered is refused, so the one before stays");
                return reply.answer(Err(CoreError::Invalid(message::token_not_saved(why))));
            }
            Acceptance::Unknown(why) => {
                tracing::info!(why = %why.id, "the server does not say whether it accepts the token");
            }
        }
        self.save_entered(address, Some(token), reply).await;
    }
}
