//! What a program does first: its secrets leave the environment, which every child inherits, and its memory is not
//! written to disk when it crashes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::OnceLock;

#[cfg(unix)]
use crate::logs;

/// Variables that are this app's alone. All of them are taken out: a token, a proxy's password and a certificate's are
/// in some, and an address may hold one too.
const PREFIX: &str = "GLORIA_";

static TAKEN: OnceLock<HashMap<String, OsString>> = OnceLock::new();

/// To be called first in `main`, before there is another thread: takes the app's own variables out of the environment,
/// for [`variable`] to read, and forbids core dumps. Children, such as a browser and WebKit's processes, have neither.
pub fn begin() {
    forbid_core_dumps();
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let taken: HashMap<_, _> = all.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    for name in taken.keys() {
        erase(name);
        // SAFETY: no other thread reads the environment, for there is none yet.
        #[expect(
            unsafe_code,
            reason = "the environment has no safe way to take something out of it"
        )]
        unsafe {
            std::env::remove_var(name);
        }
    }
    // A second call takes what was set since then out as well, and nobody gets to read it.
    let _ = TAKEN.set(taken);
}

/// A variable of the environment, also one that [`begin`] took out.
pub fn variable(name: &str) -> Option<OsString> {
    let taken = TAKEN.get().and_then(|taken| taken.get(name)).cloned();
    taken.or_else(|| std::env::var_os(name))
}

/// As [`variable`], as text. What is no text has U+FFFD in it, which no setting takes: passed over, the variable would
/// be missed in silence.
pub fn text_variable(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}

/// Begins the program again in the place of this one, with these arguments and the environment that it was started
/// with. Its files are closed and its locks given up, as at an end. Returns only when that is not possible.
#[cfg(unix)]
pub fn begin_again(arguments: &[&str]) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;

    logs::flush(logs::FLUSH_TIMEOUT);
    match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program)
            .args(arguments)
            .envs(TAKEN.get().into_iter().flatten())
            .exec(),
        Err(error) => error,
    }
}

/// Starts the program once more, beside this one, with these arguments and nothing else of this process: neither its
/// own variables nor its streams, because a reader of those would wait for the new process to end.
///
/// # Errors
/// The system starts no process.
pub fn start_again(arguments: &[&str]) -> std::io::Result<()> {
    use std::process::{Command, Stdio};

    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    // Else it would stay in the table of processes for as long as this one lives.
    std::thread::Builder::new()
        .name("started-again".to_owned())
        .spawn(move || child.wait())?;
    Ok(())
}

/// Writes to the terminal that started the program, where one did. On Windows a program with windows has no terminal by
/// itself, and `--help` would show nothing.
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

/// A core dump holds the token and what was read, and it stays.
#[cfg(unix)]
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Core)
    };
    // To lower a limit is always allowed.
    let _ = setrlimit(Resource::Core, limit);
}

/// Windows writes none unless an administrator asks for them.
#[cfg(not(unix))]
fn forbid_core_dumps() {}

/// Overwrites the value where the system put it at the start: `/proc/PID/environ` shows that memory for ever, to
/// everything that runs as the same user.
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
