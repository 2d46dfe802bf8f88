//! The files of a log: the current one and its predecessors.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gloria_files::private;
use same_file::Handle;

/// Size and number of the files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A file that would become larger is rotated, in bytes.
    pub(super) max_size: u64,
    /// The number of files, including the current one.
    pub(super) max_files: usize,
}

impl Default for Limits {
    /// Enough for some days of an ordinary connection, or for an hour of the debug log; small enough to be sent by
    /// mail.
    fn default() -> Self {
        Self {
            max_size: 1024 * 1024,
            max_files: 5,
        }
    }
}

/// The file of this age: 0 is the current one.
pub(super) fn path(folder: &Path, age: usize) -> PathBuf {
    match age {
        0 => folder.join("gloria-notify.log"),
        age => folder.join(format!("gloria-notify.{age}.log")),
    }
}

/// Whether this process rotates files. One that has not claimed the folder only appends.
#[derive(Debug, Clone, Default)]
pub(super) struct MayRotate(Arc<AtomicBool>);

impl MayRotate {
    pub(super) fn allow(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Appends whole lines to the current file, and rotates it before it becomes too large.
///
/// Before each write it is checked whether the open file still has its name: another process may have rotated it, or
/// somebody removed it or its folder.
#[derive(Debug)]
pub(super) struct LogFiles {
    folder: PathBuf,
    limits: Limits,
    may_rotate: MayRotate,
    file: Option<Handle>,
    /// The last write failed, possibly in the middle of a line.
    is_torn: bool,
}

impl LogFiles {
    pub(super) fn new(folder: &Path, limits: Limits) -> Self {
        Self {
            folder: folder.to_owned(),
            limits,
            may_rotate: MayRotate::default(),
            file: None,
            is_torn: false,
        }
    }

    pub(super) fn may_rotate(&self) -> MayRotate {
        self.may_rotate.clone()
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) if Handle::from_path(path(&self.folder, 0)).is_ok_and(|now| now == file) => file,
            Some(_) | None => self.open()?,
        };
        let size = file.as_file().metadata()?.len();
        let after = size.saturating_add(lines.len() as u64);
        if size > 0 && after > self.limits.max_size && self.may_rotate.0.load(Ordering::Relaxed) {
            file = match self.rotate() {
                Ok(()) => self.open()?,
                // On Windows, for instance, a program that reads the file prevents its rotation. The next write tries
                // again, but the file must not grow for ever.
                Err(_) if after > 2 * self.limits.max_size => {
                    file.as_file().set_len(0)?;
                    file
                }
                Err(_) => file,
            };
        }
        let mut written = Ok(());
        if self.is_torn {
            written = file.as_file_mut().write_all(b"\n");
        }
        written = written.and_then(|()| file.as_file_mut().write_all(lines));
        self.is_torn = written.is_err();
        self.file = Some(file);
        written
    }

    fn open(&self) -> io::Result<Handle> {
        private::folder(&self.folder)?;
        let path = path(&self.folder, 0);
        private::ensure(&path)?;
        Handle::from_file(OpenOptions::new().append(true).open(path)?)
    }

