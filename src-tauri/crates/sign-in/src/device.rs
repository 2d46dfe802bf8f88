//! Sign-in without a browser on this computer: the user enters a code on another device (RFC 8628).

use std::fmt;
use std::time::Duration;

use gloria_text::message::{self, Message};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::client::{Client, Grant};
use crate::exchange::{Answer, Later, LaterCause, ProviderRefusal, ask, post, retry_after};
use crate::foreign::shown;
use crate::identity::{IdentityError, Nonce};
use crate::provider::is_secure;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The polling interval if the provider sends none (RFC 8628, 3.2).
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// What each `slow_down` adds to the polling interval (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The bounds of the polling interval, whatever the provider sends.
const MIN_POLL_INTERVAL: Duration = Duration::from_secs(1);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(60);

/// The longest validity of a code, whatever the provider sends, because a user is waiting.
const MAX_LIFE: Duration = Duration::from_secs(60 * 60);

/// How long requesting a code may take.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a sign-in on another device failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceError {
    /// The provider does not support it.
    NotOffered,
    /// The provider is temporarily unavailable.
    Later(Later),
    /// The provider's response is invalid.
    Malformed,
    /// The user refused.
    Denied,
    /// The code was not entered in time.
    Expired,
    /// The provider rejected the application.
    Misconfigured(ProviderRefusal),
    /// The id_token is missing or invalid.
    Identity(IdentityError),
}

impl DeviceError {
    /// The error for users.
    pub fn message(&self) -> Message {
        match self {
            Self::NotOffered => message::sign_in_device_not_offered(),
            Self::Later(later) => later.why.message(),
            Self::Malformed => message::sign_in_not_json(),
            Self::Denied => message::sign_in_denied(),
            Self::Expired => message::sign_in_timed_out(),
            Self::Misconfigured(refusal) => refusal.message(),
            Self::Identity(error) => error.message(),
        }
    }
}

/// A code that the user has to enter. Dropping it ends the polling.
pub struct DeviceAttempt {
    client: Client,
    code: DeviceCode,
    pace: Pace,
    until: Instant,
    asking: watch::Sender<bool>,
}

impl fmt::Debug for DeviceAttempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DeviceAttempt").finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a sign-in on another device by requesting a code.
    ///
    /// # Errors
    /// When the provider does not support it, or refuses.
    pub async fn begin_device(&self) -> Result<DeviceAttempt, DeviceError> {
        let endpoint = self.metadata().device_authorization_endpoint.as_ref();
        let endpoint = endpoint.ok_or(DeviceError::NotOffered)?;
        let provider = self.provider();
        let fields = [
            ("client_id", provider.client_id.as_str()),
            ("scope", &provider.scopes),
        ];
        let reply = post(self.http(), endpoint, &fields, BEGIN_TIMEOUT).await;
        let reply = reply.map_err(|error| {
            DeviceError::Later(Later {
                why: LaterCause::Network(error),
                retry_after: None,
                lost: false,
            })
        })?;
        let after = retry_after(&reply.headers, reply.date);
        let code = DeviceCode::read(reply.status, &reply.body, after)?;
        Ok(DeviceAttempt {
            pace: Pace::new(code.interval),
            until: Instant::now() + code.lasts,
            code,
            client: self.clone(),
            asking: watch::Sender::new(false),
        })
    }
}

impl DeviceAttempt {
    /// The code to enter, as written by the provider.
    pub fn user_code(&self) -> &str {
        &self.code.user_code
    }

    /// The address at which to enter it.
    pub fn verification_uri(&self) -> &Url {
        &self.code.verification_uri
    }

    /// The same address with the code in it, to be opened on this computer only. The code has to be shown as well, so
    /// that the user can compare it (RFC 8628, 3.3.1).
    pub fn verification_uri_complete(&self) -> Option<&Url> {
        self.code.verification_uri_complete.as_ref()
    }

    /// How long until the code expires.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Whether the provider is being asked, and may answer with a sign-in. Dropping [`DeviceAttempt::wait`] then loses
    /// it.
    pub fn asking(&self) -> watch::Receiver<bool> {
        self.asking.subscribe()
    }

    /// Polls until the user has entered the code.
    ///
    /// # Errors
    /// When the code was not entered in time, or the provider refuses.
    pub async fn wait(&mut self) -> Result<Grant, DeviceError> {
        loop {
            let wait = self.pace.interval;
            if self.remaining() <= wait {
                sleep(self.remaining()).await;
                return Err(DeviceError::Expired);
            }
            sleep(wait).await;
            let asked = self.client.now();
            self.asking.send_replace(true);
            let fields = [
                ("grant_type", GRANT_TYPE),
                ("device_code", self.code.device_code.expose_secret()),
                ("client_id", &self.client.provider().client_id),
            ];
            let answer = ask(
                self.client.http(),
                &self.client.metadata().token_endpoint,
                &fields,
            );
            match self.pace.on_answer(answer.await) {
                Step::Wait => {
                    self.asking.send_replace(false);
                }
                Step::Failed(error) => return Err(error),
                Step::Tokens(tokens) => {
                    let grant = self.client.grant(*tokens, asked, Nonce::Unsent).await;
                    return grant.map_err(DeviceError::Identity);
                }
            }
        }
    }
}

/// The provider's response to the first request.
#[derive(Debug)]
struct DeviceCode {
    device_code: SecretString,
    user_code: String,
    verification_uri: Url,
    verification_uri_complete: Option<Url>,
    lasts: Duration,
    interval: Duration,
}

