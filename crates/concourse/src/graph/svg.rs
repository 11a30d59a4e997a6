use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use crate::flow::{EdgeKind, Graph, Node, NodeKind};
use yaml_source::diagnostic::visible;

use super::layout::{Layout, Point, Size, float, layout};
use super::{LEGEND, is_quiet};

/// Around the picture.
const MARGIN: f64 = 24.0;
/// Height of a line of a name.
const LINE: f64 = 16.0;
/// Height of a line of notes.
const NOTE_LINE: f64 = 13.0;
/// From one column to the next, and from one row to the next.
const COLUMN_GAP: f64 = 56.0;
const ROW_GAP: f64 = 32.0;
/// Around the text of a node.
const PADDING: f64 = 10.0;
/// Width of a character of a name: fonts of one width have 0.6 of their size.
const NAME_CHAR: f64 = 7.4;
/// Width of a character of notes; a wide one, since that of the font is not known.
const NOTE_CHAR: f64 = 6.1;
/// Characters of a line.
const NAME_WIDTH: usize = 28;
const NOTE_WIDTH: usize = 34;
/// Lines beyond which a text is cut; all of it stands in the tooltip.
const NAME_LINES: usize = 4;
const NOTE_LINES: usize = 2;
/// What an edge means by which nothing begins.
const QUIET: &str = "is taken, and starts nothing";
/// Room for the legend.
const LEGEND_HEIGHT: f64 = 40.0;

