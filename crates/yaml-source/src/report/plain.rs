use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Count, Diagnostic, Label, Severity, visible};
use crate::source::{FileId, Lines, Sources};

use super::view::Texts;

type LinesOf<'s> = BTreeMap<FileId, Lines<'s>>;

/// Diagnostics as a compiler shows them, in order.
pub fn plain(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let texts = Texts::of(diagnostics, sources);
    let lines: LinesOf<'_> = diagnostics
        .iter()
        .flat_map(|diagnostic| &diagnostic.labels)
        .map(|label| label.span.file)
        .collect::<BTreeSet<FileId>>()
        .into_iter()
        .map(|file| (file, Lines::of(&sources.get(file).text)))
        .collect();
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(diagnostic, sources, &texts, &lines)]));
        out.push('\n');
    }
    out
}

/// How many problems there are, in a line.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut files: Vec<FileId> = diagnostics.iter().map(|diagnostic| diagnostic.span().file).collect();
    files.sort_unstable();
    files.dedup();
    let places = Count(files.len(), "file");
    match (errors, warnings) {
        (0, 0) => None,
        (0, warnings) => Some(format!("{} in {places}", Count(warnings, "warning"))),
        (errors, 0) => Some(format!("{} in {places}", Count(errors, "error"))),
        (errors, warnings) => {
            Some(format!("{} and {} in {places}", Count(errors, "error"), Count(warnings, "warning")))
        }
    }
}

fn group<'a>(diagnostic: &Diagnostic, sources: &Sources, texts: &'a Texts, lines: &LinesOf<'_>) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let shown = |text: &str| visible(&texts.without_secrets(text)).into_owned();
    let rule = diagnostic.rule;
    let title = level.primary_title(shown(&diagnostic.message)).id(rule.name()).id_url(rule.url());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(&diagnostic.labels) {
        let path = visible(sources.path(file).as_str()).into_owned();
        let (whole, lines) = (texts.file(file), &lines[&file]);
        let (first_line, from, text) = lines_around(&labels, whole, lines);
        let labelled = |primary: bool, label: &Label, range: Range<usize>| {
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range);
            if label.text.is_empty() { annotation } else { annotation.label(shown(&label.text)) }
        };
        if text.len() <= SHOWN_WHOLE {
            group = group.element(Snippet::source(text).line_start(first_line).path(path).annotations(
                labels.into_iter().map(|(primary, label)| {
                    let range = label.span.range();
                    let range = range.start.saturating_sub(from)..range.end.saturating_sub(from);
                    labelled(primary, label, on_one_line(text, range))
                }),
            ));
            continue;
        }
        for (primary, label) in labels {
            let (line, column) = lines.position(label.span.start as usize);
            let (text, range, is_cut) = excerpt(whole, lines.start(line)..lines.start(line + 1), label.span.range());
            let snippet = Snippet::source(text).line_start(line).annotation(labelled(primary, label, range));
            group = if is_cut {
                // The column is that in the whole line.
                group.element(Origin::path(path.clone()).line(line).char_column(column)).element(snippet)
            } else {
                group.element(snippet.path(path.clone()))
            };
        }
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(shown(note)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(shown(help)));
    }
    group
}

/// How much of a text the renderer is given, in bytes. It looks at all of it, for each problem of the file: a pipeline of
/// JSON is one line, and two places may be a file apart.
const SHOWN_WHOLE: usize = 4096;

/// What is around a place in its line, the place therein, and whether the line begins before that.
fn excerpt(text: &str, line: Range<usize>, place: Range<usize>) -> (String, Range<usize>, bool) {
    /// In characters.
    const BEFORE: usize = 60;
    const BEHIND: usize = 180;
    const CUT: &str = "…";
    let line = line.start..line.start + text.get(line).unwrap_or_default().trim_end_matches(['\r', '\n']).len();
    let place = on_one_line(text, place.start.clamp(line.start, line.end)..place.end.clamp(line.start, line.end));
    let (before, behind) = (text.get(line.start..place.start), text.get(place.start..line.end));
    let from =
        before.and_then(|before| before.char_indices().rev().nth(BEFORE)).map_or(line.start, |(at, _)| line.start + at);
    let to = behind.and_then(|behind| behind.char_indices().nth(BEHIND)).map_or(line.end, |(at, _)| place.start + at);
    let is_cut = from > line.start;
    let (left, right) = (if is_cut { CUT } else { "" }, if to < line.end { CUT } else { "" });
    let shown = format!("{left}{}{right}", text.get(from..to).unwrap_or_default());
    let within = |at: usize| left.len() + at.clamp(from, to) - from;
    (shown, within(place.start)..within(place.end), is_cut)
}

/// The lines from the first place to the last: their number, the byte that they begin at, and their text. The renderer
/// looks at each line that it is given, and there may be as many problems as lines.
fn lines_around<'t>(labels: &[(bool, &Label)], text: &'t str, lines: &Lines<'_>) -> (usize, usize, &'t str) {
    let starts = || labels.iter().map(|(_, label)| label.span.start as usize);
    let first = lines.position(starts().min().unwrap_or_default()).0;
    let last = lines.position(starts().max().unwrap_or_default()).0;
    let from = lines.start(first);
    (first, from, text.get(from..lines.start(last + 1)).unwrap_or_default())
}

/// The labels by their files, the place to mend first.
fn by_file(labels: &[Label]) -> Vec<(FileId, Vec<(bool, &Label)>)> {
    let mut files: Vec<(FileId, Vec<(bool, &Label)>)> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let item = (index == 0, label);
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(item),
            None => files.push((label.span.file, vec![item])),
        }
    }
    files
}

/// A value of many lines is pointed at by its first.
fn on_one_line(text: &str, range: Range<usize>) -> Range<usize> {
    let start = range.start.min(text.len());
    let end = range.end.clamp(start, text.len());
    let line = text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default().trim_end();
    start..start + line.len()
}
