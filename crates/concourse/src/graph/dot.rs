use std::fmt::Write;

use crate::flow::{EdgeKind, Graph, Node, NodeKind};
use yaml_source::diagnostic::visible;

/// The graph in [DOT](https://graphviz.org/doc/info/lang.html), for graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph pipeline {\n  rankdir=LR\n  node [fontname=\"sans-serif\" fontsize=11 shape=box style=filled]\n  \
         edge [fontname=\"sans-serif\" fontsize=9]\n",
    );
    for (number, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.place.is_none()) {
        draw(&mut out, "  ", number, node);
    }
    for (place, name) in graph.places.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{place} {{\n    label=\"{}\"", escaped(name));
        for (number, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.place == Some(place)) {
            draw(&mut out, "    ", number, node);
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        let look = match edge.kind {
            EdgeKind::Takes => " [style=dashed]",
            EdgeKind::Approves => " [penwidth=2 label=\"close\"]",
            EdgeKind::Starts | EdgeKind::Records | EdgeKind::Opens | EdgeKind::Makes => "",
        };
        let _ = writeln!(out, "  n{} -> n{}{look}", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

fn draw(out: &mut String, indent: &str, number: usize, node: &Node) {
    let look = match node.kind {
        NodeKind::Source => "shape=ellipse fillcolor=\"#ddf4ff\" color=\"#0969da\"",
        NodeKind::Job => "fillcolor=\"#f6f8fa\" color=\"#57606a\"",
        NodeKind::Gate => "shape=hexagon fillcolor=\"#fff8c5\" color=\"#9a6700\"",
        NodeKind::Record => "style=dashed color=\"#8c959f\"",
    };
    let _ = writeln!(out, "{indent}n{number} [label=\"{}\" {look}]", escaped(&node.name));
}

/// Text between quotes: a backslash there is the beginning of an escape.
fn escaped(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_quotes() {
        assert_eq!(escaped(r#"a\"]; b"#), r#"a\\\"]; b"#);
        assert_eq!(escaped("a\nb"), r"a\\u{a}b");
    }
}
