//! The system's own resolver, scripted. Its proxies and servers are real and run in several tasks and threads, so time
//! is paused only if it never answers.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use gloria_stream::{
    Cause, DialError, NetworkOptions, ProxyAddress, ProxyChoice, ProxyResolver, ProxyRoute, SystemProxies,
};
use tokio::net::TcpListener;
use url::Url;

use crate::network::{proxy, root_file, stream, tls_server};
use crate::socks;

/// Always returns the same answer, or none, and sends the requested addresses.
struct Scripted {
    answer: Option<Vec<ProxyRoute>>,
    asked: Sender<Url>,
    /// If it never answers, blocks until the test ends.
    end: Mutex<Receiver<()>>,
}

impl ProxyResolver for Scripted {
    fn resolve(&self, origin: &Url) -> Vec<ProxyRoute> {
        self.asked.send(origin.clone()).unwrap();
        match &self.answer {
            Some(answer) => answer.clone(),
            None => {
                let _ = self.end.lock().unwrap().recv();
                Vec::new()
            }
        }
    }
}

/// A network with this resolver, the addresses that it is asked for, and what a blocked one waits for.
fn network(answer: Option<Vec<ProxyRoute>>) -> (NetworkOptions, Receiver<Url>, Sender<()>) {
    let ((asked, heard), (release, end)) = (channel(), channel());
    let end = Mutex::new(end);
    let resolver = Arc::new(Scripted { answer, asked, end });
    let network = NetworkOptions {
        system_proxies: Some(SystemProxies::new(resolver)),
        ca_file: Some(root_file()),
        ..NetworkOptions::default()
    };
    (network, heard, release)
}

fn route(address: &str) -> ProxyRoute {
    ProxyRoute::Proxy(ProxyAddress::parse(address).unwrap())
}

/// A proxy at a port without a listener.
async fn dead() -> ProxyRoute {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    route(&listener.local_addr().unwrap().to_string())
}

#[tokio::test]
async fn the_proxy_that_the_system_names_is_asked_and_shown() {
    let (port, mut heads) = proxy(tls_server(), None).await;
    let (network, asked, _end) = network(Some(vec![route(&format!("127.0.0.1:{port}"))]));
    let url = "https://gloria.test/api/sse?token=a";
    assert_eq!(
        network.proxy_for(&url.parse().unwrap()),
        None,
        "nobody has asked yet"
    );
    let mut stream = stream(url, |options| options.network = network.clone());
    assert_eq!(stream.outcome().await.unwrap(), "through");
    assert!(
        heads
            .recv()
            .await
            .unwrap()
            .starts_with("CONNECT gloria.test:443 ")
    );
    assert_eq!(asked.try_recv().unwrap().as_str(), "https://gloria.test/");
    let shown = network.proxy_for(&"wss://gloria.test/other".parse().unwrap());
    assert_eq!(shown, Some(format!("127.0.0.1:{port}")));
}

#[tokio::test]
async fn the_first_way_that_is_open_is_taken() {
    let (port, mut names) = socks::proxy(socks::Behaviour::Tunnel(tls_server())).await;
    let socks = route(&format!("socks5://127.0.0.1:{port}"));
    let (network_, _asked, _end) = network(Some(vec![dead().await, socks, ProxyRoute::Direct]));
    let mut through = stream("https://gloria.test/api/sse", |options| {
        options.network = network_
    });
    assert_eq!(through.outcome().await.unwrap(), "through");
    assert_eq!(names.recv().await.unwrap(), "gloria.test:443");

    let url = "http://gloria.invalid/sse";
    let (network_, _asked, _end) = network(Some(vec![dead().await, ProxyRoute::Direct]));
    let mut past = stream(url, |options| options.network = network_.clone());
    let cause = past.outcome().await.unwrap_err();
    assert_eq!(cause, Cause::Dial(DialError::NameNotFound));
    assert_eq!(network_.proxy_for(&url.parse().unwrap()), None);

    let (network_, _asked, _end) = network(Some(vec![dead().await, dead().await]));
    let mut nowhere = stream("https://gloria.test/api/sse", |options| {
        options.network = network_
    });
    let cause = nowhere.outcome().await.unwrap_err().to_string();
    assert!(
        cause.starts_with("the proxy did not let the connection through"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_system_with_nothing_to_say_leaves_its_static_settings() {
    let (network, asked, _end) = network(Some(Vec::new()));
    let mut stream = stream("http://gloria.invalid/sse", |options| options.network = network);
    let cause = stream.outcome().await.unwrap_err();
    assert_eq!(cause, Cause::Dial(DialError::NameNotFound));
    assert_eq!(asked.try_recv().unwrap().as_str(), "http://gloria.invalid/");
}

#[tokio::test(start_paused = true)]
async fn a_system_that_hangs_is_not_waited_for() {
    let (network, asked, _end) = network(None);
    let mut stream = stream("http://gloria.invalid/sse", |options| options.network = network);
    let cause = stream.outcome().await.unwrap_err();
    assert_eq!(cause, Cause::Dial(DialError::NameNotFound));
    assert_eq!(asked.recv().unwrap().as_str(), "http://gloria.invalid/");
}

#[tokio::test]
async fn the_system_is_asked_neither_for_this_machine_nor_for_the_exempt_nor_where_it_does_not_choose() {
    let server = tls_server();
    let (port, _heads) = proxy(server, None).await;
    let named = ProxyAddress::parse(&format!("127.0.0.1:{port}")).unwrap();
    let (network, asked, _end) = network(Some(vec![dead().await]));
    let mut local = stream(&format!("https://127.0.0.1:{server}/sse"), |options| {
        options.network = network.clone();
    });
    assert_eq!(local.outcome().await.unwrap(), "through");
    // The server serves one connection at a time.
    drop(local);
    let mut exempt = stream("http://gloria.invalid/sse", |options| {
        options.network = network.clone();
        options.network.no_proxy = vec!["invalid".to_owned()];
    });
    let cause = exempt.outcome().await.unwrap_err();
    assert_eq!(cause, Cause::Dial(DialError::NameNotFound));
    let mut chosen = stream("https://gloria.test/sse", |options| {
        options.network = network.clone();
        options.network.proxy = ProxyChoice::Address(named);
    });
    assert_eq!(chosen.outcome().await.unwrap(), "through");
    assert!(asked.try_recv().is_err(), "the system was asked");
}
