//! *Target*: what is deployed behind a gate is deployed by no job that is not behind the same gate.
//!
//! A kind names what it deploys. Where two kinds do, names are compared; else puts to equal resources count, whatever
//! the resources are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity, one_of, ticked};
use yaml_source::source::Span;

use crate::kind::without_target;
use crate::lower::{Author, JobRole};

use super::facts::{Deployment, Facts, GateName, PutTo, as_found};
use super::likeness::Likeness;
use super::model::{Job, Pipeline, Unit};
use super::naming::{Relation, number};
use super::spelling::{has_variable, place_and_means};

/// Within a pipeline: a put to a resource by which a kind deploys behind a gate could deploy anything.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if let JobRole::Stage { unnamed: Some(kind), stage, .. } = job.role
        && job.is_gated()
    {
        diagnostics.push(without_target(&stage.kind, *kind));
    }
    for (put, step) in job.puts() {
        let of_stage = step.author == Author::Kind && matches!(job.role, JobRole::Stage { .. });
        if of_stage || matches!(step.author, Author::Generator | Author::Need | Author::Person) {
            continue;
        }
        if unit.deploying.contains(&(pipeline.name, put.resource)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::StepPastGate,
                    step.span,
                    format!("the put to `{}` deploys past a gate", put.resource),
                )
                .note(job.note())
                .help("make it a stage, which has a gate; for something else use a resource of its own"),
            );
        }
    }
}

/// Over a run.
pub(super) fn check_run(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    deployments(facts, diagnostics);
    means(facts, diagnostics);
    stacks(facts, diagnostics);
    sameness(facts, diagnostics);
    puts(facts, diagnostics);
    seen(facts, diagnostics);
    images(facts, diagnostics);
}

/// Whether two jobs are behind one gate.
fn are_together(a: &[Arc<GateName>], b: &[Arc<GateName>]) -> bool {
    a.iter().any(|gate| b.contains(gate))
}

/// What has a key in common with another one, in order of the keys. Of thousands hardly any has.
fn in_common<K: Ord + Hash, T>(all: impl Iterator<Item = (K, T)>) -> BTreeMap<K, Vec<T>> {
    let mut found: HashMap<K, Vec<T>> = HashMap::new();
    for (key, item) in all {
        found.entry(key).or_default().push(item);
    }
    found.into_iter().filter(|(_, same)| same.len() > 1).collect()
}

fn deployments(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = facts.iter().flat_map(|facts| &facts.deployments);
    let by_target = in_common(all.map(|deployment| ((&deployment.key, &deployment.home), deployment)));
    for same in by_target.values() {
        // Environments of one project deploy the same thing by one mistake.
        let mut pairs: BTreeMap<(Span, Span), (Vec<&Deployment>, &Deployment)> = BTreeMap::new();
        for (at, deployment) in same.iter().enumerate() {
            // Of two behind different gates the first is reported.
            let other = same.iter().enumerate().rev().find(|(index, other)| {
                let is_other = other.job.owner != deployment.job.owner && !other.job.replaces(&deployment.job);
                let is_other = is_other && !(deployment.is_guessed && other.is_guessed);
                let is_gated = !other.job.gates.is_empty() && !are_together(&deployment.job.gates, &other.job.gates);
                is_other && is_gated && (deployment.job.gates.is_empty() || *index > at)
            });
            if let Some((_, gated)) = other {
                let pair = pairs.entry((deployment.span, gated.span)).or_insert_with(|| (Vec::new(), gated));
                pair.0.push(deployment);
            }
        }
        for (deployments, gated) in pairs.values() {
            if let Some(found) = shared(deployments, gated) {
                diagnostics.push(found);
            }
        }
    }
}

/// Two projects whose targets differ by the projects' names alone, and whose kind runs the same.
fn sameness(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    for (deployment, gated) in in_two_manifests(facts, |deployment| deployment.same) {
        let message =
            format!("{} runs the same steps as {}, which is behind a gate", deployment.job.whom, gated.job.whom);
        let help = "name what each of them deploys, in the option `target` of the kind, or in the kind's own `target`";
        diagnostics.push(maybe_shared(deployment, gated, message, help));
    }
}

