use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Pipeline, Resource};

use super::issue::{IssueResource, text};
use super::job::{JobFlow, PipelineFlow, resource_of, what};
use crate::issues::IssueId;

/// A pipeline, and what to call the place where it lives.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'p> {
    /// The pipeline.
    pub pipeline: &'p Pipeline,
    /// Its name, with that of its Concourse where there are several.
    pub place: &'p str,
}

/// Who starts whom. Issues lead from one pipeline to another, and so do sources that they have in common.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The nodes: each place's sources, jobs and issues, in the order of its jobs.
    pub nodes: Vec<Node>,
    /// The edges, by their first end.
    pub edges: Vec<Edge>,
    /// The places, where there are several.
    pub places: Vec<String>,
}

/// A thing of the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name; the title of an issue.
    pub name: String,
    /// What else is known, a few words each.
    pub notes: Vec<String>,
    /// Its place, by number, where there are several.
    pub place: Option<usize>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A resource of which versions come from outside, or from jobs that put it.
    Source,
    /// A job.
    Job,
    /// An issue whose closing starts a job.
    Gate,
    /// An issue whose closing starts nothing.
    Record,
}

/// How one thing leads to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// From this node.
    pub from: usize,
    /// To that.
    pub to: usize,
    /// How.
    pub kind: EdgeKind,
    /// The resources whose versions go along.
    pub resources: Vec<String>,
}

/// How one thing leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A new version, or a success, starts the job.
    Starts,
    /// The job takes what there is, and is not started by it.
    Takes,
    /// The job opens the issue.
    Opens,
    /// Closing the issue starts the job.
    Approves,
    /// Each record in the issue starts the job.
    Records,
    /// The job makes a version.
    Makes,
}

impl EdgeKind {
    /// In words, to stand between both ends.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Starts => "starts",
            Self::Takes => "versions go to",
            Self::Opens => "opens",
            Self::Approves => "closing it starts",
            Self::Records => "each record in it starts",
            Self::Makes => "makes",
        }
    }
}

impl Graph {
    /// The graph of pipelines.
    pub fn of(pipelines: &[Placed<'_>]) -> Self {
        let flows: Vec<PipelineFlow<'_>> = pipelines.iter().map(|placed| PipelineFlow::of(placed.pipeline)).collect();
        let mut builder = Builder {
            graph: Self::default(),
            sources: HashMap::new(),
            jobs: HashMap::new(),
            issues: BTreeMap::new(),
            edges: BTreeMap::new(),
        };
        if pipelines.len() > 1 {
            builder.graph.places = pipelines.iter().map(|placed| placed.place.to_owned()).collect();
        }
        for (place, flow) in flows.iter().enumerate() {
            for job in &flow.jobs {
                builder.job(place, flow, job);
            }
        }
        for (place, flow) in flows.iter().enumerate() {
            for job in &flow.jobs {
                builder.edges_into(place, flow, job);
            }
        }
        builder.finish()
    }
}

impl Graph {
    /// The graph without what is only taken: what is left starts something, or is made or opened by a job.
    #[must_use]
    pub fn only_triggers(mut self) -> Self {
        self.edges.retain(|edge| edge.kind != EdgeKind::Takes);
        let connected: BTreeSet<usize> = self.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
        let mut kept: HashMap<usize, usize> = HashMap::new();
        let nodes = std::mem::take(&mut self.nodes);
        for (number, node) in nodes.into_iter().enumerate() {
            if node.kind == NodeKind::Job || connected.contains(&number) {
                kept.insert(number, self.nodes.len());
                self.nodes.push(node);
            }
        }
        for edge in &mut self.edges {
            (edge.from, edge.to) = (kept[&edge.from], kept[&edge.to]);
        }
        self
    }
}

struct Builder<'p> {
    graph: Graph,
    /// By name and by the place of the first of the equal ones.
    sources: HashMap<&'p str, Vec<(&'p Resource, usize)>>,
    jobs: HashMap<(usize, &'p str), usize>,
    issues: BTreeMap<IssueId<'p>, usize>,
    edges: BTreeMap<(usize, usize, EdgeKind), BTreeSet<String>>,
}

impl<'p> Builder<'p> {
    fn push(&mut self, kind: NodeKind, name: &str, notes: Vec<String>, place: Option<usize>) -> usize {
        self.graph.nodes.push(Node { kind, name: name.to_owned(), notes, place });
        self.graph.nodes.len() - 1
    }

    /// Adds a job, with the sources that it takes first and the issues that it opens.
    fn job(&mut self, place: usize, flow: &PipelineFlow<'p>, job: &JobFlow<'p>) {
        for taking in job.takes.iter().filter(|taking| taking.get.passed.is_empty()) {
            if let Some(resource) = flow.resources.get(taking.resource) {
                self.source(resource);
            }
        }
        let notes = if job.only_by_hand() { vec!["started by hand".to_owned()] } else { Vec::new() };
        let at = (!self.graph.places.is_empty()).then_some(place);
        let node = self.push(NodeKind::Job, job.job.name.as_str(), notes, at);
        self.jobs.insert((place, job.job.name.as_str()), node);
        for put in &job.opens {
            let issue = &flow.issues[resource_of(put)];
            let title = put.params.as_ref().and_then(|params| text(params, "title"));
            let opened = self.issue(issue, title);
            self.edge(node, opened, EdgeKind::Opens, None);
        }
    }

