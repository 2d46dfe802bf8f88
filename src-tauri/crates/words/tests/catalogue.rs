//! List and catalogue, compared both ways; and the TypeScript of all messages, which is refused when stale.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use gloria_core::message::{self, ArgKind};
use gloria_words::{LOCALES, pseudo};
use serde_json::json;

/// Where the UI reads them.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ui/src/host/messages.ts");

/// Set to any value to write the file instead of checking it.
const REGENERATE: &str = "GLORIA_REGENERATE";

/// What the catalogue says of a parameter by how it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Plain,
    Number,
    Time,
}

/// A language's messages: the file of each, and how its parameters are used.
type Catalogue = BTreeMap<String, (String, BTreeMap<String, BTreeSet<Use>>)>;

fn catalogue(language: &str) -> Catalogue {
    let (_, files) = LOCALES.iter().find(|(name, _)| *name == language).unwrap();
    let mut messages = Catalogue::new();
    for (file, text) in *files {
        let resource = fluent_syntax::parser::parse(*text)
            .unwrap_or_else(|(_, errors)| panic!("{language}/{file}: {errors:?}"));
        for entry in resource.body {
            let (id, patterns) = match entry {
                Entry::Message(message) => {
                    let attributes = message.attributes.into_iter().map(|attribute| attribute.value);
                    (
                        message.id.name,
                        message.value.into_iter().chain(attributes).collect::<Vec<_>>(),
                    )
                }
                Entry::Term(_) | Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {
                    continue;
                }
                Entry::Junk { content } => panic!("{language}/{file}: {content}"),
            };
            let mut uses = BTreeMap::new();
            for pattern in &patterns {
                collect(pattern, &mut uses);
            }
            let before = messages.insert(id.to_owned(), ((*file).to_owned(), uses));
            assert!(before.is_none(), "{language}/{file}: {id} is there twice");
        }
    }
    messages
}

fn collect(pattern: &Pattern<&str>, uses: &mut BTreeMap<String, BTreeSet<Use>>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        collect_expression(expression, uses);
    }
}

