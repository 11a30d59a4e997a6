//! The names of a stage: what its templates may use, and what Concourse and GitHub will call it.

use concourse_pipeline::model::{InstanceVars, JobName, PipelineName, ResourceName, invalid_name, nearest_identifier};
use github_issues_resource::contract::{InvalidPart, check_part};
use minijinja::Value;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::{Map, Node, NodeKind};

use crate::kind::Kind;
use crate::manifest::{NamesSettings, is_secret_in_clear};
use crate::project::chain::ChainOutline;
use crate::project::stage::{Names, OldName};
use crate::project::values;
use crate::template::Scope;

use super::Resolver;
use super::outline::StageOutline;

/// So long a name is when it is proposed for one that is too long.
const SHORT: usize = 40;

/// A stage's names, and what its templates are filled with.
pub(super) struct NamesOfStage {
    pub(super) scope: Scope,
    pub(super) project: String,
    pub(super) pipeline: Option<PipelineName>,
    pub(super) instance_vars: InstanceVars,
    pub(super) stack: String,
    pub(super) repository: String,
    pub(super) code: String,
}

impl Resolver<'_, '_> {
    /// Makes the names of a stage, in the order in which they may use one another. One that is wrong is reported, and
    /// another put in its place: what else is wrong is told in the same run.
    pub(super) fn name_stage(
        &mut self,
        chain: &ChainOutline,
        outlines: &[StageOutline],
        index: usize,
        previewed: bool,
        kind: &Kind,
    ) -> NamesOfStage {
        let outline = &outlines[index];
        let settings = &outline.settings;
        let neighbour = |index: Option<usize>| {
            index.and_then(|index| outlines.get(index)).map_or("", |stage| stage.environment.as_str())
        };
        let mut scope = Scope::default().with([
            ("name", Value::from(self.manifest.name)),
            ("group", chain.group.as_deref().unwrap_or_default().into()),
            ("environment", outline.environment.as_str().into()),
            ("previous", neighbour(index.checked_sub(1)).into()),
            ("next", neighbour(Some(index + 1)).into()),
            ("concourse", self.fleet.concourses[outline.concourse].name.as_deref().unwrap_or_default().into()),
            ("kind", kind.name().into()),
            ("kind_title", kind.title().into()),
            ("previewed", previewed.into()),
        ]);
        values::define(settings.at("/values").and_then(Node::as_map), &mut scope, self.diagnostics);
        let repository = self.repository(settings, &scope).unwrap_or_default();
        // What is missing has been reported, and the names that are made of it are to be names.
        let name = if repository.is_empty() { self.manifest.name } else { last_part(&repository) };
        scope.define("repository", name);
        let pipeline = self.pipeline(&scope, outline.concourse);
        scope.define("pipeline", pipeline.as_ref().map_or(self.manifest.name, PipelineName::as_str));
        let instance_vars = self.instance_vars(&scope);
        let project = self.layer.node.at("/project").cloned();
        let project = self.text(project.as_ref(), &scope).unwrap_or_else(|| self.manifest.name.to_owned());
        scope.define("project", project.as_str());
        self.check_project(&project);
        let stack = self.text(settings.at("/names/stack"), &scope).unwrap_or_else(|| outline.environment.clone());
        let slug = stack.to_lowercase();
        scope.define("stack", stack.as_str());
        scope.define("slug", slug.as_str());
        let code = self.text(settings.at("/names/code"), &scope).unwrap_or_else(|| "code".to_owned());
        scope.define("code", code.as_str());
        NamesOfStage { scope, project, pipeline, instance_vars, stack, repository, code }
    }

    /// Reports a project whose name no gate can have.
    fn check_project(&mut self, name: &str) {
        let Err(problem) = check_part(name) else { return };
        let node = self.layer.node.at("/project");
        let span = node.map_or_else(|| self.begin(), |node| node.span);
        let written = node.and_then(Node::as_str).unwrap_or_default();
        let message = if written.contains("{{") {
            format!("the project's name `{name}`, from `{written}`, {problem}")
        } else {
            format!("the project's name `{name}` {problem}")
        };
        let mut right = nearest_identifier(written).filter(|_| !written.contains("{{"));
        if let (InvalidPart::TooLong(_), Some(right)) = (problem, &mut right) {
            let start: String = right.chars().take(SHORT).collect();
            start.rsplit_once(['-', '_', '.']).map_or(start.as_str(), |(whole, _)| whole).clone_into(right);
        }
        let help = match right {
            Some(right) => format!("write `{}`", self.as_project(&right)),
            None => format!("name the thing that is deployed, such as `{}`", self.as_project("shop-cart")),
        };
        self.diagnostics.push(
            Diagnostic::new(Rule::ConcourseName, span, message)
                .note("a project's name has letters from a to z, digits, `-`, `_` and `.`, at most 200")
                .help(help),
        );
    }

