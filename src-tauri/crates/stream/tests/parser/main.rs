//! The parser against the standard: individual facts, any input in any chunking, its limits, and two reference parsers.

mod corpus;
mod limits;
mod properties;
mod reference;
mod vectors;

use gloria_stream::{Frame, Item, Limits, Overflow, Parser};

/// The result of a stream, in a form that a failed assertion prints completely.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Seen {
    /// Type, data and last event id of each event.
    events: Vec<(String, String, String)>,
    /// Reconnection times, in milliseconds.
    retries: Vec<u64>,
    last_id: String,
}

impl Seen {
    fn take(&mut self, item: Item) {
        match item {
            Item::Frame(Frame { event, data, id }) => {
                self.events.push((event.to_string(), data, id.to_string()))
            }
            Item::Retry(time) => self
                .retries
                .push(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            Item::Skipped { .. } => panic!("only a parser that was asked to skip skips"),
        }
    }
}

/// Parses a stream in these chunks.
fn read_chunks<'a>(
    limits: Limits,
    last_id: &str,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Seen, Result<(), Overflow>) {
    let mut parser = Parser::new(limits, last_id);
    let mut seen = Seen::default();
    let mut result = Ok(());
    for chunk in chunks {
        result = parser.feed(chunk, |item| seen.take(item));
        if result.is_err() {
            break;
        }
    }
    seen.last_id = parser.last_event_id().to_string();
    (seen, result)
}

/// Parses a stream in one chunk and within the default limits.
fn read(stream: &[u8], last_id: &str) -> Seen {
    let (seen, result) = read_chunks(Limits::default(), last_id, [stream]);
    assert_eq!(result, Ok(()));
    seen
}
