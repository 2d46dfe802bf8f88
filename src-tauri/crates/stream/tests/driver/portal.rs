//! Networks that respond instead of the server.

use gloria_stream::{ProxyAddress, ProxyChoice};

use crate::rig::{Provider, Rig, Server};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";

/// Returns a stream to a server that sends a page, and the server of the probe.
async fn behind_a_page() -> (Rig, Server) {
    let probed = Server::bind().await;
    let probe = probed.url("/generate_204");
    let provider = Provider::bearer(&["s3cret"]);
    let rig = Rig::with(|options| options.network.probe_url = Some(probe), provider).await;
    rig.start(Some("41"));
    let mut connection = rig.server.accept().await;
    connection.write(PAGE).await;
    (rig, probed)
}

#[tokio::test(start_paused = true)]
async fn a_page_in_the_servers_place_is_a_sign_in_and_the_probe_tells_nothing() {
    let (mut rig, probed) = behind_a_page().await;
    let mut probe = probed.accept().await;
    let host = probed.url("/").authority().to_owned();
    assert_eq!(
        probe.request,
        format!("GET /generate_204 HTTP/1.1\r\naccept: */*\r\nhost: {host}\r\n\r\n")
    );
    probe
        .write("HTTP/1.1 302 Found\r\nLocation: http://login.hotel.invalid/\r\n\r\n")
        .await;
    assert_eq!(rig.trouble().await, "this network requires you to sign in");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_can_be_reached_shows_its_own_page() {
    let (mut rig, probed) = behind_a_page().await;
    let mut probe = probed.accept().await;
    probe.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(
        rig.trouble().await,
        "this address answered with text/html, not an event stream"
    );
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_an_answer_changes_nothing() {
    let (mut rig, probed) = behind_a_page().await;
    let _silent = probed.accept().await;
    assert!(rig.trouble().await.contains("text/html"));
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_failure_is_not_looked_into() {
    let probed = Server::bind().await;
    let probe = probed.url("/generate_204");
    let mut rig = Rig::with(
        |options| options.network.probe_url = Some(probe),
        Provider::anonymous(),
    )
    .await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    connection.write("HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
    assert_eq!(rig.trouble().await, "the server answered 503");
    assert!(probed.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn the_probe_goes_through_the_proxy_that_brought_the_page() {
    let proxy = Server::bind().await;
    let address = ProxyAddress::parse(proxy.url("/").as_str()).unwrap();
    let mut rig = Rig::with(
        |options| {
            options.url = "http://gloria.invalid/sse".parse().unwrap();
            options.network.proxy = ProxyChoice::Address(address);
            options.network.probe_url = None;
        },
        Provider::bearer(&["s3cret"]),
    )
    .await;
    rig.start(None);
    let mut stream = proxy.accept().await;
    assert_eq!(stream.path(), "http://gloria.invalid/sse");
    stream.write(PAGE).await;
    let mut probe = proxy.accept().await;
    assert_eq!(probe.path(), "http://gloria.invalid/generate_204");
    assert_eq!(
        (probe.header("authorization"), probe.header("user-agent")),
        (None, None)
    );
    probe.write(PAGE).await;
    assert_eq!(rig.trouble().await, "this network requires you to sign in");
}
