//! Secrets in clear: they are taken out of what was read before anything else looks at it.

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::manifest::is_secret_in_clear;
use crate::yaml::{Entry, Node, NodeKind};

/// Puts a placeholder where a secret stands, and reports it. What is left may be shown to anybody.
pub(super) fn take_out(pipeline: &mut Node, diagnostics: &mut Diagnostics) {
    let mut search = Search { name: Vec::new(), diagnostics };
    search.node("", pipeline, 0);
}

struct Search<'d> {
    /// What the things around are called.
    name: Vec<String>,
    diagnostics: &'d mut Diagnostics,
}

impl Search<'_> {
    fn node(&mut self, key: &str, node: &mut Node, depth: usize) {
        let span = node.span;
        match &mut node.kind {
            NodeKind::Map(map) => {
                let named = ["name", "task", "put", "get"].iter().find_map(|key| map.get(key)?.as_str());
                let named = named.filter(|_| depth <= 3 || map.get("name").is_none()).map(str::to_owned);
                let before = self.name.len();
                self.name.extend(named);
                for Entry { key, value, .. } in map.entries_mut() {
                    self.node(key, value, depth + 1);
                }
                self.name.truncate(before);
            }
            NodeKind::List(items) => items.iter_mut().for_each(|item| self.node(key, item, depth + 1)),
            NodeKind::Scalar(scalar) if is_secret(key, &scalar.text) => {
                let placeholder = placeholder(self.name.last().map_or("pipeline", String::as_str), key);
                self.diagnostics.push(
                    Diagnostic::new(Rule::PlaintextSecret, span, format!("`{key}` is written in clear"))
                        .note(format!("the manifest has the name of a credential in its place: {placeholder}"))
                        .help("give the credential manager the value under that name; and another value, since this one was written down"),
                );
                *node = Node::text(span, placeholder);
            }
            NodeKind::Scalar(_) | NodeKind::Invalid => {}
        }
    }
}

fn is_secret(key: &str, text: &str) -> bool {
    let is_key = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY");
    let is_account = matches!(key, "access_key_id") && !text.is_empty() && !text.contains("((");
    is_key || is_account || is_secret_in_clear(key, text)
}

/// `((NAME.KEY))`, of letters that every credential manager takes.
fn placeholder(name: &str, key: &str) -> String {
    let clean = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
    };
    format!("(({}.{}))", clean(name), clean(if key.is_empty() { "secret" } else { key }).to_ascii_lowercase())
}
