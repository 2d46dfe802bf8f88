//! Responses with a content encoding that was not requested.

use std::io::Write;

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::rig::{Connection, Rig};

const EVENTS: [&str; 3] = ["data: a\n\n", "id: 2\ndata: b", "\ndata: b\n\ndata: c\n\n"];

/// Opens a stream whose head names this encoding.
async fn open(encoding: &str) -> (Rig, Connection) {
    let rig = Rig::new().await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: {encoding}\r\n\r\n");
    connection.write(head).await;
    (rig, connection)
}

/// Returns the output of each flush after an event.
fn flushes<E: Write>(mut encoder: E, take: impl Fn(&mut E) -> &mut Vec<u8>) -> Vec<Vec<u8>> {
    let flush = |event: &&str| {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        std::mem::take(take(&mut encoder))
    };
    EVENTS.iter().map(flush).collect()
}

fn gzip() -> Vec<Vec<u8>> {
    flushes(GzEncoder::new(Vec::new(), Compression::default()), |encoder| {
        encoder.get_mut()
    })
}

fn brotli() -> Vec<Vec<u8>> {
    flushes(CompressorWriter::new(Vec::new(), 4096, 5, 22), |encoder| {
        encoder.get_mut()
    })
}

#[tokio::test(start_paused = true)]
async fn an_encoded_event_is_delivered_when_the_server_flushes_it() {
    let zlib = flushes(ZlibEncoder::new(Vec::new(), Compression::default()), |encoder| {
        encoder.get_mut()
    });
    let bare = flushes(
        DeflateEncoder::new(Vec::new(), Compression::default()),
        |encoder| encoder.get_mut(),
    );
    for (name, flushes) in [
        ("gzip", gzip()),
        ("X-GZip", gzip()),
        ("deflate", zlib),
        ("deflate", bare),
        ("br", brotli()),
        ("identity, gzip, none", gzip()),
    ] {
        let (mut rig, mut connection) = open(name).await;
        rig.connected().await;
        connection.write(&flushes[0]).await;
        assert_eq!(rig.data(1).await, ["a"], "{name}");
        // However the network splits it.
        for byte in flushes[1..].concat() {
            connection.write([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.data(2).await, ["b\nb", "c"], "{name}");
        drop(connection);
        assert_eq!(rig.trouble().await, "the server closed the connection", "{name}");
        let sent = flushes.concat().len() as u64;
        assert_eq!(
            rig.stream.totals(),
            (sent, 3),
            "{name}: what came is counted as it came"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn encodings_upon_each_other_are_undone_in_order() {
    let (mut rig, mut connection) = open("gzip, br").await;
    rig.connected().await;
    let mut outer = CompressorWriter::new(Vec::new(), 4096, 5, 22);
    for (flush, wanted) in gzip().iter().zip([&["a"] as &[&str], &[], &["b\nb", "c"]]) {
        outer.write_all(flush).unwrap();
        outer.flush().unwrap();
        connection.write(std::mem::take(outer.get_mut())).await;
        assert_eq!(rig.data(wanted.len()).await, wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_encode_nothing_are_plain() {
    for name in ["none", "", "identity", "None", "utf-8", "none, identity"] {
        let (mut rig, mut connection) = open(name).await;
        rig.connected().await;
        connection.write(EVENTS.concat()).await;
        assert_eq!(rig.data(3).await, ["a", "b\nb", "c"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_damaged_broke_off_after_the_events_before_it() {
    let (mut rig, mut connection) = open("gzip").await;
    rig.connected().await;
    connection.write(&gzip()[0]).await;
    assert_eq!(rig.data(1).await, ["a"]);
    connection.write([0xFF; 64]).await;
    assert_eq!(
        rig.trouble().await,
        "the connection was lost: the compressed stream is damaged"
    );
    connection.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_an_event_holds_for_what_it_decodes_to() {
    let (mut rig, mut connection) = open("gzip").await;
    rig.connected().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"data: ").unwrap();
    encoder.write_all(&vec![b'x'; 64 << 20]).unwrap();
    let encoded = encoder.finish().unwrap();
    assert!(encoded.len() < 100_000, "{}", encoded.len());
    // The client may hang up before the end.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut connection.socket, &encoded).await;
    assert_eq!(rig.trouble().await, "a line is longer than 4194310 bytes");
}

#[tokio::test(start_paused = true)]
async fn a_little_that_decodes_to_many_events_waits_for_the_reader() {
    const MANY: usize = 2_000_000;
    let (mut rig, mut connection) = open("gzip").await;
    rig.connected().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..MANY / 1000 {
        encoder.write_all("data: x\n\n".repeat(1000).as_bytes()).unwrap();
    }
    let encoded = encoder.finish().unwrap();
    connection.write(&encoded).await;
    // When everything is idle, the queue of deliveries is full, and the rest is not even decoded.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let (_, events) = rig.stream.totals();
    assert!(events < 300_000, "{events} events were decoded for nobody");
    assert_eq!(rig.data(MANY).await.len(), MANY);
}
