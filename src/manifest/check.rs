//! Does a file have the shape of a manifest or a fleet? Every problem is reported, and what is wrong is taken out, so
//! that the rest can still be understood.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, one_of, ticked};
use crate::yaml::{Entry, Node, NodeKind, Resolved, Scalar, ScalarStyle, canonical, escape, trap};

use super::fit::{Author, surely_fits};
use super::place::{example_of, right_place, right_place_of_option, right_shape};
use super::schema::FileShape;
use super::secrets::misspelled_variable;

/// Maps whose keys are the user's: null takes an inherited entry out.
pub(super) const REMOVABLE: [&str; 5] = ["env", "values", "inputs", "from", "overrides"];

/// What the language has and this program does not do yet, by the place where it would stand.
const NOT_YET: [(&str, &[&str]); 1] = [("approval", &["approvals", "not_author", "window", "freeze"])];

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
    if shape == FileShape::Manifest
        && let Some(jobs) = document.entry_at("/jobs").filter(|jobs| jobs.value.as_list().is_some())
        && document.at("/project").or(document.at("/projects")).or(document.at("/stack")).is_none()
    {
        diagnostics.push(
            Diagnostic::new(Rule::WrongType, jobs.key_span, "this is a pipeline of Concourse, not a manifest")
                .help("render the manifest that it was made from, or check it with `ol-pipegen validate`"),
        );
        document.kind = NodeKind::Invalid;
        return;
    }
    let schema = Schema { json: shape.schema(), author: Author::Program, validator: &|| Some(shape.validator()) };
    check_against(document, &schema, &Wording::File(shape), diagnostics);
    check_traps(document, diagnostics);
}

/// What it is that is checked, for the words of its errors.
pub(crate) enum Wording<'a> {
    /// A file.
    File(FileShape),
    /// The options of a kind: `stack kind`, `pulumi`.
    Options(&'static str, &'a str),
}

/// What a value is checked against.
pub(crate) struct Schema<'a> {
    /// As it is written.
    pub(crate) json: &'a Json,
    /// Whose it is.
    pub(crate) author: Author,
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
    let Some(validator) = (schema.validator)() else { return };
    let schema = schema.json;
    let json = to_json(document);
    if validator.is_valid(&json) {
        return;
    }
    let mut wrong = Vec::new();
    // Which of several kinds was meant is not known, so that what is wrong in each is not reported.
    let is_several = |error: &jsonschema::ValidationError<'_>| {
        matches!(error.kind(), ValidationErrorKind::MaxProperties { .. })
            .then(|| error.instance_path().to_string() + "/")
    };
    let several: Vec<String> = validator.iter_errors(&json).filter_map(|error| is_several(&error)).collect();
    for error in validator.iter_errors(&json) {
        let pointer = error.instance_path().to_string();
        if several.iter().any(|around| pointer.starts_with(around.as_str())) {
            wrong.push(pointer);
            continue;
        }
        let subschema = subschema(schema, error.evaluation_path().as_str());
        let unexpected = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => Some(unexpected.clone()),
            // So it is called where a map may have no keys at all.
            ValidationErrorKind::FalseSchema => document
                .at(&pointer)
                .and_then(|node| node.as_map())
                .map(|map| map.entries().iter().map(|entry| entry.key.clone()).collect()),
            _ => None,
        };
        if let Some(mut unexpected) = unexpected {
            if pointer.is_empty() && matches!(wording, Wording::File(FileShape::Fleet)) {
                report_defaults(document, &mut unexpected, diagnostics);
            }
            for key in &unexpected {
                let pointer = format!("{pointer}/{}", escape(key));
                if let Some(entry) = document.entry_at(&pointer) {
                    diagnostics.push(unknown_field(entry, &pointer, subschema, wording));
                }
                wrong.push(pointer);
            }
            continue;
        }
        let Some(node) = document.at(&pointer).filter(|node| !matches!(node.kind, NodeKind::Invalid)) else {
            continue;
        };
        if let ValidationErrorKind::Required { property } = error.kind() {
            let property = property.as_str().unwrap_or_default();
            // What was wrong has been reported, and is not missing. Nor is what is misspelled.
            let known = subschema.and_then(|schema| schema.get("properties"));
            let is_misspelled = |entry: &Entry| {
                known.is_some_and(|known| known.get(&entry.key).is_none())
                    && did_you_mean(&entry.key, [property]).is_some()
            };
            if node.as_map().is_none_or(|map| map.get(property).is_none() && !map.entries().iter().any(is_misspelled)) {
                let found = missing(node, &pointer, property, wording);
                diagnostics.push(found.maybe_help(example_of(
                    schema,
                    error.evaluation_path().as_str(),
                    property,
                    wording,
                )));
            }
            continue;
        }
        let is_told = match error.kind() {
            // The type of what is no text has been reported.
            ValidationErrorKind::Enum { .. } => node.as_scalar().is_none(),
            // So has a word that is a boolean to some readers of YAML.
            ValidationErrorKind::Type { .. } => {
                node.as_str().is_some_and(|text| trap(text).is_some()) && diagnostics.speaks_of(node.span)
            }
            _ => false,
        };
        if is_told {
            wrong.push(pointer);
            continue;
        }
        let mut diagnostic = wrong_value(node, &pointer, error.kind(), subschema);
        if diagnostic.help.is_none() {
            diagnostic.help = help_for_value(document, node, &error, subschema, wording);
        }
        // An ambiguous scalar is wrong in its writing alone: what was meant is clear enough to go on with, unless it has
        // to be of some form, too.
        let of_a_form = subschema.is_some_and(|schema| schema.get("pattern").is_some() || schema.get("enum").is_some());
        if diagnostic.rule != Rule::AmbiguousScalar || of_a_form {
            wrong.push(pointer);
        }
        diagnostics.push(diagnostic);
    }
    for pointer in wrong {
        if let Some(node) = document.at_mut(&pointer) {
            node.kind = NodeKind::Invalid;
        }
    }
}

