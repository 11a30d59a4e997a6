use std::collections::BTreeMap;
use std::sync::Arc;

use concourse_pipeline::lint::part_in;
use concourse_pipeline::view::{field, list};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};

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
}

impl Places {
    /// Those of a pipeline, of which `named_at` is where it is said what it is called.
    pub(crate) fn of(plan: &PipelinePlan<'_>, named_at: Span) -> Self {
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
        Self { jobs, other: extras.map(|extra| extra.span).next().unwrap_or(named_at), settings }
    }

    /// Those of a pipeline that a fleet brings about as a whole.
    pub(crate) fn all_at(span: Span) -> Self {
        Self { jobs: BTreeMap::new(), other: span, settings: Vec::new() }
    }

    /// That of a job. One that is unknown, or none, is in the pipeline as a whole.
    pub(crate) fn of_job(&self, job: Option<&str>) -> Span {
        job.and_then(|job| self.jobs.get(job)).copied().unwrap_or(self.other)
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
