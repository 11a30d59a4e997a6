use std::collections::BTreeSet;
use std::sync::Arc;

use concourse_pipeline::model::{Job, Pipeline, Resource, ResourceType};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{IndexMap, Node, Value};

use crate::project::{Fleet, FleetResourceType, Origin};

use super::conflict;

/// What was defined so far, by name. What comes out twice with one name is one thing, and must come out equal.
#[derive(Default)]
pub(super) struct Definitions {
    jobs: IndexMap<String, Defined<Job>>,
    resources: IndexMap<String, Defined<Resource>>,
    resource_types: IndexMap<String, Defined<ResourceType>>,
    var_sources: IndexMap<String, Defined<Value>>,
    display: IndexMap<String, Defined<Value>>,
}

/// Who defines something.
#[derive(Clone, Copy)]
pub(super) struct Definer<'d> {
    /// The stage.
    origin: &'d Arc<Origin>,
    /// The file that has the definition, and its place there: a kind of one's own, or the settings with `extra`.
    written: Option<(&'d Node, Span)>,
}

impl<'d> Definer<'d> {
    /// A stage, by what is written at a place.
    pub(super) fn written(origin: &'d Arc<Origin>, file: &'d Node, span: Span) -> Self {
        Self { origin, written: Some((file, span)) }
    }
}

impl<'d> From<&'d Arc<Origin>> for Definer<'d> {
    fn from(origin: &'d Arc<Origin>) -> Self {
        Self { origin, written: None }
    }
}

/// A definition, and where it came from first.
struct Defined<T> {
    value: T,
    origin: Arc<Origin>,
}

impl Definitions {
    /// Defines a job that several stages bring out, such as a build.
    pub(super) fn shared_job<'d>(&mut self, job: Job, by: impl Into<Definer<'d>>, diagnostics: &mut Diagnostics) {
        define(&mut self.jobs, "job", job.name.to_string(), job, by.into(), diagnostics);
    }

    /// Defines a job of one stage.
    pub(super) fn own_job(&mut self, job: Job, origin: &Arc<Origin>, diagnostics: &mut Diagnostics) {
        if let Some(known) = self.jobs.get(job.name.as_str()) {
            let span = origin.own_place("/names/deploy");
            let mut diagnostic =
                Diagnostic::new(Rule::NameCollision, span, format!("two jobs are named `{}`", job.name))
                    .label(format!("for {}", origin.whom()));
            let other = known.origin.own_place("/names/deploy");
            if other == span {
                diagnostic = diagnostic.note(format!("the other is that of {}", known.origin.whom()));
            } else {
                diagnostic = diagnostic.also(other, format!("and for {}", known.origin.whom()));
            }
            diagnostics
                .push(diagnostic.help("set `names: {deploy: …}`: with a preview, dots of stack names become dashes"));
            return;
        }
        self.jobs.insert(job.name.to_string(), Defined { value: job, origin: Arc::clone(origin) });
    }

    /// Defines a resource.
    pub(super) fn resource<'d>(
        &mut self,
        resource: Resource,
        by: impl Into<Definer<'d>>,
        diagnostics: &mut Diagnostics,
    ) {
        define(&mut self.resources, "resource", resource.name.to_string(), resource, by.into(), diagnostics);
    }

    /// Defines the resource of a repository. Who shares it watches the paths of all: the only list that is joined.
    pub(super) fn code_resource(
        &mut self,
        mut resource: Resource,
        origin: &Arc<Origin>,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some(known) = self.resources.get_mut(resource.name.as_str()) {
            join_paths(&mut known.value, &mut resource);
        }
        self.resource(resource, origin, diagnostics);
    }

    /// Defines a resource type.
    pub(super) fn resource_type<'d>(
        &mut self,
        resource_type: ResourceType,
        by: impl Into<Definer<'d>>,
        diagnostics: &mut Diagnostics,
    ) {
        let name = resource_type.name.to_string();
        define(&mut self.resource_types, "resource type", name, resource_type, by.into(), diagnostics);
    }

    /// Defines a source of variables.
    pub(super) fn var_source<'d>(
        &mut self,
        name: String,
        source: Value,
        by: impl Into<Definer<'d>>,
        diagnostics: &mut Diagnostics,
    ) {
        define(&mut self.var_sources, "variable source", name, source, by.into(), diagnostics);
    }

    /// Defines the look of the page.
    pub(super) fn display<'d>(&mut self, display: Value, by: impl Into<Definer<'d>>, diagnostics: &mut Diagnostics) {
        define(&mut self.display, "look", "display".to_owned(), display, by.into(), diagnostics);
    }

    /// Jobs that are defined so far.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().map(|defined| &defined.value)
    }

    /// Resources that are defined so far.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values().map(|defined| &defined.value)
    }

    /// Resource types that are defined so far.
    pub(super) fn resource_types(&self) -> impl Iterator<Item = &ResourceType> {
        self.resource_types.values().map(|defined| &defined.value)
    }

    /// All of it, the fleet's resource types laid over.
    pub(super) fn into_pipeline(self, fleet: &Fleet) -> Pipeline {
        let mut types: Vec<ResourceType> =
            self.resource_types.into_values().map(|defined| overlaid(defined.value, fleet)).collect();
        for FleetResourceType { resource_type, .. } in fleet.resource_types.values() {
            if !types.iter().any(|known| known.name == resource_type.name) {
                types.push(resource_type.clone());
            }
        }
        Pipeline {
            resource_types: types,
            resources: values(self.resources),
            jobs: values(self.jobs),
            var_sources: values(self.var_sources),
            display: values(self.display).pop(),
            ..Pipeline::default()
        }
    }
}

