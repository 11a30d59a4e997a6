//! Layers: what is built in, the fleet's defaults, the manifest, and overrides, merged as they were written.
//!
//! A map merges with a map, key by key, at any depth. Anything else replaces, lists too. A choice (a map with exactly
//! one key, such as `stack`) merges with the same choice and replaces another one. Null takes an inherited entry out
//! of a map whose keys are the user's.

use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use super::check::REMOVABLE;

/// Lays one layer over another.
pub(crate) fn merge(far: &Node, near: &Node) -> Node {
    merge_below(far, near, Words::TOP)
}

/// Where in the language a value stands: what a key means there.
#[derive(Clone, Copy)]
struct Words {
    /// Exactly one key, a kind.
    choice: bool,
    /// The keys are the user's, and null takes one out.
    removable: bool,
    /// Everything below is somebody else's language.
    free: bool,
}

impl Words {
    const TOP: Self = Self { choice: false, removable: false, free: false };

    fn below(self, key: &str) -> Self {
        // The keys of `inputs` and their like are names, and mean nothing.
        if self.free || self.removable {
            return Self { choice: false, removable: false, free: self.free };
        }
        Self {
            choice: matches!(key, "stack" | "with" | "auth"),
            removable: REMOVABLE.contains(&key),
            free: matches!(key, "stack" | "with" | "values" | "params" | "checkout_image" | "resource" | "extra"),
        }
    }
}

fn merge_below(far: &Node, near: &Node, words: Words) -> Node {
    let (far_map, near_map) = match (&far.kind, &near.kind) {
        (NodeKind::Map(far), NodeKind::Map(near)) => (far, near),
        // What was wrong does not hide what is right.
        (_, NodeKind::Invalid) => return far.clone(),
        _ => return without_removals(near, words),
    };
    if words.choice && !same_choice(far_map, near_map) {
        return near.clone();
    }
    let removable = words.removable;
    let inherited = far_map.entries().iter().filter_map(|entry| match near_map.entry(&entry.key) {
        None => Some(entry.clone()),
        Some(over) if removable && over.value.is_null() => None,
        Some(over) => Some(over.with_value(merge_below(&entry.value, &over.value, words.below(&over.key)))),
    });
    let is_new = |entry: &&Entry| far_map.entry(&entry.key).is_none() && !(removable && entry.value.is_null());
    let added = near_map.entries().iter().filter(is_new);
    let added = added.map(|entry| entry.with_value(without_removals(&entry.value, words.below(&entry.key))));
    Node::map(near.span, inherited.chain(added).collect())
}

/// A null that takes nothing out, there being nothing inherited, says nothing.
fn without_removals(node: &Node, words: Words) -> Node {
    let NodeKind::Map(map) = &node.kind else { return node.clone() };
    let removable = words.removable;
    let entries = map
        .entries()
        .iter()
        .filter(|entry| !(removable && entry.value.is_null()))
        .map(|entry| entry.with_value(without_removals(&entry.value, words.below(&entry.key))));
    Node::map(node.span, entries.collect())
}

fn same_choice(a: &Map, b: &Map) -> bool {
    match (a.entries(), b.entries()) {
        ([a], [b]) => a.key == b.key,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yaml_source::diagnostic::Diagnostics;
    use yaml_source::source::Sources;
    use yaml_source::yaml::{Limits, Value, decode, emit, read};

    #[track_caller]
    fn merged(layers: &[&str], expected: &str) {
        let mut sources = Sources::default();
        let mut diagnostics = Diagnostics::default();
        let mut nodes = layers.iter().map(|text| {
            let file = sources.add("a.yml", *text);
            read(&sources, file, Limits::MANIFEST, &mut diagnostics).unwrap()
        });
        let first = nodes.next().unwrap();
        let node = nodes.fold(first, |far, near| merge(&far, &near));
        assert_eq!(emit(&decode::<Value>(&node).unwrap()).unwrap(), expected);
    }

    #[test]
    fn maps_merge_and_all_else_replaces() {
        merged(
            &["a: {b: 1, c: [x]}\nd: 1", "a: {c: [w], e: 2}\nd: {f: 1}"],
            "a:\n  b: 1\n  c:\n  - w\n  e: 2\nd:\n  f: 1\n",
        );
    }

    #[test]
    fn choice_merges_with_the_same_and_replaces_another() {
        merged(
            &["stack: {pulumi: {path: a, refresh: true}}", "stack: {pulumi: {path: b}}"],
            "stack:\n  pulumi:\n    path: b\n    refresh: true\n",
        );
        merged(&["stack: {pulumi: {path: a}}", "stack: {script: {deploy: b}}"], "stack:\n  script:\n    deploy: b\n");
    }

    #[test]
    fn words_of_the_language_mean_nothing_among_the_users_own() {
        merged(
            &["values: {stack: {a: 1}, env: {A: 1}}", "values: {stack: {b: 2}, env: {A: ~}}"],
            "values:\n  stack:\n    a: 1\n    b: 2\n  env:\n    A: null\n",
        );
        merged(
            &["inputs: {stack: {trigger: true}}", "inputs: {stack: {pin: x}}"],
            "inputs:\n  stack:\n    trigger: true\n    pin: x\n",
        );
    }

    #[test]
    fn null_takes_an_entry_out() {
        merged(&["env: {A: 1, B: 2}", "env: {A: ~, C: ~}"], "env:\n  B: 2\n");
        merged(&["{}", "inputs: {a: ~, b: {env: {X: ~}}}"], "inputs:\n  b:\n    env: {}\n");
        merged(&["inputs: {a: {pin: x}}", "inputs: {a: {pin: ~}}"], "inputs:\n  a:\n    pin: null\n");
    }
}
