//! Commands in every state.

use std::time::Duration;

use gloria_chaos::ask::Ask;
use gloria_stream::{Command, Reachability};

use crate::journal::Tokens;
use crate::numbers::{at_once, minutes, secs, short};
use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn stop_ends_what_is_under_way_and_nothing_follows() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    stage.send(Command::Stop);
    first.hung_up().await;
    for command in [
        Command::RetryNow,
        Command::Woke(Duration::ZERO),
        Command::CredentialsChanged,
        Command::Network(Reachability::Online),
    ] {
        stage.send(command);
        stage.pass(secs(24 * 3600)).await;
    }
    stage
        .verdict(&["connecting 0", "connected", "stopped"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_begun_elsewhere_asks_for_that_place_at_once() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 7\ndata: a\n\n").await;
    stage.client.events(&[("7", "a")]).await;
    stage.start(Some("40"));
    first.hung_up().await;
    let _second = stage.opened(Ask::after("40")).await;
    stage.waited(1, &at_once());
    stage
        .verdict(
            &["connecting 0", "connected", "connecting 0", "connected"],
            &[("7", "a")],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_cannot_speak_into_the_next() {
    let mut stage = Stage::begun().await;
    let mut old = stage.request(Ask::first()).await;
    stage.send(Command::Stop);
    stage.start(Some("7"));
    old.flood("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 9\ndata: old\n\n")
        .await;
    let mut new = stage.opened(Ask::after("7")).await;
    new.write("data: new\n\n").await;
    stage.client.events(&[("7", "new")]).await;
    old.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn waking_drops_a_stream_that_may_be_dead_and_resumes_within_a_second() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("id: 1\ndata: a\n\n").await;
    stage.client.events(&[("1", "a")]).await;
    stage.send(Command::Woke(Duration::ZERO));
    first.hung_up().await;
    let _second = stage.opened(Ask::after("1")).await;
    stage.waited(1, &short());
    let reported = "waiting 0: the computer was asleep";
    let states = ["connecting 0", "connected", reported, "connecting 0", "connected"];
    stage.verdict(&states, &[("1", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_is_used_within_a_second() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    stage.send(Command::Network(Reachability::Offline));
    stage.pass(secs(20)).await;
    stage.send(Command::Network(Reachability::Online));
    first.hung_up_within(secs(1)).await;
    let _second = stage.opened(Ask::first()).await;
    let reported = "waiting 0: the network changed";
    let states = ["connecting 0", "connected", reported, "connecting 0", "connected"];
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_owner_is_gone_hangs_up() {
    let stage = Stage::begun().await;
    let mut first = stage.request(Ask::first()).await;
    drop(stage.client);
    first.hung_up().await;
    assert!(stage.server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_a_network_comes_back_after_waking_counts_for_nothing() {
    let mut stage = Stage::with(|options| options.timing.max_attempts = 2, Tokens::none()).await;
    stage.start(None);
    let _first = stage.opened(Ask::first()).await;
    stage.send(Command::Woke(Duration::ZERO));
    let woke = tokio::time::Instant::now();
    let mut asked = 0;
    while woke.elapsed() < secs(14) {
        stage.request(Ask::first()).await.answer("502 Oops").await;
        asked += 1;
    }
    assert!(asked >= 3, "{asked} attempts");
    stage
        .client
        .until("a wait", |journal| {
            journal
                .states()
                .last()
                .is_some_and(|state| state == "waiting 0: the server answered 502")
        })
        .await;
    let states = stage.client.journal().states();
    assert!(
        !states.iter().any(|state| state.starts_with("circuit")),
        "{states:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_found_after_waking_is_looked_for_every_second_and_then_as_ever() {
    let mut stage = Stage::with(
        |options| options.url = "http://gloria.invalid/api/v1/sse".parse().unwrap(),
        Tokens::none(),
    )
    .await;
    stage.start(None);
    stage
        .client
        .state("waiting 1: no server found under this name")
        .await;
    stage.send(Command::Woke(Duration::ZERO));
    stage.pass(secs(20)).await;
    let looked = stage.client.journal().states().len() / 2;
    assert!((18..=42).contains(&looked), "{looked} times in twenty seconds");
    stage.pass(minutes(2)).await;
    let looked_later = stage.client.journal().states().len() / 2 - looked;
    assert!(looked_later <= 12, "{looked_later} times in two minutes");
}
