use std::collections::HashMap;

use crate::source::Span;

use super::super::node::{Entry, Map, Node};

/// A map while it is read: its entries by their keys, and what was written for each.
#[derive(Default)]
pub(super) struct OpenMap {
    entries: Vec<Entry>,
    /// Is the key of each a text, and no number or boolean?
    is_text: Vec<bool>,
    /// Where the entry of a key is.
    at: HashMap<String, usize>,
    /// The keys as they are told from each other where that is not by what they become, and where they stand.
    written: HashMap<String, Span>,
    /// The key whose value comes next.
    pub(super) key: Option<Key>,
}

/// A key as it was read.
pub(super) enum Key {
    /// The entry of that key is set. The text may stand for a number or a boolean.
    Text { text: String, span: Span, is_text: bool },
    /// The entries of the value are merged into this map.
    Merge { span: Span },
    /// It has been reported, and its entry is left out.
    Refused,
}

impl OpenMap {
    /// Sets an entry. The one that was there before is gone; it is told where its key stands, and whether that is a text.
    pub(super) fn set(&mut self, entry: Entry, is_text: Option<bool>) -> Option<(Span, bool)> {
        if let Some(at) = self.at.get(&entry.key) {
            let before = std::mem::replace(&mut self.entries[*at], entry);
            let before_is_text = self.is_text[*at];
            self.is_text[*at] = is_text.unwrap_or(before_is_text);
            return Some((before.key_span, before_is_text));
        }
        self.at.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
        self.is_text.push(is_text.unwrap_or(true));
        None
    }

    /// Remembers a key as it is told from others. If it was there before, its place is told.
    pub(super) fn write(&mut self, written: String, span: Span) -> Option<Span> {
        match self.written.entry(written) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(span);
                None
            }
        }
    }

    pub(super) fn last(&self) -> Option<&Node> {
        self.entries.last().map(|entry| &entry.value)
    }

    pub(super) fn close(self) -> Map {
        self.entries.into_iter().collect()
    }
}
