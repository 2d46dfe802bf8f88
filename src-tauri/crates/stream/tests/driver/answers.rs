//! The driver's reaction to each response.

use std::time::Duration;

use gloria_stream::{Command, Delivery, Reachability, Status};
use tokio::time::Instant;

use crate::rig::{OPEN, Provider, Rig};

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_stream_say_what_they_are() {
    for (head, trouble) in [
        (
            "200 OK\r\nContent-Type: text/html; charset=utf-8",
            "this address answered with text/html, not an event stream",
        ),
        (
            "200 OK\r\nContent-Type: application/json",
            "this address answered with application/json, not an event stream",
        ),
        (
            "200 OK",
            "this address answered with no content type, not an event stream",
        ),
        (
            "200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: zstd",
            "the answer is compressed in a way that is not supported (zstd)",
        ),
        ("204 No Content", "halted: the server asked this client to stop"),
        ("410 Gone", "halted: the server asked this client to stop"),
        (
            "403 Forbidden",
            "halted: this account has no access to the stream",
        ),
        ("404 Not Found", "the server answered 404"),
        (
            "407 Proxy Authentication Required",
            "the proxy asks for a sign-in",
        ),
        ("429 Too Many Requests", "the server answered 429"),
        ("503 Service Unavailable", "the server answered 503"),
        (
            "511 Network Authentication Required",
            "this network requires you to sign in",
        ),
        ("304 Not Modified", "the server answered 304"),
    ] {
        let mut rig = Rig::new().await;
        let mut connection = rig.answered(format!("HTTP/1.1 {head}\r\n\r\n")).await;
        assert_eq!(rig.trouble().await, trouble, "{head}");
        connection.hung_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_halt_makes_no_more_requests() {
    let mut rig = Rig::new().await;
    rig.start(None);
    rig.server.accept().await.answer("204 No Content").await;
    rig.trouble().await;
    for command in [
        Command::Network(Reachability::Online),
        Command::Network(Reachability::Offline),
        Command::Network(Reachability::Online),
        Command::Attention(true),
    ] {
        rig.stream.send(command);
    }
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(rig.server.is_quiet());
    rig.server.accept().await.answer("204 No Content").await;
    for command in [Command::Woke(Duration::ZERO), Command::RetryNow] {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(rig.server.is_quiet());
        rig.stream.send(command);
        rig.server.accept().await.answer("204 No Content").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_position_that_the_server_refuses_is_let_go_and_said() {
    let mut rig = Rig::new().await;
    rig.start(Some("7"));
    let refused = rig.server.accept().await;
    assert_eq!(refused.header("last-event-id"), Some("7"));
    refused.answer("400 Bad Request").await;
    let mut taken = rig.server.accept().await;
    assert_eq!((taken.header("last-event-id"), taken.path()), (None, "/sse"));
    taken.write(format!("{OPEN}id: 9\ndata: a\n\n")).await;
    let lost = loop {
        match rig.delivery().await {
            Delivery::PositionLost { id } => break id,
            Delivery::Status(Status::Connecting { .. }) => {}
            other => panic!("{other:?} before the position"),
        }
    };
    assert_eq!(&*lost, "7");
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    drop(taken);
    assert_eq!(rig.server.accept().await.header("last-event-id"), Some("9"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_delivers_and_ends_in_good_order_is_asked_for_again_for_ever() {
    let mut rig = Rig::with(|options| options.timing.max_attempts = 5, Provider::anonymous()).await;
    rig.start(None);
    for _ in 0..20 {
        let mut connection = rig.server.accept().await;
        connection.write(format!("{OPEN}retry: 3000\ndata: a\n\n")).await;
        drop(connection);
        rig.connected().await;
        assert_eq!(rig.data(1).await, ["a"]);
        let Status::Waiting {
            attempt: 0, until, ..
        } = rig.status().await
        else {
            panic!("it is a failure")
        };
        let wait = until.saturating_duration_since(Instant::now().into_std());
        assert!(wait <= Duration::from_secs(6), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_says_when_to_come_back() {
    for head in [
        "429 Too Many Requests\r\nRetry-After: 100",
        "503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 12:00:00 GMT\r\nRetry-After: Sun, 06 Nov 1994 12:01:40 GMT",
    ] {
        let mut rig = Rig::new().await;
        rig.start(None);
        rig.server.accept().await.answer(head).await;
        rig.trouble().await;
        let begun = Instant::now();
        rig.stream.send(Command::Network(Reachability::Online));
        rig.server.accept().await;
        let waited = begun.elapsed().as_secs();
        assert!((99..=112).contains(&waited), "{waited} s after {head}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_user_does_not_have_to_wait_that_long() {
    let mut rig = Rig::new().await;
    rig.start(None);
    rig.server
        .accept()
        .await
        .answer("503 Service Unavailable\r\nRetry-After: 3600")
        .await;
    rig.trouble().await;
    let begun = Instant::now();
    rig.stream.send(Command::RetryNow);
    rig.server.accept().await;
    assert!(begun.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_until_the_circuit_opens() {
    let mut rig = Rig::with(|options| options.timing.max_attempts = 3, Provider::anonymous()).await;
    rig.start(None);
    let mut seen = Vec::new();
    for _ in 0..4 {
        rig.server.accept().await.answer("500 Oops").await;
        for _ in 0..2 {
            seen.push(match rig.status().await {
                Status::Connecting { attempt } => format!("connecting {attempt}"),
                Status::Waiting { attempt, .. } => format!("waiting {attempt}"),
                Status::CircuitOpen { attempt, .. } => format!("open {attempt}"),
                other => panic!("{other:?}"),
            });
        }
    }
    assert_eq!(
        seen,
        [
            "connecting 0",
            "waiting 1",
            "connecting 1",
            "waiting 2",
            "connecting 2",
            "open 3",
            "connecting 3",
            "open 4"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_is_said_to_be_none() {
    let mut rig = Rig::new().await;
    rig.start(None);
    rig.server
        .accept()
        .await
        .write("SSH-2.0-OpenSSH_9.2\r\n\r\n")
        .await;
    assert_eq!(
        rig.trouble().await,
        "the answer is not HTTP: it does not begin as HTTP does"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closes_before_an_answer_broke_off() {
    let mut rig = Rig::new().await;
    rig.start(None);
    drop(rig.server.accept().await);
    assert!(
        rig.trouble()
            .await
            .starts_with("the connection was lost before an answer")
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_refuses() {
    let Rig {
        server,
        stream,
        deliveries,
        provider,
    } = Rig::new().await;
    let url = server.url("/");
    drop(server);
    stream.send(Command::Start { cursor: None });
    let mut rig = Rig {
        server: crate::rig::Server::bind().await,
        stream,
        deliveries,
        provider,
    };
    assert_eq!(rig.trouble().await, "the server refused the connection", "{url}");
}

#[tokio::test(start_paused = true)]
async fn silence_before_an_answer_has_its_limit() {
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Ty"] {
        let mut rig = Rig::new().await;
        rig.start(None);
        let mut connection = rig.server.accept().await;
        let begun = Instant::now();
        connection.write(said).await;
        assert_eq!(rig.trouble().await, "no answer within 75 s");
        assert!(begun.elapsed() >= Duration::from_secs(74) && begun.elapsed() <= Duration::from_secs(76));
        connection.hung_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_of_any_framing_are_read() {
    for (head, body) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            "9\r\ndata: a\n\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n",
            "data: a\n\n",
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            "data: a\n\n",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n",
            "data: a\n\n",
        ),
        (
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\
             Content-Type: text/event-stream;charset=latin1\r\nContent-Encoding: identity\r\n\r\n",
            "data: a\n\n",
        ),
    ] {
        let mut rig = Rig::new().await;
        let mut connection = rig.answered(head).await;
        rig.connected().await;
        connection.write(body).await;
        assert_eq!(rig.data(1).await, ["a"], "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_out_however_they_were_cut() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    for piece in ["\u{FEFF}data: ", "€", "\r\n\r", "\ndata: b\r\r"] {
        for byte in piece.as_bytes() {
            connection.write([*byte]).await;
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(rig.data(2).await, ["€", "b"]);
    let (bytes, events) = rig.stream.totals();
    assert_eq!((bytes, events), (25, 2));
}

#[tokio::test(start_paused = true)]
async fn events_of_one_read_are_one_delivery_in_order() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    connection
        .write("id: 1\nevent: t\ndata: a\n\ndata: b\n\n: c\n\n")
        .await;
    let Delivery::Frames(frames) = rig.delivery().await else {
        panic!("not events")
    };
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| (&*frame.event, &*frame.data, &*frame.id))
        .collect();
    assert_eq!(frames, [("t", "a", "1"), ("message", "b", "1")]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_with_the_first_heartbeat_opens_the_stream() {
    let mut rig = Rig::new().await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    tokio::time::sleep(Duration::from_secs(74)).await;
    connection
        .write(format!("{OPEN}: still here\n\ndata: a\n\n"))
        .await;
    rig.connected().await;
    assert_eq!(rig.data(1).await, ["a"]);
    assert!(rig.server.is_quiet(), "it was the first attempt");
}

#[tokio::test(start_paused = true)]
async fn a_rare_heartbeat_gives_its_head_as_long() {
    let mut rig = Rig::with(
        |options| options.timing.heartbeat = Duration::from_secs(20 * 60),
        Provider::anonymous(),
    )
    .await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    tokio::time::sleep(Duration::from_secs(49 * 60)).await;
    connection.write(OPEN).await;
    rig.connected().await;
    assert!(rig.server.is_quiet(), "it was the first attempt");
}
