//! The window's process: who starts it, that there is one, how long it stays, and that nothing is left of it.

use std::fs;
use std::time::{Duration, Instant};

use gloria_desktop_session::{TrayItem, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, signal};

impl Stage {
    async fn click(&self, icon: &TrayItem) {
        icon.click(self.session.bus().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn who_starts_the_app_gets_the_agent_and_a_second_start_the_window() {
    let stage = Stage::set(Account::Given).await;
    let first = stage.session.spawn("first", stage.command("gloria-notify"));
    let first = first.unwrap().ended(DEADLINE).await.unwrap();
    assert!(first.success(), "{first}");
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.tray_says("Connected").await;
    assert_eq!(stage.session.processes("gloria-notify"), [0_u32; 0]);
    stage.push("1", json!({}));
    stage.recorded_as_shown("n:1").await;

    // This one becomes the window.
    let mut second = stage
        .session
        .spawn("second", stage.command("gloria-notify"))
        .unwrap();
    let window = stage.drive().await;
    assert_eq!(window.process(), second.id());
    window.find("[data-testid=item][data-key='n:1']").await;
    assert_eq!(stage.session.processes("gloria").len(), 1);
    assert_eq!(stage.backend.control().observed().streams_total, 1);

    // Quit ends both.
    let quit = stage.command("gloria").arg("quit").status().unwrap();
    assert!(quit.success(), "{quit}");
    let second = second.ended(DEADLINE).await.unwrap();
    assert!(second.success(), "{second}");
    stage.expect_processes("gloria", 0).await;
    stage.server_saw(|seen| seen.streams == 0).await;
}

#[tokio::test]
async fn a_start_with_the_window_starts_the_agent_first() {
    let stage = Stage::set(Account::Given).await;
    let mut start = stage.command("gloria-notify");
    start.arg("--open");
    let mut app = stage.session.spawn("app", start).unwrap();
    let window = stage.drive().await;
    assert_eq!(window.process(), app.id());
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    // The agent is none of its own.
    app.kill();
    stage.expect_windows(0).await;
    stage.push("1", json!({}));
    stage.recorded_as_shown("n:1").await;
    let icon = stage.tray_says("1 new").await;
    stage.click(&icon).await;
    let window = stage.drive().await;
    window.find("[data-testid=item][data-key='n:1']").await;
    assert_eq!(stage.backend.control().observed().streams_total, 1);
}

#[tokio::test]
async fn however_many_ask_for_the_window_at_once_there_is_one() {
    let stage = Stage::set(Account::Given).await;
    let _agent = stage.start_in_tray();
    let icon = stage.tray_says("Connected").await;
    for _ in 0..3 {
        let mut starts: Vec<_> = ["gloria-notify", "gloria-notify"]
            .into_iter()
            .map(|program| stage.session.spawn("start", stage.command(program)).unwrap())
            .collect();
        tokio::join!(stage.click(&icon), stage.click(&icon));
        let open = stage.command("gloria").arg("open").status().unwrap();
        assert!(open.success(), "{open}");
        let window = loop {
            assert!(stage.windows() <= 1);
            // One of the starts may be the window.
            let ended = starts
                .iter_mut()
                .filter_map(|start| start.exit_status().unwrap())
                .inspect(|status| assert!(status.success(), "{status}"))
                .count();
            let processes = stage.session.processes("gloria-notify");
            if let ([process], true) = (&processes[..], ended + 1 >= starts.len()) {
                break *process;
            }
        };
        stage.expect_windows(1).await;
        // The next round begins without one.
        signal(window, "KILL");
        stage.expect_windows(0).await;
        stage.expect_processes("gloria-notify", 0).await;
    }
}

/// What an agent holds.
#[derive(Debug, Clone, Copy)]
struct Weight {
    private_kib: u64,
    descriptors: usize,
    threads: usize,
    /// Those that have ended included.
    children: usize,
}

impl Weight {
    fn of(process: u32) -> Self {
        let folder = format!("/proc/{process}");
        let count = |name: &str| fs::read_dir(format!("{folder}/{name}")).unwrap().count();
        let rollup = fs::read_to_string(format!("{folder}/smaps_rollup")).unwrap();
        let private = rollup
            .lines()
            .find_map(|line| line.strip_prefix("Private_Dirty:"));
        let kib = private.unwrap().trim().strip_suffix(" kB").unwrap();
        let children = fs::read_dir(format!("{folder}/task")).unwrap().flatten();
        let children =
            children.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
        Self {
            private_kib: kib.parse().unwrap(),
            descriptors: count("fd"),
            threads: count("task"),
            children: children.map(|ids| ids.split_whitespace().count()).sum(),
        }
    }
}

#[tokio::test]
async fn two_hundred_openings_leave_the_agent_as_it_was() {
    /// Of these, every tenth is of a new process.
    const OPENINGS: u32 = 200;
    /// What is needed for the first time stays.
    const WARM_UP: u32 = 30;
    /// As much as the allocator may keep of what it got.
    const MAX_GROWTH_KIB: u64 = 512;
    let stage = Stage::set(Account::Given).await;
    let agent = stage.start_in_tray();
    let icon = stage.tray_says("Connected").await;
    let mut warm = None;
    for opening in 0..OPENINGS {
        if opening == WARM_UP {
            warm = Some(Weight::of(agent.id()));
        }
        stage.click(&icon).await;
        stage.expect_windows(1).await;
        if opening % 10 == 9 {
            signal(stage.window_process(), "KILL");
            stage.expect_processes("gloria-notify", 0).await;
            // The screen may be slower than the kernel.
            stage.expect_windows(0).await;
        } else {
            stage.close_window().await;
        }
    }
    let warm = warm.unwrap();
    let mut last = warm;
    // A thread that has nothing to do stays for some seconds.
    let settled = wait_until("the agent to be as it was", DEADLINE, async || {
        last = Weight::of(agent.id());
        let same = last.descriptors <= warm.descriptors
            && last.threads <= warm.threads
            && last.children == 0
            && last.private_kib <= warm.private_kib + MAX_GROWTH_KIB;
        Ok(same.then_some(()))
    });
    settled
        .await
        .unwrap_or_else(|error| panic!("{error}: {warm:?}, then {last:?}"));
    assert_eq!(stage.backend.control().observed().streams_total, 1);
}

#[tokio::test]
async fn a_closed_window_stays_for_half_a_minute_and_then_its_process_ends() {
    /// As the window has it, and as long again on a busy machine.
    const LINGER: Duration = Duration::from_secs(30);
    let stage = Stage::set(Account::Given).await;
    let mut agent = stage.start_in_tray();
    let icon = stage.tray_says("Connected").await;
    stage.click(&icon).await;
    stage.expect_windows(1).await;
    let process = stage.window_process();
    for _ in 0..3 {
        stage.close_window().await;
        assert_eq!(stage.session.processes("gloria-notify"), [process]);
        stage.click(&icon).await;
        stage.expect_windows(1).await;
        assert_eq!(stage.window_process(), process);
    }

    stage.close_window().await;
    let closed = Instant::now();
    wait_until("the process to end", LINGER * 2, async || {
        Ok(stage.session.processes("gloria-notify").is_empty().then_some(()))
    })
    .await
    .unwrap();
    let stayed = closed.elapsed();
    assert!(stayed > LINGER - Duration::from_secs(2), "{stayed:?}");
    stage.expect_processes("WebKitWebProcess", 0).await;
    stage.expect_processes("WebKitNetworkProcess", 0).await;
    agent.check_alive().unwrap();
    stage.click(&icon).await;
    stage.expect_windows(1).await;
    assert_ne!(stage.window_process(), process);
}
