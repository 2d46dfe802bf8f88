//! What only a WebSocket has.

use std::time::Duration;

use gloria_backend::TEST_TOKEN;
use gloria_stream::Command;
use tokio::time::timeout;

use crate::rig::{DEADLINE, Over, Rig};

#[tokio::test]
async fn a_stream_without_heartbeats_is_kept_alive_by_pings() {
    let mut rig = Rig::with(Over::WebSocket, &[TEST_TOKEN], |options| {
        options.timing.heartbeat = Duration::from_millis(100);
    })
    .await;
    rig.open().await;
    let (greeting, _) = rig.stream.totals();
    let ten_pongs = async {
        while rig.stream.totals().0 < greeting + 20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, ten_pongs).await.unwrap();
    assert_eq!(rig.control.observed().streams_total, 1);
    rig.passes("1").await;
}

#[tokio::test]
async fn a_token_that_expires_on_an_open_stream_is_replaced() {
    let mut rig = Rig::with(Over::WebSocket, &[TEST_TOKEN, "renewed"], |_| {}).await;
    rig.open().await;
    rig.passes("1").await;
    rig.control.require_token("renewed");
    rig.control.close_streams(4401);
    rig.greeted().await;
    rig.passes("2").await;
    assert_eq!(rig.cursors(), [None, Some("1".to_owned())]);
}

#[tokio::test]
async fn closes_with_a_code_are_reported_by_it() {
    for (code, words) in [
        (1001, "the server closed the connection"),
        (1012, "the server closed the connection with code 1012"),
        (4403, "halted: this account has no access to the stream"),
        (4410, "halted: the server asked this client to stop"),
    ] {
        let mut rig = Rig::new(Over::WebSocket).await;
        rig.open().await;
        rig.control.close_streams(code);
        assert_eq!(rig.trouble().await, words, "{code}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_behind_a_stall_is_noticed() {
    let mut rig = Rig::new(Over::WebSocket).await;
    rig.open().await;
    rig.control.stall(gloria_backend::Stall::Open);
    rig.control.push_many(10_000);
    rig.stream.send(Command::Stop);
    rig.control
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_frame_break_the_connection() {
    let mut rig = Rig::new(Over::WebSocket).await;
    rig.open().await;
    rig.passes("1").await;
    rig.control.push_raw(&b"data: not for a WebSocket\n\n"[..]);
    let trouble = rig.trouble().await;
    assert!(trouble.starts_with("the connection was lost"), "{trouble}");
    rig.greeted().await;
    rig.passes("2").await;
}

#[tokio::test]
async fn a_plain_request_is_asked_to_upgrade() {
    let rig = Rig::new(Over::WebSocket).await;
    let response = asked(&rig, &[]).await;
    assert!(response.starts_with("HTTP/1.1 426 "), "{response}");
    assert!(response.contains("upgrade: websocket\r\n"), "{response}");
    let old = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 8",
    ];
    let response = asked(&rig, &old).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}

/// The answer to a request with these headers.
async fn asked(rig: &Rig, headers: &[&str]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(rig.backend.address())
        .await
        .unwrap();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!(
        "GET /api/v1/ws HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {TEST_TOKEN}\r\n{headers}\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = timeout(DEADLINE, socket.read_buf(&mut answer)).await.unwrap();
        assert!(read.unwrap() > 0, "{answer:?}");
    }
    String::from_utf8(answer).unwrap()
}
