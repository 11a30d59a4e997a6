use serde::Serialize;
use yaml_source::diagnostic::Rule;

/// What changes from one pipeline to another, what weighs most first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The changes. What only moved is among them, and comes last.
    pub changes: Vec<Change>,
}

impl Changes {
    /// Does nothing change that matters to Concourse?
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.effect == Effect::Order)
    }

    /// Whether a gate gets weaker, or promotes to another stage.
    pub fn is_of_gates(&self) -> bool {
        self.changes.iter().any(|change| change.effect <= Effect::Redirected)
    }

    /// Adds further changes, each where its weight puts it.
    pub fn add(&mut self, more: Vec<Change>) {
        self.changes.extend(more);
        self.changes.sort_by_key(|change| change.effect);
    }

    /// Those of an effect.
    pub fn of(&self, effect: Effect) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.effect == effect)
    }

    /// Adds one, whose message stands behind the name of its subject.
    pub fn push(&mut self, effect: Effect, subject: Subject, message: impl Into<String>) -> &mut Change {
        self.changes.push(Change {
            effect,
            subject,
            others: Vec::new(),
            message: message.into(),
            lines: None,
            is_gate_gone: false,
            covers: None,
        });
        // There is one: it was pushed.
        let last = self.changes.len() - 1;
        &mut self.changes[last]
    }
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What follows from it.
    pub effect: Effect,
    /// What changes.
    #[serde(flatten)]
    pub subject: Subject,
    /// Other things of this kind that change alike, where a report has them in one line.
    #[serde(skip)]
    pub(crate) others: Vec<String>,
    /// How, in words that stand behind its name. Secrets are not shown.
    pub message: String,
    /// The lines of a text that change, as a unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// Whether nobody has to approve any more. This comes before everything else.
    #[serde(skip)]
    pub(super) is_gate_gone: bool,
    /// What `validate` would find of the same: the rule, and a name in its message where it covers that one alone.
    #[serde(skip)]
    pub(super) covers: Option<(Rule, Option<String>)>,
}

/// What follows from a change. In the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Less is asked before something is deployed.
    Weaker,
    /// A gate promotes to another stage: what was approved for the stage before counts no more.
    Redirected,
    /// Concourse forgets the versions that it knows of a resource: what comes next is what a first check finds.
    HistoryAnew,
    /// More is asked before something is deployed.
    Stronger,
    /// It is new.
    Added,
    /// It is gone, and its builds or versions with it.
    Removed,
    /// It has another name, and keeps its builds or versions.
    Renamed,
    /// It does something else.
    Changed,
    /// Only the order is another: nothing follows from it.
    Order,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Subject {
    /// The pipeline.
    Pipeline,
    /// A job, by its new name.
    Job(String),
    /// A resource, by its new name.
    Resource(String),
    /// A resource type.
    ResourceType(String),
    /// A gate, by its key and its repository.
    Gate(String),
    /// An entry of a fleet's policy, by the stages that it is for.
    Policy(String),
    /// A field of a fleet.
    Fleet(String),
}

impl Subject {
    /// Its kind, in words, and its name. The pipeline itself has neither.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Pipeline => ("", ""),
            Self::Job(name) => ("job", name),
            Self::Resource(name) => ("resource", name),
            Self::ResourceType(name) => ("resource type", name),
            Self::Gate(name) => ("gate", name),
            Self::Policy(name) => ("policy", name),
            Self::Fleet(name) => ("fleet", name),
        }
    }
}
