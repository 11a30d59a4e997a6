use std::collections::BTreeMap;
use std::sync::OnceLock;

use camino::Utf8Path;
use concourse_pipeline::lint::check_arithmetic;
use concourse_pipeline::model::ResourceType;
use jsonschema::Validator;
use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, one_of};
use yaml_source::source::{FileId, Sources, Span};
use yaml_source::yaml::{Entry, Limits, Map, Node, NodeKind, decode, read, read_text};

use crate::manifest::{FileShape, SchemaAuthor, check, compile, compile_own, is_surely_schema};
use crate::template::{ParsedTemplate, is_template};

use super::check::{self, without_target};
use super::fields::{EnvFiles, KindFields};
use super::made::literal_types;
use super::option::KindOption;

/// The types that JSON Schema has.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// The fields of JSON Schema that are themselves a schema.
const MAPS: [&str; 10] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];

/// What a kind makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A stage.
    Stack,
    /// An input.
    Build,
}

impl Family {
    /// The folder below that of the kinds.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Stack => "stacks",
            Self::Build => "builds",
        }
    }

    /// What a person calls it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Stack => "stack kind",
            Self::Build => "build kind",
        }
    }

    pub(super) const fn phases(self) -> [&'static str; 2] {
        match self {
            Self::Stack => ["deploy", "preview"],
            Self::Build => ["check", "build"],
        }
    }
}

/// A kind, read from its file and not filled yet.
#[derive(Debug)]
pub struct Kind {
    pub(super) family: Family,
    pub(super) name: String,
    pub(super) node: Node,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) env_files: EnvFiles,
    pub(super) job: super::fields::KindJob,
    pub(super) reserved_env: BTreeMap<String, String>,
    pub(super) options: Json,
    declared: Vec<KindOption>,
    /// The options that a manifest has to give.
    pub(super) required: Vec<String>,
    /// The options that `target` uses, in the order in which they are declared.
    pub(super) target_options: Vec<String>,
    /// Its resource types, where they are the same for all that it makes.
    pub(super) literal_types: Option<Vec<(ResourceType, Span)>>,
    validator: OnceLock<Option<Validator>>,
    pub(super) author: SchemaAuthor,
}

impl Kind {
    /// Reads a kind's file. `None` when it is none; then the reason is among the diagnostics.
    pub(crate) fn read(
        sources: &Sources,
        file: FileId,
        family: Family,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut node = read(sources, file, Limits::MANIFEST, diagnostics)?;
        let before = diagnostics.len();
        check(&mut node, FileShape::Kind, diagnostics);
        // Why it is no map has been reported.
        node.as_map()?;
        if diagnostics.len() == before {
            warn_of_templates_in_scripts(&node, diagnostics);
            check_arithmetic(&node, diagnostics);
        }
        let kind = Self::from_node(node, family, name, diagnostics)?;
        if let Some(wrong) = wrong_options(&kind.node) {
            diagnostics.push(wrong);
            return None;
        }
        // What is wrong whatever uses it is reported here, and not again of each stage that uses it.
        let before = diagnostics.len();
        check::check(&kind.node, family, &kind.options, diagnostics);
        if diagnostics.len() > before {
            return None;
        }
        if is_surely_schema(&kind.options) {
            return Some(kind);
        }
        match compile(&kind.options) {
            Ok(_) => Some(kind),
            Err(error) => {
                let at = kind.node.at("/options").and_then(|options| options.at(error.instance_path().as_str()));
                let wrong = |message| Diagnostic::new(Rule::WrongType, at.unwrap_or(&kind.node).span, message);
                let word = at.and_then(Node::as_str).filter(|_| error.instance_path().as_str().ends_with("/type"));
                diagnostics.push(match word {
                    Some(word) => {
                        wrong(format!("JSON Schema has no type `{word}`")).help(did_you_mean(word, TYPES).map_or_else(
                            || format!("write {}", one_of(TYPES)),
                            |meant| format!("did you mean `{meant}`?"),
                        ))
                    }
                    None => wrong(format!("`options` is not a JSON Schema: {}", error.masked()))
                        .help("see json-schema.org; a property has a `type`, a `default` and a `description`"),
                });
                None
            }
        }
    }

