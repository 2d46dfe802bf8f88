//! How an open stream ends, and what it leaves.

use std::time::Duration;

use gloria_stream::{Cause, Command, Delivery, EndCause, Limits, Overflow, Reachability, Status};
use tokio::time::Instant;

use crate::rig::{OPEN, Provider, Rig};

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn an_end_is_reported_after_the_events_before_it() {
    let mut rig = Rig::new().await;
    let connection = rig.answered(format!("{OPEN}data: a\n\ndata: cut")).await;
    drop(connection);
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    assert_eq!(rig.trouble().await, "the server closed the connection");
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_cut_broke_off() {
    let mut rig = Rig::new().await;
    let connection = rig
        .answered(format!("{CHUNKED}9\r\ndata: a\n\n\r\n40\r\ndata: cu"))
        .await;
    drop(connection);
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    assert!(rig.trouble().await.starts_with("the connection was lost"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_chunk_broke_off() {
    let mut rig = Rig::new().await;
    let mut connection = rig.answered(format!("{CHUNKED}9\r\ndata: a\n\n\r\nZZ\r\n")).await;
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    assert!(rig.trouble().await.starts_with("the connection was lost"));
    connection.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_broke_off() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    connection.write("data: a\n\n").await;
    assert_eq!(rig.data(1).await, ["a"]);
    connection.socket.set_zero_linger().unwrap();
    drop(connection);
    assert!(
        rig.trouble()
            .await
            .starts_with("the connection was lost: it was reset")
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_shorter_than_its_length_broke_off() {
    let mut rig = Rig::new().await;
    let connection = rig
        .answered(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100\r\n\r\ndata: a\n\n",
        )
        .await;
    drop(connection);
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    assert!(rig.trouble().await.starts_with("the connection was lost"));
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_noticed() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    connection.write("data: a\n\ndata: never fini").await;
    assert_eq!(rig.data(1).await, ["a"]);
    let begun = Instant::now();
    assert_eq!(rig.trouble().await, "nothing heard for 75 s");
    assert!(begun.elapsed() > Duration::from_secs(74));
    connection.hung_up().await;
    let last_heard = rig.stream.last_heard().unwrap();
    assert!(
        last_heard.elapsed().unwrap() < Duration::from_secs(60),
        "by the wall clock it was just now"
    );
}

#[tokio::test(start_paused = true)]
async fn slow_bytes_are_no_stall() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    for byte in b"data: slowly\n\n" {
        tokio::time::sleep(Duration::from_secs(70)).await;
        connection.write([*byte]).await;
    }
    assert_eq!(rig.data(1).await, ["slowly"]);
}

#[tokio::test(start_paused = true)]
async fn a_promised_heartbeat_is_relied_on() {
    let mut rig = Rig::new().await;
    let _connection = rig.open().await;
    rig.stream.send(Command::Heartbeat(Duration::from_secs(4)));
    assert_eq!(rig.trouble().await, "nothing heard for 10 s");
}

#[tokio::test(start_paused = true)]
async fn the_streams_own_pace_is_kept() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    connection.write("retry: 20000\n: no blank line needed\n").await;
    drop(connection);
    rig.trouble().await;
    let begun = Instant::now();
    rig.server.accept().await;
    assert!(begun.elapsed() > Duration::from_secs(19) && begun.elapsed() < Duration::from_secs(41));
}

#[tokio::test(start_paused = true)]
async fn waking_drops_what_was_open_and_dials_anew() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    first.write("id: 1\ndata: a\n\n").await;
    rig.data(1).await;
    rig.stream.send(Command::Woke(Duration::ZERO));
    first.hung_up().await;
    let begun = Instant::now();
    assert_eq!(rig.server.accept().await.header("last-event-id"), Some("1"));
    assert!(begun.elapsed() <= Duration::from_secs(1));
    assert_eq!(rig.trouble().await, "the computer was asleep");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_is_dialled_by_a_new_client() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    rig.stream.send(Command::Network(Reachability::Offline));
    rig.stream.send(Command::Network(Reachability::Online));
    first.hung_up().await;
    rig.server.accept().await.write(OPEN).await;
    assert_eq!(rig.trouble().await, "the network changed");
    rig.connected().await;
}

/// An event over the limits, on a server that sends it again until it is skipped.
#[tokio::test(start_paused = true)]
async fn an_oversized_event_is_given_up_at_the_third_time_and_the_stream_goes_on() {
    let limits = Limits {
        line: 64,
        event: 128,
        id: 16,
    };
    let mut rig = Rig::with(|options| options.limits = limits, Provider::anonymous()).await;
    let big = format!("id: 2\ndata: {}\n\nid: 3\ndata: c\n\n", "x".repeat(200));
    let mut connection = rig.answered(format!("{OPEN}id: 1\ndata: a\n\n{big}")).await;
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"], "what came before it is delivered");
    let overflow = Overflow::Line { limit: 64 };
    for (times, end) in [
        EndCause::Overflow(overflow),
        EndCause::Overflow(overflow),
        EndCause::OverflowRepeated(overflow, 3),
    ]
    .into_iter()
    .enumerate()
    {
        let Status::Waiting { cause, .. } = rig.status().await else {
            panic!("it does not wait")
        };
        assert_eq!(cause, Cause::Ended(end));
        connection.hung_up().await;
        connection = rig.server.accept().await;
        assert_eq!(
            connection.header("last-event-id"),
            Some("1"),
            "after {} overflows",
            times + 1
        );
        connection.write(format!("{OPEN}{big}")).await;
        rig.connected().await;
    }
    let Delivery::Skipped { id, bytes } = rig.delivery().await else {
        panic!("nothing was reported")
    };
    assert_eq!((&*id, bytes), ("2", 206));
    assert_eq!(rig.data(1).await, ["c"]);
}
