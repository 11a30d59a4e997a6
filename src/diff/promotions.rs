use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::concourse::Resource;
use crate::diagnostic::visible;
use crate::flow::{IssueMark, IssueResource, PipelineFlow, text};
use crate::gates::Repository;
use crate::yaml;

use super::change::{Changes, Effect, Subject};
use super::values::{Difference, DifferenceKind};

/// The stages that the gates of two pipelines promote to. An approval counts for one stage: when a gate promotes to
/// another stage, its open issues and unused approvals lead nowhere.
pub(super) struct Promotions<'p> {
    old: BTreeMap<Place<'p>, Gate<'p>>,
    new: BTreeMap<Place<'p>, Gate<'p>>,
}

/// A gate: its repository, and its key there.
type Place<'p> = (Repository, &'p str);

/// What the resources and records of a gate agree on.
#[derive(Default)]
struct Gate<'p> {
    /// The repository as the pipeline spells it.
    repository: &'p str,
    /// The stage that closing an issue of the gate promotes to.
    destination: Option<&'p str>,
    /// Former names of that stage.
    former_destinations: Vec<&'p str>,
    /// Former keys of the gate.
    aliases: Vec<&'p str>,
}

impl<'p> Gate<'p> {
    fn all(flow: &PipelineFlow<'p>) -> BTreeMap<Place<'p>, Self> {
        let mut gates: BTreeMap<Place<'p>, Self> = BTreeMap::new();
        let issues: BTreeMap<&str, &IssueResource<'p>> =
            flow.issues.iter().map(|(name, issue)| (*name, issue)).collect();
        for issue in issues.into_values() {
            let Some((place, key, repository)) = place(issue) else { continue };
            let gate = gates.entry((place, key)).or_default();
            gate.repository = repository;
            gate.destination = gate.destination.or_else(|| text(issue.resource.source.as_ref()?, "destination"));
            gate.former_destinations.extend(texts(issue.field("former_destinations")));
            gate.aliases.extend(texts(issue.field("gate_aliases")));
        }
        gates
    }
}

/// The repository of an issue that a gate's key marks, the key, and the repository as it is spelt.
fn place<'p>(issue: &IssueResource<'p>) -> Option<(Repository, &'p str, &'p str)> {
    let source = issue.resource.source.as_ref()?;
    let IssueMark::Gate(_) = issue.id.mark else { return None };
    let repository = text(source, "repository")?;
    Some((Repository::of_issues(Some(&issue.id.host), repository), text(source, "gate")?, repository))
}

fn texts(value: Option<&yaml::Value>) -> impl Iterator<Item = &str> {
    let items = if let Some(yaml::Value::List(items)) = value { items.as_slice() } else { &[] };
    items.iter().filter_map(|item| if let yaml::Value::Text(text) = item { Some(text.as_str()) } else { None })
}

/// Whether closing an issue of either resource starts the same stage, whatever the stage is named.
pub(super) fn promotes_alike(old: &Resource, new: &Resource) -> bool {
    let destination = |resource: &Resource| text(resource.source.as_ref()?, "destination").map(str::to_owned);
    let (was, is) = (destination(old), destination(new));
    let former = new.source.as_ref().and_then(|source| source.get("former_destinations"));
    was == is || was.is_some_and(|was| texts(former).any(|name| name == was))
}

impl<'p> Promotions<'p> {
    pub(super) fn new(old: &PipelineFlow<'p>, new: &PipelineFlow<'p>) -> Self {
        Self { old: Gate::all(old), new: Gate::all(new) }
    }

    /// The gate of the new pipeline that an old gate became.
    fn successor(&self, (repository, key): &Place<'p>) -> Option<(&Place<'p>, &Gate<'p>)> {
        let is_same = |(place, gate): &(&Place<'p>, &Gate<'p>)| place.1 == *key || gate.aliases.contains(key);
        let all = || self.new.iter().filter(is_same);
        // The gate itself comes before a gate that only had its name, and its repository before another.
        all().min_by_key(|(place, _)| (place.0 != *repository, place.1 != *key))
    }

