//! Invariants for anything a server sends. The fuzz target in `tests/fuzz` includes this file.

use std::sync::Arc;

use gloria_core::event::{DecodeContext, Event, Field, Post, data, decode};
use gloria_core::text::is_invisible;
use gloria_stream::Frame;

/// Reads the first line as the event's type and the rest as its data.
pub(crate) fn read(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (event, json) = text.split_once('\n').unwrap_or((&text, ""));
    let frame = Frame {
        event: Arc::from(event),
        data: json.to_owned(),
        id: Arc::from("7"),
    };
    let server = url::Url::parse("https://gloria.example/api/v1").ok();
    let context = DecodeContext {
        server: server.as_ref(),
        now: 1_767_323_045_000,
        inherited_id: None,
    };
    let _ = data(&frame);
    let decoded = decode(&frame, &context);
    assert_eq!(
        decoded,
        decode(&frame, &context),
        "read the same when it comes again"
    );
    match decoded {
        Ok(decoded) => fits(&decoded.event),
        Err(undecoded) => {
            if let Some(event) = undecoded.item() {
                fits(&event);
            }
        }
    }
}

fn fits(event: &Event) {
    match event {
        Event::Posted(post) => post_fits(post),
        Event::NotificationUpdated(change) => {
            printable(&change.key, 300);
            for text in [&change.title, &change.body, &change.category, &change.actor] {
                if let Field::Value(text) = text {
                    printable(text, 16 * 1024);
                }
            }
            if let Field::Value(link) = &change.link {
                web(link);
            }
        }
        Event::NotificationDeleted { id, version: _ } => printable(id, 300),
        Event::Several(events) => events.iter().for_each(fits),
        Event::Unreadable(unreadable) => printable(unreadable.id.as_deref().unwrap_or_default(), 300),
        Event::ServerError(error) => printable(error.code.as_deref().unwrap_or_default(), 64),
        Event::ConnectionEstablished(greeting) => {
            printable(greeting.position.as_deref().unwrap_or_default(), 300);
            assert!(greeting.heartbeat.is_none_or(|beat| !beat.is_zero()));
        }
        Event::UserChanged(user) => {
            for text in [&user.name, &user.status] {
                printable(text.value().map(String::as_str).unwrap_or_default(), 120);
            }
        }
        Event::Heartbeat | Event::Gap { .. } => {}
    }
}

fn post_fits(post: &Post) {
    assert!(
        !post.title.is_empty() || post.words.is_some(),
        "something to show"
    );
    printable(&post.key, 300);
    printable(&post.title, 300);
    assert!(!post.title.contains(['\n', '\t']));
    printable(&post.body, 16 * 1024);
    for text in [&post.category, &post.actor, &post.group_key] {
        printable(text.as_deref().unwrap_or_default(), 120);
    }
    assert!(post.link.iter().all(|link| web(link)));
    assert!(post.actions.len() <= 6);
    for action in &post.actions {
        web(&action.link);
        printable(&action.label, 255);
    }
    assert!(post.progress.is_none_or(|percent| percent <= 100));
    let times = [
        post.created_at,
        post.expires_at,
        post.starts_at,
        post.seen_at,
        post.read_at,
        post.archived_at,
        post.states.flagged_at,
        post.states.snoozed_until,
        post.states.acknowledged_at,
    ];
    for time in times.into_iter().flatten() {
        assert!((0..253_402_300_800_000).contains(&time), "{time}");
    }
    assert_ne!(post.supersedes.as_deref(), Some(post.key.as_str()));
}

fn printable(text: &str, longest: usize) {
    assert!(
        text.chars().count() <= longest + 1,
        "{} characters",
        text.chars().count()
    );
    assert!(!text.contains(is_invisible), "{text:?}");
}

fn web(link: &str) -> bool {
    let url = url::Url::parse(link).unwrap_or_else(|error| panic!("{error}: {link}"));
    assert!(
        matches!(url.scheme(), "http" | "https") && url.has_host(),
        "{link}"
    );
    assert!(url.username().is_empty() && url.password().is_none(), "{link}");
    true
}
