//! *Version*: every artifact that a job uses is the approved one.

use concourse_pipeline::issues::IssueSource;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Value;

use crate::lower::{Author, JobRole};

use super::claim::is_same;
use super::lowered::artifact_of;
use super::model::{Get, Job, Pipeline, Step, Task, Unit, What};
use super::place::renews;
use super::sequence::{Order, PathPart, order, why_apart};
use super::spelling::{has_variable, may_be};
use super::work::{Doing, type_only_tells};

pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    let mut found = Diagnostics::default();
    for (index, (get, step)) in job.gets().enumerate() {
        if step.author.is_brought() && !get.triggers {
            second_get(index, get, step, job, &mut found);
        } else if matches!(job.role, JobRole::Extra) {
            passed_alone(get, step, job, pipeline, &mut found);
        }
    }
    if !job.is_rendered() {
        handwritten(job, pipeline, &mut found);
    }
    // One mistake is reported once.
    if job.is_rendered() && !found.has_errors() && job.approvals.iter().any(|approval| approval.is_exact) {
        newest(job, pipeline, &mut found);
        returned(job, pipeline, &mut found);
    }
    diagnostics.extend(found);
}

/// What a step of a kind or a manifest uses behind a gate, and no approval names.
fn newest(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let held = job.held();
    let mut reported: Vec<&str> = Vec::new();
    for (get, step) in job.gets().filter(|(get, step)| step.author.is_brought() && !get.triggers) {
        let Some(resource) = pipeline.resources.get(get.resource) else { continue };
        // A clock has no content.
        if get.is_unpinned || get.is_fixed(resource) || resource.is_clock {
            continue;
        }
        reported.push(get.name);
        let taken = job.taken().filter(|(name, _)| held.contains(name));
        let same = resource.repository().and_then(|repository| {
            let mut taken = taken.filter_map(|(name, taken)| Some((name, pipeline.resources.get(taken)?)));
            taken.find(|(_, taken)| taken.repository().as_ref() == Some(&repository)).map(|(name, _)| name)
        });
        diagnostics.push(match same {
            Some(name) => Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("`{}` is the newest commit of the repository of `{name}`, whatever was approved", get.name),
            )
            .note(job.note())
            .help(format!("use `{name}`; or write why the newest commit may run here: `unpinned: REASON`")),
            None => unapproved(step, job, format!("`{}` is the newest version, which no approval names", get.name)),
        });
    }
    for step in job.steps.iter().filter(|step| step.author.is_brought()) {
        let used: Vec<&str> = match &step.what {
            What::LoadVar { file, .. } => artifact_of(file).into_iter().collect(),
            What::Task(task) => task.inputs.iter().chain(&task.runs).copied().collect(),
            _ => Vec::new(),
        };
        let is_load = matches!(step.what, What::LoadVar { .. });
        for artifact in used.into_iter().filter(|artifact| !reported.contains(artifact) && !held.contains(artifact)) {
            // A reason lets a helper run; what it says is still no approved version.
            let is_wrong = |by: &Step<'_>| by.author == Author::Need || (is_load && by.author.is_brought());
            let is_new = |name: &str| !reported.contains(&name) && !held.contains(name);
            let mut gets = job.gets().filter(|(get, by)| is_wrong(by) && is_new(get.name));
            let Some((get, _)) = gets.find(|(get, _)| may_be(artifact, get.name)) else { continue };
            let message = if get.name == artifact {
                format!("the step uses `{artifact}`, of which no approval names a version")
            } else {
                format!("the step uses `{artifact}`, which can be `{}`, of which no approval names a version", get.name)
            };
            diagnostics.push(unapproved(step, job, message));
        }
    }
}

/// Whether a step of a job uses an artifact, as far as the pipeline tells.
pub(super) fn is_used(artifact: &str, job: &Job<'_>) -> bool {
    // What another file says of its inputs is not known.
    let is_unknown = |step: &Step<'_>| matches!(&step.what, What::Task(task) if task.is_elsewhere);
    job.steps.iter().any(|step| is_unknown(step) || uses(artifact, step))
}

/// Whether the pipeline tells that a step uses an artifact.
fn uses(artifact: &str, step: &Step<'_>) -> bool {
    let is_of = |path: &str| path.strip_prefix(artifact).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_named = |names: &[&str]| names.iter().any(|name| may_be(name, artifact));
    match &step.what {
        What::LoadVar { file, .. } => is_of(file) || artifact_of(file).is_some_and(has_variable),
        What::Put(put) => is_named(&put.inputs) || put.params.is_some_and(|params| any_text(params, &is_of)),
        What::Task(task) => is_named(&task.runs) || is_named(&task.inputs),
        What::SetPipeline { files, .. } => {
            files.iter().any(|file| is_of(file) || artifact_of(file).is_some_and(has_variable))
        }
        What::Get(_) => false,
    }
}

