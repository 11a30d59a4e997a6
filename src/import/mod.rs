//! From a pipeline of Concourse's to the manifest that makes it.
//!
//! A manifest is proposed from what the pipeline's jobs, issues and steps say; then it is rendered by what `render` does,
//! and what comes out is compared with what was read. What differs has a name and a reason ([`named`]), or it is reported
//! as not carried over: nothing is claimed that the round trip did not show.

mod adjust;
mod attempt;
mod best;
mod builds;
mod differences;
mod draft;
mod extra;
mod graph;
mod inputs;
mod kinds;
mod layers;
mod minimal;
mod named;
mod own;
mod place;
mod prepare;
mod remains;
mod says;
mod script;
mod secrets;
mod shape;
mod takes;
mod text;
mod trial;
mod unfill;
mod words;

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use crate::Failure;
use crate::concourse::{InstanceVars, Pipeline};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::diff::{Change, Subject};
use crate::flow::PipelineFlow;
use crate::kind::Family;
use crate::source::{FileId, Sources};
use crate::validate;
use crate::yaml::Node;

use attempt::Attempts;
use draft::Read;
use shape::Shape;
use trial::Trial;

/// Where a manifest is to stand.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The fleet that it is to be in.
    pub(crate) fleet: Option<Utf8PathBuf>,
    /// The folder of what has no fleet.
    pub(crate) folder: Utf8PathBuf,
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// Which of its instances.
    pub(crate) instance_vars: InstanceVars,
    /// The manifest's, where it is said.
    pub(crate) name: Option<String>,
}

/// What a pipeline became.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The manifest's name.
    pub(crate) name: String,
    /// Its text.
    pub(crate) manifest: String,
    /// Kinds of its own: the file, and its text.
    pub(crate) kinds: Vec<(Utf8PathBuf, String)>,
    /// What was carried over, a line each.
    pub(crate) carried: Vec<String>,
    /// Differences that are meant: name, reason, and where.
    pub(crate) named: Vec<(&'static str, &'static str, Vec<String>)>,
    /// Resources and resource types by which Concourse knows no versions once it is set.
    pub(crate) anew: Vec<String>,
}

/// Makes a manifest of a pipeline. None where it is no chain of promotions, or cannot be read; why is among the
/// diagnostics, as is all that is not carried over.
///
/// # Errors
///
/// When a file of the fleet cannot be read.
pub(crate) fn import(
    file: FileId,
    target: &Target,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Imported>, Failure> {
    let read = validate::pipeline(sources, file, secrets::take_out, diagnostics);
    let Some((node, mut pipeline)) = read else { return Ok(None) };
    let renamed = prepare::call_by_artifact(&mut pipeline);
    let issues_called = prepare::call_issues(&mut pipeline);
    prepare::add_approved_code(&mut pipeline);
    let flow = PipelineFlow::of(&pipeline);
    let shape = Shape::of(&flow);
    let place = |index: usize| remains::job_span(&node, pipeline.jobs[index].name.as_str());
    if shape.chains.is_empty() {
        diagnostics.push(no_chain(&shape, &pipeline, &node));
        return Ok(None);
    }
    let trial = match Trial::new(target.fleet.as_deref(), &target.folder)? {
        Ok(trial) => trial,
        Err(fleet) => {
            return Err(Failure::Usage(format!("{fleet} has errors: see `ol-pipegen validate {fleet}`")));
        }
    };
    let reading = Read { pipeline: &pipeline, flow: &flow, shape: &shape };
    let foreign = reading.foreign_gates();
    for (job, resource) in &foreign {
        let name = &pipeline.jobs[*job].name;
        diagnostics.push(
            Diagnostic::new(Rule::NotCarriedOver, place(*job), format!("`{name}` waits for an issue that another pipeline opens"))
                .note(format!("by the resource `{resource}`"))
                .help("one manifest makes the pipelines of a chain on all of its Concourses: add the stage to that of the other pipeline, with `concourse`"),
        );
    }
    if !foreign.is_empty() {
        return Ok(None);
    }
    let found = Attempts { read: &reading, trial, target, renamed: &renamed }.best()?;
    let attempt::Found { best, name, problems, kinds_folder } = found;
    let Some(mut best) = best else {
        for problem in problems {
            diagnostics.push(
                Diagnostic::new(
                    Rule::NotCarriedOver,
                    place(shape.chains[0][0].deploy),
                    "no manifest gives this pipeline",
                )
                .note(problem)
                .help("write the manifest by hand: `ol-pipegen init` writes an example"),
            );
        }
        return Ok(None);
    };
    if issues_called {
        let why = "there is one name for the type of issues";
        best.added.push(("the type of issues is called `github-issues`", why, "the resource type".to_owned()));
    }
    let is_left = |job: usize| !best.extra_jobs.iter().any(|extra| *extra == pipeline.jobs[job].name.as_str());
    let left: Vec<&(usize, String)> = shape.outside.iter().filter(|(job, _)| is_left(*job)).collect();
    for (job, why) in &left {
        diagnostics.push(outside(*job, why, &pipeline, place(*job)));
    }
    let kept: Vec<&str> = left.iter().map(|(job, _)| pipeline.jobs[*job].name.as_str()).collect();
    remains::report(&best.differences.remains, &kept, &node, diagnostics);
    weaker(&best.differences.weaker, &kept, &node, diagnostics);
    Ok(Some(Imported {
        carried: best.carried(&reading, &kept),
        named: remains::by_name(&best.differences.remains, &best.added),
        anew: best.differences.anew.iter().filter_map(|change| name_of(&change.subject)).collect(),
        manifest: best.text,
        kinds: best
            .kinds
            .iter()
            .map(|(family, name, text)| (kinds_folder.join(family.folder()).join(format!("{name}.yml")), text.clone()))
            .collect(),
        name,
    }))
}

/// What a change is of, where that is no pipeline.
fn name_of(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Pipeline => None,
        Subject::Job(name) | Subject::Resource(name) | Subject::ResourceType(name) | Subject::Gate(name) => {
            Some(format!("`{name}`"))
        }
    }
}

