//! What only shows when all stages of a manifest are seen together.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{Entry, Map, Node, decode};

use crate::kind::unknown_version;
use crate::project::fleet::Fleet;
use crate::project::stage::{OldName, Project, Stage};
use crate::project::values;

use super::ManifestFile;

impl ManifestFile<'_> {
    /// Where it begins, for what is nowhere in it.
    pub(super) fn begin(&self) -> yaml_source::source::Span {
        let node = self.node;
        node.as_map().and_then(|map| map.entries().first()).map_or(node.span, |entry| entry.key_span)
    }

    pub(super) fn old_names(&self) -> Vec<OldName> {
        let entries = self.node.at("/old_names").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| {
                let old = entry.value.as_str()?.to_owned();
                Some(OldName { new: entry.key.clone(), old, span: Some(entry.key_span) })
            })
            .collect()
    }

    pub(super) fn check_version(&self, diagnostics: &mut Diagnostics) {
        let version = self.node.at("/version").cloned();
        let version: Option<u64> = version.and_then(|node| decode(&node).ok());
        if let Some(version) = version.filter(|version| *version != 1) {
            diagnostics.push(unknown_version(self.node, version));
        }
    }

    /// The overrides of the manifest, and those of each of its projects.
    pub(super) fn overrides(&self) -> impl Iterator<Item = &Entry> {
        let maps = std::iter::once(self.node).chain(self.projects().map(|entry| &entry.value));
        maps.flat_map(|node| node.at("/overrides").and_then(Node::as_map).map(Map::entries).unwrap_or_default())
    }

    /// Its projects, where it has several.
    pub(super) fn projects(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.node.at("/projects").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        entries.iter().filter(|entry| entry.value.as_map().is_some())
    }

    /// On each Concourse a manifest is one pipeline, of one name.
    pub(super) fn check_pipelines(&self, project: &Project, diagnostics: &mut Diagnostics) -> bool {
        let mut known: Vec<&Stage> = Vec::new();
        for stage in project.chains.iter().flat_map(|chain| &chain.stages) {
            match known.iter().find(|known| known.concourse == stage.concourse) {
                None => known.push(stage),
                Some(first) if first.pipeline == stage.pipeline && first.instance_vars == stage.instance_vars => {}
                Some(first) => {
                    let (pointer, message) = if first.pipeline == stage.pipeline {
                        ("/instance_vars", "a manifest is one instance of a pipeline")
                    } else {
                        ("/pipeline", "a manifest is one pipeline, of one name")
                    };
                    let span = self.node.at(pointer).map_or_else(|| self.begin(), |node| node.span);
                    let name_and_vars = |stage: &Stage| {
                        let vars = stage.instance_vars.iter().map(|(name, value)| format!(" {name}={value}"));
                        format!("`{}{}` for {}", stage.pipeline, vars.collect::<String>(), stage.whom())
                    };
                    diagnostics.push(
                        Diagnostic::new(Rule::ConflictingDefinition, span, message)
                            .label(format!("gives {} and {}", name_and_vars(first), name_and_vars(stage)))
                            .help("leave out what differs from stage to stage; each Concourse gets a pipeline of its own anyway"),
                    );
                    return false;
                }
            }
        }
        true
    }

    /// Values of the manifest that nothing uses.
    pub(super) fn check_values(&self, fleet: &Fleet, diagnostics: &mut Diagnostics) {
        let own = self.node;
        let mut declared: Vec<&Entry> = Vec::new();
        let layers = std::iter::once(own).chain(self.projects().map(|entry| &entry.value));
        let maps = layers.chain(self.overrides().map(|entry| &entry.value)).map(|layer| layer.at("/values"));
        for map in maps.flatten().filter_map(Node::as_map) {
            declared.extend(map.entries().iter().filter(|entry| !entry.value.is_null()));
        }
        if declared.is_empty() {
            return;
        }
        let used = values::used(own);
        for entry in declared {
            let known = |names: &values::Used| names.all || names.names.contains(&entry.key);
            if !known(&used) && !known(fleet.used_values()) {
                diagnostics.push(
                    Diagnostic::new(
                        Rule::UnusedValue,
                        entry.key_span,
                        format!("nothing uses `{{{{ values.{} }}}}`", entry.key),
                    )
                    .help("remove it"),
                );
            }
        }
    }
}
