//! How the app starts and ends: without a display, twice at the same time, for two homes at the same time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Keyring, Process, SessionOptions, Signal, wait_until};

use crate::credentials::gloria;
use crate::scene::{DEADLINE, Scene, end_programs_of, program, programs_of};

/// Runs a program without a desktop.
fn alone(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(program("gloria-notify"))
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn without_a_display_the_agent_runs_and_one_sentence_and_3_say_that_there_is_no_window() {
    for (environment, words) in [
        (vec![], "there is no display"),
        (vec![("DISPLAY", "")], "there is no display"),
        (
            vec![("DISPLAY", ":64999")],
            "the display cannot be opened (DISPLAY=:64999)",
        ),
        (
            vec![("DISPLAY", "no.such.host.invalid:0")],
            "the display cannot be opened",
        ),
        (
            vec![("WAYLAND_DISPLAY", "wayland-77"), ("XDG_RUNTIME_DIR", "/nowhere")],
            "the display cannot be opened (WAYLAND_DISPLAY=wayland-77)",
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        let _programs = Programs(home.path());
        // The first start, at login, opens no window.
        let output = alone(home.path(), &[], &environment);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said), (Some(0), ""), "{environment:?}");
        for arguments in [&["--open"][..], &[]] {
            let output = alone(home.path(), arguments, &environment);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "{environment:?}: {said}");
            assert!(said.contains(words), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        assert_eq!(
            programs_of(home.path()).len(),
            1,
            "the agent, and nothing of a window"
        );
    }
}

/// Ends the programs of this home when dropped.
struct Programs<'a>(&'a Path);

impl Drop for Programs<'_> {
    fn drop(&mut self) {
        end_programs_of(self.0);
    }
}

#[test]
fn the_command_line_is_answered_before_any_display_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let help = alone(home.path(), &["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    assert!(
        text(&help.stdout).contains("--background"),
        "{}",
        text(&help.stdout)
    );
    assert!(text(&help.stdout).contains("Examples:") && !text(&help.stdout).contains("--message"));
    assert!(!home.path().join("logs").exists(), "help leaves no files");
    let version = alone(home.path(), &["--version"], &[]);
    assert_eq!(version.status.code(), Some(0));
    assert!(text(&version.stdout).starts_with("gloria-notify "));
    for wrong in [
        &["--opne"][..],
        &["file.txt"],
        &["--open", "--background"],
        &["gloria-notify:quit"],
        &["gloria-notify:open/n:1?token=secret"],
        &["gloria-notify:open/n:1", "--background"],
    ] {
        let output = alone(home.path(), wrong, &[]);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!text(&output.stderr).contains("secret"), "{output:?}");
    }
}

#[test]
fn without_a_home_it_is_said_and_4_is_the_code() {
    for (name, arguments) in [("gloria-notify", &[][..]), ("gloria", &["agent"])] {
        let mut command = Command::new(program(name));
        let output = command.args(arguments).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        let said = text(&output.stderr);
        assert!(
            said.contains("HOME is not set") && said.lines().count() == 1,
            "{name}: {said}"
        );
    }
}

/// Returns the command lines of the processes that show this message in a dialog.
pub(crate) fn dialogs(id: &str) -> Vec<String> {
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines
        .filter(|line| line.contains("gloria-notify --message") && line.contains(id))
        .collect()
}

