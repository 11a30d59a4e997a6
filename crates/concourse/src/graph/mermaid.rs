use std::fmt::Write;

use crate::flow::{EdgeKind, Graph, Node, NodeKind};
use yaml_source::diagnostic::visible;

/// The graph as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flowchart, which GitHub draws in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (number, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.place.is_none()) {
        draw(&mut out, "  ", number, node);
    }
    for (place, name) in graph.places.iter().enumerate() {
        let _ = writeln!(out, "  subgraph p{place}[\"{}\"]", escaped(name));
        for (number, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.place == Some(place)) {
            draw(&mut out, "    ", number, node);
        }
        out.push_str("  end\n");
    }
    // Without clusters jobs have no place, and stand with the others.
    for edge in &graph.edges {
        let arrow = match edge.kind {
            EdgeKind::Takes => "-.->",
            EdgeKind::Approves => "==>|close|",
            EdgeKind::Starts | EdgeKind::Records | EdgeKind::Opens | EdgeKind::Makes => "-->",
        };
        let _ = writeln!(out, "  n{} {arrow} n{}", edge.from, edge.to);
    }
    out.push_str(
        "  classDef source fill:#ddf4ff,stroke:#0969da,color:#0a3069\n  \
         classDef job fill:#f6f8fa,stroke:#57606a,color:#24292f\n  \
         classDef gate fill:#fff8c5,stroke:#9a6700,color:#4d2d00\n  \
         classDef record fill:#ffffff,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3\n",
    );
    out
}

fn draw(out: &mut String, indent: &str, number: usize, node: &Node) {
    let name = escaped(&node.name);
    let (open, close, class) = match node.kind {
        NodeKind::Source => ("([\"", "\"])", "source"),
        NodeKind::Job => ("[\"", "\"]", "job"),
        NodeKind::Gate => ("{{\"", "\"}}", "gate"),
        NodeKind::Record => ("[/\"", "\"/]", "record"),
    };
    let _ = writeln!(out, "{indent}n{number}{open}{name}{close}:::{class}");
}

/// Text between quotes. Mermaid knows entities by `#NAME;` and `#NUMBER;`, and takes a text that begins with a backtick
/// for Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        if c.is_alphanumeric() || " -_.,:()/[]!?=+@'".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_quotes() {
        assert_eq!(escaped("a\"] --> b"), "a#34;] --#62; b");
        assert_eq!(escaped("`x` <b> #quot; & %%"), "#96;x#96; #60;b#62; #35;quot#59; #38; #37;#37;");
        assert_eq!(escaped("a\nend"), "a#92;u#123;a#125;end");
    }
}
