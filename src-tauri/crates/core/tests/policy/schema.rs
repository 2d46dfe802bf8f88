//! The JSON schema of a policy file, for editors and pipelines.

use gloria_core::settings::{Key, Kind};
use serde_json::{Map, Value, json};

use crate::words::Texts;
use crate::{example, keys, section, sections};

pub(crate) fn schema(texts: &Texts) -> String {
    let sections: Map<_, _> = sections()
        .into_iter()
        .map(|name| {
            let keys = keys().filter(|key| section(*key) == name);
            let properties: Map<_, _> = keys.map(|key| (own_name(key), property(key, texts))).collect();
            let section = json!({
                "type": "object",
                "title": texts.section(name),
                "additionalProperties": false,
                "properties": properties,
            });
            (name.to_owned(), section)
        })
        .collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": texts.name(),
        "description": texts.description(),
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

fn own_name(key: Key) -> String {
    key.name().split_once('.').unwrap().1.to_owned()
}

fn property(key: Key, texts: &Texts) -> Value {
    let mut property = match key.kind() {
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Choice(words) => json!({ "enum": words }),
        // A duration may also be a number of milliseconds.
        Kind::Text if is_duration(key) => json!({ "type": ["string", "integer"] }),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Numbers { least, most } => {
            json!({ "type": "array", "items": { "type": "integer", "minimum": least, "maximum": most } })
        }
    };
    property["title"] = texts.title(key).into();
    property["description"] = texts.help(key).into();
    property["examples"] = json!([example(key)]);
    property
}

fn is_duration(key: Key) -> bool {
    [Key::ReconnectInterval, Key::HeartbeatInterval].contains(&key)
}

#[test]
fn every_setting_is_in_the_schema_and_every_reference_is_of_a_setting() {
    let schema: Value = serde_json::from_str(&schema(&Texts::of("en"))).unwrap();
    let sections = schema["properties"].as_object().unwrap();
    let found: usize = sections
        .values()
        .map(|section| section["properties"].as_object().unwrap().len())
        .sum();
    assert_eq!(found, keys().count());
    assert_eq!(
        schema["properties"]["sounds"]["properties"]["volume"]["maximum"],
        100
    );
    assert_eq!(
        schema["properties"]["auth"]["properties"]["token_for"],
        Value::Null
    );
}
