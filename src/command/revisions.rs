use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::diff::{Changes, Compared};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::source::{FileId, SourceText, Sources};

use crate::compare::{ReadPipeline, WaysPast, added_among, compare_among};
use crate::content::Content;
use crate::git::Commit;

use super::diff::PipelineReader;
use super::pipeline::parse;

/// Two revisions, as git writes them: `OLD..NEW`, or `OLD...NEW` since their ways parted.
pub(super) struct Range<'a> {
    old: &'a str,
    new: &'a str,
    since_parted: bool,
}

impl<'a> Range<'a> {
    /// None when the argument is a file, or no range.
    pub(super) fn parse(argument: &'a str) -> Option<Self> {
        if Utf8Path::new(argument).exists() || argument.contains(':') {
            return None;
        }
        let (old, new) = argument.split_once("..")?;
        // `../a.yml` is a file that is not there.
        if old.ends_with('/') || new.starts_with('/') {
            return None;
        }
        let (new, since_parted) = new.strip_prefix('.').map_or((new, false), |new| (new, true));
        let or_head = |revision: &'a str| if revision.is_empty() { "HEAD" } else { revision };
        Some(Self { old: or_head(old), new: or_head(new), since_parted })
    }

    /// The pipelines below a path that differ.
    pub(super) fn compare(&self, below: &Utf8Path, reading: &mut PipelineReader) -> Result<Vec<Compared>, Failure> {
        let new = Commit::of(self.new)?;
        let mut old = Commit::of(self.old)?;
        if self.since_parted {
            old = Commit::before_both(&old, &new)?;
        }
        let text = |commit: &Commit, path: &Utf8Path| {
            let text = commit.file(path)?.map(SourceText::from);
            Ok::<_, Failure>(text.filter(|text| Content::of(path, text.as_str()) == Content::Pipeline))
        };
        let (mut pairs, mut gone, mut come) = (Vec::new(), Vec::new(), Vec::new());
        let changed = old.changed(&new, below)?;
        for path in changed.iter().filter(|path| may_be_pipeline(path)) {
            match (text(&old, path)?, text(&new, path)?) {
                (None, None) => {}
                (Some(before), Some(after)) => {
                    let before = reading.text(&format!("{}:{path}", self.old), before);
                    let after = reading.text(&format!("{}:{path}", self.new), after);
                    pairs.extend(before.zip(after).map(|(before, after)| Pair {
                        old: path.clone(),
                        new: path.clone(),
                        before,
                        after,
                    }));
                }
                (Some(before), None) => gone.push(OneSided::of(path.clone(), before, &mut reading.sources)),
                (None, Some(after)) => come.push(OneSided::of(path.clone(), after, &mut reading.sources)),
            }
        }
        let (moved, gone, come) = moved(gone, come);
        pairs.extend(moved);
        // What stays takes part: a job that comes may deploy what another file has behind a gate.
        let mut same = Vec::new();
        if !pairs.is_empty() || !come.is_empty() {
            let changed: HashSet<&Utf8PathBuf> = changed.iter().collect();
            for path in new.files(below)?.into_iter().filter(|path| !changed.contains(path) && may_be_pipeline(path)) {
                let text = text(&new, &path)?;
                same.extend(text.and_then(|text| OneSided::of(path, text, &mut reading.sources).pipeline));
            }
        }
        let mut compared = compared(&pairs, (&gone, &come), &same, &reading.sources);
        if compared.is_empty() {
            self.require_pipelines(below, (&old, &new), text)?;
        }
        compared.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(compared)
    }

    /// Refuses a path without pipelines: nothing changes there, whatever else changes.
    fn require_pipelines(
        &self,
        below: &Utf8Path,
        (old, new): (&Commit, &Commit),
        text: impl Fn(&Commit, &Utf8Path) -> Result<Option<SourceText>, Failure>,
    ) -> Result<(), Failure> {
        let revisions = format!("`{}` or `{}`", visible(self.old), visible(self.new));
        let mut is_path = false;
        for commit in [new, old] {
            for path in commit.files(below)? {
                is_path = true;
                if may_be_pipeline(&path) && text(commit, &path)?.is_some() {
                    return Ok(());
                }
            }
        }
        Err(Failure::Usage(if is_path {
            format!("`{below}` has no pipelines at {revisions}: name a rendered pipeline, or a folder of them")
        } else {
            format!("there is no `{below}` at {revisions}: name a rendered pipeline, or a folder of them")
        }))
    }
}

