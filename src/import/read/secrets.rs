//! Secrets in clear: they are taken out of what was read before anything else looks at it.

use std::collections::{BTreeMap, BTreeSet};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use crate::manifest::{SecretPart, is_secret_by_name, secret_parts};

/// Puts the name of a credential where a secret stands, and reports it. What is left may be shown to anybody.
pub(crate) fn take_out(pipeline: &mut Node, diagnostics: &mut Diagnostics) {
    logins_of_repositories(pipeline);
    let names = CredentialNames::of(pipeline);
    walk(pipeline, &mut |place, node| {
        let Some(text) = node.as_str().map(str::to_owned) else { return };
        let mut secrets = secrets(place.key, &text);
        let Some(first) = secrets.first() else { return };
        let is_whole = first.range == (0..text.len());
        let what = first.what;
        let mut rest = text.clone();
        let mut notes: Vec<String> = Vec::new();
        // From behind: what comes before keeps its place.
        while let Some(secret) = secrets.pop() {
            let wanted = PossibleNames::new(place, &secret, &text);
            let name = names.name(&wanted, &text[secret.range.clone()]);
            notes.extend(names.others(&wanted, &name));
            notes.push(format!("the manifest has the name of a credential in its place: {name}"));
            rest.replace_range(secret.range, &name);
        }
        let key = place.key;
        let message =
            if is_whole { format!("`{key}` is written in clear") } else { format!("`{key}` holds a {what} in clear") };
        let mut diagnostic = Diagnostic::new(Rule::PlaintextSecret, node.span, message);
        for note in notes.into_iter().rev() {
            diagnostic = diagnostic.note(note);
        }
        diagnostics.push(diagnostic.help(
            "give the credential manager the value under that name; and another value, since this one was written down",
        ));
        *node = Node::text(node.span, rest);
    });
}

/// Where a text is.
struct TextPlace<'a> {
    /// The names of what is around it: of a job, a step, a resource.
    names: &'a [String],
    key: &'a str,
}

