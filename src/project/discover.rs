//! What the checkout of the code says: which stacks there are, and whether what a manifest names is there.

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};
use yaml_source::{Failure, files};

use crate::kind::Kind;
use crate::manifest::{ChainFields, Name};
use crate::template::{Filler, Scope};

use super::chain::ChainOutline;

/// Stands for a stack's name while the place of its file is found out. No name can hold it.
const ANY: &str = "\u{1}";

/// Where the files of stacks lie.
#[derive(Debug)]
pub(super) struct Pattern {
    folder: Utf8PathBuf,
    before: String,
    after: String,
}

impl Pattern {
    /// As a person writes it.
    pub(super) fn shown(&self) -> String {
        self.of("STACK")
    }

    /// The file of a stack.
    pub(super) fn of(&self, stack: &str) -> String {
        self.folder.join(format!("{}{stack}{}", self.before, self.after)).into_string()
    }
}

/// Where the kind's stack files lie, if it has any and they differ in their names alone.
pub(super) fn pattern(kind: &Kind, given: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Pattern> {
    let mut scope = scope.with([("stack", ANY.into())]);
    let (_, options) = kind.options_for(given, &scope, diagnostics);
    scope.define("options", options);
    pattern_of(kind, &scope, diagnostics)
}

/// The same, for a stage whose options are filled in.
pub(super) fn pattern_of(kind: &Kind, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Pattern> {
    let template = kind.stack_files()?;
    let scope = scope.with([("stack", ANY.into())]);
    let path = Filler::new(diagnostics).text(template, &scope)?;
    let (before, after) = path.split_once(ANY)?;
    let (folder, before) = before.rsplit_once('/').unwrap_or(("", before));
    let inside = !after.contains(['/', '\u{1}']) && files::is_inside(folder);
    inside.then(|| Pattern { folder: folder.into(), before: before.to_owned(), after: after.to_owned() })
}

/// The names of the stacks that have a file, sorted.
pub(super) fn stacks(root: &Utf8Path, pattern: &Pattern) -> Result<Vec<String>, Failure> {
    let folder = root.join(&pattern.folder);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut stacks: Vec<String> = files::list(&folder)?
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.strip_prefix(pattern.before.as_str())?.strip_suffix(pattern.after.as_str())?;
            (!name.is_empty()).then(|| name.to_owned())
        })
        .collect();
    stacks.sort_unstable();
    Ok(stacks)
}

/// The chains that stacks make: what is an environment, or ends in a dot and one, is a stage. Declared `groups` restrict
/// and order them. What is no name, or is that of an environment, is no group.
pub(super) fn chains(stacks: &[String], fields: &ChainFields) -> Vec<ChainOutline> {
    let environments: Vec<&str> = fields.environments.iter().flatten().map(|name| name.0.as_str()).collect();
    let of_group = |group: Option<&str>| {
        let environments: Vec<String> = environments
            .iter()
            .filter(|environment| {
                let stack = group.map_or_else(|| (**environment).to_owned(), |group| format!("{group}.{environment}"));
                stacks.contains(&stack) && !fields.skip.contains(&stack)
            })
            .map(|environment| (*environment).to_owned())
            .collect();
        (!environments.is_empty()).then(|| ChainOutline { group: group.map(str::to_owned), environments })
    };
    if !fields.groups.is_empty() {
        return fields.groups.iter().filter_map(|group| of_group(Some(&group.0))).collect();
    }
    let mut groups: Vec<&str> = stacks
        .iter()
        .filter_map(|stack| {
            environments.iter().find_map(|environment| stack.strip_suffix(environment)?.strip_suffix('.'))
        })
        .filter(|group| Name::is_name(group) && !environments.contains(group))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    of_group(None).into_iter().chain(groups.into_iter().filter_map(|group| of_group(Some(group)))).collect()
}

