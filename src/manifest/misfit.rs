//! What is reported of a value that does not fit its schema.

use concourse_pipeline::model::plain_name;
use concourse_pipeline::secrets::misspelled_variable;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;
use yaml_source::diagnostic::{Diagnostic, Rule, did_you_mean, one_of, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Node, NodeKind, Resolved, Scalar, canonical, escape, trap};

use crate::input::credential_scope;

use super::place::{common_place, example_of, example_of_value, right_place, right_place_of_option, right_shape};
use super::schema::FileShape;

/// What the language has and this program does not do yet, by the place where it would stand.
const NOT_YET: [(&str, &[&str]); 1] = [("approval", &["approvals", "not_author"])];

/// What to do about a chain without environments, which has no default.
const ENVIRONMENTS: &str = "list them in the order of promotion: `environments: [CI, QA, Production]`";

/// What it is that is checked, for the words of its errors.
pub(crate) enum Wording<'a> {
    /// A file.
    File(FileShape),
    /// The options of a kind: `stack kind`, `pulumi`.
    Options(&'static str, &'a str),
}

/// An error of a schema, with what it is about.
pub(super) struct Misfit<'a> {
    pub(super) document: &'a Node,
    /// The place of the value.
    pub(super) pointer: String,
    pub(super) error: &'a ValidationError<'a>,
    pub(super) schema: &'a Json,
    pub(super) wording: &'a Wording<'a>,
}

