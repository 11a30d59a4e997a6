use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::issues::{Called, Issues, Listeners};
use super::view::{PipelineView, texts};

/// Issues that stay open, since closing them does nothing: some ask for it all the same.
///
/// Who waits may be another pipeline, on another Concourse; it counts when it is validated in the same run.
pub(super) fn check(views: &[PipelineView<'_>], diagnostics: &mut Diagnostics) {
    let issues = Issues::of(views);
    let listeners = Listeners::of(&issues);
    for post in &issues.posts {
        if listeners.has(post) {
            continue;
        }
        let title = post.called.text();
        let labels = post.step.param("labels").and_then(|labels| labels.as_list()).unwrap_or_default();
        let asks = texts(labels).find(|(label, _)| label.starts_with("promotion-to-"));
        let promises = post.destination.map(|node| node.span).or(asks.map(|(_, span)| span));
        let of_gate = matches!(post.called, Called::Gate(_));
        let found = match promises {
            Some(span) => Diagnostic::new(
                Rule::IssueWithoutListener,
                post.step.span,
                format!("closing the issue \"{title}\" does nothing"),
            )
            .label("no pipeline of this run waits for it")
            .also(span, "though it asks for it")
            .help("validate the pipeline that waits for it in the same run, or open no such issue"),
            // A record of ol-pipegen's own resource says that it is one.
            None if of_gate => continue,
            None => Diagnostic::new(
                Rule::IssueWithoutListener,
                post.step.span,
                format!("nobody waits for the issue \"{title}\", which stays open"),
            )
            .label("each build comments on it, and no build closes it")
            .help("close it at once, or open none: the build's page tells the same"),
        };
        diagnostics.push(found);
    }
}
