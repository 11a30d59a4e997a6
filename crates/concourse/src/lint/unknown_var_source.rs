use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use std::collections::BTreeSet;

use super::view::{PipelineView, each_text};

/// A variable of a source that the pipeline does not declare: whatever uses it errors when it is run.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let declared: BTreeSet<&str> = view.var_sources.iter().map(|definition| definition.name).collect();
    each_text("", view.root, &mut |_, text, span| {
        for (source, path) in references(text) {
            // The source `.` is that of `load_var` and `across`.
            if source == "." || declared.contains(source) {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnknownVarSource,
                    span,
                    format!("there is no variable source `{source}` for `(({source}:{path}))`"),
                )
                .help(match did_you_mean(source, declared.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "declare it in `var_sources`".to_owned(),
                }),
            );
        }
    });
}

/// Source and path of the variables of a text that name a source: `((source:path))`, in the grammar of Concourse
/// (`vars/template.go`).
pub(super) fn references(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("((").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once("))")?;
        let (source, path) = inside.split_once(':')?;
        let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
        let of_path = |c: char| word(c) || matches!(c, ':' | '@' | '"');
        (!source.is_empty() && source.chars().all(word) && !path.is_empty() && path.chars().all(of_path))
            .then_some((source, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_those_of_concourse() {
        let found = |text| references(text).collect::<Vec<_>>();
        assert_eq!(found("a ((v:x.y)) ((z)) ((.:k)) $((a ? b : c))"), [("v", "x.y"), (".", "k")]);
        assert_eq!(found("((a:\"b.c\".d))"), [("a", "\"b.c\".d")]);
        assert_eq!(found("((:x)) ((x:)) ((a b:c)) ((a:b c)) ((a:b"), []);
    }
}
