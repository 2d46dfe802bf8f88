//! The app is replaced on the disk while it runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gloria_desktop_session::{
    Process, SessionOptions, ShownNotification, copy_program, wait_until, write_program,
};
use gloria_ipc::AppWindow;
use serde_json::Value;

use crate::scene::{DEADLINE, Scene, expect_tray, program, titles};

/// As many as make the upgrade happen between two of them.
const PUSHES: usize = 120;

/// Enough that clients meet every moment of one.
const UPGRADES: usize = 12;

/// A build of another version: this one with its version changed in place.
const NEXT: &str = "0.1.9";

struct Installed {
    folder: PathBuf,
}

impl Installed {
    fn in_scene(scene: &Scene) -> Self {
        let folder = scene.home.join("bin");
        fs::create_dir(&folder).unwrap();
        copy_program(program("gloria"), folder.join("gloria")).unwrap();
        let mut bytes = fs::read(program("gloria")).unwrap();
        let this = env!("CARGO_PKG_VERSION").as_bytes();
        assert_eq!(this.len(), NEXT.len());
        let places: Vec<_> = (0..bytes.len() - this.len())
            .filter(|at| bytes[*at] == this[0] && bytes[*at..].starts_with(this))
            .collect();
        assert!(!places.is_empty());
        for place in places {
            bytes[place..place + this.len()].copy_from_slice(NEXT.as_bytes());
        }
        let installed = Self { folder };
        installed.write("gloria.next", &bytes);
        installed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        write_program(self.path(name), bytes).unwrap();
    }

    fn agent(&self, scene: &Scene) -> Process {
        let mut command = scene.command(&scene.session, &self.path("gloria"));
        command.arg("agent");
        scene.session.spawn("agent", command).unwrap()
    }

    /// As a package manager does it: whole, and at once.
    fn replace_by(&self, name: &str) {
        fs::rename(self.path(name), self.path("gloria")).unwrap();
    }
}

