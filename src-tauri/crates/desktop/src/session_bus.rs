//! The desktop session's support for tray icons.

#[cfg(target_os = "linux")]
#[path = "session_bus/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "session_bus/other.rs"]
mod system;

#[cfg(target_os = "linux")]
pub use system::connect;
#[cfg(target_os = "linux")]
pub(crate) use system::survey_tray_host;

/// How the desktop interprets the body of a notification, or a tooltip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyText {
    /// As plain text.
    Plain,
    /// As markup, in which `&`, `<` and `>` must be escaped (capability `body-markup` of the Desktop Notifications
    /// Specification).
    Markup,
}

impl BodyText {
    /// The text in the form that is shown unchanged.
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

/// Blocks until the desktop can show tray icons, possibly for ever. Returns at once on systems whose desktop always
/// can.
///
/// # Errors
///
/// When the session bus fails, with its message.
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
