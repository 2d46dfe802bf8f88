//! Names are the field's own: limits say MAX and MIN, and names contain no metaphors. Comments avoid some words, too.

use std::collections::BTreeSet;
use std::fs;

use gloria_architecture_tests::root;

use crate::tokens::{Token, comments, tokens};

/// Beginnings of constants that have a better one: `MAX_`, `MIN_`, `_TIMEOUT`, `_INTERVAL`.
const PREFIXES: [&str; 5] = ["MOST", "LEAST", "LONGEST", "LARGEST", "SHORTEST"];

/// Metaphors, and unusual words for a notification or a report.
const WORDS: [&str; 9] = [
    "desk", "doorway", "house", "told", "untold", "held", "wire", "toast", "toasts",
];

/// Words that comments do not need: they name no subject, or stand for "reported", "stored" and "locked".
const COMMENT_WORDS: [&str; 7] = ["whoever", "told", "untold", "held", "desk", "doorway", "house"];

/// The first word of a comment that it should not have.
fn refused_word(comment: &str) -> Option<&str> {
    comment
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .find(|word| COMMENT_WORDS.contains(&word.to_lowercase().as_str()))
}

/// The words of a name: `ToastLog` and `toast_log` are "toast" and "log".
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if c != '_' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    words
}

fn is_refused(name: &str) -> bool {
    let is_constant = !name.chars().any(char::is_lowercase);
    let first = name.split('_').next().unwrap_or_default();
    (is_constant && PREFIXES.contains(&first))
        || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

fn rust_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Files that describe packages, of which users see some: software centres show them.
fn manifests(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules"].contains(&&*name) {
                manifests(&path, found);
            }
        } else if ["Cargo.toml", "package.json", "tauri.conf.json"].contains(&&*name) {
            found.push(path);
        }
    }
}

#[test]
fn packages_are_described_in_the_fields_words() {
    let mut files = Vec::new();
    manifests(&root(), &mut files);
    assert!(files.len() > 15, "only {} files were found", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let described = text
            .lines()
            .filter(|line| line.to_lowercase().contains("description"));
        for line in described {
            let words = line.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
            let refused: Vec<_> = words.filter(|word| WORDS.contains(&word.as_str())).collect();
            assert_eq!(refused, [""; 0], "{}: {line}", file.display());
        }
    }
}

#[test]
fn names_are_the_fields_own() {
    let mut files = Vec::new();
    for folder in ["src-tauri", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 300, "only {} files were found", files.len());
    let mut refused = BTreeSet::new();
    for file in files {
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        let own = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let names = tokens(&text);
        let names = names.iter().filter_map(Token::word);
        for name in names.chain([own.as_str()]).filter(|name| is_refused(name)) {
            refused.insert(format!("{shown}: {name}"));
        }
    }
    let refused: Vec<_> = refused.into_iter().collect();
    assert!(
        refused.is_empty(),
        "use the field's words:\n{}",
        refused.join("\n")
    );
}

#[test]
fn comments_say_who_does_what() {
    let mut files = Vec::new();
    for folder in ["src-tauri", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    let mut refused = Vec::new();
    let mut checked = 0;
    for file in files {
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        for comment in comments(&text) {
            checked += 1;
            if let Some(word) = refused_word(&comment) {
                refused.push(format!("{shown}: {word}: {comment}"));
            }
        }
    }
    assert!(checked > 5000, "only {checked} comments were found");
    assert!(
        refused.is_empty(),
        "name who does it, and what is done:\n{}",
        refused.join("\n")
    );
}

/// Comments and titles of tests in a script or a component. Comments of the one kind or the other that begin within a
/// text are taken for such as well, which costs nothing.
fn script_comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut until = None;
    for line in text.lines() {
        let opened = [("/*", "*/"), ("<!--", "-->")]
            .into_iter()
            .find(|(start, _)| line.contains(start));
        let is_title = line.trim_start().starts_with("test") || line.contains(" it(");
        if until.is_some() || opened.is_some() || is_title {
            found.push(line.trim().to_owned());
        } else if let Some(at) = line.find("//").filter(|&at| !line[..at].ends_with(':')) {
            found.push(line[at..].to_owned());
        }
        until = until
            .or(opened.map(|(_, end)| end))
            .filter(|end| !line.contains(end));
    }
    found
}

fn add_scripts(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            add_scripts(&path, found);
        } else if ["ts", "svelte", "css"].contains(&ending.as_str()) {
            found.push(path);
        }
    }
}

#[test]
fn comments_of_the_ui_say_who_does_what() {
    let mut files = Vec::new();
    for folder in ["ui/src", "ui/tests"] {
        add_scripts(&root().join(folder), &mut files);
    }
    let mut refused = Vec::new();
    let mut checked = 0;
    for file in files {
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        for comment in script_comments(&fs::read_to_string(&file).unwrap()) {
            checked += 1;
            if let Some(word) = refused_word(&comment) {
                refused.push(format!("{shown}: {word}: {comment}"));
            }
        }
    }
    assert!(checked > 1000, "only {checked} comments were found");
    assert!(
        refused.is_empty(),
        "name who does it, and what is done:\n{}",
        refused.join("\n")
    );
}

#[test]
fn a_comment_of_a_script_is_found_and_its_texts_are_not() {
    let text = "const a = 'held'; // One.\n/** Two\n * three. */\nconst told = 1;\n<!-- four -->\n<p>desk</p>\n\
                test('five', () => {\n  get('https://house.example');\n";
    assert_eq!(
        script_comments(text),
        [
            "// One.",
            "/** Two",
            "* three. */",
            "<!-- four -->",
            "test('five', () => {"
        ]
    );
}

#[test]
fn a_comments_word_is_refused_and_a_strings_or_a_names_is_not() {
    let text = "let x = \"whoever\"; // Whoever.\n/* it is\n told */ let held = withheld; /// household";
    let found: Vec<_> = comments(text)
        .iter()
        .filter_map(|comment| refused_word(comment).map(str::to_owned))
        .collect();
    assert_eq!(found, ["Whoever", "told"]);
}

#[test]
fn a_word_is_refused_in_any_writing_and_not_within_another() {
    for name in [
        "Desk",
        "desk",
        "MOST_RETRY",
        "LEAST",
        "ToastLog",
        "is_told",
        "heldBack",
        "HELD_BACK",
        "Wire",
    ] {
        assert!(is_refused(name), "{name}");
    }
    for name in [
        "desktop",
        "Desktop",
        "withheld",
        "wireguard",
        "at_most",
        "least",
        "MAX_RETRY",
        "almost",
    ] {
        assert!(!is_refused(name), "{name}");
    }
}