/// Two manifests deploy the same stack of the same project by the same kind, from two folders. A tool that knows a stack by its
/// project and name finds one stack there, such as Pulumi.
fn stacks(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    for (deployment, gated) in in_two_manifests(facts, |deployment| deployment.names) {
        let message = format!(
            "{} deploys `{}`, and {} deploys `{}` behind a gate: both have one project and one stack",
            deployment.job.whom, deployment.target, gated.job.whom, gated.target
        );
        let help = "give the second manifest another `project`, or the stack another name";
        diagnostics.push(maybe_shared(deployment, gated, message, help));
    }
}

/// The deployments without a gate, each with one behind a gate, of another manifest and of another target, that has the same
/// number.
fn in_two_manifests<'f>(
    facts: &[&'f Facts],
    number: fn(&Deployment) -> Option<u64>,
) -> Vec<(&'f Deployment, &'f Deployment)> {
    let all = facts.iter().flat_map(|facts| &facts.deployments);
    let same = in_common(all.filter_map(|deployment| Some((number(deployment)?, deployment))));
    let mut found = Vec::new();
    for same in same.values() {
        for deployment in same.iter().copied().filter(|deployment| deployment.job.gates.is_empty()) {
            let gated = same.iter().copied().find(|other| {
                let is_other = other.key != deployment.key && other.job.owner.file != deployment.job.owner.file;
                is_other && !other.job.gates.is_empty() && !other.job.replaces(&deployment.job)
            });
            found.extend(gated.map(|gated| (deployment, gated)));
        }
    }
    found
}

/// A warning that a deployment without a gate may deploy what another one deploys behind a gate.
fn maybe_shared(deployment: &Deployment, gated: &Deployment, message: String, help: &str) -> Diagnostic {
    Diagnostic::new(Rule::SharedTarget, deployment.span, message)
        .also(gated.span, "the other")
        .note(format!("no approval is needed for `{}`", deployment.job.name))
        .help(help)
        .of_severity(Severity::Warning)
}

/// Two manifests deploy one place, and one of them reaches it by more than the other, such as by one more file of a backend's
/// configuration, or they reach it by two credentials. Whether that leads elsewhere does not show.
fn means(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    // What a variable in the name of a place holds is not known, and is reported where it counts.
    let by_place = in_common(facts.iter().flat_map(|facts| &facts.deployments).filter_map(|deployment| {
        let (place, means) = place_and_means(&deployment.key);
        (!has_variable(place)).then_some(((place, &deployment.home), (means, deployment)))
    }));
    let are_credentials = |means: &BTreeSet<&str>| !means.is_empty() && means.iter().all(|name| has_variable(name));
    for same in by_place.values().filter(|same| same.iter().any(|(means, _)| !means.is_empty())) {
        for (means, deployment) in same {
            let gated = same.iter().find(|(others, other)| {
                let is_nested = others.is_subset(means) || means.is_subset(others);
                let is_open = others != means && (is_nested || are_credentials(others) && are_credentials(means));
                let is_other =
                    other.job.owner.file != deployment.job.owner.file && !other.job.replaces(&deployment.job);
                let is_gated = !other.job.gates.is_empty() && !are_together(&deployment.job.gates, &other.job.gates);
                is_open && is_other && is_gated && deployment.job.gates.is_empty()
            });
            let Some((_, gated)) = gated else { continue };
            let message = format!(
                "{} deploys `{}`, and {} deploys `{}` behind a gate: the two can be the same",
                deployment.job.whom, deployment.target, gated.job.whom, gated.target
            );
            diagnostics.push(maybe_shared(
                deployment,
                gated,
                message,
                "let each environment deploy a stack of its own",
            ));
        }
    }
}

