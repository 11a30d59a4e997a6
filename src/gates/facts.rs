//! What is kept of pipelines until all of a run were looked at: what two manifests, or two fleets, can do to one another.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use yaml_source::diagnostic::{Diagnostic, Severity, one_of};
use yaml_source::source::{FileId, Span};
use yaml_source::yaml::{Node, Value, escape};

use crate::kind::credentials_of;
use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;
use crate::project::Stage;

use concourse_pipeline::Repository;
use concourse_pipeline::issues::{IssueId, IssueMark, Issues};

use super::elsewhere::{Deed, deeds};
use super::likeness::Texts;
use super::model::{Home, Job, Owner, Pipeline, Put, Resource, Source, Step, What};
use super::naming::{Names, number};
use super::spelling::{has_variable, plain};
use super::work::names_of_put;

/// What other pipelines have to know of some.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(super) writers: Vec<Use>,
    pub(super) consumers: Vec<Use>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) puts: Vec<PutTo>,
    pub(super) titles: Vec<Title>,
    pub(super) compat_titles: Vec<Title>,
    pub(super) watches: Vec<Watch>,
    pub(super) sets: Vec<Set>,
    /// Tasks that other manifests could run.
    pub(super) deeds: Vec<Deed>,
    /// Handwritten jobs behind gates.
    pub(super) handwritten: Vec<HandwrittenJob>,
    /// Names of pipelines with jobs behind gates.
    pub(super) gated_pipelines: Vec<String>,
    /// Pipelines that set others from what was reviewed, each with the name of one that it sets.
    pub(super) keepers: Vec<Keeper>,
    /// Names of the others.
    pub(super) other_pipelines: Vec<String>,
}

/// A job. There may be tens of thousands, so what is kept of them is shared.
#[derive(Debug)]
pub(super) struct JobAt {
    pub(super) name: String,
    pub(super) whom: String,
    pub(super) owner: Owner,
    pub(super) is_rendered: bool,
    /// The gates that it is behind.
    pub(super) gates: Vec<Arc<GateName>>,
    /// The kind of its stage.
    pub(super) kind: Option<String>,
    /// What it deploys in the one spelling, where its kind names that.
    pub(super) target: Option<String>,
    pub(super) pipeline: Arc<PipelineAt>,
}

/// The pipeline of jobs.
#[derive(Debug)]
pub(super) struct PipelineAt {
    pub(super) name: String,
    /// Where it is set, and as what, when all of it is known.
    set_as: Option<String>,
}

impl JobAt {
    /// Whether both are of one pipeline that two fleets set. Only one of them is there at a time, and the run says so.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        let set_as = &self.pipeline.set_as;
        self.owner.file != other.owner.file && set_as.is_some() && *set_as == other.pipeline.set_as
    }
}

/// A gate that a job writes, or whose approvals it uses up.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) gate: Arc<GateName>,
    /// The stage that the gate promotes to, as the resource of the step has it.
    pub(super) destination: String,
    pub(super) span: Span,
    pub(super) job: Arc<JobAt>,
}

/// A gate, kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GateName {
    pub(super) place: Repository,
    pub(super) key: String,
    /// A number of the two. A run looks up tens of thousands of gates one after the other, and manifests are compiled on all
    /// processors.
    number: u64,
}

impl GateName {
    fn new(place: Repository, key: String) -> Self {
        let mut hasher = DefaultHasher::new();
        (&place, &key).hash(&mut hasher);
        Self { place, key, number: hasher.finish() }
    }
}

impl Hash for GateName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl From<&IssueId<'_>> for GateName {
    fn from(gate: &IssueId<'_>) -> Self {
        let key = match gate.mark {
            IssueMark::Gate(key) => key.to_owned(),
            // No key of a gate has a space.
            IssueMark::Title(title) => format!("title {title}"),
        };
        Self::new(gate.repository.clone(), key)
    }
}

