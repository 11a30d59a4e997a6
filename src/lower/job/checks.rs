//! What is wrong with a job that can only be seen once its kind made its steps.

use concourse_pipeline::Repository;
use concourse_pipeline::model::{Core, Step};
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Node, NodeKind, Value, escape};

use crate::input::InputSource;
use crate::kind::{Kind, credentials_of};
use crate::lower::Lowering;
use crate::project::{Input, Stage};

impl Lowering<'_, '_> {
    /// A preview runs code that nobody approved: what its credentials allow, that code can do.
    pub(super) fn warn_of_credentials(&mut self, kind: &Kind, stage: &Stage) {
        let shared = kind.shared_credentials(stage);
        let Some(first) = shared.first() else { return };
        let holds = |(_, value): &&(String, String)| credentials_of(value).any(|name| name == first);
        let variable = stage.preview_env.iter().find(holds).map(|(variable, _)| escape(variable));
        let settings = &stage.origin.settings;
        let place = variable.and_then(|variable| {
            settings.at(&format!("/preview_env/{variable}")).or_else(|| settings.at(&format!("/env/{variable}")))
        });
        let names: Vec<String> = shared.iter().map(|name| format!("(({name}))")).collect();
        self.diagnostics.push(
            Diagnostic::new(
                Rule::PreviewCredentials,
                place.map_or_else(|| stage.span_of("/stack"), |node| node.span),
                format!("the preview of {} has credentials of the deployment: {}", stage.whom(), names.join(", ")),
            )
            .note("a preview runs code that nobody approved")
            .help(format!(
                "give the preview credentials that can only read, in `preview_env`{}",
                kind.preview_options().map(|name| format!(" or as the option `{name}`")).collect::<String>()
            )),
        );
    }

    /// A variable in the name of what is deployed could make it the target of another stage.
    pub(super) fn check_target(&mut self, target: Option<&str>, kind: &Kind, stage: &Stage) {
        let Some((target, variable)) =
            target.and_then(|target| Some((target, kind.variable_of_target(target, &stage.scope)?)))
        else {
            return;
        };
        let settings = &stage.origin.settings;
        let options = kind.target_options();
        let given = options.iter().find_map(|name| {
            let option = settings.at(&format!("/stack/{}/{}", escape(&stage.kind), escape(name)))?;
            holds(option, variable).then_some(option.span)
        });
        // The repository, or a path, was reported where it is checked.
        if Repository::of_clone(&stage.code.git.repository).to_string().contains(variable)
            || given.is_some_and(|span| self.diagnostics.speaks_within(span))
        {
            return;
        }
        let span = given.unwrap_or_else(|| stage.own_place("/names/stack"));
        let rule = if kind.is_built_in() { Rule::VariablePlace } else { Rule::UnnamedTarget };
        self.diagnostics.push(
            Diagnostic::new(rule, span, format!("the variable `{variable}` decides what the stage deploys"))
                .note(format!("the target is `{target}`"))
                .note("whether another job deploys the same thing without an approval cannot be checked")
                .help("write the value in the place of the variable"),
        );
    }

    /// A variable that the kind needs for itself would come to it with the kind's value.
    pub(super) fn check_variables(
        &mut self,
        variables: &[(String, String)],
        steps: &[(Step, Span)],
        kind: &Kind,
        stage: &Stage,
    ) {
        for (step, _) in steps {
            let Core::Task(task) = &step.core else { continue };
            let Some(config) = &task.config else { continue };
            for (variable, value) in variables {
                let given = config.params.get(variable);
                if given.is_some_and(|given| *given != Value::from(value.as_str())) {
                    self.diagnostics.push(
                        Diagnostic::new(
                            Rule::NameCollision,
                            stage.span_of(&format!("/env/{}", escape(variable))),
                            format!("the stack kind `{}` has a variable `{variable}` of its own", kind.name()),
                        )
                        .help("give yours another name"),
                    );
                }
            }
        }
    }

    /// A file that Concourse's git resource writes may be gone, or say something else, once the approved commit is checked
    /// out.
    pub(super) fn check_file_of_clone(&mut self, input: &Input, variable: &str, file: &str, stage: &Stage) {
        let InputSource::Git(git) = &input.source else { return };
        let Some(own) = file.strip_prefix(".git/") else { return };
        let name = &input.name;
        let message = match own {
            "ref" | "short_ref" if git.tag_filter.is_some() => {
                format!("`{file}` of `{name}` names a tag before a gate, and the approved commit behind it")
            }
            "HEAD" | "ref" | "commit" | "short_ref" | "commit_message" => return,
            _ => format!("`{file}` of `{name}` is gone behind a gate, where the approved commit is checked out"),
        };
        let span = stage.span_of(&format!("/inputs/{}/env/{}", escape(name.as_str()), escape(variable)));
        self.diagnostics.push(
            Diagnostic::new(Rule::WrongType, span, message)
                .help("use `.git/HEAD`, the hash of the commit; or ask git in the deployment's own step"),
        );
    }
}

/// Whether a text of a setting holds another text.
fn holds(node: &Node, part: &str) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.contains(part),
        NodeKind::List(items) => items.iter().any(|item| holds(item, part)),
        NodeKind::Map(map) => map.entries().iter().any(|entry| holds(&entry.value, part)),
        NodeKind::Invalid => false,
    }
}
