use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use crate::manifest::{FileShape, Secret, merge, misspelled_variable, template_here};
use crate::template::{Filler, Scope, is_template};

/// The field of an input, and the name of its item in templates.
pub(super) const EACH: &str = "each";

/// Which texts of a stage's settings are templates: what their types say in the schema (`x-template`).
#[derive(Debug)]
pub(crate) enum Shape {
    Template {
        secret: bool,
    },
    /// Filled where more is known, or by somebody else.
    Later,
    Literal,
    List(Box<Shape>),
    Map {
        template_keys: bool,
        values: Box<Shape>,
    },
    /// Inputs: `each` makes several of one, and a literal name is laid over a templated one.
    Inputs(Box<Shape>),
    Fields(Vec<(String, Shape)>),
}

impl Shape {
    /// The shape of the settings of a stage.
    pub(crate) fn of_stage() -> &'static Self {
        static SHAPE: LazyLock<Shape> = LazyLock::new(|| {
            let schema = FileShape::Manifest.schema();
            Shape::of(&schema["$defs"]["StageSettings"], schema)
        });
        &SHAPE
    }

    fn of(schema: &Json, root: &Json) -> Self {
        let flag = |name: &str| schema.get(name).and_then(Json::as_bool).unwrap_or(false);
        if flag("x-later") {
            return Self::Later;
        }
        if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
            let target = root.pointer(target.trim_start_matches('#')).unwrap_or(&Json::Null);
            return Self::of(target, root);
        }
        if flag("x-template") {
            return Self::Template { secret: flag("x-secret") };
        }
        if let Some(items) = schema.get("items") {
            return Self::List(Box::new(Self::of(items, root)));
        }
        if let Some(fields) = schema.get("properties").and_then(Json::as_object) {
            return Self::Fields(fields.iter().map(|(key, schema)| (key.clone(), Self::of(schema, root))).collect());
        }
        match schema.get("additionalProperties") {
            Some(values @ Json::Object(_)) => {
                let values = Box::new(Self::of(values, root));
                match &*values {
                    Self::Fields(fields) if fields.iter().any(|(key, _)| key == EACH) => Self::Inputs(values),
                    _ => Self::Map { template_keys: flag("x-template-keys"), values },
                }
            }
            _ => Self::Literal,
        }
    }

    /// Fills the templates of a value.
    pub(crate) fn fill(&self, node: &Node, scope: &Scope, filler: &mut Filler<'_>) -> Node {
        let kind = match (self, &node.kind) {
            (Self::Later, _) | (_, NodeKind::Invalid) => return node.clone(),
            // Null says that there is nothing, where a field can be so.
            (Self::Template { .. }, NodeKind::Scalar(_)) if node.is_null() => return node.clone(),
            (Self::Template { secret }, NodeKind::Scalar(_)) => return fill_text(node, *secret, scope, filler),
            (Self::List(shape), NodeKind::List(items)) => {
                NodeKind::List(items.iter().map(|item| shape.fill(item, scope, filler)).collect())
            }
            (Self::Map { template_keys, values }, NodeKind::Map(map)) => {
                NodeKind::Map(fill_map(map, *template_keys, values, scope, filler))
            }
            (Self::Inputs(values), NodeKind::Map(map)) => NodeKind::Map(fill_inputs(map, values, scope, filler)),
            (Self::Fields(fields), NodeKind::Map(map)) => NodeKind::Map(
                map.entries()
                    .iter()
                    .map(|entry| match fields.iter().find(|(key, _)| *key == entry.key) {
                        Some((_, shape)) => entry.with_value(shape.fill(&entry.value, scope, filler)),
                        None => entry.clone(),
                    })
                    .collect(),
            ),
            _ => {
                refuse_templates(node, filler);
                return node.clone();
            }
        };
        Node { span: node.span, kind }
    }
}

fn fill_text(node: &Node, secret: bool, scope: &Scope, filler: &mut Filler<'_>) -> Node {
    let Some(text) = filler.text(node, scope) else { return Node { span: node.span, kind: NodeKind::Invalid } };
    if secret && !Secret::is_reference(&text) {
        filler.report(misspelled_variable(node.span, &text).unwrap_or_else(|| {
            Diagnostic::new(Rule::PlaintextSecret, node.span, "gives a secret in clear")
                .help("give the name of a credential, such as ((github.token))")
                .always_an_error()
        }));
        return Node { span: node.span, kind: NodeKind::Invalid };
    }
    Node::text(node.span, text)
}

