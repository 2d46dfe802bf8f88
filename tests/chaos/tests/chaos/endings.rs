//! How streams end, what they leave, and when the next attempt is made.

use gloria_chaos::ask::Ask;
use gloria_chaos::server::{CHUNKED, Exchange};

use crate::numbers::{backoff, ms, plus, secs};
use crate::stage::{BASE, Stage};

/// Ends a stream with one event and the beginning of another; the next one resumes after the first event.
async fn resumes(head: &str, body: &str, end: impl AsyncFnOnce(Exchange), reported: &str) {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first.write(head).await;
    stage.client.state("connected").await;
    first.write(body).await;
    stage.client.events(&[("1", "a")]).await;
    end(first).await;
    let mut second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &backoff(BASE, 0));
    second.write("data: b\n\nid: 2\ndata: c\n\n").await;
    stage.client.events(&[("1", "a"), ("1", "b"), ("2", "c")]).await;
    let seen = stage.client.journal().states()[2].clone();
    assert!(seen.starts_with(reported), "{seen}");
    let again = if seen.starts_with("waiting 0") {
        "connecting 0"
    } else {
        "connecting 1"
    };
    let states = ["connecting 0", "connected", &seen, again, "connected"];
    stage
        .verdict(&states, &[("1", "a"), ("1", "b"), ("2", "c")])
        .await;
}

const BROKE_OFF: &str = "waiting 1: the connection was lost: ";
const OPEN: &str = gloria_chaos::server::OPEN;
const BODY: &str = "id: 1\ndata: a\n\nid: 2\ndata: cut";
/// The same in chunks, of which the second is longer than the data that arrives.
const CHUNKS: &str = "f\r\nid: 1\ndata: a\n\n\r\n40\r\nid: 2\ndata: cut";

async fn close(exchange: Exchange) {
    exchange.close();
}

#[tokio::test(start_paused = true)]
async fn an_end_in_the_middle_of_an_event_drops_it_with_its_id() {
    resumes(OPEN, BODY, close, "waiting 0: the server closed the connection").await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_resumes_after_the_last_whole_event() {
    resumes(
        OPEN,
        BODY,
        async |exchange| exchange.reset(),
        &format!("{BROKE_OFF}it was reset"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_cut_broke_off() {
    resumes(CHUNKED, CHUNKS, close, BROKE_OFF).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_in_chunks_without_the_last_one_broke_off() {
    resumes(CHUNKED, "f\r\nid: 1\ndata: a\n\n\r\n", close, BROKE_OFF).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_in_chunks_that_ends_in_order_was_closed() {
    let end = async |mut exchange: Exchange| exchange.write("0\r\n\r\n").await;
    let body = "f\r\nid: 1\ndata: a\n\n\r\n";
    resumes(CHUNKED, body, end, "waiting 0: the server closed the connection").await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_whose_size_is_no_number_broke_off() {
    let end = async |mut exchange: Exchange| {
        exchange.write("ZZ\r\n").await;
        exchange.hung_up().await;
    };
    resumes(CHUNKED, "f\r\nid: 1\ndata: a\n\n\r\n", end, BROKE_OFF).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_shorter_than_its_length_broke_off() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100\r\n\r\n";
    resumes(head, BODY, close, BROKE_OFF).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_of_its_length_was_closed_though_the_connection_is_open() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 16\r\n\r\n";
    let end = async |mut exchange: Exchange| {
        exchange.write("\n").await;
        exchange.hung_up().await;
    };
    resumes(
        head,
        "id: 1\ndata: a\n\n",
        end,
        "waiting 0: the server closed the connection",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_its_half_is_left() {
    let end = async |mut exchange: Exchange| {
        exchange.half_close().await;
        exchange.hung_up().await;
    };
    resumes(OPEN, BODY, end, "waiting 0: the server closed the connection").await;
}

/// Ends the connection before there is a response.
async fn broke_off_before_an_answer(end: impl AsyncFnOnce(Exchange)) {
    let mut stage = Stage::new().await;
    stage.start(Some("7"));
    end(stage.request(Ask::after("7")).await).await;
    let _second = stage.opened(Ask::after("7")).await;
    stage.waited(1, &backoff(BASE, 0));
    let reported = stage.client.journal().states()[1].clone();
    assert!(
        reported.starts_with("waiting 1: the connection was lost before an answer: "),
        "{reported}"
    );
    stage
        .verdict(&["connecting 0", &reported, "connecting 1", "connected"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closes_before_an_answer_backs_off() {
    broke_off_before_an_answer(close).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_before_an_answer_backs_off() {
    broke_off_before_an_answer(async |exchange| exchange.reset()).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closes_within_the_head_backs_off() {
    broke_off_before_an_answer(async |mut exchange: Exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/ev").await;
        exchange.close();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_opens_and_closes_is_not_hammered() {
    let mut stage = Stage::begun().await;
    for failed in 0..10_u32 {
        let mut exchange = stage.request(Ask::first()).await;
        exchange.open().await;
        // Neither an event nor a heartbeat.
        exchange.write("\n").await;
        exchange.close();
        if failed > 0 {
            stage.waited(usize::try_from(failed).unwrap(), &backoff(BASE, failed - 1));
        }
    }
    let reported = "circuit open 10: the server closed the connection";
    stage.client.state(reported).await;
    let mut all = Vec::new();
    for attempt in 0..10 {
        all.extend([format!("connecting {attempt}"), "connected".into()]);
        all.push(format!(
            "waiting {}: the server closed the connection",
            attempt + 1
        ));
    }
    *all.last_mut().unwrap() = reported.into();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    stage.verdict(&all, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_lived_for_a_minute_begins_the_count_anew_and_a_shorter_one_does_not() {
    for (life, reported, failed) in [
        (ms(59_990), "waiting 3: the connection was lost: it was reset", 2),
        (ms(60_000), "waiting 0: the connection was lost: it was reset", 0),
    ] {
        let mut stage = Stage::begun().await;
        for _ in 0..2 {
            stage.request(Ask::first()).await.answer("503 Oops").await;
        }
        let mut third = stage.opened(Ask::first()).await;
        third.write("id: 1\ndata: a\n\n").await;
        stage.client.events(&[("1", "a")]).await;
        stage.pass(life).await;
        third.reset();
        let _fourth = stage.opened(Ask::after("1")).await;
        stage.waited(3, &backoff(BASE, failed));
        let states = [
            "connecting 0",
            "waiting 1: the server answered 503",
            "connecting 1",
            "waiting 2: the server answered 503",
            "connecting 2",
            "connected",
            reported,
            if failed == 0 {
                "connecting 0"
            } else {
                "connecting 3"
            },
            "connected",
        ];
        stage.verdict(&states, &[("1", "a")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_without_a_byte_proves_nothing() {
    let mut stage = Stage::begun().await;
    stage.request(Ask::first()).await.answer("503 Oops").await;
    let second = stage.opened(Ask::first()).await;
    stage.pass(secs(70)).await;
    second.close();
    let _third = stage.opened(Ask::first()).await;
    stage.waited(2, &backoff(BASE, 1));
    assert!(!plus(secs(70), &backoff(BASE, 1)).contains(&stage.server.log().wait(2)));
    let states = [
        "connecting 0",
        "waiting 1: the server answered 503",
        "connecting 1",
        "connected",
        "waiting 2: the server closed the connection",
        "connecting 2",
        "connected",
    ];
    stage.verdict(&states, &[]).await;
}
