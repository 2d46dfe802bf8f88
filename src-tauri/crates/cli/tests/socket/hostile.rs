//! Clients that hang, lag, send invalid data, or die: they affect neither the app nor other clients.

use std::time::Duration;

use gloria_core::protocol::EventType;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::scene::{Client, Running, Scene};

/// Checks that the app still answers quickly and is connected.
async fn is_well(scene: &Scene, running: &Running, id: &str) {
    let mut follower = scene.follow(&["--type", "notification.created"]);
    follower.expect_state("listening").await;
    scene.push(id);
    follower.expect_event(id).await;
    let (code, said, words) = scene.outcome(&["status"]).await;
    assert_eq!(code, 0, "{said}{words}");
    assert!(running.core.status().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_never_reads_keeps_nobody_waiting_and_learns_what_it_missed() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut idle = scene.listener().await;
    let before = running.core.event_tally().await.unwrap();
    // Far more than fits into a socket and its queue.
    let text = "x".repeat(8000);
    for id in 0..1500 {
        let data = serde_json::json!({"id": id.to_string(), "title": "t", "message": text});
        scene.backend.control().push("notification.created", data);
    }
    running.until(|state| state.counts.total == 1500).await;
    assert_ne!(running.core.event_tally().await.unwrap(), before);
    is_well(&scene, &running, "after").await;

    let (mut events, mut missed) = (0, 0);
    while events + missed < 1501 {
        let message: Value = idle.json().await;
        match message["kind"].as_str().unwrap() {
            "event" if message["value"]["type"] == EventType::NotificationCreated.name() => events += 1,
            "event" => {}
            _ => missed += message["value"].as_u64().unwrap(),
        }
    }
    assert!(events > 100 && missed > 0, "{events} read, {missed} missed");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_listeners_some_get_everything_and_the_others_a_refusal() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (mut let_in, mut refused) = (Vec::new(), 0);
    for _ in 0..100 {
        let mut client = scene.client().await;
        client
            .say("{\"role\":\"listener\",\"protocol\":1,\"types\":[\"notification.created\"]}\n")
            .await;
        let greeting = client.json().await;
        if greeting["refused"]["code"] == "busy" {
            assert!(greeting["refused"]["words"].is_string());
            refused += 1;
        } else {
            assert!(greeting["accepted"].is_object(), "{greeting}");
            let_in.push(client);
        }
    }
    assert_eq!((let_in.len(), refused), (32, 68));
    let (code, _, words) = scene.outcome(&["events"]).await;
    assert_eq!(code, 5, "{words}");
    assert!(words.contains("too many programs are connected"), "{words}");
    // Other roles have separate limits.
    assert_eq!(scene.outcome(&["status"]).await.0, 0);
    assert_eq!(scene.outcome(&["open"]).await.0, 0);
    scene.push("1");
    for client in &mut let_in {
        assert_eq!(client.json().await["value"]["data"]["id"], "1");
    }
    // A client that is gone is no longer counted, even without an event that would have shown it.
    let_in.truncate(10);
    is_well(&scene, &running, "2").await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_said_the_app_answers_others() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let long = "x".repeat(5000);
    let nested = "[".repeat(4000);
    for (said, code) in [
        ("open sesame\n", "notUnderstood"),
        ("\u{0}\u{1}\u{2}\n", "notUnderstood"),
        ("GET / HTTP/1.1\r\n\r\n", "notUnderstood"),
        (
            "{\"role\":\"listener\",\"protocol\":1,\"types\":7}\n",
            "notUnderstood",
        ),
        (
            "{\"role\":\"listener\",\"protocol\":1,\"types\":[\"heartbeet\"]}\n",
            "unknownType",
        ),
        ("{\"role\":\"door\",\"protocol\":1}\n", "unknownRole"),
        ("{\"role\":\"request\",\"protocol\":-1}\n", "notUnderstood"),
        (&*format!("{nested}\n"), "notUnderstood"),
        (&*long, "tooLong"),
    ] {
        let mut client = scene.client().await;
        client.say(said).await;
        assert_eq!(client.json().await["refused"]["code"], code, "{:.80}", said);
        client.expect_end().await;
    }
    is_well(&scene, &running, "1").await;

    // A hundred megabytes without a line end, as a first line and as a request.
    for hello in ["", "{\"role\":\"request\",\"protocol\":1}\n"] {
        let mut client = scene.client().await;
        if !hello.is_empty() {
            client.say(hello).await;
            client.line().await;
        }
        let (mut reader, mut writer) = client.0.into_inner().into_split();
        let sending = tokio::spawn(async move {
            let piece = vec![b'x'; 1 << 20];
            for _ in 0..100 {
                if writer.write_all(&piece).await.is_err() {
                    return;
                }
            }
        });
        let mut answer = [0; 64];
        let length = reader.read(&mut answer).await.unwrap();
        assert!(
            std::str::from_utf8(&answer[..length])
                .unwrap()
                .contains("tooLong")
        );
        drop(reader);
        sending.await.unwrap();
    }
    is_well(&scene, &running, "2").await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_die_or_say_nothing_leave_their_places() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut silent: Vec<Client> = Vec::new();
    for hello in [
        "",
        "{\"role\":\"request\",\"proto",
        "{\"role\":\"listener\",\"protocol\":1}\n",
    ] {
        for _ in 0..50 {
            let mut client = scene.client().await;
            client.say(hello).await;
            if hello.ends_with('\n') {
                // It does not even read that it was accepted.
                silent.push(client);
            }
        }
    }
    // Clients that die after their request was sent, and before their answer is read.
    for _ in 0..50 {
        let mut client = scene.client().await;
        client
            .say("{\"role\":\"request\",\"protocol\":1}\n{\"id\":1,\"call\":\"inbox_mark_all_read\"}\n")
            .await;
    }
    drop(silent);
    is_well(&scene, &running, "1").await;
    running.end().await;
}

/// A script that opens connections and says nothing on them keeps nobody out for long: a command waits ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_clients_that_stay_silent_keep_nobody_out() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(scene.client().await);
    }
    is_well(&scene, &running, "1").await;
    drop(silent);
    running.end().await;
}

