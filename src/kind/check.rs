//! What is wrong with a kind whatever uses it: templates that are malformed, names that nothing defines, and steps that
//! Concourse does not read. A kind that nothing uses yet is checked so far.

use concourse_pipeline::model::{Job, Resource, ResourceType, Step};
use minijinja::Value;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, one_of};
use yaml_source::files;
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node, NodeKind, Value as YamlValue, decode};

use crate::manifest::compile;
use crate::template::{Filler, Scope, has_templates, is_template};

use super::file::Family;

/// The names of section 3 of the language, and those that only kinds have.
const NAMES: [&str; 21] = [
    "approved",
    "code",
    "concourse",
    "each",
    "env",
    "env_files",
    "environment",
    "group",
    "kind",
    "kind_title",
    "name",
    "next",
    "phase",
    "pipeline",
    "previewed",
    "previous",
    "project",
    "repository",
    "slug",
    "stack",
    "task_inputs",
];

/// The names that only build kinds have.
const NAMES_OF_BUILDS: [&str; 2] = ["input", "target"];

/// The fields in which a template is text, where no other value can stand.
const TEXTS: [&str; 9] = ["file", "get", "load_var", "name", "path", "platform", "put", "task", "type"];

/// Reports what is wrong with a kind by itself.
pub(super) fn check(kind: &Node, family: Family, options: &Json, diagnostics: &mut Diagnostics) {
    let scope = scope(family, options);
    for entry in kind.as_map().map(Map::entries).unwrap_or_default() {
        match entry.key.as_str() {
            "version" | "title" | "about" | "reserved_env" | "env_files" | "job" => {}
            "options" => {
                let declared = entry.value.at("/properties").and_then(Node::as_map).map(Map::entries);
                for option in declared.unwrap_or_default() {
                    let Some(default) = option.value.at("/default") else { continue };
                    let before = diagnostics.len();
                    templates(default, &scope, diagnostics);
                    if diagnostics.len() == before && !has_templates(default) {
                        check_default(option, default, options, diagnostics);
                    }
                }
            }
            _ => templates(&entry.value, &scope, diagnostics),
        }
    }
    items::<Step>(kind.at("/steps"), diagnostics);
    items::<Resource>(kind.at("/resources"), diagnostics);
    items::<ResourceType>(kind.at("/resource_types"), diagnostics);
    phases(kind, family, diagnostics);
    let texts = ["/summary", "/no_changes"].into_iter().filter_map(|field| Some((field, kind.at(field)?)));
    let pins = kind.at("/pins").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    for (field, node) in texts.chain(pins.iter().map(|pin| ("/pins", &pin.value))) {
        if let Some(file) = node.as_str().filter(|file| !is_template(file) && !files::is_inside(file)) {
            diagnostics.push(outside(node, &field[1..], file));
        }
    }
}

/// Reports a default that does not fit its option.
fn check_default(option: &Entry, default: &Node, options: &Json, diagnostics: &mut Diagnostics) {
    let schema = options.get("properties").and_then(|options| options.get(&option.key));
    let value: Option<Json> = decode(default).ok();
    let Some((schema, value)) = schema.zip(value) else { return };
    // A schema that refers to another one cannot be understood alone, and one that is none has been reported.
    if let Ok(validator) = compile(schema)
        && let Err(error) = validator.validate(&value)
    {
        let message = format!("the default of the option `{}` does not fit its schema: {error}", option.key);
        diagnostics.push(
            Diagnostic::new(Rule::WrongType, default.span, message)
                .help("change the default, or the type of the option"),
        );
    }
}

/// The error for a file that is not in an artifact of the build: the resource would refuse it after the deployment.
pub(super) fn outside(node: &Node, field: &str, file: &str) -> Diagnostic {
    let message = format!("`{field}` is `{file}`, outside of what the build has");
    Diagnostic::new(Rule::KindResult, node.span, message)
        .help("write a file of an artifact that a step makes, such as summary/deploy.md")
}

/// The warning for a stack kind that does not name what it deploys.
pub(crate) fn without_target(kind: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Rule::UnnamedTarget, span, format!("the kind `{kind}` does not name what it deploys"))
        .note("whether another job deploys the same thing without an approval is not checked")
        .help("add `target`, such as `target: \"{{ project }}/{{ stack }}\"`")
}

/// The error for a phase that no kind of a family has.
pub(super) fn unknown_phase(item: &Node, family: Family) -> Diagnostic {
    let [first, second] = family.phases();
    Diagnostic::new(Rule::KindResult, item.span, format!("a {} has no such phase", family.noun()))
        .help(format!("write `{first}` or `{second}`"))
}