/// Something that a job deploys, as its kind names it.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) target: String,
    /// Equal for all spellings of the same target.
    pub(super) key: String,
    /// Where the name of a credential in `target` means something.
    pub(super) home: Option<String>,
    /// The name of the job says so, and nobody wrote it. Two guesses are not compared: two things can be deployed to one
    /// environment.
    pub(super) is_guessed: bool,
    /// Equal for stages whose kind runs the same with the same params, where the target is only the names of the project and
    /// the stack: another project may run the same.
    pub(super) same: Option<u64>,
    /// Equal for stages of one kind, project and stack.
    pub(super) names: Option<u64>,
    /// How to make the target another one, where a manifest can.
    pub(super) remedy: Option<String>,
    pub(super) span: Span,
    pub(super) job: Arc<JobAt>,
}

/// A put that a person or a kind wrote.
#[derive(Debug)]
pub(super) struct PutTo {
    /// Equal for equal types and sources.
    pub(super) thing: u64,
    /// The image of the resource's type without its registry, which may be a mirror; or the name of a type that Concourse
    /// brings.
    pub(super) image: String,
    /// The texts of the put; of a kind that names its target only those that name it.
    pub(super) texts: Texts,
    /// The image, with its registry.
    pub(super) maker: String,
    /// What the source and the params name, for the step of a stage's kind.
    pub(super) names: Names,
    /// Equal for equal params.
    pub(super) params: u64,
    pub(super) resource: String,
    /// The step is that of the stage's kind.
    pub(super) is_kinds: bool,
    pub(super) span: Span,
    pub(super) job: Arc<JobAt>,
}

/// A title under which issues are written.
#[derive(Debug)]
pub(super) struct Title {
    /// The gate; of a resource of issues that is none's, its repository and its name.
    pub(super) of: Arc<GateName>,
    /// Up to what a build fills in.
    pub(super) fixed: String,
    pub(super) is_whole: bool,
    /// The labels of its issues.
    pub(super) labels: Vec<String>,
    pub(super) span: Span,
    pub(super) is_rendered: bool,
    /// Its closing names no versions, as with MIT Open Learning's image.
    pub(super) is_signal: bool,
}

/// A job that watches closed issues, by their title or their labels.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) place: Repository,
    pub(super) resource: String,
    /// What a title begins with; any title without.
    pub(super) prefix: String,
    /// Labels that an issue must have.
    pub(super) labels: Vec<String>,
    /// A closed issue starts the job.
    pub(super) triggers: bool,
    /// The job deploys nothing.
    pub(super) is_preview: bool,
    pub(super) span: Span,
    pub(super) job: Arc<JobAt>,
}

/// A handwritten job behind a gate.
#[derive(Debug)]
pub(super) struct HandwrittenJob {
    pub(super) file: FileId,
    pub(super) job: String,
    /// A guess of where it deploys, unless the user named it.
    pub(super) guess: Option<String>,
}

/// A pipeline that sets another one from what was reviewed: who changes it changes the gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keeper {
    pub(super) name: String,
    /// The pipeline that it sets.
    pub(super) sets: String,
}

/// A step that sets a pipeline.
#[derive(Debug)]
pub(super) struct Set {
    /// Which; any when it is not known.
    pub(super) pipeline: Option<String>,
    pub(super) span: Span,
    pub(super) whom: String,
    pub(super) is_rendered: bool,
}