/// Returns how to write a value that does not fit, where that is clear.
fn help_for_value(
    document: &Node,
    node: &Node,
    error: &jsonschema::ValidationError<'_>,
    subschema: Option<&Json>,
    wording: &Wording<'_>,
) -> Option<String> {
    let pointer = error.instance_path().to_string();
    if let (ValidationErrorKind::Type { .. }, Wording::File(shape)) = (error.kind(), wording) {
        let takes_several = subschema
            .is_some_and(|schema| matches!(schema.get("type").and_then(Json::as_str), Some("object" | "array")));
        if takes_several {
            return right_shape(field_of(&pointer), node, subschema, *shape, error.evaluation_path().as_str());
        }
        let first = node.as_map().and_then(|map| map.entries().first()).filter(|_| pointer == "/gate")?;
        return first.value.as_str().map(|word| format!("write `overrides: {{{}: {{gate: {word}}}}}`", first.key));
    }
    let list = document.at(pointer.rsplit_once('/')?.0)?.as_list()?;
    let text = node.as_str().filter(|text| text.contains(' '))?;
    if list.len() != 1 || !matches!(error.kind(), ValidationErrorKind::Pattern { .. }) {
        return None;
    }
    let items: Vec<&str> = text.split([' ', ',']).filter(|item| !item.is_empty()).collect();
    Some(format!("write [{}]", items.join(", ")))
}

/// Reports settings of projects at the top of a fleet once, and takes them out of the list of unknown fields.
fn report_defaults(document: &Node, unexpected: &mut Vec<String>, diagnostics: &mut Diagnostics) {
    let settings: Vec<&str> = FileShape::settings_of_defaults().collect();
    let misplaced: Vec<String> = unexpected.extract_if(.., |key| settings.contains(&key.as_str())).collect();
    let Some(first) = misplaced.first().and_then(|key| document.entry_at(&format!("/{}", escape(key)))) else { return };
    let noun = if misplaced.len() == 1 { "is a setting" } else { "are settings" };
    let help = if document.at("/defaults").is_some() {
        format!("move {} under `defaults`", ticked(&misplaced))
    } else {
        format!("write `defaults:` above, and indent {}", ticked(&misplaced))
    };
    diagnostics.push(
        Diagnostic::new(Rule::UnknownField, first.key_span, format!("{} {noun} of projects", ticked(&misplaced)))
            .label("no such field of a fleet")
            .help(help),
    );
}

/// How to write a kind whose options stand beside it, as they do where their indent is missing.
fn not_indented(node: &Node) -> Option<String> {
    let [first, rest @ ..] = node.as_map()?.entries() else { return None };
    let is_open = first.value.is_null() && rest.iter().all(|entry| entry.key_span.start > first.key_span.start);
    is_open.then(|| format!("indent {} below `{}`", ticked(rest.iter().map(|entry| &entry.key)), first.key))
}

