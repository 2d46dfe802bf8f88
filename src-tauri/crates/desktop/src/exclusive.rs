//! A lock that one process of this user has at a time: app or command line, while it renews a sign-in.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gloria_core::paths::Paths;
use gloria_core::ports::{Exclusive, InUse, Turn};
use gloria_core::private;
use tokio::time::{Instant, sleep};

/// A renewal has 30 s for each of its requests, but one that uses them up is stuck: it then ends within a few seconds.
const TURN_TIMEOUT: Duration = Duration::from_secs(35);

/// The digits of the largest number and the line break.
const MAX_COUNT_BYTES: u64 = 21;

/// Each attempt is a single system call. A renewal takes some tenths of a second.
const TURN_INTERVAL: Duration = Duration::from_millis(50);

/// The lock of a data folder.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    timeout: Duration,
}

impl FolderLock {
    /// The lock of these folders. Nothing is locked yet.
    pub fn new(paths: &Paths) -> Self {
        Self {
            // Beside the accounts' folders, each with an inbox.
            path: paths.accounts().join("sign-in.lock"),
            timeout: TURN_TIMEOUT,
        }
    }
}

impl Exclusive for FolderLock {
    fn turn(&self) -> BoxFuture<'static, Result<Turn, InUse>> {
        Box::pin(turn(self.path.clone(), self.timeout))
    }
}

async fn turn(path: PathBuf, timeout: Duration) -> Result<Turn, InUse> {
    let deadline = Instant::now() + timeout;
    loop {
        let path = path.clone();
        // A disk that hangs must not stop the runtime.
        let locked = tokio::task::spawn_blocking(move || lock(&path)).await;
        match locked {
            Ok(Ok((file, number))) => return Ok(Turn::new(file, number)),
            Ok(Err(TryLockError::WouldBlock)) if Instant::now() < deadline => sleep(TURN_INTERVAL).await,
            Ok(Err(TryLockError::WouldBlock)) => return Err(InUse),
            Ok(Err(TryLockError::Error(error))) => {
                tracing::debug!(%error, "renewals cannot be locked against other processes");
                return Ok(Turn::new((), None));
            }
            Err(_) => return Ok(Turn::new((), None)),
        }
    }
}

fn lock(path: &Path) -> Result<(File, Option<u64>), TryLockError> {
    if let Some(folder) = path.parent() {
        private::folder(folder).map_err(TryLockError::Error)?;
    }
    private::ensure(path).map_err(TryLockError::Error)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    let number = count(&mut file)
        .inspect_err(|error| tracing::debug!(%error, "renewals cannot be counted"))
        .ok();
    Ok((file, number))
}

/// Counts this turn in the file.
fn count(file: &mut File) -> io::Result<u64> {
    let mut text = String::new();
    file.take(MAX_COUNT_BYTES).read_to_string(&mut text)?;
    // A new file is empty. One that was damaged begins anew, with a number that no process expects.
    let number = text
        .trim()
        .parse::<u64>()
        .map_or(1, |before| before.wrapping_add(1));
    file.rewind()?;
    // As wide as the largest number, so that a shorter one leaves no digits of a longer one.
    file.write_all(format!("{number:020}\n").as_bytes())?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// Set for the copy of this test program that has the lock.
    const FOLDER: &str = "GLORIA_TEST_LOCK_FOLDER";

    fn folder_lock(folder: &Path, timeout: Duration) -> FolderLock {
        FolderLock {
            timeout,
            ..FolderLock::new(&Paths::within(folder))
        }
    }

    /// Another process that has the lock until it is killed.
    fn other_process(folder: &Path) -> Child {
        let mut other = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "exclusive::tests::has_the_lock_until_it_is_killed",
                "--nocapture",
            ])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(other.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("locked")));
        other
    }

    #[tokio::test]
    async fn has_the_lock_until_it_is_killed() {
        let Some(folder) = std::env::var_os(FOLDER) else {
            return;
        };
        let _turn = folder_lock(Path::new(&folder), TURN_TIMEOUT)
            .turn()
            .await
            .unwrap();
        std::io::stdout().write_all(b"locked\n").unwrap();
        // Ends with the test that started it.
        let _ = std::io::stdin().read_line(&mut String::new());
    }

    #[tokio::test]
    async fn one_process_has_it_at_a_time_and_a_killed_one_no_more() {
        let home = tempfile::tempdir().unwrap();
        let mut other = other_process(home.path());
        let impatient = folder_lock(home.path(), Duration::ZERO);
        assert_eq!(impatient.turn().await.unwrap_err(), InUse);
        let patient = folder_lock(home.path(), TURN_TIMEOUT);
        let waiting = tokio::spawn(patient.turn());
        other.kill().unwrap();
        other.wait().unwrap();
        let turn = waiting.await.unwrap().unwrap();
        assert_eq!(turn.number(), Some(2), "the other process's turn counts too");
        assert_eq!(impatient.turn().await.unwrap_err(), InUse, "this process too");
        drop(turn);
        // A process that another test has just forked has the lock until it executes its program.
        folder_lock(home.path(), TURN_TIMEOUT).turn().await.unwrap();
    }

    #[tokio::test]
    async fn where_nothing_can_be_locked_it_is_given() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::within(home.path());
        let parent = paths.accounts();
        std::fs::create_dir_all(parent.parent().unwrap()).unwrap();
        std::fs::write(&parent, "a file where the folder should be").unwrap();
        assert_eq!(FolderLock::new(&paths).turn().await.unwrap().number(), None);
    }
}