    /// The name of the project, as this manifest writes it.
    fn as_project(&self, name: &str) -> String {
        if self.manifest.projects().next().is_some() { name.to_owned() } else { format!("project: {name}") }
    }

    fn repository(&mut self, settings: &Node, scope: &Scope) -> Option<String> {
        match settings.at("/source/repository") {
            Some(node) if matches!(node.kind, NodeKind::Invalid) => None,
            Some(node) => self.text(Some(node), scope),
            // That could be what was meant, and has been reported.
            None if self.fleet.has_wrong_settings => None,
            None => {
                let span = settings
                    .entry_at("/source")
                    .filter(|entry| entry.key_span.file == self.manifest.file)
                    .map_or_else(|| self.begin(), |entry| entry.key_span);
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::MissingField,
                        span,
                        "`source.repository` is missing: the repository of the code",
                    )
                    .help("write `source: {repository: https://…}`, here or in the fleet's `defaults`"),
                );
                None
            }
        }
    }

    /// The pipeline's name: with that of its Concourse, but for the first.
    fn pipeline(&mut self, scope: &Scope, concourse: usize) -> Option<PipelineName> {
        let node = self.layer.node.at("/pipeline").cloned();
        let mut name = match &node {
            Some(node) => self.text(Some(node), scope)?,
            None => self.manifest.name.to_owned(),
        };
        if concourse > 0
            && let Some(instance) = &self.fleet.concourses[concourse].name
        {
            name = format!("{name}-{instance}");
        }
        match PipelineName::parse(name.as_str()) {
            Ok(name) => Some(name),
            Err(error) => {
                let span = node.map_or_else(|| self.begin(), |node| node.span);
                let message = format!("the pipeline's name `{name}` {error}");
                let written = self.layer.node.at("/pipeline").map(|node| node.as_str().unwrap_or_default());
                let diagnostic = invalid_name(span, message, ("pipeline", written.unwrap_or(self.manifest.name)));
                self.diagnostics.push(match written {
                    Some(_) => diagnostic,
                    None => {
                        diagnostic.note("a pipeline has the name of its file, unless `pipeline` gives it another one")
                    }
                });
                None
            }
        }
    }

    /// What tells the pipeline's instances apart. It is shown to everybody who sees the pipeline, and printed.
    fn instance_vars(&mut self, scope: &Scope) -> InstanceVars {
        let written = self.layer.node.at("/instance_vars").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        let mut vars = Vec::new();
        for entry in written {
            let Some(text) = self.text(Some(&entry.value), scope) else { continue };
            let (name, span) = (&entry.key, entry.value.span);
            let problem = if text.contains("((") {
                Some((
                    Rule::NoEffect,
                    "nothing fills credentials in an instance var".to_owned(),
                    "name the credential where it is used",
                ))
            } else if is_secret_in_clear(name, &text) {
                let message = format!("`{name}` would stand in the pipeline's address");
                Some((Rule::PlaintextSecret, message, "name the credential where it is used, such as ((github.token))"))
            } else if text.chars().any(char::is_control) {
                Some((Rule::WrongType, format!("`{name}` is not one line"), "it stands on a command line"))
            } else {
                None
            };
            // Who allows a secret in clear gets what was written, and not the pipeline of another instance.
            let is_kept = problem.as_ref().is_none_or(|(rule, ..)| *rule == Rule::PlaintextSecret);
            if let Some((rule, message, help)) = problem {
                self.diagnostics.push(Diagnostic::new(rule, span, message).help(help));
            }
            if is_kept {
                vars.push((name.clone(), text));
            }
        }
        vars.into_iter().collect()
    }

    /// The names of a stage's jobs, resources, titles and labels. None of the defaults depends on a gate: a stage keeps its
    /// names when it gets a preview or loses it.
    pub(super) fn names(&mut self, names: &NamesSettings, settings: &Node) -> Option<Names> {
        let deployed = &names.deployed.0;
        let record = names.record.as_ref().map_or_else(|| format!("{deployed}-post"), |record| record.0.clone());
        Some(Names {
            deploy: self.job(&names.deploy.0, settings, "/names/deploy")?,
            preview: self.job(&names.preview.0, settings, "/names/preview")?,
            serial_group: names.serial_group.0.clone(),
            deployed_post: self.resource(&format!("{deployed}-post"), settings, "/names/deployed")?,
            deployed_trigger: self.resource(&format!("{deployed}-trigger"), settings, "/names/deployed")?,
            records: self.resource(&format!("{deployed}-records"), settings, "/names/deployed")?,
            ready_post: self.resource(&format!("{}-post", names.ready), settings, "/names/ready")?,
            ready_trigger: self.resource(&format!("{}-trigger", names.ready), settings, "/names/ready")?,
            record: self.resource(&record, settings, "/names/record")?,
            deployed_title: names.deployed_title.0.clone(),
            ready_title: names.ready_title.0.clone(),
            promotion_label: names.promotion_label.0.clone(),
            deployed_label: names.deployed_label.0.clone(),
            final_label: names.final_label.0.clone(),
        })
    }

    /// The names that a stage of a chain with previews had in version 0.1, where `slug` had dashes in the place of dots.
    /// Only names with a history that Concourse keeps are listed: jobs, and the resources of closed issues.
    pub(super) fn names_with_dashes(
        &mut self,
        names: &Names,
        settings: &Node,
        stack: &str,
        scope: &Scope,
    ) -> Vec<OldName> {
        if !stack.contains('.') {
            return Vec::new();
        }
        let with_dashes = scope.with([("slug", stack.to_lowercase().replace('.', "-").into())]);
        [
            (names.deploy.as_str(), "/names/deploy", ""),
            (names.preview.as_str(), "/names/preview", ""),
            (names.deployed_trigger.as_str(), "/names/deployed", "-trigger"),
            (names.ready_trigger.as_str(), "/names/ready", "-trigger"),
        ]
        .into_iter()
        .filter_map(|(new, pointer, suffix)| {
            let old = format!("{}{suffix}", self.text(settings.at(pointer), &with_dashes)?);
            (old != new).then(|| OldName { new: new.to_owned(), old, span: None })
        })
        .collect()
    }

    fn job(&mut self, name: &str, settings: &Node, pointer: &str) -> Option<JobName> {
        JobName::parse(name).map_err(|error| self.bad_name("job", name, &error.reason, settings, pointer)).ok()
    }

    pub(super) fn resource(&mut self, name: &str, settings: &Node, pointer: &str) -> Option<ResourceName> {
        ResourceName::parse(name)
            .map_err(|error| self.bad_name("resource", name, &error.reason, settings, pointer))
            .ok()
    }

    /// Blames the template that made the name, where it is the user's own, else what it was made from.
    fn bad_name(&mut self, what: &str, name: &str, reason: &str, settings: &Node, pointer: &str) {
        let template = settings.at(pointer).filter(|node| node.span.file != self.fleet.built_in);
        let span = template.or_else(|| self.layer.node.at("/project")).map_or_else(|| self.begin(), |node| node.span);
        // That a number is no text has been reported.
        if self.diagnostics.speaks_of(span) && template.is_some_and(|node| node.span == span) {
            return;
        }
        // A name of the user's own that differs from a right one only in its writing.
        let project = self.layer.node.at("/project").filter(|node| node.span == span).and_then(Node::as_str);
        let field = if self.manifest.projects().next().is_some() { "" } else { "project" };
        let written = (field, project.unwrap_or_default());
        self.diagnostics.push(invalid_name(span, format!("the {what}'s name `{name}` {reason}"), written));
    }
}

/// The name of a repository: the last part of its address.
fn last_part(repository: &str) -> &str {
    let name = repository.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(repository);
    name.strip_suffix(".git").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::last_part;

    #[test]
    fn repository_is_called_by_the_last_part_of_its_address() {
        for (address, name) in [
            ("https://github.com/example/shop", "shop"),
            ("https://github.com/example/shop/", "shop"),
            ("git@github.com:example/shop.git", "shop"),
            ("git@host:shop.git", "shop"),
            ("shop", "shop"),
        ] {
            assert_eq!(last_part(address), name, "{address}");
        }
    }
}
