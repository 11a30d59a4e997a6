use concourse_pipeline::model::{BuildLogRetention, Resource, ResourceType, Step};
use minijinja::Value;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::files;
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node, NodeError, NodeKind, decode};

use crate::manifest::{Schema, SchemaAuthor, Secret, Wording, check_against, misspelled_variable};
use crate::template::{Filler, ParsedTemplate, Scope, has_templates, to_value};

use super::check::{Item, outside, unknown_phase};
use super::fields::EnvFiles;
use super::file::{Family, Kind};
use super::option::KindOption;

/// What a kind comes to, in one phase of one stage or build.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) resource_types: Vec<(ResourceType, Span)>,
    pub(crate) resources: Vec<(Resource, Span)>,
    /// Each with its place in the kind.
    pub(crate) steps: Vec<(Step, Span)>,
    pub(crate) summary: Option<String>,
    pub(crate) no_changes: Option<String>,
    /// What it deploys.
    pub(crate) target: Option<String>,
    /// Nothing names what it deploys.
    pub(crate) is_unnamed: bool,
    pub(crate) pins: Vec<(String, String)>,
}

/// What a kind is filled with.
pub(crate) struct KindScope<'a> {
    /// The names of the stage or build, `options` and `code` among them.
    pub(crate) scope: &'a Scope,
    /// For whom, in errors.
    pub(crate) whom: &'a str,
    pub(crate) phase: &'a str,
    /// Variable → value.
    pub(crate) env: &'a [(String, String)],
    /// Variable → file.
    pub(crate) env_files: &'a [(String, String)],
    /// The repository of the code, in its one spelling.
    pub(crate) repository: &'a str,
    /// The artifacts of the job.
    pub(crate) artifacts: &'a [&'a str],
    /// The folder with the approval of this stage's own preview, where what is deployed is held to it. It is in one of
    /// the artifacts.
    pub(crate) approved: Option<&'a str>,
}

impl KindScope<'_> {
    fn note(&self) -> String {
        format!("filled in for {}", self.whom)
    }

    fn names(&self) -> Scope {
        let map = |pairs: &[(String, String)]| {
            Value::from_pairs(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        };
        let task_inputs: Value =
            self.artifacts.iter().map(|artifact| Value::from_pairs([("name", *artifact)])).collect();
        self.scope.with([
            ("phase", self.phase.into()),
            ("env", map(self.env)),
            ("env_files", map(self.env_files)),
            ("task_inputs", task_inputs),
            ("approved", self.approved.into()),
        ])
    }
}

impl Kind {
    /// Does the kind read the files behind environment variables itself?
    pub(crate) fn reads_env_files(&self) -> bool {
        self.env_files == EnvFiles::Native
    }

    /// Where to name what is deployed, when nothing names it: in the kind, or in its options `given` by a manifest.
    pub(crate) fn place_of_target(&self, given: &Node) -> Span {
        let target = |node: &Node| node.at("/target").map(|target| target.span);
        if self.author != SchemaAuthor::User {
            return target(given).unwrap_or(given.span);
        }
        let steps = || self.node.entry_at("/steps").map_or(self.node.span, |steps| steps.key_span);
        target(&self.node).unwrap_or_else(steps)
    }

    /// Whether it comes with the program.
    pub(crate) fn is_built_in(&self) -> bool {
        self.author == SchemaAuthor::Program
    }

    /// The options that `target` uses, in the order in which they are declared.
    pub(crate) fn target_options(&self) -> Vec<String> {
        self.target_options.clone()
    }

