use concourse_pipeline::model::{Job, Resource, ResourceType};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node, Value, decode};

use crate::template::Scope;

use super::made::Maker;

/// More of a pipeline, in Concourse's own words: what a manifest's `extra` comes to for a stage. Each with its place.
#[derive(Debug)]
pub(crate) struct Extra {
    pub(crate) resource_types: Vec<(ResourceType, Span)>,
    pub(crate) resources: Vec<(Resource, Span)>,
    pub(crate) jobs: Vec<(Job, Span)>,
    /// By their names.
    pub(crate) var_sources: Vec<(String, Value, Span)>,
    pub(crate) display: Option<(Value, Span)>,
}

impl Extra {
    /// Fills it for a stage.
    pub(crate) fn make(node: &Node, scope: &Scope, whom: &str, diagnostics: &mut Diagnostics) -> Self {
        let note = format!("filled in for {whom}");
        let mut maker = Maker { scope, note: &note, diagnostics };
        let var_sources: Vec<(Value, Span)> = maker.list(node.at("/var_sources"));
        let mut named = Vec::with_capacity(var_sources.len());
        for (source, span) in var_sources {
            match source.get("name") {
                Some(Value::Text(name)) => named.push((name.clone(), source, span)),
                _ => maker.diagnostics.push(
                    Diagnostic::new(Rule::KindResult, span, "not what Concourse reads: a variable source needs `name`")
                        .help("write its `name`, `type` and `config`"),
                ),
            }
        }
        let display = node.at("/display").filter(|node| node.as_map().is_some_and(|map: &Map| !map.is_empty()));
        let display = display.and_then(|node| {
            let filled = maker.filler().node(node, scope)?;
            Some((decode(&filled).ok()?, node.span))
        });
        Self {
            resource_types: maker.list(node.at("/resource_types")),
            resources: maker.list(node.at("/resources")),
            jobs: maker.list(node.at("/jobs")),
            var_sources: named,
            display,
        }
    }
}
