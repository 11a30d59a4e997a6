//! The texts by which the target of a step is known, whatever else the step is told: the name of a stack or a namespace, where
//! that is, and which of several things it is.

use std::hash::{DefaultHasher, Hash, Hasher};

use concourse_pipeline::job_names::environment;
use concourse_pipeline::params::{Meaning, has_words, is_path};
use yaml_source::yaml::Value;

use super::across::ANY;
use super::model::Source;
use super::spelling::{has_variable, plain};
use super::work::is_verb;

/// The key under which the resource type of Pulumi has the name of a stack.
const STACK: &str = "stack_name";

/// The names in the params of a step, and in the source of the resource that it puts to.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Name>);

#[derive(Debug)]
struct Name {
    key: String,
    meaning: Meaning,
    value: String,
    /// The params of the step have it. Otherwise it is in the source.
    is_of_step: bool,
}

/// How the targets that two steps name relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// They are equal. Whether the params of a step say so, or the sources alone.
    Same { by_step: bool },
    /// A text that both have differs.
    Apart,
    /// Nothing that both have names a target.
    Unnamed,
}

impl Names {
    /// Those of params over those of a source. `spell` makes the one spelling of a text.
    pub(super) fn of(source: Option<Source<'_>>, params: Option<&Value>, spell: &dyn Fn(&str) -> String) -> Self {
        let mut names: Vec<Name> = Vec::new();
        let sources = source.map(|source| [source.own, source.of_type]).unwrap_or_default();
        for (at, values) in [params].into_iter().chain(sources).enumerate() {
            let mut found = Vec::new();
            if let Some(values) = values {
                collect(values, None, at == 0, spell, &mut found);
            }
            // What lies over it hides it.
            found.retain(|name| !names.iter().any(|over| over.key == name.key));
            names.append(&mut found);
        }
        Self(names)
    }

    pub(super) fn relation(&self, other: &Self) -> Relation {
        if self.moves_to(other) || other.moves_to(self) {
            return Relation::Same { by_step: true };
        }
        if self.is_one_stack(other) {
            let of_step = |names: &Self| names.under(STACK).any(|name| name.is_of_step);
            return Relation::Same { by_step: of_step(self) || of_step(other) };
        }
        let mut relation = Relation::Unnamed;
        for own in &self.0 {
            let mut others = other.under(&own.key).peekable();
            let Some(first) = others.peek() else { continue };
            let is_of_step = own.is_of_step || first.is_of_step;
            // Of a list one item in common is enough.
            if !others.any(|other| self.under(&own.key).any(|own| own.may_be(other))) {
                return Relation::Apart;
            }
            if own.meaning == Meaning::Target {
                let by_step = is_of_step || relation == Relation::Same { by_step: true };
                relation = Relation::Same { by_step };
            }
        }
        relation
    }

    /// Whether both name one stack of Pulumi, which knows it by project and name, in whatever folder the program is.
    pub(super) fn is_one_stack(&self, other: &Self) -> bool {
        let is_equal = |key: &str, is_equal: fn(&Name, &Name) -> bool| {
            self.under(key).any(|own| !has_variable(&own.value) && other.under(key).any(|other| is_equal(own, other)))
        };
        is_equal("project_name", |own, other| own.value == other.value) && is_equal(STACK, Name::is_one_target)
    }

    /// Whether another step names the same under each key, and nothing that a variable fills in.
    pub(super) fn are_all_in(&self, other: &Self) -> bool {
        let is_there = |own: &Name| other.under(&own.key).any(|other| own.value == other.value);
        !self.0.is_empty() && self.0.iter().all(|own| !has_variable(&own.value) && is_there(own))
    }

    /// Whether a target stands under a key that the other one has not, beside another target: a variable of the environment, such
    /// as `PULUMI_STACK`, can go before the param that says where a tool deploys.
    fn moves_to(&self, other: &Self) -> bool {
        let is_target = |name: &&Name| name.meaning == Meaning::Target;
        self.0.iter().filter(is_target).filter(|own| is_variable_of_tool(&own.key)).any(|own| {
            let mut targets = other.0.iter().filter(is_target);
            other.under(&own.key).next().is_none() && targets.any(|other| own.is_one_target(other))
        })
    }

    /// Whether one of them names an environment.
    pub(super) fn name(&self, environment: &str) -> bool {
        self.0.iter().any(|name| match name.meaning {
            Meaning::Target => names(&name.value, environment),
            _ => has_words(&name.value, environment),
        })
    }