impl Misfit<'_> {
    /// The schema that was not met.
    pub(super) fn part(&self) -> Option<&Json> {
        subschema(self.schema, self.error.evaluation_path().as_str())
    }

    /// The value, unless what is wrong with it has been reported.
    pub(super) fn node(&self) -> Option<&Node> {
        self.document.at(&self.pointer).filter(|node| !matches!(node.kind, NodeKind::Invalid))
    }

    /// The fields that a map does not have, if that is the error.
    pub(super) fn unexpected(&self) -> Option<Vec<String>> {
        match self.error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => Some(unexpected.clone()),
            // So it is called where a map may have no keys at all.
            ValidationErrorKind::FalseSchema => {
                let map = self.document.at(&self.pointer)?.as_map()?;
                Some(map.entries().iter().map(|entry| entry.key.clone()).collect())
            }
            _ => None,
        }
    }

    /// Whether a required field is missing. What was wrong has been reported, and is not missing. Nor is what is
    /// misspelled.
    pub(super) fn is_missing(&self, map: &Node, property: &str) -> bool {
        let known = self.known();
        let is_unknown = |key: &str| !known.is_empty() && !known.contains(&key);
        let is_misspelled = |entry: &Entry| is_unknown(&entry.key) && meant_field(&entry.key, &[property]).is_some();
        map.as_map().is_none_or(|map| map.get(property).is_none() && !map.entries().iter().any(is_misspelled))
    }

    /// The error for a required field.
    pub(super) fn missing(&self, map: &Node, property: &str) -> Diagnostic {
        let message = match self.wording {
            Wording::Options(noun, kind) if self.pointer.is_empty() => {
                format!("the {noun} `{kind}` needs `{property}`")
            }
            _ => format!("`{}` needs `{property}`", self.pointer.rsplit('/').next().unwrap_or_default()),
        };
        let example = example_of(self.schema, self.error.evaluation_path().as_str(), property, self.wording);
        Diagnostic::new(Rule::MissingField, map.span, message).maybe_help(example)
    }

    /// The fields that a map can have.
    fn known(&self) -> Vec<&str> {
        let properties = self.part().and_then(|part| part.get("properties")).and_then(Json::as_object);
        properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// The settings of projects at the top of a fleet, and the one error for all of them.
    pub(super) fn settings_beside_defaults(&self, unexpected: &[String]) -> Option<(Vec<String>, Diagnostic)> {
        if !self.pointer.is_empty() || !matches!(self.wording, Wording::File(FileShape::Fleet)) {
            return None;
        }
        let settings: Vec<&str> = FileShape::settings_of_defaults().collect();
        // `concourse` with a map is `concourses`.
        let known = self.known();
        let is_plural = |key: &str| {
            let is_map = self.document.at(&format!("/{}", escape(key))).is_some_and(|value| value.as_map().is_some());
            is_map && known.iter().any(|known| known.strip_suffix('s') == Some(key))
        };
        let is_misplaced = |key: &&String| settings.contains(&key.as_str()) && !is_plural(key);
        let misplaced: Vec<String> = unexpected.iter().filter(is_misplaced).cloned().collect();
        let first = self.document.entry_at(&format!("/{}", escape(misplaced.first()?)))?;
        let names = ticked(&misplaced);
        let noun = if misplaced.len() == 1 { "is a setting" } else { "are settings" };
        let help = if self.document.at("/defaults").is_some() {
            format!("move {names} under `defaults`")
        } else {
            format!("write `defaults:` above, and indent {names}")
        };
        let diagnostic = Diagnostic::new(Rule::UnknownField, first.key_span, format!("{names} {noun} of projects"))
            .label("no such field of a fleet")
            .help(help);
        Some((misplaced, diagnostic))
    }

    /// Fields of one map below that stand beside it, and the one error for all of them.
    pub(super) fn fields_of_one_below(&self, unexpected: &[String]) -> Option<(Vec<String>, Diagnostic)> {
        let Wording::File(shape) = self.wording else { return None };
        let (below, fields) = common_place(unexpected, self.part()?, shape.schema())?;
        let first = self.document.entry_at(&format!("{}/{}", self.pointer, escape(fields.first()?)))?;
        let written: Vec<String> = fields.iter().map(|field| format!("{field}: …")).collect();
        let names = ticked(&fields);
        let found = Diagnostic::new(Rule::UnknownField, first.key_span, format!("{names} belong under `{below}`"))
            .help(format!("write `{below}: {{{}}}`", written.join(", ")));
        Some((fields, found))
    }

    /// The error for a field that its map does not have.
    pub(super) fn unknown_field(&self, entry: &Entry, pointer: &str) -> Diagnostic {
        let (span, key) = (entry.key_span, entry.key.as_str());
        if matches!(self.wording, Wording::File(_))
            && let Some(not_yet) = not_yet(span, key, place_name(pointer))
        {
            return not_yet;
        }
        let known = self.known();
        let (message, label) = match (self.wording, owner(pointer)) {
            (Wording::File(shape), None) => {
                (format!("unknown field `{key}`"), format!("no such field of {}", shape.noun()))
            }
            (_, Some(owner)) => (format!("unknown field `{key}`"), format!("no such field of `{owner}`")),
            (Wording::Options(noun, kind), None) => {
                (format!("unknown option `{key}` of the {noun} `{kind}`"), String::new())
            }
        };
        let place = match self.wording {
            Wording::File(shape) => right_place(key, &entry.value, pointer, self.part(), *shape),
            Wording::Options(_, kind) => right_place_of_option(key, kind),
        };
        let is_plural = |meant: &str| meant.strip_suffix('s') == Some(key) || key.strip_suffix('s') == Some(meant);
        let takes_nothing = known.is_empty() && matches!(self.wording, Wording::Options(..));
        let help = match meant_field(key, &known) {
            Some(meant)
                if is_plural(meant)
                    && (entry.value.as_map().is_some()
                        || place.as_ref().is_none_or(|place| place.starts_with("move "))) =>
            {
                Some(format!("did you mean `{meant}`?"))
            }
            _ if place.is_some() && !takes_nothing => place,
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if takes_nothing => Some("it takes no options".to_owned()),
            None if known.is_empty() => Some("use letters, digits, `-` and `_` in a name".to_owned()),
            None if known.len() <= 8 || owner(pointer).is_some() && known.len() <= 16 => {
                Some(format!("use {}", one_of(&known)))
            }
            None => match (self.wording, owner(pointer)) {
                (Wording::File(shape), None) => {
                    Some(format!("run `ol-pipegen schema {}`, which lists all fields", shape.argument()))
                }
                _ => None,
            },
        };
        Diagnostic::new(Rule::UnknownField, span, message).label(label).maybe_help(help)
    }

    /// The error for a value that does not fit.
    pub(super) fn wrong_value(&self, node: &Node) -> Diagnostic {
        let mut diagnostic = self.wrong(node);
        if diagnostic.help.is_none() {
            diagnostic.help = self.right_value(node);
        }
        diagnostic
    }

    fn wrong(&self, node: &Node) -> Diagnostic {
        let (field, part) = (field_of(&self.pointer), self.part());
        if node.as_str().is_some_and(|text| text.contains("{{")) && !flag(part, "x-template") {
            return template_here(node.span);
        }
        let wrong_type = |message: String| Diagnostic::new(Rule::WrongType, node.span, message);
        match self.error.kind() {
            ValidationErrorKind::Type { kind } => self.wrong_type(node, kind),
            ValidationErrorKind::Enum { options } => {
                let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                let word = node.as_str().unwrap_or_default();
                let low = word.to_lowercase();
                let begins = || words.iter().copied().find(|known| known.len() >= 3 && low.starts_with(known));
                // What is off is `none`, where that is a word.
                let is_off = matches!(low.as_str(), "no" | "off" | "false" | "never");
                let off = || words.iter().copied().find(|known| is_off && *known == "none");
                let help = did_you_mean(word, words.iter().copied())
                    .or_else(begins)
                    .or_else(off)
                    .map_or_else(|| format!("write {}", one_of(&words)), |meant| format!("did you mean `{meant}`?"));
                wrong_type(format!("`{field}` cannot be `{word}`")).help(help)
            }
            ValidationErrorKind::Pattern { .. } => self.wrong_form(node),
            ValidationErrorKind::MaxProperties { .. } => {
                let names = node.as_map().map(|map| ticked(map.entries().iter().map(|entry| &entry.key)));
                let message = format!("`{field}` takes one entry, and has {}", names.unwrap_or_default());
                Diagnostic::new(Rule::SeveralKinds, node.span, message)
                    .help(not_indented(node).unwrap_or_else(|| "keep one of them".to_owned()))
            }
            ValidationErrorKind::MinProperties { .. } => {
                Diagnostic::new(Rule::MissingField, node.span, format!("`{field}` takes exactly one entry"))
                    .maybe_help(part.and_then(entries_of))
            }
            ValidationErrorKind::UniqueItems => {
                wrong_type(format!("`{field}` has the same item twice")).help("keep one of them")
            }
            ValidationErrorKind::MinItems { .. } => wrong_type(format!("`{field}` has nothing in it"))
                .help(if field == "environments" { ENVIRONMENTS } else { "remove the line for the default" }),
            ValidationErrorKind::Minimum { limit } => {
                let found = node.as_scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
                wrong_type(format!("`{field}` takes {limit} or more, not {found}"))
                    .help(format!("write {limit} or more, or remove the line for the default"))
            }
            other => wrong_type(format!("`{field}`: not what `{}` asks for", other.keyword())),
        }
    }

    fn wrong_type(&self, node: &Node, kind: &TypeKind) -> Diagnostic {
        let (field, part, found) = (field_of(&self.pointer), self.part(), node_noun(node));
        let expected = match kind {
            TypeKind::Single(expected) => *expected,
            // Of the types of this program's schemas that is an id, or text that can be taken out.
            TypeKind::Multiple(several) if several.contains(JsonType::Integer) => {
                let message = format!("`{field}` takes text or a whole number, not {found}");
                return Diagnostic::new(Rule::WrongType, node.span, message);
            }
            TypeKind::Multiple(_) => JsonType::String,
        };
        if expected == JsonType::String
            && let Some(scalar) = node.as_scalar()
            && scalar.resolve() != Resolved::Null
        {
            let form = part.and_then(|part| part.get("x-expected")).and_then(Json::as_str);
            let is_duration = form.is_some_and(|form| form.starts_with("a duration"));
            if is_duration && matches!(scalar.resolve(), Resolved::Integer(_)) {
                let text = &scalar.text;
                return Diagnostic::new(Rule::WrongType, node.span, format!("`{field}` needs a unit"))
                    .help(format!("write {text}s, {text}m, {text}h or {text}d"));
            }
            // A number that is no text of that form in quotes, too.
            let pattern = part.and_then(|part| part.get("pattern")).and_then(Json::as_str);
            if let (Some(form), Some(pattern)) = (form, pattern)
                && !super::fit::matches(pattern, &scalar.text)
            {
                let text = &scalar.text;
                let message = format!("`{field}` takes {form}, not {text}");
                let hour = text.parse::<u8>().ok().filter(|hour| *hour < 24 && form.starts_with("a time of the day"));
                return Diagnostic::new(Rule::WrongType, node.span, message)
                    .maybe_help(hour.map(|hour| format!("write \"{hour:02}:00\"")));
            }
            // Text of which an example says what it is for, such as a reason or a script, is no boolean in quotes.
            if let (Resolved::Bool(_), Some(example)) = (scalar.resolve(), self.example()) {
                let message = format!("`{field}` takes text, not {}", scalar.text);
                return Diagnostic::new(Rule::WrongType, node.span, message)
                    .help(format!("write what it is, such as `{field}: {example}`"));
            }
            return ambiguous(node, scalar);
        }
        let noun = match expected {
            JsonType::String => "text",
            JsonType::Array => "a list",
            JsonType::Object => "a map",
            JsonType::Boolean => "true or false",
            JsonType::Integer => "a whole number",
            JsonType::Number => "a number",
            JsonType::Null => "nothing",
        };
        let help = match (expected, node.as_str()) {
            _ if node.is_null() && field == "environments" => Some(ENVIRONMENTS.to_owned()),
            // What follows ` #` is a comment to YAML.
            _ if node.is_null() && field == "channel" => Some("quote the name: `channel: \"#NAME\"`".to_owned()),
            _ if node.is_null() && self.pointer == format!("/stack/{field}") => {
                Some(format!("write `{field}: {{…}}`; `ol-pipegen kind show {field}` shows the options"))
            }
            _ if node.is_null() => Some("remove the line for the default".to_owned()),
            (JsonType::Array, Some(text)) if self.takes_item(text) => Some(format!("write [{text}]")),
            (JsonType::Integer, Some(text)) if text.parse::<u64>().is_ok() => {
                Some(format!("write {text} without quotes"))
            }
            (JsonType::Boolean, Some(text @ ("true" | "false"))) => Some(format!("write {text} without quotes")),
            (JsonType::Boolean, Some(text)) => trap(text).map(|meant| format!("write {meant}")),
            (JsonType::String, None) => match node.as_list() {
                Some([only]) => only.as_str().map(|text| format!("write {text}")),
                _ => None,
            },
            _ => None,
        };
        let of_item = self.pointer.ends_with(|last: char| last.is_ascii_digit()) && expected != JsonType::String;
        let whom = if of_item { format!("an item of `{field}`") } else { format!("`{field}`") };
        Diagnostic::new(Rule::WrongType, node.span, format!("{whom} takes {noun}, not {found}")).maybe_help(help)
    }

    /// Whether a text could be an item of the list that is expected.
    fn takes_item(&self, text: &str) -> bool {
        let words = self.part().and_then(|part| part.pointer("/items/enum")).and_then(Json::as_array);
        words.is_none_or(|words| words.iter().any(|word| word.as_str() == Some(text)))
    }

    /// The example of a field, where its schema has one.
    fn example(&self) -> Option<String> {
        self.part().filter(|part| part.get("enum").is_none())?;
        example_of_value(self.schema, self.error.evaluation_path().as_str(), self.wording)
    }

    /// The error for a text that is not of its form.
    fn wrong_form(&self, node: &Node) -> Diagnostic {
        let (field, part) = (field_of(&self.pointer), self.part());
        let text = node.as_str().unwrap_or_default();
        if flag(part, "x-secret") {
            return misspelled_variable(node.span, text).unwrap_or_else(|| {
                let example = format!("(({}.{field}))", secret_scope(&self.pointer));
                Diagnostic::new(Rule::PlaintextSecret, node.span, secret_message(&self.pointer))
                    .help(format!("give the name of a credential, such as {example}"))
                    .always_an_error()
            });
        }
        let form = part.and_then(|part| part.get("x-expected")).and_then(Json::as_str).unwrap_or("of that form");
        let duration = form.starts_with("a duration").then(|| as_duration(text)).flatten();
        let is_swapped = flag(part, "x-variable") && is_variable(field);
        Diagnostic::new(Rule::WrongType, node.span, format!("`{text}` is not {form}")).maybe_help(
            duration
                .map(|duration| format!("write {duration}"))
                .or_else(|| {
                    let is_off = form.starts_with("a duration") && matches!(text, "never" | "none" | "off" | "forever");
                    is_off.then(|| "remove the line".to_owned())
                })
                .or_else(|| is_swapped.then(|| format!("write `{{{text}: {field}}}`"))),
        )
    }

    /// Returns how to write a value that does not fit, where that is clear.
    fn right_value(&self, node: &Node) -> Option<String> {
        let (pointer, kind) = (self.pointer.as_str(), self.error.kind());
        if let (ValidationErrorKind::Type { .. }, Wording::File(shape)) = (kind, self.wording) {
            let part = self.part();
            let takes_several =
                part.is_some_and(|part| matches!(part.get("type").and_then(Json::as_str), Some("object" | "array")));
            if takes_several {
                return right_shape(field_of(pointer), node, part, *shape, self.error.evaluation_path().as_str());
            }
            let is_word = |key: &str| matches!(key, "gate" | "kind" | "mode" | "name" | "type");
            let first = node.as_map().and_then(|map| map.entries().first()).filter(|_| pointer == "/gate");
            if let Some(word) = first.filter(|first| is_word(&first.key)).and_then(|first| first.value.as_str()) {
                return Some(format!("write `gate: {word}`"));
            }
            if let Some((first, word)) = first.and_then(|first| Some((first, first.value.as_str()?))) {
                return Some(format!("write `overrides: {{{}: {{gate: {word}}}}}`", first.key));
            }
            return right_shape(field_of(pointer), node, part, *shape, self.error.evaluation_path().as_str());
        }
        if let (ValidationErrorKind::Type { .. }, None) = (kind, node.as_scalar()) {
            return self.example().map(|example| format!("write it like `{}: {example}`", field_of(pointer)));
        }
        let text = node.as_str().filter(|_| matches!(kind, ValidationErrorKind::Pattern { .. }))?;
        let list = self.document.at(pointer.rsplit_once('/')?.0).and_then(Node::as_list);
        if list.is_some_and(|list| list.len() == 1) && text.contains(' ') {
            let items: Option<Vec<String>> =
                text.split([' ', ',']).filter(|item| !item.is_empty()).map(plain_name).collect();
            return Some(format!("write [{}]", items?.join(", ")));
        }
        let form = self.part()?.get("x-expected").and_then(Json::as_str)?;
        let name = plain_name(text).filter(|_| form.starts_with("a name of letters"))?;
        Some(format!("write {}", name.replace('.', "-")))
    }
}

