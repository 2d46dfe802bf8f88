//! The README's table of settings, which is made from the list.

use super::list::Key;

/// Where it stands.
const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../README.md");

/// Set to any value to write the table instead of checking it.
const REGENERATE: &str = "GLORIA_REGENERATE";

const BEGIN: &str = "<!-- Made from the list of settings by `cargo xtask protocol`. -->\n\n";
const END: &str = "\n<!-- The end of what is made. -->";

/// Variables of the environment that are no settings.
const OTHERS: [(&str, &str, &str); 3] = [
    (
        "GLORIA_TOKEN",
        "—",
        "a token instead of the keyring's, for one server: see below",
    ),
    (
        "GLORIA_HOME",
        "—",
        "one folder for all files; for a second profile, tests and portable use. It moves nothing of the \
         administrator's",
    ),
    (
        "GLORIA_LOG",
        "`info`",
        "what is logged beyond that, as in `gloria_stream=debug`; it goes to stderr as well, whatever that is",
    ),
];

fn table() -> String {
    let mut table =
        String::from("| file | environment | default | what it is |\n| --- | --- | --- | --- |\n");
    for key in Key::ALL {
        let about = key.about();
        table += &format!(
            "| `{}` | `{}` | {} | {} |\n",
            about.file, about.variable, about.shown, about.doc
        );
    }
    for (variable, default, doc) in OTHERS {
        table += &format!("| — | `{variable}` | {default} | {doc} |\n");
    }
    table
}

#[test]
fn the_readmes_table_is_current() {
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the table's beginning");
    let (found, after) = rest.split_once(END).expect("the table's end");
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(README, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(found == table(), "README.md is stale: run `cargo xtask protocol`");
}

/// The default as the table shows it is the one that holds.
#[test]
fn each_default_that_is_shown_is_the_programs() {
    use super::Settings;
    use super::raw::Raw;

    for key in Key::ALL {
        let Some(shown) = key
            .about()
            .shown
            .strip_prefix('`')
            .and_then(|shown| shown.strip_suffix('`'))
        else {
            continue;
        };
        let mut settings = Settings::default();
        settings.read(*key, &Raw::Text(shown.to_owned())).unwrap();
        assert_eq!(settings, Settings::default(), "{}", key.name());
    }
}

#[test]
fn names_are_of_one_form_and_none_is_used_twice() {
    let mut names: Vec<_> = Key::ALL
        .iter()
        .flat_map(|key| [key.name(), key.variable()])
        .collect();
    for key in Key::ALL {
        let (table, name) = key.place();
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(is_word(table) && is_word(name), "{}", key.name());
        assert!(key.variable().starts_with("GLORIA_"), "{}", key.variable());
    }
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