    /// The texts that name what is deployed: those of the params, or else those of the source.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        let targets = || self.0.iter().filter(|name| name.meaning == Meaning::Target);
        let has_own = targets().any(|name| name.is_of_step);
        targets().filter(move |name| name.is_of_step == has_own).map(|name| name.value.as_str())
    }

    /// The keys under which both name the target.
    pub(super) fn keys_with(&self, other: &Self) -> Vec<&str> {
        let targets = self.0.iter().filter(|name| name.meaning == Meaning::Target);
        let mut keys: Vec<&str> =
            targets.filter(|name| other.under(&name.key).next().is_some()).map(|name| name.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A number for each text that names what is deployed. Steps with an equal target have one in common. None where a text
    /// could be anything.
    pub(super) fn pairs(&self) -> Vec<u64> {
        let targets = || self.0.iter().filter(|name| name.meaning == Meaning::Target);
        if targets().any(|name| name.value.contains(ANY) || is_open(&name.value)) {
            return Vec::new();
        }
        targets().map(|name| number((&name.key, name.core()))).collect()
    }

    /// A number that is equal for equal names of one maker. `None` without a target.
    pub(super) fn aim(&self, maker: &str) -> Option<u64> {
        if self.pairs().is_empty() {
            return None;
        }
        let mut names: Vec<(&str, String)> = self
            .0
            .iter()
            .filter(|name| !is_verb(&name.value))
            .map(|name| {
                (name.key.as_str(), if name.meaning == Meaning::Target { name.core() } else { name.value.clone() })
            })
            .collect();
        names.sort_unstable();
        Some(number((maker, names)))
    }

    fn under<'n>(&'n self, key: &'n str) -> impl Iterator<Item = &'n Name> {
        self.0.iter().filter(move |name| name.key == key)
    }
}

impl Name {
    /// Whether two texts under one key can mean the same.
    fn may_be(&self, other: &Self) -> bool {
        self.value == other.value
            || self.value.contains(ANY)
            || other.value.contains(ANY)
            || is_open(&self.value) != is_open(&other.value)
            || is_verb(&self.value) && is_verb(&other.value)
            || self.meaning == Meaning::Target && self.is_one_target(other)
    }

    /// Pulumi knows one stack as `STACK` and as `ORGANIZATION/PROJECT/STACK`.
    fn is_one_target(&self, other: &Self) -> bool {
        let (own, other) = (self.value.to_lowercase(), other.value.to_lowercase());
        let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|start| start.ends_with('/'));
        own == other || ends(&own, &other) || ends(&other, &own)
    }

    /// The part of a target that is equal in all its spellings.
    fn core(&self) -> String {
        self.value.rsplit('/').next().unwrap_or_default().to_lowercase()
    }
}

/// Whether a text is a variable of Concourse whose name does not say for which environment it is: it can hold any name. Two
/// such variables are compared by their own names.
fn is_open(text: &str) -> bool {
    has_variable(text) && !text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| environment(word).is_some())
}

/// Whether a key is that of a variable by which a tool is told its target: `pulumi_stack`, in lower case.
fn is_variable_of_tool(key: &str) -> bool {
    const TOOLS: [&str; 7] = ["pulumi_", "tf_", "helm_", "kube", "terragrunt_", "argocd_", "tofu_"];
    TOOLS.iter().any(|tool| key.starts_with(tool))
}

/// Whether a text names an environment: as words, or by a word that means the same, such as `prod`.
pub(super) fn names(text: &str, wanted: &str) -> bool {
    let is_kind = |word: &str| environment(word).is_some() && environment(word) == environment(wanted);
    has_words(text, wanted) || text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_kind)
}

fn collect(value: &Value, key: Option<&str>, is_of_step: bool, spell: &dyn Fn(&str) -> String, found: &mut Vec<Name>) {
    match value {
        Value::Map(map) => {
            for (key, value) in map {
                collect(value, Some(key), is_of_step, spell, found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, key, is_of_step, spell, found)),
        Value::Text(_) | Value::Integer(_) => {
            let Some(key) = key else { return };
            let meaning = Meaning::of(key);
            if meaning == Meaning::Other {
                return;
            }
            let value = match value {
                // The name of a project can be that of a folder, and means no folder.
                Value::Text(text) if text.contains('/') || is_path(key) => spell(text),
                Value::Text(text) => plain(text).into_owned(),
                Value::Integer(number) => number.to_string(),
                _ => return,
            };
            if !value.is_empty() {
                found.push(Name { key: key.to_ascii_lowercase(), meaning, value, is_of_step });
            }
        }
        Value::Null | Value::Bool(_) | Value::Float(_) => {}
    }
}

/// A number that is equal for equal things.
pub(super) fn number(thing: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}
