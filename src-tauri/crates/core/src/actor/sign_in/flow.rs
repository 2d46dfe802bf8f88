//! One sign-in, from the provider's metadata to a token that the server has accepted.

use std::pin::pin;
use std::sync::Arc;

use gloria_sign_in::{
    Asked, Browser, Client, Grant, Moment, Pages, Progress, Prompt, Provider, SystemEntropy, discover,
};
use gloria_stream::http::{Http, HttpOptions};
use tokio::sync::mpsc::UnboundedSender;

use super::{Report, Step};
use crate::account::address::Address;
use crate::account::session::{Access, NewSignIn, Who};
use crate::connection::{Acceptance, Asking, accepts, epoch_millis};
use crate::grant::{Person, SavedGrant};
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::ports::Clock;
use crate::protocol::{ProviderChange, ProviderName, SignInOffer, SignInPlace, SignInWay};
use crate::provider::{self, Pins};
use crate::settings::Settings;
use crate::token::Token;

/// Why nobody signs in.
#[derive(Debug)]
pub(in crate::actor) struct Obstacle {
    pub(super) message: Message,
    /// The user can agree to this, and begin again.
    pub(super) change: Option<ProviderChange>,
}

impl From<Message> for Obstacle {
    fn from(message: Message) -> Self {
        Self {
            message,
            change: None,
        }
    }
}

/// What is offered to the users of a server. A provider that is not the remembered one is not asked before the user
/// agrees to it.
pub(super) async fn offer(
    address: &Address,
    agreed: Option<&ProviderName>,
    settings: &Settings,
    pins: &Pins,
    http: HttpOptions,
) -> SignInOffer {
    let http = Http::new(http);
    let offer = SignInOffer {
        address: address.to_string(),
        provider: None,
        ways: Vec::new(),
        problem: None,
        change: None,
    };
    let place = match provider::find(&http, address, settings, pins).await {
        Ok(place) => place.once_agreed(agreed),
        Err(error) => {
            return SignInOffer {
                problem: Some(error.message()),
                ..offer
            };
        }
    };
    let change = place.change();
    let Some(provider) = place.provider() else {
        return offer;
    };
    let offer = SignInOffer {
        provider: Some(provider.issuer.host()),
        ..offer
    };
    if change.is_some() {
        return SignInOffer {
            ways: vec![SignInWay::Browser],
            change,
            ..offer
        };
    }
    match discover(&http, &provider.issuer).await {
        Ok(metadata) => {
            let device = metadata.device_authorization_endpoint.as_ref();
            let device = device.map(|_| SignInWay::Device);
            SignInOffer {
                ways: [SignInWay::Browser].into_iter().chain(device).collect(),
                ..offer
            }
        }
        Err(error) => SignInOffer {
            problem: Some(error.message()),
            ..offer
        },
    }
}

/// What a sign-in needs.
pub(super) struct Flow {
    pub(super) number: u64,
    pub(super) reports: UnboundedSender<Report>,
    pub(super) http: HttpOptions,
    pub(super) settings: Settings,
    pub(super) pins: Pins,
    pub(super) address: Address,
    pub(super) way: SignInWay,
    pub(super) another_account: bool,
    pub(super) agreed: Option<ProviderName>,
    pub(super) login_hint: Option<String>,
    pub(super) pages: Pages,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seed: u64,
}

impl Flow {
    pub(super) async fn run(self) {
        let step = match self.sign_in().await {
            Ok((new, page)) => Step::SignedIn(Box::new(new), page),
            Err(why) => Step::Failed(why),
        };
        self.report(step);
    }

    fn report(&self, step: Step) {
        // The core may have ended meanwhile.
        let _ = self.reports.send(Report::SignIn(self.number, step));
    }

    /// Where the user signs in. Another provider than the last time is followed only if the user agreed to it.
    async fn provider(&self, http: &Http) -> Result<Provider, Obstacle> {
        let place = provider::find(http, &self.address, &self.settings, &self.pins).await;
        let place = place.map_err(|error| error.message())?;
        let place = place.once_agreed(self.agreed.as_ref());
        if let Some(message) = place.change_message() {
            return Err(Obstacle {
                message,
                change: place.change(),
            });
        }
        let provider = place.provider().cloned();
        Ok(provider.ok_or_else(message::sign_in_offer_nothing)?)
    }