fn collect_expression(expression: &Expression<&str>, uses: &mut BTreeMap<String, BTreeSet<Use>>) {
    match expression {
        Expression::Inline(inline) => collect_inline(inline, Use::Plain, uses),
        Expression::Select { selector, variants } => {
            // What chooses between `one` and `other` is a number; what chooses between names is not.
            let plural = variants.iter().any(|variant| match variant.key {
                fluent_syntax::ast::VariantKey::NumberLiteral { .. } => true,
                fluent_syntax::ast::VariantKey::Identifier { name } => {
                    ["zero", "one", "two", "few", "many"].contains(&name)
                }
            });
            collect_inline(selector, if plural { Use::Number } else { Use::Plain }, uses);
            for variant in variants {
                collect(&variant.value, uses);
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, usage: Use, uses: &mut BTreeMap<String, BTreeSet<Use>>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            uses.entry(id.name.to_owned()).or_default().insert(usage);
        }
        InlineExpression::FunctionReference { id, arguments } => {
            let usage = match id.name {
                "NUMBER" => Use::Number,
                "DATETIME" => Use::Time,
                other => panic!("the catalogue has no function {other}"),
            };
            for argument in &arguments.positional {
                collect_inline(argument, usage, uses);
            }
        }
        InlineExpression::Placeable { expression } => collect_expression(expression, uses),
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::MessageReference { .. }
        | InlineExpression::TermReference { .. } => {}
    }
}

/// The UI's own messages: no Rust makes them.
fn is_of_the_window(file: &str) -> bool {
    file.starts_with("window")
}

/// Texts that are found by names: those of commands and their arguments, of which each program has a test that none is
/// missing, and those of settings, of which the generator of the policies' templates has one.
fn is_found_by_name(file: &str) -> bool {
    ["help.ftl", "policy.ftl"].contains(&file)
}

#[test]
fn every_message_of_the_list_is_in_every_language_with_exactly_its_parameters() {
    for (language, _) in LOCALES {
        let catalogue = catalogue(language);
        for entry in message::all() {
            let Some((file, uses)) = catalogue.get(entry.id) else {
                panic!("{language}: {} is missing", entry.id);
            };
            assert!(
                !is_of_the_window(file),
                "{language}/{file}: {} is made in Rust",
                entry.id
            );
            let found: BTreeSet<_> = uses.keys().map(String::as_str).collect();
            let wanted: BTreeSet<_> = entry.args.iter().map(|(name, _)| *name).collect();
            assert_eq!(found, wanted, "{language}: the parameters of {}", entry.id);
            for (name, kind) in entry.args {
                let allowed: &[Use] = match kind {
                    ArgKind::Number => &[Use::Plain, Use::Number],
                    ArgKind::Time => &[Use::Time],
                    ArgKind::Text | ArgKind::Phrase | ArgKind::Message => &[Use::Plain],
                };
                assert!(
                    uses[*name].iter().all(|usage| allowed.contains(usage)),
                    "{language}: {} uses ${name} as {:?}, and it is {kind:?}",
                    entry.id,
                    uses[*name]
                );
            }
        }
    }
}

#[test]
fn every_message_of_the_catalogue_is_in_the_list_or_in_the_windows_own_files() {
    let list: BTreeSet<_> = message::all().map(|entry| entry.id).collect();
    assert_eq!(list.len(), message::all().count(), "none is listed twice");
    for (language, _) in LOCALES {
        for (id, (file, _)) in catalogue(language) {
            assert_eq!(
                list.contains(id.as_str()),
                !is_of_the_window(&file) && !is_found_by_name(&file),
                "{language}/{file}: {id}"
            );
        }
    }
}

#[test]
fn every_language_has_the_messages_of_window_help_and_policies_with_the_same_parameters() {
    let window = |language: &str| {
        let mut messages = catalogue(language);
        messages.retain(|_, (file, _)| is_of_the_window(file) || is_found_by_name(file));
        messages
            .into_iter()
            .map(|(id, (_, uses))| (id, uses.into_keys().collect::<BTreeSet<_>>()))
            .collect::<BTreeMap<_, _>>()
    };
    let english = window("en");
    for (language, _) in LOCALES {
        assert_eq!(window(language), english, "{language}");
    }
}

fn generated() -> String {
    let mut text = String::from(
        "// Generated from the list of messages and from locales/en; do not edit. `cargo xtask protocol` \
         writes it anew.\n\n\
         import type { Message } from './protocol';\n\n\
         /** What stands in for a parameter of which the catalogue does not say what it is. */\n\
         export type Value = string | number | Message;\n\n\
         /** A point in time; a number is milliseconds since the Unix epoch. */\n\
         export type Time = Date | number;\n\n\
         /** The parameters of each message by its id; `undefined` where it has none. */\n\
         export interface Messages {\n",
    );
    let mut all: BTreeMap<String, Vec<(String, &str)>> = message::all()
        .map(|entry| {
            let args = entry.args.iter().map(|(name, kind)| {
                let kind = match kind {
                    ArgKind::Text => "string",
                    ArgKind::Phrase => "string | Message",
                    ArgKind::Number => "number",
                    ArgKind::Time => "Time",
                    ArgKind::Message => "Message",
                };
                ((*name).to_owned(), kind)
            });
            (entry.id.to_owned(), args.collect())
        })
        .collect();
    for (id, (file, uses)) in catalogue("en") {
        if is_of_the_window(&file) {
            let args = uses.into_iter().map(|(name, uses)| {
                let kind = if uses.contains(&Use::Time) {
                    "Time"
                } else if uses.contains(&Use::Number) {
                    "number"
                } else {
                    "Value"
                };
                (name, kind)
            });
            all.insert(id, args.collect());
        }
    }
    for (id, args) in all {
        let args = args
            .iter()
            .map(|(name, kind)| format!("{}: {kind}", quoted(name)))
            .collect::<Vec<_>>();
        let args = if args.is_empty() {
            "undefined".to_owned()
        } else {
            format!("{{ {} }}", args.join("; "))
        };
        let _ = writeln!(text, "  {}: {args};", quoted(&id));
    }
    text.push_str("}\n");
    text
}

/// A property's name as the UI's formatter leaves it.
fn quoted(name: &str) -> String {
    if name.contains('-') {
        format!("'{name}'")
    } else {
        name.to_owned()
    }
}

#[test]
fn the_committed_typescript_is_current() {
    let generated = generated();
    let committed = Path::new(COMMITTED);
    if std::env::var_os(REGENERATE).is_some() {
        fs::write(committed, &generated).unwrap();
    }
    let found = fs::read_to_string(committed).unwrap_or_default();
    assert!(
        found == generated,
        "{COMMITTED} is stale: run `cargo xtask protocol`"
    );
}

/// A second language is a folder: Rust puts nothing into a message but what it is given.
#[test]
fn nothing_of_any_message_is_in_english_alone() {
    let words = pseudo::words();
    for entry in message::all() {
        let args = entry.args.iter().map(|(name, kind)| {
            let arg = match kind {
                ArgKind::Text | ArgKind::Phrase => json!("/"),
                ArgKind::Number => json!(2.5),
                ArgKind::Time => json!({"time": 1_800_000_000_000_i64}),
                ArgKind::Message => json!({"id": "needs-you", "args": {}}),
            };
            ((*name).to_owned(), arg)
        });
        let args: serde_json::Map<_, _> = args.collect();
        let message = serde_json::from_value(json!({"id": entry.id, "args": args})).unwrap();
        let said = words.say(&message);
        assert_eq!(pseudo::unaccented(&said, &[]), [""; 0], "{}: {said}", entry.id);
    }
}

#[test]
fn a_word_without_an_accent_is_found_and_a_name_is_not() {
    assert_eq!(
        pseudo::unaccented("o\u{301}n\u{301}e\u{301} two --three, 4 s", &["--three"]),
        ["two"]
    );
    assert_eq!(
        pseudo::words()
            .say(&message::digest_urgent(2, "Disk"))
            .replace('\u{301}', ""),
        "2 urgent, the newest of them: Disk"
    );
}
