//! What tells somebody of a job.

use concourse_pipeline::model::{Core, Inputs, PutStep, Resource, ResourceType, Step};
use yaml_source::yaml::Value;

use crate::input::concourse::core_type;
use crate::manifest::EventWord;
use crate::project::Alert;

/// Slack's resource type, as MIT Open Learning has it.
pub(super) fn resource_type() -> ResourceType {
    ResourceType {
        name: core_type("slack-notification"),
        type_name: core_type("registry-image"),
        source: Some(Value::map([
            ("repository", "arbourd/concourse-slack-alert-resource".into()),
            ("tag", "v0.15.0".into()),
        ])),
        defaults: None,
        params: None,
        privileged: None,
        check_every: None,
        tags: Vec::new(),
    }
}

/// The channel.
pub(super) fn resource(alert: &Alert) -> Resource {
    let url = Some(("url", Value::from(alert.url.as_str())));
    let channel = alert.channel.as_deref().map(|channel| ("channel", Value::from(channel)));
    let source = url.into_iter().chain(channel).map(|(key, value)| (key.to_owned(), value));
    Resource {
        icon: Some("slack".into()),
        source: Some(Value::Map(source.collect())),
        check_every: Some("never".into()),
        ..Resource::named(alert.resource.clone(), core_type("slack-notification"))
    }
}

/// The step that tells what became of something, where that is to be told. What it is about holds no credential:
/// Concourse would fill it in, and the channel would read it. That nobody could be told fails no deployment.
pub(super) fn alert_step(alert: &Alert, event: EventWord, subject: &str) -> Option<Step> {
    if !alert.events.contains(&event) {
        return None;
    }
    let (kind, word) = match event {
        EventWord::Failed => ("failed", "failed"),
        EventWord::Errored => ("errored", "errored"),
        EventWord::Aborted => ("aborted", "aborted"),
        EventWord::Succeeded => ("success", "succeeded"),
    };
    let message = format!("{} {word}", without_references(subject));
    let text = alert.text.as_deref().map(|text| ("text", Value::from(without_references(text).as_str())));
    let params = [("alert_type", kind.into()), ("message", message.as_str().into())];
    let put = Core::Put(PutStep {
        put: alert.resource.clone(),
        resource: None,
        inputs: Some(Inputs::Named(Vec::new())),
        params: Some(Value::Map(params.into_iter().chain(text).map(|(key, value)| (key.to_owned(), value)).collect())),
        get_params: None,
        no_get: Some(true),
    });
    Some(Core::Try { step: Box::new(put.into()) }.into())
}

/// The text, of which Concourse takes nothing for the name of a credential, `((…))`.
fn without_references(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c == '(' && escaped.ends_with('(') {
            escaped.push(' ');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::without_references;

    #[test]
    fn no_reference_is_left() {
        for (text, escaped) in [("a (b)", "a (b)"), ("((token))", "( (token))"), ("(((a)))", "( ( (a)))")] {
            assert_eq!(without_references(text), escaped);
        }
    }
}
