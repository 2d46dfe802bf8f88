//! When the next attempt is made.

use std::time::Duration;

use gloria_chaos::MIN_WAIT;
use gloria_chaos::ask::Ask;
use gloria_stream::{Command, Reachability, Status};

use crate::journal::Tokens;
use crate::numbers::{
    Span, after_retry, backoff, exactly, minutes, ms, retry_after, secs, short, slow, span,
};
use crate::stage::{BASE, Stage, assert_asks};

/// Sends this on a stream and closes it; the next attempt comes within the span.
async fn after_saying(said: &str, wait: Span) {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write(said).await;
    first.close();
    let _second = stage.opened(Ask::first()).await;
    stage.waited(1, &wait);
    let closed = "waiting 1: the server closed the connection";
    let states = ["connecting 0", "connected", closed, "connecting 1", "connected"];
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn the_streams_own_time_is_the_least_and_needs_no_blank_line() {
    after_saying("retry: 20000\n", after_retry(secs(20), 0)).await;
    after_saying(
        "retry:3000\nretry:1000x\nretry\nretry: -5\nretry: +5\nretry: 1.5\n",
        after_retry(secs(3), 0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_streams_time_of_nothing_does_not_spin_and_one_of_a_day_does_not_silence() {
    after_saying("retry: 0\n", after_retry(MIN_WAIT, 0)).await;
    after_saying("retry: 86400000\n", after_retry(minutes(5), 0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_streams_time_that_is_no_number_changes_nothing() {
    after_saying(
        "retry: soon\nretry:\nretry: 0x10\nretry: ٣\nretry: 99999999999999999999999\n",
        backoff(BASE, 0),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_streams_time_outlives_its_connection() {
    let mut stage = Stage::begun().await;
    let mut first = stage.opened(Ask::first()).await;
    first.write("retry: 20000\n").await;
    first.close();
    stage.request(Ask::first()).await.answer("503 Oops").await;
    let _third = stage.opened(Ask::first()).await;
    stage.waited(1, &after_retry(secs(20), 0));
    stage.waited(2, &after_retry(secs(20), 1));
    let states = [
        "connecting 0",
        "connected",
        "waiting 1: the server closed the connection",
        "connecting 1",
        "waiting 2: the server answered 503",
        "connecting 2",
        "connected",
    ];
    stage.verdict(&states, &[]).await;
}

/// Responds with these headers; the next attempt comes within the span.
async fn after_answer(head: &str, wait: Span) {
    let mut stage = Stage::begun().await;
    stage.request(Ask::first()).await.answer(head).await;
    let _second = stage.opened(Ask::first()).await;
    stage.waited(1, &wait);
    let reported = format!("waiting 1: the server answered {}", &head[..3]);
    stage
        .verdict(&["connecting 0", &reported, "connecting 1", "connected"], &[])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_seconds_is_obeyed() {
    for status in [408, 425, 429, 500, 503] {
        after_answer(
            &format!("{status} Later\r\nRetry-After: 100"),
            retry_after(secs(100)),
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_a_date_is_obeyed_by_its_own_clock() {
    let date = "Date: Sun, 06 Nov 1994 12:00:00 GMT";
    for until in [
        "Sun, 06 Nov 1994 12:01:40 GMT",
        "Sunday, 06-Nov-94 12:01:40 GMT",
        "Sun Nov  6 12:01:40 1994",
    ] {
        let head = format!("503 Later\r\n{date}\r\nRetry-After: {until}");
        after_answer(&head, retry_after(secs(100))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_that_has_passed_or_makes_no_sense_is_none() {
    let date = "Date: Sun, 06 Nov 1994 12:00:00 GMT";
    for after in ["Sun, 06 Nov 1994 11:59:00 GMT", "soon", "-1", "1.5", "", "0"] {
        let head = format!("503 Later\r\n{date}\r\nRetry-After: {after}");
        after_answer(&head, backoff(BASE, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_day_gets_an_hour() {
    for after in ["86400", "99999999999999999999"] {
        after_answer(
            &format!("429 Later\r\nRetry-After: {after}"),
            exactly(minutes(60)),
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asked_for_time_is_left_alone_by_the_network_and_not_by_the_user() {
    let mut stage = Stage::begun().await;
    let head = "429 Later\r\nRetry-After: 600";
    stage.request(Ask::first()).await.answer(head).await;
    stage.client.state("waiting 1: the server answered 429").await;
    for command in [
        Command::Network(Reachability::Offline),
        Command::Network(Reachability::Online),
        Command::Woke(Duration::ZERO),
        Command::CredentialsChanged,
    ] {
        stage.send(command);
        stage.pass(secs(60)).await;
    }
    assert!(stage.server.is_quiet(), "it was asked within its ten minutes");
    stage.send(Command::RetryNow);
    let reported = tokio::time::Instant::now();
    let _second = stage.opened(Ask::first()).await;
    let waited = stage.server.log().all()[1].at - reported;
    // The network's return was the first to shorten the wait, and two of these are ten seconds apart.
    assert!(short().contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn delays_spread_over_a_window_that_doubles_to_a_minute() {
    let stage = Stage::with(|options| options.timing.max_attempts = 1000, Tokens::none()).await;
    stage.start(None);
    let mut longest = ms(0);
    for failed in 0..40_u32 {
        stage.request(Ask::first()).await.answer("503 Oops").await;
        if failed > 0 {
            let number = usize::try_from(failed).unwrap();
            stage.waited(number, &backoff(BASE, (failed - 1).min(10)));
            longest = longest.max(stage.server.log().wait(number));
        }
    }
    assert!(longest > secs(45), "the window grew: {longest:?}");
    let total: std::time::Duration = (1..40).map(|number| stage.server.log().wait(number)).sum();
    assert!(
        total < secs(60) * 30,
        "they are spread, not all at the window's end: {total:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn ten_failures_open_the_circuit_which_is_probed_after_five_and_ten_minutes() {
    let mut stage = Stage::begun().await;
    for _ in 0..13 {
        stage.request(Ask::first()).await.answer("503 Oops").await;
    }
    stage
        .client
        .state("circuit open 13: the server answered 503")
        .await;
    stage.waited(9, &backoff(BASE, 8));
    stage.waited(10, &exactly(minutes(5)));
    stage.waited(11, &exactly(minutes(10)));
    stage.waited(12, &exactly(minutes(10)));
    let mut states = Vec::new();
    for attempt in 0..13 {
        let wait = if attempt < 9 { "waiting" } else { "circuit open" };
        states.push(format!("connecting {attempt}"));
        states.push(format!("{wait} {}: the server answered 503", attempt + 1));
    }
    let states: Vec<_> = states.iter().map(String::as_str).collect();
    stage.verdict(&states, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn the_user_the_network_and_waking_close_the_circuit_at_once() {
    let ways: [&[Command]; 3] = [
        &[Command::RetryNow],
        &[
            Command::Network(Reachability::Offline),
            Command::Network(Reachability::Online),
        ],
        &[Command::Woke(Duration::ZERO)],
    ];
    for commands in ways {
        let mut stage = Stage::with(|options| options.timing.max_attempts = 3, Tokens::none()).await;
        stage.start(Some("7"));
        for _ in 0..3 {
            stage.request(Ask::after("7")).await.answer("503 Oops").await;
        }
        stage
            .client
            .state("circuit open 3: the server answered 503")
            .await;
        for command in commands {
            stage.send(command.clone());
        }
        stage.request(Ask::after("7")).await.answer("503 Oops").await;
        stage.waited(3, &short());
        let _again = stage.opened(Ask::after("7")).await;
        // The count starts over.
        stage.waited(4, &backoff(BASE, 0));
        stage
            .client
            .until("connected", |journal| {
                matches!(journal.statuses.last(), Some((_, Status::Connected { .. })))
            })
            .await;
        assert!(stage.server.is_quiet());
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_rare_while_the_system_says_offline() {
    let stage = Stage::with(|options| options.timing.max_attempts = 1000, Tokens::none()).await;
    stage.send(Command::Network(Reachability::Offline));
    stage.start(None);
    let mut longest = ms(0);
    for number in 0..30 {
        stage.request(Ask::first()).await.answer("503 Oops").await;
        if number > 0 {
            stage.waited(number, &span(MIN_WAIT, minutes(10)));
            longest = longest.max(stage.server.log().wait(number));
        }
    }
    assert!(longest > minutes(5), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_flaps_makes_no_storm() {
    let mut stage = Stage::begun().await;
    let mut opened = 0_u32;
    let _first = stage.opened(Ask::first()).await;
    let begun = tokio::time::Instant::now();
    let mut open = Vec::new();
    while begun.elapsed() < minutes(5) {
        stage.send(Command::Network(Reachability::Offline));
        stage.send(Command::Network(Reachability::Online));
        stage.pass(ms(100)).await;
        while let Some(mut exchange) = stage.server.waiting().await {
            assert_asks(&exchange, &Ask::first(), &stage.server.address().to_string());
            exchange.open().await;
            open.push(exchange);
            opened += 1;
        }
    }
    assert!((20..=33).contains(&opened), "{opened} in five minutes");
    let log = stage.server.log().all();
    // Three may follow each other: an opened laptop wakes, gets a network, and then a VPN.
    for seen in log[1..].windows(4) {
        let apart = seen[3].at - seen[0].at;
        assert!(apart >= secs(9), "four within {apart:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_is_not_followed_may_say_when_to_come_back() {
    after_answer("300 Moving\r\nRetry-After: 300", retry_after(secs(300))).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_for_a_day_is_asked_a_few_hundred_times() {
    let stage = Stage::with(|options| options.timing.base_delay = ms(0), Tokens::none()).await;
    stage.start(None);
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < secs(24 * 3600) {
        stage.request(Ask::first()).await.answer("502 Oops").await;
    }
    let asked = stage.server.log().all().len();
    assert!((140..=160).contains(&asked), "{asked}");
    for number in 1..asked {
        assert!(stage.server.log().wait(number) >= MIN_WAIT);
    }
}

#[tokio::test(start_paused = true)]
async fn what_needs_somebody_is_asked_ever_more_rarely() {
    let mut stage = Stage::begun().await;
    for failed in 0..6_u32 {
        stage.request(Ask::first()).await.answer("404 Gone").await;
        if failed > 0 {
            stage.waited(usize::try_from(failed).unwrap(), &slow(failed - 1));
        }
    }
    stage.client.state("waiting 6: the server answered 404").await;
}
