//! Proxy, certificates and captive portals of the current network.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::certificates::ClientCertificate;
use super::proxy::{ProxyChoice, ProxyRule};
use super::resolver::{ProxyRoute, SystemProxies, is_asked};

/// How requests leave the current network.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NetworkOptions {
    /// Which proxy to use.
    pub proxy: ProxyChoice,
    /// Hosts without a proxy, in the format of `NO_PROXY`: names with their subdomains, addresses, networks, or `*`.
    pub no_proxy: Vec<String>,
    /// A file with root certificates that are trusted in addition to the system's, or a folder of such files. Read
    /// again for each client.
    pub ca_file: Option<PathBuf>,
    /// The certificate that this client presents to servers that ask for one.
    pub client_certificate: ClientCertificate,
    /// Where to check by plain http whether the network requires a sign-in; by default `/generate_204` at the
    /// stream's own host.
    pub probe_url: Option<Url>,
    /// The resolver to ask if the system chooses the proxy. Without one, or if it returns nothing, the system's static
    /// settings apply.
    pub system_proxies: Option<SystemProxies>,
}

impl NetworkOptions {
    /// Returns host and port of the proxy for this address. Reads the system's static settings; if the resolver
    /// chooses, returns the choice of the last attempt.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        match self.resolver_for(url).and_then(|proxies| proxies.taken(url)) {
            Some(ProxyRoute::Direct) => None,
            Some(ProxyRoute::Proxy(address)) => Some(address.authority()),
            None => self.rule().authority(url),
        }
    }

    /// Returns the resolver to ask for this address, if it applies.
    pub(super) fn resolver_for(&self, url: &Url) -> Option<&SystemProxies> {
        let rule = self.rule();
        let asked =
            rule.is_systems() && !rule.is_direct(url) && is_asked(url, |name| std::env::var(name).ok());
        self.system_proxies.as_ref().filter(|_| asked)
    }

    pub(super) fn rule(&self) -> ProxyRule {
        ProxyRule::new(&self.proxy, &self.no_proxy)
    }
}

// An address may contain a token in its query.
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
