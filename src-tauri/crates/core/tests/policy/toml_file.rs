//! The example of a policy file for Linux.

use std::fmt::Write as _;

use crate::words::Texts;
use crate::{example, keys, section, sections};

/// The width of comments, without their mark.
const WIDTH: usize = 98;

const HEAD: &str = "\
# The policy of Gloria Notify on this computer: copy this file to /etc/gloria-notify/policy.toml, owned by root with
# mode 0644, and remove the # before what has to be enforced. Users then see the setting and cannot change it.
# `gloria policy check FILE` finds mistakes, and `gloria policy` shows what is in force. No restart is needed.
# In /etc/gloria-notify/defaults.toml the same settings are defaults, which users can change.
";

pub(crate) fn example_file(texts: &Texts) -> String {
    let mut out = HEAD.to_owned();
    for section in sections() {
        let _ = write!(out, "\n[{section}]\n");
        for key in keys().filter(|key| crate::section(*key) == section) {
            let (_, name) = key.name().split_once('.').unwrap();
            for line in wrapped(&format!("{}. {}", texts.title(key), texts.help(key))) {
                let _ = writeln!(out, "# {line}");
            }
            let _ = writeln!(out, "#{name} = {}", key.about().example);
        }
    }
    out
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// The file without the marks before its values.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_example_enforces_nothing_until_its_marks_are_removed_and_then_everything() {
    let text = example_file(&Texts::of("en"));
    let values = |text: &str| -> usize {
        let sections = text.parse::<toml::Table>().unwrap();
        sections
            .values()
            .map(|section| section.as_table().unwrap().len())
            .sum()
    };
    assert_eq!(values(&text), 0);
    let enforcing = uncommented(&text);
    assert_eq!(values(&enforcing), keys().count());
    let parsed = enforcing.parse::<toml::Table>().unwrap();
    for key in keys() {
        let (_, name) = key.name().split_once('.').unwrap();
        assert_eq!(parsed[section(key)][name], example(key));
    }
}
