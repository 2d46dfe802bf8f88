//! Servers that cannot prove their identity, and one that can.

use futures_util::future::join;
use gloria_chaos::DEADLINE;
use gloria_chaos::ask::Ask;
use gloria_chaos::server::Server;
use gloria_chaos::tls::{AUTHORITY, Certificate};

use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::program::{Program, TOKEN, assert_asks, gloria, tail};

/// Returns a client of this server that trusts the authority.
fn trusting(server: &Server) -> Program {
    let api = format!("https://{}/api/v1", server.address());
    tail(&[("GLORIA_API_URL", &api), ("SSL_CERT_FILE", AUTHORITY)])
}

/// Checks that the handshake fails, and nothing is sent to the server with this certificate.
async fn refused(certificate: Certificate, reported: &str) {
    let server = Server::bind().await;
    let mut tail = trusting(&server);
    let handshake = server.request_by_tls(&certificate.acceptor()).await;
    assert!(handshake.is_err(), "no request was made");
    let reported = format!("the certificate is not trusted: {reported}");
    tail.states(&[("connecting", ""), ("waiting", &reported)]).await;
    assert!(server.log().all().is_empty() && server.is_quiet());
}

#[tokio::test]
async fn a_good_certificate_opens_the_stream() {
    let server = Server::bind().await;
    let mut tail = trusting(&server);
    let acceptor = Certificate::Good.acceptor();
    let mut exchange = server.request_by_tls(&acceptor).await.unwrap();
    assert_asks(&exchange, &Ask::first().token(TOKEN), &server);
    exchange.open().await;
    exchange
        .write("id: 1\nevent: workflow.started\ndata: {\"workflowId\":\"w\"}\n\n")
        .await;
    tail.states(&[("connecting", ""), ("connected", "")]).await;
    assert_eq!(tail.event().await["id"], "1");
    // Without a TLS close, the end may be anyone's: what arrived stays, and the next request resumes after it.
    drop(exchange);
    let (state, reason) = tail.state().await;
    assert_eq!(state, "waiting", "{reason}");
    let second = server.request_by_tls(&acceptor).await.unwrap();
    assert_asks(&second, &Ask::after("1").token(TOKEN), &server);
}

