//! A pipeline as rules and lints look at it: jobs and steps as nodes that know their places.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::issues::is_gate_type;
use crate::job_names::{self, Environment, environment_of};
use crate::model::is_clock;
use crate::validate::PathPattern;
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node, NodeKind};

/// What rules and lints ask of a pipeline. What is not shaped as it should be is passed over: that is for others to report.
pub struct PipelineView<'n> {
    pub(crate) root: &'n Node,
    /// The resource types, in order.
    pub resource_types: Vec<Definition<'n>>,
    pub(crate) prototypes: Vec<Definition<'n>>,
    pub(crate) var_sources: Vec<Definition<'n>>,
    /// The resources, in order.
    pub resources: Vec<Definition<'n>>,
    /// The jobs, in order.
    pub jobs: Vec<JobView<'n>>,
    resource_at: HashMap<&'n str, usize>,
    /// The first of each name, in order, so that those that begin alike stand together.
    job_at: BTreeMap<&'n str, usize>,
    /// What the patterns among `passed` match: thousands of jobs may have some, and each lint asks.
    matched: RefCell<HashMap<String, Vec<usize>>>,
}

/// Something with a name and a type.
pub struct Definition<'n> {
    /// Its place in the list.
    pub index: usize,
    /// Empty, when it has none.
    pub name: &'n str,
    /// Where its name stands; it itself, without a name.
    pub span: Span,
    /// All of it.
    pub node: &'n Node,
}

/// A job, and all of its steps: those within others and those of hooks as well, in order.
pub struct JobView<'n> {
    /// Its place in the list.
    pub(crate) index: usize,
    /// Empty, when it has none.
    pub name: &'n str,
    /// Where its name stands; it itself, without a name.
    pub span: Span,
    /// All of it.
    pub node: &'n Node,
    /// Its steps.
    pub steps: Vec<StepView<'n>>,
    /// Steps of it could not be read, or what they are of: more may be in it than what is known.
    pub(crate) is_broken: bool,
}

/// A step.
pub struct StepView<'n> {
    /// What it does.
    pub kind: StepKind,
    /// What stands behind the key that makes it this step; nothing for those that hold steps.
    pub name: &'n str,
    /// Where that stands.
    pub span: Span,
    /// All of it.
    pub node: &'n Node,
    /// Where it stands in the job.
    pub place: StepPlace,
}

/// Where a step stands in its job. Steps that hold others are told by their places among the job's.
#[derive(Clone, Copy, Debug)]
pub enum StepPlace {
    /// In the plan, at this place.
    Plan(usize),
    /// In a hook of the job.
    JobHook(&'static str),
    /// In the `do` step of this number, at this place.
    Do(usize, usize),
    /// In the `in_parallel` step of this number, at this place.
    InParallel(usize, usize),
    /// In the `try` step of this number.
    Try(usize),
    /// In a hook of the step of this number.
    Hook(usize, &'static str),
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Runs a prototype.
    Run,
    /// Runs a task.
    Task,
    /// Pushes a version.
    Put,
    /// Fetches a version.
    Get,
    /// Sets a pipeline.
    SetPipeline,
    /// Loads a file into a variable.
    LoadVar,
    /// Holds a step that can fail.
    Try,
    /// Holds steps, one after the other.
    Do,
    /// Holds steps that run at once.
    InParallel,
}

/// The keys that make a step what it is, in the order in which Concourse looks for them (`atc/steps.go`).
const CORE: [(&str, StepKind); 9] = [
    ("run", StepKind::Run),
    ("task", StepKind::Task),
    ("put", StepKind::Put),
    ("get", StepKind::Get),
    ("set_pipeline", StepKind::SetPipeline),
    ("load_var", StepKind::LoadVar),
    ("try", StepKind::Try),
    ("do", StepKind::Do),
    ("in_parallel", StepKind::InParallel),
];

/// Of a job as of a step, in the order in which Concourse looks at them.
const HOOKS: [&str; 5] = ["on_success", "on_failure", "on_abort", "on_error", "ensure"];

impl<'n> PipelineView<'n> {
    /// Reads the root of a pipeline.
    pub fn of(root: &'n Node) -> Self {
        let resources = definitions(root, "resources");
        let jobs: Vec<JobView<'n>> = definitions(root, "jobs")
            .into_iter()
            .map(|Definition { index, name, span, node }| {
                let mut walk = StepWalk { steps: Vec::new(), is_broken: is_invalid(node) };
                walk.list(field(node, "plan"), StepPlace::Plan);
                for hook in HOOKS {
                    if let Some(step) = field(node, hook) {
                        walk.step(step, StepPlace::JobHook(hook));
                    }
                }
                JobView { index, name, span, node, steps: walk.steps, is_broken: walk.is_broken }
            })
            .collect();
        let mut job_at = BTreeMap::new();
        for (at, job) in jobs.iter().enumerate() {
            job_at.entry(job.name).or_insert(at);
        }
        Self {
            root,
            resource_types: definitions(root, "resource_types"),
            prototypes: definitions(root, "prototypes"),
            var_sources: definitions(root, "var_sources"),
            resource_at: resources.iter().enumerate().map(|(at, resource)| (resource.name, at)).collect(),
            job_at,
            matched: RefCell::default(),
            resources,
            jobs,
        }
    }

    pub(crate) fn resource(&self, name: &str) -> Option<&Definition<'n>> {
        self.resource_at.get(name).map(|at| &self.resources[*at])
    }

    pub(crate) fn job(&self, name: &str) -> Option<&JobView<'n>> {
        self.job_at.get(name).map(|at| &self.jobs[*at])
    }

