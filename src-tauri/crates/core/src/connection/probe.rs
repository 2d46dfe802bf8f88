//! "Test connection": one real attempt with the entered values, reported step by step.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use gloria_stream::{
    Cause, Command, Credential, CredentialError, CredentialProvider, Delivery, EndCause, Generation,
    HaltReason, NetworkOptions, Proof, Status, StreamHandle, StreamOptions,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::account::address::Address;
use crate::connection;
use crate::message::{self, Message};
use crate::protocol::{Remedy, TestReport, TestStep, Transport};
use crate::token::AuthTransport;
use crate::token::Token;

/// Longer than connecting and the first byte may take together, so that the stream's own error comes first.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// How long the server is asked about a token that somebody has just entered: the page in the browser waits for it too.
const ACCEPTANCE_TIMEOUT: Duration = Duration::from_secs(12);

/// A greeting follows the response at once. Its absence is not an error.
const GREETING_TIMEOUT: Duration = Duration::from_secs(3);

/// A token that was entered for this test only.
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

/// Makes one attempt and reports each step. Nothing is stored.
pub(crate) async fn test(
    address: &Address,
    credentials: Arc<dyn CredentialProvider>,
    user_agent: String,
    seed: u64,
    network: NetworkOptions,
) -> TestReport {
    let mut steps = vec![TestStep {
        title: message::check_address(),
        passed: true,
        detail: if address.is_plain_http() {
            message::check_address_plain(address.to_string())
        } else {
            message::check_address_encrypted(address.to_string())
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
        also: address.alternatives(&[]),
        ..StreamOptions::new(address.stream(&[]), user_agent, seed)
    };
    let stream = StreamHandle::spawn(options, credentials, sender);
    stream.send(Command::Start { cursor: None });

    let answer = timeout(ATTEMPT_TIMEOUT, answer(&mut deliveries, transport)).await;
    let refusal = match answer {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(why),
        Err(_) => Some(message::check_timeout(ATTEMPT_TIMEOUT)),
    };
    let passed = refusal.is_none();
    steps.push(TestStep {
        title: message::check_server(),
        passed,
        detail: refusal.unwrap_or_else(|| match stream.found() {
            Some(place) => message::check_server_passed_at(place.path()),
            None => message::check_server_passed(),
        }),
    });
    if passed {
        let greeted = greeting(&mut deliveries).await;
        steps.push(TestStep {
            title: message::check_event(),
            passed: true,
            detail: if greeted {
                message::check_event_came()
            } else {
                message::check_no_event()
            },
        });
    }
    TestReport {
        succeeded: passed,
        steps,
    }
}

/// The question whether a server accepts a token.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The server.
    pub address: &'a Address,
    /// The token, which is stored nowhere yet.
    pub token: &'a Token,
    /// How it is sent.
    pub transport: AuthTransport,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// For jitter.
    pub seed: u64,
    /// Proxy, roots and client certificate.
    pub network: NetworkOptions,
}

/// Whether a server accepts a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// The stream was opened.
    Accepted,
    /// The server refuses the token, for this reason.
    Refused(Message),
    /// Nobody knows: the server cannot be reached, or something else is wrong with it.
    Unknown(Message),
}

/// Asks a server whether it accepts a token, before that replaces another one.
pub async fn accepts(asking: Asking<'_>) -> Acceptance {
    let address = asking.address;
    let credentials = Arc::new(Entered::new(asking.token, asking.transport));
    let (sender, mut deliveries) = mpsc::channel(16);
    let options = StreamOptions {
        network: asking.network,
        also: address.alternatives(&[]),
        ..StreamOptions::new(address.stream(&[]), asking.user_agent, asking.seed)
    };
    let stream = StreamHandle::spawn(options, credentials, sender);
    stream.send(Command::Start { cursor: None });
    let acceptance = timeout(ACCEPTANCE_TIMEOUT, acceptance(&mut deliveries)).await;
    acceptance.unwrap_or_else(|_| Acceptance::Unknown(message::check_timeout(ACCEPTANCE_TIMEOUT)))
}

async fn acceptance(deliveries: &mut mpsc::Receiver<Delivery>) -> Acceptance {
    while let Some(delivery) = deliveries.recv().await {
        let Delivery::Status(status) = delivery else {
            continue;
        };
        match &status {
            Status::Connected { .. } => return Acceptance::Accepted,
            Status::Idle(_) | Status::Connecting { .. } => {}
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => return refusal(cause),
            Status::Halted { reason, .. } => return halt(*reason),
        }
    }
    Acceptance::Unknown(message::check_no_answer())
}

fn refusal(cause: &Cause) -> Acceptance {
    match cause {
        Cause::Halted(reason) | Cause::Ended(EndCause::Rejected(reason)) => halt(*reason),
        // The token is too long for the server.
        Cause::Status(431) => Acceptance::Refused(super::cause::cause(cause)),
        Cause::Dial(_)
        | Cause::Status(_)
        | Cause::NotAStream { .. }
        | Cause::Encoded(_)
        | Cause::NetworkSignIn
        | Cause::Ended(_) => Acceptance::Unknown(super::cause::cause(cause)),
    }
}

fn halt(reason: HaltReason) -> Acceptance {
    match reason {
        HaltReason::Unauthorized | HaltReason::Expired => Acceptance::Refused(message::check_token_refused()),
        HaltReason::Forbidden => Acceptance::Refused(super::cause::halted(reason)),
        HaltReason::NoCredential | HaltReason::StoppedByServer => {
            Acceptance::Unknown(super::cause::halted(reason))
        }
    }
}

async fn answer(deliveries: &mut mpsc::Receiver<Delivery>, transport: Transport) -> Result<(), Message> {
    while let Some(delivery) = deliveries.recv().await {
        let Delivery::Status(status) = delivery else {
            continue;
        };
        let (why, remedy) = match &status {
            Status::Connected { .. } => return Ok(()),
            Status::Idle(_) | Status::Connecting { .. } => continue,
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => {
                (super::cause::advised(cause, transport), connection::remedy(cause))
            }
            Status::Halted { reason, .. } => {
                (super::cause::halted(*reason), connection::halt_remedy(*reason))
            }
        };
        return Err(match remedy {
            Remedy::CheckAddress => message::check_advised_address(why),
            Remedy::CheckNetwork => message::check_advised_network(why),
            Remedy::ProxySignIn => message::check_advised_proxy(why),
            Remedy::CheckCertificate => message::check_advised_certificate(why),
            Remedy::ClientCertificate => message::check_advised_client_certificate(why),
            Remedy::NetworkSignIn => message::check_advised_browser(why),
            Remedy::SignIn => message::check_token_refused(),
            Remedy::None | Remedy::Retry | Remedy::UnlockKeyring | Remedy::ConfirmPerson => why,
        });
    }
    Err(message::check_no_answer())
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
