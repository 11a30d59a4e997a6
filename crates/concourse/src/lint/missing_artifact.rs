use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use std::collections::BTreeSet;

use yaml_source::yaml::Node;

use super::view::{JobView, PipelineView, StepKind, StepView, field, is_known, list};

/// Files and inputs of artifacts that nothing in the job makes. The outputs of tasks whose configuration is a file are
/// not known, nor those of prototypes: where one may have made it, nothing is claimed.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    // A step that could not be read may make anything.
    for job in view.jobs.iter().filter(|job| !job.is_broken) {
        let made = Made::by(job);
        for step in &job.steps {
            for (node, role) in files(step) {
                let Some(text) = node.as_str().filter(|text| is_known(text)) else { continue };
                let Some((artifact, _)) = text.split_once('/') else {
                    diagnostics.push(
                        Diagnostic::new(Rule::MissingArtifact, node.span, format!("`{text}` is in no artifact"))
                            .label(role)
                            .help(format!("begin with the artifact's name: `ARTIFACT/{text}`")),
                    );
                    continue;
                };
                made.look_for(artifact, node, step, diagnostics);
            }
            for node in body_files(view, step) {
                // Without an artifact no file is found, and the issue says so.
                let Some((artifact, _)) =
                    node.as_str().filter(|text| is_known(text)).and_then(|text| text.split_once('/'))
                else {
                    continue;
                };
                made.look_for(artifact, node, step, diagnostics);
            }
            for node in artifacts(step) {
                if let Some(name) = node.as_str() {
                    // Around the names of a put's inputs Concourse takes white space off.
                    made.look_for(name.trim(), node, step, diagnostics);
                }
            }
        }
    }
}

/// The artifacts of a job.
struct Made<'n> {
    names: BTreeSet<&'n str>,
    /// Steps of which it is not known what they make.
    unknown: usize,
    /// Does one of the names come from a variable?
    has_variable: bool,
}

impl<'n> Made<'n> {
    fn by(job: &JobView<'n>) -> Self {
        let mut made = Self { names: BTreeSet::new(), unknown: 0, has_variable: false };
        for step in &job.steps {
            match step.kind {
                // A put makes an artifact by the get that follows it.
                StepKind::Put if step.is("no_get") => {}
                StepKind::Get | StepKind::Put => {
                    made.names.insert(step.name);
                }
                StepKind::Task => match step.config() {
                    Some(_) => made.names.extend(outputs(step).map(|(name, _)| name)),
                    None => made.unknown += 1,
                },
                StepKind::Run => made.unknown += 1,
                _ => {}
            }
        }
        made.has_variable = made.names.iter().any(|name| !is_known(name));
        made
    }

    fn look_for(&self, artifact: &str, node: &Node, step: &StepView<'_>, diagnostics: &mut Diagnostics) {
        let by_itself =
            usize::from(step.kind == StepKind::Run || step.config().is_none() && step.kind == StepKind::Task);
        if self.has_variable
            || self.unknown > by_itself
            || self.names.contains(artifact)
            || !is_known(artifact)
            || artifact.is_empty()
        {
            return;
        }
        diagnostics.push(
            Diagnostic::new(Rule::MissingArtifact, node.span, format!("no step of this job makes `{artifact}`"))
                .label("fails when it is run")
                .help(match did_you_mean(artifact, self.names.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "get it, or let a task have it as an output".to_owned(),
                }),
        );
    }
}

/// The artifacts that a task's outputs become, and where they are said.
pub(super) fn outputs<'n>(step: &StepView<'n>) -> impl Iterator<Item = (&'n str, &'n Node)> + use<'n> {
    let mapping = field(step.node, "output_mapping");
    let items = step.config().map(|config| list(config, "outputs")).unwrap_or_default();
    items.iter().filter_map(|item| field(item, "name")).filter_map(move |node| {
        let name = node.as_str()?;
        Some((mapping.and_then(|mapping| field(mapping, name)?.as_str()).unwrap_or(name), node))
    })
}

/// What stands in an artifact.
fn files<'n>(step: &StepView<'n>) -> Vec<(&'n Node, &'static str)> {
    let role = match step.kind {
        StepKind::Task => "a task's file is in an artifact",
        StepKind::SetPipeline => "a pipeline's file is in an artifact",
        StepKind::LoadVar => "a variable's file is in an artifact",
        _ => return Vec::new(),
    };
    let file = field(step.node, "file");
    file.into_iter().chain(list(step.node, "var_files")).map(|node| (node, role)).collect()
}

/// The files that a put writes into an issue.
fn body_files<'n>(view: &PipelineView<'n>, step: &StepView<'n>) -> &'n [Node] {
    let is_of_issues = || view.resource(step.resource()).is_some_and(|resource| view.is_of_issues(resource));
    match step.param("body_files") {
        Some(files) if step.kind == StepKind::Put && is_of_issues() => files.as_list().unwrap_or_default(),
        _ => &[],
    }
}

/// What names an artifact.
fn artifacts<'n>(step: &StepView<'n>) -> Vec<&'n Node> {
    match step.kind {
        StepKind::Put => list(step.node, "inputs").iter().collect(),
        StepKind::Task => {
            let mapping = field(step.node, "input_mapping");
            let inputs = step.config().map(|config| list(config, "inputs")).unwrap_or_default();
            let needed = inputs.iter().filter(|input| field(input, "optional").and_then(Node::as_str) != Some("true"));
            let named = needed.filter_map(|input| field(input, "name")).map(|name| {
                let mapped = name.as_str().and_then(|text| field(mapping?, text));
                mapped.unwrap_or(name)
            });
            named.chain(field(step.node, "image")).collect()
        }
        _ => Vec::new(),
    }
}
