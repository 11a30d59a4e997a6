//! *Posted*: no step of a kind or a manifest posts a credential on GitHub.

use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Span;
use yaml_source::yaml::Value;

use crate::lower::Author;
use crate::manifest::posted_credential;

use super::model::{Job, Pipeline};

/// What a put in compatibility mode posts, of its source and of its params, with a name for people.
const SOURCE: [(&str, &str); 4] = [
    ("issue_title_template", "a title"),
    ("issue_body_template", "a body"),
    ("labels", "a label"),
    ("assignees", "an assignee"),
];
const PARAMS: [(&str, &str); 5] = [
    ("title_template", "a title"),
    ("labels", "a label"),
    ("assignees", "an assignee"),
    ("body_file", "a file of the body"),
    ("body_files", "a file of the body"),
];

/// Concourse fills a variable before the resource sees it, so that the issue would show its value. What this program writes
/// into issues is judged where the manifest says it.
pub(super) fn check(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for job in pipeline.jobs.iter().filter(|job| job.is_rendered()) {
        for (put, step) in job.puts().filter(|(_, step)| step.author.is_brought() || step.author == Author::Extra) {
            let Some(resource) = pipeline.resources.get(put.resource).filter(|resource| resource.issue.is_some())
            else {
                continue;
            };
            for (key, what) in SOURCE {
                report(what, resource.source.get(key), resource.span, job, diagnostics);
            }
            for (key, what) in PARAMS {
                report(what, put.params.and_then(|params| params.get(key)), step.span, job, diagnostics);
            }
        }
    }
}

fn report(what: &str, posted: Option<&Value>, span: Span, job: &Job<'_>, diagnostics: &mut Diagnostics) {
    let texts: Vec<&str> = match posted {
        Some(Value::Text(text)) => vec![text],
        Some(Value::List(items)) => items.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    if let Some(found) = texts.into_iter().find_map(|text| posted_credential(what, text, span)) {
        diagnostics.push(found.note(job.note()));
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
