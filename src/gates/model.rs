//! What the pass needs of a pipeline, whoever wrote it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use concourse_pipeline::fixed::is_one_version;
use concourse_pipeline::model::{InstanceVars, TaskStep};
use yaml_source::source::{FileId, Span};
use yaml_source::yaml::Value;

use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;
use crate::project::Stage;
use github_issues_resource::contract::files;

use concourse_pipeline::Repository;
use concourse_pipeline::issues::{IssueId, IssueSource};

use super::across::Local;
use super::facts::thing;
use super::sequence::Path;
use super::spelling::plain;
use super::version::is_used;
use super::work::merged;

/// A pipeline.
pub(crate) struct Pipeline<'a> {
    pub(super) name: &'a str,
    pub(super) home: Home<'a>,
    pub(super) resources: BTreeMap<&'a str, Resource<'a>>,
    pub(super) jobs: Vec<Job<'a>>,
    /// The pipelines that set it from what was reviewed.
    pub(super) keepers: Vec<String>,
    /// Jobs by name.
    job_at: HashMap<&'a str, usize>,
}

/// The Concourse and the team that a pipeline is set on, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Home<'a> {
    pub(crate) target: Option<&'a str>,
    pub(crate) team: Option<&'a str>,
    /// What tells instances of a pipeline apart.
    pub(crate) instance: Option<&'a InstanceVars>,
}

impl Home<'_> {
    /// Where a pipeline is set, and as what, when all of it is known.
    pub(super) fn pipeline(&self, name: &str) -> Option<String> {
        let instance = self.instance?.file_name_part();
        Some(format!("{}/{}/{name}{instance}", self.target?, self.team?))
    }
}

/// A resource.
pub(super) struct Resource<'a> {
    pub(super) span: Span,
    pub(super) type_name: &'a str,
    /// The source, and what its type lays under it.
    pub(super) source: Source<'a>,
    /// The issue or the approvals that it stands for.
    pub(super) issue: Option<IssueSource<'a>>,
    /// Whether this program made it as the resource of a gate or a record.
    pub(super) is_gates_own: bool,
    /// The image behind its type.
    pub(super) image: Option<&'a str>,
    /// One version is written in the resource.
    pub(super) is_fixed: bool,
    /// Its versions are times, and no content.
    pub(super) is_clock: bool,
    /// See [`Resource::thing`]; worked out when it is first asked for.
    thing: OnceCell<u64>,
}

/// The source of a resource over the defaults of its type, as Concourse merges them.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) own: Option<&'a Value>,
    pub(super) of_type: Option<&'a Value>,
}

impl<'a> Source<'a> {
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.own.and_then(|own| own.get(key)).or_else(|| self.of_type.and_then(|of_type| of_type.get(key)))
    }

    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it has the key, or has a variable as a key, which could become any.
    fn may_have(self, key: &str) -> bool {
        let any = |source: &Value| matches!(source, Value::Map(map) if map.keys().any(|key| key.contains("((")));
        let has = |source: Option<&Value>| source.is_some_and(|source| source.get(key).is_some() || any(source));
        has(self.own) || has(self.of_type)
    }
}

impl<'a> Resource<'a> {
    pub(super) fn new(span: Span, type_name: &'a str, image: Option<&'a str>, source: Source<'a>) -> Self {
        let issue = IssueSource::read(type_name, image, |key| source.text(key));
        Self {
            span,
            type_name,
            source,
            issue,
            is_gates_own: false,
            image,
            is_fixed: false,
            is_clock: false,
            thing: OnceCell::new(),
        }
    }

    /// A number that is equal for resources with equal types and sources, whatever they are called and however they are spelt.
    pub(super) fn thing(&self) -> u64 {
        *self.thing.get_or_init(|| thing(self.maker(), self.source))
    }

    /// Whether both have equal types and sources.
    pub(super) fn is_same_thing(&self, other: &Self) -> bool {
        // Hardly two have one type, and their sources are long.
        self.maker() == other.maker() && self.thing() == other.thing()
    }

