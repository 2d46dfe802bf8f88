//! Lines of JSON on stdout, words on stderr.

use std::io::{self, BufWriter, Stdout, Write as _};

use serde::Serialize;

/// Stdout as a list of JSON objects, one a line.
#[derive(Debug)]
pub(crate) struct Lines(BufWriter<Stdout>);

impl Lines {
    pub(crate) fn new() -> Self {
        // A burst is written in few calls; whoever writes flushes when it is over.
        Self(BufWriter::with_capacity(64 * 1024, io::stdout()))
    }

    pub(crate) fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Tells the user that something is wrong.
pub(crate) fn complain(words: &str) {
    // With no stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "gloria: {words}");
}

/// Whether whoever read our output has gone, as `head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
