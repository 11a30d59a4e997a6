//! Hashes of the files of what can be replaced under its name.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Job, TaskStep};
use yaml_source::yaml::Value;

use super::checks;
use crate::diff::compare::list;

/// Which files of an artifact are hashed.
#[derive(Clone, PartialEq)]
pub(super) enum Hashed {
    Only(BTreeSet<String>),
    Except(BTreeSet<String>),
    Unknown(String),
}

impl Hashed {
    /// As a line of `CONTENT` has it, behind the name of the artifact.
    fn of_line(words: &[&str]) -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match words {
            [first, rest @ ..] if !words.iter().any(|word| word.contains("((")) => match *first {
                "only" => Self::Only(names(rest)),
                "except" => Self::Except(names(rest)),
                _ => Self::Unknown(words.join(" ")),
            },
            _ => Self::Unknown(words.join(" ")),
        }
    }

    /// As `content` of a record has it.
    pub(super) fn of_record(value: &Value) -> Self {
        let Value::Map(map) = value else { return Self::Unknown(format!("{value:?}")) };
        let mut words = Vec::new();
        for (word, names) in map {
            words.push(word.as_str());
            let Value::List(names) = names else { return Self::Unknown(format!("{value:?}")) };
            words.extend(names.iter().map(|name| if let Value::Text(name) = name { name.as_str() } else { "((" }));
        }
        Self::of_line(&words)
    }

    /// Whether files that were hashed are not hashed any more.
    pub(super) fn is_less_than(&self, old: &Self) -> bool {
        match (old, self) {
            (old, new) if old == new => false,
            (Self::Except(old), Self::Except(new)) => !new.is_subset(old),
            (Self::Only(old), Self::Only(new)) => !old.is_subset(new),
            (Self::Only(old), Self::Except(new)) => !old.is_disjoint(new),
            _ => true,
        }
    }
}

/// A variable of a task: those of the step are laid over those of its config.
fn variable<'t>(task: &'t TaskStep, name: &str) -> &'t str {
    let of_step = task.params.as_ref().and_then(|params| params.get(name));
    let of_config = || task.config.as_ref().and_then(|config| config.params.get(name));
    match of_step.or_else(of_config) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// The artifacts whose versions the tasks of a job compare by name, and those whose files they hash.
pub(super) fn compared(job: &Job) -> (BTreeSet<&str>, BTreeMap<&str, Hashed>) {
    let (mut named, mut hashed) = (BTreeSet::new(), BTreeMap::new());
    for task in checks(job) {
        let lines = variable(task, "COMPARE").split_whitespace();
        named.extend(lines.map(|line| line.split_once('=').map_or(line, |(artifact, _)| artifact)));
        for line in variable(task, "CONTENT").lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [artifact, rest @ ..] = words.as_slice() {
                hashed.insert(*artifact, Hashed::of_line(rest));
            }
        }
    }
    (named, hashed)
}

/// A release or an object can be replaced under its name: only a hash of its files tells.
pub(super) fn compare(old: &Job, new: &Job, weaker: &mut dyn FnMut(String)) {
    let ((_, were), (named, are)) = (compared(old), compared(new));
    for (artifact, was) in &were {
        let name = list([*artifact]);
        match are.get(artifact) {
            None if named.contains(artifact) => weaker(format!(
                "no longer compares a hash of the files of {name}: other files under the same name are deployed, too"
            )),
            Some(is) if is.is_less_than(was) => {
                weaker(format!("compares a hash of fewer files of {name}: the others can be replaced"));
            }
            _ => {}
        }
    }
}
