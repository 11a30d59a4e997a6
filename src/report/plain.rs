use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Count, Diagnostic, Label, Rule, Severity, visible};
use crate::source::{FileId, Sources};

/// Diagnostics as a compiler shows them, in order.
pub fn plain(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let texts = without_secrets(diagnostics, sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(diagnostic, sources, &texts)]));
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

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, texts: &'a BTreeMap<FileId, Cow<'a, str>>) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(visible(&diagnostic.message)).id(diagnostic.rule.name()).elements(
        by_file(&diagnostic.labels).into_iter().map(|(file, labels)| {
            let text: &str = texts.get(&file).map_or("", |text| text.as_ref());
            Snippet::source(text).path(visible(sources.path(file).as_str())).annotations(labels.into_iter().map(
                |(primary, label)| {
                    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
                    let annotation = kind.span(on_one_line(text, label.span.range()));
                    if label.text.is_empty() { annotation } else { annotation.label(visible(&label.text)) }
                },
            ))
        }),
    );
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(visible(note)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    group
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

/// The texts of the files, with each secret that was found in clear made unreadable: a report ends up in logs.
fn without_secrets<'s>(diagnostics: &[Diagnostic], sources: &'s Sources) -> BTreeMap<FileId, Cow<'s, str>> {
    let mut texts: BTreeMap<FileId, Cow<'s, str>> = BTreeMap::new();
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let file = label.span.file;
        texts.entry(file).or_insert_with(|| Cow::Borrowed(sources.get(file).text.as_str()));
    }
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::PlaintextSecret) {
        let span = diagnostic.span();
        let Some(text) = texts.get_mut(&span.file) else { continue };
        let range = span.range();
        if text.get(range.clone()).is_none() {
            continue;
        }
        // As many bytes as before, so that all other places stay where they are; lines stay lines.
        let hidden: String = text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        text.to_mut().replace_range(range, &hidden);
    }
    texts
}
