use std::collections::VecDeque;

use crate::flow::Graph;

/// An order of the nodes in which every edge that counts leads onwards.
#[derive(Debug)]
pub(super) struct Layers {
    /// For each node, how many edges lead to it one after the other, at most.
    pub(super) depth: Vec<usize>,
    /// The edges that count, by number: all but those that would close a circle.
    pub(super) onwards: Vec<bool>,
}

impl Layers {
    /// Kahn's algorithm; where only circles are left, the first node of them is taken as if nothing led to it.
    pub(super) fn of(graph: &Graph) -> Self {
        let count = graph.nodes.len();
        let mut leads_to: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut open: Vec<usize> = vec![0; count];
        for (number, edge) in graph.edges.iter().enumerate() {
            leads_to[edge.from].push(number);
            open[edge.to] += 1;
        }
        let mut layers = Self { depth: vec![0; count], onwards: vec![true; graph.edges.len()] };
        let mut placed = vec![false; count];
        let mut ready: VecDeque<usize> = (0..count).filter(|node| open[*node] == 0).collect();
        let mut next = 0;
        loop {
            while let Some(node) = ready.pop_front() {
                placed[node] = true;
                for number in &leads_to[node] {
                    let to = graph.edges[*number].to;
                    if placed[to] {
                        layers.onwards[*number] = false;
                        continue;
                    }
                    layers.depth[to] = layers.depth[to].max(layers.depth[node] + 1);
                    open[to] -= 1;
                    if open[to] == 0 {
                        ready.push_back(to);
                    }
                }
            }
            // A node whose edges were all seen is placed: what is not lies behind a circle.
            while next < count && placed[next] {
                next += 1;
            }
            if next == count {
                return layers;
            }
            ready.push_back(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Edge, EdgeKind, Node, NodeKind};

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let node = |name: usize| Node { kind: NodeKind::Job, name: name.to_string(), notes: Vec::new(), place: None };
        let edge =
            |(from, to): &(usize, usize)| Edge { from: *from, to: *to, kind: EdgeKind::Starts, resources: Vec::new() };
        Graph { nodes: (0..nodes).map(node).collect(), edges: edges.iter().map(edge).collect(), places: Vec::new() }
    }

    #[test]
    fn depth_is_that_of_the_longest_way() {
        let layers = Layers::of(&graph(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]));
        assert_eq!(layers.depth, [0, 1, 2, 3]);
        assert_eq!(layers.onwards, [true; 4]);
    }

    #[test]
    fn circles_are_opened_at_their_first_node() {
        let layers = Layers::of(&graph(4, &[(0, 1), (1, 2), (2, 1), (3, 3)]));
        assert_eq!(layers.depth, [0, 1, 2, 0]);
        assert_eq!(layers.onwards, [true, true, false, false]);
    }
}