/// The end of the app does not wait for clients.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_no_client() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut clients = Vec::new();
    for hello in [
        "",
        "{\"role\":\"listener\",\"protocol\":1}\n",
        "{\"role\":\"request\",\"protocol\":1}\n",
    ] {
        for _ in 0..10 {
            let mut client = scene.client().await;
            client.say(hello).await;
            if !hello.is_empty() {
                client.line().await;
            }
            clients.push(client);
        }
    }
    let asked = std::time::Instant::now();
    running.end().await;
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    for client in &mut clients {
        client.expect_end().await;
    }
    assert!(!scene.socket().exists());
}

/// `nc` and `socat` shut down writing at the end of their input, and continue to read.
#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_has_no_more_to_say_still_listens_and_leaves_its_place_when_it_goes() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut listeners = Vec::new();
    for _ in 0..32 {
        let mut listener = scene.client().await;
        listener
            .say("{\"role\":\"listener\",\"protocol\":1,\"types\":[\"notification.created\"]}\n")
            .await;
        assert!(listener.json().await["accepted"].is_object());
        listener.0.shutdown().await.unwrap();
        listeners.push(listener);
    }
    scene.push("1");
    for listener in &mut listeners {
        assert_eq!(listener.json().await["value"]["data"]["id"], "1");
    }
    // The limit is reached, and no longer once they are gone, without an event that would have shown it.
    assert_eq!(scene.outcome(&["events"]).await.0, 5);
    drop(listeners);
    loop {
        let mut client = scene.client().await;
        client.say("{\"role\":\"listener\",\"protocol\":1}\n").await;
        if client.json().await["accepted"].is_object() {
            break;
        }
    }
    is_well(&scene, &running, "2").await;
    running.end().await;
}

/// A thousand at once, of each role: those beyond the limit wait or are refused, and afterwards everything works as
/// before.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_at_once_leave_the_app_as_it_was() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let connects = (0..1000).map(|number| {
        let scene = &scene;
        async move {
            let mut client = scene.client().await;
            let hello = match number % 4 {
                0 => "{\"role\":\"listener\",\"protocol\":1}\n",
                1 => "{\"role\":\"request\",\"protocol\":1}\n",
                2 => "{\"role\":\"window\",\"protocol\":1}\n",
                _ => "status\n",
            };
            // The app may have closed the connection.
            let _ = client.0.write_all(hello.as_bytes()).await;
            let mut line = String::new();
            let _ = tokio::io::AsyncBufReadExt::read_line(&mut client.0, &mut line).await;
            assert!(line.starts_with('{'), "{number}: {line:?}");
        }
    });
    tokio::time::timeout(crate::scene::DEADLINE, futures_util::future::join_all(connects))
        .await
        .unwrap();
    is_well(&scene, &running, "1").await;
    running.end().await;
}

