//! The driver over a WebSocket, against servers that write raw bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gloria_stream::{
    Cause, Command, Delivery, EndCause, HaltReason, IdleReason, Limits, Observer, Overflow, Reachability,
    Status, Step,
};
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::rig::{Connection, Provider, Rig, Server, is_halted};

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

async fn rig() -> Rig {
    with(Limits::default(), Provider::anonymous()).await
}

async fn with(limits: Limits, provider: Provider) -> Rig {
    let change = |options: &mut gloria_stream::StreamOptions| {
        options.url.set_scheme("ws").unwrap();
        options.limits = limits;
    };
    Rig::with(change, provider).await
}

/// The answer that opens a WebSocket to who asked so, with more headers.
fn upgrade(connection: &Connection, more: &str) -> String {
    let accept = derive_accept_key(connection.header("sec-websocket-key").unwrap().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// A frame as a server sends it, its first byte given.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..0x1_0000 => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn text(payload: &str) -> Vec<u8> {
    frame(FIN | TEXT, payload)
}

fn event(id: &str, data: &str) -> Vec<u8> {
    text(&format!(r#"{{"id":"{id}","data":"{data}"}}"#))
}

fn close(code: u16) -> Vec<u8> {
    frame(FIN | CLOSE, [&code.to_be_bytes()[..], b"the reason"].concat())
}

/// Dials and opens.
async fn open(rig: &mut Rig) -> Connection {
    rig.start(None);
    accepted(rig).await
}

/// Opens what dials next.
async fn accepted(rig: &mut Rig) -> Connection {
    let mut connection = rig.server.accept().await;
    let answer = upgrade(&connection, "");
    connection.write(answer).await;
    rig.connected().await;
    connection
}

/// What the client sends next: the first byte of a frame, and its payload.
async fn sent(connection: &mut Connection) -> (u8, Vec<u8>) {
    let socket = &mut connection.socket;
    let (first, length) = (socket.read_u8().await.unwrap(), socket.read_u8().await.unwrap());
    assert!(length & 0x80 != 0, "a client masks what it sends");
    let mut mask = [0; 4];
    socket.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; usize::from(length & 0x7F)];
    socket.read_exact(&mut payload).await.unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    (first, payload)
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_for_by_a_request_like_any_other() {
    let mut rig = Rig::with(
        |options| {
            options.url.set_scheme("ws").unwrap();
            options.url.set_query(Some("types=a,b"));
        },
        Provider::bearer(&["t0ken"]),
    )
    .await;
    rig.start(Some("a 1"));
    let mut connection = rig.server.accept().await;
    let host = rig.server.url("/").authority().to_owned();
    let key = connection.header("sec-websocket-key").unwrap();
    assert_eq!(
        connection.request,
        format!(
            "GET /sse?types=a,b&lastEventId=a+1 HTTP/1.1\r\n\
             connection: Upgrade\r\n\
             upgrade: websocket\r\n\
             sec-websocket-version: 13\r\n\
             sec-websocket-key: {key}\r\n\
             sec-websocket-protocol: gloria.v1\r\n\
             authorization: Bearer t0ken\r\n\
             accept: */*\r\n\
             user-agent: Gloria/1\r\n\
             host: {host}\r\n\r\n"
        )
    );
    let answer = upgrade(&connection, "Sec-WebSocket-Protocol: gloria.v1\r\n");
    connection.write(answer).await;
    rig.connected().await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_events_and_the_id_holds_until_the_next() {
    let mut rig = rig().await;
    let mut first = open(&mut rig).await;
    first
        .write(
            [
                text(r#"{"event":"t","id":"1","data":"a\r\nb"}"#),
                text(r#"{"data":"b"}"#),
                text(r#"{"event":"","id":"1\u0000","data":"c"}"#),
                text(r#"{"id":"2"}"#),
            ]
            .concat(),
        )
        .await;
    let frames = rig.frames().await;
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| (&*frame.event, &*frame.data, &*frame.id))
        .collect();
    assert_eq!(
        frames,
        [("t", "a\r\nb", "1"), ("message", "b", "1"), ("message", "c", "1")]
    );
    drop(first);
    let mut second = rig.server.accept().await;
    assert_eq!(second.path(), "/sse?lastEventId=2", "an id alone counts");
    let answer = upgrade(&second, "");
    second
        .write([answer.into_bytes(), text(r#"{"data":"d"}"#)].concat())
        .await;
    rig.trouble().await;
    rig.connected().await;
    assert_eq!(&*rig.frames().await[0].id, "2", "the id holds over connections");
    second.write(text(r#"{"id":"","data":"e"}"#)).await;
    assert_eq!(&*rig.frames().await[0].id, "");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_shape_costs_that_message_alone() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection
        .write(
            [
                event("1", "a"),
                text("hello"),
                text(r#"{"id":9,"data":"x"}"#),
                frame(FIN | BINARY, [0xFF; 300]),
                text(""),
                event("2", "b"),
            ]
            .concat(),
        )
        .await;
    assert_eq!(rig.data(2).await, ["a", "b"]);
    assert_eq!((rig.stream.ignored(), rig.stream.totals().1), (4, 2));
    drop(connection);
    assert_eq!(rig.server.accept().await.path(), "/sse?lastEventId=2");
}

#[tokio::test(start_paused = true)]
async fn events_come_out_however_they_were_cut() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    let bytes = [
        frame(TEXT, "{\"data\":\"\u{20AC}".as_bytes().split_at(11).0),
        frame(FIN | PING, "between"),
        frame(0, b""),
        frame(FIN | PONG, b""),
        frame(0, "{\"data\":\"\u{20AC}".as_bytes().split_at(11).1),
        frame(FIN, "\"}"),
        event("", &"x".repeat(70_000)),
        event("", "c"),
    ]
    .concat();
    for piece in bytes.chunks(1).take(60) {
        connection.write(piece).await;
        tokio::task::yield_now().await;
    }
    connection.write(&bytes[60..]).await;
    assert_eq!(rig.data(3).await, ["€", &"x".repeat(70_000), "c"]);
    assert_eq!(rig.stream.totals(), (bytes.len() as u64, 3));
    assert_eq!(sent(&mut connection).await, (FIN | PONG, b"between".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_handed_on_in_order_and_whole() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    let server = tokio::spawn(async move {
        for count in 0..20_000 {
            connection.write(event("", &count.to_string())).await;
        }
        connection
    });
    let data = rig.data(20_000).await;
    assert!(
        data.iter()
            .enumerate()
            .all(|(count, data)| *data == count.to_string())
    );
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_no_websocket_says_what_it_is() {
    let question = "this address does not answer as a WebSocket: ";
    for (head, trouble) in [
        (
            "200 OK\r\nContent-Type: text/html",
            "this address answered with a web page (text/html), not an event stream".to_owned(),
        ),
        (
            "200 OK\r\nContent-Type: text/event-stream",
            format!("{question}it is an event stream's; write https instead of wss"),
        ),
        (
            "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            format!("{question}its Sec-WebSocket-Accept does not fit the question"),
        ),
        (
            "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c",
            format!("{question}it changes to another protocol"),
        ),
        ("400 Bad Request", "the server answered 400".to_owned()),
        ("426 Upgrade Required", "the server answered 426".to_owned()),
        ("503 Service Unavailable", "the server answered 503".to_owned()),
        (
            "407 Proxy Authentication Required",
            "the proxy asks for a sign-in".to_owned(),
        ),
        (
            "511 Network Authentication Required",
            "this network asks for a sign-in of its own".to_owned(),
        ),
        (
            "403 Forbidden",
            "halted: this account has no access to the stream".to_owned(),
        ),
        (
            "410 Gone",
            "halted: the server asked this client to stop".to_owned(),
        ),
    ] {
        let mut rig = rig().await;
        rig.start(None);
        let mut connection = rig.server.accept().await;
        connection.write(format!("HTTP/1.1 {head}\r\n\r\n")).await;
        assert_eq!(rig.trouble().await, trouble, "{head}");
        connection.hung_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn extensions_and_subprotocols_that_were_not_offered_are_refused() {
    for more in [
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Protocol: mqtt\r\n",
    ] {
        let mut rig = rig().await;
        rig.start(None);
        let mut connection = rig.server.accept().await;
        let answer = upgrade(&connection, more);
        connection.write(answer).await;
        let trouble = rig.trouble().await;
        assert!(trouble.contains("not offered"), "{more}: {trouble}");
        connection.hung_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time() {
    for said in ["", "HTTP/1.1 101 Switching Proto"] {
        let mut rig = rig().await;
        rig.start(None);
        let mut connection = rig.server.accept().await;
        connection.write(said).await;
        assert_eq!(rig.trouble().await, "no answer within 75 s");
        connection.hung_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_says_when_to_come_back() {
    let mut rig = rig().await;
    rig.start(None);
    let limited = "429 Too Many Requests\r\nRetry-After: 100";
    rig.server.accept().await.answer(limited).await;
    rig.trouble().await;
    let begun = Instant::now();
    rig.server.accept().await;
    assert!((99..=112).contains(&begun.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn redirects_are_followed_and_credentials_stay_within_their_origin() {
    let mut rig = with(Limits::default(), Provider::bearer(&["t0ken"])).await;
    let other = Server::bind().await;
    rig.start(Some("7"));
    let moved = "307 Temporary\r\nLocation: /v2";
    rig.server.accept().await.answer(moved).await;
    let second = rig.server.accept().await;
    assert_eq!(
        (second.path(), second.header("authorization")),
        ("/v2?lastEventId=7", Some("Bearer t0ken"))
    );
    let mut location = other.url("/v3");
    location.set_scheme("ws").unwrap();
    second
        .answer(&format!("308 Permanent\r\nLocation: {location}"))
        .await;
    let mut third = other.accept().await;
    assert_eq!(
        (third.path(), third.header("authorization")),
        ("/v3?lastEventId=7", None)
    );
    let answer = upgrade(&third, "");
    third.write(answer).await;
    rig.connected().await;
}

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
        (
            close(1011),
            "the server closed the connection over an error of its own (1011)",
        ),
        (close(1012), "the server is restarting (1012)"),
        (close(1013), "the server asks to try again later (1013)"),
        (
            close(1008),
            "the server closed the connection by a rule of its own (1008)",
        ),
        (close(4000), "the server closed the connection with code 4000"),
        (close(4403), "halted: this account has no access to the stream"),
        (close(4410), "halted: the server asked this client to stop"),
        (Vec::new(), "the connection broke off: it ended without a close"),
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

/// How often a token was refused, as an observer is told.
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
    // An hour later it has expired as well.
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        second.write(event("8", "b")).await;
        rig.data(1).await;
    }
    second.write(close(4401)).await;
    let mut third = accepted(&mut rig).await;
    assert_eq!(third.header("authorization"), Some("Bearer newer"));
    // But one that was new a moment ago has not.
    third.write(close(4401)).await;
    assert!(is_halted(&rig.status().await, HaltReason::Unauthorized));
    assert_eq!(rig.provider.asked(), [false, true, true]);
    assert_eq!(refusals.0.load(Ordering::Relaxed), 3);
    tokio::time::sleep(Duration::from_secs(29 * 60)).await;
    assert!(rig.server.is_quiet());
    // And whoever refused it may take it later.
    accepted(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_protocol_breaks_the_connection() {
    for bytes in [
        // Masked, which only clients do.
        vec![FIN | TEXT, 0x80 | 2, 1, 2, 3, 4, 5, 6],
        // Reserved bits, and opcodes that are none.
        frame(FIN | 0x40 | TEXT, "{}"),
        frame(FIN | 0x3, "x"),
        frame(FIN | 0xB, "x"),
        // A continuation of nothing; a message within another; control frames in parts or too large.
        frame(FIN, "x"),
        [frame(TEXT, "x"), frame(FIN | TEXT, "y")].concat(),
        frame(PING, "x"),
        frame(FIN | PING, [b'x'; 126]),
        // A close of one byte.
        frame(FIN | CLOSE, "x"),
    ] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        connection.write([event("1", "a"), bytes.clone()].concat()).await;
        assert_eq!(rig.data(1).await, ["a"]);
        let trouble = rig.trouble().await;
        assert!(
            trouble.starts_with("the connection broke off"),
            "{bytes:?}: {trouble}"
        );
        let next = rig.server.accept().await;
        assert_eq!(next.path(), "/sse?lastEventId=1");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_utf_8_breaks_the_connection_and_is_not_shown() {
    for bytes in [
        frame(FIN | TEXT, b"{\"data\":\"\xFF\"}"),
        frame(FIN | TEXT, b"\xE2\x82"),
        [frame(TEXT, b"{\"data\":\""), frame(FIN, b"\xC3\x28\"}")].concat(),
        [frame(TEXT, b"\xE2\x82"), frame(FIN, b"")].concat(),
    ] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        connection.write(bytes).await;
        let trouble = rig.trouble().await;
        assert_eq!(trouble, "the connection broke off: a message is not UTF-8");
    }
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
        trouble.starts_with("the connection broke off: Connection reset"),
        "{trouble}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_oversized_event_is_given_up_at_the_third_time_and_the_stream_goes_on() {
    let limits = Limits {
        line: 64,
        event: 128,
        id: 16,
    };
    let large = event("2", &"x".repeat(200));
    let parts = [
        frame(TEXT, r#"{"id":"2","data":""#),
        frame(0, "x".repeat(100)),
        frame(FIN, format!("{}\"}}", "x".repeat(100))),
    ]
    .concat();
    for (big, bytes) in [(&large, 220), (&parts, 220)] {
        let mut rig = with(limits, Provider::anonymous()).await;
        let mut connection = open(&mut rig).await;
        connection
            .write([event("1", "a"), big.clone(), event("3", "c")].concat())
            .await;
        assert_eq!(rig.data(1).await, ["a"], "what came before it is delivered");
        let overflow = Overflow::Event { limit: 128 };
        for end in [
            EndCause::Overflow(overflow),
            EndCause::Overflow(overflow),
            EndCause::OverflowRepeated(overflow, 3),
        ] {
            let Status::Waiting { cause, .. } = rig.status().await else {
                panic!("it does not wait")
            };
            assert_eq!(cause, Cause::Ended(end));
            connection = accepted(&mut rig).await;
            assert_eq!(connection.path(), "/sse?lastEventId=1");
            connection.write([big.clone(), event("3", "c")].concat()).await;
        }
        let Delivery::Skipped { id, bytes: skipped } = rig.delivery().await else {
            panic!("nothing was reported")
        };
        assert_eq!((&*id, skipped), ("2", bytes));
        assert_eq!(rig.data(1).await, ["c"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_says_it_is_too_large_is_not_waited_for() {
    for length in [5 << 20, 1 << 40, u64::MAX] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        let begun = Instant::now();
        connection
            .write([&[FIN | TEXT, 127][..], &length.to_be_bytes()].concat())
            .await;
        assert_eq!(rig.trouble().await, "an event is larger than 4194304 bytes");
        assert!(begun.elapsed() < Duration::from_secs(1), "{length}");
    }
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

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_nobody_takes_what_was() {
    let mut rig = rig().await;
    let connection = open(&mut rig).await;
    let events = event("", "0123456789012345678901234567890123456789").repeat(400);
    let (mut written, mut refused) = (0_usize, 0);
    while refused < 200 {
        match connection.socket.try_write(&events) {
            Ok(bytes) => (written, refused) = (written + bytes, 0),
            Err(_) => refused += 1,
        }
        assert!(written < 64 << 20, "it reads without end");
        tokio::task::yield_now().await;
    }
    // The server is not silent; the reader is. So this is no reason to hang up.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let whole = written / (events.len() / 400);
    assert_eq!(rig.data(whole).await.len(), whole);
    assert!(rig.server.is_quiet(), "it is the same connection");
}
