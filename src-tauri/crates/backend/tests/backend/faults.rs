use std::io::ErrorKind;
use std::time::Duration;

use gloria_backend::{
    Answer, Backend, BackendOptions, HangUp, InvalidAnswer, Pace, Route, Stall, TEST_TOKEN,
};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use crate::client::{DEADLINE, Events, Raw, backend, data, get, http, note, stream, stream_after};

#[tokio::test]
async fn raw_bytes_reach_the_client_as_they_are() {
    let backend = backend().await;
    let mut raw = Raw::stream(&backend).await;
    backend.control().push_raw(&b"data: \xff\r\rretry: 17\n"[..]);
    raw.until("retry: 17\n").await;
    let bytes = b"data: \xff\r\rretry: 17\n";
    assert!(raw.received.windows(bytes.len()).any(|window| window == bytes));
}

#[tokio::test]
async fn a_stalled_stream_is_silent_and_open_and_loses_nothing() {
    let backend = backend().await;
    let control = backend.control();
    let mut raw = Raw::stream(&backend).await;
    control.stall(Stall::Open);
    control.set_heartbeat(Some(Duration::from_millis(10)));
    control.push("notification.created", note("held"));
    assert!(raw.is_silent().await);
    assert_eq!(control.observed().streams, 1);

    // Who connects anew is served.
    let mut other = stream_after(&backend, "0").await;
    assert_eq!(other.event().await.id, "1");

    control.push("notification.created", note("newest"));
    control.resume();
    raw.until("\"newest\"").await;
    assert!(raw.text().contains("\"held\""));
    assert!(!raw.text().contains("heartbeat\n"), "heartbeats were saved up");
}

#[tokio::test]
async fn a_stalled_stream_that_is_ended_stays_silent_until_resumed() {
    let backend = backend().await;
    let control = backend.control();
    let mut raw = Raw::stream(&backend).await;
    control.stall(Stall::Open);
    control.end_streams();
    control
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    assert!(raw.is_silent().await);
    control.resume();
    raw.until("0\r\n\r\n").await;
}

#[tokio::test]
async fn with_every_stream_stalled_a_new_one_gets_not_even_a_head() {
    let backend = backend().await;
    let control = backend.control();
    control.stall(Stall::Every);
    let mut raw = Raw::get(&backend, "/api/v1/sse").await;
    control
        .wait_for(|seen| seen.streams == 1, DEADLINE)
        .await
        .unwrap();
    assert!(raw.is_silent().await);
    assert!(raw.received.is_empty());
    // Other requests are answered.
    assert_eq!(
        get(&backend, "/notifications").send().await.unwrap().status(),
        200
    );
    control.resume();
    raw.until("HTTP/1.1 200 OK").await;
}

