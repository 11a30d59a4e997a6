//! Whether a `version` that is written in a pipeline is one version, whatever happens outside of the pipeline.

use yaml_source::yaml::{Map, Node};

use crate::view::field;

/// The key whose value is the version, of the types whose versions have more than one key, or whose keys are known. Concourse
/// 8 takes the newest version that has all keys that are written (`FindVersionOfResource` in `atc/db/versions_db.go`), so a
/// part of a version, such as the tag of an image, names one that moves.
const KEYS: [(&str, &[&str]); 6] = [
    ("git", &["ref"]),
    ("registry-image", &["digest"]),
    ("docker-image", &["digest"]),
    ("github-release", &["id"]),
    ("s3", &["path", "version_id"]),
    ("semver", &["number"]),
];

/// Whether these keys and values, of a resource of a type, name one version. A variable can name any.
pub fn is_one_version<'e>(of_type: &str, entries: impl Iterator<Item = (&'e str, &'e str)>) -> bool {
    let entries: Vec<(&str, &str)> = entries.collect();
    let known = KEYS.iter().find(|(name, _)| *name == of_type);
    let has_key = known.is_none_or(|(_, keys)| entries.iter().any(|(key, _)| keys.contains(key)));
    !entries.is_empty() && has_key && !entries.iter().any(|(_, value)| value.contains("((") || value.trim().is_empty())
}

/// The keys and values of `version` in a resource or a get.
pub fn written_version(of: &Node) -> Vec<(&str, &str)> {
    let entries = field(of, "version").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.as_str(), entry.value.as_str().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::is_one_version;

    #[test]
    fn part_of_a_version_or_a_variable_is_not_one_version() {
        let is_one = |of_type: &str, entries: &[(&str, &str)]| is_one_version(of_type, entries.iter().copied());
        assert!(is_one("git", &[("ref", "abc")]));
        assert!(is_one("registry-image", &[("tag", "1"), ("digest", "sha256:0")]));
        assert!(is_one("s3", &[("path", "a-1.tgz")]));
        assert!(is_one("pool", &[("ref", "abc")]));
        for (of_type, entries) in [
            ("git", &[][..]),
            ("git", &[("ref", "((ref))")]),
            ("git", &[("branch", "main")]),
            ("git", &[("ref", "")]),
            ("registry-image", &[("tag", "latest")]),
            ("pool", &[]),
            ("pool", &[("a", "b"), ("c", "((d))")]),
        ] {
            assert!(!is_one(of_type, entries), "{of_type} {entries:?}");
        }
    }
}
