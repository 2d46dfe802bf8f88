//! What the command line says.

/// What a start asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Into the tray.
    InTray,
    /// With the window open.
    WithWindow,
}

/// The first start goes into the tray unless it says `--open`.
pub(crate) fn first_start<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Start {
    let open = arguments
        .into_iter()
        .any(|argument| argument.as_ref() == "--open");
    if open { Start::WithWindow } else { Start::InTray }
}

/// Whoever starts the app again wants to see it, except for the system at login.
pub(crate) fn second_start<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Start {
    let background = arguments
        .into_iter()
        .any(|argument| argument.as_ref() == "--background");
    if background {
        Start::InTray
    } else {
        Start::WithWindow
    }
}
