//! A provider that rotates refresh tokens, and what else a session needs.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;

use super::super::super::{Server, Session, SessionOptions};
use super::super::*;
use crate::account::address::Address;
use crate::grant::GrantRule;
use crate::ports::fakes::{FakeCommands, FakeExclusive, FakeSecrets, Recorded};
use crate::token::AuthTransport;

pub(super) const ENTRY: &str = "https://gloria.example/api";
pub(super) const OWN: &str = "https://gloria.example/api#anna";
pub(super) const LIFE: Duration = Duration::from_secs(1000);

/// How the provider answers a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Unreachable,
    /// The answer is lost, and the refresh token is used up.
    Lost,
    Revoked,
    /// It answers when the test says so.
    Waiting,
}

/// A provider of one sign-in, whose requests are recorded.
pub(super) struct FakeProvider {
    pub(super) current: Mutex<u32>,
    pub(super) faults: Mutex<VecDeque<Fault>>,
    pub(super) requests: Recorded<String>,
    pub(super) hold: tokio::sync::Notify,
    pub(super) clock: Arc<TestClock>,
}

impl FakeProvider {
    fn fault(&self) -> Option<Fault> {
        self.faults.lock().unwrap().pop_front()
    }

    fn refresh(&self, sent: &str) -> renewal::Answer<Access> {
        let mut current = self.current.lock().unwrap();
        if sent != format!("refresh-{current}") {
            return renewal::Answer::Spent;
        }
        *current += 1;
        let token = Token::parse(&format!("access-{current}")).ok();
        let lifetime = Lifetime {
            received: Moment {
                monotonic: self.clock.monotonic(),
                wall: self.clock.wall(),
            },
            lasts: Some(LIFE),
        };
        renewal::Answer::Renewed {
            tokens: Access {
                token,
                lifetime,
                jitter: 0.0,
            },
            next: Some(grant(*current)),
        }
    }
}

/// The provider, as the session has it.
pub(super) struct Shared(Arc<FakeProvider>);

pub(super) fn unreachable() -> Trouble {
    Trouble {
        why: message::sign_in_unreachable(),
        retry_after: None,
    }
}

impl Provider for Shared {
    fn prove(&self, _: &SavedGrant) -> BoxFuture<'static, Result<(), Unproved>> {
        self.0.requests.push("metadata".to_owned());
        let is_away = self.0.faults.lock().unwrap().front() == Some(&Fault::Unreachable);
        if is_away {
            self.0.fault();
            return async { Err(Unproved::Later(unreachable())) }.boxed();
        }
        async { Ok(()) }.boxed()
    }

    fn renew(&self, grant: &SavedGrant) -> BoxFuture<'static, renewal::Answer<Access>> {
        let sent = grant.refresh_token().expose_secret().to_owned();
        let provider = Arc::clone(&self.0);
        async move {
            provider.requests.push(sent.clone());
            match provider.fault() {
                Some(Fault::Waiting) => provider.hold.notified().await,
                Some(Fault::Lost) => {
                    provider.refresh(&sent);
                    let trouble = unreachable();
                    return renewal::Answer::Later { trouble, lost: true };
                }
                Some(Fault::Revoked) => return renewal::Answer::Spent,
                Some(Fault::Unreachable) | None => {}
            }
            provider.refresh(&sent)
        }
        .boxed()
    }

    fn revoke(&self, grant: &SavedGrant) -> BoxFuture<'static, Result<(), Unrevoked>> {
        let sent = grant.refresh_token().expose_secret();
        self.0.requests.push(format!("revoke {sent}"));
        async { Ok(()) }.boxed()
    }
}

/// The runtime's clock, which tests pause, and a time of day that they set.
#[derive(Debug)]
pub(super) struct TestClock {
    pub(super) began: tokio::time::Instant,
    /// How much longer the computer slept than the monotonic clock shows.
    pub(super) slept: Mutex<Duration>,
}

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        let slept = *self.slept.lock().unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.began.elapsed() + slept
    }

    fn monotonic(&self) -> std::time::Instant {
        tokio::time::Instant::now().into_std()
    }
}

pub(super) fn grant(number: u32) -> SavedGrant {
    let text = |text: &str| text.to_owned();
    SavedGrant::new(
        text("https://id.example"),
        text("client"),
        text("anna"),
        format!("refresh-{number}").into(),
    )
    .unwrap()
}

pub(super) struct Rig {
    pub(super) secrets: Arc<FakeSecrets>,
    pub(super) provider: Arc<FakeProvider>,
    pub(super) exclusive: Arc<FakeExclusive>,
    pub(super) clock: Arc<TestClock>,
    pub(super) rest: Rest,
    pub(super) saving: Saving,
}

impl Rig {
    pub(super) fn new() -> Self {
        let clock = Arc::new(TestClock {
            began: tokio::time::Instant::now(),
            slept: Mutex::default(),
        });
        let secrets = Arc::new(FakeSecrets::default());
        secrets.put(ENTRY, grant(0));
        Self {
            secrets,
            provider: Arc::new(FakeProvider {
                current: Mutex::default(),
                faults: Mutex::default(),
                requests: Recorded::default(),
                hold: tokio::sync::Notify::new(),
                clock: clock.clone(),
            }),
            exclusive: Arc::default(),
            clock,
            rest: Rest::default(),
            saving: Saving::default(),
        }
    }

    pub(super) fn session(&self) -> Session {
        self.session_under(GrantRule::default())
    }

    pub(super) fn session_under(&self, rule: GrantRule) -> Session {
        let address = Address::parse(ENTRY, false).unwrap();
        let options = SessionOptions {
            server: Server::of(&address),
            entry: ENTRY.to_owned(),
            transport: AuthTransport::Header,
            command: None,
            rule,
        };
        let ports = SessionPorts {
            secrets: self.secrets.clone(),
            exclusive: self.exclusive.clone(),
            clock: self.clock.clone(),
            provider: Arc::new(Shared(self.provider.clone())),
            commands: Arc::<FakeCommands>::default(),
            rest: self.rest.clone(),
            saving: self.saving.clone(),
        };
        Session::new(options, ports, None, None)
    }

    pub(super) fn will(&self, faults: &[Fault]) {
        self.provider.faults.lock().unwrap().extend(faults);
    }

    /// The refresh tokens that were sent.
    pub(super) fn sent(&self) -> Vec<String> {
        let requests = self.provider.requests.all();
        requests
            .into_iter()
            .filter(|request| request.starts_with("refresh"))
            .collect()
    }

    pub(super) fn kept(&self, entry: &str) -> Option<String> {
        match self.secrets.secret(entry)? {
            Secret::Grant(grant) => Some(grant.refresh_token().expose_secret().to_owned()),
            Secret::Token(token) => Some(token.expose().to_owned()),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment {
            monotonic: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }
}
