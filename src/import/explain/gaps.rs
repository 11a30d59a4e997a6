//! What a manifest does not have of its pipeline, as comments where it belongs.

use std::fmt::Write;

use yaml_source::diagnostic::visible;

use crate::import::propose::settings::ProposedStage;
use crate::import::read::source::SourcePipeline;

/// What is not carried over.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The job that had it; nothing for what is about resources.
    pub(crate) job: Option<String>,
    /// What it is.
    pub(crate) text: String,
}

/// A place of a manifest where something is missing.
#[derive(Debug)]
pub(crate) struct Gap {
    /// The stage, as overrides name it; the whole manifest without.
    pub(crate) stage: Option<String>,
    /// What is missing.
    pub(crate) text: String,
}

impl SourcePipeline<'_> {
    /// Where in a manifest something is missing.
    pub(crate) fn gap(&self, lost: Lost, stages: &[Vec<ProposedStage>]) -> Gap {
        let jobs = self.shape.stages().zip(stages.iter().flatten());
        let is_of = |deploy: usize, preview: Option<usize>| {
            let names = [Some(deploy), preview].into_iter().flatten().map(|job| self.job(job).job.name.as_str());
            { names }.any(|name| Some(name) == lost.job.as_deref())
        };
        let stage =
            { jobs }.find(|(jobs, _)| is_of(jobs.deploy, jobs.preview)).map(|(_, stage)| stage.place.selector());
        Gap { stage, text: lost.text }
    }
}

/// A manifest with a comment at every gap: above the overrides of its stage, or at the top.
pub(crate) fn mark(manifest: &str, gaps: &[Gap]) -> String {
    let has = |stage: &str| line_of(manifest, stage).is_some();
    let comment = |out: &mut String, indent: &str, gap: &Gap| {
        // A comment ends with its line.
        let text = visible(&gap.text.replace(['\n', '\r'], " ")).into_owned();
        let _ = writeln!(out, "{indent}# not converted: {text}");
    };
    let mut out = String::new();
    for gap in gaps.iter().filter(|gap| !gap.stage.as_deref().is_some_and(has)) {
        comment(&mut out, "", gap);
    }
    for (index, line) in manifest.lines().enumerate() {
        let is_here = |gap: &&Gap| gap.stage.as_deref().is_some_and(|stage| line_of(manifest, stage) == Some(index));
        for gap in gaps.iter().filter(is_here) {
            comment(&mut out, "  ", gap);
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// The line where the overrides of a stage begin.
fn line_of(manifest: &str, stage: &str) -> Option<usize> {
    let mut lines = manifest.lines().enumerate().skip_while(|(_, line)| *line != "overrides:").skip(1);
    let key = format!("  {stage}:");
    lines
        .by_ref()
        .take_while(|(_, line)| line.starts_with(' '))
        .find(|(_, line)| line.starts_with(&key))
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_marked_where_its_stage_has_overrides() {
        let manifest = "project: a\noverrides:\n  qa: {gate: none}\n  production:\n    gate: manual\nrecord: none\n";
        let gap = |stage: Option<&str>, text: &str| Gap { stage: stage.map(str::to_owned), text: text.to_owned() };
        let gaps = [gap(None, "x"), gap(Some("production"), "y\nz"), gap(Some("other"), "w")];
        let marked = mark(manifest, &gaps);
        assert_eq!(
            marked,
            "# not converted: x\n# not converted: w\nproject: a\noverrides:\n  qa: {gate: none}\n  \
             # not converted: y z\n  production:\n    gate: manual\nrecord: none\n"
        );
        assert_eq!(mark(manifest, &[]), manifest);
    }
}
