//! Reads any bytes as YAML: no panic, and places that are within the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{FileId, SourceText, Sources};
use yaml_source::yaml::{Limits, Node, NodeKind, read};

fuzz_target!(|bytes: &[u8]| {
    let mut sources = Sources::default();
    let file = sources.add("fuzzed.yml", SourceText::from(bytes.to_vec()));
    let mut diagnostics = Diagnostics::default();
    let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics);
    if let Some(node) = &node {
        within(node, &sources, file);
    }
    let reported = diagnostics.into_sorted();
    assert!(node.is_some() || !reported.is_empty(), "refused without a word");
    ol_pipegen_fuzz::show(&reported, &sources);
});

fn within(node: &Node, sources: &Sources, file: FileId) {
    let text = &sources.get(file).text;
    assert!(text.get(node.span.range()).is_some(), "{:?} of {} bytes", node.span, text.len());
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| within(item, sources, file)),
        NodeKind::Map(map) => map.entries().iter().for_each(|entry| {
            assert!(text.get(entry.key_span.range()).is_some(), "{:?} of {} bytes", entry.key_span, text.len());
            within(&entry.value, sources, file);
        }),
        NodeKind::Scalar(_) | NodeKind::Invalid => {}
    }
}
