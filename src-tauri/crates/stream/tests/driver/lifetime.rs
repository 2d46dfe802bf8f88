//! Commands, and how a stream itself ends.

use std::time::Duration;

use gloria_stream::{Command, IdleReason, Reachability, Status};

use crate::rig::{OPEN, Rig};

#[tokio::test(start_paused = true)]
async fn nothing_is_dialled_before_start() {
    let rig = Rig::new().await;
    rig.stream.send(Command::RetryNow);
    rig.stream.send(Command::Network(Reachability::Online));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(rig.server.is_quiet());
    assert_eq!((rig.stream.last_heard(), rig.stream.totals()), (None, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_command_drops_neither_the_attempt_nor_the_connection() {
    let mut rig = Rig::new().await;
    rig.start(Some("7"));
    let mut connection = rig.server.accept().await;
    let commands = [
        Command::RetryNow,
        Command::Network(Reachability::Online),
        Command::Network(Reachability::Offline),
        Command::Heartbeat(Duration::from_secs(20)),
        Command::Start {
            cursor: Some("7".to_owned()),
        },
    ];
    for command in commands.clone() {
        rig.stream.send(command);
        tokio::task::yield_now().await;
    }
    connection.write(OPEN).await;
    rig.connected().await;
    connection.write("data: be").await;
    for command in commands {
        if command_keeps_the_connection(&command) {
            rig.stream.send(command);
            tokio::task::yield_now().await;
        }
    }
    rig.stream.send(Command::CredentialsChanged);
    tokio::task::yield_now().await;
    connection.write("fore and after\n\n").await;
    assert_eq!(rig.data(1).await, ["before and after"]);
    assert!(rig.server.is_quiet());
}

/// All commands except that the network is back, which requires a new connection.
fn command_keeps_the_connection(command: &Command) -> bool {
    !matches!(command, Command::Network(Reachability::Online))
}

#[tokio::test(start_paused = true)]
async fn stop_ends_an_attempt() {
    let mut rig = Rig::new().await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    rig.stream.send(Command::Stop);
    connection.hung_up().await;
    assert!(matches!(rig.status().await, Status::Connecting { .. }));
    assert_eq!(rig.status().await, Status::Idle(IdleReason::Stopped));
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(rig.server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn stop_ends_a_connection_and_a_wait() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    rig.stream.send(Command::Stop);
    connection.hung_up().await;
    assert_eq!(rig.status().await, Status::Idle(IdleReason::Stopped));
    rig.start(None);
    drop(rig.server.accept().await);
    rig.trouble().await;
    rig.stream.send(Command::Stop);
    assert_eq!(rig.status().await, Status::Idle(IdleReason::Stopped));
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(rig.server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_cannot_speak_into_the_next() {
    let mut rig = Rig::new().await;
    rig.start(None);
    let mut old = rig.server.accept().await;
    rig.stream.send(Command::Stop);
    rig.start(Some("7"));
    let mut new = rig.server.accept().await;
    // The client may have hung up already. None of this may be delivered.
    let _ = old
        .socket
        .try_write(format!("{OPEN}id: 1\ndata: old\n\n").as_bytes());
    new.write(format!("{OPEN}data: new\n\n")).await;
    rig.connected().await;
    let frames = rig.frames().await;
    assert_eq!((&*frames[0].data, &*frames[0].id), ("new", "7"));
    old.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn start_elsewhere_moves_the_stream() {
    let mut rig = Rig::new().await;
    let mut first = rig.open().await;
    rig.start(Some("40"));
    first.hung_up().await;
    assert_eq!(rig.server.accept().await.header("last-event-id"), Some("40"));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_closes_the_socket() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    let Rig {
        stream,
        mut deliveries,
        ..
    } = rig;
    drop(stream);
    connection.hung_up().await;
    assert!(deliveries.recv().await.is_none(), "the task is gone");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_ends_an_attempt() {
    let rig = Rig::new().await;
    rig.start(None);
    let mut connection = rig.server.accept().await;
    drop(rig.stream);
    connection.hung_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_listens_to_ends() {
    let mut rig = Rig::new().await;
    let mut connection = rig.open().await;
    drop(rig.deliveries);
    connection.hung_up().await;
    rig.stream.send(Command::RetryNow);
}
