//! The HTTP clients: proxy, roots, and the automatic features of reqwest that are disabled.

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

/// Detects a dead peer sooner than the machine's liveness limit, and keeps the NAT mapping alive.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How much unread data a server may send over HTTP/2: as much as is buffered over HTTP/1.1.
const WINDOW: u32 = 256 << 10;

/// The maximum number of headers in a response. Hyper's own limit is a hundred, which a response can reach after a few
/// proxies; its read buffer limits their total size.
const MAX_HEADERS: usize = 1000;

/// The HTTP versions that are offered to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// HTTP/1.1: one stream per connection, so a lost connection is noticed at once.
    Http1,
    /// HTTP/2 before HTTP/1.1, for servers that refuse the latter.
    Http2,
}

/// The clients of one network, each created on first use. They keep the system's proxies, names and roots of that time.
#[derive(Clone)]
pub(super) struct Clients {
    options: Arc<HttpOptions>,
    made: Arc<Made>,
}

#[derive(Default)]
struct Made {
    direct: [OnceCell<Client>; 2],
    proxied: [OnceCell<Client>; 2],
    /// The clients for the proxy that the system returned last.
    named: [AsyncMutex<Option<(ProxyAddress, Client)>>; 2],
    /// The servers that accepted HTTP/2 after they had refused HTTP/1.1.
    http2: Mutex<HashSet<Origin>>,
}

impl Clients {
    pub(super) fn new(options: Arc<HttpOptions>) -> Self {
        Self {
            options,
            made: Arc::default(),
        }
    }

    /// Returns what to offer to this server first.
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

    /// Returns the client for requests to this address.
    ///
    /// # Errors
    /// When it cannot be created; the next call tries again.
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

    /// Returns a client without `User-Agent` for one request to this address, over the same route as the others.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(super) async fn without_user_agent(&self, url: &Url) -> Result<Client, DialError> {
        let rule = match self.route(url).await {
            Route::Named(address) => named_rule(&address),
            Route::Direct => direct_rule(),
            Route::Settings => self.options.network.rule(),
        };
        build(
            Arc::clone(&self.options),
            rule,
            Versions::Http1,
            Asking::WithoutUserAgent,
        )
        .await
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

/// The current route to an address.
enum Route {
    Direct,
    /// As configured in the settings, the environment or the system's static settings.
    Settings,
    /// Through the proxy that the system has just returned.
    Named(ProxyAddress),
}

/// Whether a request contains `User-Agent`.
#[derive(Clone, Copy)]
enum Asking {
    ByName,
    WithoutUserAgent,
}

fn direct_rule() -> ProxyRule {
    ProxyRule::new(&ProxyChoice::Direct, &[])
}

fn named_rule(address: &ProxyAddress) -> ProxyRule {
    ProxyRule::new(&ProxyChoice::Address(address.clone()), &[])
}

/// Runs on a blocking thread, because reading certificates is slow on some systems.
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
            Asking::WithoutUserAgent => None,
        };
        let setup = |error: reqwest::Error| DialError::Setup(fault::setup(&error));
        let roots = roots
            .iter()
            .map(|root| Certificate::from_der(root))
            .collect::<Result<Vec<_>, _>>()
            .map_err(setup)?;
        let builder = match asking {
            Asking::ByName => builder(&options, versions).user_agent(&options.user_agent),
            Asking::WithoutUserAgent => builder(&options, versions),
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
        // Browsers accept heads like these, which some servers send: folded, with spaces before the colon, with invalid
        // lines, with hundreds of headers.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        // A pool would return the connection that has just died, and a single stream needs none.
        .pool_max_idle_per_host(0)
        // Redirects are followed by [`Target::follow`]. A `Referer` could send an address that contains a token to
        // another server.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.limits.connect)
        .tcp_keepalive(KEEPALIVE)
        .dns_resolver(Names)
}

/// The system's resolver, except for names below `localhost`: they always mean this machine (RFC 6761, 6.3), and
/// browsers do not look them up. Not every system's resolver knows them, and an address from another resolver would get
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
