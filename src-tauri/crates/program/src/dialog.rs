//! A message dialog of the system, for a program that has no window. On Linux the shell uses GTK instead.

/// Shows the message, and on Windows waits until it is closed.
#[cfg(target_os = "windows")]
pub fn show_message(title: &str, text: &str) {
    use windows_sys::Win32::UI::WindowsAndMessaging::{MB_ICONERROR, MB_OK, MB_SETFOREGROUND, MessageBoxW};

    let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
    let (title, text) = (wide(title), wide(text));
    // SAFETY: both texts end with a null and live until the call returns; no window owns the dialog.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    unsafe {
        MessageBoxW(
            std::ptr::null_mut(),
            text.as_ptr(),
            title.as_ptr(),
            MB_OK | MB_ICONERROR | MB_SETFOREGROUND,
        );
    }
}

/// Shows the message, which stays after the program has ended.
#[cfg(target_os = "macos")]
pub fn show_message(title: &str, text: &str) {
    use objc2_core_foundation::{CFString, CFUserNotification, kCFUserNotificationStopAlertLevel};

    let (title, text) = (CFString::from_str(title), CFString::from_str(text));
    CFUserNotification::display_notice(
        0.0,
        kCFUserNotificationStopAlertLevel,
        None,
        None,
        None,
        Some(&title),
        Some(&text),
        None,
    );
}