    /// The jobs that a `passed` names: by their names, or by a pattern (8.1 and newer).
    pub fn passed<'v>(&'v self, step: &StepView<'n>) -> Vec<&'v JobView<'n>> {
        let mut found = Vec::new();
        for (name, _) in step.passed() {
            if let Some(job) = self.job(name) {
                found.push(job);
            } else if is_pattern(name) {
                found.extend(self.matching(name).into_iter().map(|at| &self.jobs[at]));
            }
        }
        found
    }

    /// The jobs that a pattern matches, in order, the first of each name.
    pub(crate) fn matching(&self, pattern: &str) -> Vec<usize> {
        let mut matched = self.matched.borrow_mut();
        matched.entry(pattern.to_owned()).or_insert_with(|| self.look_for(pattern)).clone()
    }

    /// Only those are looked at that begin as the pattern does.
    fn look_for(&self, pattern: &str) -> Vec<usize> {
        let start = pattern.split(is_special).next().unwrap_or_default();
        let pattern = PathPattern::new(pattern);
        let alike = self.job_at.range(start..).take_while(|(name, _)| name.starts_with(start));
        let mut found: Vec<usize> = alike.filter(|(name, _)| pattern.matches(name)).map(|(_, at)| *at).collect();
        found.sort_unstable();
        found
    }

    /// Each step of each job.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&JobView<'n>, &StepView<'n>)> {
        self.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)))
    }

    /// Is a resource one of issues whose closing approves? Told by its type's name, or by the image behind it.
    pub(crate) fn is_of_issues(&self, resource: &Definition<'_>) -> bool {
        let kind = resource.text("type").unwrap_or_default();
        let image = self.resource_types.iter().find(|definition| definition.name == kind);
        let repository = image.and_then(|image| field(field(image.node, "source")?, "repository")?.as_str());
        is_gate_type(kind, repository)
    }

    /// Whether the versions of a resource are surely times, and no content.
    pub(crate) fn holds_only_times(&self, resource: &Definition<'_>) -> bool {
        let kind = resource.text("type").unwrap_or_default();
        let of_type = self.resource_types.iter().find(|definition| definition.name == kind);
        is_clock(kind, of_type.is_some(), of_type.and_then(|of_type| of_type.source_text("repository")))
    }

    /// Whether a resource is a clock by its name or image, so that its versions are nothing to promote.
    pub fn is_clock(&self, resource: &Definition<'_>) -> bool {
        let kind = resource.text("type").unwrap_or_default();
        let image = self.resource_types.iter().find(|definition| definition.name == kind);
        let image = image.and_then(|image| image.source_text("repository")).unwrap_or_default();
        let names_clock = |name: &str| {
            name.split(['-', '_', '/', '.', ':']).any(|word| matches!(word, "time" | "cron" | "timer" | "schedule"))
        };
        kind == "time" || names_clock(kind) || names_clock(image)
    }

    /// Does a step wait for an issue to be closed?
    pub(crate) fn is_approval(&self, step: &StepView<'_>) -> bool {
        self.is_of_issue(step) && !self.is_record(step)
    }

    /// Whether a step gets a record, whose versions the job checks out. Nobody has to close anything.
    pub(crate) fn is_record(&self, step: &StepView<'_>) -> bool {
        let role = self.resource(step.resource()).and_then(|resource| resource.source_text("role"));
        self.is_of_issue(step) && role == Some("records")
    }

    fn is_of_issue(&self, step: &StepView<'_>) -> bool {
        let watched = |resource: &Definition<'_>| {
            self.is_of_issues(resource) && resource.source_text("issue_state") != Some("open")
        };
        step.kind == StepKind::Get && self.resource(step.resource()).is_some_and(watched)
    }
}

