use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{self, Event, Parser, StructureStyle};

use crate::diagnostic::{Count, Diagnostic, Diagnostics, Rule};
use crate::source::{FileId, Sources, Span};

use super::node::{Entry, Map, Node, NodeKind, Scalar};
use super::scalar::ScalarStyle;

/// How much a file may ask of a reader. What is beyond is refused with the limit's name.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub size: usize,
    /// Maps and lists within one another.
    pub depth: usize,
    /// Values, those counted again that an alias repeats.
    pub nodes: usize,
    /// Aliases.
    pub aliases: usize,
}

impl Limits {
    /// For manifests, fleets and kinds: the largest real one has 600 values, at a depth of 9.
    pub const MANIFEST: Self = Self { size: 1 << 20, depth: 32, nodes: 20_000, aliases: 200 };

    /// For pipelines of Concourse's: one of 5,000 jobs has 200,000 values.
    pub const PIPELINE: Self = Self { size: 32 << 20, depth: 100, nodes: 1_000_000, aliases: 50_000 };
}

/// Reads a file of one document.
///
/// Anchors and aliases work; merge keys, tags and keys that are no scalars are errors. `None` when the file is no
/// YAML at all, or beyond a limit; then the reason is among the diagnostics.
pub fn read(sources: &Sources, file: FileId, limits: Limits, diagnostics: &mut Diagnostics) -> Option<Node> {
    let source = sources.get(file);
    if let Some(at) = source.not_utf8_from.filter(|_| is_within(&source.text, limits)) {
        Reader::new(&source.text, file, limits, diagnostics).not_utf8(at);
        return None;
    }
    read_text(&source.text, file, limits, diagnostics)
}

/// Reads the text of such a file.
pub fn read_text(text: &str, file: FileId, limits: Limits, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader::new(text, file, limits, diagnostics);
    if !is_within(text, limits) {
        reader.limit(0..0, "size", limits.size, "bytes");
        return None;
    }
    match reader.document() {
        Ok(node) => Some(node),
        Err(Stop::Reported) => None,
        Err(Stop::Yaml(error)) => {
            reader.report(&error);
            None
        }
    }
}

fn is_within(text: &str, limits: Limits) -> bool {
    text.len() <= limits.size && u32::try_from(text.len()).is_ok()
}

/// Why reading ends early.
enum Stop {
    Reported,
    Yaml(granit_parser::ScanError),
}

struct Reader<'t, 'd> {
    text: &'t str,
    file: FileId,
    limits: Limits,
    diagnostics: &'d mut Diagnostics,
    nodes: usize,
    aliases: usize,
    /// What an anchor stands for, and how many values that is.
    anchors: HashMap<usize, (Node, usize)>,
}

/// A map or list that is not finished yet.
struct Open {
    anchor: usize,
    start: usize,
    style: StructureStyle,
    nodes_before: usize,
    content: Content,
    /// It is a template without quotes, and has been reported.
    template: bool,
}

enum Content {
    List(Vec<Node>),
    Map { map: Map, keys: Keys, key: Option<(Node, bool)> },
}

/// Where the keys of a map stand, once there are many: a few are looked through one by one.
#[derive(Default)]
struct Keys(HashMap<String, Span>);

impl Keys {
    const FEW: usize = 16;

    /// Where the same key stands already in the map; else it is taken in.
    fn add(&mut self, key: &str, span: Span, map: &Map) -> Option<Span> {
        if self.0.is_empty() {
            if let Some(known) = map.entry(key) {
                return Some(known.key_span);
            }
            if map.entries().len() < Self::FEW {
                return None;
            }
            self.0.extend(map.entries().iter().map(|entry| (entry.key.clone(), entry.key_span)));
        }
        if let Some(known) = self.0.get(key) {
            return Some(*known);
        }
        self.0.insert(key.to_owned(), span);
        None
    }
}