fn values<T>(defined: IndexMap<String, Defined<T>>) -> Vec<T> {
    defined.into_values().map(|defined| defined.value).collect()
}

fn overlaid(kinds: ResourceType, fleet: &Fleet) -> ResourceType {
    let Some(FleetResourceType { resource_type: over, says_type, .. }) =
        fleet.resource_types.get(kinds.name.as_str()).cloned()
    else {
        return kinds;
    };
    ResourceType {
        source: laid_over(kinds.source, over.source),
        defaults: laid_over(kinds.defaults, over.defaults),
        params: laid_over(kinds.params, over.params),
        privileged: over.privileged.or(kinds.privileged),
        check_every: over.check_every.or(kinds.check_every),
        tags: if over.tags.is_empty() { kinds.tags } else { over.tags },
        name: over.name,
        type_name: if says_type { over.type_name } else { kinds.type_name },
    }
}

/// As layers of settings are merged: maps by key, and anything else is replaced.
fn laid_over(far: Option<Value>, near: Option<Value>) -> Option<Value> {
    match (far, near) {
        (Some(Value::Map(mut far)), Some(Value::Map(near))) => {
            for (key, value) in near {
                let value = laid_over(far.shift_remove(&key), Some(value)).unwrap_or(Value::Null);
                far.insert(key, value);
            }
            Some(Value::Map(far))
        }
        (far, near) => near.or(far),
    }
}

fn define<T: PartialEq + serde::Serialize>(
    known: &mut IndexMap<String, Defined<T>>,
    noun: &str,
    name: String,
    value: T,
    Definer { origin, written }: Definer<'_>,
    diagnostics: &mut Diagnostics,
) {
    match known.get(&name) {
        None => {
            known.insert(name, Defined { value, origin: Arc::clone(origin) });
        }
        Some(first) if first.value == value => {}
        Some(first) => {
            diagnostics.push(conflict::describe(noun, &name, written, (&first.value, &first.origin), (&value, origin)));
        }
    }
}

/// Joins the watched paths of two definitions of a repository, in both. One that watches everything wins.
fn join_paths(a: &mut Resource, b: &mut Resource) {
    let Some((a_source, b_source)) = a.source.as_mut().zip(b.source.as_mut()) else { return };
    let (Value::Map(a_map), Value::Map(b_map)) = (a_source, b_source) else { return };
    let key = "paths";
    let joined = match (a_map.get(key), b_map.get(key)) {
        (Some(Value::List(a)), Some(Value::List(b))) => {
            let mut joined = a.clone();
            joined.extend(b.iter().filter(|path| !a.contains(path)).cloned());
            let texts: BTreeSet<String> = joined.iter().filter_map(text).map(str::to_owned).collect();
            joined.retain(|path| text(path).is_none_or(|path| !is_within_another(path, &texts)));
            Some(joined)
        }
        _ => None,
    };
    for map in [a_map, b_map] {
        match &joined {
            Some(paths) => {
                map.insert(key.to_owned(), Value::List(paths.clone()));
            }
            None => {
                map.shift_remove(key);
            }
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Is a path within a folder that is watched as well?
fn is_within_another(path: &str, all: &BTreeSet<String>) -> bool {
    path.match_indices('/').any(|(end, _)| all.contains(&path[..end]))
}