impl<'n> Definition<'n> {
    /// The text of a field.
    pub fn text(&self, key: &str) -> Option<&'n str> {
        text(field(self.node, key)?)
    }

    /// Its source.
    pub fn source(&self) -> Option<&'n Node> {
        field(self.node, "source")
    }

    pub(crate) fn source_text(&self, key: &str) -> Option<&'n str> {
        field(self.source()?, key)?.as_str()
    }
}

impl<'n> JobView<'n> {
    pub(crate) fn of_kind(&self, kind: StepKind) -> impl Iterator<Item = &StepView<'n>> {
        self.steps.iter().filter(move |step| step.kind == kind)
    }

    /// Its inputs.
    pub(crate) fn gets(&self) -> impl Iterator<Item = &StepView<'n>> {
        self.of_kind(StepKind::Get)
    }

    pub(crate) fn puts(&self) -> impl Iterator<Item = &StepView<'n>> {
        self.of_kind(StepKind::Put)
    }

    /// The resources that it takes or pushes to.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &'n str> {
        self.gets().chain(self.puts()).map(StepView::resource)
    }

    /// The environment at the end of its name, and what stands before it. `unit-test` and `build-rc` say what is done, and
    /// not where: such words count in the name of a deployment.
    pub fn environment(&self) -> Option<(&'n str, Environment)> {
        let (stem, environment) = environment_of(self.name)?;
        let word = &self.name[stem.len() + 1..];
        (!job_names::is_task(word) || self.deploys()).then_some((stem, environment))
    }

    /// Does its name say that it deploys something, or shows what that would do?
    pub fn deploys(&self) -> bool {
        job_names::is_deployment(self.name)
    }
}

impl<'n> StepView<'n> {
    /// The resource that a get or put is of.
    pub fn resource(&self) -> &'n str {
        self.text("resource").filter(|name| !name.is_empty()).unwrap_or(self.name)
    }

    /// Does it run across values?
    pub fn is_across(&self) -> bool {
        field(self.node, "across").is_some()
    }

    /// The text of a field.
    pub fn text(&self, key: &str) -> Option<&'n str> {
        text(field(self.node, key)?)
    }

    /// One of its params.
    pub fn param(&self, key: &str) -> Option<&'n Node> {
        field(field(self.node, "params")?, key)
    }

    /// Whether a field is true.
    pub fn is(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// Whether it is a get that starts builds of its job.
    pub fn triggers(&self) -> bool {
        self.is("trigger")
    }

    pub(crate) fn passed(&self) -> impl Iterator<Item = (&'n str, Span)> + use<'n> {
        texts(list(self.node, "passed"))
    }

    /// The configuration of a task, if it stands in the pipeline.
    pub fn config(&self) -> Option<&'n Node> {
        field(self.node, "config")
    }
}

/// Names of which the pipeline's variables are a part are not known.
pub(crate) fn is_known(name: &str) -> bool {
    !name.contains("((")
}

pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains(is_special)
}

fn is_special(c: char) -> bool {
    matches!(c, '*' | '?' | '[' | '\\')
}

/// The value of a key of a map.
pub fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.as_map()?.get(key)
}

/// The items of a list under a key.
pub fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    field(node, key).and_then(Node::as_list).unwrap_or_default()
}

/// The texts among the items of a list.
pub fn texts(items: &[Node]) -> impl Iterator<Item = (&str, Span)> {
    items.iter().filter_map(|item| Some((if item.is_null() { "" } else { item.as_str()? }, item.span)))
}

