//! What only shows when all manifests of a fleet are seen together.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};

use concourse_pipeline::Repository;
use github_issues_resource::contract::StageName;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean_selector};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};

use crate::kind::Kind;
use crate::plan::{Plan, PlannedJob, StageJob};
use crate::policy::Met;
use crate::project::{Fleet, Issues};

/// What a manifest has to be compared with the others by.
#[derive(Debug, Default)]
pub(super) struct ManifestFacts {
    pipelines: Vec<NamedPipeline>,
    issues: Vec<NamedIssue>,
    stages: Vec<NamedStage>,
    /// The stack kinds of its stages.
    kinds: BTreeSet<String>,
    /// Selectors that fit a stage.
    pub(super) selectors: Vec<String>,
    /// Selectors that fit a stage which takes an approval.
    pub(super) approved_selectors: Vec<String>,
    /// The entries of the fleet's `policy` and `freezes` that are for its stages.
    pub(super) met: Met,
}

#[derive(Debug)]
struct NamedPipeline {
    concourse: usize,
    /// With what tells its instances apart.
    name: String,
    span: Span,
}

#[derive(Debug)]
struct NamedIssue {
    /// Its repository.
    place: Repository,
    title: String,
    key: String,
    by_prefix: bool,
    /// Where its title is said.
    span: Span,
}

/// A stage, by the names that its approvals are known by.
#[derive(Debug)]
struct NamedStage {
    /// Its name today.
    name: StageName,
    /// Its former names, and where they are set.
    former: Vec<(StageName, Span)>,
    /// The repositories of its own issues and of those that it waits for. Without any, `None`.
    repositories: BTreeSet<Option<Repository>>,
    /// Where its project is.
    span: Span,
}

impl ManifestFacts {
    /// The names of its pipelines, with what tells their instances apart.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &str> {
        self.pipelines.iter().map(|named| named.name.as_str())
    }

    /// Adds those of a plan.
    pub(super) fn add(&mut self, plan: &Plan<'_>, fleet: &Fleet) {
        let mut repositories = Repositories::default();
        for pipeline in &plan.pipelines {
            for job in &pipeline.jobs {
                let PlannedJob::Stage(job) = job else { continue };
                if self.pipelines.iter().all(|named| named.concourse != pipeline.concourse) {
                    let span = job.stage.origin.span;
                    let name = format!("{}{}", pipeline.name, pipeline.instance_vars.file_name_part());
                    self.pipelines.push(NamedPipeline { concourse: pipeline.concourse, name, span });
                }
                if !self.kinds.contains(&job.stage.kind) {
                    self.kinds.insert(job.stage.kind.clone());
                }
                self.stage(job, &mut repositories);
                let Some(opening) = &job.opens else { continue };
                let issue = &opening.issue;
                let pointer = if issue.is_preview() { "/names/ready_title" } else { "/names/deployed_title" };
                let own = |span: &Span| span.file != fleet.built_in;
                let span = issue.of.origin.settings.at(pointer).map(|node| node.span).filter(own);
                let by_prefix = issue.issues.resource.finds_by_title();
                self.issues.push(NamedIssue {
                    place: repositories.of(issue.issues),
                    title: issue.title.to_owned(),
                    key: issue.key.to_string(),
                    by_prefix,
                    span: span.unwrap_or(issue.of.origin.span),
                });
            }
        }
    }

    fn stage<'p>(&mut self, job: &StageJob<'p>, known: &mut Repositories<'p>) {
        // The planner reports a name that is not valid.
        let Ok(name) = job.stage.identity() else { return };
        let all: Vec<&'p Issues> =
            job.stage.issues.iter().chain(job.gate.iter().map(|gate| gate.issue.issues)).collect();
        // MIT Open Learning's image knows no stages.
        let naming = all.iter().filter(|issues| issues.resource.names_versions());
        let mut repositories: BTreeSet<Option<Repository>> = naming.map(|issues| Some(known.of(issues))).collect();
        if all.is_empty() {
            repositories.insert(None);
        }
        let former = job.stage.former.iter().enumerate().filter(|(_, former)| **former != name);
        let place = |index: usize| {
            let settings = &job.stage.origin.settings;
            let node = settings.at(&format!("/issues/formerly/{index}")).or_else(|| settings.at("/issues/formerly"));
            node.map_or(job.stage.origin.span, |node| node.span)
        };
        let former = former.map(|(index, former)| (former.clone(), place(index))).collect();
        self.stages.push(NamedStage { name, former, repositories, span: job.stage.origin.span });
    }
}

