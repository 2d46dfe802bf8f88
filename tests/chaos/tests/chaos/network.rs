//! Faults of networks and the devices in them, over both transports: every event arrives once, in order, and each
//! request resumes after the last one.

mod scene;

use std::sync::Arc;
use std::time::Duration;

use gloria_backend::Stall;
use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::proxy::{Admission, Cut, Faults};
use gloria_stream::{Command, StreamOptions};

use crate::journal::{Client, Tokens};
use crate::numbers::{SILENCE, at_once, backoff, ms, plus, secs, slow};
use crate::stage::{BASE, USER_AGENT};
use scene::{CREATED, Over, Scene};

async fn a_line_that_is_late_and_brings_one_byte_at_a_time_loses_nothing(over: Over) {
    let mut scene = Scene::new(over).await;
    scene.proxy.change(|faults| {
        faults.down.delay = Some(ms(300));
        faults.down.pace = Some((1, ms(5)));
    });
    scene.client.state("connected").await;
    scene.push(20);
    scene.received(20).await;
    scene.asked(&[""]);
    assert_eq!(scene.states(), ["connecting 0", "connected"]);
}

async fn one_byte_in_ten_seconds_is_life(over: Over) {
    let mut scene = Scene::open(over).await;
    // The framing of a chunk or a WebSocket frame is not part of the stream: there are up to six such bytes between two
    // bytes of the stream.
    scene
        .proxy
        .change(|faults| faults.down.pace = Some((1, secs(10))));
    scene.push(1);
    scene.received(3).await;
    scene.asked(&[""]);
}

async fn wherever_a_connection_is_cut_everything_comes_once(over: Over) {
    for how in [Cut::Fin, Cut::Reset, Cut::HalfClose] {
        let mut scene = Scene::open(over).await;
        let mut sent = 2;
        for (round, bytes) in (1..600).step_by(37).enumerate() {
            scene.proxy.set(Faults {
                cut: Some((bytes, how)),
                ..Faults::default()
            });
            scene.push(5);
            sent += 5;
            scene.reported("waiting", 2 * round + 2).await;
            scene.proxy.set(Faults::default());
            scene.received(sent).await;
        }
        // Each request resumed after the events that had arrived by then.
        let host = scene.proxy.address().to_string();
        for (number, seen) in scene.proxy.log().all().iter().enumerate() {
            let known = (0..=sent).any(|after| {
                let after = if after == 0 {
                    String::new()
                } else {
                    after.to_string()
                };
                scene.ask(&after).bytes(&host, USER_AGENT) == gloria_chaos::ask::comparable(&seen.head)
            });
            assert!(known, "request {number}: {}", seen.head.escape_ascii());
        }
    }
}

async fn a_replay_that_is_reset_again_and_again_arrives_whole(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.admission = Admission::Refused);
    scene.proxy.cut(Cut::Reset);
    scene.push(500);
    scene.proxy.set(Faults {
        cut: Some((9000, Cut::Reset)),
        ..Faults::default()
    });
    scene.reported("waiting", 4).await;
    scene.proxy.set(Faults::default());
    scene.received(502).await;
}

async fn a_peer_that_vanishes_is_noticed_and_what_it_sent_is_asked_for_again(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.down.lost = true);
    scene.push(3);
    scene.reported("waiting", 1).await;
    scene.proxy.set(Faults::default());
    scene.received(5).await;
    scene.asked(&["", "2"]);
    let states = scene.states();
    assert_eq!(states[2], "waiting 0: nothing heard for 75 s", "{states:?}");
}

async fn a_request_that_is_lost_on_the_way_is_made_again(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.up.lost = true);
    scene.proxy.cut(Cut::Fin);
    scene.reported("waiting 2: no answer within 75 s", 1).await;
    scene.proxy.set(Faults::default());
    scene.push(1);
    scene.received(3).await;
    scene.asked(&["", "2", "2"]);
    scene.waited(2, &plus(Duration::ZERO, &backoff(BASE, 1)));
}

async fn a_line_that_is_kept_for_a_minute_goes_on_where_it_was(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.down.paused = true);
    scene.push(3);
    scene.pass(secs(60)).await;
    scene.proxy.set(Faults::default());
    scene.received(5).await;
    scene.asked(&[""]);
    assert_eq!(scene.states(), ["connecting 0", "connected"]);
}

async fn a_network_without_a_way_is_tried_until_there_is_one(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.admission = Admission::Refused);
    scene.proxy.cut(Cut::Fin);
    scene
        .reported("waiting 4: the server refused the connection", 1)
        .await;
    scene.push(1);
    scene.proxy.set(Faults::default());
    scene.received(3).await;
    scene.asked(&["", "2"]);
}

