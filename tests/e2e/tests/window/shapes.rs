//! The two variants of the app, installed and used in the same way: agent and window as two programs, as on Linux, and
//! both in one process, as on Windows and macOS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use gloria_desktop_session::{copy_program, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, built};

/// A variant, by the programs in its package.
struct Shape {
    /// Where the programs were built.
    built: PathBuf,
    programs: &'static [&'static str],
    /// Whether the program that a user starts keeps running.
    stays: bool,
}

#[tokio::test]
async fn the_agent_and_its_window_as_installed() {
    let shape = Shape {
        built: built(""),
        programs: &["gloria", "gloria-notify"],
        stays: false,
    };
    from_the_installation_to_the_end(shape).await;
}

#[tokio::test]
async fn the_app_in_one_process_as_installed() {
    let shape = Shape {
        // `cargo xtask test window` puts it there.
        built: built("in-process"),
        programs: &["gloria-notify"],
        stays: true,
    };
    from_the_installation_to_the_end(shape).await;
}

async fn from_the_installation_to_the_end(shape: Shape) {
    let stage = Stage::set(Account::Given).await;
    let installed = Installed::new(&stage, &shape);
    let mut app = stage.session.spawn("app", installed.start(&stage)).unwrap();
    if !shape.stays {
        assert!(app.ended(DEADLINE).await.unwrap().success());
    }
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.tray_says("Connected").await;

    // A notification is heard and seen, and no window comes to the front.
    let before = Instant::now();
    stage.push("1", json!({"title": "Tom & <Anna>"}));
    let notification = stage
        .session
        .wait_for_notification(DEADLINE, |_| true)
        .await
        .unwrap();
    assert_eq!(notification.summary, "Tom & <Anna>");
    if !shape.stays {
        assert_eq!(notification.desktop_entry.as_deref(), Some(APP_ID));
    }
    stage.session.wait_for_sound(before, DEADLINE).await.unwrap();
    stage.tray_says("1 new").await;
    assert_eq!(stage.windows(), 0);

    // A click opens its item and marks it as read.
    stage.recorded_as_shown("n:1").await;
    stage
        .session
        .invoke_notification_action(notification.id.unwrap(), "default")
        .unwrap();
    let window = stage.drive().await;
    window.find("[data-testid=item-detail][data-key='n:1']").await;
    wait_until("it to be stored as read", DEADLINE, async || {
        Ok(stage.stored_keys("unread").is_empty().then_some(()))
    })
    .await
    .unwrap();

    // By its class the desktop knows which entry, and so which icon and name, the window has.
    let mut search = stage.session.command("xdotool");
    let class = format!("^{APP_ID}$");
    let found = search
        .args(["search", "--onlyvisible", "--class", &class])
        .output()
        .unwrap();
    assert_eq!(found.stdout.split(|byte| *byte == b'\n').count(), 2, "{found:?}");

    // New events reach the page, and the page's actions reach the core.
    stage.push("2", json!({}));
    window
        .find("[data-testid=item][data-key='n:2'][data-unread=true]")
        .await;
    window.click("[data-testid=item][data-key='n:2']").await;
    wait_until("it to be stored as read, too", DEADLINE, async || {
        Ok(stage.stored_keys("unread").is_empty().then_some(()))
    })
    .await
    .unwrap();

    // The window is closed, and a second start opens it again.
    stage.close_window().await;
    let mut second = stage.session.spawn("second", installed.start(&stage)).unwrap();
    assert!(second.ended(DEADLINE).await.unwrap().success());
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=item][data-key='n:2']").await;
    let seen = stage.backend.control().observed();
    assert_eq!(
        (seen.streams, seen.streams_total),
        (1, 1),
        "one connection through all of it"
    );

    assert!(stage.command("gloria").arg("quit").status().unwrap().success());
    if shape.stays {
        assert!(app.ended(DEADLINE).await.unwrap().success());
    }
    for program in shape.programs {
        wait_until(&format!("{program} to end"), DEADLINE, async || {
            Ok(stage.session.processes(program).is_empty().then_some(()))
        })
        .await
        .unwrap();
    }
    let (code, _) = stage.status();
    assert_eq!(code, NOT_RUNNING);
    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2"]);
}

/// The exit code of `gloria status` if no app runs.
const NOT_RUNNING: i32 = 3;

/// The app's id, and the name of its desktop entry.
const APP_ID: &str = "com.gloriasystem.notify";

/// The desktop entry, below the prefix.
const ENTRY: &str = "share/applications/com.gloriasystem.notify.desktop";

/// The files of a package, in a folder of the desktop instead of `/usr`.
struct Installed(PathBuf);

impl Installed {
    /// Installs them like the packages that tauri creates.
    fn new(stage: &Stage, shape: &Shape) -> Self {
        let prefix = stage.session.dir().join("usr");
        let put = |from: &Path, to: &str| {
            let to = prefix.join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            copy_program(from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        };
        for program in shape.programs {
            put(&shape.built.join(program), &format!("bin/{program}"));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (icon, size) in [("32x32", "32x32"), ("128x128", "128x128"), ("256x256", "256x256")] {
            put(
                &root.join(format!("icons/{icon}.png")),
                &format!("share/icons/hicolor/{size}/apps/gloria-notify.png"),
            );
        }
        put(&root.join("src-tauri/packaging/linux/app.desktop"), ENTRY);
        Self(prefix)
    }

    /// Returns the command that the desktop's menu starts.
    fn start(&self, stage: &Stage) -> Command {
        let entry = fs::read_to_string(self.0.join(ENTRY)).unwrap();
        let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
        // Without the address, for which nobody asks it here.
        let program = line.split_whitespace().next().unwrap();
        let mut command = stage.session.command(self.0.join("bin").join(program));
        stage.configure(&mut command);
        let shared = std::env::join_paths([self.0.join("share"), "/usr/share".into()]).unwrap();
        command.env("XDG_DATA_DIRS", shared);
        command
    }
}
