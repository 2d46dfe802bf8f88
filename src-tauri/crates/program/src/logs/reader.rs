//! Reads the log files while another process may be writing them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use same_file::Handle;

use super::files::{self, Limits};

/// In bytes, read at a time.
const CHUNK: u64 = 64 * 1024;

/// Reads the lines of all files, oldest first, and follows the log, even when its files are rotated meanwhile.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    file: Handle,
    read: u64,
    /// The start of a line that is not complete yet.
    begun: Vec<u8>,
}

impl LogReader {
    /// Reads the files in this folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            current: None,
        }
    }

    /// Calls `on_line` for each complete line since the last call, without its line feed. A missing file or folder is
    /// no error.
    ///
    /// # Errors
    /// When a file cannot be read, or `on_line` fails.
    pub fn read(&mut self, mut on_line: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        loop {
            if let Some(current) = &mut self.current {
                current.read(&mut on_line)?;
            }
            let Some(next) = self.next_file()? else {
                return Ok(());
            };
            if let Some(mut done) = self.current.take() {
                // Lines that were written between the last read and the rotation.
                done.read(&mut on_line)?;
                if !done.begun.is_empty() {
                    on_line(&done.begun)?;
                }
            }
            self.current = Some(Current {
                file: next,
                read: 0,
                begun: Vec::new(),
            });
        }
    }

    /// The file after the current one; the oldest one if the current one is gone.
    fn next_file(&self) -> io::Result<Option<Handle>> {
        // From newest to oldest: a file that is rotated meanwhile is found twice, and none is missed.
        let mut files: Vec<Handle> = Vec::new();
        for age in 0..Limits::default().max_files {
            match open(&files::path(&self.folder, age)) {
                Ok(file) if files.contains(&file) => {}
                Ok(file) => files.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let current = self.current.as_ref();
        let place = current.and_then(|current| files.iter().position(|file| *file == current.file));
        Ok(match place {
            Some(0) => None,
            Some(place) => Some(files.swap_remove(place - 1)),
            None => files.pop(),
        })
    }
}

/// Opens a log file. What is no file is refused: a pipe would keep the reader for as long as nobody writes into it.
fn open(path: &Path) -> io::Result<Handle> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Of a file it says nothing. A pipe without a writer is opened at once.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Handle::from_file(file)
}

impl Current {
    fn read(&mut self, on_line: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut file: &File = self.file.as_file();
        if file.metadata()?.len() < self.read {
            // It was truncated, because it could not be rotated.
            self.read = 0;
            self.begun.clear();
        }
        file.seek(SeekFrom::Start(self.read))?;
        loop {
            let read = file.take(CHUNK).read_to_end(&mut self.begun)?;
            if read == 0 {
                return Ok(());
            }
            self.read += read as u64;
            let mut rest = &self.begun[..];
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                if end > 0 {
                    on_line(&rest[..end])?;
                }
                rest = &rest[end + 1..];
            }
            let done = self.begun.len() - rest.len();
            self.begun.drain(..done);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::super::files::LogFiles;
    use super::*;

    const LIMITS: Limits = Limits {
        max_size: 20,
        max_files: 5,
    };

    fn new_lines(reader: &mut LogReader) -> Vec<String> {
        let mut lines = Vec::new();
        reader
            .read(|line| {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
                Ok(())
            })
            .unwrap();
        lines
    }

    fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|number| format!("line {number}")).collect()
    }

    fn write(files: &mut LogFiles, range: std::ops::Range<u32>) {
        for line in numbers(range) {
            files.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
    }

    #[test]
    fn each_line_comes_once_and_in_order_however_often_files_are_put_aside() {
        let home = tempfile::tempdir().unwrap();
        let mut files = LogFiles::new(home.path(), LIMITS);
        files.may_rotate().allow();
        let mut reader = LogReader::new(home.path());
        assert_eq!(new_lines(&mut reader), [""; 0]);
        write(&mut files, 0..7);
        assert_eq!(new_lines(&mut reader), numbers(0..7));
        // Between none and three rotations between two reads.
        let mut next = 7;
        for more in [0, 1, 1, 2, 3, 5, 7, 1, 9, 8] {
            write(&mut files, next..next + more);
            assert_eq!(new_lines(&mut reader), numbers(next..next + more));
            next += more;
        }
    }

    #[test]
    fn a_reader_that_was_left_behind_goes_on_with_what_there_is() {
        let home = tempfile::tempdir().unwrap();
        let mut files = LogFiles::new(home.path(), LIMITS);
        files.may_rotate().allow();
        let mut reader = LogReader::new(home.path());
        write(&mut files, 0..2);
        assert_eq!(new_lines(&mut reader), numbers(0..2));
        write(&mut files, 2..100);
        let lines = new_lines(&mut reader);
        assert!(lines.len() >= 8, "{lines:?}");
        assert!(lines.ends_with(&numbers(92..100)), "{lines:?}");
        assert_eq!(new_lines(&mut reader), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        for other in [pipe, folder] {
            let logs = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(&other, files::path(logs.path(), 0)).unwrap();
            let (sender, read) = std::sync::mpsc::channel();
            let mut reader = LogReader::new(logs.path());
            std::thread::spawn(move || sender.send(reader.read(|_| Ok(()))));
            // It would be for ever.
            let read = read.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
            assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidInput, "{other:?}");
        }
    }

    #[test]
    fn a_line_comes_when_its_end_is_written() {
        let home = tempfile::tempdir().unwrap();
        let path = files::path(home.path(), 0);
        let mut reader = LogReader::new(home.path());
        fs::write(&path, "one\nbeg").unwrap();
        assert_eq!(new_lines(&mut reader), ["one"]);
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"un\n\ntwo\n").unwrap();
        assert_eq!(new_lines(&mut reader), ["begun", "two"]);
    }

    #[test]
    fn a_folder_that_is_removed_and_a_file_that_is_emptied_end_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs");
        let mut files = LogFiles::new(&folder, LIMITS);
        let mut reader = LogReader::new(&folder);
        write(&mut files, 0..2);
        assert_eq!(new_lines(&mut reader), numbers(0..2));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(new_lines(&mut reader), [""; 0]);
        write(&mut files, 2..4);
        assert_eq!(new_lines(&mut reader), numbers(2..4));
        fs::OpenOptions::new()
            .write(true)
            .open(files::path(&folder, 0))
            .unwrap()
            .set_len(0)
            .unwrap();
        write(&mut files, 4..5);
        assert_eq!(new_lines(&mut reader), numbers(4..5));
    }
}