fn fill_map(map: &Map, template_keys: bool, values: &Shape, scope: &Scope, filler: &mut Filler<'_>) -> Map {
    let mut filled = Map::default();
    for entry in map.entries() {
        let key = if template_keys && is_template(&entry.key) {
            match filler.text(&Node::text(entry.key_span, entry.key.clone()), scope) {
                Some(key) => key,
                None => continue,
            }
        } else {
            entry.key.clone()
        };
        let filled_entry = Entry { key, key_span: entry.key_span, value: values.fill(&entry.value, scope, filler) };
        match filled.entry(&filled_entry.key).map(|known| known.key_span) {
            Some(known) => report_twice(&filled_entry, known, filler),
            None => filled.set(filled_entry),
        }
    }
    filled
}

/// How many inputs a stage may have: what is compared with each other takes time, and a short `each` makes many.
const MAX_INPUTS: usize = 200;

/// The first entry with which a map of inputs makes too many of them.
fn first_too_many(map: &Map) -> Option<&Entry> {
    let mut count = 0;
    map.entries().iter().find(|entry| {
        count += entry.value.at("/each").and_then(Node::as_list).map_or(1, <[Node]>::len);
        count > MAX_INPUTS
    })
}

/// Fills inputs. One with `each` becomes several, each of which keeps its item for what is filled later.
fn fill_inputs(map: &Map, values: &Shape, scope: &Scope, filler: &mut Filler<'_>) -> Map {
    if let Some(entry) = first_too_many(map) {
        let message = format!("more than {MAX_INPUTS} inputs");
        filler.report(
            Diagnostic::new(Rule::YamlLimit, entry.key_span, message)
                .help("take fewer inputs in one stage, such as by several manifests"),
        );
        return Map::default();
    }
    let mut several: Vec<(bool, Entry)> = Vec::new();
    for entry in map.entries() {
        let Some(items) = entry.value.at("/each").and_then(Node::as_list) else {
            let filled = fill_input(entry, None, values, scope, filler);
            several.extend(filled.map(|filled| (is_template(&entry.key), filled)));
            continue;
        };
        for item in items {
            let Some(text) = filler.text(item, scope) else { continue };
            let scope = scope.with([(EACH, text.as_str().into())]);
            let item = Node::list(item.span, vec![Node::text(item.span, text)]);
            let filled = fill_input(entry, Some(item), values, &scope, filler);
            several.extend(filled.map(|filled| (true, filled)));
        }
    }
    let mut filled = Map::default();
    let mut templated_keys: BTreeSet<String> = BTreeSet::new();
    for (templated, entry) in several {
        let Some(known) = filled.entry(&entry.key) else {
            if templated {
                templated_keys.insert(entry.key.clone());
            }
            filled.set(entry);
            continue;
        };
        if templated && templated_keys.contains(&entry.key) {
            report_twice(&entry, known.key_span, filler);
            continue;
        }
        let (under, over) = if templated { (&entry, known) } else { (known, &entry) };
        let laid = over.with_value(merge(&under.value, &over.value));
        templated_keys.insert(laid.key.clone());
        filled.set(laid);
    }
    filled
}

fn report_twice(entry: &Entry, known: Span, filler: &mut Filler<'_>) {
    let key = &entry.key;
    filler.report(
        Diagnostic::new(Rule::NameCollision, entry.key_span, format!("gives the key `{key}`, which exists already"))
            .also(known, format!("`{key}`")),
    );
}

fn fill_input(
    entry: &Entry,
    each: Option<Node>,
    values: &Shape,
    scope: &Scope,
    filler: &mut Filler<'_>,
) -> Option<Entry> {
    let key = if is_template(&entry.key) {
        filler.text(&Node::text(entry.key_span, entry.key.clone()), scope)?
    } else {
        entry.key.clone()
    };
    let mut value = entry.value.clone();
    if let (Some(each), Some(map)) = (each, value.as_map_mut())
        && let Some(written) = map.remove(EACH)
    {
        map.set(written.with_value(each));
    }
    Some(Entry { key, key_span: entry.key_span, value: values.fill(&value, scope, filler) })
}

fn refuse_templates(node: &Node, filler: &mut Filler<'_>) {
    match &node.kind {
        NodeKind::Scalar(scalar) if is_template(&scalar.text) => {
            filler.report(template_here(node.span));
        }
        NodeKind::Scalar(_) | NodeKind::Invalid => {}
        NodeKind::List(items) => items.iter().for_each(|item| refuse_templates(item, filler)),
        NodeKind::Map(map) => map.entries().iter().for_each(|entry| refuse_templates(&entry.value, filler)),
    }
}
