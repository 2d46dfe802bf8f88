//! The invariants that ARCHITECTURE.md names. Each test says which.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Package};
use gloria_architecture_tests::{folder, is_shipped, metadata, root};
use gloria_core::protocol::COMMANDS;

fn packages(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect()
}

fn shipped(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.packages.iter().filter(|package| is_shipped(package))
}

/// What a package is built from, tests and build scripts left out where asked.
fn dependencies(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let wanted = package
        .dependencies
        .iter()
        .filter(|dependency| kinds.contains(&dependency.kind));
    wanted.map(|dependency| dependency.name.clone()).collect()
}

const ALL_KINDS: [DependencyKind; 3] = [
    DependencyKind::Normal,
    DependencyKind::Build,
    DependencyKind::Development,
];

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
fn invariant_2_only_desktop_and_ipc_touch_the_system() {
    let metadata = metadata();
    let system = |name: &String| {
        [
            "rodio",
            "keyring",
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
    let others = shipped(&metadata)
        .filter(|package| !["gloria-desktop", "gloria-ipc"].contains(&package.name.as_str()));
    for package in others {
        let found: Vec<_> = dependencies(package, &[DependencyKind::Normal])
            .into_iter()
            .filter(system)
            .collect();
        assert!(found.is_empty(), "{} depends on {found:?}", package.name);
        // The shell has a few lines where tauri itself differs.
        if *package.name != "gloria-notify" {
            let on_one_system = package.dependencies.iter().find(|other| other.target.is_some());
            assert!(on_one_system.is_none(), "{}: {on_one_system:?}", package.name);
            let sources = format!("{}/src", folder(package));
            assert_eq!(naming(&sources, &["rs"], "target_os"), set(&[]), "{sources}");
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
    let exported = naming("src-tauri/crates/core/src", &["rs"], "derive(TS)");
    let homes =
        ["item", "logging", "message", "protocol/"].map(|home| format!("src-tauri/crates/core/src/{home}"));
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
fn invariant_10_a_client_of_the_socket_needs_no_core() {
    // With what its tests need, which is little.
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Value = toml::from_str(&lock).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let mut closure = BTreeSet::new();
    let mut open = vec!["gloria-ipc"];
    while let Some(name) = open.pop() {
        if closure.insert(name) {
            let named = packages
                .iter()
                .filter(|package| package["name"].as_str() == Some(name));
            let needed = named.filter_map(|package| package.get("dependencies")?.as_array());
            // A name, and a version where there are several.
            let names = needed
                .flatten()
                .filter_map(|needed| needed.as_str()?.split(' ').next());
            open.extend(names);
        }
    }
    assert!(closure.contains("tokio"), "{closure:?}");
    for heavy in [
        "gloria-core",
        "gloria-stream",
        "rusqlite",
        "reqwest",
        "rodio",
        "tauri",
        "gtk",
        "zbus",
    ] {
        assert!(!closure.contains(heavy), "gloria-ipc is built from {heavy}");
    }
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("gloria-stream", &[][..]),
        ("gloria-core", &["gloria-stream"]),
        ("gloria-words", &["gloria-core"]),
        ("gloria-ipc", &[]),
        ("gloria-desktop", &["gloria-core", "gloria-ipc", "gloria-words"]),
        (
            "gloria-cli",
            &[
                "gloria-core",
                "gloria-desktop",
                "gloria-ipc",
                "gloria-stream",
                "gloria-words",
            ],
        ),
        (
            "gloria-notify",
            &["gloria-core", "gloria-desktop", "gloria-words"],
        ),
        ("gloria-backend", &[]),
    ]);
    // A new crate has to be put into its place.
    let named: BTreeSet<_> = allowed.keys().map(|name| (*name).to_owned()).collect();
    let mut shipped: BTreeSet<_> = shipped(&metadata)
        .map(|package| package.name.to_string())
        .collect();
    shipped.insert("gloria-backend".to_owned());
    assert_eq!(named, shipped);
    for (name, allowed) in allowed {
        let own: BTreeSet<_> = dependencies(packages(&metadata)[name], &[DependencyKind::Normal])
            .into_iter()
            .filter(|dependency| dependency.starts_with("gloria-"))
            .collect();
        assert!(own.is_subset(&set(allowed)), "{name} depends on {own:?}");
    }
}

#[test]
fn one_stack_each_for_d_bus_tls_and_http() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let versions = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    for name in ["zbus", "rustls", "hyper", "reqwest", "tokio", "rusqlite"] {
        assert_eq!(versions(name), 1, "{name}");
    }
    for name in ["openssl", "native-tls", "aws-lc-rs"] {
        assert_eq!(versions(name), 0, "{name}");
    }
}

#[test]
fn no_idle_thread_wakes_twice_a_second() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(
        !lock.contains("name = \"blocking\"\nversion = \"1.7.0\""),
        "blocking 1.7.0 never ends an idle thread: cargo update -p blocking --precise 1.6.2"
    );
}

#[test]
fn every_dependency_has_its_line_in_the_architecture() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let metadata = metadata();
    let mut missing = BTreeSet::new();
    for package in packages(&metadata).values() {
        for dependency in dependencies(package, &ALL_KINDS) {
            let own = dependency.starts_with("gloria-") || dependency == "xtask";
            if !own && !document.contains(&format!("`{dependency}`")) {
                missing.insert(dependency);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not say why these are there: {missing:?}"
    );
}
