//! The list of everything that is compiled into the programs (SBOM), in the format CycloneDX 1.5.
//!
//! It is our own writer because `cargo-cyclonedx` is a program of its own, which a test run would compile, and
//! `npm sbom` lists the tools that the page is built with and not what is in it. What is in the programs is already
//! known from `cargo metadata` and the page's lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use serde_json::{Value, json};

use crate::plan::{PACKAGE, PRODUCT, Plan};
use crate::programs;

/// The npm packages that the page imports; everything else in its lock file only builds or tests it.
const IMPORTED: [&str; 3] = ["@fluent/bundle", "@tauri-apps/api", "svelte"];

/// The document, for the plan's target.
pub(super) fn document(plan: &Plan) -> Result<Vec<u8>> {
    let mut command = MetadataCommand::new();
    command.manifest_path(plan.root.join("Cargo.toml"));
    let mut options = vec!["--locked".to_owned(), "--offline".to_owned()];
    if let Some(triple) = plan.target.triple.clone().or_else(host) {
        options.extend(["--filter-platform".to_owned(), triple]);
    }
    let metadata = command
        .other_options(options)
        .exec()
        .context("cargo metadata failed")?;
    let lock = read_json(&plan.root.join("ui/package-lock.json"))?;
    let mut components = crates(&metadata)?;
    components.extend(npm_packages(&lock));
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": plan.date("%Y-%m-%dT%H:%M:%SZ")?,
            "component": {
                "type": "application",
                "bom-ref": PACKAGE,
                "name": PRODUCT,
                "version": plan.version,
                "licenses": [{ "expression": "MIT" }],
            },
        },
        "components": components.into_values().collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// The triple of this machine, as rustc names it.
fn host() -> Option<String> {
    let text = crate::command::output(std::process::Command::new("rustc").arg("-vV")).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}

/// The crates of others that the programs are linked from, by their names in the document.
fn crates(metadata: &Metadata) -> Result<BTreeMap<String, Value>> {
    let resolved = metadata.resolve.as_ref().context("cargo resolved nothing")?;
    let nodes: BTreeMap<&PackageId, _> = resolved.nodes.iter().map(|node| (&node.id, node)).collect();
    let own = metadata.workspace_packages();
    let is_program = |name: &str| programs::NAMES.contains(&name) || name == "gloria-cli";
    let mut open: Vec<_> = own
        .iter()
        .filter(|package| is_program(&package.name))
        .map(|package| &package.id)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).map(|node| &*node.deps).unwrap_or_default();
        let linked = dependencies.iter().filter(|dependency| {
            let mut kinds = dependency.dep_kinds.iter();
            kinds.any(|kind| kind.kind == DependencyKind::Normal)
        });
        open.extend(linked.map(|dependency| &dependency.pkg));
    }
    let own: BTreeSet<_> = own.iter().map(|package| &package.id).collect();
    let others = seen.into_iter().filter(|id| !own.contains(id));
    let component = |id: &PackageId| {
        let package = &metadata[id];
        let version = package.version.to_string();
        let address = format!("pkg:cargo/{}@{version}", package.name);
        (
            address.clone(),
            component(&address, &package.name, &version, package.license.as_deref()),
        )
    };
    Ok(others.map(component).collect())
}

/// The npm packages that the page is built of, by their names in the document.
fn npm_packages(lock: &Value) -> BTreeMap<String, Value> {
    let mut open: Vec<_> = IMPORTED.map(str::to_owned).to_vec();
    let mut seen = BTreeSet::new();
    let mut found = BTreeMap::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let package = &lock["packages"][format!("node_modules/{name}")];
        let Some(version) = package["version"].as_str() else {
            continue;
        };
        let address = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        let component = component(&address, &name, version, package["license"].as_str());
        found.insert(address, component);
        open.extend(
            package["dependencies"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
    }
    found
}

fn component(address: &str, name: &str, version: &str, license: Option<&str>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
    });
    if let Some(license) = license {
        // Crates of the time before SPDX expressions have a slash for OR.
        component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    /// The packages that the page's files import.
    fn imported(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                imported(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            for rest in text.split(" from '").skip(1) {
                let name = rest.split('\'').next().unwrap_or_default();
                let parts = if name.starts_with('@') { 2 } else { 1 };
                let package: Vec<_> = name.split('/').take(parts).collect();
                if !name.starts_with(['.', '$']) {
                    found.insert(package.join("/"));
                }
            }
        }
    }

    #[test]
    fn the_list_has_what_the_page_imports_and_what_the_programs_are_linked_from() {
        let root = plan::root();
        let mut found = BTreeSet::new();
        imported(&root.join("ui/src"), &mut found);
        assert_eq!(found, IMPORTED.map(str::to_owned).into());
        let plan = Plan::for_tests(&root);
        let document: Value = serde_json::from_slice(&document(&plan).unwrap()).unwrap();
        let components = document["components"].as_array().unwrap();
        let names: BTreeSet<_> = components
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        for name in ["tokio", "rusqlite", "libsqlite3-sys", "svelte", "@fluent/bundle"] {
            assert!(names.contains(name), "{name}");
        }
        // They only test or build it.
        for name in ["proptest", "criterion", "vite", "gloria-core", "fantoccini"] {
            assert!(!names.contains(name), "{name}");
        }
        let unlicensed = components
            .iter()
            .find(|component| component.get("licenses").is_none());
        assert_eq!(unlicensed, None);
    }
}
