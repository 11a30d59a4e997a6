//! From where the pipelines of a fleet are set, and with whose credentials.
//!
//! Nothing of that is in a rendered pipeline: the pipeline of `meta` reads its image from the fleet, and a team is no part of a
//! pipeline. So the files of two revisions are compared.

use concourse_pipeline::Repository;
use concourse_pipeline::diff::{Change, Changes, Effect, Subject};
use concourse_pipeline::image::publisher;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::source::{SourceText, Sources};
use yaml_source::yaml::{Limits, Map, Node, Value, decode, escape, read};

/// The changes by which the file of a fleet has its pipelines set from another place, or elsewhere.
pub(crate) fn moved(path: &str, old: SourceText, new: SourceText) -> Vec<Change> {
    let mut changes = Changes::default();
    let Some(was) = node(path, old) else { return Vec::new() };
    let Some(is) = node(path, new) else {
        if was.at("/meta").is_some() || was.at("/concourses").is_some() {
            let message = "cannot be read, so from where its pipelines are set is not known";
            changes.push(Effect::Weaker, Subject::Fleet(path.to_owned()), message);
        }
        return changes.changes;
    };
    let mut report = |field: &str, message: String| {
        changes.push(Effect::Weaker, Subject::Fleet(field.to_owned()), message);
    };
    meta(&was, &is, &mut report);
    concourses(&was, &is, &mut report);
    changes.changes
}

/// The name of the pipeline that sets the others, by which a fleet whose file moved is known.
pub(crate) fn meta_name(path: &str, text: SourceText) -> Option<String> {
    value(&node(path, text)?, "/meta/pipeline").map(|name| shown(Some(&name)))
}

fn node(path: &str, text: SourceText) -> Option<Node> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    read(&sources, file, Limits::MANIFEST, &mut Diagnostics::default())
}

/// A value, where one is given.
fn value(node: &Node, pointer: &str) -> Option<Value> {
    node.at(pointer).and_then(|node| decode::<Value>(node).ok()).filter(|value| *value != Value::Null)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => visible(text).into_owned(),
        Some(value) => visible(&serde_json::to_string(value).unwrap_or_default()).into_owned(),
        None => "none".to_owned(),
    }
}

/// Gives a value in its one spelling.
type Spelling<'s> = &'s dyn Fn(&Value) -> String;