    /// What a variable fills in `target`, a text that the kind came to: nobody can compare it. A credential of a secret
    /// option, or one that the kind itself names, only says where the target is.
    pub(crate) fn variable_of_target<'t>(&self, target: &'t str, scope: &Scope) -> Option<&'t str> {
        let own = self.node.at("/target").and_then(Node::as_str).unwrap_or_default();
        let secrets = self.secret_options().filter_map(|KindOption { name, .. }| {
            ParsedTemplate::parse(&format!("{{{{ options.{name} }}}}")).and_then(|secret| secret.text(scope)).ok()
        });
        let known: Vec<String> = secrets.collect();
        variables(target)
            .find(|variable| !own.contains(variable) && !known.iter().any(|known| known.contains(variable)))
    }

    /// Whether its preview can say that there is nothing to change.
    pub(crate) fn tells_unchanged(&self) -> bool {
        self.node.at("/no_changes").is_some()
    }

    /// Its options for credentials of a preview.
    pub(crate) fn preview_options(&self) -> impl Iterator<Item = &str> {
        let options = self.node.at("/options/properties").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        let is_secret = |entry: &&Entry| entry.value.at("/x-secret").and_then(Node::as_str) == Some("true");
        options.iter().filter(is_secret).map(|entry| entry.key.as_str()).filter(|name| name.starts_with("preview_"))
    }

    /// How long the logs of its job are kept.
    pub(crate) fn build_log_retention(&self) -> Option<BuildLogRetention> {
        self.job.build_log_retention
    }

    /// The options that a manifest gave, filled, with their defaults, checked. What is declared and was not given is
    /// `none` to templates.
    ///
    /// `given` is the map of options, at the kind's name when there is none.
    pub(crate) fn options_for(&self, given: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> (Node, Value) {
        let mut options = Map::default();
        for entry in given.as_map().map(Map::entries).unwrap_or_default() {
            let before = diagnostics.len();
            match Filler::new(diagnostics).node(&entry.value, scope) {
                Some(value) => options.set(entry.with_value(value)),
                // What was wrong is not missing.
                None if diagnostics.len() > before || matches!(entry.value.kind, NodeKind::Invalid) => {
                    let value = Node { span: entry.value.span, kind: NodeKind::Invalid };
                    options.set(entry.with_value(value));
                }
                None => {}
            }
        }
        let mut filler = Filler::new(diagnostics);
        let declared = self.node.at("/options/properties").and_then(Node::as_map);
        for property in declared.map(Map::entries).unwrap_or_default() {
            if options.get(&property.key).is_none()
                && let Some(default) = property.value.at("/default")
            {
                let value = if has_templates(default) {
                    let mut scope = scope.with([("options", as_value(declared, &options))]);
                    self.mark_missing(&options, &mut scope);
                    filler.node(default, &scope)
                } else {
                    filler.node(default, scope)
                };
                if let Some(value) = value {
                    let (key, key_span) = (property.key.clone(), property.key_span);
                    options.set(Entry { key, key_span, value });
                }
            }
        }
        let value = as_value(declared, &options);
        let mut node = Node::map(given.span, options);
        let wording = Wording::Options(self.family.noun(), &self.name);
        let schema = Schema { json: &self.options, author: self.author, validator: &|| self.validator() };
        check_against(&mut node, &schema, &wording, diagnostics);
        self.check_secrets(&node, diagnostics);
        (node, value)
    }

    /// Marks required options without a value: what a template makes of them is not reported.
    pub(crate) fn mark_missing(&self, options: &Map, scope: &mut Scope) {
        for name in &self.required {
            if options.get(name).is_none_or(|value| matches!(value.kind, NodeKind::Invalid)) {
                scope.mark_unknown(format!("options.{name}"));
            }
        }
    }

    /// Options that the schema calls secret hold the names of credentials.
    fn check_secrets(&self, options: &Node, diagnostics: &mut Diagnostics) {
        let kind = &self.name;
        let mut check = |name: &str, node: &Node| {
            if let Some(text) = node.as_str().filter(|text| !Secret::is_reference(text)) {
                diagnostics.push(misspelled_variable(node.span, text).unwrap_or_else(|| {
                    Diagnostic::new(
                        Rule::PlaintextSecret,
                        node.span,
                        format!("the {name} of `{kind}` is written in clear"),
                    )
                    .help(format!("give the name of a credential, such as (({kind}.{name}))"))
                }));
            }
        };
        for Entry { key, value, .. } in options.as_map().map(Map::entries).unwrap_or_default() {
            match self.option(key) {
                Some(option) if option.is_secret => check(key, value),
                Some(option) if option.has_secrets => {
                    for inner in value.as_map().map(Map::entries).unwrap_or_default() {
                        check(&inner.key, &inner.value);
                    }
                }
                _ => {}
            }
        }
    }

    /// The phases that the kind comes out with.
    pub(crate) fn phases(&self, scope: &Scope, diagnostics: &mut Diagnostics) -> Vec<&'static str> {
        let known = self.family.phases();
        let default = match self.family {
            Family::Stack => "deploy",
            Family::Build => "build",
        };
        let Some(node) = self.node.at("/phases") else { return vec![default] };
        let Some(filled) = Filler::new(diagnostics).node(node, scope) else { return vec![default] };
        let mut phases = Vec::new();
        for item in filled.as_list().unwrap_or_default() {
            match known.iter().find(|phase| item.as_str() == Some(phase)) {
                Some(phase) => phases.push(*phase),
                None => diagnostics.push(unknown_phase(item, self.family)),
            }
        }
        phases
    }

    /// The paths whose changes concern what the kind makes.
    pub(crate) fn watch(&self, scope: &Scope, diagnostics: &mut Diagnostics) -> Vec<String> {
        let Some(node) = self.node.at("/watch") else { return Vec::new() };
        let Some(filled) = Filler::new(diagnostics).node(node, scope) else { return Vec::new() };
        filled.as_list().unwrap_or_default().iter().filter_map(Node::as_str).map(str::to_owned).collect()
    }

    /// The template of the file of one stack.
    pub(crate) fn stack_files(&self) -> Option<&Node> {
        self.node.at("/stack_files")
    }

    /// Fills the kind for a phase.
    pub(crate) fn make(&self, with: &KindScope<'_>, diagnostics: &mut Diagnostics) -> Made {
        let scope = with.names();
        let note = with.note();
        let mut maker = Maker { scope: &scope, note: &note, diagnostics };
        let text = |maker: &mut Maker<'_>, pointer: &str| {
            let node = self.node.at(pointer)?;
            maker.filler().text(node, &scope).filter(|text| !text.trim().is_empty())
        };
        let before = maker.diagnostics.len();
        // Repositories of two owners may have one name.
        let of_target = scope.with([("repository", with.repository.into())]);
        let target = self.node.at("/target").and_then(|node| maker.filler().text(node, &of_target));
        let target = target.filter(|target| !target.trim().is_empty());
        let made = Made {
            // A name that could not be filled in is reported as such.
            is_unnamed: target.is_none() && maker.diagnostics.len() == before,
            target,
            resource_types: match &self.literal_types {
                Some(types) => types.clone(),
                None => maker.list(self.node.at("/resource_types")),
            },
            resources: maker.list(self.node.at("/resources")),
            steps: maker.list(self.node.at("/steps")),
            summary: text(&mut maker, "/summary"),
            no_changes: text(&mut maker, "/no_changes"),
            pins: maker.texts(self.node.at("/pins")),
        };
        let pins = made.pins.iter().map(|(_, file)| ("pins", file));
        let named = [("summary", &made.summary), ("no_changes", &made.no_changes)];
        let named = named.into_iter().filter_map(|(field, file)| Some((field, file.as_ref()?)));
        for (field, file) in named.chain(pins).filter(|(_, file)| !files::is_inside(file)) {
            maker.outside(self.node.at(&format!("/{field}")), field, file);
        }
        made
    }

    /// Fills steps that a manifest puts around the kind's own. Each comes with its place.
    pub(crate) fn make_steps(
        node: Option<&Node>,
        with: &KindScope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(Step, Span)> {
        if node.is_none() {
            return Vec::new();
        }
        let scope = with.names();
        let note = with.note();
        let mut maker = Maker { scope: &scope, note: &note, diagnostics };
        maker.list(node)
    }
}

