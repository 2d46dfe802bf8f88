//! No cause contains the address, the query or a credential, whatever a server, a proxy or a library repeats of them,
//! because causes are logged and shown, also in a status that others read.

use gloria_stream::{Cause, Credential, Delivery, ProxyAddress, ProxyChoice, Status, StreamOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::network::{self, root_file};
use crate::rig::{Connection, OPEN, Provider, Rig};
use crate::socks::{self, Behaviour};
use crate::websocket::{frame, upgrade};

/// Part of the path, the query, the token and the proxy's password.
const POISON: &str = "p01son";

/// Asserts that a cause contains nothing secret, in its `Display` and `Debug` output.
fn assert_clean(cause: &Cause, also: &[&str], what: &str) {
    let said = format!("{cause} {cause:?}").to_lowercase();
    for private in [POISON, "/sse", "ticket=", "127.0.0.1"].iter().chain(also) {
        assert!(!said.contains(private), "{what}: {said} has {private}");
    }
}

fn poisoned(options: &mut StreamOptions) {
    options.url.set_path("/p01son/sse");
    options.url.set_query(Some("ticket=p01son"));
}

/// Returns the stream's first cause.
async fn cause(deliveries: &mut mpsc::Receiver<Delivery>) -> Cause {
    loop {
        match deliveries.recv().await.unwrap() {
            Delivery::Status(Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. }) => {
                return cause;
            }
            Delivery::Status(Status::Halted { reason, .. }) => return Cause::Halted(reason),
            _ => {}
        }
    }
}

