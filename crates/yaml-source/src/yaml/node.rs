use std::borrow::Cow;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::source::Span;

use super::scalar::{Resolved, ScalarStyle, resolve};

/// A value of a YAML file, with the place where it stands. What a template fills in keeps the place of the template.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a [`Node`] is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
    /// Something that was found to be wrong and has been reported. It reads as absent, so that one mistake is not
    /// reported twice.
    Invalid,
}

/// A scalar as it was written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// Its text, quotes and escapes undone.
    pub text: String,
    /// Its notation; only a plain one can be something else than text.
    pub style: ScalarStyle,
    /// Where the text of each line begins in the file, for a literal block whose text has templates or variables.
    pub(crate) lines: Option<Arc<[u32]>>,
}

/// A map in the order in which it was written. Keys are texts and distinct.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The same key with another value.
    #[must_use]
    pub fn with_value(&self, value: Node) -> Self {
        Self { key: self.key.clone(), key_span: self.key_span, value }
    }
}

impl Map {
    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries in order, to change their values.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    /// The entries in order, for themselves.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The entry of that key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Adds an entry whose key is not there yet.
    pub(super) fn push_new(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Sets a key: in its place when it is there, else behind the others.
    pub fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Keeps the entries that a condition holds for.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<Entry> for Map {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

impl Node {
    /// A text that is sure to be read as one.
    pub fn text(span: Span, text: impl Into<String>) -> Self {
        Self { span, kind: NodeKind::Scalar(Scalar::new(text, ScalarStyle::Quoted)) }
    }

    /// A plain scalar, such as a number.
    pub fn plain(span: Span, text: impl Into<String>) -> Self {
        Self { span, kind: NodeKind::Scalar(Scalar::new(text, ScalarStyle::Plain)) }
    }

    /// A map.
    pub fn map(span: Span, map: Map) -> Self {
        Self { span, kind: NodeKind::Map(map) }
    }

    /// A list.
    pub fn list(span: Span, items: Vec<Node>) -> Self {
        Self { span, kind: NodeKind::List(items) }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            NodeKind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, if it is one, to change it.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.kind {
            NodeKind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar, whatever it resolves to.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// Is it null?
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.resolve() == Resolved::Null)
    }

    /// The value below a JSON Pointer (RFC 6901).
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let mut node = self;
        for part in parts(pointer) {
            node = match &node.kind {
                NodeKind::Map(map) => map.get(&part)?,
                NodeKind::List(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The same, to change it.
    pub fn at_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        let mut node = self;
        for part in parts(pointer) {
            node = match &mut node.kind {
                NodeKind::Map(map) => &mut map.entries.iter_mut().find(|entry| entry.key == part)?.value,
                NodeKind::List(items) => items.get_mut(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The entry at a JSON Pointer whose last part is a key.
    pub fn entry_at(&self, pointer: &str) -> Option<&Entry> {
        let (parent, key) = pointer.rsplit_once('/')?;
        self.at(parent)?.as_map()?.entry(&unescape(key))
    }
}

impl Scalar {
    /// A scalar of that text.
    pub fn new(text: impl Into<String>, style: ScalarStyle) -> Self {
        Self { text: text.into(), style, lines: None }
    }

    /// The place of a part of the text, where `span` is that of the scalar. The whole where escapes or folded lines lie
    /// between the text and the file.
    pub fn place(&self, span: Span, part: &Range<usize>) -> Span {
        let length = (span.end - span.start) as usize;
        let at = |offset: usize| u32::try_from(offset).unwrap_or(0);
        if part.end > self.text.len() {
            return span;
        }
        if let Some(lines) = &self.lines {
            let before = &self.text[..part.start];
            let line = before.matches('\n').count();
            let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
            let Some(start) = lines.get(line).map(|start| start + at(column)) else { return span };
            let text = &self.text[part.clone()];
            return Span { start, end: start + at(text.lines().next().unwrap_or_default().len()), ..span };
        }
        let before = match self.style {
            ScalarStyle::Plain if length == self.text.len() => 0,
            ScalarStyle::Quoted if length == self.text.len() + 2 => 1,
            _ => return span,
        };
        let at = |offset: usize| span.start + at(before + offset);
        Span { start: at(part.start), end: at(part.end), ..span }
    }

    /// What it is to a reader of YAML 1.2.
    pub fn resolve(&self) -> Resolved {
        match self.style {
            ScalarStyle::Plain => resolve(&self.text),
            ScalarStyle::Quoted | ScalarStyle::Block => Resolved::Text,
        }
    }
}

/// The parts of a JSON Pointer. They are short: looking at each byte is faster than a search that is made for long texts.
fn parts(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let slash = |text: &str| text.bytes().position(|byte| byte == b'/');
    let mut rest = slash(pointer).map(|at| &pointer[at + 1..]);
    iter::from_fn(move || {
        let text = rest?;
        let end = slash(text);
        rest = end.map(|at| &text[at + 1..]);
        Some(unescape(&text[..end.unwrap_or(text.len())]))
    })
}

/// A key as a part of a JSON Pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescape(part: &str) -> Cow<'_, str> {
    if part.bytes().any(|byte| byte == b'~') { part.replace("~1", "/").replace("~0", "~").into() } else { part.into() }
}
