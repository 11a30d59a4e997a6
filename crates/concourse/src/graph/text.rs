use std::fmt::Write;

use crate::flow::{Edge, EdgeKind, Graph, Node, NodeKind};
use yaml_source::diagnostic::visible;

use super::layers::Layers;
use super::{LEGEND, is_quiet};

/// How wide a line may be; a name is never broken.
const WIDTH: usize = 80;

/// The graph as text: each node stands once, beneath the last of those that lead to it, and names the others.
pub fn text(graph: &Graph, colour: bool) -> String {
    let layers = Layers::of(graph);
    let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (number, edge) in graph.edges.iter().enumerate() {
        incoming[edge.to].push(number);
    }
    let above: Vec<Option<usize>> = incoming
        .iter()
        .map(|edges| {
            let counts = edges.iter().copied().filter(|number| layers.onwards[*number]);
            // The last of those that start it, before those that do not.
            counts.max_by_key(|number| {
                let edge = &graph.edges[*number];
                (!is_quiet(edge.kind), layers.depth[edge.from], usize::MAX - number)
            })
        })
        .collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in above.iter().flatten() {
        below[graph.edges[*edge].from].push(*edge);
    }
    let mut drawing = Drawing { graph, incoming, above, below, colour, out: String::new() };
    for (number, _) in graph.nodes.iter().enumerate() {
        if drawing.above[number].is_none() {
            drawing.tree(number);
        }
    }
    drawing.legend();
    drawing.out
}

struct Drawing<'g> {
    graph: &'g Graph,
    /// For each node the edges that lead to it.
    incoming: Vec<Vec<usize>>,
    /// The one of them that it is drawn beneath.
    above: Vec<Option<usize>>,
    /// For each node the edges to what is drawn beneath it.
    below: Vec<Vec<usize>>,
    colour: bool,
    out: String,
}

/// A node that is still to be drawn.
struct Pending {
    node: usize,
    edge: Option<usize>,
    /// What stands in front of its lines.
    rail: String,
    /// Its place among several: an only one stands straight beneath.
    branch: Option<bool>,
}

