//! The user's languages.

/// In the order in which the user wants them, as the system has them; on Linux as the environment says (`LANGUAGE`,
/// `LC_ALL`, `LC_MESSAGES`, `LANG`).
pub fn languages() -> impl Iterator<Item = String> {
    sys_locale::get_locales()
}
