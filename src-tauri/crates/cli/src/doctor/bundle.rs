//! `gloria doctor --bundle FILE`: what somebody who helps needs, in one file, and nothing that is nobody's business.

mod archive;
mod redaction;

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use gloria_core::account::Accounts;
use gloria_core::doctor::Finding;
use gloria_core::message::{self, Message};
use gloria_core::paths::Paths;
use gloria_core::private::{self, Mode};
use gloria_core::settings::{Key, Layers, Settings};
use gloria_core::text;
use gloria_core::token::Token;
use gloria_program::{LogReader, process};
use serde_json::{Value, json};

use self::archive::Entry;
use self::redaction::{Private, Redaction};
use super::Options;
use crate::USAGE;
use crate::output::{Lines, add_words, catalogue, is_broken_pipe, print_error};

/// The folder in the archive.
const FOLDER: &str = "gloria-notify-report";

/// Variables that say which desktop it is.
const DESKTOP: [&str; 4] = [
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "DESKTOP_SESSION",
    "LANG",
];

/// Variables with the user's name.
const USER: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// What is to be done with the report, and how it is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    preview: bool,
    yes: bool,
    json: bool,
}

/// What the checks found out, and their findings do not say.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The document that the app answered with.
    pub(super) status: Option<&'a str>,
    /// The token that is in the keyring.
    pub(super) token: Option<&'a Token>,
}

impl Asked {
    pub(super) fn by(options: &Options) -> Self {
        Self {
            preview: options.preview,
            yes: options.yes,
            json: options.json,
        }
    }
}

/// Why no report can be saved, before anything is looked at: nobody could answer the question.
pub(super) fn refused(asked: Asked) -> Option<ExitCode> {
    if asked.yes || asked.preview || io::stdin().is_terminal() {
        return None;
    }
    print_error(&message::doctor_bundle_add_yes());
    Some(ExitCode::from(USAGE))
}

