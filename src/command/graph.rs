use camino::Utf8Path;
use concourse_pipeline::flow::{Graph, Placed};
use concourse_pipeline::graph;
use concourse_pipeline::model::Pipeline;
use yaml_source::Failure;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Sources;

use crate::cli::{GraphArgs, GraphFormat};
use crate::content::Content;

use super::pipeline::{PipelineArgument, parse};
use super::project::read_project;
use super::{Outcome, Output};

/// Draws who starts whom.
pub(super) fn run(args: &GraphArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let Some(pipelines) = pipelines(args, output)? else { return Ok(Outcome::Problems) };
    let placed: Vec<Placed<'_>> = pipelines.iter().map(|(place, pipeline)| Placed { pipeline, place }).collect();
    let graph = Graph::of(&placed);
    let graph = if args.only_triggers { graph.only_triggers() } else { graph };
    let text = match args.format {
        GraphFormat::Text => graph::text(&graph, output.colour_out),
        GraphFormat::Mermaid => graph::mermaid(&graph),
        GraphFormat::Dot => graph::dot(&graph),
        GraphFormat::Svg => {
            let names: Vec<&str> = pipelines.iter().map(|(place, _)| place.as_str()).collect();
            graph::svg(&graph, &names.join(", "))
        }
    };
    output.print(&text)?;
    Ok(Outcome::Fine)
}

/// The pipelines of a manifest, or the one that is given as such.
fn pipelines(args: &GraphArgs, output: &mut Output) -> Result<Option<Vec<(String, Pipeline)>>, Failure> {
    let mut sources = Sources::default();
    let place = PipelineArgument::parse(&args.path);
    if let PipelineArgument::File(path) = &place
        && !(path.is_file() && Content::of(path, place.text()?.as_str()) == Content::Pipeline)
    {
        let (read, diagnostics) = read_project(path, args.source_root.as_deref(), &mut sources)?;
        output.diagnostics(&diagnostics, &sources, "nothing was drawn");
        return Ok(read.map(|read| read.pipelines));
    }
    let mut diagnostics = Diagnostics::default();
    let name = place.name();
    let pipeline = parse(&name, place.pipeline_text()?, &mut sources, &mut diagnostics);
    output.diagnostics(&diagnostics.into_sorted(), &sources, "nothing was drawn");
    let called = Utf8Path::new(&name).file_stem().unwrap_or(&name).to_owned();
    Ok(pipeline.map(|read| vec![(called, read.pipeline)]))
}
