use crate::issues::{IssueId, IssueSource};
use crate::model::{Resource, ResourceType};
use crate::policy;
use yaml_source::yaml::Value;

/// A resource whose versions are closed issues.
#[derive(Clone, Debug)]
pub struct IssueResource<'p> {
    /// The resource.
    pub resource: &'p Resource,
    /// Which issues it is about.
    pub id: IssueId<'p>,
    defaults: Option<&'p Value>,
}

/// The API of github.com.
const GITHUB: &str = "https://api.github.com";

impl<'p> IssueResource<'p> {
    /// The gate of a resource, if it has one.
    pub fn of(resource: &'p Resource, types: &'p [ResourceType]) -> Option<Self> {
        let resource_type = types.iter().find(|of| of.name == resource.type_name);
        let image = resource_type.and_then(|of| text(of.source.as_ref()?, "repository"));
        let defaults = resource_type.and_then(|of| of.defaults.as_ref());
        let text = |key: &str| as_text(field(resource, defaults, key)?);
        text("repository")?;
        let id = IssueSource::read(resource.type_name.as_str(), image, text)?.id()?;
        Some(Self { resource, id, defaults })
    }

    /// The base of the API.
    pub fn host(&self) -> &'p str {
        self.text("gh_host").unwrap_or(GITHUB).trim_end_matches('/')
    }

    /// The repository of the issues, as the source spells it.
    pub fn repository(&self) -> &'p str {
        self.text("repository").unwrap_or_default()
    }

    /// The title of the issue, as far as the resource says it.
    pub fn title(&self) -> Option<&'p str> {
        self.text("issue_title_template").or(self.text("issue_prefix"))
    }

    /// The repository of the code that an approval brings: with this one a get of an approval fetches the approved commit.
    pub fn code(&self) -> Option<&'p str> {
        text(self.field("git")?, "uri")
    }

    /// Whether its versions are records, which nobody has to close.
    pub(crate) fn shows_records(&self) -> bool {
        self.text("role") == Some("records")
    }

    /// A field of its source.
    pub fn field(&self, key: &str) -> Option<&'p Value> {
        field(self.resource, self.defaults, key)
    }

    fn text(&self, key: &str) -> Option<&'p str> {
        as_text(self.field(key)?)
    }

    /// What is said of who may close it, and when: for people, a few words each.
    pub(crate) fn policy(&self) -> Vec<String> {
        policy::words(|key| self.field(key))
    }
}

/// A field of the source of a resource, over the defaults of its type.
fn field<'p>(resource: &'p Resource, defaults: Option<&'p Value>, key: &str) -> Option<&'p Value> {
    let own = resource.source.as_ref().and_then(|source| source.get(key));
    own.or_else(|| defaults?.get(key))
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
    as_text(value.get(key)?)
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
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
