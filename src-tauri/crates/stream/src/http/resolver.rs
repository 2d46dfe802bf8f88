//! The proxies that the system's own resolver returns, automatic configuration (PAC, WPAD) included.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use url::{Origin, Url};

use super::proxy::{ProxyAddress, is_this_machine, uri};

/// A script is fetched and run within tenths of a second; searching for one on a network without a script takes some
/// systems several seconds. A later answer is used by the next attempt.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a proxy that is not the only choice may take to accept a connection: covers a lost packet and its
/// retransmission.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(3);

/// One route to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyRoute {
    /// Without a proxy.
    Direct,
    /// Through this proxy.
    Proxy(ProxyAddress),
}

/// Asks the system which proxies it would use.
pub trait ProxyResolver: Send + Sync {
    /// Returns the routes to a server, best first. The address contains only scheme, host and port. Empty if the system
    /// has no answer.
    ///
    /// May block: it is called on a separate thread, one call at a time, and nobody waits longer than a few seconds for
    /// it.
    fn resolve(&self, origin: &Url) -> Vec<ProxyRoute>;
}

/// A resolver with its last answer for each server.
#[derive(Clone)]
pub struct SystemProxies {
    resolver: Arc<dyn ProxyResolver>,
    /// Locked by the asking thread, so that a system that hangs blocks one thread in total and not one per attempt.
    asking: Arc<tokio::sync::Mutex<()>>,
    known: Arc<Mutex<HashMap<Origin, Known>>>,
}

/// The resolver's last answer for a server.
#[derive(Clone, Default)]
struct Known {
    ways: Vec<ProxyRoute>,
    /// The route that was used.
    taken: Option<ProxyRoute>,
}

impl SystemProxies {
    /// Wraps this resolver.
    pub fn new(resolver: Arc<dyn ProxyResolver>) -> Self {
        Self {
            resolver,
            asking: Arc::default(),
            known: Arc::default(),
        }
    }

    /// Returns the current route to this address: the first usable one, or `None` if the system has no answer.
    pub(super) async fn way(&self, url: &Url) -> Option<ProxyRoute> {
        let origin = origin(url)?;
        let key = origin.origin();
        let fresh = timeout(RESOLVE_TIMEOUT, self.ask(origin)).await;
        let ways = match fresh {
            Ok(Some(ways)) => ways,
            Ok(None) | Err(_) => {
                tracing::info!("the system does not say which proxy to use; what it said last holds");
                self.known().get(&key).cloned().unwrap_or_default().ways
            }
        };
        let taken = first_usable(&ways).await;
        self.known().entry(key).or_default().taken.clone_from(&taken);
        taken
    }

    /// Returns the route that was last used for this address.
    pub(super) fn taken(&self, url: &Url) -> Option<ProxyRoute> {
        let origin = origin(url)?.origin();
        self.known().get(&origin)?.taken.clone()
    }

    /// Asks for every request, because a script may depend on the time of day, and a dead proxy may work again. The
    /// systems cache the script themselves.
    async fn ask(&self, origin: Url) -> Option<Vec<ProxyRoute>> {
        let turn = Arc::clone(&self.asking).lock_owned().await;
        let (sender, answer) = oneshot::channel();
        let (resolver, known) = (Arc::clone(&self.resolver), Arc::clone(&self.known));
        // Not a thread of the runtime, whose shutdown would wait for a system that hangs.
        let asking = thread::Builder::new().name("proxies".to_owned()).spawn(move || {
            let ways = resolver.resolve(&origin);
            lock(&known)
                .entry(origin.origin())
                .or_default()
                .ways
                .clone_from(&ways);
            drop(turn);
            // The caller may have timed out.
            let _ = sender.send(ways);
        });
        match asking {
            Ok(_) => answer.await.ok(),
            Err(error) => {
                tracing::warn!(%error, "no thread to ask the system for proxies");
                None
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Origin, Known>> {
        lock(&self.known)
    }
}

fn lock(known: &Mutex<HashMap<Origin, Known>>) -> MutexGuard<'_, HashMap<Origin, Known>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for SystemProxies {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.known, &other.known)
    }
}

impl Eq for SystemProxies {}

// The names of servers and proxies should not appear in logs.
impl fmt::Debug for SystemProxies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SystemProxies")
    }
}

/// Whether the system is asked for a proxy for this address: not for this machine, and not if the environment sets a
/// proxy, which overrides the system's settings.
pub(super) fn is_asked(url: &Url, environment: impl Fn(&str) -> Option<String>) -> bool {
    let get = |name: &str| {
        [name.to_owned(), name.to_ascii_lowercase()]
            .iter()
            .find_map(|name| environment(name).filter(|value| !value.is_empty()))
    };
    if is_this_machine(url)
        || ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"]
            .into_iter()
            .any(|name| get(name).is_some())
    {
        return false;
    }
    let exempt = get("NO_PROXY").unwrap_or_default();
    let exempt = Matcher::builder().all("http://any.invalid").no(exempt).build();
    uri(url).is_some_and(|uri| exempt.intercept(&uri).is_some())
}

