//! What the files of the UI import: of types as well as of code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::graph::Graph;

const ENDINGS: [&str; 4] = ["", ".ts", ".svelte", "/index.ts"];

/// Adds the imports of all files below a folder.
pub(crate) fn add_to(graph: &mut Graph, root: &Path, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "node_modules" | "dist" | "test-results") {
                add_to(graph, root, &path);
            }
        } else if name.ends_with(".ts") || name.ends_with(".svelte") {
            for specifier in &imports(&fs::read_to_string(&path).unwrap()) {
                if let Some(imported) = resolve(&path, specifier) {
                    graph.add(&relative(root, &path), &relative(root, &imported), specifier);
                }
            }
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

fn resolve(from: &Path, imported: &str) -> Option<PathBuf> {
    let imported = imported.split('?').next()?;
    if !imported.starts_with('.') {
        return None;
    }
    let beside = from.parent()?;
    let mut candidates = ENDINGS
        .iter()
        .map(|ending| beside.join(format!("{imported}{ending}")));
    let found = candidates.find(|path| path.is_file());
    let found = found.unwrap_or_else(|| panic!("{}: no file for {imported}", from.display()));
    Some(found.canonicalize().unwrap())
}

/// What stands in quotation marks after `from`, `import` and `import(`.
fn imports(text: &str) -> Vec<String> {
    let code: Vec<_> = text
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//") && !line.starts_with('*'))
        .collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for keyword in ["from ", "import ", "import("] {
        for (at, _) in code.match_indices(keyword) {
            let rest = &code[at + keyword.len()..];
            let quotation_mark = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
            if let Some(mark) = quotation_mark {
                found.extend(rest[1..].split(mark).next().map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_kind_of_import_is_found() {
    let text = "import type { A } from './a';\nimport './b.css';\nexport * from \"../c\";\n\
                const d = await import('./d');\nimport {\n  e,\n} from './e';\n// from './f'\n";
    let mut found = imports(text);
    found.sort();
    assert_eq!(found, ["../c", "./a", "./b.css", "./d", "./e"]);
}
