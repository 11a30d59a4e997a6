mod discovery;
mod distinct;
mod durations;
mod formats;
mod issues;
mod jobs;
mod names;
mod needs;
mod outline;
mod several;
mod stage;
mod watched;
mod whole;

use camino::Utf8Path;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use yaml_source::source::{FileId, Span};
use yaml_source::yaml::{Entry, Map, Node, NodeKind, decode};

use crate::kind::{Family, Kind};
use crate::manifest::ChainFields;
use crate::template::{Filler, Scope};

use super::chain::{self, ChainOutline};
use super::effect;
use super::fleet::Fleet;
use super::inputs::{Defining, refer};
use super::stage::{Chain, Gate, Project, Stage};

use outline::{StageOutline, opens_gate};
use several::ProjectLayer;
use stage::Draft;

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
    /// Those of stages that take an approval.
    pub(crate) approved_selectors: Vec<String>,
}

/// Applies the layers, finds the stages, and fills in each.
pub(crate) fn resolve(
    manifest: &ManifestFile<'_>,
    fleet: &Fleet,
    source_root: Option<&Utf8Path>,
    diagnostics: &mut Diagnostics,
) -> Result<Resolved, yaml_source::Failure> {
    manifest.check_version(diagnostics);
    let layers = several::layers(manifest, fleet, diagnostics);
    let mut outlined = Vec::with_capacity(layers.len());
    for layer in &layers {
        outlined.push(Resolver { manifest, fleet, source_root, layer, diagnostics: &mut *diagnostics }.outlined()?);
    }
    let selectors = several::check_selectors(manifest, &outlined, diagnostics);
    let approved_selectors = several::approved_selectors(&outlined);
    effect::check(manifest.file, fleet.built_in, outlined.iter().flat_map(Outlined::facts), diagnostics);
    let mut drafts: Vec<Option<Draft<'_>>> = Vec::new();
    for (layer, outlined) in layers.iter().zip(&outlined) {
        let mut resolver = Resolver { manifest, fleet, source_root, layer, diagnostics: &mut *diagnostics };
        for OutlinedChain { chain, previewed, stages } in &outlined.chains {
            drafts.extend((0..stages.len()).map(|index| resolver.draft(chain, stages, index, *previewed)));
        }
    }
    complete(&mut drafts);
    let mut project = Project { chains: Vec::new(), old_names: manifest.old_names() };
    let mut whole = !layers.is_empty();
    let mut drafts = drafts.into_iter();
    for (layer, outlined) in layers.iter().zip(&outlined) {
        let mut resolver = Resolver { manifest, fleet, source_root, layer, diagnostics: &mut *diagnostics };
        for OutlinedChain { chain, previewed, stages } in &outlined.chains {
            let filled: Vec<Stage> = (0..stages.len())
                .zip(drafts.by_ref().take(stages.len()))
                .filter_map(|(index, draft)| resolver.stage(chain, stages, index, *previewed, draft?))
                .collect();
            whole &= filled.len() == stages.len();
            let (project_key, group) = (layer.key.clone(), chain.group.clone());
            project.old_names.extend(filled.iter().flat_map(|stage| stage.old_names.iter().cloned()));
            project.chains.push(Chain { project: project_key, group, previewed: *previewed, stages: filled });
        }
    }
    manifest.check_values(fleet, diagnostics);
    whole &= manifest.check_pipelines(&project, diagnostics);
    whole &= distinct::check(&project, fleet, diagnostics);
    if whole {
        needs::resolve(&mut project, &layers, diagnostics);
    }
    if let Some(root) = source_root {
        watched::check(root, manifest, fleet, &project, diagnostics);
        for (layer, outlined) in layers.iter().zip(&outlined) {
            Resolver { manifest, fleet, source_root, layer, diagnostics: &mut *diagnostics }.check_undeclared(
                root,
                &project,
                &outlined.fields.skip,
            )?;
        }
    }
    let discovered = outlined.into_iter().flat_map(|outlined| outlined.discovered).collect();
    Ok(Resolved { project: whole.then_some(project), discovered, selectors, approved_selectors })
}

/// The entries of the map in that place of some settings.
fn entries<'n>(settings: &'n Node, pointer: &str) -> &'n [Entry] {
    settings.at(pointer).and_then(Node::as_map).map(Map::entries).unwrap_or_default()
}