/// Shows each text of a pipeline, with its place.
fn walk(pipeline: &mut Node, visit: &mut dyn FnMut(&TextPlace<'_>, &mut Node)) {
    fn of_node(
        key: &str,
        node: &mut Node,
        depth: usize,
        names: &mut Vec<String>,
        visit: &mut dyn FnMut(&TextPlace<'_>, &mut Node),
    ) {
        match &mut node.kind {
            NodeKind::Map(map) => {
                let named = ["name", "task", "put", "get"].iter().find_map(|key| map.get(key)?.as_str());
                let named = named.filter(|_| depth <= 3 || map.get("name").is_none()).map(str::to_owned);
                let before = names.len();
                names.extend(named);
                for Entry { key, value, .. } in map.entries_mut() {
                    of_node(key, value, depth + 1, names, visit);
                }
                names.truncate(before);
            }
            NodeKind::List(items) => items.iter_mut().for_each(|item| of_node(key, item, depth + 1, names, visit)),
            NodeKind::Scalar(_) => visit(&TextPlace { names, key }, node),
            NodeKind::Invalid => {}
        }
    }
    of_node("", pipeline, 0, &mut Vec::new(), visit);
}

/// The secrets of a text: all of it, or parts.
fn secrets(key: &str, text: &str) -> Vec<SecretPart> {
    let is_key = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY");
    let is_account = key == "access_key_id" && !text.is_empty() && !text.contains("((");
    if is_key || is_account || is_secret_by_name(key, text) {
        return vec![SecretPart { range: 0..text.len(), what: "secret" }];
    }
    secret_parts(text)
}

/// The names that a credential could have, the best first.
struct PossibleNames(Vec<String>);

impl PossibleNames {
    fn new(place: &TextPlace<'_>, secret: &SecretPart, text: &str) -> Self {
        let key = if place.key.is_empty() { "secret" } else { place.key };
        let key = if secret.range == (0..text.len()) { key.to_owned() } else { format!("{key}_{}", secret.what) };
        let of = |name: &str| format!("{}.{}", clean(name), clean(&key).to_ascii_lowercase());
        let inner = place.names.last().map_or("pipeline", String::as_str);
        let outer = place.names.first().map_or("pipeline", String::as_str);
        Self(vec![of(inner), of(outer), of(&format!("{outer}-{inner}"))])
    }
}

/// A name of letters that every credential manager takes.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}

/// The names of credentials: one for each value that is written under a name.
struct CredentialNames {
    /// The name that was wanted, and the value: the name that it got.
    given: BTreeMap<String, Vec<(String, String)>>,
}

impl CredentialNames {
    fn of(pipeline: &mut Node) -> Self {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut found: Vec<(PossibleNames, String)> = Vec::new();
        walk(pipeline, &mut |place, node| {
            let text = node.as_str().unwrap_or_default();
            let names = text.split("((").skip(1).filter_map(|rest| rest.split_once("))"));
            taken.extend(names.map(|(name, _)| name.trim().to_owned()));
            for secret in secrets(place.key, text) {
                found.push((PossibleNames::new(place, &secret, text), text[secret.range].to_owned()));
            }
        });
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (wanted, value) in &found {
            values.entry(&wanted.0[0]).or_default().insert(value);
        }
        let mut given: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        // What nobody else wants is not given away.
        taken.extend(values.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| (*name).to_owned()));
        for (wanted, value) in &found {
            let of_name = given.entry(wanted.0[0].clone()).or_default();
            if of_name.iter().any(|(known, _)| known == value) {
                continue;
            }
            let numbered = (2..).map(|number| format!("{}-{number}", wanted.0[0]));
            let mut free = wanted.0.iter().cloned().chain(numbered).filter(|name| !taken.contains(name));
            if let Some(name) = free.next() {
                taken.insert(name.clone());
                of_name.push((value.clone(), format!("(({name}))")));
            }
        }
        Self { given }
    }

    fn of_wanted(&self, wanted: &PossibleNames) -> &[(String, String)] {
        self.given.get(&wanted.0[0]).map_or(&[], Vec::as_slice)
    }

    fn name(&self, wanted: &PossibleNames, value: &str) -> String {
        let found = self.of_wanted(wanted).iter().find(|(known, _)| known == value);
        found.map_or_else(|| format!("(({}))", wanted.0[0]), |(_, name)| name.clone())
    }

    /// What the other values are called that are written under the same name.
    fn others(&self, wanted: &PossibleNames, name: &str) -> Option<String> {
        let names = self.of_wanted(wanted).iter().map(|(_, other)| other.as_str()).filter(|other| *other != name);
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| {
            format!("another value is written under the same name, and has a name of its own: {}", names.join(", "))
        })
    }
}

/// Gives repositories the login of their address in fields of its own: the rest of the address is no secret, and git keeps
/// an address in the clone.
fn logins_of_repositories(pipeline: &mut Node) {
    let Some(NodeKind::List(resources)) = pipeline.at_mut("/resources").map(|node| &mut node.kind) else { return };
    for resource in resources {
        if resource.at("/type").and_then(Node::as_str) != Some("git") {
            continue;
        }
        if let Some(source) = resource.at_mut("/source").and_then(Node::as_map_mut) {
            login_of_repository(source);
        }
    }
}

fn login_of_repository(source: &mut Map) {
    if source.get("username").is_some() || source.get("password").is_some() {
        return;
    }
    let Some(entry) = source.entry("uri").cloned() else { return };
    let text = entry.value.as_str().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) else {
        return;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((login, host)) = authority.rsplit_once('@') else { return };
    // What is encoded stays in the address, where it is decoded.
    let Some((user, password)) = login.split_once(':').filter(|_| !login.contains('%')) else { return };
    if user.is_empty() || secret_parts(text).is_empty() {
        return;
    }
    let span = entry.value.span;
    let of = |key: &str, value: &str| Entry { key: key.to_owned(), key_span: span, value: Node::text(span, value) };
    let (username, password) = (of("username", user), of("password", password));
    source.set(Entry { value: Node::text(span, format!("{scheme}://{host}{path}")), ..entry });
    source.set(username);
    source.set(password);
}
