//! Finds items by words: folding, queries, the index, and the places of hits; and by the beginning of a key.
//!
//! Words are folded by this module before they reach the index and before they are looked for, so SQLite's own rules
//! decide nothing. Owns the tables `search`, `search_place` and `search_state`.

mod fold;
mod hits;
mod index;
mod keys;
mod query;
mod searches;
#[cfg(test)]
mod tests;

pub(super) use hits::{hits, matches};
pub(super) use index::{add_functions, expression, place, reset_if_foreign};
pub(super) use query::{Query, parse};
pub(super) use searches::Searches;
