//! Runs the demo on a separate, invisible desktop, and checks it from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gloria_desktop_session::{Process, Session, SessionOptions, TrayItem, wait_until};
use serde_json::Value;

use super::{RunningApp, TestBackend};
use crate::commands::{self, built};

/// How long anything may take to appear; a debug build of a web view on two busy cores takes some seconds.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// The time between two of the demo's events: short enough for several in each picture.
const PACE: &str = "1500ms";

/// The title of the app's window.
const TITLE: &str = "^Gloria Notify$";

/// The number of rows in a filled inbox window.
const ROWS: usize = 5;

/// The window's position, which does not overlap notifications at the right or the panel at the bottom.
const WINDOW_AT: (u32, u32) = (48, 48);

/// After this long, anything that moves looks different.
const MOVEMENT: Duration = Duration::from_millis(150);

/// A window with fewer colours is not painted yet; antialiased text alone has more.
const PAINTED_COLOURS: u32 = 40;

/// Runs the demo for at least `length`, with pictures in `shots`.
pub(super) fn run(shots: &Path, length: Duration) -> Result<ExitCode> {
    let shots = commands::root().join(shots);
    fs::create_dir_all(&shots)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            shown = show(&shots, length) => shown.map(|()| ExitCode::SUCCESS),
            // Returning drops, and thereby ends, everything that was started.
            interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| ExitCode::FAILURE).map_err(Into::into),
        }
    })
}

async fn show(shots: &Path, length: Duration) -> Result<()> {
    let begin = Instant::now();
    let session = Session::start(SessionOptions::default()).await?;
    println!("a desktop in {}", session.dir().display());

    first_run(&session, shots).await?;

    let backend = TestBackend::demo(PACE)?;
    let stage = Stage {
        session,
        backend,
        shots: shots.to_owned(),
    };
    let light = stage.start_app("light").await?;
    let shown = stage
        .session
        .wait_for_notification(DEADLINE, |_| true)
        .await
        .context("no notification was shown")?;
    println!(
        "a notification was shown by {}, with {} actions",
        shown.app_name,
        shown.actions.len()
    );
    println!("a tray icon says {:?}", stage.tray_icon().await?.tooltip);
    let sound = stage
        .session
        .wait_for_sound(begin, DEADLINE)
        .await
        .context("no sound was played")?;
    println!("a sound was played, {sound:.3} of full scale");
    stage.picture("desktop").await?;

    wait_until("the inbox to fill", DEADLINE, async || {
        Ok((stage.inbox()?.len() >= ROWS).then_some(()))
    })
    .await?;
    let window = stage.open_window().await?;
    stage.picture("inbox-light").await?;
    ensure_page(&stage.session, &stage.shots.join("inbox-light.png"), Look::Light)?;
    light.quit()?;
    window.ended().await?;
    wait_until("the tray icon to go", DEADLINE, async || {
        Ok(stage.session.tray_items().await?.is_empty().then_some(()))
    })
    .await?;

    let mut dark = stage.start_app("dark").await?;
    stage.tray_icon().await?;
    let window = stage.open_window().await?;
    stage.picture("inbox-dark").await?;
    ensure_page(&stage.session, &stage.shots.join("inbox-dark.png"), Look::Dark)?;

    let before = stage.inbox()?.len();
    wait_until("one more event", DEADLINE, async || {
        Ok((stage.inbox()?.len() > before).then_some(()))
    })
    .await?;
    tokio::time::sleep(length.saturating_sub(begin.elapsed())).await;
    let items = stage.inbox()?;
    ensure!(
        items.iter().all(|item| item["title"].is_string()),
        "an item without a title: {items:?}"
    );
    println!(
        "{} items in the inbox, {} notifications",
        items.len(),
        stage.session.notifications().len()
    );
    window.close(&stage.session).await?;
    ensure!(dark.is_running()?, "the app ended with its window");
    dark.quit()
}

/// Starts the app of a user who has no address yet: it opens the window to ask for one. Returns the window's id, too.
pub(super) async fn start_first_run(session: &Session, appearance: &str) -> Result<(RunningApp, String)> {
    let program = |name: &str| {
        let mut program = session.command(built("debug", name));
        program
            .env("GLORIA_HOME", session.dir().join("new-user"))
            .env("GLORIA_APPEARANCE", appearance);
        program
    };
    let app = start(session, program).await?;
    let window = painted_window(session).await;
    Ok((app, window.context("the first-run page did not open")?))
}

async fn first_run(session: &Session, shots: &Path) -> Result<()> {
    let (app, _window) = start_first_run(session, "light").await?;
    let path = shots.join("first-run.png");
    session.screenshot(&path)?;
    ensure_page(session, &path, Look::Light)?;
    println!("the first-run page: {}", shots.join("first-run.png").display());
    app.quit()
}

/// Starts the app like a user does: with the window's program, which starts the agent and ends.
async fn start(session: &Session, program: impl Fn(&str) -> Command) -> Result<RunningApp> {
    let app = RunningApp::new(|| program("gloria"));
    let mut start = session.spawn("start", program("gloria-notify"))?;
    let ended = start.ended(DEADLINE).await?;
    ensure!(ended.success(), "the app did not start: {ended}\n{}", start.log());
    Ok(app)
}

pub(super) struct Stage {
    pub(super) session: Session,
    pub(super) backend: TestBackend,
    pub(super) shots: PathBuf,
}

