//! Requests with a finite response: their contents, where they are sent, and their limits.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use gloria_stream::http::{Http, HttpOptions, Reply, Request, RequestError, RequestLimits};
use gloria_stream::machine::UnknownCoding;
use gloria_stream::{Credential, DialError, DialLimits, NetworkOptions};
use http::{HeaderValue, Method, StatusCode};

use crate::rig::{Connection, Provider, Server};

fn http() -> Http {
    Http::new(HttpOptions {
        user_agent: "Gloria/1".to_owned(),
        network: NetworkOptions {
            // A program that listens on this machine's port 80 must not affect these tests.
            probe_url: Some("http://127.0.0.1:1/generate_204".parse().unwrap()),
            ..NetworkOptions::default()
        },
        limits: DialLimits::default(),
    })
}

fn bearer() -> Credential {
    Credential::bearer("s3cret".into())
}

fn post(server: &Server, path: &str) -> Request {
    Request::new(Method::POST, server.url(path))
        .credential(bearer())
        .body(HeaderValue::from_static("application/json"), "{}")
}

/// Sends a request while the server runs `serve`.
async fn while_<T>(request: Request, serve: impl Future<Output = T>) -> (Result<Reply, RequestError>, T) {
    let http = http();
    tokio::join!(http.send(request), serve)
}

