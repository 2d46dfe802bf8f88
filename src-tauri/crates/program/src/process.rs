//! First steps of a program: removes its secrets from the environment, which every child inherits, and disables core
//! dumps.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::OnceLock;

#[cfg(unix)]
use crate::logs;

/// The prefix of this app's own variables. All of them are removed: some contain a token or the password of a proxy or
/// a certificate, and an address may contain one too.
const PREFIX: &str = "GLORIA_";

/// The last one of the standard streams.
#[cfg(unix)]
const STDERR: i32 = 2;

static REMOVED: OnceLock<HashMap<String, OsString>> = OnceLock::new();

/// Must be called first in `main`, before there is another thread: removes the app's own variables from the
/// environment, where [`variable`] still finds them, and disables core dumps. Children, such as a browser and WebKit's
/// processes, inherit both.
pub fn begin() {
    forbid_core_dumps();
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let taken: HashMap<_, _> = all.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    for name in taken.keys() {
        erase(name);
        // SAFETY: no other thread can read the environment, because there is none yet.
        #[expect(
            unsafe_code,
            reason = "the environment has no safe way to take something out of it"
        )]
        unsafe {
            std::env::remove_var(name);
        }
    }
    // Variables that were set since the first call are removed too, and cannot be read.
    let _ = REMOVED.set(taken);
}

/// Whether a closed terminal is to end this program: not where `nohup` started it. Where the system does not say that,
/// the system itself ends the program.
#[cfg(unix)]
pub fn ends_with_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.is_ok_and(|status| ignores_hangup(&status) == Some(false))
}

/// Whether a process ignores SIGHUP, by its status in Linux's `/proc`.
#[cfg(unix)]
fn ignores_hangup(status: &str) -> Option<bool> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // The lowest bit is that of signal 1.
    Some(ignored & 1 == 1)
}

/// An environment variable, even one that [`begin`] removed.
pub fn variable(name: &str) -> Option<OsString> {
    let taken = REMOVED.get().and_then(|taken| taken.get(name)).cloned();
    taken.or_else(|| std::env::var_os(name))
}

/// The variables that [`begin`] removed, for a program of this app that is started by this one.
pub fn own_variables() -> impl Iterator<Item = (&'static String, &'static OsString)> {
    REMOVED.get().into_iter().flatten()
}

/// Like [`variable`], as text. Invalid UTF-8 becomes U+FFFD, which no setting accepts, so that the user gets an error;
/// ignoring the variable would hide the mistake.
pub fn text_variable(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}

/// Where this program is installed, also after another version took its place.
///
/// # Errors
/// When the system does not say it.
#[cfg(unix)]
pub fn installed_program() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe().map(installed)
}

/// The installed path of the program that runs: the system adds to it that its file was deleted, also when another
/// took its place.
#[cfg(unix)]
fn installed(running: std::path::PathBuf) -> std::path::PathBuf {
    let suffix = " (deleted)";
    match running.file_name().and_then(std::ffi::OsStr::to_str) {
        Some(name) if !running.exists() => match name.strip_suffix(suffix) {
            Some(name) => running.with_file_name(name),
            None => running,
        },
        Some(_) | None => running,
    }
}

/// Replaces this process by a new run of the program with these arguments and the original environment. Files are
/// closed and locks released as at the end of a process. Returns only on failure.
#[cfg(unix)]
pub fn replace_process(arguments: &[&str]) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;

    logs::flush(logs::FLUSH_TIMEOUT);
    close_files_at_exec();
    match installed_program() {
        Ok(program) => std::process::Command::new(program)
            .args(arguments)
            .envs(REMOVED.get().into_iter().flatten())
            .exec(),
        Err(error) => error,
    }
}

/// Marks all open files but the standard streams to be closed in children and in the next run of a program in this
/// process. Libraries open some without this mark (netwatcher a socket and a pipe), and without this each run would
/// leave them to the next one.
#[cfg(target_os = "linux")]
pub fn close_files_at_exec() {
    use rustix::io::{FdFlags, fcntl_setfd};
    use std::os::fd::BorrowedFd;

    let Ok(open) = std::fs::read_dir("/proc/self/fd") else {
        return tracing::debug!("the open files are not listed; children may inherit some");
    };
    let numbers: Vec<i32> = open
        .filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for number in numbers.into_iter().filter(|number| *number > STDERR) {
        // SAFETY: the number is not -1. If the file was closed meanwhile, the system says so, and nothing happens;
        // another one in its place gets the mark, which all files should have.
        #[expect(
            unsafe_code,
            reason = "the files of libraries are known by their numbers alone"
        )]
        let open = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(open, FdFlags::CLOEXEC);
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn close_files_at_exec() {}

/// Leaves a file open for the next run of a program in this process, which finds it by this number.
///
/// # Errors
/// When the system refuses.
#[cfg(unix)]
pub fn leave_open(file: &std::os::fd::OwnedFd) -> std::io::Result<i32> {
    use std::os::fd::AsRawFd as _;

    rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())?;
    Ok(file.as_raw_fd())
}

