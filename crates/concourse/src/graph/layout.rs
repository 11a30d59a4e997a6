//! Places for the nodes of a layered drawing, from left to right, after Sugiyama, Tagawa and Toda, "Methods for visual
//! understanding of hierarchical system structures" (1981): layers, an order within each, then heights.

use std::collections::HashMap;

use crate::flow::Graph;

use super::layers::Layers;

/// A point, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Layout {
    /// The left upper corner of each node.
    pub(super) nodes: Vec<Point>,
    /// The way of each edge: from the right of one node, past others, to the left of the other; of an edge that leads back,
    /// from the left of one to the right of the other.
    pub(super) edges: Vec<Vec<Point>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The size of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Between two nodes of a column.
const ROW_GAP: f64 = 20.0;
/// What an edge that passes by needs.
const LANE: f64 = 8.0;
/// Rounds of improvement; more change little.
const ROUNDS: usize = 12;
/// Rounds in which chains straighten: what moves one end takes a round for each node to reach the other.
const STRAIGHTENING: usize = 24;
/// How much more a link of a chain pulls than another edge.
const LINK: f64 = 20.0;
/// Beyond so many places that edges pass, they are drawn straight: nobody reads such a picture, and it must not cost
/// what nobody gets.
const MOST_LANES: usize = 50_000;

/// A place in a column: that of a node, or one where an edge passes.
struct Slot {
    height: f64,
    /// Slots of the column before, and behind.
    before: Vec<usize>,
    behind: Vec<usize>,
    lane: bool,
}

impl Layout {
    /// The same from top to bottom, of nodes whose sizes were given turned.
    pub(super) fn turned(mut self) -> Self {
        for point in self.nodes.iter_mut().chain(self.edges.iter_mut().flatten()) {
            *point = Point { x: point.y, y: point.x };
        }
        Self { width: self.height, height: self.width, ..self }
    }
}

/// Lays a graph out, with a gap between two columns.
pub(super) fn layout(graph: &Graph, sizes: &[Size], gap: f64) -> Layout {
    let layers = Layers::of(graph);
    let column = columns(graph, &layers);
    let mut slots: Vec<Slot> = sizes
        .iter()
        .map(|size| Slot { height: size.height, before: Vec::new(), behind: Vec::new(), lane: false })
        .collect();
    let mut column_of: Vec<usize> = column.clone();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(graph.edges.len());
    for edge in &graph.edges {
        // From left to right, whichever way it leads.
        let (first, last) =
            if column[edge.from] <= column[edge.to] { (edge.from, edge.to) } else { (edge.to, edge.from) };
        let mut way = vec![first];
        for passed in column[first] + 1..column[last] {
            if slots.len() >= sizes.len() + MOST_LANES {
                break;
            }
            way.push(slots.len());
            slots.push(Slot { height: LANE, before: Vec::new(), behind: Vec::new(), lane: true });
            column_of.push(passed);
        }
        way.push(last);
        for pair in way.windows(2) {
            if column_of[pair[0]] + 1 == column_of[pair[1]] {
                slots[pair[0]].behind.push(pair[1]);
                slots[pair[1]].before.push(pair[0]);
            }
        }
        ways.push(way);
    }
    let mut columns = first_order(&slots, &column_of);
    untangle(&mut columns, &slots);
    let centres = heights(&columns, &slots);
    PlacedGraph { graph, sizes, columns: &columns, column_of: &column_of, centres: &centres, ways: &ways }.finish(gap)
}

/// The column of each node: as deep as it is, but for what nothing leads to, which stands right before what it leads to.
fn columns(graph: &Graph, layers: &Layers) -> Vec<usize> {
    let mut column = layers.depth.clone();
    let mut led_to = vec![false; graph.nodes.len()];
    let mut nearest: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for (number, edge) in graph.edges.iter().enumerate() {
        if layers.onwards[number] {
            led_to[edge.to] = true;
            let depth = layers.depth[edge.to];
            nearest[edge.from] = Some(nearest[edge.from].map_or(depth, |known| known.min(depth)));
        }
    }
    for (node, nearest) in nearest.into_iter().enumerate() {
        if let (false, Some(nearest)) = (led_to[node], nearest) {
            column[node] = nearest.saturating_sub(1);
        }
    }
    column
}