impl DeviceCode {
    fn read(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Result<Self, DeviceError> {
        let later = || {
            DeviceError::Later(Later {
                why: LaterCause::Status(status.as_u16()),
                retry_after,
                lost: false,
            })
        };
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(later());
        }
        let object: Value = serde_json::from_slice(body).map_err(|_| DeviceError::Malformed)?;
        if let Some(code) = object["error"].as_str() {
            return Err(DeviceError::Misconfigured(ProviderRefusal::new(code)));
        }
        let text = |name: &str| object[name].as_str().filter(|text| !text.is_empty());
        let address = |name: &str| {
            let url = text(name).and_then(|text| Url::parse(text).ok());
            url.filter(is_secure)
        };
        let seconds = |name: &str| object[name].as_u64().map(Duration::from_secs);
        let code = || {
            Some(Self {
                device_code: text("device_code")?.into(),
                user_code: shown(text("user_code")?),
                verification_uri: address("verification_uri")?,
                verification_uri_complete: address("verification_uri_complete"),
                lasts: seconds("expires_in")?.min(MAX_LIFE),
                interval: seconds("interval").unwrap_or(POLL_INTERVAL),
            })
        };
        code()
            .filter(|_| status.is_success())
            .ok_or(DeviceError::Malformed)
    }
}

/// The polling interval.
#[derive(Debug)]
struct Pace {
    interval: Duration,
}

/// What to do after a poll.
#[derive(Debug)]
enum Step {
    Wait,
    Tokens(Box<crate::exchange::Tokens>),
    Failed(DeviceError),
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Self {
            interval: interval.clamp(MIN_POLL_INTERVAL, MAX_POLL_INTERVAL),
        }
    }

    fn on_answer(&mut self, answer: Answer) -> Step {
        match answer {
            Answer::Tokens(tokens) => Step::Tokens(tokens),
            Answer::Later(Later { retry_after, .. }) => {
                // RFC 8628, 3.5: after a timeout, poll less often.
                let slower = self.interval * 2;
                self.interval = retry_after
                    .unwrap_or(slower)
                    .clamp(slower, slower.max(MAX_POLL_INTERVAL));
                Step::Wait
            }
            Answer::Refused(refusal) => match refusal.code() {
                "authorization_pending" => Step::Wait,
                "slow_down" => {
                    self.interval += SLOWER;
                    Step::Wait
                }
                "access_denied" => Step::Failed(DeviceError::Denied),
                // Some providers forget an expired code, and answer this.
                "expired_token" | "invalid_grant" => Step::Failed(DeviceError::Expired),
                _ => Step::Failed(DeviceError::Misconfigured(refusal)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn usual() -> Value {
        json!({
            "device_code": "d",
            "user_code": "WDJB-MJHT",
            "verification_uri": "https://id.example/device",
            "expires_in": 1800,
        })
    }

    fn read(object: &Value) -> Result<DeviceCode, DeviceError> {
        DeviceCode::read(StatusCode::OK, object.to_string().as_bytes(), None)
    }

    fn refused(code: &str) -> Answer {
        Answer::Refused(ProviderRefusal::new(code))
    }

    fn later(retry_after: Option<u64>) -> Answer {
        Answer::Later(Later {
            why: LaterCause::Status(503),
            retry_after: retry_after.map(Duration::from_secs),
            lost: false,
        })
    }

    #[test]
    fn a_code_is_read_and_without_an_interval_it_is_asked_for_every_five_seconds() {
        let code = read(&usual()).unwrap();
        assert_eq!(code.interval, Duration::from_secs(5));
        assert_eq!(code.lasts, Duration::from_secs(1800));
        assert_eq!(code.user_code, "WDJB-MJHT");
        assert!(!format!("{code:?}").contains("\"d\""));
        for (name, value) in [
            ("verification_uri", json!("javascript:alert(1)")),
            ("verification_uri", json!("http://id.example")),
            ("user_code", json!("")),
            ("device_code", json!(7)),
            ("expires_in", json!("soon")),
        ] {
            let mut broken = usual();
            broken[name] = value;
            assert_eq!(read(&broken).unwrap_err(), DeviceError::Malformed, "{name}");
        }
        let refused = read(&json!({"error": "unauthorized_client"})).unwrap_err();
        assert_eq!(
            refused,
            DeviceError::Misconfigured(ProviderRefusal::UnauthorizedClient)
        );
        let busy = DeviceCode::read(StatusCode::SERVICE_UNAVAILABLE, b"", None).unwrap_err();
        assert!(matches!(busy, DeviceError::Later(_)));
    }

    #[test]
    fn it_slows_down_for_good() {
        let mut pace = Pace::new(Duration::from_secs(5));
        let mut intervals = Vec::new();
        for answer in [
            refused("authorization_pending"),
            refused("slow_down"),
            refused("authorization_pending"),
            refused("slow_down"),
            later(None),
            later(Some(45)),
            later(Some(100_000)),
        ] {
            assert!(matches!(pace.on_answer(answer), Step::Wait));
            intervals.push(pace.interval.as_secs());
        }
        assert_eq!(intervals, [5, 10, 10, 15, 30, 60, 120]);
        assert_eq!(Pace::new(Duration::ZERO).interval, MIN_POLL_INTERVAL);
    }

    #[test]
    fn a_refusal_ends_it() {
        for (code, error) in [
            ("access_denied", DeviceError::Denied),
            ("expired_token", DeviceError::Expired),
            ("invalid_grant", DeviceError::Expired),
            (
                "invalid_client",
                DeviceError::Misconfigured(ProviderRefusal::InvalidClient),
            ),
        ] {
            let step = Pace::new(POLL_INTERVAL).on_answer(refused(code));
            assert!(matches!(step, Step::Failed(failed) if failed == error), "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(body: Vec<u8>) {
            prop_assert!(DeviceCode::read(StatusCode::OK, &body, None).is_err());
        }
    }
}