/// The open file with this number that the run before left by [`leave_open`]. `None` if there is none: what this run
/// has opened is marked to be closed by the next one, and is not taken for it.
#[cfg(unix)]
pub fn inherited(number: i32) -> Option<std::os::fd::OwnedFd> {
    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
    use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd};

    if number <= STDERR {
        return None;
    }
    // SAFETY: the number is not -1, and the system says whether it is that of an open file.
    #[expect(unsafe_code, reason = "a number that was passed on is a file in no safe way")]
    let open = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(open).ok()?;
    if flags.contains(FdFlags::CLOEXEC) {
        return None;
    }
    fcntl_setfd(open, flags | FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, nothing in this run has opened it, and it is taken only once: it has the flag now.
    #[expect(unsafe_code, reason = "a number that was passed on is a file in no safe way")]
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Starts the program again next to this process with these arguments. It inherits neither the app's own variables nor
/// the standard streams, because a reader of those would wait for the new process to end.
///
/// # Errors
/// When the system cannot start a process.
pub fn spawn_again(arguments: &[&str]) -> std::io::Result<()> {
    use std::process::{Command, Stdio};

    #[cfg(unix)]
    close_files_at_exec();
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    // Otherwise it would stay a zombie while this process lives.
    std::thread::Builder::new()
        .name("started-again".to_owned())
        .spawn(move || child.wait())?;
    Ok(())
}

/// Attaches to the terminal that started the program, if there is one. On Windows a GUI program has no terminal, so
/// that `--help` would show nothing.
pub fn use_parent_console() {
    #[cfg(target_os = "windows")]
    {
        use windows_sys::Win32::System::Console::{ATTACH_PARENT_PROCESS, AttachConsole};

        // SAFETY: no pointers are passed. It fails where the parent has no console, and changes nothing then.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        unsafe {
            AttachConsole(ATTACH_PARENT_PROCESS);
        }
    }
}

/// The AppUserModelID, with which installers register the app. It is the identifier in tauri.conf.json, by which
/// notifications are shown.
#[cfg(target_os = "windows")]
const APP_ID: &str = "com.gloriasystem.notify";

/// Tells Windows which app the process belongs to: by that it groups windows, and finds name and picture of a
/// notification. Otherwise a program that was started without its entry of the Start menu would be an app of its own.
pub fn use_app_id() {
    #[cfg(target_os = "windows")]
    {
        use windows_sys::Win32::UI::Shell::SetCurrentProcessExplicitAppUserModelID;

        let id: Vec<u16> = APP_ID.encode_utf16().chain([0]).collect();
        // SAFETY: the text ends with a null and outlives the call, which copies it.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let result = unsafe { SetCurrentProcessExplicitAppUserModelID(id.as_ptr()) };
        if result < 0 {
            tracing::warn!(result, "Windows does not take the app's id");
        }
    }
}

/// A core dump would contain the token and notifications, and stay on the disk.
#[cfg(unix)]
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Core)
    };
    // Lowering a limit is always allowed.
    let _ = setrlimit(Resource::Core, limit);
}

/// Windows writes none unless an administrator enables them.
#[cfg(not(unix))]
fn forbid_core_dumps() {}

/// Overwrites the value where the system put it at the start: every process of the same user can read that memory in
/// `/proc/PID/environ`.
#[cfg(target_os = "linux")]
fn erase(name: &str) {
    use std::ffi::{CStr, CString, c_char};

    #[expect(unsafe_code, reason = "only the C library says where the value is")]
    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *mut c_char;
    }

    let Ok(name) = CString::new(name) else { return };
    // SAFETY: the name ends with a null; no other thread changes the environment meanwhile, for there is none; what is
    // found is writable memory of this process and is written within its length.
    #[expect(unsafe_code, reason = "only the C library says where the value is")]
    unsafe {
        let value = getenv(name.as_ptr());
        if !value.is_null() {
            let length = CStr::from_ptr(value).to_bytes().len();
            std::ptr::write_bytes(value, 0, length);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn erase(_: &str) {}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_nohup_started_goes_on_without_its_terminal() {
        let status =
            |ignored: &str| format!("Name:\tgloria\nSigBlk:\t0000000000000001\nSigIgn:\t{ignored}\n");
        assert_eq!(ignores_hangup(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hangup(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hangup(&status("")), None);
        assert_eq!(ignores_hangup(""), None);
    }

    /// Locked by tests that leave files open: the marks of files belong to the process.
    static LEAVING: Mutex<()> = Mutex::new(());

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_is_left_open_afterwards_reaches_the_next_run() {
        use rustix::io::{FdFlags, fcntl_getfd};
        use std::os::fd::OwnedFd;

        let _turn = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        let [of_library, left] = [(); 2].map(|()| OwnedFd::from(tempfile::tempfile().expect("a file")));
        leave_open(&of_library).expect("opened without the mark");
        close_files_at_exec();
        leave_open(&left).expect("left open");
        let flags = |file| fcntl_getfd(file).expect("open");
        assert_eq!(
            (flags(&of_library), flags(&left)),
            (FdFlags::CLOEXEC, FdFlags::empty())
        );
    }

    #[test]
    fn a_file_that_was_left_open_is_found_once_and_no_other_is() {
        use std::os::fd::{IntoRawFd as _, OwnedFd};

        let _turn = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
        let own = OwnedFd::from(tempfile::tempfile().expect("a file"));
        let left = OwnedFd::from(tempfile::tempfile().expect("a file"));
        let number = leave_open(&left).expect("left open");
        assert_eq!(left.into_raw_fd(), number);
        let found = inherited(number).expect("it is there");
        assert!(inherited(number).is_none(), "taken");
        drop(found);
        assert!(inherited(number).is_none(), "closed");
        assert!(inherited(own.into_raw_fd()).is_none(), "opened by this run");
        assert!(inherited(2).is_none() && inherited(-1).is_none() && inherited(i32::MAX).is_none());
    }

    #[test]
    fn the_installed_path_is_not_that_of_a_deleted_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("gloria");
        assert_eq!(installed(folder.path().join("gloria (deleted)")), program);
        let odd = folder.path().join("odd (deleted)");
        fs::write(&odd, "").expect("written");
        assert_eq!(installed(odd.clone()), odd);
    }
}
