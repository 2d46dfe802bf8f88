//! Reads and writes lines with limits on their length and on time.

use std::io;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

/// The size of the read buffer. Lines of clients are short.
const BUFFER_CAPACITY: usize = 4096;

/// How long to read and discard what a client still sends. On some systems, closing a socket with unread data discards
/// the answer.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// Why there is no next line.
#[derive(Debug)]
pub enum LineError {
    /// The other side has closed the connection.
    Ended,
    /// It is longer than the limit. The rest of it is not read.
    TooLong,
    /// The system reported an error.
    Io(io::Error),
}

/// Reads lines.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: BufReader<R>,
    /// What has arrived of the next line.
    line: Vec<u8>,
    max_bytes: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines of at most this length.
    pub fn new(reader: R, max_bytes: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER_CAPACITY, reader),
            line: Vec::new(),
            max_bytes,
        }
    }

    /// Changes the limit, in bytes.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// The next line, without its end. Cancel-safe.
    ///
    /// # Errors
    /// When there is none.
    pub async fn next(&mut self) -> Result<Vec<u8>, LineError> {
        loop {
            let bytes = self.reader.fill_buf().await.map_err(LineError::Io)?;
            if bytes.is_empty() {
                return Err(LineError::Ended);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > self.max_bytes {
                return Err(LineError::TooLong);
            }
            self.line.extend_from_slice(part);
            let taken = part.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(std::mem::take(&mut self.line));
            }
        }
    }

    /// Whether nothing has arrived since the last line.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty() && self.reader.buffer().is_empty()
    }

    /// Waits for data or the end; `true` if the other side has only stopped writing, as far as can be known here.
    pub async fn until_end(&mut self) -> bool {
        matches!(self.reader.fill_buf().await, Ok(bytes) if bytes.is_empty())
    }

    /// Reads and discards data until the other side closes the connection, for a limited time.
    pub async fn drain(&mut self) {
        let drained = async {
            while let Ok(bytes) = self.reader.fill_buf().await {
                let length = bytes.len();
                if length == 0 {
                    return;
                }
                self.reader.consume(length);
            }
        };
        // A client that keeps sending may lose its answer.
        let _ = timeout(LINGER_TIMEOUT, drained).await;
    }
}

/// A line of JSON, with its end.
///
/// # Errors
/// When the value has no JSON.
pub fn to_line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes a line of JSON, unless that takes longer than `within`.
///
/// # Errors
/// When the other side has gone, or does not read.
pub async fn write_line(
    writer: &mut (impl AsyncWrite + Unpin),
    line: &impl Serialize,
    within: Duration,
) -> io::Result<()> {
    write_bytes(writer, &to_line(line)?, within).await
}

/// Writes what [`to_line`] made, unless that takes longer than `within`.
///
/// # Errors
/// When the other side has gone, or does not read.
pub async fn write_bytes(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    within: Duration,
) -> io::Result<()> {
    let written = async {
        writer.write_all(bytes).await?;
        writer.flush().await
    };
    timeout(within, written)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_read_one_by_one_and_not_beyond_their_limit() {
        let mut lines = LineReader::new(&b"one\n\nfour\nfives\nsix"[..], 4);
        assert_eq!(lines.next().await.unwrap(), b"one");
        assert_eq!(lines.next().await.unwrap(), b"");
        assert_eq!(lines.next().await.unwrap(), b"four");
        assert!(matches!(lines.next().await, Err(LineError::TooLong)));
        lines.set_max_bytes(5);
        assert_eq!(lines.next().await.unwrap(), b"fives");
        // An incomplete line is not returned.
        assert!(matches!(lines.next().await, Err(LineError::Ended)));
    }

    #[tokio::test]
    async fn a_line_of_gigabytes_costs_its_limit_alone() {
        let mut lines = LineReader::new(tokio::io::repeat(b'x'), 1024);
        assert!(matches!(lines.next().await, Err(LineError::TooLong)));
        assert!(
            lines.line.capacity() <= 2 * BUFFER_CAPACITY,
            "{}",
            lines.line.capacity()
        );
    }
}
