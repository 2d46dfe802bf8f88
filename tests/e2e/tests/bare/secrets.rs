//! Secrets from the environment stay in the app.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{SessionOptions, wait_until};

use crate::scene::{DEADLINE, Scene};

/// A password in the address of a proxy.
const PASSWORD: &str = "pr0xy-s3cret";

/// Returns the descendants of a process.
fn descendants(of: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let id = entry.file_name().to_string_lossy().parse::<u32>();
        let stat = fs::read_to_string(entry.path().join("stat"));
        // The name before it may contain anything, and ends with the last parenthesis.
        let parent = stat.ok().and_then(|stat| {
            let after = stat.rsplit_once(')')?.1;
            after.split_whitespace().nth(1)?.parse::<u32>().ok()
        });
        if let (Ok(id), Some(parent)) = (id, parent) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        found.extend(
            children
                .get(parent)
                .into_iter()
                .flatten()
                .copied()
                .collect::<Vec<_>>(),
        );
        next += 1;
    }
    found
}

fn environment(process: u32) -> String {
    let bytes = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn core_limit(process: u32) -> Option<String> {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))?;
    line.split_whitespace().nth(4).map(str::to_owned)
}

#[tokio::test]
async fn no_process_that_the_app_starts_has_its_secrets_and_none_dumps_its_memory() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut command = scene.command("gloria-notify");
    command
        .arg("--open")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("GLORIA_CLIENT_CERTIFICATE_PASSWORD", PASSWORD)
        // The proxy is not used for this machine.
        .env("GLORIA_PROXY", format!("http://anna:{PASSWORD}@127.0.0.1:9"));
    let mut app = scene.session.spawn("app", command).unwrap();
    // By now it has read all of them.
    scene.connected().await;
    let web = wait_until("the window's processes", DEADLINE, async || {
        app.check_alive()?;
        let all = descendants(app.id());
        let named = |id: &u32| {
            let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            name.starts_with("WebKit")
        };
        Ok((all.iter().filter(|id| named(id)).count() >= 2).then_some(all))
    });

    for process in web.await.unwrap() {
        let environment = environment(process);
        for secret in [TEST_TOKEN, PASSWORD] {
            assert!(!environment.contains(secret), "process {process} has a secret");
        }
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        // These two have variables with the names only, which are not secrets.
        if !["gloria", "gloria-notify"].contains(&name.trim_end()) {
            assert!(!environment.contains("GLORIA_"), "process {process}");
        }
        let limit = core_limit(process);
        assert!(
            limit.is_none_or(|limit| limit == "0"),
            "process {process} may dump core"
        );
    }
}

#[tokio::test]
async fn the_command_line_keeps_its_secrets_as_well() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut command = scene.command("gloria");
    command.arg("tail").env("GLORIA_TOKEN", TEST_TOKEN);
    let tail = scene.session.spawn("tail", command).unwrap();
    scene.connected().await;
    assert!(
        environment(tail.id()).contains("GLORIA_TOKEN"),
        "its name is no secret"
    );
    assert!(!environment(tail.id()).contains(TEST_TOKEN));
    assert_eq!(core_limit(tail.id()).as_deref(), Some("0"));
}

/// Returns all regular files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(kind) if kind.is_file() => vec![entry.path()],
            // Sockets and pipes have no contents.
            _ => Vec::new(),
        })
        .collect()
}

/// Returns the TCP ports that a process listens on.
fn listening(process: u32) -> Vec<String> {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
    let sockets: Vec<_> = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .filter_map(|target| {
            Some(
                target
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .to_owned(),
            )
        })
        .collect();
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{process}/net/{table}")));
    let lines = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        // 0A is LISTEN; field 9 is the inode of the socket.
        .filter(|fields| fields[3] == "0A" && sockets.iter().any(|socket| socket == fields[9]))
        .map(|fields| fields[1].to_owned())
        .collect()
}

#[tokio::test]
async fn no_file_log_or_argument_has_its_secrets_and_it_listens_nowhere() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut command = scene.command("gloria-notify");
    command
        .arg("--open")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("GLORIA_PROXY", format!("http://anna:{PASSWORD}@127.0.0.1:9"))
        .env("GLORIA_LOG", "trace");
    let app = scene.session.spawn("app", command).unwrap();
    scene.connected().await;
    let processes = wait_until("the window's processes", DEADLINE, async || {
        let all = descendants(app.id());
        Ok((all.len() >= 2).then_some(all))
    });
    for process in processes.await.unwrap() {
        let arguments = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments);
        assert!(
            !arguments.contains(TEST_TOKEN) && !arguments.contains(PASSWORD),
            "{arguments}"
        );
        assert_eq!(listening(process), Vec::<String>::new(), "process {process}");
    }
    let written = files(scene.session.dir());
    assert!(
        written.iter().any(|file| file.ends_with("logs/app.log")),
        "the log at its most talkative is among them: {written:?}"
    );
    for file in written {
        let bytes = fs::read(&file).unwrap_or_default();
        for secret in [TEST_TOKEN, PASSWORD] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} has a secret", file.display());
        }
    }
}
