use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;
use serde::Serialize;

use crate::Failure;
use crate::cli::{DiffArgs, DiffFormat, FailOn};
use crate::concourse::Pipeline;
use crate::content::Content;
use crate::diagnostic::{Count, Diagnostics, visible};
use crate::diff::{Change, Changes, Effect, compare};
use crate::explain::markdown::as_code;
use crate::git::Commit;
use crate::source::{SourceText, Sources};

use super::pipeline::{Place, parse};
use super::{Outcome, Output};

/// What there is on both sides, and what changes.
#[derive(Serialize)]
struct Compared {
    /// The name of the old one; none when the pipeline is new.
    old: Option<String>,
    /// The name of the new one; none when the pipeline is gone.
    new: Option<String>,
    #[serde(flatten)]
    changes: Changes,
    /// Whether both are the same pipeline in different files of a repository.
    #[serde(skip)]
    is_moved: bool,
}

impl Compared {
    fn differs(&self) -> bool {
        self.state().is_some() || !self.changes.is_empty()
    }

    fn name(&self) -> &str {
        self.new.as_ref().or(self.old.as_ref()).map_or("", String::as_str)
    }

    /// What happens to the pipeline as a whole.
    fn state(&self) -> Option<&'static str> {
        match (&self.old, &self.new) {
            (None, Some(_)) => Some("a new pipeline"),
            (Some(_), None) => Some("the pipeline is gone"),
            _ if self.is_moved => {
                Some("in another file: a pipeline with another name starts without builds and versions")
            }
            _ => None,
        }
    }
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    pipelines: &'a [Compared],
}

/// Tells what changes from one pipeline, or revision, to another.
pub(super) fn run(args: &DiffArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut reading = Reading { sources: Sources::default(), diagnostics: Diagnostics::default() };
    let compared = match (Range::parse(&args.old), &args.new) {
        (Some(range), path) => {
            let path = path.as_deref().unwrap_or(".");
            range.compare(Utf8Path::new(path), &mut reading)?
        }
        (None, Some(new)) => {
            let (old, new) = (Place::parse(&args.old), Place::parse(new));
            if old == Place::Stdin && new == Place::Stdin {
                return Err(Failure::Usage("standard input is one pipeline: name the other one".to_owned()));
            }
            let (before, after) = (reading.place(&old)?, reading.place(&new)?);
            let changes = before.zip(after).map(|(before, after)| compare(&before, &after));
            changes
                .map(|changes| Compared { old: Some(old.name()), new: Some(new.name()), changes, is_moved: false })
                .into_iter()
                .collect()
        }
        (None, None) => {
            return Err(Failure::Usage(format!(
                "`{}` is compared with nothing: name two pipelines, or two revisions as OLD..NEW",
                args.old
            )));
        }
    };
    let Reading { sources, diagnostics } = reading;
    if output.diagnostics(&diagnostics.into_sorted(), &sources, "what cannot be read is not compared") {
        return Ok(Outcome::CouldNotRun);
    }
    match args.format {
        DiffFormat::Json => {
            let report = Report { version: 1, pipelines: &compared };
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Internal(error.to_string()))?;
            output.print(&format!("{text}\n"))?;
        }
        DiffFormat::Text => {
            let text = in_words(&compared, Range::parse(&args.old).is_some(), output.colour_out);
            output.print(&text)?;
        }
        DiffFormat::Markdown => output.print(&in_markdown(&compared))?,
    }
    let fails = |compared: &Compared| match args.fail_on {
        FailOn::Any => compared.differs(),
        FailOn::Weaker => compared.changes.is_of_gates(),
    };
    Ok(if compared.iter().any(fails) { Outcome::Problems } else { Outcome::Fine })
}

/// The pipelines that are named of many with the same change.
const MOST_NAMES: usize = 3;

/// A part of what is reported: the pipelines, and what changes in all of them.
struct Part<'c> {
    pipelines: Vec<&'c Compared>,
    changes: Changes,
}