/// The slots of each column in the order in which a walk along the edges meets them: chains stay together.
fn first_order(slots: &[Slot], column_of: &[usize]) -> Vec<Vec<usize>> {
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); column_of.iter().max().map_or(0, |last| last + 1)];
    let mut seen = vec![false; slots.len()];
    for root in (0..slots.len()).filter(|slot| slots[*slot].before.is_empty()) {
        let mut open = vec![root];
        while let Some(slot) = open.pop() {
            if !std::mem::replace(&mut seen[slot], true) {
                columns[column_of[slot]].push(slot);
                open.extend(slots[slot].behind.iter().rev());
            }
        }
    }
    columns
}

/// Puts each slot in the middle of its neighbours, column by column, there and back, and keeps the order of the fewest
/// crossings.
fn untangle(columns: &mut Vec<Vec<usize>>, slots: &[Slot]) {
    let mut place = vec![0.0; slots.len()];
    let number = |columns: &[Vec<usize>], place: &mut Vec<f64>| {
        for column in columns {
            for (index, slot) in column.iter().enumerate() {
                place[*slot] = float(index);
            }
        }
    };
    number(columns, &mut place);
    let mut best = (crossings(columns, slots, &place), columns.clone());
    for round in 0..ROUNDS {
        if best.0 == 0 {
            break;
        }
        let there = round % 2 == 0;
        for index in 0..columns.len() {
            let index = if there { index } else { columns.len() - 1 - index };
            let column = &mut columns[index];
            let mut wanted: Vec<(f64, usize)> = column
                .iter()
                .map(|slot| {
                    let neighbours = if there { &slots[*slot].before } else { &slots[*slot].behind };
                    (mean(neighbours.iter().map(|other| place[*other])).unwrap_or(place[*slot]), *slot)
                })
                .collect();
            wanted.sort_by(|one, other| one.0.total_cmp(&other.0));
            *column = wanted.into_iter().map(|(_, slot)| slot).collect();
            for (index, slot) in column.iter().enumerate() {
                place[*slot] = float(index);
            }
        }
        let now = crossings(columns, slots, &place);
        if now < best.0 {
            best = (now, columns.clone());
        }
    }
    *columns = best.1;
}

