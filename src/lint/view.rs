use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::source::Span;
use crate::yaml::{Map, Node};

/// What lints ask of a pipeline. What is not shaped as it should be is passed over: that is for others to report.
pub(super) struct PipelineView<'n> {
    pub(super) root: &'n Node,
    pub(super) resource_types: Vec<Definition<'n>>,
    pub(super) prototypes: Vec<Definition<'n>>,
    pub(super) var_sources: Vec<Definition<'n>>,
    pub(super) resources: Vec<Definition<'n>>,
    pub(super) jobs: Vec<JobView<'n>>,
    resource_at: HashMap<&'n str, usize>,
    /// In order, so that those that begin alike stand together.
    job_at: BTreeMap<&'n str, usize>,
    /// What the patterns among `passed` match: thousands of jobs may have some, and each lint asks.
    matched: RefCell<HashMap<String, Vec<usize>>>,
}

/// Something with a name and a type.
pub(super) struct Definition<'n> {
    pub(super) name: &'n str,
    /// Where its name stands.
    pub(super) span: Span,
    pub(super) node: &'n Node,
}

/// A job, and all of its steps: those within others and those of hooks as well, in order.
pub(super) struct JobView<'n> {
    pub(super) name: &'n str,
    /// Where its name stands.
    pub(super) span: Span,
    pub(super) node: &'n Node,
    pub(super) steps: Vec<StepView<'n>>,
}

/// A step.
pub(super) struct StepView<'n> {
    pub(super) kind: StepKind,
    /// What stands behind the key that makes it this step; nothing for those that hold steps.
    pub(super) name: &'n str,
    /// Where that stands.
    pub(super) span: Span,
    pub(super) node: &'n Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    Run,
    Task,
    Put,
    Get,
    SetPipeline,
    LoadVar,
    Try,
    Do,
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

/// Of a job as of a step.
const HOOKS: [&str; 5] = ["on_success", "on_failure", "on_error", "on_abort", "ensure"];

impl<'n> PipelineView<'n> {
    pub(super) fn of(root: &'n Node) -> Self {
        let resources = definitions(root, "resources");
        let jobs: Vec<JobView<'n>> = definitions(root, "jobs")
            .into_iter()
            .map(|Definition { name, span, node }| {
                let mut steps = Vec::new();
                for step in list(node, "plan") {
                    walk(step, &mut steps);
                }
                for hook in HOOKS.iter().filter_map(|hook| field(node, hook)) {
                    walk(hook, &mut steps);
                }
                JobView { name, span, node, steps }
            })
            .collect();
        Self {
            root,
            resource_types: definitions(root, "resource_types"),
            prototypes: definitions(root, "prototypes"),
            var_sources: definitions(root, "var_sources"),
            resource_at: resources.iter().enumerate().map(|(at, resource)| (resource.name, at)).collect(),
            job_at: jobs.iter().enumerate().map(|(at, job)| (job.name, at)).collect(),
            matched: RefCell::default(),
            resources,
            jobs,
        }
    }

    pub(super) fn resource(&self, name: &str) -> Option<&Definition<'n>> {
        self.resource_at.get(name).map(|at| &self.resources[*at])
    }

    pub(super) fn job(&self, name: &str) -> Option<&JobView<'n>> {
        self.job_at.get(name).map(|at| &self.jobs[*at])
    }

    /// The jobs that a `passed` names: by their names, or by a pattern (8.1 and newer).
    pub(super) fn passed<'v>(&'v self, step: &StepView<'n>) -> Vec<&'v JobView<'n>> {
        let mut found = Vec::new();
        for (name, _) in step.passed() {
            if let Some(job) = self.job(name) {
                found.push(job);
            } else if is_pattern(name) {
                let mut matched = self.matched.borrow_mut();
                let jobs = matched.entry(name.to_owned()).or_insert_with(|| self.matching(name));
                found.extend(jobs.iter().map(|at| &self.jobs[*at]));
            }
        }
        found
    }

    /// The jobs that a pattern matches, in order. Only those are looked at that begin as it does.
    fn matching(&self, pattern: &str) -> Vec<usize> {
        let start = pattern.split(is_special).next().unwrap_or_default();
        let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
        let alike = self.job_at.range(start..).take_while(|(name, _)| name.starts_with(start));
        let mut found: Vec<usize> = alike.filter(|(name, _)| pattern.matches(name)).map(|(_, at)| *at).collect();
        found.sort_unstable();
        found
    }

    /// Each step of each job.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&JobView<'n>, &StepView<'n>)> {
        self.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)))
    }

    /// Is a resource one of issues whose closing approves? Told by its type's name, or by the image behind it.
    pub(super) fn is_of_issues(&self, resource: &Definition<'_>) -> bool {
        let kind = resource.text("type").unwrap_or_default();
        let image = self.resource_types.iter().find(|definition| definition.name == kind);
        let repository = image.and_then(|image| field(field(image.node, "source")?, "repository")?.as_str());
        kind == "github-issues" || repository.is_some_and(|repository| repository.contains("github-issues"))
    }

    /// Does a step wait for an issue to be closed?
    pub(super) fn is_approval(&self, step: &StepView<'_>) -> bool {
        step.kind == StepKind::Get
            && self.resource(step.resource()).is_some_and(|resource| {
                self.is_of_issues(resource) && resource.source_text("issue_state") != Some("open")
            })
    }
}

impl<'n> Definition<'n> {
    pub(super) fn text(&self, key: &str) -> Option<&'n str> {
        field(self.node, key)?.as_str()
    }

    pub(super) fn source(&self) -> Option<&'n Node> {
        field(self.node, "source")
    }

    pub(super) fn source_text(&self, key: &str) -> Option<&'n str> {
        field(self.source()?, key)?.as_str()
    }
}