/// The repositories of a manifest's issues by how they are written: hardly a manifest has two.
#[derive(Default)]
struct Repositories<'p>(Vec<((&'p str, &'p str), Repository)>);

impl<'p> Repositories<'p> {
    fn of(&mut self, issues: &'p Issues) -> Repository {
        let written = (issues.api.as_str(), issues.repository.as_str());
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == written) {
            return known.clone();
        }
        let repository = Repository::of_issues(Some(&issues.api), &issues.repository);
        self.0.push((written, repository.clone()));
        repository
    }
}

/// What the issues of a run's manifests do to one another.
pub(super) fn check_issues(facts: &[&ManifestFacts], diagnostics: &mut Diagnostics) {
    check_former_names(facts, diagnostics);
    check_titles(facts, diagnostics);
}

/// What the pipelines of a fleet's manifests do to one another.
pub(super) fn check_pipelines(facts: &[&ManifestFacts], diagnostics: &mut Diagnostics) {
    // On two instances of Concourse two pipelines may have one name, but not in one folder of rendered files.
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for named in facts.iter().flat_map(|facts| &facts.pipelines) {
        match seen.entry(named.name.as_str()) {
            hash_map::Entry::Vacant(entry) => {
                entry.insert(named.span);
            }
            hash_map::Entry::Occupied(first) => diagnostics.push(
                Diagnostic::new(
                    Rule::DuplicatePipeline,
                    named.span,
                    format!("two pipelines are named `{}`", named.name),
                )
                .also(*first.get(), "the other is made from this")
                .help("set `pipeline` in one of them; the default is the name of the file"),
            ),
        }
    }
}

/// Approvals of a former name count for the stage: where another stage has or had that name, an approval of the one would
/// deploy the other.
fn check_former_names(facts: &[&ManifestFacts], diagnostics: &mut Diagnostics) {
    let stages = || facts.iter().flat_map(|facts| &facts.stages);
    // Hardly a fleet has one.
    if stages().all(|stage| stage.former.is_empty()) {
        return;
    }
    let mut current: BTreeMap<&StageName, Vec<&NamedStage>> = BTreeMap::new();
    for stage in stages() {
        current.entry(&stage.name).or_default().push(stage);
    }
    let mut claimed: BTreeMap<&StageName, Vec<(&NamedStage, Span)>> = BTreeMap::new();
    // A stage has a job for its preview, too.
    let mut seen = BTreeSet::new();
    for stage in stages().filter(|stage| seen.insert((&stage.name, &stage.repositories))) {
        for (former, span) in &stage.former {
            let name = &stage.name;
            let other = current.get(former).into_iter().flatten().find(|other| other.meets(stage));
            let claims = claimed.entry(former).or_default();
            let claim = claims.iter().find(|(other, _)| other.name != *name && other.meets(stage));
            let diagnostic = if let Some(other) = other {
                let message =
                    format!("`{former}` is a former name of the stage `{name}`, and the name of a stage today");
                Diagnostic::new(Rule::GateCollision, *span, message).also(other.span, format!("the stage `{former}`"))
            } else if let Some((other, first)) = claim {
                let message = format!("the stages `{}` and `{name}` have the same former name `{former}`", other.name);
                let diagnostic = Diagnostic::new(Rule::GateCollision, *span, message);
                if first == span {
                    diagnostic
                } else {
                    diagnostic.also(*first, format!("of the stage `{}`", other.name))
                }
            } else {
                claims.push((stage, *span));
                continue;
            };
            diagnostics.push(
                diagnostic
                    .note("an approval of the one stage would deploy the other stage")
                    .help("write names in `formerly` that no other stage has or had, such as OLD/{{ environment }}"),
            );
        }
    }
}

impl NamedStage {
    /// Whether approvals of both are in one repository, or may be.
    fn meets(&self, other: &Self) -> bool {
        let is_unknown = self.repositories.contains(&None) || other.repositories.contains(&None);
        is_unknown || !self.repositories.is_disjoint(&other.repositories)
    }
}