/// A number with a unit that people write, as a duration.
fn as_duration(text: &str) -> Option<String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_lowercase();
    let unit = match unit.as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "w" | "week" | "weeks" => return Some(format!("{}d", number.checked_mul(7)?)),
        short @ ("s" | "m" | "h" | "d") => short,
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// The entries of which a map takes one.
fn entries_of(schema: &Json) -> Option<String> {
    let names: Vec<&str> = schema.get("properties")?.as_object()?.keys().map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("write {}", one_of(&names)))
}

/// Whether a shell takes the text for the name of a variable.
fn is_variable(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_word) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The field of a value. An item of a list is called by the list.
fn field_of(pointer: &str) -> &str {
    let is_index = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    pointer.rsplit('/').find(|part| !is_index(part)).unwrap_or_default()
}

fn unknown_field(entry: &Entry, pointer: &str, schema: Option<&Json>, wording: &Wording<'_>) -> Diagnostic {
    let (span, key) = (entry.key_span, entry.key.as_str());
    let owner = owner(pointer);
    let not_yet = matches!(wording, Wording::File(_))
        && NOT_YET.iter().any(|(place, keys)| *place == place_name(pointer) && keys.contains(&key));
    if not_yet {
        // The resource refuses the same, for the same reasons.
        let why = match (place_name(pointer), key) {
            ("approval", "approvals") => "closing an issue is the act of one person, and GitHub ties no second to it",
            ("approval", "not_author") => {
                "a commit names its author by an address that anybody can write; name who can approve in `closers`"
            }
            _ => "the resource keeps no calendar; `soak` lets an approval wait, `expires` ends it",
        };
        return Diagnostic::new(Rule::NotYet, span, format!("`{key}` is not supported yet"))
            .label("part of the language, but not of this version of ol-pipegen")
            .help(why);
    }
    let known: Vec<&str> = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Json::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let (message, label) = match (wording, owner) {
        (Wording::File(shape), None) => {
            (format!("unknown field `{key}`"), format!("no such field of {}", shape.noun()))
        }
        (_, Some(owner)) => (format!("unknown field `{key}`"), format!("no such field of `{owner}`")),
        (Wording::Options(noun, kind), None) => {
            (format!("unknown option `{key}` of the {noun} `{kind}`"), String::new())
        }
    };
    let place = match wording {
        Wording::File(shape) => right_place(key, &entry.value, pointer, schema, *shape),
        Wording::Options(_, kind) => right_place_of_option(key, kind),
    };
    let help = match did_you_mean(key, known.iter().copied()) {
        _ if place.is_some() => place,
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if known.is_empty() && matches!(wording, Wording::Options(..)) => Some("it takes no options".to_owned()),
        None if known.is_empty() => Some("use letters, digits, `-` and `_` in a name".to_owned()),
        None if known.len() <= 8 => Some(format!("use {}", one_of(&known))),
        None => match (wording, owner) {
            (Wording::File(shape), None) => {
                Some(format!("run `ol-pipegen schema {}`, which lists all fields", shape.argument()))
            }
            _ => None,
        },
    };
    Diagnostic::new(Rule::UnknownField, span, message).label(label).maybe_help(help)
}

/// What to do about a chain without environments, which has no default.
const ENVIRONMENTS: &str = "list them in the order of promotion: `environments: [CI, QA, Production]`";

fn missing(node: &Node, pointer: &str, property: &str, wording: &Wording<'_>) -> Diagnostic {
    let message = match wording {
        Wording::Options(noun, kind) if pointer.is_empty() => format!("the {noun} `{kind}` needs `{property}`"),
        _ => format!("`{}` needs `{property}`", pointer.rsplit('/').next().unwrap_or_default()),
    };
    Diagnostic::new(Rule::MissingField, node.span, message)
}

/// What the map around a key is called: nothing for the file itself.
fn owner(pointer: &str) -> Option<&str> {
    let (parent, _) = pointer.rsplit_once('/')?;
    let name = parent.rsplit('/').next()?;
    (!name.is_empty()).then_some(name)
}

/// Which kind of map a key stands in, for [`NOT_YET`].
fn place_name(pointer: &str) -> &str {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    match parts.as_slice() {
        [] | [_] | ["defaults", _] | [.., "overrides", _, _] | ["projects", _, _] => "",
        [.., parent, _] => parent,
    }
}

