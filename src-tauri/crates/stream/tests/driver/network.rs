//! Proxies, and roots from a file. The TLS servers run on threads, so time is not paused here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener as ThreadListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gloria_stream::{
    Cause, Command, Delivery, DialError, ProxyAddress, ProxyChoice, Status, StreamHandle, StreamOptions,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::rig::{OPEN, Provider};

/// For localhost, 127.0.0.1 and gloria.test, until 2126, signed by the root next to it.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../certificate/signed.der");
pub(crate) const KEY: &[u8] = include_bytes!("../certificate/signed.key.der");

/// Several times as long as a handshake takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

pub(crate) fn root_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificate/root.pem")
}

/// A TLS server on this machine that opens a stream with one event for requests with the token.
pub(crate) fn tls_server() -> u16 {
    let listener = ThreadListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.into()], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    let config = Arc::new(config);
    thread::spawn(move || {
        for socket in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = BufReader::new(StreamOwned::new(tls, socket.unwrap()));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                // A client that does not trust the certificate disconnects here.
                if socket.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
            }
            if head.to_ascii_lowercase().contains("authorization: bearer t0ken") {
                let _ = write!(socket.get_mut(), "{OPEN}data: through\n\n");
                let _ = socket.get_mut().flush();
                // Waits until the client hangs up.
                let _ = socket.read_line(&mut head);
            }
        }
    });
    port
}

/// A proxy that tunnels to `to`, whatever the name, for requests with the credentials that it requires. Sends the heads
/// that it has read.
pub(crate) async fn proxy(to: u16, asks_for: Option<&'static str>) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heads, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let heads = heads.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let shown = head.lines().find_map(|line| {
                    line.to_ascii_lowercase()
                        .starts_with("proxy-authorization: ")
                        .then(|| &line[21..])
                });
                let refused = asks_for.is_some() && shown != asks_for;
                let tunnel = head.starts_with("CONNECT ");
                heads.send(head).unwrap();
                if refused {
                    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                                  Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
                    client.write_all(answer.as_bytes()).await.unwrap();
                } else if tunnel {
                    client
                        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        .await
                        .unwrap();
                    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                } else {
                    client
                        .write_all(format!("{OPEN}data: forwarded\n\n").as_bytes())
                        .await
                        .unwrap();
                    let _ = client.read_u8().await;
                }
            });
        }
    });
    (port, heard)
}

pub(crate) struct Stream {
    pub(crate) handle: StreamHandle,
    deliveries: mpsc::Receiver<Delivery>,
}

pub(crate) fn stream(url: &str, change: impl FnOnce(&mut StreamOptions)) -> Stream {
    let mut options = StreamOptions::new(url.parse().unwrap(), "Gloria/1", 7);
    change(&mut options);
    let (sender, deliveries) = mpsc::channel(16);
    let handle = StreamHandle::spawn(options, Arc::new(Provider::bearer(&["t0ken"])), sender);
    handle.send(Command::Start { cursor: None });
    Stream { handle, deliveries }
}

impl Stream {
    /// Returns the first event's data, or why there is none.
    pub(crate) async fn outcome(&mut self) -> Result<String, Cause> {
        loop {
            match timeout(DEADLINE, self.deliveries.recv())
                .await
                .expect("an outcome in time")
                .unwrap()
            {
                Delivery::Frames(frames) => return Ok(frames.frames[0].data.clone()),
                Delivery::Status(Status::Waiting { cause, .. }) => return Err(cause),
                Delivery::Status(_) | Delivery::Skipped { .. } | Delivery::PositionLost { .. } => {}
            }
        }
    }
}

fn through(port: u16, userinfo: &str) -> ProxyChoice {
    ProxyChoice::Address(ProxyAddress::parse(&format!("http://{userinfo}127.0.0.1:{port}")).unwrap())
}

