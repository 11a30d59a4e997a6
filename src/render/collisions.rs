//! What only shows when all manifests of a fleet are seen together.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};
use crate::files;
use crate::gates::Repository;
use crate::manifest::IssuesResource;
use crate::plan::{Job, Plan};
use crate::project::{Concourse, Fleet};
use crate::source::Span;
use crate::yaml::{Map, Node};

use super::RenderedFleet;

/// What a manifest has to be compared with the others by.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pipelines: Vec<Named>,
    issues: Vec<Issue>,
    /// Selectors that fit a stage.
    pub(super) selectors: Vec<String>,
}

#[derive(Debug)]
struct Named {
    concourse: usize,
    /// With what tells its instances apart.
    name: String,
    span: Span,
}

#[derive(Debug)]
struct Issue {
    /// Its repository.
    place: Repository,
    title: String,
    key: String,
    by_prefix: bool,
    /// Where its title is said.
    span: Span,
    /// Where its project is.
    of: Span,
    /// The keys that it had before, and where they are said.
    former: Vec<(String, Span)>,
}

/// A gate where it lives: its repository, and its key there.
type GateAt<'f> = (&'f Repository, &'f str);

impl Facts {
    /// Adds those of a plan.
    pub(super) fn add(&mut self, plan: &Plan<'_>, fleet: &Fleet) {
        for pipeline in &plan.pipelines {
            for job in &pipeline.jobs {
                let Job::Stage(job) = job else { continue };
                if self.pipelines.iter().all(|named| named.concourse != pipeline.concourse) {
                    let span = job.stage.origin.span;
                    let name = format!("{}{}", pipeline.name, pipeline.instance_vars.file_name_part());
                    self.pipelines.push(Named { concourse: pipeline.concourse, name, span });
                }
                let Some(opening) = &job.opens else { continue };
                let issue = &opening.issue;
                let pointer = if issue.is_preview() { "/names/ready_title" } else { "/names/deployed_title" };
                let own = |span: &Span| span.file != fleet.built_in;
                let span = issue.of.origin.settings.at(pointer).map(|node| node.span).filter(own);
                let by_prefix = issue.issues.resource == IssuesResource::Mitodl;
                let former = issue.former_keys().filter(|_| !by_prefix);
                self.issues.push(Issue {
                    place: Repository::of_issues(Some(&issue.issues.api), &issue.issues.repository),
                    title: issue.title.to_owned(),
                    key: issue.key.to_string(),
                    by_prefix,
                    span: span.unwrap_or(issue.of.origin.span),
                    of: issue.of.origin.span,
                    former: former.map(|key| (key.to_string(), issue.of.span_of("/issues/formerly"))).collect(),
                });
            }
        }
    }
}

pub(super) fn check(facts: &[Facts], fleet: &Fleet, whole: bool, diagnostics: &mut Diagnostics) {
    check_pipelines(facts, diagnostics);
    if whole && !fleet.is_alone() {
        check_overrides(facts, fleet, diagnostics);
    }
}

/// What the issues of a run's manifests do to one another.
pub(super) fn check_issues(facts: &[Facts], diagnostics: &mut Diagnostics) {
    check_former_keys(facts, diagnostics);
    check_titles(facts, diagnostics);
}

/// What two fleets set under one name, one of them would take from the other.
pub(super) fn check_fleets(fleets: &[RenderedFleet], diagnostics: &mut Diagnostics) {
    let folders: Vec<_> = fleets.iter().map(|fleet| files::real(&fleet.output)).collect();
    let mut seen: BTreeMap<(&str, &str, String), (usize, Span)> = BTreeMap::new();
    for (at, fleet) in fleets.iter().enumerate() {
        for pipeline in &fleet.pipelines {
            let Concourse { target: Some(target), team: Some(team), .. } = &pipeline.concourse else { continue };
            let (first, span) = *seen.entry((target, team, pipeline.file_name())).or_insert((at, pipeline.named_at));
            // Within a fleet, and of one folder, it is told of the files.
            if first != at && folders[first] != folders[at] {
                diagnostics.push(
                    Diagnostic::new(
                        Rule::DuplicatePipeline,
                        pipeline.named_at,
                        format!("two fleets set the pipeline `{}` of the team `{team}` on `{target}`", pipeline.name),
                    )
                    .also(span, "the other is made from this")
                    .help("a pipeline is called as its file unless `pipeline` says otherwise")
                    // One may be a copy that nobody sets.
                    .of_severity(Severity::Warning),
                );
            }
        }
    }
}

