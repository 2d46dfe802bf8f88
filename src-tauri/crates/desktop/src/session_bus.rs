//! What the desktop's session offers a tray icon.

#[cfg(target_os = "linux")]
#[path = "session_bus/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "session_bus/other.rs"]
mod system;

/// How the desktop reads the body of a notification, or a tooltip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyText {
    /// As it is.
    Plain,
    /// As markup, in which `&`, `<` and `>` must be escaped (as by the
    /// capability `body-markup` of the Desktop Notifications Specification).
    Markup,
}

impl BodyText {
    /// The text in the form that shows it as it is.
    pub fn of(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Markup => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
        }
    }
}

/// Blocks until the desktop has a place for tray icons; for ever where it never has. Where every desktop has one it
/// answers at once.
///
/// # Errors
///
/// In words, when the session cannot be asked.
pub fn wait_for_tray_host() -> Result<(), String> {
    system::wait_for_tray_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_as_it_was_written() {
        assert_eq!(BodyText::Markup.of("<b>R&D</b>"), "&lt;b&gt;R&amp;D&lt;/b&gt;");
        assert_eq!(BodyText::Plain.of("<b>"), "<b>");
    }
}
