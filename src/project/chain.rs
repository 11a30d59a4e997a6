use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean_selector, one_of};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::manifest::{ChainFields, Name};

/// A chain before its stages are known: its group, and the environments that it goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChainOutline {
    pub(super) group: Option<String>,
    pub(super) environments: Vec<String>,
}

impl ChainOutline {
    /// The name of one of its stages among selectors.
    pub(super) fn stage_name(&self, environment: &str) -> String {
        match &self.group {
            Some(group) => format!("{group}.{environment}"),
            None => environment.to_owned(),
        }
    }
}

/// How many stages a manifest may have.
const MAX_STAGES: usize = 2_000;

/// The chains that a manifest declares: environments times groups, less what is skipped.
pub(super) fn declared(fields: &ChainFields, layer: &Node, diagnostics: &mut Diagnostics) -> Vec<ChainOutline> {
    let environments = distinct(layer, "environments", fields.environments.iter().flatten(), diagnostics);
    let groups = distinct(layer, "groups", &fields.groups, diagnostics);
    for (index, group) in groups.iter().enumerate() {
        if environments.contains(group) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::AmbiguousSelector,
                    item(layer, "groups", index),
                    format!("`{group}` is an environment, too"),
                )
                .help("give the group another name: `overrides` cannot tell them apart"),
            );
        }
    }
    check_skips(fields, layer, &environments, &groups, diagnostics);
    if environments.len().saturating_mul(groups.len().max(1)) > MAX_STAGES {
        diagnostics.push(
            Diagnostic::new(
                Rule::YamlLimit,
                layer.entry_at("/environments").map_or(layer.span, |entry| entry.key_span),
                format!("more than {MAX_STAGES} stages"),
            )
            .note(format!("{} environments, {} groups", environments.len(), groups.len()))
            .help("make several manifests of it"),
        );
        return Vec::new();
    }
    if groups.is_empty() {
        return vec![ChainOutline { group: None, environments }];
    }
    let mut chains = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let environments: Vec<String> = environments
            .iter()
            .filter(|environment| !fields.skip.contains(&format!("{group}.{environment}")))
            .cloned()
            .collect();
        if environments.is_empty() && !fields.skip.is_empty() {
            diagnostics.push(
                Diagnostic::new(
                    Rule::EmptyChain,
                    item(layer, "groups", index),
                    format!("every stage of `{group}` is skipped"),
                )
                .help("remove the group"),
            );
            continue;
        }
        chains.push(ChainOutline { group: Some(group.clone()), environments });
    }
    chains
}

/// The names of a list, each once; one that stands twice is reported.
fn distinct<'n>(
    layer: &Node,
    field: &str,
    names: impl IntoIterator<Item = &'n Name>,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut seen: Vec<(String, Span)> = Vec::new();
    for (index, Name(name)) in names.into_iter().enumerate() {
        let span = item(layer, field, index);
        match seen.iter().find(|(known, _)| known == name) {
            None => match seen.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                // The names of jobs are in lower case.
                Some((known, first)) => diagnostics.push(
                    Diagnostic::new(
                        Rule::DuplicateItem,
                        span,
                        format!("`{known}` and `{name}` in `{field}` differ only in case"),
                    )
                    .also(*first, "first here")
                    .help("remove one of them, or rename it"),
                ),
                None => seen.push((name.clone(), span)),
            },
            Some((_, first)) => diagnostics.push(
                Diagnostic::new(Rule::DuplicateItem, span, format!("`{name}` appears twice in `{field}`"))
                    .also(*first, "first here")
                    .help("remove one of them"),
            ),
        }
    }
    seen.into_iter().map(|(name, _)| name).collect()
}

fn check_skips(
    fields: &ChainFields,
    layer: &Node,
    environments: &[String],
    groups: &[String],
    diagnostics: &mut Diagnostics,
) {
    for (index, skip) in fields.skip.iter().enumerate() {
        let known = skip.split_once('.').is_some_and(|(group, environment)| {
            groups.iter().any(|known| known == group) && environments.iter().any(|known| known == environment)
        });
        if known || fields.discover {
            continue;
        }
        let stages: Vec<String> = groups
            .iter()
            .flat_map(|group| environments.iter().map(move |environment| format!("{group}.{environment}")))
            .collect();
        let help = match did_you_mean_selector(skip, stages.iter().map(String::as_str)) {
            _ if environments.contains(skip) && !groups.is_empty() => {
                let all: Vec<String> = groups.iter().map(|group| format!("{group}.{skip}")).collect();
                format!("write {}, or remove `{skip}` from `environments`", one_of(&all))
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None if environments.contains(skip) && groups.is_empty() => {
                format!("remove `{skip}` from `environments`, and remove `skip`")
            }
            None if groups.is_empty() => format!("remove `{skip}` from `skip`: this project has no groups"),
            None => format!("write `GROUP.ENVIRONMENT`, with {} and {}", one_of(groups), one_of(environments)),
        };
        let message = if environments.contains(skip) {
            format!("`skip` takes a stage of a group, `GROUP.ENVIRONMENT`, not the environment `{skip}`")
        } else {
            format!("there is no stage `{skip}` to skip")
        };
        diagnostics.push(Diagnostic::new(Rule::UnknownStage, item(layer, "skip", index), message).help(help));
    }
}

/// The place of an item of a list of the layer.
fn item(layer: &Node, field: &str, index: usize) -> Span {
    let list = layer.as_map().and_then(|map| map.get(field));
    let item = list.and_then(Node::as_list).and_then(|items| items.get(index));
    item.or(list).unwrap_or(layer).span
}