fn wrong_value(node: &Node, pointer: &str, kind: &ValidationErrorKind, schema: Option<&Json>) -> Diagnostic {
    let field = field_of(pointer);
    let what = node_noun(node);
    if node.as_str().is_some_and(|text| text.contains("{{")) && !flag(schema, "x-template") {
        return template_here(node.span);
    }
    match kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(expected) } => {
            let expected = expected.to_string();
            if expected == "string"
                && let Some(scalar) = node.as_scalar()
                && scalar.resolve() != Resolved::Null
            {
                let expected = schema.and_then(|schema| schema.get("x-expected")).and_then(Json::as_str);
                let is_duration = expected.is_some_and(|expected| expected.starts_with("a duration"));
                if is_duration && matches!(scalar.resolve(), Resolved::Integer(_)) {
                    let text = &scalar.text;
                    return Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` needs a unit"))
                        .help(format!("write {text}s, {text}m, {text}h or {text}d"));
                }
                return ambiguous(node, scalar);
            }
            let due = match expected.as_str() {
                "string" => "text",
                "array" => "a list",
                "object" => "a map",
                "boolean" => "true or false",
                "integer" => "a whole number",
                other => other,
            };
            let help = match (expected.as_str(), node.as_str()) {
                _ if node.is_null() && field == "environments" => Some(ENVIRONMENTS.to_owned()),
                // What follows ` #` is a comment to YAML.
                _ if node.is_null() && field == "channel" => Some("quote the name: `channel: \"#NAME\"`".to_owned()),
                _ if node.is_null() && pointer == format!("/stack/{field}") => {
                    Some(format!("write `{field}: {{…}}`; `ol-pipegen kind show {field}` shows the options"))
                }
                _ if node.is_null() => Some("remove the line for the default".to_owned()),
                ("array", Some(text)) => Some(format!("write [{text}]")),
                ("integer", Some(text)) if text.parse::<u64>().is_ok() => Some(format!("write {text} without quotes")),
                ("boolean", Some(text)) => trap(text).map(|meant| format!("write {meant}")),
                _ => None,
            };
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` takes {due}, not {what}")).maybe_help(help)
        }
        // Of the types of this program's schemas that is an id.
        ValidationErrorKind::Type { kind: TypeKind::Multiple(_) } => {
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` takes text or a number, not {what}"))
        }
        ValidationErrorKind::Enum { options } => {
            let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            let word = node.as_str().unwrap_or_default();
            let help = did_you_mean(word, words.iter().copied())
                .map_or_else(|| format!("write {}", one_of(&words)), |meant| format!("did you mean `{meant}`?"));
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` cannot be `{word}`")).help(help)
        }
        ValidationErrorKind::Pattern { .. } if flag(schema, "x-secret") => {
            let misspelled = node.as_str().and_then(|text| misspelled_variable(node.span, text));
            misspelled.unwrap_or_else(|| {
                Diagnostic::new(Rule::PlaintextSecret, node.span, secret_message(pointer))
                    .help(format!("give the name of a credential, such as (({}.{field}))", secret_scope(pointer)))
            })
        }
        ValidationErrorKind::Pattern { .. } => {
            let expected =
                schema.and_then(|schema| schema.get("x-expected")).and_then(Json::as_str).unwrap_or("of that form");
            let text = node.as_str().unwrap_or_default();
            let duration = expected.starts_with("a duration").then(|| as_duration(text)).flatten();
            let is_swapped = flag(schema, "x-variable") && is_variable(field);
            Diagnostic::new(Rule::WrongType, node.span, format!("`{text}` is not {expected}")).maybe_help(
                duration
                    .map(|duration| format!("write {duration}"))
                    .or_else(|| is_swapped.then(|| format!("write `{{{text}: {field}}}`"))),
            )
        }
        ValidationErrorKind::MaxProperties { .. } => {
            let names = node.as_map().map(|map| ticked(map.entries().iter().map(|entry| &entry.key)));
            Diagnostic::new(
                Rule::SeveralKinds,
                node.span,
                format!("`{field}` takes one, not {}", names.unwrap_or_default()),
            )
            .help(not_indented(node).unwrap_or_else(|| "keep one of them".to_owned()))
        }
        ValidationErrorKind::MinProperties { .. } => {
            Diagnostic::new(Rule::MissingField, node.span, format!("`{field}` takes exactly one entry"))
                .maybe_help(schema.and_then(entries_of))
        }
        ValidationErrorKind::UniqueItems => {
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` has the same item twice"))
                .help("keep one of them")
        }
        ValidationErrorKind::MinItems { .. } => {
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` has nothing in it"))
                .help(if field == "environments" { ENVIRONMENTS } else { "remove the line for the default" })
        }
        ValidationErrorKind::Minimum { limit } => {
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` is {limit} at least"))
        }
        other => {
            Diagnostic::new(Rule::WrongType, node.span, format!("`{field}`: not what `{}` asks for", other.keyword()))
        }
    }
}

