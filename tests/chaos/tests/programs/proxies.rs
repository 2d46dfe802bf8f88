//! Proxies between client and server, as set in the environment.

use gloria_chaos::MIN_WAIT;
use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::server::Server;
use gloria_chaos::tls::{AUTHORITY, Certificate};

use crate::program::{TAIL, TOKEN, assert_asks, tail};

/// Returns a client's CONNECT request for an https server.
fn connect(authorization: &str) -> String {
    format!(
        "CONNECT gloria.example:443 HTTP/1.1\r\nHost: gloria.example:443\r\nuser-agent: {TAIL}\r\n{authorization}\r\n"
    )
}

fn text(head: &[u8]) -> String {
    String::from_utf8(head.to_vec()).unwrap()
}

#[tokio::test]
async fn a_proxy_gets_the_whole_address_and_hands_the_stream_through() {
    let proxy = Server::bind().await;
    let by = format!("http://{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", "http://gloria.example/api/v1"),
        ("GLORIA_ALLOW_PLAIN_HTTP", "true"),
        ("http_proxy", &by),
    ]);
    let mut exchange = proxy.request().await;
    let ask = Ask::first()
        .token(TOKEN)
        .target("http://gloria.example/api/v1/sse");
    assert_head(&exchange.head(), &ask, "gloria.example", TAIL);
    exchange.open().await;
    exchange.write("event: heartbeat\ndata: {}\n\n").await;
    tail.states(&[("connecting", ""), ("connected", "")]).await;
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_sign_in_is_reported_and_gets_no_token() {
    let proxy = Server::bind().await;
    let by = format!("http://{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", "https://gloria.example/api/v1"),
        ("https_proxy", &by),
    ]);
    let exchange = proxy.request().await;
    assert_eq!(text(&exchange.head()), connect(""));
    exchange.answer("407 Proxy Authentication Required").await;
    tail.states(&[("connecting", ""), ("waiting", "the proxy asks for a sign-in")])
        .await;
    assert!(proxy.is_quiet());
}

#[tokio::test]
async fn a_proxy_without_a_way_through_backs_off() {
    let proxy = Server::bind().await;
    let by = format!("http://{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", "https://gloria.example/api/v1"),
        ("https_proxy", &by),
    ]);
    for _ in 0..2 {
        let exchange = proxy.request().await;
        assert_eq!(text(&exchange.head()), connect(""));
        exchange.answer("503 Service Unavailable").await;
        let (state, _) = tail.state().await;
        assert_eq!(state, "connecting");
        let (state, reason) = tail.state().await;
        assert_eq!(state, "waiting");
        assert!(
            reason.starts_with("the proxy did not let the connection through: "),
            "{reason}"
        );
    }
    let waited = proxy.log().wait(1);
    assert!(waited >= MIN_WAIT, "{waited:?}");
}

#[tokio::test]
async fn a_proxy_gets_its_own_password_and_nobody_reads_it() {
    let proxy = Server::bind().await;
    let by = format!("http://anna:s3cret@{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", "https://gloria.example/api/v1"),
        ("https_proxy", &by),
    ]);
    let exchange = proxy.request().await;
    // "anna:s3cret" in base64.
    assert_eq!(
        text(&exchange.head()),
        connect("proxy-authorization: Basic YW5uYTpzM2NyZXQ=\r\n")
    );
    exchange.answer("502 Bad Gateway").await;
    assert_eq!(tail.state().await.0, "connecting");
    let (state, reason) = tail.state().await;
    assert!(state == "waiting" && !reason.contains("s3cret"), "{reason}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_gone_around() {
    let proxy = Server::bind().await.address();
    let server = Server::bind().await;
    let (api, by) = (
        format!("http://{}/api/v1", server.address()),
        format!("http://{proxy}"),
    );
    let mut tail = tail(&[("GLORIA_API_URL", &api), ("http_proxy", &by)]);
    assert_eq!(tail.state().await.0, "connecting");
    assert_eq!(tail.state().await.0, "waiting");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_server_that_is_excepted_is_asked_without_the_proxy() {
    let proxy = Server::bind().await;
    let server = Server::bind().await;
    let api = format!("http://{}/api/v1", server.address());
    let by = format!("http://{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", &api),
        ("http_proxy", &by),
        ("no_proxy", "127.0.0.1"),
    ]);
    let mut exchange = server.request().await;
    assert_asks(&exchange, &Ask::first().token(TOKEN), &server);
    tail.opened(&mut exchange).await;
    assert!(proxy.is_quiet());
}