/// Titles are what people go by; to MIT Open Learning's image they are what issues are found by.
fn check_titles(facts: &[&ManifestFacts], diagnostics: &mut Diagnostics) {
    let mut issues: Vec<&NamedIssue> = facts.iter().flat_map(|facts| &facts.issues).collect();
    issues.sort_by(|a, b| (&a.place, &a.title, &a.key).cmp(&(&b.place, &b.title, &b.key)));
    // One gate told twice is another problem.
    issues.dedup_by(|a, b| (&a.place, &a.title, &a.key) == (&b.place, &b.title, &b.key));
    // The titles that begin with a title stand behind it in order. One of them is enough to tell.
    for (index, short) in issues.iter().enumerate() {
        let mut behind = issues[index + 1..]
            .iter()
            .take_while(|long| long.place == short.place && long.title.starts_with(&short.title));
        let confused = |long: &&&NamedIssue| short.title == long.title || short.by_prefix || long.by_prefix;
        if let Some(long) = behind.find(confused) {
            let equal = short.title == long.title;
            let diagnostic = if equal {
                Diagnostic::new(
                    Rule::TitleCollision,
                    long.span,
                    format!("two issues have the title \"{}\"", long.title),
                )
                .also(short.span, "the other")
                .help("put what differs into the title")
            } else {
                Diagnostic::new(
                    Rule::TitleCollision,
                    short.span,
                    "closing the issue of the second would open the gate of the first as well",
                )
                .label(format!("\"{}\" is the beginning of", short.title))
                .also(long.span, format!("\"{}\"", long.title))
                .note("with `resource: mitodl` an issue is found by the beginning of its title")
                .help("end `names.deployed_title` with a full stop")
            };
            diagnostics.push(diagnostic);
        }
    }
}

/// Warns of stack kinds of a fleet that nothing uses yet, and that do not name what they deploy.
pub(super) fn check_kinds(manifests: &[ManifestFacts], fleet: &Fleet, diagnostics: &mut Diagnostics) {
    // A manifest with an error may be the one that uses a kind.
    if diagnostics.has_errors() {
        return;
    }
    let is_used = |kind: &&Kind| manifests.iter().any(|manifest| manifest.kinds.contains(kind.name()));
    let unused = fleet.kinds.own().iter().filter(|kind| !is_used(kind));
    unused.filter_map(Kind::unnamed).for_each(|unnamed| diagnostics.push(unnamed));
}

/// What the settings of a fleet that is rendered as a whole apply to.
pub(super) fn check_overrides(facts: &[ManifestFacts], fleet: &Fleet, diagnostics: &mut Diagnostics) {
    if fleet.is_alone() {
        return;
    }
    // A manifest without stages has been reported.
    let is_known = facts.iter().all(|facts| !facts.selectors.is_empty());
    if is_known {
        let met: Vec<&Met> = facts.iter().map(|facts| &facts.met).collect();
        Met::check(&met, fleet, diagnostics);
    }
    if is_known
        && facts.iter().all(|facts| facts.approved_selectors.is_empty())
        && let Some(found) = approval_of_no_gate(&fleet.defaults, fleet, Rule::NoEffect)
    {
        diagnostics.push(found);
    }
    let overrides = fleet.defaults.at("/overrides").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    let known: BTreeSet<&str> = facts.iter().flat_map(|facts| &facts.selectors).map(String::as_str).collect();
    for entry in overrides {
        if known.contains(entry.key.as_str()) {
            let is_approved = facts.iter().any(|facts| facts.approved_selectors.contains(&entry.key));
            if !is_approved && let Some(found) = approval_of_no_gate(&entry.value, fleet, Rule::UnusedOverride) {
                diagnostics.push(found);
            }
        } else {
            let meant = did_you_mean_selector(&entry.key, known.iter().copied())
                .map(|meant| format!("did you mean `{meant}`?"));
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnusedOverride,
                    entry.key_span,
                    format!("no project of this fleet has the environment, group or stage `{}`", entry.key),
                )
                .label("these settings apply to nothing, so a gate that they set protects nothing")
                .help(meant.unwrap_or_else(|| "remove these settings, or correct the name".to_owned())),
            );
        }
    }
}

/// A layer of the fleet sets an approval, and beside it a gate that takes none. Its stages have no other gate.
fn approval_of_no_gate(layer: &Node, fleet: &Fleet, rule: Rule) -> Option<Diagnostic> {
    let own = |pointer: &str| layer.entry_at(pointer).filter(|entry| entry.key_span.file != fleet.built_in);
    let (gate, approval) = (own("/gate")?, own("/approval")?);
    let word = gate.value.as_str().filter(|word| matches!(*word, "none" | "manual"))?;
    let message = format!("`approval` has no effect: the gate `{word}` asks for no approval");
    Some(
        Diagnostic::new(rule, approval.key_span, message)
            .also(gate.value.span, "the gate")
            .help("write `gate: issue` or `gate: preview`, or remove `approval`"),
    )
}