    async fn sign_in(&self) -> Result<(NewSignIn, Option<Browser>), Obstacle> {
        let http = Http::new(self.http.clone());
        let provider = self.provider(&http).await?;
        let metadata = discover(&http, &provider.issuer)
            .await
            .map_err(|error| error.message())?;
        let clock = Arc::clone(&self.clock);
        let now = move || Moment {
            monotonic: clock.monotonic(),
            wall: clock.wall(),
        };
        let client = Client::new(http, provider, metadata, Arc::new(now));
        let (grant, page) = match self.way {
            SignInWay::Browser => self.in_browser(&client).await?,
            SignInWay::Device => (self.with_code(&client).await?, None),
        };
        self.report(Step::Asking);
        match self.accepted(&client, grant).await {
            Ok(new) => Ok((new, page)),
            Err(why) => {
                if let Some(page) = page {
                    page.failed(why.clone());
                }
                Err(why.into())
            }
        }
    }

    async fn in_browser(&self, client: &Client) -> Result<(Grant, Option<Browser>), Message> {
        let asked = Asked {
            ports: self.settings.auth_ports.clone(),
            prompt: if self.another_account {
                Prompt::Login
            } else {
                Prompt::Settings
            },
            login_hint: self.login_hint.clone(),
            ..Asked::default()
        };
        let attempt = client.begin(asked, self.pages.clone(), &SystemEntropy).await;
        let mut attempt = attempt.map_err(|error| error.message())?;
        let mut progress = attempt.progress();
        self.report(Step::Waiting {
            provider: Box::new(client.provider().clone()),
            link: attempt.link().to_string(),
            until: self.until(attempt.remaining()),
            place: SignInPlace::Browser { forgotten: false },
            paster: Some(attempt.paster()),
        });
        let mut waiting = pin!(attempt.wait());
        let signed_in = loop {
            tokio::select! {
                signed_in = &mut waiting => break signed_in,
                Ok(()) = progress.changed() => match *progress.borrow_and_update() {
                    Progress::Waiting => self.report(Step::Forgotten(false)),
                    Progress::Forgotten => self.report(Step::Forgotten(true)),
                    Progress::Exchanging => self.report(Step::Exchanging),
                    Progress::Ended => {}
                },
            }
        };
        let (grant, page) = signed_in.map_err(|error| error.message())?;
        Ok((grant, Some(page)))
    }

    async fn with_code(&self, client: &Client) -> Result<Grant, Message> {
        let attempt = client.begin_device().await;
        let mut attempt = attempt.map_err(|error| error.message())?;
        let page = attempt.verification_uri().to_string();
        let complete = attempt.verification_uri_complete();
        self.report(Step::Waiting {
            provider: Box::new(client.provider().clone()),
            link: complete.map_or_else(|| page.clone(), ToString::to_string),
            until: self.until(attempt.remaining()),
            place: SignInPlace::Device {
                page,
                code: attempt.user_code().to_owned(),
            },
            paster: None,
        });
        attempt.wait().await.map_err(|error| error.message())
    }

    fn until(&self, remaining: std::time::Duration) -> EpochMillis {
        epoch_millis(self.clock.wall() + remaining)
    }

    /// Asks the server about the new token, before anything is replaced. Only a refusal counts: a server that cannot be
    /// reached does not make a sign-in worthless.
    async fn accepted(&self, client: &Client, grant: Grant) -> Result<NewSignIn, Message> {
        let Grant {
            access_token,
            refresh_token,
            lifetime,
            identity,
            ..
        } = grant;
        let token = Token::issued(access_token).ok_or_else(message::sign_in_no_token)?;
        let asking = Asking {
            address: &self.address,
            token: &token,
            transport: self.settings.auth_transport,
            user_agent: self.http.user_agent.clone(),
            seed: self.seed,
            network: self.http.network.clone(),
        };
        match accepts(asking).await {
            Acceptance::Accepted => {}
            Acceptance::Refused(why) => return Err(refused(why)),
            Acceptance::Unknown(why) => {
                tracing::info!(why = %why.id, "the server does not say whether it accepts the sign-in");
            }
        }
        let nonce = identity.nonce;
        let who = Who {
            issuer: identity.issuer.to_string(),
            client_id: client.provider().client_id.clone(),
            owner: identity.subject,
            person: Person {
                name: identity.name,
                email: identity.email,
            },
        };
        let grant = refresh_token.and_then(|refresh_token| {
            let (issuer, client_id) = (who.issuer.clone(), client.provider().client_id.clone());
            SavedGrant::new(issuer, client_id, who.owner.clone(), refresh_token)
        });
        Ok(NewSignIn {
            access: Access {
                token: Some(token),
                lifetime,
                jitter: fastrand::f64(),
            },
            grant: grant.map(|grant| grant.of_person(who.person.clone()).of_nonce(nonce)),
            who,
        })
    }
}

/// What the user has to know about a sign-in that the server refuses. A token that is too long, and a user who may not
/// listen, are other matters than a server that does not know this kind of token.
fn refused(why: Message) -> Message {
    if [message::cause_token_too_large(), message::cause_forbidden()].contains(&why) {
        why
    } else {
        message::sign_in_rejected()
    }
}
