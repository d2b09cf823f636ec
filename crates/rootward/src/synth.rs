//! Hierarchies made to order: perfect trees, trees with uneven fan-out, and graphs with extra parents.
//!
//! What the paper claims of trees it claims of their height and width [HR §3, §5], so these two must be free to choose.
//! Level `i` always has `width^i` nodes, whatever the fan-out; every edge leads from a level to one above it, so that
//! no choice of extra parents can close a cycle. The same shape and seed give the same data set.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::dataset::{Dataset, Document};
use crate::hierarchy::{Edge, Hierarchy, HierarchyError};
use crate::ids::DocIdx;
use crate::random::{Purpose, stream};

/// What a hierarchy is to look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Levels, the root's included: height 4 and width 5 are 1 + 5 + 25 + 125 nodes  [HR §5].
    pub height: usize,
    /// Nodes of a level for each node of the level above, in the mean.
    pub width: usize,
    /// How the nodes of a level are shared among those of the level above.
    pub fan_out: FanOut,
    /// Share of the nodes two or more levels below the root that get a second parent, 0 to 1.
    pub extra_parents: f64,
}

/// How the nodes of a level are shared among those of the level above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FanOut {
    /// Each node has `width` children: the perfect tree.
    Even,
    /// A node hangs under the `r`-th of the level above with probability proportional to `r^-skew`: 0 draws evenly,
    /// 1 is Zipf's law.
    Skewed {
        /// The exponent, 0 or more.
        skew: f64,
    },
}

/// A shape of which there is no hierarchy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SynthError {
    /// A number is out of its range.
    #[error("`{key}` is {found}, expected {expected}")]
    Value {
        /// Which number.
        key: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// There would be too many nodes.
    #[error(
        "a tree of height {height} and width {width} has more than {MOST_NODES} nodes: lower one of the two"
    )]
    TooLarge {
        /// Levels asked for.
        height: usize,
        /// Width asked for.
        width: usize,
    },
    /// There would be too many pairs of a document and an ancestor.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
}

/// Nodes beyond which a number is a slip of the hand.
const MOST_NODES: usize = 1 << 24;

/// Levels beyond which the paths that name nodes are no longer read by anybody.
const MOST_LEVELS: usize = 1000;

/// A closed data set of the given shape, named by its height and width.
///
/// Documents come level by level. The root has the id `1`, the `k`-th child of `1.3` the id `1.3.k`, by its first
/// parent where it has two.
///
/// # Errors
/// When a number is out of its range, or there would be more than 2^24 nodes or 2^28 pairs of a document and an
/// ancestor.
pub fn synth(shape: &Shape, seed: u64) -> Result<Dataset, SynthError> {
    check(shape)?;
    let levels = levels(shape)?;
    let mut rng = stream(seed, Purpose::Synth);
    let mut parents: Vec<Vec<DocIdx>> = first_parents(shape, &levels, &mut rng);
    let docs = documents(&parents);
    add_parents(shape.extra_parents, &levels, &mut parents, &mut rng);
    let above = |(child, parents): (u32, &Vec<DocIdx>)| {
        parents.iter().map(move |&parent| Edge { child: DocIdx(child), parent }).collect::<Vec<_>>()
    };
    let edges: Vec<Edge> = (0..).zip(&parents).flat_map(above).collect();
    let hierarchy = Hierarchy::new(docs.len(), &edges)?;
    Ok(Dataset::closed(format!("tree-{}-{}", shape.height, shape.width), docs, hierarchy))
}

fn check(shape: &Shape) -> Result<(), SynthError> {
    let demand = |key, found, fits, expected| {
        if fits { Ok(()) } else { Err(SynthError::Value { key, found, expected }) }
    };
    let levels = 1..=MOST_LEVELS;
    demand("height", shape.height as f64, levels.contains(&shape.height), "1 to 1000")?;
    demand("width", shape.width as f64, shape.width > 0, "1 or more")?;
    let share = shape.extra_parents;
    demand("extra-parents", share, (0.0..=1.0).contains(&share), "0 to 1")?;
    let fits = share == 0.0 || shape.width > 1;
    demand("extra-parents", share, fits, "0 where the width is 1, as every other node above is an ancestor")?;
    match shape.fan_out {
        FanOut::Even => Ok(()),
        FanOut::Skewed { skew } => demand("skew", skew, (0.0..=100.0).contains(&skew), "0 to 100"),
    }
}