#[tokio::test]
async fn a_tunnel_leads_to_the_server_and_the_proxy_hears_its_name_alone() {
    let (port, mut heads) = proxy(tls_server(), None).await;
    let mut stream = stream("https://gloria.test/api/sse?a=b", |options| {
        options.network.proxy = through(port, "");
        options.network.ca_file = Some(root_file());
    });
    assert_eq!(stream.outcome().await.unwrap(), "through");
    let head = heads.recv().await.unwrap();
    assert!(head.starts_with("CONNECT gloria.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(
        !head.contains("t0ken") && !head.contains("/api") && !head.to_lowercase().contains("authorization"),
        "{head}"
    );
}

#[tokio::test]
async fn a_proxy_that_asks_gets_user_and_password() {
    // "anna:s3 cret", with the space decoded from its form in an address.
    let (port, mut heads) = proxy(tls_server(), Some("Basic YW5uYTpzMyBjcmV0")).await;
    let mut stream = stream("https://gloria.test/api/sse", |options| {
        options.network.proxy = through(port, "anna:s3%20cret@");
        options.network.ca_file = Some(root_file());
    });
    assert_eq!(stream.outcome().await.unwrap(), "through");
    assert!(heads.recv().await.unwrap().contains("Basic YW5uYTpzMyBjcmV0"));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_distinguished_from_a_server_that_does() {
    for url in ["https://gloria.test/api/sse", "http://gloria.test/api/sse"] {
        let (port, _heads) = proxy(0, Some("Basic YW5uYTpzM2NyZXQ=")).await;
        let mut stream = stream(url, |options| {
            options.network.proxy = through(port, "anna:wr0ng@")
        });
        let cause = stream.outcome().await.unwrap_err();
        assert_eq!(cause, Cause::Dial(DialError::ProxyAuthentication), "{url}");
    }
}

#[tokio::test]
async fn plain_http_is_forwarded_with_the_proxys_credentials() {
    let (port, mut heads) = proxy(0, Some("Basic YW5uYTpzM2NyZXQ=")).await;
    let mut stream = stream("http://gloria.test/api/sse", |options| {
        options.network.proxy = through(port, "anna:s3cret@");
    });
    assert_eq!(stream.outcome().await.unwrap(), "forwarded");
    assert!(
        heads
            .recv()
            .await
            .unwrap()
            .starts_with("GET http://gloria.test/api/sse HTTP/1.1\r\n")
    );
}

#[tokio::test]
async fn a_proxy_without_a_way_through_says_so_without_its_password() {
    let nobody = ThreadListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut stream = stream("https://gloria.test/api/sse", |options| {
        options.network.proxy = through(nobody, "anna:s3cret@");
        assert!(!format!("{options:?}").contains("s3cret"));
    });
    let cause = stream.outcome().await.unwrap_err();
    assert!(!format!("{cause} {cause:?}").contains("s3cret"), "{cause:?}");
}

#[tokio::test]
async fn this_machine_and_the_exempt_are_asked_past_the_proxy() {
    let server = tls_server();
    let (port, mut heads) = proxy(server, None).await;
    let mut local = stream(&format!("https://127.0.0.1:{server}/sse"), |options| {
        options.network.proxy = through(port, "");
        options.network.ca_file = Some(root_file());
    });
    assert_eq!(local.outcome().await.unwrap(), "through");
    let mut exempt = stream("http://gloria.invalid/sse", |options| {
        options.network.proxy = through(port, "");
        options.network.no_proxy = vec!["invalid".to_owned()];
    });
    assert_eq!(
        exempt.outcome().await.unwrap_err(),
        Cause::Dial(DialError::NameNotFound)
    );
    assert!(heads.try_recv().is_err(), "the proxy heard of it");
}

#[tokio::test]
async fn a_root_from_the_file_is_trusted() {
    let url = format!("https://localhost:{}/sse", tls_server());
    let cause = stream(&url, |_| {}).outcome().await.unwrap_err();
    assert!(
        matches!(cause, Cause::Dial(DialError::Certificate(_))),
        "{cause:?}"
    );
    let mut trusting = stream(&url, |options| options.network.ca_file = Some(root_file()));
    assert_eq!(trusting.outcome().await.unwrap(), "through");
}

#[tokio::test]
async fn a_file_without_roots_is_named_and_read_again() {
    let url = format!("https://localhost:{}/sse", tls_server());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    let open = || stream(&url, |options| options.network.ca_file = Some(file.clone()));
    for (text, words) in [
        (None, "cannot be read: "),
        (Some("no certificate"), "holds no certificate"),
        (
            Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
            "holds a certificate that is damaged",
        ),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let cause = open().outcome().await.unwrap_err();
        assert!(
            matches!(cause, Cause::Dial(DialError::CertificateFile { .. })),
            "{cause:?}"
        );
        let wanted = format!("the certificate file {} {words}", file.display());
        assert!(cause.to_string().starts_with(&wanted), "{cause}");
    }
    let mut stream = open();
    assert!(stream.outcome().await.is_err());
    std::fs::copy(root_file(), &file).unwrap();
    stream.handle.send(Command::RetryNow);
    let mut outcome = stream.outcome().await;
    while outcome.is_err() {
        outcome = stream.outcome().await;
    }
    assert_eq!(outcome.unwrap(), "through");
}

/// The root's file in all common formats.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let pem = include_str!("../certificate/root.pem");
    let utf16 = |of: fn(u16) -> [u8; 2], mark: bool| {
        let units = mark.then_some(0xFEFF).into_iter().chain(pem.encode_utf16());
        units.flat_map(of).collect::<Vec<u8>>()
    };
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    let other = include_bytes!("../certificate/self-signed.der");
    let trusted = include_str!("../certificate/root.trusted.pem");
    vec![
        ("a byte order mark", format!("\u{FEFF}{pem}").into()),
        ("CRLF", pem.replace('\n', "\r\n").into()),
        ("CR", pem.replace('\n', "\r").into()),
        ("indented", pem.replace('\n', "\n    ").into()),
        ("in one line", pem.replace('\n', " ").into()),
        ("UTF-16 as Windows writes it", utf16(u16::to_le_bytes, true)),
        ("UTF-16 in network order", utf16(u16::to_be_bytes, true)),
        ("UTF-16 without a mark", utf16(u16::to_le_bytes, false)),
        (
            "text around it",
            format!("Certificate:\n    Version: 3\n\u{e9}\n{pem}\nsubject=CN = x\n").into(),
        ),
        (
            "bag attributes",
            format!("Bag Attributes\n    friendlyName: root\n{pem}").into(),
        ),
        ("X509", pem.replace(" CERTIFICATE", " X509 CERTIFICATE").into()),
        ("TRUSTED", trusted.into()),
        ("a bundle", format!("{trusted}{pem}{pem}").into()),
        (
            "a bundle with a damaged one",
            format!("{}{pem}", pem.replace("MII", "!II")).into(),
        ),
        ("DER", der.clone()),
        ("DER after DER", [&other[..], &der].concat()),
        ("PKCS#7", include_bytes!("../certificate/root.p7b").to_vec()),
        (
            "PKCS#7 in DER",
            include_bytes!("../certificate/root.p7b.der").to_vec(),
        ),
    ]
}

#[tokio::test]
async fn a_root_is_taken_in_the_forms_that_people_have() {
    let url = format!("https://localhost:{}/sse", tls_server());
    let folder = tempfile::tempdir().unwrap();
    for (number, (form, bytes)) in forms().into_iter().enumerate() {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, bytes).unwrap();
        let mut stream = stream(&url, |options| options.network.ca_file = Some(file));
        assert_eq!(stream.outcome().await.as_deref(), Ok("through"), "{form}");
    }
}

