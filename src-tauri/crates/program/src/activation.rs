//! The desktop's information about the click that started this process.

/// Returns the token with which a window may come to the front, if the desktop provided one: that of Wayland, or else
/// that of X11.
pub fn activation_token() -> Option<String> {
    token_from(|name| std::env::var(name).ok())
}

fn token_from(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"]
        .iter()
        .find_map(|name| variable(name).filter(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_wayland_is_preferred_and_an_empty_one_is_none() {
        let both = |name: &str| Some(name.to_owned());
        assert_eq!(token_from(both).as_deref(), Some("XDG_ACTIVATION_TOKEN"));
        let empty = |name: &str| Some(if name.starts_with('X') { "" } else { "x11" }.to_owned());
        assert_eq!(token_from(empty).as_deref(), Some("x11"));
        assert_eq!(token_from(|_| Some(String::new())), None);
        assert_eq!(token_from(|_| None), None);
    }
}
