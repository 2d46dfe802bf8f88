//! Commands by name, as a window sends them: through a link, as JSON.

use std::sync::Arc;

use futures_util::StreamExt as _;
use gloria_backend::TEST_TOKEN;
use gloria_core::Link;
use gloria_core::message;
use gloria_core::protocol::{COMMANDS, CommandErrorCode, PROTOCOL_VERSION};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::harness::{CREATED, Harness, Running, Spoken as _, backend, live, within_deadline};

/// Returns a connected core with one unread item, `n:1`, which has a link.
async fn connected() -> (Running, Harness, gloria_backend::Backend) {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut item = live("1", "low");
    item["link"] = json!("https://gloria.example/1");
    control.push(CREATED, item);
    running.until("the item", |state| state.counts.total == 1).await;
    (running, harness, backend)
}

/// Returns a valid request for each command, and a check of its answer.
fn example(name: &str, address: &str) -> (Value, fn(&Value) -> bool) {
    let account = json!({"address": address, "token": TEST_TOKEN});
    match name {
        "inbox_page" => (
            json!({"filter": {"view": "inbox"}, "after": null, "limit": 10}),
            |page| page["items"][0]["key"] == "n:1",
        ),
        "inbox_search" => (
            json!({"filter": {"view": "inbox", "text": "TIT"}, "after": null, "limit": 10}),
            |page| page["items"][0]["key"] == "n:1",
        ),
        "inbox_item" => (json!("n:1"), |item| item["title"] == "title 1"),
        "inbox_mark" => (json!({"keys": ["n:1"], "mark": "seen"}), |marked| {
            marked["counts"]["total"] == 1
        }),
        "inbox_snooze" => (json!({"keys": ["n:2"], "until": {"seconds": 3600}}), |marked| {
            marked["counts"]["total"] == 1
        }),
        "inbox_mark_all_read" | "inbox_mark_all_seen" => (Value::Null, |counts| counts["total"] == 1),
        "item_follow" => (json!({"key": "n:1", "action": null}), Value::is_null),
        "connection_test" => (account, |report| report["succeeded"] == true),
        "account_save" => (account, Value::is_null),
        "account_confirm" => (json!({"same": true}), Value::is_null),
        "sign_in_offer" => (json!({"address": address}), |offer| offer["ways"] == json!([])),
        "sign_in_begin" => (
            json!({"address": address, "way": "browser", "anotherAccount": false}),
            Value::is_null,
        ),
        "sign_in_paste" => (json!({"address": "http://127.0.0.1:1/callback"}), Value::is_null),
        "preferences_save" => (json!({"volume": 20}), Value::is_null),
        "autostart" => (Value::Null, |on| on == &json!(false)),
        "autostart_set" => (json!(true), Value::is_null),
        "notification_test" => (Value::Null, |report| report["succeeded"] == true),
        "doctor_check" => (Value::Null, |report| {
            report["findings"][0]["title"]["id"] == "doctor-app"
        }),
        "support_report_preview" | "support_report_save" => {
            (Value::Null, |report| report["path"] == "/report")
        }
        "sound_preview" => (json!("knock"), Value::is_null),
        "sounds_pause" => (json!({"minutes": 1}), Value::is_null),
        "debug_log" => (json!(true), Value::is_null),
        "account_switch" => (json!({"id": "unknown"}), Value::is_null),
        "account_sign_out" => (json!({"erase": false}), Value::is_null),
        "window_shows" => (json!({"inboxVisible": false}), Value::is_null),
        // The others have no arguments and no result, or an example below.
        _ => (Value::Null, Value::is_null),
    }
}

