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
use crate::kind::Family;
use crate::workspace::CompiledPipeline;

use super::best::Best;
use super::differences::Differences;
use super::draft::{Deploys, Read, Stage};
use super::extra::forget_jobs;
use super::graph::{graph, json};
use super::kinds::{self, Candidate};
use super::place::{Place, places};
use super::prepare::call_resources;
use super::remains::remains;
use super::script::of_script;
use super::shape::StageJobs;
use super::trial::{Rendered, Trial};
use super::words::{Words, literal};
use super::{KindText, Target, builds, layers, minimal, shape, text};

/// All proposals for a pipeline.
pub(super) struct Attempts<'a, 'p> {
    pub(super) read: &'a Read<'p>,
    pub(super) trial: Trial,
    pub(super) target: &'a Target,
    /// New name → former name of resources that are called as their artifacts.
    pub(super) renamed: &'a BTreeMap<String, String>,
    /// The first proposal that did not render, with its kinds.
    pub(super) draft: Option<(String, Vec<KindText>)>,
    /// The names of kinds of one's own, by what they are for.
    pub(super) kind_names: BTreeMap<(Family, String), String>,
}

/// What came of them.
pub(super) struct Found {
    pub(super) best: Option<Best>,
    /// The manifest's name.
    pub(super) name: String,
    /// Why none of them is any good.
    pub(super) problems: Vec<String>,
    /// The likeliest of those that do not render, with its kinds.
    pub(super) draft: Option<(String, Vec<KindText>)>,
    /// Where the fleet keeps kinds.
    pub(super) kinds_folder: Utf8PathBuf,
}

impl Found {
    /// How much of the pipeline is not carried over.
    pub(super) fn weight(&self) -> usize {
        self.best.as_ref().map_or(usize::MAX, |best| {
            let unnamed = best.differences.remains.iter().filter(|remains| remains.named.is_none()).count();
            unnamed + best.differences.weaker.len()
        })
    }
}

/// A proposal that was rendered.
struct Tried {
    stages: Vec<Vec<Stage>>,
    top: Map<String, Json>,
    kinds: Vec<KindText>,
    kind: String,
    differences: Differences,
    /// Jobs whose hooks went around their steps.
    hooked: Vec<String>,
    /// Jobs of no chain that come along.
    extra_jobs: Vec<String>,
}

impl Tried {
    /// What has no name weighs; and a kind of one's own is more to own.
    fn weight(&self) -> (usize, usize) {
        let unnamed = self.differences.remains.iter().filter(|remains| remains.named.is_none()).count();
        (unnamed + self.differences.weaker.len(), self.kinds.len())
    }
}

/// What a manifest came to.
struct Came {
    name: String,
    instance_vars: InstanceVars,
    pipeline: Pipeline,
    warnings: usize,
}

impl Came {
    /// Is it the same, and no more to be warned of?
    fn is_as_good_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.instance_vars == other.instance_vars
            && self.pipeline == other.pipeline
            && self.warnings <= other.warnings
    }
}

impl Attempts<'_, '_> {
    pub(super) fn best(mut self) -> Result<Found, Failure> {
        let name = self.name();
        self.name_kinds(&name);
        let mut tried: Vec<Tried> = Vec::new();
        let mut problems: Vec<String> = Vec::new();
        for candidate in Candidate::all(self.read, &self.trial) {
            for own_builds in [false, true] {
                if own_builds && self.read.shape.builds.is_empty() {
                    continue;
                }
                if tried.iter().any(|tried| tried.weight().0 == 0) {
                    continue;
                }
                match self.with_jobs(&candidate, own_builds, &name)? {
                    Ok(attempt) => tried.push(attempt),
                    Err(why) => problems.extend(why),
                }
            }
        }
        problems.dedup();
        let best = tried.into_iter().min_by_key(Tried::weight);
        let best = best.map(|best| self.settle(best, &name)).transpose()?;
        let kinds_folder = self.trial.fleet().kinds_folder.clone();
        Ok(Found { best, name, problems, draft: self.draft, kinds_folder })
    }

