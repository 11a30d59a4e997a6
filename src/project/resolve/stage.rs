//! A stage, from its settings as they were merged.

use std::sync::Arc;

use concourse_pipeline::model::JobName;
use concourse_pipeline::model::invalid_name;
use github_issues_resource::contract::check_part;
use yaml_source::diagnostic::{Diagnostic, Rule, did_you_mean};
use yaml_source::files;
use yaml_source::yaml::{IndexMap, Map, Node, Value, decode, escape};

use crate::approval::ApprovalSettings;
use crate::input::extra::{Word, more_fields};
use crate::input::{GitSource, paths};
use crate::kind::Kind;
use crate::manifest::{RecordWord, SourceSettings, StageSettings, Template, is_secret_in_clear, misspelled_variable};
use crate::policy::FleetFreeze;
use crate::project::chain::ChainOutline;
use crate::project::discover;
use crate::project::fill::Shape;
use crate::project::inputs::InputContext;
use crate::project::stage::{CodeSource, Gate, Origin, Record, Stage};
use crate::template::{Filler, Scope};

use super::jobs::job_options;
use super::names::NamesOfStage;
use super::outline::StageOutline;
use super::{Resolver, durations, entries, formats};

/// A stage whose templates are filled in, and whose inputs may still refer to those of others.
pub(super) struct Draft<'a> {
    kind: &'a Kind,
    named: NamesOfStage,
    options_node: Node,
    options_sound: bool,
    /// Its settings, filled in.
    pub(super) filled: Node,
}

impl Draft<'_> {
    /// Where its code comes from.
    pub(super) fn repository(&self) -> &str {
        &self.named.repository
    }
}

