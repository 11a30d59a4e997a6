//! Where a stage runs and what it belongs to: by what its gate says, by the options of its kind, or by the names of jobs.

use std::collections::BTreeSet;

use concourse_pipeline::flow::PipelineFlow;
use concourse_pipeline::issues::IssueMark;
use github_issues_resource::contract::GateKey;

use crate::import::read::shape::{Shape, StageJobs};

/// A stage by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StagePlace {
    pub(crate) project: String,
    pub(crate) group: Option<String>,
    pub(crate) environment: String,
    /// The stack's name, as the kind gets it.
    pub(crate) stack: String,
}

impl StagePlace {
    /// The stage among those of its project.
    pub(crate) fn selector(&self) -> String {
        match &self.group {
            Some(group) => format!("{group}.{}", self.environment),
            None => self.environment.clone(),
        }
    }
}

/// The names in the options that a kind was given for a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct OptionNames {
    pub(crate) project: Option<String>,
    pub(crate) stack: Option<String>,
}

/// The place of every stage, chain by chain.
pub(crate) fn places(
    shape: &Shape,
    flow: &PipelineFlow<'_>,
    name: &str,
    option_names: &dyn Fn(&StageJobs) -> OptionNames,
) -> Vec<Vec<StagePlace>> {
    let by_name = by_job_names(shape, flow, name);
    let mut places: Vec<Vec<StagePlace>> = Vec::new();
    for (chain, by_name) in shape.chains.iter().zip(by_name) {
        let mut found: Vec<StagePlace> = Vec::new();
        for (stage, by_name) in chain.iter().zip(by_name) {
            let given = option_names(stage);
            let place = match (by_gate(stage, flow), &given.stack) {
                (Some(place), _) => {
                    StagePlace { stack: given.stack.clone().unwrap_or_else(|| place.selector()), ..place }
                }
                (None, Some(stack)) => of_stack(given.project.as_deref().unwrap_or(name), stack, &by_name),
                (None, None) => StagePlace { project: given.project.clone().unwrap_or(by_name.project), ..by_name },
            };
            found.push(place);
        }
        places.push(found);
    }
    distinct(&mut places);
    places
}

/// By the key of a gate of the stage's own.
fn by_gate(stage: &StageJobs, flow: &PipelineFlow<'_>) -> Option<StagePlace> {
    let opened = [Some(stage.deploy), stage.preview].into_iter().flatten().flat_map(|job| &flow.jobs[job].opens);
    opened.into_iter().find_map(|put| {
        let issue = flow.issues.get(put.resource.as_ref().unwrap_or(&put.put).as_str())?;
        let IssueMark::Gate(key) = &issue.id.mark else { return None };
        let key: GateKey = key.parse().ok()?;
        let stage = key.stage();
        let place = StagePlace {
            project: stage.project().to_owned(),
            group: stage.group().map(str::to_owned),
            environment: stage.environment().to_owned(),
            stack: String::new(),
        };
        Some(place)
    })
}

fn of_stack(project: &str, stack: &str, by_name: &StagePlace) -> StagePlace {
    let (group, environment) = match stack.rsplit_once('.') {
        Some((group, environment)) => (Some(group.to_owned()), environment),
        None => (None, stack),
    };
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !is_name(environment) || group.as_deref().is_some_and(|group| !is_name(group)) {
        return StagePlace { project: project.to_owned(), stack: stack.to_owned(), ..by_name.clone() };
    }
    StagePlace { project: project.to_owned(), group, environment: environment.to_owned(), stack: stack.to_owned() }
}

