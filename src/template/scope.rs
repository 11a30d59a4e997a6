use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

/// The names that a template may use. Cheap to extend: a stage's names are shared by all that is filled for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(Arc<ScopeValues>);

#[derive(Clone, Debug, Default)]
struct ScopeValues {
    values: BTreeMap<&'static str, Value>,
    /// Dotted names whose own templates were wrong: what uses them cannot be right, and is not reported again.
    unknown: BTreeSet<String>,
}

impl Object for ScopeValues {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.values.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.keys().map(|name| Value::from(*name)).collect())
    }
}

impl Scope {
    /// The same names and more; a name that is there already means something else from here on.
    pub(crate) fn with(&self, names: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let mut all = ScopeValues::clone(&self.0);
        all.values.extend(names);
        Self(Arc::new(all))
    }

    /// Defines one more name.
    pub(crate) fn define(&mut self, name: &'static str, value: impl Into<Value>) {
        Arc::make_mut(&mut self.0).values.insert(name, value.into());
    }

    /// Says that the value of a dotted name could not be made.
    pub(crate) fn mark_unknown(&mut self, name: impl Into<String>) {
        Arc::make_mut(&mut self.0).unknown.insert(name.into());
    }

    /// Is one of these names known to have no value?
    pub(super) fn has_unknown(&self, names: &[String]) -> bool {
        let unknown = &self.0.unknown;
        !unknown.is_empty()
            && names.iter().any(|name| {
                unknown.iter().any(|unknown| {
                    name == unknown || name.strip_prefix(unknown.as_str()).is_some_and(|rest| rest.starts_with('.'))
                })
            })
    }

    /// The value of a dotted name, if it has one.
    pub(super) fn get(&self, name: &[String]) -> Option<Value> {
        let (first, rest) = name.split_first()?;
        let mut value = self.0.values.get(first.as_str())?.clone();
        for part in rest {
            value = value.get_attr(part).ok()?;
        }
        (!value.is_undefined()).then_some(value)
    }

    /// What an expression is evaluated in.
    pub(super) fn root(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.0))
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.values.keys().map(|name| (*name).to_owned()).collect()
    }
}
