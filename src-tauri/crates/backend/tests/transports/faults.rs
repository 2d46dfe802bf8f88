//! The matrix: each of these runs over both transports.

use std::time::{Duration, Instant};

use gloria_backend::{Answer, HangUp, Pace, Route, Stall, TEST_TOKEN};
use gloria_stream::{Command, Delivery, Limits, Status};
use serde_json::json;

use crate::rig::{DEADLINE, Over, Rig, data, note};

macro_rules! over_both {
    ($($name:ident),+ $(,)?) => {
        mod over_sse {
            $(#[tokio::test] async fn $name() { super::$name(crate::rig::Over::Sse).await; })+
        }
        mod over_websocket {
            $(#[tokio::test] async fn $name() { super::$name(crate::rig::Over::WebSocket).await; })+
        }
    };
}

over_both!(
    events_arrive_in_order_with_the_same_strings,
    a_thousand_events_to_a_slow_reader_are_whole,
    chosen_types_arrive_alone,
    a_reset_loses_nothing,
    a_close_of_the_socket_loses_nothing,
    an_event_cut_in_half_comes_once,
    an_end_by_the_server_leads_to_the_next_connection,
    a_stall_is_noticed_and_made_good,
    a_server_that_takes_and_never_answers_is_given_up,
    a_closed_door_is_refused_and_an_open_one_found,
    a_lost_history_is_a_gap,
    slow_bytes_are_whole_events,
    an_oversized_event_is_passed_over_at_the_third_time,
    a_refused_token_is_asked_for_anew,
    a_token_refused_twice_is_given_up,
    halting_answers_halt,
    answers_that_mean_later_are_obeyed,
    a_hotels_page_is_no_stream,
    a_redirect_is_followed,
    what_is_asked_for_names_the_client_and_no_token,
);

async fn events_arrive_in_order_with_the_same_strings(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    for (event, id, text) in [
        (
            "notification.created",
            "7",
            "{\"id\": \"1\",  \"title\":\"\\u20ac\"}",
        ),
        ("workflow.started", "8", "not JSON, \\ and \"quotes\""),
        ("a", "9", "first\nsecond\n\nfourth"),
        ("b", "10", ""),
        ("c", "11", "  spaces: and colons : "),
    ] {
        rig.control.push_text(event, Some(id), text);
        let frame = rig.event().await;
        assert_eq!((&*frame.event, &*frame.id, &*frame.data), (event, id, text));
    }
    assert_eq!(rig.stream.ignored(), 0);
}

async fn a_thousand_events_to_a_slow_reader_are_whole(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    rig.control.push_many(20_000).unwrap();
    for id in 1..=20_000 {
        assert_eq!(*rig.event().await.id, id.to_string());
        if id % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(rig.cursors(), [None]);
}

async fn chosen_types_arrive_alone(over: Over) {
    let mut rig = Rig::with(over, &[TEST_TOKEN], |options| {
        options.url.set_query(Some("types=user.updated"));
    })
    .await;
    rig.open().await;
    rig.control.push("notification.created", note("unwanted"));
    rig.control.push("user.updated", json!({ "userId": "u" }));
    assert_eq!(&*rig.event().await.event, "user.updated");
}

async fn a_reset_loses_nothing(over: Over) {
    hung_up(over, HangUp::Reset).await;
}

async fn a_close_of_the_socket_loses_nothing(over: Over) {
    hung_up(over, HangUp::Fin).await;
}

async fn hung_up(over: Over, how: HangUp) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    for round in 0..3 {
        rig.passes(&format!("before-{round}")).await;
        rig.control.hang_up(how);
        rig.control
            .wait_for(|seen| seen.streams == 0, DEADLINE)
            .await
            .unwrap();
        rig.control.push("notification.created", note("missed"));
        let trouble = rig.trouble().await;
        assert!(trouble.starts_with("the connection was lost"), "{trouble}");
        assert_eq!(data(&rig.event().await), note("missed"));
    }
    let resumed = ["1", "3", "5"].map(|id| Some(id.to_owned()));
    assert_eq!(rig.cursors()[1..], resumed);
}

async fn an_event_cut_in_half_comes_once(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    rig.passes("1").await;
    let id = rig.control.cut_mid_event("notification.created", note("cut"));
    let trouble = rig.trouble().await;
    assert!(trouble.starts_with("the connection was lost"), "{trouble}");
    let frame = rig.event().await;
    assert_eq!((&*frame.id, data(&frame)), (&*id, note("cut")));
    rig.passes("after").await;
    assert_eq!(rig.cursors(), [None, Some("1".to_owned())]);
}

async fn an_end_by_the_server_leads_to_the_next_connection(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    rig.passes("1").await;
    rig.control.end_streams();
    assert_eq!(rig.trouble().await, "the server closed the connection");
    rig.greeted().await;
    rig.passes("2").await;
}

async fn a_stall_is_noticed_and_made_good(over: Over) {
    let mut rig = Rig::with(over, &[TEST_TOKEN], |options| {
        options.timing.heartbeat = Duration::from_millis(200);
    })
    .await;
    rig.control.set_heartbeat(Some(Duration::from_millis(100)));
    rig.open().await;
    rig.passes("1").await;
    rig.control.stall(Stall::Open);
    rig.control.push("notification.created", note("held"));
    assert_eq!(rig.trouble().await, "nothing heard for 0.5 s");
    let frame = rig.event().await;
    assert_eq!((&*frame.id, data(&frame)), ("2", note("held")));
}

async fn a_server_that_takes_and_never_answers_is_given_up(over: Over) {
    let mut rig = Rig::with(over, &[TEST_TOKEN], |options| {
        options.dial.first_byte = Duration::from_millis(300);
        options.timing.heartbeat = Duration::from_millis(100);
    })
    .await;
    rig.control.stall(Stall::Every);
    rig.stream.send(Command::Start { cursor: None });
    assert_eq!(rig.trouble().await, "no answer within 0.3 s");
    rig.control.resume();
    rig.greeted().await;
}

async fn a_closed_door_is_refused_and_an_open_one_found(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    rig.passes("1").await;
    rig.control.refuse().await.unwrap();
    rig.control.reset();
    rig.trouble().await;
    assert_eq!(rig.trouble().await, "the server refused the connection");
    rig.control.push("notification.created", note("missed"));
    rig.control.accept().await.unwrap();
    rig.stream.send(Command::RetryNow);
    assert_eq!(data(&rig.event().await), note("missed"));
}

async fn a_lost_history_is_a_gap(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    rig.passes("1").await;
    rig.control.refuse().await.unwrap();
    rig.control.reset();
    rig.trouble().await;
    rig.control.push_many(3).unwrap();
    rig.control.drop_history();
    rig.control.accept().await.unwrap();
    rig.stream.send(Command::RetryNow);
    let gap = rig.event().await;
    assert_eq!((&*gap.event, &*gap.id), ("stream.gap", "4"));
    assert_eq!(data(&gap), json!({ "from": "1", "to": "4" }));
}

async fn slow_bytes_are_whole_events(over: Over) {
    let mut rig = Rig::with(over, &[TEST_TOKEN], |options| {
        // Two and a half of these are less than one event takes, so each byte has to count, and far more than one byte.
        options.timing.heartbeat = Duration::from_secs(1);
    })
    .await;
    rig.open().await;
    rig.control.set_pace(Some(Pace {
        bytes: 1,
        every: Duration::from_millis(40),
    }));
    rig.passes("1").await;
    rig.control.set_pace(None);
    rig.passes("2").await;
    assert_eq!(rig.cursors(), [None]);
}

async fn an_oversized_event_is_passed_over_at_the_third_time(over: Over) {
    let mut rig = Rig::with(over, &[TEST_TOKEN], |options| {
        options.limits = Limits {
            line: 4096,
            event: 4096,
            id: 64,
        };
    })
    .await;
    rig.open().await;
    rig.passes("1").await;
    let huge = rig.control.push_huge(20_000);
    rig.control.push("notification.created", note("after"));
    for _ in 0..3 {
        let trouble = rig.trouble().await;
        assert!(trouble.contains("than 4096 bytes"), "{trouble}");
    }
    rig.stream.send(Command::RetryNow);
    loop {
        match rig.delivery().await {
            Delivery::PositionLost { id } => panic!("{id} was refused"),
            Delivery::Skipped { id, bytes } => {
                assert_eq!(*id, huge);
                assert!(bytes > 20_000, "{bytes}");
                break;
            }
            Delivery::Frames(frames) => {
                assert!(
                    frames
                        .iter()
                        .all(|frame| &*frame.event == "connection_established")
                );
            }
            Delivery::Status(_) => {}
        }
    }
    assert_eq!(data(&rig.event().await), note("after"));
}

async fn a_refused_token_is_asked_for_anew(over: Over) {
    let mut rig = Rig::with(over, &["expired", TEST_TOKEN], |_| {}).await;
    rig.open().await;
    rig.passes("1").await;
    let seen = rig.control.observed();
    let answers: Vec<_> = seen.stream_requests().map(|request| request.status).collect();
    let opened = if over == Over::Sse { 200 } else { 101 };
    assert_eq!(answers, [Some(401), Some(opened)]);
}

async fn a_token_refused_twice_is_given_up(over: Over) {
    let mut rig = Rig::with(over, &["expired", "revoked"], |_| {}).await;
    rig.stream.send(Command::Start { cursor: None });
    let trouble = rig.trouble().await;
    assert_eq!(
        trouble,
        "halted: the server does not accept the token; sign in again"
    );
    assert_eq!(rig.control.observed().requests_total, 2);
}

async fn halting_answers_halt(over: Over) {
    for (status, words) in [
        (403, "halted: this account has no access to the stream"),
        (410, "halted: the server asked this client to stop"),
        (204, "halted: the server asked this client to stop"),
    ] {
        let mut rig = Rig::new(over).await;
        rig.control.answer(Route::Stream, 1, Answer::new(status)).unwrap();
        rig.stream.send(Command::Start { cursor: None });
        assert_eq!(rig.trouble().await, words);
    }
}

async fn answers_that_mean_later_are_obeyed(over: Over) {
    for status in [429, 503] {
        let mut rig = Rig::new(over).await;
        let later = Answer::new(status).header("retry-after", "1");
        rig.control.answer(Route::Stream, 1, later).unwrap();
        rig.stream.send(Command::Start { cursor: None });
        assert_eq!(rig.trouble().await, format!("the server answered {status}"));
        let begun = Instant::now();
        rig.greeted().await;
        assert!(begun.elapsed() >= Duration::from_millis(900), "{status}");
    }
}

async fn a_hotels_page_is_no_stream(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.control
        .answer(Route::Stream, 1, Answer::captive_portal())
        .unwrap();
    rig.stream.send(Command::Start { cursor: None });
    let trouble = rig.trouble().await;
    assert!(
        trouble.starts_with("this address answered with text/html"),
        "{trouble}"
    );
    rig.stream.send(Command::RetryNow);
    rig.greeted().await;
}

async fn a_redirect_is_followed(over: Over) {
    let mut rig = Rig::new(over).await;
    let there = Answer::redirect(307, format!("{}?moved=1", over.path()));
    rig.control.answer(Route::Stream, 1, there).unwrap();
    rig.open().await;
    rig.passes("1").await;
    let seen = rig.control.observed();
    let last = seen.stream_requests().next_back().unwrap();
    assert_eq!(last.query.get("moved").map(String::as_str), Some("1"));
    assert_eq!(
        rig.statuses
            .iter()
            .filter(|status| matches!(status, Status::Connecting { .. }))
            .count(),
        1,
        "it is one attempt"
    );
}

async fn what_is_asked_for_names_the_client_and_no_token(over: Over) {
    let mut rig = Rig::new(over).await;
    rig.open().await;
    let seen = rig.control.observed();
    let request = seen.stream_requests().next().unwrap();
    assert_eq!(
        (&*request.path, request.header("user-agent")),
        (over.path(), Some("Gloria/1"))
    );
    assert!(request.query.is_empty(), "{:?}", request.query);
    assert_eq!(rig.backend.control().observed().streams, 1);
}