impl<'a> Resolver<'a, '_> {
    /// Fills in the templates of a stage. `None` when something was reported that the rest hangs on.
    pub(super) fn draft(
        &mut self,
        chain: &ChainOutline,
        outlines: &[StageOutline],
        index: usize,
        previewed: bool,
    ) -> Option<Draft<'a>> {
        let settings = &outlines[index].settings;
        let (kind, given) = self.kind(settings)?;
        let mut named = self.name_stage(chain, outlines, index, previewed, kind);
        let before = self.diagnostics.len();
        let (options_node, options) = kind.options_for(&given, &named.scope, self.diagnostics);
        let options_sound = self.diagnostics.len() == before;
        named.scope.define("options", options);
        kind.mark_missing(options_node.as_map().unwrap_or(&Map::default()), &mut named.scope);
        let filled = Shape::of_stage().fill(settings, &named.scope, &mut Filler::new(self.diagnostics));
        Some(Draft { kind, named, options_node, options_sound, filled })
    }

    /// Makes a stage of what was filled in. `None` when something was reported that the rest hangs on.
    pub(super) fn stage(
        &mut self,
        chain: &ChainOutline,
        outlines: &[StageOutline],
        index: usize,
        previewed: bool,
        draft: Draft<'a>,
    ) -> Option<Stage> {
        let outline = &outlines[index];
        let settings = &outline.settings;
        let Draft { kind, named, options_node, options_sound, filled } = draft;
        let NamesOfStage { scope, project, pipeline, instance_vars, stack, repository, code } = named;
        let origin = Origin {
            project: project.clone(),
            stage: chain.stage_name(&outline.environment),
            settings: Arc::clone(settings),
            scope: scope.clone(),
            span: self.layer.node.at("/project").map_or_else(|| self.begin(), |node| node.span),
            fleet_defaults: self.fleet.defaults_span,
        };
        let typed: StageSettings = match decode(&filled) {
            Ok(typed) => typed,
            Err(error) => {
                let span = error.span.unwrap_or(settings.span);
                // A field that was wrong has been reported, and is not missing.
                if !self.diagnostics.speaks_within(span) {
                    self.diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message).note(origin.whom()));
                }
                return None;
            }
        };
        self.check_preview(outline, kind, &scope);
        self.check_env(&filled);
        self.check_reserved(kind, &filled);
        formats::check(&filled, &options_node, self.diagnostics);
        discover::check_options(kind, &options_node, self.diagnostics);
        durations::check(&filled, self.manifest.file, self.diagnostics);
        self.check_posted(&typed.names, &typed.issues, settings);
        // A project's name that no gate can have has been reported, and would be in every other name.
        let names = if check_part(&project).is_ok() { self.names(&typed.names, settings)? } else { return None };
        let old_names = if previewed { self.names_with_dashes(&names, settings, &stack, &scope) } else { Vec::new() };
        let mut code = self.code(typed.source, repository, &code, settings, kind, &scope)?;
        self.check_code(&code, outlines, index, settings);
        let before = self.diagnostics.len();
        let (inputs, built_only) = InputContext {
            kinds: &self.fleet.kinds,
            own_types: &self.fleet.resource_types,
            scope: &scope,
            settings: &filled,
            environment: &outline.environment,
            environments: &chain.environments,
            project: &project,
            code: &mut code,
            diagnostics: self.diagnostics,
        }
        .inputs(typed.inputs);
        if self.diagnostics.len() == before {
            let of_inputs = inputs.iter().flat_map(|input| &input.env).map(|source| source.variable.as_str());
            let own = typed.env.keys().chain(typed.preview_env.keys()).map(String::as_str);
            self.check_variables(kind, &options_node, &own.chain(of_inputs).collect::<Vec<_>>());
        }
        if let Some(root) = self.source_root {
            discover::check_paths(root, kind, &options_node, &scope, &origin.whom(), self.diagnostics);
        }
        if !options_sound {
            return None;
        }
        let last = index + 1 == outlines.len();
        let freezes = FleetFreeze::of_stage(&self.fleet.freezes, &project, &outline.environment, &stack);
        Some(Stage {
            project,
            group: chain.group.clone(),
            environment: outline.environment.clone(),
            stack,
            concourse: outline.concourse,
            pipeline: pipeline?,
            instance_vars,
            gate: outline.gate,
            approval: ApprovalSettings { freezes, ..typed.approval },
            record: match typed.record {
                Some(RecordWord::Closed) => Record::Closed,
                Some(RecordWord::Open) => Record::Open,
                None if last || previewed => Record::Open,
                Some(RecordWord::None) | None => Record::None,
            },
            // Known when all stages are.
            needs: Vec::new(),
            code,
            inputs,
            built_only,
            kind: kind.name().to_owned(),
            kind_tells_unchanged: kind.tells_unchanged(),
            preview_env: texts(&laid_over(&typed.env, &typed.preview_env)),
            env: texts(&typed.env),
            former: self.former(&typed.issues, settings),
            issues: self.issues(typed.issues, settings),
            job: job_options(typed.job),
            alert: self.alert(typed.notify, &typed.names, settings),
            tab: self.tab(typed.tab, settings),
            names,
            old_names,
            timeout: typed.timeout.map(|duration| duration.to_go()),
            attempts: typed.attempts,
            origin: Arc::new(origin),
            scope,
        })
    }

    fn check_preview(&mut self, outline: &StageOutline, kind: &Kind, scope: &Scope) {
        let phases = kind.phases(scope, self.diagnostics);
        if outline.gate != Gate::Preview || phases.contains(&"preview") {
            return;
        }
        let span = outline.settings.at("/gate").map_or_else(|| self.begin(), |node| node.span);
        self.diagnostics.push(
            Diagnostic::new(
                Rule::CannotPreview,
                span,
                format!("the stack kind `{}` comes without a preview here", kind.name()),
            )
            .help(if kind.options().pointer("/properties/preview").is_some() {
                "give it the option `preview`, or another gate"
            } else {
                "use another gate"
            }),
        );
    }

    /// Reports variables that an option names and no `env` of the stage defines.
    fn check_variables(&mut self, kind: &Kind, options: &Node, variables: &[&str]) {
        for entry in options.as_map().map(Map::entries).unwrap_or_default() {
            if !kind.option(&entry.key).is_some_and(|option| option.has_variables) {
                continue;
            }
            for named in entry.value.as_map().map(Map::entries).unwrap_or_default() {
                let Some(name) = named.value.as_str().filter(|name| !variables.contains(name)) else { continue };
                let help = match did_you_mean(name, variables.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("define it, such as with `env: {{{name}: digest}}` of the input that is an image"),
                };
                let message = format!("`{}` uses the variable `{name}`, which no `env` defines", entry.key);
                self.diagnostics.push(Diagnostic::new(Rule::UndefinedName, named.value.span, message).help(help));
            }
        }
    }

    /// A literal under the name of a secret is one in clear.
    fn check_env(&mut self, settings: &Node) {
        for entry in entries(settings, "/env").iter().chain(entries(settings, "/preview_env")) {
            let secret = entry.value.as_str().filter(|text| is_secret_in_clear(&entry.key, text));
            if let Some(text) = secret {
                let misspelled = misspelled_variable(entry.value.span, text);
                self.diagnostics.push(misspelled.unwrap_or_else(|| {
                    Diagnostic::new(
                        Rule::PlaintextSecret,
                        entry.value.span,
                        format!("`{}` is written in clear", entry.key),
                    )
                    .help("give the name of a credential, such as ((github.token))")
                }));
            }
        }
    }

    /// Reports variables of the environment that would change what the kind deploys.
    fn check_reserved(&mut self, kind: &Kind, settings: &Node) {
        let inputs = entries(settings, "/inputs").iter().flat_map(|input| entries(&input.value, "/env"));
        let own = ["/env", "/preview_env"].into_iter().flat_map(|pointer| entries(settings, pointer));
        for entry in own.chain(inputs) {
            let Some(instead) = kind.instead_of_env(&entry.key) else { continue };
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::VariablePlace,
                    entry.key_span,
                    format!("`{}` would change what the stack kind `{}` deploys", entry.key, kind.name()),
                )
                .note("other jobs are compared with what the options of the kind say")
                .help(instead),
            );
        }
    }

    fn code(
        &mut self,
        source: SourceSettings,
        repository: String,
        name: &str,
        settings: &Node,
        kind: &Kind,
        scope: &Scope,
    ) -> Option<CodeSource> {
        let resource = self.resource(name, settings, "/names/code")?;
        if name == "gate" {
            let span = settings.at("/names/code").map_or(settings.span, |node| node.span);
            self.diagnostics.push(
                Diagnostic::new(Rule::NameCollision, span, "`gate` is the approval that a deployment goes by")
                    .help("give the code another name"),
            );
            return None;
        }
        let passed = self.passed(&source.passed, settings)?;
        let extra = self.more_of_source(source.extra, settings);
        let texts = |list: Vec<crate::manifest::Template>| list.into_iter().map(|path| path.0).collect::<Vec<_>>();
        let watch = kind.watch(scope, self.diagnostics);
        // A kind that names no paths of its own depends on the whole of the code, unless the manifest says on what.
        let own: Vec<String> = watch.into_iter().chain(texts(source.paths)).collect();
        for path in own.iter().filter(|path| !files::is_inside(path)) {
            let listed = settings.at("/source/paths").and_then(Node::as_list).unwrap_or_default();
            let place = listed.iter().find(|item| item.as_str() == Some(path)).or_else(|| settings.at("/stack"));
            // It is an option of the kind.
            if place.is_some_and(|node| self.diagnostics.speaks_within(node.span)) {
                continue;
            }
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::MissingPath,
                    place.map_or(settings.span, |node| node.span),
                    format!("`{path}` is outside of the repository"),
                )
                .help(files::help_for_outside(path)),
            );
        }
        let watched =
            if own.is_empty() { Vec::new() } else { paths(texts(source.common_paths).into_iter().chain(own)) };
        Some(CodeSource {
            resource,
            git: GitSource {
                repository,
                branch: source.branch.map(|branch| branch.0),
                paths: watched,
                tag_filter: None,
                private_key: source.private_key.map(|secret| secret.0),
                webhook: source.webhook.map(|secret| secret.0),
                extra,
            },
            check_every: source.check_every,
            trigger: source.trigger,
            passed,
            newest: source.newest,
            params: source.params,
        })
    }
}

