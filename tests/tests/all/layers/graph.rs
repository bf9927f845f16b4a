//! The modules of the host and what each of them imports: read from `use` statements, with what a folder re-exports followed
//! to where it is defined, and from the paths in the code.

use std::collections::{BTreeMap, BTreeSet};

/// A module by its path in the crate: `["book", "open"]`. A folder's own file is the folder.
pub type Module = Vec<String>;

/// Which modules each module imports.
pub struct Graph(BTreeMap<Module, BTreeSet<Module>>);

impl Graph {
    /// Of sources by their path below `src`, without comments.
    pub fn of(sources: &[(String, String)]) -> Graph {
        let names: Vec<Module> = sources.iter().map(|(file, _)| module(file)).collect();
        let known: BTreeSet<&Module> = names.iter().collect();
        let statements: Vec<Vec<Use>> = sources.iter().map(|(_, code)| uses(code)).collect();
        let mut exports: BTreeMap<(&Module, &str), Module> = BTreeMap::new();
        for (name, statements) in names.iter().zip(&statements) {
            for it in statements.iter().filter(|it| it.is_public) {
                if let (Some(path), Some(last)) = (absolute(name, &it.path, &known), it.path.last())
                {
                    exports.insert((name, last), path);
                }
            }
        }
        let mut graph = BTreeMap::new();
        for ((name, statements), (_, code)) in names.iter().zip(&statements).zip(sources) {
            let paths = paths(code).into_iter().map(|path| Use {
                is_public: false,
                path,
            });
            let mut imports = BTreeSet::new();
            for it in statements.iter().cloned().chain(paths) {
                let Some(path) = absolute(name, &it.path, &known) else {
                    continue;
                };
                let home = resolve(path, &known, &exports);
                // What a folder shows of its own files is no use of them.
                let is_shown = it.is_public && home.len() > name.len() && home.starts_with(name);
                if home != *name && !is_shown {
                    imports.insert(home);
                }
            }
            graph.insert(name.clone(), imports);
        }
        Graph(graph)
    }

    /// Imports from one folder into another, by their folders, with an example.
    pub fn folders(&self) -> Graph {
        let mut folders: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (name, imports) in self.0.iter().filter(|(name, _)| !name.is_empty()) {
            let own = folders.entry(vec![name[0].clone()]).or_default();
            let others = imports.iter().filter_map(|it| it.first());
            own.extend(
                others
                    .filter(|it| **it != name[0])
                    .map(|it| vec![it.clone()]),
            );
        }
        Graph(folders)
    }

    /// The modules of one folder, and what they import of it.
    pub fn within(&self, folder: &str) -> Graph {
        let is_in = |it: &&Module| it.first().is_some_and(|first| first == folder);
        let modules = self.0.iter().filter(|(name, _)| is_in(name));
        Graph(
            modules
                .map(|(name, imports)| {
                    (
                        name.clone(),
                        imports.iter().filter(is_in).cloned().collect(),
                    )
                })
                .collect(),
        )
    }

    /// Without one import.
    pub fn without(mut self, from: &str, to: &str) -> Graph {
        let (from, to) = (vec![from.to_owned()], vec![to.to_owned()]);
        let imports = self.0.get_mut(&from);
        let was_there = imports.is_some_and(|imports| imports.remove(&to));
        assert!(
            was_there,
            "{from:?} does not import {to:?} any more: take it off the list"
        );
        self
    }

