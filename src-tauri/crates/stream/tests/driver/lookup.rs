//! A server whose address does not name the stream's path.

use std::time::Duration;

use gloria_stream::{Command, Credential, CredentialError, StreamOptions};

use crate::rig::{Connection, OPEN, Provider, Rig, Server};

const PLACES: [&str; 3] = ["/api/v1/sse", "/api/sse", "/sse"];
const TOKEN: &str = "s3cret";

fn look_up(options: &mut StreamOptions) {
    let place = |path: &str| {
        let mut url = options.url.clone();
        url.set_path(path);
        url.set_query(Some("types=a"));
        url
    };
    options.also = PLACES[1..].iter().map(|path| place(path)).collect();
    options.url = place(PLACES[0]);
}

async fn rig() -> Rig {
    Rig::with(look_up, Provider::bearer(&[TOKEN])).await
}

/// Accepts the next request, which looks for the stream at this path and contains no secrets.
async fn sounded(rig: &Rig, path: &str) -> Connection {
    let connection = rig.server.accept().await;
    assert_eq!(connection.path(), path);
    let head = connection.request.to_lowercase();
    assert!(
        !head.contains(TOKEN) && !head.contains("authorization") && !head.contains("last-event-id"),
        "{head}"
    );
    connection
}

/// Accepts the next request, which is the attempt itself.
async fn asked(rig: &Rig, path: &str) -> Connection {
    let connection = rig.server.accept().await;
    assert_eq!(connection.path().split('?').next(), Some(path));
    assert!(connection.path().contains("types=a"), "{}", connection.path());
    assert_eq!(connection.header("authorization"), Some("Bearer s3cret"));
    connection
}

/// Responds like a stream that requires a token at this path.
async fn wants_token(rig: &Rig, path: &str) {
    sounded(rig, path).await.answer("401 Unauthorized").await;
}

/// Accepts the attempt at this path, and opens it.
async fn opened(rig: &mut Rig, path: &str) {
    asked(rig, path).await.write(OPEN).await;
    rig.connected().await;
}

/// Lets the stream be found and opened at this path.
async fn found(rig: &mut Rig, path: &str) {
    wants_token(rig, path).await;
    opened(rig, path).await;
}

