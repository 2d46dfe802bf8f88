//! What else asks the listener: browsers in advance, web pages, other programs. Nothing of it ends a sign-in.

use std::net::Ipv4Addr;

use gloria_sign_in::{Progress, SignInError};
use gloria_sign_in_tests::Provider;
use http::header::HeaderName;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::person::{Decision, Person};
use crate::stage::{begin, client, complete};

fn at(callback: &Url, path_and_query: &str) -> Url {
    callback.join(path_and_query).unwrap()
}

#[tokio::test]
async fn no_web_page_cancels_or_completes_a_sign_in() {
    let provider = Provider::usual().await;
    let attempt = begin(&client(&provider).await).await;
    let person = Person::new("anna");
    let callback = person.walk(attempt.link()).await;
    let state = callback
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    for image in [
        "/callback?error=x".to_owned(),
        "/callback?error=access_denied&state=guessed".to_owned(),
        "/callback?code=stolen&state=".to_owned(),
        format!("/callback?code=a&code=b&state={state}"),
        format!("/callback?code=a&state=x&state={state}"),
        format!("/callback/?code=a&state={state}"),
        format!("/?code=a&state={state}"),
    ] {
        let reply = person.ask(Method::GET, &at(&callback, &image), &[]).await;
        assert!(
            [200, 404].contains(&reply.status.as_u16()),
            "{image}: {}",
            reply.status
        );
        let progress = *attempt.progress().borrow();
        assert!(
            matches!(progress, Progress::Waiting | Progress::Forgotten),
            "{image}"
        );
    }
    let (grant, _) = complete(attempt, &person, &callback).await;
    assert_eq!(grant.identity.subject, "anna");
    assert_eq!(provider.count("POST /token").await, 1);
}

/// The provider lost the request on the way to its sign-in page, and answers without the state.
#[tokio::test]
async fn an_error_without_a_state_says_what_to_do() {
    let provider = Provider::usual().await;
    let attempt = begin(&client(&provider).await).await;
    let person = Person::new("anna");
    let lost = format!(
        "http://127.0.0.1:{}/callback?error=unsupported_response_type&state=",
        attempt.port()
    );
    let page = person.open(&lost.parse().unwrap()).await;
    assert!(page.contains("sign-in-page-forgotten"), "{page}");
    assert_eq!(*attempt.progress().borrow(), Progress::Forgotten);
    let callback = person.walk(attempt.link()).await;
    complete(attempt, &person, &callback).await;
}

#[tokio::test]
async fn browsers_that_ask_in_advance_consume_nothing() {
    let provider = Provider::usual().await;
    let attempt = begin(&client(&provider).await).await;
    let person = Person::new("anna");
    let callback = person.walk(attempt.link()).await;
    let purpose = HeaderName::from_static("sec-purpose");
    let private = HeaderName::from_static("access-control-request-private-network");
    // Some connect before they know whether they will ask.
    let mut idle = Vec::new();
    for _ in 0..12 {
        idle.push(
            TcpStream::connect((Ipv4Addr::LOCALHOST, attempt.port()))
                .await
                .unwrap(),
        );
    }
    for _ in 0..5 {
        for (method, header) in [
            (Method::OPTIONS, (private.clone(), "true")),
            (Method::HEAD, (purpose.clone(), "")),
            (Method::GET, (purpose.clone(), "prefetch")),
            (Method::GET, (purpose.clone(), "prefetch;prerender")),
        ] {
            let reply = person.ask(method.clone(), &callback, &[header]).await;
            assert_eq!(reply.status, StatusCode::NO_CONTENT, "{method}");
            assert!(!reply.headers.contains_key("access-control-allow-origin"));
        }
        let icon = person.ask(Method::GET, &at(&callback, "/favicon.ico"), &[]).await;
        assert_eq!(icon.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(*attempt.progress().borrow(), Progress::Waiting);
    complete(attempt, &person, &callback).await;
    assert_eq!(provider.count("POST /token").await, 1);
}

/// A web page may give its own name this computer's address (DNS rebinding).
#[tokio::test]
async fn a_page_that_reaches_the_port_by_another_name_is_turned_away() {
    let provider = Provider::usual().await;
    let attempt = begin(&client(&provider).await).await;
    let person = Person::new("anna");
    let callback = person.walk(attempt.link()).await;
    for host in ["evil.example", "localhost"] {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, attempt.port()))
            .await
            .unwrap();
        let target = &callback[url::Position::BeforePath..];
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}:{}\r\n\r\n", attempt.port());
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    }
    assert_eq!(*attempt.progress().borrow(), Progress::Waiting);
    complete(attempt, &person, &callback).await;
}

/// Another provider brings its own answer into a sign-in at this one, to be given the code (RFC 9207).
#[tokio::test]
async fn an_answer_of_another_provider_is_refused() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    assert!(client.metadata().names_issuer);
    let person = Person::new("anna");
    for decision in [Decision::Agree, Decision::Cancel] {
        for other in [None, Some("https://evil.example"), Some("")] {
            let mut attempt = begin(&client).await;
            let mut callback = person.walk_and(attempt.link(), decision).await;
            let pairs: Vec<_> = callback
                .query_pairs()
                .into_owned()
                .filter(|(name, _)| name != "iss")
                .collect();
            callback.query_pairs_mut().clear().extend_pairs(pairs);
            if let Some(other) = other {
                callback.query_pairs_mut().append_pair("iss", other);
            }
            let (result, page) = tokio::join!(attempt.wait(), person.open(&callback));
            assert_eq!(result.unwrap_err(), SignInError::OtherIssuer, "{other:?}");
            assert!(page.contains("sign-in-answer-of-another"), "{page}");
        }
    }
    assert_eq!(provider.count("POST /token").await, 0);
}
