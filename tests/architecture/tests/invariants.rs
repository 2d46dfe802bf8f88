//! The invariants that ARCHITECTURE.md names. Each test says which.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::DependencyKind;
use gloria_architecture_tests::{
    ALL_KINDS, dependencies, folder, is_shipped, metadata, packages, root, shipped,
};
use gloria_core::protocol::COMMANDS;

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("node_modules") && !path.ends_with("dist") && !path.ends_with("target") {
                found.extend(files(&path, endings));
            }
        } else if path
            .extension()
            .is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
        {
            found.push(path);
        }
    }
    found
}

/// The files below a folder that hold a text, comments left out, as paths from the root.
fn naming(folder: &str, endings: &[&str], needle: &str) -> BTreeSet<String> {
    let root = root();
    let mut naming = BTreeSet::new();
    for file in files(&root.join(folder), endings) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.into_iter().any(|line| line.contains(needle)) {
            naming.insert(
                file.strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/"),
            );
        }
    }
    naming
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn invariant_1_only_the_shell_names_tauri() {
    let metadata = metadata();
    for (name, package) in packages(&metadata) {
        let tauri: Vec<_> = dependencies(package, &ALL_KINDS)
            .into_iter()
            .filter(|name| name.starts_with("tauri"))
            .collect();
        assert_eq!(
            tauri.is_empty(),
            name != "gloria-notify",
            "{name} depends on {tauri:?}"
        );
    }
    assert_eq!(
        naming("ui/src", &["ts", "svelte"], "@tauri-apps/"),
        set(&["ui/src/host/tauri.ts"])
    );
}

