//! Does a file have the shape of a manifest or a fleet? Every problem is reported, and what is wrong is taken out, so
//! that the rest can still be understood.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{Entry, Node, NodeKind, Resolved, ScalarStyle, escape, trap};

use super::fit::{SchemaAuthor, surely_fits};
use super::foreign::other_than_expected;
use super::indent::repair;
use super::misfit::{Misfit, Wording, node_noun};
use super::schema::FileShape;

/// Maps whose keys are the user's: null takes an inherited entry out.
pub(super) const REMOVABLE: [&str; 5] = ["env", "values", "inputs", "from", "overrides"];

/// Checks a file, and takes out what is wrong with it. A file that is no map at all is left as nothing.
pub(crate) fn check(document: &mut Node, shape: FileShape, diagnostics: &mut Diagnostics) {
    match &document.kind {
        // What it is has been reported.
        NodeKind::Invalid => return,
        NodeKind::Map(_) => {}
        _ if document.is_null() => {
            diagnostics.push(
                Diagnostic::new(
                    Rule::MissingField,
                    document.span,
                    format!("this file is empty: expected {}", shape.noun()),
                )
                .help(shape.beginning()),
            );
            document.kind = NodeKind::Invalid;
            return;
        }
        _ => {
            let message = format!("expected {} (a map), found {}", shape.noun(), node_noun(document));
            diagnostics.push(Diagnostic::new(Rule::WrongType, document.span, message).help(shape.beginning()));
            document.kind = NodeKind::Invalid;
            return;
        }
    }
    if let Some(other) = other_than_expected(document, shape) {
        diagnostics.push(other);
        document.kind = NodeKind::Invalid;
        return;
    }
    let schema = Schema { json: shape.schema(), author: SchemaAuthor::Program, validator: &|| Some(shape.validator()) };
    check_against(document, &schema, &Wording::File(shape), diagnostics);
    check_traps(document, diagnostics);
}

/// What a value is checked against.
pub(crate) struct Schema<'a> {
    /// As it is written.
    pub(crate) json: &'a Json,
    /// Whose it is.
    pub(crate) author: SchemaAuthor,
    /// As it is asked what is wrong; nothing, where it is no schema.
    pub(crate) validator: &'a dyn Fn() -> Option<&'a jsonschema::Validator>,
}

/// Checks a value against a schema, reports all that is wrong, and takes it out.
pub(crate) fn check_against(
    document: &mut Node,
    schema: &Schema<'_>,
    wording: &Wording<'_>,
    diagnostics: &mut Diagnostics,
) {
    if surely_fits(document, schema.json, schema.author) {
        return;
    }
    if matches!(wording, Wording::File(_)) {
        repair(document, schema.json, schema.json, diagnostics);
    }
    let Some(validator) = (schema.validator)() else { return };
    let json = to_json(document);
    let errors: Vec<ValidationError<'_>> = validator.iter_errors(&json).collect();
    // Which of several kinds was meant is not known, so that what is wrong in each is not reported.
    let is_several = |error: &&ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::MaxProperties { .. });
    let several: Vec<String> =
        errors.iter().filter(is_several).map(|error| error.instance_path().to_string() + "/").collect();
    let mut wrong = Vec::new();
    for error in &errors {
        let pointer = error.instance_path().to_string();
        if several.iter().any(|around| pointer.starts_with(around.as_str())) {
            wrong.push(pointer);
            continue;
        }
        // A setting in the place of a stage is one mistake, whatever is below it. Who knows the stages reports it.
        if let Some(setting) = setting_in_overrides(&pointer, wording) {
            wrong.push(setting.to_owned());
            continue;
        }
        let misfit = Misfit { document, pointer, error, schema: schema.json, wording };
        wrong.extend(report(&misfit, diagnostics));
    }
    for pointer in wrong {
        if let Some(node) = document.at_mut(&pointer) {
            node.kind = NodeKind::Invalid;
        }
    }
}

/// The place of a setting that stands in `overrides` of a manifest, or of one of its projects, where a stage should.
fn setting_in_overrides<'p>(pointer: &'p str, wording: &Wording<'_>) -> Option<&'p str> {
    const OVERRIDES: &str = "/overrides/";
    let (before, rest) = pointer.split_once(OVERRIDES)?;
    let key = rest.split('/').next()?;
    let is_meant = (before.is_empty() || before.starts_with("/projects/"))
        && matches!(wording, Wording::File(FileShape::Manifest))
        && FileShape::is_stage_setting(key);
    is_meant.then(|| &pointer[..before.len() + OVERRIDES.len() + key.len()])
}

