use crate::model::{Resource, ResourceType};
use crate::policy;
use yaml_source::yaml::Value;

/// Which issue is meant: the same one from whatever pipeline or resource it is spoken of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueId {
    /// Base of the API.
    pub host: String,
    /// `owner/name`.
    pub repository: String,
    /// How it is known there.
    pub mark: IssueMark,
}

/// How an issue is known in its repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueMark {
    /// By the key of its gate, hidden in its body.
    Gate(String),
    /// By what its title begins with, as MIT Open Learning's resource does it.
    Title(String),
}

/// A resource whose versions are closed issues.
#[derive(Clone, Debug)]
pub struct IssueResource<'p> {
    /// The resource.
    pub resource: &'p Resource,
    /// Which issues it is about.
    pub id: IssueId,
}

/// Whether the versions of a resource type are issues. Its name says so, or its image: of
/// [github-issues and approved-git](https://github.com/mitodl/ol-pipegen/tree/main/resource), or
/// [MIT Open Learning's](https://github.com/mitodl/concourse-github-issues-resource).
pub fn is_gate_type(name: &str, image: Option<&str>) -> bool {
    let image = image.map(|image| image.rsplit('/').next().unwrap_or(image)).unwrap_or_default();
    [name, image].iter().any(|called| {
        matches!(called.strip_suffix("-resource").unwrap_or(called), "github-issues" | "approved-git" | MITODL)
    })
}

/// The name of MIT Open Learning's image.
const MITODL: &str = "concourse-github-issues";

/// The API of github.com.
const GITHUB: &str = "https://api.github.com";

impl<'p> IssueResource<'p> {
    /// The gate of a resource, if it has one.
    pub fn of(resource: &'p Resource, types: &[ResourceType]) -> Option<Self> {
        let resource_type = types.iter().find(|of| of.name == resource.type_name);
        let image = resource_type.and_then(|of| text(of.source.as_ref()?, "repository"));
        if !is_gate_type(resource.type_name.as_str(), image) {
            return None;
        }
        let source = resource.source.as_ref()?;
        let mark = match text(source, "gate") {
            Some(gate) => IssueMark::Gate(gate.to_owned()),
            None => IssueMark::Title(text(source, "issue_prefix").or(text(source, "issue_title_template"))?.to_owned()),
        };
        let id = IssueId {
            host: text(source, "gh_host").unwrap_or(GITHUB).trim_end_matches('/').to_owned(),
            repository: text(source, "repository")?.to_owned(),
            mark,
        };
        Some(Self { resource, id })
    }

    /// The title of the issue, as far as the resource says it.
    pub fn title(&self) -> Option<&'p str> {
        let source = self.resource.source.as_ref()?;
        text(source, "issue_title_template").or(text(source, "issue_prefix"))
    }

    /// The repository of the code that an approval brings: with this one a get of an approval fetches the approved commit.
    pub fn code(&self) -> Option<&'p str> {
        text(self.field("git")?, "uri")
    }

    /// Whether its versions are records, which nobody has to close.
    pub(crate) fn shows_records(&self) -> bool {
        self.resource.source.as_ref().and_then(|source| text(source, "role")) == Some("records")
    }

    /// A field of its source.
    pub fn field(&self, key: &str) -> Option<&'p Value> {
        self.resource.source.as_ref()?.get(key)
    }

    /// What is said of who may close it, and when: for people, a few words each.
    pub(crate) fn policy(&self) -> Vec<String> {
        policy::words(|key| self.field(key))
    }
}

/// Seconds in the largest unit that leaves no rest: `90m`, `2d`.
pub fn duration(seconds: i64) -> String {
    match [(86_400, "d"), (3_600, "h"), (60, "m")].into_iter().find(|(unit, _)| seconds != 0 && seconds % unit == 0) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// The text under a key of a map.
pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    match value.get(key) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_largest_unit_that_fits() {
        let words = [0, 59, 5_400, 3_600, 172_800].map(duration);
        assert_eq!(words, ["0s", "59s", "90m", "1h", "2d"]);
    }
}
