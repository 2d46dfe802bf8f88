//! The role of a window in a separate process.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use gloria_core::alerts::presence::WindowPresence;
use gloria_core::protocol::{CommandError, EventType};
use gloria_core::{EventTypes, Link, LinkState};
use gloria_desktop::socket::AppRequest;
use gloria_ipc::protocol::{Presence, Raise};
use gloria_ipc::window::Json;
use gloria_ipc::{AppWindow, AskError, CallError};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::scene::{Client, DEADLINE, Scene};

/// A core in another process, as a window accesses it.
#[derive(Debug)]
struct Remote(AppWindow);

fn value_of(json: &Json) -> Value {
    serde_json::from_str(json.get()).unwrap()
}

fn refused(error: CallError) -> CommandError {
    match error {
        CallError::Command(error) => CommandError::deserialize(error).unwrap(),
        CallError::Ask(error) => panic!("{error}"),
    }
}

impl Link for Remote {
    fn attach(&self) -> BoxFuture<'_, Result<LinkState, CommandError>> {
        async {
            let state = self.0.attach().await.map_err(refused)?;
            Ok(LinkState {
                snapshot: value_of(&state.snapshot),
                updates: state.updates.map(|update| value_of(&update)).boxed(),
            })
        }
        .boxed()
    }

    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Value, CommandError>> {
        self.0
            .call(name, request)
            .map(|answer| answer.map(|answer| value_of(&answer)).map_err(refused))
            .boxed()
    }

    fn listen(&self, mut types: watch::Receiver<EventTypes>) -> BoxStream<'static, Value> {
        let names = |types: EventTypes| {
            let chosen = EventType::ALL
                .iter()
                .filter(|event_type| types.contains(**event_type));
            chosen.map(|event_type| event_type.name().to_owned()).collect()
        };
        let (sender, receiver) = watch::channel(names(*types.borrow_and_update()));
        tokio::spawn(async move {
            while types.changed().await.is_ok() {
                sender.send_replace(names(*types.borrow_and_update()));
            }
        });
        self.0.listen(receiver).map(|event| value_of(&event)).boxed()
    }

    fn window_presence(&self, presence: Option<WindowPresence>) -> BoxFuture<'_, Result<(), CommandError>> {
        let presence = presence.map(|presence| Presence {
            focused: presence.focused,
            visible: presence.visible,
            since_input: presence
                .last_input
                .map(|input| u64::try_from(input.elapsed().as_millis()).unwrap()),
        });
        self.0
            .presence(presence)
            .map(|said| said.map_err(refused))
            .boxed()
    }
}

impl Scene {
    async fn window(&self) -> (AppWindow, mpsc::Receiver<Raise>) {
        timeout(DEADLINE, AppWindow::open(self.home.path()))
            .await
            .unwrap()
            .unwrap()
    }

    /// Returns an accepted window whose lines the test writes.
    pub(crate) async fn raw_window(&self) -> Client {
        let mut client = self.client().await;
        client.say("{\"role\":\"window\",\"protocol\":1}\n").await;
        let greeting = client.json().await;
        assert!(greeting["accepted"].is_object(), "{greeting}");
        client
    }

