mod discovery;
mod outline;

use std::sync::Arc;

use camino::Utf8Path;
use minijinja::Value;

use crate::concourse::{JobName, PipelineName, ResourceName};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};
use crate::kind::{Family, Kind, unknown_version};
use crate::manifest::{
    ApprovalSettings, AuthSettings, ChainFields, IssuesSettings, ManifestFields, NamesSettings, RecordWord,
    SourceSettings, StageSettings, is_secret_in_clear, merge,
};
use crate::source::{FileId, Span};
use crate::template::{Filler, Scope};
use crate::yaml::{Entry, Map, Node, NodeKind, decode};

use super::chain::{self, ChainOutline};
use super::discover;
use super::fill::Shape;
use super::fleet::Fleet;
use super::inputs::{InputContext, paths};
use super::stage::{
    Approval, Chain, CodeSource, Gate, GitSource, Issues, Names, OldName, Origin, Project, Record, Stage,
};
use super::{effect, values};

use outline::{StageOutline, opens_gate};

/// A manifest, read and checked.
pub(crate) struct ManifestFile<'a> {
    pub(crate) file: FileId,
    /// The stem of its name.
    pub(crate) name: &'a str,
    pub(crate) node: &'a Node,
}

/// What a manifest comes to.
pub(crate) struct Resolved {
    /// Nothing, where a stage could not be understood.
    pub(crate) project: Option<Project>,
    /// Stages that were found by their files.
    pub(crate) discovered: Vec<String>,
    /// Selectors that fit a stage.
    pub(crate) selectors: Vec<String>,
}

/// Applies the layers, finds the stages, and fills in each.
pub(crate) fn resolve(
    manifest: &ManifestFile<'_>,
    fleet: &Fleet,
    source_root: Option<&Utf8Path>,
    diagnostics: &mut Diagnostics,
) -> Result<Resolved, crate::Failure> {
    let mut resolver =
        Resolver { manifest, fleet, source_root, layer: merge(&fleet.defaults, manifest.node), diagnostics };
    resolver.resolve()
}

struct Resolver<'a> {
    manifest: &'a ManifestFile<'a>,
    fleet: &'a Fleet,
    source_root: Option<&'a Utf8Path>,
    /// All layers but overrides.
    layer: Node,
    diagnostics: &'a mut Diagnostics,
}

/// A stage's names, and what its templates are filled with.
struct Named {
    scope: Scope,
    project: String,
    pipeline: Option<PipelineName>,
    stack: String,
    slug: String,
    repository: String,
    code: String,
}