    /// The image of its type without the registry that is meant where none is named, or the type that Concourse brings.
    pub(super) fn maker(&self) -> &'a str {
        let Some(image) = self.image else { return self.type_name };
        let image = ["docker.io/", "index.docker.io/"].iter().find_map(|hub| image.strip_prefix(hub)).unwrap_or(image);
        image.strip_prefix("library/").unwrap_or(image)
    }

    /// Whether what is put to it, or got from it, could be taken for a gate's.
    pub(super) fn may_speak_for_a_gate(&self) -> bool {
        self.source.may_have("gate") && self.source.may_have("role")
    }

    /// Whether its versions are approvals.
    pub(super) fn is_approval(&self) -> bool {
        self.issue.as_ref().is_some_and(IssueSource::is_approval)
    }

    /// Whether the artifact of a get is the approved code, with the approval inside.
    pub(super) fn brings_code(&self) -> bool {
        self.issue.as_ref().is_some_and(IssueSource::has_key) && self.source.get("git").is_some()
    }

    /// The repository of a git resource, or of the code that an approval brings.
    pub(super) fn repository(&self) -> Option<Repository> {
        if self.type_name == "git" {
            return self.source.text("uri").map(Repository::of_clone);
        }
        match self.source.get("git")?.get("uri") {
            Some(Value::Text(uri)) => Some(Repository::of_clone(uri)),
            _ => None,
        }
    }
}

/// A job.
pub(super) struct Job<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    /// The job, as a note names it.
    pub(super) whom: &'a str,
    pub(super) role: &'a JobRole<'a>,
    /// Builds of a handwritten job can run at the same time.
    pub(super) is_parallel: bool,
    /// The environment that a handwritten job deploys to.
    pub(super) environment: Option<Environment<'a>>,
    /// The stage that it belongs to. A preview and a deployment of one stage have one owner.
    pub(super) owner: Owner,
    /// Its steps in order, those within others too. Steps of hooks stand at the end.
    pub(super) steps: Vec<Step<'a>>,
    /// The approvals that it takes.
    pub(super) approvals: Vec<Approval<'a>>,
}

/// Where a handwritten job deploys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Environment<'a> {
    pub(super) name: &'a str,
    /// The job's name tells, and nobody wrote it.
    pub(super) is_guessed: bool,
}

impl<'a> Environment<'a> {
    /// The environment alone, of a stage that is written as a destination is: `PROJECT/GROUP/ENVIRONMENT/PHASE`.
    pub(super) fn short_name(&self) -> &'a str {
        match self.name.split('/').collect::<Vec<_>>().as_slice() {
            [_, _, environment, _] => environment,
            _ => self.name,
        }
    }
}

/// Who a job belongs to: a stage, or the job itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) file: FileId,
    pub(super) name: String,
}

/// A step that does something.
pub(super) struct Step<'a> {
    pub(super) what: What<'a>,
    /// The way to it; empty where steps stand in the order in which they run.
    pub(super) path: Path,
    /// The variables that it runs across, those of steps around it too.
    pub(super) across: Vec<Local<'a>>,
    pub(super) author: Author,
    pub(super) span: Span,
}

impl Step<'_> {
    /// Whether it is a put that sees all artifacts before it.
    pub(super) const fn sees_all(&self) -> bool {
        matches!(&self.what, What::Put(put) if put.sees_all)
    }
}