impl Drawing<'_> {
    fn tree(&mut self, root: usize) {
        let mut open = vec![Pending { node: root, edge: None, rail: String::new(), branch: None }];
        while let Some(Pending { node, edge, rail, branch }) = open.pop() {
            let (first, inner) = match branch {
                None => (rail.clone(), rail.clone()),
                // However deep it is, it stays on the page.
                Some(_) if rail.chars().count() > WIDTH / 2 => (rail.clone(), rail.clone()),
                Some(true) => (format!("{rail}├─"), format!("{rail}│ ")),
                Some(false) => (format!("{rail}└─"), format!("{rail}  ")),
            };
            if let Some(edge) = edge {
                let verb = self.graph.edges[edge].kind.verb();
                match branch {
                    None => self.line(&rail, "│", &format!(" {verb}")),
                    Some(_) => self.line(&rail, "│", ""),
                }
            }
            let children = self.below[node].clone();
            let beneath = format!("{inner}{}", if children.is_empty() { "  " } else { "│ " });
            self.node(node, edge, &first, &beneath, branch.is_some());
            let several = children.len() > 1;
            for (place, child) in children.iter().enumerate().rev() {
                let more = place + 1 < children.len();
                open.push(Pending {
                    node: self.graph.edges[*child].to,
                    edge: Some(*child),
                    rail: inner.clone(),
                    branch: several.then_some(more),
                });
            }
        }
        self.out.push('\n');
    }

    /// A node, with what is known of it, and what else leads to it.
    fn node(&mut self, number: usize, edge: Option<usize>, first: &str, beneath: &str, branched: bool) {
        let node = &self.graph.nodes[number];
        let rail = self.painted("2", first);
        let (mark, colour) = look(node.kind);
        let mark = self.painted(colour, mark);
        let name = self.painted(if node.kind == NodeKind::Job { "1" } else { "" }, &shown(node));
        let _ = writeln!(self.out, "{rail}{mark} {name}");
        let mut notes: Vec<String> = node.notes.iter().map(|note| visible(note).into_owned()).collect();
        if let Some(place) = node.place {
            notes.insert(0, format!("in {}", visible(&self.graph.places[place])));
        }
        if let (true, Some(edge)) = (branched, edge)
            && self.graph.edges[edge].kind != EdgeKind::Opens
            && self.graph.edges[edge].kind != EdgeKind::Starts
        {
            let edge = &self.graph.edges[edge];
            notes.push(self.backwards(edge));
        }
        self.wrapped(beneath, &notes, " · ");
        if edge.is_none() && self.below[number].is_empty() {
            // Nothing is drawn beneath it: all that it leads to stands beneath something that comes later.
            let mut verb = "";
            let mut leads: Vec<String> = Vec::new();
            for edge in &self.graph.edges[self.outgoing(number)] {
                let name = visible(&self.graph.nodes[edge.to].name);
                let same = std::mem::replace(&mut verb, edge.kind.verb()) == verb;
                leads.push(if same { name.into_owned() } else { format!("{verb} {name}") });
            }
            self.wrapped(beneath, &leads, ", ");
        }
        let also: Vec<String> = self.incoming[number]
            .iter()
            .filter(|edge| self.above[number] != Some(**edge))
            .map(|edge| self.backwards(&self.graph.edges[*edge]))
            .collect();
        self.wrapped(beneath, &also, ", ");
    }

    /// How a node speaks of what leads to it.
    fn backwards(&self, edge: &Edge) -> String {
        let from = &self.graph.nodes[edge.from];
        let name = visible(&from.name);
        match edge.kind {
            EdgeKind::Starts => format!("also started by {name}"),
            EdgeKind::Takes if from.kind == NodeKind::Job => format!("takes what {name} had"),
            EdgeKind::Takes => format!("takes {name}"),
            EdgeKind::Opens => format!("also opened by {name}"),
            EdgeKind::Approves => format!("started by closing {name}"),
            EdgeKind::Records => format!("started by each record in {name}"),
            EdgeKind::Makes => format!("made by {name}"),
        }
    }

    /// The edges that lead away from a node: they are sorted by where they come from.
    fn outgoing(&self, node: usize) -> std::ops::Range<usize> {
        let edges = &self.graph.edges;
        edges.partition_point(|edge| edge.from < node)..edges.partition_point(|edge| edge.from <= node)
    }

    /// Words beneath a node, in as many lines as they need.
    fn wrapped(&mut self, beneath: &str, words: &[String], between: &str) {
        let mut line = String::new();
        let room = WIDTH.saturating_sub(beneath.chars().count());
        for word in words {
            let length = line.chars().count() + between.len() + word.chars().count();
            if !line.is_empty() && length > room {
                self.line(beneath, "", &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push_str(between);
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            self.line(beneath, "", &line);
        }
    }

    fn line(&mut self, rail: &str, mark: &str, text: &str) {
        let rail = self.painted("2", &format!("{rail}{mark}"));
        let text = self.painted("2", text);
        let _ = writeln!(self.out, "{}", format!("{rail}{text}").trim_end());
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour && !colour.is_empty() && !text.is_empty() {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn legend(&mut self) {
        let present = |kind| self.graph.nodes.iter().any(|node| node.kind == kind);
        let words: Vec<String> = LEGEND
            .iter()
            .filter(|(kind, _)| present(*kind))
            .map(|(kind, word)| format!("{} {word}", look(*kind).0))
            .collect();
        self.line("", "", &words.join("   "));
    }
}

fn look(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Source => ("●", "36"),
        NodeKind::Job => ("■", "1"),
        NodeKind::Gate => ("◆", "33"),
        NodeKind::Record => ("◇", ""),
    }
}

fn shown(node: &Node) -> String {
    let name = visible(&node.name);
    match node.kind {
        NodeKind::Source | NodeKind::Job => name.into_owned(),
        NodeKind::Gate | NodeKind::Record => format!("“{name}”"),
    }
}
