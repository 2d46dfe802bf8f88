//! What other programs of the same user can see of the processes on a desktop while the app is used.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at all processes. A launcher lives for longer.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What one process showed at one time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) process: u32,
    /// Its name, of which the kernel keeps 15 bytes.
    pub(crate) name: String,
    pub(crate) arguments: String,
    pub(crate) environment: String,
}

/// Looks at all processes of a desktop until it is asked what it saw. Their environment names the desktop's folder,
/// also that of processes whose parents have ended.
pub(crate) struct Watch {
    ends: Arc<AtomicBool>,
    looking: JoinHandle<BTreeSet<Shown>>,
}

impl Watch {
    pub(crate) fn start(desktop: &Path) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let (until, desktop) = (Arc::clone(&ends), desktop.to_string_lossy().into_owned());
        let looking = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !until.load(Ordering::Relaxed) {
                seen.extend(all().filter(|shown| shown.environment.contains(&desktop)));
                std::thread::sleep(LOOK_INTERVAL);
            }
            seen
        });
        Self { ends, looking }
    }

    pub(crate) fn end(self) -> BTreeSet<Shown> {
        self.ends.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

fn all() -> impl Iterator<Item = Shown> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let read = |name: &str| {
            let bytes = fs::read(process.path().join(name)).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        Some(Shown {
            process: id,
            environment: read("environ")?,
            arguments: read("cmdline")?,
            name: read("comm")?.trim_end().to_owned(),
        })
    })
}

/// Returns all regular files below a folder, with their contents.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(kind) if kind.is_file() => {
                let contents = fs::read(entry.path()).unwrap_or_default();
                vec![(entry.path(), contents)]
            }
            // Sockets and pipes have no contents.
            Ok(_) | Err(_) => Vec::new(),
        })
        .collect()
}
