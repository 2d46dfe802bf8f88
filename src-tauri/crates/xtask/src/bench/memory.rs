//! Memory in use while idle, read from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use gloria_desktop_session::{Process, Session, SessionOptions, wait_until};

use super::{kib, mib, page};
use crate::commands::{self, built};
use crate::demo::TestBackend;

/// How long any one thing may take to happen.
const DEADLINE: Duration = Duration::from_secs(60);

/// Memory that is given back is given back within this time.
const SETTLED: Duration = Duration::from_secs(10);

pub(super) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let session = Session::start(SessionOptions::default()).await?;
    let backend = TestBackend::release()?;
    let (api, token) = (&backend.api, &backend.token);
    let command = |program: &str| {
        let mut command = session.command(built("release", program));
        command.env("GLORIA_HOME", session.dir().join("gloria"));
        command.env("GLORIA_API_URL", api).env("GLORIA_TOKEN", token);
        command
    };

    let app = session.spawn("app", command("gloria-notify"))?;
    wait_until("the app to connect", DEADLINE, async || {
        let items = session.tray_items().await?;
        Ok(items
            .iter()
            .any(|item| item.tooltip.contains("Connected"))
            .then_some(()))
    })
    .await?;
    tokio::time::sleep(SETTLED).await;
    let before = tree_pss(&app)?;

    let mut second = session.spawn("second", command("gloria-notify"))?;
    wait_until("the second start to end", DEADLINE, async || second.exit_status()).await?;
    let window = window(&session, true).await?;
    tokio::time::sleep(SETTLED).await;
    let open = tree_pss(&app)?;
    // As a person closes it: the window manager asks the app to.
    let mut close = session.command("xdotool");
    close.args(["windowfocus", "--sync", &window, "key", "alt+F4"]);
    ensure!(
        close.status()?.success(),
        "the window could not be asked to close"
    );
    self::window(&session, false).await?;
    tokio::time::sleep(SETTLED).await;
    let after = tree_pss(&app)?;

    let mut table = "| held in memory, idle | |\n| --- | --- |\n".to_owned();
    for (what, tree) in [
        ("before any window", before),
        ("with the window open", open),
        ("after it was closed", after),
    ] {
        let parts: Vec<_> = tree
            .iter()
            .map(|(name, pss)| format!("{name} {}", mib(*pss)))
            .collect();
        table += &format!(
            "| the app in the tray, {what}: PSS of its processes | {} ({}) |\n",
            mib(tree.values().sum()),
            parts.join(", ")
        );
    }
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "memory", &table)
}

/// Waits until the app's window is there, or gone.
async fn window(session: &Session, there: bool) -> Result<String> {
    wait_until("the window to come or go", DEADLINE, async || {
        let found = session.windows("^Gloria Notify$")?.into_iter().next();
        Ok(match (found, there) {
            (Some(window), true) => Some(window),
            (None, false) => Some(String::new()),
            _ => None,
        })
    })
    .await
}

/// KiB of each kind of process in the tree: what is shared is split among those that share it.
fn tree_pss(app: &Process) -> Result<BTreeMap<String, u64>> {
    let mut tree = BTreeMap::new();
    let mut waiting = vec![app.id()];
    let parents = parents()?;
    while let Some(process) = waiting.pop() {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let name = fs::read_to_string(format!("/proc/{process}/comm"))?
            .trim()
            .to_owned();
        *tree.entry(name).or_default() += kib(&rollup, "Pss:")?;
        waiting.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == process)
                .map(|(child, _)| *child),
        );
    }
    Ok(tree)
}

/// Every process with its parent.
fn parents() -> Result<Vec<(u32, u32)>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        parents.extend(parent.map(|parent| (process, parent)));
    }
    Ok(parents)
}