impl<'n> JobView<'n> {
    pub(super) fn of_kind(&self, kind: StepKind) -> impl Iterator<Item = &StepView<'n>> {
        self.steps.iter().filter(move |step| step.kind == kind)
    }

    /// Its inputs.
    pub(super) fn gets(&self) -> impl Iterator<Item = &StepView<'n>> {
        self.of_kind(StepKind::Get)
    }

    pub(super) fn puts(&self) -> impl Iterator<Item = &StepView<'n>> {
        self.of_kind(StepKind::Put)
    }

    /// The resources that it takes or pushes to.
    pub(super) fn resources(&self) -> impl Iterator<Item = &'n str> {
        self.gets().chain(self.puts()).map(StepView::resource)
    }

    /// The environment at the end of its name, and what stands before it. `unit-test` and `build-rc` say what is done, and
    /// not where: such words count in the name of a deployment.
    pub(super) fn environment(&self) -> Option<(&'n str, Environment)> {
        let (stem, environment) = environment_of(self.name)?;
        let word = &self.name[stem.len() + 1..];
        let is_task = ["ci", "rc", "test"].iter().any(|known| known.eq_ignore_ascii_case(word));
        (!is_task || self.deploys()).then_some((stem, environment))
    }

    /// Does its name say that it deploys something, or shows what that would do?
    pub(super) fn deploys(&self) -> bool {
        ["deploy", "preview", "promote", "apply"].iter().any(|verb| self.name.contains(verb))
    }
}

impl<'n> StepView<'n> {
    /// The resource that a get or put is of.
    pub(super) fn resource(&self) -> &'n str {
        self.text("resource").unwrap_or(self.name)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'n str> {
        field(self.node, key)?.as_str()
    }

    pub(super) fn param(&self, key: &str) -> Option<&'n Node> {
        field(field(self.node, "params")?, key)
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    pub(super) fn triggers(&self) -> bool {
        self.is("trigger")
    }

    pub(super) fn passed(&self) -> impl Iterator<Item = (&'n str, Span)> + use<'n> {
        texts(list(self.node, "passed"))
    }

    /// The configuration of a task, if it stands in the pipeline.
    pub(super) fn config(&self) -> Option<&'n Node> {
        field(self.node, "config")
    }
}

/// An environment that a name tells of, in the order of promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Environment {
    /// Where a commit goes by itself.
    Integration,
    /// Where it is tried.
    Test,
    /// Where people use it.
    Production,
}

/// The environment at the end of a name, and what stands before it.
pub(super) fn environment_of(name: &str) -> Option<(&str, Environment)> {
    let (stem, word) = name.rsplit_once(['-', '.', '_'])?;
    let environment = environment(word)?;
    Some((stem, environment))
}

/// The environment that a word is.
pub(super) fn environment(word: &str) -> Option<Environment> {
    match word.to_ascii_lowercase().as_str() {
        "ci" | "dev" | "development" => Some(Environment::Integration),
        "qa" | "rc" | "test" | "staging" | "uat" => Some(Environment::Test),
        "production" | "prod" => Some(Environment::Production),
        _ => None,
    }
}

/// Names of which the pipeline's variables are a part are not known.
pub(super) fn is_known(name: &str) -> bool {
    !name.contains("((")
}

pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(is_special)
}

fn is_special(c: char) -> bool {
    matches!(c, '*' | '?' | '[' | '\\')
}

/// The value of a key of a map.
pub(super) fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.as_map()?.get(key)
}

/// The items of a list under a key.
pub(super) fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    field(node, key).and_then(Node::as_list).unwrap_or_default()
}

/// The texts among the items of a list.
pub(super) fn texts(items: &[Node]) -> impl Iterator<Item = (&str, Span)> {
    items.iter().filter_map(|item| Some((item.as_str()?, item.span)))
}

/// The value of `name` of each item of a list, where it stands, and the item.
pub(super) fn definitions<'n>(node: &'n Node, key: &str) -> Vec<Definition<'n>> {
    let named = |item: &'n Node| {
        let name = field(item, "name")?;
        Some(Definition { name: name.as_str()?, span: name.span, node: item })
    };
    list(node, key).iter().filter_map(named).collect()
}

/// Each scalar below a node, with the key that it stands under.
pub(super) fn each_text<'n>(key: &'n str, node: &'n Node, see: &mut impl FnMut(&'n str, &'n str, Span)) {
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

fn walk<'n>(node: &'n Node, steps: &mut Vec<StepView<'n>>) {
    let core = CORE.iter().find_map(|(key, kind)| Some((*kind, node.as_map()?.entry(key)?)));
    if let Some((kind, entry)) = core {
        let value = &entry.value;
        let span = if value.as_str().is_some() { value.span } else { entry.key_span };
        steps.push(StepView { kind, name: value.as_str().unwrap_or_default(), span, node });
        match kind {
            StepKind::Try => walk(value, steps),
            StepKind::Do => {
                for step in value.as_list().unwrap_or_default() {
                    walk(step, steps);
                }
            }
            StepKind::InParallel => {
                let inner = value.as_list().unwrap_or_else(|| list(value, "steps"));
                for step in inner {
                    walk(step, steps);
                }
            }
            _ => {}
        }
    }
    for hook in HOOKS.iter().filter_map(|hook| field(node, hook)) {
        walk(hook, steps);
    }
}

/// The jobs that stand before a job along one resource: by its `passed`, theirs, and so on. `None` when they are more
/// than can be looked through for each job of a large pipeline.
pub(super) fn upstream<'v, 'n>(
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
