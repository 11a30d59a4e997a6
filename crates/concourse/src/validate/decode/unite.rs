//! What becomes of keys that differ only in their case.

use std::collections::HashSet;

use yaml_source::yaml::{Entry, IndexMap, Map, Node, NodeKind};

use super::model::{Field, PIPELINE, Shape};
use super::walk::Walk;

impl Walk<'_> {
    /// Are there two keys for one field?
    pub(super) fn has_clash(&self, map: &Map, fields: &'static [Field]) -> bool {
        let other_case = |key: &str| self.field(fields, key).filter(|field| field.name != key);
        map.entries().iter().enumerate().any(|(at, entry)| {
            other_case(&entry.key).is_some_and(|field| {
                let is_it = |key: &str| self.field(fields, key).is_some_and(|other| other.name == field.name);
                map.entry(field.name).is_some() || map.entries()[..at].iter().any(|earlier| is_it(&earlier.key))
            })
        })
    }

    /// One entry a field, of entries in the order in which they are decoded: each into what the last one left
    /// (`json.Unmarshal`: "reuses the existing map"). At the top of a pipeline the last one replaces the others: so the
    /// server has it (`atc/config.go`, `UnmarshalConfig`), where `fly` looks at one decoded into the other.
    pub(super) fn united(&self, entries: impl IntoIterator<Item = Entry>, fields: &'static [Field]) -> Map {
        let is_top = std::ptr::eq(fields, PIPELINE.fields);
        let mut known: Vec<Entry> = Vec::new();
        let mut unknown = IndexMap::default();
        for mut entry in entries {
            let Some(field) = self.field(fields, &entry.key) else {
                unknown.insert(entry.key.clone(), entry);
                continue;
            };
            field.name.clone_into(&mut entry.key);
            match known.iter().position(|earlier| earlier.key == field.name) {
                Some(at) if is_top => known[at] = entry,
                Some(at) => {
                    let earlier = known.swap_remove(at);
                    known.push(Entry { value: self.laid(earlier.value, entry.value, field.shape), ..entry });
                }
                None => known.push(entry),
            }
        }
        known.into_iter().chain(unknown.into_values()).collect()
    }

    /// What is left of a value once another was decoded into the same place.
    fn laid(&self, earlier: Node, later: Node, shape: Shape) -> Node {
        let is_null = later.is_null();
        // Nothing leaves what is no pointer, map or list as it was.
        if is_null && matches!(shape, Shape::Text | Shape::Bool | Shape::Int | Shape::Struct(_)) {
            return earlier;
        }
        // A step that has something to do keeps to it (`atc/steps.go`, `Step.UnmarshalJSON`).
        if matches!(shape, Shape::Step) && !earlier.is_null() {
            return earlier;
        }
        let span = later.span;
        match (shape, earlier.kind, later.kind) {
            (Shape::Optional(shape), before, kind) if !is_null => {
                self.laid(Node { kind: before, ..earlier }, Node { span, kind }, *shape)
            }
            (Shape::Struct(of), NodeKind::Map(before), NodeKind::Map(after)) => {
                let united = self.united(sorted(before).into_iter().chain(sorted(after)), of.fields);
                Node::map(span, united)
            }
            (Shape::Map | Shape::TextMap | Shape::Environment, NodeKind::Map(mut before), NodeKind::Map(after)) => {
                let again: HashSet<&str> = after.entries().iter().map(|entry| entry.key.as_str()).collect();
                before.retain(|entry| !again.contains(entry.key.as_str()));
                Node::map(span, before.into_entries().into_iter().chain(after.into_entries()).collect())
            }
            // As many as the later one has.
            (Shape::List(shape), NodeKind::List(before), NodeKind::List(after)) => {
                let mut before = before.into_iter();
                let lay = |item| match before.next() {
                    Some(earlier) => self.laid(earlier, item, *shape),
                    None => item,
                };
                Node::list(span, after.into_iter().map(lay).collect())
            }
            (_, _, kind) => Node { span, kind },
        }
    }
}

/// Entries by the bytes of their keys: so the JSON is sorted that Concourse makes of YAML.
pub(super) fn sorted(map: Map) -> Vec<Entry> {
    let mut entries = map.into_entries();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    entries
}