/// Why a pipeline is no chain of promotions.
fn no_chain(shape: &Shape, pipeline: &Pipeline, node: &Node) -> Diagnostic {
    let span = node.at("/jobs").map_or(node.span, |jobs| jobs.span);
    let span = pipeline.jobs.first().map_or(span, |job| remains::job_span(node, job.name.as_str()));
    let mut diagnostic = Diagnostic::new(Rule::NoPromotionChain, span, "this pipeline promotes nothing")
        .help("a manifest is for what goes from one environment to the next; keep this pipeline as it is");
    let mut said = BTreeSet::new();
    for (job, why) in &shape.outside {
        if said.insert(why) {
            diagnostic = diagnostic.note(format!("`{}`: {why}", pipeline.jobs[*job].name));
        }
    }
    if shape.outside.is_empty() {
        diagnostic = diagnostic.note(shape::NO_CHAIN);
    }
    diagnostic
}

/// Reports what asks for less than it did.
fn weaker(changes: &[Change], kept: &[&str], pipeline: &Node, diagnostics: &mut Diagnostics) {
    for change in changes {
        let job = match &change.subject {
            Subject::Job(name) => remains::job_span(pipeline, name),
            _ => pipeline.span,
        };
        let name = match &change.subject {
            Subject::Job(name) | Subject::Resource(name) | Subject::ResourceType(name) | Subject::Gate(name) => {
                name.as_str()
            }
            Subject::Pipeline => "the pipeline",
        };
        if !kept.contains(&name) {
            diagnostics.push(
                Diagnostic::new(Rule::NotCarriedOver, job, format!("`{name}` would ask for less than before"))
                    .note(change.message.clone())
                    .help("make sure that this is meant before the pipeline is set"),
            );
        }
    }
}

fn outside(job: usize, why: &str, pipeline: &Pipeline, span: crate::source::Span) -> Diagnostic {
    let job = &pipeline.jobs[job];
    let help = if shape::sets_pipelines(job) {
        "what sets pipelines is not a part of one that is rendered: set it with the command that `render` prints"
    } else {
        "keep it in a pipeline of its own"
    };
    Diagnostic::new(Rule::NotCarriedOver, span, format!("the job `{}` is not carried over", job.name))
        .note(why)
        .help(help)
}

/// What a kind of one's own is kept in.
type KindText = (Family, String, String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    const PIPELINES: [&str; 4] = [
        include_str!("../../tests/fixtures/import/approved-by-issue.yml"),
        include_str!("../../tests/fixtures/import/regions.yml"),
        include_str!("../../tests/fixtures/import/built-image.yml"),
        include_str!("../../tests/fixtures/import/terraform-plan-apply.yml"),
    ];

    fn imported(text: &str) -> Option<Imported> {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let file = sources.add("old.yml", text);
        let target = Target {
            fleet: None,
            folder: "".into(),
            pipeline: "old".into(),
            instance_vars: InstanceVars::default(),
            name: None,
        };
        import(file, &target, &sources, &mut diagnostics).unwrap()
    }

    /// All places of a tree.
    fn places(value: &Json, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Json::Object(map) => {
                map.iter().for_each(|(key, inner)| places(inner, &format!("{at}/{}", key.replace('/', "~1")), found));
            }
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Whatever stands where it should not: something is said of it, and nothing breaks.
        #[test]
        fn no_pipeline_is_too_odd(which in 0..PIPELINES.len(), from in any::<u16>(), to in any::<u16>(), what in 0..6) {
            let mut tree: Json = serde_saphyr::from_str(PIPELINES[which]).unwrap();
            let mut all = Vec::new();
            places(&tree, "", &mut all);
            let place = |at: u16| all[usize::from(at) % all.len()].clone();
            let other = tree.pointer(&place(to)).cloned().unwrap_or_default();
            if let Some(target) = tree.pointer_mut(&place(from)) {
                *target = match what {
                    0 => Json::Null,
                    1 => "{{ x }} {% y \u{1b}[31m((z)) `".into(),
                    2 => Json::Array(vec![other]),
                    3 => Json::from(-1),
                    _ => other,
                };
            }
            let _ = imported(&tree.to_string());
        }
    }

    /// MIT Open Learning's resource takes whatever `repository` is; this program's does not.
    #[test]
    fn what_only_their_resource_takes_is_left_to_it() {
        let mut tree: Json = serde_saphyr::from_str(PIPELINES[0]).unwrap();
        // The third is that of the issues.
        *tree.pointer_mut("/resources/2/source/repository").unwrap() = serde_json::json!([{"a": "b"}]);
        assert_eq!(tree.pointer("/resources/2/type").unwrap(), "issues");
        let _ = imported(&tree.to_string());
    }

    #[test]
    fn what_waits_for_itself_is_no_chain() {
        let jobs = r#"{"resources": [{"name": "a", "type": "git", "source": {"uri": "x"}}], "jobs": [
            {"name": "one", "plan": [{"get": "a", "passed": ["two"]}]},
            {"name": "two", "plan": [{"get": "a", "passed": ["one"]}]}]}"#;
        assert!(imported(jobs).is_none());
    }
}
