//! Messages of Gloria Notify to users, as codes with parameters, and the table of characters that are unfit for
//! display. It has no dependencies in the workspace, so every program can use it, with or without a core.

pub mod characters;
pub mod message;

/// Capitalizes the first letter.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
