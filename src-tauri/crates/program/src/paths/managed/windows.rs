//! Keys of the registry that standard users cannot write: the policy is where Group Policy and device management put
//! it, and the defaults are where the installer does.

use gloria_files::paths::{Managed, Source, SystemData, SystemValue};
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type, Value};

const POLICY: &str = r"Software\Policies\Gloria System\Gloria Notify";
const DEFAULTS: &str = r"Software\Gloria System\Gloria Notify";

const MACHINE_POLICY: &str = r"HKLM\Software\Policies\Gloria System\Gloria Notify";
const USER_POLICY: &str = r"HKCU\Software\Policies\Gloria System\Gloria Notify";
const MACHINE_DEFAULTS: &str = r"HKLM\Software\Gloria System\Gloria Notify";

/// `KEY_WOW64_64KEY`: the keys are the same for programs of 32 and 64 bits.
const SAME_FOR_ALL_PROGRAMS: u32 = 0x0100;

/// `ERROR_FILE_NOT_FOUND` as the system's functions return it.
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();

pub(in super::super) fn sources() -> Managed {
    Managed {
        defaults: Source::System {
            name: MACHINE_DEFAULTS,
            read: read_defaults,
        },
        policy: Source::System {
            name: MACHINE_POLICY,
            read: read_policy,
        },
    }
}

fn read_defaults(_names: &[String]) -> Result<Vec<SystemValue>, String> {
    values(LOCAL_MACHINE, DEFAULTS, MACHINE_DEFAULTS)
}

/// The computer's policy is stronger than the user's.
fn read_policy(_names: &[String]) -> Result<Vec<SystemValue>, String> {
    let mut found = values(LOCAL_MACHINE, POLICY, MACHINE_POLICY)?;
    found.extend(values(CURRENT_USER, POLICY, USER_POLICY)?);
    Ok(found)
}

/// The values of a key; none if there is no such key.
fn values(root: &Key, path: &str, place: &'static str) -> Result<Vec<SystemValue>, String> {
    let key = match root.options().read().access(SAME_FOR_ALL_PROGRAMS).open(path) {
        Ok(key) => key,
        Err(error) if error.code().0 == NOT_FOUND => return Ok(Vec::new()),
        Err(error) => return Err(error.message()),
    };
    let values = key.values().map_err(|error| error.message())?;
    // A key has a value without a name, which is nobody's.
    let named = values.filter(|(name, _)| !name.is_empty());
    Ok(named
        .map(|(name, value)| SystemValue {
            place,
            name,
            data: data(value),
        })
        .collect())
}

fn data(value: Value) -> SystemData {
    let read = match value.ty() {
        Type::U32 | Type::U64 => u64::try_from(value)
            .ok()
            .and_then(|number| i64::try_from(number).ok())
            .map(SystemData::Number),
        Type::String => String::try_from(value).ok().map(SystemData::Text),
        Type::MultiString => Vec::<String>::try_from(value).ok().map(|lines| {
            // The end of the list is an empty line.
            let lines = lines.into_iter().filter(|line| !line.is_empty());
            SystemData::List(lines.map(SystemData::Text).collect())
        }),
        // A text with variables in it would be the user's, who sets the variables.
        Type::ExpandString | Type::Bytes | Type::Other(_) => None,
    };
    read.unwrap_or(SystemData::Unsupported)
}