async fn body(connection: &mut Connection) -> String {
    use tokio::io::AsyncReadExt as _;
    let length = connection
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut bytes = vec![0; length];
    connection.socket.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn ok(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

fn moved(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_with_its_whole_body_whatever_the_status() {
    let server = Server::bind().await;
    let request = Request::new(Method::PATCH, server.url("/items/1?x=1"))
        .credential(Credential::query("token", "t 0".into()))
        .body(HeaderValue::from_static("application/json"), r#"{"read":true}"#);
    let (reply, sent) = while_(request, async {
        let mut connection = server.accept().await;
        let sent = body(&mut connection).await;
        let answer =
            "HTTP/1.1 409 Conflict\r\nDate: Thu, 26 Nov 2026 10:00:00 GMT\r\nContent-Length: 4\r\n\r\nno";
        connection.write(answer).await;
        connection.write("pe").await;
        (
            connection.request.lines().next().unwrap().to_owned(),
            connection.header("user-agent").map(str::to_owned),
            sent,
        )
    })
    .await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, &*reply.body), (StatusCode::CONFLICT, &b"nope"[..]));
    assert!(reply.date.is_some() && reply.was_shown_credential);
    assert_eq!(sent.0, "PATCH /items/1?x=1&token=t+0 HTTP/1.1");
    assert_eq!(
        (sent.1.as_deref(), &*sent.2),
        (Some("Gloria/1"), r#"{"read":true}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn a_redirect_keeps_method_and_body_or_asks_by_get() {
    for (status, line, sent) in [
        (301, "GET /v2 HTTP/1.1", ""),
        (302, "GET /v2 HTTP/1.1", ""),
        (303, "GET /v2 HTTP/1.1", ""),
        (307, "POST /v2 HTTP/1.1", "{}"),
        (308, "POST /v2 HTTP/1.1", "{}"),
    ] {
        let server = Server::bind().await;
        let (reply, ()) = while_(post(&server, "/v1"), async {
            let mut first = server.accept().await;
            assert_eq!(body(&mut first).await, "{}");
            first.write(moved(status, "/v2")).await;
            let mut second = server.accept().await;
            assert_eq!(second.request.lines().next().unwrap(), line);
            assert_eq!(body(&mut second).await, sent);
            assert_eq!(second.header("content-type").is_some(), !sent.is_empty());
            assert_eq!(second.header("authorization"), Some("Bearer s3cret"));
            second.write(ok("done")).await;
        })
        .await;
        let reply = reply.unwrap();
        assert_eq!(
            (&*reply.body, reply.url.path()),
            (&b"done"[..], "/v2"),
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_the_answer_where_it_is_not_to_be_followed() {
    let server = Server::bind().await;
    for (status, location) in [
        (302, "/v2"),
        (303, "/v2"),
        (307, "https://other.example/"),
        (308, ""),
    ] {
        let request = post(&server, "/v1").without_redirects();
        let (reply, ()) = while_(request, async {
            let mut first = server.accept().await;
            body(&mut first).await;
            first.write(moved(status, location)).await;
        })
        .await;
        let reply = reply.unwrap();
        assert_eq!((reply.status.as_u16(), reply.url.path()), (status, "/v1"));
    }
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_head_may_take_as_long_as_the_request_says() {
    let server = Server::bind().await;
    let usual = DialLimits::default().first_byte;
    let longer = usual + Duration::from_secs(10);
    for (request, answered) in [
        (post(&server, "/v1").head_within(longer), true),
        (post(&server, "/v1"), false),
    ] {
        let (reply, ()) = while_(request, async {
            let mut first = server.accept().await;
            body(&mut first).await;
            tokio::time::sleep(usual + Duration::from_secs(5)).await;
            first.write(ok("late")).await;
        })
        .await;
        assert_eq!(reply.is_ok(), answered, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn neither_credential_nor_body_crosses_to_another_origin() {
    let (server, other) = (Server::bind().await, Server::bind().await);
    let elsewhere = other.url("/v2?token=s3cret");
    let (reply, ()) = while_(Request::get(server.url("/v1")).credential(bearer()), async {
        server.accept().await.write(moved(302, elsewhere.as_str())).await;
        let mut second = other.accept().await;
        assert_eq!((second.path(), second.header("authorization")), ("/v2", None));
        second.write("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let reply = reply.unwrap();
    assert!(reply.status == StatusCode::UNAUTHORIZED && !reply.was_shown_credential);

    let (reply, ()) = while_(post(&server, "/v1"), async {
        let mut first = server.accept().await;
        body(&mut first).await;
        first.write(moved(307, elsewhere.as_str())).await;
    })
    .await;
    assert_eq!(
        reply.unwrap_err(),
        RequestError::Dial(DialError::RedirectNotSecure)
    );
    assert!(other.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_up_to_its_limit_and_no_further() {
    let limits = RequestLimits {
        body: 8,
        ..RequestLimits::default()
    };
    let compressed = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&[b'a'; 100_000]).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        compressed.len()
    );
    for (answer, wanted) in [
        (ok("12345678").into_bytes(), Ok(())),
        (ok("123456789").into_bytes(), Err(RequestError::TooLarge(8))),
        (
            b"HTTP/1.1 200 OK\r\n\r\n123456789".to_vec(),
            Err(RequestError::TooLarge(8)),
        ),
        (
            [gzip.into_bytes(), compressed].concat(),
            Err(RequestError::TooLarge(8)),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 1\r\n\r\n1".to_vec(),
            Err(RequestError::Encoded(UnknownCoding::Named("zstd".to_owned()))),
        ),
    ] {
        let server = Server::bind().await;
        let (reply, ()) = while_(Request::get(server.url("/")).limits(limits), async {
            let mut connection = server.accept().await;
            // The client may hang up before everything is written.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut connection.socket, &answer).await;
        })
        .await;
        assert_eq!(reply.map(drop), wanted, "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_end_is_given_up_and_one_that_breaks_off_is_no_answer() {
    let server = Server::bind().await;
    let limits = RequestLimits {
        whole: Duration::from_secs(5),
        ..RequestLimits::default()
    };
    let (reply, reader) = while_(Request::get(server.url("/")).limits(limits), async {
        let mut connection = server.accept().await;
        connection
            .write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
            .await;
        connection
    })
    .await;
    assert_eq!(reply.unwrap_err(), RequestError::TimedOut(Duration::from_secs(5)));
    drop(reader);
    let (reply, ()) = while_(Request::get(server.url("/")), async {
        let mut connection = server.accept().await;
        connection
            .write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
            .await;
    })
    .await;
    let error = reply.unwrap_err();
    assert!(matches!(error, RequestError::BrokenOff(_)), "{error:?}");
    let (reply, ()) = while_(Request::get("http://127.0.0.1:1/".parse().unwrap()), async {}).await;
    assert_eq!(
        reply.unwrap_err(),
        RequestError::Dial(DialError::ConnectionRefused)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_asked_for_anew_once() {
    let server = Server::bind().await;
    let refuse = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n";
    let provider = Arc::new(Provider::bearer(&["old", "new", "newest"]));
    let http = http();
    let asked = http.send_as(Request::get(server.url("/")), &*provider);
    let (reply, ()) = tokio::join!(asked, async {
        for token in ["Bearer old", "Bearer new"] {
            let mut connection = server.accept().await;
            assert_eq!(connection.header("authorization"), Some(token));
            connection.write(refuse).await;
        }
    });
    assert_eq!(reply.unwrap().status, StatusCode::UNAUTHORIZED);
    assert_eq!(provider.asked(), [false, true], "once anew, and no more");
    assert!(server.is_quiet());

    // A 401 of another origin, which does not get the credential, says nothing about it.
    let other = Server::bind().await;
    let asked = http.send_as(Request::get(server.url("/")), &*provider);
    let (reply, ()) = tokio::join!(asked, async {
        server
            .accept()
            .await
            .write(moved(302, other.url("/").as_str()))
            .await;
        other.accept().await.write(refuse).await;
    });
    assert_eq!(reply.unwrap().status, StatusCode::UNAUTHORIZED);
    assert_eq!(provider.asked(), [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_portals_page_is_no_answer_of_the_server() {
    let (server, probed) = (Server::bind().await, Server::bind().await);
    let http = Http::new(HttpOptions {
        network: NetworkOptions {
            probe_url: Some(probed.url("/generate_204")),
            ..NetworkOptions::default()
        },
        ..http().options().clone()
    });
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";
    let (reply, ()) = tokio::join!(http.send(Request::get(server.url("/items"))), async {
        server.accept().await.write(page).await;
        probed.accept().await.write(page).await;
    });
    assert_eq!(reply.unwrap_err(), RequestError::Dial(DialError::NetworkSignIn));
}

#[test]
fn neither_a_request_nor_an_answer_prints_what_it_carries() {
    let request = Request::get("https://gloria.example/api?token=s3cret".parse().unwrap())
        .credential(bearer())
        .body(HeaderValue::from_static("text/plain"), "s3cret");
    let printed = format!("{request:?}");
    assert!(
        !printed.contains("s3cret") && printed.contains("/api"),
        "{printed}"
    );
}
