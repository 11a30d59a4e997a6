use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Expression, Value};
use yaml_source::diagnostic::{Rule, did_you_mean};

use super::engine::{FILTERS, MAX_FILLED, engine};
use super::scope::Scope;

/// Characters of one expression: a longer one can build texts beyond all bounds by repetition alone.
const MAX_EXPRESSION: usize = 1_000;

/// A text that was taken apart into literal text and holes.
pub(crate) struct ParsedTemplate {
    parts: Vec<TemplatePart>,
    /// Bytes that it is likely to take when it is filled.
    likely_size: usize,
}

enum TemplatePart {
    Text(String),
    Hole(Hole),
}

struct Hole {
    range: Range<usize>,
    expression: Expression<'static, 'static>,
    /// The parts of a dotted name, where the expression is no more than that: most are, and a look-up is cheaper than
    /// an evaluation.
    name: Option<Vec<String>>,
    /// Whether it may test if a name is defined, or put a default in the place of one that is not.
    is_lenient: bool,
}

/// What is wrong with a template, and where in its text.
#[derive(Debug)]
pub(crate) struct TemplateError {
    pub(crate) rule: Rule,
    pub(crate) message: String,
    pub(crate) range: Range<usize>,
    pub(crate) help: Option<String>,
}

impl TemplateError {
    fn syntax(range: Range<usize>, message: impl Into<String>) -> Self {
        let help = Some("write {{ '{{' }} for two braces of the text".to_owned());
        Self { rule: Rule::TemplateSyntax, message: message.into(), range, help }
    }
}

/// Words that begin a statement of Jinja.
const STATEMENTS: [&str; 14] = [
    "if", "elif", "else", "endif", "for", "endfor", "set", "block", "endblock", "include", "import", "from", "macro",
    "raw",
];

/// A statement of Jinja in a text, which no template of this language has.
pub(crate) fn statement(text: &str) -> Option<TemplateError> {
    // Few texts have the second character, and a search for one takes less time.
    if !text.contains('%') {
        return None;
    }
    let mut from = 0;
    while let Some(found) = text[from..].find("{%") {
        let start = from + found;
        from = start + 2;
        let inner = text[from..].trim_start_matches(['-', '+']).trim_start();
        let word = inner.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if let Some(end) = text[from..].find("%}").filter(|_| STATEMENTS.contains(&word)) {
            let range = start..from + end + 2;
            return Some(TemplateError {
                rule: Rule::TemplateSyntax,
                message: format!("`{}` is a statement, and templates have only expressions", &text[range.clone()]),
                range,
                help: Some(
                    "write {{ A if CONDITION else B }}, or {{ '{%' }} for these characters themselves".to_owned(),
                ),
            });
        }
    }
    None
}

/// Does a text have holes?
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

thread_local! {
    /// The texts of a fleet's defaults and kinds are the same for all its projects: each is taken apart once.
    static PARSED: RefCell<HashMap<String, Rc<ParsedTemplate>>> = RefCell::default();
}

/// A part of a text with holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Literal text.
    Text(&'t str),
    /// The expression of a hole.
    Hole(&'t str),
}

/// The parts of a text. `None` when a hole is not closed.
pub(crate) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        if start > at {
            pieces.push(Piece::Text(&text[at..start]));
        }
        let end = end_of_hole(text, start + 2)?;
        pieces.push(Piece::Hole(text[start + 2..end].trim()));
        at = end + 2;
    }
    if at < text.len() {
        pieces.push(Piece::Text(&text[at..]));
    }
    Some(pieces)
}

impl ParsedTemplate {
    /// Takes a text apart.
    ///
    /// # Errors
    ///
    /// At a hole that is not closed, or that is no expression.
    pub(crate) fn parse(text: &str) -> Result<Rc<Self>, TemplateError> {
        if let Some(template) = PARSED.with_borrow(|parsed| parsed.get(text).cloned()) {
            return Ok(template);
        }
        let template = Rc::new(Self::parse_new(text)?);
        PARSED.with_borrow_mut(|parsed| {
            // Texts that occur once must not pile up over ten thousand manifests.
            if parsed.len() >= 4_096 {
                parsed.clear();
            }
            parsed.insert(text.to_owned(), Rc::clone(&template));
        });
        Ok(template)
    }