/// What a step does.
pub(super) enum What<'a> {
    /// Fetches a version.
    Get(Get<'a>),
    /// Makes a version.
    Put(Put<'a>),
    /// Runs a command.
    Task(Task<'a>),
    /// Reads a variable from a file.
    LoadVar { name: &'a str, file: &'a str },
    /// Sets that pipeline.
    SetPipeline {
        name: &'a str,
        /// The file, and the files of variables.
        files: Vec<&'a str>,
        /// Its variables, and those of its instance.
        vars: Cow<'a, Value>,
    },
}

pub(super) struct Get<'a> {
    pub(super) name: &'a str,
    pub(super) resource: &'a str,
    pub(super) triggers: bool,
    pub(super) passed: Vec<&'a str>,
    /// The version that is written in the step, by its keys. Empty without one.
    pub(super) version: Vec<(&'a str, &'a str)>,
    /// Every version is taken, one build after the other.
    pub(super) is_every: bool,
    /// Somebody wrote why it is taken at its newest.
    pub(super) is_unpinned: bool,
}

impl Get<'_> {
    /// Whether it fetches one version, whatever happens outside of the pipeline.
    pub(super) fn is_fixed(&self, resource: &Resource<'_>) -> bool {
        resource.is_fixed || is_one_version(resource.type_name, self.version.iter().copied())
    }
}

pub(super) struct Put<'a> {
    pub(super) name: &'a str,
    pub(super) resource: &'a str,
    /// A get follows, whose artifact has the put's name.
    pub(super) gets: bool,
    pub(super) params: Option<&'a Value>,
    /// The artifacts that it is said to see.
    pub(super) inputs: Vec<&'a str>,
    /// It sees all artifacts before it, or those that its resource detects.
    pub(super) sees_all: bool,
}

impl<'a> Put<'a> {
    /// Whether it uses up an approval.
    pub(super) fn is_claim(&self) -> bool {
        self.action() == Some("claim")
    }

    /// What a put to a resource of a gate does: `record`, `claim` or `report`.
    pub(super) fn action(&self) -> Option<&'a str> {
        match self.params?.get("action") {
            Some(Value::Text(action)) => Some(action),
            _ => None,
        }
    }
}

pub(super) struct Task<'a> {
    /// The artifacts that it sees, by their names in the job.
    pub(super) inputs: Vec<&'a str>,
    /// The folder of each of them.
    pub(super) folders: Vec<&'a str>,
    /// The artifacts that it makes, by their names in the job.
    pub(super) outputs: Vec<&'a str>,
    /// What a checkout of approved versions is told: the variable `COMPARE`, lines of `ARTIFACT=FILE`.
    pub(super) compare: Option<&'a str>,
    /// The outputs that the script of an approval checks out, when the task runs that script: those that `CHECKOUT` names.
    pub(super) clones: Option<Vec<&'a str>>,
    /// The task runs the script of an approval, and names nothing that the script has to check.
    pub(super) checks_nothing: bool,
    /// The variable `CONTENT`: lines that begin with an artifact.
    pub(super) content: Option<&'a str>,
    /// What it runs.
    pub(super) script: Script<'a>,
    /// The artifacts of inputs in which a cache lies, or over which: files of an earlier build stand there.
    pub(super) cached: Vec<&'a str>,
    /// What it runs, and the artifacts that it sees, are in a file of an artifact.
    pub(super) is_elsewhere: bool,
    /// The artifacts that decide what it runs: its image, and the one that has its file.
    pub(super) runs: Vec<&'a str>,
    /// It fails where a file of this program is not what its manifest renders to.
    pub(super) checks_render: bool,
}

/// What a task runs, and what it is told.
pub(super) enum Script<'a> {
    /// Of a task that was read.
    Read {
        /// The file, the path of the command and its arguments.
        parts: Box<[Option<Value>; 3]>,
        /// Its params and the variables of its file.
        params: Box<Value>,
        /// The image that its configuration names.
        image: Box<Value>,
    },
    /// Of a typed task. There may be tens of thousands, so nothing is worked out before it is asked for.
    Typed(&'a TaskStep),
}

