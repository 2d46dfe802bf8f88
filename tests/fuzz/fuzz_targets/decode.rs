//! Whatever a server sends is read without a panic, and what comes of it fits a screen, a terminal and a database.
//!
//! It runs as the parser's target does, with `decode` for `parser`. The first line of an input is the event's type, the
//! rest its data. The committed corpus is replayed by `gloria-core`'s own tests.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../src-tauri/crates/core/tests/decode/anything.rs"]
mod anything;

fuzz_target!(|input: &[u8]| anything::read(input));
