//! What becomes of keys that differ only in their case.

use std::collections::HashSet;

use crate::yaml::{Map, Node, NodeKind};

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

    /// One entry a field. `encoding/json` decodes one after the other, in the order of bytes, which is how the JSON was
    /// sorted that was made of the YAML; each into what the last one left (`json.Unmarshal`: "reuses the existing map").
    /// At the top of a pipeline the last one replaces the others: so the server has it (`atc/config.go`, `UnmarshalConfig`),
    /// where `fly` looks at one decoded into the other.
    pub(super) fn united(&self, map: Map, fields: &'static [Field]) -> Map {
        let mut entries = map.into_entries();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let mut united = Map::default();
        for mut entry in entries {
            if let Some(field) = self.field(fields, &entry.key) {
                field.name.clone_into(&mut entry.key);
                let earlier = united.remove(field.name);
                if let Some(earlier) = earlier.filter(|_| !std::ptr::eq(fields, PIPELINE.fields)) {
                    entry.value = self.laid(earlier.value, entry.value, field.shape);
                }
            }
            united.set(entry);
        }
        united
    }

    /// What is left of a value once another was decoded into the same place.
    fn laid(&self, earlier: Node, later: Node, shape: Shape) -> Node {
        let is_null = later.is_null();
        // Nothing leaves what is no pointer, map or list as it was.
        if is_null && matches!(shape, Shape::Text | Shape::Bool | Shape::Int | Shape::Struct(_)) {
            return earlier;
        }
        // A step that has something to do keeps to it (`atc/steps.go`, `Step.UnmarshalJSON`).
        if matches!(shape, Shape::Step) {
            return earlier;
        }
        let span = later.span;
        match (shape, earlier.kind, later.kind) {
            (Shape::Optional(shape), before, kind) if !is_null => {
                self.laid(Node { kind: before, ..earlier }, Node { span, kind }, *shape)
            }
            (Shape::Struct(of), NodeKind::Map(before), NodeKind::Map(after)) => {
                let before = self.united(before, of.fields).into_entries();
                let after = self.united(after, of.fields).into_entries();
                let mut united = Map::default();
                for mut entry in before.into_iter().chain(after) {
                    let field = self.field(of.fields, &entry.key);
                    if let Some((field, earlier)) = field.zip(united.remove(&entry.key)) {
                        entry.value = self.laid(earlier.value, entry.value, field.shape);
                    }
                    united.set(entry);
                }
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
