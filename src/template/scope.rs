use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

/// The names that a template may use. Cheap to extend: a stage's names are shared by all that is filled for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(Arc<Layer>);

/// Names that lie over others, and hide those that are called the same.
#[derive(Clone, Debug, Default)]
struct Layer {
    under: Option<Arc<Layer>>,
    /// In the order in which they were defined. They are few, and the last ones are used most: they are found fastest one by
    /// one, from behind.
    values: Vec<(&'static str, Value)>,
    /// Dotted names whose own templates were wrong: what uses them cannot be right, and is not reported again.
    unknown: BTreeSet<String>,
}

impl Layer {
    /// This layer and those under it, the nearest first.
    fn layers(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |layer| layer.under.as_deref())
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.layers().flat_map(|layer| layer.values.iter().rev()).find(|(known, _)| *known == name)?;
        Some(value)
    }

    fn names(&self) -> BTreeSet<&'static str> {
        self.layers().flat_map(|layer| &layer.values).map(|(name, _)| *name).collect()
    }

    fn define(&mut self, name: &'static str, value: Value) {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.values.push((name, value)),
        }
    }
}

impl Object for Layer {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.names().into_iter().map(Value::from).collect())
    }
}

impl Scope {
    /// The same names and more; a name that is there already means something else from here on.
    pub(crate) fn with(&self, names: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let mut layer = Layer { under: Some(Arc::clone(&self.0)), ..Layer::default() };
        for (name, value) in names {
            layer.define(name, value);
        }
        Self(Arc::new(layer))
    }

    /// Defines one more name.
    pub(crate) fn define(&mut self, name: &'static str, value: impl Into<Value>) {
        Arc::make_mut(&mut self.0).define(name, value.into());
    }

    /// Says that the value of a dotted name could not be made.
    pub(crate) fn mark_unknown(&mut self, name: impl Into<String>) {
        Arc::make_mut(&mut self.0).unknown.insert(name.into());
    }

    /// Is one of these names known to have no value?
    pub(super) fn has_unknown(&self, names: &[String]) -> bool {
        self.0.layers().flat_map(|layer| &layer.unknown).any(|unknown| {
            names.iter().any(|name| {
                name == unknown || name.strip_prefix(unknown.as_str()).is_some_and(|rest| rest.starts_with('.'))
            })
        })
    }

    /// The value of a dotted name, if it has one.
    pub(super) fn get(&self, name: &[String]) -> Option<Value> {
        let (first, rest) = name.split_first()?;
        let mut value = self.0.get(first)?.clone();
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
        self.0.names().into_iter().map(str::to_owned).collect()
    }
}
