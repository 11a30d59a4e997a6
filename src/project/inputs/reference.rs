//! Inputs that do not say what they are, and mean the one of that name elsewhere in the manifest.

use yaml_source::yaml::{Entry, Map, Node, escape};

use crate::input::INPUT_TYPES;

/// What is inherited besides what the thing is. How it is taken, each says for itself.
const INHERITED: [&str; 3] = ["check_every", "each", "pin"];

/// The settings of a stage that may say what a thing is.
pub(in crate::project) struct Defining<'a> {
    /// Filled in.
    pub(in crate::project) settings: &'a Node,
    /// Where its code comes from: what a `git` without a repository means.
    pub(in crate::project) repository: &'a str,
}

/// Completes the inputs of a stage that refer to others. `all` are the stages of the manifest, `own` its place among
/// them: what the stage itself says comes first.
pub(in crate::project) fn refer(all: &[Defining<'_>], own: usize) -> Option<Node> {
    let settings = all.get(own)?.settings;
    let places = places(settings);
    let open: Vec<&Referring> = places.iter().filter(|place| !has_type(&place.entry.value)).collect();
    if open.is_empty() {
        return None;
    }
    let mut completed = settings.clone();
    for Referring { pointer, entry, is_taken } in open {
        let others = all.iter().enumerate().filter(|(index, _)| *index != own).map(|(_, defining)| defining);
        let found = all.get(own).into_iter().chain(others).find_map(|defining| definition(defining, &entry.key));
        if let (Some(found), Some(node)) = (found, completed.at_mut(pointer))
            && let Some(map) = node.as_map_mut()
        {
            for inherited in found.entries() {
                // What something is made from has no pin: what an approval names is the thing itself.
                if map.get(&inherited.key).is_none() && (*is_taken || inherited.key != "pin") {
                    map.set(inherited.clone());
                }
            }
        }
    }
    Some(completed)
}

/// An input, or what one is made from.
struct Referring<'a> {
    pointer: String,
    entry: &'a Entry,
    /// A deployment takes it.
    is_taken: bool,
}

fn places(settings: &Node) -> Vec<Referring<'_>> {
    let mut places = Vec::new();
    for entry in settings.at("/inputs").and_then(Node::as_map).map(Map::entries).unwrap_or_default() {
        let pointer = format!("/inputs/{}", escape(&entry.key));
        let from = entry.value.at("/build/from").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        places.extend(from.iter().map(|inner| Referring {
            pointer: format!("{pointer}/build/from/{}", escape(&inner.key)),
            entry: inner,
            is_taken: false,
        }));
        places.push(Referring { pointer, entry, is_taken: true });
    }
    places
}

fn has_type(node: &Node) -> bool {
    node.as_map().is_none_or(|map| INPUT_TYPES.iter().any(|kind| map.get(kind).is_some()))
}

/// What a stage says that a thing is.
fn definition(defining: &Defining<'_>, name: &str) -> Option<Map> {
    let places = places(defining.settings);
    let Referring { entry, .. } =
        places.iter().find(|place| place.entry.key == name && has_type(&place.entry.value))?;
    let map = entry.value.as_map()?;
    let mut inherited: Map = map
        .entries()
        .iter()
        .filter(|entry| INPUT_TYPES.contains(&entry.key.as_str()) || INHERITED.contains(&entry.key.as_str()))
        .cloned()
        .collect();
    // What is left out means the code of the one who says it.
    if let Some(git) = inherited.entries_mut().find(|entry| entry.key == "git")
        && git.value.at("/repository").is_none()
    {
        let (span, key_span) = (git.value.span, git.key_span);
        let mut set = |key: &str, value: Option<Node>| {
            if let (Some(value), Some(map)) = (value, git.value.as_map_mut())
                && map.get(key).is_none()
            {
                map.set(Entry { key: key.to_owned(), key_span, value });
            }
        };
        set("repository", Some(Node::text(span, defining.repository)));
        for field in ["branch", "private_key", "webhook"] {
            set(field, defining.settings.at(&format!("/source/{field}")).cloned());
        }
    }
    Some(inherited)
}