    /// Names the kinds of one's own. One that is there keeps its name, unless it was made for the same manifest.
    fn name_kinds(&mut self, name: &str) {
        let builds = self.read.shape.builds.keys().map(|input| (Family::Build, kinds::plain(input)));
        for (family, wanted) in builds.chain([(Family::Stack, kinds::plain(name))]) {
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
        own_builds: bool,
        name: &str,
        jobs: &[&Job],
    ) -> Result<Result<Tried, Vec<String>>, Failure> {
        let read = self.read;
        let places = places(read.shape, read.flow, name, &|stage| candidate.told(stage));
        let mut kinds: Vec<KindText> = Vec::new();
        let own_name = self.kind_name(Family::Stack, &kinds::plain(name));
        let mut own = BTreeMap::new();
        if matches!(candidate, Candidate::Own) {
            let words = |place: &Place, stage: &StageJobs| words(place, &stage.code);
            let (kind, options) = kinds::own(&own_name, read, &places, &words);
            kinds.push((Family::Stack, own_name.clone(), kinds::text(&kind)?));
            own = options;
        }
        let (builds, build_kinds) =
            builds::builds(read, &self.trial, own_builds, &|input| self.kind_name(Family::Build, input));
        for (name, kind) in build_kinds {
            kinds.push((Family::Build, name, kinds::text(&kind)?));
        }
        for (family, name, text) in &kinds {
            if !self.trial.kind(*family, name, text) {
                return Ok(Err(vec![format!("the steps make no kind `{name}`")]));
            }
        }
        let deploys = |stage: &StageJobs| -> Deploys {
            match candidate {
                Candidate::Known { kind, given } => kinds::deploys(kind, &given[&stage.deploy]),
                Candidate::Script { given } => {
                    let step = read.body(stage.deploy).first().map(json).unwrap_or_default();
                    of_script(&given[&stage.deploy], &step)
                }
                Candidate::Own => kinds::of_own(&own_name, &own[&stage.deploy]),
            }
        };
        let along = jobs.iter().map(|job| job.name.as_str()).collect();
        let mut stages = read.stages(&places, &deploys, &builds, &along);
        self.concourse(&mut stages);
        self.say_extra(&mut stages, jobs, &self.defined(candidate));
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
                if matches!(candidate, Candidate::Own) && self.draft.is_none() {
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
            Candidate::Known { kind, .. } => kind.clone(),
            Candidate::Script { .. } => "script".to_owned(),
            Candidate::Own => own_name,
        };
        let hooked = read.shape.stages().flat_map(|stage| [Some(stage.deploy), stage.preview]).flatten();
        let hooked: Vec<String> = match candidate {
            Candidate::Own => hooked
                .filter(|job| !read.hooks(*job).is_empty())
                .map(|job| read.job(job).job.name.to_string())
                .collect(),
            _ => Vec::new(),
        };
        let extra_jobs = jobs.iter().map(|job| job.name.to_string()).collect();
        Ok(Ok(Tried { stages, top, kinds, kind, differences, hooked, extra_jobs }))
    }

    /// The resources that the kinds of a proposal define.
    fn defined(&self, candidate: &Candidate) -> BTreeSet<String> {
        let read = self.read;
        let made = |job: usize| {
            kinds::made(read, job).into_iter().filter_map(|resource| Some(resource["name"].as_str()?.to_owned()))
        };
        let mut defined: BTreeSet<String> =
            read.shape.builds.values().chain(read.shape.checks.values()).flat_map(|job| made(*job)).collect();
        match candidate {
            Candidate::Known { given, .. } => {
                defined.extend(given.values().flat_map(|given| given.resources.iter().cloned()));
            }
            Candidate::Script { .. } => {}
            Candidate::Own => {
                let jobs = read.shape.stages().flat_map(|stage| [Some(stage.deploy), stage.preview]).flatten();
                defined.extend(jobs.flat_map(made));
            }
        }
        defined
    }

    /// In what a rendering differs from what was read.
    fn compared(&self, rendered: &Pipeline, top: &Map<String, Json>, scripts: &BTreeSet<String>) -> Differences {
        let known = self.known(rendered, scripts.clone());
        let mut theirs = self.read.pipeline.clone();
        let former = top.get("old_names").and_then(Json::as_object).into_iter().flatten();
        let former: BTreeMap<String, String> =
            former.filter_map(|(new, old)| Some((old.as_str()?.to_owned(), new.clone()))).collect();
        call_resources(&mut theirs, &former);
        // What a job that sets the pipeline let through is no loss.
        let setters: BTreeSet<JobName> = self.read.sets().map(|job| job.name.clone()).collect();
        let mut promoting = theirs.clone();
        promoting.jobs.iter_mut().for_each(|job| forget_jobs(job, &setters));
        let changes = compare(&promoting, rendered);
        let of = |effect| changes.of(effect).cloned().collect();
        Differences {
            remains: remains(&graph(&theirs), &graph(rendered), &known),
            weaker: of(Effect::Weaker),
            anew: of(Effect::HistoryAnew),
        }
    }

    /// The proposal with whatever of the pipeline is no part of a chain and may stand beside one: all of it, or one job
    /// after the other.
    fn with_jobs(
        &mut self,
        candidate: &Candidate,
        own_builds: bool,
        name: &str,
    ) -> Result<Result<Tried, Vec<String>>, Failure> {
        const MOST: usize = 24;
        let read = self.read;
        let outside: BTreeSet<usize> = read.shape.outside.iter().map(|(job, _)| *job).collect();
        let jobs: Vec<&Job> =
            outside.iter().map(|job| &read.pipeline.jobs[*job]).filter(|job| !shape::sets_pipelines(job)).collect();
        let whole = self.attempt(candidate, own_builds, name, &jobs)?;
        if whole.is_ok() || jobs.is_empty() {
            return Ok(whole);
        }
        let mut taken: Vec<&Job> = Vec::new();
        let Ok(mut best) = self.attempt(candidate, own_builds, name, &taken)? else { return Ok(whole) };
        for job in jobs.into_iter().take(MOST) {
            taken.push(job);
            match self.attempt(candidate, own_builds, name, &taken)? {
                Ok(more) => best = more,
                Err(_) => _ = taken.pop(),
            }
        }
        Ok(Ok(best))
    }

    /// Gives each chain the jobs that follow one of its own, and the first chain those that follow none, with what the
    /// steps of its stages use.
    fn say_extra(&self, stages: &mut [Vec<Stage>], jobs: &[&Job], defined: &BTreeSet<String>) {
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
            let said = self.read.extra(&own, &of_stages, defined);
            for stage in chain.iter_mut().filter(|_| !said.is_empty()) {
                stage.settings.insert("extra".to_owned(), said.clone().into());
            }
        }
    }