    fn parse_new(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let start = at + found;
            if start > at {
                parts.push(TemplatePart::Text(text[at..start].to_owned()));
            }
            let inner_end = end_of_hole(text, start + 2).ok_or_else(|| not_closed(text, start))?;
            let range = start..inner_end + 2;
            let source = text[start + 2..inner_end].trim();
            at = range.end;
            parts.push(TemplatePart::Hole(Hole {
                expression: compile(source, &range)?,
                name: dotted_name(source),
                is_lenient: source.contains("defined") || source.contains("default"),
                range,
            }));
        }
        if at < text.len() {
            parts.push(TemplatePart::Text(text[at..].to_owned()));
        }
        let size = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => text.len(),
            TemplatePart::Hole(_) => 24,
        };
        Ok(Self { likely_size: parts.iter().map(size).sum(), parts })
    }

    /// Is the text one hole and nothing else?
    pub(crate) fn is_one_hole(&self) -> bool {
        matches!(self.parts.as_slice(), [TemplatePart::Hole(_)])
    }

    /// The value of the hole, where the text is one hole and nothing else; else the text.
    ///
    /// # Errors
    ///
    /// When a name is not defined, or a hole within a longer text gives something else than text or a number.
    pub(crate) fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        match self.parts.as_slice() {
            [TemplatePart::Hole(hole)] => hole.value(scope),
            _ => self.text(scope).map(Value::from),
        }
    }

    /// The text with its holes filled.
    ///
    /// # Errors
    ///
    /// As of [`ParsedTemplate::value`], and when the only hole gives something else than text or a number.
    pub(crate) fn text(&self, scope: &Scope) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(self.likely_size);
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Hole(hole) => push_text(&hole.value(scope)?, &hole.range, &mut out)?,
            }
            if out.len() > MAX_FILLED {
                return Err(TemplateError {
                    rule: Rule::TemplateLimit,
                    message: format!("grows beyond {MAX_FILLED} bytes when it is filled"),
                    range: 0..usize::MAX,
                    help: None,
                });
            }
        }
        Ok(out)
    }

    /// Checks the names of the holes, whatever they come to. A name whose value is `none` in the scope may be anything.
    ///
    /// # Errors
    ///
    /// When a name is not defined, and no test or filter of the hole allows for that; when there is no such filter.
    pub(crate) fn check(&self, scope: &Scope) -> Result<(), TemplateError> {
        for part in &self.parts {
            let TemplatePart::Hole(hole) = part else { continue };
            if let Some(error) = undefined_name(&hole.expression, &hole.range, scope, true).filter(|_| !hole.is_lenient)
            {
                return Err(error);
            }
            if let Err(error) = evaluate(&hole.expression, &hole.range, scope)
                && error.rule == Rule::UndefinedName
                && error.message.starts_with("there is no ")
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The names that the holes use, dotted where they go into a map: `values.release`.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .parts
            .iter()
            .filter_map(|part| match part {
                TemplatePart::Hole(hole) => Some(hole.expression.undeclared_variables(true)),
                TemplatePart::Text(_) => None,
            })
            .flatten()
            .collect();
        names.sort_unstable();
        names
    }
}

/// A hole without an end, with the text that closes it where that is clear.
fn not_closed(text: &str, start: usize) -> TemplateError {
    let error = TemplateError::syntax(start..text.len(), "`{{` is not closed by `}}`");
    let inner = &text[start + 2..];
    match inner.split_once('}') {
        Some((expression, _)) if !expression.trim().is_empty() => {
            TemplateError { help: Some(format!("write `{{{{ {} }}}}`: a `}}` is missing", expression.trim())), ..error }
        }
        _ => error,
    }
}

