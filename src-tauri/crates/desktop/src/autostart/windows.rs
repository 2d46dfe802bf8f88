//! The keys `Run` of the registry. The decisions are in `run_key`.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use gloria_core::ports::Autostart;
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type};

use super::run_key::{self, Change, DISAPPROVED, Entry, Seen};

/// The entry's name, which the installers' entry has as well.
const ENTRY: &str = "com.gloriasystem.notify";

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";

/// Where the user's mark is.
const LOGIN: &str = r"Software\Gloria System\Gloria Notify\Login";
const DECLINED: &str = "Declined";

/// `KEY_WOW64_64KEY`: the keys are the same for programs of 32 and 64 bits.
const SAME_FOR_ALL_PROGRAMS: u32 = 0x0100;

/// The user's entry and that of the computer.
#[derive(Debug)]
pub struct LoginEntry {
    program: PathBuf,
}

impl LoginEntry {
    /// The entries of this user. `program` is what the user's own entry starts.
    pub fn find(_: impl Fn(&str) -> Option<OsString>, program: PathBuf) -> Self {
        Self { program }
    }

    /// Whether a start at login has to end at once because the user has switched it off.
    pub fn is_declined(&self) -> bool {
        let seen = seen();
        seen.is_declined && !seen.is_on()
    }
}

impl Autostart for LoginEntry {
    fn is_on(&self) -> Option<bool> {
        Some(seen().is_on())
    }

    fn set(&self, on: bool) -> io::Result<()> {
        for change in seen().changes(on) {
            self.carry_out(change)
                .map_err(|error| io::Error::from_raw_os_error(error.code().0 & 0xffff))?;
        }
        Ok(())
    }
}

impl LoginEntry {
    fn carry_out(&self, change: Change) -> windows_registry::Result<()> {
        match change {
            Change::Write => {
                let command = run_key::command(&self.program.to_string_lossy());
                CURRENT_USER.create(RUN)?.set_string(ENTRY, command)
            }
            Change::Approve => remove(APPROVED, ENTRY),
            Change::Disapprove => CURRENT_USER
                .create(APPROVED)?
                .set_bytes(ENTRY, Type::Bytes, &DISAPPROVED),
            Change::Decline => CURRENT_USER.create(LOGIN)?.set_u32(DECLINED, 1),
            Change::Accept => remove(LOGIN, DECLINED),
        }
    }
}

/// Removes a value of the user's, if it is there.
fn remove(path: &str, name: &str) -> windows_registry::Result<()> {
    let key = CURRENT_USER.create(path)?;
    match key.get_type(name) {
        Ok(_) => key.remove_value(name),
        Err(_) => Ok(()),
    }
}

fn seen() -> Seen {
    Seen {
        own: entry(CURRENT_USER),
        machine: entry(LOCAL_MACHINE),
        is_declined: open(CURRENT_USER, LOGIN).is_some_and(|key| key.get_u32(DECLINED) == Ok(1)),
    }
}

fn entry(root: &Key) -> Entry {
    let exists = open(root, RUN).is_some_and(|key| key.get_type(ENTRY).is_ok());
    let approval = open(root, APPROVED).and_then(|key| key.get_value(ENTRY).ok());
    Entry::of(exists, approval.as_deref())
}

fn open(root: &Key, path: &str) -> Option<Key> {
    root.options()
        .read()
        .access(SAME_FOR_ALL_PROGRAMS)
        .open(path)
        .ok()
}