impl Stage {
    fn command(&self, program: &str) -> Command {
        let mut command = self.session.command(built("debug", program));
        command.env("GLORIA_HOME", self.session.dir().join("gloria"));
        command
            .env("GLORIA_API_URL", &self.backend.api)
            .env("GLORIA_TOKEN", &self.backend.token);
        command
    }

    pub(super) async fn start_app(&self, appearance: &str) -> Result<RunningApp> {
        start(&self.session, |name| {
            let mut command = self.command(name);
            command.env("GLORIA_APPEARANCE", appearance);
            command
        })
        .await
    }

    /// Starts the app a second time like a user does: the started program becomes the window.
    pub(super) async fn open_window(&self) -> Result<Window> {
        let process = self
            .session
            .spawn("second-start", self.command("gloria-notify"))?;
        let number = painted_window(&self.session)
            .await
            .context("the window did not open")?;
        Ok(Window { number, process })
    }

    pub(super) async fn tray_icon(&self) -> Result<TrayItem> {
        wait_until("the tray icon", DEADLINE, async || {
            let items = self.session.tray_items().await?;
            Ok(items.into_iter().find(|item| item.tooltip.contains("Gloria")))
        })
        .await
    }

    /// Takes a picture of the whole screen once nothing moves on it.
    async fn picture(&self, name: &str) -> Result<()> {
        let path = self.shots.join(name).with_extension("png");
        let mut last = Vec::new();
        wait_until("the screen to rest", DEADLINE, async || {
            self.session.screenshot(&path)?;
            let picture = fs::read(&path)?;
            let at_rest = picture == last;
            last = picture;
            tokio::time::sleep(MOVEMENT).await;
            Ok(at_rest.then_some(()))
        })
        .await?;
        println!("a picture: {}", path.display());
        Ok(())
    }

    /// Returns the stored notifications, read while the app runs.
    pub(super) fn inbox(&self) -> Result<Vec<Value>> {
        let output = self.command("gloria").args(["inbox", "list"]).output()?;
        ensure!(
            output.status.success(),
            "gloria inbox list: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout)?;
        lines
            .lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }
}

/// The app's window.
pub(super) struct Window {
    /// The window's id on the X server.
    pub(super) number: String,
    process: Process,
}

impl Window {
    /// Closes it like a user does, through the window manager.
    async fn close(&self, session: &Session) -> Result<()> {
        let mut close = session.command("xdotool");
        close.args(["windowactivate", "--sync", &self.number, "key", "alt+F4"]);
        ensure!(close.status()?.success(), "the window cannot be closed");
        wait_until("the window to go", DEADLINE, async || {
            Ok(session.windows(TITLE)?.is_empty().then_some(()))
        })
        .await
    }

    /// Waits until its program has ended, which it does with the app.
    async fn ended(mut self) -> Result<()> {
        let ended = self.process.ended(DEADLINE).await?;
        ensure!(ended.success(), "the window's program ended with {ended}");
        Ok(())
    }
}

/// Waits for the app's window, moves it where nothing covers it, and waits until it is painted and at rest. Returns its
/// id.
async fn painted_window(session: &Session) -> Result<String> {
    let window = wait_until("the window", DEADLINE, async || {
        Ok(session.windows(TITLE)?.into_iter().next())
    });
    let window = window.await?;
    let (x, y) = WINDOW_AT;
    let moved = session
        .command("xdotool")
        .args(["windowmove", &window, &x.to_string(), &y.to_string()])
        .status()?;
    ensure!(moved.success(), "the window cannot be moved");
    window_at_rest(session, &window).await?;
    Ok(window)
}

/// Waits until a window is painted and nothing moves in it.
pub(super) async fn window_at_rest(session: &Session, window: &str) -> Result<()> {
    let mut last = None;
    wait_until("the window's content", DEADLINE, async || {
        let picture = session
            .command("import")
            .args(["-window", window, "ppm:-"])
            .output()?
            .stdout;
        let at_rest = last.as_ref() == Some(&picture) && colours(&picture) > PAINTED_COLOURS;
        last = Some(picture);
        tokio::time::sleep(MOVEMENT).await;
        Ok(at_rest.then_some(()))
    })
    .await
}

/// What most of a window should look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Light,
    Dark,
}

/// A part of a picture that lies within the window, whatever its exact size.
const WITHIN_WINDOW: &str = "700x560+64+80";

/// Checks that the picture shows a page in the right colours.
fn ensure_page(session: &Session, path: &Path, look: Look) -> Result<()> {
    let mut convert = session.command("convert");
    convert
        .arg(path)
        .args(["-crop", WITHIN_WINDOW, "-depth", "8", "rgb:-"]);
    let picture = convert.output()?.stdout;
    ensure!(
        colours(&picture) > PAINTED_COLOURS,
        "{} shows a window without its page",
        path.display()
    );
    let bright = picture.iter().filter(|byte| **byte > 127).count() * 2 > picture.len();
    ensure!(
        bright == (look == Look::Light),
        "{} is not {look:?}",
        path.display()
    );
    Ok(())
}

/// Returns the number of colours in a PPM picture; its few bytes of header do not matter.
pub(super) fn colours(picture: &[u8]) -> u32 {
    let distinct: std::collections::BTreeSet<_> = picture.chunks_exact(3).collect();
    u32::try_from(distinct.len()).unwrap_or(u32::MAX)
}
