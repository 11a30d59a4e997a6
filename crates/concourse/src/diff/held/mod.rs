//! What holds a deployment to its approval, besides the claim.
//!
//! - [`hash`]: hashes of the files of what can be replaced under its name.
//! - [`record`]: what an issue names.
//! - [`pin`]: what an approval names, and a step reads, such as the plan that a preview showed.
//! - [`image`]: the image in which approved versions are checked.

mod hash;
mod image;
mod pin;
mod record;

use crate::flow::{JobFlow, PipelineFlow, is_check_of_approval};
use crate::model::{Core, Job, TaskStep};
use github_issues_resource::contract::files;

use super::change::{Changes, Effect, Subject};

/// A job, in its pipeline.
pub(super) type Side<'f, 'p> = (&'f PipelineFlow<'p>, &'f JobFlow<'p>);

/// Says what a job is held to no longer. `renamed` is the new name of an old resource.
pub(super) fn compare(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    renamed: &dyn Fn(&str) -> String,
    subject: &Subject,
    changes: &mut Changes,
) {
    let mut weaker = |message: String| _ = changes.push(Effect::Weaker, subject.clone(), message);
    record::compare(old, new, renamed, &mut weaker);
    if !new.1.gates.is_empty() {
        image::compare(old, new, &mut weaker);
        hash::compare(old.1.job, new.1.job, &mut weaker);
        pin::compare(old, new, renamed, &mut weaker);
    }
}

/// The tasks that check approved versions out, or compare them.
fn checks(job: &Job) -> Vec<&TaskStep> {
    let is_script = |text: &str| text.rsplit('/').next() == Some(files::CHECKOUT);
    let mut found = Vec::new();
    job.each_step(&mut |step| {
        let Core::Task(task) = &step.core else { return };
        let run = task.config.as_ref().and_then(|config| config.run.as_ref());
        let runs = run.is_some_and(|run| {
            run.path.as_deref().is_some_and(is_script) || run.args.iter().any(|argument| is_script(argument))
        });
        if runs || is_check_of_approval(task) {
            found.push(&**task);
        }
    });
    found
}
