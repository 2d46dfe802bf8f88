//! The provider of sign-ins over the network: OpenID Connect, with the stream's proxy and roots.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_sign_in::{
    Client, Identity, Issuer, Moment, Provider as Application, RenewalAnswer, Renewed, discover,
};
use gloria_stream::http::{Http, HttpOptions};

use super::renewal::{Answer, Trouble, Unproved};
use super::renewing::{Access, Provider, Unrevoked};
use crate::grant::SavedGrant;
use crate::message::{self, Message};
use crate::ports::Clock;
use crate::token::Token;

/// OpenID providers, whose addresses are in the grants. Clones are the same.
#[derive(Clone)]
pub(crate) struct OpenIdProvider(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    /// The way out of the network, once it is known.
    options: Mutex<Option<HttpOptions>>,
    /// The client of the last metadata, and which grants it is for.
    client: Mutex<Option<(Application, Client)>>,
}

impl OpenIdProvider {
    /// Nothing is requested before [`OpenIdProvider::configure`].
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            clock,
            options: Mutex::default(),
            client: Mutex::default(),
        }))
    }

    /// Sets the proxy and the roots of later requests.
    pub(crate) fn configure(&self, options: HttpOptions) {
        let mut known = self.0.options.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(options);
    }
}

fn later(why: Message) -> Unproved {
    let retry_after = None;
    Unproved::Later(Trouble { why, retry_after })
}

fn application(grant: &SavedGrant) -> Result<Application, Message> {
    let issuer = Issuer::parse(grant.issuer()).map_err(|error| error.message())?;
    Ok(Application::new(issuer, grant.client_id()))
}

impl Inner {
    /// Reads the provider's metadata over new connections: after a sleep, old ones are dead without anybody knowing.
    async fn connect(&self, application: Application) -> Result<Client, Unproved> {
        let options = self
            .options
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let options = options.ok_or_else(|| later(message::sign_in_unreachable()))?;
        let http = Http::new(options);
        let metadata = discover(&http, &application.issuer).await.map_err(|error| {
            if error.is_transient() {
                later(error.message())
            } else {
                Unproved::Misconfigured(error.message())
            }
        })?;
        let clock = Arc::clone(&self.clock);
        let now = move || Moment {
            monotonic: clock.monotonic(),
            wall: clock.wall(),
        };
        let client = Client::new(http, application.clone(), metadata, Arc::new(now));
        let mut known = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((application, client.clone()));
        Ok(client)
    }

    /// The client that the metadata was read with, or a new one.
    async fn client(&self, grant: &SavedGrant) -> Result<Client, Unproved> {
        let application = application(grant).map_err(Unproved::Misconfigured)?;
        let known = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((known, client)) if known == application => Ok(client),
            Some(_) | None => self.connect(application).await,
        }
    }

    async fn renew(&self, grant: &SavedGrant) -> Answer<Access> {
        let client = match self.client(grant).await {
            Ok(client) => client,
            Err(Unproved::Later(trouble)) => return Answer::Later { trouble, lost: false },
            Err(Unproved::Misconfigured(why)) => return Answer::Misconfigured(why),
        };
        let who = Identity {
            issuer: client.provider().issuer.clone(),
            subject: grant.owner().to_owned(),
            name: None,
            email: None,
            nonce: grant.nonce().map(str::to_owned),
        };
        match client.renew(grant.refresh_token(), &who).await {
            RenewalAnswer::Renewed(renewed) => tokens(*renewed, grant),
            RenewalAnswer::OtherPerson => Answer::OtherPerson,
            RenewalAnswer::Later(later) => Answer::Later {
                trouble: Trouble {
                    why: later.why.message(),
                    retry_after: later.retry_after,
                },
                lost: later.lost,
            },
            RenewalAnswer::Spent => Answer::Spent,
            RenewalAnswer::Misconfigured(refusal) => Answer::Misconfigured(refusal.message()),
        }
    }
}

fn tokens(renewed: Renewed, grant: &SavedGrant) -> Answer<Access> {
    if let Some(doubt) = &renewed.doubt {
        tracing::warn!(?doubt, "the identity in a renewal could not be checked");
    }
    let next = renewed.refresh_token.and_then(|token| grant.renewed(token));
    Answer::Renewed {
        // One that cannot be sent is known by its refusal; the refresh token is worth keeping.
        tokens: Access {
            token: Token::issued(renewed.access_token),
            lifetime: renewed.lifetime,
            jitter: fastrand::f64(),
        },
        next,
    }
}

impl Provider for OpenIdProvider {
    fn prove(&self, grant: &SavedGrant) -> BoxFuture<'static, Result<(), Unproved>> {
        let (inner, application) = (Arc::clone(&self.0), application(grant));
        async move {
            let application = application.map_err(Unproved::Misconfigured)?;
            inner.connect(application).await.map(drop)
        }
        .boxed()
    }

    fn renew(&self, grant: &SavedGrant) -> BoxFuture<'static, Answer<Access>> {
        let (inner, grant) = (Arc::clone(&self.0), grant.clone());
        async move { inner.renew(&grant).await }.boxed()
    }

    fn revoke(&self, grant: &SavedGrant) -> BoxFuture<'static, Result<(), Unrevoked>> {
        let (inner, grant) = (Arc::clone(&self.0), grant.clone());
        async move {
            let client = inner.client(&grant).await.map_err(|unproved| match unproved {
                Unproved::Later(trouble) => trouble.why,
                Unproved::Misconfigured(why) => why,
            })?;
            let revoked = client.revoke(grant.refresh_token()).await;
            revoked.map_err(|error| error.message())
        }
        .boxed()
    }
}