impl Script<'_> {
    /// What the task is told: params of the step over those of its configuration, and the variables of its file.
    pub(super) fn params(&self) -> Cow<'_, Value> {
        match self {
            Self::Read { params, .. } => Cow::Borrowed(params),
            Self::Typed(task) => {
                let of_config = task.config.as_ref().map(|config| Value::Map(config.params.clone()));
                Cow::Owned(merged([of_config, task.params.clone(), task.vars.clone()]))
            }
        }
    }

    /// The image that its configuration names: source, params and version.
    pub(super) fn image(&self) -> Cow<'_, Value> {
        match self {
            Self::Read { image, .. } => Cow::Borrowed(image),
            Self::Typed(task) => {
                let image = task.config.as_ref().and_then(|config| config.image_resource.as_ref());
                let parts = image.map(|image| [&image.source, &image.params, &image.version]);
                Cow::Owned(Value::List(parts.into_iter().flatten().flatten().cloned().collect()))
            }
        }
    }

    /// The file, the path of the command and its arguments.
    pub(super) fn parts(&self) -> Cow<'_, [Option<Value>; 3]> {
        match self {
            Self::Read { parts, .. } => Cow::Borrowed(parts),
            Self::Typed(task) => {
                let run = task.config.as_ref().and_then(|config| config.run.as_ref());
                let path = run.and_then(|run| run.path.as_deref()).map(Value::from);
                let args = run.map(|run| Value::List(run.args.iter().map(|arg| Value::from(arg.as_str())).collect()));
                Cow::Owned([task.file.as_deref().map(Value::from), path, args])
            }
        }
    }
}

impl<'a> Task<'a> {
    /// The artifacts that are compared with the approval, each with the file that names its version.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.compare.unwrap_or_default().split_whitespace().filter_map(|line| line.split_once('='))
    }

    /// The artifacts that it checks out or compares, when it sees an approval.
    pub(super) fn held(&self) -> impl Iterator<Item = &'a str> {
        let is_clone = |output: &&&str| self.clones.as_ref().is_none_or(|clones| clones.contains(*output));
        let checked = self.outputs.iter().filter(|output| self.inputs.contains(output)).filter(is_clone).copied();
        let content = self.content.unwrap_or_default().lines().filter_map(|line| line.split_whitespace().next());
        checked.chain(self.compared().map(|(artifact, _)| artifact)).chain(content)
    }
}

/// An approval that a job takes.
pub(super) struct Approval<'a> {
    /// The artifact.
    pub(super) artifact: &'a str,
    /// The resource.
    pub(super) resource: &'a str,
    /// The gate.
    pub(super) gate: Option<IssueId<'a>>,
    /// It names versions, of which the artifact's files tell.
    pub(super) is_exact: bool,
    /// The artifact is the approved code.
    pub(super) is_code: bool,
    /// Another job used it up before.
    pub(super) is_followed: bool,
    /// It decides on what the job deploys: the job claims it, or claims no approval at all.
    pub(super) is_own: bool,
    /// The get.
    pub(super) span: Span,
}

impl Approval<'_> {
    /// Where the files with the approved versions are, from the root of the build.
    pub(super) fn pins(&self) -> String {
        format!("{}/{}/", self.folder(), files::PINS)
    }

    /// The file that a claim takes.
    pub(super) fn file(&self) -> String {
        format!("{}/{}", self.folder(), files::APPROVAL)
    }

    fn folder(&self) -> String {
        format!("{}{}", self.artifact, if self.is_code { "/.git/approval" } else { "" })
    }
}

impl<'a> Job<'a> {
    pub(super) fn gets(&self) -> impl Iterator<Item = (&Get<'a>, &Step<'a>)> {
        self.steps.iter().filter_map(|step| match &step.what {
            What::Get(get) => Some((get, step)),
            _ => None,
        })
    }

    /// The puts that use up an approval.
    pub(super) fn claims(&self) -> impl Iterator<Item = (&Put<'a>, &Step<'a>)> {
        self.puts().filter(|(put, _)| put.is_claim())
    }

    pub(super) fn puts(&self) -> impl Iterator<Item = (&Put<'a>, &Step<'a>)> {
        self.steps.iter().filter_map(|step| match &step.what {
            What::Put(put) => Some((put, step)),
            _ => None,
        })
    }

