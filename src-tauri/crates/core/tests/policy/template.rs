//! The administrative template for Group Policy and Intune: the policies (ADMX), and their texts in a language (ADML).

use gloria_core::settings::{Key, Kind};

use crate::words::Texts;
use crate::xml::Element;
use crate::{example, keys, section, sections};

const NAMESPACE: &str = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions";

/// Where the policies are, in HKEY_LOCAL_MACHINE and HKEY_CURRENT_USER.
pub(crate) const REGISTRY_KEY: &str = r"Software\Policies\Gloria System\Gloria Notify";

/// The name of the definition of the versions that read a policy.
const SUPPORTED: &str = "SUPPORTED_0_1_0";

/// The category of all others.
const CATEGORY: &str = "GloriaNotify";

/// The folder of a language's texts: Windows names it with a region.
pub(crate) fn folder(language: &str) -> &str {
    match language {
        "de" => "de-DE",
        "en" => "en-US",
        "fr" => "fr-FR",
        "pl" => "pl-PL",
        other => {
            assert!(other.contains('-'), "name the folder of {other} for Windows here");
            other
        }
    }
}

fn string(id: &str) -> String {
    format!("$(string.{id})")
}

fn category(section: &str) -> String {
    format!("Section_{section}")
}

fn help(name: &str) -> String {
    format!("{name}_Help")
}

fn document(name: &str) -> Element {
    Element::new(name)
        .with("xmlns", NAMESPACE)
        .with("revision", "1.0")
        .with("schemaVersion", "1.0")
}

pub(crate) fn admx() -> String {
    let target = Element::new("target")
        .with("prefix", "gloria")
        .with("namespace", "GloriaSystem.Policies.GloriaNotify");
    let definition = Element::new("definition")
        .with("name", SUPPORTED)
        .with("displayName", string(SUPPORTED));
    let root = Element::new("category")
        .with("name", CATEGORY)
        .with("displayName", string(CATEGORY));
    let categories = sections().into_iter().map(|section| {
        Element::new("category")
            .with("name", category(section))
            .with("displayName", string(&category(section)))
            .holding([Element::new("parentCategory").with("ref", CATEGORY)])
    });
    document("policyDefinitions")
        .holding([
            Element::new("policyNamespaces").holding([target]),
            Element::new("resources").with("minRequiredRevision", "1.0"),
            Element::new("supportedOn").holding([Element::new("definitions").holding([definition])]),
            Element::new("categories").holding(std::iter::once(root).chain(categories)),
            Element::new("policies").holding(keys().map(policy)),
        ])
        .document()
}

fn policy(key: Key) -> Element {
    let name = key.system_name();
    let policy = Element::new("policy")
        .with("name", &name)
        .with("class", "Both")
        .with("displayName", string(&name))
        .with("explainText", string(&help(&name)))
        .with("key", REGISTRY_KEY);
    let policy = if key.kind() == Kind::Switch {
        policy.with("valueName", &name)
    } else {
        policy.with("presentation", format!("$(presentation.{name})"))
    };
    let policy = policy.holding([
        Element::new("parentCategory").with("ref", category(section(key))),
        Element::new("supportedOn").with("ref", SUPPORTED),
    ]);
    let number = |value: &str| Element::new("decimal").with("value", value);
    let Some(element) = element(key, &name) else {
        return policy.holding([
            Element::new("enabledValue").holding([number("1")]),
            Element::new("disabledValue").holding([number("0")]),
        ]);
    };
    policy.holding([Element::new("elements").holding([element])])
}

/// The value of a policy; `None` for a switch, which has no other than enabled or disabled.
fn element(key: Key, name: &str) -> Option<Element> {
    let element = |kind: &str| {
        Element::new(kind)
            .with("id", name)
            .with("valueName", name)
            .with("required", "true")
    };
    Some(match key.kind() {
        Kind::Switch => return None,
        Kind::Number { least, most } => element("decimal")
            .with("minValue", least.to_string())
            .with("maxValue", most.to_string()),
        Kind::Choice(words) => element("enum").holding(words.iter().map(|word| {
            let value = Element::new("string").saying(*word);
            Element::new("item")
                .with("displayName", string(&choice(name, word)))
                .holding([Element::new("value").holding([value])])
        })),
        Kind::Text => element("text").with("maxLength", "1023"),
        // Keeps the order, which matters to a command, and does not mix the lines of computer and user.
        Kind::Texts | Kind::Numbers { .. } => element("multiText"),
    })
}

fn choice(name: &str, word: &str) -> String {
    format!("{name}_{word}")
}

pub(crate) fn adml(texts: &Texts) -> String {
    let mut strings = vec![
        (CATEGORY.to_owned(), texts.name()),
        (SUPPORTED.to_owned(), texts.supported()),
    ];
    strings.extend(
        sections()
            .iter()
            .map(|section| (category(section), texts.section(section))),
    );
    for key in keys() {
        let name = key.system_name();
        strings.push((name.clone(), texts.title(key)));
        let lines = match key.kind() {
            Kind::Texts | Kind::Numbers { .. } => format!(" {}", texts.lines()),
            Kind::Switch | Kind::Number { .. } | Kind::Choice(_) | Kind::Text => String::new(),
        };
        let text = format!("{}{lines} ({})", texts.help(key), key.name());
        strings.push((help(&name), text));
        if let Kind::Choice(words) = key.kind() {
            strings.extend(words.iter().map(|word| (choice(&name, word), (*word).to_owned())));
        }
    }
    let strings = strings
        .into_iter()
        .map(|(id, text)| Element::new("string").with("id", id).saying(text));
    document("policyDefinitionResources")
        .holding([
            Element::new("displayName").saying(texts.name()),
            Element::new("description").saying(texts.description()),
            Element::new("resources").holding([
                Element::new("stringTable").holding(strings),
                Element::new("presentationTable").holding(keys().filter_map(|key| presentation(key, texts))),
            ]),
        ])
        .document()
}

/// How a policy's value is entered.
fn presentation(key: Key, texts: &Texts) -> Option<Element> {
    let (name, title) = (key.system_name(), texts.title(key));
    let entry = |kind: &str| Element::new(kind).with("refId", &name);
    let entries = match key.kind() {
        Kind::Switch => return None,
        Kind::Number { .. } => {
            let usual = example(key).as_integer().unwrap().to_string();
            vec![entry("decimalTextBox").with("defaultValue", usual).saying(title)]
        }
        Kind::Choice(_) => vec![entry("dropdownList").saying(title)],
        Kind::Text => vec![entry("textBox").holding([Element::new("label").saying(title)])],
        Kind::Texts | Kind::Numbers { .. } => {
            vec![Element::new("text").saying(title), entry("multiTextBox")]
        }
    };
    Some(Element::new("presentation").with("id", &name).holding(entries))
}
