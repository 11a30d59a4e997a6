//! *Destination*: the stage that a record promotes to is the stage of the job that takes the approval.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::issues::IssueSource;
use concourse_pipeline::job_names::environment;
use concourse_pipeline::params::has_words;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};
use yaml_source::yaml::Value;

use crate::plan::StagePhase;

use super::facts::as_found;
use super::model::{Environment, Job, Pipeline, Source, Unit};
use super::spelling::has_variable;

const WRITE_DESTINATION: &str =
    "write the stage of the job as `destination` in the sources of both resources of the gate";

pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    for approval in job.approvals.iter().filter(|approval| approval.is_exact && !approval.is_followed) {
        let (Some(gate), Some(source)) = (&approval.gate, pipeline.source(approval.resource)) else { continue };
        if !job.is_rendered() {
            for field in ["repository", "gh_host", "gate", "destination", "role"] {
                let Some(value) = source.text(field).filter(|value| has_variable(value)) else { continue };
                diagnostics.push(as_found(
                    Diagnostic::new(
                        Rule::VariablePlace,
                        approval.span,
                        format!(
                            "`{field}` of the gate is the variable `{value}`, so it is not known which gate this is"
                        ),
                    )
                    .label("not compared with other gates")
                    .note(job.note())
                    .help(format!("write `{field}` without a variable")),
                    false,
                ));
            }
        }
        let Some(destination) = source.text("destination") else {
            if source.get("destination").is_none() && !job.is_rendered() {
                diagnostics.push(
                    Diagnostic::new(Rule::WrongDestination, approval.span, "the gate names no stage")
                        .label("approvals for another stage would start the job")
                        .note(job.note())
                        .help(WRITE_DESTINATION),
                );
            }
            continue;
        };
        let promoted = destination.split('/').nth(2).unwrap_or_default();
        // A guess is only as good as what a word means: `rc` and `QA` are alike.
        let differs = |known: &Environment<'_>| {
            if known.is_guessed {
                environment(known.name).zip(environment(promoted)).is_some_and(|(a, b)| a != b)
            } else {
                known.name != destination && !known.short_name().eq_ignore_ascii_case(promoted)
            }
        };
        if let Some(known) = job.environment.filter(differs) {
            let how = if known.is_guessed { ", as its name says" } else { "" };
            let message = format!("the job deploys to {}{how}, and takes approvals for `{destination}`", known.name);
            diagnostics.push(as_found(
                Diagnostic::new(Rule::WrongDestination, approval.span, message)
                    .note(job.note())
                    .help("take the gate of the job's own stage; or name its environment: --target JOB=ENVIRONMENT"),
                job.is_rendered(),
            ));
        }
        let claims = job.puts().filter(|(put, _)| {
            let is_of_gate = pipeline.issue(put.resource).and_then(IssueSource::id).as_ref() == Some(gate);
            is_of_gate && put.is_claim()
        });
        for (claim, step) in claims {
            let claimed = pipeline.source(claim.resource).and_then(|source| source.text("destination"));
            if claimed != Some(destination) {
                let claimed = claimed.map_or_else(|| "no stage".to_owned(), |stage| format!("`{stage}`"));
                let message =
                    format!("the job claims the approval for {claimed}, and takes approvals for `{destination}`");
                diagnostics.push(as_found(
                    Diagnostic::new(Rule::WrongDestination, step.span, message)
                        .also(approval.span, format!("takes approvals for `{destination}`"))
                        .note(job.note())
                        .help(WRITE_DESTINATION),
                    job.is_rendered(),
                ));
            }
        }
        for record in unit.records.get(gate).into_iter().flatten() {
            let Some(promoted) = record.destination.filter(|to| !is_or_was(to, destination, source)) else {
                continue;
            };
            let message =
                format!("the issue promotes to `{promoted}`, and the job takes approvals for `{destination}`");
            diagnostics.push(as_found(
                Diagnostic::new(Rule::WrongDestination, approval.span, message)
                    .label("no approval of this gate starts the job")
                    .also(record.span, format!("promotes to `{promoted}`"))
                    .note(job.note())
                    .help(WRITE_DESTINATION),
                job.is_rendered(),
            ));
        }
    }
}

/// Warns of a stage that deploys what has the name of another environment of its project: who approves one may deploy the
/// other.
pub(super) fn names(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    let stages = || pipelines.iter().flat_map(|pipeline| &pipeline.jobs).filter_map(|job| Some((job, job.stage()?.0)));
    let mut environments: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, stage) in stages() {
        environments.entry(&stage.project).or_default().insert(&stage.environment);
    }
    for (job, stage) in stages() {
        let deploys = job.is_gated() && job.stage().is_some_and(|(_, phase)| phase == StagePhase::Deploy);
        let Some(target) = job.target().filter(|_| deploys) else {
            continue;
        };
        let has = |environment: &str| has_words(target, environment);
        let others = environments.get(stage.project.as_str()).into_iter().flatten();
        let mut others = others.filter(|other| !other.eq_ignore_ascii_case(&stage.environment));
        if has(&stage.environment) {
            continue;
        }
        if let Some(other) = others.find(|other| has(other)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::SharedTarget,
                    stage.own_place("/names/stack"),
                    format!("{} deploys `{target}`, which has the name of the environment {other}", job.whom),
                )
                .label(format!("an approval for {} deploys it", stage.environment))
                .help("let each environment deploy a stack with the environment's own name")
                .of_severity(Severity::Warning),
            );
        }
    }
}

/// Whether a record for a stage is for the destination, or for a former name of the destination.
fn is_or_was(promoted: &str, destination: &str, source: Source<'_>) -> bool {
    let is_former = |former: &Value| matches!(former, Value::Text(former) if former == promoted);
    let former = match source.get("former_destinations") {
        Some(Value::List(former)) => former.iter().any(is_former),
        _ => false,
    };
    promoted == destination || former
}