/// Inputs that refer to those of other stages take over what these say.
fn complete(drafts: &mut [Option<Draft<'_>>]) {
    let all: Vec<(usize, Defining<'_>)> = drafts
        .iter()
        .enumerate()
        .filter_map(|(index, draft)| {
            let draft = draft.as_ref()?;
            Some((index, Defining { settings: &draft.filled, repository: draft.repository() }))
        })
        .collect();
    let (places, defining): (Vec<usize>, Vec<Defining<'_>>) = all.into_iter().unzip();
    let completed: Vec<Option<Node>> = (0..defining.len()).map(|own| refer(&defining, own)).collect();
    for (place, completed) in places.into_iter().zip(completed) {
        if let (Some(completed), Some(draft)) = (completed, &mut drafts[place]) {
            draft.filled = completed;
        }
    }
}

/// A project of a manifest, of which its stages are known and their gates.
struct Outlined {
    fields: ChainFields,
    chains: Vec<OutlinedChain>,
    /// Stages that were found by their files.
    discovered: Vec<String>,
}

/// A chain of which its stages are known and their gates.
struct OutlinedChain {
    chain: ChainOutline,
    previewed: bool,
    stages: Vec<StageOutline>,
}

impl Outlined {
    /// What decides whether the settings of its stages take effect.
    fn facts(&self) -> impl Iterator<Item = effect::StageFacts<'_>> {
        self.chains.iter().flat_map(|OutlinedChain { stages, .. }| {
            stages.iter().enumerate().map(|(index, stage)| effect::StageFacts {
                settings: &stage.settings,
                gate: stage.gate,
                opens_gate: opens_gate(stages, index),
                mitodl: stage.settings.at("/issues/resource").and_then(Node::as_str) == Some("mitodl"),
            })
        })
    }
}

/// Resolves one project of a manifest.
struct Resolver<'a, 'd> {
    manifest: &'a ManifestFile<'a>,
    fleet: &'a Fleet,
    source_root: Option<&'a Utf8Path>,
    layer: &'a ProjectLayer,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Resolver<'a, '_> {
    fn outlined(&mut self) -> Result<Outlined, yaml_source::Failure> {
        let fields: ChainFields = decode(
            &self.only(|key| matches!(key, "environments" | "groups" | "skip" | "discover")),
        )
        .unwrap_or_else(|error| {
            let span = error.span.unwrap_or(self.layer.node.span);
            self.diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message));
            ChainFields::default()
        });
        for field in ["project", "environments", "stack"] {
            self.require(field);
        }
        let mut chains = chain::declared(&fields, &self.layer.node, self.diagnostics);
        let mut discovered = Vec::new();
        if fields.discover {
            chains = self.discover(&fields)?;
            discovered =
                chains.iter().flat_map(|chain| chain.environments.iter().map(|name| chain.stage_name(name))).collect();
        }
        let chains = chains
            .into_iter()
            .map(|chain| {
                let stages = self.outline(&chain);
                let previewed = stages.iter().any(|stage| stage.gate == Gate::Preview);
                OutlinedChain { chain, previewed, stages }
            })
            .collect();
        Ok(Outlined { fields, chains, discovered })
    }

    /// The layer without what others read.
    fn only(&self, keep: impl Fn(&str) -> bool) -> Node {
        let entries = self.layer.node.as_map().map(Map::entries).unwrap_or_default();
        Node::map(self.layer.node.span, entries.iter().filter(|entry| keep(&entry.key)).cloned().collect())
    }

    fn require(&mut self, field: &str) {
        if field == "stack" && self.has_wrong_stack() || self.has_wrong_projects() || self.was_meant(field) {
            return;
        }
        if self.layer.node.as_map().is_some_and(|map| map.get(field).is_none()) {
            let help = match field {
                "project" => "name the thing that is deployed: `project: shop-cart`".to_owned(),
                "environments" => "list them in the order of promotion: `environments: [QA, Production]`".to_owned(),
                _ => format!(
                    "write what deploys it: `stack: {{KIND: …}}`, with {}",
                    ticked(self.fleet.kinds.of(Family::Stack).map(Kind::name))
                ),
            };
            let place = if self.fleet.is_alone() { "the manifest" } else { "the manifest and its fleet" };
            let mut found = Diagnostic::new(
                Rule::MissingField,
                self.begin(),
                format!("{place} lack `{field}`").replace("manifest lack", "manifest lacks"),
            )
            .help(help);
            if self.fleet.is_alone() && field == "environments" {
                found = found.note("no fleet (pipegen.yml) was found in this folder or above, which could have it");
            }
            self.diagnostics.push(found);
        }
    }

    /// Where the project begins, for what is nowhere in it.
    fn begin(&self) -> Span {
        self.layer.begin
    }

    /// The project, as far as it is known before it is filled in.
    fn label(&self) -> &str {
        self.layer
            .node
            .at("/project")
            .and_then(Node::as_str)
            .filter(|text| !text.contains("{{"))
            .unwrap_or(self.manifest.name)
    }

    /// Whether the manifest has a `stack` that is wrong, or a field that was to be one. That has been reported.
    fn has_wrong_stack(&self) -> bool {
        let is_wrong = |entry: &Entry| {
            let key = entry.key.as_str();
            let is_meant = || key == "kind" || self.fleet.kinds.get(Family::Stack, key).is_some();
            matches!(entry.value.kind, NodeKind::Invalid) && (did_you_mean(key, ["stack"]).is_some() || is_meant())
        };
        let own = self.manifest.projects().map(|entry| &entry.value).chain([self.manifest.node]);
        own.filter_map(Node::as_map).any(|map| map.entries().iter().any(is_wrong))
    }

    /// Whether a field that is wrong could be the missing one: of the manifest by its name, or any of the fleet. That has been
    /// reported.
    fn was_meant(&self, field: &str) -> bool {
        let is_meant = |entry: &Entry| {
            matches!(entry.value.kind, NodeKind::Invalid) && did_you_mean(&entry.key, [field]).is_some()
        };
        let own = self.manifest.node.as_map().map(Map::entries).unwrap_or_default();
        own.iter().any(is_meant) || field != "project" && self.fleet.has_wrong_settings
    }

    /// Whether the manifest has `projects` that are wrong: each of them may have what is required.
    fn has_wrong_projects(&self) -> bool {
        self.manifest.node.at("/projects").is_some_and(|projects| matches!(projects.kind, NodeKind::Invalid))
    }

    /// The stack kind of a stage, and its options as they were given.
    fn kind(&mut self, settings: &Node) -> Option<(&'a Kind, Node)> {
        let choice = settings.at("/stack")?.as_map()?.entries().first()?;
        // What was wrong has been reported: neither the fleet's kind nor one without options was meant.
        if choice.key_span.file != self.manifest.file && self.has_wrong_stack()
            || matches!(choice.value.kind, NodeKind::Invalid)
        {
            return None;
        }
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

    fn text(&mut self, node: Option<&Node>, scope: &Scope) -> Option<String> {
        Filler::new(self.diagnostics).text(node?, scope)
    }
}