impl<'t, 'd> Reader<'t, 'd> {
    fn new(text: &'t str, file: FileId, limits: Limits, diagnostics: &'d mut Diagnostics) -> Self {
        Self { text, file, limits, diagnostics, nodes: 0, aliases: 0, anchors: HashMap::new() }
    }
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut parser = Parser::new_from_str(self.text);
        let mut open: Vec<Open> = Vec::new();
        let mut root: Option<Node> = None;
        while let Some(next) = parser.next_event() {
            let (event, at) = next.map_err(Stop::Yaml)?;
            let range = bytes(&at);
            if let Some(tag) = event.tag() {
                self.tag(&at, &range, tag);
                return Err(Stop::Reported);
            }
            let complete = match event {
                Event::Scalar(value, style, anchor, _) => {
                    let node = self.scalar(range, &value, style)?;
                    if anchor != 0 {
                        self.anchors.insert(anchor, (node.clone(), 1));
                    }
                    node
                }
                Event::Alias(anchor) => self.alias(anchor, range)?,
                Event::SequenceStart(style, anchor, _) | Event::MappingStart(style, anchor, _) => {
                    self.count(1, &range)?;
                    if open.len() >= self.limits.depth {
                        self.limit(range, "depth", self.limits.depth, "maps and lists within one another");
                        return Err(Stop::Reported);
                    }
                    let content = if matches!(event, Event::SequenceStart(..)) {
                        Content::List(Vec::new())
                    } else {
                        Content::Map { map: Map::default(), keys: Keys::default(), key: None }
                    };
                    open.push(Open {
                        anchor,
                        start: range.start,
                        style,
                        nodes_before: self.nodes,
                        content,
                        template: false,
                    });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(done) = open.pop() else { continue };
                    self.close(done, range.end)
                }
                Event::DocumentStart(..) => {
                    if root.is_some() {
                        self.diagnostics.push(
                            Diagnostic::new(Rule::YamlSyntax, self.span(&range), "a second document")
                                .label("only the first would be read")
                                .help("move it to another file"),
                        );
                        return Err(Stop::Reported);
                    }
                    continue;
                }
                _ => continue,
            };
            match open.last_mut() {
                None => root = Some(complete),
                Some(parent) => self.put(parent, complete),
            }
        }
        Ok(root.unwrap_or_else(|| Node::plain(self.span(&(0..0)), "")))
    }

    fn scalar(
        &mut self,
        range: std::ops::Range<usize>,
        value: &str,
        style: granit_parser::ScalarStyle,
    ) -> Result<Node, Stop> {
        self.count(1, &range)?;
        let mut scalar = Scalar::new(value, style_of(style));
        if style == granit_parser::ScalarStyle::Literal && (value.contains("{{") || value.contains("((")) {
            scalar.lines = self.lines(range.start, value);
        }
        Ok(Node { span: self.span(&range), kind: NodeKind::Scalar(scalar) })
    }

    /// Where the lines of a literal block begin in the file. `None` where the file does not show them as they are.
    fn lines(&self, start: usize, value: &str) -> Option<Arc<[u32]>> {
        let line_start = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        let indent = start - line_start;
        let mut at = line_start;
        let mut lines = Vec::new();
        for line in value.lines() {
            let rest = self.text.get(at..)?;
            let spaces = rest.bytes().take(indent).take_while(|byte| *byte == b' ').count();
            let shown = rest.get(spaces..).filter(|shown| shown.starts_with(line))?;
            lines.push(u32::try_from(at + spaces).ok()?);
            at += spaces + shown.find('\n').map_or(shown.len(), |end| end + 1);
        }
        Some(lines.into())
    }

    fn alias(&mut self, anchor: usize, range: std::ops::Range<usize>) -> Result<Node, Stop> {
        self.aliases += 1;
        if self.aliases > self.limits.aliases {
            self.limit(range, "aliases", self.limits.aliases, "aliases");
            return Err(Stop::Reported);
        }
        let Some((node, nodes)) = self.anchors.get(&anchor) else {
            self.diagnostics.push(
                Diagnostic::new(Rule::YamlSyntax, self.span(&range), "an alias inside its own value")
                    .label("has no end"),
            );
            return Err(Stop::Reported);
        };
        // Counted before it is copied: a small file of aliases of aliases stands for more than fits into memory.
        let (nodes, span) = (*nodes, self.span(&range));
        if self.nodes + nodes > self.limits.nodes {
            self.limit(range, "nodes", self.limits.nodes, "values, those of aliases counted each time");
            return Err(Stop::Reported);
        }
        self.nodes += nodes;
        Ok(Node { span, kind: node.kind.clone() })
    }

    fn count(&mut self, nodes: usize, range: &std::ops::Range<usize>) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            self.limit(range.clone(), "nodes", self.limits.nodes, "values, those of aliases counted each time");
            return Err(Stop::Reported);
        }
        Ok(())
    }

    /// Puts a finished value where it belongs: into a list, or into a map as a key or as a value.
    fn put(&mut self, parent: &mut Open, node: Node) {
        let (map, keys, key) = match &mut parent.content {
            Content::List(items) => {
                items.push(node);
                return;
            }
            Content::Map { map, keys, key } => (map, keys, key),
        };
        let Some((key_node, usable)) = key.take() else {
            let usable = self.check_key(&node, parent.style, parent.start, (map, keys), &mut parent.template);
            *key = Some((node, usable));
            return;
        };
        if usable && let NodeKind::Scalar(scalar) = key_node.kind {
            map.push_new(Entry { key: scalar.text, key_span: key_node.span, value: node });
        }
    }

    /// Reports a key that is none. Says whether the entry can be used.
    fn check_key(
        &mut self,
        key: &Node,
        parent_style: StructureStyle,
        parent_start: usize,
        (map, keys): (&Map, &mut Keys),
        is_template: &mut bool,
    ) -> bool {
        let Some(text) = key.as_str() else {
            let inner_end = key.span.end as usize;
            let closed = self.text.get(inner_end..).is_some_and(|rest| rest.starts_with('}'));
            let outer = parent_start..inner_end + usize::from(closed);
            let outer_text = self.text.get(outer.clone()).unwrap_or_default();
            let template = parent_style == StructureStyle::Flow && outer_text.starts_with("{{");
            *is_template |= template;
            self.diagnostics.push(if template {
                unquoted_template(self.span(&outer), outer_text)
            } else {
                Diagnostic::new(Rule::WrongType, key.span, "a key that is not text")
                    .help("write the key as a text; a text that begins with `{`, `[` or `?` needs quotes")
            });
            return false;
        };
        // In quotes it is a text to all of them.
        if text == "<<" && key.as_scalar().is_some_and(|key| key.style == ScalarStyle::Plain) {
            self.diagnostics.push(
                Diagnostic::new(Rule::MergeKey, key.span, "`<<` merges maps in some readers and not in others")
                    .label("not used here")
                    .help("write the entries out; what several projects share belongs in the fleet's `defaults`"),
            );
            return false;
        }
        if let Some(first) = keys.add(text, key.span, map) {
            self.diagnostics.push(
                Diagnostic::new(Rule::DuplicateKey, key.span, format!("`{text}` appears twice in this map"))
                    .also(first, "first here")
                    .help("remove one of them"),
            );
            return false;
        }
        true
    }

    fn close(&mut self, done: Open, end: usize) -> Node {
        // A block ends where the next token begins, lines further down: the span of its last value is what a person
        // would call its end.
        let last = match &done.content {
            Content::List(items) => items.last().map(|node| node.span.end as usize),
            Content::Map { map, .. } => map.entries().last().map(|entry| entry.value.span.end as usize),
        };
        let end = match (done.style, last) {
            (StructureStyle::Block, Some(last)) => last.max(done.start),
            _ => end.max(done.start),
        };
        let span = self.span(&(done.start..end));
        let kind = match done.content {
            _ if done.template => NodeKind::Invalid,
            Content::List(items) => NodeKind::List(items),
            Content::Map { map, .. } => NodeKind::Map(map),
        };
        let node = Node { span, kind };
        if done.anchor != 0 {
            self.anchors.insert(done.anchor, (node.clone(), self.nodes - done.nodes_before + 1));
        }
        node
    }

    fn span(&self, range: &std::ops::Range<usize>) -> Span {
        let at = |offset: usize| u32::try_from(self.boundary(offset)).unwrap_or(u32::MAX);
        Span { file: self.file, start: at(range.start), end: at(range.end) }
    }

    /// The place itself, or the beginning of the character that it is within.
    fn boundary(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default()
    }

    fn not_utf8(&mut self, at: usize) {
        let bad = at..at + self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        self.diagnostics.push(
            Diagnostic::new(Rule::YamlSyntax, self.span(&bad), "the file is not UTF-8")
                .label("no character from here on")
                .help("save it as UTF-8"),
        );
    }

    fn limit(&mut self, range: std::ops::Range<usize>, name: &str, limit: usize, unit: &str) {
        let span = self.span(&range);
        self.diagnostics.push(
            Diagnostic::new(Rule::YamlLimit, span, format!("beyond the limit `{name}`: at most {limit} {unit}"))
                .help("split the file; no manifest needs as much"),
        );
    }

    fn tag(&mut self, at: &granit_parser::Span, range: &std::ops::Range<usize>, tag: &granit_parser::Tag) {
        let start = at.tag_start.and_then(|mark| mark.byte_offset()).unwrap_or(range.start);
        self.diagnostics.push(
            Diagnostic::new(Rule::YamlSyntax, self.span(&(start..range.end)), "YAML tags have no meaning here")
                .label(format!("tagged `{}`", tag.original()))
                .help("remove the tag; a text that looks like something else needs quotes"),
        );
    }

    fn report(&mut self, error: &granit_parser::ScanError) {
        let offset = self.boundary(error.marker().byte_offset().unwrap_or(self.text.len()));
        if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
            self.limit(offset..offset, "depth", self.limits.depth, "maps and lists within one another");
            return;
        }
        if let Some(range) = self.template_before(offset) {
            let text = self.text[range.clone()].to_owned();
            self.diagnostics.push(unquoted_template(self.span(&range), &text));
            return;
        }
        if let Some(wrong) = self.template_within(offset) {
            self.diagnostics.push(wrong);
            return;
        }
        let end = self.text[offset..].chars().next().map_or(offset, |c| offset + c.len_utf8());
        if let Some(wrong) = self.wrong_indent(offset, &error.info()) {
            self.diagnostics.push(wrong);
            return;
        }
        let (message, help) = self.explained(offset, error.info());
        self.diagnostics.push(
            Diagnostic::new(Rule::YamlSyntax, self.span(&(offset..end)), message)
                .label("not YAML from here on")
                .maybe_help(help.map(str::to_owned)),
        );
    }

    /// The error in plain words, and what to do, where the line shows it.
    fn explained(&self, offset: usize, error: String) -> (String, Option<&'static str>) {
        let start = self.text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let (message, help) = if error.starts_with("tabs disallowed") {
            ("a tab in the indent", "indent with spaces")
        } else if error.starts_with("unclosed bracket") {
            // It is closed in its own line, but in a comment.
            let is_commented = line.split_once(" #").is_some_and(|(_, comment)| comment.contains(['}', ']']));
            let help = "quote the text that begins with `#`: YAML reads a comment there";
            return (error, is_commented.then_some(help));
        } else if error == "unclosed quote" {
            return (error, Some("close the quote"));
        } else if error.contains("did not find expected ',' or '}'") && self.text[offset..].starts_with(": ") {
            ("a second `: ` before `,` or `}`", "quote a text that contains `: `, or write `,` before the next key")
        } else if error.contains("did not find expected ',' or '}'") {
            ("expected `,` or `}`", "close the bracket before this place")
        } else if error.contains("did not find expected ',' or ']'") {
            ("expected `,` or `]`", "close the bracket before this place")
        } else if error.starts_with("mapping values are not allowed") && self.is_below_a_key_without_a_space(start) {
            ("a key in the text above", "write a space after the `:` in the line before")
        } else if error.starts_with("mapping values are not allowed") {
            ("a second `: ` in one line", "quote a text that contains `: `")
        } else if error.contains("did not find expected key") && line.trim_start().starts_with("- ") {
            (
                "expected a key, found an item of a list",
                "write the key of the list in the line before, or remove the `- `",
            )
        } else if error.starts_with("simple key expected") && line.trim_start().starts_with('-') {
            ("expected a space after `-`", "write a space between `-` and the item")
        } else if error.contains("did not find expected key") {
            ("expected a key", "begin all keys of one map in the same column")
        } else if error.contains("found unknown anchor") {
            ("an alias of an anchor that is not defined before it", "define the anchor (`&NAME`), or correct its name")
        } else if error.starts_with("simple key expected") && self.is_below_a_block(start) {
            ("a line of a text that is not indented", "indent the lines of the text that `|` or `>` begins")
        } else if error.starts_with("unexpected character") {
            ("a text cannot begin with this character", "quote the text")
        } else if error.starts_with("simple key expected") {
            ("expected `:` after the key", "write `KEY: VALUE`")
        } else {
            return (error, None);
        };
        (message.to_owned(), Some(help))
    }

    /// Whether the line before is `KEY:VALUE`, which is text to YAML, and goes on in this line.
    fn is_below_a_key_without_a_space(&self, start: usize) -> bool {
        let before = self.text[..start].lines().next_back().unwrap_or_default().trim();
        let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        before
            .split_once(':')
            .is_some_and(|(key, rest)| is_key(key) && !rest.is_empty() && !rest.starts_with([' ', '/']))
    }

    /// Whether the line before begins a block of text.
    fn is_below_a_block(&self, start: usize) -> bool {
        let before = self.text[..start].lines().next_back().unwrap_or_default().trim_end();
        [": |", ": >", ": |-", ": >-", ": |+", ": >+"].iter().any(|block| before.ends_with(block))
    }

    /// A line that stands deeper than the line before it, which holds no map, or as deep as no line above.
    fn wrong_indent(&self, offset: usize, error: &str) -> Option<Diagnostic> {
        let start = self.text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let mut above = self.text[..start].lines().rev().filter(|line| {
            let text = line.trim_start();
            !text.is_empty() && !text.starts_with('#')
        });
        let own = indent(line);
        let before = above.next()?;
        let is_wrong = if error.starts_with("mapping values are not allowed") {
            own > indent(before) && !before.trim_end().ends_with([':', '|', '>', ',', '{', '['])
        } else {
            error.contains("did not find expected key")
                && offset == start + own
                && own != indent(before)
                && above.all(|line| indent(line) != own)
        };
        if !is_wrong {
            return None;
        }
        let (text, other) = (Count(own, "space"), Count(indent(before), "space"));
        let range = start + own..start + line.trim_end().len();
        Some(
            Diagnostic::new(
                Rule::YamlSyntax,
                self.span(&range),
                format!("unexpected indent: {text}, and {other} in the line before"),
            )
            .help("begin all keys of one map in the same column"),
        )
    }

    /// A hole in plain text on the line of a syntax error: YAML reads its braces as a map, and stumbles later.
    /// The error for a text within brackets that has a hole at this place: YAML ends the text before a bracket.
    fn template_within(&self, offset: usize) -> Option<Diagnostic> {
        let hole = self.text[offset..].strip_prefix("{{")?;
        let before = &self.text[..offset];
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let starts =
            [": ", ", ", "[", "{", "- "].iter().filter_map(|start| Some(before[line..].rfind(start)? + start.len()));
        let start = line + starts.max()?;
        let rest = offset + 2 + hole.lines().next()?.find("}}")? + 2;
        let end = self.text[rest..].find([',', ']', '}', '\n']).map_or(self.text.len(), |at| rest + at);
        (start < offset).then(|| unquoted_template(self.span(&(start..end)), &self.text[start..end]))
    }

    fn template_before(&self, offset: usize) -> Option<std::ops::Range<usize>> {
        // The error is seen at the end of the hole's line, or on the next one.
        let upto = self.text[..offset].trim_end().len();
        let line_start = self.text[..upto].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[upto..].find('\n').map_or(self.text.len(), |at| upto + at);
        let line = &self.text[line_start..line_end];
        let at = line.find("{{")?;
        let before = line[..at].trim_end();
        if !(before.is_empty() || before.ends_with([':', '-', ',', '[', '{', '?'])) {
            return None;
        }
        let end = line[at..].rfind("}}").map_or(line.len(), |end| at + end + 2);
        Some(line_start + at..line_start + end)
    }
}