/// Reports one error of a schema. Returns the places of what is to be taken out.
fn report(misfit: &Misfit<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    if let Some(unexpected) = misfit.unexpected() {
        return report_unexpected(misfit, unexpected, diagnostics);
    }
    let Some(node) = misfit.node() else { return Vec::new() };
    if let ValidationErrorKind::Required { property } = misfit.error.kind() {
        let property = property.as_str().unwrap_or_default();
        if misfit.is_missing(node, property) {
            diagnostics.push(misfit.missing(node, property));
        }
        return Vec::new();
    }
    let pointer = misfit.pointer.clone();
    let is_reported = match misfit.error.kind() {
        // The type of what is no text has been reported.
        ValidationErrorKind::Enum { .. } => node.as_scalar().is_none(),
        // So has a word that is a boolean to some readers of YAML.
        ValidationErrorKind::Type { .. } => {
            node.as_str().is_some_and(|text| trap(text).is_some()) && diagnostics.speaks_of(node.span)
        }
        _ => false,
    };
    if is_reported {
        return vec![pointer];
    }
    let diagnostic = misfit.wrong_value(node);
    // An ambiguous scalar is wrong in its writing alone: what was meant is clear enough to go on with, unless it has
    // to be of some form, too.
    let is_of_a_form = misfit.part().is_some_and(|part| part.get("pattern").is_some() || part.get("enum").is_some());
    let is_unclear = diagnostic.rule != Rule::AmbiguousScalar || is_of_a_form;
    diagnostics.push(diagnostic);
    if is_unclear { vec![pointer] } else { Vec::new() }
}

/// Reports fields that a map does not have. Returns their places.
fn report_unexpected(misfit: &Misfit<'_>, mut unexpected: Vec<String>, diagnostics: &mut Diagnostics) -> Vec<String> {
    if let Some((settings, diagnostic)) = misfit.settings_beside_defaults(&unexpected) {
        unexpected.retain(|key| !settings.contains(key));
        diagnostics.push(diagnostic);
    }
    let mut wrong = Vec::new();
    if let Some((fields, diagnostic)) = misfit.fields_of_one_below(&unexpected) {
        unexpected.retain(|key| !fields.contains(key));
        diagnostics.push(diagnostic);
        wrong.extend(fields.iter().map(|key| format!("{}/{}", misfit.pointer, escape(key))));
    }
    for key in &unexpected {
        let pointer = format!("{}/{}", misfit.pointer, escape(key));
        if let Some(entry) = misfit.document.entry_at(&pointer) {
            diagnostics.push(misfit.unknown_field(entry, &pointer));
        }
        wrong.push(pointer);
    }
    wrong
}

/// Plain scalars that are text to YAML 1.2 and something else to the readers on Concourse's path.
fn check_traps(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Invalid => {}
        NodeKind::List(items) => items.iter().for_each(|item| check_traps(item, diagnostics)),
        NodeKind::Map(map) => {
            for entry in map.entries() {
                check_characters(&entry.key, entry.key_span, diagnostics);
                check_key_without_value(entry, diagnostics);
                check_traps(&entry.value, diagnostics);
            }
        }
        NodeKind::Scalar(scalar) => {
            check_characters(&scalar.text, node.span, diagnostics);
            if scalar.style != ScalarStyle::Plain {
                return;
            }
            if let Some(meaning) = trap(&scalar.text)
                && !diagnostics.speaks_of(node.span)
            {
                let text = &scalar.text;
                diagnostics.push(
                    Diagnostic::new(
                        Rule::AmbiguousScalar,
                        node.span,
                        format!("`{text}` is {meaning} to some readers of YAML, and not to others"),
                    )
                    .help(if matches!(meaning, "true" | "false") {
                        format!("write {meaning}, or \"{text}\" for text")
                    } else {
                        format!("write \"{text}\" for text")
                    }),
                );
            }
        }
    }
}

/// `{A:b}` and `{A b}` are keys without a value.
fn check_key_without_value(entry: &Entry, diagnostics: &mut Diagnostics) {
    let span = entry.value.span;
    let is_left_out = entry.value.is_null() && span.start == span.end;
    let Some((name, value)) = entry.key.split_once([':', ' ']).filter(|_| is_left_out) else { return };
    if diagnostics.speaks_of(entry.key_span) || name.is_empty() || value.is_empty() {
        return;
    }
    let message = format!("`{}` is a key without a value", entry.key);
    diagnostics.push(
        Diagnostic::new(Rule::YamlSyntax, entry.key_span, message)
            .help(format!("write `{name}: {}`, with a space after the `:`", value.trim())),
    );
}

/// `PostgreSQL`, which holds Concourse's pipelines, has no NUL in JSON; libyaml refuses the others.
fn check_characters(text: &str, span: yaml_source::source::Span, diagnostics: &mut Diagnostics) {
    let refused = |c: &char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}');
    if let Some(found) = text.chars().find(refused) {
        diagnostics.push(
            Diagnostic::new(Rule::ControlCharacter, span, format!("the text holds U+{:04X}", u32::from(found)))
                .help("remove it: no reader shows it, and some refuse it"),
        );
    }
}

/// The file as JSON, without the nulls that take inherited entries out.
pub(super) fn to_json(node: &Node) -> Json {
    convert(node, false)
}

fn convert(node: &Node, removable: bool) -> Json {
    match &node.kind {
        NodeKind::Invalid => Json::Null,
        NodeKind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => Json::Null,
            Resolved::Bool(value) => value.into(),
            Resolved::Integer(value) => value.into(),
            Resolved::Float(value) => value.into(),
            Resolved::Text => scalar.text.as_str().into(),
        },
        NodeKind::List(items) => items.iter().map(|item| convert(item, false)).collect(),
        NodeKind::Map(map) => Json::Object(
            map.entries()
                .iter()
                .filter(|entry| !(removable && entry.value.is_null()))
                .map(|entry| (entry.key.clone(), convert(&entry.value, REMOVABLE.contains(&entry.key.as_str()))))
                .collect(),
        ),
    }
}
