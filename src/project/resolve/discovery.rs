//! Stages that are found by the stack files of the checked-out code.

use camino::Utf8Path;
use yaml_source::diagnostic::{Diagnostic, Rule, ticked};
use yaml_source::yaml::Node;

use crate::kind::{Family, Kind};
use crate::manifest::ChainFields;
use crate::project::chain::ChainOutline;
use crate::project::stage::{Project, Stage};
use crate::project::{discover, values};
use crate::template::{Filler, Scope};

use super::Resolver;

impl Resolver<'_, '_> {
    pub(super) fn discover(&mut self, fields: &ChainFields) -> Result<Vec<ChainOutline>, yaml_source::Failure> {
        let span = self.layer.node.entry_at("/discover").map_or(self.layer.node.span, |entry| entry.key_span);
        let Some(root) = self.source_root else {
            self.diagnostics.push(
                Diagnostic::new(Rule::NeedsSourceRoot, span, "`discover` looks for files of the code")
                    .help("add `--source-root DIR` with the folder of the code"),
            );
            return Ok(Vec::new());
        };
        let Some((kind, options)) = self.kind(&self.layer.node) else { return Ok(Vec::new()) };
        let scope = self.scope_for_discovery(kind);
        let Some(pattern) = discover::pattern(kind, &options, &scope, self.diagnostics) else {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::NothingDiscovered,
                    span,
                    match kind.stack_files() {
                        None => format!("the stack kind `{}` has no file for each stack", kind.name()),
                        Some(_) => "the stack files do not lie in one folder".to_owned(),
                    },
                )
                .help("list `groups` and `environments` instead"),
            );
            return Ok(Vec::new());
        };
        let stacks = discover::stacks(root, &pattern)?;
        let found = discover::chains(&stacks, fields);
        for (index, group) in fields.groups.iter().enumerate() {
            if !found.iter().any(|chain| chain.group.as_ref() == Some(&group.0)) {
                let place = self.layer.node.at(&format!("/groups/{index}")).map_or(span, |node| node.span);
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::NothingDiscovered,
                        place,
                        format!("no stack file `{}` for any environment of `{group}`", pattern.shown()),
                    )
                    .help("remove the group, or add the file"),
                );
            }
        }
        for (index, skip) in fields.skip.iter().enumerate() {
            if !stacks.contains(skip) {
                let place = self.layer.node.at(&format!("/skip/{index}")).map_or(span, |node| node.span);
                self.diagnostics.push(
                    Diagnostic::new(Rule::UnknownStage, place, format!("there is no stage `{skip}` to skip"))
                        .help(format!("remove it, or add the stack file `{}`", pattern.of(skip))),
                );
            }
        }
        if found.is_empty() {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::NothingDiscovered,
                    span,
                    format!("no stack file `{}` for any of the environments", pattern.shown()),
                )
                .help(format!("check that `{root}` is the checkout of the code")),
            );
        }
        Ok(found)
    }

    /// What is known of every stage alike.
    fn scope_for_discovery(&mut self, kind: &Kind) -> Scope {
        let mut scope = Scope::default();
        for differs in ["group", "environment", "previous", "next", "concourse", "pipeline", "repository", "previewed"]
        {
            scope.mark_unknown(differs);
        }
        scope.define("name", self.manifest.name);
        scope.define("kind", kind.name());
        scope.define("kind_title", kind.title());
        values::define(self.layer.node.at("/values").and_then(Node::as_map), &mut scope, self.diagnostics);
        if let Some(project) = self.layer.node.at("/project").cloned()
            && let Some(project) = Filler::new(self.diagnostics).text(&project, &scope)
        {
            scope.define("project", project);
        }
        scope
    }

    /// Stack files that belong to no stage: somebody believes that they are deployed.
    pub(super) fn check_undeclared(
        &mut self,
        root: &Utf8Path,
        project: &Project,
        skip: &[String],
    ) -> Result<(), yaml_source::Failure> {
        let stages: Vec<&Stage> = project.chains.iter().flat_map(|chain| &chain.stages).collect();
        let mut seen: Vec<String> = Vec::new();
        for stage in &stages {
            let Some(kind) = self.fleet.kinds.get(Family::Stack, &stage.kind) else { continue };
            let Some(pattern) = discover::pattern_of(kind, &stage.scope, self.diagnostics) else { continue };
            if seen.contains(&pattern.shown()) {
                continue;
            }
            seen.push(pattern.shown());
            let stacks = discover::stacks(root, &pattern)?;
            let undeclared: Vec<String> = stacks
                .into_iter()
                .filter(|stack| !stages.iter().any(|stage| stage.stack == *stack) && !skip.contains(stack))
                .map(|stack| pattern.of(&stack))
                .collect();
            if !undeclared.is_empty() {
                let span = self.layer.node.entry_at("/stack").map_or_else(|| self.begin(), |entry| entry.key_span);
                self.diagnostics.push(
                    Diagnostic::new(Rule::UndeclaredStack, span, format!("no stage deploys {}", ticked(undeclared)))
                        .note(format!("looked in {root}"))
                        .help("add the stage, or remove the file"),
                );
            }
        }
        Ok(())
    }
}