impl Resolver<'_, '_> {
    /// The jobs of `source.passed`.
    fn passed(&mut self, names: &[Template], settings: &Node) -> Option<Vec<JobName>> {
        let mut passed = Vec::new();
        for (index, Template(name)) in names.iter().enumerate() {
            match JobName::parse(name.as_str()) {
                Ok(name) => passed.push(name),
                Err(error) => {
                    let place = settings.at(&format!("/source/passed/{index}")).unwrap_or(settings);
                    let message = format!("the job's name `{name}` {error}");
                    self.diagnostics.push(invalid_name(place.span, message, ("", place.as_str().unwrap_or_default())));
                    return None;
                }
            }
        }
        Some(passed)
    }

    /// What `source.extra` adds to the git resource. A field that has a word of its own is reported.
    fn more_of_source(&mut self, extra: Option<Value>, settings: &Node) -> IndexMap<String, Value> {
        const WORDS: [Word; 4] =
            [("uri", "repository"), ("branch", "branch"), ("paths", "paths"), ("private_key", "private_key")];
        let place = |key: &str| settings.at(&format!("/source/extra/{}", escape(key))).unwrap_or(settings).span;
        more_fields(extra, &WORDS, "source", place, self.diagnostics)
    }

    /// Reports what the gates of a chain do not let its code have.
    fn check_code(&mut self, code: &CodeSource, outlines: &[StageOutline], index: usize, settings: &Node) {
        let has_approvals = |outline: &StageOutline| matches!(outline.gate, Gate::Issue | Gate::Preview);
        if code.git.branch.is_none() && outlines.iter().any(has_approvals) {
            let place = settings.at("/source/branch").unwrap_or(settings);
            self.diagnostics.push(
                Diagnostic::new(Rule::MissingField, place.span, "a gate with approvals needs the branch of the code")
                    .note("an approved commit must be on it")
                    .help("write `branch` in `source`"),
            );
        }
        let is_approved = outlines[index].gate == Gate::Issue || outlines[..index].iter().any(has_approvals);
        let fields = [("passed", !code.passed.is_empty()), ("params", code.params.is_some())];
        for (field, _) in fields.into_iter().filter(|(_, is_set)| is_approved && *is_set) {
            let place = settings.at(&format!("/source/{field}")).unwrap_or(settings);
            let message = format!("`{field}` has no effect behind a gate with approvals");
            self.diagnostics.push(
                Diagnostic::new(Rule::NoEffect, place.span, message)
                    .note("the approval names the commit")
                    .help(format!("write `{field}` for the stages before the gate")),
            );
        }
        if code.newest && outlines.iter().any(has_approvals) {
            let place = settings.at("/source/newest").unwrap_or(settings);
            let message = "a chain with approvals cannot take the newest commit everywhere";
            self.diagnostics.push(
                Diagnostic::new(Rule::NoEffect, place.span, message)
                    .note("an approval names the commit")
                    .help("remove `newest`"),
            );
        }
    }
}

/// Variables, and those that take the place of some of them.
fn laid_over(env: &IndexMap<String, Template>, over: &IndexMap<String, Template>) -> IndexMap<String, Template> {
    env.iter().chain(over).map(|(variable, value)| (variable.clone(), value.clone())).collect()
}

fn texts(env: &IndexMap<String, Template>) -> Vec<(String, String)> {
    env.iter().map(|(variable, value)| (variable.clone(), value.0.clone())).collect()
}