/// By the names of jobs: what is common to a chain is no environment, and what differs between chains is a group.
fn by_job_names(shape: &Shape, flow: &PipelineFlow<'_>, name: &str) -> Vec<Vec<StagePlace>> {
    let words = |job: usize| -> Vec<&str> {
        flow.jobs[job].job.name.as_str().split(['-', '_', '.']).filter(|word| !word.is_empty()).collect()
    };
    let chains: Vec<Vec<Vec<&str>>> =
        shape.chains.iter().map(|chain| chain.iter().map(|stage| words(stage.deploy)).collect()).collect();
    let mut environments: Vec<Vec<String>> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut around: Vec<Vec<&str>> = Vec::new();
    for chain in &chains {
        let (before, behind) = if chain.len() > 1 { common(chain) } else { (0, 0) };
        let cut = |name: &Vec<&str>| name[before..name.len() - behind].join("-");
        let mut cut: Vec<String> = chain.iter().map(cut).collect();
        let all: BTreeSet<&String> = cut.iter().collect();
        if chain.len() == 1 || cut.iter().any(String::is_empty) || all.len() < cut.len() {
            cut = chain.iter().map(|name| name.join("-")).collect();
            around.push(Vec::new());
        } else {
            let first = &chain[0];
            around.push(first[..before].iter().chain(&first[first.len() - behind..]).copied().collect());
            known.extend(cut.iter().cloned());
        }
        environments.push(cut);
    }
    // A chain of one job: its environment is one of those that others have.
    for (index, chain) in chains.iter().enumerate().filter(|(_, chain)| chain.len() == 1) {
        let [only] = chain.as_slice() else { continue };
        match only.iter().find(|word| known.contains(**word)) {
            Some(word) => {
                around[index] = only.iter().filter(|other| *other != word).copied().collect();
                environments[index] = vec![(*word).to_owned()];
            }
            None if chains.len() == 1 => environments[index] = vec!["default".to_owned()],
            None => {}
        }
    }
    let shared: BTreeSet<&str> = around
        .first()
        .into_iter()
        .flatten()
        .filter(|word| around.iter().all(|words| words.contains(word)))
        .copied()
        .collect();
    let mut places = Vec::new();
    for (environments, around) in environments.into_iter().zip(&around) {
        let own: Vec<&str> = around.iter().filter(|word| !shared.contains(**word)).copied().collect();
        let group = (chains.len() > 1 && !own.is_empty()).then(|| own.join("-"));
        let place = |environment: String| StagePlace {
            project: name.to_owned(),
            stack: group.as_ref().map_or(environment.clone(), |group| format!("{group}.{environment}")),
            group: group.clone(),
            environment,
        };
        places.push(environments.into_iter().map(place).collect());
    }
    places
}

/// How many words names begin and end with alike.
fn common(names: &[Vec<&str>]) -> (usize, usize) {
    let shortest = names.iter().map(Vec::len).min().unwrap_or(0);
    let first = &names[0];
    let before = (0..shortest).take_while(|at| names.iter().all(|name| name[*at] == first[*at])).count();
    let behind = (0..shortest - before)
        .take_while(|at| names.iter().all(|name| name[name.len() - 1 - at] == first[first.len() - 1 - at]))
        .count();
    (before, behind)
}

/// No two stages are one, and what belongs together is called alike.
fn distinct(places: &mut [Vec<StagePlace>]) {
    let mut seen: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for (index, chain) in places.iter_mut().enumerate() {
        let (project, mut group) = (chain[0].project.clone(), chain[0].group.clone());
        if !seen.insert((project.clone(), group.clone())) {
            group = Some(group.map_or(format!("chain-{}", index + 1), |group| format!("{group}-{}", index + 1)));
            seen.insert((project.clone(), group.clone()));
        }
        let mut taken = BTreeSet::new();
        for place in chain.iter_mut() {
            if place.project != project {
                place.environment = place.stack.replace('.', "-");
            }
            place.project.clone_from(&project);
            place.group.clone_from(&group);
            while !taken.insert(place.environment.clone()) {
                place.environment.push_str("-2");
            }
        }
    }
    // Beside groups there is no chain without one.
    let grouped: BTreeSet<String> =
        places.iter().filter(|chain| chain[0].group.is_some()).map(|chain| chain[0].project.clone()).collect();
    for chain in places.iter_mut().filter(|chain| chain[0].group.is_none() && grouped.contains(&chain[0].project)) {
        for place in chain {
            place.group = Some("main".to_owned());
        }
    }
    // A name of an environment that is one of a group as well would be ambiguous.
    let groups: BTreeSet<String> = places.iter().flatten().filter_map(|place| place.group.clone()).collect();
    for place in places.iter_mut().flatten() {
        if groups.contains(&place.environment) {
            place.environment.push_str("-env");
        }
    }
}