/// What is reported: pipelines with changes of gates first, then what changes alike in several pipelines, then the other
/// changes of each pipeline.
fn parts(compared: &[Compared]) -> Vec<Part<'_>> {
    // By what a change is, whatever the thing that changes is named.
    let key = |change: &Change| {
        let (kind, _) = change.subject.parts();
        (change.effect, kind, change.message.clone(), change.lines.clone())
    };
    let mut alike: IndexMap<_, Vec<(usize, &Change)>> = IndexMap::new();
    for (index, compared) in compared.iter().enumerate() {
        for change in compared.changes.changes.iter().filter(|change| change.effect > Effect::Redirected) {
            alike.entry(key(change)).or_default().push((index, change));
        }
    }
    let is_shared = |all: &[(usize, &Change)]| all.iter().any(|(index, _)| *index != all[0].0);
    alike.retain(|_, all| is_shared(all));
    let mut parts = Vec::new();
    for one in compared {
        let all = one.changes.changes.iter();
        let own: Vec<Change> = all.filter(|change| !alike.contains_key(&key(change))).cloned().collect();
        if !own.is_empty() || one.changes.changes.is_empty() && one.differs() {
            parts.push(Part { pipelines: vec![one], changes: Changes { changes: own } });
        }
    }
    let mut shared: IndexMap<Vec<usize>, Changes> = IndexMap::new();
    for all in alike.values() {
        let pipelines: Vec<usize> = all.iter().map(|(index, _)| *index).collect::<BTreeSet<_>>().into_iter().collect();
        let subjects: BTreeSet<_> = all.iter().map(|(_, change)| &change.subject).collect();
        let mut change = all[0].1.clone();
        change.subject = change.subject.and_more(subjects.len() - 1);
        shared.entry(pipelines).or_default().changes.push(change);
    }
    parts.extend(shared.into_iter().map(|(pipelines, changes)| Part {
        pipelines: pipelines.into_iter().map(|index| &compared[index]).collect(),
        changes,
    }));
    parts.sort_by_key(|part| (!part.changes.is_of_gates(), part.pipelines.len() == 1));
    parts
}

/// How many pipelines change, and how many of them in their gates. Nothing of one pipeline.
fn summary(compared: &[Compared]) -> Option<String> {
    let count = |is: &dyn Fn(&Compared) -> bool| compared.iter().filter(|compared| is(compared)).count();
    let differing = count(&Compared::differs);
    let of_gates = match count(&|compared| compared.changes.is_of_gates()) {
        0 => "no gate gets weaker or promotes to another stage".to_owned(),
        some => format!("in {some} of them gates get weaker, or promote to another stage"),
    };
    (differing > 1).then(|| format!("{} differ; {of_gates}", Count(differing, "pipeline")))
}

fn in_words(compared: &[Compared], named: bool, colour: bool) -> String {
    let mut sections: Vec<String> = summary(compared).map(|summary| format!("{summary}\n")).into_iter().collect();
    for Part { pipelines, changes } in parts(compared) {
        let words = match pipelines.as_slice() {
            [one] if one.state().is_some() => format!("{}\n", one.state().unwrap_or_default()),
            _ => String::new(),
        } + &changes.to_words(colour);
        let title = match pipelines.as_slice() {
            [one] => visible(one.name()).into_owned(),
            several => {
                let names: Vec<String> = several.iter().map(|one| visible(one.name()).into_owned()).collect();
                in_several(&names)
            }
        };
        if !words.is_empty() {
            sections.push(if named { format!("{title}:\n{words}") } else { words });
        }
    }
    if !compared.iter().any(Compared::differs) {
        sections.push("nothing changes\n".to_owned());
    }
    sections.join("\n")
}

fn in_several(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(MOST_NAMES));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("in {} ({}{more})", Count(names.len(), "pipeline"), shown.join(", "))
}

fn in_markdown(compared: &[Compared]) -> String {
    if !compared.iter().any(Compared::differs) {
        return "Nothing changes.\n".to_owned();
    }
    let mut out = summary(compared).map_or_else(String::new, |summary| format!("**{summary}**\n\n"));
    for Part { pipelines, changes } in parts(compared) {
        let names: Vec<String> = pipelines.iter().map(|one| as_code(one.name())).collect();
        let state = if let [one] = pipelines.as_slice() { one.state() } else { None };
        let body = state.map_or_else(String::new, |state| format!("{state}\n\n")) + &changes.to_markdown();
        if body.is_empty() {
            continue;
        }
        let title = if let [name] = names.as_slice() { name.clone() } else { in_several(&names) };
        let _ = write!(out, "### {title}\n\n{body}");
    }
    out
}

struct Reading {
    sources: Sources,
    diagnostics: Diagnostics,
}

impl Reading {
    fn place(&mut self, place: &Place) -> Result<Option<Pipeline>, Failure> {
        Ok(self.text(&place.name(), place.text()?))
    }

