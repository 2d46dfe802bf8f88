//! What is known of a setting beside its value.

/// Names, lock and documentation of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Section and name in the files, separated by a dot.
    pub file: &'static str,
    /// The environment variable that overrides the files.
    pub variable: &'static str,
    /// Whether a policy can enforce it.
    pub lockable: bool,
    /// A valid value in TOML, for the examples of policies.
    pub example: &'static str,
    /// The default, as Markdown for docs/admin.md.
    pub shown: &'static str,
    /// The description, as Markdown for docs/admin.md.
    pub doc: &'static str,
}
