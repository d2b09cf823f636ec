//! The exact encoder on everything: random trees, random graphs with a few more edges, and WordNet, every pair counted.
//!
//! `cargo bench -p rootward --bench exact` prints for each family how many hierarchies and pairs there were, the
//! dimensions needed, and the errors, which should all be 0; arguments after `--` choose from `trees`, `graphs` and
//! `wordnet`.

use std::path::Path;
use std::time::Instant;

use rand::RngExt;
use rand_pcg::Pcg64;
use rootward::dataset::Dataset;
use rootward::exact::ExactEncoder;
use rootward::hierarchy::{Edge, Hierarchy};
use rootward::ids::DocIdx;
use rootward::random::{Purpose, stream};

/// Hierarchies of a family, and the documents of the largest.
const TREES: usize = 1_000;
const GRAPHS: usize = 200;
const MOST_DOCS: usize = 10_000;

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |family: &str| chosen.is_empty() || chosen.iter().any(|name| name == family);
    let mut rng = stream(7, Purpose::Init);
    if wanted("trees") {
        family("random trees", (0..TREES).map(|at| random_hierarchy(at, 0, &mut rng)));
    }
    for more in [1, 3, 10, 30, 100] {
        if wanted("graphs") {
            let name = format!("random trees with {more} more edges");
            family(&name, (0..GRAPHS / 5).map(|at| random_hierarchy(at, more, &mut rng)));
        }
    }
    if wanted("wordnet") {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/wordnet-nouns");
        let data = Dataset::open(&data).expect("the data set is part of the project");
        family("WordNet nouns", [data.hierarchy].into_iter());
    }
}

/// A tree of up to [`MOST_DOCS`] documents, from bushy to deep by turns, and some more edges up.
fn random_hierarchy(at: usize, more: usize, rng: &mut Pcg64) -> Hierarchy {
    let n_docs = rng.random_range(2..=MOST_DOCS as u32);
    // A parent is one of the last few documents or any of them: the depth is from about 10 to some hundreds.
    let window = [u32::MAX, 2000, 300, 60][at % 4];
    let parent = |child: u32, rng: &mut Pcg64| rng.random_range(child.saturating_sub(window)..child);
    let mut edges: Vec<(u32, u32)> = (1..n_docs).map(|child| (child, parent(child, rng))).collect();
    for _ in 0..more {
        let child = rng.random_range(1..n_docs);
        edges.push((child, rng.random_range(0..child)));
    }
    edges.sort_unstable();
    edges.dedup();
    let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
    let edges: Vec<Edge> = edges.into_iter().map(edge).collect();
    Hierarchy::new(n_docs as usize, &edges).expect("every edge leads to a smaller number")
}

/// Encodes hierarchies, counts every pair and prints what came of it.
fn family(name: &str, hierarchies: impl Iterator<Item = Hierarchy>) {
    let began = Instant::now();
    let (mut n, mut pairs, mut errors, mut proven, mut encoding_s) = (0, 0u64, 0, 0, 0.0);
    let mut dims = Vec::new();
    for hierarchy in hierarchies {
        let began = Instant::now();
        let encoder = ExactEncoder::of(&hierarchy);
        encoding_s += began.elapsed().as_secs_f64();
        n += 1;
        pairs += (hierarchy.n_docs() as u64).pow(2);
        errors += encoder.errors(&hierarchy, &|_| ());
        proven += usize::from(encoder.is_proven());
        dims.push(encoder.dim());
    }
    dims.sort_unstable();
    let (least, median, most) = (dims[0], dims[n / 2], dims[n - 1]);
    println!(
        "{name}: {n} hierarchies, {pairs} pairs, {errors} errors; dimension {least} to {most}, median {median}; \
         {proven} proven; encoded in {encoding_s:.1} s, all in {:.1} s",
        began.elapsed().as_secs_f64()
    );
}
