//! Clients and a listener that a test answers for.

use super::*;
use crate::{Identity, Listener};

/// On every system.
#[tokio::test]
async fn a_client_finds_the_listener_of_its_folder_and_is_answered() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let missing = ask_status(home.path()).await;
    assert!(matches!(missing, Err(AskError::NotRunning)), "{missing:?}");
    let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
    for round in 0..3 {
        let answer = async {
            let (reader, mut writer) = tokio::io::split(listener.accept().await.expect("a client"));
            let mut lines = LineReader::new(reader, 1000);
            let hello = lines.next().await.expect("a line");
            let hello: Hello<'_> = serde_json::from_slice(&hello).expect("a first line");
            assert_eq!((hello.role, hello.protocol), (STATUS, 1));
            assert_eq!(hello.version, env!("CARGO_PKG_VERSION"));
            write_line(&mut writer, &round, ANSWER_TIMEOUT)
                .await
                .expect("written");
            lines.drain().await;
        };
        let (answered, ()) = tokio::join!(ask_status(home.path()), answer);
        assert_eq!(answered.expect("an answer"), format!("{round}\n"));
    }
    drop(listener);
    let gone = ask_status(home.path()).await;
    assert!(matches!(gone, Err(AskError::NotRunning)), "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_read_for_long_is_sent_to_the_next_app() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
    let serve = async {
        for is_next in [false, true] {
            let (reader, mut writer) = tokio::io::split(listener.accept().await.expect("a client"));
            let mut lines = LineReader::new(reader, 1000);
            lines.next().await.expect("a first line");
            write_line(&mut writer, &Greeting::accepted(), ANSWER_TIMEOUT)
                .await
                .expect("written");
            if !is_next {
                sleep(CLAIMED_TIMEOUT + START_INTERVAL).await;
                continue;
            }
            let request = lines.next().await.expect("a request");
            let request: Value = serde_json::from_slice(&request).expect("JSON");
            let answer = serde_json::json!({"id": request["id"], "ok": request["call"]});
            write_line(&mut writer, &answer, ANSWER_TIMEOUT)
                .await
                .expect("written");
        }
    };
    let ask = async {
        let mut app = AppConnection::open(home.path()).await.expect("connected");
        app.call("x", Value::Null).await.expect("an answer")
    };
    let (answer, ()) = tokio::join!(ask, serve);
    assert_eq!(answer, "x");
}

fn refused(code: &str) -> Greeting {
    Greeting::Refused(Refused {
        code: code.to_owned(),
        words: String::new(),
        message: Value::Null,
        protocol: 1,
        version: String::new(),
    })
}

/// Greets clients in this order.
async fn greet(listener: &mut Listener, greetings: &[Greeting]) {
    for greeting in greetings {
        let (reader, mut writer) = tokio::io::split(listener.accept().await.expect("a client"));
        LineReader::new(reader, 1000).next().await.expect("a line");
        write_line(&mut writer, greeting, ANSWER_TIMEOUT)
            .await
            .expect("written");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_with_too_many_programs_is_asked_again_for_some_time() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
    let greetings = [refused(BUSY), refused(BUSY), Greeting::accepted()];
    let (opened, ()) = tokio::join!(AppConnection::open(home.path()), greet(&mut listener, &greetings));
    assert!(opened.is_ok(), "{opened:?}");
    let busy = [(); 1000].map(|()| refused(BUSY));
    tokio::select! {
        opened = AppConnection::open(home.path()) => {
            assert!(matches!(opened, Err(AskError::Refused(_))), "{opened:?}");
        }
        () = greet(&mut listener, &busy) => panic!("it is asked for ever"),
    }
    // Nothing else is worth it.
    let other = [refused("ownWindow")];
    let (opened, ()) = tokio::join!(AppConnection::open(home.path()), greet(&mut listener, &other));
    assert!(matches!(opened, Err(AskError::Refused(_))), "{opened:?}");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_busy_only_after_its_greeting_is_asked_again() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
    let serve = async {
        for is_busy in [true, true, false, true, true, false] {
            let (reader, mut writer) = tokio::io::split(listener.accept().await.expect("a client"));
            let mut lines = LineReader::new(reader, 1000);
            lines.next().await.expect("a first line");
            write_line(&mut writer, &Greeting::accepted(), ANSWER_TIMEOUT)
                .await
                .expect("written");
            let request = lines.next().await.expect("a request");
            let written = if is_busy {
                write_line(&mut writer, &refused(BUSY), ANSWER_TIMEOUT).await
            } else {
                let request: Value = serde_json::from_slice(&request).expect("JSON");
                let answer = serde_json::json!({"id": request["id"], "ok": "given"});
                write_line(&mut writer, &answer, ANSWER_TIMEOUT).await
            };
            written.expect("written");
        }
    };
    let ask = async {
        let token = crate::ask_for_access(home.path(), "https://gloria.example").await;
        assert!(token.is_ok(), "{token:?}");
        let mut app = AppConnection::open(home.path()).await.expect("connected");
        assert_eq!(app.call("x", Value::Null).await.expect("an answer"), "given");
    };
    tokio::join!(ask, serve);
}
