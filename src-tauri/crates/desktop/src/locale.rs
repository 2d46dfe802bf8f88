//! The user's languages.

/// The user's languages in order of preference, from the system; on Linux from the environment (`LANGUAGE`, `LC_ALL`,
/// `LC_MESSAGES`, `LANG`).
pub fn languages() -> impl Iterator<Item = String> {
    sys_locale::get_locales()
}
