//! The HTTP clients that attempts are made with: proxy, roots, and what is never done on its own.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use url::{Origin, Url};

use super::certificates::ClientCertificate;
use super::proxy::{ProxyAddress, ProxyChoice, ProxyRule};
use super::resolver::{ProxyRoute, SystemProxies, is_asked};
use super::{StreamOptions, certificates, fault};
use crate::DialError;

/// Finds a dead peer below the silence that the machine tolerates, and keeps the way through a NAT open.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What a server may send over HTTP/2 before it is read: as much as waits unread of HTTP/1.1.
const WINDOW: u32 = 256 << 10;

/// Headers of one answer. Hyper's own limit is a hundred, which an answer can reach that went through a few proxies;
/// how large they are together is limited by its read buffer.
const MAX_HEADERS: usize = 1000;

/// How the stream gets out of the network it is in.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NetworkOptions {
    /// Which proxy to use.
    pub proxy: ProxyChoice,
    /// Hosts that no proxy is asked for, in `NO_PROXY`'s words: names with all below them, addresses, networks, or `*`.
    pub no_proxy: Vec<String>,
    /// A file with roots that are trusted beside the system's, or a folder of such files. Read anew for each client.
    pub ca_file: Option<PathBuf>,
    /// What this client shows to servers that ask who it is.
    pub client_certificate: ClientCertificate,
    /// Where to ask whether the network wants a sign-in of its own, by plain http; by default `/generate_204` at the
    /// stream's own host.
    pub probe_url: Option<Url>,
    /// Asked where the system chooses the proxy; without it, or where it says nothing, the system's static settings
    /// hold.
    pub system_proxies: Option<SystemProxies>,
}

impl NetworkOptions {
    /// Host and port of the proxy that this address is asked for through. Reads the system's settings; of what the
    /// system has to be asked, it tells what the last attempt went by.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        match self.resolver_for(url).and_then(|proxies| proxies.taken(url)) {
            Some(ProxyRoute::Direct) => None,
            Some(ProxyRoute::Proxy(address)) => Some(address.authority()),
            None => self.rule().authority(url),
        }
    }

    /// Whom to ask for the proxy to this address, if anybody.
    fn resolver_for(&self, url: &Url) -> Option<&SystemProxies> {
        let rule = self.rule();
        let asked =
            rule.is_systems() && !rule.is_direct(url) && is_asked(url, |name| std::env::var(name).ok());
        self.system_proxies.as_ref().filter(|_| asked)
    }

    fn rule(&self) -> ProxyRule {
        ProxyRule::new(&self.proxy, &self.no_proxy)
    }
}

// An address may hold a token in its query.
impl fmt::Debug for NetworkOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NetworkOptions")
            .field("proxy", &self.proxy)
            .field("no_proxy", &self.no_proxy)
            .field("ca_file", &self.ca_file)
            .field("client_certificate", &self.client_certificate)
            .field("probe_url", &self.probe_url.as_ref().map(Url::path))
            .field("system_proxies", &self.system_proxies)
            .finish()
    }
}

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
    options: Arc<StreamOptions>,
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
    pub(super) fn new(options: Arc<StreamOptions>) -> Self {
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

    /// This server wants HTTP/2.
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
        let network = &self.options.network;
        let way = match network.resolver_for(url) {
            Some(proxies) => proxies.way(url).await,
            None => None,
        };
        let index = match versions {
            Versions::Http1 => 0,
            Versions::Http2 => 1,
        };
        let options = || Arc::clone(&self.options);
        let direct = ProxyRule::new(&ProxyChoice::Direct, &[]);
        let (clients, rule) = match way {
            Some(ProxyRoute::Proxy(address)) => {
                let mut named = self.made.named[index].lock().await;
                return match &*named {
                    Some((known, client)) if *known == address => Ok(client.clone()),
                    Some(_) | None => {
                        let rule = ProxyRule::new(&ProxyChoice::Address(address.clone()), &[]);
                        let client = build(options(), rule, versions).await?;
                        *named = Some((address, client.clone()));
                        Ok(client)
                    }
                };
            }
            Some(ProxyRoute::Direct) => (&self.made.direct, direct),
            None if network.rule().is_direct(url) => (&self.made.direct, direct),
            None => (&self.made.proxied, network.rule()),
        };
        let client = clients[index].get_or_try_init(|| build(options(), rule, versions));
        client.await.cloned()
    }
}

/// Reading certificates takes a while on some systems, so it is done beside the runtime.
async fn build(
    options: Arc<StreamOptions>,
    rule: ProxyRule,
    versions: Versions,
) -> Result<Client, DialError> {
    tokio::task::spawn_blocking(move || {
        let roots = match &options.network.ca_file {
            Some(path) => certificates::roots(path)?,
            None => Vec::new(),
        };
        let identity = certificates::identity(&options.network.client_certificate)?;
        let setup = |error: reqwest::Error| DialError::Setup(fault::setup(&error));
        let roots = roots
            .iter()
            .map(|root| Certificate::from_der(root))
            .collect::<Result<Vec<_>, _>>()
            .map_err(setup)?;
        let builder = rule.apply(builder(&options, versions)).map_err(setup)?;
        let builder = if roots.is_empty() {
            builder
        } else {
            builder.tls_certs_merge(roots)
        };
        let builder = match identity {
            Some(identity) => builder.identity(identity),
            None => builder,
        };
        named_here(builder, &options.url).build().map_err(setup)
    })
    .await
    .map_err(|_| DialError::Setup("the client could not be made".to_owned()))?
}

fn builder(options: &StreamOptions, versions: Versions) -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only when somebody else was faster, which is as good.
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
        .user_agent(&options.user_agent)
        // Heads as some servers write them, which browsers read: folded, with spaces before the colon, with lines that
        // are no headers, with hundreds of them.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        // A pool hands out the connection that has just died; one stream needs none.
        .pool_max_idle_per_host(0)
        // Redirects are followed by our own rule, and an address with a token in it is never told to the next.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.dial.connect)
        .tcp_keepalive(KEEPALIVE)
}

/// Names below `localhost` are this machine's by the standard (RFC 6761, 6.3), and browsers ask nobody for them; not
/// every system's resolver knows them, and what another answered would be sent the token without encryption.
fn named_here(builder: ClientBuilder, url: &Url) -> ClientBuilder {
    match url.host_str() {
        Some(name) if name.ends_with(".localhost") => {
            let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            builder.resolve_to_addrs(name, &here.map(|address| SocketAddr::new(address, 0)))
        }
        Some(_) | None => builder,
    }
}
