//! A server of manifests that hangs, refuses, leads elsewhere and sends too much.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gloria_stream::http::{HttpOptions, RequestError};
use gloria_stream::{ClientCertificate, DialError, DialLimits, NetworkOptions, ProxyChoice};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::release::fetch::{FetchError, within};

/// Longer than an answer takes on a slow machine, and short enough to wait for one that never comes.
const LIMIT: Duration = Duration::from_secs(2);

/// What a server does when a path is asked for.
enum Does {
    Answers(String),
    Hangs,
    /// It sends bytes without end.
    Floods,
}

/// A server whose requests are kept.
struct Server {
    folder: Url,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(paths: impl IntoIterator<Item = (&'static str, Does)>) -> Self {
        let paths: Arc<HashMap<_, _>> = Arc::new(paths.into_iter().collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = format!("http://{}/updates", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let kept = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (paths, kept) = (paths.clone(), kept.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(socket.read_u8().await?);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    kept.lock().unwrap().push(head);
                    match paths.get(path.as_str()) {
                        Some(Does::Answers(answer)) => socket.write_all(answer.as_bytes()).await?,
                        Some(Does::Hangs) => std::future::pending().await,
                        Some(Does::Floods) => {
                            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                            loop {
                                socket.write_all(&[b' '; 4096]).await?;
                            }
                        }
                        None => socket.write_all(NOT_FOUND.as_bytes()).await?,
                    }
                    socket.shutdown().await
                });
            }
        });
        Self {
            folder: Url::parse(&folder).unwrap(),
            heads,
        }
    }

    async fn ask(&self, publisher: &Publisher) -> Result<Manifest, FetchError> {
        ask(&self.folder, publisher, NetworkOptions::default()).await
    }
}

async fn ask(folder: &Url, publisher: &Publisher, network: NetworkOptions) -> Result<Manifest, FetchError> {
    let source = Source {
        url: folder.clone(),
        key: publisher.key(),
        channel: Channel::Stable,
    };
    let options = HttpOptions {
        user_agent: "gloria-notify/0.0.0".to_owned(),
        network: NetworkOptions {
            proxy: ProxyChoice::Direct,
            ..network
        },
        limits: DialLimits::default(),
    };
    within(options, &source, LIMIT).await
}

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

const FILE: &str = "/updates/stable.json";

const SIGNATURE: &str = "/updates/stable.json.minisig";

fn with_body(body: &str) -> Does {
    Does::Answers(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn with_status(status: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))
}

