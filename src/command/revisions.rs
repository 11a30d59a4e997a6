use std::collections::HashSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::diff::{self, Change, Changes, Compared, WaitedFor};
use concourse_pipeline::model::Pipeline;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::source::{FileId, SourceText, Sources};
use yaml_source::yaml::top_level_keys;

use crate::compare::{ReadPipeline, WaysPast, added_among, compare_among, moved_to};
use crate::content::Content;
use crate::git::{ChangedFile, Commit};
use crate::policy::{lowered, meta_name, moved as set_from};
use crate::workspace::FLEET_FILE;

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
            Ok::<_, Failure>(text.filter(|text| is_pipeline(path, text.as_str())))
        };
        let (mut pairs, mut gone, mut come) = (Vec::new(), Vec::new(), Vec::new());
        let changed = old.changed(&new, below)?;
        let mut policies = Vec::new();
        let moved_fleets = MovedFleets::of(&old, &new, &changed)?;
        for file in &changed {
            let path = &file.path;
            policies.extend(fleet(&old, &new, file, &moved_fleets)?);
            let is_named = may_be_pipeline(path);
            let content = |commit: &Commit| match text(commit, path) {
                // A clone without large files has all pipelines.
                Err(_) if !is_named => Ok(None),
                content => content,
            };
            let (before, after) = if file.has_text_name {
                (content(&old)?, if file.is_link { None } else { content(&new)? })
            } else {
                (None, None)
            };
            if (is_named || before.is_some()) && !file.is_gone {
                refuse_unreadable(file)?;
            }
            if !is_named {
                gone.extend(before.and_then(|text| OneSided::without_errors(path, text, &mut reading.sources)));
                come.extend(after.and_then(|text| OneSided::without_errors(path, text, &mut reading.sources)));
                continue;
            }
            match (before, after) {
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
                (Some(before), None) => gone.push(OneSided::of(path, before, &mut reading.sources)),
                (None, Some(after)) => {
                    let pipeline = reading.text(&format!("{}:{path}", self.new), after);
                    come.push(OneSided { path: path.clone(), pipeline });
                }
            }
        }
        let (moved, gone, come) = moved(gone, come);
        pairs.extend(moved);
        // What stays takes part: a job that comes may deploy what another file has behind a gate.
        let mut same = Vec::new();
        let had_gates =
            |old: &OneSided| old.pipeline.iter().any(|old| !diff::lost_jobs(&old.pipeline, None).is_empty());
        if !pairs.is_empty() || !come.is_empty() || gone.iter().any(had_gates) {
            let changed: HashSet<&Utf8PathBuf> = changed.iter().map(|file| &file.path).collect();
            for path in new.files(below)?.into_iter().filter(|path| !changed.contains(path) && may_be_pipeline(path)) {
                let text = text(&new, &path)?;
                same.extend(text.and_then(|text| OneSided::of(&path, text, &mut reading.sources).pipeline));
            }
        }
        let mut compared = compared(&pairs, (&gone, &come), &same, &reading.sources);
        compared.extend(policies);
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

/// The text of a fleet at a commit. A fleet can have any name.
fn fleet_text(commit: &Commit, file: &ChangedFile) -> Result<Option<SourceText>, Failure> {
    if !file.has_text_name || !may_be_pipeline(&file.path) {
        return Ok(None);
    }
    let text = commit.file(&file.path)?.map(SourceText::from);
    Ok(text.filter(|text| Content::of(&file.path, text.as_str()) == Content::Fleet))
}

/// Fleets that only the new revision has: a fleet whose file is gone is one of them.
struct MovedFleets(Vec<(Utf8PathBuf, SourceText)>);

impl MovedFleets {
    fn of(old: &Commit, new: &Commit, changed: &[ChangedFile]) -> Result<Self, Failure> {
        let mut come = Vec::new();
        for file in changed.iter().filter(|file| !file.is_gone && !file.is_link) {
            if let Some(text) = fleet_text(new, file)?
                && fleet_text(old, file)?.is_none()
            {
                come.push((file.path.clone(), text));
            }
        }
        Ok(Self(come))
    }

