use crate::Failure;
use crate::cli::{GraphArgs, GraphFormat};
use crate::flow::{Graph, Placed};
use crate::graph;
use crate::source::Sources;

use super::project::read_project;
use super::{Outcome, Output};

/// Draws who starts whom.
pub(super) fn run(args: &GraphArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let (read, diagnostics) = read_project(&args.manifest, args.source_root.as_deref(), &mut sources)?;
    output.diagnostics(&diagnostics, &sources, "nothing was drawn");
    let Some(read) = read else { return Ok(Outcome::Problems) };
    let placed: Vec<Placed<'_>> = read.pipelines.iter().map(|(place, pipeline)| Placed { pipeline, place }).collect();
    let graph = Graph::of(&placed);
    let text = match args.format {
        GraphFormat::Text => graph::text(&graph, output.colour_out),
        GraphFormat::Mermaid => graph::mermaid(&graph),
        GraphFormat::Dot => graph::dot(&graph),
        GraphFormat::Svg => {
            let names: Vec<&str> = read.pipelines.iter().map(|(place, _)| place.as_str()).collect();
            graph::svg(&graph, &names.join(", "))
        }
    };
    output.print(&text)?;
    Ok(Outcome::Fine)
}
