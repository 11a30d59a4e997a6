//! Fields that stand beside the map that they belong to, because their indent is missing: one mistake, whatever follows
//! from it.

use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use super::place::resolved;

/// Reports fields whose indent is missing, and moves them to where they belong, so that nothing follows from it.
pub(super) fn repair(node: &mut Node, schema: &Json, root: &Json, diagnostics: &mut Diagnostics) {
    let schema = resolved(schema, root);
    match &mut node.kind {
        NodeKind::List(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    repair(item, schema, root, diagnostics);
                }
            }
        }
        NodeKind::Map(map) => {
            let owner = Owner { schema, root };
            while let Some((open, moved)) = owner.misplaced(map) {
                indent(map, &open, &moved, diagnostics);
            }
            for entry in map.entries_mut() {
                if let Some(schema) = owner.child(&entry.key) {
                    repair(&mut entry.value, schema, root, diagnostics);
                }
            }
        }
        NodeKind::Scalar(_) | NodeKind::Invalid => {}
    }
}

/// The schema of a map.
struct Owner<'s> {
    schema: &'s Json,
    root: &'s Json,
}

impl<'s> Owner<'s> {
    /// The schema of the value of a key.
    fn child(&self, key: &str) -> Option<&'s Json> {
        let known = self.schema.get("properties").and_then(|known| known.get(key));
        Some(resolved(known.or_else(|| self.of_any_key())?, self.root))
    }

    /// The schema of values whose keys the user chooses.
    fn of_any_key(&self) -> Option<&'s Json> {
        let additional = self.schema.get("additionalProperties").filter(|schema| schema.is_object());
        additional.or_else(|| self.schema.get("patternProperties")?.as_object()?.values().next())
    }

    /// Whether it takes any map.
    fn is_free(&self) -> bool {
        let is_map = self.schema.get("type").and_then(Json::as_str) == Some("object");
        is_map && self.schema.get("properties").is_none() && self.schema.get("additionalProperties").is_none()
    }

    fn is_known(&self, key: &str) -> bool {
        self.schema.get("properties").is_some_and(|known| known.get(key).is_some())
    }

    /// The first key with nothing below it, and the keys beside it that belong there.
    fn misplaced(&self, map: &Map) -> Option<(String, Vec<String>)> {
        let entries = map.entries();
        entries.iter().enumerate().filter(|(_, entry)| entry.value.is_null()).find_map(|(at, open)| {
            let inner = Owner { schema: self.child(&open.key)?, root: self.root };
            let moved: Vec<String> = if inner.of_any_key().is_some() || inner.is_free() {
                // Any key could be one of the user's: those right below are, as far as they are nothing else.
                let names: Vec<&str> = self.names().collect();
                let is_other = |key: &str| self.is_known(key) || did_you_mean(key, names.iter().copied()).is_some();
                let below = entries[at + 1..].iter().take_while(|entry| !is_other(&entry.key));
                if self.of_any_key().is_some() { Vec::new() } else { below.map(|entry| entry.key.clone()).collect() }
            } else {
                let belongs = |entry: &&Entry| {
                    inner.is_known(&entry.key) && !self.is_known(&entry.key) && !self.could_be_own(entry)
                };
                entries.iter().filter(belongs).map(|entry| entry.key.clone()).collect()
            };
            (!moved.is_empty()).then(|| (open.key.clone(), moved))
        })
    }

    fn names(&self) -> impl Iterator<Item = &'s str> {
        self.schema.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Whether an entry is one of those whose keys the user chooses.
    fn could_be_own(&self, entry: &Entry) -> bool {
        let Some(schema) = self.of_any_key() else { return false };
        let own = Owner { schema: resolved(schema, self.root), root: self.root };
        if own.schema.get("properties").is_none() {
            return true;
        }
        entry.value.is_null()
            || entry.value.as_map().is_some_and(|map| map.entries().iter().all(|inner| own.is_known(&inner.key)))
    }
}

/// Moves entries below the key that they belong to, and reports them.
fn indent(map: &mut Map, open: &str, moved: &[String], diagnostics: &mut Diagnostics) {
    let entries: Vec<Entry> = moved.iter().filter_map(|key| map.remove(key)).collect();
    let Some(owner) = map.entry(open) else { return };
    let Some((first, last)) = entries.first().zip(entries.last()) else { return };
    let (names, verb) = (ticked(moved), if moved.len() == 1 { "belongs" } else { "belong" });
    let mut span = first.key_span;
    diagnostics.push(
        Diagnostic::new(Rule::UnknownField, span, format!("{names} {verb} under `{open}`"))
            .label("not indented")
            .also(owner.key_span, "nothing is below it")
            .help(format!("indent {names} below `{open}`")),
    );
    span.end = last.value.span.end.max(span.end);
    let owner = owner.with_value(Node::map(span, entries.into_iter().collect()));
    map.set(owner);
}
