//! What decodes itself.

use std::sync::LazyLock;

use regex::Regex;

use crate::validate::duration;
use yaml_source::diagnostic::{Diagnostic, Refusal, Rule, did_you_mean, visible};
use yaml_source::yaml::{Map, Node, NodeKind};

use super::model::{IN_PARALLEL, Shape};
use super::seen::Seen;
use super::walk::{ValuePlace, Walk};

/// A size with a unit, all of them powers of 1024 (`atc/container_limits.go`).
static MEMORY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i)^([0-9]+)([KMG]i?B?)?$").expect("internal error: a pattern of this program does not compile")
});

const DURATION: &str = "numbers with units, from `h`, `m` and `s`: `90s`, `1h30m`";

impl Walk<'_> {
    pub(super) fn in_parallel(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::List => self.value(node, Shape::List(&Shape::Step), place),
            Seen::Map => {
                if let Some(map) = node.as_map_mut() {
                    self.fields(map, &IN_PARALLEL, false);
                }
            }
            _ => self.wrong(node, place, "steps, as a list or below `steps`"),
        }
    }

    pub(super) fn check_every(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Text("never" | "") => {}
            Seen::Text(text) if duration::parse(text).is_some() => {}
            Seen::Text(text) => {
                let message = format!("`{}` is not a duration, and not `never`", visible(text));
                let help = match did_you_mean(text, ["never"]) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => var_or(text, DURATION),
                };
                self.malformed(node, message, help);
            }
            _ => self.wrong(node, place, "`never` or a duration, as a text"),
        }
    }

    /// A word, and one that Concourse does not know is passed over; or a version.
    pub(super) fn version(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Text(_) => {}
            Seen::Map => self.strict_texts(node, place),
            _ => self.wrong(node, place, "`latest`, `every` or a map of texts"),
        }
    }

    fn strict_texts(&mut self, node: &mut Node, place: ValuePlace) {
        for entry in node.as_map_mut().into_iter().flat_map(Map::entries_mut) {
            if !matches!(Seen::of(&entry.value), Seen::Text(_) | Seen::Invalid) {
                self.wrong(&mut entry.value, ValuePlace { is_item: true, ..place }, "a text");
            }
        }
    }

    pub(super) fn inputs(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Text(_) => {}
            Seen::List => {
                let NodeKind::List(items) = &mut node.kind else { return };
                for item in items {
                    match Seen::of(item) {
                        Seen::Text(text) if text.trim() != text => {
                            *item = Node::text(item.span, text.trim().to_owned());
                        }
                        Seen::Text(_) | Seen::Invalid => {}
                        _ => self.wrong(item, ValuePlace { is_item: true, ..place }, "a text"),
                    }
                }
            }
            _ => self.wrong(node, place, "`all`, `detect` or a list of texts"),
        }
    }

    pub(super) fn max_in_flight(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Text("all") => {}
            Seen::Text(text) => {
                let message = format!("invalid `max_in_flight`: `{}` is not a number, and not `all`", visible(text));
                let help = match text.parse::<i64>() {
                    Ok(_) => "remove the quotes".to_owned(),
                    Err(_) => var_or(text, "`all`, or how many at once"),
                };
                self.malformed(node, message, help);
            }
            _ => self.value(node, Shape::Int, place),
        }
    }

    pub(super) fn cpu(&mut self, node: &mut Node, place: ValuePlace) {
        if !matches!(Seen::of(node), Seen::Integer(_)) && !is_finite(node) {
            self.wrong(node, place, "a number");
        }
    }

    pub(super) fn memory(&mut self, node: &mut Node, _: ValuePlace) {
        let Seen::Text(text) = Seen::of(node) else {
            // A number counts; of anything else nothing is made.
            self.any(node);
            return;
        };
        let size = MEMORY.captures(text).and_then(|found| found[1].parse::<u64>().ok());
        if size.is_none() {
            let message = format!("`{}` is not a size of memory", visible(text));
            let help = var_or(text, "a number of bytes, or of `K`, `M` or `G`: `512M`, `2GB`");
            self.malformed(node, message, help);
        }
    }

    pub(super) fn ttl(&mut self, node: &mut Node, place: ValuePlace) {
        match Seen::of(node) {
            Seen::Text("") => {}
            Seen::Text(text) => match duration::parse(text) {
                Some(1_000_000_000..) => {}
                Some(_) => {
                    let message = format!("a cache is kept for `1s` at least, not for `{}`", visible(text));
                    self.malformed(node, message, DURATION.to_owned());
                }
                None => {
                    let message = format!("invalid cache ttl: `{}` is not a duration", visible(text));
                    let help = var_or(text, DURATION);
                    self.malformed(node, message, help);
                }
            },
            Seen::Null => self.value(node, Shape::Text, place),
            _ => self.wrong(node, place, "a duration, as a text"),
        }
    }

    fn malformed(&mut self, node: &mut Node, message: String, help: String) {
        let diagnostic = Diagnostic::new(Rule::MalformedValue, node.span, message).help(help);
        self.diagnostics.push(diagnostic.refused_by(Refusal::EVERYWHERE));
        node.kind = NodeKind::Invalid;
    }
}

fn is_finite(node: &Node) -> bool {
    matches!(Seen::of(node), Seen::Float(value) if value.is_finite())
}

/// What to do of a text that does not fit: it may be a variable.
fn var_or(text: &str, help: &str) -> String {
    if text.contains("((") { "a variable is text until `-v`, `-y` or `-l` gives it a value" } else { help }.to_owned()
}
