use std::collections::BTreeMap;
use std::sync::Arc;

use concourse_pipeline::lint::part_in;
use concourse_pipeline::view::{field, list};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};

use crate::kind::{Kind, KindSet};
use crate::lower::{Author, Lowered};
use crate::plan::{PipelinePlan, PlannedJob};

/// What in a manifest brings a pipeline and its jobs about.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Those of stages and builds, by name, and those of `extra` whose names are not filled in.
    jobs: BTreeMap<String, Span>,
    /// Other jobs of `extra`, and what is in no job.
    other: Span,
    /// The settings of its stages, in which texts are looked up.
    settings: Vec<Arc<Node>>,
    /// Of each job, who wrote each step of its plan, and where.
    plans: BTreeMap<String, Vec<(Author, Span)>>,
    /// Where resources and resource types of kinds and of `extra` are defined.
    defined: BTreeMap<(&'static str, String), Span>,
}

impl Places {
    /// Those of a pipeline, of which `named_at` is where it is said what it is called.
    pub(crate) fn of(plan: &PipelinePlan<'_>, lowered: &mut Lowered<'_>, named_at: Span) -> Self {
        let stage = |job: &PlannedJob<'_>| match job {
            PlannedJob::Stage(job) => job.stage.origin.span,
            PlannedJob::Build(job) => job.stage.origin.span,
        };
        let extras = plan.jobs.iter().filter_map(|job| match job {
            PlannedJob::Stage(job) => job.stage.origin.settings.at("/extra"),
            PlannedJob::Build(_) => None,
        });
        let named = |job: &Node| {
            let name = field(job, "name")?;
            Some((name.as_str()?.to_owned(), name.span))
        };
        let mut jobs: BTreeMap<String, Span> =
            extras.clone().flat_map(|extra| list(extra, "jobs")).filter_map(named).collect();
        jobs.extend(plan.jobs.iter().map(|job| (job.name().to_string(), stage(job))));
        let settings = plan.jobs.iter().map(|job| match job {
            PlannedJob::Stage(job) => Arc::clone(&job.stage.origin.settings),
            PlannedJob::Build(job) => Arc::clone(&job.stage.origin.settings),
        });
        let settings = settings.collect();
        let names = lowered.pipeline.jobs.iter().map(|job| job.name.to_string());
        let plans = names.zip(lowered.origins.iter_mut().map(|origin| std::mem::take(&mut origin.plan))).collect();
        let defined = std::mem::take(&mut lowered.defined);
        let other = extras.map(|extra| extra.span).next().unwrap_or(named_at);
        Self { jobs, other, settings, plans, defined }
    }

    /// Those of a pipeline that a fleet brings about as a whole.
    pub(crate) fn all_at(span: Span) -> Self {
        Self {
            jobs: BTreeMap::new(),
            other: span,
            settings: Vec::new(),
            plans: BTreeMap::new(),
            defined: BTreeMap::new(),
        }
    }

    /// That of a job. One that is unknown, or none, is in the pipeline as a whole.
    pub(crate) fn of_job(&self, job: Option<&str>) -> Span {
        job.and_then(|job| self.jobs.get(job)).copied().unwrap_or(self.other)
    }

    /// Where somebody wrote a part of the rendered pipeline: in a step of a kind of one's own, of `before`, `after` or
    /// `extra`, or in a resource of those.
    pub(crate) fn of_part(&self, pipeline: &Node, part: Span, kinds: &KindSet) -> Option<Span> {
        let holds = |node: &&Node| node.span.start <= part.start && part.end <= node.span.end;
        for section in ["resources", "resource_types"] {
            if let Some(defined) = list(pipeline, section).iter().find(holds) {
                let name = field(defined, "name")?.as_str()?;
                return self.written(*self.defined.get(&(section, name.to_owned()))?, defined, part, kinds);
            }
        }
        // Those come of `extra` alone.
        if let Some(source) = list(pipeline, "var_sources").iter().find(holds) {
            let name = field(source, "name")?.as_str()?;
            let is_same = |written: &&Node| field(written, "name").and_then(Node::as_str) == Some(name);
            let mut all = self.settings.iter().filter_map(|settings| settings.at("/extra"));
            let written = all.find_map(|extra| list(extra, "var_sources").iter().find(is_same))?;
            return Some(written.origin_of(source, part));
        }
        if let Some(display) = field(pipeline, "display").filter(holds) {
            let mut all = self.settings.iter().filter_map(|settings| settings.at("/extra/display"));
            return Some(all.next()?.origin_of(display, part));
        }
        let job = list(pipeline, "jobs").iter().find(holds)?;
        let plan = self.plans.get(field(job, "name")?.as_str()?)?;
        let steps = list(job, "plan");
        let Some((at, step)) = steps.iter().enumerate().find(|(_, step)| holds(step)) else {
            // Of all steps of a job of `extra` the place is the job.
            let (_, of_job) = plan.first().filter(|(author, _)| *author == Author::Extra)?;
            return self.written(*of_job, job, part, kinds);
        };
        let (author, span) = *plan.get(at)?;
        match author {
            Author::Extra => self.written(span, job, part, kinds),
            Author::Kind | Author::Around => self.written(span, step, part, kinds),
            Author::Generator | Author::Need | Author::Person => None,
        }
    }

    /// The place of a part of what came of a value at `span`. `None` of what comes with the program.
    fn written(&self, span: Span, filled: &Node, part: Span, kinds: &KindSet) -> Option<Span> {
        let settings = self.settings.iter().map(|settings| &**settings);
        let source = settings.chain(kinds.own().iter().map(Kind::node)).find_map(|node| node.spanning(span))?;
        Some(source.origin_of(filled, part))
    }

    /// Where the settings have a text, a line of it at least.
    pub(crate) fn of_text(&self, text: &str) -> Option<Span> {
        // A single word may stand for something else elsewhere.
        let is_phrase = |line: &&str| line.contains(' ') || line.contains("((");
        let line = text.lines().map(|line| line.trim().trim_matches(['"', '\''])).find(is_phrase)?;
        self.settings.iter().find_map(|settings| part_in(settings, line))
    }

    /// Where a task of the settings has an output of that name.
    pub(crate) fn of_output(&self, name: &str) -> Option<Span> {
        self.settings.iter().find_map(|settings| output_in(settings, name))
    }
}

fn output_in(node: &Node, name: &str) -> Option<Span> {
    let mut outputs = list(node, "outputs").iter().filter_map(|output| field(output, "name"));
    let found = outputs.find(|found| found.as_str() == Some(name)).map(|found| found.span);
    let inner = || {
        let entries = node.as_map().into_iter().flat_map(Map::entries).map(|entry| &entry.value);
        let mut all = entries.chain(node.as_list().unwrap_or_default());
        all.find_map(|inner| output_in(inner, name))
    };
    found.or_else(inner)
}
