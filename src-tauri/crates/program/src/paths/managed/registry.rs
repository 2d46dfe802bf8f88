//! Which keys of Windows's registry are read, and which is stronger: core uses the first of two values.

use gloria_files::paths::SystemValue;

/// Where a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hive {
    /// The computer's, which only administrators write.
    Machine,
    /// That of the user who is signed in.
    User,
}

/// A key of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) hive: Hive,
    pub(super) path: &'static str,
    /// What administrators call it.
    pub(super) name: &'static str,
}

/// The policies. The computer's is stronger, as everywhere on Windows.
pub(super) const POLICY: [Place; 2] = [
    Place {
        hive: Hive::Machine,
        path: r"Software\Policies\Gloria System\Gloria Notify",
        name: r"HKLM\Software\Policies\Gloria System\Gloria Notify",
    },
    Place {
        hive: Hive::User,
        path: r"Software\Policies\Gloria System\Gloria Notify",
        name: r"HKCU\Software\Policies\Gloria System\Gloria Notify",
    },
];

/// The defaults. An installation for the computer writes the first, one for a person the second: who installs it for
/// themselves does not replace what the administrator chose. Users' own settings are above both.
pub(super) const DEFAULTS: [Place; 2] = [
    Place {
        hive: Hive::Machine,
        path: r"Software\Gloria System\Gloria Notify",
        name: r"HKLM\Software\Gloria System\Gloria Notify",
    },
    Place {
        hive: Hive::User,
        path: r"Software\Gloria System\Gloria Notify",
        name: r"HKCU\Software\Gloria System\Gloria Notify",
    },
];

/// The values of these places, in their order.
///
/// # Errors
/// When one cannot be read: without it, a weaker place would decide what it decides.
pub(super) fn read(
    places: &[Place],
    values: impl Fn(Place) -> Result<Vec<SystemValue>, String>,
) -> Result<Vec<SystemValue>, String> {
    let mut found = Vec::new();
    for place in places {
        found.extend(values(*place)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use gloria_files::paths::SystemData;

    use super::*;

    fn value(place: Place) -> SystemValue {
        SystemValue {
            place: place.name,
            name: "ApiUrl".to_owned(),
            data: SystemData::Text(place.name.to_owned()),
        }
    }

    #[test]
    fn the_computers_values_come_before_the_users_and_policies_are_apart_from_defaults() {
        for (places, name) in [(POLICY, "Policies"), (DEFAULTS, "Gloria System")] {
            let found = read(&places, |place| Ok(vec![value(place)])).unwrap();
            let hives: Vec<_> = found.iter().map(|value| &value.place[..4]).collect();
            assert_eq!(hives, ["HKLM", "HKCU"]);
            for place in places {
                assert_eq!(place.name[5..], *place.path, "it is called what it is");
                assert!(place.path.starts_with(&format!(r"Software\{name}")));
            }
        }
    }

    #[test]
    fn a_place_that_cannot_be_read_is_an_error_and_not_the_next_ones_turn() {
        for broken in POLICY {
            let read = read(&POLICY, |place| {
                if place == broken {
                    Err("denied".to_owned())
                } else {
                    Ok(vec![value(place)])
                }
            });
            assert_eq!(read, Err("denied".to_owned()));
        }
    }
}
