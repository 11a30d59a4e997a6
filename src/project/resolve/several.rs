//! The projects of a manifest: one, or several that share what stands beside them.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean_selector, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node};

use crate::manifest::{FileShape, merge};
use crate::project::fleet::Fleet;
use crate::project::stage::Gate;
use crate::template::is_template;

use super::{ManifestFile, Outlined, OutlinedChain};

/// All layers of a project but its overrides.
pub(super) struct ProjectLayer {
    /// What others call it in `needs`: its key, as it is written.
    pub(super) key: String,
    /// The merged settings. `project` is its name, wherever that is written.
    pub(super) node: Node,
    /// Where it begins.
    pub(super) begin: Span,
}

/// The code of one of several projects, unless the manifest says otherwise: each watches its own paths.
const CODE_OF_SEVERAL: &str = "{{ repository }}-{{ project }}";

/// The projects of a manifest.
pub(super) fn layers(manifest: &ManifestFile<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) -> Vec<ProjectLayer> {
    let base = merge(&fleet.defaults, manifest.node);
    let several = manifest.node.entry_at("/projects").filter(|entry| entry.value.as_map().is_some());
    let Some(several) = several else {
        return vec![ProjectLayer { key: manifest.name.to_owned(), node: base, begin: manifest.begin() }];
    };
    if let Some(one) = manifest.node.entry_at("/project") {
        diagnostics.push(
            Diagnostic::new(
                Rule::OneProjectField,
                several.key_span,
                "a manifest has `project` or `projects`, not both",
            )
            .also(one.key_span, "the other")
            .help("move its settings into `projects: {NAME: …}`, and remove `project`"),
        );
    }
    let without = |entry: &&Entry| !matches!(entry.key.as_str(), "project" | "projects");
    let shared: Map = base.as_map().map(Map::entries).unwrap_or_default().iter().filter(without).cloned().collect();
    let mut shared = Node::map(base.span, shared);
    if let Some(code) = shared.at_mut("/names/code").filter(|code| code.span.file == fleet.built_in) {
        *code = Node::text(code.span, CODE_OF_SEVERAL);
    }
    manifest
        .projects()
        .map(|entry| {
            let mut node = merge(&shared, &entry.value);
            if let Some(map) = node.as_map_mut() {
                let value = Node::text(entry.key_span, entry.key.clone());
                map.set(Entry { key: "project".to_owned(), key_span: entry.key_span, value });
            }
            ProjectLayer { key: entry.key.clone(), node, begin: entry.key_span }
        })
        .collect()
}

/// Reports selectors of the manifest that fit nothing; gives all that fit something.
pub(super) fn check_selectors(
    manifest: &ManifestFile<'_>,
    projects: &[Outlined],
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut all: Vec<String> = projects.iter().flat_map(selectors).collect();
    all.sort_unstable();
    all.dedup();
    let whom = manifest.node.at("/project").and_then(Node::as_str).filter(|text| !is_template(text));
    check(manifest.node, &all, whom.unwrap_or(manifest.name), diagnostics);
    for (entry, project) in manifest.projects().zip(projects) {
        check(&entry.value, &selectors(project), &entry.key, diagnostics);
    }
    all
}

/// What may stand in the overrides of a project: environments, groups and stages.
fn selectors(project: &Outlined) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for OutlinedChain { chain, .. } in &project.chains {
        known.extend(chain.group.clone());
        for environment in &chain.environments {
            known.push(environment.clone());
            known.push(chain.stage_name(environment));
        }
    }
    known.sort_unstable();
    known.dedup();
    known
}

/// The selectors of stages behind the gate `issue` or `preview`, which take an approval.
pub(super) fn approved_selectors(projects: &[Outlined]) -> Vec<String> {
    let mut known = Vec::new();
    for OutlinedChain { chain, stages, .. } in projects.iter().flat_map(|project| &project.chains) {
        for stage in stages.iter().filter(|stage| matches!(stage.gate, Gate::Issue | Gate::Preview)) {
            known.extend(chain.group.clone());
            known.push(stage.environment.clone());
            known.push(chain.stage_name(&stage.environment));
        }
    }
    known
}

fn check(layer: &Node, known: &[String], whom: &str, diagnostics: &mut Diagnostics) {
    // Without chains every selector would be wrong, and the reason has been told.
    if known.is_empty() {
        return;
    }
    let own = layer.at("/overrides").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    for entry in own.iter().filter(|entry| !known.contains(&entry.key)) {
        if FileShape::is_stage_setting(&entry.key) {
            let stage = known.last().map_or("STAGE", String::as_str);
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnknownSelector,
                    entry.key_span,
                    format!("`{}` is a setting, not a stage of `{whom}`", entry.key),
                )
                .help(format!("name the stage: `overrides: {{{stage}: {{{}: …}}}}`", entry.key)),
            );
            continue;
        }
        let help = did_you_mean_selector(&entry.key, known.iter().map(String::as_str))
            .map_or_else(|| format!("there are {}", ticked(known)), |meant| format!("did you mean `{meant}`?"));
        diagnostics.push(
            Diagnostic::new(
                Rule::UnknownSelector,
                entry.key_span,
                format!("`{}` fits no stage of `{whom}`", entry.key),
            )
            .help(help),
        );
    }
}
