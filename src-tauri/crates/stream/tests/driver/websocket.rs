//! The driver over a WebSocket, against servers that write raw bytes.

mod handshake;
mod lifetime;
mod messages;

use gloria_stream::Limits;
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::rig::{Connection, Provider, Rig};

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

async fn rig() -> Rig {
    with(Limits::default(), Provider::anonymous()).await
}

async fn with(limits: Limits, provider: Provider) -> Rig {
    let change = |options: &mut gloria_stream::StreamOptions| {
        options.url.set_scheme("ws").unwrap();
        options.limits = limits;
    };
    Rig::with(change, provider).await
}

/// Returns the response that opens a WebSocket for this request, with additional headers.
pub(crate) fn upgrade(connection: &Connection, more: &str) -> String {
    let accept = derive_accept_key(connection.header("sec-websocket-key").unwrap().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// Encodes a frame like a server, with this first byte.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..0x1_0000 => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn text(payload: &str) -> Vec<u8> {
    frame(FIN | TEXT, payload)
}

fn event(id: &str, data: &str) -> Vec<u8> {
    text(&format!(r#"{{"id":"{id}","data":"{data}"}}"#))
}

fn close(code: u16) -> Vec<u8> {
    frame(FIN | CLOSE, [&code.to_be_bytes()[..], b"the reason"].concat())
}

/// Accepts a connection and opens the stream.
async fn open(rig: &mut Rig) -> Connection {
    rig.start(None);
    accepted(rig).await
}

/// Accepts and opens the next connection.
async fn accepted(rig: &mut Rig) -> Connection {
    let mut connection = rig.server.accept().await;
    let answer = upgrade(&connection, "");
    connection.write(answer).await;
    rig.connected().await;
    connection
}

/// Returns what the client sends next: the first byte of a frame, and its payload.
async fn sent(connection: &mut Connection) -> (u8, Vec<u8>) {
    let socket = &mut connection.socket;
    let (first, length) = (socket.read_u8().await.unwrap(), socket.read_u8().await.unwrap());
    assert!(length & 0x80 != 0, "a client masks what it sends");
    let mut mask = [0; 4];
    socket.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; usize::from(length & 0x7F)];
    socket.read_exact(&mut payload).await.unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    (first, payload)
}
