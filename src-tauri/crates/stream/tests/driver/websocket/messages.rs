//! Data received over a WebSocket, and its effect: messages, frames, and violations of the protocol.

use std::time::Duration;

use gloria_stream::{Cause, Delivery, EndCause, Limits, Overflow, Status};
use tokio::time::Instant;

use super::{
    BINARY, CLOSE, FIN, PING, PONG, TEXT, accepted, event, frame, open, rig, sent, text, upgrade, with,
};
use crate::rig::Provider;

#[tokio::test(start_paused = true)]
async fn messages_are_events_and_the_id_holds_until_the_next() {
    let mut rig = rig().await;
    let mut first = open(&mut rig).await;
    first
        .write(
            [
                text(r#"{"event":"t","id":"1","data":"a\r\nb"}"#),
                text(r#"{"data":"b"}"#),
                text(r#"{"event":"","id":"1\u0000","data":"c"}"#),
                text(r#"{"id":"2"}"#),
            ]
            .concat(),
        )
        .await;
    let frames = rig.frames().await;
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| (&*frame.event, &*frame.data, &*frame.id))
        .collect();
    assert_eq!(
        frames,
        [("t", "a\r\nb", "1"), ("message", "b", "1"), ("message", "c", "1")]
    );
    drop(first);
    let mut second = rig.server.accept().await;
    assert_eq!(second.path(), "/sse?lastEventId=2", "an id alone counts");
    let answer = upgrade(&second, "");
    second
        .write([answer.into_bytes(), text(r#"{"data":"d"}"#)].concat())
        .await;
    rig.trouble().await;
    rig.connected().await;
    assert_eq!(&*rig.frames().await[0].id, "2", "the id holds over connections");
    second.write(text(r#"{"id":"","data":"e"}"#)).await;
    assert_eq!(&*rig.frames().await[0].id, "");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_shape_costs_that_message_alone() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    connection
        .write(
            [
                event("1", "a"),
                text("hello"),
                text(r#"{"id":9,"data":"x"}"#),
                frame(FIN | BINARY, [0xFF; 300]),
                text(""),
                event("2", "b"),
            ]
            .concat(),
        )
        .await;
    assert_eq!(rig.data(2).await, ["a", "b"]);
    assert_eq!((rig.stream.ignored(), rig.stream.totals().1), (4, 2));
    drop(connection);
    assert_eq!(rig.server.accept().await.path(), "/sse?lastEventId=2");
}

#[tokio::test(start_paused = true)]
async fn events_come_out_however_they_were_cut() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    let bytes = [
        frame(TEXT, "{\"data\":\"\u{20AC}".as_bytes().split_at(11).0),
        frame(FIN | PING, "between"),
        frame(0, b""),
        frame(FIN | PONG, b""),
        frame(0, "{\"data\":\"\u{20AC}".as_bytes().split_at(11).1),
        frame(FIN, "\"}"),
        event("", &"x".repeat(70_000)),
        event("", "c"),
    ]
    .concat();
    for piece in bytes.chunks(1).take(60) {
        connection.write(piece).await;
        tokio::task::yield_now().await;
    }
    connection.write(&bytes[60..]).await;
    assert_eq!(rig.data(3).await, ["€", &"x".repeat(70_000), "c"]);
    assert_eq!(rig.stream.totals(), (bytes.len() as u64, 3));
    assert_eq!(sent(&mut connection).await, (FIN | PONG, b"between".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_handed_on_in_order_and_whole() {
    let mut rig = rig().await;
    let mut connection = open(&mut rig).await;
    let server = tokio::spawn(async move {
        for count in 0..20_000 {
            connection.write(event("", &count.to_string())).await;
        }
        connection
    });
    let data = rig.data(20_000).await;
    assert!(
        data.iter()
            .enumerate()
            .all(|(count, data)| *data == count.to_string())
    );
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_protocol_breaks_the_connection() {
    for bytes in [
        // Masked, which only clients do.
        vec![FIN | TEXT, 0x80 | 2, 1, 2, 3, 4, 5, 6],
        // Reserved bits, and undefined opcodes.
        frame(FIN | 0x40 | TEXT, "{}"),
        frame(FIN | 0x3, "x"),
        frame(FIN | 0xB, "x"),
        // A continuation without a start; a message within another; fragmented or oversized control frames.
        frame(FIN, "x"),
        [frame(TEXT, "x"), frame(FIN | TEXT, "y")].concat(),
        frame(PING, "x"),
        frame(FIN | PING, [b'x'; 126]),
        // A close frame with one byte.
        frame(FIN | CLOSE, "x"),
    ] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        connection.write([event("1", "a"), bytes.clone()].concat()).await;
        assert_eq!(rig.data(1).await, ["a"]);
        let trouble = rig.trouble().await;
        assert!(
            trouble.starts_with("the connection was lost"),
            "{bytes:?}: {trouble}"
        );
        let next = rig.server.accept().await;
        assert_eq!(next.path(), "/sse?lastEventId=1");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_utf_8_breaks_the_connection_and_is_not_shown() {
    for bytes in [
        frame(FIN | TEXT, b"{\"data\":\"\xFF\"}"),
        frame(FIN | TEXT, b"\xE2\x82"),
        [frame(TEXT, b"{\"data\":\""), frame(FIN, b"\xC3\x28\"}")].concat(),
        [frame(TEXT, b"\xE2\x82"), frame(FIN, b"")].concat(),
    ] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        connection.write(bytes).await;
        let trouble = rig.trouble().await;
        assert_eq!(trouble, "the connection was lost: a message is not UTF-8");
    }
}

#[tokio::test(start_paused = true)]
async fn an_oversized_event_is_given_up_at_the_third_time_and_the_stream_goes_on() {
    let limits = Limits {
        line: 64,
        event: 128,
        id: 16,
    };
    let large = event("2", &"x".repeat(200));
    let parts = [
        frame(TEXT, r#"{"id":"2","data":""#),
        frame(0, "x".repeat(100)),
        frame(FIN, format!("{}\"}}", "x".repeat(100))),
    ]
    .concat();
    for (big, bytes) in [(&large, 220), (&parts, 220)] {
        let mut rig = with(limits, Provider::anonymous()).await;
        let mut connection = open(&mut rig).await;
        connection
            .write([event("1", "a"), big.clone(), event("3", "c")].concat())
            .await;
        assert_eq!(rig.data(1).await, ["a"], "what came before it is delivered");
        let overflow = Overflow::Event { limit: 128 };
        for end in [
            EndCause::Overflow(overflow),
            EndCause::Overflow(overflow),
            EndCause::OverflowRepeated(overflow, 3),
        ] {
            let Status::Waiting { cause, .. } = rig.status().await else {
                panic!("it does not wait")
            };
            assert_eq!(cause, Cause::Ended(end));
            connection = accepted(&mut rig).await;
            assert_eq!(connection.path(), "/sse?lastEventId=1");
            connection.write([big.clone(), event("3", "c")].concat()).await;
        }
        let Delivery::Skipped { id, bytes: skipped } = rig.delivery().await else {
            panic!("nothing was reported")
        };
        assert_eq!((&*id, skipped), ("2", bytes));
        assert_eq!(rig.data(1).await, ["c"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_says_it_is_too_large_is_not_waited_for() {
    for length in [5 << 20, 1 << 40, u64::MAX] {
        let mut rig = rig().await;
        let mut connection = open(&mut rig).await;
        let begun = Instant::now();
        connection
            .write([&[FIN | TEXT, 127][..], &length.to_be_bytes()].concat())
            .await;
        assert_eq!(rig.trouble().await, "an event is larger than 4194304 bytes");
        assert!(begun.elapsed() < Duration::from_secs(1), "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_nobody_takes_what_was() {
    let mut rig = rig().await;
    let connection = open(&mut rig).await;
    let events = event("", "0123456789012345678901234567890123456789").repeat(400);
    let (mut written, mut refused) = (0_usize, 0);
    while refused < 200 {
        match connection.socket.try_write(&events) {
            Ok(bytes) => (written, refused) = (written + bytes, 0),
            Err(_) => refused += 1,
        }
        assert!(written < 64 << 20, "it reads without end");
        tokio::task::yield_now().await;
    }
    // The reader is slow, not the server, so this is no reason to hang up.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let whole = written / (events.len() / 400);
    assert_eq!(rig.data(whole).await.len(), whole);
    assert!(rig.server.is_quiet(), "it is the same connection");
}
