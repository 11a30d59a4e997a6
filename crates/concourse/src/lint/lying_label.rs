use github_issues_resource::contract::StageKey;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};

use super::issues::{Issues, Listeners, Post};
use crate::job_names::environment;

use super::view::{PipelineView, texts};

/// Labels that say of an issue what closing it does not do.
pub(super) fn check(views: &[PipelineView<'_>], diagnostics: &mut Diagnostics) {
    let issues = Issues::of(views);
    let listeners = Listeners::of(&issues);
    for post in &issues.posts {
        let labels = post.step.param("labels").and_then(|labels| labels.as_list()).unwrap_or_default();
        for (label, span) in texts(labels) {
            if let Some(lie) = lie(label, post, &listeners) {
                diagnostics.push(
                    Diagnostic::new(Rule::LyingLabel, span, format!("the label `{label}` is wrong"))
                        .label(lie)
                        .help("write a label that names what closing the issue does"),
                );
            }
        }
    }
}

/// What is true instead.
fn lie(label: &str, post: &Post<'_, '_>, listeners: &Listeners<'_, '_, '_>) -> Option<String> {
    let waiting: Vec<&str> = listeners.of_post(post).map(|wait| wait.job.name).collect();
    if let Some(promised) = label.strip_prefix("promotion-to-") {
        let destination = post.destination.and_then(|to| to.as_str()?.parse::<StageKey>().ok());
        if destination.is_some_and(|to| to.stage().environment().eq_ignore_ascii_case(promised)) {
            return None;
        }
        if promised == "default" {
            return Some("`default` is not an environment that anything is promoted to".to_owned());
        }
        let ends_so = |job: &&&str| last_word(job).eq_ignore_ascii_case(promised);
        let named = waiting.iter().all(|job| environment(last_word(job)).is_some());
        return (!waiting.is_empty() && named && !waiting.iter().any(|job| ends_so(&job)))
            .then(|| format!("closing it starts {}", ticked(&waiting)));
    }
    if label == "finalized-deployment" {
        let word = last_word(post.job.name).to_lowercase();
        if word.ends_with("production") && word != "production" {
            return Some(format!("`{word}` is not production"));
        }
        return (!waiting.is_empty()).then(|| format!("closing it starts {}", ticked(&waiting)));
    }
    None
}

fn last_word(name: &str) -> &str {
    name.rsplit(['-', '.', '_']).next().unwrap_or(name)
}