/// Shows what the file would contain, asks, and writes it, unless only a preview is wanted. Returns `None` once that is
/// done. `known` is what the checks have found out beside it.
///
/// # Errors
/// When there is no place for the app's files, or the terminal cannot be read.
pub(super) fn save(
    file: &Path,
    findings: &[Finding],
    known: &Known<'_>,
    asked: Asked,
) -> anyhow::Result<Option<ExitCode>> {
    let entries = entries(findings, known)?;
    print_error(&message::doctor_bundle_contents(file.display().to_string()));
    for entry in &entries {
        print_error(&message::doctor_bundle_entry(entry.name, entry.contents.len()));
    }
    let problem = if asked.preview {
        None
    } else {
        write(file, &entries, asked.yes)?
    };
    if let Some(problem) = &problem {
        print_error(problem);
    } else if !asked.preview {
        print_error(&message::doctor_bundle_saved(file.display().to_string()));
    }
    if asked.json {
        let saved = !asked.preview && problem.is_none();
        match print_line(file, &entries, saved, problem.as_ref()) {
            Err(error) if !is_broken_pipe(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(problem.map(|_| ExitCode::FAILURE))
}

/// Writes the file, where the user wants it. Returns why it was not written.
fn write(file: &Path, entries: &[Entry], yes: bool) -> anyhow::Result<Option<Message>> {
    let path = file.display().to_string();
    // A link is not followed, because what it leads to is not what was named.
    if let Ok(there) = fs::symlink_metadata(file) {
        // Nobody who says yes to a report says it to the loss of another file.
        if yes || !there.is_file() || !is_wanted(&message::doctor_bundle_overwrite(path.clone()))? {
            return Ok(Some(message::doctor_bundle_exists(path)));
        }
    } else if !yes && !is_wanted(&message::doctor_bundle_ask())? {
        return Ok(Some(message::doctor_bundle_not_saved()));
    }
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let packed = archive::pack(FOLDER, entries, time.as_secs())?;
    // Complete under another name first: a full disk leaves no half of it.
    let written = private::replace(file, &packed, Mode::Private);
    Ok(written
        .err()
        .map(|error| message::doctor_bundle_failed(path, error.to_string())))
}

/// The last line with `--json`.
fn print_line(file: &Path, entries: &[Entry], saved: bool, problem: Option<&Message>) -> anyhow::Result<()> {
    let size = |entry: &Entry| json!({"name": entry.name, "bytes": entry.contents.len()});
    let files: Vec<_> = entries.iter().map(size).collect();
    let path = file.display().to_string();
    let mut line = json!({"report": {"path": path, "files": files, "saved": saved, "problem": problem}});
    add_words(&mut line, catalogue());
    let mut lines = Lines::new();
    lines.write(&line)?;
    Ok(lines.flush()?)
}

fn is_wanted(question: &Message) -> io::Result<bool> {
    print_error(question);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn entries(findings: &[Finding], known: &Known<'_>) -> anyhow::Result<Vec<Entry>> {
    let paths = gloria_program::paths(process::variable)?;
    let resolved = Settings::resolve(&Layers::of(&paths), process::text_variable);
    let redaction = redaction(&paths, &resolved.settings, known.token);
    let status = known
        .status
        .and_then(|document| serde_json::from_str::<Value>(document).ok());

    let lines = |values: Vec<Value>| {
        let mut out = String::new();
        for mut value in values {
            let own = word_of_setting(&value);
            redaction.json(&mut value);
            if let Some(own) = own {
                value["value"] = own;
            }
            // The texts of this program contain nothing private beside what is put into them.
            add_words(&mut value, catalogue());
            out.push_str(&value.to_string());
            out.push('\n');
        }
        out.into_bytes()
    };
    let checks: serde_json::Result<Vec<_>> = findings.iter().map(serde_json::to_value).collect();
    let settings: serde_json::Result<Vec<_>> = resolved.shown().iter().map(serde_json::to_value).collect();
    let mut entries = vec![
        Entry {
            name: "versions.json",
            contents: lines(vec![versions(status.as_ref())]),
        },
        Entry {
            name: "doctor.jsonl",
            contents: lines(checks?),
        },
        Entry {
            name: "settings.jsonl",
            contents: lines(settings?),
        },
    ];
    if let Some(mut status) = status {
        let connection = json!({
            "connection": status["connection"],
            "minutes": status["metrics"]["minutes"].take(),
            "errors": status["metrics"]["errors"],
        });
        entries.push(Entry {
            name: "connection.json",
            contents: lines(vec![connection]),
        });
        entries.push(Entry {
            name: "status.json",
            contents: lines(vec![status]),
        });
    }
    entries.push(Entry {
        name: "log.txt",
        contents: log(&paths.logs, &redaction),
    });
    Ok(entries)
}

fn redaction(paths: &Paths, settings: &Settings, token: Option<&Token>) -> Redaction {
    let accounts = Accounts::read(paths);
    let of_accounts = accounts.all().flat_map(|account| {
        [account.user(), account.name_of_user(), account.email()]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let of_system = USER.iter().filter_map(|name| process::text_variable(name));
    let home = ["HOME", "USERPROFILE"]
        .iter()
        .find_map(|name| process::text_variable(name));
    let url = settings.address.as_ref().map(|address| address.stream(&[]));
    let path = url.as_ref().map_or("", |url| url.path());
    // The address as it is set, too: the stream's own name is added to it.
    let of_api = path.trim_end_matches("/sse").trim_end_matches("/ws");
    Redaction::new(Private {
        users: of_accounts.chain(of_system).collect(),
        home,
        path: of_api.to_owned(),
        host: url.as_ref().and_then(|url| url.host_str()).map(str::to_owned),
        secrets: process::text_variable("GLORIA_TOKEN")
            .into_iter()
            .chain(token.map(|token| token.expose().to_owned()))
            .collect(),
    })
}

/// The value of a setting, where it is a word or a number of this program: somebody may be called like it, too.
fn word_of_setting(line: &Value) -> Option<Value> {
    let (name, value) = (&line["setting"], &line["value"]);
    let key = Key::ALL.iter().find(|key| name == key.name())?;
    key.is_word_of_program(value).then(|| value.clone())
}

fn versions(status: Option<&Value>) -> Value {
    let desktop: Vec<_> = DESKTOP
        .iter()
        .filter_map(|name| Some(format!("{name}={}", process::text_variable(name)?)))
        .collect();
    json!({
        "command": env!("CARGO_PKG_VERSION"),
        "app": status.map(|status| status["version"].clone()),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "desktop": desktop,
    })
}

/// What is kept of the log. A file that cannot be read says so in its place.
fn log(folder: &Path, redaction: &Redaction) -> Vec<u8> {
    let mut out = String::new();
    let read = LogReader::new(folder).read(|line| {
        let line = redaction.text(&String::from_utf8_lossy(line));
        out.push_str(&text::escaped_line(&line));
        out.push('\n');
        Ok(())
    });
    if let Err(error) = read {
        out.push_str(&redaction.text(&error.to_string()));
        out.push('\n');
    }
    out.into_bytes()
}
