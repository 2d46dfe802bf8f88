//! Data that exceeds the limits.

use gloria_chaos::ask::Ask;
use gloria_stream::Limits;

use crate::journal::Tokens;
use crate::numbers::{backoff, slow};
use crate::stage::{BASE, Stage};

const SMALL: Limits = Limits {
    line: 4 << 10,
    event: 8 << 10,
    id: 1 << 10,
};

#[tokio::test(start_paused = true)]
async fn a_line_without_end_ends_the_connection_and_not_the_memory() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\n").await;
    first.flood(format!("data: {}", "x".repeat(32 << 20))).await;
    let (read, _) = stage.client.stream.totals();
    assert!(read < 6 << 20, "{read} bytes were taken");
    let _second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &backoff(BASE, 0));
    let reported = "waiting 1: a line is longer than 4194310 bytes";
    let states = ["connecting 0", "connected", reported, "connecting 1", "connected"];
    stage.verdict(&states, &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_over_the_limit_is_skipped_after_three_connections_and_what_follows_arrives() {
    let mut stage = Stage::with(|options| options.limits = SMALL, Tokens::none()).await;
    stage.start(None);
    let line = format!("data: {}\n", "x".repeat(4000));
    let huge = format!("id: 2\n{}\nid: 3\ndata: c\n\n", line.repeat(3));
    let mut first = stage.opened(Ask::first()).await;
    first.write(format!("id: 1\ndata: a\n\n{huge}")).await;
    first.hung_up().await;
    for _ in 1..3 {
        let mut next = stage.opened(Ask::after("1")).await;
        next.write(&huge).await;
        next.hung_up().await;
    }
    let mut fourth = stage.opened(Ask::after("1")).await;
    fourth.write(&huge).await;
    stage.waited(1, &backoff(BASE, 0));
    stage.waited(2, &backoff(BASE, 1));
    stage.waited(3, &backoff(BASE, 2));
    let over = "an event is larger than 8192 bytes";
    let (one, two) = (format!("waiting 1: {over}"), format!("waiting 2: {over}"));
    let three = format!("waiting 3: {over}, 3 times in a row; it will be skipped");
    let states = [
        "connecting 0",
        "connected",
        &one,
        "connecting 1",
        "connected",
        &two,
        "connecting 2",
        "connected",
        &three,
        "connecting 3",
        "connected",
    ];
    stage.verdict(&states, &[("1", "a"), ("3", "c")]).await;
    assert_eq!(stage.client.journal().skipped.len(), 1);
    assert_eq!(stage.client.journal().skipped[0].0, "2");
    fourth.close();
    let _fifth = stage.opened(Ask::after("3")).await;
}

#[tokio::test(start_paused = true)]
async fn two_events_over_the_limit_at_different_places_are_not_one_three_times() {
    let mut stage = Stage::with(|options| options.limits = SMALL, Tokens::none()).await;
    stage.start(None);
    let huge = format!("data: {}\n\n", "x".repeat(5000));
    for (number, after) in [None, Some("1"), Some("2"), Some("3")].into_iter().enumerate() {
        let mut exchange = stage.opened(after.map_or_else(Ask::first, Ask::after)).await;
        exchange
            .write(format!("id: {}\ndata: a\n\n{huge}", number + 1))
            .await;
        exchange.hung_up().await;
    }
    let _last = stage.opened(Ask::after("4")).await;
    let states = stage.client.journal().states();
    assert!(
        !states.iter().any(|state| state.contains("in a row")),
        "each time it got further: {states:?}"
    );
    stage
        .client
        .events(&[("1", "a"), ("2", "a"), ("3", "a"), ("4", "a")])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_of_half_a_megabyte_is_no_answer() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first
        .flood(format!(
            "HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n",
            "x".repeat(600 << 10)
        ))
        .await;
    stage
        .failed_once(
            Ask::first(),
            &slow(0),
            "the answer is not HTTP: its headers are too large",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_of_hundreds_of_fields_is_read() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    let fields: String = (0..300).map(|number| format!("X-{number}: y\r\n")).collect();
    first
        .write(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{fields}\r\nid: 1\ndata: a\n\n"
        ))
        .await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_no_answer() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    let fields: String = (0..100_000).map(|number| format!("X-{number}: y\r\n")).collect();
    first
        .flood(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{fields}\r\n"
        ))
        .await;
    stage
        .failed_once(
            Ask::first(),
            &slow(0),
            "the answer is not HTTP: its headers are too large",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn megabytes_of_comments_and_unknown_fields_cost_nothing() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    for start in [":", "unknown: ", "datum"] {
        first.write(format!("{start}{}\n", "x".repeat(3 << 20))).await;
    }
    first.write("id: 1\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
}
