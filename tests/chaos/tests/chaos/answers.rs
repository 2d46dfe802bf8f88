//! The client's reaction to each response.

use gloria_chaos::ask::Ask;
use gloria_stream::Command;

use crate::numbers::{Span, at_once, backoff, secs, short, slow};
use crate::stage::{BASE, Stage};

/// Sends this response to the first attempt; the second one comes within the span and is opened.
async fn answered_then_opened(answer: &str, reported: &str, wait: Span) {
    let mut stage = Stage::begun().await;
    stage.request(Ask::first()).await.answer(answer).await;
    let mut second = stage.opened(Ask::first()).await;
    stage.waited(1, &wait);
    second.write("id: 1\ndata: a\n\n").await;
    let waiting = format!("waiting 1: {reported}");
    let states = ["connecting 0", &waiting, "connecting 1", "connected"];
    stage.verdict(&states, &[("1", "a")]).await;
}

/// Sends this response to the first attempt; there is no other within half an hour except the user's.
async fn halted(answer: &str, reported: &str) {
    let mut stage = Stage::new().await;
    stage.start(Some("7"));
    stage.request(Ask::after("7")).await.answer(answer).await;
    stage.client.state(reported).await;
    stage.pass(secs(29 * 60)).await;
    stage.verdict(&["connecting 0", reported], &[]).await;

    stage.send(Command::RetryNow);
    let _third = stage.opened(Ask::after("7")).await;
    let asked = stage.server.log().all();
    assert_eq!(asked.len(), 2, "the user leads out, and the position was kept");
}