    fn text(&mut self, name: &str, text: impl Into<SourceText>) -> Option<Pipeline> {
        parse(name, text, &mut self.sources, &mut self.diagnostics)
    }
}

/// Two revisions, as git writes them: `OLD..NEW`, or `OLD...NEW` since their ways parted.
struct Range<'a> {
    old: &'a str,
    new: &'a str,
    since_parted: bool,
}

impl<'a> Range<'a> {
    /// None when the argument is a file, or no range.
    fn parse(argument: &'a str) -> Option<Self> {
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
    fn compare(&self, below: &Utf8Path, reading: &mut Reading) -> Result<Vec<Compared>, Failure> {
        let new = Commit::of(self.new)?;
        let mut old = Commit::of(self.old)?;
        if self.since_parted {
            old = Commit::before_both(&old, &new)?;
        }
        let text = |commit: &Commit, path: &Utf8Path| {
            let text = commit.file(path)?.map(SourceText::from);
            Ok::<_, Failure>(text.filter(|text| Content::of(path, text.as_str()) == Content::Pipeline))
        };
        let (mut compared, mut gone, mut come) = (Vec::new(), Vec::new(), Vec::new());
        for path in old.changed(&new, below)?.into_iter().filter(|path| may_be_pipeline(path)) {
            match (text(&old, &path)?, text(&new, &path)?) {
                (None, None) => {}
                (Some(before), Some(after)) => {
                    let before = reading.text(&format!("{}:{path}", self.old), before);
                    let after = reading.text(&format!("{}:{path}", self.new), after);
                    compared.extend(before.zip(after).map(|(before, after)| Compared {
                        old: Some(path.to_string()),
                        new: Some(path.to_string()),
                        changes: compare(&before, &after),
                        is_moved: false,
                    }));
                }
                (Some(before), None) => gone.push(OneSided::of(path, before)),
                (None, Some(after)) => come.push(OneSided::of(path, after)),
            }
        }
        compared.extend(moved(gone, come));
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
    pipeline: Option<Pipeline>,
}

impl OneSided {
    fn of(path: Utf8PathBuf, text: SourceText) -> Self {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let pipeline = parse(path.as_str(), text, &mut sources, &mut diagnostics);
        Self { path, pipeline }
    }

    fn jobs(&self) -> HashSet<&str> {
        self.pipeline.iter().flat_map(|pipeline| &pipeline.jobs).map(|job| job.name.as_str()).collect()
    }
}

/// Pipelines of one revision alone. One that is gone and one that is new are the same pipeline in another file when they
/// have at least half of their jobs in common: a gate that gets weaker on the way is reported.
fn moved(gone: Vec<OneSided>, come: Vec<OneSided>) -> Vec<Compared> {
    let mut compared = Vec::new();
    let mut left: Vec<OneSided> = gone;
    for one in come {
        let jobs = one.jobs();
        let in_common = |old: &OneSided| old.jobs().intersection(&jobs).count();
        let is_same = |old: &&(usize, &OneSided)| {
            in_common(old.1) > 0 && in_common(old.1) * 2 >= old.1.jobs().len().min(jobs.len())
        };
        let same = left.iter().enumerate().filter(|old| is_same(&old)).max_by_key(|(_, old)| in_common(old));
        let same = same.map(|(index, _)| index).map(|index| left.remove(index));
        let mut changes = Changes::default();
        if let Some((before, after)) = same.as_ref().and_then(|old| old.pipeline.as_ref().zip(one.pipeline.as_ref())) {
            changes = compare(before, after);
        }
        let (is_moved, new) = (same.is_some(), Some(one.path.to_string()));
        compared.push(Compared { old: same.map(|old| old.path.to_string()), new, changes, is_moved });
    }
    compared.extend(left.into_iter().map(|old| Compared {
        old: Some(old.path.to_string()),
        new: None,
        changes: Changes::default(),
        is_moved: false,
    }));
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_files() {
        let range = |text| Range::parse(text).map(|range| (range.old, range.new, range.since_parted));
        assert_eq!(range("main..topic"), Some(("main", "topic", false)));
        assert_eq!(range("v1.0...HEAD"), Some(("v1.0", "HEAD", true)));
        assert_eq!(range("main.."), Some(("main", "HEAD", false)));
        assert_eq!(range("../a.yml"), None);
        assert_eq!(range("HEAD:a/../b.yml"), None);
        assert_eq!(range("a.yml"), None);
    }
}
