//! Diagnostics of jobs that have no place in the manifest.

use std::collections::BTreeSet;

use concourse_pipeline::diff::{Change, Subject};
use concourse_pipeline::model::{Job, Pipeline};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::import::read::shape::{self, Shape};

use super::gaps::Lost;
use super::report;

pub(crate) fn waits_for_foreign_issue(job: &Job, resource: &str, span: Span) -> Diagnostic {
    let message = format!("`{}` waits for an issue that another pipeline opens", job.name);
    Diagnostic::new(Rule::NotCarriedOver, span, message).note(format!("by the resource `{resource}`")).help(
        "add the stage, with `concourse`, to the manifest of the other pipeline: one manifest makes the pipelines of a chain \
         on all of its Concourses",
    )
}

/// What a change is of, where that is no pipeline.
pub(crate) fn name_of(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Pipeline | Subject::Policy(_) | Subject::Fleet(_) => None,
        Subject::Job(name) | Subject::Resource(name) | Subject::ResourceType(name) | Subject::Gate(name) => {
            Some(format!("`{name}`"))
        }
    }
}

/// Why a pipeline is no chain of promotions.
pub(crate) fn no_chain(shape: &Shape, pipeline: &Pipeline, node: &Node) -> Diagnostic {
    let span = node.at("/jobs").map_or(node.span, |jobs| jobs.span);
    let span = pipeline.jobs.first().map_or(span, |job| report::job_span(node, job.name.as_str()));
    let mut diagnostic = Diagnostic::new(Rule::NoPromotionChain, span, "this pipeline promotes nothing")
        .help("keep this pipeline as it is: a manifest is for what goes from one environment to the next");
    let mut reported = BTreeSet::new();
    for (job, why) in &shape.outside {
        if reported.insert(why) {
            diagnostic = diagnostic.note(format!("`{}`: {why}", pipeline.jobs[*job].name));
        }
    }
    if shape.outside.is_empty() {
        diagnostic = diagnostic.note(shape::NO_CHAIN);
    }
    diagnostic
}

/// Reports what asks for less than it did, and returns it.
pub(crate) fn weaker(changes: &[Change], kept: &[&str], pipeline: &Node, diagnostics: &mut Diagnostics) -> Vec<Lost> {
    let mut lost = Vec::new();
    for change in changes {
        let job = match &change.subject {
            Subject::Job(name) => report::job_span(pipeline, name),
            _ => pipeline.span,
        };
        let name = match &change.subject {
            Subject::Job(name) | Subject::Resource(name) | Subject::ResourceType(name) | Subject::Gate(name) => {
                name.as_str()
            }
            Subject::Pipeline | Subject::Policy(_) | Subject::Fleet(_) => "the pipeline",
        };
        if !kept.contains(&name) {
            let message = format!("`{name}` would ask for less than before");
            lost.push(Lost { job: Some(name.to_owned()), text: format!("{message}: {}", change.message) });
            diagnostics.push(
                Diagnostic::new(Rule::NotCarriedOver, job, message)
                    .note(change.message.clone())
                    .help("make sure that this is meant before the pipeline is set"),
            );
        }
    }
    lost
}

pub(crate) fn outside(job: usize, why: &str, pipeline: &Pipeline, span: Span) -> Diagnostic {
    let job = &pipeline.jobs[job];
    Diagnostic::new(Rule::NotCarriedOver, span, format!("the job `{}` is not carried over", job.name))
        .note(why)
        .help("keep it in a pipeline of its own")
}
