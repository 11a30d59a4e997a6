//! The rules that Concourse holds a decoded pipeline to: `atc/configvalidate/validate.go` and `atc/step_validator.go` of
//! 7.14.0 and 8.2.5, one rule or family a file. None takes longer than in proportion to the pipeline.
//!
//! What a decoding problem would bring about, such as a resource that only an unreadable step uses, is not told.

mod across;
mod credentials;
mod cycle;
mod display;
mod groups;
mod identifier;
mod keys;
mod local_vars;
mod modifiers;
mod names;
mod passed;
mod references;
mod retention;
mod settings;
mod tasks;
mod unused;
mod url;
mod var_sources;

use crate::view::{Definition, JobView, PipelineView, StepKind, StepPlace, StepView, names_are_unknown};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule};
use yaml_source::source::Span;

use crate::model::ConcourseVersion;

/// Holds a pipeline to the rules of a version.
pub(crate) fn check(view: &PipelineView<'_>, version: ConcourseVersion, diagnostics: &mut Diagnostics) {
    let unknown = |section| names_are_unknown(view.root, section);
    let pipeline = Checked {
        view,
        version,
        knows_jobs: !unknown("jobs"),
        knows_resources: !unknown("resources"),
        knows_prototypes: !unknown("prototypes"),
    };
    for rule in RULES {
        rule(&pipeline, diagnostics);
    }
}

const RULES: &[fn(&Checked<'_, '_>, &mut Diagnostics)] = &[
    groups::check,
    names::check,
    identifier::check,
    unused::check,
    var_sources::check,
    retention::check,
    tasks::check,
    references::check,
    passed::check,
    local_vars::check,
    across::check,
    modifiers::check,
    display::check,
    cycle::check,
    keys::check,
];

/// A pipeline, and what is known of it.
struct Checked<'v, 'n> {
    view: &'v PipelineView<'n>,
    version: ConcourseVersion,
    /// All jobs by their names; else one that is named may be among those that could not be read.
    knows_jobs: bool,
    knows_resources: bool,
    knows_prototypes: bool,
}

/// A problem for which everybody refuses the pipeline, and what Concourse says of it.
fn refused(rule: Rule, span: Span, message: impl Into<String>, concourse_message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(rule, span, message).refused_by(Refusal::EVERYWHERE).concourse_message(concourse_message)
}

/// A problem for which only `--strict` refuses the pipeline, and what Concourse says of it.
fn warned(rule: Rule, span: Span, message: impl Into<String>, concourse_message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(rule, span, message).refused_by(Refusal::STRICT).concourse_message(concourse_message)
}

/// What Concourse calls an item of a section.
fn item(section: &str, definition: &Definition<'_>) -> String {
    place(section, definition.index, definition.name)
}

fn job_place(job: &JobView<'_>) -> String {
    place("jobs", job.index, job.name)
}

fn place(section: &str, index: usize, name: &str) -> String {
    if name.is_empty() { format!("{section}[{index}]") } else { format!("{section}.{name}") }
}

/// What Concourse calls a step, before it says which step it is.
fn step_place(job: &JobView<'_>, step: &StepView<'_>) -> String {
    match step.place {
        StepPlace::Plan(index) => format!("{}.plan.do[{index}]", job_place(job)),
        StepPlace::JobHook(hook) => format!("{}.plan.{hook}", job_place(job)),
        StepPlace::Do(parent, index) => format!("{}.do[{index}]", core_place(job, &job.steps[parent])),
        StepPlace::InParallel(parent, index) => {
            format!("{}.in_parallel.steps[{index}]", core_place(job, &job.steps[parent]))
        }
        StepPlace::Try(parent) => format!("{}.try", core_place(job, &job.steps[parent])),
        StepPlace::Hook(parent, hook) => format!("{}.{hook}", step_place(job, &job.steps[parent])),
    }
}

/// The same within its `across`.
fn core_place(job: &JobView<'_>, step: &StepView<'_>) -> String {
    step_place(job, step) + if step.is_across() { ".across" } else { "" }
}

/// The same with what makes it this step.
fn whole_place(job: &JobView<'_>, step: &StepView<'_>) -> String {
    core_place(job, step) + &own_place(step)
}

fn own_place(step: &StepView<'_>) -> String {
    let word = match step.kind {
        StepKind::Run => return format!(".run({}.{})", step.text("type").unwrap_or_default(), step.name),
        StepKind::Task => "task",
        StepKind::Put => "put",
        StepKind::Get => "get",
        StepKind::SetPipeline => "set_pipeline",
        StepKind::LoadVar => "load_var",
        StepKind::Try | StepKind::Do | StepKind::InParallel => return String::new(),
    };
    format!(".{word}({})", step.name)
}

/// What a person calls a job.
fn called(job: &JobView<'_>) -> String {
    if job.name.is_empty() { format!("job {}", job.index + 1) } else { format!("job `{}`", job.name) }
}