    /// Checks a kind by itself. Its folder says what it makes.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn check(
        path: &Utf8Path,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), yaml_source::Failure> {
        let folder = path.parent().and_then(Utf8Path::file_name);
        let family = if folder == Some(Family::Build.folder()) { Family::Build } else { Family::Stack };
        let text = sources.read(path)?;
        let file = sources.add(path, text);
        let kind = Self::read(sources, file, family, path.file_stem().unwrap_or_default(), diagnostics);
        // What is misspelled may be what is missing.
        kind.filter(|_| !diagnostics.has_errors())
            .and_then(|kind| kind.unnamed())
            .into_iter()
            .for_each(|unnamed| diagnostics.push(unnamed));
        Ok(())
    }

    /// The warning for a stack kind without `target`, which a stage behind a gate needs.
    pub(crate) fn unnamed(&self) -> Option<Diagnostic> {
        let does_something = self.node.at("/steps").and_then(Node::as_list).is_some_and(|steps| !steps.is_empty());
        let is_unnamed = self.family == Family::Stack && does_something && self.node.at("/target").is_none();
        is_unnamed.then(|| without_target(&self.name, self.place_of_target(&self.node)))
    }

    /// Reads a kind that comes with the program. It is checked by the program's own tests, not in each run.
    pub(super) fn built_in(text: &str, file: FileId, family: Family, name: &str) -> Option<Self> {
        let mut diagnostics = Diagnostics::default();
        let node = read_text(text, file, Limits::MANIFEST, &mut diagnostics)?;
        let kind = Self::from_node(node, family, name, &mut diagnostics)?;
        Some(Self { author: SchemaAuthor::Program, ..kind })
    }

    fn from_node(node: Node, family: Family, name: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.len();
        let fields: KindFields = match decode(&node) {
            Ok(fields) => fields,
            Err(error) => {
                let span = error.span.unwrap_or(node.span);
                diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message));
                return None;
            }
        };
        match fields.version {
            Some(1) => {}
            Some(other) => diagnostics.push(unknown_version(&node, other)),
            None if diagnostics.len() == before => diagnostics.push(
                Diagnostic::new(Rule::MissingField, node.span, "`version` is missing").help("begin with `version: 1`"),
            ),
            None => {}
        }
        let is_misspelled = |entry: &Entry| {
            matches!(entry.value.kind, NodeKind::Invalid) && did_you_mean(&entry.key, ["steps"]).is_some()
        };
        let has_steps = node
            .as_map()
            .map(Map::entries)
            .unwrap_or_default()
            .iter()
            .any(|entry| entry.key == "steps" || is_misspelled(entry));
        if !has_steps && diagnostics.len() == before {
            diagnostics.push(
                Diagnostic::new(Rule::MissingField, node.span, "a kind without `steps` does nothing")
                    .help("write `steps: […]`, with the steps of a job as Concourse has them"),
            );
        }
        let empty = Node::map(node.span, Map::default());
        // What is wrong has been reported.
        let is_right = |options: &&Node| !matches!(options.kind, NodeKind::Invalid);
        let mut options: Json = decode(node.at("/options").filter(is_right).unwrap_or(&empty)).unwrap_or_default();
        if let Json::Object(schema) = &mut options {
            // A misspelt option is a mistake, unless the kind says that it takes anything.
            schema.entry("additionalProperties").or_insert(Json::Bool(false));
        }
        let declared = KindOption::of_schema(&options);
        let required = options.get("required").and_then(Json::as_array);
        let required = required.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        Some(Self {
            family,
            name: name.to_owned(),
            target_options: target_options(&node),
            literal_types: literal_types(&node),
            declared,
            required,
            title: fields.title.unwrap_or_else(|| title_of(name)),
            about: fields.about.unwrap_or_default(),
            env_files: fields.env_files,
            job: fields.job,
            reserved_env: fields.reserved_env,
            options,
            validator: OnceLock::new(),
            author: SchemaAuthor::User,
            node,
        })
    }

    /// Its name, that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it makes.
    pub fn family(&self) -> Family {
        self.family
    }

    /// What stands in titles of issues.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is for, in a line.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Its file.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// The validator of its options: made when it is first asked for, which is when something is wrong.
    pub(super) fn validator(&self) -> Option<&Validator> {
        let make = || match self.author {
            SchemaAuthor::Program => Some(compile_own(&self.options)),
            SchemaAuthor::User => compile(&self.options).ok(),
        };
        self.validator.get_or_init(make).as_ref()
    }

    /// What to do instead of setting an environment variable that would change what the kind deploys.
    pub(crate) fn instead_of_env(&self, variable: &str) -> Option<&str> {
        self.reserved_env.get(variable).map(String::as_str)
    }

    /// What its schema says of an option.
    pub(crate) fn option(&self, name: &str) -> Option<&KindOption> {
        self.declared.iter().find(|option| option.name == name)
    }

    /// Its options that are secret.
    pub(super) fn secret_options(&self) -> impl Iterator<Item = &KindOption> {
        self.declared.iter().filter(|option| option.is_secret)
    }

    /// The JSON Schema of its options.
    pub fn options(&self) -> &Json {
        &self.options
    }
}