/// Whoever can push to that branch, or publishes that image, decides which pipelines are set.
fn meta(was: &Node, is: &Node, report: &mut impl FnMut(&str, String)) {
    let clone = |value: &Value| match value {
        Value::Text(text) => Repository::of_clone(text).to_string(),
        other => shown(Some(other)),
    };
    if was.at("/meta").is_none_or(Node::is_null) {
        if is.at("/meta").is_some_and(|meta| !meta.is_null()) {
            let place = value(is, "/meta/source/repository");
            let place = place.as_ref().map_or_else(|| shown(None), clone);
            report("meta", format!("is new: pipelines are set from `{place}`, and nobody is asked"));
        }
        return;
    }
    if is.at("/meta").is_none_or(Node::is_null) {
        return;
    }
    let branch = |value: &Value| shown(Some(value));
    let folder = |value: &Value| shown(Some(value)).trim_matches('/').trim_start_matches("./").to_owned();
    let published = |value: &Value| match value {
        Value::Text(text) => publisher(text).to_owned(),
        other => shown(Some(other)),
    };
    // With what stands there where nothing is given.
    let fields: [(&str, &str, Spelling<'_>, &str); 5] = [
        ("source/repository", "", &clone, "the pipelines are set from there"),
        ("source/branch", "main", &branch, "the pipelines are set from there"),
        ("source/folder", "", &folder, "the pipelines are set from there"),
        ("image/repository", "", &published, "this image decides what may be set"),
        ("team", "", &branch, "this team has the pipeline that sets the others"),
    ];
    for (field, default, spelling, consequence) in fields {
        let (old, new) = (value(was, &format!("/meta/{field}")), value(is, &format!("/meta/{field}")));
        let plain = |value: Option<&Value>| value.map_or_else(|| default.to_owned(), spelling);
        if plain(old.as_ref()) != plain(new.as_ref()) {
            let name = format!("meta.{}", field.replace('/', "."));
            let or_default = |value: Option<&Value>| match value {
                // Without an account and its password.
                Some(_) if field == "source/repository" => plain(value),
                None if !default.is_empty() => default.to_owned(),
                _ => shown(value),
            };
            let (old, new) = (or_default(old.as_ref()), or_default(new.as_ref()));
            report(&name, format!("changes from `{old}` to `{new}`: {consequence}"));
        }
    }
}

/// A team has credentials of its own, and so has each Concourse.
fn concourses(was: &Node, is: &Node, report: &mut impl FnMut(&str, String)) {
    let names = |node: &Node| -> Vec<String> {
        let entries = node.at("/concourses").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        entries.iter().map(|entry| entry.key.clone()).collect()
    };
    let (old, new) = (names(was), names(is));
    // One that has another name now is told by its place.
    let gone = old.iter().filter(|name| !new.contains(name));
    let come = new.iter().filter(|name| !old.contains(name));
    let kept = old.iter().filter(|name| new.contains(name)).map(|name| (name, name));
    for (old, new) in kept.chain(gone.zip(come)) {
        for (field, consequence, is_first_free) in [
            ("team", "credentials such as `((name))` are those of another team", false),
            ("target", "the pipelines are set on another Concourse", true),
            ("url", "links lead to another Concourse", true),
        ] {
            let of = |node: &Node, name: &str| value(node, &format!("/concourses/{}/{field}", escape(name)));
            let (before, after) = (of(was, old), of(is, new));
            let is_free = is_first_free && (before.is_none() || field == "url" && after.is_none());
            if before != after && !is_free {
                let (before, after) = (shown(before.as_ref()), shown(after.as_ref()));
                report(
                    &format!("concourses.{new}.{field}"),
                    format!("changes from `{before}` to `{after}`: {consequence}"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLEET: &str = "version: 1\nconcourses: {main: {target: main, team: shop, url: https://ci.example.com}}\n\
                         meta:\n  pipeline: p\n  source: {repository: https://github.com/example/shop, folder: deploy}\n  \
                         image: {repository: example/ol-pipegen, tag: 0.1.0}\n";

    #[track_caller]
    fn found(new: &str) -> Vec<String> {
        let text = |text: &str| SourceText::from(text.to_owned());
        moved("pipegen.yml", text(FLEET), text(new))
            .into_iter()
            .map(|change| match change.subject {
                Subject::Fleet(name) => name,
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn pipelines_that_are_set_from_elsewhere_are_told() {
        for (old, new, field) in [
            ("example/shop,", "mallory/shop,", "meta.source.repository"),
            ("folder: deploy", "branch: mallory, folder: deploy", "meta.source.branch"),
            ("folder: deploy", "folder: other", "meta.source.folder"),
            ("example/ol-pipegen", "mallory/ol-pipegen", "meta.image.repository"),
            ("example/ol-pipegen", "((image))", "meta.image.repository"),
            ("pipeline: p", "pipeline: p\n  team: other", "meta.team"),
            ("team: shop, ", "team: mallory, ", "concourses.main.team"),
            ("team: shop, ", "", "concourses.main.team"),
            ("{main: {target: main, team: shop", "{edge: {target: main, team: mallory", "concourses.edge.team"),
            ("target: main", "target: other", "concourses.main.target"),
            ("https://ci.example.com", "https://ci.example.net", "concourses.main.url"),
        ] {
            assert_eq!(found(&FLEET.replacen(old, new, 1)), [field], "{new}");
        }
    }

    #[test]
    fn other_changes_of_a_fleet_are_none() {
        for (old, new) in [
            ("tag: 0.1.0", "tag: 0.2.0"),
            ("folder: deploy", "branch: main, folder: ./deploy/"),
            ("https://github.com/example/shop", "https://github.com/example/shop.git"),
            ("example/ol-pipegen", "docker.io/example/ol-pipegen"),
            (", url: https://ci.example.com", ""),
            ("version: 1", "version: 1\noutput: rendered"),
        ] {
            assert_eq!(found(&FLEET.replacen(old, new, 1)), [""; 0], "{new}");
        }
    }

    #[test]
    fn meta_that_comes_is_told_and_a_file_that_cannot_be_read_too() {
        let text = |text: &str| SourceText::from(text.to_owned());
        let (bare, _) = FLEET.split_once("meta:").unwrap();
        assert_eq!(moved("pipegen.yml", text(bare), text(FLEET)).len(), 1);
        assert_eq!(moved("pipegen.yml", text(FLEET), text(bare)).len(), 0);
        assert_eq!(found("a: {"), ["pipegen.yml"]);
        assert_eq!(meta_name("pipegen.yml", text(FLEET)).as_deref(), Some("p"));
    }
}
