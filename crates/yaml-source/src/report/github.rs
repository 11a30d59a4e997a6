use crate::diagnostic::{Diagnostic, Severity, visible};
use crate::source::Sources;

use super::view::{Places, Texts};

/// Diagnostics as annotations of a GitHub workflow, a line each, in order.
///
/// GitHub shows columns only of what stands on one line; of what is longer, its lines are told.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let texts = Texts::of(diagnostics, sources);
    let mut places = Places::of(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let span = diagnostic.span();
        let region = places.region(span);
        let file = property(&visible(sources.path(span.file).as_str()));
        let columns = if region.start.0 == region.end.0 {
            format!(",col={},endColumn={}", region.start.1, region.end.1)
        } else {
            String::new()
        };
        let (line, end_line) = (region.start.0, region.end.0);
        out.push_str(&format!("::{command} file={file},line={line},endLine={end_line}{columns},"));
        out.push_str(&format!("title={}::", property(diagnostic.rule.name())));
        out.push_str(&data(&message(diagnostic, sources, &texts, &mut places)));
        out.push('\n');
    }
    out
}

fn message(diagnostic: &Diagnostic, sources: &Sources, texts: &Texts, places: &mut Places<'_>) -> String {
    let mut lines = vec![visible(&texts.without_secrets(&diagnostic.message)).into_owned()];
    let mut labels = diagnostic.labels.iter();
    lines.extend(labels.next().filter(|label| !label.text.is_empty()).map(|label| sentence("", &label.text, texts)));
    for label in labels {
        let (line, column) = places.region(label.span).start;
        let place = format!("{}:{line}:{column}: ", visible(sources.path(label.span.file).as_str()));
        lines.push(sentence(&place, &label.text, texts));
    }
    lines.extend(diagnostic.notes.iter().map(|note| sentence("note: ", note, texts)));
    lines.extend(diagnostic.help.iter().map(|help| sentence("help: ", help, texts)));
    lines.join("\n")
}

fn sentence(before: &str, text: &str, texts: &Texts) -> String {
    format!("{before}{}", visible(&texts.without_secrets(text)))
}

/// What stands behind the `::` of a workflow command (actions/toolkit, `packages/core/src/command.ts`, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command (the same file, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100%\r\n::x"), "100%25%0D%0A::x");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
