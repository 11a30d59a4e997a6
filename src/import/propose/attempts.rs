//! Proposals, rendered and compared: the one that leaves the least unexplained is taken.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use concourse_pipeline::diff::Effect;
use concourse_pipeline::model::{Core, InstanceVars, Job, JobName, Pipeline};
use serde_json::{Map, Value as Json};
use yaml_source::Failure;
use yaml_source::diagnostic::Count;
use yaml_source::yaml::Node;

use crate::compare;
use crate::import::compare::differences::{Differences, explained};
use crate::import::compare::tree::tree;
use crate::import::compare::trial::{Trial, TrialRun};
use crate::import::read::normalize::call_resources;
use crate::import::read::shape::{StageJobs, sets_pipelines};
use crate::import::read::source::SourcePipeline;
use crate::import::read::steps::json;
use crate::import::write::minimize::minimize;
use crate::import::write::{layers, text};
use crate::import::{KindText, Target};
use crate::kind::Family;
use crate::workspace::CompiledPipeline;

use super::builds::builds;
use super::candidates::{self, Candidate};
use super::extra::forget_jobs;
use super::places::{StagePlace, places};
use super::proposal::Proposal;
use super::script::of_script;
use super::settings::{KindUse, ProposedStage};
use super::templates::{TemplateValues, literal};

/// All proposals for a pipeline.
pub(crate) struct Attempts<'a, 'p> {
    pub(crate) read: &'a SourcePipeline<'p>,
    pub(crate) trial: Trial,
    pub(crate) target: &'a Target,
    /// New name → former name of resources that are called as their artifacts.
    pub(crate) renamed: &'a BTreeMap<String, String>,
    /// The first proposal that did not render, with its kinds.
    pub(crate) draft: Option<(String, Vec<KindText>)>,
    /// The names of kinds of one's own, by what they are for.
    pub(crate) kind_names: BTreeMap<(Family, String), String>,
}

/// The best of the attempts.
pub(crate) struct BestAttempt {
    pub(crate) proposal: Option<Proposal>,
    /// The manifest's name.
    pub(crate) name: String,
    /// Why no attempt renders.
    pub(crate) problems: Vec<String>,
    /// The likeliest of those that do not render, with its kinds.
    pub(crate) draft: Option<(String, Vec<KindText>)>,
    /// Where the fleet keeps kinds.
    pub(crate) kinds_folder: Utf8PathBuf,
}

impl BestAttempt {
    /// How much of the pipeline is not carried over.
    pub(crate) fn weight(&self) -> usize {
        self.proposal.as_ref().map_or(usize::MAX, |proposal| {
            let unexpected =
                proposal.differences.found.iter().filter(|difference| difference.expected.is_none()).count();
            unexpected + proposal.differences.weaker.len()
        })
    }
}

/// A proposal that was rendered.
struct Attempt {
    stages: Vec<Vec<ProposedStage>>,
    top: Map<String, Json>,
    kinds: Vec<KindText>,
    kind: String,
    differences: Differences,
    /// Jobs whose hooks went around their steps.
    hooked: Vec<String>,
    /// Jobs of no chain that come along.
    extra_jobs: Vec<String>,
}

impl Attempt {
    /// What has no name weighs; and a kind of one's own is more to own.
    fn weight(&self) -> (usize, usize) {
        let unexpected = self.differences.found.iter().filter(|difference| difference.expected.is_none()).count();
        (unexpected + self.differences.weaker.len(), self.kinds.len())
    }
}

/// The one pipeline that a manifest renders to.
struct TrialPipeline {
    name: String,
    instance_vars: InstanceVars,
    pipeline: Pipeline,
    warnings: usize,
}

impl TrialPipeline {
    /// Is it the same, and no more to be warned of?
    fn is_as_good_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.instance_vars == other.instance_vars
            && self.pipeline == other.pipeline
            && self.warnings <= other.warnings
    }
}

impl Attempts<'_, '_> {
    pub(crate) fn choose(mut self) -> Result<BestAttempt, Failure> {
        let name = self.name();
        self.name_kinds(&name);
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut problems: Vec<String> = Vec::new();
        for candidate in Candidate::all(self.read, &self.trial) {
            for new_builds in [false, true] {
                if new_builds && self.read.shape.builds.is_empty() {
                    continue;
                }
                if attempts.iter().any(|attempt| attempt.weight().0 == 0) {
                    continue;
                }
                match self.with_jobs(&candidate, new_builds, &name)? {
                    Ok(attempt) => attempts.push(attempt),
                    Err(why) => problems.extend(why),
                }
            }
        }
        problems.dedup();
        let best = attempts.into_iter().min_by_key(Attempt::weight);
        let proposal = best.map(|best| self.write_out(best, &name)).transpose()?;
        let kinds_folder = self.trial.fleet().kinds_folder.clone();
        Ok(BestAttempt { proposal, name, problems, draft: self.draft, kinds_folder })
    }

