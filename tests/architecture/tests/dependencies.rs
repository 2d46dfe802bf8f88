//! What the crates may be built from: which of our own, which of others, and what each program is linked from.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cargo_metadata::DependencyKind;
use gloria_architecture_tests::{ALL_KINDS, dependencies, metadata, packages, root, shipped};

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("gloria-text", &[][..]),
        ("gloria-files", &["gloria-text"]),
        ("gloria-words", &["gloria-text"]),
        ("gloria-program", &["gloria-files", "gloria-text", "gloria-words"]),
        ("gloria-stream", &[]),
        ("gloria-sign-in", &["gloria-stream", "gloria-text"]),
        (
            "gloria-core",
            &["gloria-files", "gloria-sign-in", "gloria-stream", "gloria-text"],
        ),
        ("gloria-ipc", &[]),
        ("gloria-desktop", &["gloria-core", "gloria-ipc", "gloria-words"]),
        (
            "gloria-agent",
            &[
                "gloria-core",
                "gloria-desktop",
                "gloria-ipc",
                "gloria-program",
                "gloria-words",
            ],
        ),
        (
            "gloria-cli",
            &[
                "gloria-agent",
                "gloria-core",
                "gloria-desktop",
                "gloria-ipc",
                "gloria-program",
                "gloria-sign-in",
                "gloria-stream",
                "gloria-words",
            ],
        ),
        (
            "gloria-notify",
            &[
                "gloria-agent",
                "gloria-core",
                "gloria-desktop",
                "gloria-files",
                "gloria-ipc",
                "gloria-program",
                "gloria-text",
                "gloria-words",
            ],
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
        assert!(
            own.iter().all(|name| allowed.contains(&name.as_str())),
            "{name} depends on {own:?}"
        );
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

/// `tauri build` makes a package depend on libappindicator, and fails where it is not installed, where any table of
/// dependencies has `tauri` with the feature `tray-icon`, also one for other systems. It does not look into inline
/// tables.
#[test]
fn a_package_for_linux_needs_no_library_for_the_tray() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, package) = manifest.split_once("\n[package]\n").unwrap();
    let features = package.lines().filter(|line| line.contains("\"tray-icon\""));
    let found: Vec<_> = features
        .map(|line| line.split('{').next().unwrap().trim())
        .collect();
    assert_eq!(found, ["dependencies ="], "only in an inline table");
    assert!(package.contains("\ndefault = [\"custom-protocol\"]\n"));
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

/// What a package is linked from on Linux: by its own features alone, as in a build of it alone.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args([
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "cargo tree: {tree:?}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

fn assert_linked_without(package: &str, foreign: &[&str]) {
    let linked = linked(package);
    assert!(linked.contains("tokio"), "{linked:?}");
    let is_foreign = |name: &&String| {
        foreign
            .iter()
            .any(|foreign| name == foreign || name.starts_with(&format!("{foreign}-")))
    };
    let found: Vec<_> = linked.iter().filter(is_foreign).collect();
    assert!(found.is_empty(), "{package} is linked from {found:?}");
}

/// Crates that link a toolkit, and those above them. A name stands for all that begin with it.
const TOOLKITS: [&str; 11] = [
    "gtk",
    "gdk",
    "gdkx11",
    "glib",
    "gio",
    "webkit2gtk",
    "tauri",
    "wry",
    "tao",
    "muda",
    "tray-icon",
];

#[test]
fn invariant_10_each_program_is_linked_from_its_own_half() {
    for agent in ["gloria-agent", "gloria-cli"] {
        assert_linked_without(agent, &TOOLKITS);
    }
    let core = [
        "gloria-core",
        "gloria-stream",
        "gloria-sign-in",
        "gloria-desktop",
        "gloria-agent",
        "rusqlite",
        "libsqlite3-sys",
        "reqwest",
        "rustls",
        "rodio",
        "keyring",
        "ksni",
        "zbus",
    ];
    assert_linked_without("gloria-notify", &core);
    assert!(
        linked("gloria-notify").contains("gtk"),
        "the test sees what is linked"
    );
    assert_linked_without("gloria-ipc", &[&core[..], &TOOLKITS].concat());
}
