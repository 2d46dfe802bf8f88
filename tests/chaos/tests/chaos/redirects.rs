//! Where redirects lead, and what is sent there.

use gloria_chaos::ask::Ask;
use gloria_chaos::server::Server;
use gloria_stream::Credential;

use crate::journal::Tokens;
use crate::numbers::{at_once, backoff, slow};
use crate::stage::{BASE, Stage, assert_asks};

#[tokio::test(start_paused = true)]
async fn every_redirect_is_followed_with_the_token_and_the_next_attempt_asks_the_first_address() {
    for status in [301, 302, 303, 307, 308] {
        let mut stage = Stage::with(|_| {}, Tokens::bearer(&["t0ken"])).await;
        stage.start(Some("7"));
        let first = stage.request(Ask::after("7").token("t0ken")).await;
        first
            .answer(&format!("{status} Moved\r\nLocation: /v2/sse?x=1"))
            .await;
        let moved = Ask::after("7").target("/v2/sse?x=1&lastEventId=7").token("t0ken");
        let mut second = stage.opened(moved).await;
        stage.waited(1, &at_once());
        second.write("id: 8\ndata: a\n\n").await;
        second.close();
        let _third = stage.opened(Ask::after("8").token("t0ken")).await;
        stage.waited(2, &backoff(BASE, 0));
        let closed = "waiting 0: the server closed the connection";
        let states = ["connecting 0", "connected", closed, "connecting 0", "connected"];
        stage.verdict(&states, &[("8", "a")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn another_origin_does_not_get_the_token() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["t0ken"])).await;
    let other = Server::bind().await;
    stage.start(Some("7"));
    let location = format!("http://{}/sse?token=t0ken&lastEventId=7", other.address());
    let first = stage.request(Ask::after("7").token("t0ken")).await;
    first.answer(&format!("307 Moved\r\nLocation: {location}")).await;
    let mut second = other.request().await;
    let ask = Ask::after("7").target("/sse?lastEventId=7");
    assert_asks(&second, &ask, &other.address().to_string());
    second.open().await;
    second.write("data: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("7", "a")]).await;
    second.close();
    let _third = stage.opened(Ask::after("7").token("t0ken")).await;
    assert!(
        other.is_quiet(),
        "the first address is asked again, with the token"
    );
}

#[tokio::test(start_paused = true)]
async fn another_origin_does_not_get_the_token_of_the_query() {
    let tokens = Tokens::of([Ok(Credential::query("token", "t0ken".into()))]);
    let mut stage = Stage::with(|_| {}, tokens).await;
    let other = Server::bind().await;
    stage.start(None);
    let location = format!("http://{}/sse?token=t0ken&x=1", other.address());
    let first = stage
        .request(Ask::first().target("/api/v1/sse?token=t0ken"))
        .await;
    first.answer(&format!("302 Found\r\nLocation: {location}")).await;
    let mut second = other.request().await;
    let ask = Ask::first().target("/sse?x=1");
    assert_asks(&second, &ask, &other.address().to_string());
    second.open().await;
    stage.verdict(&["connecting 0", "connected"], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_dropped_on_the_way_does_not_come_back_with_the_way() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["t0ken"])).await;
    let other = Server::bind().await;
    stage.start(None);
    let there = format!("307 Moved\r\nLocation: http://{}/sse", other.address());
    let back = format!(
        "307 Moved\r\nLocation: http://{}/api/v1/sse",
        stage.server.address()
    );
    stage
        .request(Ask::first().token("t0ken"))
        .await
        .answer(&there)
        .await;
    let second = other.request().await;
    let ask = Ask::first().target("/sse");
    assert_asks(&second, &ask, &other.address().to_string());
    second.answer(&back).await;
    let _third = stage.opened(Ask::first()).await;
    stage.verdict(&["connecting 0", "connected"], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_circle_is_left_after_twenty_redirects_and_tried_again_after_minutes() {
    let mut stage = Stage::begun().await;
    for number in 0..21 {
        let exchange = stage.request(Ask::first()).await;
        exchange.answer("302 Found\r\nLocation: /api/v1/sse").await;
        if number > 0 {
            stage.waited(number, &at_once());
        }
    }
    let _next = stage.opened(Ask::first()).await;
    stage.waited(21, &slow(0));
    let reported = "waiting 1: the server redirects in a circle";
    stage
        .verdict(&["connecting 0", reported, "connecting 1", "connected"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn twenty_redirects_that_lead_somewhere_are_followed() {
    let mut stage = Stage::begun().await;
    for number in 0..20 {
        let target = match number {
            0 => "/api/v1/sse".to_owned(),
            number => format!("/{number}"),
        };
        let exchange = stage.request(Ask::first().target(&target)).await;
        exchange
            .answer(&format!("308 Moved\r\nLocation: /{}", number + 1))
            .await;
    }
    let mut last = stage.opened(Ask::first().target("/20")).await;
    last.write("id: 1\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_nowhere_is_not_followed() {
    for location in [
        "",
        "\r\nLocation:",
        "\r\nLocation:  ",
        "\r\nLocation: http://",
        "\r\nLocation: http://[::1",
    ] {
        let mut stage = Stage::begun().await;
        let exchange = stage.request(Ask::first()).await;
        exchange.answer(&format!("301 Moved{location}")).await;
        stage
            .failed_once(Ask::first(), &slow(0), "the server redirects to nowhere")
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_what_is_not_the_web_is_not_followed() {
    for location in [
        "ftp://127.0.0.1/sse",
        "file:///etc/passwd",
        "data:text/event-stream,data:%20x",
    ] {
        let mut stage = Stage::begun().await;
        let exchange = stage.request(Ask::first()).await;
        exchange
            .answer(&format!("302 Found\r\nLocation: {location}"))
            .await;
        stage
            .failed_once(
                Ask::first(),
                &slow(0),
                "the server redirects to an address that is not secure",
            )
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_redirects_to_its_page_is_recognised_as_a_page() {
    let mut stage = Stage::with(|_| {}, Tokens::bearer(&["t0ken"])).await;
    let portal = Server::bind().await;
    stage.start(None);
    let location = format!("302 Found\r\nLocation: http://{}/login", portal.address());
    stage
        .request(Ask::first().token("t0ken"))
        .await
        .answer(&location)
        .await;
    let page = portal.request().await;
    let ask = Ask::first().target("/login");
    assert_asks(&page, &ask, &portal.address().to_string());
    page.answer("200 OK\r\nContent-Type: text/html").await;
    stage
        .failed_once(
            Ask::first().token("t0ken"),
            &slow(0),
            "this address answered with text/html, not an event stream",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_where_nobody_listens_backs_off_and_asks_the_first_address() {
    let mut stage = Stage::begun().await;
    let gone = Server::bind().await.address();
    let exchange = stage.request(Ask::first()).await;
    exchange
        .answer(&format!("307 Moved\r\nLocation: http://{gone}/"))
        .await;
    stage
        .failed_once(
            Ask::first(),
            &backoff(BASE, 0),
            "the server refused the connection",
        )
        .await;
}