impl Facts {
    pub(super) fn of(pipelines: &[Pipeline<'_>]) -> Self {
        let mut facts = Self::default();
        let mut deploying: Vec<(usize, &Job<'_>)> = Vec::new();
        for pipeline in pipelines {
            let is_gated = pipeline.jobs.iter().any(Job::is_gated);
            let names = if is_gated { &mut facts.gated_pipelines } else { &mut facts.other_pipelines };
            names.push(pipeline.name.to_owned());
            let keepers = pipeline.keepers.iter();
            facts.keepers.extend(keepers.map(|name| Keeper { name: name.clone(), sets: pipeline.name.to_owned() }));
            let at = PipelineAt { name: pipeline.name.to_owned(), set_as: pipeline.home.pipeline(pipeline.name) };
            let at = Arc::new(at);
            for job in &pipeline.jobs {
                let from = facts.deployments.len();
                facts.job(job, pipeline, &at);
                deploying.extend((from..facts.deployments.len()).map(|place| (place, job)));
            }
        }
        // It is told only where one manifest deploys a target twice, which hardly any does.
        for (place, job) in deploying {
            let key = &facts.deployments[place].key;
            if facts.deployments.iter().filter(|other| other.key == *key).count() > 1 {
                facts.deployments[place].remedy = remedy(job);
            }
        }
        facts
    }

    /// What is not known of handwritten jobs behind gates, a line a file: which environments are guessed, and which jobs
    /// nothing is known of.
    pub(crate) fn guesses(&self) -> Vec<(FileId, String)> {
        let mut files: BTreeMap<FileId, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for HandwrittenJob { file, job, guess } in &self.handwritten {
            let (guessed, unknown) = files.entry(*file).or_default();
            match guess {
                Some(environment) => guessed.push(format!("{job} deploys to {environment}")),
                None => unknown.push(job.clone()),
            }
        }
        let line = |(guessed, unknown): (Vec<String>, Vec<String>)| {
            let mut parts = Vec::new();
            if !guessed.is_empty() {
                parts.push(format!("guessed from names: {}", guessed.join(", ")));
            }
            if !unknown.is_empty() {
                parts.push(format!("target and destination not judged: {}", unknown.join(", ")));
            }
            format!("{}; to name it, use --target JOB=ENVIRONMENT", parts.join("; "))
        };
        files.into_iter().map(|(file, found)| (file, line(found))).collect()
    }

    fn job(&mut self, job: &Job<'_>, pipeline: &Pipeline<'_>, within: &Arc<PipelineAt>) {
        let target = job.target().map(plain);
        let at = Arc::new(JobAt {
            name: job.name.to_owned(),
            whom: job.whom.to_owned(),
            owner: job.owner.clone(),
            is_rendered: job.is_rendered(),
            gates: job.gates().map(|gate| Arc::new(GateName::from(gate))).collect(),
            kind: job.stage().map(|(stage, _)| stage.kind.clone()),
            target: target.as_deref().map(str::to_owned),
            pipeline: Arc::clone(within),
        });
        for step in &job.steps {
            match &step.what {
                What::Put(put) => self.put(put, step, (job, target.as_deref()), pipeline, &at),
                What::Get(get) if job.is_rendered() => {
                    let Some(resource) = pipeline.resources.get(get.resource) else { continue };
                    let Some(issue) = &resource.issue else { continue };
                    if let Issues::Title { prefix, is_closed: true, .. } = issue.issues
                        && !resource.is_gates_own
                    {
                        let input = job.stage().and_then(|(stage, _)| stage.input_span(get.name));
                        self.watches.push(Watch {
                            place: issue.repository.clone(),
                            resource: get.resource.to_owned(),
                            prefix: prefix.unwrap_or_default().to_owned(),
                            labels: texts(resource.source.get("labels")),
                            triggers: get.triggers,
                            is_preview: job.stage().is_some_and(|(_, phase)| phase == StagePhase::Preview),
                            span: input.unwrap_or(step.span),
                            job: Arc::clone(&at),
                        });
                    }
                }
                // What `meta` makes sets what was reviewed, and checks that first.
                What::SetPipeline { name, .. } if job.steps.iter().any(checks_render) => {
                    self.keepers.push(Keeper { name: pipeline.name.to_owned(), sets: (*name).to_owned() });
                }
                What::SetPipeline { name, .. } => {
                    let name = if *name == "self" { pipeline.name } else { name };
                    self.set(Some(name), step, job);
                }
                _ => {}
            }
        }
        self.deeds.extend(deeds(job, pipeline, &at));
        let is_exact = job.approvals.iter().any(|approval| approval.is_exact);
        if let Some(environment) = job.environment.filter(|environment| !environment.is_guessed || is_exact) {
            let name = environment.short_name();
            self.deployments.push(Deployment {
                target: format!("{name} of {}", pipeline.name),
                key: format!("{} of {}", name.to_lowercase(), pipeline.name),
                home: None,
                is_guessed: environment.is_guessed,
                same: None,
                names: None,
                remedy: None,
                span: job.span,
                job: Arc::clone(&at),
            });
        }
        let guess = job.environment.filter(|environment| environment.is_guessed);
        if !job.is_rendered() && is_exact && (guess.is_some() || job.environment.is_none()) {
            self.handwritten.push(HandwrittenJob {
                file: job.span.file,
                job: job.name.to_owned(),
                guess: guess.map(|guess| guess.name.to_owned()),
            });
        }
        if let Some(target) = target {
            self.deployment(job, target.into_owned(), pipeline, at);
        }
    }

    /// A put to an issue, or to something that may be deployed, of a job and its target in the one spelling.
    fn put(
        &mut self,
        put: &Put<'_>,
        step: &Step<'_>,
        (job, target): (&Job<'_>, Option<&str>),
        pipeline: &Pipeline<'_>,
        at: &Arc<JobAt>,
    ) {
        let Some(resource) = pipeline.resources.get(put.resource) else { return };
        match resource.issue.as_ref().map(|issue| (issue, issue.id(), issue.issues)) {
            Some((_, Some(gate), Issues::Gate { .. })) => match put.action() {
                Some("claim") => self.consumers.push(Use {
                    gate: Arc::new(GateName::from(&gate)),
                    destination: resource.source.text("destination").unwrap_or_default().to_owned(),
                    span: if job.is_rendered() { job.span } else { step.span },
                    job: Arc::clone(at),
                }),
                Some("report") => {}
                // What somebody else writes is reported where it is written.
                _ if !matches!(step.author, Author::Generator | Author::Person) => {}
                _ => {
                    let span = if job.is_rendered() { job.span } else { step.span };
                    let gate = Arc::new(GateName::from(&gate));
                    if let Some((fixed, is_whole)) = put.text("title").map(fixed) {
                        let (of, is_rendered) = (Arc::clone(&gate), job.is_rendered());
                        let labels = texts(put.params.and_then(|params| params.get("labels")));
                        let is_signal = false;
                        self.titles.push(Title { of, fixed, is_whole, labels, span, is_rendered, is_signal });
                    }
                    self.writers.push(Use { gate, destination: String::new(), span, job: Arc::clone(at) });
                }
            },
            Some((issue, _, Issues::Title { prefix, template, .. })) => {
                let title = put.text("title_template").or(template).or(prefix).unwrap_or_default();
                let (fixed, is_whole) = fixed(title);
                let is_own = resource.is_gates_own && step.author == Author::Generator;
                let titles = if is_own { &mut self.titles } else { &mut self.compat_titles };
                titles.push(Title {
                    of: Arc::new(GateName::new(issue.repository.clone(), put.resource.to_owned())),
                    fixed,
                    is_whole,
                    labels: texts(put.params.and_then(|params| params.get("labels"))),
                    span: if job.is_rendered() { resource.span } else { step.span },
                    is_rendered: job.is_rendered(),
                    is_signal: true,
                });
            }
            None if matches!(step.author, Author::Kind | Author::Around | Author::Extra) => {
                let is_kinds = step.author == Author::Kind && job.stage().is_some();
                self.puts.push(PutTo {
                    thing: resource.thing(),
                    image: resource
                        .image
                        .unwrap_or(resource.type_name)
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    texts: Texts::of(resource, put, target.filter(|_| is_kinds)),
                    maker: resource.maker().to_owned(),
                    params: put.params.map(hash).unwrap_or_default(),
                    names: names_of_put(put, resource, job, pipeline),
                    resource: put.resource.to_owned(),
                    is_kinds,
                    span: step.span,
                    job: Arc::clone(at),
                });
            }
            Some(_) | None => {}
        }
        if sets_pipelines(resource) {
            match pipelines_of(put) {
                Some(names) => names.into_iter().for_each(|name| self.set(Some(name), step, job)),
                None => self.set(None, step, job),
            }
        }
    }

    /// A step that sets a pipeline.
    fn set(&mut self, name: Option<&str>, step: &Step<'_>, job: &Job<'_>) {
        let pipeline = name.filter(|name| !has_variable(name)).map(str::to_owned);
        self.sets.push(Set { pipeline, span: step.span, whom: job.whom.to_owned(), is_rendered: job.is_rendered() });
    }

    /// What a job of a stage deploys. `key` is its target in the one spelling.
    fn deployment(&mut self, job: &Job<'_>, key: String, pipeline: &Pipeline<'_>, at: Arc<JobAt>) {
        if let JobRole::Stage {
            stage, phase: StagePhase::Deploy, target: Some(target), target_options: options, ..
        } = job.role
        {
            let kind = format!("/stack/{}", escape(&stage.kind));
            // A name that is written for the stack is the mistake; without one it is an option of the kind.
            let is_named = one_name_of_stack(stage).is_some();
            let choice = stage.origin.settings.entry_at(&kind).filter(|_| !options.is_empty() && !is_named);
            let choice = choice.map(|entry| entry.key_span).filter(|span| span.file == stage.origin.span.file);
            self.deployments.push(Deployment {
                target: target.clone(),
                key,
                home: target.contains("((").then(|| home(pipeline.home)),
                is_guessed: false,
                same: (*target == format!("{}/{}", stage.project, stage.stack)).then(|| sameness(stage, job)),
                names: Some(number((&stage.kind, &stage.project, stage.stack.rsplit('/').next()))),
                remedy: None,
                span: choice.unwrap_or_else(|| stage.own_place("/names/stack")),
                job: at,
            });
        }
    }
}

/// A number that is equal for stages whose kind runs the same with the same params, from one repository. The name of the
/// artifact with the code does not count.
fn sameness(stage: &Stage, job: &Job<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    stage.kind.hash(&mut hasher);
    Repository::of_clone(&stage.code.git.repository).hash(&mut hasher);
    let code = Value::from(stage.code.resource.as_str());
    for step in job.steps.iter().filter(|step| step.author == Author::Kind) {
        match &step.what {
            What::Task(task) => {
                let mut params = task.script.params().into_owned();
                if let Value::Map(params) = &mut params {
                    params.retain(|_, value| *value != code);
                }
                hash(&params).hash(&mut hasher);
            }
            What::Put(put) => put.params.map(hash).hash(&mut hasher),
            _ => {}
        }
    }
    hasher.finish()
}

/// How a manifest makes the target of each environment another one, with an example that can be written as it stands.
fn remedy(job: &Job<'_>) -> Option<String> {
    let JobRole::Stage { stage, target: Some(target), target_options: options, .. } = job.role else { return None };
    let kind = format!("/stack/{}", escape(&stage.kind));
    if one_name_of_stack(stage).is_some() {
        return Some("name each stack after its environment: `names: {stack: \"{{ environment }}\"}`".to_owned());
    }
    let text = |name: &String| {
        let text = stage.origin.settings.at(&format!("{kind}/{}", escape(name)))?.as_str()?;
        let is_plain = !text.contains("((") && !text.contains("{{") && !text.contains('"');
        is_plain.then(|| format!("`{name}: \"{text}-{{{{ stack | lower }}}}\"`"))
    };
    let credential = credentials_of(target).next().map(|name| format!("`(({name}.{{{{ stack }}}}))`"));
    match (options.iter().find_map(text), credential) {
        (Some(example), Some(credential)) => {
            Some(format!("make {} differ: write {example}, or the credential {credential}", one_of(options)))
        }
        (Some(example), None) => Some(format!("make {} differ: write {example}", one_of(options))),
        (None, _) if !options.is_empty() => {
            Some(format!("make {} differ, such as with `{{{{ stack | lower }}}}` in it", one_of(options)))
        }
        (None, _) => None,
    }
}

/// The name of the stack, where it does not depend on the environment.
fn one_name_of_stack(stage: &Stage) -> Option<&Node> {
    let name = stage.origin.settings.at("/names/stack")?;
    (!name.as_str().is_some_and(|text| text.contains("environment"))).then_some(name)
}

/// Whether a put to a resource sets pipelines, as `concourse-pipeline-resource` does.
fn sets_pipelines(resource: &Resource<'_>) -> bool {
    let name = resource.image.unwrap_or(resource.type_name).rsplit('/').next().unwrap_or_default();
    matches!(name, "concourse-pipeline-resource" | "concourse-pipeline")
}

/// The pipelines that such a put names; `None` where a file names them.
fn pipelines_of<'p>(put: &Put<'p>) -> Option<Vec<&'p str>> {
    let Some(Value::List(pipelines)) = put.params?.get("pipelines") else { return None };
    let name = |pipeline: &'p Value| match pipeline.get("name") {
        Some(Value::Text(name)) => Some(name.as_str()),
        _ => None,
    };
    pipelines.iter().map(name).collect()
}

