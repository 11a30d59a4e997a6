//! What only shows when all manifests of a fleet are seen together.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::manifest::IssuesResource;
use crate::plan::{Job, Plan};
use crate::project::Fleet;
use crate::source::Span;
use crate::yaml::{Map, Node};

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
    /// API and repository.
    place: (String, String),
    title: String,
    key: String,
    by_prefix: bool,
    /// Where its title is said.
    span: Span,
    /// Where its project is.
    of: Span,
}

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
                self.issues.push(Issue {
                    place: (issue.issues.api.clone(), issue.issues.repository.clone()),
                    title: issue.title.to_owned(),
                    key: issue.key.to_string(),
                    by_prefix: issue.issues.resource == IssuesResource::Mitodl,
                    span: span.unwrap_or(issue.of.origin.span),
                    of: issue.of.origin.span,
                });
            }
        }
    }
}

pub(super) fn check(facts: &[Facts], fleet: &Fleet, whole: bool, diagnostics: &mut Diagnostics) {
    check_pipelines(facts, diagnostics);
    check_keys(facts, diagnostics);
    check_titles(facts, diagnostics);
    if whole && !fleet.is_alone() {
        check_overrides(facts, fleet, diagnostics);
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

/// An issue is found by the key of its gate: with one key, the approval of one project would deploy the other.
fn check_keys(facts: &[Facts], diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<(&(String, String), &str), Span> = BTreeMap::new();
    for issue in facts.iter().flat_map(|facts| &facts.issues) {
        match seen.get(&(&issue.place, issue.key.as_str())) {
            None => {
                seen.insert((&issue.place, &issue.key), issue.of);
            }
            Some(first) => diagnostics.push(
                Diagnostic::new(Rule::GateCollision, issue.of, format!("two projects have the gate `{}`", issue.key))
                    .also(*first, "the other")
                    .note("an approval of the one would deploy the other")
                    .help("give each `project` a name of its own"),
            ),
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
