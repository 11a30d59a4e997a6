use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use yaml_source::source::Span;

use super::issues::{Called, IssueRepository, Issues};
use super::view::PipelineView;

/// Titles of issues that are taken for one another: an issue is waited for by the beginning of its title, and looked up by
/// a search for its words. Closing the one then deploys the other.
pub(super) fn check(views: &[PipelineView<'_>], diagnostics: &mut Diagnostics) {
    let issues = Issues::of(views);
    let mut titles: BTreeMap<(IssueRepository, &str), Span> = BTreeMap::new();
    for post in &issues.posts {
        if let Called::Title(title) = post.called {
            titles.entry((post.place.clone(), title)).or_insert(post.span);
        }
    }
    let mut reported: BTreeSet<Span> = BTreeSet::new();
    for wait in &issues.waits {
        let Called::Title(prefix) = wait.called else { continue };
        let fits = titles
            .range((wait.place.clone(), prefix)..)
            .take_while(|((place, title), _)| *place == wait.place && title.starts_with(prefix));
        let found: Vec<(&str, Span)> = fits.take(2).map(|((_, title), span)| (*title, *span)).collect();
        if let [_, (other, span)] = found.as_slice()
            && reported.insert(wait.span)
        {
            diagnostics.push(
                Diagnostic::new(
                    Rule::AmbiguousIssueTitle,
                    wait.span,
                    format!("closing another issue starts `{}` as well", wait.job.name),
                )
                .label("the beginning of both titles")
                .also(*span, format!("\"{other}\" begins with it"))
                .help("end the titles with something that no title goes on behind, such as ` deployed.`"),
            );
        }
    }
    // The words of each title from each of them on, in order: a title stands before what begins with its words.
    let mut from_words: BTreeMap<(IssueRepository, String), (&str, Span)> = BTreeMap::new();
    for ((place, title), span) in &titles {
        let words = words(title);
        for start in 0..words.len() {
            from_words.entry((place.clone(), words[start..].join(" ") + " ")).or_insert((title, *span));
        }
    }
    for ((place, title), span) in &titles {
        let phrase = words(title).join(" ") + " ";
        let other = from_words
            .range((place.clone(), phrase.clone())..)
            .take_while(|((other, words), _)| other == place && words.starts_with(&phrase))
            .map(|(_, found)| found)
            .find(|(other, _)| other != title);
        if let Some((other, at)) = other
            && reported.insert(*span)
        {
            diagnostics.push(
                Diagnostic::new(
                    Rule::AmbiguousIssueTitle,
                    *span,
                    format!("a search for \"{title}\" finds \"{other}\" as well"),
                )
                .label("a build may comment on the issue of the other")
                .also(*at, "the other")
                .help("put a word into the titles that tells them apart"),
            );
        }
    }
}

/// What a search looks at: letters and digits, whatever their case.
fn words(title: &str) -> Vec<String> {
    title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