    /// Whether the new pipeline has a gate that no gate of the old pipeline became.
    fn has_new_gate(&self) -> bool {
        let known: BTreeSet<&Place<'p>> =
            self.old.keys().filter_map(|place| self.successor(place)).map(|(place, _)| place).collect();
        known.len() < self.new.len()
    }

    /// Reports each gate that promotes to another stage than before, or is another gate.
    pub(super) fn compare(&self, changes: &mut Changes) {
        let hint = if self.has_new_gate() {
            "; a stage that only has another name keeps its issues by `issues.formerly`"
        } else {
            ""
        };
        for (place, before) in &self.old {
            let mut push = |effect, key: &str, message: String| {
                changes.push(effect, Subject::Gate(format!("{key} in {}", visible(before.repository))), message);
            };
            let was = before.destination.map(ticks);
            let void = was.as_ref().map(|was| format!(", and unused approvals for {was} are void")).unwrap_or_default();
            let opened = was.as_ref().map(|was| format!(" for {was}")).unwrap_or_default();
            let promoted = format!("promoted to {}", was.as_deref().unwrap_or("no stage"));
            let Some((now, after)) = self.successor(place) else {
                if before.destination.is_some() {
                    let message = format!(
                        "{promoted}, and is gone: open issues{opened} lead nowhere (close them as not planned){void}{hint}"
                    );
                    push(Effect::Redirected, place.1, message);
                }
                continue;
            };
            if now.0 != place.0 {
                let message = format!(
                    "moves to the repository {}: open issues in {} lead nowhere (close them as not planned), and unused \
                     approvals there are void, unless GitHub renamed the repository",
                    ticks(after.repository),
                    ticks(before.repository)
                );
                push(Effect::Redirected, now.1, message);
                continue;
            }
            if now.1 != place.1 {
                push(Effect::Renamed, now.1, format!("was {}, and keeps its issues and approvals", ticks(place.1)));
            }
            match (before.destination, after.destination) {
                (was, is) if was == is => {}
                (Some(was), Some(is)) if after.former_destinations.contains(&was) => {
                    let message = format!("promotes to {}, which was {}", ticks(is), ticks(was));
                    push(Effect::Renamed, now.1, message);
                }
                (_, is) => {
                    let is = is.map_or_else(|| "no stage".to_owned(), ticks);
                    let message = format!(
                        "{promoted}, and promotes to {is} now: open issues{opened} lead nowhere (the next record closes \
                         them and opens a new one){void}"
                    );
                    push(Effect::Redirected, now.1, message);
                }
            }
        }
    }

    /// Whether [`Promotions::compare`] reports a difference of a gate's resource in words of its own. `field` is the
    /// field of the source.
    pub(super) fn reports(&self, issue: Option<&IssueResource<'_>>, field: &str, difference: &Difference) -> bool {
        let Some((repository, key, _)) = issue.and_then(place) else { return false };
        self.old.iter().any(|(place, before)| {
            let now = self.successor(place).filter(|(now, _)| (&now.0, now.1) == (&repository, key));
            let Some((now, after)) = now else { return false };
            match field {
                // A gate that moved is reported as a whole.
                "destination" if now.0 == place.0 => {
                    let DifferenceKind::Value { old, new } = &difference.kind else { return false };
                    let is = |value: &Option<Value>, stage| value.as_ref().and_then(Value::as_str) == stage;
                    is(old, before.destination) && is(new, after.destination)
                }
                "former_destinations" => before.destination != after.destination,
                "gate" | "gate_aliases" => place.1 != now.1,
                _ => false,
            }
        })
    }
}

/// The name of a stage, a gate or a repository, as a message shows it.
fn ticks(name: &str) -> String {
    format!("`{}`", visible(name))
}