async fn nothing_there(rig: &Rig, places: &[&str]) {
    for path in places {
        sounded(rig, path).await.answer("404 Not Found").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_place_that_wants_a_token_is_the_streams_and_no_other_sees_it() {
    let mut rig = rig().await;
    rig.start(Some("41"));
    nothing_there(&rig, &PLACES[..1]).await;
    assert_eq!(rig.stream.found(), None);
    wants_token(&rig, "/api/sse").await;
    let mut stream = asked(&rig, "/api/sse").await;
    assert_eq!(stream.header("last-event-id"), Some("41"));
    stream.write(OPEN).await;
    rig.connected().await;
    assert_eq!(rig.stream.found().unwrap().path(), "/api/sse");
    // The result is kept, in another network as well.
    drop(stream);
    asked(&rig, "/api/sse").await.answer("503 Busy").await;
    rig.stream
        .send(Command::Network(gloria_stream::Reachability::Online));
    rig.stream.send(Command::RetryNow);
    opened(&mut rig, "/api/sse").await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_streams_to_anybody_is_the_streams() {
    let mut rig = rig().await;
    rig.start(None);
    sounded(&rig, "/api/v1/sse").await.write(OPEN).await;
    opened(&mut rig, "/api/v1/sse").await;
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_found_it_is_said_what_was_tried_and_looked_again() {
    let mut rig = rig().await;
    rig.start(None);
    nothing_there(&rig, &PLACES).await;
    assert_eq!(
        rig.trouble().await,
        "no event stream was found at this server: tried /api/v1/sse, /api/sse, /sse"
    );
    assert!(rig.server.is_quiet());
    assert_eq!(
        rig.provider.asked(),
        Vec::<bool>::new(),
        "nobody was asked for the token"
    );
    // Automatically, after a while.
    found(&mut rig, "/api/v1/sse").await;
}

#[tokio::test(start_paused = true)]
async fn trouble_on_the_way_is_waited_for_like_any_other() {
    let mut rig = rig().await;
    rig.start(None);
    for path in PLACES {
        drop(sounded(&rig, path).await);
    }
    assert!(
        rig.trouble()
            .await
            .starts_with("the connection was lost before an answer")
    );
    // A server that is starting responds like this at every path.
    for path in PLACES {
        sounded(&rig, path).await.answer("503 Starting").await;
    }
    assert_eq!(rig.trouble().await, "the server answered 503");
    found(&mut rig, "/api/v1/sse").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_on_what_it_does_not_have_is_asked_on() {
    let mut rig = rig().await;
    rig.start(None);
    drop(sounded(&rig, PLACES[0]).await);
    sounded(&rig, PLACES[1]).await.write("what?\r\n\r\n").await;
    found(&mut rig, "/sse").await;
    assert_eq!(rig.stream.found().unwrap().path(), "/sse");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_swallows_everything_is_no_server_that_thinks() {
    let secure = |options: &mut StreamOptions| {
        look_up(options);
        options.dial.connect = Duration::from_secs(11);
        for url in std::iter::once(&mut options.url).chain(&mut options.also) {
            url.set_scheme("https").unwrap();
        }
    };
    let mut rig = Rig::with(secure, Provider::bearer(&[TOKEN])).await;
    rig.start(None);
    assert_eq!(rig.trouble().await, "no connection within 11 s");
    assert_eq!(rig.stream.found(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_sure_comes_before_what_may_be() {
    for (first, second) in [
        ("403 Forbidden", "401 Unauthorized"),
        ("400 Bad Request", "401 Unauthorized"),
        ("422 Unprocessable", "401 Unauthorized"),
        ("500 Broken", "401 Unauthorized"),
        ("204 Nothing", "401 Unauthorized"),
        ("405 Not Allowed", "401 Unauthorized"),
        ("200 Page\r\nContent-Type: application/json", "401 Unauthorized"),
        ("302 Found\r\nLocation: ftp://a.example/", "401 Unauthorized"),
    ] {
        let mut rig = rig().await;
        rig.start(None);
        sounded(&rig, "/api/v1/sse").await.answer(first).await;
        sounded(&rig, "/api/sse").await.answer(second).await;
        opened(&mut rig, "/api/sse").await;
    }
    // If no path is certain, the possible ones are tried.
    let unreadable = "200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: zstd";
    for answer in [
        "403 Forbidden",
        "400 Bad Request",
        "422 Unprocessable",
        unreadable,
    ] {
        let mut rig = rig().await;
        rig.start(None);
        nothing_there(&rig, &PLACES[..1]).await;
        sounded(&rig, "/api/sse").await.answer(answer).await;
        nothing_there(&rig, &PLACES[2..]).await;
        opened(&mut rig, "/api/sse").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_wants_a_token_everywhere_is_passed_through() {
    let mut rig = rig().await;
    rig.start(None);
    for path in &PLACES[..2] {
        sounded(&rig, path).await.answer("401 Unauthorized").await;
        asked(&rig, path).await.answer("404 Not Found").await;
    }
    found(&mut rig, "/sse").await;
    assert_eq!(rig.stream.found().unwrap().path(), "/sse");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_moved_is_looked_up_in_the_same_attempt() {
    let mut rig = rig().await;
    rig.start(None);
    nothing_there(&rig, &PLACES[..1]).await;
    wants_token(&rig, "/api/sse").await;
    let mut stream = asked(&rig, "/api/sse").await;
    stream.write(format!("{OPEN}id: 7\ndata: x\n\n")).await;
    rig.connected().await;
    drop(stream);
    asked(&rig, "/api/sse").await.answer("404 Not Found").await;
    wants_token(&rig, "/api/v1/sse").await;
    let mut moved = asked(&rig, "/api/v1/sse").await;
    assert_eq!(moved.header("last-event-id"), Some("7"));
    moved.write(OPEN).await;
    rig.data(1).await;
    rig.connected().await;
    assert_eq!(rig.stream.found().unwrap().path(), "/api/v1/sse");
}

#[tokio::test(start_paused = true)]
async fn a_404_from_the_streams_own_place_reaches_the_machine() {
    let mut rig = rig().await;
    rig.start(Some("41"));
    // The position may be unknown to the server, so the request is repeated without it.
    for cursor in [Some("41"), None] {
        wants_token(&rig, "/api/v1/sse").await;
        let asked = asked(&rig, "/api/v1/sse").await;
        assert_eq!(asked.header("last-event-id"), cursor);
        asked.answer("404 Not Found").await;
        nothing_there(&rig, &PLACES[1..]).await;
    }
    assert_eq!(rig.trouble().await, "the server answered 404");
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_head_is_late_is_found_when_nothing_else_is() {
    let mut rig = rig().await;
    rig.start(None);
    let _silent = sounded(&rig, "/api/v1/sse").await;
    nothing_there(&rig, &PLACES[1..]).await;
    let mut late = asked(&rig, "/api/v1/sse").await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    late.write(OPEN).await;
    rig.connected().await;
}

#[tokio::test(start_paused = true)]
async fn redirects_are_followed_without_a_token_too() {
    let mut rig = rig().await;
    let other = Server::bind().await;
    rig.start(None);
    let away = format!("307 Moved\r\nLocation: {}", other.url("/v2"));
    sounded(&rig, "/api/v1/sse").await.answer(&away).await;
    let moved = other.accept().await;
    assert_eq!((moved.path(), moved.header("authorization")), ("/v2", None));
    moved.answer("401 Unauthorized").await;
    // The token is only for the configured server.
    asked(&rig, "/api/v1/sse").await.answer(&away).await;
    let mut moved = other.accept().await;
    assert_eq!((moved.path(), moved.header("authorization")), ("/v2", None));
    moved.write(OPEN).await;
    rig.connected().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyring_that_is_locked_is_asked_again_and_the_server_is_not() {
    let locked = Err(CredentialError::Unavailable("locked".into()));
    let provider = Provider::of([locked.clone(), locked, Ok(Credential::bearer(TOKEN.into()))]);
    let mut rig = Rig::with(look_up, provider).await;
    rig.start(None);
    wants_token(&rig, "/api/v1/sse").await;
    assert_eq!(rig.trouble().await, "locked");
    assert_eq!(rig.trouble().await, "locked");
    opened(&mut rig, "/api/v1/sse").await;
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_answers_everywhere_is_probed_for_once() {
    let probed = Server::bind().await;
    let probe = probed.url("/generate_204");
    let mut rig = Rig::with(
        |options| {
            look_up(options);
            options.network.probe_url = Some(probe);
        },
        Provider::bearer(&[TOKEN]),
    )
    .await;
    rig.start(None);
    for path in PLACES {
        sounded(&rig, path)
            .await
            .answer("200 OK\r\nContent-Type: text/html")
            .await;
    }
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
    probed.accept().await.write(page).await;
    assert_eq!(rig.trouble().await, "this network requires you to sign in");
    assert!(probed.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_websocket_is_looked_up_as_well() {
    let mut rig = Rig::with(
        |options| {
            look_up(options);
            options.url.set_scheme("ws").unwrap();
            options
                .also
                .iter_mut()
                .for_each(|url| url.set_scheme("ws").unwrap());
        },
        Provider::bearer(&[TOKEN]),
    )
    .await;
    rig.start(None);
    let first = sounded(&rig, "/api/v1/sse").await;
    assert_eq!(first.header("upgrade"), Some("websocket"));
    first.answer("404 Not Found").await;
    wants_token(&rig, "/api/sse").await;
    asked(&rig, "/api/sse").await.answer("503 Busy").await;
    assert_eq!(rig.trouble().await, "the server answered 503");
    assert_eq!(rig.stream.found().unwrap().path(), "/api/sse");
}
