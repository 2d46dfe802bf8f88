//! The request for a WebSocket, and the driver's reaction to the response.

use gloria_stream::Limits;
use tokio::time::Instant;

use super::{rig, upgrade, with};
use crate::rig::{Provider, Rig, Server};

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
async fn what_is_no_websocket_says_what_it_is() {
    let question = "this address does not answer as a WebSocket: ";
    for (head, trouble) in [
        (
            "200 OK\r\nContent-Type: text/html",
            "this address answered with text/html, not an event stream".to_owned(),
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
            format!("{question}it switches to another protocol"),
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
            "this network requires you to sign in".to_owned(),
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
        let mut connection = rig.answered(format!("HTTP/1.1 {head}\r\n\r\n")).await;
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
        let mut connection = rig.answered(said).await;
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