fn leads_to(place: &str) -> Does {
    Does::Answers(format!(
        "HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    ))
}

#[tokio::test]
async fn two_files_are_asked_for_and_nothing_says_by_whom() {
    let publisher = Publisher::new();
    let written = manifest(Channel::Stable, "1.4.0", 28);
    let signature = publisher.sign(&written.text(), None);
    let server = Server::start([
        (FILE, with_body(&written.text())),
        (SIGNATURE, leads_to("/elsewhere")),
        ("/elsewhere", with_body(&signature)),
    ])
    .await;
    assert_eq!(server.ask(&publisher).await, Ok(written));
    let heads = server.heads.lock().unwrap();
    let paths: Vec<_> = heads.iter().filter_map(|head| head.split(' ').nth(1)).collect();
    assert_eq!(paths, [FILE, SIGNATURE, "/elsewhere"]);
    for head in heads.iter() {
        let names: Vec<_> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let known = ["accept", "accept-encoding", "host", "user-agent"];
        assert!(names.iter().all(|name| known.contains(&name.as_str())), "{head}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_refuses_or_sends_too_much_is_said_and_waited_for_no_longer() {
    let publisher = Publisher::new();
    let text = manifest(Channel::Stable, "1.4.0", 28).text();
    let good = || with_body(&text);
    let too_long = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
    let cases = [
        (Some(Does::Hangs), None, "no whole answer within 2 s"),
        (Some(Does::Floods), None, "the answer is larger than 65536 bytes"),
        (
            Some(Does::Answers(too_long.into())),
            None,
            "the answer is larger than 65536 bytes",
        ),
        (None, None, "the server answered 404"),
        (Some(with_status("503 Later")), None, "the server answered 503"),
        (Some(good()), None, "release-unsigned"),
        (
            Some(good()),
            Some(with_status("500 No")),
            "the server answered 500",
        ),
        (Some(good()), Some(Does::Hangs), "no whole answer within 2 s"),
        (
            Some(good()),
            Some(Does::Floods),
            "the answer is larger than 8192 bytes",
        ),
        (Some(good()), Some(with_body("<html>")), "release-unsigned"),
        (
            Some(good()),
            Some(with_body(&publisher.sign("another", None))),
            "release-altered",
        ),
    ];
    for (manifest, signature, expected) in cases {
        let paths = [(FILE, manifest), (SIGNATURE, signature)];
        let paths = paths.into_iter().filter_map(|(path, does)| Some((path, does?)));
        let error = Server::start(paths).await.ask(&publisher).await.unwrap_err();
        let words = match &error {
            FetchError::Refused(refusal) => refusal.message().id.into_owned(),
            FetchError::Request(_) | FetchError::Status(_) => error.to_string(),
        };
        assert_eq!(words, expected);
    }
}

#[tokio::test]
async fn nobody_is_followed_to_http_of_another_machine() {
    let publisher = Publisher::new();
    let server = Server::start([(FILE, leads_to("http://gloria.invalid/stable.json"))]).await;
    let answer = server.ask(&publisher).await;
    assert_eq!(
        answer,
        Err(FetchError::Request(RequestError::Dial(
            DialError::RedirectNotSecure
        )))
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let publisher = Publisher::new();
    let server = Server::start([]).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Server {
        folder: Url::parse(&format!("http://{closed}")).unwrap(),
        ..server
    };
    let answer = server.ask(&publisher).await;
    assert!(
        matches!(answer, Err(FetchError::Request(RequestError::Dial(_)))),
        "{answer:?}"
    );
}

/// The certificates of the stream's tests.
fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../stream/tests/certificate")
        .join(name)
}

/// A server with TLS that asks for a client certificate, and answers those who have none.
async fn server_with_tls(answers: Vec<String>) -> Url {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificate("client/authority.pem")).unwrap();
    roots.add(authority).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let own = |name| std::fs::read(certificate(name)).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(
            vec![own("signed.der").into()],
            PrivatePkcs8KeyDer::from(own("signed.key.der")).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let answer = match socket.get_ref().1.peer_certificates() {
                None => answers.next().unwrap_or_default(),
                Some(_) => "HTTP/1.1 418 Named\r\nContent-Length: 0\r\n\r\n".to_owned(),
            };
            socket.write_all(answer.as_bytes()).await.unwrap();
            // The client may be gone.
            let _ = socket.shutdown().await;
        }
    });
    Url::parse(&format!("https://localhost:{port}/updates")).unwrap()
}

#[tokio::test]
async fn over_https_the_apps_authorities_count_and_its_client_certificate_is_not_shown() {
    let publisher = Publisher::new();
    let written = manifest(Channel::Stable, "1.4.0", 28);
    let answer = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answers = || {
        let signature = publisher.sign(&written.text(), None);
        vec![answer(&written.text()), answer(&signature)]
    };
    let network = NetworkOptions {
        ca_file: Some(certificate("root.pem")),
        client_certificate: ClientCertificate {
            certificate: Some(certificate("client/client.pem")),
            key: Some(certificate("client/client.key")),
            password: None,
        },
        ..NetworkOptions::default()
    };
    let folder = server_with_tls(answers()).await;
    assert_eq!(
        ask(&folder, &publisher, network.clone()).await,
        Ok(written.clone())
    );
    let folder = server_with_tls(answers()).await;
    let stranger = ask(&folder, &publisher, NetworkOptions::default()).await;
    assert!(
        matches!(
            stranger,
            Err(FetchError::Request(RequestError::Dial(DialError::Certificate(_))))
        ),
        "{stranger:?}"
    );
    let plain = "HTTP/1.1 302 Found\r\nLocation: http://localhost/stable.json\r\nContent-Length: 0\r\n\r\n";
    let folder = server_with_tls(vec![plain.to_owned()]).await;
    assert_eq!(
        ask(&folder, &publisher, network).await,
        Err(FetchError::Request(RequestError::Dial(
            DialError::RedirectNotSecure
        )))
    );
}