/// Responses that repeat the request or contain the server's text, in every place that can contain text.
fn answers(request: &str, server: &str) -> Vec<String> {
    let p = POISON;
    let head = |head: &str| format!("HTTP/1.1 {head}\r\n\r\n");
    let mut answers = vec![
        String::new(),
        request.to_owned(),
        format!("{p} {server}\r\n\r\n"),
        format!("HTTP/1.1 {p} {server}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{p} {server}: {request}"),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", p.repeat(200_000)),
        head(&format!("200 {p}\r\nContent-Type: https://{server}/{p}")),
        head(&format!(
            "200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: zstd;{p}, zstd"
        )),
        head(&format!(
            "200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {p}"
        )),
        head(&format!(
            "200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: {p}"
        )),
        format!("{OPEN}data: {p}"),
        OPEN.replace(
            "\r\n\r\n",
            &format!("\r\nTransfer-Encoding: chunked\r\n\r\n{p} {server}\r\n"),
        ),
        OPEN.replace(
            "\r\n\r\n",
            &format!("\r\nContent-Encoding: gzip\r\n\r\n{p} {server}\r\n{p}{p}{p}"),
        ),
        OPEN.replace(
            "\r\n\r\n",
            &format!("\r\nContent-Encoding: br\r\n\r\n{p} {server}\r\n{p}{p}{p}"),
        ),
        OPEN.replace(
            "\r\n\r\n",
            &format!("\r\nContent-Length: 1000\r\n\r\ndata: {p} {server}"),
        ),
        head(&format!("101 {p}\r\nConnection: Upgrade\r\nUpgrade: {p}")),
    ];
    for location in [
        format!("ftp://{p}@{server}/{p}?ticket={p}"),
        format!("http://[{p}"),
        format!("{p}://{server}"),
        format!("http://{p}.invalid:99999/"),
        format!("http://{p}.example/sse?ticket={p}"),
        format!("http://{server}/{p}/sse?ticket={p}"),
        format!("http://127.0.0.1:1/{p}/sse?ticket={p}"),
    ] {
        answers.push(head(&format!(
            "307 {p}\r\nContent-Length: 0\r\nLocation: {location}"
        )));
    }
    for status in [204, 300, 304, 400, 401, 403, 404, 407, 410, 429, 500, 503, 511] {
        answers.push(head(&format!(
            "{status} {p} {server}\r\nWWW-Authenticate: Bearer realm=\"{p}\"\r\nContent-Length: 6\r\n\r\n{p}"
        )));
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn no_answer_gets_address_query_or_token_into_a_cause() {
    let count = answers("", "").len();
    for number in 0..count {
        for token_in_query in [false, true] {
            let provider = if token_in_query {
                let token = Credential::query("token", POISON.into());
                Provider::of([Ok(token)])
            } else {
                Provider::bearer(&[POISON])
            };
            let mut rig = Rig::with(poisoned, provider).await;
            rig.start(Some(POISON));
            let server = rig.server.url("/").authority().to_owned();
            let answered = async {
                // A redirect loop makes the client connect again.
                loop {
                    let mut connection: Connection = rig.server.accept().await;
                    assert!(connection.request.contains(POISON));
                    let answer = answers(&connection.request, &server).swap_remove(number);
                    // A client that has read enough hangs up before the end.
                    let _ = connection.socket.write_all(answer.as_bytes()).await;
                    let _ = connection.socket.shutdown().await;
                }
            };
            let cause = tokio::select! {
                cause = cause(&mut rig.deliveries) => cause,
                () = answered => unreachable!("it answers for ever"),
            };
            let what = &answers("REQUEST", &server)[number];
            assert_clean(&cause, &[&server], &what.chars().take(120).collect::<String>());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_websocket_gets_them_into_a_cause() {
    let p = POISON;
    let accepted = |connection: &Connection, more: &str, then: &[u8]| {
        let mut answer = upgrade(connection, more).into_bytes();
        answer.extend_from_slice(then);
        answer
    };
    for number in 0..8 {
        let change = |options: &mut StreamOptions| {
            poisoned(options);
            options.url.set_scheme("ws").unwrap();
        };
        let mut rig = Rig::with(change, Provider::bearer(&[POISON])).await;
        rig.start(Some(POISON));
        let server = rig.server.url("/").authority().to_owned();
        let mut connection = rig.server.accept().await;
        let answer = match number {
            0 => accepted(&connection, &format!("Sec-WebSocket-Protocol: {p}\r\n"), b""),
            1 => accepted(&connection, &format!("Sec-WebSocket-Extensions: {p}\r\n"), b""),
            2 => upgrade(&connection, "")
                .replace("Accept: ", "Accept: p01son")
                .into_bytes(),
            3 => accepted(
                &connection,
                "",
                &frame(0x88, [&1008_u16.to_be_bytes()[..], p.as_bytes()].concat()),
            ),
            4 => accepted(
                &connection,
                "",
                &frame(0x88, [&4001_u16.to_be_bytes()[..], server.as_bytes()].concat()),
            ),
            5 => accepted(&connection, "", &frame(0xF1, p)),
            6 => accepted(&connection, "", &frame(0x81, [p.as_bytes(), &[0xFF]].concat())),
            _ => accepted(&connection, "", p.as_bytes()),
        };
        connection.write(answer).await;
        let _ = connection.socket.shutdown().await;
        assert_clean(
            &cause(&mut rig.deliveries).await,
            &[&server],
            &format!("the answer {number}"),
        );
    }
}

/// A proxy that sends this to every client.
async fn proxy_that_says(answer: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 16];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
async fn no_proxy_gets_them_into_a_cause() {
    let p = POISON;
    let through = async |scheme: &str, port: u16, url: &str, what: &str| {
        let address = format!("{scheme}://anna:{p}@127.0.0.1:{port}");
        let mut stream = network::stream(url, |options| {
            options.network.proxy = ProxyChoice::Address(ProxyAddress::parse(&address).unwrap());
            options.network.ca_file = Some(root_file());
        });
        let cause = stream.outcome().await.unwrap_err();
        assert_clean(&cause, &["anna", "gloria.test", &port.to_string()], what);
    };
    for answer in [
        String::new(),
        format!("{p}\r\n\r\n"),
        format!("HTTP/1.1 503 {p}\r\nx: {p}\r\n\r\n{p}"),
        format!("HTTP/1.1 407 {p}\r\nProxy-Authenticate: Basic realm=\"{p}\"\r\n\r\n"),
        format!("HTTP/1.1 302 {p}\r\nLocation: http://gloria.test/{p}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n\r\n{p} gloria.test"),
    ] {
        let port = proxy_that_says(answer.clone()).await;
        for scheme in ["http", "https", "socks5"] {
            for url in ["https", "http", "wss"] {
                let url = format!("{url}://gloria.test/{p}/sse?ticket={p}");
                through(scheme, port, &url, &format!("{scheme} {url} {answer}")).await;
            }
        }
    }
    for behaviour in (1..=9)
        .map(Behaviour::Refuses)
        .chain([Behaviour::Says(b"\x05\xFFp01son")])
    {
        let (port, _asked) = socks::proxy(behaviour).await;
        let url = format!("https://gloria.test/{p}/sse?ticket={p}");
        through("socks5", port, &url, "a SOCKS proxy that refuses").await;
    }
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    through(
        "http",
        gone,
        &format!("https://gloria.test/{p}/sse"),
        "a proxy that is gone",
    )
    .await;
}

#[tokio::test]
async fn no_name_gets_into_a_cause() {
    for url in [
        format!("http://{POISON}.invalid/sse?ticket={POISON}"),
        format!("https://{POISON}.invalid/sse?ticket={POISON}"),
        format!("wss://{POISON}.invalid/sse?ticket={POISON}"),
        format!("ftp://{POISON}.invalid/sse?ticket={POISON}"),
        format!("https://127.0.0.1:{}/{POISON}/sse", network::tls_server()),
    ] {
        let mut stream = network::stream(&url, |_| {});
        assert_clean(&stream.outcome().await.unwrap_err(), &["invalid"], &url);
    }
}
