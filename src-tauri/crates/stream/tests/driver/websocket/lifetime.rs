//! The lifetime of a WebSocket: pings, close codes, rejected tokens, commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gloria_stream::{Command, HaltReason, IdleReason, Limits, Observer, Reachability, Status, Step};
use tokio::time::Instant;

use super::{CLOSE, FIN, PING, PONG, accepted, close, event, frame, open, rig, sent, text, with};
use crate::rig::{Provider, is_halted};

#[tokio::test(start_paused = true)]
async fn silence_is_asked_about_before_it_counts() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    let begun = Instant::now();
    for _ in 0..100 {
        let asked = sent(&mut connection).await;
        assert_eq!(asked, (FIN | PING, Vec::new()));
        connection.write(frame(FIN | PONG, b"")).await;
    }
    let waited = begun.elapsed().as_secs();
    assert!((2990..=3010).contains(&waited), "a ping each 30 s: {waited} s");
    assert!(rig.server.is_quiet(), "it is the same connection");
    assert_eq!(rig.trouble().await, "nothing heard for 75 s");
    for _ in 0..2 {
        assert_eq!(sent(&mut connection).await.0, FIN | PING);
    }
    assert_eq!(sent(&mut connection).await, (FIN | CLOSE, Vec::new()));
    connection.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_while_there_is_something_to_hear() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_secs(29)).await;
        connection.write(event("", "a")).await;
        rig.data(1).await;
    }
    let nothing = connection.socket.try_read(&mut [0; 16]);
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test(start_paused = true)]
async fn a_promised_heartbeat_is_relied_on() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    rig.stream.send(Command::Heartbeat(Duration::from_secs(4)));
    let begun = Instant::now();
    assert_eq!(sent(&mut connection).await.0, FIN | PING);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(rig.trouble().await, "nothing heard for 10 s");
}

#[tokio::test(start_paused = true)]
async fn slow_bytes_are_no_stall() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    for byte in event("", "slowly") {
        tokio::time::sleep(Duration::from_secs(70)).await;
        connection.write([byte]).await;
    }
    assert_eq!(rig.data(1).await, ["slowly"]);
}

#[tokio::test(start_paused = true)]
async fn each_close_leads_where_its_code_says() {
    for (bytes, trouble) in [
        (close(1000), "the server closed the connection"),
        (close(1001), "the server closed the connection"),
        (frame(FIN | CLOSE, b""), "the server closed the connection"),
        (close(1011), "the server closed the connection with code 1011"),
        (close(1012), "the server closed the connection with code 1012"),
        (close(1013), "the server closed the connection with code 1013"),
        (
            close(1008),
            "the server closed the connection because of its policy (1008)",
        ),
        (close(4000), "the server closed the connection with code 4000"),
        (close(4403), "halted: this account has no access to the stream"),
        (close(4410), "halted: the server asked this client to stop"),
        (
            Vec::new(),
            "the connection was lost: it ended without a close frame",
        ),
    ] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        connection.write([event("1", "a"), bytes.clone()].concat()).await;
        if bytes.is_empty() {
            drop(connection);
        }
        assert_eq!(rig.data(1).await, ["a"], "what came before is delivered");
        assert_eq!(rig.trouble().await, trouble);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_is_answered() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection.write(close(1001)).await;
    let (first, payload) = sent(&mut connection).await;
    assert_eq!((first, &payload[..2]), (FIN | CLOSE, &1001_u16.to_be_bytes()[..]));
    connection.hung_up().await;
    rig.trouble().await;
    accepted(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_the_server_is_met_slowly() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection.write(close(1008)).await;
    rig.trouble().await;
    let begun = Instant::now();
    rig.server.accept().await;
    assert!(begun.elapsed() >= Duration::from_secs(59));
}

/// Counts how often the observer saw a rejected token.
#[derive(Debug, Default)]
struct Refusals(AtomicUsize);

impl Observer for Refusals {
    fn observe(&self, step: Step<'_>) {
        self.0
            .fetch_add(usize::from(step == Step::TokenRefused), Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_is_asked_for_anew_and_refused_twice_is_given_up() {
    let mut rig = with(Limits::default(), Provider::bearer(&["old", "new", "newer"])).await;
    let refusals = Arc::new(Refusals::default());
    rig.stream.observe(Arc::clone(&refusals) as _);
    let mut first = open(&mut rig).await;
    first.write(event("7", "a")).await;
    rig.data(1).await;
    let begun = Instant::now();
    first.write(close(4401)).await;
    let mut second = accepted(&mut rig).await;
    assert!(begun.elapsed() < Duration::from_millis(100), "at once");
    assert_eq!(second.header("authorization"), Some("Bearer new"));
    assert_eq!(second.path(), "/sse?lastEventId=7");
    // An hour later, this one has expired too.
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        second.write(event("8", "b")).await;
        rig.data(1).await;
    }
    second.write(close(4401)).await;
    let mut third = accepted(&mut rig).await;
    assert_eq!(third.header("authorization"), Some("Bearer newer"));
    // A token that was accepted moments ago has not.
    third.write(close(4401)).await;
    assert!(is_halted(&rig.status().await, HaltReason::Unauthorized));
    assert_eq!(rig.provider.asked(), [false, true, true]);
    assert_eq!(refusals.0.load(Ordering::Relaxed), 3);
    tokio::time::sleep(Duration::from_secs(29 * 60)).await;
    assert!(rig.server.is_quiet());
    // The server that rejected it may accept it later.
    accepted(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_broke_off() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection.write(event("1", "a")).await;
    rig.data(1).await;
    connection.socket.set_zero_linger().unwrap();
    drop(connection);
    let trouble = rig.trouble().await;
    assert!(
        trouble.starts_with("the connection was lost: it was reset"),
        "{trouble}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_streams_own_pace_is_kept() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection.write(text(r#"{"retry":20000}"#)).await;
    drop(connection);
    rig.trouble().await;
    let begun = Instant::now();
    rig.server.accept().await;
    assert!(begun.elapsed() > Duration::from_secs(19) && begun.elapsed() < Duration::from_secs(41));
}

#[tokio::test(start_paused = true)]
async fn commands_count_as_over_any_transport() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    for command in [
        Command::RetryNow,
        Command::CredentialsChanged,
        Command::Network(Reachability::Offline),
    ] {
        rig.stream.send(command);
        connection.write(event("", "still")).await;
        assert_eq!(rig.data(1).await, ["still"]);
    }
    rig.stream.send(Command::Woke(Duration::ZERO));
    assert_eq!(sent(&mut connection).await, (FIN | CLOSE, Vec::new()));
    connection.hung_up().await;
    assert_eq!(rig.trouble().await, "the computer was asleep");
    rig.stream.send(Command::Stop);
    while rig.status().await != Status::Idle(IdleReason::Stopped) {}
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_closes_the_socket() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    drop(rig.stream);
    assert_eq!(sent(&mut connection).await, (FIN | CLOSE, Vec::new()));
    connection.hung_up().await;
}