    /// Whether an approval decides on what it deploys.
    pub(super) fn is_gated(&self) -> bool {
        !self.approvals.is_empty()
    }

    /// The artifacts that the job takes for its stage or build: name and resource.
    pub(super) fn taken(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.gets()
            .filter(|(_, step)| matches!(step.author, Author::Generator | Author::Person))
            .map(|(get, _)| (get.name, get.resource))
    }

    /// Whether it records versions for a gate.
    pub(super) fn records(&self, pipeline: &Pipeline<'_>) -> bool {
        self.puts().any(|(put, _)| put.action() == Some("record") && pipeline.issue(put.resource).is_some())
    }

    /// The stage that it deploys or previews.
    pub(super) fn stage(&self) -> Option<(&'a Stage, StagePhase)> {
        match self.role {
            JobRole::Stage { stage, phase, .. } => Some((*stage, *phase)),
            _ => None,
        }
    }

    /// What it deploys, where its kind names that.
    pub(super) fn target(&self) -> Option<&'a str> {
        match self.role {
            JobRole::Stage { target, .. } => target.as_deref(),
            _ => None,
        }
    }

    /// Whether it was rendered from a manifest.
    pub(super) fn is_rendered(&self) -> bool {
        !matches!(self.role, JobRole::Handwritten)
    }

    /// The gates whose approvals it takes.
    pub(super) fn gates(&self) -> impl Iterator<Item = &IssueId<'a>> {
        self.approvals.iter().filter_map(|approval| approval.gate.as_ref())
    }

    /// The approvals that decide on what it deploys.
    pub(super) fn own_approvals(&self) -> impl Iterator<Item = &Approval<'a>> {
        self.approvals.iter().filter(|approval| approval.is_own)
    }

    /// Whether a task has an approval that decides on the job among its inputs.
    pub(super) fn sees_approval(&self, task: &Task<'_>) -> bool {
        task.inputs.iter().any(|input| self.own_approvals().any(|approval| approval.artifact == *input))
    }

    /// Whether a task has an approval or a record among its inputs.
    pub(super) fn sees_versions(&self, task: &Task<'_>, pipeline: &Pipeline<'_>) -> bool {
        let is_record = |get: &Get<'_>| pipeline.issue(get.resource).is_some_and(IssueSource::is_records);
        self.sees_approval(task) || self.gets().any(|(get, _)| is_record(get) && task.inputs.contains(&get.name))
    }

    /// The artifacts that an approval holds to a version.
    pub(super) fn held(&self) -> BTreeSet<&'a str> {
        let mut held: BTreeSet<&str> = self.own_approvals().map(|approval| approval.artifact).collect();
        for step in &self.steps {
            let What::Task(task) = &step.what else { continue };
            // A task that sees the approval checks out, or compares, what it is told.
            if self.sees_approval(task) {
                held.extend(task.held());
            }
        }
        held
    }

    /// A note that says which job is meant.
    pub(super) fn note(&self) -> String {
        format!("in {}", self.whom)
    }
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(
        name: &'a str,
        home: Home<'a>,
        resources: BTreeMap<&'a str, Resource<'a>>,
        mut jobs: Vec<Job<'a>>,
    ) -> Self {
        for job in &mut jobs {
            job.approvals = approvals(job, &resources);
        }
        let job_at = jobs.iter().enumerate().map(|(at, job)| (job.name, at)).collect();
        Self { name, home, resources, jobs, keepers: Vec::new(), job_at }
    }

    pub(super) fn job(&self, name: &str) -> Option<&Job<'a>> {
        self.job_at.get(name).map(|at| &self.jobs[*at])
    }

    /// The issue behind a resource.
    pub(super) fn issue(&self, resource: &str) -> Option<&IssueSource<'a>> {
        self.resources.get(resource)?.issue.as_ref()
    }

    /// The source of a resource.
    pub(super) fn source(&self, resource: &str) -> Option<Source<'a>> {
        self.resources.get(resource).map(|resource| resource.source)
    }

    /// Whether a resource is that of a gate or a record.
    pub(super) fn is_gates_own(&self, resource: &str) -> bool {
        self.resources.get(resource).is_some_and(|resource| resource.is_gates_own)
    }
}