    fn source(&mut self, resource: &'p Resource) -> usize {
        let same = self.sources.get(resource.name.as_str()).and_then(|known| {
            known.iter().find(|(other, _)| other.type_name == resource.type_name && other.source == resource.source)
        });
        if let Some((_, node)) = same {
            return *node;
        }
        let node = self.push(NodeKind::Source, resource.name.as_str(), what(resource), None);
        self.sources.entry(resource.name.as_str()).or_default().push((resource, node));
        node
    }

    /// The node of an issue, which is for the record until a job turns out to go by it.
    fn issue(&mut self, issue: &IssueResource<'p>, title: Option<&str>) -> usize {
        if let Some(known) = self.issues.get(&issue.id) {
            return *known;
        }
        let mark = issue.id.mark.text();
        let title = title.or(issue.title()).unwrap_or(mark);
        let node = self.push(NodeKind::Record, title, vec![issue.repository().to_owned()], None);
        self.issues.insert(issue.id.clone(), node);
        node
    }

    /// Adds what leads to a job, and what it makes.
    fn edges_into(&mut self, place: usize, flow: &PipelineFlow<'p>, job: &JobFlow<'p>) {
        let node = self.jobs[&(place, job.job.name.as_str())];
        for taking in &job.gates {
            if !taking.get.passed.is_empty() {
                continue;
            }
            let issue = &flow.issues[taking.resource];
            let opened = self.issue(issue, None);
            let gate = &mut self.graph.nodes[opened];
            if gate.kind == NodeKind::Record {
                gate.kind = NodeKind::Gate;
                gate.notes.extend(issue.policy());
            }
            let kind = if taking.triggers() { EdgeKind::Approves } else { EdgeKind::Takes };
            self.edge(opened, node, kind, None);
        }
        for taking in &job.records {
            let recorded = self.issue(&flow.issues[taking.resource], None);
            let kind = if taking.triggers() { EdgeKind::Records } else { EdgeKind::Takes };
            self.edge(recorded, node, kind, None);
        }
        for taking in job.takes.iter().chain(&job.gates) {
            let kind = if taking.triggers() { EdgeKind::Starts } else { EdgeKind::Takes };
            for before in &taking.get.passed {
                // A job that is not there is refused by Concourse.
                if let Some(before) = self.jobs.get(&(place, before.as_str())) {
                    self.edge(*before, node, kind, Some(taking.resource));
                }
            }
        }
        for taking in job.takes.iter().filter(|taking| taking.get.passed.is_empty()) {
            let kind = if taking.triggers() { EdgeKind::Starts } else { EdgeKind::Takes };
            if let Some(resource) = flow.resources.get(taking.resource) {
                let source = self.source(resource);
                self.edge(source, node, kind, None);
            }
        }
        for made in &job.makes {
            let known = flow.resources.get(made).and_then(|resource| {
                let known = self.sources.get(made)?;
                known.iter().find(|(other, _)| other.source == resource.source).map(|(_, node)| *node)
            });
            if let Some(source) = known {
                self.edge(node, source, EdgeKind::Makes, None);
            }
        }
    }

    fn edge(&mut self, from: usize, to: usize, kind: EdgeKind, resource: Option<&str>) {
        self.edges.entry((from, to, kind)).or_default().extend(resource.map(str::to_owned));
    }

    fn finish(mut self) -> Graph {
        // What leads from a job over its issue to another job need not be said twice, nor what starts it anyway.
        let mut opened: HashMap<usize, Vec<usize>> = HashMap::new();
        for (from, to, kind) in self.edges.keys() {
            if *kind == EdgeKind::Opens {
                opened.entry(*from).or_default().push(*to);
            }
        }
        let covered: BTreeSet<(usize, usize, EdgeKind)> = self
            .edges
            .keys()
            .filter(|(from, to, kind)| {
                let over_issue = |issue: &usize| self.edges.contains_key(&(*issue, *to, EdgeKind::Approves));
                *kind == EdgeKind::Takes
                    && (self.edges.contains_key(&(*from, *to, EdgeKind::Starts))
                        || opened.get(from).is_some_and(|issues| issues.iter().any(over_issue)))
            })
            .copied()
            .collect();
        self.edges.retain(|edge, _| !covered.contains(edge));
        self.graph.edges = self
            .edges
            .into_iter()
            .map(|((from, to, kind), resources)| Edge { from, to, kind, resources: resources.into_iter().collect() })
            .collect();
        self.graph
    }
}
