//! The example of a configuration profile for macOS.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gloria_core::settings::Key;
use toml::Value;

use crate::example;
use crate::xml::{escaped, parse};

/// The app's id, under which its preferences are.
const APP: &str = "com.gloriasystem.notify";

/// The ids of profile and payload: a profile with the same id replaces an earlier one, so they never change. They are
/// version 5 UUIDs of `profile.com.gloriasystem.notify` and `policy.com.gloriasystem.notify` as names of the DNS.
const PROFILE_ID: &str = "6E4CE8DA-C5C2-5474-94BF-6E919A0B1A32";
const PAYLOAD_ID: &str = "BB6B84F2-03F1-572C-986B-F12AE2BF9FB6";

/// What the example sets: few settings, because all of them take effect, and one of each kind.
const SHOWN: [Key; 6] = [
    Key::ApiUrl,
    Key::AuthTransport,
    Key::NoProxy,
    Key::AuthPorts,
    Key::Sounds,
    Key::Volume,
];

type Entries = BTreeMap<String, Value>;

fn entries<const N: usize>(entries: [(&str, Value); N]) -> Entries {
    entries.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(crate) fn mobileconfig() -> String {
    let name = || Value::from("Gloria Notify");
    let mut payload = entries([
        ("PayloadDisplayName", name()),
        ("PayloadIdentifier", format!("{APP}.policy").into()),
        ("PayloadType", APP.into()),
        ("PayloadUUID", PAYLOAD_ID.into()),
        ("PayloadVersion", 1.into()),
    ]);
    payload.extend(SHOWN.map(|key| (key.system_name(), example(key))));
    let payload = Value::Table(payload.into_iter().collect());
    let profile = entries([
        ("PayloadContent", Value::Array(vec![payload])),
        ("PayloadDisplayName", name()),
        ("PayloadIdentifier", format!("{APP}.profile").into()),
        ("PayloadOrganization", "Example".into()),
        ("PayloadScope", "System".into()),
        ("PayloadType", "Configuration".into()),
        ("PayloadUUID", PROFILE_ID.into()),
        ("PayloadVersion", 1.into()),
    ]);
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                   <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
                   \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n"
        .to_owned();
    write(&mut out, &Value::Table(profile.into_iter().collect()), 0);
    out.push_str("</plist>\n");
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    let tabs = "\t".repeat(depth);
    let _ = match value {
        Value::String(text) => writeln!(out, "{tabs}<string>{}</string>", escaped(text)),
        Value::Integer(number) => writeln!(out, "{tabs}<integer>{number}</integer>"),
        Value::Boolean(value) => writeln!(out, "{tabs}<{value}/>"),
        Value::Array(values) => {
            let _ = writeln!(out, "{tabs}<array>");
            values.iter().for_each(|value| write(out, value, depth + 1));
            writeln!(out, "{tabs}</array>")
        }
        Value::Table(entries) => {
            let _ = writeln!(out, "{tabs}<dict>");
            for (name, value) in entries {
                let _ = writeln!(out, "{tabs}\t<key>{name}</key>");
                write(out, value, depth + 1);
            }
            writeln!(out, "{tabs}</dict>")
        }
        Value::Float(_) | Value::Datetime(_) => panic!("no setting has such a value"),
    };
}

#[test]
fn the_profile_is_a_configuration_with_the_apps_own_payload() {
    let profile = parse(&mobileconfig());
    let texts = |within: &crate::xml::Element| -> Vec<(String, String)> {
        let pairs = within.children.chunks(2);
        pairs
            .map(|pair| (pair[0].text.clone(), pair[1].text.clone()))
            .collect()
    };
    let outer = texts(&profile.children[0]);
    let payload = texts(profile.named("dict")[1]);
    let has = |entries: &[(String, String)], key: &str, text: &str| {
        entries.contains(&(key.to_owned(), text.to_owned()))
    };
    assert!(has(&outer, "PayloadType", "Configuration"), "{outer:?}");
    assert!(has(&outer, "PayloadScope", "System"), "{outer:?}");
    assert!(
        has(&payload, "PayloadType", "com.gloriasystem.notify"),
        "{payload:?}"
    );
    assert!(
        has(&payload, "ApiUrl", "https://gloria.example/api"),
        "{payload:?}"
    );
    assert!(has(&payload, "SoundsVolume", "70"), "{payload:?}");
}

#[test]
fn the_ids_are_of_version_5() {
    for id in [PROFILE_ID, PAYLOAD_ID] {
        let parts: Vec<_> = id.split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        assert!(parts[2].starts_with('5'), "{id}");
    }
}
