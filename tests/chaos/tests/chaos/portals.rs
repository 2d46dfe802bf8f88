//! Networks that require a sign-in, and the requests that detect them.

use gloria_chaos::ask::Ask;
use gloria_chaos::server::Server;
use gloria_chaos::tls::{AUTHORITY, Certificate};
use tokio::time::Instant;

use crate::journal::Tokens;
use crate::numbers::{secs, slow, span};
use crate::stage::Stage;

const SIGN_IN: &str = "waiting 1: this network requires you to sign in";
const PAGE: &str = "waiting 1: this address answered with text/html, not an event stream";

/// Returns a stream with a probe at this server, whose first response was a page.
async fn shown_a_page(portal: &Server) -> Stage {
    let probe = format!("http://{}/generate_204", portal.address());
    let stage = Stage::with(
        |options| options.network.probe_url = Some(probe.parse().unwrap()),
        Tokens::bearer(&["t0ken"]),
    )
    .await;
    stage.start(Some("7"));
    let ask = Ask::after("7").token("t0ken");
    stage
        .request(ask)
        .await
        .answer("200 OK\r\nContent-Type: text/html")
        .await;
    stage
}

/// Sends this response to the probe, and checks what is reported.
async fn probed(answer: &str, reported: &str) {
    let portal = Server::bind().await;
    let mut stage = shown_a_page(&portal).await;
    let probe = portal.request().await;
    let head = format!(
        "GET /generate_204 HTTP/1.1\r\naccept: */*\r\nhost: {}\r\n\r\n",
        portal.address()
    );
    assert_eq!(String::from_utf8(probe.head()).unwrap(), head);
    probe.answer(answer).await;
    let _second = stage.opened(Ask::after("7").token("t0ken")).await;
    stage.waited(1, &slow(0));
    stage
        .verdict(&["connecting 0", reported, "connecting 1", "connected"], &[])
        .await;
    assert!(portal.is_quiet(), "an answer that is a stream is not looked into");
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_shows_its_page_is_reported() {
    probed("200 OK\r\nContent-Type: text/html", SIGN_IN).await;
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_sends_to_its_page_is_reported() {
    probed("302 Found\r\nLocation: http://portal.example/login", SIGN_IN).await;
    probed("511 Network Authentication Required", SIGN_IN).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_shows_a_page_itself_is_no_portal() {
    for answer in [
        "204 No Content",
        "404 Not Found",
        "503 Oops",
        "200 OK\r\nContent-Type: text/plain",
    ] {
        probed(answer, PAGE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_nobody_answers_holds_the_attempt_for_three_seconds_at_most() {
    let portal = Server::bind().await;
    let mut stage = shown_a_page(&portal).await;
    let begun = Instant::now();
    let _unanswered = portal.request().await;
    stage.client.state(PAGE).await;
    assert!(
        span(secs(3), secs(3)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    stage.verdict(&["connecting 0", PAGE], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_speaks_tls_in_the_servers_name_is_reported() {
    let portal = Server::bind().await;
    let probe = format!("http://{}/generate_204", portal.address());
    let mut stage = Stage::with(
        |options| {
            options.url.set_scheme("https").unwrap();
            options.network.ca_file = Some(AUTHORITY.into());
            options.network.probe_url = Some(probe.parse().unwrap());
        },
        Tokens::bearer(&["t0ken"]),
    )
    .await;
    stage.start(None);
    assert!(
        stage
            .server
            .request_by_tls(&Certificate::SelfSigned.acceptor())
            .await
            .is_err()
    );
    portal
        .request()
        .await
        .answer("302 Found\r\nLocation: http://portal.example/")
        .await;
    stage.client.state(SIGN_IN).await;
    stage.verdict(&["connecting 0", SIGN_IN], &[]).await;
}