#[tokio::test]
async fn a_certificate_that_expired_is_refused() {
    refused(
        Certificate::Expired,
        "it expired on 2021-01-01, or this computer's clock is wrong",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    refused(
        Certificate::NotYetValid,
        "it is not valid before 2120-01-01, or this computer's clock is wrong",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    refused(Certificate::OtherName, "it belongs to another name").await;
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_refused() {
    refused(
        Certificate::SelfSigned,
        "it is not signed by anyone this computer trusts",
    )
    .await;
}

/// What `gloria doctor` says of this server's certificate: the outcome, the cause, and whether there is advice.
async fn examined(server: &Server, certificate: Certificate, roots: &str) -> (String, String, bool) {
    let home = tempfile::tempdir().unwrap();
    let examining = Command::new(gloria())
        .args(["doctor", "--json"])
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_API_URL", format!("https://{}/api/v1", server.address()))
        .env("SSL_CERT_FILE", roots)
        .kill_on_drop(true)
        .output();
    let acceptor = certificate.acceptor();
    let answering = async {
        if let Ok(mut exchange) = server.request_by_tls(&acceptor).await {
            exchange
                .write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                .await;
        }
    };
    let (output, ()) = timeout(DEADLINE, join(examining, answering)).await.unwrap();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let checks = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = checks.into_iter().find(|line| line["check"] == "tls").unwrap();
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text_of(&found["outcome"]),
        text_of(&found["cause"]["words"]),
        found["mend"].is_object(),
    )
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_with_a_certificate() {
    let server = Server::bind().await;
    let good = examined(&server, Certificate::Good, AUTHORITY).await;
    assert_eq!((&*good.0, good.2), ("passed", false), "{}", good.1);
    for (certificate, problem) in [
        (Certificate::Expired, "it expired on 2021-01-01"),
        (Certificate::OtherName, "it belongs to another name"),
        (Certificate::SelfSigned, "it is not signed by anyone"),
    ] {
        let (outcome, cause, has_advice) = examined(&server, certificate, AUTHORITY).await;
        assert_eq!((&*outcome, has_advice), ("failed", true), "{cause}");
        assert!(cause.contains(problem), "{cause}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_is_not_installed_is_refused() {
    let server = Server::bind().await;
    let api = format!("https://{}/api/v1", server.address());
    let mut tail = tail(&[("GLORIA_API_URL", &api)]);
    assert!(
        server
            .request_by_tls(&Certificate::Good.acceptor())
            .await
            .is_err()
    );
    let reported = "the certificate is not trusted: it is not signed by anyone this computer trusts";
    tail.states(&[("connecting", ""), ("waiting", reported)]).await;
    assert!(server.log().all().is_empty());
}

#[tokio::test]
async fn roots_that_the_settings_name_are_trusted_beside_the_systems() {
    let server = Server::bind().await;
    let api = format!("https://{}/api/v1", server.address());
    let mut tail = tail(&[("GLORIA_API_URL", &api), ("GLORIA_CA_FILE", AUTHORITY)]);
    let mut exchange = server
        .request_by_tls(&Certificate::Good.acceptor())
        .await
        .unwrap();
    assert_asks(&exchange, &Ask::first().token(TOKEN), &server);
    tail.opened(&mut exchange).await;
}

#[tokio::test]
async fn roots_that_are_not_there_are_reported_and_nothing_is_asked_without_them() {
    let server = Server::bind().await;
    let api = format!("https://{}/api/v1", server.address());
    let mut tail = tail(&[("GLORIA_API_URL", &api), ("GLORIA_CA_FILE", "/nowhere/roots.pem")]);
    assert_eq!(tail.state().await.0, "connecting");
    let (state, reason) = tail.state().await;
    assert!(
        state == "waiting" && reason.contains("/nowhere/roots.pem"),
        "{state}: {reason}"
    );
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_server_without_tls_hears_no_token() {
    let server = Server::bind().await;
    let mut tail = trusting(&server);
    let mut socket = server.accept().await;
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(tail.state().await.0, "connecting");
    let (state, reason) = tail.state().await;
    assert_eq!(state, "waiting");
    assert!(
        reason.starts_with("no secure connection could be made: "),
        "{reason}"
    );
    let mut said = Vec::new();
    // It has hung up; an error does not matter.
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut said).await;
    assert!(!said.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()));
}

#[tokio::test]
async fn from_a_secure_server_no_redirect_leads_to_one_that_is_not() {
    let server = Server::bind().await;
    let plain = Server::bind().await;
    let mut tail = trusting(&server);
    let exchange = server
        .request_by_tls(&Certificate::Good.acceptor())
        .await
        .unwrap();
    exchange
        .answer(&format!("307 Moved\r\nLocation: http://{}/", plain.address()))
        .await;
    let reported = "the server redirects to an address that is not secure";
    tail.states(&[("connecting", ""), ("waiting", reported)]).await;
    assert!(plain.is_quiet());
}

#[tokio::test]
async fn to_another_secure_server_a_redirect_leads_without_the_token() {
    let (server, other) = (Server::bind().await, Server::bind().await);
    let mut tail = trusting(&server);
    let acceptor = Certificate::Good.acceptor();
    let exchange = server.request_by_tls(&acceptor).await.unwrap();
    assert_asks(&exchange, &Ask::first().token(TOKEN), &server);
    exchange
        .answer(&format!("308 Moved\r\nLocation: https://{}/v2", other.address()))
        .await;
    let mut second = other.request_by_tls(&acceptor).await.unwrap();
    assert_asks(&second, &Ask::first().target("/v2"), &other);
    tail.opened(&mut second).await;
}
