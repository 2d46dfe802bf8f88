use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use gloria_backend::demo::{Feed, Posting};
use gloria_backend::{Backend, BackendOptions};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::client::{DEADLINE, data, stream};

const START: &str = "2026-03-04T08:30:00Z";
const SCENES: usize = 60;

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn feed(seed: u64) -> Feed {
    Feed::new(seed, Duration::from_secs(4)).unwrap()
}

/// The backlog and this many days, one scene a minute.
fn reported(seed: u64, days: usize) -> (Vec<Posting>, Vec<Posting>) {
    let mut feed = feed(seed);
    let backlog = feed.backlog(start()).unwrap();
    let minute = |n: usize| start() + SignedDuration::from_mins(i64::try_from(n).unwrap());
    (
        backlog,
        (1..=days * SCENES)
            .map(|n| feed.next(minute(n)).unwrap())
            .collect(),
    )
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn time(posting: &Posting, field: &str) -> Option<Timestamp> {
    posting
        .data
        .get(field)
        .map(|time| time.as_str().unwrap().parse().unwrap())
}

#[test]
fn the_same_seed_and_time_tell_the_same_and_another_seed_does_not() {
    assert_eq!(reported(7, 2), reported(7, 2));
    assert_ne!(reported(7, 1), reported(8, 1));
}

#[test]
fn a_day_has_every_kind_of_event_that_the_feed_is_to_show() {
    let (_, day) = reported(1, 1);
    let kinds: BTreeSet<_> = day.iter().map(|posting| posting.event.as_str()).collect();
    let expected = [
        "notification.created",
        "notification.deleted",
        "notification.updated",
        "system.announcement",
        "system.maintenance",
        "user.status_changed",
        "user.updated",
        "workflow.completed",
        "workflow.failed",
        "workflow.started",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    for (field, least) in [("priority", 3), ("category", 9)] {
        let values: HashSet<_> = day
            .iter()
            .filter_map(|posting| posting.data[field].as_str())
            .collect();
        assert!(values.len() >= least, "{field}: {values:?}");
    }
}

#[test]
fn nothing_is_left_open_and_all_links_stay_at_home() {
    let (backlog, days) = reported(3, 2);
    for posting in backlog.iter().chain(&days) {
        let mut all = Vec::new();
        texts(&posting.data, &mut all);
        assert!(all.iter().all(|text| !text.contains(['{', '}'])), "{posting:?}");
        let mut links: Vec<_> = posting.data["actions"].as_array().into_iter().flatten().collect();
        links.extend(posting.data.get("link").map(|_| &posting.data));
        for link in links {
            assert!(
                link["link"]
                    .as_str()
                    .unwrap()
                    .starts_with("https://gloria.example/"),
                "{posting:?}"
            );
        }
        if posting.event == "notification.created" {
            assert!(
                posting.data["title"].is_string() && posting.data["message"].is_string(),
                "{posting:?}"
            );
            assert!(posting.data["category"].is_string(), "{posting:?}");
        }
    }
}

#[test]
fn changes_are_about_what_is_there_and_a_new_day_has_new_ids() {
    let (backlog, days) = reported(1, 2);
    let mut made = HashSet::new();
    for posting in backlog.iter().chain(&days) {
        let id = posting.data.get("id").and_then(Value::as_str);
        match posting.event.as_str() {
            "notification.created" => assert!(made.insert(id.unwrap()), "{posting:?} came twice"),
            "notification.updated" => assert!(made.contains(id.unwrap()), "{posting:?}"),
            "notification.deleted" => assert!(made.remove(id.unwrap()), "{posting:?}"),
            _ => {}
        }
        if let Some(superseded) = posting.data.get("supersedes") {
            assert!(made.contains(superseded.as_str().unwrap()), "{posting:?}");
        }
    }
    let mut running = HashSet::new();
    for posting in days
        .iter()
        .filter(|posting| posting.event.starts_with("workflow."))
    {
        let id = posting.data["workflowId"].as_str().unwrap();
        match posting.event.as_str() {
            "workflow.started" => drop(running.insert(id)),
            _ => assert!(running.remove(id), "{posting:?} ended without a start"),
        }
    }
    assert!(running.is_empty(), "{running:?} never end");
}

#[test]
fn the_backlog_reaches_two_days_back_and_comes_in_order() {
    let (backlog, _) = reported(1, 0);
    let made: Vec<_> = backlog
        .iter()
        .filter_map(|posting| time(posting, "createdAt"))
        .collect();
    assert_eq!(made.len(), 25);
    assert!(made.is_sorted());
    assert!(made.iter().all(|made| *made < start()));
    assert!(made[0] < start() - SignedDuration::from_hours(45));
    let read: Vec<_> = backlog
        .iter()
        .filter_map(|posting| time(posting, "readAt"))
        .collect();
    assert!((8..25).contains(&read.len()) && read.iter().all(|read| *read < start()));
}

#[test]
fn planned_times_lie_where_the_script_puts_them() {
    let (_, day) = reported(1, 1);
    let maintenance = day
        .iter()
        .find(|posting| posting.event == "system.maintenance")
        .unwrap();
    let made = time(maintenance, "createdAt").unwrap();
    assert_eq!(
        time(maintenance, "startsAt").unwrap(),
        made + SignedDuration::from_hours(9)
    );
    assert_eq!(
        time(maintenance, "endsAt").unwrap(),
        made + SignedDuration::from_hours(11)
    );
}

#[test]
fn the_first_scenes_come_quickly_and_the_others_about_at_the_pace() {
    let mut feed = feed(1);
    let pauses: Vec<_> = (0..SCENES)
        .map(|_| (feed.pause(), feed.next(start()).unwrap()).0)
        .collect();
    assert!(pauses[..4].iter().all(|pause| *pause < Duration::from_secs(1)));
    assert!(
        pauses[4..]
            .iter()
            .all(|pause| (2.0..=6.0).contains(&pause.as_secs_f64()))
    );
}

#[tokio::test]
async fn the_demo_gives_a_newcomer_the_backlog_and_then_the_day() {
    let options = BackendOptions {
        replay_to_newcomers: true,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let control = backend.control();
    let feed = Feed::new(1, Duration::from_millis(1)).unwrap();
    let playing = tokio::spawn(feed.play(control.clone(), start()));
    control
        .wait_for(
            |seen| seen.last_id.parse().is_ok_and(|id: u64| id > 150),
            DEADLINE,
        )
        .await
        .unwrap();
    let mut events = stream(&backend).await;
    let first = events.event().await;
    assert_eq!(
        (first.id.as_str(), &data(&first)["id"]),
        ("1", &"survey-1".into())
    );
    // Two days and the beginning of the third.
    while data(&events.event().await)["id"] != "task-audit-3" {}
    assert!(!playing.is_finished());
    playing.abort();
}
