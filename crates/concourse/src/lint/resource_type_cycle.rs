use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use super::unknown_resource_type::BUILT_IN;
use super::view::PipelineView;

/// Types whose images need one another: none of them can ever be fetched.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let at: BTreeMap<&str, usize> =
        view.resource_types.iter().enumerate().map(|(index, definition)| (definition.name, index)).collect();
    let next = |index: usize| {
        let after = view.resource_types[index].text("type").and_then(|kind| at.get(kind).copied());
        // A type may have the name of one that comes with Concourse, and be made of that.
        after.filter(|after| *after != index || !BUILT_IN.contains(&view.resource_types[index].name))
    };
    let mut done = vec![false; view.resource_types.len()];
    for start in 0..done.len() {
        let mut path = Vec::new();
        let mut on_path = BTreeMap::new();
        let mut here = Some(start).filter(|start| !done[*start]);
        while let Some(index) = here {
            on_path.insert(index, path.len());
            path.push(index);
            done[index] = true;
            here = next(index);
            if let Some(from) = here.and_then(|after| on_path.get(&after)) {
                report(&path[*from..], view, diagnostics);
                break;
            }
            here = here.filter(|after| !done[*after]);
        }
    }
}

fn report(cycle: &[usize], view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let names = cycle.iter().chain(&cycle[..1]).map(|index| view.resource_types[*index].name);
    let way = names.collect::<Vec<_>>().join(" → ");
    diagnostics.push(
        Diagnostic::new(
            Rule::ResourceTypeCycle,
            view.resource_types[cycle[0]].span,
            format!("resource types need one another: {way}"),
        )
        .help("give one of them a `type` that comes with Concourse, such as `registry-image`"),
    );
}
