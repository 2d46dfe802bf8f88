//! Rules for all files of the repository, and for what its documents refer to.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use gloria_architecture_tests::{files, folder, metadata, root, text};

/// Written by `cargo xtask protocol`.
const GENERATED: [&str; 2] = ["ui/src/host/protocol.ts", "ui/src/host/messages.ts"];

const WIDEST: usize = 120;

/// What a person reads in one go; a longer file has a seam.
const MAX_LINES: usize = 500;

/// Files that are longer and have one reason to change, each with that reason.
const LONGER: [(&str, &str); 0] = [];

fn ends_with_one_of(file: &str, endings: &[&str]) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(_, ending)| endings.contains(&ending))
}

#[test]
fn no_file_of_code_is_longer_than_500_lines() {
    let mut wrong = Vec::new();
    for file in files() {
        let code = ["rs", "ts", "js", "mjs", "svelte", "css", "html", "py", "sh"];
        if !ends_with_one_of(&file, &code) || GENERATED.contains(&file.as_str()) {
            continue;
        }
        let lines = text(&file).lines().count();
        let is_listed = LONGER.iter().any(|(longer, _)| *longer == file);
        match (lines > MAX_LINES, is_listed) {
            (true, false) => wrong.push(format!("{file} has {lines} lines: part it where it has a seam")),
            (false, true) => wrong.push(format!("{file} is listed as longer, and is not")),
            (true, true) | (false, false) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where one line of an expression cannot be broken, rustfmt leaves all of it as it is, and `--check` is content.
#[test]
fn no_line_of_code_is_wider_than_120_columns() {
    let mut wide = Vec::new();
    for file in files() {
        let code = ["rs", "ts", "js", "mjs", "svelte", "css", "html", "py", "sh"];
        if !ends_with_one_of(&file, &code) || GENERATED.contains(&file.as_str()) {
            continue;
        }
        for (number, line) in text(&file).lines().enumerate() {
            let width = line.chars().count();
            if width > WIDEST {
                wide.push(format!("{file}:{}: {width}", number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}

const WIDEST_TEXT: usize = 140;

fn documents() -> impl Iterator<Item = String> {
    files().into_iter().filter(|file| file.ends_with(".md"))
}

/// Rows of tables cannot be broken.
#[test]
fn no_line_of_a_document_is_wider_than_140_columns() {
    let mut wide = Vec::new();
    for file in documents() {
        for (number, line) in text(&file).lines().enumerate() {
            let width = line.chars().count();
            if width > WIDEST_TEXT && !line.starts_with('|') {
                wide.push(format!("{file}:{}: {width}", number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}

/// The name by which GitHub links to a heading.
fn anchor(heading: &str) -> String {
    let lower = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading() {
    let mut checked = 0;
    let mut broken = Vec::new();
    for file in documents() {
        let content = text(&file);
        let links = content
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        for (link, _) in links {
            if link.contains("://") {
                continue;
            }
            checked += 1;
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(&file)
            } else {
                root().join(&file).parent().unwrap().join(path)
            };
            let leads_to_heading = || {
                std::fs::read_to_string(&target)
                    .unwrap()
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line) == heading)
            };
            if !target.exists() || (!heading.is_empty() && !leads_to_heading()) {
                broken.push(format!("{file}: {link}"));
            }
        }
    }
    assert!(checked > 10, "only {checked} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// On Windows git writes CRLF where it takes a file for text: a vector of the parser would be another one there.
#[test]
fn git_never_changes_the_bytes_of_a_file_that_is_not_plain_text() {
    let not_plain: BTreeSet<_> = files()
        .into_iter()
        .filter(|file| {
            let bytes = std::fs::read(root().join(file)).unwrap();
            std::str::from_utf8(&bytes).is_err() || bytes.iter().any(|byte| matches!(byte, b'\r' | 0))
        })
        .collect();
    assert!(
        not_plain
            .iter()
            .any(|file| file.starts_with("tests/fuzz/corpus/parser/")),
        "the vectors of the parser are among them"
    );
    let mut check = Command::new("git")
        .args(["check-attr", "--stdin", "text"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let names = not_plain
        .iter()
        .map(|name| format!("{name}\n"))
        .collect::<String>();
    check.stdin.take().unwrap().write_all(names.as_bytes()).unwrap();
    let attributes = String::from_utf8(check.wait_with_output().unwrap().stdout).unwrap();
    let changed: Vec<_> = attributes
        .lines()
        .filter(|line| !line.ends_with(": text: unset"))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
    assert_eq!(attributes.lines().count(), not_plain.len());
}

#[test]
fn every_crate_is_compiled_by_the_tests() {
    let members: BTreeSet<_> = metadata().packages.iter().map(folder).collect();
    let runner = text("src-tauri/crates/xtask/src/test.rs");
    for file in files() {
        let Some(folder) = file.strip_suffix("Cargo.toml") else {
            continue;
        };
        let folder = folder.trim_end_matches('/');
        assert!(
            members.contains(folder) || runner.contains(&format!("\"{folder}\"")),
            "{file} is compiled by nothing"
        );
    }
}

#[test]
fn every_test_program_is_run() {
    let runner = text("src-tauri/crates/xtask/src/test.rs");
    for package in metadata().packages {
        for target in package
            .targets
            .iter()
            .filter(|target| target.is_test() && !target.test)
        {
            assert!(
                runner.contains(&format!("\"--test\", \"{}\"", target.name)),
                "{} of {} is left out of `cargo test`, and no suite runs it",
                target.name,
                package.name
            );
        }
    }
}

#[test]
fn every_crate_says_its_licence_and_goes_to_no_registry() {
    for file in files() {
        if file.ends_with("Cargo.toml") {
            let manifest = text(&file);
            for [own, inherited] in [
                ["license = \"MIT\"", "license.workspace = true"],
                ["publish = false", "publish.workspace = true"],
            ] {
                assert!(
                    manifest.contains(own) || manifest.contains(inherited),
                    "{file} has no {own}"
                );
            }
        }
    }
}

/// Documents that name tests as evidence.
const EVIDENCE: [&str; 2] = ["SECURITY.md", "docs/platforms.md"];

/// The code spans of a document.
fn code_of(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

fn has_test(file: &str, name: &str) -> bool {
    if !root().join(file).is_file() {
        return false;
    }
    let text = text(file);
    if file.ends_with(".ts") {
        return text.contains(&format!("test('{name}'"));
    }
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let function = format!("fn {name}(");
    let defined = lines
        .iter()
        .position(|line| line.strip_prefix("async ").unwrap_or(line).starts_with(&function));
    defined.is_some_and(|at| {
        let before = lines[..at].iter().rev();
        let mut attributes = before.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_test_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for document in EVIDENCE {
        let mut named = 0;
        for piece in code_of(&text(document)) {
            if let Some((file, name)) = piece.split_once(": ")
                && (file.ends_with(".rs") || file.ends_with(".ts"))
            {
                named += 1;
                if !has_test(file, name) {
                    missing.push(format!("{document}: {piece}"));
                }
            }
        }
        assert!(named > 5, "{document} names tests");
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_guarantee_of_security_names_a_test() {
    let document = text("SECURITY.md");
    let table = document.split("| guarantee | shown by |").nth(1).unwrap();
    for row in table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
    {
        assert!(code_of(row).any(|piece| piece.contains(".rs: ")), "{row}");
    }
}

/// Whether one of our crates has this module, with or without the crate's name before it, or this function in a module.
fn has_module(sources: &[String], name: &str) -> bool {
    let crates = [
        "agent", "core", "desktop", "files", "ipc", "program", "stream", "text",
    ];
    let of_crate = name.split_once("::").filter(|(first, _)| crates.contains(first));
    let (folder, name) = match of_crate {
        Some((name, rest)) => (format!("/crates/{name}/src/"), rest),
        None => ("/src/".to_owned(), name),
    };
    let place = name.replace("::", "/");
    let find = |place: &str| {
        let end = format!("{folder}{place}.rs");
        sources.iter().find(|file| file.ends_with(&end))
    };
    let is_function = || {
        let (module, function) = place.rsplit_once('/')?;
        text(find(module)?)
            .contains(&format!("fn {function}"))
            .then_some(())
    };
    find(&place).is_some() || is_function().is_some()
}

#[test]
fn every_module_that_the_architecture_names_exists() {
    let sources: Vec<_> = files().into_iter().filter(|file| file.ends_with(".rs")).collect();
    let document = text("ARCHITECTURE.md");
    let is_path = |piece: &&str| {
        piece.contains("::")
            && piece
                .chars()
                .all(|c| c.is_ascii_lowercase() || matches!(c, '_' | ':'))
    };
    let names: Vec<_> = code_of(&document).filter(is_path).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !has_module(&sources, name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_place_that_the_guide_for_contributors_names_exists() {
    let guide = text("CONTRIBUTING.md");
    let folders = ["src-tauri/", "ui/", "tests/", "locales", "docs/"];
    let places: Vec<_> = code_of(&guide)
        .filter(|piece| folders.iter().any(|folder| piece.starts_with(folder)) && !piece.contains(' '))
        .collect();
    assert!(places.len() > 10, "{places:?}");
    let missing: Vec<_> = places
        .iter()
        .filter(|place| !root().join(place).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