/// The resource types of a kind's file, where no template is in them: they are the same for all that it makes. `None`, too,
/// where something is wrong with them, which is told of each that is made.
pub(super) fn literal_types(kind: &Node) -> Option<Vec<(ResourceType, Span)>> {
    let node = kind.at("/resource_types").filter(|node| !has_templates(node))?;
    let (scope, mut diagnostics) = (Scope::default(), Diagnostics::default());
    let types = Maker { scope: &scope, note: "", diagnostics: &mut diagnostics }.list(Some(node));
    diagnostics.is_empty().then_some(types)
}

/// The variables of Concourse in a text, with their parentheses.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("((").map(|(at, _)| {
        let rest = &text[at..];
        rest.find("))").map_or(rest, |end| &rest[..end + 2])
    })
}

/// The options as templates see them: what is declared and was not given is `none`.
fn as_value(declared: Option<&Map>, options: &Map) -> Value {
    let declared = declared
        .map(Map::entries)
        .unwrap_or_default()
        .iter()
        .map(|property| (property.key.as_str(), options.get(&property.key).map_or(Value::from(()), to_value)));
    Value::from_pairs(declared)
}

pub(super) struct Maker<'a> {
    pub(super) scope: &'a Scope,
    pub(super) note: &'a str,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Maker<'_> {
    /// Reports a file that is not in an artifact of the build: the resource would refuse it after the deployment.
    fn outside(&mut self, node: Option<&Node>, field: &str, file: &str) {
        let Some(node) = node else { return };
        self.diagnostics.push(outside(node, field, file).note(self.note));
    }

    pub(super) fn filler(&mut self) -> Filler<'_> {
        Filler::noting(self.diagnostics, self.note)
    }

    /// Fills a map of texts; a hole that gives `none` leaves its entry out.
    fn texts(&mut self, node: Option<&Node>) -> Vec<(String, String)> {
        let scope = self.scope;
        let Some(filled) = node.and_then(|node| self.filler().node(node, scope)) else { return Vec::new() };
        let entries = filled.as_map().map(Map::entries).unwrap_or_default();
        entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.as_str()?.to_owned()))).collect()
    }

    /// Fills a list and reads its items. What Concourse would not read is an error at the line of the kind.
    pub(super) fn list<T: Item>(&mut self, node: Option<&Node>) -> Vec<(T, Span)> {
        let Some(node) = node else { return Vec::new() };
        let scope = self.scope;
        let Some(filled) = self.filler().node(node, scope) else { return Vec::new() };
        let NodeKind::List(items) = filled.kind else { return Vec::new() };
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            match decode::<T>(&item) {
                Ok(value) => read.push((value, item.span)),
                // A word that is a boolean to some readers of YAML has been reported.
                Err(NodeError { span: Some(span), .. }) if self.diagnostics.speaks_of(span) => {}
                Err(NodeError { span, message, help }) => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            Rule::KindResult,
                            span.unwrap_or(item.span),
                            format!("not what Concourse reads: {message}"),
                        )
                        .note(self.note)
                        .maybe_help(help.or_else(|| T::help(&item))),
                    );
                }
            }
        }
        read
    }
}
