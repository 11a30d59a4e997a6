use yaml_source::diagnostic::{Diagnostic, Refusal, Rule, did_you_mean, one_of, visible};
use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use super::model::{PARTS, Part};
use super::seen::Seen;
use super::walk::{ValuePlace, Walk, is_absent};

impl Walk<'_> {
    /// A step: its parts one after the other, each with the fields that are left (`atc/steps.go`).
    pub(super) fn step(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Invalid => {}
            Seen::Null => {
                let message = format!("no step configured: {} is nothing", place.whole());
                self.refuse(Rule::MissingStep, node.span, message);
                node.kind = NodeKind::Invalid;
            }
            Seen::Map => {
                let span = node.span;
                let Some(map) = node.as_map_mut() else { return };
                if let Some(diagnostic) = self.parts(map, span) {
                    self.diagnostics.push(diagnostic.refused_by(Refusal::EVERYWHERE));
                    node.kind = NodeKind::Invalid;
                }
            }
            _ => self.wrong(node, place, "a step, which is a map"),
        }
    }

    fn parts(&mut self, map: &mut Map, span: yaml_source::source::Span) -> Option<Diagnostic> {
        let mut is_taken = vec![false; map.entries().len()];
        let mut core = None;
        let mut is_changed = false;
        let mut others = Vec::new();
        for part in &PARTS {
            if map.entry(part.key).is_none() {
                continue;
            }
            // What an earlier part has taken is no longer there for this one.
            let left = map.entry(part.key).zip(map.entries().iter().position(|entry| entry.key == part.key));
            if left.is_none_or(|(_, at)| is_taken[at]) {
                continue;
            }
            others.extend(self.part(map, part, &mut is_taken));
            is_changed = true;
            if part.is_core {
                core = Some(part);
                break;
            }
        }
        let Some(core) = core else {
            for (entry, is_taken) in map.entries_mut().zip(&is_taken) {
                if !is_taken {
                    self.any(&mut entry.value);
                }
            }
            return Some(no_core(map, is_changed, span));
        };
        for (entry, _) in map.entries_mut().zip(&is_taken).filter(|(_, is_taken)| !**is_taken) {
            let diagnostic = self.unknown_in_step(entry, core);
            self.diagnostics.push(diagnostic.refused_by(Refusal::EVERYWHERE));
            self.any(&mut entry.value);
        }
        for entry in others {
            map.set(entry);
        }
        map.retain(|entry| !is_absent(entry, core.fields.fields));
        None
    }

    /// Decodes the fields of a part. Gives those that only keys in another case say.
    fn part(&mut self, map: &mut Map, part: &'static Part, is_taken: &mut [bool]) -> Vec<Entry> {
        let is_left: Vec<bool> = is_taken.iter().map(|is_taken| !is_taken).collect();
        let mut fields = Vec::new();
        for (at, entry) in map.entries_mut().enumerate().filter(|(at, _)| is_left[*at]) {
            let Some(field) = self.field(part.fields.fields, &entry.key) else { continue };
            is_taken[at] = entry.key == field.name;
            // A key in another case is decoded as well, and then not known.
            let value = if is_taken[at] {
                std::mem::replace(&mut entry.value, Node { span: entry.key_span, kind: NodeKind::Invalid })
            } else {
                entry.value.clone()
            };
            fields.push(entry.with_value(value));
        }
        let mut fields = fields.into_iter().collect();
        self.fields_of(&mut fields, &part.fields, false);
        let mut others = Vec::new();
        for decoded in fields.into_entries() {
            let mut left = map.entries_mut().zip(&is_left).filter(|(_, is_left)| **is_left);
            match left.find(|(entry, _)| entry.key == decoded.key) {
                Some((entry, _)) => entry.value = decoded.value,
                None => others.push(decoded),
            }
        }
        others
    }

    fn unknown_in_step(&self, entry: &Entry, core: &Part) -> Diagnostic {
        let key = &entry.key;
        if let Some(other) = PARTS.iter().find(|part| part.is_core && part.key == key) {
            let message =
                format!("a step is one thing: this one is {}, and not {}", core.fields.noun, other.fields.noun);
            return Diagnostic::new(Rule::UnknownField, entry.key_span, message).help("make two steps of it");
        }
        if key == "fail_fast" {
            let message = format!("{} has no field `fail_fast` but with `across`", core.fields.noun);
            return Diagnostic::new(Rule::UnknownField, entry.key_span, message);
        }
        let diagnostic = self.unknown_field(entry, core.fields.noun, core.fields.fields);
        if diagnostic.help.is_some() {
            return diagnostic;
        }
        let modifiers = PARTS.iter().filter(|part| !part.is_core).map(|part| part.key);
        let help = did_you_mean(key, modifiers).map(|meant| format!("did you mean `{meant}`?"));
        diagnostic.maybe_help(help)
    }
}

/// What to say of a map that is no step.
fn no_core(map: &Map, has_modifiers: bool, span: yaml_source::source::Span) -> Diagnostic {
    let cores = || PARTS.iter().filter(|part| part.is_core).map(|part| part.key);
    let message = match map.entries() {
        [] => "no step configured: there is nothing in it".to_owned(),
        [only] if !has_modifiers => format!("no step configured: `{}` makes no step", visible(&only.key)),
        _ if has_modifiers => "no core step type declared: there is nothing whose course it would change".to_owned(),
        _ => "no step configured: none of its keys makes it one".to_owned(),
    };
    let meant = map.entries().iter().find_map(|entry| match entry.key.as_str() {
        // What it was to Concourse 5 (`V5PlanConfig` of its migration 1579713199).
        "aggregate" => Some("in_parallel"),
        key => did_you_mean(key, cores()),
    });
    Diagnostic::new(Rule::MissingStep, map.entries().first().map_or(span, |entry| entry.key_span), message).help(
        match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("a step has {}", one_of(cores())),
        },
    )
}
