//! `gloria logs`: what the app has logged, whether it runs or not.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gloria_core::{message, text};
use gloria_program::{LogReader, process};
use tokio::time::sleep;

use crate::output::{print_error, whole_number};

/// How often the files are checked for new lines, which takes a few system calls; nobody reads faster.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

/// How many of the newest lines `-f` starts with by default.
const FOLLOWED_LINES: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(short, long)]
    follow: bool,
    #[arg(short = 'n', long = "lines", value_name = "N", value_parser = whole_number)]
    lines: Option<usize>,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let folder = gloria_program::paths(process::variable)?.logs;
    let mut reader = LogReader::new(&folder);
    let mut out = BufWriter::new(io::stdout().lock());
    let newest = options.lines.or(options.follow.then_some(FOLLOWED_LINES));
    match print_kept(&mut reader, newest, &mut out) {
        Ok(true) => {}
        Ok(false) => print_error(&message::cli_nothing_logged(folder.display().to_string())),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            print_error(&message::cli_log_no_file(folder.display().to_string()));
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    let closed = gloria_desktop::stdout_closed();
    tokio::pin!(closed);
    loop {
        tokio::select! {
            () = &mut closed => return Ok(ExitCode::SUCCESS),
            () = sleep(FOLLOW_INTERVAL) => {}
        }
        reader.read(|line| print(&mut out, line))?;
        out.flush()?;
    }
}

/// Returns whether there was anything.
fn print_kept(reader: &mut LogReader, newest: Option<usize>, out: &mut impl Write) -> io::Result<bool> {
    let mut any = false;
    let mut kept = VecDeque::new();
    reader.read(|line| {
        any = true;
        let Some(newest) = newest else {
            return print(out, line);
        };
        kept.push_back(line.to_vec());
        if kept.len() > newest {
            kept.pop_front();
        }
        Ok(())
    })?;
    for line in &kept {
        print(out, line)?;
    }
    out.flush()?;
    Ok(any)
}

/// Escapes again what the log escaped, because other programs may have changed the file.
fn print(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    writeln!(out, "{}", text::escaped_line(&String::from_utf8_lossy(line)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn printed(folder: &Path, newest: Option<usize>) -> (bool, String) {
        let mut out = Vec::new();
        let any = print_kept(&mut LogReader::new(folder), newest, &mut out).unwrap();
        (any, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_newest_lines_are_printed_in_their_order_and_nothing_that_a_terminal_obeys() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(printed(home.path(), None), (false, String::new()));
        fs::write(home.path().join("gloria-notify.1.log"), "one\ntwo\n").unwrap();
        fs::write(home.path().join("gloria-notify.log"), b"three\x1b[2J\xff\nfour\n").unwrap();
        let all = "one\ntwo\nthree\\u001b[2J\u{fffd}\nfour\n";
        assert_eq!(printed(home.path(), None), (true, all.to_owned()));
        assert_eq!(printed(home.path(), Some(3)).1, all["one\n".len()..]);
        assert_eq!(printed(home.path(), Some(1)).1, "four\n");
        assert_eq!(printed(home.path(), Some(0)), (true, String::new()));
    }
}
