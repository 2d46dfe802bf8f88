//! The connection's metrics: a window, a script and a collector read the same counters.

use std::net::SocketAddr;
use std::time::Duration;

use gloria_backend::{Answer, Route};
use gloria_core::metrics::status::Health;
use gloria_core::protocol::{MetricsView, NoticeKind, UnreadReason, Update, WindowView};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{CREATED, Harness, Running, Spoken, backend, live, within_deadline};
use crate::open_metrics;

impl Running {
    async fn metrics(&self) -> MetricsView {
        self.core.metrics().await.unwrap()
    }

    /// Returns the address of this core's metrics endpoint.
    async fn endpoint(&self) -> SocketAddr {
        self.core.status().await.unwrap().metrics_listen.unwrap()
    }
}

impl Harness {
    fn served(mut self) -> Self {
        self.environment
            .insert("GLORIA_METRICS_LISTEN", "127.0.0.1:0".into());
        self
    }
}

/// Sends these bytes, and returns head and body of the response.
async fn ask(endpoint: SocketAddr, request: &str) -> (String, String) {
    let asked = async {
        let mut socket = TcpStream::connect(endpoint).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = within_deadline("an answer", asked).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

async fn collect(endpoint: SocketAddr) -> (String, String) {
    ask(
        endpoint,
        &format!("GET /metrics HTTP/1.1\r\nHost: {endpoint}\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn what_happened_is_counted_once_and_the_same_for_every_reader() {
    let (backend, control) = backend().await;
    control.answer(Route::Stream, 1, Answer::new(503)).unwrap();
    control.answer(Route::Stream, 1, Answer::new(401)).unwrap();
    let harness = Harness::signed_in(&backend).served();
    let running = harness.start();
    running.connected().await;
    for id in ["1", "2", "3"] {
        control.push(CREATED, live(id, "normal"));
    }
    control.push("notification.exploded", json!({"id": "y"}));
    control.push_text(CREATED, None, "{not json");
    // Unreadable events have a row that reports them.
    running.until("stored", |state| state.counts.total == 4).await;
    control.reset();
    running
        .until("hung up", |state| state.connection.reason.is_some())
        .await;
    running.connected().await;
    control.push(CREATED, live("4", "normal"));
    running.until("one more", |state| state.counts.total == 5).await;

    let metrics = running.metrics().await;
    assert_eq!(
        (metrics.attempts, metrics.reconnect_attempts, metrics.connections),
        (4, 3, 2)
    );
    assert_eq!(metrics.success_rate, Some(0.5));
    assert_eq!((metrics.authentication_failures, metrics.timeouts), (1, 0));
    assert_eq!((metrics.failed_events, metrics.unknown_events), (1, 1));
    // A greeting on each connection is an event as well.
    assert_eq!(metrics.events, 6);
    let mut kinds: Vec<_> = metrics
        .errors
        .iter()
        .map(|error| (&*error.kind, error.count))
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("broken_off", 1), ("status_5xx", 1), ("unauthorized", 1)]);
    let processing = metrics.processing.unwrap();
    assert!(
        processing.count >= 4 && processing.p50_micros <= processing.p99_micros,
        "{processing:?}"
    );
    assert!(
        (1..20_000_000).contains(&processing.p99_micros),
        "from the socket to the disk takes a while, and no ages: {processing:?}"
    );
    assert!(metrics.connected_ms > 0 && metrics.median_connection_ms.is_some());
    assert_eq!(
        metrics.minutes.iter().map(|minute| minute.attempts).sum::<u32>(),
        4
    );

    let (_, text) = collect(running.endpoint().await).await;
    let samples = open_metrics::read(&text).unwrap();
    for (series, value) in [
        ("gloria_connection_attempts_total", 4.0),
        ("gloria_reconnect_attempts_total", 3.0),
        ("gloria_connections_total", 2.0),
        ("gloria_connection_errors_total{cause=\"broken_off\"}", 1.0),
        ("gloria_connection_errors_total{cause=\"unauthorized\"}", 1.0),
        ("gloria_authentication_failures_total", 1.0),
        ("gloria_timeouts_total", 0.0),
        ("gloria_connection_duration_seconds_count", 1.0),
        ("gloria_received_bytes_total", metrics.bytes as f64),
        ("gloria_events_total{outcome=\"taken\"}", 6.0),
        ("gloria_events_total{outcome=\"unknown\"}", 1.0),
        ("gloria_events_total{outcome=\"failed\"}", 1.0),
        ("gloria_event_processing_seconds_count", processing.count as f64),
        ("gloria_connected", 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series} in {text}");
    }
    assert!(samples["gloria_last_heard_timestamp_seconds"] > 1.7e9);

    let status = running.core.status().await.unwrap();
    assert_eq!(
        (status.health, status.counts.total, &*status.version),
        (Health::Connected, 5, "0.0.0-test")
    );
    let document = serde_json::to_string(&status).unwrap();
    assert!(
        !document.contains("title 1") && !document.contains("gloria-test-token"),
        "{document}"
    );
    running.stop().await;
}

#[tokio::test]
async fn the_window_gets_the_numbers_while_it_shows_them_and_not_otherwise() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut updates = running.core.attach().await.unwrap().updates;
    let shown = |visible| {
        let core = running.core.clone();
        let view = WindowView {
            connection_visible: visible,
            ..WindowView::default()
        };
        async move { core.window_shows(view).await.unwrap() }
    };
    shown(true).await;
    let reported = async {
        let mut reported = Vec::new();
        while reported.len() < 3 {
            if let Update::Metrics(_) = updates.recv().await.unwrap().update {
                reported.push(std::time::Instant::now());
            }
        }
        reported
    };
    let reported = within_deadline("three times", reported).await;
    assert!(
        reported[2] - reported[0] >= Duration::from_millis(1900),
        "at most once a second"
    );
    shown(false).await;
    while updates.try_recv().is_ok() {}
    // An update would have arrived before that of a later event.
    let asked = std::time::Instant::now();
    let mut others = 0;
    while asked.elapsed() < Duration::from_millis(1500) {
        control.push(CREATED, live(&format!("{others}"), "low"));
        let update = within_deadline("an update", updates.recv()).await.unwrap().update;
        assert!(!matches!(update, Update::Metrics(_)), "nobody looks");
        others += 1;
    }
}

#[tokio::test]
async fn a_collector_gets_open_metrics_and_everyone_else_words() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend).served();
    let running = harness.start();
    running.connected().await;
    let endpoint = running.endpoint().await;
    let (head, body) = collect(endpoint).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    assert_eq!(open_metrics::read(&body).unwrap()["gloria_connected"], 1.0);
    for (request, status) in [
        ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "421"),
        ("GET /metrics HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        (
            "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            "405",
        ),
        ("nonsense\r\n\r\n", "400"),
    ] {
        let (head, body) = ask(endpoint, request).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status}")),
            "{request}: {head}"
        );
        assert_eq!(body.contains("gloria_"), status == "200", "{request}");
    }
    running.stop().await;
    assert!(
        TcpStream::connect(endpoint).await.is_err(),
        "it ends with the core"
    );
}

