use super::*;
use crate::alerts::presence::PAGE_LEASE_TIMEOUT;
use crate::message;
use crate::metrics::Meters;
use crate::ports::SystemClock;

pub(super) fn item(key: &str, title: &str) -> Item {
    Item {
        key: key.to_owned(),
        title: title.into(),
        ..Item::sample()
    }
}

fn readers(now: Instant) -> Readers {
    Readers::new(Snapshot::sample(), now)
}

#[test]
fn any_other_connection_is_news_and_a_time_computed_anew_is_not() {
    let mut readers = readers(Instant::now());
    let mut view = readers.state().connection.clone();
    view.connected_since = Some(10_000);
    readers.publish_connection(view.clone());
    assert_eq!(readers.state().revision, 1);
    view.connected_since = Some(10_001);
    readers.publish_connection(view.clone());
    assert_eq!(readers.state().revision, 1);
    // A field without a comparison of its own.
    view.history_since = Some(1);
    readers.publish_connection(view.clone());
    assert_eq!(readers.state().revision, 2);
    assert_eq!(
        readers.state().connection.connected_since,
        Some(10_000),
        "so small steps do not add up unseen"
    );
    view.connected_since = Some(10_600);
    readers.publish_connection(view);
    assert_eq!(readers.state().revision, 3);
}

#[test]
fn every_change_of_the_requested_item_has_a_revision() {
    let mut readers = readers(Instant::now());
    let mut updates = readers.attach().updates;
    readers.publish_requested_item(None);
    assert_eq!(readers.state().revision, 0, "it was none before");
    for key in [Some("n:1".to_owned()), Some("n:1".to_owned()), None] {
        readers.publish_requested_item(key.clone());
        let revised = updates.try_recv().unwrap();
        assert_eq!(revised.revision, readers.state().revision);
        assert_eq!(revised.update, Update::ItemRequested(key));
    }
    assert_eq!(readers.state().revision, 3);
}

#[test]
fn whoever_followed_a_core_that_broke_sees_a_gap_and_its_lasting_notices() {
    let now = Instant::now();
    let mut broken = readers(now);
    let mut updates = broken.attach().updates;
    broken.set_notice(NoticeKind::Tray, Some(message::notice_tray()));
    broken.set_notice(
        NoticeKind::Sound,
        Some(message::notice_sound(message::sound_busy())),
    );
    let last = updates.try_recv().and(updates.try_recv()).unwrap();
    let mut next = readers(now);
    next.take_over_from(broken, now);
    next.publish_inbox_changed();
    assert!(updates.try_recv().unwrap().revision > last.revision + 1);
    let kinds: Vec<_> = next.state().notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::Tray]);
}

#[test]
fn numbers_are_due_while_they_are_shown() {
    let now = Instant::now();
    let mut readers = readers(now);
    let view = |connection_visible| WindowView {
        connection_visible,
        ..WindowView::default()
    };
    assert_eq!(readers.metrics_due(), None);
    let shows = |readers: &mut Readers, shown, now: Instant| {
        readers.change_presence(|presence| presence.on_page(view(shown), now.into_std()), now);
    };
    shows(&mut readers, true, now);
    assert_eq!(readers.metrics_due(), Some(now));
    readers.publish_metrics(Meters::new(std::sync::Arc::new(SystemClock), "0").view(), now);
    let due = readers.metrics_due();
    let repeated = now + Duration::from_millis(1);
    shows(&mut readers, true, repeated);
    assert_eq!(
        readers.metrics_due(),
        due,
        "a page that repeats itself asks for nothing more"
    );
    shows(&mut readers, false, now);
    assert_eq!(readers.metrics_due(), None);
    shows(&mut readers, true, now);
    let expired = now + PAGE_LEASE_TIMEOUT;
    assert_eq!(readers.presence_due(), Some(expired));
    readers.change_presence(|_| (), expired);
    assert_eq!(readers.metrics_due(), None, "the page said nothing more");
    assert_eq!(readers.presence_due(), None);
}
