//! Names of what is deployed, compared by what they mean: one folder, one repository and one credential have many
//! spellings.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// A name in its one spelling.
pub(crate) fn plain(target: &str) -> Cow<'_, str> {
    let is_word = target != "by" && !target.contains(char::is_whitespace);
    if is_word && !has_variable(target) {
        return path(target);
    }
    let spelt = variables(target);
    let mut words: Vec<Cow<'_, str>> = spelt.split_whitespace().map(path).collect();
    // What a place is reached by is a set: a file that is named twice, or later, leads to the same place.
    if let Some(at) = words.iter().position(|word| word == "by") {
        let by: BTreeSet<Cow<'_, str>> = words.drain(at..).skip(1).collect();
        if !by.is_empty() {
            words.push(Cow::Borrowed("by"));
            words.extend(by);
        }
    }
    Cow::Owned(words.join(" "))
}

/// A place, and what it is reached by, of a name in its one spelling.
pub(super) fn place_and_means(plain: &str) -> (&str, BTreeSet<&str>) {
    match plain.split_once(" by ") {
        Some((place, means)) => (place, means.split(' ').collect()),
        None => (plain, BTreeSet::new()),
    }
}

/// Whether a variable of Concourse is in the text, which could fill in anything.
pub(super) fn has_variable(text: &str) -> bool {
    text.contains("((")
}

/// Whether a name can be that of an artifact: it is the artifact's own, or a variable could make it so.
pub(super) fn may_be(name: &str, artifact: &str) -> bool {
    name == artifact || has_variable(name)
}

/// Whether one folder of a task is the other one, or lies in it.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    if has_variable(one) || has_variable(other) {
        return true;
    }
    let (one, other) = (path(one), path(other));
    let is_in = |outer: &str, inner: &str| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_in(&one, &other) || is_in(&other, &one)
}

/// A text with each variable in its one spelling.
fn variables(text: &str) -> Cow<'_, str> {
    if !has_variable(text) {
        return Cow::Borrowed(text);
    }
    let mut spelt = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("((") {
        let Some(end) = rest[at..].find("))") else { break };
        spelt.push_str(&rest[..at]);
        spelt.push_str(&variable(&rest[at + 2..at + end]));
        rest = &rest[at + end + 2..];
    }
    spelt.push_str(rest);
    Cow::Owned(spelt)
}

/// `((SOURCE:PATH.FIELD))` without what does not count: spaces around it, quotes around a part that needs none, empty fields
/// at its end, and the name of a credential manager, since two managers can hold one credential. `((.:name))` is a variable
/// of the build, and stays one.
fn variable(name: &str) -> String {
    let is_simple =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let mut found = String::new();
    let mut quoted: Option<String> = None;
    for c in name.trim().chars() {
        match (&mut quoted, c) {
            (None, '"') => quoted = Some(String::new()),
            (None, ':') if !matches!(found.as_str(), "" | ".") => found.clear(),
            (None, c) => found.push(c),
            (Some(part), '"') => {
                found.push_str(&if is_simple(part) { part.clone() } else { format!("\"{part}\"") });
                quoted = None;
            }
            (Some(part), c) => part.push(c),
        }
    }
    found.push_str(&quoted.map(|part| format!("\"{part}")).unwrap_or_default());
    format!("(({}))", found.trim_end_matches('.').trim())
}

/// A word as a path without what does not count: slashes at its end, doubled ones, `.` and `..`.
fn path(word: &str) -> Cow<'_, str> {
    let counts = |(at, part): (usize, &str)| match part {
        "" => at == 0 && word.len() > 1,
        part => part != "." && part != "..",
    };
    // A variable may hold anything.
    if has_variable(word) && !word.ends_with('/') || word.split('/').enumerate().all(counts) {
        return Cow::Borrowed(word);
    }
    let mut parts: Vec<&str> = Vec::new();
    for (at, part) in word.split('/').enumerate() {
        match part {
            "" if at == 0 && word.len() > 1 => parts.push(part),
            "" | "." => {}
            ".." if !matches!(parts.last(), None | Some(&("" | ".."))) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{overlap, plain};

    #[test]
    fn cache_lies_over_an_input() {
        for cache in ["code", "./code/", "code/bin", "code//bin/x", ".", "", "((folder))"] {
            assert!(overlap(cache, "code"), "{cache}");
        }
        for cache in ["codex", "cache", "code-cache", "other/code"] {
            assert!(!overlap(cache, "code"), "{cache}");
        }
        assert!(overlap("src", "src/code"));
    }

    #[test]
    fn one_folder_has_many_spellings() {
        let same = plain("workspace QA of github.com/example/shop/tofu/net");
        for path in ["tofu/net/", "./tofu/net", "tofu//net", "tofu/x/../net", "tofu/./net/."] {
            assert_eq!(plain(&format!("workspace QA  of github.com/example/shop/{path} ")), same, "{path}");
        }
        assert_ne!(plain("workspace QA of github.com/example/shop/tofu/Net"), same);
        assert_ne!(plain("workspace QA of github.com/example/shop/../tofu/net"), same);
        assert_eq!(plain("files in ../net"), "files in ../net");
        assert_ne!(plain("/srv"), plain("srv"));
    }

    #[test]
    fn means_are_a_set() {
        let same = plain("workspace QA of repo/net by a b");
        for means in ["b a", "a b a", "./a b", "a\nb", "a  b/"] {
            assert_eq!(plain(&format!("workspace QA of repo/net by {means}")), same, "{means}");
        }
        assert_ne!(plain("workspace QA of repo/net by a"), same);
        assert_eq!(plain("workspace QA of repo/net by "), plain("workspace QA of repo/net"));
    }

    #[test]
    fn one_credential_has_many_spellings() {
        let same = plain("release a/b by ((kube.config))");
        for name in [
            "(( kube.config ))",
            "((\"kube\".config))",
            "((kube.\"config\"))",
            "(( \"kube\".\"config\" ))",
            "((vault:kube.config))",
            "((kube.config.))",
        ] {
            assert_eq!(plain(&format!("release a/b by {name}")), same, "{name}");
        }
        assert_ne!(plain("release a/b by ((\"kube.config\"))"), same);
        assert_ne!(plain("release a/b by ((kube.Config))"), same);
        assert_ne!(plain("release a/b by ((.:kube.config))"), same);
    }
}
