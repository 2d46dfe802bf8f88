//! What Gloria Notify says to people, as codes with parameters, and which characters of texts from elsewhere are fit
//! for a screen. Below everything else, so that every program has it, with or without a core.

pub mod characters;
pub mod message;

/// Words as the beginning of a sentence.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