/// The get after a put fetches whatever the put says that it made, which may hold something newer. No approval names it.
fn returned(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for (at, step) in job.steps.iter().enumerate() {
        let What::Put(put) = &step.what else { continue };
        let is_meant = step.author.is_brought() || step.author == Author::Person;
        if !put.gets
            || !is_meant
            || pipeline.issue(put.resource).is_some()
            || renews(put, step, job, pipeline).is_some()
        {
            continue;
        }
        let is_use = |user: &&Step<'_>| {
            let is_gates = matches!(&user.what, What::Put(put) if pipeline.issue(put.resource).is_some());
            // Who releases a lock hands back what the put that took it fetched.
            let is_tale = |resource: &str| {
                let resource = pipeline.resources.get(resource);
                resource.is_some_and(|resource| type_only_tells(resource.type_name, resource.image))
            };
            let releases =
                matches!(&user.what, What::Put(other) if other.resource == put.resource && is_tale(put.resource));
            let runs = matches!(&user.what, What::Task(task) if task.runs.iter().any(|name| may_be(name, put.name)));
            // What a kind deployed has results, which may be read.
            user.author != Author::Generator
                && !is_gates
                && !releases
                && (runs || (step.author != Author::Kind && uses(put.name, user)))
        };
        if let Some(user) = job.steps[at + 1..].iter().find(is_use) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnapprovedArtifact,
                    user.span,
                    format!("the step uses `{}`, which a put fetched and no approval names", put.name),
                )
                .also(step.span, "the put")
                .note(job.note())
                .help("use an artifact that the approval names; and add `no_get: true` to the put"),
            );
        }
    }
}

/// Whether a text in a value is what is meant.
pub(super) fn any_text(value: &Value, is_meant: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => is_meant(text),
        Value::List(items) => items.iter().any(|item| any_text(item, is_meant)),
        Value::Map(map) => map.values().any(|value| any_text(value, is_meant)),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => false,
    }
}

/// Of a handwritten job every get counts: what is fetched has to be checked out, or compared.
fn handwritten(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let idle: Vec<(&Task<'_>, &Step<'_>)> = tasks(job).filter(|(task, _)| task.checks_nothing).collect();
    for (_, step) in &idle {
        diagnostics.push(
            Diagnostic::new(Rule::UnapprovedArtifact, step.span, "the task checks no version")
                .label("none of CHECKOUT, COMPARE and CONTENT is set")
                .note(job.note())
                .help("name the clones to check out, such as `params: {CODE: code, CHECKOUT: code}`"),
        );
    }
    let is_idle = |found: &Newest<'_, '_>| idle.iter().any(|(task, _)| task.inputs.contains(&found.get.name));
    let newest = newest_of(job, pipeline).into_iter().filter(|found| found.may_be_deployed() && !is_idle(found));
    // An approval that nobody claims is reported as such.
    let is_reported = |found: &Newest<'_, '_>| {
        found.is_other && found.get.passed.is_empty() && !is_claimed(found.get.resource, job, pipeline)
    };
    for Newest { get, step, passed, is_other, .. } in newest.filter(|found| !is_reported(found)) {
        let message = match passed {
            None if is_other => {
                format!(
                    "`{}` is what was approved last in `{}`, and the job claims another approval",
                    get.name, get.resource
                )
            }
            None => format!("`{}` is the newest version, whatever was approved", get.name),
            Some(gated) => format!("`{}` is the newest version that passed `{gated}`, whatever was approved", get.name),
        };
        let help = if is_other {
            "use the artifact of the approval that the job claims"
        } else {
            "take the gate, too, and check out or compare what it names; or get the code as an approved version"
        };
        diagnostics.push(Diagnostic::new(Rule::UnapprovedArtifact, step.span, message).note(job.note()).help(help));
    }
    if is_exact(job) {
        returned(job, pipeline, diagnostics);
        early(job, pipeline, diagnostics);
        undecided(job, diagnostics);
    }
}

fn tasks<'j, 'a>(job: &'j Job<'a>) -> impl Iterator<Item = (&'j Task<'a>, &'j Step<'a>)> {
    job.steps.iter().filter_map(|step| match &step.what {
        What::Task(task) => Some((task, step)),
        _ => None,
    })
}

/// A variable that decides which artifact has what a step runs: it gets its value on Concourse.
fn undecided(job: &Job<'_>, diagnostics: &mut Diagnostics) {
    for (task, step) in tasks(job) {
        let Some(name) = task.runs.iter().chain(&task.inputs).find(|name| has_variable(name)) else { continue };
        diagnostics.push(
            Diagnostic::new(
                Rule::UnapprovedArtifact,
                step.span,
                format!("the step uses the artifact `{name}`, which can be any artifact of the job"),
            )
            .note(job.note())
            .help("write the name of the artifact without a variable"),
        );
    }
}

