//! Whether somebody reads stderr.

use std::io::{self, IsTerminal as _};

/// Whether stderr is a terminal, or the journal of systemd. Anything else, such as the file in which a desktop collects
/// the output of all programs, is not read, and would grow.
pub fn is_read() -> bool {
    io::stderr().is_terminal() || is_journal()
}

#[cfg(unix)]
fn is_journal() -> bool {
    use std::fs::File;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;

    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let own = io::stderr().as_fd().try_clone_to_owned().map(File::from);
    let own = own.and_then(|stderr| stderr.metadata());
    own.is_ok_and(|own| names(&stream, own.dev(), own.ino()))
}

#[cfg(not(unix))]
fn is_journal() -> bool {
    false
}

/// Children with another stderr inherit the variable, so it contains the file that it is about (systemd.exec(5)).
#[cfg(unix)]
fn names(stream: &str, device: u64, inode: u64) -> bool {
    stream
        .split_once(':')
        .is_some_and(|(named, of)| named.parse() == Ok(device) && of.parse() == Ok(inode))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_recognised_by_its_file() {
        assert!(names("8:1234", 8, 1234));
        for other in ["8:1235", "9:1234", "", "8", "8:", ":1234", "8:1234:5"] {
            assert!(!names(other, 8, 1234), "{other:?}");
        }
    }
}