fn check_pipelines(facts: &[Facts], diagnostics: &mut Diagnostics) {
    // On two instances of Concourse two pipelines may have one name, but not in one folder of rendered files.
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for named in facts.iter().flat_map(|facts| &facts.pipelines) {
        match seen.get(named.name.as_str()) {
            None => {
                seen.insert(&named.name, named.span);
            }
            Some(first) => diagnostics.push(
                Diagnostic::new(
                    Rule::DuplicatePipeline,
                    named.span,
                    format!("two pipelines are called `{}`", named.name),
                )
                .also(*first, "the other is made from this")
                .help("a pipeline is called as its file unless `pipeline` says otherwise"),
            ),
        }
    }
}

/// An issue of a former key is the gate's own: where another gate has that key, an approval of the one would deploy the
/// other.
fn check_former_keys(facts: &[Facts], diagnostics: &mut Diagnostics) {
    let issues = || facts.iter().flat_map(|facts| &facts.issues);
    // Hardly a fleet says one.
    if issues().all(|issue| issue.former.is_empty()) {
        return;
    }
    let mut owners: BTreeMap<GateAt<'_>, (&Issue, Span)> =
        issues().map(|issue| ((&issue.place, issue.key.as_str()), (issue, issue.of))).collect();
    for issue in issues() {
        for (key, span) in &issue.former {
            let owner = owners.entry((&issue.place, key)).or_insert((issue, *span));
            if owner.0.key != issue.key {
                let message = format!("`{key}` is, or was, the gate of another stage");
                let diagnostic = Diagnostic::new(Rule::GateCollision, *span, message);
                let diagnostic = if owner.1 == *span { diagnostic } else { diagnostic.also(owner.1, "the other") };
                diagnostics.push(
                    diagnostic
                        .note("an approval of the one would deploy the other")
                        .help("say in `formerly` what the stage alone was called, such as OLD/{{ environment }}"),
                );
            }
        }
    }
}

/// Titles are what people go by; to MIT Open Learning's image they are what issues are found by.
fn check_titles(facts: &[Facts], diagnostics: &mut Diagnostics) {
    let mut issues: Vec<&Issue> = facts.iter().flat_map(|facts| &facts.issues).collect();
    issues.sort_by(|a, b| (&a.place, &a.title, &a.key).cmp(&(&b.place, &b.title, &b.key)));
    // One gate told twice is another problem.
    issues.dedup_by(|a, b| (&a.place, &a.title, &a.key) == (&b.place, &b.title, &b.key));
    // The titles that begin with a title stand behind it in order. One of them is enough to tell.
    for (index, short) in issues.iter().enumerate() {
        let mut behind = issues[index + 1..]
            .iter()
            .take_while(|long| long.place == short.place && long.title.starts_with(&short.title));
        let confused = |long: &&&Issue| short.title == long.title || short.by_prefix || long.by_prefix;
        if let Some(long) = behind.find(confused) {
            let equal = short.title == long.title;
            let diagnostic = if equal {
                Diagnostic::new(Rule::TitleCollision, long.span, format!("two issues are called \"{}\"", long.title))
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

fn check_overrides(facts: &[Facts], fleet: &Fleet, diagnostics: &mut Diagnostics) {
    let overrides = fleet.defaults.at("/overrides").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    for entry in overrides {
        if !facts.iter().any(|facts| facts.selectors.contains(&entry.key)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnusedOverride,
                    entry.key_span,
                    format!("`{}` fits no stage of any project of this fleet", entry.key),
                )
                .help("take it out, or mend the name"),
            );
        }
    }
}
