//! Where a part of what came of templates was written.

use crate::source::Span;

use super::node::{Map, Node, NodeKind};

impl Node {
    /// The value in this one that stands at a place: the innermost, for a list of one item has the place of the item.
    pub fn spanning(&self, span: Span) -> Option<&Self> {
        let inner = self.inner().find_map(|inner| inner.spanning(span));
        inner.or_else(|| (self.span == span).then_some(self))
    }

    /// The place of `part`, which is in `filled`, in the value that `filled` was made of: as deep as both are alike. A
    /// list whose items are repeated or left out is one place.
    pub fn origin_of(&self, filled: &Self, part: Span) -> Span {
        let holds = |span: Span| span.file == part.file && span.start <= part.start && part.end <= span.end;
        match (&self.kind, &filled.kind) {
            (NodeKind::Map(own), NodeKind::Map(map)) => {
                for entry in map.entries() {
                    let Some(of) = own.entry(&entry.key) else { continue };
                    if holds(entry.key_span) {
                        return of.key_span;
                    }
                    if holds(entry.value.span) {
                        return of.value.origin_of(&entry.value, part);
                    }
                }
                self.span
            }
            (NodeKind::List(own), NodeKind::List(items)) if is_plain(own) && own.len() == items.len() => {
                let found = own.iter().zip(items).find(|(_, item)| holds(item.span));
                found.map_or(self.span, |(of, item)| of.origin_of(item, part))
            }
            // A list can be short for a map that holds it, as that of Concourse's `in_parallel`.
            (NodeKind::List(_), NodeKind::Map(map)) => {
                let inner = map.entries().iter().map(|entry| &entry.value).find(|value| holds(value.span));
                inner.filter(|value| value.as_list().is_some()).map_or(self.span, |list| self.origin_of(list, part))
            }
            _ => self.span,
        }
    }

    /// The values right within this one.
    fn inner(&self) -> impl Iterator<Item = &Self> {
        let entries = self.as_map().map(Map::entries).unwrap_or_default().iter().map(|entry| &entry.value);
        entries.chain(self.as_list().unwrap_or_default())
    }
}

/// Whether each item of a list comes out as one item.
fn is_plain(items: &[Node]) -> bool {
    items.iter().all(|item| {
        let is_device = |map: &Map| map.get("each").is_some() || map.get("when").is_some();
        !item.as_map().is_some_and(is_device) && !item.as_str().is_some_and(|text| text.starts_with("{{"))
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml::{Limits, read};

    use super::*;

    fn part<'t>(source: &'t str, filled: &str, of: &str) -> &'t str {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let (one, other) = (sources.add("a", source), sources.add("b", filled));
        let node = read(&sources, one, Limits::MANIFEST, &mut diagnostics).unwrap();
        let other_node = read(&sources, other, Limits::MANIFEST, &mut diagnostics).unwrap();
        let start = u32::try_from(filled.find(of).unwrap()).unwrap();
        let end = start + u32::try_from(of.len()).unwrap();
        let Span { start, end, .. } = node.origin_of(&other_node, Span { file: other, start, end });
        &source[start as usize..end as usize]
    }

    #[test]
    fn origin_is_as_deep_as_both_are_alike() {
        let source = "a: '{{ x }}'\nb: [{c: 1}, {d: '{{ y }}'}]\n";
        let filled = "a: {k: v}\nb: [{c: 1}, {d: [e], f: 2}]\n";
        assert_eq!(part(source, filled, "v"), "'{{ x }}'");
        assert_eq!(part(source, filled, "c"), "c");
        assert_eq!(part(source, filled, "1"), "1");
        assert_eq!(part(source, filled, "e"), "'{{ y }}'");
        assert_eq!(part(source, filled, "f: 2"), "{d: '{{ y }}'}");
        let repeated = "b: [{each: [1, 2], c: '{{ each }}'}]\n";
        assert_eq!(part(repeated, "b: [{c: 1}, {c: 2}]\n", "2"), "[{each: [1, 2], c: '{{ each }}'}]");
    }
}