fn unquoted_template(span: Span, text: &str) -> Diagnostic {
    let text = text.trim_end();
    let whole = if text.ends_with("}}") || !text.starts_with("{{") { text } else { "{{ … }}" };
    let message = if text.starts_with("{{") {
        "a text that begins with `{{` needs quotes in YAML"
    } else {
        "a text that contains `{{` needs quotes within brackets"
    };
    Diagnostic::new(Rule::UnquotedTemplate, span, message)
        .label("YAML reads a map here")
        .help(format!("write \"{whole}\""))
}

/// How a scalar is written.
pub(super) fn style_of(style: granit_parser::ScalarStyle) -> ScalarStyle {
    match style {
        granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
        granit_parser::ScalarStyle::SingleQuoted | granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::Quoted,
        granit_parser::ScalarStyle::Literal | granit_parser::ScalarStyle::Folded => ScalarStyle::Block,
    }
}

/// The bytes of a text that the parser speaks of.
pub(super) fn bytes(span: &granit_parser::Span) -> std::ops::Range<usize> {
    let offset = |mark: &granit_parser::Marker| mark.byte_offset().unwrap_or_else(|| mark.index());
    offset(&span.start)..offset(&span.end)
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy;

    use super::*;

    fn read_text(text: &str) -> (Option<Node>, Vec<(Rule, String, String)>) {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", text);
        let mut diagnostics = Diagnostics::default();
        let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics);
        let found = diagnostics
            .into_sorted()
            .into_iter()
            .map(|d| (d.rule, sources.slice(d.span()).to_owned(), d.message))
            .collect();
        (node, found)
    }

    fn rules(text: &str) -> Vec<(Rule, String)> {
        read_text(text).1.into_iter().map(|(rule, at, _)| (rule, at)).collect()
    }

    #[test]
    fn places_are_those_of_keys_and_values() {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", "a: 'ü'\nb:\n- {c: [x, y]}\n- |\n  text\n\nd: 1\n");
        let mut diagnostics = Diagnostics::default();
        let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics).unwrap();
        let at = |pointer: &str| sources.slice(node.at(pointer).unwrap().span).to_owned();
        assert_eq!(at("/a"), "'ü'");
        assert_eq!(at("/b/0"), "{c: [x, y]}");
        assert_eq!(at("/b/0/c/1"), "y");
        assert_eq!(at("/d"), "1");
        assert_eq!(at("/b"), "{c: [x, y]}\n- |\n  text\n\n");
        assert_eq!(node.at("/b/1").unwrap().as_str(), Some("text\n"));
        assert_eq!(sources.slice(node.entry_at("/b/0/c").unwrap().key_span), "c");
        assert!(!diagnostics.has_errors());
    }

    #[test]
    fn alias_stands_for_its_value() {
        let (node, found) = read_text("a: &x {b: 1}\nc: *x\n");
        assert_eq!(found, []);
        assert_eq!(node.unwrap().at("/c/b").unwrap().as_str(), Some("1"));
    }

    #[test]
    fn byte_order_mark_and_empty_file() {
        assert_eq!(read_text("\u{feff}a: 1\n").0.unwrap().at("/a").unwrap().as_str(), Some("1"));
        assert!(read_text("").0.unwrap().is_null());
        assert!(read_text("# nothing\n").0.unwrap().is_null());
    }

    #[test]
    fn wrong_keys_are_reported_at_the_key() {
        assert_eq!(rules("a: 1\nb: 2\na: 3\n"), [(Rule::DuplicateKey, "a".to_owned())]);
        assert_eq!(rules("a: {<<: {b: 1}}\n"), [(Rule::MergeKey, "<<".to_owned())]);
        assert_eq!(rules("a: {\"<<\": {b: 1}, '<<x': 1}\n"), []);
        assert_eq!(rules("[a, b]: 1\n"), [(Rule::WrongType, "[a, b]".to_owned())]);
        assert_eq!(rules("a: !x 1\n"), [(Rule::YamlSyntax, "!x 1".to_owned())]);
        assert_eq!(rules("a: 1\n---\nb: 1\n"), [(Rule::YamlSyntax, "---".to_owned())]);
    }

    #[test]
    fn template_without_quotes_has_an_error_of_its_own() {
        let found = rules("project: {{ name }}\n");
        assert_eq!(found, [(Rule::UnquotedTemplate, "{{ name }}".to_owned())]);
        assert_eq!(rules("project: {{ name }}-x\n")[0].0, Rule::UnquotedTemplate);
        assert_eq!(rules("env: {A: {{ name }}}\n")[0].0, Rule::UnquotedTemplate);
        assert_eq!(rules("paths:\n- {{ name }}/x\n- b\n")[0].0, Rule::UnquotedTemplate);
        assert_eq!(rules("paths: [{{ name }}/x]\n")[0].0, Rule::UnquotedTemplate);
        // Inside a text the braces are the text's own.
        assert_eq!(rules("project: a-{{ name }}\n"), []);
        // A mistake further down is not blamed on a template.
        assert_eq!(rules("project: a-{{ name }}\nb: [\n")[0].0, Rule::YamlSyntax);
    }

    #[test]
    fn hostile_files_are_refused_fast_by_the_name_of_the_limit() {
        let laughs = {
            let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
            for i in 1..12 {
                let last = i - 1;
                text += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{last}"); 10].join(", "));
            }
            text
        };
        let cases = [
            ("nodes", laughs),
            ("depth", "[".repeat(100_000)),
            ("depth", "{a: ".repeat(40_000)),
            ("depth", format!("a: {}", "- ".repeat(20_000)).replace("a: -", "-")),
            ("nodes", (0..60_000).map(|i| format!("k{i}: 1\n")).collect()),
            ("aliases", format!("a: &a 1\nb: [{}]\n", "*a, ".repeat(300))),
            ("size", "a: ".to_owned() + &"x".repeat(2 << 20)),
        ];
        for (limit, text) in cases {
            let begun = std::time::Instant::now();
            let (node, found) = read_text(&text);
            assert!(node.is_none(), "{limit}: {text:.40}");
            let messages: Vec<_> = found.iter().map(|(rule, _, message)| (*rule, message.clone())).collect();
            assert!(
                messages
                    .iter()
                    .any(|(rule, message)| *rule == Rule::YamlLimit && message.contains(&format!("`{limit}`"))),
                "{limit}: {messages:?}"
            );
            // Without the limit it takes hours; with it, far less than a second on a machine that has nothing else to do.
            assert!(begun.elapsed().as_secs() < 60, "{limit} took {:?}", begun.elapsed());
        }
    }

    #[test]
    fn character_of_several_bytes_behind_a_key_that_is_none() {
        assert_eq!(rules("project: {[x]é: 1}\n")[0].0, Rule::WrongType);
        let found = rules("project: {{ a }é}\n");
        assert_eq!(found[0], (Rule::UnquotedTemplate, "{{ a }".to_owned()));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        #[test]
        fn no_text_panics(
            parts in proptest::collection::vec(
                proptest::prelude::prop_oneof![
                    6 => proptest::sample::select(vec![
                        "{", "}", "[", "]", "{{", "}}", "((", "))", ":", ": ", ",", "- ", "? ", "? [", "\n", "\n  ", "\r\n",
                        "\t", "|\n", ">-\n", "'", "\"", "\\", "\\u", "&a ", "*a", "!t ", "!", "<<", "---\n", "...\n", "%YAML 1.2\n",
                        "#", " # ", "@", "`", "~", "a", "k: ", "\u{feff}", "é", "日本", "🦀", "\u{85}", "\u{2028}", "\u{0}",
                        "e\u{301}", "\u{202e}", "\u{fffd}",
                    ]).prop_map(str::to_owned),
                    1 => proptest::prelude::any::<String>(),
                ],
                0..40,
            )
        ) {
            let text = parts.concat();
            let mut sources = Sources::default();
            let file = sources.add("a.yml", text.as_str());
            let mut diagnostics = Diagnostics::default();
            let _ = read(&sources, file, Limits::MANIFEST, &mut diagnostics);
            let diagnostics = diagnostics.into_sorted();
            for diagnostic in &diagnostics {
                let text = &sources.get(file).text;
                proptest::prop_assert!(text.get(diagnostic.span().range()).is_some(), "{diagnostic:?}");
            }
            let _ = crate::report::plain(&diagnostics, &sources, false);
        }
    }

    #[test]
    fn alias_within_its_own_value_has_no_end() {
        assert_eq!(rules("a: &a [*a]\n")[0].0, Rule::YamlSyntax);
    }
}