/// What a person does with a version: anything that reaches the agent.
fn ask(scene: &Scene, program: &Path) {
    let mut command = scene.command(&scene.session, program);
    let output = command.arg("retry").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

async fn started(agent: &mut Process, version: &str, times: usize) {
    wait_until(&format!("start {times} of {version}"), DEADLINE, async || {
        agent.check_alive()?;
        Ok((starts(agent, version) == times).then_some(()))
    })
    .await
    .unwrap();
}

fn starts(agent: &Process, version: &str) -> usize {
    let log = agent.log();
    let started = log
        .lines()
        .filter(|line| line.contains("the agent starts") && line.contains(version));
    started.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_under_load_loses_nothing_and_shows_nothing_twice() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    expect_tray(&scene.session).await;
    // The server pushes all the time, whatever happens on this side.
    let pushing = async {
        for number in 0..PUSHES {
            scene.push(&number.to_string());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let upgrading = async {
        scene.recorded("n:9").await;
        // Nobody reaches the agent meanwhile.
        installed.replace_by("gloria.next");
        started(&mut agent, NEXT, 1).await;
    };
    tokio::join!(pushing, upgrading);
    for number in 0..PUSHES {
        scene.recorded(&format!("n:{number}")).await;
    }
    let stored = scene.stored();
    let keys: BTreeSet<_> = stored.iter().map(|item| item["key"].to_string()).collect();
    assert_eq!((stored.len(), keys.len()), (PUSHES, PUSHES));
    let titles = titles(&scene.session);
    let alone: Vec<_> = titles
        .iter()
        .filter(|title| title.starts_with("title "))
        .collect();
    let different: BTreeSet<_> = alone.iter().collect();
    assert_eq!(alone.len(), different.len(), "shown twice: {titles:?}");
    expect_tray(&scene.session).await;
    let running = fs::read_link(format!("/proc/{}/exe", agent.id())).unwrap();
    assert_eq!(running, installed.path("gloria"), "not the deleted one");
    assert_eq!(starts(&agent, NEXT), 1, "{}", agent.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_whole_is_not_begun_with() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    let whole = fs::read(installed.path("gloria.next")).unwrap();
    let place = installed.path("gloria");
    // Half of it, as a package manager that does not rename has it for a moment; then nothing at all.
    for (looks, half) in [(1, &whole[..whole.len() / 3]), (2, &[])] {
        fs::remove_file(&place).unwrap();
        installed.write("gloria", half);
        wait_until("the look at the file", DEADLINE, async || {
            agent.check_alive()?;
            Ok((agent.log().matches("not whole yet").count() >= looks).then_some(()))
        })
        .await
        .unwrap();
    }
    fs::remove_file(&place).unwrap();
    ask(&scene, &installed.path("gloria.next"));
    scene.connected().await;
    assert_eq!(starts(&agent, ""), 1, "{}", agent.log());
    // Now it is whole.
    installed.write("gloria", &whole);
    started(&mut agent, NEXT, 1).await;
    scene.connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_is_begun_with_and_so_is_the_same_one_built_anew() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let this = env!("CARGO_PKG_VERSION");
    fs::rename(installed.path("gloria"), installed.path("gloria.this")).unwrap();
    copy_program(installed.path("gloria.this"), installed.path("gloria.again")).unwrap();
    installed.replace_by("gloria.next");
    let mut agent = installed.agent(&scene);
    started(&mut agent, NEXT, 1).await;
    scene.connected().await;
    for (times, name) in [(1, "gloria.this"), (2, "gloria.again")] {
        installed.replace_by(name);
        started(&mut agent, this, times).await;
        scene.connected().await;
        let running = fs::read_link(format!("/proc/{}/exe", agent.id())).unwrap();
        assert_eq!(running, installed.path("gloria"));
    }
}

/// Returns the open pipes and sockets of a process, by their numbers.
fn open_files(agent: &Process) -> BTreeSet<PathBuf> {
    let files = fs::read_dir(format!("/proc/{}/fd", agent.id())).unwrap();
    files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter(|file| {
            file.to_str()
                .is_some_and(|file| file.ends_with(']') && !file.starts_with("anon"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_takes_over_no_files_but_those_it_goes_on_with() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    expect_tray(&scene.session).await;
    let before = open_files(&agent);
    installed.replace_by("gloria.next");
    started(&mut agent, NEXT, 1).await;
    scene.connected().await;
    let number = |stream: &str| fs::read_link(format!("/proc/{}/fd/{stream}", agent.id())).ok();
    let mut left: Vec<_> = open_files(&agent).intersection(&before).cloned().collect();
    left.retain(|file| {
        !["0", "1", "2"]
            .into_iter()
            .any(|stream| number(stream).as_ref() == Some(file))
    });
    // Its connection for notifications.
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_reports_the_upgrade_a_program_of_the_new_version_does() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    // The folder that the agent watches is another one now.
    let old = scene.home.join("old");
    fs::rename(&installed.folder, &old).unwrap();
    fs::create_dir(&installed.folder).unwrap();
    copy_program(old.join("gloria.next"), installed.path("gloria")).unwrap();
    ask(&scene, &installed.path("gloria"));
    started(&mut agent, NEXT, 1).await;
    scene.connected().await;
}

/// Asks again and again until it is over, and answers with how often.
fn ask_without_end(mut client: Command, is_over: &AtomicBool) -> usize {
    let mut asked = 0;
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let output = client.output().unwrap();
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        // A status that is not a good one has a code of its own.
        assert!(
            said.is_empty() && output.status.code() <= Some(1),
            "{client:?}: {} {said} after {took:?}",
            output.status
        );
        asked += 1;
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_finds_that_no_app_runs_while_it_is_upgraded_again_and_again() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    copy_program(installed.path("gloria"), installed.path("gloria.this")).unwrap();
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    scene.push("a");
    scene.recorded("n:a").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let clients = [
        &["status"][..],
        &["retry"],
        &["inbox", "mark", "read", "n:a"],
        &["inbox", "mark", "unread", "n:a"],
    ];
    let clients = clients.map(|arguments| {
        // Each that connects has the agent look at its program.
        let mut client = scene.command(&scene.session, &program("gloria"));
        client.args(arguments);
        let is_over = Arc::clone(&is_over);
        tokio::task::spawn_blocking(move || ask_without_end(client, &is_over))
    });
    for round in 0..UPGRADES {
        let (name, version) = match round % 2 {
            0 => ("gloria.next", NEXT),
            _ => ("gloria.this", env!("CARGO_PKG_VERSION")),
        };
        copy_program(installed.path(name), installed.path("gloria.new")).unwrap();
        let before = starts(&agent, version);
        installed.replace_by("gloria.new");
        started(&mut agent, version, before + 1).await;
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        let asked = client.await.unwrap();
        assert!(asked >= UPGRADES, "{asked}");
    }
    assert_eq!(starts(&agent, ""), UPGRADES + 1, "{}", agent.log());
}

/// A window's program that leaves its arguments behind.
fn install_window(installed: &Installed) -> PathBuf {
    let asked = installed.path("asked");
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\n", asked.display());
    installed.write("gloria-notify", script.as_bytes());
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_what_was_shown_before_an_upgrade_opens_the_window() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    copy_program(installed.path("gloria"), installed.path("gloria.this")).unwrap();
    let asked = install_window(&installed);
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    scene.push("a");
    scene.recorded("n:a").await;
    let title = |shown: &ShownNotification| shown.summary == "title a";
    let shown = scene
        .session
        .wait_for_notification(DEADLINE, title)
        .await
        .unwrap();
    for (name, version, times) in [
        ("gloria.next", NEXT, 1),
        // Once more, for the connection is that of the one before now.
        ("gloria.this", env!("CARGO_PKG_VERSION"), 2),
    ] {
        installed.replace_by(name);
        started(&mut agent, version, times).await;
    }
    scene.connected().await;
    scene.push("b");
    scene.recorded("n:b").await;
    // dunst reports it to the one who has asked for the notification.
    scene
        .session
        .invoke_notification_action(shown.id.unwrap(), "open")
        .unwrap();
    wait_until("the window to be asked for", DEADLINE, async || {
        agent.check_alive()?;
        Ok(fs::read_to_string(&asked)
            .ok()
            .filter(|asked| asked == "--window\n"))
    })
    .await
    .unwrap();
    assert_eq!(titles(&scene.session), ["title a", "title b"]);
}

/// The window's program is still starting when the app is replaced, so nobody has seen what was clicked.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_clicked_in_the_moment_of_an_upgrade_is_shown_by_the_next_run() {
    let scene = Scene::set(SessionOptions::default()).await;
    let installed = Installed::in_scene(&scene);
    let asked = installed.path("asked");
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\nexec sleep 60\n", asked.display());
    installed.write("gloria-notify", script.as_bytes());
    let mut agent = installed.agent(&scene);
    scene.connected().await;
    scene.push("a");
    scene.recorded("n:a").await;
    let title = |shown: &ShownNotification| shown.summary == "title a";
    let shown = scene
        .session
        .wait_for_notification(DEADLINE, title)
        .await
        .unwrap();
    scene
        .session
        .invoke_notification_action(shown.id.unwrap(), "open")
        .unwrap();
    let windows = async |times: usize| {
        wait_until(&format!("{times} windows"), DEADLINE, async || {
            let asked = fs::read_to_string(&asked).unwrap_or_default();
            Ok((asked == "--window\n".repeat(times)).then_some(()))
        })
        .await
        .unwrap();
    };
    windows(1).await;
    installed.replace_by("gloria.next");
    started(&mut agent, NEXT, 1).await;
    windows(2).await;
    let (window, _raises) = AppWindow::open(&scene.home).await.unwrap();
    let state = window.attach().await.unwrap();
    let snapshot: Value = serde_json::from_str(state.snapshot.get()).unwrap();
    assert_eq!(snapshot["requestedItem"], "n:a");
    assert!(!scene.home.join("requested.json").exists());
}
