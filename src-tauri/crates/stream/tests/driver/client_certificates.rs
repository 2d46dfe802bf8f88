//! Servers that request a client certificate. TLS is real here, so time is not paused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gloria_stream::ClientCertificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::network::{CERTIFICATE, KEY, Stream, root_file, stream};
use crate::rig::OPEN;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certificate/client")
        .join(name)
}

/// A server that sends one event to clients with a certificate of the test's authority.
async fn server() -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file("authority.pem")).unwrap())
        .unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![CERTIFICATE.into()], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            let shown = socket.get_ref().1.peer_certificates().unwrap()[0].clone();
            assert_eq!(shown, CertificateDer::from_pem_file(file("client.pem")).unwrap());
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            socket
                .write_all(format!("{OPEN}data: through\n\n").as_bytes())
                .await
                .unwrap();
            // Until the client hangs up.
            let _ = socket.read_u8().await;
        }
    });
    port
}

fn open(port: u16, certificate: Option<PathBuf>, key: Option<PathBuf>, password: Option<&str>) -> Stream {
    stream(&format!("https://localhost:{port}/sse"), |options| {
        options.network.ca_file = Some(root_file());
        options.network.client_certificate = ClientCertificate {
            certificate,
            key,
            password: password.map(Into::into),
        };
        assert!(!format!("{options:?}").contains("s3cret"));
    })
}

#[tokio::test]
async fn a_certificate_is_shown_in_the_forms_that_people_have() {
    let port = server().await;
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let read = |name: &str| std::fs::read(file(name)).unwrap();
    let all = |names: &[&str]| {
        made(
            &names.concat(),
            &names.iter().flat_map(|name| read(name)).collect::<Vec<_>>(),
        )
    };
    let der = CertificateDer::from_pem_file(file("client.pem")).unwrap();
    let password = Some("s3cret");
    for (certificate, key, password) in [
        (file("client.pem"), Some(file("client.key")), None),
        (file("client.pem"), Some(file("client.ec.key")), None),
        (file("client.pem"), Some(file("client.encrypted.key")), password),
        (made("client.der", &der), Some(file("client.key")), None),
        (all(&["client.pem", "client.key"]), None, None),
        (
            all(&["client.encrypted.key", "client.pem", "authority.pem"]),
            None,
            password,
        ),
        // The authority's certificate comes first.
        (all(&["authority.pem", "client.key", "client.pem"]), None, None),
        // The named key takes precedence.
        (all(&["client.pem", "other.key"]), Some(file("client.key")), None),
        (all(&["client.pem", "other.key", "client.key"]), None, None),
        (file("client.p12"), None, password),
        (file("client.open.p12"), None, None),
        (file("client.3des.p12"), None, password),
        (file("client.rc2.p12"), None, password),
    ] {
        let name = format!("{} {key:?}", certificate.display());
        let mut stream = open(port, Some(certificate), key, password);
        assert_eq!(stream.outcome().await.as_deref(), Ok("through"), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_gets_no_certificate_it_knows_is_distinguished_from_others() {
    let port = server().await;
    let trouble = open(port, None, None, None).outcome().await.unwrap_err();
    assert_eq!(trouble.to_string(), "the server asks for a client certificate");
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger.der");
    std::fs::write(&stranger, CERTIFICATE).unwrap();
    let key = folder.path().join("key.der");
    std::fs::write(&key, KEY).unwrap();
    let trouble = open(port, Some(stranger), Some(key), None).outcome().await;
    assert_eq!(
        trouble.unwrap_err().to_string(),
        "the server does not accept the client certificate"
    );
}

#[tokio::test]
async fn files_that_do_not_do_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.p12");
    std::fs::write(&damaged, &std::fs::read(file("client.p12")).unwrap()[..500]).unwrap();
    let old = folder.path().join("old.key");
    std::fs::write(
        &old,
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n\
         AAAA\n-----END RSA PRIVATE KEY-----\n",
    )
    .unwrap();
    let missing = folder.path().join("missing");
    let (certificate, p12) = (file("client.pem"), file("client.p12"));
    let encrypted = file("client.encrypted.key");
    let wrong = Some("wr0ng");
    for (certificate, key, password, named, words) in [
        (&missing, None, None, &missing, "cannot be read: "),
        (&certificate, Some(&missing), None, &missing, "cannot be read: "),
        (&certificate, None, None, &certificate, "holds no private key"),
        (
            &file("client.key"),
            None,
            None,
            &file("client.key"),
            "holds no certificate",
        ),
        (
            &certificate,
            Some(&file("other.key")),
            None,
            &file("other.key"),
            "holds a private key that does not belong to the certificate",
        ),
        (
            &certificate,
            Some(&encrypted),
            None,
            &encrypted,
            "asks for a password",
        ),
        (
            &certificate,
            Some(&encrypted),
            wrong,
            &encrypted,
            "cannot be opened with this password",
        ),
        (
            &certificate,
            Some(&old),
            wrong,
            &old,
            "holds a key encrypted in OpenSSL's old way",
        ),
        (&p12, None, None, &p12, "asks for a password"),
        (&p12, None, wrong, &p12, "cannot be opened with this password"),
        (
            &file("client.rc2.p12"),
            None,
            wrong,
            &file("client.rc2.p12"),
            "cannot be opened with this password",
        ),
        (&damaged, None, Some("s3cret"), &damaged, "is damaged"),
    ] {
        let mut stream = open(1, Some(certificate.clone()), key.cloned(), password);
        let trouble = stream.outcome().await.unwrap_err().to_string();
        let wanted = format!("the certificate file {} {words}", named.display());
        assert!(trouble.starts_with(&wanted), "{trouble}\nis not\n{wanted}");
        assert!(!trouble.contains("wr0ng"));
    }
}
