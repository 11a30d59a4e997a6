use std::collections::BTreeSet;

use minijinja::Value;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{Map, Node, NodeKind};

use crate::template::{Filler, ParsedTemplate, Scope, is_template, to_value};

/// How many values a manifest may have. Each may use all the others.
const MAX_VALUES: usize = 1_000;

/// Defines the user's own words for templates, `values`. They may use one another, in any order.
pub(super) fn define(values: Option<&Map>, scope: &mut Scope, diagnostics: &mut Diagnostics) {
    let empty = Map::default();
    let values = values.unwrap_or(&empty);
    if let Some(entry) = values.entries().get(MAX_VALUES) {
        diagnostics.push(
            Diagnostic::new(Rule::YamlLimit, entry.key_span, format!("more than {MAX_VALUES} `values`"))
                .help("remove values that nothing uses"),
        );
        return;
    }
    let own = std::mem::take(scope);
    let mut filling = Filling { values, scope: own, filled: Vec::new(), open: Vec::new(), diagnostics };
    filling.publish();
    for entry in values.entries() {
        filling.fill(&entry.key);
    }
    *scope = filling.scope;
}

struct Filling<'a> {
    values: &'a Map,
    scope: Scope,
    filled: Vec<(String, Value)>,
    /// Those that wait for others, outermost first.
    open: Vec<String>,
    diagnostics: &'a mut Diagnostics,
}

impl Filling<'_> {
    fn fill(&mut self, key: &str) {
        if self.filled.iter().any(|(known, _)| known == key) {
            return;
        }
        let Some(entry) = self.values.entry(key) else { return };
        if let Some(at) = self.open.iter().position(|open| open == key) {
            self.report_cycle(at);
            return;
        }
        self.open.push(key.to_owned());
        for needed in needed(&entry.value) {
            self.fill(&needed);
        }
        self.open.pop();
        let before = self.diagnostics.len();
        let filled = Filler::new(self.diagnostics).node(&entry.value, &self.scope);
        if filled.is_none() && !entry.value.is_null() || self.diagnostics.len() > before {
            self.scope.mark_unknown(format!("values.{key}"));
        }
        self.filled.push((key.to_owned(), filled.as_ref().map_or(Value::from(()), to_value)));
        self.publish();
    }

    /// Lets templates see what is filled so far.
    fn publish(&mut self) {
        let so_far = Value::from_pairs(self.filled.iter().map(|(key, value)| (key.as_str(), value.clone())));
        self.scope.define("values", so_far);
    }

    /// Told once, from the value that stands first, so that the message does not depend on where the search began.
    fn report_cycle(&mut self, at: usize) {
        let mut cycle: Vec<&str> = self.open[at..].iter().map(String::as_str).collect();
        let place = |key: &str| self.values.entry(key).map(|entry| entry.key_span);
        let first = (0..cycle.len()).min_by_key(|index| place(cycle[*index])).unwrap_or(0);
        cycle.rotate_left(first);
        for key in &cycle {
            self.scope.mark_unknown(format!("values.{key}"));
        }
        let Some(span) = place(cycle[0]) else { return };
        let path = cycle.iter().chain([&cycle[0]]).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" → ");
        self.diagnostics.push(
            Diagnostic::new(Rule::ValueCycle, span, format!("values need one another: {path}"))
                .help("write one of them in plain words"),
        );
    }
}

/// The values that some templates use.
#[derive(Debug, Default)]
pub(crate) struct Used {
    pub(super) names: BTreeSet<String>,
    /// A template uses `values` in a way that does not say which.
    pub(super) all: bool,
}

impl Used {
    pub(super) fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.all |= other.all;
    }
}

/// The values that the templates of a node use, keys among them.
pub(super) fn used(node: &Node) -> Used {
    let mut used = Used::default();
    collect(node, &mut used);
    used
}

fn collect(node: &Node, used: &mut Used) {
    match &node.kind {
        NodeKind::Scalar(scalar) => collect_text(&scalar.text, used),
        NodeKind::Invalid => {}
        NodeKind::List(items) => items.iter().for_each(|item| collect(item, used)),
        NodeKind::Map(map) => {
            for entry in map.entries() {
                collect_text(&entry.key, used);
                collect(&entry.value, used);
            }
        }
    }
}

fn collect_text(text: &str, used: &mut Used) {
    if !is_template(text) {
        return;
    }
    let Ok(template) = ParsedTemplate::parse(text) else { return };
    for name in template.names() {
        match name.strip_prefix("values.") {
            Some(rest) => {
                used.names.insert(rest.split('.').next().unwrap_or(rest).to_owned());
            }
            None => used.all |= name == "values",
        }
    }
}

/// The values that a value needs.
fn needed(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Scalar(scalar) if is_template(&scalar.text) => ParsedTemplate::parse(&scalar.text)
            .map(|template| template.names())
            .unwrap_or_default()
            .iter()
            .filter_map(|name| name.strip_prefix("values."))
            .map(|name| name.split('.').next().unwrap_or(name).to_owned())
            .collect(),
        NodeKind::Scalar(_) | NodeKind::Invalid => Vec::new(),
        NodeKind::List(items) => items.iter().flat_map(needed).collect(),
        NodeKind::Map(map) => map.entries().iter().flat_map(|entry| needed(&entry.value)).collect(),
    }
}