    /// Names the kinds of one's own. One that is there keeps its name, unless it was made for the same manifest.
    fn name_kinds(&mut self, name: &str) {
        let builds = self.read.shape.builds.keys().map(|input| (Family::Build, candidates::plain(input)));
        for (family, wanted) in builds.chain([(Family::Stack, candidates::plain(name))]) {
            let fleet = self.trial.fleet();
            let is_taken = |name: &String| {
                let key = (family, name.clone());
                let is_there = fleet.kinds.get(family, name).is_some();
                let has_file = || fleet.kinds_folder.join(family.folder()).join(format!("{name}.yml")).is_file();
                let gives_way = || self.target.replaced.contains(&key) && has_file();
                self.target.taken.contains(&key) || is_there && !gives_way()
            };
            let mut free = wanted.clone();
            for number in 1.. {
                if !is_taken(&free) {
                    break;
                }
                free = if number == 1 { format!("{wanted}-own") } else { format!("{wanted}-own-{number}") };
            }
            self.kind_names.insert((family, wanted), free);
        }
    }

    /// The name of a kind of one's own.
    fn kind_name(&self, family: Family, wanted: &str) -> String {
        self.kind_names.get(&(family, wanted.to_owned())).cloned().unwrap_or_else(|| wanted.to_owned())
    }