fn checks_render(step: &Step<'_>) -> bool {
    matches!(&step.what, What::Task(task) if task.checks_render)
}

fn home(home: Home<'_>) -> String {
    format!("{}/{}", home.target.unwrap_or_default(), home.team.unwrap_or_default())
}

/// The texts of a list.
fn texts(list: Option<&Value>) -> Vec<String> {
    let Some(Value::List(items)) = list else { return Vec::new() };
    let texts = items.iter().filter_map(|item| match item {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// A title up to what each build fills in, and whether that is all of it.
fn fixed(title: &str) -> (String, bool) {
    let end = title.find("((").into_iter().chain(title.find('{')).min();
    (title[..end.unwrap_or(title.len())].trim().to_owned(), end.is_none())
}

/// A number that is equal for equal types of resources and equal sources, however these are spelt.
pub(super) fn thing(of_type: &str, source: Source<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    of_type.hash(&mut hasher);
    let mut merged: BTreeMap<&str, &Value> = BTreeMap::new();
    for source in [source.of_type, source.own].into_iter().flatten() {
        match source {
            Value::Map(map) => merged.extend(map.iter().map(|(key, value)| (key.as_str(), value))),
            other => hash(other).hash(&mut hasher),
        }
    }
    for (key, value) in merged {
        key.hash(&mut hasher);
        match value {
            Value::Text(uri) if key == "uri" => Repository::of_clone(uri).hash(&mut hasher),
            Value::Text(text) => plain(text).hash(&mut hasher),
            value => hash(value).hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// A number that is equal for equal values. The order of a map's keys does not count.
pub(super) fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(value) => (1_u8, value).hash(&mut hasher),
        Value::Integer(value) => (2_u8, value).hash(&mut hasher),
        Value::Float(value) => (3_u8, value.to_bits()).hash(&mut hasher),
        Value::Text(text) => (4_u8, text).hash(&mut hasher),
        Value::List(items) => {
            5_u8.hash(&mut hasher);
            for item in items {
                hash(item).hash(&mut hasher);
            }
        }
        Value::Map(map) => {
            let entry = |(key, value): (&String, &Value)| {
                let mut hasher = DefaultHasher::new();
                (key, hash(value)).hash(&mut hasher);
                hasher.finish()
            };
            (6_u8, map.iter().map(entry).fold(0_u64, u64::wrapping_add)).hash(&mut hasher);
        }
    }
    hasher.finish()
}

impl Put<'_> {
    /// A text among its params.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.params?.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// What a run refuses to render is only a warning in a pipeline that somebody wrote by hand: there a person may know
/// better.
pub(super) fn as_found(diagnostic: Diagnostic, is_rendered: bool) -> Diagnostic {
    if is_rendered { diagnostic } else { diagnostic.of_severity(Severity::Warning) }
}
