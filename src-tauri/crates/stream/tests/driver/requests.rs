//! The contents of requests, and where they are sent.

use std::time::Duration;

use gloria_stream::{Command, Credential, CredentialError, HaltReason, Status};
use tokio::time::Instant;

use crate::rig::{OPEN, Provider, Rig, Server, is_halted};

#[tokio::test(start_paused = true)]
async fn a_request_is_these_bytes_and_no_others() {
    let mut rig = Rig::with(
        |options| options.url.set_query(Some("types=a,b")),
        Provider::bearer(&["t0ken"]),
    )
    .await;
    rig.start(None);
    let first = rig.server.accept().await;
    let host = rig.server.url("/").authority().to_owned();
    assert_eq!(
        first.request,
        format!(
            "GET /sse?types=a,b HTTP/1.1\r\n\
             accept: text/event-stream\r\n\
             accept-encoding: identity\r\n\
             cache-control: no-cache\r\n\
             authorization: Bearer t0ken\r\n\
             user-agent: Gloria/1\r\n\
             host: {host}\r\n\r\n"
        )
    );
    rig.start(Some("a 1"));
    let second = rig.server.accept().await;
    assert_eq!(
        second.request,
        format!(
            "GET /sse?types=a,b&lastEventId=a+1 HTTP/1.1\r\n\
             accept: text/event-stream\r\n\
             accept-encoding: identity\r\n\
             cache-control: no-cache\r\n\
             last-event-id: a 1\r\n\
             authorization: Bearer t0ken\r\n\
             user-agent: Gloria/1\r\n\
             host: {host}\r\n\r\n"
        )
    );
    assert!(matches!(rig.status().await, Status::Connecting { attempt: 0 }));
}

