//! No files import each other in a circle: what is below can be read, tested and moved without what is above it.

use std::collections::BTreeSet;
use std::path::Path;

use gloria_architecture_tests::{metadata, root};

use crate::graph::Graph;
use crate::modules::Modules;
use crate::scripts;

fn assert_no_circles(graph: &Graph) {
    let circles = graph.circles();
    let explained: Vec<_> = circles.iter().map(|circle| graph.explain(circle)).collect();
    assert!(
        circles.is_empty(),
        "{} circles:\n{}",
        circles.len(),
        explained.join("\n")
    );
}

#[test]
fn no_rust_files_import_each_other_in_a_circle() {
    let metadata = metadata();
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let crates: BTreeSet<_> = targets.map(|target| target.src_path.clone()).collect();
    let mut graph = Graph::default();
    for first in crates {
        Modules::of_crate(first.as_std_path()).add_to(&mut graph, &root());
    }
    assert!(graph.len() > 300, "only {} imports were found", graph.len());
    assert_no_circles(&graph);
}

/// core's modules from the ground up. None uses what stands after it.
const CORE: &[&str] = &[
    "text",
    "ticks",
    "fingerprint",
    "item",
    "token",
    "grant",
    "paths",
    "release",
    "event",
    "ports",
    "protocol",
    "listeners",
    "alerts",
    "outbox",
    "backfill",
    "inbox",
    "account",
    "settings",
    "connection",
    "provider",
    "metrics",
    "doctor",
    "handle",
    "link",
    "actor",
    "tray",
    "testing",
];

#[test]
fn core_is_built_from_the_ground_up() {
    let mut graph = Graph::default();
    let first = root().join("src-tauri/crates/core/src/lib.rs");
    Modules::of_crate(&first).add_to(&mut graph, first.parent().unwrap());
    let mut wrong = Vec::new();
    for (from, to, what) in graph.imports() {
        let (Some(from), Some(to)) = (from.strip_suffix(".rs"), to.strip_suffix(".rs")) else {
            continue;
        };
        if from.contains('/') || to.contains('/') {
            continue;
        }
        let place = |name: &str| {
            CORE.iter()
                .position(|known| *known == name)
                .unwrap_or_else(|| panic!("say where {name} stands among core's modules"))
        };
        if place(from) < place(to) {
            wrong.push(format!("{from} imports {what}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_of_the_ui_import_each_other_in_a_circle() {
    let mut graph = Graph::default();
    scripts::add_to(&mut graph, &root(), &root().join("ui"));
    assert!(graph.len() > 100, "only {} imports were found", graph.len());
    assert_no_circles(&graph);
}

#[test]
fn a_circle_through_a_folder_and_a_name_passed_on_is_found() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("circle");
    std::fs::create_dir_all(folder.join("inbox")).unwrap();
    let circles = |top: &str| {
        for (file, code) in [
            ("lib.rs", "mod inbox;\nmod item;\npub use inbox::Row;"),
            (
                "inbox.rs",
                "mod row;\nuse crate::item::Item;\npub use row::Row;\nfn f(_: Item) {}",
            ),
            ("inbox/row.rs", "use super::*;\npub struct Row(super::Inner);"),
            ("item.rs", top),
        ] {
            std::fs::write(folder.join(file), code).unwrap();
        }
        let mut graph = Graph::default();
        Modules::of_crate(&folder.join("lib.rs")).add_to(&mut graph, &folder);
        graph.circles().into_iter().flatten().collect::<Vec<_>>()
    };
    let item = "pub struct Item;\n// crate::Row\nconst ROW: &str = \"crate::Row\";";
    assert_eq!(circles(item), [""; 0]);
    assert_eq!(
        circles(&format!("{item}\n#[cfg(test)]\nmod tests {{ use crate::Row; }}")),
        [""; 0]
    );
    for circle in [
        "use crate::{self as all, inbox::{Row as Line}};",
        "fn f() -> Vec<crate::inbox::Row> {}",
        "fn f() { format!(\"{}\", super::Row) }",
        "use crate::inbox;\nfn f() { inbox::Row::new() }",
    ] {
        assert_eq!(
            circles(&format!("{item}\n{circle}")),
            ["inbox.rs", "item.rs"],
            "{circle}"
        );
    }
}
