//! What the loop removes in time, and what it says about what it may not remove.

use super::*;
use crate::inbox::CategoryLimit;
use crate::item::{EpochMillis, Mark};
use crate::protocol::{MarkRequest, NoticeKind};

const DAY: EpochMillis = 24 * 3_600_000;

/// Runs the steps of a sweep. The test controls the time, because a paused clock advances while the inbox's thread
/// works.
async fn run_upkeep(actor: &mut Actor) {
    for _ in 0..60 {
        let due = actor.upkeep.due();
        actor.run_upkeep(due).await;
    }
}

async fn mark(actor: &mut Actor, numbers: std::ops::Range<u64>, mark: Mark) {
    let keys = numbers.map(|number| format!("n:{number}")).collect();
    actor.mark(MarkRequest { keys, mark }).await.expect("marked");
}

fn total(actor: &Actor) -> u32 {
    actor.readers.state().counts.total
}

#[tokio::test(start_paused = true)]
async fn neither_clock_alone_makes_anything_old() {
    for (here, server, expected) in [
        (200 * DAY, 0, 9),
        (0, 200 * DAY, 9),
        (-200 * DAY, 0, 9),
        (0, -200 * DAY, 9),
        (91 * DAY, 200 * DAY, 0),
    ] {
        let home = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::default());
        let mut setup = setup(home.path());
        setup.ports.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let (mut actor, _deliveries) = fed(&setup);
        actor.handle_delivery(frames(1..10, clock.wall())).await;
        mark(&mut actor, 1..10, Mark::Read).await;
        let now = crate::connection::epoch_millis(clock.wall());
        let moved = std::time::Duration::from_millis(here.unsigned_abs());
        let set = TestClock {
            began: if here < 0 {
                (clock.began.0 - moved, clock.began.1)
            } else {
                (clock.began.0 + moved, clock.began.1)
            },
        };
        actor.setup.ports.clock = Arc::new(set);
        let reading = actor.now();
        actor.link.on_server_time(now + server, reading);
        run_upkeep(&mut actor).await;
        actor.publish_items().await;
        assert_eq!(total(&actor), expected, "{here} {server}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_is_too_large_for_what_may_be_removed_is_a_notice_until_it_is_not() {
    let home = tempfile::tempdir().expect("a folder");
    let setup = setup(home.path());
    let (mut actor, _deliveries) = fed(&setup);
    actor
        .handle_delivery(frames(1..10, setup.ports.clock.wall()))
        .await;
    mark(&mut actor, 1..10, Mark::Flagged).await;
    let time = crate::connection::epoch_millis(setup.ports.clock.wall());
    let reading = actor.now();
    actor.link.on_server_time(time, reading);
    // Even an empty inbox is larger.
    actor.settings.keep_megabytes = 0;
    run_upkeep(&mut actor).await;
    actor.publish_items().await;
    let notice = |actor: &Actor| {
        let notices = &actor.readers.state().notices;
        let of_size = notices.iter().find(|notice| notice.kind == NoticeKind::Size);
        of_size.map(|notice| notice.message.clone())
    };
    assert_eq!(total(&actor), 9, "what is flagged is not removed");
    assert_eq!(notice(&actor), Some(message::notice_inbox_too_large(0)));
    let reported = actor.report().notices;
    assert!(
        reported.iter().any(|notice| notice.kind == NoticeKind::Size),
        "{reported:?}"
    );
    actor.settings.keep_megabytes = 500;
    run_upkeep(&mut actor).await;
    assert_eq!(notice(&actor), None);
}

#[tokio::test(start_paused = true)]
async fn a_category_has_the_limit_of_the_settings() {
    let home = tempfile::tempdir().expect("a folder");
    let setup = setup(home.path());
    let (mut actor, _deliveries) = fed(&setup);
    actor
        .handle_delivery(frames(1..10, setup.ports.clock.wall()))
        .await;
    let time = crate::connection::epoch_millis(setup.ports.clock.wall());
    let reading = actor.now();
    actor.link.on_server_time(time, reading);
    for (limit, expected) in [("reports: 2 items", 9), ("builds: 2 items", 2)] {
        actor.settings.keep_categories = CategoryLimit::parse(limit).into_iter().collect();
        run_upkeep(&mut actor).await;
        actor.publish_items().await;
        assert_eq!(total(&actor), expected, "{limit}");
    }
}