/// Jobs deploy what another one deploys behind a gate. All of them are made at one place.
fn shared(deployments: &[&Deployment], gated: &Deployment) -> Option<Diagnostic> {
    let first = deployments.first()?;
    let deploy = |whom: &str| match whom.strip_prefix("the deploy of ") {
        Some(stage) => stage.to_owned(),
        None => whom.to_owned(),
    };
    let whom: Vec<String> = deployments.iter().map(|deployment| deploy(&deployment.job.whom)).collect();
    let message = match whom.as_slice() {
        [_] => {
            format!(
                "{} deploys `{}`, which {} deploys behind another gate",
                first.job.whom, first.target, gated.job.whom
            )
        }
        [front @ .., last] => format!(
            "the deploys of {} and {last} deploy `{}`, which {} deploys behind another gate",
            front.join(", "),
            first.target,
            gated.job.whom
        ),
        [] => return None,
    };
    let mut found = Diagnostic::new(Rule::SharedTarget, first.span, message);
    if gated.span != first.span {
        found = found.also(gated.span, "the other");
    }
    let free: Vec<&str> = deployments
        .iter()
        .filter(|deployment| deployment.job.gates.is_empty())
        .map(|deployment| deployment.job.name.as_str())
        .collect();
    if !free.is_empty() {
        found = found.note(format!("no approval is needed for {}", ticked(free)));
    }
    let is_one_manifest = deployments.iter().all(|deployment| deployment.job.owner.file == gated.job.owner.file);
    let remedy = first.remedy.clone().filter(|_| is_one_manifest);
    found = found.help(remedy.unwrap_or_else(|| "let each environment deploy a stack of its own".to_owned()));
    // A handwritten step may do anything.
    Some(as_found(found, first.job.is_rendered))
}

fn puts(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = || facts.iter().flat_map(|facts| &facts.puts);
    let mut gated: HashMap<u64, Vec<&PutTo>> = HashMap::new();
    for put in all().filter(|put| put.is_kinds && !put.job.gates.is_empty()) {
        let known = gated.entry(put.thing).or_default();
        // Thousands of stages may put to one thing: one of each kind and gate is enough.
        let is_known = |other: &&PutTo| {
            (&other.job.kind, other.job.target.is_some(), &other.job.gates, &other.job.owner)
                == (&put.job.kind, put.job.target.is_some(), &put.job.gates, &put.job.owner)
        };
        if known.len() < MOST && !known.iter().any(is_known) {
            known.push(put);
        }
    }
    for put in all() {
        let Some(deploying) = gated.get(&put.thing) else { continue };
        let past = deploying.iter().find(|gated| {
            let are_named = || put.is_kinds && gated.job.target.is_some() && put.job.target.is_some();
            // A kind that names nothing is asked to.
            let are_asked = || put.is_kinds && gated.job.kind == put.job.kind;
            let is_same = || put.is_kinds && gated.job.owner == put.job.owner;
            // That a person puts to it is reported within the pipeline.
            let is_reported = || {
                let is_within = gated.job.pipeline.name == put.job.pipeline.name;
                !put.is_kinds && is_within && gated.resource == put.resource
            };
            let is_past = || !gated.job.replaces(&put.job) && !are_together(&gated.job.gates, &put.job.gates);
            !are_named() && !are_asked() && !is_same() && !is_reported() && is_past()
        });
        if let Some(gated) = past {
            diagnostics.push(
                Diagnostic::new(
                    Rule::SharedTarget,
                    put.span,
                    format!("the put to `{}` can deploy what {} deploys behind a gate", put.resource, gated.job.whom),
                )
                .note(format!("in {}", put.job.whom))
                .note(if gated.resource == put.resource {
                    format!("both put to `{}`", put.resource)
                } else {
                    format!("`{}` and `{}` have the same type and source", put.resource, gated.resource)
                })
                .help("put to a resource of its own; if both are kinds, name in `target` what each deploys"),
            );
        }
    }
}

/// Two kinds name what they deploy, and what is seen of their puts is the same, whatever the names are.
fn seen(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let named = || {
        let puts = facts.iter().flat_map(|facts| &facts.puts);
        puts.filter(|put| put.is_kinds && put.job.target.is_some())
    };
    // Two puts of one step of a kind differ as the kind says.
    let steps: BTreeSet<(Span, &Option<String>)> = named().map(|put| (place_of_kind(put), &put.job.kind)).collect();
    if steps.len() < 2 {
        return;
    }
    let mut gated: HashMap<u64, Vec<&PutTo>> = HashMap::new();
    for put in named().filter(|put| !put.job.gates.is_empty()) {
        for key in keys(put) {
            let known = gated.entry(key).or_default();
            if known.len() < MOST {
                known.push(put);
            }
        }
    }
    for put in named() {
        let keys = keys(put);
        let mut deploying = keys.iter().filter_map(|key| gated.get(key)).flatten();
        let same = deploying.find(|gated| {
            let is_other = gated.job.owner != put.job.owner && !gated.job.replaces(&put.job);
            let is_step = gated.job.kind == put.job.kind && place_of_kind(gated) == place_of_kind(put);
            // Equal names are compared by themselves.
            let is_reported = gated.job.target == put.job.target;
            is_other
                && !is_step
                && !is_reported
                && !are_together(&gated.job.gates, &put.job.gates)
                && match gated.names.relation(&put.names) {
                    Relation::Same { by_step } => by_step || gated.params == put.params,
                    Relation::Apart | Relation::Unnamed => false,
                }
        });
        let Some(gated) = same else { continue };
        let both = if gated.resource == put.resource {
            format!("both put to `{}`", put.resource)
        } else {
            format!("`{}` and `{}` use the same image", put.resource, gated.resource)
        };
        diagnostics.push(
            Diagnostic::new(
                Rule::SharedTarget,
                put.span,
                format!("the put to `{}` deploys what {} deploys behind a gate", put.resource, gated.job.whom),
            )
            .note(format!("in {}", put.job.whom))
            .note(format!("{both}, and have the same {}", ticked(gated.names.keys_with(&put.names))))
            .help("let each environment deploy a stack of its own; another text in `target` changes nothing"),
        );
    }
}