#[tokio::test]
async fn a_tunnel_carries_the_stream_and_its_proxy_hears_no_token() {
    let proxy = Server::bind().await;
    let by = format!("http://{}", proxy.address());
    let mut tail = tail(&[
        ("GLORIA_API_URL", "https://localhost:7/api/v1"),
        ("SSL_CERT_FILE", AUTHORITY),
        ("https_proxy", &by),
    ]);
    let outside = proxy.request().await;
    assert_eq!(
        text(&outside.head()),
        format!("CONNECT localhost:7 HTTP/1.1\r\nHost: localhost:7\r\nuser-agent: {TAIL}\r\n\r\n")
    );
    let mut inside = outside.tunnel(&Certificate::Good.acceptor()).await;
    assert_head(&inside.head(), &Ask::first().token(TOKEN), "localhost:7", TAIL);
    inside.open().await;
    inside
        .write("id: 1\nevent: workflow.started\ndata: {\"workflowId\":\"w\"}\n\n")
        .await;
    tail.states(&[("connecting", ""), ("connected", "")]).await;
    assert_eq!(tail.event().await["id"], "1");
}

#[tokio::test]
async fn a_proxy_of_the_settings_stands_above_the_environments() {
    let (proxy, other) = (Server::bind().await, Server::bind().await);
    let (by, not_by) = (
        format!("http://{}", proxy.address()),
        format!("http://{}", other.address()),
    );
    let mut tail = tail(&[
        ("GLORIA_API_URL", "https://gloria.example/api/v1"),
        ("GLORIA_PROXY", &by),
        ("https_proxy", &not_by),
    ]);
    let exchange = proxy.request().await;
    assert_eq!(text(&exchange.head()), connect(""));
    exchange.answer("407 Proxy Authentication Required").await;
    tail.states(&[("connecting", ""), ("waiting", "the proxy asks for a sign-in")])
        .await;
    assert!(other.is_quiet());
}

#[tokio::test]
async fn no_proxy_in_the_settings_is_none() {
    let (proxy, server) = (Server::bind().await, Server::bind().await);
    let (by, api) = (
        format!("http://{}", proxy.address()),
        format!("http://{}/api/v1", server.address()),
    );
    let mut tail = tail(&[
        ("GLORIA_API_URL", &api),
        ("GLORIA_PROXY", "none"),
        ("http_proxy", &by),
    ]);
    let mut exchange = server.request().await;
    assert_asks(&exchange, &Ask::first().token(TOKEN), &server);
    tail.opened(&mut exchange).await;
    assert!(proxy.is_quiet());
}

/// Performs the server's side of a SOCKS5 handshake with this name and password, and checks the requested name.
async fn socks(proxy: &Server, authenticate: Option<&[u8]>) -> tokio::net::TcpStream {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut client = proxy.accept().await;
    let method = if authenticate.is_some() { 2 } else { 0 };
    let mut expect = async |bytes: &[u8], answer: &[u8]| {
        let mut seen = vec![0; bytes.len()];
        client.read_exact(&mut seen).await.unwrap();
        assert_eq!(seen, bytes);
        client.write_all(answer).await.unwrap();
    };
    expect(&[5, 1, method], &[5, method]).await;
    if let Some(bytes) = authenticate {
        expect(bytes, &[1, 0]).await;
    }
    // The proxy has to resolve the name.
    let connect = [&[5, 1, 0, 3, 14], &b"gloria.example"[..], &[0, 80]].concat();
    expect(&connect, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    client
}

#[tokio::test]
async fn a_socks_proxy_carries_the_stream() {
    use tokio::io::AsyncWriteExt as _;
    for (variable, userinfo, authenticate) in [
        ("ALL_PROXY", "", None),
        (
            "GLORIA_PROXY",
            "anna:s3cret@",
            Some(&b"\x01\x04anna\x06s3cret"[..]),
        ),
    ] {
        let proxy = Server::bind().await;
        let by = format!("socks5h://{userinfo}{}", proxy.address());
        let mut tail = tail(&[
            ("GLORIA_API_URL", "http://gloria.example/api/v1"),
            ("GLORIA_ALLOW_PLAIN_HTTP", "true"),
            (variable, &by),
        ]);
        let mut client = socks(&proxy, authenticate).await;
        let head = gloria_chaos::read_head(&mut client).await.unwrap();
        assert_head(&head, &Ask::first().token(TOKEN), "gloria.example", TAIL);
        client
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            .await
            .unwrap();
        tail.states(&[("connecting", ""), ("connected", "")]).await;
    }
}