pub(crate) fn unknown_version(node: &Node, version: u64) -> Diagnostic {
    let span = node.at("/version").unwrap_or(node).span;
    Diagnostic::new(Rule::UnknownVersion, span, format!("expected version 1 of the language, found version {version}"))
        .help("use a newer ol-pipegen, or write `version: 1`")
}

fn title_of(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The options that `target` of a kind uses, in the order in which they are declared.
fn target_options(kind: &Node) -> Vec<String> {
    let template = kind.at("/target").and_then(Node::as_str).map(ParsedTemplate::parse);
    let used = template.and_then(Result::ok).map(|template| template.names()).unwrap_or_default();
    let declared = kind.at("/options/properties").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    let is_used = |name: &&String| used.iter().any(|used| used.strip_prefix("options.") == Some(name.as_str()));
    declared.iter().map(|entry| &entry.key).filter(is_used).cloned().collect()
}

/// The error for a schema of options that no map of options fits.
fn wrong_options(kind: &Node) -> Option<Diagnostic> {
    if let Some(node) = kind.at("/options/type")
        && let Some(word) = node.as_str().filter(|word| TYPES.contains(word) && *word != "object")
    {
        let message = format!("the options of a kind are a map, and this schema takes the type `{word}`");
        return Some(
            Diagnostic::new(Rule::WrongType, node.span, message).help("remove `type`, or write `type: object`"),
        );
    }
    let options = kind.at("/options")?.as_map()?;
    if let Some(undeclared) = undeclared_option(options) {
        return Some(undeclared);
    }
    // Beside no `properties`, a name with a schema is a property.
    let is_property = |entry: &&Entry| entry.value.at("/type").is_some() && !MAPS.contains(&entry.key.as_str());
    let property = options.entries().iter().find(is_property).filter(|_| options.get("properties").is_none())?;
    let message = format!("unknown field `{}`", property.key);
    Some(
        Diagnostic::new(Rule::UnknownField, property.key_span, message)
            .label("no such field of JSON Schema")
            .help("write `options: {properties: {…}}` around the options"),
    )
}

/// The error for a required option that no manifest can give.
fn undeclared_option(options: &Map) -> Option<Diagnostic> {
    if options.get("additionalProperties").is_some() || options.get("patternProperties").is_some() {
        return None;
    }
    let declared = options.get("properties").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    let names = || declared.iter().map(|property| property.key.as_str());
    let required = options.get("required")?.as_list()?.iter();
    let mut required = required.filter_map(|name| Some((name.span, name.as_str()?)));
    let (span, name) = required.find(|(_, name)| names().all(|known| known != *name))?;
    let help = did_you_mean(name, names()).map_or_else(
        || format!("declare it: `properties: {{{name}: {{type: string}}}}`"),
        |meant| format!("did you mean `{meant}`?"),
    );
    let message = format!("`required` names the option `{name}`, which `properties` does not declare");
    Some(Diagnostic::new(Rule::UndefinedName, span, message).help(help))
}

/// A value that a template puts into a script is code to the shell; one in `params` is a value.
fn warn_of_templates_in_scripts(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| warn_of_templates_in_scripts(item, diagnostics)),
        NodeKind::Map(map) => {
            for entry in map.entries() {
                if entry.key == "args"
                    && let Some(arguments) = entry.value.as_list()
                {
                    for argument in arguments {
                        if argument.as_str().is_some_and(|text| text.contains(' ') && is_template(text)) {
                            diagnostics.push(
                                Diagnostic::new(
                                    Rule::TemplateInScript,
                                    argument.span,
                                    "a value filled into a script is code",
                                )
                                .help("hand it over in `params`, and use the variable in the script"),
                            );
                        }
                    }
                }
                warn_of_templates_in_scripts(&entry.value, diagnostics);
            }
        }
        _ => {}
    }
}
