//! Words for people stand in the catalogue: a text of two words or more in the code of what is shipped is one that
//! nobody can translate, unless it is listed here with the reason.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemFn, ItemMod, LitStr, Macro};

/// What is shipped. xtask and the reference backend are read by developers alone.
const SHIPPED: [&str; 12] = [
    "src-tauri/crates/text/src",
    "src-tauri/crates/files/src",
    "src-tauri/crates/program/src",
    "src-tauri/crates/agent/src",
    "src-tauri/crates/stream/src",
    "src-tauri/crates/sign-in/src",
    "src-tauri/crates/core/src",
    "src-tauri/crates/words/src",
    "src-tauri/crates/desktop/src",
    "src-tauri/crates/ipc/src",
    "src-tauri/crates/cli/src",
    "src-tauri/src",
];

/// Macros whose texts are for logs and developers.
const FOR_DEVELOPERS: [&str; 14] = [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "span",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "panic",
    "unreachable",
    "concat",
    "matches",
];

/// Files with such texts, and why. A folder stands for what is in it.
const LISTED: &[(&str, &str)] = &[
    (
        "src-tauri/crates/agent/src/linux/systemd.rs",
        "why systemd did not start something, for the log",
    ),
    (
        "src-tauri/crates/core/src/account/proxy_password.rs",
        "the name of an entry in the keyring, by which it is found again",
    ),
    (
        "src-tauri/crates/core/src/actor.rs",
        "parts of the core by name, for the log",
    ),
    (
        "src-tauri/crates/core/src/actor/supervision.rs",
        "a part of the core by name, for the log",
    ),
    (
        "src-tauri/crates/core/src/inbox/alerts/due.rs",
        "conditions in SQL",
    ),
    (
        "src-tauri/crates/core/src/inbox/notices.rs",
        "what earlier versions stored, which is compared",
    ),
    ("src-tauri/crates/core/src/inbox/page.rs", "conditions in SQL"),
    ("src-tauri/crates/core/src/inbox/reading.rs", "columns in SQL"),
    ("src-tauri/crates/core/src/inbox/schema.rs", "SQL"),
    (
        "src-tauri/crates/core/src/metrics/endpoint.rs",
        "answers to programs",
    ),
    (
        "src-tauri/crates/core/src/metrics/instruments.rs",
        "the help of OpenMetrics, which is read by programs",
    ),
    (
        "src-tauri/crates/core/src/metrics/percentiles.rs",
        "a developer's expectation",
    ),
    (
        "src-tauri/crates/core/src/metrics/standing.rs",
        "the help of OpenMetrics, which is read by programs",
    ),
    (
        "src-tauri/crates/core/src/metrics/textfile.rs",
        "the text of a file for programs",
    ),
    (
        "src-tauri/crates/core/src/settings/list.rs",
        "the documentation of settings in docs/admin.md, which the app shows nowhere",
    ),
    (
        "src-tauri/crates/core/src/settings/syntax_error.rs",
        "what the TOML reader says, which is compared",
    ),
    (
        "src-tauri/crates/core/src/text/markup/entity.rs",
        "names of entities",
    ),
    (
        "src-tauri/crates/program/src/logs/panics.rs",
        "a panic on stderr, as the log has it, which is English",
    ),
    ("src-tauri/crates/program/src/logs/queue.rs", "a line of the log"),
    (
        "src-tauri/crates/desktop/src/autostart/",
        "keys of a desktop entry, a launch agent and the registry",
    ),
    (
        "src-tauri/crates/desktop/src/notifications/bus.rs",
        "an error of D-Bus for the log",
    ),
    (
        "src-tauri/crates/desktop/src/notifications/request.rs",
        "names of the app and of notification services on D-Bus",
    ),
    (
        "src-tauri/crates/program/src/paths.rs",
        "the name of a folder of macOS",
    ),
    (
        "src-tauri/crates/desktop/src/session_bus/linux.rs",
        "an error of D-Bus for the log",
    ),
    (
        "src-tauri/crates/desktop/src/signals/power/linux.rs",
        "an error of D-Bus for the log",
    ),
    (
        "src-tauri/crates/desktop/src/signals/session/linux.rs",
        "an error of D-Bus for the log",
    ),
    (
        "src-tauri/crates/desktop/src/signals/session/logind.rs",
        "an error of D-Bus for the log",
    ),
    (
        "src-tauri/crates/ipc/src/unix.rs",
        "an error of the system for the log: the app cannot be asked",
    ),
    (
        "src-tauri/crates/sign-in/src/callback/listener.rs",
        "the value of a header",
    ),
    (
        "src-tauri/crates/sign-in/src/provider.rs",
        "names that providers have for what is asked for",
    ),
    (
        "src-tauri/crates/stream/src/http/certificates/form.rs",
        "labels of PEM",
    ),
    (
        "src-tauri/crates/stream/src/http/certificates/identity.rs",
        "labels of PEM",
    ),
    (
        "src-tauri/crates/stream/src/http/target.rs",
        "the value of a header",
    ),
    (
        "src-tauri/crates/stream/src/http/fault",
        "what libraries say in words alone, to be compared",
    ),
];

/// Statements of the inbox, and parts of them.
fn is_sql(text: &str) -> bool {
    let words = [
        "SELECT", "UPDATE", "INSERT", "DELETE", "CREATE", "ALTER", "DROP", "ATTACH", "PRAGMA", "NULL", "AND",
    ];
    text.split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| words.contains(&word))
}

#[derive(Default)]
struct Texts(BTreeSet<String>);

impl Texts {
    fn add(&mut self, text: &str) {
        // The names of app and programs are the same in every language.
        let unnamed = ["Gloria Notify", "gloria-notify:", "gloria:"]
            .iter()
            .fold(text.to_owned(), |text, name| text.replace(name, ""));
        if is_sentence(&unnamed) {
            self.0.insert(text.chars().take(80).collect());
        }
    }
}

