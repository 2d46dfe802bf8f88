//! Finding a field by its name in any spelling.

use serde_json::{Map, Value};

use super::kind::same_name;

/// An object with more fields than this is read by their exact names. What a person is notified of has some tens;
/// looking through hundreds of thousands for each of all the names takes seconds.
pub(super) const MAX_SPELLED_FIELDS: usize = 256;

/// The key of a field, exactly or in another spelling.
pub(super) fn find(object: &Map<String, Value>, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    if object.len() > MAX_SPELLED_FIELDS {
        return None;
    }
    object.keys().find(|key| same_name(key, name)).cloned()
}
