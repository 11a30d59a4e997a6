use std::collections::HashMap;
use std::ops::Range;

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Options, Parser, ScanError, StructureStyle};

use crate::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule, visible};
use crate::source::{FileId, Span};

use super::super::node::{Entry, Node, NodeKind, Scalar};
use super::super::read::{Limits, bytes, style_of};
use super::super::scalar::{Resolved, ScalarStyle};
use super::aliasing::Aliasing;
use super::breaks;
use super::map::{Key, OpenMap};
use super::quirks::{self, Quirk};
use super::scalar::{self, Value};

/// What is made of a key that stands twice in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// The last one counts, and nothing is said: values of variables.
    LastCounts,
    /// The last one counts, but `--strict` refuses it, and one that a merged map has as well: Concourse 7.14.
    RefusedByStrict,
    /// `fly` refuses it, by what is written: Concourse 8.
    RefusedByFly,
}

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// How large a file can be.
    pub limits: Limits,
    /// What becomes of a key that stands twice.
    pub duplicate_keys: DuplicateKeys,
}

/// Reads the first document of a text. `at` gives the place in the file of what stands at a place in the text.
///
/// Each scalar is written in the tree as what it is to Concourse: `yes` as `true`, `010` as `8`, so that
/// [`Scalar::resolve`] says the same of it. `None` when the file is no YAML, or beyond a limit; then the reason is among
/// the diagnostics.
pub fn read_pipeline(
    text: &str,
    file: FileId,
    at: &dyn Fn(usize) -> usize,
    dialect: Dialect,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let text = breaks::known(text);
    let mut reader = Reader {
        text: &text,
        file,
        at,
        dialect,
        diagnostics,
        nodes: 0,
        aliases: 0,
        aliasing: Aliasing::default(),
        anchors: HashMap::new(),
        harmless: Vec::new(),
    };
    match reader.document() {
        Ok(node) => {
            reader.check_tabs();
            Some(node)
        }
        Err(Stop::Reported) => None,
        Err(Stop::Yaml(error)) => {
            reader.syntax_error(&error);
            None
        }
    }
}

/// Why reading ends early.
enum Stop {
    Reported,
    Yaml(ScanError),
}

struct Reader<'t, 'd> {
    text: &'t str,
    file: FileId,
    at: &'t dyn Fn(usize) -> usize,
    dialect: Dialect,
    diagnostics: &'d mut Diagnostics,
    nodes: usize,
    aliases: usize,
    aliasing: Aliasing,
    anchors: HashMap<usize, Anchored>,
    /// Within quotes, blocks and brackets a tab is harmless.
    harmless: Vec<Range<usize>>,
}

/// What an anchor stands for.
struct Anchored {
    node: Node,
    nodes: usize,
    decoded: usize,
}

/// A map or list that is not finished yet.
struct Open {
    anchor: usize,
    start: usize,
    style: StructureStyle,
    nodes_before: usize,
    decoded_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Item>),
    Map(OpenMap),
}