/// Its colours are those of a light page, and of a dark one where the reader prefers it.
const STYLE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace;fill:#1f2328}
.note{font:10px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#59636e}
.page{fill:#ffffff}
.source{fill:#ddf4ff;stroke:#0969da}
.job{fill:#f6f8fa;stroke:#59636e}
.gate{fill:#fff8c5;stroke:#9a6700}
.record{fill:#ffffff;stroke:#818b98;stroke-dasharray:4 3}
.edge{fill:none;stroke:#59636e;stroke-width:1.4}
.takes{stroke:#9aa2ab;stroke-dasharray:4 4}
.approves{stroke:#9a6700;stroke-width:2.2}
.head{fill:#59636e}
.takes-head{fill:#9aa2ab}
.approves-head{fill:#9a6700}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}
.note{fill:#9198a1}
.page{fill:#0d1117}
.source{fill:#0c2d4d;stroke:#4493f8}
.job{fill:#151b23;stroke:#9198a1}
.gate{fill:#341a00;stroke:#d29922}
.record{fill:#0d1117;stroke:#656c76}
.edge{stroke:#9198a1}
.takes{stroke:#656c76}
.approves{stroke:#d29922}
.head{fill:#9198a1}
.takes-head{fill:#656c76}
.approves-head{fill:#d29922}
}
";

/// The graph as a picture.
pub fn svg(graph: &Graph, title: &str) -> String {
    let boxes: Vec<Drawn> = graph.nodes.iter().map(|node| Drawn::of(node, &graph.places)).collect();
    let sizes: Vec<Size> = boxes.iter().map(Drawn::size).collect();
    let (layout, down) = narrower(graph, &sizes);
    let legend: Vec<&(NodeKind, &str)> =
        LEGEND.iter().filter(|(kind, _)| graph.nodes.iter().any(|node| node.kind == *kind)).collect();
    let has_quiet = graph.edges.iter().any(|edge| is_quiet(edge.kind));
    let words = legend.iter().map(|(_, word)| *word).chain(has_quiet.then_some(QUIET));
    let legend_width: f64 = words.map(legend_item).sum();
    let width = layout.width.max(legend_width) + 2.0 * MARGIN;
    let height = layout.height + 2.0 * MARGIN + LEGEND_HEIGHT;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n<defs>\n",
        escaped(title)
    );
    for name in ["", "takes-", "approves-"] {
        let _ = writeln!(
            out,
            "<marker id=\"{name}arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{name}head\" d=\"M0 0L8 4L0 8z\"/></marker>"
        );
    }
    out.push_str("</defs>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {MARGIN})\">");
    for (edge, points) in graph.edges.iter().zip(&layout.edges) {
        let (class, head) = match edge.kind {
            kind if is_quiet(kind) => ("edge takes", "takes-"),
            EdgeKind::Approves => ("edge approves", "approves-"),
            _ => ("edge", ""),
        };
        let _ = writeln!(
            out,
            "<path class=\"{class}\" d=\"{}\" marker-end=\"url(#{head}arrow)\"><title>{}</title></path>",
            way(points, down),
            escaped(&format!("{} {} {}", graph.nodes[edge.from].name, edge.kind.verb(), graph.nodes[edge.to].name))
        );
    }
    for ((node, point), drawn) in graph.nodes.iter().zip(&layout.nodes).zip(&boxes) {
        drawn.draw(&mut out, node, *point);
    }
    let mut x = 0.0;
    let y = layout.height + LEGEND_HEIGHT - 8.0;
    for (kind, word) in legend {
        let _ = writeln!(
            out,
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"16\" height=\"11\" rx=\"{}\"/>\
             <text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            class(*kind),
            y - 9.0,
            radius(*kind, 11.0),
            x + 22.0,
            y
        );
        x += legend_item(word);
    }
    if has_quiet {
        let _ = writeln!(
            out,
            "<path class=\"edge takes\" d=\"M{x:.1} {line:.1}h18\" marker-end=\"url(#takes-arrow)\"/>\
             <text class=\"note\" x=\"{:.1}\" y=\"{y:.1}\">{QUIET}</text>",
            x + 22.0,
            line = y - 3.5,
        );
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The layout that needs less width, and whether it goes down: a few long chains are read downwards, and many short ones
/// from left to right.
fn narrower(graph: &Graph, sizes: &[Size]) -> (Layout, bool) {
    let right = layout(graph, sizes, COLUMN_GAP);
    let turned: Vec<Size> = sizes.iter().map(|size| Size { width: size.height, height: size.width }).collect();
    let down = layout(graph, &turned, ROW_GAP).turned();
    if down.width < right.width { (down, true) } else { (right, false) }
}

fn legend_item(word: &str) -> f64 {
    46.0 + float(word.chars().count()) * NOTE_CHAR
}

fn class(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Source => "source",
        NodeKind::Job => "job",
        NodeKind::Gate => "gate",
        NodeKind::Record => "record",
    }
}

/// Sources are pills, jobs are boxes.
fn radius(kind: NodeKind, height: f64) -> f64 {
    match kind {
        NodeKind::Source => height.min(36.0) / 2.0,
        NodeKind::Job => 3.0,
        NodeKind::Gate | NodeKind::Record => 8.0,
    }
}

/// A node's text, in lines.
struct Drawn {
    name: Vec<String>,
    notes: Vec<String>,
}

impl Drawn {
    fn of(node: &Node, places: &[String]) -> Self {
        let place = node.place.map(|place| format!("in {}", places[place]));
        let notes: Vec<String> = place.into_iter().chain(node.notes.iter().cloned()).collect();
        Self {
            name: lines(&visible(&node.name), NAME_WIDTH, NAME_LINES),
            notes: lines(&visible(&notes.join(" · ")), NOTE_WIDTH, NOTE_LINES),
        }
    }

    fn size(&self) -> Size {
        let widest =
            |lines: &[String], char: f64| lines.iter().map(|line| float(columns_of(line)) * char).fold(0.0, f64::max);
        Size {
            width: widest(&self.name, NAME_CHAR).max(widest(&self.notes, NOTE_CHAR)) + 2.0 * PADDING + 4.0,
            height: float(self.name.len()) * LINE + float(self.notes.len()) * NOTE_LINE + 2.0 * PADDING - 2.0,
        }
    }

    fn draw(&self, out: &mut String, node: &Node, at: Point) {
        let Size { width, height } = self.size();
        let all: Vec<&str> = std::iter::once(node.name.as_str()).chain(node.notes.iter().map(String::as_str)).collect();
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"{}\"/>",
            escaped(&all.join("\n")),
            class(node.kind),
            at.x,
            at.y,
            radius(node.kind, height)
        );
        let middle = at.x + width / 2.0;
        let mut y = at.y + PADDING + 10.0;
        for line in &self.name {
            let _ =
                writeln!(out, "<text x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>", escaped(line));
            y += LINE;
        }
        y -= 2.0;
        for line in &self.notes {
            let _ = writeln!(
                out,
                "<text class=\"note\" x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
                escaped(line)
            );
            y += NOTE_LINE;
        }
        out.push_str("</g>\n");
    }
}

/// A smooth way through points, straight at each.
fn way(points: &[Point], down: bool) -> String {
    let mut out = String::new();
    for (index, point) in points.iter().enumerate() {
        let Some(last) = index.checked_sub(1).map(|index| points[index]) else {
            let _ = write!(out, "M{:.1} {:.1}", point.x, point.y);
            continue;
        };
        let (along, across) = (point.x - last.x, point.y - last.y);
        let (along, across) = if down { (across, along) } else { (along, across) };
        if across.abs() < 0.5 {
            let _ = write!(out, "L{:.1} {:.1}", point.x, point.y);
            continue;
        }
        let bend = (along.abs() / 2.0).max(12.0).copysign(along);
        let (x, y) = if down { (0.0, bend) } else { (bend, 0.0) };
        let _ = write!(
            out,
            "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            last.x + x,
            last.y + y,
            point.x - x,
            point.y - y,
            point.x,
            point.y
        );
    }
    out
}

/// A text in lines of so many columns, broken where a word or a part of a name ends, and cut after so many lines.
fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive([' ', '-', '/', '.', '_']) {
        let last = lines.len() - 1;
        let room = width.saturating_sub(columns_of(&lines[last]));
        if columns_of(part.trim_end()) <= room {
            lines[last].push_str(part);
            continue;
        }
        if !lines[last].is_empty() {
            lines.push(String::new());
        }
        let mut used = 0;
        for c in part.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width {
                lines.push(String::new());
                used = 0;
            }
            used += columns;
            let last = lines.len() - 1;
            lines[last].push(c);
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines.retain(|line| !line.is_empty());
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn columns_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Text in XML. What XML cannot hold was made visible before, or is here.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c => out.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_where_a_part_ends() {
        assert_eq!(lines("deploy-shop-cart-production-europe", 20, 3), ["deploy-shop-cart-", "production-europe"]);
        assert_eq!(lines("abcdefghij", 4, 2), ["abcd", "efgh…"]);
        assert_eq!(lines("", 4, 2), [""; 0]);
        assert_eq!(lines("日本日本", 4, 2), ["日本", "日本"]);
    }

    #[test]
    fn text_cannot_leave_its_element() {
        assert_eq!(escaped("</text><script>&\"\u{1}"), "&lt;/text&gt;&lt;script&gt;&amp;&quot;\\u{1}");
    }
}
