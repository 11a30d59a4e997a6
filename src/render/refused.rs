//! What Concourse would refuse a rendered pipeline for, told of the manifest that it is made from. The language keeps most
//! of it out; steps of kinds of one's own, `before`, `after` and `extra` are in Concourse's words, and say what they like.

use camino::Utf8Path;
use concourse_pipeline::lint::{OfRendered, lint_rendered, may_have_arithmetic};
use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{Vars, check};
use concourse_pipeline::view::PipelineView;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule};
use yaml_source::source::{Sources, Span};
use yaml_source::yaml::IndexMap;

use crate::kind::KindSet;
use crate::workspace::Places;

use super::RenderedPipeline;

/// By whose rules what is rendered is checked, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// By nobody's.
    #[default]
    Unasked,
    /// By those of the version that the fleet says of an instance, or of the newest.
    OfFleet,
    /// By those of a version, whatever the fleet says.
    Of(ConcourseVersion),
}

/// Holds a pipeline, which is to be at `path`, to the rules of its Concourse. What is wrong in several jobs alike is told
/// once, with the first of them.
pub(crate) fn check_rendered(
    pipeline: &RenderedPipeline,
    path: &Utf8Path,
    rules: Rules,
    (places, kinds): (&Places, &KindSet),
    diagnostics: &mut Diagnostics,
) {
    let (version, lints) = match rules {
        Rules::Unasked if may_have_arithmetic(&pipeline.body) => (None, OfRendered::Needed),
        Rules::Unasked => return,
        Rules::OfFleet => (pipeline.concourse.version, OfRendered::All),
        Rules::Of(version) => (Some(version), OfRendered::All),
    };
    let version = version.unwrap_or_default();
    let mut sources = Sources::default();
    let file = sources.add(path, pipeline.text(path));
    let mut found = Diagnostics::default();
    let decoded = check(&sources, file, version, &Vars::default(), &mut found);
    let view = decoded.as_ref().map(|decoded| PipelineView::of(&decoded.node));
    let mut found: Vec<Diagnostic> =
        found.into_sorted().into_iter().filter(|found| found.refusal() != Refusal::default()).collect();
    if rules == Rules::Unasked {
        found.clear();
    }
    // Lints look at what Concourse takes.
    if let Some(decoded) = decoded.as_ref().filter(|_| found.is_empty()) {
        let mut linted = Diagnostics::default();
        lint_rendered(decoded, lints, &sources, &mut linted);
        found.extend(linted.into_sorted());
    }
    let mut reported: IndexMap<(Rule, String), (Diagnostic, usize)> = IndexMap::default();
    for refused in found {
        let at = refused.span();
        let within = |span: Span| span.start <= at.start && at.end <= span.end;
        let job = view.iter().flat_map(|view| &view.jobs).find(|job| within(job.node.span)).map(|job| job.name);
        let key = (refused.rule, refused.message.clone());
        if let Some((_, more)) = reported.get_mut(&key) {
            *more += 1;
            continue;
        }
        let of_job = || places.of_job(job);
        let is_refused = refused.refusal() != Refusal::default();
        let own = match refused.rule {
            _ if is_refused => None,
            Rule::UnusedOutput => places.of_output(sources.slice(at)),
            _ => places.of_text(sources.slice(at)),
        };
        // The kind reports the arithmetic of its own scripts. Its outputs are for all manifests: one without issues has no
        // use for a summary, and cannot take it away.
        if matches!(refused.rule, Rule::ShellArithmetic | Rule::UnusedOutput) && own.is_none() {
            continue;
        }
        let of_part = || places.of_part(&decoded.as_ref()?.node, at, kinds);
        let place = own.or_else(of_part).unwrap_or_else(of_job);
        let whole = format!("the pipeline `{}`", pipeline.name);
        let whom = job.map_or_else(|| whole.clone(), |job| format!("the job `{job}` of {whole}"));
        let (line, _) = sources.line_column(at);
        let moved_to = refused.moved_to(place, |message| format!("{message}, in {whom}")).note(if is_refused {
            format!("line {line} of {path}, as Concourse {version} reads it")
        } else {
            format!("line {line} of {path}")
        });
        reported.insert(key, (moved_to, 0));
    }
    for (diagnostic, more) in reported.into_values() {
        diagnostics.push(match more {
            0 => diagnostic,
            1 => diagnostic.note("and in one more place"),
            _ => diagnostic.note(format!("and in {more} more places")),
        });
    }
}
