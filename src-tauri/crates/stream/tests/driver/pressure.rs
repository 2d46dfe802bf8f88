//! A slow reader: buffered data is bounded, and commands still work.

use std::time::Duration;

use gloria_stream::{Command, Delivery, IdleReason, Status};

use crate::rig::{Connection, Provider, Rig};

/// More than the kernel buffers for a loopback connection, and more than the client's limit.
const FLOOD: usize = 64 << 20;

/// What the client itself may have read: a single read, which hyper keeps below half a megabyte.
const BUFFERED: u64 = 1 << 20;

/// Writes events until no more are accepted.
async fn flood(connection: &Connection) -> usize {
    let events = b"data: 0123456789012345678901234567890123456789\n\n".repeat(400);
    let (mut written, mut refused) = (0, 0);
    while refused < 200 {
        match connection.socket.try_write(&events) {
            Ok(bytes) => {
                written += bytes;
                refused = 0;
                assert!(written < FLOOD, "it reads without end");
            }
            Err(_) => refused += 1,
        }
        tokio::task::yield_now().await;
    }
    written
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_nobody_takes_what_was() {
    let mut rig = Rig::new().await;
    let connection = rig.open().await;
    flood(&connection).await;
    let (read, _) = rig.stream.totals();
    // Sixteen deliveries fit into the channel; each is one read.
    assert!(read <= 17 * BUFFERED, "{read} bytes were read");
    flood(&connection).await;
    assert_eq!(rig.stream.totals().0, read, "and no more came");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_behind_for_minutes_loses_nothing() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    let written = flood(&connection).await;
    // The reader is slow, not the server, so this is no reason to hang up.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let whole = written / 48;
    let data = rig.data(whole).await;
    assert_eq!(data.len(), whole);
    connection.socket.writable().await.unwrap();
    let missing = (48 - written % 48) % 48;
    let event = b"data: 0123456789012345678901234567890123456789\n\n";
    connection.write(&event[48 - missing..]).await;
    connection.write("data: the end\n\n").await;
    while rig.data(1).await.last().unwrap() != "the end" {}
    assert!(rig.server.is_quiet(), "it is the same connection");
}

#[tokio::test(start_paused = true)]
async fn the_silence_begins_when_the_reader_is_back() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    // One more than the channel's capacity, each in a separate read.
    for count in 1..=17 {
        connection.write("data: a\n\n").await;
        while rig.stream.totals().1 < count {
            tokio::task::yield_now().await;
        }
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    rig.data(17).await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    connection.write("data: b\n\n").await;
    assert_eq!(rig.data(1).await, ["b"]);
}

#[tokio::test(start_paused = true)]
async fn stop_counts_while_nobody_reads() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    flood(&connection).await;
    rig.stream.send(Command::Stop);
    connection.hung_up().await;
    loop {
        match rig.delivery().await {
            Delivery::Frames(_) => {}
            Delivery::Status(status) => {
                assert_eq!(status, Status::Idle(IdleReason::Stopped));
                break;
            }
            Delivery::Skipped { .. } => panic!("nothing was too large"),
            Delivery::PositionLost { .. } => panic!("no position was refused"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_counts_while_nobody_reads() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    flood(&connection).await;
    drop(rig.stream);
    connection.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_behind_gets_the_newest_status_and_not_each_one() {
    let mut rig = Rig::with(
        |options| options.timing.max_attempts = 1000,
        Provider::anonymous(),
    )
    .await;
    rig.start(None);
    for _ in 0..40 {
        drop(rig.server.accept().await);
    }
    let _last = rig.server.accept().await;
    // The contents of the channel, in order; then the merged rest.
    for attempt in 0..8 {
        assert_eq!(rig.status().await, Status::Connecting { attempt });
        assert!(matches!(rig.status().await, Status::Waiting { .. }));
    }
    assert_eq!(rig.status().await, Status::Connecting { attempt: 40 });
}