fn approvals<'a>(job: &Job<'a>, resources: &BTreeMap<&'a str, Resource<'a>>) -> Vec<Approval<'a>> {
    // What only waits for another project's deployment is no approval of this one.
    let waits = |get: &Get<'_>, step: &Step<'_>| match step.author {
        Author::Need => true,
        // As this program renders it.
        Author::Person => get.name.starts_with("after-") && !get.passed.is_empty() && !is_used(get.name, job),
        _ => false,
    };
    let approvals = job
        .gets()
        .filter(|(get, step)| !waits(get, step))
        .filter_map(|(get, step)| {
            let resource = resources.get(get.resource).filter(|resource| resource.is_approval())?;
            let issue = resource.issue.as_ref()?;
            Some(Approval {
                artifact: get.name,
                resource: get.resource,
                gate: issue.id(),
                is_exact: issue.has_key(),
                is_code: resource.brings_code(),
                is_followed: !get.passed.is_empty(),
                is_own: true,
                span: step.span,
            })
        })
        .collect();
    of_claims(job, resources, approvals)
}

/// Tells which approvals decide on a job: those that it claims. What it gets besides is the newest of another approval.
fn of_claims<'a>(
    job: &Job<'a>,
    resources: &BTreeMap<&'a str, Resource<'a>>,
    mut approvals: Vec<Approval<'a>>,
) -> Vec<Approval<'a>> {
    let mut claimed = vec![false; approvals.len()];
    for (put, _) in job.claims() {
        let gate = resources.get(put.resource).and_then(|resource| resource.issue.as_ref()?.id());
        let file = put.text("approval").map(plain);
        let is_file = |approval: &Approval<'_>| file.as_ref().is_some_and(|file| *file == approval.file());
        let has_file = approvals.iter().any(is_file);
        for (approval, claimed) in approvals.iter().zip(&mut claimed) {
            // A file that no get of an approval writes is reported as such.
            *claimed |= if has_file { is_file(approval) } else { gate.is_none() || approval.gate == gate };
        }
    }
    if claimed.contains(&true) {
        for (approval, claimed) in approvals.iter_mut().zip(claimed) {
            approval.is_own = claimed;
        }
    }
    approvals
}

/// Pipelines that belong together, looked at as one.
pub(super) struct Unit<'p, 'a> {
    /// The resources that kinds put to behind a gate, by their pipeline's name.
    pub(super) deploying: BTreeSet<(&'a str, &'a str)>,
    /// The records of each gate.
    pub(super) records: HashMap<IssueId<'a>, Vec<RecordPut<'p, 'a>>>,
}

/// A put that records versions for a gate.
pub(super) struct RecordPut<'p, 'a> {
    pub(super) job: &'p Job<'a>,
    pub(super) put: &'p Put<'a>,
    /// The stage that the record promotes to.
    pub(super) destination: Option<&'a str>,
    pub(super) span: Span,
}

impl<'p, 'a> Unit<'p, 'a> {
    pub(super) fn of(pipelines: &'p [Pipeline<'a>]) -> Self {
        let mut unit = Self { deploying: BTreeSet::new(), records: HashMap::new() };
        for pipeline in pipelines {
            for job in &pipeline.jobs {
                for (put, step) in job.puts() {
                    if job.is_gated() && step.author == Author::Kind {
                        unit.deploying.insert((pipeline.name, put.resource));
                    }
                    if put.action() == Some("record")
                        && let Some(gate) = pipeline.issue(put.resource).and_then(IssueSource::id)
                    {
                        let destination = pipeline.source(put.resource).and_then(|source| source.text("destination"));
                        unit.records.entry(gate).or_default().push(RecordPut {
                            job,
                            put,
                            destination,
                            span: step.span,
                        });
                    }
                }
            }
        }
        unit
    }
}