/// Reduces an address to scheme, host and port, because a script could send the rest elsewhere. A WebSocket's scheme
/// becomes `http` or `https`.
fn origin(url: &Url) -> Option<Url> {
    let scheme = match url.scheme() {
        "wss" | "https" => "https",
        _ => "http",
    };
    let host = url.host_str()?;
    match url.port() {
        Some(port) => Url::parse(&format!("{scheme}://{host}:{port}/")).ok(),
        None => Url::parse(&format!("{scheme}://{host}/")).ok(),
    }
}

/// Returns the first route that accepts connections; if none does, the first of all, so that its error is reported.
async fn first_usable(ways: &[ProxyRoute]) -> Option<ProxyRoute> {
    if let [only] = ways {
        return Some(only.clone());
    }
    for way in ways {
        let open = match way {
            ProxyRoute::Direct => true,
            ProxyRoute::Proxy(address) => {
                let accepted = timeout(ACCEPT_TIMEOUT, TcpStream::connect(address.authority())).await;
                matches!(accepted, Ok(Ok(_)))
            }
        };
        if open {
            return Some(way.clone());
        }
    }
    ways.first().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_script_gets_to_see_the_servers_origin_alone() {
        for (asked, seen) in [
            (
                "https://anna:s3cret@gloria.example/api/sse?token=t0ken#x",
                "https://gloria.example/",
            ),
            (
                "wss://gloria.example:8443/api/ws?token=t0ken",
                "https://gloria.example:8443/",
            ),
            ("ws://gloria.example/api", "http://gloria.example/"),
            ("http://[2001:db8::1]:81/api", "http://[2001:db8::1]:81/"),
        ] {
            assert_eq!(origin(&url(asked)).unwrap().as_str(), seen);
        }
    }

    #[test]
    fn the_system_is_not_asked_for_this_machine_nor_against_the_environment() {
        let asked = |address: &str, variables: &[(&str, &str)]| {
            is_asked(&url(address), |name| {
                let variable = variables.iter().find(|(variable, _)| *variable == name);
                variable.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(asked("https://gloria.example/", &[]));
        assert!(asked("https://gloria.example/", &[("HTTPS_PROXY", "")]));
        for name in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            assert!(
                !asked("https://gloria.example/", &[(name, "http://p.example:1")]),
                "{name}"
            );
        }
        assert!(!asked(
            "wss://gloria.example/",
            &[("no_proxy", "x.example,gloria.example")]
        ));
        assert!(asked("wss://gloria.example/", &[("no_proxy", "x.example")]));
        for here in [
            "http://localhost:1/",
            "https://127.0.0.1/",
            "http://gloria.localhost/",
            "http://[::1]/",
        ] {
            assert!(!asked(here, &[]), "{here}");
        }
    }

    struct Answers(Mutex<std::sync::mpsc::Receiver<Vec<ProxyRoute>>>);

    impl ProxyResolver for Answers {
        fn resolve(&self, _origin: &Url) -> Vec<ProxyRoute> {
            lock_answers(self).recv().unwrap_or_default()
        }
    }

    fn lock_answers(answers: &Answers) -> MutexGuard<'_, std::sync::mpsc::Receiver<Vec<ProxyRoute>>> {
        answers.0.lock().unwrap()
    }

    #[tokio::test]
    async fn what_the_system_said_last_holds_while_it_hangs_and_a_late_answer_counts() {
        let (answers, receiver) = std::sync::mpsc::channel();
        let proxies = SystemProxies::new(Arc::new(Answers(Mutex::new(receiver))));
        let (asked, other) = (url("https://gloria.example/api"), url("https://other.example/"));
        answers.send(vec![ProxyRoute::Direct]).unwrap();
        assert_eq!(proxies.way(&asked).await, Some(ProxyRoute::Direct));
        tokio::time::pause();
        assert_eq!(proxies.way(&asked).await, Some(ProxyRoute::Direct));
        assert_eq!(
            proxies.way(&other).await,
            None,
            "the thread that hangs is the only one"
        );
        tokio::time::resume();
        let named = ProxyRoute::Proxy(ProxyAddress::parse("proxy.example:3128").unwrap());
        answers.send(vec![named.clone()]).unwrap();
        // Once the lock is free, the hung thread has ended.
        drop(proxies.asking.lock().await);
        tokio::time::pause();
        assert_eq!(proxies.way(&asked).await, Some(named.clone()));
        assert_eq!(proxies.taken(&asked), Some(named));
    }
}
