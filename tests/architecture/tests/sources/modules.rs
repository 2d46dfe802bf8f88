//! The modules of a crate, and which file a path in one of them leads to.
//!
//! What a file imports is found by what its words mean: a name that a module passes on by `pub use` belongs to the file
//! that defines it, so a folder's first file may name the parts that it is made of, and they may use what it defines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::graph::Graph;
use crate::tokens::{Token, tokens};

type Id = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Module(Id),
    Item(Id),
}

#[derive(Debug)]
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    parent: Option<Id>,
    children: BTreeMap<String, Id>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths and single words of the code.
    paths: BTreeSet<Vec<String>>,
}

#[derive(Debug, Default)]
pub(crate) struct Modules(Vec<Module>);

impl Modules {
    /// Reads a crate from its first file on.
    pub(crate) fn of_crate(root: &Path) -> Self {
        let mut modules = Self::default();
        let folder = root.parent().unwrap().to_owned();
        modules.read_file(root, &folder, None);
        modules
    }

    fn read_file(&mut self, file: &Path, folder: &Path, parent: Option<Id>) -> Id {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read(&without_tests(&tokens(&text)), file, folder, parent)
    }

    fn read(&mut self, code: &[Token], file: &Path, folder: &Path, parent: Option<Id>) -> Id {
        let id = self.0.len();
        self.0.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        let mut depth = 0;
        let mut path_attribute = None;
        let mut at = 0;
        while let Some(token) = code.get(at) {
            match token {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}' | ')' | ']') => depth -= 1,
                Token::Word(word) if word == "path" && code[at - 1].is('[') => {
                    if let Token::Text(path) = &code[at + 2] {
                        path_attribute = Some(path.clone());
                    }
                }
                Token::Word(word) if word == "mod" && depth == 0 => {
                    at = self.read_child(code, at, id, folder, path_attribute.take());
                    continue;
                }
                Token::Word(word) if word == "use" && !code[at + 1].is('<') => {
                    let end = (at..code.len()).find(|&end| code[end].is(';')).unwrap();
                    let is_public = at > 0 && (code[at - 1].word() == Some("pub") || code[at - 1].is(')'));
                    read_use(&code[at + 1..end], &[], is_public, &mut self.0[id].imports);
                    at = end;
                }
                Token::Word(word) => {
                    let (path, end) = path_at(code, at);
                    if depth == 0 && is_definition(word) {
                        let name = (at + 1..code.len()).find(|&name| !code[name].is('!')).unwrap();
                        self.0[id].items.extend(code[name].word().map(str::to_owned));
                    }
                    let is_name_within =
                        at > 0 && (code[at - 1].is('.') || code[at - 1] == Token::PathSeparator);
                    if !is_name_within {
                        self.0[id].paths.insert(path);
                    }
                    at = end;
                    continue;
                }
                Token::Sign(_) | Token::Text(_) | Token::PathSeparator => {}
            }
            at += 1;
        }
        id
    }

    /// Reads a `mod name;` or `mod name { … }`, and answers where the code goes on after it.
    fn read_child(
        &mut self,
        code: &[Token],
        at: usize,
        parent: Id,
        folder: &Path,
        path_attribute: Option<String>,
    ) -> usize {
        let name = code[at + 1].word().unwrap().to_owned();
        let file = self.0[parent].file.clone();
        let below = folder.join(&name);
        let (child, end) = if code[at + 2].is('{') {
            let end = closing(code, at + 2);
            (self.read(&code[at + 3..end], &file, &below, Some(parent)), end)
        } else {
            let beside = file.parent().unwrap();
            let child = path_attribute.map(|path| beside.join(path));
            let below = if let Some(child) = &child {
                child.parent().unwrap().to_owned()
            } else {
                below
            };
            let child = child.unwrap_or_else(|| folder.join(format!("{name}.rs")));
            (self.read_file(&child, &below, Some(parent)), at + 2)
        };
        self.0[parent].children.insert(name, child);
        end + 1
    }

    /// What a path means in a module, if it is something of this crate.
    fn resolve(&self, module: Id, path: &[String], patience: u8) -> Option<Meaning> {
        let patience = patience.checked_sub(1)?;
        let (first, mut rest) = path.split_first()?;
        let mut meaning = match first.as_str() {
            "crate" => Meaning::Module(0),
            "self" => Meaning::Module(module),
            "super" => Meaning::Module(self.0[module].parent?),
            name => self.look_up(module, name, patience)?,
        };
        while let (Meaning::Module(inside), Some((name, further))) = (meaning, rest.split_first()) {
            meaning = if name == "super" {
                Meaning::Module(self.0[inside].parent?)
            } else {
                self.look_up(inside, name, patience)?
            };
            rest = further;
        }
        Some(meaning)
    }

    fn look_up(&self, module: Id, name: &str, patience: u8) -> Option<Meaning> {
        let patience = patience.checked_sub(1)?;
        let scope = &self.0[module];
        if scope.items.contains(name) {
            return Some(Meaning::Item(module));
        }
        let import = scope.imports.iter().find(|import| import.name == name);
        if let Some(found) = import.and_then(|import| self.resolve(module, &import.path, patience)) {
            return Some(found);
        }
        if let Some(&child) = scope.children.get(name) {
            return Some(Meaning::Module(child));
        }
        let mut globs = scope.imports.iter().filter(|import| import.name == "*");
        globs.find_map(|glob| match self.resolve(module, &glob.path, patience)? {
            Meaning::Module(inside) if inside != module => self.look_up(inside, name, patience),
            Meaning::Module(_) | Meaning::Item(_) => None,
        })
    }

    /// Which modules use something that another one defines, at each level of the tree: what is used across two folders
    /// counts as an import between the folders. A module and what is inside it are one thing to all others, and between
    /// the two of them is no order: a folder's file is made of its parts, which use what it defines for them.
    pub(crate) fn add_to(&self, graph: &mut Graph, root: &Path) {
        let name = |id: Id| {
            let file = self.0[id].file.strip_prefix(root).unwrap();
            file.to_string_lossy().replace('\\', "/")
        };
        for (id, module) in self.0.iter().enumerate() {
            let private = module.imports.iter().filter(|import| !import.is_public);
            let imported = private.map(|import| &import.path);
            for path in imported.chain(&module.paths) {
                let Some(Meaning::Item(used)) = self.resolve(id, path, 16) else {
                    continue;
                };
                let (from, to) = (self.way_to(id), self.way_to(used));
                let apart = from.iter().zip(&to).find(|(from, to)| from != to);
                if let Some((&from, &to)) = apart {
                    let what = format!("{} from {} in {}", path.join("::"), name(used), name(id));
                    graph.add(&name(from), &name(to), &what);
                }
            }
        }
    }

    /// The modules that a module is in, from the crate on, and itself.
    fn way_to(&self, module: Id) -> Vec<Id> {
        let mut way = self.0[module]
            .parent
            .map_or_else(Vec::new, |parent| self.way_to(parent));
        way.push(module);
        way
    }
}

