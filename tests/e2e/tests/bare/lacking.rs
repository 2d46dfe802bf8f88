//! Desktops with missing parts, and a disk that is not writable: the app reports that and continues.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Keyring, Part, SessionOptions, wait_until};
use serde_json::{Value, json};

use crate::credentials::app;
use crate::scene::{DEADLINE, Scene, logged, program};

#[tokio::test]
async fn without_a_session_bus_events_are_stored_and_the_missing_notification_is_reported() {
    let scene = Scene::set(SessionOptions {
        bus: false,
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    let reported = |item: &Value| {
        item["alert"]["words"]["words"]
            .as_str()
            .is_some_and(|alert| alert.contains("no notification service"))
    };
    scene
        .stored_item("an item that says why it did not pop up", reported)
        .await;
    app.check_alive().unwrap();
}

#[tokio::test]
async fn a_tray_host_that_comes_late_gets_the_icon() {
    let mut scene = Scene::set(SessionOptions {
        tray_host: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    wait_until("the status to say that there is no tray", DEADLINE, async || {
        Ok(scene.status().1["notices"]
            .to_string()
            .contains("tray")
            .then_some(()))
    })
    .await
    .unwrap();
    scene.session.start_part(Part::TrayHost).await.unwrap();
    let tooltip = wait_until("the icon", DEADLINE, async || {
        Ok(scene
            .session
            .tray_items()
            .await?
            .into_iter()
            .find(|item| item.tooltip.contains("Connected")))
    });
    tooltip.await.unwrap();
    assert!(!scene.status().1["notices"].to_string().contains("tray"));
    app.check_alive().unwrap();
}

#[tokio::test]
async fn without_a_sound_device_the_notification_still_comes() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    let notification = scene
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "title 1")
        .await
        .unwrap();
    assert_eq!(
        notification.body, "m &lt;b&gt;&amp;",
        "what looks like markup is shown as it is"
    );
    logged(&mut app, "a sound was not played").await;
}

#[tokio::test]
async fn a_notification_service_that_comes_late_shows_what_came_before_it_too() {
    let mut scene = Scene::set(SessionOptions {
        notifications: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    let before = Instant::now();
    scene.push("1");
    let failed = |item: &Value| {
        item["alert"]["words"]["words"]
            .as_str()
            .is_some_and(|alert| alert.contains("no notification service"))
    };
    scene.stored_item("an item that was not shown", failed).await;
    scene.session.wait_for_sound(before, DEADLINE).await.unwrap();
    scene.session.start_part(Part::Notifications).await.unwrap();
    scene.push("2");
    for title in ["title 1", "title 2"] {
        scene
            .session
            .wait_for_notification(DEADLINE, |notification| notification.summary == title)
            .await
            .unwrap();
    }
    app.check_alive().unwrap();
}

#[tokio::test]
async fn a_keyring_that_is_empty_and_locked_or_not_there_asks_for_set_up() {
    for keyring in [Keyring::Locked, Keyring::None] {
        let scene = Scene::set(SessionOptions {
            keyring,
            ..SessionOptions::default()
        })
        .await;
        let mut app = app(&scene);
        let tooltip = wait_until("the tray says that the user is needed", DEADLINE, async || {
            app.check_alive()?;
            let items = scene.session.tray_items().await?;
            Ok(items
                .into_iter()
                .find(|item| item.tooltip.contains("Set-up needed")))
        });
        tooltip.await.unwrap();
        assert_eq!(
            scene.backend.control().observed().stream_requests().count(),
            0,
            "nothing is sent without a token"
        );
    }
}

/// Makes the C library behave as on a network file system without locks and shared memory, below `$GLORIA_HOME`.
const WITHOUT_LOCKS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static char home[4096];
/* Before the program begins: it takes this out of its environment. */
__attribute__((constructor)) static void remember(void) {
    const char *value = getenv("GLORIA_HOME");
    if (value) snprintf(home, sizeof home, "%s", value);
}
static int is_ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    return length > 0 && *home && !strncmp(path, home, strlen(home));
}
int flock(int fd, int how) {
    if (is_ours(fd)) { errno = ENOLCK; return -1; }
    return syscall(SYS_flock, fd, how);
}
static int control(int fd, int what, long more) {
    if ((what == F_SETLK || what == F_SETLKW) && is_ours(fd)) { errno = ENOLCK; return -1; }
    return syscall(SYS_fcntl, fd, what, more);
}
int fcntl(int fd, int what, ...) {
    va_list list; va_start(list, what); long more = va_arg(list, long); va_end(list);
    return control(fd, what, more);
}
int fcntl64(int fd, int what, ...) {
    va_list list; va_start(list, what); long more = va_arg(list, long); va_end(list);
    return control(fd, what, more);
}
"#;

#[tokio::test]
async fn a_home_on_a_file_system_without_locks_keeps_its_inbox_and_its_one_app() {
    let scene = Scene::set(SessionOptions::default()).await;
    let library = scene.library("locks", WITHOUT_LOCKS);
    let start = |name: &str| {
        let mut command = scene.command("gloria");
        command
            .arg("agent")
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .env("LD_PRELOAD", &library);
        scene.session.spawn(name, command).unwrap()
    };
    let mut app = start("app");
    scene.connected().await;
    scene.push("1");
    scene.stored_item("the item", |item| item["key"] == "n:1").await;
    let (code, said) = scene.status();
    assert_eq!(code, 0, "{said}");
    let notices = said["notices"].to_string();
    assert!(notices.contains("without locks"), "{notices}");
    assert!(!notices.contains("storage"), "{notices}");

    let mut second = start("second");
    assert_eq!(second.ended(DEADLINE).await.unwrap().code(), Some(0));
    app.check_alive().unwrap();
    assert_eq!(scene.backend.control().observed().streams_total, 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_the_keeping_and_nothing_else() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut first = scene.app();
    scene.connected().await;
    scene.push("before");
    scene
        .stored_item("the first item", |item| item["key"] == "n:before")
        .await;
    first.end();
    scene
        .backend
        .control()
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();

    // An administrator may write anywhere, so the folder is mounted read-only in a separate namespace.
    let mount = "mount --bind \"$GLORIA_HOME\" \"$GLORIA_HOME\" && mount -o remount,bind,ro \"$GLORIA_HOME\"";
    let command = mounted(&scene, "gloria agent", mount);
    let mut app = scene.session.spawn("read-only", command).unwrap();
    logged(&mut app, "writable").await;
    scene.connected().await;
    // The socket is in another folder then, and its status shows that the user has to act so that events can be stored.
    wait_until("the status of a stream that is open", DEADLINE, async || {
        let (code, said) = scene.status();
        let open = said["connection"]["state"] == "connected";
        Ok((code == 4 && open).then_some(()))
    })
    .await
    .unwrap();
    let resumed = scene.backend.control().observed();
    assert!(
        resumed
            .stream_requests()
            .next_back()
            .unwrap()
            .last_event_id()
            .is_some(),
        "what is stored is read, and the stream resumed after it"
    );
    scene.push("after");
    scene
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "title after")
        .await
        .unwrap();
    app.check_alive().unwrap();
    let keys = || -> Vec<_> {
        let items = scene.stored().unwrap().into_iter();
        items.map(|item| item["key"].clone()).collect()
    };
    assert_eq!(keys().len(), 2, "the app says what it has");
    app.end();
    wait_until("the socket of the app is gone", DEADLINE, async || {
        Ok((scene.status().0 == 3).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(keys(), [json!("n:before")], "the file is as it was");
}

/// Returns the command of a program in a separate namespace, after `mount` has run there.
fn mounted(scene: &Scene, line: &str, mount: &str) -> Command {
    let mut command = scene.session.command("unshare");
    command
        .arg("--mount")
        .args(of_users("--map-root-user"))
        .args(["sh", "-c", &format!("{mount} && cd \"$0\" && exec ./{line}")])
        .arg(program(""));
    scene.configure(&mut command);
    command.env("GLORIA_TOKEN", TEST_TOKEN);
    command
}

/// Without root, the user namespace maps the user to root.
fn of_users(option: &'static str) -> Option<&'static str> {
    let as_administrator = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    (!as_administrator).then_some(option)
}

/// Returns exit code and output of `gloria` in the namespace of this process.
fn inside(scene: &Scene, process: u32, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = scene.session.command("nsenter");
    command
        .args(["--target", &process.to_string(), "--mount"])
        .args(of_users("--user"))
        .args(of_users("--preserve-credentials"))
        .arg(program("gloria"))
        .args(arguments);
    scene.configure(&mut command);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_disk_that_is_full_costs_the_keeping_until_there_is_room_again() {
    let scene = Scene::set(SessionOptions::default()).await;
    std::fs::create_dir_all(&scene.home).unwrap();
    let command = mounted(
        &scene,
        "gloria agent",
        "mount -t tmpfs -o size=4m,mode=700 tmpfs \"$GLORIA_HOME\"",
    );
    let mut app = scene.session.spawn("small", command).unwrap();
    scene.connected().await;
    scene.push("before");
    let stored = |key: &'static str| {
        let (scene, process) = (&scene, app.id());
        wait_until(key, DEADLINE, async move || {
            let (_, items) = inside(scene, process, &["inbox", "list"]);
            Ok(items.contains(&format!("\"{key}\"")).then_some(()))
        })
    };
    stored("n:before").await.unwrap();

    let home = scene.home.strip_prefix("/").unwrap();
    let filler = Path::new("/proc")
        .join(app.id().to_string())
        .join("root")
        .join(home)
        .join("filler");
    let full = std::io::copy(&mut std::io::repeat(0), &mut File::create(&filler).unwrap());
    assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
    for id in 0..20 {
        scene.push(&format!("while-{id}"));
    }
    wait_until(
        "one notification that calls the user, and those that came",
        DEADLINE,
        async || {
            let notifications = scene.session.notifications();
            let shown = |words: &str| {
                notifications
                    .iter()
                    .filter(|notification| notification.summary.contains(words))
                    .count()
            };
            Ok((shown("Gloria Notify needs you") == 1 && shown("title while-0") == 1).then_some(()))
        },
    )
    .await
    .unwrap();
    let (code, said) = inside(&scene, app.id(), &["status"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("disk is full"), "{said}");

    std::fs::remove_file(&filler).unwrap();
    wait_until("the app needs nobody any more", DEADLINE, async || {
        Ok((inside(&scene, app.id(), &["status"]).0 == Some(0)).then_some(()))
    })
    .await
    .unwrap();
    // If the app cannot be asked, its file is read.
    std::fs::remove_file(filler.with_file_name("status.sock")).unwrap();
    assert_eq!(inside(&scene, app.id(), &["status"]).0, Some(5));
    stored("n:while-0").await.unwrap();
    stored("n:while-19").await.unwrap();
    let notifications = scene.session.notifications();
    let first = notifications
        .iter()
        .filter(|notification| notification.summary == "title while-0");
    assert_eq!(first.count(), 1, "nothing is shown twice");
    app.check_alive().unwrap();
}

#[tokio::test]
async fn what_people_start_in_a_folder_that_cannot_be_written_opens_the_window() {
    for (what, mount) in [
        (
            "read-only",
            "mount --bind \"$GLORIA_HOME\" \"$GLORIA_HOME\" && mount -o remount,bind,ro \"$GLORIA_HOME\"",
        ),
        (
            "full",
            "mount -t tmpfs -o size=64k tmpfs \"$GLORIA_HOME\"; head -c 1m /dev/zero >\"$GLORIA_HOME/x\" || true",
        ),
    ] {
        let scene = Scene::set(SessionOptions::default()).await;
        let command = mounted(&scene, "gloria-notify --open", &format!("{{ {mount}; }} 2>&1"));
        let mut window = scene.session.spawn(what, command).unwrap();
        scene.expect_windows(1).await;
        scene.connected().await;
        scene.push("1");
        wait_until("the item in the agent's memory", DEADLINE, async || {
            let (_, items) = inside(&scene, window.id(), &["inbox", "list"]);
            Ok(items.contains("\"n:1\"").then_some(()))
        })
        .await
        .unwrap();
        window.check_alive().unwrap();
        assert_eq!(inside(&scene, window.id(), &["quit"]).0, Some(0), "{what}");
        assert_eq!(window.ended(DEADLINE).await.unwrap().code(), Some(0), "{what}");
    }
}

#[tokio::test]
async fn an_agent_without_any_desktop_keeps_what_comes() {
    let scene = Scene::set(SessionOptions {
        bus: false,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    })
    .await;
    let mut command = scene.command("gloria");
    command
        .arg("agent")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env_remove("DISPLAY");
    let mut app = scene.session.spawn("app", command).unwrap();
    scene.connected().await;
    scene.push("1");
    scene.stored_item("the item", |item| item["key"] == "n:1").await;
    assert_eq!(scene.status().0, 0);
    let (asked, quit) = (Instant::now(), scene.command("gloria").arg("quit").status());
    assert!(quit.unwrap().success());
    assert_eq!(app.ended(DEADLINE).await.unwrap().code(), Some(0));
    assert!(asked.elapsed() < std::time::Duration::from_secs(3));
}
