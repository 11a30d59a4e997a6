//! Makes a manifest of a pipeline that somebody wrote for Concourse.
//!
//! - [`read`] finds the stages of the pipeline.
//! - [`propose`] makes manifests that could render to it.
//! - [`compare`] renders each proposal as `render` does, and finds the differences.
//! - [`explain`] reports the differences: expected ones with their reasons, and all others as not carried over.
//! - [`write`] makes the text of the manifest that was chosen.
//!
//! The report claims nothing that the comparison did not show.

mod compare;
mod explain;
mod propose;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use concourse_pipeline::flow::PipelineFlow;
use concourse_pipeline::model::InstanceVars;
use concourse_pipeline::validate;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::{FileId, SourceText, Sources};
use yaml_source::yaml::{Limits, Map, Node};

use crate::kind::Family;

use compare::trial::Trial;
use explain::gaps::{self, Gap};
use explain::{jobs, report};
use propose::attempts::{Attempts, BestAttempt};
use read::shape::{Shape, sets_pipelines};
use read::source::SourcePipeline;
use read::{normalize, secrets};

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
    /// Expected differences: name, reason, and where.
    pub(crate) expected: Vec<(&'static str, &'static str, Vec<String>)>,
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
    let moved = if has_issues { Vec::new() } else { normalize::bring_gets_forward(&mut pipeline) };
    let renamed = normalize::call_by_artifact(&mut pipeline);
    let issues_called = normalize::call_issues(&mut pipeline);
    normalize::add_approved_code(&mut pipeline);
    let flow = PipelineFlow::of(&pipeline);
    let shapes = Shape::all(&flow);
    let place = |index: usize| report::job_span(&node, pipeline.jobs[index].name.as_str());
    if let Some(shape) = shapes.first().filter(|shape| shape.chains.is_empty()) {
        diagnostics.push(jobs::no_chain(shape, &pipeline, &node));
        return Ok(None);
    }
    let mut found: Option<(BestAttempt, SourcePipeline<'_>)> = None;
    for shape in &shapes {
        let trial = match Trial::new(target.fleet.as_deref(), &target.folder)? {
            Ok(trial) => trial,
            Err(fleet) => {
                return Err(Failure::Usage(format!("{fleet} has errors: see `ol-pipegen validate {fleet}`")));
            }
        };
        let mut reading = SourcePipeline { pipeline: &pipeline, flow: &flow, shape, verbatim: BTreeSet::new() };
        reading.find_verbatim();
        let foreign = reading.foreign_gates();
        for (job, resource) in &foreign {
            diagnostics.push(jobs::waits_for_foreign_issue(&pipeline.jobs[*job], resource, place(*job)));
        }
        if !foreign.is_empty() {
            return Ok(None);
        }
        let attempt =
            Attempts { read: &reading, trial, target, renamed: &renamed, draft: None, kind_names: BTreeMap::new() }
                .choose()?;
        let is_whole = attempt.weight() == 0;
        if found.as_ref().is_none_or(|(known, _)| attempt.weight() < known.weight()) {
            found = Some((attempt, reading));
        }
        if is_whole {
            break;
        }
    }
    let Some((chosen, reading)) = found else { return Ok(None) };
    let shape = reading.shape;
    let BestAttempt { proposal, name, problems, draft, kinds_folder } = chosen;
    let kinds_of = |kinds: &[KindText]| -> Vec<(Utf8PathBuf, String)> {
        let path = |family: Family, name: &str| kinds_folder.join(family.folder()).join(format!("{name}.yml"));
        kinds.iter().map(|(family, name, text)| (path(*family, name), text.clone())).collect()
    };
    let names_of = |kinds: &[KindText]| kinds.iter().map(|(family, name, _)| (*family, name.clone())).collect();
    let Some(mut proposal) = proposal else {
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
            expected: Vec::new(),
            anew: Vec::new(),
        }));
    };
    if issues_called {
        let why = "there is one name for the type of issues";
        proposal.added.push(("the type of issues is called `github-issues`", why, "the resource type".to_owned()));
    }
    for job in moved {
        let why = "a get within other steps fetches what the build began with, whenever it runs";
        proposal.added.push(("gets come first", why, job));
    }
    let is_left = |job: usize| !proposal.extra_jobs.iter().any(|extra| *extra == pipeline.jobs[job].name.as_str());
    let left: Vec<&(usize, String)> = shape.outside.iter().filter(|(job, _)| is_left(*job)).collect();
    for (job, why) in left.iter().filter(|(job, _)| !sets_pipelines(&pipeline.jobs[*job])) {
        diagnostics.push(jobs::outside(*job, why, &pipeline, place(*job)));
    }
    let kept: Vec<&str> = left.iter().map(|(job, _)| pipeline.jobs[*job].name.as_str()).collect();
    let mut lost = report::not_carried_over(&proposal.differences.found, &kept, &node, diagnostics);
    lost.extend(jobs::weaker(&proposal.differences.weaker, &kept, &node, diagnostics));
    let of_jobs = left.iter().map(|(job, why)| {
        let name = &pipeline.jobs[*job].name;
        Gap { stage: None, text: format!("the job `{name}` is not in this manifest: {why}") }
    });
    let gaps: Vec<Gap> = of_jobs.chain(lost.into_iter().map(|lost| reading.gap(lost, &proposal.stages))).collect();
    Ok(Some(Imported {
        carried: proposal.carried(&reading, &kept),
        expected: report::expected(&proposal.differences.found, &proposal.added),
        anew: proposal.differences.anew.iter().filter_map(|change| jobs::name_of(&change.subject)).collect(),
        manifest: gaps::mark(&proposal.text, &gaps),
        kinds: kinds_of(&proposal.kinds),
        kind_names: names_of(&proposal.kinds),
        name,
    }))
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
    if let Some(manifest) = yaml_source::yaml::read(&sources, file, Limits::MANIFEST, &mut Diagnostics::default()) {
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