#[tokio::test]
async fn what_could_not_be_read_is_named_for_every_reader_and_never_shown() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend).served();
    let running = harness.start();
    running.connected().await;
    for number in 0..2 {
        control.push(
            "notification.created",
            json!({"id": number, "title": "t", "message": "m", "priority": "SECRET", "team": "SECRET"}),
        );
    }
    control.push("notification.mentioned", json!({"id": "SECRET"}));
    control.push_text("notification.created", None, "{\"SECRET");
    control.push(
        "notification.created",
        json!({"id": "last", "title": "t", "message": "m"}),
    );
    running
        .until("the last one", |state| state.counts.total >= 3)
        .await;
    let metrics = running.metrics().await;
    let named: Vec<_> = metrics
        .unread
        .iter()
        .map(|entry| {
            (
                entry.event.as_str(),
                entry.field.as_deref(),
                entry.reason,
                entry.count,
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            ("notification.created", Some("priority"), UnreadReason::LeftOut, 2),
            (
                "notification.created",
                Some("team"),
                UnreadReason::UnknownField,
                2
            ),
            ("notification.created", None, UnreadReason::Unreadable, 1),
            ("notification.mentioned", None, UnreadReason::UnknownType, 1),
        ]
    );
    assert!(metrics.unread.iter().all(|entry| entry.last_at > 0));
    let (_, text) = collect(running.endpoint().await).await;
    let line = r#"gloria_unread_total{event="notification.created",field="priority",reason="left_out"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(open_metrics::read(&text).is_ok());
    let status = serde_json::to_string(&running.core.status().await.unwrap()).unwrap();
    assert!(!status.contains("SECRET") && !text.contains("SECRET"));
}

