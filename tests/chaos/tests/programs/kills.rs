//! A core that is killed during its work, and the state of its files afterwards.

use std::time::Duration;

use gloria_backend::{Answer, Backend, BackendOptions, Route, TEST_TOKEN};
use gloria_chaos::DEADLINE;
use gloria_core::account::Account;
use gloria_core::inbox::Inbox;
use gloria_core::item::InboxView;
use gloria_core::paths::Paths;
use gloria_core::protocol::InboxQuery;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::program::{CORE, Program};

const CREATED: &str = "notification.created";

fn core(home: &TempDir, backend: &Backend) -> Program {
    let mut command = Command::new(CORE);
    command
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_API_URL", backend.api_url())
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms");
    Program::start(command, None)
}

/// Returns the position and the titles in the killed core's file, oldest first.
fn stored(home: &TempDir, backend: &Backend) -> (u64, Vec<u64>) {
    let path = Account::of(&backend.api_url()).inbox_file(&Paths::within(home.path()));
    if !path.exists() {
        return (0, Vec::new());
    }
    let inbox = Inbox::open(&path, &backend.api_url()).unwrap();
    assert_eq!(inbox.problem, None, "the file is whole");
    let inbox = inbox.inbox;
    let position = inbox.cursor().unwrap().unwrap_or_default();
    let mut numbers = Vec::new();
    let mut query = InboxQuery {
        filter: InboxView::Inbox.into(),
        after: None,
        limit: 100,
    };
    loop {
        let page = inbox.page(&query).unwrap();
        numbers.extend(page.items.iter().map(|item| item.title.parse::<u64>().unwrap()));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    numbers.sort_unstable();
    (position.parse().unwrap_or(0), numbers)
}

fn live(number: u64) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json!({"id": number.to_string(), "title": number.to_string(), "message": "m", "createdAt": now})
}

#[tokio::test]
async fn a_core_that_is_killed_again_and_again_loses_nothing_and_repeats_only_what_was_not_recorded() {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    let home = tempfile::tempdir().unwrap();
    let mut shown = Vec::new();
    let mut sent = 0;
    for round in 1..=12_u64 {
        let mut program = core(&home, &backend);
        control
            .wait_for(|seen| seen.streams_total == round && seen.streams == 1, DEADLINE)
            .await
            .unwrap();
        if round == 1 {
            // The first connection gives a new client its position; a client that is killed before that has none.
            while program.line().await.unwrap()["placed"] != true {}
        }
        // Its request resumed after exactly what is stored.
        let seen = control.observed();
        let asked = seen.stream_requests().next_back().unwrap();
        let (position, _) = stored_position(&home, &backend);
        assert!(asked.last_event_id().unwrap_or("0").parse::<u64>().unwrap() <= position);

        for _ in 0..20 {
            sent += 1;
            control.push(CREATED, live(sent));
        }
        // Killed after a growing number of lines.
        let mut said = 0;
        while said < round {
            let line = program.line().await.unwrap();
            if let Some(title) = line["notification"].as_str() {
                shown.push((round, title.to_owned()));
            }
            if line["total"] == sent {
                break;
            }
            said += 1;
        }
        program.kill().await;
        while let Some(line) = program.line().await {
            if let Some(title) = line["notification"].as_str() {
                shown.push((round, title.to_owned()));
            }
        }
        control
            .wait_for(|seen| seen.streams == 0, DEADLINE)
            .await
            .unwrap();
        let (position, numbers) = stored(&home, &backend);
        assert!(position <= sent);
        assert_eq!(
            numbers,
            (1..=position).collect::<Vec<_>>(),
            "the position is that of what is stored, neither ahead nor behind"
        );
    }
    let mut last = core(&home, &backend);
    while last.line().await.unwrap()["total"] != sent {}
    last.kill().await;
    let (position, numbers) = stored(&home, &backend);
    assert_eq!((position, numbers), (sent, (1..=sent).collect()));
    // Each is shown by one run; by the next one again only if the kill happened between the answer and the record.
    for number in (1..=sent).map(|number| number.to_string()) {
        let rounds: Vec<_> = shown
            .iter()
            .filter(|(_, title)| *title == number)
            .map(|(round, _)| *round)
            .collect();
        assert!(
            rounds.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "{number} in {rounds:?}"
        );
    }
}

/// Returns what is stored while the core runs.
fn stored_position(home: &TempDir, backend: &Backend) -> (u64, ()) {
    let path = Account::of(&backend.api_url()).inbox_file(&Paths::within(home.path()));
    let inbox = Inbox::open_read_only(&path, &backend.api_url()).unwrap();
    let position = inbox.cursor().unwrap().unwrap_or_default();
    (position.parse().unwrap_or(0), ())
}

#[tokio::test]
async fn a_core_that_is_killed_in_a_long_replay_goes_on_where_its_file_ends() {
    let backend = Backend::start(BackendOptions {
        replay_to_newcomers: true,
        ..BackendOptions::default()
    })
    .await
    .unwrap();
    let control = backend.control();
    // Its list would bring them before the stream does.
    control.answer(Route::List, 99, Answer::new(404)).unwrap();
    for number in 1..=3000 {
        control.push(CREATED, live(number));
    }
    control.set_pace(Some(gloria_backend::Pace {
        bytes: 4 << 10,
        every: Duration::from_millis(20),
    }));
    let home = tempfile::tempdir().unwrap();
    let mut asked_after = Vec::new();
    for _ in 0..3 {
        let mut program = core(&home, &backend);
        let mut stored_before = 0;
        // However slow it is, it reports its progress; after the last report there are no more.
        let mut said = 0;
        while said < 4 && stored_before < 3000 {
            // Alerts that the previous run left pending are shown before there is a connection.
            if let Some(total) = program.line().await.unwrap()["total"].as_u64() {
                stored_before = total;
                said += 1;
            }
        }
        program.kill().await;
        let (position, numbers) = stored(&home, &backend);
        assert_eq!(numbers, (1..=position).collect::<Vec<_>>());
        assert!(position >= stored_before);
        let seen = control.observed();
        let asked = seen.stream_requests().next_back().unwrap();
        asked_after.push((asked.last_event_id().map(str::to_owned), position));
    }
    assert_eq!(asked_after[0].0, None);
    assert!(asked_after[0].1 < 3000, "the first was killed in the middle");
    for pair in asked_after.windows(2) {
        assert_eq!(pair[1].0.as_deref(), Some(pair[0].1.to_string().as_str()));
    }
    control.set_pace(None);
    let mut last = core(&home, &backend);
    while last.line().await.unwrap()["total"] != 3000 {}
}