/// A file at the socket's path is replaced, or another path is used. No target of a link is changed, and every script
/// finds the app.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_in_its_place_the_app_has_a_socket() {
    use std::fs;
    use std::os::unix::fs::symlink;

    let scene = Scene::set().await;
    let (socket, victim) = (scene.socket(), scene.home.path().join("victim"));
    fs::write(&victim, "precious").unwrap();
    let places: [&dyn Fn(); 6] = [
        &|| drop(std::os::unix::net::UnixListener::bind(&socket).unwrap()),
        &|| fs::write(&socket, "no socket").unwrap(),
        &|| symlink(&victim, &socket).unwrap(),
        &|| symlink(&socket, &socket).unwrap(),
        &|| symlink("status.sock", &socket).unwrap(),
        &|| fs::create_dir_all(socket.join("full")).unwrap(),
    ];
    for (number, place) in places.iter().enumerate() {
        place();
        let (code, _, words) = scene.outcome(&["status"]).await;
        assert_eq!(code, 3, "{number}: {words}");
        let running = scene.start().await;
        let (code, _, words) = scene.outcome(&["status"]).await;
        assert_eq!(code, 0, "{number}: {words}");
        running.end().await;
        assert_eq!(scene.outcome(&["status"]).await.0, 3, "{number}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        let _ = fs::remove_file(&socket);
    }
}

/// Even if the mode of the socket's file permits access.
#[tokio::test(flavor = "multi_thread")]
async fn another_user_gets_no_word_and_takes_no_place() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    const NOBODY: u32 = 65534;

    let scene = Scene::set().await;
    let running = scene.start().await;
    let file = fs::metadata(scene.socket()).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    if std::os::unix::fs::MetadataExt::uid(&file) != 0 {
        // Only root can become another user.
        return;
    }
    for (path, mode) in [(scene.home.path().to_owned(), 0o755), (scene.socket(), 0o666)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    // A folder where another user can run it.
    let copy = tempfile::tempdir().unwrap();
    fs::set_permissions(copy.path(), Permissions::from_mode(0o755)).unwrap();
    let gloria = copy.path().join("gloria");
    // By another process: what another test forks here would have the copy open for writing, and then nothing runs it.
    let mut copying = tokio::process::Command::new("cp");
    copying.arg(env!("CARGO_BIN_EXE_gloria")).arg(&gloria);
    assert!(copying.status().await.unwrap().success());
    for arguments in [&["status"][..], &["events"], &["open"], &["retry"], &["quit"]] {
        let mut command = tokio::process::Command::new(&gloria);
        command
            .args(arguments)
            .env_clear()
            .env("GLORIA_HOME", scene.home.path())
            .uid(NOBODY)
            .gid(NOBODY)
            .kill_on_drop(true);
        let output = tokio::time::timeout(crate::scene::DEADLINE, command.output());
        let output = output.await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!(scene.asked.all(), []);
    is_well(&scene, &running, "1").await;
    running.end().await;
}

/// One that never ends its line, one that stops within a request, and one that does not read its answers.
#[tokio::test(flavor = "multi_thread")]
async fn requesters_that_stop_half_way_keep_no_place_for_ever() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut requesters = Vec::new();
    for number in 0..16 {
        let mut client = scene.client().await;
        client.say("{\"role\":\"request\",\"protocol\":1}\n").await;
        assert!(client.json().await["accepted"].is_object());
        if number % 2 == 0 {
            client.say("{\"id\":1,\"call\":\"inbox_it").await;
        } else {
            // It reads no answers, of which there are more than fit into a socket.
            let call = "{\"id\":1,\"call\":\"unknown\"}\n".repeat(20_000);
            let (reader, mut writer) = client.0.into_inner().into_split();
            tokio::spawn(async move {
                let _ = writer.write_all(call.as_bytes()).await;
                drop(reader);
            });
            continue;
        }
        requesters.push(client);
    }
    // Clients that do not read are disconnected after five seconds.
    let free = async { while scene.outcome(&["open"]).await.0 != 0 {} };
    tokio::time::timeout(crate::scene::DEADLINE, free).await.unwrap();
    drop(requesters);
    is_well(&scene, &running, "1").await;
    running.end().await;
}