/// Where the step of a kind is written. One of this program's is written nowhere.
fn place_of_kind(put: &PutTo) -> Span {
    if put.span.file == put.job.owner.file { Span::NOWHERE } else { put.span }
}

/// Numbers of which two puts to one target have one in common.
fn keys(put: &PutTo) -> Vec<u64> {
    let pairs = put.names.pairs();
    let aim = put.names.aim(&put.maker);
    pairs.into_iter().map(|pair| number((put.thing, pair))).chain(aim).collect()
}

/// A put by the image that a kind deploys with behind a gate deploys the same thing, or nothing tells them apart.
fn images(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = facts.iter().flat_map(|facts| &facts.puts);
    let (named, others): (Vec<&PutTo>, Vec<&PutTo>) = all.partition(|put| put.is_kinds && put.job.target.is_some());
    if others.is_empty() {
        return;
    }
    let mut gated: HashMap<&str, Vec<&PutTo>> = HashMap::new();
    for put in named.into_iter().filter(|put| !put.job.gates.is_empty()) {
        gated.entry(&put.image).or_default().push(put);
    }
    for put in others {
        let Some(deploying) = gated.get(put.image.as_str()) else { continue };
        let alike = |wanted: Likeness| {
            deploying.iter().find(|gated| {
                let is_past = !gated.job.replaces(&put.job) && !are_together(&gated.job.gates, &put.job.gates);
                // Equal resources are compared by themselves.
                // The folder of the code can have another name.
                let is_named = || gated.names.are_all_in(&put.names) && put.names.are_all_in(&gated.names);
                let likeness = gated.texts.likeness(&put.texts);
                let likeness = match likeness {
                    Likeness::Unknown if is_named() => Likeness::Same,
                    Likeness::Apart if gated.names.is_one_stack(&put.names) => Likeness::Unknown,
                    likeness => likeness,
                };
                is_past && gated.thing != put.thing && likeness == wanted
            })
        };
        let same = alike(Likeness::Same);
        let Some(gated) = same.or_else(|| alike(Likeness::Unknown)) else { continue };
        let keys = gated.texts.keys();
        let help =
            format!("make it a stage, which has a gate; to deploy something else, write another {}", one_of(&keys));
        let both = format!("`{}` and `{}` use the same image", put.resource, gated.resource);
        let (verb, note) = match same {
            Some(_) => ("deploys", format!("{both}, and have the same {}", ticked(keys))),
            None if gated.names.is_one_stack(&put.names) => (
                "can deploy",
                format!("{both}, and Pulumi knows a stack by `project_name` and `stack_name`, which are the same"),
            ),
            None => ("can deploy", format!("{both}, and nothing in {} tells apart what they deploy", ticked(keys))),
        };
        let found = Diagnostic::new(
            Rule::SharedTarget,
            put.span,
            format!("the put to `{}` {verb} what {} deploys behind a gate", put.resource, gated.job.whom),
        )
        .note(format!("in {}", put.job.whom))
        .note(note)
        .help(help);
        diagnostics.push(if same.is_some() { found } else { found.of_severity(Severity::Warning) });
    }
}

/// So many different deployments by one resource are compared with.
const MOST: usize = 16;
