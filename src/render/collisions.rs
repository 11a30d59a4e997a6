//! What the fleets of a run do to one another.

use std::collections::{BTreeMap, btree_map};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};
use yaml_source::files;
use yaml_source::source::Span;

use crate::project::Concourse;

use super::RenderedFleet;

/// What two fleets set under one name, one of them would take from the other.
pub(super) fn check_set(fleets: &[RenderedFleet], diagnostics: &mut Diagnostics) {
    if fleets.len() < 2 {
        return;
    }
    let folders: Vec<_> = fleets.iter().map(|fleet| files::real(&fleet.output)).collect();
    let mut seen: BTreeMap<(&str, &str, String), (usize, Span)> = BTreeMap::new();
    for (at, fleet) in fleets.iter().enumerate() {
        for pipeline in &fleet.pipelines {
            let Concourse { target: Some(target), team: Some(team), .. } = &pipeline.concourse else { continue };
            let (first, span) = *seen.entry((target, team, pipeline.file_name())).or_insert((at, pipeline.named_at));
            // Within a fleet, and of one folder, it is told of the files.
            if first != at && folders[first] != folders[at] {
                diagnostics.push(
                    Diagnostic::new(
                        Rule::DuplicatePipeline,
                        pipeline.named_at,
                        format!("two fleets set the pipeline `{}` of the team `{team}` on `{target}`", pipeline.name),
                    )
                    .also(span, "the other is made from this")
                    .help("set `pipeline` in one of them; the default is the name of the file")
                    // One may be a copy that nobody sets.
                    .of_severity(Severity::Warning),
                );
            }
        }
    }
}

/// Two fleets may have one folder, but not one file in it.
pub(super) fn check_written(fleets: &[RenderedFleet], diagnostics: &mut Diagnostics) {
    if fleets.len() < 2 {
        return;
    }
    // To compare paths part by part takes long where there are thousands.
    let mut seen: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    for (index, fleet) in fleets.iter().enumerate() {
        let folder = files::real(&fleet.output);
        for pipeline in &fleet.pipelines {
            let file_name = pipeline.file_name();
            match seen.entry(folder.join(&file_name).into_string()) {
                btree_map::Entry::Vacant(entry) => {
                    entry.insert((index, pipeline.named_at));
                }
                // Within a fleet it is its pipelines that have one name.
                btree_map::Entry::Occupied(entry) if entry.get().0 == index => {}
                btree_map::Entry::Occupied(entry) => diagnostics.push(
                    Diagnostic::new(
                        Rule::DuplicatePipeline,
                        pipeline.named_at,
                        format!("two pipelines would be written to `{}`", fleet.output.join(file_name)),
                    )
                    .also(entry.get().1, "the other is made from this")
                    .help("give one of them another `pipeline`, or its fleet another `output`"),
                ),
            }
        }
    }
}