#[tokio::test]
async fn every_command_of_the_list_is_done() {
    let (running, _harness, backend) = connected().await;
    // Its answer depends on earlier requests, so it comes last.
    let names = COMMANDS.iter().copied();
    let (last, others): (Vec<&str>, Vec<&str>) = names.partition(|name| *name == "account_sign_out");
    for name in others.into_iter().chain(last) {
        let (request, expected) = example(name, &backend.api_url());
        let refusal = match name {
            // There is no question to answer, and no such account.
            "account_confirm" | "account_switch" => Some(CommandErrorCode::Refused),
            // The sign-in has no link, because the server has no provider, and there is no newer version.
            "sign_in_open" | "sign_in_paste" | "release_notes" => Some(CommandErrorCode::Gone),
            _ => None,
        };
        if let Some(refusal) = refusal {
            let answer = running.core.dispatch(name, request).await;
            assert_eq!(answer.unwrap_err().code, refusal, "{name}");
            continue;
        }
        let answer = within_deadline(name, running.core.dispatch(name, request))
            .await
            .unwrap();
        assert!(expected(&answer), "{name} answered {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn what_a_command_does_not_take_is_refused_in_words() {
    let (running, _harness, _backend) = connected().await;
    for name in COMMANDS {
        // No command accepts a number.
        let error = running.core.dispatch(name, json!(17)).await.unwrap_err();
        assert_eq!(error.code, CommandErrorCode::InvalidRequest, "{name}: {error}");
        assert!(!error.message.words().is_empty());
    }
    let error = running
        .core
        .dispatch(
            "account_save",
            json!({"address": "x", "token": "https://gloria.example"}),
        )
        .await
        .unwrap_err();
    assert_eq!(error.code, CommandErrorCode::InvalidRequest);
    // The window shows it at the field.
    assert_eq!(error.message, message::token_is_address());
    let error = running
        .core
        .dispatch("item_follow", json!({"key": "n:2", "action": null}))
        .await
        .unwrap_err();
    assert_eq!(error.code, CommandErrorCode::Gone);
    running.stop().await;
}

/// Values that are similar to a request and mostly invalid.
fn near_a_request() -> impl Strategy<Value = Value> {
    let words = [
        "",
        "\0",
        "n:1",
        "inbox",
        "read",
        "unarchived",
        "knock",
        "system",
        "none",
        "debug",
        "\u{202e}🦀",
        "' OR 1=1 --",
        "http://[",
        "http://127.0.0.1:1/api",
        "../../etc/passwd",
        "9007199254740993",
        "{\"v\":1}",
    ];
    let names = [
        "keys",
        "mark",
        "key",
        "action",
        "filter",
        "view",
        "after",
        "limit",
        "address",
        "token",
        "same",
        "minutes",
        "sounds",
        "volume",
        "sound",
        "appearance",
        "proxy",
        "autoConnect",
        "logLevel",
        "inboxVisible",
        "connectionVisible",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u8..120).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let fields = prop::collection::hash_map(prop::sample::select(names.to_vec()), inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

#[test]
fn whatever_is_asked_is_answered_and_the_core_goes_on() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let (running, _harness, _backend) = runtime.block_on(connected());
    // `[true]` is a whole request to sign out, after which the item that is looked for at the end is gone.
    let commands = COMMANDS.iter().copied();
    let commands: Vec<_> = commands.filter(|name| *name != "account_sign_out").collect();
    let command = prop::sample::select(commands);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(600));
    runner
        .run(&(command, near_a_request()), |(name, request)| {
            let asked = within_deadline(name, running.core.dispatch(name, request));
            if let Err(error) = runtime.block_on(asked) {
                prop_assert!(
                    !matches!(
                        error.code,
                        CommandErrorCode::UnknownCommand
                            | CommandErrorCode::Inbox
                            | CommandErrorCode::Restarting
                            | CommandErrorCode::Stopped
                            | CommandErrorCode::Unwritable
                    ),
                    "{:?}",
                    error.code
                );
            }
            Ok(())
        })
        .unwrap();
    // As deep as a parser accepts.
    let deep = (0..126).fold(Value::Null, |inner, _| json!([inner]));
    for name in COMMANDS {
        let error = runtime
            .block_on(running.core.dispatch(name, deep.clone()))
            .unwrap_err();
        assert_eq!(error.code, CommandErrorCode::InvalidRequest, "{name}");
    }
    let item = runtime
        .block_on(running.core.dispatch("inbox_item", json!("n:1")))
        .unwrap();
    assert_eq!(item["title"], "title 1");
    runtime.block_on(running.stop());
}

#[tokio::test]
async fn a_field_that_no_request_has_is_refused() {
    let (running, _harness, backend) = connected().await;
    let mut forms = 0;
    for name in COMMANDS {
        let (mut request, _) = example(name, &backend.api_url());
        let Some(fields) = request.as_object_mut() else {
            continue;
        };
        forms += 1;
        // As from a page that means another name for a field: executed without it, the command would do something else.
        fields.insert("forename".to_owned(), json!("secret"));
        let error = running.core.dispatch(name, request).await.unwrap_err();
        assert_eq!(error.code, CommandErrorCode::InvalidRequest, "{name}");
        let error = serde_json::to_string(&error).unwrap();
        assert!(error.contains("forename") && !error.contains("secret"), "{error}");
    }
    assert!(forms > 7, "{forms}");
    running.stop().await;
}

#[tokio::test]
async fn what_a_command_changed_was_published_before_it_answers() {
    let (running, _harness, _backend) = connected().await;
    let mut updates = running.core.attach().await.unwrap().updates;
    for (name, request, expected) in [
        ("preferences_save", json!({"volume": 21}), &["preferences"][..]),
        ("sounds_pause", json!({"minutes": 5}), &["preferences"]),
        ("debug_log", json!(true), &["preferences"]),
        (
            "inbox_mark",
            json!({"keys": ["n:1"], "mark": "read"}),
            &["itemsStored", "counts"],
        ),
        (
            "inbox_mark",
            json!({"keys": ["n:1"], "mark": "unread"}),
            &["itemsStored", "counts"],
        ),
        ("inbox_mark_all_read", Value::Null, &["inboxChanged", "counts"]),
        ("item_follow", json!({"key": "n:1", "action": null}), &[]),
        ("connection_disconnect", Value::Null, &["connection"]),
        (
            "account_sign_out",
            json!({"erase": false}),
            &["account", "inboxChanged", "counts"],
        ),
    ] {
        while updates.try_recv().is_ok() {}
        running.core.dispatch(name, request).await.unwrap();
        let mut published = Vec::new();
        while let Ok(revised) = updates.try_recv() {
            let update = serde_json::to_value(&revised.update).unwrap();
            published.push(update["kind"].as_str().unwrap().to_owned());
        }
        for kind in expected {
            assert!(published.iter().any(|each| each == kind), "{name}: {published:?}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_command_is_done_though_its_caller_is_gone_and_thousands_are_answered() {
    let (running, _harness, _backend) = connected().await;
    let save = running.core.dispatch("preferences_save", json!({"volume": 33}));
    let mut save = Box::pin(save);
    // The request is sent, and then its future is dropped.
    assert!(futures_util::poll!(&mut save).is_pending());
    drop(save);
    running
        .until("the volume", |state| state.preferences.volume == 33)
        .await;

    let asked = (0..3000).map(|_| running.core.dispatch("inbox_item", json!("n:1")));
    let answers = within_deadline("all of them", futures_util::future::join_all(asked)).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap()["key"] == "n:1"));

    // At the end, every request gets an answer.
    let asked = (0..300).map(|_| running.core.dispatch("inbox_mark_all_read", Value::Null));
    let asked = futures_util::future::join_all(asked);
    let core = running.core.clone();
    let (answers, stopped) = within_deadline("the end", async { tokio::join!(asked, core.stop()) }).await;
    stopped.unwrap();
    for answer in answers {
        assert!(answer.is_ok() || answer.is_err_and(|error| error.code == CommandErrorCode::Stopped));
    }
}

#[test]
fn no_other_name_is_a_command_whatever_is_asked() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let (running, _harness, _backend) = runtime.block_on(connected());
    let name =
        "[a-zA-Z_:./|\\PC]{0,80}".prop_filter("not a command", |name| !COMMANDS.contains(&name.as_str()));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    runner
        .run(&(name, any::<i32>()), |(name, number)| {
            let asked = running.core.dispatch(&name, json!({"number": number}));
            let error = runtime.block_on(asked).unwrap_err();
            prop_assert_eq!(error.code, CommandErrorCode::UnknownCommand);
            prop_assert!(
                error.message.words().len() < 1000,
                "a name is not quoted at any length"
            );
            Ok(())
        })
        .unwrap();
    runtime.block_on(running.stop());
}

#[tokio::test]
async fn a_link_gives_the_state_and_what_follows_as_json() {
    let (running, _harness, _backend) = connected().await;
    let link: Arc<dyn Link> = Arc::new(running.core.clone());
    let mut state = link.attach().await.unwrap();
    assert_eq!(state.snapshot["protocol"], PROTOCOL_VERSION);
    assert_eq!(state.snapshot["counts"]["unread"], 1);
    let revision = state.snapshot["revision"].as_u64().unwrap();

    let mark = json!({"keys": ["n:1"], "mark": "read"});
    let marked = link.call("inbox_mark", mark).await.unwrap();
    let followed = async {
        let mut counts = Value::Null;
        loop {
            let next = state.updates.next().await.unwrap();
            assert!(next["revision"].as_u64().unwrap() > revision);
            if next["update"]["kind"] == "counts" {
                counts = next["update"]["value"].clone();
            }
            if next["revision"] == marked["revision"] {
                return counts;
            }
        }
    };
    let counts = within_deadline("the revision of the answer", followed).await;
    assert_eq!(counts["unread"], 0);

    running.stop().await;
    let ended = async { while state.updates.next().await.is_some() {} };
    within_deadline("the updates end with the core", ended).await;
    let error = link.call("connection_retry", Value::Null).await.unwrap_err();
    assert_eq!(error.code, CommandErrorCode::Stopped);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_notified_that_updates_are_missing() {
    let (running, _harness, _backend) = connected().await;
    let mut state = Link::attach(&running.core).await.unwrap();
    // More than a reader may lag behind.
    for round in 0..300 {
        let volume = json!({"volume": round % 100});
        running.core.dispatch("preferences_save", volume).await.unwrap();
    }
    let first = within_deadline("the first", state.updates.next()).await.unwrap();
    assert_eq!(first["update"]["kind"], "missed", "{first}");
    running.stop().await;
}
