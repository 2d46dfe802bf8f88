//! The user's languages, and the texts of the first available one.

use gloria_words::{Words, Zone};

/// Returns the app's texts for this user, with times of the system's clock.
pub fn words() -> Words {
    #[cfg(target_os = "linux")]
    let languages = of_environment(crate::process::text_variable);
    #[cfg(not(target_os = "linux"))]
    let languages = sys_locale::get_locales();
    Words::load(languages, Zone::System)
}

/// Returns the user's languages in order, like gettext: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set
/// determines the locale, and those of `LANGUAGE` come before it. With the locale `C` there are none, whatever
/// `LANGUAGE` contains, because scripts set it to get untranslated texts.
#[cfg(any(target_os = "linux", test))]
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
    let Some(locale) = locale.filter(|locale| !["C", "POSIX"].contains(&locale.as_str())) else {
        return Vec::new();
    };
    let preferred = set("LANGUAGE").unwrap_or_default();
    let preferred = preferred.split(':').filter(|language| !language.is_empty());
    preferred.map(str::to_owned).chain([locale]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables, and the languages that they request.
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

    #[test]
    fn the_languages_are_those_that_gettext_would_take() {
        let table: [Case; 12] = [
            (&[], &[]),
            (&[("LANG", "de_AT.UTF-8")], &["de_AT.UTF-8"]),
            (&[("LANG", ""), ("LC_ALL", "")], &[]),
            (&[("LANG", "fr_FR"), ("LC_MESSAGES", "de_DE")], &["de_DE"]),
            (
                &[("LANG", "fr_FR"), ("LC_ALL", "de_DE"), ("LC_MESSAGES", "it_IT")],
                &["de_DE"],
            ),
            (&[("LANG", "fr_FR"), ("LC_ALL", "C")], &[]),
            (&[("LANG", "fr_FR"), ("LC_ALL", "POSIX"), ("LANGUAGE", "de")], &[]),
            (&[("LANG", "fr_FR"), ("LC_ALL", ""), ("LANGUAGE", "")], &["fr_FR"]),
            (
                &[("LANG", "fr_FR"), ("LANGUAGE", ":de::en:")],
                &["de", "en", "fr_FR"],
            ),
            (&[("LANGUAGE", "de")], &[]),
            (&[("LANG", "C.UTF-8"), ("LANGUAGE", "de")], &["de", "C.UTF-8"]),
            (&[("LC_TIME", "de_DE")], &[]),
        ];
        for (variables, languages) in table {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(of_environment(variable), languages, "{variables:?}");
        }
    }

    #[test]
    fn a_locale_that_is_none_is_english_and_no_panic() {
        for locale in [
            "xx_YY.UTF-8",
            "\u{fffd}",
            "de_",
            "-",
            "@",
            ".UTF-8",
            &"a_".repeat(5000),
            &"x:".repeat(5000),
        ] {
            for name in ["LANG", "LANGUAGE"] {
                let languages = of_environment(|asked| match asked {
                    "LANG" if name == "LANGUAGE" => Some("xx".to_owned()),
                    _ => (asked == name).then(|| locale.to_owned()),
                });
                let words = Words::load(languages, Zone::utc());
                assert_eq!(words.language().to_string(), "en", "{name}={locale:.20}");
            }
        }
    }
}
