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
    /// Hosts that no proxy is asked for, in `NO_PROXY`'s words: names with all below them, addresses, networks, or `*`.
    pub no_proxy: Vec<String>,
    /// A file with roots that are trusted beside the system's, or a folder of such files. Read anew for each client.
    pub ca_file: Option<PathBuf>,
    /// The certificate that this client presents to servers that ask for one.
    pub client_certificate: ClientCertificate,
    /// Where to check by plain http whether the network requires a sign-in; by default `/generate_204` at the
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