    /// All of a pipeline lives on one Concourse.
    fn concourse(&self, stages: &mut [Vec<Stage>]) {
        let [first, _, ..] = self.trial.fleet().concourses.as_slice() else { return };
        if let Some(name) = &first.name {
            for stage in stages.iter_mut().flatten() {
                stage.settings.insert("concourse".to_owned(), name.as_str().into());
            }
        }
    }

    fn render(
        &mut self,
        stages: &[Vec<Stage>],
        top: &Map<String, Json>,
        name: &str,
    ) -> Result<Result<Pipeline, Vec<String>>, Failure> {
        let manifest = layers::manifest(stages, top, None);
        Ok(self.one(&manifest, name)?.map(|came| came.pipeline))
    }

    /// The one pipeline of a manifest.
    fn one(&mut self, manifest: &Json, name: &str) -> Result<Result<Came, Vec<String>>, Failure> {
        let text = yaml_source::yaml::emit(manifest).map_err(|error| Failure::Internal(error.to_string()))?;
        self.text(&text, name)
    }

    /// The one pipeline of the text of a manifest.
    fn text(&mut self, text: &str, name: &str) -> Result<Result<Came, Vec<String>>, Failure> {
        Ok(match self.trial.render(name, text)? {
            Err(diagnostics) => Err(diagnostics
                .iter()
                .map(|diagnostic| {
                    let notes = diagnostic.notes.iter().map(|note| format!("; {note}")).collect::<String>();
                    format!("{}{notes} [{}]", diagnostic.message, diagnostic.rule)
                })
                .collect()),
            Ok(Rendered { pipelines, warnings }) => match <[_; 1]>::try_from(pipelines) {
                Ok([CompiledPipeline { name, instance_vars, pipeline, .. }]) => {
                    Ok(Came { name, instance_vars, pipeline, warnings })
                }
                Err(pipelines) => Err(vec![format!("it gives {}", Count(pipelines.len(), "pipeline"))]),
            },
        })
    }

