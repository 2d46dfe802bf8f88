//! The pictures of the README: the real app on a separate desktop.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use gloria_desktop_session::{Panel, Session, SessionOptions, wait_until};

use super::TestBackend;
use super::headless::{DEADLINE, Stage, colours, start_first_run, window_at_rest};
use crate::commands;

/// Short, so that the inbox fills in seconds.
const PACE: &str = "700ms";

/// The number of rows that fill the window.
const ROWS: usize = 9;

/// The end of the panel with the tray, and the notifications below it.
const TRAY: &str = "440x190+840+0";

/// Moves the pointer into a corner without a window, because a row below it would show its buttons.
const AWAY: &[&str] = &["mousemove", "1270", "790"];

/// A picture with a notification has more colours, because of its antialiased text and its icon; the bare desktop has
/// fewer.
const MIN_COLOURS: u32 = 400;

/// The maximum size of a picture in the repository.
const MAX_PICTURE: u64 = 150 * 1024;

pub(super) fn run() -> Result<ExitCode> {
    let folder = commands::root().join("docs/screens");
    fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        for (appearance, panel) in [("light", Panel::LightAbove), ("dark", Panel::DarkAbove)] {
            take(&folder, appearance, panel).await?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn take(folder: &Path, appearance: &str, panel: Panel) -> Result<()> {
    let session = Session::start(SessionOptions {
        panel,
        ..SessionOptions::default()
    })
    .await?;
    // WebKit takes these settings from GTK. Otherwise a row could be captured while it slides in, and the mark in a
    // field would be there or not.
    let gtk = session.dir().join("config/gtk-3.0");
    fs::create_dir_all(&gtk)?;
    fs::write(
        gtk.join("settings.ini"),
        "[Settings]\ngtk-enable-animations=false\ngtk-cursor-blink=false\n",
    )?;
    let path = |name: &str| folder.join(format!("{name}-{appearance}.png"));
    xdotool(&session, AWAY)?;
    let (app, window) = start_first_run(&session, appearance).await?;
    picture(&session, &window, None, &path("first-run"))?;
    app.quit()?;
    let backend = TestBackend::demo(PACE)?;
    let stage = Stage {
        session,
        backend,
        shots: folder.to_owned(),
    };
    let app = stage.start_app(appearance).await?;
    stage.tray_icon().await?;
    // Taken at once, because the following steps change the screen.
    stage.session.wait_for_notification(DEADLINE, |_| true).await?;
    wait_until("the notification on the screen", DEADLINE, async || {
        let mut import = stage.session.command("import");
        let shown = import
            .args(["-window", "root", "-crop", TRAY, "-depth", "8", "rgb:-"])
            .output()?;
        Ok((colours(&shown.stdout) > MIN_COLOURS).then_some(()))
    })
    .await?;
    picture(&stage.session, "root", Some(TRAY), &path("tray"))?;
    wait_until("the inbox to fill", DEADLINE, async || {
        Ok((stage.inbox()?.len() >= ROWS).then_some(()))
    })
    .await?;
    let window = stage.open_window().await?;
    // Again, because the window may have opened below the pointer.
    xdotool(&stage.session, AWAY)?;
    window_at_rest(&stage.session, &window.number).await?;
    picture(&stage.session, &window.number, None, &path("inbox"))?;
    // The page receives keys only while the window has the focus.
    let open = ["windowactivate", "--sync", &window.number, "key", "c"];
    xdotool(&stage.session, &open)?;
    window_at_rest(&stage.session, &window.number).await?;
    picture(&stage.session, &window.number, None, &path("connection"))?;
    app.quit()
}

fn picture(session: &Session, window: &str, part: Option<&str>, path: &Path) -> Result<()> {
    let mut import = session.command("import");
    // Without timestamps, so that equal screens produce equal files.
    import.args(["-window", window, "-define", "png:exclude-chunks=date,time"]);
    if let Some(part) = part {
        import.args(["-crop", part, "+repage"]);
    }
    commands::run(import.args(["-depth", "8"]).arg(path))?;
    let size = fs::metadata(path)?.len();
    ensure!(size <= MAX_PICTURE, "{} has {size} bytes", path.display());
    println!("a picture: {}", path.display());
    Ok(())
}

fn xdotool(session: &Session, arguments: &[&str]) -> Result<()> {
    commands::run(session.command("xdotool").args(arguments))
}