async fn a_door_that_is_slammed_is_not_hammered(over: Over) {
    let mut scene = Scene::open(over).await;
    scene
        .proxy
        .change(|faults| faults.admission = Admission::ClosedAtOnce);
    scene.proxy.cut(Cut::Fin);
    let begun = tokio::time::Instant::now();
    scene
        .reported("waiting 8: the connection was lost before an answer", 1)
        .await;
    assert!(begun.elapsed() > secs(60), "{:?}", begun.elapsed());
    scene.proxy.set(Faults::default());
    scene.push(1);
    scene.received(3).await;
    scene.asked(&["", "2"]);
}

async fn a_door_that_resets_each_request_is_not_hammered(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.admission = Admission::Reset);
    scene.proxy.cut(Cut::Fin);
    scene
        .reported("waiting 6: the connection was lost before an answer", 1)
        .await;
    scene.proxy.set(Faults::default());
    scene.push(1);
    scene.received(3).await;
    scene.asked(&["", "2", "2", "2", "2", "2", "2"]);
    for number in 2..=5_u32 {
        scene.waited(usize::try_from(number).unwrap(), &backoff(BASE, number - 1));
    }
}

async fn a_captive_portal_is_reported_and_left_when_it_lets_through(over: Over) {
    let mut scene = Scene::open(over).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 17\r\n\r\n<p>Please sign in";
    scene
        .proxy
        .change(|faults| faults.admission = Admission::Answered(page.into()));
    scene.proxy.cut(Cut::Reset);
    scene
        .reported("waiting 2: this address answered with text/html", 1)
        .await;
    scene.proxy.set(Faults::default());
    scene.push(1);
    scene.received(3).await;
    scene.asked(&["", "2", "2"]);
    scene.waited(2, &slow(1));
}

async fn a_gateway_whose_server_is_away_is_tried_again(over: Over) {
    let mut scene = Scene::open(over).await;
    let answer = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    scene
        .proxy
        .change(|faults| faults.admission = Admission::Answered(answer.into()));
    scene.proxy.cut(Cut::Fin);
    scene.reported("waiting 3: the server answered 502", 1).await;
    scene.proxy.set(Faults::default());
    scene.push(1);
    scene.received(3).await;
    scene.asked(&["", "2", "2", "2"]);
    scene.waited(2, &backoff(BASE, 1));
    scene.waited(3, &backoff(BASE, 2));
}

async fn a_server_that_restarts_in_a_replay_is_asked_for_the_rest(over: Over) {
    let mut scene = Scene::open(over).await;
    scene
        .proxy
        .change(|faults| faults.down.pace = Some((500, ms(100))));
    scene.proxy.cut(Cut::Fin);
    scene.push(200);
    scene
        .client
        .until("some of the replay", |journal| journal.frames.len() > 20)
        .await;
    scene.control.refuse().await.unwrap();
    scene.control.reset();
    scene.reported("waiting", 3).await;
    scene.control.accept().await.unwrap();
    scene.received(202).await;
}

async fn a_server_that_stalls_for_ever_is_left(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.control.stall(Stall::Open);
    scene.push(2);
    scene.received(4).await;
    scene.asked(&["", "2"]);
    scene.waited(1, &backoff(BASE, 0));
    let seen = scene.proxy.log().all();
    assert!(plus(SILENCE, &backoff(BASE, 0)).contains(&(seen[1].at - seen[0].at)));
}

async fn a_server_that_no_longer_has_what_was_missed_says_so_once(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.proxy.change(|faults| faults.admission = Admission::Refused);
    scene.proxy.cut(Cut::Fin);
    scene.push(3);
    scene.control.drop_history();
    scene.pushed(&["kept"]);
    scene.proxy.set(Faults::default());
    scene
        .client
        .until("what was kept", |journal| {
            journal.frames.iter().any(|frame| &*frame.id == "6")
        })
        .await;
    let seen: Vec<_> = scene
        .client
        .journal()
        .frames
        .iter()
        .map(|frame| (frame.event.to_string(), frame.id.to_string()))
        .collect();
    let greeting = ("connection_established".to_owned(), "0".to_owned());
    let after: Vec<_> = seen
        .iter()
        .skip(1)
        .map(|(event, id)| (event.as_str(), id.as_str()))
        .collect();
    assert_eq!(seen[0], greeting, "its place before anything came");
    assert_eq!(
        after,
        [
            (CREATED, "1"),
            (CREATED, "2"),
            ("connection_established", "2"),
            ("stream.gap", "5"),
            (CREATED, "6"),
        ]
    );
    scene.asked(&["", "2"]);
}

