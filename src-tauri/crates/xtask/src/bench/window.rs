//! What the app costs while its window stands open and nothing happens, and how long it takes to end. Read from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use gloria_desktop_session::{Process, Session, SessionOptions, Signal, wait_until};

use super::{loudness, median, page};
use crate::commands::{self, built};
use crate::demo::{TestBackend, colours};

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Starting up, the first report of the page and its animations are over by then.
const SETTLED: Duration = Duration::from_secs(15);

/// Two heartbeats of the backend's 30 s, and a dozen reports of the page.
const WATCHED: Duration = Duration::from_secs(60);

/// Ends that are timed of each kind.
const ENDS: usize = 9;

/// Fewer colours than this are a window without its page.
const PAINTED_COLOURS: u32 = 40;

/// Threads that GLib, GTK and WebKit start in the app's own process, by the beginnings of their names.
/// Those that have no name of their own, JavaScriptCore's scavenger of memory and tao's listener to the X server, go by
/// the process's; each of ours has a name.
const FOREIGN_THREADS: [&str; 13] = [
    "gloria-notify",
    "gmain",
    "gdbus",
    "dconf",
    "pool-",
    "WebKit",
    "WTF",
    "ReceiveQueue",
    "VBlankMonitor",
    "PressureMonitor",
    "ebsiteDataStore",
    "llvmpipe",
    "[pango]",
];

/// Measures, and writes the tables. `profile` is where cargo put the programs.
pub(super) fn run(profile: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measured(profile))?;
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "window", &table)
}

async fn measured(profile: &str) -> Result<String> {
    let load = loudness();
    let session = Session::start(SessionOptions::default()).await?;
    // One event an hour: nothing happens but heartbeats.
    let backend = TestBackend::demo("1h")?;
    let stage = Stage {
        session,
        backend,
        profile: profile.to_owned(),
    };
    let app = stage.app(&["--open"])?;
    stage.painted().await?;
    sleep(SETTLED);
    let before = wake_ups(app.id())?;
    let began = Instant::now();
    sleep(WATCHED);
    let after = wake_ups(app.id())?;
    let seconds = began.elapsed().as_secs_f64();
    drop(app);
    let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
    let mut threads = BTreeMap::new();
    for (thread, count) in &after {
        let rate = (count - before.get(thread).copied().unwrap_or(0)) as f64 / seconds;
        *rates.entry(thread.group()).or_default() += rate;
        *threads
            .entry((thread.group(), thread.name.as_str()))
            .or_insert(0.0) += rate;
    }
    for ((group, name), rate) in threads {
        println!("{group}: {name}: {rate:.2}");
    }
    let mut rows = String::new();
    for (group, goal) in [(OURS, "3"), (MAIN, ""), (IN_PROCESS, ""), (PROCESSES, "")] {
        let rate = rates.get(group).copied().unwrap_or(0.0);
        rows.push_str(&format!(
            "| wake-ups a second of {group} | {rate:.2} | {goal} |\n"
        ));
    }
    for (what, arguments) in [
        ("in the tray", &[][..]),
        ("with the window open", &["--open"][..]),
    ] {
        let mut took = Vec::new();
        for _ in 0..ENDS {
            took.push(stage.end(arguments).await?.as_secs_f64() * 1000.0);
        }
        let slowest = took.iter().copied().fold(0.0, f64::max);
        let middle = median(took);
        rows.push_str(&format!(
            "| from SIGTERM to the end, {what}: median, slowest of {ENDS} \
             | {middle:.0} ms, {slowest:.0} ms | 300 ms |\n"
        ));
    }
    Ok(format!(
        "| the app, connected and idle for {} s | | to reach |\n| --- | ---: | ---: |\n{rows}\n{load}\n",
        WATCHED.as_secs()
    ))
}

struct Stage {
    session: Session,
    backend: TestBackend,
    profile: String,
}

impl Stage {
    fn app(&self, arguments: &[&str]) -> Result<Process> {
        let mut app = self.session.command(built(&self.profile, "gloria-notify"));
        app.args(arguments)
            .env("GLORIA_HOME", self.session.dir().join("gloria"))
            .env("GLORIA_API_URL", &self.backend.api)
            .env("GLORIA_TOKEN", &self.backend.token);
        self.session.spawn("app", app)
    }

    async fn painted(&self) -> Result<()> {
        wait_until("the window's page", DEADLINE, async || {
            let windows = self.session.windows("Gloria Notify$")?;
            let Some(window) = windows.first() else {
                return Ok(None);
            };
            let mut import: Command = self.session.command("import");
            let picture = import.args(["-window", window, "ppm:-"]).output()?.stdout;
            Ok((colours(&picture) > PAINTED_COLOURS).then_some(()))
        })
        .await
    }

    async fn end(&self, arguments: &[&str]) -> Result<Duration> {
        let mut app = self.app(arguments)?;
        wait_until("the tray icon", DEADLINE, async || {
            app.check_alive()?;
            let items = self.session.tray_items().await?;
            Ok(items
                .iter()
                .any(|item| item.tooltip.contains("Connected"))
                .then_some(()))
        })
        .await?;
        if !arguments.is_empty() {
            self.painted().await?;
        }
        let asked = Instant::now();
        app.signal(Signal::TERM);
        while app.exit_status()?.is_none() {
            if asked.elapsed() > DEADLINE {
                bail!("the app does not end");
            }
            sleep(Duration::from_millis(1));
        }
        Ok(asked.elapsed())
    }
}

const OURS: &str = "our own threads";
const MAIN: &str = "the main thread: GTK's loop, in which WebKit works too";
const IN_PROCESS: &str = "GLib's and WebKit's threads in the app's process";
const PROCESSES: &str = "WebKit's processes";

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Thread {
    of_app: bool,
    is_main: bool,
    name: String,
    id: u32,
}

impl Thread {
    fn group(&self) -> &'static str {
        let is_foreign = || FOREIGN_THREADS.iter().any(|name| self.name.starts_with(name));
        if !self.of_app {
            PROCESSES
        } else if self.is_main {
            MAIN
        } else if is_foreign() {
            IN_PROCESS
        } else {
            OURS
        }
    }
}

/// How often each thread of the app and of the processes below it was woken so far: a thread that waits and is woken
/// gave up its processor of its own will.
fn wake_ups(app: u32) -> Result<BTreeMap<Thread, u64>> {
    let mut found = BTreeMap::new();
    for (process, of_app) in
        std::iter::once((app, true)).chain(children(app)?.into_iter().map(|id| (id, false)))
    {
        for thread in fs::read_dir(Path::new("/proc").join(process.to_string()).join("task"))?.flatten() {
            let Ok(status) = fs::read_to_string(thread.path().join("status")) else {
                continue;
            };
            let field = |name| {
                status
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::trim)
            };
            let switches =
                field("voluntary_ctxt_switches:").context("/proc has no voluntary_ctxt_switches")?;
            let id = field("Pid:").unwrap_or_default().parse()?;
            let thread = Thread {
                of_app,
                is_main: id == app,
                name: field("Name:").unwrap_or_default().to_owned(),
                id,
            };
            found.insert(thread, switches.parse()?);
        }
    }
    Ok(found)
}

fn children(of: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for thread in fs::read_dir(Path::new("/proc").join(of.to_string()).join("task"))?.flatten() {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(
            children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    for child in found.clone() {
        found.extend(children(child).unwrap_or_default());
    }
    Ok(found)
}
