//! "Test connection": one real attempt with what was typed, told step by step in words.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use gloria_stream::{
    Command, Credential, CredentialError, CredentialProvider, Delivery, Generation, NetworkOptions, Proof,
    Status, StreamHandle, StreamOptions,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::account::address::Address;
use crate::connection;
use crate::protocol::{Remedy, TestReport, TestStep, Transport};
use crate::token::AuthTransport;
use crate::token::Token;

/// Longer than connecting and the first byte may take together, so that the stream's own words come first.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// A greeting follows the answer at once. A server that sends none is none the worse for it.
const GREETING_TIMEOUT: Duration = Duration::from_secs(3);

/// A token that was typed for this test alone.
pub(crate) struct Entered(Proof);

impl Entered {
    pub(crate) fn new(token: &Token, transport: AuthTransport) -> Self {
        Self(token.proof(transport))
    }
}

impl CredentialProvider for Entered {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        ready(Ok(Credential::of(Generation::default(), self.0.clone()))).boxed()
    }
}

/// Dials once and tells what happened. Nothing is stored.
pub(crate) async fn test(
    address: &Address,
    credentials: Arc<dyn CredentialProvider>,
    user_agent: String,
    seed: u64,
    network: NetworkOptions,
) -> TestReport {
    let mut steps = vec![TestStep {
        title: "Address".into(),
        passed: true,
        detail: if address.is_plain_http() {
            format!("{address} is used without encryption, which is for this machine and laboratories only")
        } else {
            format!("{address} is used with encryption")
        },
    }];
    let transport = if address.is_websocket() {
        Transport::WebSocket
    } else {
        Transport::Sse
    };
    let (sender, mut deliveries) = mpsc::channel(16);
    let options = StreamOptions {
        network,
        also: address.elsewhere(&[]),
        ..StreamOptions::new(address.stream(&[]), user_agent, seed)
    };
    let stream = StreamHandle::spawn(options, credentials, sender);
    stream.send(Command::Start { cursor: None });

    let answer = timeout(ATTEMPT_TIMEOUT, answer(&mut deliveries, transport)).await;
    let refusal = match answer {
        Ok(Ok(())) => None,
        Ok(Err(words)) => Some(words),
        Err(_) => Some(format!(
            "no answer within {} s; check the address and the network",
            ATTEMPT_TIMEOUT.as_secs()
        )),
    };
    let passed = refusal.is_none();
    steps.push(TestStep {
        title: "Server and token".into(),
        passed,
        detail: refusal.unwrap_or_else(|| match stream.found() {
            Some(place) => format!(
                "the server accepted the token and opened the stream at {}",
                place.path()
            ),
            None => "the server accepted the token and opened the stream".into(),
        }),
    });
    if passed {
        let greeted = greeting(&mut deliveries).await;
        steps.push(TestStep {
            title: "First event".into(),
            passed: true,
            detail: if greeted {
                "an event arrived"
            } else {
                "the stream is open; no event has come yet"
            }
            .into(),
        });
    }
    TestReport {
        succeeded: passed,
        steps,
    }
}

async fn answer(deliveries: &mut mpsc::Receiver<Delivery>, transport: Transport) -> Result<(), String> {
    while let Some(delivery) = deliveries.recv().await {
        let Delivery::Status(status) = delivery else {
            continue;
        };
        let (words, remedy) = match &status {
            Status::Connected { .. } => return Ok(()),
            Status::Idle(_) | Status::Connecting { .. } => continue,
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => {
                (connection::words(cause, transport), connection::remedy(cause))
            }
            Status::Halted { reason, .. } => (reason.to_string(), connection::halt_remedy(*reason)),
        };
        return Err(match remedy {
            Remedy::CheckAddress => format!("{words}; check the address"),
            Remedy::CheckNetwork => format!("{words}; check the network"),
            Remedy::ProxySignIn => format!(
                "{words}; give the proxy's user name and password in its address, or, where it wants the sign-in of \
                 Windows (NTLM, Kerberos), set a helper on this computer that does it, such as Px, as the proxy"
            ),
            Remedy::CheckCertificate => {
                format!("{words}; check this computer's clock, or ask your administrator for the certificate")
            }
            Remedy::ClientCertificate => format!("{words}; ask your administrator for one that it accepts"),
            Remedy::NetworkSignIn => format!("{words}; open a browser and sign in there"),
            Remedy::SignIn => "the server does not accept this token; check it, or ask for a new one".into(),
            Remedy::None | Remedy::Retry | Remedy::UnlockKeyring | Remedy::ConfirmPerson => words,
        });
    }
    Err("the attempt ended without an answer".into())
}

async fn greeting(deliveries: &mut mpsc::Receiver<Delivery>) -> bool {
    let deadline = Instant::now() + GREETING_TIMEOUT;
    while let Ok(Some(delivery)) = timeout_at(deadline, deliveries.recv()).await {
        if matches!(delivery, Delivery::Frames(_)) {
            return true;
        }
    }
    false
}