/// Words of git and of other tools for fields of this language.
const FIELD_SYNONYMS: [(&str, &str); 5] = [
    ("commitish", "branch"),
    ("ref", "branch"),
    ("remote", "repository"),
    ("uri", "repository"),
    ("url", "repository"),
];

/// The field that was probably meant: one that is spelled alike, that begins so, or that another tool calls so.
fn meant_field<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let begins = || {
        let mut longer = known.iter().filter(|name| key.len() >= 3 && name.starts_with(key));
        longer.next().filter(|_| longer.next().is_none())
    };
    let synonym = || {
        let (_, meant) = FIELD_SYNONYMS.iter().find(|(word, _)| *word == key)?;
        known.iter().find(|name| *name == meant)
    };
    did_you_mean(key, known.iter().copied()).or_else(|| begins().or_else(synonym).copied())
}

/// The error for a field that the language has, and this program does not support yet.
fn not_yet(span: Span, key: &str, place: &str) -> Option<Diagnostic> {
    NOT_YET.iter().find(|(of, keys)| *of == place && keys.contains(&key))?;
    // The resource refuses the same, for the same reasons.
    let why = match (place, key) {
        ("approval", "approvals") => "remove it: GitHub records one person for a closing, and no second one",
        _ => "name who can approve in `closers`: a commit names its author by an address that anybody can write",
    };
    Some(
        Diagnostic::new(Rule::NotYet, span, format!("`{key}` is not supported yet"))
            .label("part of the language, but not of this version of ol-pipegen")
            .help(why),
    )
}

