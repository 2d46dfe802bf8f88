//! Any bytes, cut anywhere, read the same as in one piece, and nothing panics.
//!
//! Run it with cargo-fuzz and a nightly toolchain, from the folder `tests`:
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir fuzz parser
//! ```
//!
//! That it compiles can be checked with the project's own toolchain, from the top folder:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo build --manifest-path tests/fuzz/Cargo.toml
//! ```
//!
//! The committed corpus is replayed by `gloria-stream`'s own tests. An input that found a defect is added to it under
//! a name that says what it is.

#![no_main]

use gloria_stream::{Item, Limits, Overflow, Parser};
use libfuzzer_sys::fuzz_target;

/// Small enough for the fuzzer to reach.
const LIMITS: Limits = Limits { line: 64, event: 96, id: 8 };

fn read<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    skipping: bool,
) -> (Vec<Item>, Result<(), Overflow>, String) {
    let mut parser = Parser::new(LIMITS, "");
    if skipping {
        parser = parser.skip_oversized();
    }
    let mut items = Vec::new();
    let result = chunks.into_iter().try_for_each(|chunk| parser.feed(chunk, |item| items.push(item)));
    (items, result, parser.last_event_id().to_string())
}

fuzz_target!(|stream: &[u8]| {
    for skipping in [false, true] {
        let whole = read([stream], skipping);
        for size in [1, 2, 3, 5, 17] {
            assert_eq!(read(stream.chunks(size), skipping), whole, "in {size}s");
        }
        for (_, data, id) in whole.0.iter().filter_map(|item| match item {
            Item::Frame(frame) => Some((&frame.event, &frame.data, &frame.id)),
            Item::Retry(_) | Item::Skipped { .. } => None,
        }) {
            // A byte that is not UTF-8 becomes a character of three.
            assert!(data.len() <= 3 * LIMITS.event && id.len() <= LIMITS.id);
        }
    }
});
