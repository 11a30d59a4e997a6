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
mod gaps;
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

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use concourse_pipeline::diff::{Change, Subject};
use concourse_pipeline::flow::PipelineFlow;
use concourse_pipeline::model::{InstanceVars, Pipeline};
use concourse_pipeline::validate;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::{FileId, SourceText, Sources};
use yaml_source::yaml::{Limits, Map, Node, read};

use crate::kind::Family;

use attempt::Attempts;
use draft::Read;
use gaps::{Gap, Lost};
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
    /// The kinds that other pipelines of the same run made.
    pub(crate) taken: BTreeSet<(Family, String)>,
    /// The kinds that were made for the manifest which is written over: they give way.
    pub(crate) replaced: BTreeSet<(Family, String)>,
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
    /// The names of those kinds.
    pub(crate) kind_names: BTreeSet<(Family, String)>,
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
    let has_issues = !PipelineFlow::of(&pipeline).issues.is_empty();
    let moved = if has_issues { Vec::new() } else { prepare::bring_gets_forward(&mut pipeline) };
    let renamed = prepare::call_by_artifact(&mut pipeline);
    let issues_called = prepare::call_issues(&mut pipeline);
    prepare::add_approved_code(&mut pipeline);
    let flow = PipelineFlow::of(&pipeline);
    let shapes = Shape::all(&flow);
    let place = |index: usize| remains::job_span(&node, pipeline.jobs[index].name.as_str());
    if let Some(shape) = shapes.first().filter(|shape| shape.chains.is_empty()) {
        diagnostics.push(no_chain(shape, &pipeline, &node));
        return Ok(None);
    }
    let mut found: Option<(attempt::Found, Read<'_>)> = None;
    for shape in &shapes {
        let trial = match Trial::new(target.fleet.as_deref(), &target.folder)? {
            Ok(trial) => trial,
            Err(fleet) => {
                return Err(Failure::Usage(format!("{fleet} has errors: see `ol-pipegen validate {fleet}`")));
            }
        };
        let mut reading = Read { pipeline: &pipeline, flow: &flow, shape, verbatim: BTreeSet::new() };
        reading.find_verbatim();
        let foreign = reading.foreign_gates();
        for (job, resource) in &foreign {
            diagnostics.push(waits_for_foreign_issue(&pipeline.jobs[*job], resource, place(*job)));
        }
        if !foreign.is_empty() {
            return Ok(None);
        }
        let attempt =
            Attempts { read: &reading, trial, target, renamed: &renamed, draft: None, kind_names: BTreeMap::new() }
                .best()?;
        let is_whole = attempt.weight() == 0;
        if found.as_ref().is_none_or(|(known, _)| attempt.weight() < known.weight()) {
            found = Some((attempt, reading));
        }
        if is_whole {
            break;
        }
    }
    let Some((found, reading)) = found else { return Ok(None) };
    let shape = reading.shape;
    let attempt::Found { best, name, problems, draft, kinds_folder } = found;
    let kinds_of = |kinds: &[KindText]| -> Vec<(Utf8PathBuf, String)> {
        let path = |family: Family, name: &str| kinds_folder.join(family.folder()).join(format!("{name}.yml"));
        kinds.iter().map(|(family, name, text)| (path(*family, name), text.clone())).collect()
    };
    let names_of = |kinds: &[KindText]| kinds.iter().map(|(family, name, _)| (*family, name.clone())).collect();
    let Some(mut best) = best else {
        let first = place(shape.chains[0][0].deploy);
        let mut diagnostic = Diagnostic::new(Rule::NotCarriedOver, first, "the manifest does not render yet");
        let mut gaps = Vec::new();
        for problem in problems {
            gaps.push(Gap { stage: None, text: format!("this manifest does not render yet: {problem}") });
            diagnostic = diagnostic.note(problem);
        }
        diagnostics.push(diagnostic.help("change the manifest where `ol-pipegen render` points"));
        return Ok(draft.map(|(text, kinds)| Imported {
            name,
            manifest: gaps::mark(&text, &gaps),
            kinds: kinds_of(&kinds),
            kind_names: names_of(&kinds),
            carried: vec!["a manifest that does not render yet".to_owned()],
            named: Vec::new(),
            anew: Vec::new(),
        }));
    };
    if issues_called {
        let why = "there is one name for the type of issues";
        best.added.push(("the type of issues is called `github-issues`", why, "the resource type".to_owned()));
    }
    for job in moved {
        let why = "a get within other steps fetches what the build began with, whenever it runs";
        best.added.push(("gets come first", why, job));
    }
    let is_left = |job: usize| !best.extra_jobs.iter().any(|extra| *extra == pipeline.jobs[job].name.as_str());
    let left: Vec<&(usize, String)> = shape.outside.iter().filter(|(job, _)| is_left(*job)).collect();
    for (job, why) in left.iter().filter(|(job, _)| !shape::sets_pipelines(&pipeline.jobs[*job])) {
        diagnostics.push(outside(*job, why, &pipeline, place(*job)));
    }
    let kept: Vec<&str> = left.iter().map(|(job, _)| pipeline.jobs[*job].name.as_str()).collect();
    let mut lost = remains::report(&best.differences.remains, &kept, &node, diagnostics);
    lost.extend(weaker(&best.differences.weaker, &kept, &node, diagnostics));
    let of_jobs = left.iter().map(|(job, why)| {
        let name = &pipeline.jobs[*job].name;
        Gap { stage: None, text: format!("the job `{name}` is not in this manifest: {why}") }
    });
    let gaps: Vec<Gap> = of_jobs.chain(lost.into_iter().map(|lost| reading.gap(lost, &best.stages))).collect();
    Ok(Some(Imported {
        carried: best.carried(&reading, &kept),
        named: remains::by_name(&best.differences.remains, &best.added),
        anew: best.differences.anew.iter().filter_map(|change| name_of(&change.subject)).collect(),
        manifest: gaps::mark(&best.text, &gaps),
        kinds: kinds_of(&best.kinds),
        kind_names: names_of(&best.kinds),
        name,
    }))
}