/// The items of a list, each with the value of its `name` and where that stands.
pub(crate) fn definitions<'n>(node: &'n Node, key: &str) -> Vec<Definition<'n>> {
    let named = |(index, item): (usize, &'n Node)| {
        let name = field(item, "name").filter(|name| text(name).is_some_and(|name| !name.is_empty()));
        Definition {
            index,
            name: name.and_then(text).unwrap_or_default(),
            span: name.map_or(item.span, |name| name.span),
            node: item,
        }
    };
    list(node, key).iter().enumerate().map(named).collect()
}

/// A text; null is none.
pub fn text(node: &Node) -> Option<&str> {
    node.as_str().filter(|_| !node.is_null())
}

/// Could it not be read? That has been reported.
pub(crate) fn is_invalid(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Invalid)
}

/// Is that so of a list, of one of its items, or of the name of one, so that it may hold more names than are known?
pub(crate) fn names_are_unknown(root: &Node, key: &str) -> bool {
    let is_unnamed = |item: &Node| is_invalid(item) || field(item, "name").is_some_and(is_invalid);
    is_invalid(root) || field(root, key).is_some_and(is_invalid) || list(root, key).iter().any(is_unnamed)
}

/// Each scalar below a node, with the key that it stands under.
pub fn each_text<'n>(key: &'n str, node: &'n Node, see: &mut impl FnMut(&'n str, &'n str, Span)) {
    if let Some(text) = node.as_str() {
        see(key, text, node.span);
    }
    for item in node.as_list().unwrap_or_default() {
        each_text(key, item, see);
    }
    for entry in node.as_map().into_iter().flat_map(Map::entries) {
        each_text(&entry.key, &entry.value, see);
    }
}

struct StepWalk<'n> {
    steps: Vec<StepView<'n>>,
    is_broken: bool,
}

impl<'n> StepWalk<'n> {
    fn list(&mut self, node: Option<&'n Node>, place: impl Fn(usize) -> StepPlace) {
        let Some(node) = node else { return };
        self.is_broken |= is_invalid(node);
        for (index, step) in node.as_list().unwrap_or_default().iter().enumerate() {
            self.step(step, place(index));
        }
    }

    fn step(&mut self, node: &'n Node, place: StepPlace) {
        let core = CORE.iter().find_map(|(key, kind)| Some((*kind, node.as_map()?.entry(key)?)));
        let Some((kind, entry)) = core else {
            self.is_broken = true;
            return;
        };
        let value = &entry.value;
        self.is_broken |= is_invalid(value) || field(node, "resource").is_some_and(is_invalid);
        let name = text(value);
        let span = if name.is_some() { value.span } else { entry.key_span };
        let at = self.steps.len();
        self.steps.push(StepView { kind, name: name.unwrap_or_default(), span, node, place });
        match kind {
            StepKind::Try => self.step(value, StepPlace::Try(at)),
            StepKind::Do => self.list(Some(value), |index| StepPlace::Do(at, index)),
            StepKind::InParallel => {
                let inner = if value.as_map().is_some() { field(value, "steps") } else { Some(value) };
                self.list(inner, |index| StepPlace::InParallel(at, index));
            }
            _ => {}
        }
        for hook in HOOKS {
            if let Some(step) = field(node, hook) {
                self.step(step, StepPlace::Hook(at, hook));
            }
        }
    }
}

/// The jobs that stand before a job along one resource: by its `passed`, theirs, and so on. `None` when they are more
/// than can be looked through for each job of a large pipeline.
pub(crate) fn upstream<'v, 'n>(
    view: &'v PipelineView<'n>,
    job: &'v JobView<'n>,
    resource: &str,
) -> Option<Vec<&'v JobView<'n>>> {
    const MOST: usize = 100;
    let mut seen: BTreeSet<&str> = BTreeSet::from([job.name]);
    let mut found = Vec::new();
    let mut open = vec![job];
    while let Some(job) = open.pop() {
        for step in job.gets().filter(|step| step.resource() == resource) {
            for before in view.passed(step) {
                if seen.insert(before.name) {
                    found.push(before);
                    open.push(before);
                }
            }
        }
        if found.len() > MOST {
            return None;
        }
    }
    Some(found)
}
