use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, Credentials, TEST_TOKEN};
use serde_json::json;

use crate::client::{DEADLINE, Events, backend, data, get, http, note, stream, stream_after};

#[tokio::test]
async fn the_stream_is_an_uncached_event_stream_and_begins_with_a_greeting() {
    let backend = backend().await;
    let response = get(&backend, "/sse")
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache, no-transform");
    assert_eq!(response.headers()["x-accel-buffering"], "no");

    let greeting = Events::of(response).event().await;
    assert_eq!(
        (greeting.event.as_str(), greeting.id.as_str()),
        ("connection_established", "0"),
        "a newcomer is given its place"
    );
    let greeting = data(&greeting);
    assert_eq!(greeting["heartbeatInterval"], 30_000);
    assert!(
        greeting["serverTime"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok()
    );
    assert!(greeting["connectionId"].is_string());
    assert_eq!(greeting["userId"], "user-1");
    assert!(
        greeting["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("gap"))
    );
}

#[tokio::test]
async fn pushed_events_arrive_in_order_with_rising_ids() {
    let backend = backend().await;
    let mut events = stream(&backend).await;
    let control = backend.control();
    assert_eq!(control.push("notification.created", note("a")), "1");
    assert_eq!(
        control.push("workflow.started", json!({ "workflowId": "w" })),
        "2"
    );
    let (first, second) = (events.event().await, events.event().await);
    assert_eq!(
        (first.event.as_str(), first.id.as_str()),
        ("notification.created", "1")
    );
    assert_eq!(data(&first), note("a"));
    assert_eq!(
        (second.event.as_str(), second.id.as_str()),
        ("workflow.started", "2")
    );
}

#[tokio::test]
async fn what_was_missed_is_replayed_after_the_cursor_of_header_or_query() {
    let backend = backend().await;
    let range = backend.control().push_many(2500).unwrap();
    assert_eq!((range.first.as_str(), range.last.as_str()), ("1", "2500"));

    let mut by_header = stream_after(&backend, "2").await;
    for id in 3..=2500 {
        assert_eq!(by_header.event().await.id, id.to_string());
    }
    let mut by_query = Events::open(get(&backend, "/sse?lastEventId=2499"))
        .await
        .greeted()
        .await;
    assert_eq!(by_query.event().await.id, "2500");
    let both = get(&backend, "/sse?lastEventId=1").header("last-event-id", "2498");
    assert_eq!(Events::open(both).await.greeted().await.event().await.id, "2499");

    let seen = backend.control().observed();
    let cursors: Vec<_> = seen
        .stream_requests()
        .map(|request| request.last_event_id().unwrap())
        .collect();
    assert_eq!(cursors, ["2", "2499", "2498"]);
}

#[tokio::test]
async fn a_newcomer_gets_only_what_is_new_unless_asked_otherwise() {
    let options = BackendOptions {
        replay_to_newcomers: true,
        ..BackendOptions::default()
    };
    for (backend, first) in [
        (backend().await, "2"),
        (Backend::start(options).await.unwrap(), "1"),
    ] {
        backend.control().push("notification.created", note("old"));
        let mut events = stream(&backend).await;
        backend.control().push("notification.created", note("new"));
        assert_eq!(events.event().await.id, first);
    }
}

#[tokio::test]
async fn a_cursor_older_than_the_history_gets_a_gap_then_all_that_is_kept() {
    let options = BackendOptions {
        history: 3,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    backend.control().push_many(10);

    let mut whole = stream_after(&backend, "7").await;
    assert_eq!(whole.event().await.id, "8");

    let mut torn = stream_after(&backend, "6").await;
    let gap = torn.event().await;
    assert_eq!(gap.event, "stream.gap");
    assert_eq!(data(&gap), json!({ "from": "6", "to": "7" }));
    // The client's cursor goes to where the kept events begin, so the same gap is reported once.
    assert_eq!(gap.id, "7");
    assert_eq!(torn.event().await.id, "8");
}

#[tokio::test]
async fn a_dropped_history_is_a_gap_and_an_unheard_of_cursor_too() {
    let backend = backend().await;
    backend.control().push_many(3);
    backend.control().drop_history();
    assert_eq!(
        data(&stream_after(&backend, "1").await.event().await),
        json!({ "from": "1", "to": "3" })
    );
    let unheard = stream_after(&backend, "from-another-life").await.event().await;
    assert_eq!(data(&unheard), json!({ "from": "from-another-life", "to": "3" }));
    assert!(stream_after(&backend, "3").await.is_silent().await);
}

#[tokio::test]
async fn chosen_types_arrive_alone_beside_what_is_about_the_stream() {
    let backend = backend().await;
    let request = get(&backend, "/sse?types=workflow.started,user.updated");
    let mut events = Events::open(request).await.greeted().await;
    let control = backend.control();
    control.push("notification.created", note("unwanted"));
    control.push("user.updated", json!({ "userId": "u" }));
    control.beat();
    assert_eq!(events.event().await.event, "user.updated");
    assert_eq!(events.event().await.event, "heartbeat");
}

#[tokio::test]
async fn heartbeats_come_at_the_interval_that_is_in_force() {
    let options = BackendOptions {
        heartbeat: None,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let mut events = Events::open(get(&backend, "/sse")).await;
    assert!(data(&events.event().await).get("heartbeatInterval").is_none());
    assert!(events.is_silent().await);
    backend.control().set_heartbeat(Some(Duration::from_millis(20)));
    for _ in 0..3 {
        let beat = events.event().await;
        assert_eq!((beat.event.as_str(), beat.id.as_str()), ("heartbeat", "0"));
        assert!(
            data(&beat)["timestamp"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .is_ok()
        );
    }
    let mut later = Events::open(get(&backend, "/sse")).await;
    assert_eq!(data(&later.event().await)["heartbeatInterval"], 20);
}

#[tokio::test]
async fn a_token_is_taken_from_header_or_query_and_nothing_else_gets_in() {
    let backend = backend().await;
    let url = format!("{}/sse", backend.api_url());
    let http = http();
    for request in [
        http.get(&url),
        http.get(&url).bearer_auth("wrong"),
        http.get(&url)
            .header("authorization", format!("Basic {TEST_TOKEN}")),
        http.get(format!("{url}?token=wrong")),
        http.get(format!("{}/notifications", backend.api_url())),
        http.get(format!("{}/blast?events=1", backend.api_url())),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(
            (&problem["status"], &problem["title"]),
            (&json!(401), &json!("Unauthorized"))
        );
        assert!(problem["type"].is_string() && problem["detail"].is_string());
    }
    Events::open(http.get(format!("{url}?token={TEST_TOKEN}")))
        .await
        .greeted()
        .await;
    Events::open(http.get(&url).bearer_auth(TEST_TOKEN))
        .await
        .greeted()
        .await;
    assert_eq!(
        http.get(format!("{}/health", backend.api_url()))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );

    let seen = backend.control().observed();
    let credentials: Vec<_> = seen
        .stream_requests()
        .map(|request| request.credentials)
        .collect();
    use Credentials::{Bearer, None, Query};
    assert_eq!(credentials, [None, Bearer, Bearer, Query, Query, Bearer]);
    let reported = serde_json::to_string(&seen).unwrap();
    assert!(
        !reported.contains(TEST_TOKEN) && !reported.contains("wrong"),
        "a token leaked into {reported}"
    );
}

#[tokio::test]
async fn only_a_client_that_takes_events_gets_them() {
    let backend = backend().await;
    let status = async |accept: &str| {
        get(&backend, "/sse")
            .header("accept", accept)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(status("application/json").await, 406);
    assert_eq!(status("text/html, text/event-stream;q=0.5").await, 200);
    assert_eq!(status("*/*").await, 200);
}

#[tokio::test]
async fn a_backend_without_the_optional_parts_has_only_the_stream() {
    let options = BackendOptions {
        optional_parts: false,
        history: 1,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    backend.control().push_many(3);
    let mut events = Events::open(get(&backend, "/sse?types=none").header("last-event-id", "1")).await;
    assert!(data(&events.event().await).get("capabilities").is_none());
    assert_eq!(events.event().await.id, "3");
    let missing = get(&backend, "/notifications").send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_stopped_backend_leaves_no_connection_and_no_listener() {
    let backend = backend().await;
    let mut events = stream(&backend).await;
    let (address, control) = (backend.address(), backend.control());
    backend.stop().await;
    assert!(events.next().await.unwrap().is_err());
    assert_eq!(control.observed().connections, 0);
    assert_eq!(
        tokio::net::TcpStream::connect(address).await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused
    );
    assert!(control.refuse().await.is_err());
    let again = BackendOptions {
        listen: address,
        ..BackendOptions::default()
    };
    assert_eq!(Backend::start(again).await.unwrap().address(), address);
}

#[tokio::test]
async fn a_dropped_backend_hangs_up() {
    let backend = backend().await;
    let mut events = stream(&backend).await;
    drop(backend);
    assert!(events.next().await.unwrap().is_err());
}

#[tokio::test]
async fn a_wait_ends_when_it_is_so_and_says_what_was_seen_when_it_is_not() {
    let backend = backend().await;
    let control = backend.control();
    let waiting = tokio::spawn({
        let control = control.clone();
        async move { control.wait_for(|seen| seen.streams == 1, DEADLINE).await }
    });
    let events = stream(&backend).await;
    assert_eq!(waiting.await.unwrap().unwrap().streams_total, 1);
    drop(events);
    control
        .wait_for(|seen| seen.streams == 0 && seen.connections == 0, DEADLINE)
        .await
        .unwrap();
    let late = control
        .wait_for(|seen| seen.streams == 1, Duration::from_millis(1))
        .await
        .unwrap_err();
    assert!(
        late.to_string().contains("0 streams of 1 so far, 1 requests"),
        "{late}"
    );
}

#[tokio::test]
async fn a_blast_has_exactly_the_events_and_bytes_that_were_asked_for() {
    let backend = backend().await;
    let response = get(&backend, "/blast?events=2000&size=114").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.bytes().await.unwrap().len(), 2000 * 114);

    let mut events = Events::open(get(&backend, "/blast?events=700&size=200")).await;
    for id in 1..=700 {
        let (event, id) = (events.event().await, format!("{id:010}"));
        assert_eq!((event.event.as_str(), &event.id), ("notification.created", &id));
        assert_eq!(data(&event)["id"], id);
    }
    assert!(events.next().await.is_none());
    for wrong in ["events=-1", "size=10", "size=x", "events=99999999999"] {
        let response = get(&backend, &format!("/blast?{wrong}")).send().await.unwrap();
        assert_eq!(response.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_greeting_gives_a_newcomer_its_place_and_moves_nobody_who_has_one() {
    let backend = backend().await;
    let control = backend.control();
    control.push("notification.created", note("a"));
    control.push("notification.created", note("b"));
    let response = get(&backend, "/sse").send().await.unwrap();
    assert_eq!(Events::of(response).event().await.id, "2");
    let response = get(&backend, "/sse?lastEventId=1").send().await.unwrap();
    let mut resumed = Events::of(response);
    let (greeting, missed) = (resumed.event().await, resumed.event().await);
    assert_eq!((greeting.id.as_str(), missed.id.as_str()), ("", "2"));
}