async fn a_token_that_the_server_drops_is_replaced_at_once(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.control.require_token("another");
    scene.tokens.give("another");
    scene.proxy.cut(Cut::Reset);
    scene.reported("waiting", 1).await;
    scene.push(1);
    scene.received(3).await;
    let seen = scene.proxy.log().all();
    let ask = Ask::after("2").token("another");
    let ask = match over {
        Over::Sse => ask,
        Over::WebSocket => ask.by_websocket(),
    };
    assert_eq!(seen.len(), 2);
    assert_head(
        &seen[1].head,
        &ask,
        &scene.proxy.address().to_string(),
        USER_AGENT,
    );
}

async fn a_token_that_expires_under_a_stream_costs_one_request(over: Over) {
    let mut scene = Scene::open(over).await;
    scene.control.require_token("another");
    scene.proxy.cut(Cut::Fin);
    // The old token was rejected; the second query returns the current one, which is the old one again.
    scene
        .reported("halted: the token has expired or was withdrawn", 1)
        .await;
    scene.asked(&["", "2", "2"]);
    scene.waited(2, &at_once());
    scene.tokens.give("another");
    scene.client.stream.send(Command::CredentialsChanged);
    scene.push(1);
    scene.received(3).await;
}

async fn a_proxy_that_holds_the_body_back_is_reported_after_three_streams(over: Over) {
    let mut scene = Scene::new(over).await;
    scene.proxy.change(|faults| faults.buffer = Some(64 << 10));
    let paused = "something between here and the server, such as a proxy, is buffering the stream: \
                3 times no byte arrived";
    scene.reported(&format!("waiting 3: {paused}"), 1).await;
    let silent = |attempt| format!("waiting {attempt}: nothing heard for 75 s");
    let (one, two, three) = (silent(1), silent(2), format!("waiting 3: {paused}"));
    assert_eq!(
        scene.states(),
        [
            "connecting 0",
            "connected",
            &one,
            "connecting 1",
            "connected",
            &two,
            "connecting 2",
            "connected",
            &three,
        ]
    );
    scene.proxy.set(Faults::default());
    scene.client.state("connected").await;
    scene.push(3);
    scene.received(3).await;
    scene.asked(&["", "", "", ""]);
    scene.waited(2, &backoff(BASE, 1));
    scene.waited(3, &slow(2));
}

macro_rules! over_both {
    ($($case:ident)*) => {
        mod over_sse {
            $(
                #[tokio::test(start_paused = true)]
                async fn $case() {
                    super::$case(super::Over::Sse).await;
                }
            )*
        }

        mod over_a_websocket {
            $(
                #[tokio::test(start_paused = true)]
                async fn $case() {
                    super::$case(super::Over::WebSocket).await;
                }
            )*
        }
    };
}

over_both! {
    a_line_that_is_late_and_brings_one_byte_at_a_time_loses_nothing
    one_byte_in_ten_seconds_is_life
    wherever_a_connection_is_cut_everything_comes_once
    a_replay_that_is_reset_again_and_again_arrives_whole
    a_peer_that_vanishes_is_noticed_and_what_it_sent_is_asked_for_again
    a_request_that_is_lost_on_the_way_is_made_again
    a_line_that_is_kept_for_a_minute_goes_on_where_it_was
    a_network_without_a_way_is_tried_until_there_is_one
    a_door_that_is_slammed_is_not_hammered
    a_door_that_resets_each_request_is_not_hammered
    a_captive_portal_is_reported_and_left_when_it_lets_through
    a_gateway_whose_server_is_away_is_tried_again
    a_server_that_restarts_in_a_replay_is_asked_for_the_rest
    a_server_that_stalls_for_ever_is_left
    a_server_that_no_longer_has_what_was_missed_says_so_once
    a_token_that_the_server_drops_is_replaced_at_once
    a_token_that_expires_under_a_stream_costs_one_request
    a_proxy_that_holds_the_body_back_is_reported_after_three_streams
}

/// A byte order mark or a comment that a proxy inserts before the body does no harm; a WebSocket has no place for them.
#[tokio::test(start_paused = true)]
async fn what_a_proxy_puts_before_the_body_does_no_harm() {
    for injected in [
        "\u{FEFF}",
        ": scanned by a proxy\n\n",
        "\u{FEFF}: both\r\n",
        "junk\r\rmore: junk\n\n",
    ] {
        let mut scene = Scene::new(Over::Sse).await;
        scene
            .proxy
            .change(|faults| faults.injected = Some(injected.into()));
        scene.client.state("connected").await;
        scene.push(3);
        scene.received(3).await;
        scene.asked(&[""]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_backs_off() {
    let options = StreamOptions::new("http://gloria.invalid/api/v1/sse".parse().unwrap(), USER_AGENT, 7);
    let mut client = Client::spawn(options, Arc::new(Tokens::none()));
    client.stream.send(Command::Start { cursor: None });
    let (one, two) = (
        "waiting 1: no server found under this name",
        "waiting 2: no server found under this name",
    );
    client.states(&["connecting 0", one, "connecting 1", two]).await;
}