/// Leaves out what is compiled for tests alone.
fn without_tests(code: &[Token]) -> Vec<Token> {
    let markers = [tokens("#[cfg(test"), tokens("#[cfg(all(test")];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if markers.iter().any(|marker| code[at..].starts_with(marker)) {
            at = after_item(code, closing(code, at + 1) + 1);
        } else {
            kept.push(code[at].clone());
            at += 1;
        }
    }
    kept
}

fn after_item(code: &[Token], from: usize) -> usize {
    let mut at = from;
    while let Some(token) = code.get(at) {
        match token {
            Token::Sign(';') => return at + 1,
            Token::Sign('{') => return closing(code, at) + 1,
            // The item was the last one of a block, and ended without a sign of its own.
            Token::Sign('}') => return at,
            Token::Sign('(' | '[') => at = closing(code, at) + 1,
            Token::Sign(_) | Token::Word(_) | Token::Text(_) | Token::PathSeparator => at += 1,
        }
    }
    at
}

/// Where the bracket that opens at `from` is closed.
fn closing(code: &[Token], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in code.iter().enumerate().skip(from) {
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}' | ')' | ']') => depth -= 1,
            Token::Sign(_) | Token::Word(_) | Token::Text(_) | Token::PathSeparator => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("a bracket is never closed");
}

fn is_definition(word: &str) -> bool {
    matches!(
        word,
        "struct" | "enum" | "union" | "trait" | "type" | "fn" | "const" | "static" | "macro_rules"
    )
}

/// The path that begins with the word at `at`, and where the code goes on after it.
fn path_at(code: &[Token], at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut end = at;
    while let Some(word) = code.get(end).and_then(Token::word) {
        path.push(word.to_owned());
        end += 1;
        if code.get(end) != Some(&Token::PathSeparator) || code.get(end + 1).and_then(Token::word).is_none() {
            break;
        }
        end += 1;
    }
    (path, end)
}

/// The names that the tree of a `use` brings in.
fn read_use(tree: &[Token], before: &[String], is_public: bool, imports: &mut Vec<Import>) {
    let (path, end) = path_at(tree, 0);
    let path = [before, &path].concat();
    let rest = &tree[end..];
    let mut add = |path: &[String], name: &str| {
        let (path, name) = match path.split_last() {
            Some((last, folder)) if last == "self" && !folder.is_empty() => (
                folder,
                if name == "self" {
                    &folder[folder.len() - 1]
                } else {
                    name
                },
            ),
            _ => (path, name),
        };
        imports.push(Import {
            path: path.to_vec(),
            name: name.to_owned(),
            is_public,
        });
    };
    match rest {
        [] => add(&path, path.last().unwrap()),
        [Token::Word(_as), Token::Word(name)] => add(&path, name),
        [Token::PathSeparator, Token::Sign('*')] => add(&path, "*"),
        [
            Token::PathSeparator,
            Token::Sign('{'),
            inner @ ..,
            Token::Sign('}'),
        ] => {
            for part in parts(inner) {
                read_use(part, &path, is_public, imports);
            }
        }
        _ => {}
    }
}

/// Splits a list at its commas, not at those of lists within.
fn parts(list: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let parts = list.split(|token| {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            Token::Sign(_) | Token::Word(_) | Token::Text(_) | Token::PathSeparator => {}
        }
        depth == 0 && token.is(',')
    });
    parts.filter(|part| !part.is_empty()).collect()
}
