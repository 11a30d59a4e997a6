use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use yaml_source::yaml::{Node, NodeKind, Resolved};

use super::Vars;

/// `{{name}}` as Concourse 7.14 finds it (`vars/template_resolver.go`).
static OLD_TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{([-0-9A-Za-z_\p{L}]+)\}\}").expect("internal error: a pattern of this program does not compile")
});

/// A text of which each `{{name}}` is replaced, and where its parts stood.
pub(in crate::validate) struct WithoutOldTemplates {
    pub(in crate::validate) text: String,
    /// Where templates stand in the file that nothing gives a value, but for those in comments.
    pub(in crate::validate) unfilled: Vec<Range<usize>>,
    /// From such a place in the text on, up to the next, the place in the file: behind a value, at it where it is none.
    moved: Vec<(usize, usize)>,
}

impl WithoutOldTemplates {
    /// The place in the file of what stands at a place in the text.
    pub(in crate::validate) fn origin(&self, at: usize) -> usize {
        let next = self.moved.partition_point(|(new, _)| *new <= at);
        match (next.checked_sub(1).and_then(|last| self.moved.get(last)), self.moved.get(next)) {
            // Within what was filled in there is nothing to point at but the template.
            (Some((new, old)), Some((_, end))) => (old + (at - new)).min(*end),
            (Some((new, old)), None) => old + (at - new),
            (None, _) => at,
        }
    }
}

/// Whether a text has variables that only 7.14 fills.
pub(in crate::validate) fn has_old_templates(text: &str) -> bool {
    text.contains("{{") && OLD_TEMPLATE.is_match(text)
}

/// Replaces the templates of 7.14 wherever they stand, in quotes and comments as well: by the value as JSON, or by
/// `null`. `None` when there are none.
pub(in crate::validate) fn without_old_templates(text: &str, vars: &Vars) -> Option<WithoutOldTemplates> {
    if !has_old_templates(text) {
        return None;
    }
    let mut new = String::with_capacity(text.len());
    let mut moved = Vec::new();
    let mut unfilled = Vec::new();
    let mut end = 0;
    for found in OLD_TEMPLATE.captures_iter(text) {
        let (whole, name) = (found.get(0)?, found.get(1)?);
        new.push_str(&text[end..whole.start()]);
        moved.push((new.len(), whole.start()));
        if let Some(value) = vars.by_name(name.as_str()) {
            json(value, &mut new);
        } else {
            new.push_str("null");
            if !is_in_comment(text, whole.start()) {
                unfilled.push(whole.range());
            }
        }
        end = whole.end();
        moved.push((new.len(), end));
    }
    new.push_str(&text[end..]);
    Some(WithoutOldTemplates { text: new, unfilled, moved })
}

/// Text in quotes that looks like a comment's beginning counts as one.
fn is_in_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.starts_with('#') || line.contains(" #") || line.contains("\t#")
}

fn json(node: &Node, out: &mut String) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match &node.kind {
        NodeKind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => out.push_str("null"),
            Resolved::Text => out.push_str(&quoted(&scalar.text)),
            _ => out.push_str(&scalar.text),
        },
        NodeKind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                json(item, out);
            }
            out.push(']');
        }
        NodeKind::Map(map) => {
            out.push('{');
            for (index, entry) in map.entries().iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&quoted(&entry.key));
                out.push(':');
                json(&entry.value, out);
            }
            out.push('}');
        }
        NodeKind::Invalid => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ConcourseVersion;

    #[test]
    fn templates_are_replaced_and_places_kept() {
        let vars = Vars::new(&["a=b c".into()], &["n=[1, {x: z}]".into()], ConcourseVersion::V7_14).unwrap();
        let text = "k: {{a}}\nl: {{n}} {{gone}} # {{é-1}}\nm: {{ no }}\n";
        let replaced = without_old_templates(text, &vars).unwrap();
        assert_eq!(replaced.text, "k: \"b c\"\nl: [1,{\"x\":\"z\"}] null # null\nm: {{ no }}\n");
        assert_eq!(replaced.unfilled.iter().map(|at| &text[at.clone()]).collect::<Vec<_>>(), ["{{gone}}"]);
        for word in ["k:", "l:", "m:", "no"] {
            let at = replaced.text.find(word).unwrap();
            assert_eq!(&text[replaced.origin(at)..][..2], word);
        }
        assert_eq!(replaced.origin(3), 3);
        assert!(replaced.origin(7) <= 8);
        assert!(without_old_templates("a: {b: {c: d}}", &vars).is_none());
    }
}