#[test]
fn invariant_2_only_these_touch_the_system() {
    let metadata = metadata();
    let system = |name: &String| {
        [
            "rodio",
            "keyring",
            "ksni",
            "zbus",
            "windows",
            "secret-service",
            "libc",
            "nix",
            "rustix",
            "open",
        ]
        .contains(&name.as_str())
            || ["objc2", "windows-", "keyring-", "cpal", "zbus-"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    for package in shipped(&metadata) {
        let name = package.name.as_str();
        if ["gloria-desktop", "gloria-ipc", "gloria-program"].contains(&name) {
            continue;
        }
        let found = dependencies(package, &[DependencyKind::Normal]);
        let found: Vec<_> = found.iter().filter(|name| system(name)).collect();
        let sources = match name {
            "gloria-notify" => "src-tauri/src".to_owned(),
            _ => format!("{}/src", folder(package)),
        };
        let conditions = naming(&sources, &["rs"], "target_os");
        match name {
            // The shell has a few lines where tauri itself differs.
            "gloria-notify" => assert!(found.is_empty(), "{name} depends on {found:?}"),
            // Its Linux half is a module of its own.
            "gloria-agent" => {
                assert_eq!(found, ["ksni", "rustix", "zbus"]);
                for named in found.iter().map(|name| format!("{name}::")) {
                    for file in naming(&sources, &["rs"], &named) {
                        assert!(file.contains("/src/linux"), "{file} names {named}");
                    }
                }
                assert_eq!(conditions, set(&["src-tauri/crates/agent/src/lib.rs"]));
            }
            // One of its verbs is the agent of Linux.
            "gloria-cli" => {
                assert!(found.is_empty(), "{name} depends on {found:?}");
                assert_eq!(conditions, set(&["src-tauri/crates/cli/src/lib.rs"]));
            }
            _ => {
                assert!(found.is_empty(), "{name} depends on {found:?}");
                let on_one_system = package.dependencies.iter().find(|other| other.target.is_some());
                assert!(on_one_system.is_none(), "{name}: {on_one_system:?}");
                assert_eq!(conditions, set(&[]), "{sources}");
            }
        }
    }
}

#[test]
fn invariant_3_only_the_inbox_knows_sql() {
    let metadata = metadata();
    for (name, package) in packages(&metadata) {
        let knows = dependencies(package, &[DependencyKind::Normal]).contains("rusqlite");
        assert_eq!(knows, name == "gloria-core", "{name}");
    }
    for file in naming("src-tauri/crates/core/src", &["rs"], "rusqlite") {
        assert!(
            file.starts_with("src-tauri/crates/core/src/inbox"),
            "{file} names rusqlite"
        );
    }
}

#[test]
fn invariant_4_the_stream_knows_no_gloria_and_the_rules_no_clock() {
    let metadata = metadata();
    let stream = dependencies(
        packages(&metadata)["gloria-stream"],
        &[DependencyKind::Normal, DependencyKind::Build],
    );
    assert!(
        !stream.iter().any(|name| name.starts_with("gloria")),
        "{stream:?}"
    );
    let envelope = set(&["src-tauri/crates/stream/src/driver/websocket/message.rs"]);
    for (word, where_it_may_be) in [
        ("notification", set(&[])),
        ("gloria_core", set(&[])),
        ("serde", envelope),
    ] {
        assert_eq!(
            naming("src-tauri/crates/stream/src", &["rs"], word),
            where_it_may_be,
            "{word}"
        );
    }
    let rules = [
        "src-tauri/crates/stream/src/machine",
        "src-tauri/crates/stream/src/parser",
        "src-tauri/crates/core/src/event",
    ];
    for clock in [
        "Instant::now",
        "SystemTime::now",
        "tokio::time",
        "fastrand::u",
        "fastrand::Rng::new()",
    ] {
        for folder in rules {
            assert_eq!(naming(folder, &["rs"], clock), set(&[]), "{clock} in {folder}");
        }
        for file in [
            "stream/src/machine",
            "stream/src/parser",
            "core/src/alerts",
            "core/src/tray",
            "core/src/metrics",
            "core/src/event",
        ] {
            let text = fs::read_to_string(root().join(format!("src-tauri/crates/{file}.rs"))).unwrap();
            let rules = text.split("#[cfg(test)]").next().unwrap_or_default();
            assert!(!rules.contains(clock), "{clock} in {file}.rs");
        }
    }
}

#[test]
fn invariant_5_nothing_shipped_depends_on_what_is_not() {
    let metadata = metadata();
    let unshipped: BTreeSet<_> = metadata
        .packages
        .iter()
        .filter(|package| !is_shipped(package))
        .map(|package| package.name.to_string())
        .collect();
    for package in shipped(&metadata) {
        let found = dependencies(package, &[DependencyKind::Normal, DependencyKind::Build]);
        let found: Vec<_> = found.intersection(&unshipped).collect();
        assert!(found.is_empty(), "{} depends on {found:?}", package.name);
    }
}

#[test]
fn invariant_6_what_crosses_to_the_ui_lives_in_one_module() {
    // That the committed TypeScript is current is a test of the core itself, which generates it.
    let exported = naming("src-tauri/crates", &["rs"], "derive(TS)");
    let homes = [
        "core/src/item",
        "core/src/protocol/",
        "files/src/logging",
        "text/src/message",
    ]
    .map(|home| format!("src-tauri/crates/{home}"));
    for file in exported {
        assert!(
            homes.iter().any(|home| file.starts_with(home.as_str())),
            "{file} exports a type to the UI"
        );
    }
    // Types say that the core's list and the fake host of the UI have the same commands; that each is needed, they do
    // not.
    let mut pages = Vec::new();
    for file in files(&root().join("ui/src"), &["ts", "svelte"]) {
        if !file.starts_with(root().join("ui/src/host")) {
            pages.push(fs::read_to_string(&file).unwrap());
        }
    }
    for command in COMMANDS {
        let asked = format!("'{command}'");
        assert!(
            pages.iter().any(|page| page.contains(&asked)),
            "no page asks for {command}"
        );
    }
}

#[test]
fn invariant_8_the_window_has_the_listed_commands_and_a_link() {
    let shell = fs::read_to_string(root().join("src-tauri/src/commands.rs")).unwrap();
    let registered = shell
        .split("generate_handler![")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    let registered: BTreeSet<_> = registered
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();

    let permissions = fs::read_to_string(root().join("src-tauri/permissions/window.toml")).unwrap();
    let permissions: toml::Value = toml::from_str(&permissions).unwrap();
    let permissions = permissions["permission"].as_array().unwrap();
    assert_eq!(permissions.len(), 1);
    let allowed = permissions[0]["commands"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<_> = allowed
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        allowed, registered,
        "the window may use exactly what the shell registers"
    );

    let folder = fs::read_dir(root().join("src-tauri/capabilities")).unwrap();
    let capabilities: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(capabilities, ["main.json"]);
    let main = fs::read(root().join("src-tauri/capabilities/main.json")).unwrap();
    let main: serde_json::Value = serde_json::from_slice(&main).unwrap();
    assert_eq!(main["windows"], serde_json::json!(["main"]));
    assert_eq!(main["permissions"], serde_json::json!(["window"]));

    for file in naming("src-tauri/src", &["rs"], "CoreHandle") {
        assert!(
            !file.contains("/window") && !file.ends_with("/commands.rs"),
            "{file} reaches the core past its link"
        );
    }
}

#[test]
fn invariant_11_what_reaches_the_page_comes_through_one_file() {
    let named = |needle| naming("src-tauri/src", &["rs"], needle);
    let (forwarding, commands) = ("src-tauri/src/forwarding.rs", "src-tauri/src/commands.rs");
    // A command is given its channel, and hands it on.
    assert_eq!(named("Channel"), set(&[commands, forwarding]));
    assert_eq!(named("#[tauri::command]"), set(&[commands]));
    let text = fs::read_to_string(root().join(commands)).unwrap();
    for way in ["Link", "State<", "json!", ".send("] {
        assert!(!text.contains(way), "{commands} names {way}");
    }
    let answered = text.matches("Forwarding::of(&app)").count();
    assert_eq!(answered, text.matches("#[tauri::command]").count());
    // Other ways that tauri has.
    for way in [
        ".emit",
        "initialization_script",
        "uri_scheme_protocol",
        "append_invoke_initialization_script",
    ] {
        assert_eq!(named(way), set(&[]), "{way}");
    }
    // The one script asks a page for a sign of life, and says nothing.
    let page = "src-tauri/src/window/page.rs";
    assert_eq!(named(".eval"), set(&[page]));
    let text = fs::read_to_string(root().join(page)).unwrap();
    assert_eq!(text.matches(".eval").count(), text.matches(".eval(ASK)").count());
}
