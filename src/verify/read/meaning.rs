//! What a resource is: something outside of the pipeline, or the issues of a gate.

use std::collections::BTreeMap;

use concourse_pipeline::Repository;
use concourse_pipeline::fixed::{is_one_version, written_version};
use concourse_pipeline::issues::{IssueId, IssueMark, IssueSource, Issues, Role};
use concourse_pipeline::model::is_clock;
use concourse_pipeline::view::{Definition, PipelineView, StepView, field, list, text, texts};

/// What a resource is.
pub(super) enum Meaning<'n> {
    World,
    Constant,
    /// Puts to it are claims, records and reports of a gate.
    Post {
        gate: IssueId<'n>,
        destination: Option<String>,
    },
    Approvals {
        gate: IssueId<'n>,
        destination: String,
        has_code: bool,
    },
    Records(IssueId<'n>),
    Signals(IssueId<'n>),
}

/// The former names that a resource of a gate lists.
#[derive(Default)]
pub(super) struct Former<'n> {
    pub(super) gates: Vec<IssueId<'n>>,
    pub(super) destinations: Vec<String>,
}

impl<'n> Meaning<'n> {
    pub(super) fn gate(&self) -> Option<&IssueId<'n>> {
        match self {
            Meaning::World | Meaning::Constant => None,
            Meaning::Post { gate, .. }
            | Meaning::Approvals { gate, .. }
            | Meaning::Records(gate)
            | Meaning::Signals(gate) => Some(gate),
        }
    }

    pub(super) fn is_approval(&self) -> bool {
        matches!(self, Meaning::Approvals { .. } | Meaning::Signals(_))
    }
}

/// Whether a get waits for another project, as this program renders it.
pub(super) fn is_waiting(step: &StepView<'_>) -> bool {
    step.name.starts_with("after-") && !list(step.node, "passed").is_empty()
}

/// Whether a put writes what was deployed into an issue. MIT Open Learning's image has no other action.
pub(super) fn is_record(step: &StepView<'_>, issue: &IssueId<'_>) -> bool {
    match issue.mark {
        IssueMark::Gate(_) => step.param("action").and_then(text) == Some("record"),
        IssueMark::Title(_) => true,
    }
}

/// The gate that a put writes. MIT Open Learning's image takes a title from the params, too: what stands before its first
/// variable is known.
pub(super) fn written_gate<'n>(step: &StepView<'n>, gate: &IssueId<'n>) -> IssueId<'n> {
    let title = step.param("title_template").and_then(text);
    match (gate.mark, title) {
        (IssueMark::Title(_), Some(title)) => {
            let fixed = title.split("((").next().unwrap_or(title);
            IssueId { mark: IssueMark::Title(fixed), ..gate.clone() }
        }
        _ => gate.clone(),
    }
}

/// Whether closing an issue is a signal for a resource.
pub(super) fn watches(watched: &IssueId<'_>, issue: &IssueId<'_>) -> bool {
    match (watched.mark, issue.mark) {
        (IssueMark::Title(prefix), IssueMark::Title(title)) => {
            watched.repository == issue.repository && title.starts_with(prefix)
        }
        _ => false,
    }
}

/// What each resource of a pipeline is, by its name.
pub(super) fn meanings<'n>(view: &PipelineView<'n>) -> BTreeMap<&'n str, Meaning<'n>> {
    let mut found = BTreeMap::new();
    for resource in &view.resources {
        let kind = resource.text("type").unwrap_or_default();
        let of_type = view.resource_types.iter().find(|of_type| of_type.name == kind);
        let image = of_type.and_then(|of_type| text(field(of_type.source()?, "repository")?));
        let defaults = of_type.and_then(|of_type| field(of_type.node, "defaults"));
        let value = |key: &str| {
            resource.source().and_then(|own| field(own, key)).or_else(|| defaults.and_then(|node| field(node, key)))
        };
        let source = |key: &str| value(key).and_then(text);
        let is_fixed = is_one_version(kind, written_version(resource.node).into_iter());
        let meaning = match IssueSource::read(kind, image, source) {
            Some(IssueSource { repository, issues: Issues::Gate { key, role } }) => {
                let gate = IssueId { repository, mark: IssueMark::Gate(key) };
                let destination = source("destination").map(str::to_owned);
                match role {
                    Role::Trigger => Meaning::Approvals {
                        gate,
                        destination: destination.unwrap_or_default(),
                        has_code: value("git").is_some(),
                    },
                    Role::Records => Meaning::Records(gate),
                    Role::Post => Meaning::Post { gate, destination },
                }
            }
            Some(IssueSource { repository, issues: Issues::Title { prefix, template, is_closed } }) => {
                let gate =
                    |title: Option<&'n str>| IssueId { repository, mark: IssueMark::Title(title.unwrap_or_default()) };
                if is_closed {
                    Meaning::Signals(gate(prefix.or(template)))
                } else {
                    Meaning::Post { gate: gate(template.or(prefix).or(Some(resource.name))), destination: None }
                }
            }
            _ if is_fixed || is_clock(kind, of_type.is_some(), image) => Meaning::Constant,
            _ => Meaning::World,
        };
        found.entry(resource.name).or_insert(meaning);
    }
    found
}

/// The former names that the resources of a pipeline list.
pub(super) fn former_names<'n>(view: &PipelineView<'n>) -> BTreeMap<&'n str, Former<'n>> {
    let of = |resource: &Definition<'n>| {
        let source = resource.source()?;
        let repository = || {
            let host = field(source, "gh_host").and_then(text);
            Repository::of_issues(host, field(source, "repository").and_then(text).unwrap_or_default())
        };
        let names = |key: &str| texts(list(source, key)).map(|(name, _)| name);
        let gates = names("gate_aliases").map(|key| IssueId { repository: repository(), mark: IssueMark::Gate(key) });
        let destinations = names("former_destinations").map(str::to_owned).collect();
        Some((resource.name, Former { gates: gates.collect(), destinations }))
    };
    view.resources.iter().filter_map(of).collect()
}