#[tokio::test]
async fn a_folder_of_roots_is_read_whatever_else_is_in_it() {
    let url = format!("https://localhost:{}/sse", tls_server());
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        stream(&url, |options| {
            options.network.ca_file = Some(folder.path().to_owned())
        })
    };
    let trouble = open().outcome().await.unwrap_err().to_string();
    let place = folder.path().display();
    assert_eq!(
        trouble,
        format!("the certificate file {place} holds no certificate")
    );
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("README"), "These are ours.").unwrap();
    std::fs::write(folder.path().join("bad.crt"), "-----BEGIN CERTIFICATE-----\nMII").unwrap();
    let trouble = open().outcome().await.unwrap_err().to_string();
    let wanted = format!("the certificate file {place}/bad.crt holds a certificate that is damaged");
    assert_eq!(trouble, wanted);
    std::fs::copy(root_file(), folder.path().join("root.crt")).unwrap();
    assert_eq!(open().outcome().await.unwrap(), "through");
}

#[tokio::test]
async fn what_holds_no_root_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca");
    for (bytes, words) in [
        (&b""[..], "holds no certificate"),
        (&b"\x30\x03\x01"[..], "holds a certificate that is damaged"),
        (
            include_bytes!("../certificate/client/client.p12"),
            "is a PKCS#12 file; certificates alone are wanted here, as PEM or DER",
        ),
        (
            include_bytes!("../certificate/client/client.key"),
            "holds a private key, which is not wanted here",
        ),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let mut stream = stream("https://localhost:1/sse", |options| {
            options.network.ca_file = Some(file.clone());
        });
        let trouble = stream.outcome().await.unwrap_err().to_string();
        assert_eq!(
            trouble,
            format!("the certificate file {} {words}", file.display())
        );
    }
}
