//! When the file of metrics is written, and what is said if it is not.

use std::fs;

use super::super::tests::setup;
use super::*;
use crate::metrics::textfile::MARK;
use crate::protocol::NoticeKind;
use crate::settings::tests::english;

fn actor(home: &Path, file: &Path) -> Actor {
    let path = toml(file);
    fs::write(
        home.join("settings.toml"),
        format!("[metrics]\ntextfile = {path}\n"),
    )
    .unwrap();
    Actor::new(setup(home)).unwrap()
}

fn toml(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// Does what is due of the file, and waits for it.
async fn write_once(actor: &mut Actor) {
    actor.write_textfile(Instant::now());
    if let Some(job) = actor.exports.textfile.job.take() {
        job.task.await.unwrap();
    }
    while let Ok(report) = actor.reports.1.try_recv() {
        actor.on_report(report).await;
    }
}

fn notice(actor: &Actor) -> Option<String> {
    let notices = &actor.readers.state().notices;
    let notice = notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Settings)?;
    Some(english(&notice.message))
}

#[tokio::test(start_paused = true)]
async fn it_is_written_at_the_start_and_then_at_every_minute_on_the_common_ticks() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gloria.prom");
    let began = Instant::now();
    let mut actor = actor(home.path(), &file);
    assert_eq!(actor.exports.due(), Some(began));
    tokio::time::advance(Duration::from_millis(300)).await;
    write_once(&mut actor).await;
    let first = fs::read_to_string(&file).unwrap();
    assert!(first.starts_with(MARK), "{first}");
    assert_eq!(actor.exports.due(), Some(began + WRITE_INTERVAL));
    tokio::time::advance(WRITE_INTERVAL).await;
    write_once(&mut actor).await;
    assert_ne!(fs::read_to_string(&file).unwrap(), first, "with another time");
    assert_eq!(actor.exports.due(), Some(began + WRITE_INTERVAL * 2));
    assert_eq!(notice(&actor), None);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_a_problem_of_the_settings_until_it_succeeds() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("none/gloria.prom");
    let mut actor = actor(home.path(), &file);
    write_once(&mut actor).await;
    let said = notice(&actor).unwrap();
    let words = format!(
        "metrics cannot be written to {}: its folder does not exist",
        file.display()
    );
    assert!(said.contains(&words), "{said}");
    assert!(!file.parent().unwrap().exists(), "it is not created");

    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, "of another program").unwrap();
    write_once(&mut actor).await;
    let said = notice(&actor).unwrap();
    assert!(said.contains("another program wrote this file"), "{said}");

    fs::remove_file(&file).unwrap();
    write_once(&mut actor).await;
    assert_eq!(notice(&actor), None);
    assert!(file.exists());
}

/// A report wakes the loop.
#[tokio::test(start_paused = true)]
async fn the_same_outcome_is_reported_once() {
    let home = tempfile::tempdir().unwrap();
    let mut actor = actor(home.path(), &home.path().join("none/gloria.prom"));
    write_once(&mut actor).await;
    actor.write_textfile(Instant::now());
    let job = actor.exports.textfile.job.take().unwrap();
    job.task.await.unwrap();
    assert!(actor.reports.1.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_takes_one_thread_and_is_reported_after_a_minute() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gloria.prom");
    let mut actor = actor(home.path(), &file);
    let (answer, hanging) = std::sync::mpsc::channel::<()>();
    let task = spawn_blocking(move || {
        let _ = hanging.recv();
    });
    let began = Instant::now();
    actor.exports.textfile.job = Some(Job { began, task });
    actor.write_textfile(began);
    assert_eq!(notice(&actor), None, "a moment is no hanging");
    assert_eq!(actor.exports.due(), Some(began + TICK_INTERVAL));
    actor.write_textfile(began + WRITE_INTERVAL);
    let said = notice(&actor).unwrap();
    assert!(said.contains("the disk does not respond"), "{said}");
    assert!(!file.exists(), "no second job was started");

    answer.send(()).unwrap();
    let job = actor.exports.textfile.job.take().unwrap();
    job.task.await.unwrap();
    write_once(&mut actor).await;
    assert_eq!(notice(&actor), None);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_wanted_any_more_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let files = ["a.prom", "b.prom"].map(|name| home.path().join(name));
    let mut actor = actor(home.path(), &files[0]);
    write_once(&mut actor).await;
    assert_eq!(files.each_ref().map(|file| file.exists()), [true, false]);

    let before = actor.settings.clone();
    actor.settings.metrics_textfile = Some(files[1].clone());
    actor.exports.apply(&before, &actor.settings, &actor.meters);
    assert!(
        actor.exports.due().is_some_and(|due| due <= Instant::now()),
        "at once"
    );
    write_once(&mut actor).await;
    assert_eq!(files.each_ref().map(|file| file.exists()), [false, true]);

    let before = actor.settings.clone();
    actor.settings.metrics_textfile = None;
    actor.exports.apply(&before, &actor.settings, &actor.meters);
    write_once(&mut actor).await;
    assert_eq!(files.each_ref().map(|file| file.exists()), [false, false]);
    assert_eq!(actor.exports.due(), None, "nothing is left to do");
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_app_left_is_removed_at_the_next_start_without_the_setting() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gloria.prom");
    let mut killed = actor(home.path(), &file);
    write_once(&mut killed).await;
    drop(killed);
    assert!(file.exists());
    fs::write(home.path().join("settings.toml"), "").unwrap();
    let mut next = Actor::new(setup(home.path())).unwrap();
    assert!(next.exports.due().is_some_and(|due| due <= Instant::now()));
    write_once(&mut next).await;
    assert!(!file.exists());
    assert_eq!(next.exports.due(), None, "nothing is left to do");
}

#[tokio::test(start_paused = true)]
async fn the_end_removes_it_also_while_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("gloria.prom");
    let mut actor = actor(home.path(), &file);
    actor.write_textfile(Instant::now());
    actor.finish().await;
    assert!(!file.exists());
}