/// How many pairs of edges cross: inversions of the ends of the edges between two columns, counted with a binary
/// indexed tree (Barth, Jünger, Mutzel, "Simple and efficient bilayer cross counting", 2002).
fn crossings(columns: &[Vec<usize>], slots: &[Slot], place: &[f64]) -> u64 {
    let mut count = 0;
    for pair in columns.windows(2) {
        let index: std::collections::HashMap<usize, usize> =
            pair[1].iter().enumerate().map(|(index, slot)| (*slot, index)).collect();
        let mut tree = vec![0_u64; pair[1].len() + 1];
        let mut total = 0;
        for slot in &pair[0] {
            let mut ends: Vec<usize> = slots[*slot].behind.clone();
            ends.sort_by(|one, other| place[*one].total_cmp(&place[*other]));
            let ends: Vec<usize> = ends.iter().filter_map(|end| index.get(end).copied()).collect();
            for end in &ends {
                let (mut at, mut before) = (end + 1, 0);
                while at > 0 {
                    before += tree[at];
                    at &= at - 1;
                }
                count += total - before;
            }
            for end in ends {
                total += 1;
                let mut at = end + 1;
                while at < tree.len() {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
    }
    count
}

/// The middle of each slot: as near to that of its neighbours as the others of its column allow.
fn heights(columns: &[Vec<usize>], slots: &[Slot]) -> Vec<f64> {
    let mut centre = vec![0.0; slots.len()];
    for column in columns {
        let offsets = offsets(column, slots);
        for (slot, offset) in column.iter().zip(&offsets) {
            centre[*slot] = *offset;
        }
    }
    for round in 0..ROUNDS + STRAIGHTENING {
        let (there, settle) = (round % 2 == 0, round >= ROUNDS);
        for index in 0..columns.len() {
            let column = &columns[if there { index } else { columns.len() - 1 - index }];
            let wanted: Vec<(f64, f64)> = column
                .iter()
                .map(|slot| {
                    // In the end nothing is nearer to one side than to the other.
                    let (before, behind) = (there || settle, !there || settle);
                    let before = slots[*slot].before.iter().filter(|_| before).map(|other| (*other, *slot, *other));
                    let behind = slots[*slot].behind.iter().filter(|_| behind).map(|other| (*slot, *other, *other));
                    let (sum, weight) = before.chain(behind).fold((0.0, 0.0), |(sum, weight), (from, to, other)| {
                        let pull = if is_link(slots, from, to) { LINK } else { 1.0 };
                        (sum + pull * centre[other], weight + pull)
                    });
                    if weight > 0.0 { (sum / weight, weight) } else { (centre[*slot], 0.1) }
                })
                .collect();
            for (slot, place) in column.iter().zip(apart(&wanted, &offsets(column, slots))) {
                centre[*slot] = place;
            }
        }
    }
    centre
}

/// Is an edge the only one of both its ends on that side? Then it is a link of a chain, which is best seen straight.
fn is_link(slots: &[Slot], from: usize, to: usize) -> bool {
    slots[from].behind.len() == 1 && slots[to].before.len() == 1
}

/// The middles of the slots of a column when they stand as close together as they may.
fn offsets(column: &[usize], slots: &[Slot]) -> Vec<f64> {
    let mut y = 0.0;
    column
        .iter()
        .map(|slot| {
            let height = slots[*slot].height;
            let centre = y + height / 2.0;
            y += height + if slots[*slot].lane { LANE } else { ROW_GAP };
            centre
        })
        .collect()
}

/// The places nearest to those that are wanted, with weights, at which all keep their distance: isotonic regression by
/// pooling adjacent violators.
fn apart(wanted: &[(f64, f64)], offsets: &[f64]) -> Vec<f64> {
    // Sum of weighted places, sum of weights, members.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wanted.len());
    for ((place, weight), offset) in wanted.iter().zip(offsets) {
        let mut pool = ((place - offset) * weight, *weight, 1);
        while let Some(last) = pools.last() {
            if last.0 / last.1 <= pool.0 / pool.1 {
                break;
            }
            pool = (pool.0 + last.0, pool.1 + last.1, pool.2 + last.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let places = pools.iter().flat_map(|(sum, weight, members)| std::iter::repeat_n(sum / weight, *members));
    places.zip(offsets).map(|(place, offset)| place + offset).collect()
}

/// What is known when everything has its column and its height.
struct PlacedGraph<'a> {
    graph: &'a Graph,
    sizes: &'a [Size],
    columns: &'a [Vec<usize>],
    column_of: &'a [usize],
    centres: &'a [f64],
    ways: &'a [Vec<usize>],
}

impl PlacedGraph<'_> {
    fn finish(self, gap: f64) -> Layout {
        let Self { graph, sizes, columns, column_of, centres, ways } = self;
        let top = columns
            .iter()
            .flatten()
            .map(|slot| centres[*slot] - sizes.get(*slot).map_or(LANE, |size| size.height) / 2.0)
            .fold(f64::INFINITY, f64::min);
        let top = if top.is_finite() { top } else { 0.0 };
        let mut left = Vec::with_capacity(columns.len());
        let mut x = 0.0;
        let widths: Vec<f64> = columns
            .iter()
            .map(|column| column.iter().filter_map(|slot| sizes.get(*slot)).map(|size| size.width).fold(0.0, f64::max))
            .collect();
        for width in &widths {
            left.push(x);
            x += width + gap;
        }
        let nodes: Vec<Point> = sizes
            .iter()
            .enumerate()
            .map(|(node, size)| Point {
                // In the middle of its column.
                x: left[column_of[node]] + (widths[column_of[node]] - size.width) / 2.0,
                y: centres[node] - top - size.height / 2.0,
            })
            .collect();
        // Edges between the same two nodes, whichever way they lead, are drawn beside one another.
        let mut alike: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for (number, way) in ways.iter().enumerate() {
            alike.entry((way[0], way[way.len() - 1])).or_default().push(number);
        }
        let beside = |first: usize, last: usize, number: usize| {
            let same = &alike[&(first, last)];
            let place = same.iter().position(|one| *one == number).unwrap_or_default();
            let room = sizes[first].height.min(sizes[last].height) * 0.6;
            let gap = (room / float(same.len())).min(LANE);
            (float(place) - float(same.len() - 1) / 2.0) * gap
        };
        let edges = ways
            .iter()
            .zip(&graph.edges)
            .enumerate()
            .map(|(number, (way, edge))| {
                let (first, last) = (way[0], way[way.len() - 1]);
                let beside = beside(first, last, number);
                let middle = |node: usize| nodes[node].y + sizes[node].height / 2.0 + beside;
                let mut points = vec![Point { x: nodes[first].x + sizes[first].width, y: middle(first) }];
                for slot in way.iter().filter(|slot| **slot >= sizes.len()) {
                    let (x, y) = (left[column_of[*slot]], centres[*slot] - top);
                    points.push(Point { x, y });
                    points.push(Point { x: x + widths[column_of[*slot]], y });
                }
                points.push(Point { x: nodes[last].x, y: middle(last) });
                if first != edge.from {
                    points.reverse();
                }
                points
            })
            .collect();
        let height = columns
            .iter()
            .flatten()
            .map(|slot| centres[*slot] - top + sizes.get(*slot).map_or(LANE, |size| size.height) / 2.0)
            .fold(0.0, f64::max);
        Layout { nodes, edges, width: (x - gap).max(0.0), height }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// A number of things as a coordinate.
pub(super) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::{Edge, EdgeKind, Node, NodeKind};

    #[test]
    fn slots_keep_their_distance_and_stay_near() {
        assert_eq!(apart(&[(0.0, 1.0), (0.0, 1.0)], &[0.0, 10.0]), [-5.0, 5.0]);
        assert_eq!(apart(&[(0.0, 1.0), (50.0, 1.0)], &[0.0, 10.0]), [0.0, 50.0]);
    }

    proptest! {
        #[test]
        fn nodes_never_lie_on_one_another(
            edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..40),
            heights in prop::collection::vec(10.0_f64..80.0, 12),
        ) {
            let node = |name: usize| Node { kind: NodeKind::Job, name: name.to_string(), notes: Vec::new(), place: None };
            let graph = Graph {
                nodes: (0..12).map(node).collect(),
                edges: edges
                    .into_iter()
                    .map(|(from, to)| Edge { from, to, kind: EdgeKind::Starts, resources: Vec::new() })
                    .collect(),
                places: Vec::new(),
            };
            let sizes: Vec<Size> = heights.iter().map(|height| Size { width: 100.0, height: *height }).collect();
            let layout = layout(&graph, &sizes, 56.0);
            for one in 0..12 {
                let (point, size) = (layout.nodes[one], sizes[one]);
                prop_assert!(point.y >= -0.001 && point.y + size.height <= layout.height + 0.001);
                prop_assert!(point.x >= 0.0 && point.x + size.width <= layout.width + 0.001);
                for other in 0..one {
                    let beside = (layout.nodes[other].x - point.x).abs() >= 100.0;
                    let (above, below) = if layout.nodes[other].y < point.y { (other, one) } else { (one, other) };
                    let bottom = layout.nodes[above].y + sizes[above].height;
                    prop_assert!(beside || bottom <= layout.nodes[below].y + 0.001);
                }
            }
            prop_assert_eq!(layout.edges.len(), graph.edges.len());
            for (edge, points) in graph.edges.iter().zip(&layout.edges) {
                for point in points {
                    prop_assert!((0.0..=layout.width).contains(&point.x) && (0.0..=layout.height).contains(&point.y));
                }
                // Where two columns are joined, no way turns round between them.
                let (from, to) = (layout.nodes[edge.from].x, layout.nodes[edge.to].x);
                if from < to {
                    prop_assert!(points.windows(2).all(|pair| pair[0].x <= pair[1].x));
                } else if from > to {
                    prop_assert!(points.windows(2).all(|pair| pair[0].x >= pair[1].x));
                }
            }
        }
    }
}