    /// Everything that can be come to from a module.
    fn reached(&self, from: &Module) -> BTreeSet<&Module> {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&Module> = self.0[from].iter().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module) {
                next.extend(self.0.get(module).into_iter().flatten());
            }
        }
        seen
    }

    /// Circles, the largest first: modules that all come to each other.
    pub fn circles(&self) -> Vec<Vec<&Module>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> = self
            .0
            .keys()
            .map(|name| (name, self.reached(name)))
            .collect();
        let mut circles: BTreeSet<Vec<&Module>> = BTreeSet::new();
        for (name, to) in &reached {
            if to.contains(name) {
                let back = to.iter().filter(|it| {
                    let others = reached.get(**it);
                    others.is_some_and(|others| others.contains(name))
                });
                circles.insert(back.copied().collect());
            }
        }
        let mut circles: Vec<_> = circles.into_iter().collect();
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    /// A circle for people: who imports whom in it.
    pub fn shown(&self, circle: &[&Module]) -> String {
        let line = |name: &&Module| {
            let imports = self.0[*name].iter().filter(|it| circle.contains(it));
            let imports: Vec<_> = imports.map(|it| it.join("/")).collect();
            format!("    {} imports {}\n", name.join("/"), imports.join(", "))
        };
        circle.iter().map(line).collect()
    }
}

/// One imported path, before it is known whose it is.
#[derive(Clone)]
struct Use {
    is_public: bool,
    path: Vec<String>,
}

fn module(file: &str) -> Module {
    let mut parts: Module = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if parts
        .last()
        .is_some_and(|last| last == "mod" || (parts.len() == 1 && last == "lib"))
    {
        parts.pop();
    }
    parts
}

/// The `use` statements of a file, one for each name.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let line = rest[..at].rsplit('\n').next().unwrap_or_default().trim();
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        let is_public = line.starts_with("pub");
        if line.is_empty() || (is_public && !line.contains(['{', '='])) {
            for path in expanded(&rest[at + 4..end]) {
                found.push(Use { is_public, path });
            }
            rest = &rest[end..];
        } else {
            rest = &rest[at + 4..];
        }
    }
    found
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expanded(text: &str) -> Vec<Vec<String>> {
    let parts = |text: &str| -> Vec<String> {
        let names = text
            .split("::")
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names
            .map(|name| name.split(" as ").next().unwrap_or(name).to_owned())
            .collect()
    };
    let Some(open) = text.find('{') else {
        return vec![parts(text)];
    };
    // Words of a text that happen to begin a line with `use` are no statement.
    let Some(close) = text.rfind('}').filter(|close| *close > open) else {
        return Vec::new();
    };
    let before = parts(&text[..open]);
    let inner = &text[open + 1..close];
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&inner[start..]);
    let items = items.into_iter().filter(|item| !item.trim().is_empty());
    items
        .flat_map(expanded)
        .map(|item| [before.clone(), item].concat())
        .collect()
}

/// Paths in the code that begin at the crate or above the module, those of `use` statements among them.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(is_part) {
                continue;
            }
            let length = code[at..].find(|c| !is_part(c)).unwrap_or(code.len() - at);
            let names = code[at..at + length]
                .split("::")
                .filter(|name| !name.is_empty());
            found.push(names.map(str::to_owned).collect());
        }
    }
    found
}

/// A path from the crate's root; none where it is of another crate.
fn absolute(own: &Module, path: &[String], known: &BTreeSet<&Module>) -> Option<Module> {
    let first = path.first()?;
    let child = [own.clone(), vec![first.clone()]].concat();
    match first.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([own.clone(), path[1..].to_vec()].concat()),
        "super" => {
            let up = path.iter().take_while(|name| *name == "super").count();
            let base = &own[..own.len().checked_sub(up)?];
            Some([base.to_vec(), path[up..].to_vec()].concat())
        }
        _ => known
            .contains(&child)
            .then(|| [own.clone(), path.to_vec()].concat()),
    }
}

/// The module in which what a path names is defined.
fn resolve(
    mut path: Module,
    known: &BTreeSet<&Module>,
    exports: &BTreeMap<(&Module, &str), Module>,
) -> Module {
    // A name is re-exported by a few folders at most.
    for _ in 0..10 {
        let depth = (0..=path.len())
            .rev()
            .find(|&depth| known.contains(&path[..depth].to_vec()))
            .unwrap_or(0);
        let module = path[..depth].to_vec();
        let again = path
            .get(depth)
            .and_then(|name| exports.get(&(&module, name)));
        match again {
            Some(again) => path = [again.clone(), path[depth + 1..].to_vec()].concat(),
            None => return module,
        }
    }
    path
}