/// The first node of each level, and behind the last level the number of nodes.
fn levels(shape: &Shape) -> Result<Vec<usize>, SynthError> {
    let Shape { height, width, .. } = *shape;
    let (mut starts, mut size) = (vec![0usize, 1], 1usize);
    for _ in 1..height {
        size = size.saturating_mul(width);
        let end = starts[starts.len() - 1].saturating_add(size);
        if end > MOST_NODES {
            return Err(SynthError::TooLarge { height, width });
        }
        starts.push(end);
    }
    Ok(starts)
}

/// The one parent of each node but the root, ascending within a level.
fn first_parents(shape: &Shape, levels: &[usize], rng: &mut Pcg64) -> Vec<Vec<DocIdx>> {
    let mut parents = vec![Vec::new()];
    for level in levels.windows(3) {
        let (above, here) = (level[0]..level[1], level[1]..level[2]);
        let mut places: Vec<usize> = match shape.fan_out {
            FanOut::Even => (0..here.len()).map(|place| place / shape.width).collect(),
            FanOut::Skewed { skew } => {
                let sums = running_sums((1..=above.len()).map(|rank| (rank as f64).powf(-skew)));
                let total = sums[sums.len() - 1];
                let draw = |_| place_of(rng.random::<f64>() * total, &sums);
                here.map(draw).collect()
            }
        };
        places.sort_unstable();
        parents.extend(places.into_iter().map(|place| vec![DocIdx((above.start + place) as u32)]));
    }
    parents
}

/// The first of ascending sums that is greater than a number.
fn place_of(drawn: f64, sums: &[f64]) -> usize {
    sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1)
}

/// The sum of the first number, of the first two, and so on.
fn running_sums(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |number| {
        sum += number;
        sum
    };
    numbers.map(add).collect()
}

/// Documents named by the way down to them.
fn documents(parents: &[Vec<DocIdx>]) -> Vec<Document> {
    let mut n_children = vec![0; parents.len()];
    let mut ids: Vec<String> = Vec::with_capacity(parents.len());
    for parents in parents {
        let id = match parents.first() {
            None => String::from("1"),
            Some(parent) => {
                n_children[parent.at()] += 1;
                format!("{}.{}", ids[parent.at()], n_children[parent.at()])
            }
        };
        ids.push(id);
    }
    let document =
        |id: String| Document { title: format!("node {id}"), id, text: String::new(), synonyms: Vec::new() };
    ids.into_iter().map(document).collect()
}

/// Gives a share of the nodes a second parent, drawn from all levels above, that is not an ancestor yet.
///
/// Nodes are taken from the top down, so that the ancestors of a node are settled when it is its turn and no edge is
/// overtaken by a later one. A node always has one to choose from: of the level above, only its first parent is an
/// ancestor of it.
fn add_parents(share: f64, levels: &[usize], parents: &mut [Vec<DocIdx>], rng: &mut Pcg64) {
    let n_nodes = parents.len();
    let mut chosen: Vec<usize> = (levels.get(2).copied().unwrap_or(n_nodes)..n_nodes).collect();
    let n_chosen = (share * chosen.len() as f64).round() as usize;
    chosen.shuffle(rng);
    chosen.truncate(n_chosen);
    chosen.sort_unstable();
    for node in chosen {
        let level_start = levels[levels.partition_point(|start| *start <= node) - 1];
        let ancestors = ancestors(node, parents);
        let extra = loop {
            let drawn = DocIdx(rng.random_range(0..level_start) as u32);
            if !ancestors.contains(&drawn) {
                break drawn;
            }
        };
        parents[node].push(extra);
    }
}