/// Workflows of GitHub have jobs, too.
fn may_be_pipeline(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yml" | "yaml" | "json")) && !path.starts_with(".github")
}

/// A pipeline that only one of two revisions has.
struct OneSided {
    path: Utf8PathBuf,
    /// None when it cannot be read: it is compared with nothing.
    pipeline: Option<ReadPipeline>,
}

impl OneSided {
    fn of(path: Utf8PathBuf, text: SourceText, sources: &mut Sources) -> Self {
        let pipeline = parse(path.as_str(), text, sources, &mut Diagnostics::default());
        Self { path, pipeline }
    }

    fn jobs(&self) -> HashSet<&str> {
        self.pipeline.iter().flat_map(|read| &read.pipeline.jobs).map(|job| job.name.as_str()).collect()
    }
}

/// A pipeline that both revisions have.
struct Pair {
    old: Utf8PathBuf,
    new: Utf8PathBuf,
    before: ReadPipeline,
    after: ReadPipeline,
}

/// Takes the pipelines out that are in another file than before, and leaves those that are gone, and those that are new. One
/// that is gone and one that is new are the same pipeline when they have at least half of their jobs in common: a gate that
/// gets weaker on the way is reported.
fn moved(mut gone: Vec<OneSided>, come: Vec<OneSided>) -> (Vec<Pair>, Vec<OneSided>, Vec<OneSided>) {
    let (mut pairs, mut left) = (Vec::new(), Vec::new());
    for one in come {
        let jobs = one.jobs();
        let in_common = |old: &OneSided| old.jobs().intersection(&jobs).count();
        let is_same = |old: &&(usize, &OneSided)| {
            in_common(old.1) > 0 && in_common(old.1) * 2 >= old.1.jobs().len().min(jobs.len())
        };
        let same = gone.iter().enumerate().filter(|old| is_same(&old)).max_by_key(|(_, old)| in_common(old));
        let same = same.map(|(index, _)| index).map(|index| gone.remove(index));
        match (same, one) {
            (Some(OneSided { path: old, pipeline: Some(before) }), OneSided { path: new, pipeline: Some(after) }) => {
                pairs.push(Pair { old, new, before, after });
            }
            (_, one) => left.push(one),
        }
    }
    (pairs, gone, left)
}

/// What changes in all pipelines. Those that stay the `same` are compared with the others, and not reported.
fn compared(
    pairs: &[Pair],
    (gone, come): (&[OneSided], &[OneSided]),
    same: &[ReadPipeline],
    sources: &Sources,
) -> Vec<Compared> {
    let ways_past = |own: Vec<&ReadPipeline>| {
        let meant: HashSet<FileId> = own.iter().map(|read| read.file()).collect();
        WaysPast::of(own.into_iter().chain(same), |file| meant.contains(&file), sources)
    };
    let before = pairs.iter().map(|pair| &pair.before).chain(gone.iter().filter_map(|old| old.pipeline.as_ref()));
    let after = pairs.iter().map(|pair| &pair.after).chain(come.iter().filter_map(|new| new.pipeline.as_ref()));
    let (before, after) = (ways_past(before.collect()), ways_past(after.collect()));
    let pairs = pairs.iter().map(|pair| Compared {
        old: Some(pair.old.to_string()),
        new: Some(pair.new.to_string()),
        changes: compare_among((&pair.before, &before), (&pair.after, &after), sources),
        is_moved: pair.old != pair.new,
    });
    let come = come.iter().map(|new| Compared {
        old: None,
        new: Some(new.path.to_string()),
        changes: new.pipeline.as_ref().map(|new| added_among(new, &after)).unwrap_or_default(),
        is_moved: false,
    });
    let gone = gone.iter().map(|old| Compared {
        old: Some(old.path.to_string()),
        new: None,
        changes: Changes::default(),
        is_moved: false,
    });
    pairs.chain(come).chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_distinguished_from_files() {
        let range = |text| Range::parse(text).map(|range| (range.old, range.new, range.since_parted));
        assert_eq!(range("main..topic"), Some(("main", "topic", false)));
        assert_eq!(range("v1.0...HEAD"), Some(("v1.0", "HEAD", true)));
        assert_eq!(range("main.."), Some(("main", "HEAD", false)));
        assert_eq!(range("../a.yml"), None);
        assert_eq!(range("HEAD:a/../b.yml"), None);
        assert_eq!(range("a.yml"), None);
    }
}
