//! The agent's cost at rest.

use std::fs;
use std::process::Command;

use anyhow::Result;
use gloria_desktop_session::{SessionOptions, wait_until};

use crate::scene::{DEADLINE, Scene, program};

/// In KiB. A debug build uses 5.3 MiB since the inbox has an index of words; a release build used 3.3 MiB before.
const MAX_HEAPS_STACKS_AND_DATA: u64 = 6 * 1024;

/// Libraries of a window or a toolkit.
const TOOLKITS: [&str; 8] = [
    "gtk",
    "gdk",
    "webkit",
    "javascriptcore",
    "libX",
    "libxcb",
    "libwayland",
    "libGL",
];

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_on_a_desktop_heaps_stacks_and_data_take_six_megabytes_at_most() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut agent = scene.agent();
    scene.connected().await;
    scene.push("a");
    scene
        .session
        .wait_for_notification(DEADLINE, |shown| shown.summary.contains("title a"))
        .await
        .unwrap();
    scene.expect_tray().await;
    // Memory that was only needed for the start is freed by then.
    wait_until("little memory", DEADLINE, async || {
        agent.check_alive()?;
        Ok((heaps_stacks_and_data(agent.id())? <= MAX_HEAPS_STACKS_AND_DATA).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error}: {} KiB", heaps_stacks_and_data(agent.id()).unwrap()));
}

/// Returns the memory that a process wrote to, in KiB. That is less than its private dirty memory: the program's
/// constants that the loader relocated are excluded, 1.9 MiB in a debug build and 0.3 MiB in a release build, and so
/// are pages of a program that was just linked and is not on the disk yet. `cargo xtask bench memory` measures all of
/// it on a release build.
fn heaps_stacks_and_data(process: u32) -> Result<u64> {
    let mut total = 0;
    let mut counts = true;
    for line in fs::read_to_string(format!("/proc/{process}/smaps"))?.lines() {
        if let Some(size) = line.strip_prefix("Anonymous:") {
            let size: u64 = size.trim().trim_end_matches(" kB").parse()?;
            total += if counts { size } else { 0 };
        } else if line.split_once(' ').is_some_and(|(first, _)| first.contains('-')) {
            counts = !(line.contains(" r--p ") && line.ends_with("/gloria"));
        }
    }
    Ok(total)
}

#[test]
fn it_is_linked_with_no_toolkit() {
    let output = Command::new("ldd").arg(program("gloria")).output().unwrap();
    let libraries = String::from_utf8(output.stdout).unwrap();
    assert!(libraries.contains("libasound"), "{libraries}");
    for toolkit in TOOLKITS {
        assert!(!libraries.contains(toolkit), "{toolkit}: {libraries}");
    }
}