/// Everything above a node, as far as its parents are known.
fn ancestors(node: usize, parents: &[Vec<DocIdx>]) -> Vec<DocIdx> {
    let mut found = parents[node].clone();
    let mut next = 0;
    while let Some(doc) = found.get(next).copied() {
        for parent in &parents[doc.at()] {
            if !found.contains(parent) {
                found.push(*parent);
            }
        }
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn even(height: usize, width: usize) -> Shape {
        Shape { height, width, fan_out: FanOut::Even, extra_parents: 0.0 }
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        let fan_out = prop_oneof![Just(FanOut::Even), (0.0..3.0).prop_map(|skew| FanOut::Skewed { skew })];
        (1usize..6, 2usize..5, fan_out, 0.0..=1.0).prop_map(|(height, width, fan_out, extra_parents)| Shape {
            height,
            width,
            fan_out,
            extra_parents,
        })
    }

    #[test]
    fn height_4_and_width_5_are_156_nodes_named_by_the_way_down() {
        let data = synth(&even(4, 5), 1).unwrap();
        let ids: Vec<&str> = data.docs.iter().map(|doc| &*doc.id).collect();
        assert_eq!((ids.len(), data.hierarchy.n_edges()), (156, 155));
        assert_eq!((ids[0], ids[5], ids[6], ids[155]), ("1", "1.5", "1.1.1", "1.5.5.5"));
        assert_eq!(data.docs[6].title, "node 1.1.1");
        assert_eq!(data.pairs_of(&[crate::dataset::Split::Train]).by_distance(), [156, 155, 150, 125]);
    }

    #[test]
    fn a_strong_skew_hangs_most_nodes_under_the_first_of_the_level_above() {
        let shape = Shape { fan_out: FanOut::Skewed { skew: 3.0 }, ..even(4, 5) };
        let data = synth(&shape, 1).unwrap();
        let children = |doc| data.hierarchy.children(DocIdx(doc)).len();
        assert!(children(1) > 12 && children(5) < 5, "{} {}", children(1), children(5));
    }

    #[test]
    fn shapes_that_do_not_exist_are_refused() {
        let fails = |shape| synth(&shape, 1).unwrap_err().to_string();
        assert_eq!(fails(even(0, 5)), "`height` is 0, expected 1 to 1000");
        assert_eq!(fails(even(4, 0)), "`width` is 0, expected 1 or more");
        let share = |extra_parents, width| Shape { extra_parents, ..even(3, width) };
        assert_eq!(fails(share(1.5, 2)), "`extra-parents` is 1.5, expected 0 to 1");
        assert!(fails(share(0.5, 1)).contains("0 where the width is 1"));
        assert!(fails(even(30, 2)).contains("more than 16777216 nodes"));
    }

    proptest! {
        #[test]
        fn a_level_has_width_times_the_nodes_of_the_one_above(shape in any_shape(), seed in 0u64..9) {
            let n_nodes: usize = (0..shape.height as u32).map(|level| shape.width.pow(level)).sum();
            let data = synth(&shape, seed).unwrap();
            prop_assert_eq!(data.docs.len(), n_nodes);
            let below = n_nodes.saturating_sub(1 + shape.width);
            let extra = (shape.extra_parents * below as f64).round() as usize;
            prop_assert_eq!(data.hierarchy.n_edges(), n_nodes - 1 + extra);
        }

        /// No edge could be left out: none leads to an ancestor of another parent.
        #[test]
        fn no_parent_of_a_node_is_an_ancestor_of_another(shape in any_shape(), seed in 0u64..9) {
            let data = synth(&shape, seed).unwrap();
            for edge in data.hierarchy.edges() {
                let others = data.hierarchy.parents(edge.child).iter().filter(|other| **other != edge.parent);
                for other in others {
                    let above = data.hierarchy.ancestors(*other);
                    prop_assert!(!above.iter().any(|ancestor| ancestor.doc == edge.parent));
                }
            }
        }

        #[test]
        fn the_same_seed_makes_the_same_data_set(shape in any_shape(), seed in 0u64..9) {
            let fingerprint = |seed| synth(&shape, seed).unwrap().fingerprint();
            prop_assert_eq!(fingerprint(seed), fingerprint(seed));
        }
    }
}
