//! Finds a field by its name in any spelling.

use serde_json::{Map, Value};

use super::kind::same_name;

/// In an object with more fields, names must match exactly. Notifications have some tens; comparing hundreds of
/// thousands of fields with all known names would take seconds.
pub(super) const MAX_SPELLED_FIELDS: usize = 256;

/// The key of a field, spelled exactly or in another way.
pub(super) fn find(object: &Map<String, Value>, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    if object.len() > MAX_SPELLED_FIELDS {
        return None;
    }
    object.keys().find(|key| same_name(key, name)).cloned()
}