#[tokio::test(start_paused = true)]
async fn a_503_backs_off_and_tries_again() {
    answered_then_opened(
        "503 Service Unavailable",
        "the server answered 503",
        backoff(BASE, 0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_server_error_backs_off() {
    for status in [500, 501, 502, 504, 505, 507, 520, 522, 524, 529, 530, 599] {
        let reported = format!("the server answered {status}");
        answered_then_opened(&format!("{status} Oops"), &reported, backoff(BASE, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_timeout_a_too_early_and_too_many_requests_back_off() {
    for status in [408, 409, 421, 423, 425, 429] {
        let reported = format!("the server answered {status}");
        answered_then_opened(&format!("{status} Later"), &reported, backoff(BASE, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_address_is_tried_again_after_minutes() {
    answered_then_opened("404 Not Found", "the server answered 404", slow(0)).await;
}

#[tokio::test(start_paused = true)]
async fn every_other_refusal_is_tried_again_after_minutes() {
    for status in [400, 402, 405, 406, 418, 422, 424, 451] {
        let reported = format!("the server answered {status}");
        answered_then_opened(&format!("{status} No"), &reported, slow(0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_is_no_stream_is_tried_again_after_minutes() {
    for status in [201, 202, 203, 205, 206, 226, 299] {
        let reported = format!("the server answered {status}");
        answered_then_opened(&format!("{status} Well"), &reported, slow(0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_3xx_that_leads_nowhere_by_its_nature_is_tried_again_after_minutes() {
    for status in [300, 304, 305, 306] {
        let reported = format!("the server answered {status}");
        answered_then_opened(&format!("{status} There\r\nLocation: /else"), &reported, slow(0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_204_halts_until_the_user_asks() {
    halted("204 No Content", "halted: the server asked this client to stop").await;
}

#[tokio::test(start_paused = true)]
async fn a_410_halts_until_the_user_asks() {
    halted("410 Gone", "halted: the server asked this client to stop").await;
}

#[tokio::test(start_paused = true)]
async fn a_403_halts_until_the_user_asks() {
    halted(
        "403 Forbidden",
        "halted: this account has no access to the stream",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_407_says_that_the_proxy_asks_and_waits_minutes() {
    let answer = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"";
    answered_then_opened(answer, "the proxy asks for a sign-in", slow(0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_511_says_that_the_network_asks_and_waits_minutes() {
    answered_then_opened(
        "511 Network Authentication Required",
        "this network requires you to sign in",
        slow(0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_web_page_is_no_stream() {
    answered_then_opened(
        "200 OK\r\nContent-Type: text/html; charset=utf-8",
        "this address answered with text/html, not an event stream",
        slow(0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn json_and_an_answer_without_a_type_are_no_stream() {
    answered_then_opened(
        "200 OK\r\nContent-Type: application/json",
        "this address answered with application/json, not an event stream",
        slow(0),
    )
    .await;
    answered_then_opened(
        "200 OK",
        "this address answered with no content type, not an event stream",
        slow(0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn types_that_only_look_like_a_streams_are_none() {
    for (sent, shown) in [
        ("text/event-streams", "text/event-streams"),
        ("text/x-bogus", "text/x-bogus"),
        ("x bogus", "an unreadable content type"),
        ("application/text/event-stream", "an unreadable content type"),
    ] {
        let reported = format!("this address answered with {shown}, not an event stream");
        answered_then_opened(&format!("200 OK\r\nContent-Type: {sent}"), &reported, slow(0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_in_capitals_and_with_parameters_is_a_stream() {
    for sent in [
        "Text/Event-Stream",
        "text/event-stream;",
        "text/event-stream; charset=windows-1252",
    ] {
        let mut stage = Stage::begun().await;
        let mut exchange = stage.request(Ask::first()).await;
        exchange
            .write(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {sent}\r\n\r\ndata: €\n\n"
            ))
            .await;
        stage.verdict(&["connecting 0", "connected"], &[("", "€")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_decoded_is_refused_before_its_bytes_are_read() {
    answered_then_opened(
        "200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: zstd",
        "the answer is compressed in a way that is not supported (zstd)",
        slow(0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn interim_answers_are_passed_over() {
    let mut stage = Stage::begun().await;
    let mut exchange = stage.request(Ask::first()).await;
    exchange
        .write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        .await;
    exchange.open().await;
    exchange.write("id: 1\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_head_with_bare_line_feeds_is_read() {
    let mut stage = Stage::begun().await;
    let mut exchange = stage.request(Ask::first()).await;
    exchange
        .write("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\ndata: a\n\n")
        .await;
    stage.verdict(&["connecting 0", "connected"], &[("", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_server_ends_its_body_with_the_connection() {
    let mut stage = Stage::begun().await;
    let mut exchange = stage.request(Ask::first()).await;
    exchange
        .write("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\ndata: a\n\n")
        .await;
    stage.client.state("connected").await;
    exchange.close();
    let _second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &backoff(BASE, 0));
    let ended = "waiting 0: the server closed the connection";
    let states = ["connecting 0", "connected", ended, "connecting 0", "connected"];
    stage.verdict(&states, &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_speak_http_is_reported_and_tried_again_after_minutes() {
    for greeting in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "220 mail ESMTP\r\n\r\n",
    ] {
        let mut stage = Stage::begun().await;
        stage.request(Ask::first()).await.write(greeting).await;
        stage
            .client
            .until("trouble", |journal| journal.states().len() == 2)
            .await;
        let reported = stage.client.journal().states().remove(1);
        assert!(
            reported.starts_with("waiting 1: the answer is not HTTP: "),
            "{reported}"
        );
        let _second = stage.opened(Ask::first()).await;
        stage.waited(1, &slow(0));
        stage
            .verdict(&["connecting 0", &reported, "connecting 1", "connected"], &[])
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_user_need_not_wait_for_a_slow_retry() {
    let mut stage = Stage::begun().await;
    stage.request(Ask::first()).await.answer("404 Not Found").await;
    stage.client.state("waiting 1: the server answered 404").await;
    stage.send(Command::RetryNow);
    let _second = stage.opened(Ask::first()).await;
    stage.waited(1, &short());
    stage
        .client
        .until("connected", |journal| journal.statuses.len() >= 4)
        .await;
    assert!(stage.server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_refusal_is_not_read_as_events() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first
        .write(
            "HTTP/1.1 500 Oops\r\nContent-Type: text/event-stream\r\n\r\nretry: 99999\nid: 9\ndata: no\n\n",
        )
        .await;
    first.hung_up().await;
    let _second = stage.opened(Ask::first()).await;
    stage.waited(1, &backoff(BASE, 0));
    assert!(!at_once().contains(&stage.server.log().wait(1)));
    let reported = "waiting 1: the server answered 500";
    stage
        .verdict(&["connecting 0", reported, "connecting 1", "connected"], &[])
        .await;
}
