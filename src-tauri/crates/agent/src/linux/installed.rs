//! The installed program, which is replaced while the agent runs.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

/// The running program, whatever became of its file.
pub(super) const RUNNING: &str = "/proc/self/exe";

/// How long a program may take to print its version: it is loaded from a disk that may be slow.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long after a change the file is checked: a package also replaces the window's program, which has to be in place
/// before the agent begins anew.
const SETTLE_INTERVAL: Duration = Duration::from_secs(2);

/// How often the file is checked if the system reports no changes: it has no more watches, or the folder was replaced.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The size of the buffer for events. Further events are read in further steps.
const EVENTS_BYTES: usize = 4096;

/// Reports changes of a program's file. It watches the folder, because a package manager puts another file in the place
/// of the one that runs.
#[derive(Debug)]
pub(super) struct Installed {
    program: PathBuf,
    /// `None` if the system reports no changes.
    watch: Option<AsyncFd<OwnedFd>>,
}

/// What happened in the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Events {
    /// The program's file was changed.
    is_changed: bool,
    /// The folder is gone, and no more events come.
    is_gone: bool,
}

impl Installed {
    /// Begins to watch. Must be called on a tokio runtime.
    pub(super) fn new(program: PathBuf) -> Self {
        let watch = watch(&program);
        Self { program, watch }
    }

    /// Waits until the program may be another one. Cancel-safe if the caller then checks the file itself.
    pub(super) async fn changed(&mut self) {
        loop {
            let Some(watch) = &self.watch else {
                sleep(CHECK_INTERVAL).await;
                self.watch = self::watch(&self.program);
                return;
            };
            let name = self.program.file_name().unwrap_or_default();
            let events = match watch.readable().await {
                Ok(mut ready) => {
                    let events = read(ready.get_inner(), name);
                    ready.clear_ready();
                    events
                }
                Err(error) => Err(error),
            };
            let events = events.unwrap_or_else(|error| {
                tracing::warn!(%error, "changes of the app's program are not reported any more");
                Events {
                    is_changed: true,
                    is_gone: true,
                }
            });
            if events.is_gone {
                self.watch = None;
            }
            if events.is_changed {
                return sleep(SETTLE_INTERVAL).await;
            }
        }
    }
}

fn watch(program: &Path) -> Option<AsyncFd<OwnedFd>> {
    watched(program.parent()?)
        .inspect_err(|error| tracing::debug!(%error, "changes of the app's program are not reported"))
        .ok()
}

fn watched(folder: &Path) -> io::Result<AsyncFd<OwnedFd>> {
    let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let events = WatchFlags::CLOSE_WRITE
        | WatchFlags::MOVED_TO
        | WatchFlags::CREATE
        | WatchFlags::ATTRIB
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&watch, folder, events)?;
    // SAFETY: what is registered owns the descriptor, and nothing else closes it.
    #[expect(unsafe_code, reason = "the safe way to register a descriptor is deprecated")]
    let registered = unsafe { AsyncFd::register(watch) };
    Ok(registered?)
}

/// Reads everything that has been reported so far.
fn read(watch: &OwnedFd, name: &OsStr) -> io::Result<Events> {
    let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
    let mut reader = Reader::new(watch, &mut buffer);
    let mut events = Events::default();
    loop {
        match reader.next() {
            Ok(event) => {
                let ended = ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF;
                // After an overflow any file may have changed.
                let lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                events.is_gone |= event.events().intersects(ended);
                events.is_changed |= lost
                    || event
                        .file_name()
                        .is_some_and(|of| of.to_bytes() == name.as_bytes());
            }
            Err(Errno::AGAIN) => return Ok(events),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the file at this path is another one than this process runs.
pub(super) fn is_another(program: &Path) -> bool {
    let number = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    match (number(program), number(Path::new(RUNNING))) {
        (Ok(installed), Ok(running)) => installed != running,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Returns the version that a program prints. A file that is only half written prints none.
pub(super) async fn version(program: &Path) -> Option<String> {
    let file = std::fs::metadata(program).ok()?;
    if !file.is_file() || file.permissions().mode() & 0o111 == 0 {
        return None;
    }
    let asked = tokio::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(VERSION_TIMEOUT, asked).await.ok()?.ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let version = said.trim().strip_prefix("gloria ")?;
    (output.status.success() && !version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::time::Instant;

    use super::*;

    fn script(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join("gloria");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        path
    }

    #[tokio::test]
    async fn only_a_whole_program_says_its_version() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(version(&folder.path().join("gloria")).await, None, "missing");
        assert_eq!(version(folder.path()).await, None, "a folder");
        for (text, mode, said) in [
            ("#!/bin/sh\necho gloria 1.2.3\n", 0o755, Some("1.2.3")),
            ("#!/bin/sh\necho gloria 1.2.3\n", 0o644, None),
            ("#!/bin/sh\necho gloria 1.2.3\nexit 1\n", 0o755, None),
            ("\u{7f}ELF", 0o755, None),
            ("", 0o755, None),
        ] {
            let program = script(folder.path(), text, mode);
            assert_eq!(version(&program).await.as_deref(), said, "{text:?} {mode:o}");
        }
    }

    #[test]
    fn a_copy_is_another_file_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copy = folder.path().join("copy");
        assert!(!is_another(&copy), "missing");
        assert!(!is_another(&fs::canonicalize(RUNNING).expect("a path")), "itself");
        fs::write(&copy, "").expect("written");
        assert!(is_another(&copy));
    }

    /// Runs until the watch reports a change of `gloria`, which `change` makes.
    async fn reported(installed: &mut Installed, change: impl FnOnce()) -> Duration {
        let began = Instant::now();
        change();
        installed.changed().await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn every_way_to_put_a_program_in_its_place_is_reported_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("gloria");
        fs::write(&place, "1").expect("written");
        let mut installed = Installed::new(place.clone());
        let beside = folder.path().join("gloria.new");
        for way in ["renamed", "linked", "written", "allowed"] {
            let passed = reported(&mut installed, || match way {
                "renamed" => {
                    fs::write(&beside, "2").expect("written");
                    fs::rename(&beside, &place).expect("renamed");
                }
                "linked" => {
                    fs::write(&beside, "3").expect("written");
                    fs::remove_file(&place).expect("removed");
                    fs::hard_link(&beside, &place).expect("linked");
                }
                "written" => fs::write(&place, "4").expect("written"),
                _ => fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).expect("a mode"),
            });
            assert_eq!(passed.await, SETTLE_INTERVAL, "{way}");
        }
        // Others in the folder, and its own end.
        fs::write(folder.path().join("other"), "5").expect("written");
        fs::remove_file(&place).expect("removed");
        let waited = timeout(CHECK_INTERVAL * 2, installed.changed());
        assert!(waited.await.is_err(), "nothing to begin with");
    }

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_was_replaced_is_looked_at_until_it_can_be_watched_again() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (folder, old) = (home.path().join("bin"), home.path().join("old"));
        fs::create_dir(&folder).expect("made");
        let place = folder.join("gloria");
        let mut installed = Installed::new(place.clone());
        let passed = reported(&mut installed, || fs::rename(&folder, &old).expect("renamed"));
        assert_eq!(passed.await, CHECK_INTERVAL);
        fs::create_dir(&folder).expect("made");
        let passed = reported(&mut installed, || {});
        assert_eq!(passed.await, CHECK_INTERVAL);
        let passed = reported(&mut installed, || fs::write(&place, "1").expect("written"));
        assert_eq!(passed.await, SETTLE_INTERVAL, "it is watched again");
    }
}