    /// Renames each file to the name of the next older one; the oldest is replaced. A missing file is no error.
    fn rotate(&self) -> io::Result<()> {
        for age in (0..self.limits.max_files.saturating_sub(1)).rev() {
            match fs::rename(path(&self.folder, age), path(&self.folder, age + 1)) {
                Err(error) if age == 0 || error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Write for LogFiles {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.append(lines)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_size: 10,
        max_files: 3,
    };

    fn files(folder: &Path) -> LogFiles {
        let files = LogFiles::new(folder, LIMITS);
        files.may_rotate().allow();
        files
    }

    /// The contents of the files, oldest first.
    fn contents(folder: &Path) -> Vec<String> {
        let found = (0..10).rev().map(|age| fs::read_to_string(path(folder, age)));
        found.filter_map(Result::ok).collect()
    }

    #[test]
    fn five_files_of_a_megabyte_are_kept() {
        let limits = Limits::default();
        assert_eq!((limits.max_files, limits.max_size), (5, 1 << 20));
    }

    #[test]
    fn a_file_is_put_aside_before_it_is_too_large_and_the_oldest_is_let_go() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("not/yet");
        let mut files = files(&folder);
        files.write_all(b"1234\n").unwrap();
        files.write_all(b"5678\n").unwrap();
        assert_eq!(contents(&folder), ["1234\n5678\n"]);
        for line in ["a\n", "longer than a file may be\n", "b\n", "c\n"] {
            files.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(
            contents(&folder),
            ["a\n", "longer than a file may be\n", "b\nc\n"]
        );
        for line in ["12345678\n", "d\n", "12345678\n"] {
            files.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(contents(&folder), ["12345678\n", "d\n", "12345678\n"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_them_also_what_was_there_before() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs");
        fs::create_dir(&folder).unwrap();
        fs::write(path(&folder, 0), "before\n").unwrap();
        for wide in [&folder, &path(&folder, 0)] {
            fs::set_permissions(wide, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut files = files(&folder);
        for _ in 0..2 {
            files.write_all(b"12345678\n").unwrap();
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
        for path in [folder.clone(), path(&folder, 0), path(&folder, 1)] {
            assert_eq!(mode(&path), 0, "{}", path.display());
        }
    }

    #[test]
    fn a_folder_that_is_removed_meanwhile_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs");
        let mut files = files(&folder);
        files.write_all(b"one\n").unwrap();
        fs::remove_dir_all(&folder).unwrap();
        files.write_all(b"two\n").unwrap();
        assert_eq!(contents(&folder), ["two\n"]);
        fs::remove_file(path(&folder, 0)).unwrap();
        files.write_all(b"three\n").unwrap();
        assert_eq!(contents(&folder), ["three\n"]);
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_an_error_until_it_can() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs");
        fs::write(&folder, "in its place").unwrap();
        let mut files = files(&folder);
        assert!(files.write_all(b"one\n").is_err());
        fs::remove_file(&folder).unwrap();
        files.write_all(b"two\n").unwrap();
        assert_eq!(contents(&folder), ["two\n"]);
    }

    #[test]
    fn of_two_processes_each_writes_where_the_other_does_and_one_rotates() {
        let home = tempfile::tempdir().unwrap();
        let mut app = files(home.path());
        let mut second = LogFiles::new(home.path(), LIMITS);
        app.write_all(b"app 1\n").unwrap();
        second.write_all(b"2nd 1\n").unwrap();
        second.write_all(b"2nd 2\n").unwrap();
        assert_eq!(contents(home.path()), ["app 1\n2nd 1\n2nd 2\n"]);
        app.write_all(b"app 2\n").unwrap();
        second.write_all(b"s\n").unwrap();
        assert_eq!(contents(home.path()), ["app 1\n2nd 1\n2nd 2\n", "app 2\ns\n"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_after_a_full_disk_does_not_go_on_where_another_was_cut() {
        let home = tempfile::tempdir().unwrap();
        let mut files = files(home.path());
        files.file =
            Some(Handle::from_file(OpenOptions::new().append(true).open("/dev/full").unwrap()).unwrap());
        std::os::unix::fs::symlink("/dev/full", path(home.path(), 0)).unwrap();
        assert_eq!(
            files.write_all(b"one\n").unwrap_err().kind(),
            io::ErrorKind::StorageFull
        );
        fs::remove_file(path(home.path(), 0)).unwrap();
        files.write_all(b"two\n").unwrap();
        assert_eq!(contents(home.path()), ["\ntwo\n"]);
    }

    #[test]
    fn a_file_that_cannot_be_put_aside_does_not_grow_for_ever() {
        let home = tempfile::tempdir().unwrap();
        // A non-empty folder cannot be replaced by a file.
        fs::create_dir_all(path(home.path(), 1).join("in the way")).unwrap();
        fs::create_dir_all(path(home.path(), 2).join("in the way")).unwrap();
        let mut files = files(home.path());
        for _ in 0..100 {
            files.write_all(b"12345678\n").unwrap();
            let size = fs::metadata(path(home.path(), 0)).unwrap().len();
            assert!(size <= 2 * LIMITS.max_size, "{size}");
        }
    }
}
