//! The bytes of a stream.

use gloria_chaos::ask::Ask;
use gloria_chaos::server::{CHUNKED, OPEN};

use crate::numbers::backoff;
use crate::stage::{BASE, Stage};

/// Checks that an open stream yields these events for these bytes, and continues.
async fn reads(bytes: impl AsRef<[u8]>, events: &[(&str, &str)]) {
    for whole in [true, false] {
        let mut stage = Stage::begun().await;
        let mut first = stage.opened(Ask::first()).await;
        if whole {
            first.write(bytes.as_ref()).await;
        } else {
            first.dribble(bytes.as_ref()).await;
        }
        stage.verdict(&["connecting 0", "connected"], events).await;
        // An event is delivered at its CR, before its LF arrives.
        while stage.client.stream.totals().0 < bytes.as_ref().len() as u64 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stage.client.stream.totals().1, events.len() as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn one_mark_at_the_beginning_is_no_part_of_the_stream() {
    reads("\u{FEFF}data: a\n\n", &[("", "a")]).await;
    reads("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", &[("", "b")]).await;
    reads(
        "data: a\n\n\u{FEFF}data: b\n\ndata: c\n\n",
        &[("", "a"), ("", "c")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_mark_begins_each_connection_anew() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("\u{FEFF}id: 1\ndata: a\n\n").await;
    first.close();
    let mut second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &backoff(BASE, 0));
    second.write("\u{FEFF}id: 2\ndata: b\n\n").await;
    stage.client.events(&[("1", "a"), ("2", "b")]).await;
}

#[tokio::test(start_paused = true)]
async fn lines_may_end_in_any_of_three_ways() {
    for end in ["\n", "\r\n", "\r"] {
        let bytes = format!("id: 1{end}data: a{end}data{end}{end}data: b{end}{end}");
        reads(bytes, &[("1", "a\n"), ("1", "b")]).await;
    }
    reads(
        "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
        &[("", "a"), ("", "b"), ("", "c")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_else_ends_a_line() {
    reads(
        "data: a\u{85}b\u{2028}c\u{b}d\u{c}e\n\n",
        &[("", "a\u{85}b\u{2028}c\u{b}d\u{c}e")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_replaced_and_the_stream_goes_on() {
    let bytes = b"data: \xFF\xFEa\xE2\x82\n\n\xFFdata: no\n\nid: 2\ndata: b\n\n";
    reads(bytes, &[("", "\u{FFFD}\u{FFFD}a\u{FFFD}"), ("2", "b")]).await;
}

#[tokio::test(start_paused = true)]
async fn nulls_are_data() {
    reads("data:\0\n:\0\n\0data: no\n\n", &[("", "\0")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_head_and_its_chunks_may_come_byte_by_byte() {
    for (head, body) in [
        (OPEN, "id: 1\ndata: €\n\n"),
        (CHUNKED, "1\r\ni\r\n10\r\nd: 1\ndata: €\n\n\r\n"),
    ] {
        let mut stage = Stage::begun().await;
        let mut first = stage.request(Ask::first()).await;
        first.dribble(head).await;
        first.dribble(body).await;
        stage.verdict(&["connecting 0", "connected"], &[("1", "€")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn chunk_extensions_and_trailers_are_passed_over() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first.write(CHUNKED).await;
    first
        .write("f;x=y\r\nid: 1\ndata: a\n\n\r\n0\r\nX-Trailer: z\r\n\r\n")
        .await;
    let _second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &backoff(BASE, 0));
    let closed = "waiting 0: the server closed the connection";
    let states = ["connecting 0", "connected", closed, "connecting 0", "connected"];
    stage.verdict(&states, &[("1", "a")]).await;
}
