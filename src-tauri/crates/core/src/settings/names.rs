//! The names of settings.

use super::list::Key;

impl Key {
    /// The key of a name as files have it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.about().file == name)
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        self.about().file
    }

    /// The section and the name within it in a file.
    pub(super) fn section_and_name(self) -> (&'static str, &'static str) {
        self.name().split_once('.').unwrap_or(("", self.name()))
    }

    /// The name where systems keep an administrator's settings in one list without sections: `SoundsVolume`.
    pub fn system_name(self) -> String {
        let words = self.name().split(['.', '_']);
        words
            .filter_map(|word| {
                let (first, rest) = word.split_at_checked(1)?;
                Some(first.to_uppercase() + rest)
            })
            .collect()
    }

    /// The key of such a name. The systems themselves do not distinguish capitals from small letters.
    pub fn with_system_name(name: &str) -> Option<Self> {
        let mut keys = Self::ALL.iter().copied();
        keys.find(|key| key.system_name().eq_ignore_ascii_case(name))
    }

    /// The environment variable that overrides the files.
    pub fn variable(self) -> &'static str {
        self.about().variable
    }
}
