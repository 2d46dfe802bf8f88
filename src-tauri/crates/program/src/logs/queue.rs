//! The queue of lines for one output, and the thread that writes them.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use gloria_text::characters;

/// Lines that a busy second logs at the lowest level. Lines that do not fit while the disk hangs are dropped and
/// counted.
const QUEUE_CAPACITY: usize = 2048;

/// In bytes. A longer line is cut, so that a single one cannot displace the files.
const MAX_LINE: usize = 8 * 1024;

/// In bytes, written with one call.
const MAX_BATCH: usize = 64 * 1024;

/// How often a flush checks whether the queue has room for it.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1);

/// A line with its line feed.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<str>);

impl Line {
    /// Formats an event as one line. Line breaks and control characters are escaped: text from a server must not look
    /// like lines of this program, nor control a terminal.
    pub(super) fn of(event: &[u8]) -> Self {
        let event = String::from_utf8_lossy(event);
        let mut event = event.trim_end_matches('\n');
        if event.len() > MAX_LINE {
            event = &event[..event.floor_char_boundary(MAX_LINE)];
        }
        let mut line = match characters::escaped_line(event) {
            Cow::Borrowed(line) => line.to_owned(),
            Cow::Owned(line) => line,
        };
        line.push('\n');
        Self(line.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

enum Message {
    Line(Line),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

/// The queue of one output.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    sender: SyncSender<Message>,
    /// Lines that did not fit, or could not be written.
    lost: Arc<AtomicU64>,
}

impl Queue {
    /// `None` if the system cannot start a thread: the program runs without a log then.
    pub(super) fn start(name: &str, output: impl Write + Send + 'static) -> Option<Self> {
        let (sender, receiver) = sync_channel(QUEUE_CAPACITY);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread = thread::Builder::new().name(name.to_owned());
        thread
            .spawn(move || write_all(&receiver, output, &counted))
            .ok()
            .map(|_| Self { sender, lost })
    }

    /// Adds a line, without waiting.
    pub(super) fn push(&self, line: Line) {
        if self.sender.try_send(Message::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines so far are written, at most until this time.
    pub(super) fn flush(&self, until: Instant) {
        let (sender, written) = sync_channel(1);
        let mut message = Message::Flush(sender);
        loop {
            match self.sender.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if Instant::now() < until => message = back,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return,
            }
            thread::sleep(FLUSH_INTERVAL);
        }
        // On a timeout the caller continues.
        let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Writes lines in batches of those that are waiting.
fn write_all(receiver: &Receiver<Message>, mut output: impl Write, lost: &AtomicU64) {
    let mut batch = Vec::new();
    while let Ok(first) = receiver.recv() {
        let (mut lines, mut flushes) = (0, Vec::new());
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    batch.extend_from_slice(line.bytes());
                    lines += 1;
                }
                Message::Flush(answer) => flushes.push(answer),
            }
            next = (batch.len() < MAX_BATCH)
                .then(|| receiver.try_recv().ok())
                .flatten();
        }
        if lines > 0 {
            match output.write_all(&batch) {
                Ok(()) => {
                    let lost = lost.swap(0, Ordering::Relaxed);
                    if lost > 0 {
                        let note = format!("log lines missing here: {lost}\n");
                        // If that fails, the next batch reports it.
                        let _ = output.write_all(note.as_bytes());
                    }
                }
                Err(_) => {
                    lost.fetch_add(lines, Ordering::Relaxed);
                }
            }
        }
        batch.clear();
        batch.shrink_to(MAX_BATCH);
        for answer in flushes {
            // The caller of `flush` may have timed out.
            let _ = answer.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// An output that blocks until a test lets it continue.
    struct Gate {
        let_in: Receiver<io::Result<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Open once the test has dropped its end.
            self.let_in.recv().unwrap_or(Ok(()))?;
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Written = Arc<Mutex<Vec<u8>>>;

    fn gate() -> (Queue, Sender<io::Result<()>>, Written) {
        let (open, let_in) = channel();
        let written = Written::default();
        let gate = Gate {
            let_in,
            written: Arc::clone(&written),
        };
        (Queue::start("log", gate).unwrap(), open, written)
    }

    fn flush(queue: &Queue) {
        queue.flush(Instant::now() + Duration::from_secs(60));
    }

    fn text(written: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_place_that_hangs_costs_lines_and_never_time() {
        let (queue, open, written) = gate();
        let pushed = 3 * QUEUE_CAPACITY;
        // If a push blocked, this would never end: the gate is opened only after all of them.
        for number in 0..pushed {
            queue.push(Line::of(format!("line {number}").as_bytes()));
        }
        queue.flush(Instant::now());
        drop(open);
        flush(&queue);
        let text = text(&written);
        let kept = text.lines().filter(|line| line.starts_with("line ")).count();
        let missing: usize = text
            .lines()
            .filter_map(|line| line.strip_prefix("log lines missing here: "))
            .map(|lost| lost.parse::<usize>().unwrap())
            .sum();
        assert!(kept >= QUEUE_CAPACITY && missing > 0, "{kept}, {missing}");
        assert_eq!(kept + missing, pushed);
    }

    #[test]
    fn a_place_that_refuses_is_tried_again_with_the_next_line() {
        let (queue, open, written) = gate();
        open.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        queue.push(Line::of(b"one\n"));
        flush(&queue);
        drop(open);
        queue.push(Line::of(b"two\n"));
        flush(&queue);
        assert_eq!(text(&written), "two\nlog lines missing here: 1\n");
    }

    #[test]
    fn an_event_is_one_line_that_no_terminal_obeys() {
        let line = |event: &str| String::from_utf8(Line::of(event.as_bytes()).bytes().to_vec()).unwrap();
        assert_eq!(line("plain é\n"), "plain é\n");
        assert_eq!(
            line("a\nb\r\u{1b}[2J\u{202e}"),
            "a\\u000ab\\u000d\\u001b[2J\\u202e\n"
        );
        let long = line(&"é".repeat(MAX_LINE));
        assert_eq!(
            (long.len(), long.trim_end()),
            (MAX_LINE + 1, &*"é".repeat(MAX_LINE / 2))
        );
    }
}
