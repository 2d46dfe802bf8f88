//! The HTTP clients: proxy, roots, and which of reqwest's automatic features are off.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, ClientBuilder};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use url::{Origin, Url};

use super::proxy::{ProxyAddress, ProxyChoice, ProxyRule};
use super::resolver::ProxyRoute;
use super::{HttpOptions, certificates, fault};
use crate::DialError;
use crate::machine::SetupProblem;

/// Finds a dead peer sooner than the machine's silence limit, and keeps the NAT mapping alive.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What a server may send over HTTP/2 before it is read: as much as waits unread of HTTP/1.1.
const WINDOW: u32 = 256 << 10;

/// Headers of one answer. Hyper's own limit is a hundred, which an answer can reach that went through a few proxies;
/// how large they are together is limited by its read buffer.
const MAX_HEADERS: usize = 1000;

/// Which versions of HTTP are offered to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// HTTP/1.1: one stream is one connection, which tells at once when it is gone.
    Http1,
    /// HTTP/2, and HTTP/1.1 after it. For servers that refuse the latter.
    Http2,
}

/// The clients of one network, each made when it is first needed. They hold what the system said of proxies, names and
/// roots then.
#[derive(Clone)]
pub(super) struct Clients {
    options: Arc<HttpOptions>,
    made: Arc<Made>,
}

#[derive(Default)]
struct Made {
    direct: [OnceCell<Client>; 2],
    proxied: [OnceCell<Client>; 2],
    /// Those for the proxy that the system named last.
    named: [AsyncMutex<Option<(ProxyAddress, Client)>>; 2],
    /// The servers that took HTTP/2 after they had refused HTTP/1.1.
    http2: Mutex<HashSet<Origin>>,
}

impl Clients {
    pub(super) fn new(options: Arc<HttpOptions>) -> Self {
        Self {
            options,
            made: Arc::default(),
        }
    }

    /// What to offer to this server first.
    pub(super) fn versions(&self, url: &Url) -> Versions {
        if self.http2().contains(&url.origin()) {
            Versions::Http2
        } else {
            Versions::Http1
        }
    }

    /// Records that this server requires HTTP/2.
    pub(super) fn remember_http2(&self, url: &Url) {
        self.http2().insert(url.origin());
    }

    fn http2(&self) -> MutexGuard<'_, HashSet<Origin>> {
        self.made.http2.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client for requests to this address.
    ///
    /// # Errors
    /// It cannot be made; the next call tries again.
    pub(super) async fn for_url(&self, url: &Url, versions: Versions) -> Result<Client, DialError> {
        let index = match versions {
            Versions::Http1 => 0,
            Versions::Http2 => 1,
        };
        let options = || Arc::clone(&self.options);
        let (clients, rule) = match self.route(url).await {
            Route::Named(address) => {
                let mut named = self.made.named[index].lock().await;
                return match &*named {
                    Some((known, client)) if *known == address => Ok(client.clone()),
                    Some(_) | None => {
                        let client = build(options(), named_rule(&address), versions, Asking::ByName).await?;
                        *named = Some((address, client.clone()));
                        Ok(client)
                    }
                };
            }
            Route::Direct => (&self.made.direct, direct_rule()),
            Route::Settings => (&self.made.proxied, self.options.network.rule()),
        };
        let client = clients[index].get_or_try_init(|| build(options(), rule, versions, Asking::ByName));
        client.await.cloned()
    }

    /// A client for one request to this address that does not say who asks. It goes the same way as the others.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) async fn nameless(&self, url: &Url) -> Result<Client, DialError> {
        let rule = match self.route(url).await {
            Route::Named(address) => named_rule(&address),
            Route::Direct => direct_rule(),
            Route::Settings => self.options.network.rule(),
        };
        build(Arc::clone(&self.options), rule, Versions::Http1, Asking::Nameless).await
    }

    async fn route(&self, url: &Url) -> Route {
        let network = &self.options.network;
        let way = match network.resolver_for(url) {
            Some(proxies) => proxies.way(url).await,
            None => None,
        };
        match way {
            Some(ProxyRoute::Proxy(address)) => Route::Named(address),
            Some(ProxyRoute::Direct) => Route::Direct,
            None if network.rule().is_direct(url) => Route::Direct,
            None => Route::Settings,
        }
    }
}

/// How an address is reached now.
enum Route {
    Direct,
    /// As the settings, the environment or the system's static settings say.
    Settings,
    /// Through the proxy that the system has just named.
    Named(ProxyAddress),
}

/// Whether a request says in `User-Agent` who asks.
#[derive(Clone, Copy)]
enum Asking {
    ByName,
    Nameless,
}

fn direct_rule() -> ProxyRule {
    ProxyRule::new(&ProxyChoice::Direct, &[])
}

fn named_rule(address: &ProxyAddress) -> ProxyRule {
    ProxyRule::new(&ProxyChoice::Address(address.clone()), &[])
}

/// Reading certificates is slow on some systems, so it runs outside the runtime's threads.
async fn build(
    options: Arc<HttpOptions>,
    rule: ProxyRule,
    versions: Versions,
    asking: Asking,
) -> Result<Client, DialError> {
    tokio::task::spawn_blocking(move || {
        let roots = match &options.network.ca_file {
            Some(path) => certificates::roots(path)?,
            None => Vec::new(),
        };
        let identity = match asking {
            Asking::ByName => certificates::identity(&options.network.client_certificate)?,
            Asking::Nameless => None,
        };
        let setup = |error: reqwest::Error| DialError::Setup(fault::setup(&error));
        let roots = roots
            .iter()
            .map(|root| Certificate::from_der(root))
            .collect::<Result<Vec<_>, _>>()
            .map_err(setup)?;
        let builder = match asking {
            Asking::ByName => builder(&options, versions).user_agent(&options.user_agent),
            Asking::Nameless => builder(&options, versions),
        };
        let builder = rule.apply(builder).map_err(setup)?;
        let builder = if roots.is_empty() {
            builder
        } else {
            builder.tls_certs_merge(roots)
        };
        let builder = match identity {
            Some(identity) => builder.identity(identity),
            None => builder,
        };
        builder.build().map_err(setup)
    })
    .await
    .map_err(|_| DialError::Setup(SetupProblem::Internal))?
}

fn builder(options: &HttpOptions, versions: Versions) -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another call has set it first, with an equal value.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = Client::builder();
    let builder = match versions {
        Versions::Http1 => builder.http1_only(),
        Versions::Http2 => builder
            .http2_keep_alive_interval(KEEPALIVE)
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(WINDOW),
    };
    builder
        // Heads as some servers write them, which browsers read: folded, with spaces before the colon, with lines that
        // are no headers, with hundreds of them.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        // A pool would return the connection that has just died; a single stream needs no pool.
        .pool_max_idle_per_host(0)
        // Redirects are followed by our own rule, and an address with a token in it is never sent to the next server.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.limits.connect)
        .tcp_keepalive(KEEPALIVE)
        .dns_resolver(Names)
}

/// The system's resolver, but for names below `localhost`: these are this machine's by the standard (RFC 6761, 6.3),
/// and browsers ask nobody for them. Not every system's resolver knows them, and what another answered would be sent
/// the token without encryption.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_below_localhost(name.as_str()) {
                let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                return Ok(Box::new(here.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs);
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

fn is_below_localhost(name: &str) -> bool {
    name.strip_suffix('.').unwrap_or(name).ends_with(".localhost")
}