    async fn until_no_window(&self) {
        timeout(DEADLINE, async {
            while self.windows.is_occupied() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }
}

async fn next<T>(stream: &mut BoxStream<'static, T>) -> T {
    timeout(DEADLINE, stream.next()).await.unwrap().unwrap()
}

/// What a page does with a link, wherever the core runs.
async fn journey(scene: &Scene, link: &dyn Link, ids: [&str; 2]) {
    let (types, chosen) = watch::channel(EventTypes::from_iter([EventType::NotificationCreated]));
    let mut events = link.listen(chosen);
    let mut state = link.attach().await.unwrap();
    let mut revision = state.snapshot["revision"].as_u64().unwrap();
    assert_eq!(state.snapshot["protocol"], 1);

    // The first poll of the events starts listening, for both kinds of link.
    let first = tokio::select! {
        biased;
        first = next(&mut events) => first,
        never = async {
            // Waits for an answer, so that the earlier choice of types has arrived.
            let shows = json!({"inboxVisible": false});
            link.call("window_shows", shows).await.unwrap();
            scene.push(ids[0]);
            std::future::pending::<Value>().await
        } => never,
    };
    assert_eq!(first["value"]["data"]["id"], ids[0], "{first}");
    let key = format!("n:{}", ids[0]);
    loop {
        let update = next(&mut state.updates).await;
        assert_eq!(update["revision"], revision + 1, "none is left out: {update}");
        revision += 1;
        let stored = update["update"]["value"].as_array().into_iter().flatten();
        if stored.into_iter().any(|item| item["key"] == *key) {
            break;
        }
    }
    let mark = json!({"keys": [key], "mark": "read"});
    let marked = link.call("inbox_mark", mark).await.unwrap();
    while next(&mut state.updates).await["revision"] != marked["revision"] {}
    let error = link.call("inbox_item", json!({})).await.unwrap_err();
    assert_eq!(serde_json::to_value(&error).unwrap()["code"], "invalidRequest");

    // Other types from now on, and later none.
    types.send_replace(EventTypes::from_iter([EventType::WorkflowCompleted]));
    let second = tokio::select! {
        second = next(&mut events) => second,
        // The choice may still be on its way.
        never = async {
            // Another workflow each time, because what is said again of one is no event for listeners.
            for number in 0.. {
                link.call("inbox_item", json!("n:0")).await.unwrap();
                let done = json!({"workflowId": format!("{}.{number}", ids[1]), "name": "Deploy"});
                scene.backend.control().push("workflow.completed", done);
            }
            std::future::pending::<Value>().await
        } => never,
    };
    assert_eq!(second["value"]["type"], "workflow.completed", "{second}");
    drop(types);
    assert_eq!(timeout(DEADLINE, events.next()).await.unwrap(), None);

    // After attaching again, the earlier updates end.
    let again = link.attach().await.unwrap();
    assert!(again.snapshot["revision"].as_u64().unwrap() > revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_journey_runs_over_both_links() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    journey(&scene, &running.core, ["1", "2"]).await;
    let (window, _raises) = scene.window().await;
    journey(&scene, &Remote(window.clone()), ["3", "4"]).await;
    assert_eq!(scene.backend.control().observed().streams_total, 1);
    running.end().await;
    timeout(DEADLINE, window.ended()).await.unwrap();
    let gone = window.attach().await.unwrap_err();
    assert!(matches!(gone, CallError::Ask(AskError::NotRunning)), "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_window_is_refused_politely_until_the_first_is_gone() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (window, raises) = scene.window().await;
    let refused = AppWindow::open(scene.home.path()).await.unwrap_err();
    let AskError::Refused(refused) = refused else {
        panic!("{refused}");
    };
    assert_eq!(refused.code, "windowOpen");
    assert_eq!(refused.words, "Gloria Notify already has a window");
    window.attach().await.unwrap();
    drop((window, raises));
    scene.until_no_window().await;
    scene.window().await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_the_window_raises_the_one_that_there_is() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (window, mut raises) = scene.window().await;
    for (token, expected) in [(Some("token-7"), Some("token-7")), (None, None)] {
        let mut command = scene.command(&["open"]);
        if let Some(token) = token {
            command.env("XDG_ACTIVATION_TOKEN", token);
        }
        let (output, ()) = tokio::join!(command.output(), async {
            let raise = timeout(DEADLINE, raises.recv()).await.unwrap().unwrap();
            assert_eq!(raise.activation_token.as_deref(), expected);
            window.raised(&raise).await;
        });
        assert!(output.unwrap().status.success());
    }
    // Two simultaneous clicks are two requests, for one window.
    let clicks = async { tokio::join!(scene.windows.raise(None), scene.windows.raise(None)) };
    let (both, ()) = tokio::join!(clicks, async {
        for _ in 0..2 {
            let raise = timeout(DEADLINE, raises.recv()).await.unwrap().unwrap();
            window.raised(&raise).await;
        }
    });
    assert_eq!(both, (true, true));
    assert_eq!(scene.asked.all(), [], "no other window was wanted");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_does_not_come_to_the_front_makes_room_for_another() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut hanging = scene.raw_window().await;
    let (code, _, words) = scene.outcome(&["open"]).await;
    assert_eq!(code, 0, "{words}");
    let opened = AppRequest::Open {
        activation_token: None,
    };
    assert_eq!(scene.asked.all(), [opened], "another one is wanted");
    hanging.expect_end().await;
    scene.window().await;
    running.end().await;
}

/// The last report of a window does not suppress notifications once it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_dies_looks_at_nothing_any_more() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    for end in ["dies", "lies", "hangs"] {
        let mut window = scene.raw_window().await;
        window
            .say(
                "{\"id\":1,\"call\":\"window_presence\",\
                 \"request\":{\"focused\":true,\"visible\":true,\"sinceInput\":5}}\n\
                 {\"id\":2,\"call\":\"window_shows\",\"request\":{\"inboxVisible\":true}}\n",
            )
            .await;
        running.until(|state| state.in_view).await;
        match end {
            "dies" => drop(window),
            "lies" => window.say("no line of ours\n").await,
            _ => assert!(!scene.windows.raise(None).await),
        }
        running.until(|state| !state.in_view).await;
        scene.until_no_window().await;
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_line_of_a_window_ends_it_and_nothing_else() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let long = format!("{{\"id\":1,\"call\":\"{}\"}}\n", "x".repeat(2 << 20));
    for (said, code) in [
        ("[]\n", "notUnderstood"),
        ("{\"raised\":-1}\n", "notUnderstood"),
        ("{\"id\":\"one\",\"call\":\"attach\"}\n", "notUnderstood"),
        (&*long, "tooLong"),
    ] {
        let client = scene.raw_window().await;
        let (reader, mut writer) = client.0.into_inner().into_split();
        let said = said.to_owned();
        let saying = tokio::spawn(async move {
            // The app may close the connection before everything is sent.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, said.as_bytes()).await;
            writer
        });
        let mut reader = tokio::io::BufReader::new(reader);
        let mut line = String::new();
        let read = tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut line);
        timeout(DEADLINE, read).await.unwrap().unwrap();
        let refused: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(refused["refused"]["code"], code, "{refused}");
        drop(saying.await.unwrap());
        scene.until_no_window().await;
    }
    // Requests with its own numbers, unknown types, and a confirmation that nobody requested.
    let mut window = scene.raw_window().await;
    window
        .say(
            "{\"raised\":7}\n\
             {\"id\":5,\"call\":\"listen\",\"request\":[\"heartbeet\"]}\n\
             {\"id\":5,\"call\":\"window_presence\",\"request\":7}\n\
             {\"id\":18446744073709551615,\"call\":\"app_quit\"}\n",
        )
        .await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let answer = window.json().await["answer"].take();
        codes.push(answer["error"]["code"].as_str().unwrap().to_owned());
    }
    codes.sort();
    assert_eq!(codes, ["invalidRequest", "invalidRequest", "unknownCommand"]);
    assert_eq!(scene.outcome(&["status"]).await.0, 0);
    running.end().await;
}

/// The core continues, and the window reads what it missed by attaching again.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_long_fails_alone() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (window, _raises) = scene.window().await;
    let others = (0..20).map(|_| window.call("inbox_item", json!("n:none")));
    let too_long = window.call(
        "inbox_mark",
        json!({"keys": ["x".repeat(1 << 20)], "mark": "read"}),
    );
    let (too_long, others) = tokio::join!(too_long, futures_util::future::join_all(others));
    let error = serde_json::to_value(refused(too_long.unwrap_err())).unwrap();
    assert_eq!(error["code"], "invalidRequest", "{error}");
    for answer in others {
        answer.unwrap();
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_stands_still_keeps_neither_answers_nor_the_core_waiting() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (window, _raises) = scene.window().await;
    let (_types, chosen) = watch::channel(vec!["notification.created".to_owned()]);
    let mut events = window.listen(chosen).map(|event| value_of(&event)).boxed();
    let mut state = window.attach().await.unwrap();
    let first = async {
        window.call("inbox_item", json!("n:0")).await.unwrap();
        scene.push("first");
        std::future::pending::<Value>().await
    };
    tokio::select! {
        biased;
        event = next(&mut events) => assert_eq!(event["value"]["data"]["id"], "first"),
        _ = first => {}
    }
    for round in 0..400 {
        scene.push(&round.to_string());
        let volume = json!({"volume": round % 100});
        // Updates are not read, but answers arrive nevertheless.
        window.call("preferences_save", volume).await.unwrap();
    }
    running.until(|state| state.counts.total == 401).await;
    let (mut read, mut missed) = (0, 0);
    while read + missed < 400 {
        let event = next(&mut events).await;
        match event["kind"].as_str().unwrap() {
            "event" => read += 1,
            _ => missed += event["value"].as_u64().unwrap(),
        }
    }
    assert!(read > 100 && missed > 0, "{read} read, {missed} missed");
    let missed = async { while value_of(&next(&mut state.updates).await)["update"]["kind"] != "missed" {} };
    timeout(DEADLINE, missed).await.unwrap();
    let again = window.attach().await.unwrap();
    assert_eq!(value_of(&again.snapshot)["counts"]["total"], 401);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_shows_its_window_itself_has_no_place_for_another() {
    let scene = Scene::set().await;
    let core = crate::app::core(scene.home.path(), Some(&scene.backend));
    let served = crate::app::serve(scene.home.path(), &core, None, |_| ());
    let refused = AppWindow::open(scene.home.path()).await.unwrap_err();
    assert!(
        matches!(&refused, AskError::Refused(refused) if refused.code == "ownWindow"),
        "{refused}"
    );
    core.stop().await.unwrap();
    timeout(DEADLINE, served).await.unwrap().unwrap();
    let gone = AppWindow::open(scene.home.path()).await.unwrap_err();
    assert!(matches!(gone, AskError::NotRunning), "{gone}");
}

/// Whatever runs besides the app, there is only its stream.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_one_stream_whatever_runs() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let (window, mut raises) = scene.window().await;
    let mut followers = [
        scene.follow(&[]),
        scene.follow(&["--type", "notification.created"]),
    ];
    for follower in &mut followers {
        follower.expect_state("listening").await;
    }
    let raising = async {
        while let Some(raise) = raises.recv().await {
            window.raised(&raise).await;
        }
    };
    let asking = async {
        scene.push("1");
        for follower in &mut followers {
            follower.expect_event("1").await;
        }
        for arguments in [
            &["status"][..],
            &["open"],
            &["open", "n:1"],
            &["retry"],
            &["inbox", "list"],
            &["inbox", "mark", "read", "n:1"],
        ] {
            let (code, _, words) = scene.outcome(arguments).await;
            assert_eq!(code, 0, "{arguments:?}: {words}");
        }
        window.attach().await.unwrap();
    };
    tokio::select! {
        () = asking => {}
        () = raising => panic!("the window was hung up on"),
    }
    let seen = scene.backend.control().observed();
    assert_eq!((seen.streams, seen.streams_total), (1, 1));
    running.end().await;
    timeout(Duration::from_secs(5), window.ended()).await.unwrap();
}
