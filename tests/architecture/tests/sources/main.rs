//! What the compiler does not check of the sources: that no files import each other in a circle.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod circles;
mod graph;
mod modules;
mod scripts;
mod tokens;