#[tokio::test]
async fn a_stalled_stream_can_be_reset() {
    let backend = backend().await;
    let mut raw = Raw::stream(&backend).await;
    backend.control().stall(Stall::Every);
    backend.control().push("notification.created", note("unsent"));
    backend.control().reset();
    assert_eq!(raw.finish().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(!raw.text().contains("unsent"));
}

#[tokio::test]
async fn a_cut_ends_the_connection_inside_an_event_that_is_replayed_whole() {
    let backend = backend().await;
    let mut raw = Raw::stream(&backend).await;
    let id = backend
        .control()
        .cut_mid_event("notification.created", note("torn"));
    // FIN, not RST: the read ends well. The body has no last chunk, and the event no end.
    raw.finish().await.unwrap();
    let text = raw.text();
    assert!(
        text.contains("event: notification.created\nid: 1\ndata: {"),
        "{text}"
    );
    assert!(
        !text.contains("14:00\"}") && !text.contains("0\r\n\r\n"),
        "{text}"
    );

    let mut events = stream_after(&backend, "0").await;
    let event = events.event().await;
    assert_eq!((&event.id, data(&event)["id"].as_str()), (&id, Some("torn")));
}

#[tokio::test]
async fn a_cut_is_an_error_inside_the_body_for_an_http_client() {
    let backend = backend().await;
    let mut events = stream(&backend).await;
    backend.control().push("notification.created", note("whole"));
    backend
        .control()
        .cut_mid_event("notification.created", note("torn"));
    assert_eq!(events.event().await.id, "1");
    assert!(events.next().await.unwrap().is_err());
}

#[tokio::test]
async fn a_reset_is_a_reset_on_every_connection() {
    let backend = backend().await;
    let mut streams = [Raw::stream(&backend).await, Raw::stream(&backend).await];
    let mut idle = Raw::get(&backend, "/api/v1/health").await;
    idle.until("{\"status\":\"ok\"}").await;
    backend.control().reset();
    for raw in streams.iter_mut().chain([&mut idle]) {
        assert_eq!(raw.finish().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    backend
        .control()
        .wait_for(|seen| seen.connections == 0, DEADLINE)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hang_up_with_fin_has_no_last_chunk_and_an_ended_stream_has() {
    let backend = backend().await;
    let mut hung_up = Raw::stream(&backend).await;
    backend.control().hang_up(HangUp::Fin);
    hung_up.finish().await.unwrap();
    assert!(!hung_up.text().ends_with("0\r\n\r\n"));

    let mut ended = Raw::stream(&backend).await;
    backend.control().end_streams();
    ended.until("\r\n0\r\n\r\n").await;
    let seen = backend
        .control()
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    assert_eq!(seen.connections, 1);
}

#[tokio::test]
async fn scripted_answers_come_in_line_and_then_the_real_one() {
    let backend = backend().await;
    let control = backend.control();
    let busy = Answer::new(429)
        .header("retry-after", "7")
        .body("text/plain", "later");
    control.answer(Route::Stream, 2, busy).unwrap();
    control.answer(Route::Stream, 1, Answer::new(503)).unwrap();
    control.answer(Route::List, 1, Answer::new(500)).unwrap();
    for _ in 0..2 {
        let response = get(&backend, "/sse").send().await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "7");
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.text().await.unwrap(), "later");
    }
    assert_eq!(get(&backend, "/sse").send().await.unwrap().status(), 503);
    stream(&backend).await;
    assert_eq!(
        get(&backend, "/notifications").send().await.unwrap().status(),
        500
    );
    assert_eq!(
        get(&backend, "/notifications").send().await.unwrap().status(),
        200
    );
    let seen = control.observed();
    let statuses: Vec<_> = seen
        .stream_requests()
        .map(|request| request.status.unwrap())
        .collect();
    assert_eq!(statuses, [429, 429, 503, 200]);

    control.answer(Route::Stream, 9, Answer::new(410)).unwrap();
    control.clear_answers();
    stream(&backend).await;
    assert_eq!(
        control.answer(Route::Stream, 1, Answer::new(99)),
        Err(InvalidAnswer::Status(99))
    );
    let bad = Answer::new(200).header("x", "line\nbreak");
    assert_eq!(
        control.answer(Route::Stream, 1, bad),
        Err(InvalidAnswer::Header("x".into()))
    );
}

#[tokio::test]
async fn a_captive_portal_answers_before_the_token_is_looked_at() {
    let backend = backend().await;
    backend
        .control()
        .answer(Route::Stream, 1, Answer::captive_portal())
        .unwrap();
    let response = http()
        .get(format!("{}/sse", backend.api_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn a_redirect_leads_to_another_backend() {
    let (here, there) = (backend().await, backend().await);
    let target = format!("{}/sse", there.api_url());
    here.control()
        .answer(Route::Stream, 1, Answer::redirect(307, &target))
        .unwrap();
    let _ = http();
    let following = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = following
        .get(format!("{}/sse?token={TEST_TOKEN}", here.api_url()))
        .bearer_auth(TEST_TOKEN)
        .send()
        .await
        .unwrap();
    // The other origin is not given the credentials.
    assert_eq!(response.status(), 401);
    let seen = there.control().observed();
    assert_eq!(seen.requests[0].credentials, gloria_backend::Credentials::None);
    stream(&here).await;
}

#[tokio::test]
async fn slow_bytes_come_a_few_at_a_time() {
    let backend = backend().await;
    let mut raw = Raw::stream(&backend).await;
    let every = Duration::from_millis(5);
    backend.control().set_pace(Some(Pace { bytes: 16, every }));
    let started = Instant::now();
    let before = raw.received.len();
    backend.control().push("notification.created", note("slow"));
    raw.until("14:00").await;
    let writes = (raw.received.len() - before).div_ceil(16) as u32;
    assert!(
        started.elapsed() >= every * (writes - 1),
        "{writes} writes in {:?}",
        started.elapsed()
    );

    backend.control().set_pace(Some(Pace {
        bytes: 0,
        every: Duration::from_secs(600),
    }));
    backend.control().push("notification.created", note("stuck"));
    assert_eq!(raw.read_once().await, 1);
    backend.control().set_pace(None);
    raw.until("stuck").await;
}

#[tokio::test]
async fn a_huge_event_is_as_large_as_asked_for_and_kept() {
    let backend = backend().await;
    let id = backend.control().push_huge(3 << 20);
    let event = stream_after(&backend, "0").await.event().await;
    assert_eq!((event.id, event.data.len()), (id, 3 << 20));
}

#[tokio::test]
async fn a_new_token_ends_the_old_ones() {
    let backend = backend().await;
    let mut before = stream(&backend).await;
    backend.control().require_token("renewed");
    assert_eq!(get(&backend, "/sse").send().await.unwrap().status(), 401);
    let url = format!("{}/sse", backend.api_url());
    Events::open(http().get(url).bearer_auth("renewed"))
        .await
        .greeted()
        .await;
    backend.control().push("notification.created", note("a"));
    assert_eq!(before.event().await.id, "1");
}

#[tokio::test]
async fn a_closed_door_refuses_and_opens_at_the_same_address() {
    let backend = backend().await;
    let control = backend.control();
    let mut open = stream(&backend).await;
    for _ in 0..3 {
        control.refuse().await.unwrap();
        control.refuse().await.unwrap();
        let refused = TcpStream::connect(backend.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        control.accept().await.unwrap();
        control.accept().await.unwrap();
        stream(&backend).await;
    }
    control.push("notification.created", note("still here"));
    assert_eq!(open.event().await.id, "1");
}

#[tokio::test]
async fn a_closed_door_keeps_its_port() {
    let backend = backend().await;
    backend.control().refuse().await.unwrap();
    let error = TcpSocket::new_v4().unwrap().bind(backend.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn many_streams_all_get_all_of_a_great_many_events() {
    let options = BackendOptions {
        history: 20_000,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut events = stream(&backend).await;
        readers.push(tokio::spawn(async move {
            for id in 1..=20_000 {
                assert_eq!(events.event().await.id, id.to_string());
            }
        }));
    }
    backend.control().push_many(20_000);
    for reader in readers {
        timeout(DEADLINE * 3, reader).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn malformed_data_goes_out_as_it_was_given() {
    let backend = backend().await;
    let mut events = stream(&backend).await;
    let control = backend.control();
    control.push_text("notification.created", Some("x-1"), "{not json\nat all");
    control.push_as("notification.created", "500", json!({}));
    assert_eq!(control.push("notification.created", note("next")), "501");
    let event = events.event().await;
    assert_eq!(
        (event.id.as_str(), event.data.as_str()),
        ("x-1", "{not json\nat all")
    );
}
