//! Servers that cannot prove their identity. They run on threads, so time is not paused here.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use gloria_stream::machine::BreakOff;
use gloria_stream::{Cause, Command, DialError, StreamHandle, StreamOptions};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use tokio::sync::mpsc;

use crate::rig::Provider;

/// For localhost, until 2126, self-signed.
const CERTIFICATE: &[u8] = include_bytes!("../certificate/self-signed.der");
const KEY: &[u8] = include_bytes!("../certificate/self-signed.key.der");

/// Returns why an https attempt at this listener failed.
async fn trouble(listener: &TcpListener) -> Cause {
    let url = format!("https://{}/sse?token=s3cret", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let (sender, mut deliveries) = mpsc::channel(16);
    let provider = Arc::new(Provider::anonymous());
    let stream = StreamHandle::spawn(StreamOptions::new(url, "Gloria/1", 7), provider, sender);
    stream.send(Command::Start { cursor: None });
    loop {
        if let Some(gloria_stream::Delivery::Status(gloria_stream::Status::Waiting { cause, .. })) =
            deliveries.recv().await
        {
            return cause;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_not_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.into()], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    let server = listener.try_clone().unwrap();
    let heard = thread::spawn(move || {
        let (mut socket, _) = server.accept().unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut request = Vec::new();
        let result = Stream::new(&mut tls, &mut socket).read_to_end(&mut request);
        (result.is_err(), request)
    });
    let cause = trouble(&listener).await;
    assert!(
        matches!(cause, Cause::Dial(DialError::Certificate(_))),
        "{cause:?}"
    );
    assert!(
        cause
            .to_string()
            .starts_with("the certificate is not trusted: it is an authority's own"),
        "{cause}"
    );
    assert_eq!(
        heard.join().unwrap(),
        (true, Vec::new()),
        "nothing was sent to it"
    );
}

#[tokio::test]
async fn a_handshake_that_breaks_off_says_how() {
    for (resets, wanted) in [(true, BreakOff::Reset), (false, BreakOff::Truncated)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.try_clone().unwrap();
        let begun = thread::spawn(move || {
            let (mut socket, _) = server.accept().unwrap();
            // Closing a socket with unread data resets the connection.
            let mut hello = vec![0; if resets { 10 } else { 5 }];
            socket.read_exact(&mut hello).unwrap();
            if !resets {
                let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
                socket.read_exact(&mut vec![0; length]).unwrap();
            }
        });
        let cause = trouble(&listener).await;
        begun.join().unwrap();
        assert_eq!(cause, Cause::Dial(DialError::BrokenOff(wanted)));
    }
}

#[tokio::test]
async fn a_server_without_tls_makes_no_secure_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.try_clone().unwrap();
    let plain = thread::spawn(move || {
        let (mut socket, _) = server.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        rest
    });
    let cause = trouble(&listener).await;
    assert!(matches!(cause, Cause::Dial(DialError::Tls(_))), "{cause:?}");
    assert!(!format!("{cause} {cause:?}").contains("s3cret"));
    assert!(!String::from_utf8_lossy(&plain.join().unwrap()).contains("s3cret"));
}