/// A template where none is filled would pass through unnoticed.
pub(crate) fn template_here(span: crate::source::Span) -> Diagnostic {
    Diagnostic::new(Rule::TemplateHere, span, "templates are not filled here")
        .help("write the text itself; what differs from stage to stage belongs in `overrides`")
}

fn node_noun(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::List(_) => "a list",
        NodeKind::Map(_) => "a map",
        NodeKind::Invalid => "something wrong",
        NodeKind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => "nothing",
            Resolved::Bool(_) => "a boolean",
            Resolved::Integer(_) | Resolved::Float(_) => "a number",
            Resolved::Text => "text",
        },
    }
}

/// A plain scalar where text is expected, which YAML reads as something else.
pub(crate) fn ambiguous(node: &Node, scalar: &Scalar) -> Diagnostic {
    let text = &scalar.text;
    let resolved = scalar.resolve();
    let message = match resolved {
        Resolved::Bool(value) => format!("expected text, found `{text}`, which YAML reads as {value}"),
        Resolved::Text | Resolved::Null => format!("some readers of YAML do not read `{text}` as text"),
        Resolved::Integer(_) | Resolved::Float(_) => {
            let becomes = canonical(resolved);
            if becomes == *text {
                format!("expected text, found the number `{text}`")
            } else {
                format!("expected text, found the number `{text}`, which would become `{becomes}`")
            }
        }
    };
    Diagnostic::new(Rule::AmbiguousScalar, node.span, message).help(format!("write \"{text}\""))
}

/// Plain scalars that are text to YAML 1.2 and something else to the readers on Concourse's path.
fn check_traps(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Invalid => {}
        NodeKind::List(items) => items.iter().for_each(|item| check_traps(item, diagnostics)),
        NodeKind::Map(map) => {
            for entry in map.entries() {
                check_characters(&entry.key, entry.key_span, diagnostics);
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

/// `PostgreSQL`, which holds Concourse's pipelines, has no NUL in JSON; libyaml refuses the others.
fn check_characters(text: &str, span: crate::source::Span, diagnostics: &mut Diagnostics) {
    let refused = |c: &char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}');
    if let Some(found) = text.chars().find(refused) {
        diagnostics.push(
            Diagnostic::new(Rule::ControlCharacter, span, format!("the text holds U+{:04X}", u32::from(found)))
                .help("remove it: no reader shows it, and some refuse it"),
        );
    }
}

fn secret_message(pointer: &str) -> String {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let field = parts.last().copied().unwrap_or_default();
    let owner = parts
        .iter()
        .rposition(|part| matches!(*part, "inputs" | "from"))
        .and_then(|at| parts.get(at + 1))
        .or_else(|| parts.iter().rev().skip(1).find(|part| !matches!(**part, "auth" | "image" | "git" | "s3")))
        .copied()
        .unwrap_or_default();
    format!("the {} of `{owner}` is written in clear", field.replace('_', " "))
}

/// What a credential of that place might be called.
fn secret_scope(pointer: &str) -> &'static str {
    if pointer.contains("/slack/") {
        "slack"
    } else if pointer.contains("/image/") {
        "registry"
    } else if pointer.contains("/s3/") {
        "aws"
    } else if pointer.contains("/issues/") || pointer.contains("/github_release/") {
        "github"
    } else {
        "git"
    }
}

fn flag(schema: Option<&Json>, name: &str) -> bool {
    schema.and_then(|schema| schema.get(name)).and_then(Json::as_bool).unwrap_or(false)
}

/// The schema that a keyword stands in, following references: `/properties/a/$ref/pattern` → the definition.
fn subschema<'s>(schema: &'s Json, path: &str) -> Option<&'s Json> {
    let mut at = schema;
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (_, parents) = parts.split_last()?;
    for part in parents {
        at = if *part == "$ref" {
            let target = at.get("$ref")?.as_str()?;
            schema.pointer(target.strip_prefix('#')?)?
        } else {
            let key = part.replace("~1", "/").replace("~0", "~");
            match at {
                Json::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                other => other.get(&key)?,
            }
        };
    }
    Some(at)
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
