//! Lints: what Concourse takes without a word, and what has gone wrong in real pipelines. One rule a file.
//!
//! They look at pipelines that Concourse takes, rendered or handwritten, and only at what stands in them: of a task's
//! file or of another pipeline nothing is known, and nothing is claimed. A false alarm costs more than a lint is worth.
//! Each rule has a page, `docs/rules/NAME.md`, whose examples are tests.

mod across_without_values;
mod ambiguous_issue_title;
mod confusable_name;
mod decoupled_trigger;
mod empty_plan;
mod foreign_team;
mod ignored_field;
mod ignored_word;
mod image_without_type;
mod issue_without_listener;
mod issues;
mod leaked_secret;
mod lonely_serial_group;
mod lying_label;
mod malformed_duration;
mod malformed_pattern;
mod missing_artifact;
mod needless_passed;
mod negative_limit;
mod never_checked;
mod pipeline_set_twice;
mod plaintext_secret;
mod put_fires_gate;
mod racing_triggers;
mod repeated_artifact;
mod resource_type_cycle;
mod shell_arithmetic;
mod skipped_environment;
mod slash_in_pipeline_name;
mod undeployed_image;
mod undetected_input;
mod ungated_deploy;
mod unknown_resource_type;
mod unknown_var_source;
mod unordered_tags;
mod unpinned_resource_type;
mod unstartable_job;
mod unused_definition;
mod unused_output;
mod yaml_boolean;

pub use shell_arithmetic::{check_kind as check_arithmetic, find as part_in, may_have_arithmetic};
pub use unknown_resource_type::BUILT_IN as BUILT_IN_TYPES;

use crate::validate::Decoded;
use crate::view::{self, PipelineView};
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Sources;

/// Looks at the pipelines of a run, which may speak of one another. Lints of one pipeline take time in proportion to
/// its size. `team` is the one that they are of, where that is known.
pub fn lint(pipelines: &[Decoded], team: Option<&str>, sources: &Sources, diagnostics: &mut Diagnostics) {
    let views: Vec<PipelineView<'_>> = pipelines.iter().map(|pipeline| PipelineView::of(&pipeline.node)).collect();
    for (view, pipeline) in views.iter().zip(pipelines) {
        for check in EACH.iter().chain(HANDWRITTEN) {
            check(view, diagnostics);
        }
        foreign_team::check(view, team, diagnostics);
        needless_passed::check(view, pipeline.version, diagnostics);
        yaml_boolean::check(view, sources, diagnostics);
        shell_arithmetic::check(view, sources, diagnostics);
    }
    ambiguous_issue_title::check(&views, diagnostics);
    issue_without_listener::check(&views, diagnostics);
    lying_label::check(&views, diagnostics);
}

/// Which lints look at a pipeline that a manifest makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfRendered {
    /// Those without which a build fails or does something else than its script says.
    Needed,
    /// All that look at one pipeline.
    All,
}

/// Looks at a pipeline that a manifest makes. What the manifest itself is held to is left out.
pub fn lint_rendered(pipeline: &Decoded, which: OfRendered, sources: &Sources, diagnostics: &mut Diagnostics) {
    let view = PipelineView::of(&pipeline.node);
    shell_arithmetic::check(&view, sources, diagnostics);
    if which == OfRendered::All {
        for check in EACH {
            check(&view, diagnostics);
        }
    }
}

type Check = fn(&PipelineView<'_>, &mut Diagnostics);

/// The lints that look at one pipeline whose manifest, or whose kind, reports the same otherwise.
const HANDWRITTEN: &[Check] = &[
    malformed_pattern::check,
    never_checked::check,
    plaintext_secret::check,
    ungated_deploy::check,
    unknown_resource_type::check,
    unpinned_resource_type::check,
];

/// The lints that look at one pipeline.
const EACH: &[Check] = &[
    across_without_values::check,
    confusable_name::check,
    decoupled_trigger::check,
    empty_plan::check,
    ignored_field::check,
    ignored_word::check,
    image_without_type::check,
    leaked_secret::check,
    lonely_serial_group::check,
    malformed_duration::check,
    missing_artifact::check,
    negative_limit::check,
    pipeline_set_twice::check,
    put_fires_gate::check,
    racing_triggers::check,
    repeated_artifact::check,
    resource_type_cycle::check,
    skipped_environment::check,
    slash_in_pipeline_name::check,
    undeployed_image::check,
    undetected_input::check,
    unknown_var_source::check,
    unordered_tags::check,
    unstartable_job::check,
    unused_definition::check,
    unused_output::check,
];