/// Stands for what is filled in.
const VALUE: char = '\0';

/// Two words of letters with a space between them, or a word beside what is filled in, as in "{count} unread".
fn is_sentence(text: &str) -> bool {
    let mut depth = 0;
    let text: String = text
        .chars()
        .map(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth > 0 || c == '}' { VALUE } else { c }
        })
        .collect();
    let is_word = |part: &str| {
        let word = part.trim_matches(|c: char| !c.is_alphanumeric());
        word.len() > 1
            && !part.contains(VALUE)
            && word.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-')
    };
    let is_value = |part: &str| part.contains(VALUE) && !part.contains(char::is_alphanumeric);
    let parts: Vec<_> = text
        .split([' ', '\t', '\n'])
        .filter(|part| !part.is_empty())
        .collect();
    parts.windows(2).any(|pair| {
        (is_word(pair[0]) && (is_word(pair[1]) || is_value(pair[1])))
            || (is_value(pair[0]) && is_word(pair[1]))
    })
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|condition| condition == "test"))
    })
}

impl Visit<'_> for Texts {
    // Docs, `#[error]` and reasons of lints.
    fn visit_attribute(&mut self, _: &Attribute) {}

    fn visit_item_mod(&mut self, item: &ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_lit_str(&mut self, text: &LitStr) {
        self.add(&text.value());
    }

    fn visit_macro(&mut self, call: &Macro) {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string());
        if name.is_some_and(|name| !FOR_DEVELOPERS.contains(&name.as_str())) {
            for text in literals(&call.tokens.to_string()) {
                self.add(&text);
            }
        }
    }
}

/// Whether these tokens end with the name of a macro for developers.
fn is_for_developers(tokens: &str) -> bool {
    let name = tokens.trim_end().strip_suffix('!').map(str::trim_end);
    let name = name.and_then(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_').next_back());
    name.is_some_and(|name| FOR_DEVELOPERS.contains(&name))
}

/// The string literals of a macro's tokens.
fn literals(tokens: &str) -> Vec<String> {
    let (mut found, mut before, mut chars) = (Vec::new(), String::new(), tokens.chars());
    // For each bracket that is open, whether it is that of a macro for developers.
    let mut open = Vec::new();
    while let Some(c) = chars.next() {
        if c != '"' {
            match c {
                '(' | '[' | '{' => open.push(is_for_developers(&before)),
                ')' | ']' | '}' => drop(open.pop()),
                _ => {}
            }
            before.push(c);
            continue;
        }
        // The docs of what the macro makes, and the reasons of its lints.
        let is_attribute = ["doc =", "reason ="]
            .iter()
            .any(|name| before.trim_end().ends_with(name));
        before.clear();
        let mut text = String::new();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            match c {
                '\\' => {
                    // An escape is no part of a word, but it may end one.
                    let escaped = chars.next();
                    text.push(if escaped == Some('"') { '"' } else { ' ' });
                }
                c => text.push(c),
            }
        }
        if !is_attribute && !open.contains(&true) {
            found.push(text);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The texts of two words or more, by file.
fn texts() -> BTreeMap<String, BTreeSet<String>> {
    let root = root();
    let mut files = Vec::new();
    for folder in SHIPPED {
        sources(&root.join(folder), &mut files);
    }
    let mut texts = BTreeMap::new();
    for file in files {
        let name = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let is_test = name.ends_with("/tests.rs") || name.contains("/tests/") || name.contains("/fakes");
        if is_test || name.ends_with("protocol/typescript.rs") {
            continue;
        }
        let mut found = Texts::default();
        found.visit_file(&syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap());
        if name.starts_with("src-tauri/crates/core/src/inbox") {
            found.0.retain(|text| !is_sql(text));
        }
        if !found.0.is_empty() {
            texts.insert(name, found.0);
        }
    }
    texts
}

#[test]
fn words_for_people_stand_in_the_catalogue() {
    let texts = texts();
    let is_listed = |file: &str| LISTED.iter().any(|(listed, _)| file.starts_with(listed));
    let unlisted: Vec<_> = texts.iter().filter(|(file, _)| !is_listed(file)).collect();
    assert!(
        unlisted.is_empty(),
        "these belong into locales/, with a message in text::message: {unlisted:#?}"
    );
    for (listed, reason) in LISTED {
        assert!(
            texts.keys().any(|file| file.starts_with(listed)),
            "{listed} has no such texts any more ({reason}): take it off the list"
        );
    }
}

#[test]
fn a_sentence_is_found_wherever_it_stands_in_code() {
    let code = r#"
        //! Docs may say what they like.
        #[error("an error of developers")]
        struct Broken;
        fn say() -> String {
            tracing::warn!("the log may say it");
            tokio::select! { () = stop => {} () = go => tracing::warn!(n, "the log may say it here") }
            tokio::select! { () = go => show(n, "this is found as well") }
            let _ = ("one", "/a/path here", "<b> </b>", "text/html; charset=utf-8");
            if true { return "this is found".to_owned(); }
            let _ = (format!("{no} {words}"), format!("{path}/here"), format!("{name}.log"));
            let _ = format!("{count} unread");
            format!("and {} as well, but {no} {words}", 1)
        }
        #[cfg(test)]
        mod tests { fn words() -> &'static str { "not in tests" } }
    "#;
    let mut found = Texts::default();
    found.visit_file(&syn::parse_str(code).unwrap());
    let found: Vec<_> = found.0.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "and {} as well, but {no} {words}",
            "this is found",
            "this is found as well",
            "{count} unread"
        ]
    );
}