/// How to write a kind whose options stand beside it, as they do where their indent is missing.
fn not_indented(node: &Node) -> Option<String> {
    let [first, rest @ ..] = node.as_map()?.entries() else { return None };
    let is_open = first.value.is_null() && rest.iter().all(|entry| entry.key_span.start > first.key_span.start);
    is_open.then(|| format!("indent {} below `{}`", ticked(rest.iter().map(|entry| &entry.key)), first.key))
}

/// A number with a unit that people write, as a duration.
fn as_duration(text: &str) -> Option<String> {
    // `1h30` and `1.5h`.
    if let Some((hours, minutes)) =
        text.split_once('h').filter(|(_, minutes)| minutes.starts_with(|c: char| c.is_ascii_digit()))
    {
        let minutes: u32 = minutes.trim().trim_end_matches('m').parse().ok()?;
        return Some(format!("{}m", hours.trim().parse::<u32>().ok()?.checked_mul(60)?.checked_add(minutes)?));
    }
    if let Some(hours) = text.strip_suffix('h').and_then(|hours| hours.strip_suffix(".5")) {
        return Some(format!("{}m", hours.parse::<u32>().ok()?.checked_mul(60)?.checked_add(30)?));
    }
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

/// A template where none is filled would pass through unnoticed.
pub(crate) fn template_here(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::TemplateHere, span, "templates are not filled here")
        .help("write the text itself; what differs from stage to stage belongs in `overrides`")
}

pub(super) fn node_noun(node: &Node) -> &'static str {
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
fn ambiguous(node: &Node, scalar: &Scalar) -> Diagnostic {
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
    } else if let Some(scope) = credential_scope(pointer) {
        scope
    } else if pointer.contains("/issues/") {
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
