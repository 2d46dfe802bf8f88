//! Servers that send nothing, too little, or too late.

use gloria_chaos::ask::Ask;
use gloria_stream::Command;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::numbers::{SILENCE, backoff, exactly, ms, plus, secs};
use crate::stage::{BASE, Stage};

const SILENT: &str = "waiting 1: nothing heard for 75 s";

/// For a stream that was open for a minute, which is not a failed attempt.
const SILENT_LATER: &str = "waiting 0: nothing heard for 75 s";

#[tokio::test(start_paused = true)]
async fn no_answer_within_two_and_a_half_heartbeats_is_none() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first.hung_up_within(secs(76)).await;
    stage
        .failed_once(
            Ask::first(),
            &plus(SILENCE, &backoff(BASE, 0)),
            "no answer within 75 s",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn half_a_head_within_two_and_a_half_heartbeats_is_no_answer() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    first
        .write("HTTP/1.1 200 OK\r\nContent-Type: text/event-str")
        .await;
    first.hung_up_within(secs(76)).await;
    stage
        .failed_once(
            Ask::first(),
            &plus(SILENCE, &backoff(BASE, 0)),
            "no answer within 75 s",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_does_not_hold_the_attempt_for_ever() {
    let mut stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    let begun = Instant::now();
    for byte in b"HTTP/1.1 200 " {
        first.write([*byte]).await;
        stage.pass(secs(5)).await;
    }
    first.hung_up_within(secs(11)).await;
    assert!(
        exactly(SILENCE).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    let _second = stage.opened(Ask::first()).await;
    let reported = "waiting 1: no answer within 75 s";
    stage
        .verdict(&["connecting 0", reported, "connecting 1", "connected"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_that_takes_no_connection_is_left_after_ten_seconds() {
    // A full queue of one connection: further handshakes are dropped, as by a firewall.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _first_in_line = TcpStream::connect(address).await.unwrap();

    let mut stage = Stage::with(
        |options| options.url = format!("http://{address}/api/v1/sse").parse().unwrap(),
        crate::journal::Tokens::none(),
    )
    .await;
    stage.start(None);
    let begun = Instant::now();
    let reported = "waiting 1: no connection within 10 s";
    stage.client.state(reported).await;
    assert!(
        exactly(secs(10)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    stage.verdict(&["connecting 0", reported], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn silence_after_the_head_is_noticed() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.hung_up_within(SILENCE + secs(1)).await;
    let _second = stage.opened(Ask::first()).await;
    stage.waited(1, &plus(SILENCE, &backoff(BASE, 0)));
    let states = ["connecting 0", "connected", SILENT, "connecting 1", "connected"];
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn silence_within_an_event_is_noticed_and_the_half_event_dropped() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\nid: 2\ndata: b").await;
    first.hung_up_within(SILENCE + secs(1)).await;
    let mut second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &plus(SILENCE, &backoff(BASE, 0)));
    second.write("id: 2\ndata: b\n\n").await;
    let states = [
        "connecting 0",
        "connected",
        SILENT_LATER,
        "connecting 0",
        "connected",
    ];
    stage.verdict(&states, &[("1", "a"), ("2", "b")]).await;
}

#[tokio::test(start_paused = true)]
async fn one_byte_in_seventy_seconds_keeps_a_stream_alive() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    for byte in b"id: 1\ndata: slowly\n\n" {
        stage.pass(secs(70)).await;
        first.write([*byte]).await;
    }
    stage
        .verdict(&["connecting 0", "connected"], &[("1", "slowly")])
        .await;
}

#[tokio::test(start_paused = true)]
async fn comments_alone_keep_a_stream_alive_for_a_day() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    for _ in 0..24 * 60 * 2 {
        stage.pass(secs(30)).await;
        first.write(":\n").await;
    }
    first.write("id: 1\ndata: a\n\n").await;
    stage.verdict(&["connecting 0", "connected"], &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stall_below_the_limit_costs_nothing() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\nid: 2\nda").await;
    stage.pass(SILENCE - ms(10)).await;
    first.write("ta: b\n\n").await;
    stage.pass(SILENCE - ms(10)).await;
    first.write("id: 3\ndata: c\n\n").await;
    let events = [("1", "a"), ("2", "b"), ("3", "c")];
    stage.verdict(&["connecting 0", "connected"], &events).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_after_it_was_given_up_is_not_heard() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\n").await;
    stage.client.events(&[("1", "a")]).await;
    stage.pass(SILENCE + ms(3)).await;
    first.flood("id: 2\ndata: late\n\n").await;
    let mut second = stage.opened(Ask::after("1")).await;
    second.write("id: 2\ndata: b\n\n").await;
    let states = [
        "connecting 0",
        "connected",
        SILENT_LATER,
        "connecting 0",
        "connected",
    ];
    stage.verdict(&states, &[("1", "a"), ("2", "b")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_promise_of_heartbeats_moves_the_limit() {
    for (every, limit, reported) in [
        (secs(4), secs(10), "waiting 1: nothing heard for 10 s"),
        (secs(60), secs(150), "waiting 1: nothing heard for 150 s"),
    ] {
        let mut stage = Stage::begun().await;
        let mut first = stage.opened(Ask::first()).await;
        stage.send(Command::Heartbeat(every));
        first.write("id: 1\ndata: a\n\n").await;
        let _second = stage.opened(Ask::after("1")).await;
        let proven = limit > secs(60);
        stage.waited(1, &plus(limit, &backoff(BASE, 0)));
        let reported = if proven {
            reported.replace("waiting 1", "waiting 0")
        } else {
            reported.to_owned()
        };
        let again = if proven { "connecting 0" } else { "connecting 1" };
        let states = ["connecting 0", "connected", &reported, again, "connected"];
        stage.verdict(&states, &[("1", "a")]).await;
    }
}
