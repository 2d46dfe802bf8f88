//! Which file imports which, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Names of files, each with the names of those that it imports, and one example of what it imports from there.
#[derive(Debug, Default)]
pub(crate) struct Graph(BTreeMap<String, BTreeMap<String, String>>);

impl Graph {
    pub(crate) fn add(&mut self, from: &str, to: &str, what: &str) {
        if from != to {
            let imports = self.0.entry(from.to_owned()).or_default();
            imports.entry(to.to_owned()).or_insert_with(|| what.to_owned());
        }
    }

    /// A circle in words, each file with what it imports from the next.
    pub(crate) fn explain(&self, circle: &[String]) -> String {
        let next = circle.iter().cycle().skip(1);
        let lines = circle
            .iter()
            .zip(next)
            .map(|(from, to)| format!("{from}\n    imports {}\n", self.0[from][to]));
        lines.collect()
    }

    /// All imports: the file, what it imports from, and what.
    pub(crate) fn imports(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().flat_map(|(from, imports)| {
            let imports = imports.iter();
            imports.map(move |(to, what)| (from.as_str(), to.as_str(), what.as_str()))
        })
    }

    /// How many imports there are.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Of each file that imports itself in the end the shortest way there, and no way twice.
    pub(crate) fn circles(&self) -> BTreeSet<Vec<String>> {
        let mut circles = BTreeSet::new();
        for start in self.0.keys() {
            if let Some(circle) = self.shortest_circle(start) {
                let least = (0..circle.len())
                    .min_by_key(|&at| &circle[at])
                    .unwrap_or_default();
                let (end, beginning) = circle.split_at(least);
                circles.insert([beginning, end].concat());
            }
        }
        circles
    }

    fn shortest_circle(&self, start: &str) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![start.to_owned()]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in self
                .0
                .get(way.last()?)
                .into_iter()
                .flatten()
                .map(|(next, _)| next)
            {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next) {
                    let mut longer = way.clone();
                    longer.push(next.clone());
                    ways.push_back(longer);
                }
            }
        }
        None
    }
}

#[test]
fn a_circle_is_found_once_and_by_its_shortest_way() {
    let mut graph = Graph::default();
    for (from, to) in [
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
        ("d", "b"),
        ("d", "a"),
        ("c", "b"),
        ("e", "a"),
    ] {
        graph.add(from, to, "");
    }
    let circles: Vec<_> = graph
        .circles()
        .into_iter()
        .map(|circle| circle.join(" "))
        .collect();
    assert_eq!(circles, ["a b c d", "b c", "b c d"]);
}