fn push_text(value: &Value, range: &Range<usize>, out: &mut String) -> Result<(), TemplateError> {
    use std::fmt::Write;
    match value.kind() {
        ValueKind::String => out.push_str(value.as_str().unwrap_or_default()),
        // Writing to a string does not fail.
        ValueKind::Number => write!(out, "{value}").unwrap_or_default(),
        other => {
            return Err(TemplateError {
                rule: Rule::NotText,
                message: format!("expected text or a number, found {}", kind_name(other)),
                range: range.clone(),
                help: match other {
                    ValueKind::Bool => Some("write a text for each value: `{{ 'a' if … else 'b' }}`".to_owned()),
                    ValueKind::Seq | ValueKind::Iterable => Some("make one text of it: `… | join(',')`".to_owned()),
                    ValueKind::Map => {
                        Some("name one entry of it, such as `{{ values.sizes[environment] }}`".to_owned())
                    }
                    ValueKind::None => Some("write what replaces it: `{{ … or '' }}`".to_owned()),
                    _ => None,
                },
            });
        }
    }
    Ok(())
}

pub(super) fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Undefined => "something that is not defined",
        ValueKind::None => "none",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "something else",
    }
}

/// The end of the expression that begins at `start`: the first `}}` outside quotes and braces of its own.
fn end_of_hole(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn compile(source: &str, range: &Range<usize>) -> Result<Expression<'static, 'static>, TemplateError> {
    if source.is_empty() {
        return Err(TemplateError::syntax(range.clone(), "an empty hole"));
    }
    if source.len() > MAX_EXPRESSION {
        return Err(TemplateError::syntax(range.clone(), format!("an expression of more than {MAX_EXPRESSION} bytes")));
    }
    if has_multiplication(source) {
        return Err(TemplateError::syntax(range.clone(), "`*` repeats texts and lists without bounds: not used here"));
    }
    engine().compile_expression_owned(source.to_owned()).map_err(|error| {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        TemplateError::syntax(range.clone(), format!("`{source}` is not an expression: {detail}"))
    })
}

fn has_multiplication(source: &str) -> bool {
    let mut quote = None;
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '*') => return true,
            _ => {}
        }
    }
    false
}

impl Hole {
    fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        if let Some(value) = self.name.as_ref().and_then(|name| scope.get(name)) {
            return Ok(value);
        }
        evaluate(&self.expression, &self.range, scope)
    }
}

/// The parts of an expression that is nothing but a dotted name.
fn dotted_name(source: &str) -> Option<Vec<String>> {
    const WORDS: [&str; 10] = ["true", "True", "false", "False", "none", "None", "not", "and", "or", "in"];
    let parts: Vec<String> = source.split('.').map(str::to_owned).collect();
    let is_name = |part: &String| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !WORDS.contains(&part.as_str())
    };
    parts.iter().all(is_name).then_some(parts)
}