impl<'a> Resolver<'a> {
    fn resolve(&mut self) -> Result<Resolved, crate::Failure> {
        self.check_version();
        let fields: ChainFields = decode(
            &self.only(|key| matches!(key, "environments" | "groups" | "skip" | "discover")),
        )
        .unwrap_or_else(|error| {
            let span = error.span.unwrap_or(self.layer.span);
            self.diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message));
            ChainFields::default()
        });
        for field in ["project", "environments", "stack"] {
            self.require(field);
        }
        let mut chains = chain::declared(&fields, &self.layer, self.diagnostics);
        let mut discovered = Vec::new();
        if fields.discover {
            let found = self.discover(&fields)?;
            discovered =
                found.iter().flat_map(|chain| chain.environments.iter().map(|name| chain.stage_name(name))).collect();
            chains = found;
        }
        let selectors = self.check_selectors(&chains);
        let mut stages = Vec::new();
        for chain in &chains {
            let outlines = self.outline(chain);
            let previewed = outlines.iter().any(|stage| stage.gate == Gate::Preview);
            stages.push((chain, previewed, outlines));
        }
        effect::check(
            self.manifest.file,
            self.fleet.built_in,
            stages.iter().flat_map(|(_, _, outlines)| {
                outlines.iter().enumerate().map(|(index, stage)| effect::StageFacts {
                    settings: &stage.settings,
                    gate: stage.gate,
                    opens_gate: opens_gate(outlines, index),
                    mitodl: stage.settings.at("/issues/resource").and_then(Node::as_str) == Some("mitodl"),
                })
            }),
            self.diagnostics,
        );
        let mut project = Project { chains: Vec::new(), old_names: self.old_names() };
        let mut whole = true;
        for (chain, previewed, outlines) in stages {
            let filled: Vec<Stage> =
                (0..outlines.len()).filter_map(|index| self.stage(chain, &outlines, index, previewed)).collect();
            whole &= filled.len() == outlines.len();
            project.chains.push(Chain { group: chain.group.clone(), previewed, stages: filled });
        }
        self.check_values();
        whole &= self.check_pipelines(&project);
        if let Some(root) = self.source_root {
            self.check_undeclared(root, &project, &fields.skip)?;
        }
        Ok(Resolved { project: whole.then_some(project), discovered, selectors })
    }

    fn old_names(&self) -> Vec<OldName> {
        let entries = self.manifest.node.at("/old_names").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| {
                let old = entry.value.as_str()?.to_owned();
                Some(OldName { new: entry.key.clone(), old, span: entry.key_span })
            })
            .collect()
    }

    fn check_version(&mut self) {
        let fields: ManifestFields =
            decode(&self.only(|key| matches!(key, "version" | "pipeline" | "project"))).unwrap_or_default();
        if let Some(version) = fields.version.filter(|version| *version != 1) {
            self.diagnostics.push(unknown_version(self.manifest.node, version));
        }
    }

    /// The layer without what others read.
    fn only(&self, keep: impl Fn(&str) -> bool) -> Node {
        let entries = self.layer.as_map().map(Map::entries).unwrap_or_default();
        Node::map(self.layer.span, entries.iter().filter(|entry| keep(&entry.key)).cloned().collect())
    }

    fn require(&mut self, field: &str) {
        if self.layer.as_map().is_some_and(|map| map.get(field).is_none()) {
            let help = match field {
                "project" => "name the thing that is deployed: `project: shop-cart`".to_owned(),
                "environments" => "list them in the order of promotion: `environments: [QA, Production]`".to_owned(),
                _ => format!(
                    "say what deploys it: `stack: {{KIND: …}}`, with {}",
                    ticked(self.fleet.kinds.of(Family::Stack).map(Kind::name))
                ),
            };
            let place = if self.fleet.is_alone() { "the manifest" } else { "the manifest and its fleet" };
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::MissingField,
                    self.begin(),
                    format!("{place} lack `{field}`").replace("manifest lack", "manifest lacks"),
                )
                .help(help),
            );
        }
    }

    /// Where the manifest begins, for what is nowhere in it.
    fn begin(&self) -> Span {
        let node = self.manifest.node;
        node.as_map().and_then(|map| map.entries().first()).map_or(node.span, |entry| entry.key_span)
    }

    /// The project, as far as it is known before it is filled in.
    fn label(&self) -> &str {
        self.layer
            .at("/project")
            .and_then(Node::as_str)
            .filter(|text| !text.contains("{{"))
            .unwrap_or(self.manifest.name)
    }

    /// The stack kind of a stage, and its options as they were given.
    fn kind(&mut self, settings: &Node) -> Option<(&'a Kind, Node)> {
        let choice = settings.at("/stack")?.as_map()?.entries().first()?;
        let Some(kind) = self.fleet.kinds.get(Family::Stack, &choice.key) else {
            self.fleet.kinds.report_unknown(Family::Stack, &choice.key, choice.key_span, self.diagnostics);
            return None;
        };
        let given = match choice.value.kind {
            NodeKind::Map(_) => choice.value.clone(),
            _ => Node::map(choice.key_span, Map::default()),
        };
        // A missing option is blamed on the kind's name, not on the map that lacks it.
        Some((kind, Node { span: choice.key_span, ..given }))
    }

    /// Fills in a stage. `None` when something was reported that the rest hangs on.
    fn stage(
        &mut self,
        chain: &ChainOutline,
        outlines: &[StageOutline],
        index: usize,
        previewed: bool,
    ) -> Option<Stage> {
        let outline = &outlines[index];
        let settings = &outline.settings;
        let (kind, given) = self.kind(settings)?;
        let mut named = self.name_stage(chain, outlines, index, previewed, kind);
        let before = self.diagnostics.len();
        let (options_node, options) = kind.options_for(&given, &named.scope, self.diagnostics);
        let options_sound = self.diagnostics.len() == before;
        named.scope.define("options", options);
        let Named { scope, project, pipeline, stack, slug, repository, code } = named;
        let origin = Origin {
            project: project.clone(),
            stage: chain.stage_name(&outline.environment),
            settings: Arc::clone(settings),
            scope: scope.clone(),
            span: self.manifest.node.entry_at("/project").map_or_else(|| self.begin(), |entry| entry.value.span),
        };
        let filled = Shape::of_stage().fill(settings, &scope, &mut Filler::new(self.diagnostics));
        let typed: StageSettings = match decode(&filled) {
            Ok(typed) => typed,
            Err(error) => {
                let span = error.span.unwrap_or(settings.span);
                self.diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message).note(origin.whom()));
                return None;
            }
        };
        self.check_preview(outline, kind, &scope);
        self.check_env(&filled);
        let previewed_record = previewed.then(|| format!("gh-{}-{slug}-deployed", project.to_lowercase()));
        let names = self.names(&typed.names, settings, previewed_record)?;
        let mut code = self.code(typed.source, repository, &code, settings, kind, &scope)?;
        let inputs = InputContext {
            kinds: &self.fleet.kinds,
            scope: &scope,
            settings: &filled,
            environment: &outline.environment,
            environments: &chain.environments,
            project: &project,
            code: &mut code,
            diagnostics: self.diagnostics,
        }
        .inputs(typed.inputs);
        if let Some(root) = self.source_root {
            discover::check_paths(root, kind, &options_node, &scope, &origin.whom(), self.diagnostics);
        }
        if !options_sound {
            return None;
        }
        let last = index + 1 == outlines.len();
        Some(Stage {
            project,
            group: chain.group.clone(),
            environment: outline.environment.clone(),
            stack,
            concourse: outline.concourse,
            pipeline: pipeline?,
            gate: outline.gate,
            approval: approval(typed.approval),
            record: match typed.record {
                Some(RecordWord::Closed) => Record::Closed,
                Some(RecordWord::Open) => Record::Open,
                None if last || previewed => Record::Open,
                Some(RecordWord::None) | None => Record::None,
            },
            code,
            inputs,
            kind: kind.name().to_owned(),
            env: typed.env.into_iter().map(|(key, value)| (key, value.0)).collect(),
            issues: issues(typed.issues),
            names,
            timeout: typed.timeout.map(|duration| duration.to_go()),
            attempts: typed.attempts,
            origin: Arc::new(origin),
            scope,
        })
    }

    /// Makes the names of a stage, in the order in which they may use one another. One that is wrong is reported, and
    /// another put in its place: what else is wrong is told in the same run.
    fn name_stage(
        &mut self,
        chain: &ChainOutline,
        outlines: &[StageOutline],
        index: usize,
        previewed: bool,
        kind: &Kind,
    ) -> Named {
        let outline = &outlines[index];
        let settings = &outline.settings;
        let neighbour = |index: Option<usize>| {
            index.and_then(|index| outlines.get(index)).map_or("", |stage| stage.environment.as_str())
        };
        let mut scope = Scope::default().with([
            ("name", Value::from(self.manifest.name)),
            ("group", chain.group.as_deref().unwrap_or_default().into()),
            ("environment", outline.environment.as_str().into()),
            ("previous", neighbour(index.checked_sub(1)).into()),
            ("next", neighbour(Some(index + 1)).into()),
            ("concourse", self.fleet.concourses[outline.concourse].name.as_deref().unwrap_or_default().into()),
            ("kind", kind.name().into()),
            ("kind_title", kind.title().into()),
            ("previewed", previewed.into()),
        ]);
        values::define(settings.at("/values").and_then(Node::as_map), &mut scope, self.diagnostics);
        let repository = self.repository(settings, &scope).unwrap_or_default();
        scope.define("repository", last_part(&repository));
        let pipeline = self.pipeline(&scope, outline.concourse);
        scope.define("pipeline", pipeline.as_ref().map_or(self.manifest.name, PipelineName::as_str));
        let project = self.layer.at("/project").cloned();
        let project = self.text(project.as_ref(), &scope).unwrap_or_else(|| self.manifest.name.to_owned());
        scope.define("project", project.as_str());
        let stack = self.text(settings.at("/names/stack"), &scope).unwrap_or_else(|| outline.environment.clone());
        let slug = stack.to_lowercase();
        let slug = if previewed { slug.replace('.', "-") } else { slug };
        scope.define("stack", stack.as_str());
        scope.define("slug", slug.as_str());
        let code = self.text(settings.at("/names/code"), &scope).unwrap_or_else(|| "code".to_owned());
        scope.define("code", code.as_str());
        Named { scope, project, pipeline, stack, slug, repository, code }
    }

    fn text(&mut self, node: Option<&Node>, scope: &Scope) -> Option<String> {
        Filler::new(self.diagnostics).text(node?, scope)
    }

    fn repository(&mut self, settings: &Node, scope: &Scope) -> Option<String> {
        match settings.at("/source/repository") {
            Some(node) if matches!(node.kind, NodeKind::Invalid) => None,
            Some(node) => self.text(Some(node), scope),
            None => {
                let span = settings
                    .entry_at("/source")
                    .filter(|entry| entry.key_span.file == self.manifest.file)
                    .map_or_else(|| self.begin(), |entry| entry.key_span);
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, span, "nothing says where the code is")
                        .help("say `source: {repository: https://…}`, here or in the fleet's `defaults`"),
                );
                None
            }
        }
    }

    /// The pipeline's name: with that of its Concourse, but for the first.
    fn pipeline(&mut self, scope: &Scope, concourse: usize) -> Option<PipelineName> {
        let node = self.layer.at("/pipeline").cloned();
        let mut name = match &node {
            Some(node) => self.text(Some(node), scope)?,
            None => self.manifest.name.to_owned(),
        };
        if concourse > 0
            && let Some(instance) = &self.fleet.concourses[concourse].name
        {
            name = format!("{name}-{instance}");
        }
        match PipelineName::parse(name.as_str()) {
            Ok(name) => Some(name),
            Err(error) => {
                let span = node.map_or_else(|| self.begin(), |node| node.span);
                let diagnostic =
                    Diagnostic::new(Rule::ConcourseName, span, format!("the pipeline's name `{name}` {error}"));
                self.diagnostics.push(match self.layer.at("/pipeline") {
                    Some(_) => diagnostic,
                    None => diagnostic.help("it is the name of the file; say another one: `pipeline: …`"),
                });
                None
            }
        }
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

    /// A literal under the name of a secret is one in clear.
    fn check_env(&mut self, settings: &Node) {
        for entry in settings.at("/env").and_then(Node::as_map).map(Map::entries).unwrap_or_default() {
            if entry.value.as_str().is_some_and(|text| is_secret_in_clear(&entry.key, text)) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::PlaintextSecret,
                        entry.value.span,
                        format!("`{}` is written in clear", entry.key),
                    )
                    .help("give the name of a credential, such as ((github.token))"),
                );
            }
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
        let texts = |list: Vec<crate::manifest::Template>| list.into_iter().map(|path| path.0).collect::<Vec<_>>();
        let watch = kind.watch(scope, self.diagnostics);
        // A kind that names no paths of its own depends on the whole of the code, unless the manifest says on what.
        let own: Vec<String> = watch.into_iter().chain(texts(source.paths)).collect();
        for path in own.iter().filter(|path| !discover::is_inside(Utf8Path::new(path.as_str()))) {
            let listed = settings.at("/source/paths").and_then(Node::as_list).unwrap_or_default();
            let place = listed.iter().find(|item| item.as_str() == Some(path)).or_else(|| settings.at("/stack"));
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::MissingPath,
                    place.map_or(settings.span, |node| node.span),
                    format!("`{path}` is outside of the repository"),
                )
                .help("a path begins at the root of the repository"),
            );
        }
        let watched =
            if own.is_empty() { Vec::new() } else { paths(texts(source.common_paths).into_iter().chain(own)) };
        Some(CodeSource {
            resource,
            git: GitSource {
                repository,
                branch: source.branch.0,
                paths: watched,
                tag_filter: None,
                private_key: source.private_key.map(|secret| secret.0),
            },
            check_every: source.check_every,
            trigger: source.trigger,
        })
    }

    fn names(&mut self, names: &NamesSettings, settings: &Node, previewed_record: Option<String>) -> Option<Names> {
        let deployed = &names.deployed.0;
        let record = match &names.record {
            Some(record) => record.0.clone(),
            None => previewed_record.unwrap_or_else(|| format!("{deployed}-post")),
        };
        Some(Names {
            deploy: self.job(&names.deploy.0, settings, "/names/deploy")?,
            preview: self.job(&names.preview.0, settings, "/names/preview")?,
            serial_group: names.serial_group.0.clone(),
            deployed_post: self.resource(&format!("{deployed}-post"), settings, "/names/deployed")?,
            deployed_trigger: self.resource(&format!("{deployed}-trigger"), settings, "/names/deployed")?,
            ready_post: self.resource(&format!("{}-post", names.ready), settings, "/names/ready")?,
            ready_trigger: self.resource(&format!("{}-trigger", names.ready), settings, "/names/ready")?,
            record: self.resource(&record, settings, "/names/record")?,
            deployed_title: names.deployed_title.0.clone(),
            ready_title: names.ready_title.0.clone(),
            promotion_label: names.promotion_label.0.clone(),
            deployed_label: names.deployed_label.0.clone(),
            final_label: names.final_label.0.clone(),
        })
    }

    fn job(&mut self, name: &str, settings: &Node, pointer: &str) -> Option<JobName> {
        JobName::parse(name).map_err(|error| self.bad_name("job", name, &error.reason, settings, pointer)).ok()
    }

    fn resource(&mut self, name: &str, settings: &Node, pointer: &str) -> Option<ResourceName> {
        ResourceName::parse(name)
            .map_err(|error| self.bad_name("resource", name, &error.reason, settings, pointer))
            .ok()
    }

    /// Blames the template that made the name, where it is the user's own, else what it was made from.
    fn bad_name(&mut self, what: &str, name: &str, reason: &str, settings: &Node, pointer: &str) {
        let template = settings.at(pointer).filter(|node| node.span.file != self.fleet.built_in);
        let span = template.or_else(|| self.layer.at("/project")).map_or_else(|| self.begin(), |node| node.span);
        self.diagnostics.push(
            Diagnostic::new(Rule::ConcourseName, span, format!("the {what}'s name `{name}` {reason}"))
                .note("Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first"),
        );
    }

    /// On each Concourse a manifest is one pipeline, of one name.
    fn check_pipelines(&mut self, project: &Project) -> bool {
        let mut known: Vec<&Stage> = Vec::new();
        for stage in project.chains.iter().flat_map(|chain| &chain.stages) {
            match known.iter().find(|known| known.concourse == stage.concourse) {
                None => known.push(stage),
                Some(first) if first.pipeline == stage.pipeline => {}
                Some(first) => {
                    let span = self.layer.at("/pipeline").map_or_else(|| self.begin(), |node| node.span);
                    let says = |stage: &Stage| format!("`{}` for {}", stage.pipeline, stage.whom());
                    self.diagnostics.push(
                        Diagnostic::new(Rule::ConflictingDefinition, span, "a manifest is one pipeline, of one name")
                            .label(format!("comes out as {} and as {}", says(first), says(stage)))
                            .help("leave out what differs from stage to stage; each Concourse gets a pipeline of its own anyway"),
                    );
                    return false;
                }
            }
        }
        true
    }

    /// Values of the manifest that nothing uses.
    fn check_values(&mut self) {
        let own = self.manifest.node;
        let mut declared: Vec<&Entry> = Vec::new();
        let maps = [own.at("/values")].into_iter().chain(
            own.at("/overrides")
                .and_then(Node::as_map)
                .map(Map::entries)
                .unwrap_or_default()
                .iter()
                .map(|entry| entry.value.at("/values")),
        );
        for map in maps.flatten().filter_map(Node::as_map) {
            declared.extend(map.entries().iter().filter(|entry| !entry.value.is_null()));
        }
        if declared.is_empty() {
            return;
        }
        let used = values::used(own);
        for entry in declared {
            let known = |names: &values::Used| names.all || names.names.contains(&entry.key);
            if !known(&used) && !known(&self.fleet.used_values) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::UnusedValue,
                        entry.key_span,
                        format!("nothing uses `{{{{ values.{} }}}}`", entry.key),
                    )
                    .help("take it out"),
                );
            }
        }
    }
}

