use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::json;

use crate::diagnostic::{Diagnostic, Refusal, Severity};
use crate::source::{Sources, Span};

use super::NAME;
use super::view::{Places, Texts, document};

/// What a run has to say of its input.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Report {
    /// Version of this format: 1. What is added to it later does not change what is there.
    version: u8,
    /// What wrote it.
    tool: Tool,
    /// How many errors there are.
    errors: usize,
    /// How many warnings there are.
    warnings: usize,
    /// The problems, in order of their places.
    diagnostics: Vec<Problem>,
}

/// The program.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tool {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// A problem.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Problem {
    /// The rule that found it, by its name.
    rule: &'static str,
    /// How bad it is.
    severity: JsonLevel,
    /// What is wrong, in a line that stands alone.
    message: String,
    /// The place to mend.
    place: JsonPlace,
    /// Other places that matter.
    related: Vec<JsonPlace>,
    /// What else there is to know.
    notes: Vec<String>,
    /// What to do.
    help: Option<String>,
    /// Of a pipeline: who refuses it for this, `fly` being `fly validate-pipeline`.
    refused_by: Vec<&'static str>,
    /// Of a pipeline: what Concourse itself says of it, a line each; an error begins with its group, as in `jobs: …`.
    concourse_says: Vec<String>,
}

/// How bad it is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum JsonLevel {
    /// Something is wrong: the exit code is 1.
    Error,
    /// Something to know.
    Warning,
}

/// A range of a file, and what is to be said of it.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JsonPlace {
    /// The file, relative to the working folder where that is possible.
    file: String,
    /// Its first character.
    start: Position,
    /// The character behind its last.
    end: Position,
    /// What is to be said of it; may be empty.
    label: String,
}

/// A character of a file.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Position {
    /// The line, from 1.
    line: usize,
    /// The column, from 1, in characters: Unicode code points.
    column: usize,
    /// Bytes of UTF-8 before it; a byte order mark is not counted.
    byte: usize,
}

/// Diagnostics as a JSON document, in order.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let texts = Texts::of(diagnostics, sources);
    let mut places = Places::of(sources);
    let mut place = |span: Span, label: &str| {
        let region = places.region(span);
        let start = span.start as usize;
        let end = start + sources.slice(span).trim_end().len();
        JsonPlace {
            file: sources.path(span.file).to_string(),
            start: Position { line: region.start.0, column: region.start.1, byte: start },
            end: Position { line: region.end.0, column: region.end.1, byte: end },
            label: texts.without_secrets(label),
        }
    };
    let problems: Vec<Problem> = diagnostics
        .iter()
        .map(|diagnostic| Problem {
            rule: diagnostic.rule.name(),
            severity: match diagnostic.severity() {
                Severity::Error => JsonLevel::Error,
                Severity::Warning => JsonLevel::Warning,
            },
            message: texts.without_secrets(&diagnostic.message),
            place: place(diagnostic.labels[0].span, &diagnostic.labels[0].text),
            related: diagnostic.labels[1..].iter().map(|label| place(label.span, &label.text)).collect(),
            notes: diagnostic.notes.iter().map(|note| texts.without_secrets(note)).collect(),
            help: diagnostic.help.as_deref().map(|help| texts.without_secrets(help)),
            refused_by: refused_by(diagnostic),
            concourse_says: diagnostic.concourse_messages().iter().map(|line| texts.without_secrets(line)).collect(),
        })
        .collect();
    let errors = problems.iter().filter(|problem| matches!(problem.severity, JsonLevel::Error)).count();
    let report = Report {
        version: 1,
        tool: Tool { name: NAME, version: env!("CARGO_PKG_VERSION") },
        errors,
        warnings: problems.len() - errors,
        diagnostics: problems,
    };
    document(&report)
}

fn refused_by(diagnostic: &Diagnostic) -> Vec<&'static str> {
    let Refusal { plain, strict, server } = diagnostic.refusal();
    let all = [(plain, "fly"), (strict, "fly --strict"), (server, "server")];
    all.into_iter().filter_map(|(refuses, who)| refuses.then_some(who)).collect()
}

/// The JSON Schema of that document.
pub fn report_schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Report>().to_value();
    schema["title"] = json!("Report of ol-pipegen");
    document(&schema)
}