fn evaluate(
    expression: &Expression<'static, 'static>,
    range: &Range<usize>,
    scope: &Scope,
) -> Result<Value, TemplateError> {
    match expression.eval(scope.root()) {
        Ok(value) if value.is_undefined() => Err(undefined(expression, range, scope)),
        Ok(value) => Ok(value),
        Err(error) if error.kind() == ErrorKind::UndefinedError => Err(undefined(expression, range, scope)),
        Err(error) if error.kind() == ErrorKind::UnknownFunction => Err(TemplateError {
            rule: Rule::UndefinedName,
            message: format!("there is no function `{}`", subject(&error)),
            range: range.clone(),
            help: Some("expressions have names, operators and filters, no functions".to_owned()),
        }),
        Err(error) if error.kind() == ErrorKind::UnknownFilter => Err(TemplateError {
            rule: Rule::UndefinedName,
            message: format!("there is no filter `{}`", subject(&error)),
            range: range.clone(),
            help: did_you_mean(&subject(&error), FILTERS.iter().copied())
                .map(|meant| format!("did you mean `{meant}`?"))
                .or_else(|| Some(format!("there are {}", FILTERS.join(", ")))),
        }),
        Err(error) if error.kind() == ErrorKind::UnknownMethod => Err(TemplateError {
            rule: Rule::TemplateSyntax,
            message: "expressions have no methods".to_owned(),
            range: range.clone(),
            help: Some("use a filter, such as `{{ stack | lower }}`".to_owned()),
        }),
        Err(error) => Err(TemplateError {
            rule: if is_limit(&error) { Rule::TemplateLimit } else { Rule::TemplateSyntax },
            message: match error.kind() {
                ErrorKind::OutOfFuel => "the expression takes too long".to_owned(),
                kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
            },
            range: range.clone(),
            help: error
                .detail()
                .is_some_and(|detail| detail.starts_with("tried to use + operator"))
                .then(|| "write `~` between texts: `{{ 'a' ~ 1 }}`".to_owned()),
        }),
    }
}

/// The name in `filter x is unknown`.
fn subject(error: &Error) -> String {
    let detail = error.detail().unwrap_or_default();
    let name = detail.trim_end_matches(" is unknown");
    name.rsplit(' ').next().unwrap_or(name).to_owned()
}

fn is_limit(error: &Error) -> bool {
    error.kind() == ErrorKind::OutOfFuel || error.detail().is_some_and(|detail| detail.starts_with("grows beyond"))
}

/// Says which name it is that is not defined, and what was probably meant.
fn undefined(expression: &Expression<'static, 'static>, range: &Range<usize>, scope: &Scope) -> TemplateError {
    undefined_name(expression, range, scope, false).unwrap_or_else(|| TemplateError {
        rule: Rule::UndefinedName,
        message: "the result is not defined".to_owned(),
        range: range.clone(),
        help: Some("define an entry for each stage, or add `| default('…')`".to_owned()),
    })
}

/// The first name of an expression that a scope does not define. `is_open` says that whatever is `none` may have any key.
fn undefined_name(
    expression: &Expression<'static, 'static>,
    range: &Range<usize>,
    scope: &Scope,
    is_open: bool,
) -> Option<TemplateError> {
    let mut names: Vec<String> = expression.undeclared_variables(true).into_iter().collect();
    names.sort_unstable();
    for name in names {
        let mut known = scope.names();
        let mut value = scope.root();
        let mut path = String::new();
        for part in name.split('.') {
            if is_open && value.is_none() {
                break;
            }
            let next = value.get_attr(part).unwrap_or_default();
            if next.is_undefined() {
                let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
                let is_credential = path.is_empty() && matches!(part, "secrets" | "github" | "vault");
                let help = is_credential
                    .then(|| "write a credential with two parentheses, such as ((github.token))".to_owned());
                let begins = || known.iter().map(String::as_str).find(|name| part.len() >= 3 && name.starts_with(part));
                let help = help
                    .or_else(|| {
                        did_you_mean(part, known.iter().map(String::as_str))
                            .or_else(begins)
                            .map(|meant| format!("did you mean `{meant}`?"))
                    })
                    .or_else(|| (path == "values").then(|| format!("define it: `values: {{{part}: …}}`")))
                    .or_else(|| (!known.is_empty()).then(|| format!("use one of {}", known.join(", "))));
                return Some(TemplateError {
                    rule: Rule::UndefinedName,
                    message: format!("`{part}` is not defined{place}"),
                    range: range.clone(),
                    help,
                });
            }
            known = keys(&next);
            value = next;
            path = if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        }
    }
    None
}

fn keys(value: &Value) -> Vec<String> {
    if value.kind() != ValueKind::Map {
        return Vec::new();
    }
    let mut keys: Vec<String> = value.try_iter().into_iter().flatten().map(|key| key.to_string()).collect();
    keys.sort_unstable();
    keys
}