    /// The manifest's name: that for which the fleet's template comes out as the pipeline's name.
    fn name(&self) -> String {
        let pipeline = &self.target.pipeline;
        if let Some(name) = &self.target.name {
            return name.clone();
        }
        let template = self.trial.fleet().defaults.at("/pipeline").and_then(Node::as_str).map(str::to_owned);
        let stem = template.as_ref().and_then(|template| {
            let (before, behind) = template.split_once("{{ name }}")?;
            pipeline.strip_prefix(before)?.strip_suffix(behind).filter(|name| !name.is_empty())
        });
        let mut name = stem.unwrap_or(pipeline).to_owned();
        for (_, value) in self.target.instance_vars.iter() {
            name.push('-');
            name.extend(value.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }));
        }
        name
    }

    fn attempt(
        &mut self,
        candidate: &Candidate,
        new_builds: bool,
        name: &str,
        jobs: &[&Job],
    ) -> Result<Result<Attempt, Vec<String>>, Failure> {
        let read = self.read;
        let places = places(read.shape, read.flow, name, &|stage| candidate.option_names(stage));
        let mut kinds: Vec<KindText> = Vec::new();
        let new_name = self.kind_name(Family::Stack, &candidates::plain(name));
        let mut new_options = BTreeMap::new();
        if matches!(candidate, Candidate::New) {
            let values = |place: &StagePlace, stage: &StageJobs| template_values(place, &stage.code);
            let (kind, options) = candidates::new(&new_name, read, &places, &values);
            kinds.push((Family::Stack, new_name.clone(), candidates::text(&kind)?));
            new_options = options;
        }
        let (builds, build_kinds) =
            builds(read, &self.trial, new_builds, &|input| self.kind_name(Family::Build, input));
        for (name, kind) in build_kinds {
            kinds.push((Family::Build, name, candidates::text(&kind)?));
        }
        for (family, name, text) in &kinds {
            if !self.trial.add_kind(*family, name, text) {
                return Ok(Err(vec![format!("the steps make no kind `{name}`")]));
            }
        }
        let kind_use = |stage: &StageJobs| -> KindUse {
            match candidate {
                Candidate::Existing { kind, given } => candidates::use_of_existing(kind, &given[&stage.deploy]),
                Candidate::Script { given } => {
                    let step = read.body(stage.deploy).first().map(json).unwrap_or_default();
                    of_script(&given[&stage.deploy], &step)
                }
                Candidate::New => candidates::use_of_new(&new_name, &new_options[&stage.deploy]),
            }
        };
        let extra = jobs.iter().map(|job| job.name.as_str()).collect();
        let mut stages = read.stages(&places, &kind_use, &builds, &extra);
        self.set_concourse(&mut stages);
        self.add_extra(&mut stages, jobs, &self.defined(candidate));
        let mut top = Map::new();
        top.insert("pipeline".to_owned(), self.target.pipeline.as_str().into());
        let vars = self.target.instance_vars.iter();
        let vars: Map<String, Json> = vars.map(|(var, value)| (var.to_owned(), literal(value).into())).collect();
        if !vars.is_empty() {
            top.insert("instance_vars".to_owned(), vars.into());
        }
        let scripts: BTreeSet<String> = match candidate {
            Candidate::Script { .. } => {
                read.shape.stages().map(|stage| read.job(stage.deploy).job.name.to_string()).collect()
            }
            _ => BTreeSet::new(),
        };
        let mut rendered = match self.render(&stages, &top, name)? {
            Ok(rendered) => rendered,
            Err(why) => {
                // A kind that is there is no likely one before its own is tried.
                if matches!(candidate, Candidate::New) && self.draft.is_none() {
                    self.draft = Some((text::manifest(&layers::manifest(&stages, &top, None))?, kinds));
                }
                return Ok(Err(why));
            }
        };
        // What the kind and the fleet bring by themselves is seen in what came out.
        for _ in 0..2 {
            if !self.adjust(&mut stages, &mut top, &rendered) {
                break;
            }
            rendered = match self.render(&stages, &top, name)? {
                Ok(rendered) => rendered,
                Err(why) => return Ok(Err(why)),
            };
        }
        let differences = self.compared(&rendered, &top, &scripts);
        let kind = match candidate {
            Candidate::Existing { kind, .. } => kind.clone(),
            Candidate::Script { .. } => "script".to_owned(),
            Candidate::New => new_name,
        };
        let hooked = read.shape.stages().flat_map(|stage| [Some(stage.deploy), stage.preview]).flatten();
        let hooked: Vec<String> = match candidate {
            Candidate::New => hooked
                .filter(|job| !read.hooks(*job).is_empty())
                .map(|job| read.job(job).job.name.to_string())
                .collect(),
            _ => Vec::new(),
        };
        let extra_jobs = jobs.iter().map(|job| job.name.to_string()).collect();
        Ok(Ok(Attempt { stages, top, kinds, kind, differences, hooked, extra_jobs }))
    }

    /// The resources that the kinds of a proposal define.
    fn defined(&self, candidate: &Candidate) -> BTreeSet<String> {
        let read = self.read;
        let made = |job: usize| {
            candidates::made(read, job).into_iter().filter_map(|resource| Some(resource["name"].as_str()?.to_owned()))
        };
        let mut defined: BTreeSet<String> =
            read.shape.builds.values().chain(read.shape.checks.values()).flat_map(|job| made(*job)).collect();
        match candidate {
            Candidate::Existing { given, .. } => {
                defined.extend(given.values().flat_map(|given| given.resources.iter().cloned()));
            }
            Candidate::Script { .. } => {}
            Candidate::New => {
                let jobs = read.shape.stages().flat_map(|stage| [Some(stage.deploy), stage.preview]).flatten();
                defined.extend(jobs.flat_map(made));
            }
        }
        defined
    }

    /// In what a rendering differs from what was read.
    fn compared(&self, rendered: &Pipeline, top: &Map<String, Json>, scripts: &BTreeSet<String>) -> Differences {
        let evidence = self.evidence(rendered, scripts.clone());
        let mut theirs = self.read.pipeline.clone();
        let former = top.get("old_names").and_then(Json::as_object).into_iter().flatten();
        let former: BTreeMap<String, String> =
            former.filter_map(|(new, old)| Some((old.as_str()?.to_owned(), new.clone()))).collect();
        call_resources(&mut theirs, &former);
        // What a job that sets the pipeline let through is no loss.
        let setters: BTreeSet<JobName> = self.read.setters().map(|job| job.name.clone()).collect();
        let mut promoting = theirs.clone();
        promoting.jobs.iter_mut().for_each(|job| forget_jobs(job, &setters));
        let changes = compare(&promoting, rendered);
        let of = |effect| changes.of(effect).cloned().collect();
        Differences {
            found: explained(&tree(&theirs), &tree(rendered), &evidence),
            weaker: of(Effect::Weaker),
            anew: of(Effect::HistoryAnew),
        }
    }

    /// The proposal with whatever of the pipeline is no part of a chain and may stand beside one: all of it, or one job
    /// after the other.
    fn with_jobs(
        &mut self,
        candidate: &Candidate,
        new_builds: bool,
        name: &str,
    ) -> Result<Result<Attempt, Vec<String>>, Failure> {
        const MOST: usize = 24;
        let read = self.read;
        let outside: BTreeSet<usize> = read.shape.outside.iter().map(|(job, _)| *job).collect();
        let jobs: Vec<&Job> =
            outside.iter().map(|job| &read.pipeline.jobs[*job]).filter(|job| !sets_pipelines(job)).collect();
        let whole = self.attempt(candidate, new_builds, name, &jobs)?;
        if whole.is_ok() || jobs.is_empty() {
            return Ok(whole);
        }
        let mut taken: Vec<&Job> = Vec::new();
        let Ok(mut best) = self.attempt(candidate, new_builds, name, &taken)? else { return Ok(whole) };
        for job in jobs.into_iter().take(MOST) {
            taken.push(job);
            match self.attempt(candidate, new_builds, name, &taken)? {
                Ok(more) => best = more,
                Err(_) => _ = taken.pop(),
            }
        }
        Ok(Ok(best))
    }

    /// Gives each chain the jobs that follow one of its own, and the first chain those that follow none, with what the
    /// steps of its stages use.
    fn add_extra(&self, stages: &mut [Vec<ProposedStage>], jobs: &[&Job], defined: &BTreeSet<String>) {
        let follows = |job: &Job, chain: &[StageJobs]| {
            let mut follows = false;
            job.each_step(&mut |step| {
                if let Core::Get(get) = &step.core {
                    let of_chain = chain.iter().flat_map(|stage| [Some(stage.deploy), stage.preview]).flatten();
                    follows |= { of_chain }.any(|stage| get.passed.contains(&self.read.job(stage).job.name));
                }
            });
            follows
        };
        let chains = &self.read.shape.chains;
        let home = |job: &Job| chains.iter().position(|chain| follows(job, chain)).unwrap_or(0);
        for (index, (chain, shapes)) in stages.iter_mut().zip(chains).enumerate() {
            let own: Vec<&Job> = jobs.iter().copied().filter(|job| home(job) == index).collect();
            let of_stages: Vec<&Job> = shapes
                .iter()
                .flat_map(|stage| [Some(stage.deploy), stage.preview])
                .flatten()
                .map(|job| self.read.job(job).job)
                .collect();
            let extra = self.read.extra(&own, &of_stages, defined);
            for stage in chain.iter_mut().filter(|_| !extra.is_empty()) {
                stage.settings.insert("extra".to_owned(), extra.clone().into());
            }
        }
    }

    /// All of a pipeline lives on one Concourse.
    fn set_concourse(&self, stages: &mut [Vec<ProposedStage>]) {
        let [first, _, ..] = self.trial.fleet().concourses.as_slice() else { return };
        if let Some(name) = &first.name {
            for stage in stages.iter_mut().flatten() {
                stage.settings.insert("concourse".to_owned(), name.as_str().into());
            }
        }
    }

    fn render(
        &mut self,
        stages: &[Vec<ProposedStage>],
        top: &Map<String, Json>,
        name: &str,
    ) -> Result<Result<Pipeline, Vec<String>>, Failure> {
        let manifest = layers::manifest(stages, top, None);
        Ok(self.render_json(&manifest, name)?.map(|outcome| outcome.pipeline))
    }

    /// The one pipeline of a manifest.
    fn render_json(&mut self, manifest: &Json, name: &str) -> Result<Result<TrialPipeline, Vec<String>>, Failure> {
        let text = yaml_source::yaml::emit(manifest).map_err(|error| Failure::Internal(error.to_string()))?;
        self.render_text(&text, name)
    }

    /// The one pipeline of the text of a manifest.
    fn render_text(&mut self, text: &str, name: &str) -> Result<Result<TrialPipeline, Vec<String>>, Failure> {
        Ok(match self.trial.render(name, text)? {
            Err(diagnostics) => Err(diagnostics
                .iter()
                .map(|diagnostic| {
                    let notes = diagnostic.notes.iter().map(|note| format!("; {note}")).collect::<String>();
                    format!("{}{notes} [{}]", diagnostic.message, diagnostic.rule)
                })
                .collect()),
            Ok(TrialRun { pipelines, warnings }) => match <[_; 1]>::try_from(pipelines) {
                Ok([CompiledPipeline { name, instance_vars, pipeline, .. }]) => {
                    Ok(TrialPipeline { name, instance_vars, pipeline, warnings })
                }
                Err(pipelines) => Err(vec![format!("it gives {}", Count(pipelines.len(), "pipeline"))]),
            },
        })
    }

    /// The proposal as a person would write it, in which nothing is said twice.
    fn write_out(&mut self, best: Attempt, name: &str) -> Result<Proposal, Failure> {
        for (family, name, text) in &best.kinds {
            self.trial.add_kind(*family, name, text);
        }
        let Attempt { mut stages, top, kinds, kind, differences, hooked, extra_jobs, .. } = best;
        let mut added: Vec<(&'static str, &'static str, String)> = hooked
            .into_iter()
            .map(|job| {
                (
                    "hooks around the steps",
                    "a hook of a job goes around the steps of its kind: it does not tell of a get that failed",
                    job,
                )
            })
            .collect();
        let with_their_resource = self.render(&stages, &top, name)?;
        // Which resource the issues have is the fleet's choice, where that knows what they say.
        let with_resource = stages.clone();
        for stage in stages.iter_mut().flatten() {
            if let Some(issues) = stage.settings.get_mut("issues").and_then(Json::as_object_mut) {
                issues.shift_remove("resource");
            }
        }
        let mut wanted = self.render(&stages, &top, name)?;
        if wanted.is_err() {
            stages = with_resource;
            wanted.clone_from(&with_their_resource);
        }
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => {
                return Err(Failure::Internal(format!("what was rendered is not rendered again: {}", why.join(", "))));
            }
        };
        if with_their_resource.as_ref().is_ok_and(|theirs| *theirs != wanted) {
            added.push((
                "approvals name versions",
                "the resource type `github-issues` deploys what an issue names, once: claims, checkouts and reports come with it; `issues: {resource: mitodl}` does without",
                Count(self.read.flow.issues.len(), "resource").to_string(),
            ));
        }
        let code = |stage: &ProposedStage| -> String {
            let chains = self.read.shape.chains.iter().zip(&stages);
            let found =
                chains.flat_map(|(jobs, chain)| jobs.iter().zip(chain)).find(|(_, other)| other.place == stage.place);
            found.map(|(jobs, _)| jobs.code.clone()).unwrap_or_default()
        };
        let values = |stage: &ProposedStage| template_values(&stage.place, &code(stage));
        let proposals = [
            layers::manifest(&stages, &top, Some(&values)),
            layers::manifest(&stages, &top, Some(&|_| TemplateValues::default())),
            layers::manifest(&stages, &top, None),
        ];
        // What stands in another order is the same; from then on not even that changes.
        let same = tree(&wanted);
        let mut chosen = None;
        for proposal in proposals {
            if let Ok(outcome) = self.render_json(&proposal, name)?
                && tree(&outcome.pipeline) == same
            {
                chosen = Some((proposal, outcome));
                break;
            }
        }
        let Some((manifest, wanted)) = chosen else {
            return Err(Failure::Internal("what was rendered is not rendered again".to_owned()));
        };
        let fits =
            |outcome: Result<TrialPipeline, Vec<String>>| outcome.is_ok_and(|outcome| outcome.is_as_good_as(&wanted));
        let manifest = minimize(manifest, &mut |manifest| Ok(fits(self.render_json(manifest, name)?)))?;
        // What is printed is what was tried.
        let mut text = text::manifest(&manifest)?;
        if !fits(self.render_text(&text, name)?) {
            text = yaml_source::yaml::emit(&manifest).map_err(|error| Failure::Internal(error.to_string()))?;
        }
        Ok(Proposal { text, kinds, differences, added, extra_jobs, stages, kind })
    }
}

/// What templates can say of a stage.
fn template_values(place: &StagePlace, code: &str) -> TemplateValues {
    let slug = place.stack.to_lowercase();
    let mut values: Vec<(&'static str, String)> = vec![
        ("stack", place.stack.clone()),
        ("slug", slug),
        ("environment", place.environment.clone()),
        ("environment | lower", place.environment.to_lowercase()),
    ];
    if let Some(group) = &place.group {
        values.push(("group", group.clone()));
    }
    values.push(("project", place.project.clone()));
    values.push(("project | lower", place.project.to_lowercase()));
    values.push(("code", code.to_owned()));
    TemplateValues(values)
}