    /// The fleet that another one became: the one with the same pipeline that sets the others, or else the first.
    fn successor(&self, path: &Utf8Path, was: &SourceText) -> Option<&SourceText> {
        let name = meta_name(path.as_str(), was.clone());
        let is_same = |(path, text): &&(Utf8PathBuf, SourceText)| meta_name(path.as_str(), text.clone()) == name;
        self.0.iter().find(is_same).or_else(|| self.0.first()).map(|(_, text)| text)
    }
}

/// What the policy of a fleet asks for no more, and from where else its pipelines are set.
fn fleet(
    old: &Commit,
    new: &Commit,
    file: &ChangedFile,
    moved_fleets: &MovedFleets,
) -> Result<Option<Compared>, Failure> {
    let path = &file.path;
    let Some(was) = fleet_text(old, file)? else { return Ok(None) };
    let is = if file.is_link { None } else { new.file(path)?.map(SourceText::from) };
    let mut changes = Changes { changes: Vec::new() };
    if let Some(is) = is.as_ref().or_else(|| moved_fleets.successor(path, &was)) {
        changes.changes.extend(set_from(path.as_str(), was.clone(), is.clone()));
    }
    changes.changes.extend(lowered(path.as_str(), was, is));
    let name = Some(path.to_string());
    Ok((!changes.is_empty()).then(|| Compared { old: name.clone(), new: name, changes, is_moved: false }))
}

