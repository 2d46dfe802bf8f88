//! Keys of the registry that standard users cannot write: the policy is where Group Policy and device management put
//! it, and the defaults are where the installer does. An installation for one person has its defaults in that person's
//! part of the registry, below the computer's.

use gloria_files::paths::{Managed, Source, SystemData, SystemValue};
use windows_registry::{CURRENT_USER, LOCAL_MACHINE, Type, Value};

use super::registry::{self, DEFAULTS, Hive, POLICY, Place};

/// `KEY_WOW64_64KEY`: the keys are the same for programs of 32 and 64 bits.
const SAME_FOR_ALL_PROGRAMS: u32 = 0x0100;

/// `ERROR_FILE_NOT_FOUND` as the system's functions return it.
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();

pub(in super::super) fn sources() -> Managed {
    Managed {
        defaults: Source::System {
            name: DEFAULTS[0].name,
            read: |_| registry::read(&DEFAULTS, values),
        },
        policy: Source::System {
            name: POLICY[0].name,
            read: |_| registry::read(&POLICY, values),
        },
    }
}

/// The values of a key; none if there is no such key.
fn values(place: Place) -> Result<Vec<SystemValue>, String> {
    let root = match place.hive {
        Hive::Machine => LOCAL_MACHINE,
        Hive::User => CURRENT_USER,
    };
    let key = match root
        .options()
        .read()
        .access(SAME_FOR_ALL_PROGRAMS)
        .open(place.path)
    {
        Ok(key) => key,
        Err(error) if error.code().0 == NOT_FOUND => return Ok(Vec::new()),
        Err(error) => return Err(error.message()),
    };
    let values = key.values().map_err(|error| error.message())?;
    // A key has a value without a name, which is nobody's.
    let named = values.filter(|(name, _)| !name.is_empty());
    Ok(named
        .map(|(name, value)| SystemValue {
            place: place.name,
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