    /// The proposal as a person would write it, in which nothing is said twice.
    fn settle(&mut self, best: Tried, name: &str) -> Result<Best, Failure> {
        for (family, name, text) in &best.kinds {
            self.trial.kind(*family, name, text);
        }
        let Tried { mut stages, top, kinds, kind, differences, hooked, extra_jobs, .. } = best;
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
        let in_their_words = self.render(&stages, &top, name)?;
        // Which resource the issues have is the fleet's choice, where that knows what they say.
        let said = stages.clone();
        for stage in stages.iter_mut().flatten() {
            if let Some(issues) = stage.settings.get_mut("issues").and_then(Json::as_object_mut) {
                issues.shift_remove("resource");
            }
        }
        let mut wanted = self.render(&stages, &top, name)?;
        if wanted.is_err() {
            stages = said;
            wanted.clone_from(&in_their_words);
        }
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => {
                return Err(Failure::Internal(format!("what was rendered is not rendered again: {}", why.join(", "))));
            }
        };
        if in_their_words.as_ref().is_ok_and(|theirs| *theirs != wanted) {
            added.push((
                "approvals name versions",
                "the resource type `github-issues` deploys what an issue names, once: claims, checkouts and reports come with it; `issues: {resource: mitodl}` does without",
                Count(self.read.flow.issues.len(), "resource").to_string(),
            ));
        }
        let code = |stage: &Stage| -> String {
            let chains = self.read.shape.chains.iter().zip(&stages);
            let found =
                chains.flat_map(|(jobs, chain)| jobs.iter().zip(chain)).find(|(_, other)| other.place == stage.place);
            found.map(|(jobs, _)| jobs.code.clone()).unwrap_or_default()
        };
        let words = |stage: &Stage| words(&stage.place, &code(stage));
        let proposals = [
            layers::manifest(&stages, &top, Some(&words)),
            layers::manifest(&stages, &top, Some(&|_| Words::default())),
            layers::manifest(&stages, &top, None),
        ];
        // What stands in another order is the same; from then on not even that changes.
        let same = graph(&wanted);
        let mut taken = None;
        for proposal in proposals {
            if let Ok(came) = self.one(&proposal, name)?
                && graph(&came.pipeline) == same
            {
                taken = Some((proposal, came));
                break;
            }
        }
        let Some((manifest, wanted)) = taken else {
            return Err(Failure::Internal("what was rendered is not rendered again".to_owned()));
        };
        let fits = |came: Result<Came, Vec<String>>| came.is_ok_and(|came| came.is_as_good_as(&wanted));
        let manifest = minimal::minimal(manifest, &mut |manifest| Ok(fits(self.one(manifest, name)?)))?;
        // What is printed is what was tried.
        let mut text = text::manifest(&manifest)?;
        if !fits(self.text(&text, name)?) {
            text = yaml_source::yaml::emit(&manifest).map_err(|error| Failure::Internal(error.to_string()))?;
        }
        Ok(Best { text, kinds, differences, added, extra_jobs, stages, kind })
    }
}

/// What templates can say of a stage.
fn words(place: &Place, code: &str) -> Words {
    let slug = place.stack.to_lowercase();
    let mut words: Vec<(&'static str, String)> = vec![
        ("stack", place.stack.clone()),
        ("slug", slug),
        ("environment", place.environment.clone()),
        ("environment | lower", place.environment.to_lowercase()),
    ];
    if let Some(group) = &place.group {
        words.push(("group", group.clone()));
    }
    words.push(("project", place.project.clone()));
    words.push(("project | lower", place.project.to_lowercase()));
    words.push(("code", code.to_owned()));
    Words(words)
}