#[tokio::test]
async fn collectors_that_say_nothing_are_sent_away() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend).served();
    let running = harness.start();
    running.connected().await;
    let endpoint = running.endpoint().await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(endpoint).await.unwrap());
    }
    let (head, _) = collect(endpoint).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for mut socket in silent {
        let mut rest = Vec::new();
        // A reset counts as an end.
        let _ = within_deadline("sent away", socket.read_to_end(&mut rest)).await;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_served_is_reported_and_costs_the_metrics_alone() {
    let (backend, _control) = backend().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap();
    for (listen, words) in [
        (port.to_string(), "another program uses this address"),
        (
            "0.0.0.0:9464".to_owned(),
            "other computers can reach this address",
        ),
        ("nowhere".to_owned(), "127.0.0.1:9464"),
    ] {
        let mut harness = Harness::signed_in(&backend);
        harness.environment.insert("GLORIA_METRICS_LISTEN", listen);
        let running = harness.start();
        let state = running.connected().await;
        let notice = state
            .notices
            .iter()
            .find(|notice| notice.kind == NoticeKind::Settings)
            .unwrap();
        assert!(notice.message.words().contains(words), "{}", notice.message);
        assert_eq!(running.core.status().await.unwrap().metrics_listen, None);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_file_has_the_numbers_of_the_endpoint_while_the_core_runs() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend).served();
    let file = harness.home.path().join("gloria.prom");
    harness
        .environment
        .insert("GLORIA_METRICS_TEXTFILE", file.display().to_string());
    let running = harness.start();
    running.connected().await;
    control.push_text(CREATED, None, "{not json");
    running.until("counted", |state| state.counts.total == 1).await;
    let written = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within_deadline("the file", written).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, served) = collect(running.endpoint().await).await;
    let samples = open_metrics::read(&served).unwrap();
    for (series, value) in [
        ("gloria_build_info{version=\"0.0.0-test\"}", 1.0),
        ("gloria_health{state=\"connected\"}", 1.0),
        ("gloria_health{state=\"needs_user\"}", 0.0),
        ("gloria_remedy{remedy=\"sign_in\"}", 0.0),
        ("gloria_inbox_stored", 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series} in {served}");
        assert!(text.contains(series), "{series} in {text}");
    }
    assert!(
        text.contains("\ngloria_textfile_written_timestamp_seconds "),
        "{text}"
    );
    running.stop().await;
    assert!(!file.exists(), "a file that nobody writes must not look alive");
}

#[tokio::test]
async fn what_only_the_user_can_do_is_a_number_as_well() {
    let (backend, control) = backend().await;
    control.answer(Route::Stream, 2, Answer::new(401)).unwrap();
    let running = Harness::signed_in(&backend).served().start();
    running
        .until("refused", |state| state.connection.needs_user)
        .await;
    let (_, text) = collect(running.endpoint().await).await;
    let samples = open_metrics::read(&text).unwrap();
    let of = |series: &str| samples.get(series).copied();
    assert_eq!(of("gloria_health{state=\"needs_user\"}"), Some(1.0), "{text}");
    assert_eq!(of("gloria_remedy{remedy=\"sign_in\"}"), Some(1.0), "{text}");
}
