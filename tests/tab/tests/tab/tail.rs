//! `gloria tail --raw`, which is compared with the tab.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::record::{Ended, Record, Shown};
use crate::stage::Stage;

/// How long we may be busy after the tab has ended. Far beyond what any script needs.
const OURS_TIMEOUT: Duration = Duration::from_secs(60);

/// Who waits longer than this, in milliseconds, will not come in time.
const MAX_WAIT: u64 = 45_000;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Line {
    Event {
        event: String,
        data: String,
        id: String,
    },
    #[serde(rename_all = "camelCase")]
    State {
        state: String,
        reason: Option<String>,
        retry_in_ms: Option<u64>,
    },
    #[serde(other)]
    Other,
}

fn program() -> PathBuf {
    // Tests lie in `target/debug/deps`.
    let test = std::env::current_exe().unwrap();
    let gloria = test
        .ancestors()
        .nth(2)
        .unwrap()
        .join(format!("gloria{}", std::env::consts::EXE_SUFFIX));
    assert!(
        gloria.exists(),
        "the gloria program is not built: run `cargo xtask test tab`"
    );
    gloria
}

/// Plays a server to `gloria tail` until that ends, or has done all that the tab did which gave up before the end.
pub(crate) async fn play(
    home: &Path,
    stage: &Stage,
    tab: oneshot::Receiver<Record>,
    answers: usize,
) -> Record {
    let mut child = Command::new(program())
        .args(["tail", "--raw", "--url", &stage.url()])
        .env_clear()
        .env("GLORIA_HOME", home)
        .env("GLORIA_TOKEN", "tab-t0ken")
        .env("GLORIA_TOKEN_FOR", stage.url())
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "50ms")
        // A tab comes again for ever.
        .env("GLORIA_SSE_MAX_RECONNECT_ATTEMPTS", "100")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut record = Record::default();
    let (mut tab, mut deadline) = (Some(tab), None);
    let mut target: Option<Record> = None;
    let (mut last_state, mut waits_long) = (String::new(), false);
    record.ended = loop {
        record.asked = stage.asked();
        if target
            .as_ref()
            .is_some_and(|tab| !tab.is_whole(answers) && record.covers(tab))
        {
            break Ended::Enough;
        }
        if waits_long && target.is_some() {
            break Ended::Stuck(last_state);
        }
        tokio::select! {
            line = lines.next_line() => match line.unwrap() {
                None => break Ended::GaveUp,
                Some(line) => match serde_json::from_str(&line).unwrap() {
                    Line::Event { event, data, id } => {
                        stage.show(&data);
                        record.shown.push(Shown { event, data, id });
                    }
                    Line::State { state, reason, retry_in_ms } => {
                        last_state = format!("{state} {}", reason.unwrap_or_default());
                        waits_long = retry_in_ms.is_some_and(|wait| wait > MAX_WAIT);
                    }
                    Line::Other => {}
                },
            },
            done = async { tab.as_mut().unwrap().await }, if tab.is_some() => {
                tab = None;
                target = Some(done.unwrap());
                deadline = Some(Instant::now() + OURS_TIMEOUT);
            }
            () = async { sleep_until(deadline.unwrap()).await }, if deadline.is_some() => {
                break Ended::Stuck(last_state);
            }
        }
    };
    record.asked = stage.asked();
    record.awaited = stage.awaited();
    let _ = child.kill().await;
    record
}
