use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::flow::{IssueResource, PipelineFlow, text};
use crate::issues::IssueMark;
use crate::model::Resource;
use crate::repository::Repository;
use yaml_source::diagnostic::visible;
use yaml_source::yaml;

use super::change::{Changes, Effect, Subject};
use super::values::{Difference, DifferenceKind};

/// The stages that the gates of two pipelines promote to. An approval counts for one stage: when a gate promotes to
/// another stage, its open issues and unused approvals lead nowhere.
pub(super) struct Promotions<'p> {
    old: BTreeMap<GateAddress<'p>, Gate<'p>>,
    new: BTreeMap<GateAddress<'p>, Gate<'p>>,
    /// The gate of the new pipeline that each old gate became.
    successors: BTreeMap<GateAddress<'p>, GateAddress<'p>>,
    /// The old gates that became each gate of the new pipeline.
    former: BTreeMap<GateAddress<'p>, Vec<GateAddress<'p>>>,
}

/// A gate: its repository, and its key there.
pub(super) type GateAddress<'p> = (Repository, &'p str);

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
    fn all(flow: &PipelineFlow<'p>) -> BTreeMap<GateAddress<'p>, Self> {
        let mut gates: BTreeMap<GateAddress<'p>, Self> = BTreeMap::new();
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
pub(super) fn place<'p>(issue: &IssueResource<'p>) -> Option<(Repository, &'p str, &'p str)> {
    let IssueMark::Gate(key) = issue.id.mark else { return None };
    Some((issue.id.repository.clone(), key, issue.repository()))
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
        let (old, new) = (Gate::all(old), Gate::all(new));
        let mut by_key: HashMap<&str, Vec<&GateAddress<'p>>> = HashMap::new();
        for (place, gate) in &new {
            for key in gate.aliases.iter().copied().chain([place.1]) {
                by_key.entry(key).or_default().push(place);
            }
        }
        let mut successors = BTreeMap::new();
        let mut former: BTreeMap<GateAddress<'p>, Vec<GateAddress<'p>>> = BTreeMap::new();
        for place in old.keys() {
            let all = by_key.get(place.1).into_iter().flatten();
            // The gate itself comes before a gate that only had its name, and its repository before another.
            if let Some(now) = all.min_by_key(|now| (now.0 != place.0, now.1 != place.1)) {
                successors.insert(place.clone(), (*now).clone());
                former.entry((*now).clone()).or_default().push(place.clone());
            }
        }
        Self { old, new, successors, former }
    }

    /// The gate of the new pipeline that an old gate became.
    fn successor(&self, place: &GateAddress<'p>) -> Option<(&GateAddress<'p>, &Gate<'p>)> {
        self.new.get_key_value(self.successors.get(place)?)
    }

    /// Whether the new pipeline has a gate that no gate of the old pipeline became.
    fn has_new_gate(&self) -> bool {
        self.former.len() < self.new.len()
    }

    /// Whether an issue of the old pipeline is an issue of the new pipeline, maybe by another key.
    pub(super) fn became(&self, old: &IssueResource<'p>, new: &IssueResource<'p>) -> bool {
        match (place(old), place(new)) {
            (Some((repository, key, _)), Some((new_repository, new_key, _))) => {
                repository == new_repository
                    && self.successors.get(&(repository, key)).is_some_and(|now| *now == (new_repository, new_key))
            }
            _ => old.id == new.id,
        }
    }

    /// Whether the gate of an old resource is in the old pipeline only.
    pub(super) fn is_gone(&self, issue: &IssueResource<'p>) -> bool {
        place(issue).is_some_and(|(repository, key, _)| !self.successors.contains_key(&(repository, key)))
    }

    /// Whether the gate of a new resource is in the new pipeline only.
    pub(super) fn is_new(&self, issue: &IssueResource<'p>) -> bool {
        place(issue).is_some_and(|(repository, key, _)| !self.former.contains_key(&(repository, key)))
    }

    /// Whether the gate of an old resource is gone, or promotes to another stage now.
    pub(super) fn changes_old(&self, issue: &IssueResource<'p>) -> bool {
        place(issue).is_some_and(|(repository, key, _)| self.changes(&(repository, key)))
    }

    /// Whether the gate of a new resource is new, or promoted to another stage before.
    pub(super) fn changes_new(&self, issue: &IssueResource<'p>) -> bool {
        place(issue).is_some_and(|(repository, key, _)| match self.former.get(&(repository, key)) {
            Some(former) => former.iter().any(|old| self.changes(old)),
            None => true,
        })
    }

    fn changes(&self, place: &GateAddress<'p>) -> bool {
        let destination = |gate: &Gate<'p>| gate.destination;
        self.successor(place)
            .is_none_or(|(now, after)| now != place || self.old.get(place).map(destination) != Some(after.destination))
    }

    /// The old gate that became the gate of a new resource.
    pub(super) fn former_gates(&self, issue: &IssueResource<'p>) -> &[GateAddress<'p>] {
        let former = place(issue).and_then(|(repository, key, _)| self.former.get(&(repository, key)));
        former.map_or(&[], Vec::as_slice)
    }

    /// Reports each gate that promotes to another stage than before, or is another gate. The gate of a job that is gone or
    /// new is reported with the job.
    pub(super) fn compare(&self, of_jobs: &HashSet<GateAddress<'p>>, changes: &mut Changes) {
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
                } else if !of_jobs.contains(place) {
                    push(Effect::Removed, place.1, "is gone: it promoted to no stage".to_owned());
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
            let renamed =
                (now.1 != place.1).then(|| format!("was {}, and keeps its issues and approvals", ticks(place.1)));
            let (was_for, is_for) = (before.destination, after.destination);
            let former = was_for.zip(is_for).filter(|(was, is)| was != is && after.former_destinations.contains(was));
            let is_taken = |stage: &str| self.old.values().any(|gate| gate.destination == Some(stage));
            if let Some((was, is)) = former.filter(|(_, is)| is_taken(is)) {
                let message = format!(
                    "promotes to {}, to which another gate promoted, and takes the approvals for {} along",
                    ticks(is),
                    ticks(was)
                );
                push(Effect::Redirected, now.1, message);
                continue;
            }
            if let Some((was, is)) = former {
                let renamed = renamed.map_or_else(String::new, |renamed| format!("{renamed}; it "));
                let message = format!("{renamed}promotes to {}, which was {}", ticks(is), ticks(was));
                push(Effect::Renamed, now.1, message);
                continue;
            }
            if let Some(renamed) = renamed {
                push(Effect::Renamed, now.1, renamed);
            }
            match (was_for, is_for) {
                (was, is) if was == is => {}
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
        for (place, gate) in
            self.new.iter().filter(|(place, _)| !self.former.contains_key(*place) && !of_jobs.contains(*place))
        {
            let is = gate.destination.map_or_else(|| "no stage".to_owned(), ticks);
            let subject = Subject::Gate(format!("{} in {}", place.1, visible(gate.repository)));
            changes.push(Effect::Added, subject, format!("is new, and promotes to {is}"));
        }
    }

    /// Whether [`Promotions::compare`] reports a difference of a gate's resource in words of its own. `field` is the
    /// field of the source.
    pub(super) fn reports(&self, issue: Option<&IssueResource<'p>>, field: &str, difference: &Difference) -> bool {
        let Some((repository, key, _)) = issue.and_then(place) else { return false };
        let former = self.former.get(&(repository, key)).into_iter().flatten();
        former.filter_map(|place| Some((place, self.old.get(place)?, self.successor(place)?))).any(
            |(place, before, (now, after))| {
                match field {
                    // A gate that moved is reported as a whole.
                    "destination" if now.0 == place.0 => {
                        let DifferenceKind::Value { old, new } = &difference.kind else { return false };
                        let is = |value: &Option<Value>, stage| value.as_ref().and_then(Value::as_str) == stage;
                        is(old, before.destination) && is(new, after.destination)
                    }
                    "former_destinations" => {
                        let known =
                            |name: &str| before.destination == Some(name) || before.former_destinations.contains(&name);
                        before.destination != after.destination
                            && after.former_destinations.iter().all(|name| known(name))
                    }
                    "gate" => place.1 != now.1,
                    "gate_aliases" => {
                        let known = |name: &str| {
                            self.former.get(now).is_some_and(|former| former.iter().any(|place| place.1 == name))
                                || before.aliases.contains(&name)
                        };
                        place.1 != now.1 && after.aliases.iter().all(|name| known(name))
                    }
                    _ => false,
                }
            },
        )
    }
}

/// The name of a stage, a gate or a repository, as a message shows it.
fn ticks(name: &str) -> String {
    format!("`{}`", visible(name))
}