#[tokio::test(start_paused = true)]
async fn a_token_may_travel_in_the_query() {
    let provider = Provider::of([Ok(Credential::query("token", "t 0".into()))]);
    let rig = Rig::with(
        |options| options.url.set_query(Some("types=a&token=old")),
        provider,
    )
    .await;
    rig.start(Some("7"));
    let connection = rig.server.accept().await;
    assert_eq!(connection.path(), "/sse?types=a&lastEventId=7&token=t+0");
    assert_eq!(connection.header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_resumes_after_the_last_event() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    assert_eq!(first.header("last-event-id"), None);
    first.write("id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: cut").await;
    assert_eq!(rig.data(1).await, ["a"]);
    drop(first);
    let mut second = rig.server.accept().await;
    assert_eq!(
        second.header("last-event-id"),
        Some("2"),
        "an id alone counts, and one of a cut block does not"
    );
    assert_eq!(second.path(), "/sse?lastEventId=2");
    rig.trouble().await;
    second.write(format!("{OPEN}data: b\n\n")).await;
    rig.connected().await;
    assert_eq!(&*rig.frames().await[0].id, "2", "the id holds over connections");
    second.write("id\ndata: c\n\n").await;
    assert_eq!(&*rig.frames().await[0].id, "");
    drop(second);
    let third = rig.server.accept().await;
    assert_eq!(
        (third.header("last-event-id"), third.path()),
        (None, "/sse"),
        "the server cleared it"
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_is_sent_as_the_bytes_it_came_in() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    first.write("id: …€\ndata: a\n\n").await;
    rig.data(1).await;
    drop(first);
    let second = rig.server.accept().await;
    assert_eq!(second.header("last-event-id"), Some("…€"));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_no_header_carries_does_not_break_the_request() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    first.write("id: a\x01b\ndata: a\n\n").await;
    rig.data(1).await;
    drop(first);
    let second = rig.server.accept().await;
    assert_eq!(
        (second.header("last-event-id"), second.path()),
        (None, "/sse?lastEventId=a%01b")
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_id_is_said_once() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    let (short, long) = ("i".repeat(1024), "i".repeat(8192));
    first.write(format!("id: {short}\ndata: a\n\n")).await;
    rig.data(1).await;
    drop(first);
    let mut second = rig.server.accept().await;
    assert_eq!(second.header("last-event-id"), Some(&*short));
    assert_eq!(second.path(), format!("/sse?lastEventId={short}"));
    second
        .write(format!("{OPEN}id: {long}\ndata: b\n\nid: {long}i\ndata: c\n\n"))
        .await;
    rig.connected().await;
    rig.data(2).await;
    drop(second);
    let third = rig.server.accept().await;
    assert_eq!(third.header("last-event-id"), Some(&*long));
    assert_eq!(third.path(), "/sse");
    assert!(third.request.len() < 9 << 10, "{}", third.request.len());
}

#[tokio::test(start_paused = true)]
async fn a_401_is_answered_with_another_token() {
    let mut rig = Rig::with(|_| {}, Provider::bearer(&["old", "new"])).await;
    rig.start(Some("7"));
    let first = rig.server.accept().await;
    assert_eq!(first.header("authorization"), Some("Bearer old"));
    first.answer("401 Unauthorized").await;
    let mut second = rig.server.accept().await;
    assert_eq!(second.header("authorization"), Some("Bearer new"));
    assert_eq!(second.header("last-event-id"), Some("7"));
    second.write(OPEN).await;
    rig.connected().await;
    assert_eq!(rig.provider.asked(), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_second_401_halts_until_there_are_new_credentials() {
    let mut rig = Rig::with(|_| {}, Provider::bearer(&["old", "new", "newest"])).await;
    rig.start(None);
    rig.server.accept().await.answer("401 Unauthorized").await;
    rig.server.accept().await.answer("401 Unauthorized").await;
    while !is_halted(&rig.status().await, HaltReason::Unauthorized) {}
    rig.stream.send(Command::CredentialsChanged);
    let third = rig.server.accept().await;
    assert_eq!(third.header("authorization"), Some("Bearer newest"));
    assert_eq!(rig.provider.asked(), [false, true, true], "neither was good");
}

#[tokio::test(start_paused = true)]
async fn no_credential_halts_without_a_request() {
    let credentials = [
        Err(CredentialError::Missing),
        Ok(Credential::bearer("t0ken".into())),
    ];
    let mut rig = Rig::with(|_| {}, Provider::of(credentials)).await;
    rig.start(None);
    while !is_halted(&rig.status().await, HaltReason::NoCredential) {}
    assert!(rig.server.is_quiet());
    rig.stream.send(Command::CredentialsChanged);
    assert_eq!(
        rig.server.accept().await.header("authorization"),
        Some("Bearer t0ken")
    );
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_is_not_there_yet_is_asked_for_again() {
    let locked = CredentialError::Unavailable("the keyring is locked".into());
    let mut rig = Rig::with(|_| {}, Provider::of([Err(locked), Ok(Credential::ANONYMOUS)])).await;
    rig.start(None);
    assert_eq!(rig.trouble().await, "the keyring is locked");
    rig.server.accept().await;
}

#[tokio::test(start_paused = true)]
async fn redirects_within_an_origin_keep_the_token() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let mut rig = Rig::with(|_| {}, Provider::bearer(&["t0ken"])).await;
        rig.start(Some("7"));
        rig.server
            .accept()
            .await
            .answer(&format!("{status}\r\nLocation: /v2?x=1"))
            .await;
        let mut second = rig.server.accept().await;
        assert_eq!(
            (second.path(), second.header("referer")),
            ("/v2?x=1&lastEventId=7", None)
        );
        assert_eq!(second.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(second.header("last-event-id"), Some("7"));
        second.write(OPEN).await;
        rig.connected().await;
        drop(second);
        assert_eq!(
            rig.server.accept().await.path(),
            "/sse?lastEventId=7",
            "the next attempt asks the first address"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_to_another_origin_lose_every_credential() {
    for credential in [
        Credential::bearer("t0ken".into()),
        Credential::query("token", "t0ken".into()),
    ] {
        let mut rig = Rig::with(|_| {}, Provider::of([Ok(credential)])).await;
        let other = Server::bind().await;
        rig.start(None);
        let location = other.url("/sse?token=t0ken&x=1");
        rig.server
            .accept()
            .await
            .answer(&format!("307 Temporary\r\nLocation: {location}"))
            .await;
        let mut second = other.accept().await;
        assert!(!second.request.contains("t0ken"), "{}", second.request);
        assert_eq!(second.path(), "/sse?x=1");
        second.write(OPEN).await;
        rig.connected().await;
    }
}

#[tokio::test(start_paused = true)]
async fn names_below_localhost_are_this_machine_whatever_a_resolver_says() {
    let name =
        |options: &mut gloria_stream::StreamOptions| options.url.set_host(Some("gloria.localhost")).unwrap();
    let mut rig = Rig::with(name, Provider::bearer(&["t0ken"])).await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    assert!(
        connection
            .header("host")
            .unwrap()
            .starts_with("gloria.localhost:")
    );
    connection.write(OPEN).await;
    rig.connected().await;
}

/// The cookies of a load balancer, and of a gateway that redirects to itself until the request contains its cookie.
#[tokio::test(start_paused = true)]
async fn cookies_come_back_with_the_next_request() {
    let mut rig = Rig::new().await;
    rig.start(None);
    let first = rig.server.accept().await;
    assert_eq!(first.header("cookie"), None);
    let wall = "302 Found\r\nLocation: /sse\r\nSet-Cookie: passed=1; Path=/; HttpOnly";
    first.answer(wall).await;
    let mut second = rig.server.accept().await;
    assert_eq!(second.header("cookie"), Some("passed=1"));
    second.write(OPEN).await;
    rig.connected().await;
    drop(second);
    let third = rig.server.accept().await;
    assert_eq!(third.header("cookie"), Some("passed=1"), "and with each attempt");
}

#[tokio::test(start_paused = true)]
async fn twenty_redirects_are_followed_and_no_more() {
    let mut rig = Rig::new().await;
    rig.start(None);
    let begun = Instant::now();
    for _ in 0..21 {
        rig.server
            .accept()
            .await
            .answer("302 Found\r\nLocation: /sse")
            .await;
    }
    assert_eq!(rig.trouble().await, "the server redirects in a circle");
    assert!(begun.elapsed() < Duration::from_secs(1), "they were one attempt");
    assert!(rig.server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_nowhere_is_an_error() {
    for head in [
        "301 Moved",
        "301 Moved\r\nLocation:",
        "301 Moved\r\nLocation: http://",
    ] {
        let mut rig = Rig::new().await;
        rig.start(None);
        rig.server.accept().await.answer(head).await;
        assert_eq!(rig.trouble().await, "the server redirects to nowhere", "{head}");
        assert!(rig.server.is_quiet());
    }
}
