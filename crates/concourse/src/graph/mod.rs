//! Pictures of who starts whom: as text, Mermaid, DOT and SVG.

mod dot;
mod layers;
mod layout;
mod mermaid;
mod svg;
mod text;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
pub use text::text;

use crate::flow::{EdgeKind, NodeKind};

/// What a picture says beneath itself.
const LEGEND: [(NodeKind, &str); 4] = [
    (NodeKind::Source, "source"),
    (NodeKind::Job, "job"),
    (NodeKind::Gate, "issue, which somebody closes"),
    (NodeKind::Record, "issue, for the record"),
];

/// Is an edge drawn as one by which nothing begins?
fn is_quiet(kind: EdgeKind) -> bool {
    kind == EdgeKind::Takes
}
