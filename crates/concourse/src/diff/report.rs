//! What changes in several pipelines, as people read it: a summary, and what changes alike once.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;
use yaml_source::yaml::IndexMap;

use yaml_source::diagnostic::{Count, visible};
use yaml_source::markdown::as_code;

use super::change::{Change, Changes, Effect};
use super::words::first_names;

/// A pipeline on both sides, and what changes.
#[derive(Serialize)]
pub struct Compared {
    /// The name of the old one; none when the pipeline is new.
    pub old: Option<String>,
    /// The name of the new one; none when the pipeline is gone.
    pub new: Option<String>,
    /// What changes.
    #[serde(flatten)]
    pub changes: Changes,
    /// Whether both are the same pipeline in different files of a repository.
    #[serde(skip)]
    pub is_moved: bool,
}

impl Compared {
    /// Whether anything changes.
    pub fn differs(&self) -> bool {
        self.state().is_some() || !self.changes.is_empty()
    }

    /// The name of the pipeline.
    pub fn name(&self) -> &str {
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

/// A part of what is reported: the pipelines, and what changes in all of them.
struct ReportPart<'c> {
    pipelines: Vec<&'c Compared>,
    changes: Changes,
}

/// What is reported: pipelines with changes of gates first, then what changes alike in several pipelines, then the other
/// changes of each pipeline.
fn parts(compared: &[Compared]) -> Vec<ReportPart<'_>> {
    // By what a change is, whatever the thing that changes is named.
    let key = |change: &Change| {
        let (kind, _) = change.subject.parts();
        (change.effect, kind, change.message.clone(), change.lines.clone())
    };
    let mut alike: IndexMap<_, Vec<(usize, &Change)>> = IndexMap::default();
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
            parts.push(ReportPart { pipelines: vec![one], changes: Changes { changes: own } });
        }
    }
    let mut shared: IndexMap<Vec<usize>, Changes> = IndexMap::default();
    for all in alike.values() {
        let pipelines: Vec<usize> = all.iter().map(|(index, _)| *index).collect::<BTreeSet<_>>().into_iter().collect();
        let names: BTreeSet<&str> = all.iter().map(|(_, change)| change.subject.parts().1).collect();
        let mut change = all[0].1.clone();
        let first = change.subject.parts().1;
        change.others = names.into_iter().filter(|name| *name != first).map(str::to_owned).collect();
        shared.entry(pipelines).or_default().changes.push(change);
    }
    parts.extend(shared.into_iter().map(|(pipelines, changes)| ReportPart {
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

/// Returns what changes in pipelines, for a terminal. With `named` each part names its pipelines.
pub fn in_words(compared: &[Compared], named: bool, colour: bool) -> String {
    let mut sections: Vec<String> = summary(compared).map(|summary| format!("{summary}\n")).into_iter().collect();
    for ReportPart { pipelines, changes } in parts(compared) {
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
    format!("in {} ({})", Count(names.len(), "pipeline"), first_names(names))
}

/// Returns what changes in pipelines, for a pull request.
pub fn in_markdown(compared: &[Compared]) -> String {
    if !compared.iter().any(Compared::differs) {
        return "Nothing changes.\n".to_owned();
    }
    let mut out = summary(compared).map_or_else(String::new, |summary| format!("**{summary}**\n\n"));
    for ReportPart { pipelines, changes } in parts(compared) {
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