/// Are the files there that a stage needs: its stack file, and the options that are paths?
pub(super) fn check_paths(
    root: &Utf8Path,
    kind: &Kind,
    options: &Node,
    scope: &Scope,
    whom: &str,
    diagnostics: &mut Diagnostics,
) {
    for (option, path, span) in path_options(kind, options) {
        // That it leads out of the code is reported already.
        if !files::is_inside(path) {
            return;
        }
        if !root.join(path).exists() {
            let found = if span.file == kind.node().span.file {
                // The user wrote no such option.
                let message = format!("`{path}` is not in the code: it is the default of `{option}`");
                Diagnostic::new(Rule::MissingPath, options.span, message)
                    .help(format!("add the file, or set `{option}`"))
            } else {
                Diagnostic::new(Rule::MissingPath, span, format!("`{path}` is not in the code"))
            };
            diagnostics.push(found.note(format!("looked in {root}")));
            return;
        }
    }
    let Some(template) = kind.stack_files() else { return };
    let Some(path) = Filler::new(diagnostics).text(template, scope) else { return };
    if !path.is_empty() && (!files::is_inside(&path) || !root.join(&path).is_file()) {
        diagnostics.push(
            Diagnostic::new(Rule::MissingStackFile, options.span, format!("{whom} has no stack file `{path}`"))
                .help("add the file, or take the stage out of `environments`, or `skip` it")
                .note(format!("looked in {root}")),
        );
    }
}

/// Reports options that a kind's schema calls paths, and that lead out of the code or can lead anywhere.
pub(super) fn check_options(kind: &Kind, options: &Node, diagnostics: &mut Diagnostics) {
    let given = |span: Span| span.file != kind.node().span.file;
    let paths = path_options(kind, options);
    for (option, path, span) in &paths {
        if path.contains("((") && given(*span) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::VariablePlace,
                    *span,
                    format!("`{option}` holds a variable, so the path is not known before the pipeline runs"),
                )
                .help("write the path without a variable"),
            );
        }
    }
    for (_, path, span) in paths.into_iter().filter(|(_, path, _)| !files::is_inside(path)) {
        diagnostics.push(
            Diagnostic::new(Rule::MissingPath, span, format!("`{path}` is outside of the repository"))
                .help(files::help_for_outside(path)),
        );
    }
}

/// The options that a kind's schema calls paths.
fn path_options<'n>(kind: &Kind, options: &'n Node) -> Vec<(&'n str, &'n str, Span)> {
    let mut paths = Vec::new();
    for entry in options.as_map().map(Map::entries).unwrap_or_default() {
        let Some(option) = kind.option(&entry.key) else { continue };
        let items = match entry.value.as_list() {
            Some(items) if option.has_paths => items,
            None if option.is_path => std::slice::from_ref(&entry.value),
            _ => continue,
        };
        paths.extend(items.iter().filter_map(|item| Some((entry.key.as_str(), item.as_str()?, item.span))));
    }
    paths.retain(|(_, path, _)| !path.is_empty() && !path.contains("://"));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Name;

    fn fields(environments: &[&str], groups: &[&str], skip: &[&str]) -> ChainFields {
        let names = |list: &[&str]| list.iter().map(|name| Name((*name).to_owned())).collect::<Vec<_>>();
        ChainFields {
            environments: Some(names(environments)),
            groups: names(groups),
            skip: skip.iter().map(|stage| (*stage).to_owned()).collect(),
            discover: true,
        }
    }

    fn found(stacks: &[&str], fields: &ChainFields) -> Vec<String> {
        let stacks: Vec<String> = stacks.iter().map(|stack| (*stack).to_owned()).collect();
        chains(&stacks, fields)
            .iter()
            .map(|chain| format!("{}: {}", chain.group.as_deref().unwrap_or("-"), chain.environments.join(" ")))
            .collect()
    }

    #[test]
    fn stage_is_what_ends_in_an_environment() {
        let stacks = ["mitx.CI", "mitx.QA", "mitx-staging.QA", "QA", "notes", "CIty", "mitx.QAx", "a.b.CI"];
        assert_eq!(found(&stacks, &fields(&["CI", "QA"], &[], &[])), ["-: QA", "mitx: CI QA", "mitx-staging: QA"]);
        assert_eq!(
            found(&stacks, &fields(&["CI", "QA"], &["mitx-staging", "mitx"], &["mitx.CI"])),
            ["mitx-staging: QA", "mitx: QA"]
        );
        assert_eq!(found(&stacks, &fields(&["Production"], &[], &[])), Vec::<String>::new());
    }
}