fn waits_for_foreign_issue(
    job: &concourse_pipeline::model::Job,
    resource: &str,
    span: yaml_source::source::Span,
) -> Diagnostic {
    let message = format!("`{}` waits for an issue that another pipeline opens", job.name);
    Diagnostic::new(Rule::NotCarriedOver, span, message).note(format!("by the resource `{resource}`")).help(
        "add the stage, with `concourse`, to the manifest of the other pipeline: one manifest makes the pipelines of a chain \
         on all of its Concourses",
    )
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
        .help("keep this pipeline as it is: a manifest is for what goes from one environment to the next");
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

/// Reports what asks for less than it did, and returns it.
fn weaker(changes: &[Change], kept: &[&str], pipeline: &Node, diagnostics: &mut Diagnostics) -> Vec<Lost> {
    let mut lost = Vec::new();
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

fn outside(job: usize, why: &str, pipeline: &Pipeline, span: yaml_source::source::Span) -> Diagnostic {
    let job = &pipeline.jobs[job];
    Diagnostic::new(Rule::NotCarriedOver, span, format!("the job `{}` is not carried over", job.name))
        .note(why)
        .help("keep it in a pipeline of its own")
}

/// The kinds that a manifest names: those of its stages, and of its builds.
pub(crate) fn kinds_of_manifest(text: &str) -> BTreeSet<(Family, String)> {
    fn collect(node: &Node, found: &mut BTreeSet<(Family, String)>) {
        for item in node.as_list().into_iter().flatten() {
            collect(item, found);
        }
        for entry in node.as_map().into_iter().flat_map(Map::entries) {
            let family = match entry.key.as_str() {
                "stack" => Some(Family::Stack),
                "with" => Some(Family::Build),
                _ => None,
            };
            let names = entry.value.as_map().into_iter().flat_map(Map::entries).map(|entry| entry.key.clone());
            found.extend(family.into_iter().flat_map(|family| names.clone().map(move |name| (family, name))));
            collect(&entry.value, found);
        }
    }
    let mut found = BTreeSet::new();
    let mut sources = Sources::default();
    let file = sources.add("manifest.yml", SourceText::from(text.to_owned().into_bytes()));
    if let Some(manifest) = read(&sources, file, Limits::MANIFEST, &mut Diagnostics::default()) {
        collect(&manifest, &mut found);
    }
    found
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
            taken: BTreeSet::new(),
            replaced: BTreeSet::new(),
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