/// Whether a file that declares jobs has to be a pipeline. Another one, such as a workflow of GitHub, is a pipeline only if
/// it can be read as one.
fn may_be_pipeline(path: &Utf8Path) -> bool {
    let is_ending = |ending: &str| ["yml", "yaml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    path.extension().is_some_and(is_ending) && !path.starts_with(".github")
}

/// Whether a text is that of a pipeline, or hides what it is: Concourse reads UTF-16 as well, in which each letter has a
/// zero byte.
fn is_pipeline(path: &Utf8Path, text: &str) -> bool {
    // No fleet has jobs, and Concourse does not care what a pipeline's file is called.
    let has_jobs = || path.file_name() == Some(FLEET_FILE) && top_level_keys(text).any(|(key, _)| key == "jobs");
    Content::of(path, text) == Content::Pipeline || has_jobs() || may_be_pipeline(path) && text.contains('\0')
}

/// Refuses a file in the place of a pipeline whose content is not looked at.
fn refuse_unreadable(file: &ChangedFile) -> Result<(), Failure> {
    let why = if !file.has_text_name {
        "its name has bytes that are not text; rename the file"
    } else if file.is_link {
        "it is a link, and links are not followed; commit the pipeline itself in its place"
    } else {
        return Ok(());
    };
    Err(Failure::io("compare", &file.path, io::Error::other(why)))
}

/// A pipeline that only one of two revisions has.
struct OneSided {
    path: Utf8PathBuf,
    /// None when it cannot be read: it is compared with nothing.
    pipeline: Option<ReadPipeline>,
}

impl OneSided {
    fn of(path: &Utf8Path, text: SourceText, sources: &mut Sources) -> Self {
        let pipeline = parse(path.as_str(), text, sources, &mut Diagnostics::default());
        Self { path: path.to_owned(), pipeline }
    }

    /// None when anything is wrong with it.
    fn without_errors(path: &Utf8Path, text: SourceText, sources: &mut Sources) -> Option<Self> {
        let mut found = Diagnostics::default();
        let pipeline = parse(path.as_str(), text, sources, &mut found)?;
        (!found.has_errors()).then(|| Self { path: path.to_owned(), pipeline: Some(pipeline) })
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
/// that is gone and one that is new are the same pipeline when they have a gate, or at least half of their jobs, in common: a
/// gate that gets weaker on the way is reported.
fn moved(mut gone: Vec<OneSided>, come: Vec<OneSided>) -> (Vec<Pair>, Vec<OneSided>, Vec<OneSided>) {
    let (mut pairs, mut left) = (Vec::new(), Vec::new());
    for one in come {
        let jobs = one.jobs();
        let in_common = |old: &OneSided| old.jobs().intersection(&jobs).count();
        let is_same = |old: &&(usize, &OneSided)| {
            in_common(old.1) > 0 && in_common(old.1) * 2 >= old.1.jobs().len().min(jobs.len())
        };
        let gates = |old: &OneSided| match (&old.pipeline, &one.pipeline) {
            (Some(old), Some(new)) => diff::common_gates(&old.pipeline, &new.pipeline),
            _ => 0,
        };
        let scored = gone.iter().enumerate().map(|(index, old)| ((gates(old), in_common(old)), (index, old)));
        let same = scored.filter(|((gates, _), old)| *gates > 0 || is_same(&old)).max_by_key(|(score, _)| *score);
        let same = same.map(|(_, same)| same);
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
    let (before, after): (Vec<_>, Vec<_>) = (before.collect(), after.collect());
    let all_new: Vec<&Pipeline> = after.iter().copied().chain(same).map(|read| &read.pipeline).collect();
    let waited_for = WaitedFor::of(before.iter().copied().chain(same).map(|read| &read.pipeline));
    let (before, after) = (ways_past(before), ways_past(after));
    let moves = Moves::of(pairs, gone);
    let pairs = pairs.iter().map(|pair| {
        let mut changes = compare_among((&pair.before, &before), (&pair.after, &after), &waited_for, sources);
        changes.add(moves.to(Some(&pair.before), &pair.after));
        changes.add(moves.gone(&pair.before, &all_new));
        Compared {
            old: Some(pair.old.to_string()),
            new: Some(pair.new.to_string()),
            changes,
            is_moved: pair.old != pair.new,
        }
    });
    let come = come.iter().map(|new| {
        let mut changes = new.pipeline.as_ref().map(|new| added_among(new, &after, &waited_for)).unwrap_or_default();
        changes.add(new.pipeline.iter().flat_map(|new| moves.to(None, new)).collect());
        Compared { old: None, new: Some(new.path.to_string()), changes, is_moved: false }
    });
    let gone = gone.iter().map(|old| Compared {
        old: Some(old.path.to_string()),
        new: None,
        changes: Changes { changes: old.pipeline.iter().flat_map(|old| moves.gone(old, &all_new)).collect() },
        is_moved: false,
    });
    pairs.chain(come).chain(gone).collect()
}

/// Jobs behind a gate that pipelines lose, each with the pipeline as it was and as it is now.
struct Moves<'r>(Vec<(&'r ReadPipeline, Option<&'r ReadPipeline>, Vec<&'r str>)>);

impl<'r> Moves<'r> {
    fn of(pairs: &'r [Pair], gone: &'r [OneSided]) -> Self {
        let kept = pairs.iter().map(|pair| (&pair.before, Some(&pair.after)));
        let gone = gone.iter().filter_map(|old| Some((old.pipeline.as_ref()?, None)));
        let lost = |(old, new): (&'r ReadPipeline, Option<&'r ReadPipeline>)| {
            let jobs = diff::lost_jobs(&old.pipeline, new.map(|new| &new.pipeline));
            (!jobs.is_empty()).then_some((old, new, jobs))
        };
        Self(kept.chain(gone).filter_map(lost).collect())
    }

    /// What makes gates weaker when these jobs are in a pipeline now: as it was before, if it was there, and as it is.
    fn to(&self, before: Option<&ReadPipeline>, new: &ReadPipeline) -> Vec<Change> {
        let others = self.0.iter().filter(|(_, own, _)| own.is_none_or(|own| own.file() != new.file()));
        others.flat_map(|(old, _, lost)| moved_to((old, lost), (before, new))).collect()
    }

    /// What is to be said of those of `old` for whose approvals nothing waits any more.
    fn gone(&self, old: &ReadPipeline, all_new: &[&Pipeline]) -> Vec<Change> {
        let own = self.0.iter().find(|(other, ..)| other.file() == old.file());
        own.map(|(old, _, lost)| diff::gone(&old.pipeline, lost, all_new).changes).unwrap_or_default()
    }
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
