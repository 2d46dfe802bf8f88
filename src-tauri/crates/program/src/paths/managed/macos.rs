//! Preferences: those that a configuration profile forces are the policy, those of the computer are the defaults.

use gloria_files::paths::{Managed, Source, SystemData, SystemValue};
use objc2_core_foundation::{
    CFArray, CFBoolean, CFNumber, CFPreferencesAppSynchronize, CFPreferencesAppValueIsForced,
    CFPreferencesCopyAppValue, CFPreferencesCopyValue, CFPropertyList, CFString, CFType,
    kCFPreferencesAnyUser, kCFPreferencesCurrentHost,
};

/// The domain of the preferences, which is the payload's type in a profile.
const DOMAIN: &str = "com.gloriasystem.notify";

/// Where administrators find what a profile forces.
const POLICY: &str = "/Library/Managed Preferences/com.gloriasystem.notify.plist";

/// Where `defaults write /Library/Preferences/com.gloriasystem.notify` puts defaults.
const DEFAULTS: &str = "/Library/Preferences/com.gloriasystem.notify.plist";

pub(in super::super) fn sources() -> Managed {
    Managed {
        defaults: Source::System {
            name: DEFAULTS,
            read: read_defaults,
        },
        policy: Source::System {
            name: POLICY,
            read: read_policy,
        },
    }
}

fn read_defaults(names: &[String]) -> Result<Vec<SystemValue>, String> {
    let domain = CFString::from_static_str(DOMAIN);
    // SAFETY: they are constants of the framework.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let (user, host) = unsafe { (kCFPreferencesAnyUser, kCFPreferencesCurrentHost) };
    Ok(values(names, DEFAULTS, |name| {
        CFPreferencesCopyValue(name, &domain, user, host).map(|value| data(&value))
    }))
}

fn read_policy(names: &[String]) -> Result<Vec<SystemValue>, String> {
    let domain = CFString::from_static_str(DOMAIN);
    // Without this, values stay as they were when the process first asked.
    CFPreferencesAppSynchronize(&domain);
    Ok(values(names, POLICY, |name| {
        let is_forced = CFPreferencesAppValueIsForced(name, &domain);
        let value = is_forced
            .then(|| CFPreferencesCopyAppValue(name, &domain))
            .flatten()?;
        Some(data(&value))
    }))
}

fn values(
    names: &[String],
    place: &'static str,
    read: impl Fn(&CFString) -> Option<SystemData>,
) -> Vec<SystemValue> {
    let value = |name: &String| {
        Some(SystemValue {
            place,
            name: name.clone(),
            data: read(&CFString::from_str(name))?,
        })
    };
    names.iter().filter_map(value).collect()
}

fn data(value: &CFPropertyList) -> SystemData {
    if let Some(text) = value.downcast_ref::<CFString>() {
        SystemData::Text(text.to_string())
    } else if let Some(value) = value.downcast_ref::<CFBoolean>() {
        SystemData::Boolean(value.as_bool())
    } else if let Some(number) = value.downcast_ref::<CFNumber>() {
        // A fraction is no value of any setting.
        let whole = number.as_i64().filter(|_| !number.is_float_type());
        whole.map_or(SystemData::Unsupported, SystemData::Number)
    } else if let Some(values) = value.downcast_ref::<CFArray>() {
        // SAFETY: a property list's array contains property lists.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let values = unsafe { values.cast_unchecked::<CFType>() };
        SystemData::List(values.to_vec().iter().map(|value| data(value)).collect())
    } else {
        SystemData::Unsupported
    }
}