/// A value, and whether it is an alias: what is merged must be a map, or a list that is none.
struct Item {
    node: Node,
    is_alias: bool,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut options = Options::default();
        options.bom_inside_document_as_content = true;
        options.emit_anchor_events = true;
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        let mut open: Vec<Open> = Vec::new();
        let mut root = None;
        while let Some(next) = parser.next_event() {
            let (event, at) = next.map_err(Stop::Yaml)?;
            let range = bytes(&at);
            let mut is_alias = false;
            let mut written = None;
            let complete = match event {
                Event::Scalar(value, style, anchor, tag) => {
                    self.count(1, &range)?;
                    let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                    let is_plain = matches!(style, granit_parser::ScalarStyle::Plain);
                    let raw = self.text.get(range.clone()).unwrap_or_default();
                    let flow = open.last().filter(|open| open.style == StructureStyle::Flow);
                    if let Some(Content::Map(OpenMap { key: None, .. })) = flow.map(|open| &open.content) {
                        let before = self.text.get(..range.start).unwrap_or_default();
                        self.check(&range, quirks::of_flow_key(before, raw));
                    }
                    if is_plain && flow.is_some() {
                        self.check(&range, quirks::of_flow_scalar(raw));
                    } else if matches!(style, granit_parser::ScalarStyle::DoubleQuoted) {
                        self.check(&range, quirks::of_double_quoted(raw));
                    }
                    if !is_plain {
                        self.harmless.push(range.clone());
                    }
                    let node = self.scalar(&range, &value, style_of(style), tag.as_deref());
                    if anchor != 0 {
                        self.anchors.insert(anchor, Anchored { node: node.clone(), nodes: 1, decoded: 1 });
                    }
                    // Whether a key merges depends on how it is written.
                    let merges = value == "<<" && is_plain && tag.is_none()
                        || value == "<<" && tag.as_deref() == Some("tag:yaml.org,2002:merge");
                    written = Some((value.into_owned(), merges));
                    node
                }
                Event::Alias(anchor) => {
                    is_alias = true;
                    let name = self.text.get(range.clone()).unwrap_or_default().to_owned();
                    written = Some((name, false));
                    self.alias(anchor, &range)?
                }
                Event::Anchor(_, name) => {
                    self.check(&range, quirks::of_anchor(&name));
                    continue;
                }
                Event::SequenceStart(style, anchor, _) | Event::MappingStart(style, anchor, _) => {
                    let is_list = matches!(event, Event::SequenceStart(..));
                    let (nodes_before, decoded_before) = (self.nodes, self.aliasing.decoded());
                    self.count(1, &range)?;
                    if open.len() >= self.dialect.limits.depth {
                        return Err(self.beyond_depth(&range));
                    }
                    let content = if is_list { Content::List(Vec::new()) } else { Content::Map(OpenMap::default()) };
                    open.push(Open { anchor, start: range.start, style, nodes_before, decoded_before, content });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(done) = open.pop() else { continue };
                    self.close(done, range.end)
                }
                Event::DocumentStart(_, version) => {
                    if version.is_some_and(|version| version != granit_parser::YamlVersion::new(1, 1)) {
                        self.refuse(
                            Rule::YamlSyntax,
                            self.span(&(0..0)),
                            "`%YAML` names another version than 1.1",
                            |d| d.help("remove the line"),
                        );
                        return Err(Stop::Reported);
                    }
                    continue;
                }
                // Whatever comes behind the first document is not read.
                Event::DocumentEnd => break,
                _ => continue,
            };
            match open.last_mut() {
                None => root = Some(complete),
                Some(Open { content: Content::List(items), .. }) => items.push(Item { node: complete, is_alias }),
                Some(Open { content: Content::Map(map), .. }) => match map.key.take() {
                    None => map.key = Some(self.key(map, complete, written)),
                    Some(key) => self.entry(map, key, Item { node: complete, is_alias }),
                },
            }
        }
        Ok(root.unwrap_or_else(|| Node::plain(self.span(&(0..0)), "")))
    }

    /// Reports what go-yaml refuses of what stands at a place.
    fn check(&mut self, range: &Range<usize>, quirk: Option<Quirk>) {
        if let Some(Quirk { at, message, help }) = quirk {
            let span = self.span(&(range.start + at.start..range.start + at.end));
            self.refuse(Rule::YamlSyntax, span, message, |d| d.maybe_help(help));
        }
    }

    fn check_tabs(&mut self) {
        if !self.text.contains('\t') {
            return;
        }
        self.harmless.sort_by_key(|range| range.start);
        if let Some(at) = super::tabs::misplaced(self.text, &self.harmless) {
            let message = "a tab is not an indentation, not even of an empty line";
            self.refuse(Rule::YamlSyntax, self.span(&(at..at + 1)), message, |d| d.help("write spaces"));
        }
    }

    fn scalar(&mut self, range: &Range<usize>, text: &str, style: ScalarStyle, tag: Option<&str>) -> Node {
        let span = self.span(range);
        let value = match (tag, style) {
            (Some("!") | None, ScalarStyle::Quoted | ScalarStyle::Block) => Value::Text(text.to_owned()),
            (None, ScalarStyle::Plain) => scalar::plain(text),
            (Some(tag), _) => match scalar::tagged(tag, text) {
                Ok(value) => value,
                Err(wrong) => {
                    self.refuse(Rule::YamlSyntax, span, &wrong, |d| d.help("remove the tag"));
                    return Node { span, kind: NodeKind::Invalid };
                }
            },
        };
        Node { span, kind: NodeKind::Scalar(value.into_scalar(style)) }
    }

    fn alias(&mut self, anchor: usize, range: &Range<usize>) -> Result<Node, Stop> {
        let limits = self.dialect.limits;
        self.aliases += 1;
        if self.aliases > limits.aliases {
            return Err(self.beyond(range, "aliases", limits.aliases, "aliases"));
        }
        let span = self.span(range);
        let Some(Anchored { node, nodes, decoded }) = self.anchors.get(&anchor) else {
            self.refuse(Rule::YamlSyntax, span, "an alias inside its own value", |d| d.label("has no end"));
            return Err(Stop::Reported);
        };
        // Counted before it is copied: a small file of aliases of aliases stands for more than fits into memory.
        let (nodes, decoded) = (*nodes, *decoded);
        if self.nodes + nodes > limits.nodes {
            return Err(self.beyond_nodes(range));
        }
        self.nodes += nodes;
        let copy = Node { span, kind: node.kind.clone() };
        if self.aliasing.alias(decoded) {
            self.refuse(Rule::YamlLimit, span, "aliases make up nearly all of the file", |d| {
                d.help("write some of them out: Concourse refuses it as `excessive aliasing`")
            });
            return Err(Stop::Reported);
        }
        Ok(copy)
    }

    fn count(&mut self, nodes: usize, range: &Range<usize>) -> Result<(), Stop> {
        self.nodes += nodes;
        self.aliasing.count();
        if self.nodes > self.dialect.limits.nodes { Err(self.beyond_nodes(range)) } else { Ok(()) }
    }

    /// What a key is, and whether it is there already. `written` is how a scalar or an alias is written, and whether
    /// it merges.
    fn key(&mut self, map: &mut OpenMap, node: Node, written: Option<(String, bool)>) -> Key {
        let span = node.span;
        let merges = written.as_ref().is_some_and(|(_, merges)| *merges);
        if self.dialect.duplicate_keys == DuplicateKeys::RefusedByFly
            && let Some((written, _)) = written
            && let Some(first) = map.write(written.clone(), span)
        {
            self.twice(&written, span, first, Refusal::FLY);
        }
        if merges {
            return Key::Merge { span };
        }
        let variable = old_variable(&node);
        let refused = match node.kind {
            NodeKind::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => "a key that is nothing",
                _ if is_beyond_signed(&scalar) => "a number beyond 64 bits as a key",
                resolved => {
                    let is_text = resolved == Resolved::Text;
                    return Key::Text { text: super::key_of(scalar), span, is_text };
                }
            },
            NodeKind::Invalid => return Key::Refused,
            NodeKind::List(_) | NodeKind::Map(_) => "a key that is not text",
        };
        self.refuse(Rule::WrongType, span, refused, |d| match variable {
            Some(name) => d.help(format!("write (({name})) for a variable")),
            None => d.help("write the key as a text; one that begins with `{`, `[` or `?` needs quotes"),
        });
        Key::Refused
    }

    fn entry(&mut self, map: &mut OpenMap, key: Key, value: Item) {
        match key {
            Key::Refused => {}
            Key::Text { text, span, is_text } => {
                self.set(map, span, Entry { key: text, key_span: span, value: value.node }, Some(is_text));
            }
            Key::Merge { span } => self.merge(map, span, value),
        }
    }

    /// Sets an entry for what stands at a place: its key, or a merge.
    /// To go-yaml v2 `8080` and `"8080"` are two keys, until JSON is made of them; of a merged key it is not known which it
    /// is, and it is taken for the one that is there.
    fn set(&mut self, map: &mut OpenMap, span: Span, entry: Entry, is_text: Option<bool>) {
        let key = entry.key.clone();
        let Some((first, first_is_text)) = map.set(entry, is_text) else { return };
        if self.dialect.duplicate_keys != DuplicateKeys::RefusedByStrict {
            return;
        }
        let typed = |is_text: bool| format!("{} {key}", if is_text { "text" } else { "plain" });
        map.write(typed(first_is_text), first);
        if let Some(first) = map.write(typed(is_text.unwrap_or(first_is_text)), span) {
            self.twice(&key, span, first, Refusal::STRICT);
        }
    }

    /// Merges a map, or maps of which the first counts most. What stands in this map before is overridden, and what
    /// comes later overrides: the order in which go-yaml v2 goes.
    fn merge(&mut self, map: &mut OpenMap, span: Span, value: Item) {
        let maps = match value.node.kind {
            NodeKind::Map(merged) => vec![merged],
            NodeKind::List(items) if !value.is_alias => {
                let all = items.len();
                let maps: Vec<_> = items
                    .into_iter()
                    .rev()
                    .filter_map(|node| if let NodeKind::Map(map) = node.kind { Some(map) } else { None })
                    .collect();
                if maps.len() < all {
                    self.no_merge(value.node.span);
                }
                maps
            }
            NodeKind::Invalid => return,
            NodeKind::List(_) | NodeKind::Scalar(_) => {
                self.no_merge(value.node.span);
                return;
            }
        };
        for merged in maps {
            for entry in merged.into_entries() {
                self.set(map, span, entry, None);
            }
        }
    }

    fn no_merge(&mut self, span: Span) {
        self.refuse(Rule::WrongType, span, "`<<` merges a map, or a list of maps, and nothing else", |d| d);
    }

    fn twice(&mut self, key: &str, span: Span, first: Span, refusal: Refusal) {
        let diagnostic = Diagnostic::new(Rule::DuplicateKey, span, format!("`{key}` appears twice in this map"));
        let diagnostic = if first == span { diagnostic } else { diagnostic.also(first, "first here") };
        self.diagnostics
            .push(diagnostic.help("remove one of them; it is the last one that counts").refused_by(refusal));
    }

    fn close(&mut self, done: Open, end: usize) -> Node {
        // A block ends where the next token begins, lines further down: the end of its last value is what a person
        // would call its end.
        let last = match &done.content {
            Content::List(items) => items.last().map(|item| &item.node),
            Content::Map(map) => map.last(),
        };
        if done.style == StructureStyle::Flow {
            self.harmless.push(done.start..end);
        }
        let mut span = self.span(&(done.start..end.max(done.start)));
        if done.style == StructureStyle::Block
            && let Some(last) = last
        {
            span.end = last.span.end.max(span.start);
        }
        let kind = match done.content {
            Content::List(items) => NodeKind::List(items.into_iter().map(|item| item.node).collect()),
            Content::Map(map) => NodeKind::Map(map.close()),
        };
        let node = Node { span, kind };
        if done.anchor != 0 {
            let (nodes, decoded) = (self.nodes - done.nodes_before, self.aliasing.decoded() - done.decoded_before);
            self.anchors.insert(done.anchor, Anchored { node: node.clone(), nodes, decoded });
        }
        node
    }

    fn span(&self, range: &Range<usize>) -> Span {
        let at = |offset: usize| {
            let offset = offset.min(self.text.len());
            let offset = (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default();
            u32::try_from((self.at)(offset)).unwrap_or(u32::MAX)
        };
        Span { file: self.file, start: at(range.start), end: at(range.end) }
    }

    fn refuse(&mut self, rule: Rule, span: Span, message: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        self.diagnostics.push(more(Diagnostic::new(rule, span, message)).refused_by(Refusal::EVERYWHERE));
    }

    fn beyond(&mut self, range: &Range<usize>, name: &str, limit: usize, unit: &str) -> Stop {
        let message = format!("beyond the limit `{name}`: at most {limit} {unit}");
        let span = self.span(range);
        self.refuse(Rule::YamlLimit, span, &message, |d| d.help("split the pipeline"));
        Stop::Reported
    }

    fn beyond_nodes(&mut self, range: &Range<usize>) -> Stop {
        self.beyond(range, "nodes", self.dialect.limits.nodes, "values, those of aliases counted each time")
    }

    fn beyond_depth(&mut self, range: &Range<usize>) -> Stop {
        self.beyond(range, "depth", self.dialect.limits.depth, "maps and lists within one another")
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let offset = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            self.beyond_depth(&(offset..offset));
            return;
        }
        let start = (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default();
        let end = self.text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        let span = self.span(&(start..end));
        self.refuse(Rule::YamlSyntax, span, &error.info(), |d| d.label("not YAML from here on"));
    }
}

/// The name in `{{name}}`, as variables were written before `((name))`: a map whose key is a map of one key.
fn old_variable(key: &Node) -> Option<String> {
    match key.as_map()?.entries() {
        [only] if only.value.is_null() => Some(visible(&only.key).into_owned()),
        _ => None,
    }
}

/// A number that is not negative and takes all 64 bits is no key to Concourse.
fn is_beyond_signed(scalar: &Scalar) -> bool {
    scalar.style == ScalarStyle::Plain && scalar.text.parse::<u64>().is_ok_and(|value| i64::try_from(value).is_err())
}