/// What a step uses before it is checked out or compared is the newest version.
fn early(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let checks = |step: &Step<'_>, artifact: &str| matches!(&step.what, What::Task(task) if job.sees_approval(task) && task.held().any(|held| held == artifact));
    let is_gates = |step: &Step<'_>| matches!(&step.what, What::Put(put) if pipeline.issue(put.resource).is_some());
    for (brought, (get, _)) in gets_at(job) {
        let (checking, others): (Vec<usize>, Vec<usize>) =
            (0..job.steps.len()).partition(|at| checks(&job.steps[*at], get.name));
        let Some(&first) = checking.first() else { continue };
        // A hook of the check runs although the check failed. One that does what the job does deploys.
        let of_checks = |at: usize| checking.iter().map(move |check| order(&job.steps, at, *check));
        let after: Vec<usize> =
            others.iter().copied().filter(|at| of_checks(*at).any(|order| order == Order::After)).collect();
        let deploys = |at: usize| {
            let is_deed =
                |done: &&usize| !is_gates(&job.steps[**done]) && !matches!(job.steps[**done].what, What::Get(_));
            let mut done = after.iter().filter(is_deed).peekable();
            done.peek().is_none() || done.any(|done| is_same((&job.steps[at], &job.steps[*done]), job, pipeline))
        };
        let is_early = |at: &usize| {
            let is_apart = of_checks(*at).all(|order| order == Order::Apart);
            // A hook of the job runs after a failed claim, too, and is reported as that.
            let is_jobs_hook = matches!(job.steps[*at].path.first(), Some(PathPart::Hook(_)));
            is_apart || !is_jobs_hook && of_checks(*at).all(|order| order != Order::After) && deploys(*at)
        };
        let sees = |at: usize| at > brought && job.steps[at].sees_all();
        let mut users = others
            .into_iter()
            .filter(|at| (uses(get.name, &job.steps[*at]) || sees(*at)) && !is_gates(&job.steps[*at]))
            .filter(|at| !tells_only(&job.steps[*at], job, pipeline) || uses(get.name, &job.steps[*at]));
        if let Some(at) = users.find(is_early) {
            let check = &job.steps[first];
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnapprovedArtifact,
                    job.steps[at].span,
                    if of_checks(at).any(|order| order == Order::OnFailure) {
                        format!("the step runs also when `{}` is not the approved version", get.name)
                    } else {
                        format!("the step does not wait until `{}` is the approved version", get.name)
                    },
                )
                .also(
                    check.span,
                    why_apart(check).map_or("the check".to_owned(), |why| format!("the check is in {why}")),
                )
                .note(job.note())
                .help(if uses(get.name, &job.steps[at]) {
                    "move the check out of other steps, to a place before all steps that use the artifact"
                } else {
                    "move the check out of other steps, to a place before the put; a put without a list of `inputs` uses all \
                     artifacts"
                }),
            );
        }
    }
}

/// Whether a step is a put that tells people something: it sees all artifacts, and deploys none.
fn tells_only(step: &Step<'_>, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    matches!(step.what, What::Put(_)) && !Doing::of(step, job, (0, pipeline)).iter().any(Doing::may_deploy)
}

/// Whether the job claims, or follows, an approval that names versions.
pub(super) fn is_exact(job: &Job<'_>) -> bool {
    let is_claimed = job.claims().next().is_some();
    job.approvals.iter().any(|approval| approval.is_exact && (is_claimed || approval.is_followed))
}

/// A get of a version that no approval names, although the job, or a job before it, goes by an approval.
pub(super) struct Newest<'j, 'a> {
    pub(super) get: &'j Get<'a>,
    step: &'j Step<'a>,
    /// The job behind a gate, when this one is not behind its own.
    passed: Option<&'j str>,
    /// A step names it. Otherwise a put only sees it among all artifacts.
    is_used: bool,
    /// It is of an approval, and the job claims another one.
    is_other: bool,
}

impl Newest<'_, '_> {
    /// Whether it is more than an order of jobs: a get that a put only sees, of what has passed another job, may be no more,
    /// and `diff` tells when one comes.
    pub(super) fn may_be_deployed(&self) -> bool {
        self.is_used || self.get.passed.is_empty()
    }
}