/// All names that a template of a kind can use. Of a map that is closed, the keys count.
fn scope(family: Family, options: &Json) -> Scope {
    let unknown = || Value::from(());
    let declared = options.get("properties").and_then(Json::as_object).into_iter().flatten();
    let declared = Value::from_pairs(declared.map(|(name, _)| (name.clone(), unknown())));
    let is_closed = options.get("additionalProperties") == Some(&Json::Bool(false));
    let names = NAMES.iter().chain(if family == Family::Build { &NAMES_OF_BUILDS[..] } else { &[] });
    let more = [("values", unknown()), ("options", if is_closed { declared } else { unknown() })];
    Scope::default().with(names.map(|name| (*name, unknown())).chain(more))
}

/// Reports what is wrong with templates, whatever they are filled with.
fn templates(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Invalid => {}
        NodeKind::Scalar(_) => Filler::new(diagnostics).check(node, scope),
        NodeKind::List(items) => items.iter().for_each(|item| templates(item, scope, diagnostics)),
        NodeKind::Map(map) => map.entries().iter().for_each(|entry| templates(&entry.value, scope, diagnostics)),
    }
}

fn phases(kind: &Node, family: Family, diagnostics: &mut Diagnostics) {
    for item in kind.at("/phases").and_then(Node::as_list).unwrap_or_default() {
        if item.as_str().is_some_and(|phase| !is_template(phase) && !family.phases().contains(&phase)) {
            diagnostics.push(unknown_phase(item, family));
        }
    }
}

/// What stands in the lists of a kind or of `extra`, in Concourse's words.
pub(super) trait Item: DeserializeOwned {
    /// What to write in the place of one that Concourse does not read.
    fn help(_item: &Node) -> Option<String> {
        None
    }
}

impl Item for Job {}
impl Item for Resource {}
impl Item for ResourceType {}
impl Item for YamlValue {}

impl Item for Step {
    fn help(item: &Node) -> Option<String> {
        const CORES: [&str; 8] = ["get", "put", "task", "set_pipeline", "load_var", "try", "do", "in_parallel"];
        let has_core = item.as_map().is_some_and(|map| CORES.iter().any(|core| map.get(core).is_some()));
        (!has_core).then(|| format!("write what the step is: {}", one_of(CORES)))
    }
}

/// Reports items of a list that Concourse does not read, whatever fills their templates.
fn items<T: Item>(list: Option<&Node>, diagnostics: &mut Diagnostics) {
    for item in list.and_then(Node::as_list).unwrap_or_default() {
        let Some(literal) = literal(item, "") else { continue };
        let Err(error) = decode::<T>(&literal) else { continue };
        // What a template fills in may be what is missing, or be of another type.
        let is_certain = error.message.starts_with("unknown field") || error.message.starts_with("a step needs one");
        if is_certain && !has_splices(item) || !has_templates(item) && !has_devices(item) {
            let message = format!("not what Concourse reads: {}", error.message);
            let span = error.span.unwrap_or(item.span);
            diagnostics.push(
                Diagnostic::new(Rule::KindResult, span, message).maybe_help(error.help.or_else(|| T::help(item))),
            );
        }
    }
}

/// A value without what templates decide. `None` when nothing is left.
fn literal(node: &Node, key: &str) -> Option<Node> {
    let kind = match &node.kind {
        NodeKind::Scalar(scalar) if is_template(&scalar.text) => {
            let is_one_hole = scalar.text.starts_with("{{") && scalar.text.ends_with("}}");
            return (!is_one_hole || TEXTS.contains(&key)).then(|| Node::text(node.span, "x"));
        }
        NodeKind::List(items) => NodeKind::List(items.iter().filter_map(|item| literal(item, "")).collect()),
        NodeKind::Map(map) => {
            let is_own = |key: &str| !matches!(key, "each" | "when" | "...");
            let entries = map.entries().iter().filter(|entry| is_own(&entry.key));
            NodeKind::Map(
                entries.filter_map(|entry| Some(entry.with_value(literal(&entry.value, &entry.key)?))).collect(),
            )
        }
        other => other.clone(),
    };
    Some(Node { span: node.span, kind })
}

/// Whether one of the devices that shape structure is in a value.
fn has_devices(node: &Node) -> bool {
    let of_map = |map: &Map| {
        let is_device = |key: &str| matches!(key, "each" | "when" | "...");
        map.entries().iter().any(|entry| is_device(&entry.key) || has_devices(&entry.value))
    };
    node.as_map().is_some_and(of_map) || node.as_list().unwrap_or_default().iter().any(has_devices)
}

/// Whether the step itself is laid over another map, which may say what it is.
fn has_splices(item: &Node) -> bool {
    item.as_map().is_some_and(|map| map.get("...").is_some())
}