#[tokio::test]
async fn a_start_that_fails_is_said_in_a_dialog_where_no_terminal_shows_it() {
    let scene = Scene::set(SessionOptions {
        keyring: Keyring::None,
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let without_home = |mut command: Command| {
        for name in [
            "HOME",
            "GLORIA_HOME",
            "GLORIA_LOG",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
        ] {
            command.env_remove(name);
        }
        command
    };
    // The exit code and the message are available at once, without waiting for the dialog to be closed.
    let output = without_home(scene.session.command(program("gloria-notify")))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert_eq!(
        text(&output.stderr).lines().count(),
        1,
        "{}",
        text(&output.stderr)
    );
    scene.expect_windows(1).await;
    assert_eq!(dialogs("start-no-home").len(), 1);
    let dialog = &scene.session.windows("Gloria Notify$").unwrap()[0];
    let mut escape = scene.session.command("xdotool");
    escape.args(["windowactivate", "--sync", dialog, "key", "Escape"]);
    assert!(escape.status().unwrap().success());
    scene.expect_windows(0).await;
    wait_until("the dialog's process to end", DEADLINE, async || {
        Ok(dialogs("start-no-home").is_empty().then_some(()))
    })
    .await
    .unwrap();

    // On a terminal, the message is printed there.
    let line = format!("{} && echo not reached", program("gloria-notify").display());
    let mut command = without_home(scene.session.command("script"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stdout).contains("HOME is not set"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(dialogs("start-no-home"), [""; 0]);
    // A usage error is reported to the caller at once.
    let output = scene.command("gloria-notify").arg("--opne").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(scene.windows(), 0);
}

/// Starts one of the programs for a separate home, with a separate server.
fn start(scene: &Scene, name: &str, line: &[&str], home: &Path, backend: &Backend) -> Process {
    let mut command = scene.session.command(program(line[0]));
    command
        .args(&line[1..])
        .env("GLORIA_HOME", home)
        .env("GLORIA_API_URL", backend.api_url())
        .env("GLORIA_TOKEN", TEST_TOKEN);
    scene.session.spawn(name, command).unwrap()
}

async fn streams(backend: &Backend, count: u64) {
    backend
        .control()
        .wait_for(|seen| seen.streams as u64 == count, DEADLINE)
        .await
        .unwrap();
}

const AGENT: &[&str] = &["gloria", "agent"];
const NOTIFY: &[&str] = &["gloria-notify"];

#[tokio::test]
async fn two_homes_are_two_apps_side_by_side() {
    let scene = Scene::set(SessionOptions::default()).await;
    let second = Backend::start(BackendOptions::default()).await.unwrap();
    let homes = ["first", "second"].map(|name| scene.session.dir().join(name));
    let mut one = start(&scene, "one", AGENT, &homes[0], &scene.backend);
    streams(&scene.backend, 1).await;
    let mut other = start(&scene, "other", AGENT, &homes[1], &second);
    streams(&second, 1).await;
    wait_until("two icons", DEADLINE, async || {
        let items = scene.session.tray_items().await?;
        Ok((items.len() == 2).then_some(()))
    })
    .await
    .unwrap();

    // The window's program becomes the window of one of them, and a further start ends once that is in front.
    let mut window = start(&scene, "window", NOTIFY, &homes[1], &second);
    scene.expect_windows(1).await;
    let mut again = start(&scene, "again", NOTIFY, &homes[1], &second);
    assert_eq!(again.ended(DEADLINE).await.unwrap().code(), Some(0));
    for running in [&mut one, &mut other, &mut window] {
        running.check_alive().unwrap();
    }
    assert_eq!(scene.windows(), 1);
    assert_eq!(second.control().observed().streams_total, 1);
}

#[tokio::test]
async fn of_starts_at_the_same_moment_one_runs_and_the_others_end_also_without_a_bus() {
    for (bus, line) in [
        (true, AGENT),
        (false, AGENT),
        (true, &["gloria-notify", "--open"]),
        (false, &["gloria-notify", "--open"]),
    ] {
        let scene = Scene::set(SessionOptions {
            bus,
            sound: false,
            ..SessionOptions::default()
        })
        .await;
        let mut apps: Vec<_> = (0..4)
            .map(|number| {
                let name = format!("app-{number}");
                start(&scene, &name, line, &scene.home, &scene.backend)
            })
            .collect();
        scene.connected().await;
        let left = wait_until("one to be left", DEADLINE, async || {
            let mut running = 0;
            for app in &mut apps {
                match app.exit_status()? {
                    None => running += 1,
                    Some(status) => assert_eq!(status.code(), Some(0), "{}", app.log()),
                }
            }
            Ok((running == 1).then_some(()))
        });
        left.await.unwrap();
        scene.expect_windows(usize::from(line != AGENT)).await;
        assert_eq!(scene.backend.control().observed().streams_total, 1);
    }
}

#[tokio::test]
async fn a_first_start_that_asks_for_the_window_has_one() {
    for _ in 0..3 {
        let scene = Scene::set(SessionOptions {
            keyring: Keyring::None,
            sound: false,
            ..SessionOptions::default()
        })
        .await;
        let mut command = scene.session.command(program("gloria-notify"));
        command.env("GLORIA_HOME", &scene.home).arg("--open");
        let mut app = scene.session.spawn("app", command).unwrap();
        scene.expect_windows(1).await;
        // A second start is answered only after both triggers of the first one's window were handled.
        let mut command = scene.session.command(program("gloria-notify"));
        command.env("GLORIA_HOME", &scene.home);
        let mut second = scene.session.spawn("second", command).unwrap();
        assert_eq!(second.ended(DEADLINE).await.unwrap().code(), Some(0));
        assert_eq!(scene.windows(), 1);
        app.check_alive().unwrap();
    }
}

#[tokio::test]
async fn a_long_home_with_any_letters_works_as_any_other() {
    let mut scene = Scene::set(SessionOptions::default()).await;
    scene.home = scene
        .session
        .dir()
        .join("Jürgen Ölmüller ✨")
        .join("d".repeat(120));
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    scene.stored_item("the item", |item| item["key"] == "n:1").await;
    let (code, said) = scene.status();
    assert_eq!(code, 0, "{said}");
    scene.open();
    scene.expect_windows(1).await;
    let mut second = scene.notify("second", &[]);
    assert_eq!(second.ended(DEADLINE).await.unwrap().code(), Some(0));
    app.check_alive().unwrap();
}

#[tokio::test]
async fn what_people_start_first_goes_into_the_tray_and_what_they_start_next_is_the_window() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut first = scene.notify("first", &[]);
    assert_eq!(first.ended(DEADLINE).await.unwrap().code(), Some(0));
    scene.connected().await;
    assert_eq!(scene.windows(), 0);
    // As the system does at login.
    let mut background = scene.notify("background", &["--background"]);
    assert_eq!(background.ended(DEADLINE).await.unwrap().code(), Some(0));
    assert_eq!(scene.windows(), 0);

    let mut window = scene.notify("window", &[]);
    scene.expect_windows(1).await;
    window.check_alive().unwrap();
    assert_eq!(gloria(&scene, &["quit"], ""), "");
    assert_eq!(window.ended(DEADLINE).await.unwrap().code(), Some(0));
    assert_eq!(scene.status().0, 3, "the agent is gone");
}

#[tokio::test]
async fn a_window_that_an_agent_asked_for_before_it_was_quit_starts_no_other() {
    let scene = Scene::set(SessionOptions::default()).await;
    // As the agent starts it.
    let mut late = scene.notify("late", &["--window"]);
    assert_eq!(
        late.ended(DEADLINE).await.unwrap().code(),
        Some(5),
        "{}",
        late.log()
    );
    assert_eq!(scene.status().0, 3, "no agent runs");
    assert!(scene.session.processes("gloria").is_empty());
    assert_eq!(scene.windows(), 0, "the agent would say it, if there were one");
}

#[tokio::test]
async fn a_screen_that_dies_ends_the_window_with_an_error_and_not_the_agent() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut app = scene.app();
    scene.connected().await;
    let mut window = scene.notify("window", &[]);
    scene.expect_windows(1).await;
    scene.session.signal_screen(Signal::KILL);
    let status = window.ended(DEADLINE).await.unwrap();
    assert!(!status.success(), "{status}");
    scene.push("1");
    scene
        .stored_item("what came afterwards", |item| item["key"] == "n:1")
        .await;
    app.check_alive().unwrap();
    gloria(&scene, &["quit"], "");
    assert_eq!(app.ended(DEADLINE).await.unwrap().code(), Some(0));
}

/// Returns the pipes, sockets and files of the system that a process has open, except its standard streams.
fn open_files(id: u32) -> BTreeSet<String> {
    let files = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap();
    let links = files.filter_map(|file| {
        let file = file.ok()?;
        let is_stream = file.file_name().to_str()?.parse::<u32>().ok()? <= 2;
        let link = std::fs::read_link(file.path()).ok().filter(|_| !is_stream)?;
        link.into_os_string().into_string().ok()
    });
    let passed_on = ["pipe:", "socket:", "/proc/", "/sys/"];
    links
        .filter(|link| passed_on.iter().any(|kind| link.starts_with(kind)))
        .collect()
}

#[tokio::test]
async fn an_agent_that_a_window_starts_again_has_none_of_its_files() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    let window = scene.notify("window", &[]);
    scene.expect_windows(1).await;
    app.kill();
    let agent = wait_until("the next agent", DEADLINE, async || {
        let next = scene.session.processes("gloria");
        Ok(next.into_iter().find(|id| *id != app.id()))
    });
    let agent = agent.await.unwrap();
    scene.connected().await;
    let (of_window, of_agent) = (open_files(window.id()), open_files(agent));
    let both: Vec<_> = of_window.intersection(&of_agent).collect();
    assert!(both.is_empty(), "{both:?}");
}
