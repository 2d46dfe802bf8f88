//! The position, in any format that a server may choose.

use gloria_chaos::ask::Ask;

use crate::numbers::backoff;
use crate::stage::{BASE, Stage};

/// Sends these bytes on a stream; checks its events and the next request.
async fn said(bytes: impl AsRef<[u8]>, events: &[(&str, &str)], next: Ask) {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write(bytes).await;
    stage.client.events(events).await;
    first.close();
    let _second = stage.opened(next).await;
    stage.waited(1, &backoff(BASE, 0));
    let closed = "waiting 0: the server closed the connection";
    let states = ["connecting 0", "connected", closed, "connecting 0", "connected"];
    stage.verdict(&states, events).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_holds_for_later_events_and_over_connections() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\ndata: b\n\n").await;
    stage.client.events(&[("1", "a"), ("1", "b")]).await;
    first.close();
    let mut second = stage.opened(Ask::after("1")).await;
    second.write("data: c\n\n").await;
    stage.client.events(&[("1", "a"), ("1", "b"), ("1", "c")]).await;
    second.close();
    let _third = stage.opened(Ask::after("1")).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_without_data_moves_the_position() {
    said("id: 1\ndata: a\n\nid: 2\n\n", &[("1", "a")], Ask::after("2")).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_id_clears_the_position_and_the_header_is_gone() {
    said(
        "id: 1\ndata: a\n\nid\ndata: b\n\n",
        &[("1", "a"), ("", "b")],
        Ask::first(),
    )
    .await;
    said("id: 1\ndata: a\n\nid:\n\n", &[("1", "a")], Ask::first()).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_with_a_null_is_as_if_absent() {
    let bytes = "id: 1\ndata: a\n\nid: x\0\ndata: b\n\nid: \0x\ndata: c\n\n";
    said(bytes, &[("1", "a"), ("1", "b"), ("1", "c")], Ask::after("1")).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_of_eight_kilobytes_comes_back_and_a_longer_one_is_as_if_absent() {
    let long = "i".repeat(8192);
    said(
        format!("id: {long}\ndata: a\n\n"),
        &[(&long, "a")],
        Ask::after(&long).target("/api/v1/sse"),
    )
    .await;
    let bytes = format!("id: 1\ndata: a\n\nid: {long}i\ndata: b\n\n");
    said(bytes, &[("1", "a"), ("1", "b")], Ask::after("1")).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_beyond_ascii_comes_back_in_the_bytes_it_came_in() {
    said(
        "id: …€豆腐\ndata: a\n\n",
        &[("…€豆腐", "a")],
        Ask::after("…€豆腐"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_id_that_no_header_carries_travels_in_the_query_alone() {
    for id in ["a\u{1}b", "a\u{7f}b", "\u{1b}[31m"] {
        let next = Ask::after(id).without_last_event_id();
        said(format!("id: {id}\ndata: a\n\n"), &[(id, "a")], next).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_cannot_write_into_the_request() {
    let id = "1&token=x#y HTTP/1.1%0d%0aX: y";
    said(format!("id: {id}\ndata: a\n\n"), &[(id, "a")], Ask::after(id)).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_keeps_its_white_space_but_one() {
    let ask = Ask::after(" e5p3n<3k0k0s");
    // A header's value begins after its white space, so this part of the id is only in the query.
    let bytes = "id:  e5p3n<3k0k0s\ndata: a\n\n";
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write(bytes).await;
    stage.client.events(&[(" e5p3n<3k0k0s", "a")]).await;
    first.close();
    let _second = stage.opened(ask).await;
}
