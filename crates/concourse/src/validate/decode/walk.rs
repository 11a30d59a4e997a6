use crate::model::ConcourseVersion;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule, did_you_mean, visible};
use yaml_source::source::{Sources, Span};
use yaml_source::yaml::{Entry, Map, Node, NodeKind, ScalarStyle, as_json, as_text};

use super::model::{Field, PIPELINE, Shape, Struct, Unknown};
use super::seen::Seen;
use super::unite::sorted;

/// A walk through a pipeline beside the tables of its types.
pub(super) struct Walk<'a> {
    pub(super) version: ConcourseVersion,
    pub(super) sources: &'a Sources,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// All that is wrong was said before.
    pub(super) is_silent: bool,
}

/// Where a value stands, for messages, and for what is made of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValuePlace {
    /// The field.
    pub(super) field: &'static str,
    /// What has that field.
    pub(super) of: &'static str,
    /// It is one of several of the field.
    pub(super) is_item: bool,
    /// It is reached through plain types alone, where numbers and booleans become texts, and unknown keys are seen.
    /// Whatever decodes itself, as steps do, ends that.
    pub(super) is_plain: bool,
}

impl ValuePlace {
    fn item(self) -> Self {
        Self { is_item: true, ..self }
    }

    pub(super) fn within(self) -> Self {
        Self { is_plain: false, ..self }
    }

    /// `trigger` of a get step.
    pub(super) fn whole(self) -> String {
        let item = if self.is_item { "an item of " } else { "" };
        format!("{item}`{}` of {}", self.field, self.of)
    }
}

