//! Requests to end that Windows sends to windows: of the Restart Manager, by which installers replace a program that
//! runs, of `taskkill`, and at the end of the session.

#[cfg(target_os = "windows")]
mod windows;

/// Returns when the system asks the app to end other than by a signal, which only Windows does. Only the first call
/// is answered.
pub async fn asked_to_end() {
    #[cfg(target_os = "windows")]
    windows::asked_to_end().await;
    #[cfg(not(target_os = "windows"))]
    std::future::pending::<()>().await;
}