fn approval(settings: ApprovalSettings) -> Approval {
    Approval {
        approve: settings.approve,
        closers: settings.closers,
        expires: settings.expires.map(|duration| duration.seconds()),
        soak: settings.soak.map(|duration| duration.seconds()),
        on_existing: settings.on_existing,
        reject_labels: settings.reject_labels,
        checkout_image: settings.checkout_image,
    }
}

fn issues(settings: IssuesSettings) -> Option<Issues> {
    let texts = |list: Vec<crate::manifest::Template>| -> Vec<String> {
        list.into_iter().map(|text| text.0).filter(|text| !text.is_empty()).collect()
    };
    let AuthSettings { token } = settings.auth?;
    Some(Issues {
        repository: settings.repository?.0,
        api: settings.api.0,
        token: token?.0,
        bot: settings.bot,
        labels: texts(settings.labels),
        assignees: texts(settings.assignees),
        body_files: texts(settings.body_files),
        check_every: settings.check_every,
        webhook: settings.webhook.map(|secret| secret.0),
        resource: settings.resource,
    })
}

/// The name of a repository: the last part of its address.
fn last_part(repository: &str) -> &str {
    let name = repository.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(repository);
    name.strip_suffix(".git").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::last_part;

    #[test]
    fn repository_is_called_by_the_last_part_of_its_address() {
        for (address, name) in [
            ("https://github.com/example/shop", "shop"),
            ("https://github.com/example/shop/", "shop"),
            ("git@github.com:example/shop.git", "shop"),
            ("git@host:shop.git", "shop"),
            ("shop", "shop"),
        ] {
            assert_eq!(last_part(address), name, "{address}");
        }
    }
}