/// What a job uses at its newest, whoever wrote the job.
pub(super) fn newest_of<'j, 'a>(job: &'j Job<'a>, pipeline: &'j Pipeline<'a>) -> Vec<Newest<'j, 'a>> {
    let is_exact = is_exact(job);
    let held = job.held();
    let mut found = Vec::new();
    for (at, (get, step)) in gets_at(job) {
        let Some(resource) = pipeline.resources.get(get.resource) else { continue };
        // Of the approvals that a job gets, the one that it claims decides. Another one is the newest of its gate.
        let is_other = job.approvals.iter().any(|approval| approval.artifact == get.name && !approval.is_own);
        let is_issue = resource.issue.is_some() && !is_other;
        let is_fixed = get.is_fixed(resource) || resource.is_clock || is_issue;
        let is_used = is_used(get.name, job);
        if is_fixed || held.contains(get.name) || !(is_used || is_seen(at, job, pipeline)) {
            continue;
        }
        // `passed` is membership: it brings the newest of what passed, and the gated job put another one there.
        let gated = || {
            get.passed.iter().filter_map(|name| pipeline.job(name)).find(|gated| {
                let held = gated.held();
                let is_code = |name: &str| gated.approvals.iter().any(|approval| approval.artifact == name);
                let is_replaced = |other: &Get<'_>| held.contains(other.name) && !is_code(other.name);
                gated.gets().any(|(other, _)| other.resource == get.resource && is_replaced(other))
            })
        };
        let passed = if is_exact { None } else { gated().map(|gated| gated.name) };
        if is_exact || passed.is_some() {
            found.push(Newest { get, step, passed, is_used, is_other });
        }
    }
    found
}

/// Whether a job claims an approval of the gate that a resource is of.
fn is_claimed(resource: &str, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let gate = |resource: &str| pipeline.issue(resource).and_then(IssueSource::id);
    let mut claims = job.claims().map(|(put, _)| gate(put.resource));
    claims.any(|claimed| claimed.is_none() || claimed == gate(resource))
}

/// The gets of a job, each with the place of its step.
fn gets_at<'j, 'a>(job: &'j Job<'a>) -> impl Iterator<Item = (usize, (&'j Get<'a>, &'j Step<'a>))> {
    job.steps.iter().enumerate().filter_map(|(at, step)| match &step.what {
        What::Get(get) => Some((at, (get, step))),
        _ => None,
    })
}

/// Whether a later put sees what the get at that place fetched because it sees all. What tells people about a gate deploys
/// nothing.
fn is_seen(get: usize, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    job.steps[get..]
        .iter()
        .any(|step| matches!(&step.what, What::Put(put) if put.sees_all && pipeline.issue(put.resource).is_none()))
}

fn unapproved(step: &Step<'_>, job: &Job<'_>, message: String) -> Diagnostic {
    Diagnostic::new(Rule::UnapprovedArtifact, step.span, message).note(job.note()).help(
        "make it one of the `inputs`; or write in the get why the newest version may run here: `unpinned: REASON`",
    )
}

/// A second get of what the job takes brings the newest version; and Concourse refuses two gets of one name.
fn second_get(index: usize, get: &Get<'_>, step: &Step<'_>, job: &Job<'_>, diagnostics: &mut Diagnostics) {
    let mut others = job.gets().enumerate();
    let is_there = others.any(|(other, (known, by))| {
        let before = other < index || !by.author.is_brought();
        before && other != index && known.name == get.name && by.author != Author::Need
    });
    if is_there {
        diagnostics.push(
            Diagnostic::new(Rule::NameCollision, step.span, format!("the job already has an artifact `{}`", get.name))
                .note(job.note())
                .help("give the get another name"),
        );
    } else if let Some((taken, _)) = job.taken().find(|(_, resource)| *resource == get.resource) {
        diagnostics.push(
            Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("`{}` is the newest version of `{}`, whatever was approved", get.name, get.resource),
            )
            .note(job.note())
            .help(format!("use the artifact `{taken}`, which the job has")),
        );
    }
}

/// `passed` is membership: it brings the newest of all versions that passed a gated job, whatever was approved last.
fn passed_alone(get: &Get<'_>, step: &Step<'_>, job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    if pipeline.is_gates_own(get.resource) {
        return;
    }
    let is_held = |name: &&&str| {
        let gated = pipeline.job(name);
        gated.is_some_and(|gated| gated.stage().is_some() && gated.approvals.iter().any(|approval| approval.is_exact))
    };
    if let Some(gated) = get.passed.iter().find(is_held) {
        let approvals = pipeline.job(gated).into_iter().flat_map(|job| &job.approvals);
        let code = approvals.filter(|approval| approval.is_code).find_map(|approval| {
            let job = pipeline.job(gated)?;
            job.gets().find(|(get, _)| get.name == approval.artifact).map(|(get, _)| get.resource)
        });
        let help = match code {
            Some(code) => {
                format!("take `{code}` with `passed: [{gated}]`, which brings the code; or run the steps in `after`")
            }
            None => {
                "run the steps in `after`; or make an environment with `gate: none`, which takes the approval along"
                    .to_owned()
            }
        };
        diagnostics.push(
            Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("`{}` is the newest version that passed `{gated}`, whatever was approved last", get.resource),
            )
            .note(job.note())
            .help(help),
        );
    }
}