impl Walk<'_> {
    pub(super) fn pipeline(&mut self, node: &mut Node) {
        match Seen::of(node) {
            Seen::Null => node.kind = NodeKind::Map(Map::default()),
            Seen::Invalid => {}
            Seen::Map => {
                if let Some(map) = node.as_map_mut() {
                    self.fields(map, &PIPELINE, true);
                }
            }
            seen => {
                let message = format!("a pipeline is a map, not {seen}");
                self.refuse(Rule::WrongType, node.span, message);
                node.kind = NodeKind::Invalid;
            }
        }
    }

    /// Decodes the entries of a map as the fields of a type.
    pub(super) fn fields(&mut self, map: &mut Map, of: &'static Struct, is_plain: bool) {
        self.fields_of(map, of, is_plain);
        map.retain(|entry| !is_absent(entry, of.fields));
    }

    /// The same; what is nothing is left.
    pub(super) fn fields_of(&mut self, map: &mut Map, of: &'static Struct, is_plain: bool) {
        if !self.has_clash(map, of.fields) {
            return self.each_field(map, of, is_plain);
        }
        if !self.is_silent {
            // Each is decoded, and may be wrong, whatever becomes of it.
            self.each_field(&mut map.clone(), of, is_plain);
        }
        *map = self.united(sorted(std::mem::take(map)), of.fields);
        let mut unheard = Diagnostics::default();
        let mut again = Walk { diagnostics: &mut unheard, is_silent: true, ..*self };
        again.each_field(map, of, is_plain);
    }

    fn each_field(&mut self, map: &mut Map, of: &'static Struct, is_plain: bool) {
        for entry in map.entries_mut() {
            let Some(field) = self.field(of.fields, &entry.key) else {
                self.unknown(entry, of, is_plain);
                continue;
            };
            if entry.key != field.name {
                field.name.clone_into(&mut entry.key);
            }
            let place = ValuePlace { field: field.name, of: of.noun, is_item: false, is_plain };
            self.value(&mut entry.value, field.shape, place);
        }
    }

    /// The field of that key. Go looks for it as it is written, then whatever its case.
    pub(super) fn field(&self, fields: &'static [Field], key: &str) -> Option<&'static Field> {
        let known = || fields.iter().filter(|field| field.since <= self.version);
        known().find(|field| field.name == key).or_else(|| known().find(|field| is_same_folded(field.name, key)))
    }

    fn unknown(&mut self, entry: &mut Entry, of: &'static Struct, is_plain: bool) {
        let refusal = match of.unknown {
            Unknown::Ignored => None,
            Unknown::RefusedFrom(version) => (self.version >= version).then_some(Refusal::EVERYWHERE),
            Unknown::Refused => Some(Refusal::EVERYWHERE),
            // The server drops what it does not know at the top, and looks closer below.
            Unknown::Strict if std::ptr::eq(of, &raw const PIPELINE) => Some(Refusal::STRICT),
            Unknown::Strict => is_plain.then_some(Refusal::NOT_PLAIN),
        };
        if let Some(refusal) = refusal {
            let mut diagnostic = self.unknown_field(entry, of.noun, of.fields);
            if refusal == Refusal::STRICT && diagnostic.help.is_none() {
                diagnostic = diagnostic
                    .help("remove it: Concourse drops it; a key that only holds anchors may stay without `--strict`");
            }
            self.diagnostics.push(diagnostic.refused_by(refusal));
        }
        self.any(&mut entry.value);
    }

    pub(super) fn unknown_field(&self, entry: &Entry, noun: &str, fields: &[Field]) -> Diagnostic {
        let key = &entry.key;
        let message = format!("{noun} has no field `{}`", visible(key));
        let known = fields.iter().filter(|field| field.since <= self.version).map(|field| field.name);
        let help = match fields.iter().find(|field| field.name == key && field.since > self.version) {
            Some(field) => Some(format!("Concourse has it from {} on, and this is {}", field.since, self.version)),
            None => did_you_mean(key, known).map(|meant| format!("did you mean `{meant}`?")),
        };
        Diagnostic::new(Rule::UnknownField, entry.key_span, message).maybe_help(help)
    }

    pub(super) fn value(&mut self, node: &mut Node, shape: Shape, place: ValuePlace) {
        let seen = Seen::of(node);
        match (shape, seen) {
            (_, Seen::Invalid)
            | (Shape::Bool, Seen::Bool(_))
            | (Shape::Optional(_) | Shape::Map | Shape::TextMap | Shape::Environment, Seen::Null) => {}
            (Shape::Optional(shape), _) => self.value(node, *shape, place),
            (Shape::Any, _) | (Shape::Map, Seen::Map) => self.any(node),
            (Shape::Text, _) => self.text(node, place),
            (Shape::Bool, Seen::Null) => *node = Node::plain(node.span, "false"),
            (Shape::Int, Seen::Integer(value)) if i64::try_from(value).is_ok() => self.integer(node, value, place),
            (Shape::Int, Seen::Null) => *node = Node::plain(node.span, "0"),
            // What JSON writes without a fraction is a whole number.
            (Shape::Int, Seen::Float(value)) if as_json(value).parse::<i64>().is_ok() => {
                *node = Node::plain(node.span, as_json(value));
            }
            (Shape::List(_) | Shape::Tags, Seen::Null) => node.kind = NodeKind::List(Vec::new()),
            (Shape::List(shape), Seen::List) => self.items(node, *shape, place.item()),
            (Shape::Tags, Seen::List) => {
                self.items(node, Shape::Text, place.item().within());
                if let NodeKind::List(items) = &mut node.kind {
                    items.retain(|item| item.as_str() != Some(""));
                }
            }
            (Shape::TextMap, Seen::Map) => self.texts(node, place),
            (Shape::Environment, Seen::Map) => self.environment(node),
            (Shape::Struct(_), Seen::Null) => node.kind = NodeKind::Map(Map::default()),
            (Shape::Struct(of), Seen::Map) => {
                if let Some(map) = node.as_map_mut() {
                    self.fields(map, of, place.is_plain);
                }
            }
            (Shape::Step, _) => self.step(node, place.within()),
            (Shape::InParallel, _) => self.in_parallel(node, place.within()),
            (Shape::CheckEvery, _) => self.check_every(node, place),
            (Shape::Version, _) => self.version(node, place),
            (Shape::Inputs, _) => self.inputs(node, place),
            (Shape::MaxInFlight, _) => self.max_in_flight(node, place),
            (Shape::Cpu, _) => self.cpu(node, place),
            (Shape::Memory, _) => self.memory(node, place),
            (Shape::Ttl, _) => self.ttl(node, place),
            (Shape::Bool, _) => self.wrong(node, place, "`true` or `false`"),
            (Shape::Int, _) => self.wrong(node, place, "a whole number"),
            (Shape::Map | Shape::TextMap | Shape::Environment | Shape::Struct(_), _) => {
                self.wrong(node, place, "a map");
            }
            (Shape::List(_) | Shape::Tags, _) => self.wrong(node, place, "a list"),
        }
    }

    /// The server reads a number as one with a floating point before it takes it for a whole one.
    fn integer(&mut self, node: &Node, value: i128, place: ValuePlace) {
        #[expect(clippy::cast_precision_loss, reason = "it is what Concourse does")]
        let rounded = as_json(value as f64);
        if value.unsigned_abs() > 1 << 53 && rounded.parse::<i64>().is_err() {
            let message = format!("{} is a number that the server reads as `{rounded}`, beyond 64 bits", place.whole());
            self.diagnostics.push(Diagnostic::new(Rule::WrongType, node.span, message).refused_by(Refusal::SERVER));
        }
    }

    fn items(&mut self, node: &mut Node, shape: Shape, place: ValuePlace) {
        if let NodeKind::List(items) = &mut node.kind {
            for item in items {
                self.value(item, shape, place);
            }
        }
    }

    fn texts(&mut self, node: &mut Node, place: ValuePlace) {
        for entry in node.as_map_mut().into_iter().flat_map(Map::entries_mut) {
            self.text(&mut entry.value, place.item());
        }
    }

    /// Texts, and where only plain types are around, numbers and booleans written as texts (`sigs.k8s.io/yaml`).
    fn text(&mut self, node: &mut Node, place: ValuePlace) {
        let text = match Seen::of(node) {
            Seen::Text(_) | Seen::Invalid => return,
            Seen::Null => String::new(),
            Seen::Bool(value) if place.is_plain => value.to_string(),
            Seen::Integer(value) if place.is_plain => value.to_string(),
            Seen::Float(value) if place.is_plain => {
                if !value.is_finite() {
                    self.unsupported(node.span, value, Refusal::NOT_PLAIN);
                }
                as_text(value)
            }
            Seen::Float(value) if !value.is_finite() => {
                self.unsupported(node.span, value, Refusal::EVERYWHERE);
                node.kind = NodeKind::Invalid;
                return;
            }
            _ => {
                self.wrong(node, place, "a text");
                return;
            }
        };
        *node = Node::text(node.span, text);
    }

    /// Scalars, which become texts; lists and maps, which become JSON.
    fn environment(&mut self, node: &mut Node) {
        for entry in node.as_map_mut().into_iter().flat_map(Map::entries_mut) {
            let node = &mut entry.value;
            self.any_exact(node);
            let text = match Seen::of(node) {
                Seen::Null => String::new(),
                Seen::Bool(value) => value.to_string(),
                Seen::Integer(value) => value.to_string(),
                Seen::Float(value) => as_json(value),
                Seen::Text(_) | Seen::List | Seen::Map | Seen::Invalid => continue,
            };
            *node = Node::text(node.span, text);
        }
    }

    /// Whatever it is: JSON must have it. Its numbers are floating-point numbers to Concourse.
    pub(super) fn any(&mut self, node: &mut Node) {
        self.each_number(node, true);
    }

    /// The same, but its numbers keep their digits.
    fn any_exact(&mut self, node: &mut Node) {
        self.each_number(node, false);
    }

    fn each_number(&mut self, node: &mut Node, rounds: bool) {
        match &mut node.kind {
            NodeKind::List(items) => items.iter_mut().for_each(|item| self.each_number(item, rounds)),
            NodeKind::Map(map) => map.entries_mut().for_each(|entry| self.each_number(&mut entry.value, rounds)),
            NodeKind::Invalid => {}
            NodeKind::Scalar(scalar) if scalar.style != ScalarStyle::Plain => {}
            NodeKind::Scalar(_) => match Seen::of(node) {
                Seen::Float(value) if !value.is_finite() => {
                    self.unsupported(node.span, value, Refusal::EVERYWHERE);
                    node.kind = NodeKind::Invalid;
                }
                Seen::Float(value) if rounds => *node = Node::plain(node.span, as_json(value)),
                #[expect(clippy::cast_precision_loss, reason = "it is what Concourse does")]
                Seen::Integer(value) if rounds && value.unsigned_abs() > 1 << 53 => {
                    *node = Node::plain(node.span, as_json(value as f64));
                }
                _ => {}
            },
        }
    }

    fn unsupported(&mut self, span: Span, value: f64, refusal: Refusal) {
        let name = if value.is_nan() { "not a number" } else { "infinite" };
        let diagnostic = Diagnostic::new(
            Rule::UnsupportedNumber,
            span,
            format!("a number that is {name} has no place in JSON, as which Concourse keeps a pipeline"),
        );
        let raw = self.sources.slice(span);
        self.diagnostics.push(diagnostic.help(format!("write \"{raw}\" for a text")).refused_by(refusal));
    }

    /// Reports a value of another type than is due, and leaves nothing of it.
    pub(super) fn wrong(&mut self, node: &mut Node, place: ValuePlace, due: &str) {
        let seen = Seen::of(node);
        if let Seen::Float(value) = seen
            && !value.is_finite()
        {
            self.unsupported(node.span, value, Refusal::EVERYWHERE);
            node.kind = NodeKind::Invalid;
            return;
        }
        let message = format!("{} takes {due}, not {seen}", place.whole());
        let diagnostic = Diagnostic::new(Rule::WrongType, node.span, message).maybe_help(self.help(node, due));
        self.diagnostics.push(diagnostic.refused_by(Refusal::EVERYWHERE));
        self.any(node);
        node.kind = NodeKind::Invalid;
    }

    fn help(&self, node: &Node, due: &str) -> Option<String> {
        let raw = self.sources.slice(node.span);
        match Seen::of(node) {
            Seen::Text(text) if text.contains("((") => {
                Some("a variable is text until `-v`, `-y` or `-l` gives it a value".to_owned())
            }
            Seen::Text("true" | "false" | "yes" | "no" | "on" | "off") if due == "`true` or `false`" => {
                Some("remove the quotes".to_owned())
            }
            Seen::Text(text) if due == "a whole number" && text.parse::<i64>().is_ok() => {
                Some("remove the quotes".to_owned())
            }
            Seen::Text(_) if due == "a list" => Some(format!("write [{raw}]")),
            Seen::Bool(value) if due == "a text" && raw != value.to_string() => {
                Some(format!("to Concourse `{raw}` is `{value}`; write \"{raw}\""))
            }
            Seen::Bool(_) | Seen::Integer(_) | Seen::Float(_) if due == "a text" => Some(format!("write \"{raw}\"")),
            _ => None,
        }
    }

    pub(super) fn refuse(&mut self, rule: Rule, span: Span, message: String) {
        self.diagnostics.push(Diagnostic::new(rule, span, message).refused_by(Refusal::EVERYWHERE));
    }
}

/// A field of which nothing is as if it were not there.
pub(super) fn is_absent(entry: &Entry, fields: &[Field]) -> bool {
    entry.value.is_null()
        && fields.iter().any(|field| field.name == entry.key && matches!(field.shape, Shape::Optional(_)))
}

/// As `encoding/json` compares the names of fields with keys: by simple folding, which knows two letters beyond ASCII.
pub(super) fn is_same_folded(name: &str, key: &str) -> bool {
    let folded = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.len() >= name.len() && name.chars().eq(key.chars().map(folded))
}
