//! A hidden window, because these requests reach only windows, and the app's own is usually not there.

use std::ptr;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;
use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::System::Recovery::{RESTART_NO_REBOOT, RegisterApplicationRestart};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DispatchMessageW, GetMessageW, MSG, RegisterClassW, WM_CLOSE,
    WM_ENDSESSION, WM_QUERYENDSESSION, WNDCLASSW, WS_OVERLAPPED,
};
use windows_sys::core::w;

/// How long the end of the session waits for the app. Windows ends a program that takes five seconds.
const END_TIMEOUT: Duration = Duration::from_secs(2);

static ASKED: OnceLock<Notify> = OnceLock::new();

fn asked() -> &'static Notify {
    ASKED.get_or_init(Notify::new)
}

pub(super) async fn asked_to_end() {
    register_restart();
    let thread = thread::Builder::new().name("ending".to_owned()).spawn(receive);
    if let Err(error) = thread {
        tracing::warn!(%error, "no thread for requests to end; the app ends as at a crash");
    }
    asked().notified().await;
}

/// Has the Restart Manager start the app again that it ended for an upgrade, into the tray. After a restart of the
/// computer the entry for the login starts it.
fn register_restart() {
    // SAFETY: the text ends with a null and is never freed.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let result = unsafe { RegisterApplicationRestart(w!("--background"), RESTART_NO_REBOOT) };
    if result < 0 {
        tracing::warn!(result, "Windows will not start the app again after an upgrade");
    }
}

/// Creates the window and receives its messages, which only the thread that created it can.
fn receive() {
    // SAFETY: the texts end with a null and are never freed, the class is complete and outlives the call, the window's
    // function has the signature that Windows calls, and the messages are written before they are read.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    unsafe {
        let program = GetModuleHandleW(ptr::null());
        let name = w!("GloriaNotifyEnding");
        let class = WNDCLASSW {
            lpfnWndProc: Some(on_message),
            hInstance: program,
            lpszClassName: name,
            ..WNDCLASSW::default()
        };
        let registered = RegisterClassW(&raw const class) != 0;
        // Not one for messages only: those do not receive what is sent to all.
        let window = CreateWindowExW(
            0,
            name,
            name,
            WS_OVERLAPPED,
            0,
            0,
            0,
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            program,
            ptr::null(),
        );
        if !registered || window.is_null() {
            tracing::warn!("no window for requests to end; the app ends as at a crash");
            return;
        }
        let mut message = MSG::default();
        while GetMessageW(&raw mut message, ptr::null_mut(), 0, 0) > 0 {
            DispatchMessageW(&raw const message);
        }
    }
}

#[expect(unsafe_code, reason = "the system's own interface has no safe form")]
unsafe extern "system" fn on_message(
    window: HWND,
    message: u32,
    parameter: WPARAM,
    details: LPARAM,
) -> LRESULT {
    match message {
        WM_CLOSE => {
            asked().notify_one();
            0
        }
        // The app delays nothing: what it has not stored yet, the next start asks for again.
        WM_QUERYENDSESSION => 1,
        WM_ENDSESSION => {
            // Others may still prevent the end; then it is sent with 0.
            if parameter != 0 {
                asked().notify_one();
                // When this returns, Windows ends the process, unless it has ended by then.
                thread::sleep(END_TIMEOUT);
            }
            0
        }
        // SAFETY: the arguments are those of the call.
        other => unsafe { DefWindowProcW(window, other, parameter, details) },
    }
}
