//! What the compiler does not check of the sources: that no files import each other in a circle, and that
//! names are the field's own.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod circles;
mod graph;
mod modules;
mod names;
mod scripts;
mod tokens;
