//! What a resource is: something outside of the pipeline, or the issues of a gate.

use std::collections::BTreeMap;

use concourse_pipeline::Repository;

use concourse_pipeline::model::is_clock;
use concourse_pipeline::view::{Definition, PipelineView, StepView, field, list, text, texts};

/// How an issue is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// By the key of its gate.
    Gate(String),
    /// By the beginning of its title.
    Title(String),
}

/// A gate, as the run knows it: the repository of its issues, and how they are known there.
pub(super) type GateKey = (Repository, Key);

/// What a resource is.
pub(super) enum Meaning {
    World,
    Constant,
    /// Puts to it are claims, records and reports of a gate.
    Post {
        gate: GateKey,
        destination: Option<String>,
    },
    Approvals {
        gate: GateKey,
        destination: String,
        has_code: bool,
    },
    Records(GateKey),
    Signals(GateKey),
}

/// The former names that a resource of a gate lists.
#[derive(Default)]
pub(super) struct Former {
    pub(super) gates: Vec<GateKey>,
    pub(super) destinations: Vec<String>,
}

impl Meaning {
    pub(super) fn gate(&self) -> Option<&GateKey> {
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
pub(super) fn is_record(step: &StepView<'_>, key: &Key) -> bool {
    match key {
        Key::Gate(_) => step.param("action").and_then(text) == Some("record"),
        Key::Title(_) => true,
    }
}

/// The gate that a put writes. MIT Open Learning's image takes a title from the params, too: what stands before its first
/// variable is known.
pub(super) fn written_gate(step: &StepView<'_>, gate: &GateKey) -> GateKey {
    let title = step.param("title_template").and_then(text);
    match (&gate.1, title) {
        (Key::Title(_), Some(title)) => {
            let fixed = title.split("((").next().unwrap_or(title);
            (gate.0.clone(), Key::Title(fixed.to_owned()))
        }
        _ => gate.clone(),
    }
}

/// Whether closing an issue is a signal for a resource.
pub(super) fn watches((place, prefix): &GateKey, (of, title): &GateKey) -> bool {
    match (prefix, title) {
        (Key::Title(prefix), Key::Title(title)) => place == of && title.starts_with(prefix),
        _ => false,
    }
}

/// What each resource of a pipeline is, by its name.
pub(super) fn meanings<'n>(view: &PipelineView<'n>) -> BTreeMap<&'n str, Meaning> {
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
        let place = || Repository::of_issues(source("gh_host"), source("repository").unwrap_or_default());
        let is_fixed = field(resource.node, "version").is_some_and(|version| version.as_map().is_some());
        let is_of_issues = kind == "github-issues" || image.is_some_and(|image| image.contains("github-issues"));
        let meaning = match (source("gate"), source("role")) {
            (Some(gate), Some(role)) => {
                let gate = (place(), Key::Gate(gate.to_owned()));
                let destination = source("destination").map(str::to_owned);
                match role {
                    "trigger" => Meaning::Approvals {
                        gate,
                        destination: destination.unwrap_or_default(),
                        has_code: value("git").is_some(),
                    },
                    "records" => Meaning::Records(gate),
                    _ => Meaning::Post { gate, destination },
                }
            }
            _ if is_of_issues && source("issue_state") == Some("open") => {
                let title = source("issue_title_template").or(source("issue_prefix")).unwrap_or(resource.name);
                Meaning::Post { gate: (place(), Key::Title(title.to_owned())), destination: None }
            }
            _ if is_of_issues => {
                let prefix = source("issue_prefix").or(source("issue_title_template")).unwrap_or_default();
                Meaning::Signals((place(), Key::Title(prefix.to_owned())))
            }
            _ if is_fixed || is_clock(kind, of_type.is_some(), image) => Meaning::Constant,
            _ => Meaning::World,
        };
        found.entry(resource.name).or_insert(meaning);
    }
    found
}

/// The former names that the resources of a pipeline list.
pub(super) fn former_names<'n>(view: &PipelineView<'n>) -> BTreeMap<&'n str, Former> {
    let of = |resource: &Definition<'n>| {
        let source = resource.source()?;
        let place = || {
            let host = field(source, "gh_host").and_then(text);
            Repository::of_issues(host, field(source, "repository").and_then(text).unwrap_or_default())
        };
        let names = |key: &str| texts(list(source, key)).map(|(name, _)| name.to_owned());
        let gates = names("gate_aliases").map(|key| (place(), Key::Gate(key))).collect();
        Some((resource.name, Former { gates, destinations: names("former_destinations").collect() }))
    };
    view.resources.iter().filter_map(of).collect()
}
