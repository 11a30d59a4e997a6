//! Resources of Concourse, for all input types: made from the settings of an input, and converted back.

use concourse_pipeline::model::{Resource, ResourceName, ResourceTypeName};
use serde_json::{Map, Value as Json};
use yaml_source::diagnostic::one_of;
use yaml_source::yaml::{IndexMap, Value};

use crate::manifest::{CheckEvery, Secret};

/// Makes settings of a source.
type ToSettings = fn(&Map<String, Json>) -> Option<Map<String, Json>>;

/// A type of Concourse's that an input type renders to.
pub(crate) struct ConcourseType {
    pub(crate) name: &'static str,
    /// The settings of an input that render to a source. `None` when they cannot express it.
    pub(crate) settings: ToSettings,
    /// The file that names the version of a resource with this source.
    pub(crate) version_file: fn(&Map<String, Json>) -> &'static str,
    /// The files that tell versions apart besides that one. All others can be equal in two versions.
    pub(crate) other_version_files: &'static [&'static str],
    /// Whether a manifest has another default of `check_every` than Concourse.
    pub(crate) has_default_check: bool,
}

/// The type of this name, if an input type renders to it.
pub(crate) fn concourse_type(name: &str) -> Option<ConcourseType> {
    super::CONCOURSE_TYPES.into_iter().flatten().find(|found| found.name == name)
}

/// Fails with a message and a help when `file` does not tell versions of an input apart: an approval that names it would be
/// one for all versions.
pub(super) fn check_version_file(name: &str, file: &str, known: &[&str]) -> Result<(), (String, String)> {
    if known.contains(&file) {
        return Ok(());
    }
    let known = one_of(known);
    Err((
        format!("`{file}` of `{name}` names no version"),
        format!("write `pin` with {known}; or write why the newest version may be used: `unpinned: REASON`"),
    ))
}

/// A key of a source, its name in a manifest, and whether it holds a credential, which has to be a variable.
pub(super) type Field = (&'static str, &'static str, bool);

/// A source as settings of the input type `field`. `None` when it has something that they cannot express. `defaults` are
/// left out, and fields without a word go to `extra`.
pub(super) fn settings_of(
    source: &Map<String, Json>,
    field: &str,
    fields: &[Field],
    defaults: &[(&str, Json)],
) -> Option<Map<String, Json>> {
    let (mut settings, mut extra) = (Map::new(), Map::new());
    for (key, value) in source {
        if defaults.iter().any(|(name, default)| name == key && default == value) {
            continue;
        }
        let Some((_, name, secret)) = fields.iter().find(|(name, ..)| name == key) else {
            extra.insert(key.clone(), value.clone());
            continue;
        };
        if *secret && !value.as_str().is_some_and(Secret::is_reference) {
            return None;
        }
        let fits = match *name {
            "paths" => value.as_array().is_some_and(|paths| paths.iter().all(Json::is_string)),
            "aws_role" => value.is_boolean(),
            _ => value.is_string() || value.is_number() || value.is_boolean(),
        };
        if !fits {
            return None;
        }
        settings.insert(
            (*name).to_owned(),
            if *name == "paths" || *name == "aws_role" {
                value.clone()
            } else {
                value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()
            },
        );
    }
    if !extra.is_empty() {
        settings.insert("extra".to_owned(), extra.into());
    }
    Some(Map::from_iter([(field.to_owned(), settings.into())]))
}

/// The name of a resource type that every Concourse worker brings.
pub(crate) fn core_type(name: &str) -> ResourceTypeName {
    ResourceTypeName::parse(name).expect("internal error: the name of a core resource type is none")
}

pub(super) fn resource(
    name: &ResourceName,
    type_name: ResourceTypeName,
    icon: Option<&str>,
    source: IndexMap<String, Value>,
    check_every: Option<&CheckEvery>,
) -> Resource {
    Resource {
        icon: icon.map(String::from),
        source: Some(Value::Map(source)),
        check_every: check_every.map(CheckEvery::to_concourse),
        ..Resource::named(name.clone(), type_name)
    }
}
