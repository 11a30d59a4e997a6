use std::collections::BTreeSet;

use serde_json::Value as Json;
use yaml_source::diagnostic::Diagnostics;

use crate::project::Stage;

use super::file::Kind;
use super::made::KindScope;

impl Kind {
    /// The credentials, by their names without parentheses, that the preview of a stage has in common with the deployment.
    pub(crate) fn shared_credentials(&self, stage: &Stage) -> BTreeSet<String> {
        let of = |phase, env: &[(String, String)]| {
            let scope = KindScope {
                scope: &stage.scope,
                whom: "",
                phase,
                env,
                env_files: &[],
                repository: "",
                artifacts: &[],
                approved: None,
            };
            self.credentials(&scope)
        };
        let preview = of("preview", &stage.preview_env);
        preview.intersection(&of("deploy", &stage.env)).cloned().collect()
    }

    fn credentials(&self, with: &KindScope<'_>) -> BTreeSet<String> {
        let made = self.make(with, &mut Diagnostics::default());
        let steps = made.steps.iter().map(|(step, _)| serde_json::to_value(step));
        let resources = made.resources.iter().map(|(resource, _)| serde_json::to_value(resource));
        let mut found = BTreeSet::new();
        for value in steps.chain(resources).flatten() {
            collect(&value, &mut found);
        }
        found
    }
}

/// The credentials in a value. What fetches an image is no credential of the deployment.
fn collect(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::String(text) => found.extend(credentials_of(text).map(str::to_owned)),
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(fields) => {
            fields.iter().filter(|(key, _)| *key != "image_resource").for_each(|(_, value)| collect(value, found));
        }
        _ => {}
    }
}

/// The names in `((name))`. `((.:name))` is what a step of the build has read.
pub(crate) fn credentials_of(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "-_./:@\"".contains(c));
    text.split("((")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("))")?.0))
        .filter(|name| !name.starts_with(".:"))
        .filter(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_wherever_they_stand_but_for_images() {
        let value = serde_json::json!({
            "task": "deploy",
            "config": {
                "image_resource": {"source": {"password": "((registry.password))"}},
                "params": {"A": "x((aws.id)):((aws.key))", "DIGEST": "((.:digest))", "SHELL": "$((1 + 1))"},
            },
        });
        let mut found = BTreeSet::new();
        collect(&value, &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["aws.id", "aws.key"]);
    }
}
