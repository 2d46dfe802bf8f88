//! What Windows and its device management refuse in a template, found without Windows.

use std::collections::BTreeSet;

use gloria_words::LOCALES;

use crate::template::{REGISTRY_KEY, folder};
use crate::xml::{Element, parse};
use crate::{FOLDER, read};

/// Keys under which device management accepts no template, in small letters.
const FORBIDDEN: [&str; 3] = [
    r"system\",
    r"software\microsoft\",
    r"software\policies\microsoft\",
];

/// What is wrong with the policies and the texts of one language.
fn mistakes(admx: &str, adml: &str) -> Vec<String> {
    let (policies, texts) = (parse(admx), parse(adml));
    let mut found = references(&policies, &texts);
    for (kind, tree) in [
        ("policy", &policies),
        ("category", &policies),
        ("definition", &policies),
        ("string", &texts),
        ("presentation", &texts),
    ] {
        found.extend(twice(kind, tree));
    }
    for policy in policies.named("policy") {
        found.extend(mistakes_of(policy, &policies, &texts));
    }
    for category in policies.named("category") {
        found.extend(dangling(
            category,
            "parentCategory",
            &names(&policies, "category"),
        ));
    }
    found
}

/// The names or ids of elements of a kind.
fn names<'a>(tree: &'a Element, kind: &str) -> Vec<&'a str> {
    let name = |element: &'a Element| match element.attribute("name") {
        "" => element.attribute("id"),
        name => name,
    };
    let elements = tree.named(kind).into_iter().map(name);
    // The word within a value is a string as well, and has no id.
    elements.filter(|name| !name.is_empty()).collect()
}

fn twice(kind: &str, tree: &Element) -> Option<String> {
    let mut names = names(tree, kind);
    names.sort_by_key(|name| name.to_lowercase());
    let pair = names
        .windows(2)
        .find(|pair| pair[0].eq_ignore_ascii_case(pair[1]))?;
    Some(format!("{kind} {} is there twice", pair[0]))
}

/// References to texts that are missing, and texts without a reference.
fn references(policies: &Element, texts: &Element) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["string", "presentation"] {
        let begin = format!("$({kind}.");
        let used: BTreeSet<_> = policies
            .all()
            .into_iter()
            .flat_map(Element::values)
            .filter_map(|value| value.strip_prefix(&begin)?.strip_suffix(')'))
            .collect();
        let there: BTreeSet<_> = names(texts, kind).into_iter().collect();
        found.extend(
            used.difference(&there)
                .map(|id| format!("there is no {kind} {id}")),
        );
        found.extend(there.difference(&used).map(|id| format!("{kind} {id} is unused")));
    }
    let empty = texts
        .named("string")
        .into_iter()
        .filter(|string| string.text.is_empty());
    found.extend(empty.map(|string| format!("string {} is empty", string.attribute("id"))));
    found
}

fn mistakes_of(policy: &Element, policies: &Element, texts: &Element) -> Vec<String> {
    let name = policy.attribute("name");
    let mut found = Vec::new();
    let elements = policy.named("elements");
    let elements = elements.iter().flat_map(|elements| &elements.children);
    let ids: BTreeSet<_> = elements.map(|element| element.attribute("id")).collect();
    let presentations = texts.named("presentation").into_iter();
    let shown: BTreeSet<_> = presentations
        .filter(|shown| {
            policy.attribute("presentation") == format!("$(presentation.{})", shown.attribute("id"))
        })
        .flat_map(|shown| &shown.children)
        .map(|entry| entry.attribute("refId"))
        .filter(|id| !id.is_empty())
        .collect();
    if ids != shown {
        found.push(format!("{name}: elements {ids:?} are shown as {shown:?}"));
    }
    if ids.is_empty() && policy.attribute("valueName").is_empty() {
        found.push(format!("{name} has no value"));
    }
    let key = format!("{}\\", policy.attribute("key").to_lowercase());
    if FORBIDDEN.iter().any(|forbidden| key.starts_with(forbidden)) {
        found.push(format!("{name}: device management refuses the key {key}"));
    }
    if !["Both", "Machine", "User"].contains(&policy.attribute("class")) {
        found.push(format!("{name} is of no class"));
    }
    found.extend(dangling(policy, "parentCategory", &names(policies, "category")));
    found.extend(dangling(policy, "supportedOn", &names(policies, "definition")));
    for required in ["parentCategory", "supportedOn"] {
        if policy.named(required).is_empty() {
            found.push(format!("{name} has no {required}"));
        }
    }
    found
}

/// A reference to something that is not there.
fn dangling(from: &Element, kind: &str, there: &[&str]) -> Option<String> {
    let references = from.named(kind);
    let mut to = references.iter().map(|reference| reference.attribute("ref"));
    let missing = to.find(|to| !there.contains(to))?;
    Some(format!(
        "{}: there is no {kind} {missing}",
        from.attribute("name")
    ))
}

fn committed(language: &str) -> (String, String) {
    (
        read(&format!("{FOLDER}/GloriaNotify.admx")),
        read(&format!("{FOLDER}/{}/GloriaNotify.adml", folder(language))),
    )
}

#[test]
fn the_committed_templates_have_nothing_that_windows_refuses() {
    for (language, _) in LOCALES {
        let (admx, adml) = committed(language);
        assert_eq!(mistakes(&admx, &adml), [""; 0], "{language}");
    }
}

/// A lint that finds nothing proves nothing.
#[test]
fn each_kind_of_mistake_is_found() {
    let (admx, adml) = committed("en");
    let volume = "$(string.SoundsVolume)";
    let label = "<decimalTextBox refId=\"SoundsVolume\"";
    for (part, spoilt, expected) in [
        (volume, "$(string.Loud)", "there is no string Loud"),
        (volume, "$(string.Loud)", "string SoundsVolume is unused"),
        (
            "$(presentation.SoundsVolume)",
            "$(presentation.X)",
            "there is no presentation X",
        ),
        (label, "<decimalTextBox refId=\"Loud\"", "are shown as {\"Loud\"}"),
        (
            "name=\"SoundsVolume\"",
            "name=\"SoundsSound\"",
            "policy SoundsSound is there twice",
        ),
        (
            "string id=\"SoundsVolume\"",
            "string id=\"soundsvolume_help\"",
            "is there twice",
        ),
        (
            "parentCategory ref=\"Section_sounds\"",
            "parentCategory ref=\"X\"",
            "there is no parentCategory X",
        ),
        (
            "parentCategory ref=\"GloriaNotify\"",
            "parentCategory ref=\"X\"",
            "there is no parentCategory X",
        ),
        (
            "supportedOn ref=\"SUPPORTED_0_1_0\"",
            "supportedOn ref=\"X\"",
            "there is no supportedOn X",
        ),
        (
            REGISTRY_KEY,
            r"Software\Policies\Microsoft\Gloria",
            "device management refuses the key",
        ),
        (REGISTRY_KEY, r"SYSTEM", "device management refuses the key"),
        ("valueName=\"SoundsEnabled\"", "", "SoundsEnabled has no value"),
        ("class=\"Both\"", "class=\"All\"", "is of no class"),
        (">Sounds</string>", "></string>", "is empty"),
    ] {
        let found = mistakes(&admx.replace(part, spoilt), &adml.replace(part, spoilt)).join("\n");
        assert!(found.contains(expected), "{part}: {found}");
    }
}
