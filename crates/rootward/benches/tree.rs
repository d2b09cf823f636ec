//! Doc trees over 10,000, 100,000 and 1,000,000 documents of 128 numbers: what growing and changing them costs.
//!
//! `cargo bench -p rootward --bench tree` prints a line for each size; arguments after `--` name other sizes, `--json`
//! prints an object for each instead, and `--write FOLDER` only writes the vectors, as .npy, for `bench/peers/tree.py`.
//! The number of threads is `RAYON_NUM_THREADS`. Vectors lie in 100 topics of very unequal size, each with 100 narrower
//! ones. Peak memory is that of the process so far, vectors included, so sizes should ascend. Then as many documents as
//! a tenth, at most 20,000, leave the tree and come back. Between the two, a beam search looks for every document's home.

#[path = "system/npy.rs"]
mod npy;
#[path = "system/process.rs"]
mod process;

use std::time::Instant;

use rand::RngExt;
use rayon::prelude::*;
use rootward::doc_tree::{DocTree, TreeShape};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward::random::{Purpose, fill_normal, stream};
use rootward_kernels::{add_scaled, dot};

use npy::write_npy;
use process::{cpu_seconds, peak_bytes};

const DIM: usize = 128;
const TOPICS: usize = 100;
const SHAPE: TreeShape =
    TreeShape { branching: 32, leaf_size: 32, balance: 1.5, iterations: 10, sample: 256 };
const BEAM: usize = 4;

/// What came of one size.
struct Measured {
    docs: usize,
    grow_s: f64,
    cpu_s: f64,
    peak_mb: f64,
    tree: DocTree,
    cosine: f64,
    drift: f64,
    drift_s: f64,
    removes_per_s: f64,
    inserts_per_s: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.iter().position(|argument| argument == "--write").map(|at| &arguments[at + 1]);
    let named: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if named.is_empty() { vec![10_000, 100_000, 1_000_000] } else { named };
    for docs in sizes {
        let vectors = vectors(docs);
        match folder {
            Some(folder) => {
                write_npy(&format!("{folder}/{docs}.npy"), &vectors).expect("the folder is there");
            }
            None => print(&measure(&vectors), arguments.iter().any(|argument| argument == "--json")),
        }
    }
}

fn measure(vectors: &Matrix) -> Measured {
    let (cpu, began) = (cpu_seconds(), Instant::now());
    let mut tree = DocTree::grow(vectors, SHAPE, 7).expect("the vectors are finite");
    let (grow_s, cpu_s, peak_mb) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu, peak_bytes() / 1e6);
    let cosine = cosine(&tree, vectors);
    let began = Instant::now();
    let (drift, drift_s) = (tree.drift(vectors, BEAM).share(), began.elapsed().as_secs_f64());
    let grown = tree.clone();
    let changed: Vec<DocIdx> = (0..vectors.n_rows() as u32).step_by(10).take(20_000).map(DocIdx).collect();
    let began = Instant::now();
    for doc in &changed {
        tree.remove(*doc, vectors).expect("the document is there");
    }
    let removes_per_s = changed.len() as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    for doc in &changed {
        tree.insert(*doc, vectors, BEAM).expect("the document is not there");
    }
    let inserts_per_s = changed.len() as f64 / began.elapsed().as_secs_f64();
    let docs = vectors.n_rows();
    Measured {
        docs,
        grow_s,
        cpu_s,
        peak_mb,
        tree: grown,
        cosine,
        drift,
        drift_s,
        removes_per_s,
        inserts_per_s,
    }
}

fn print(measured: &Measured, json: bool) {
    let Measured { docs, grow_s, cpu_s, peak_mb, tree, cosine, drift, drift_s, removes_per_s, inserts_per_s } =
        measured;
    let sizes: Vec<usize> =
        tree.nodes().map(|(_, node)| node.docs.len()).filter(|n_docs| *n_docs > 0).collect();
    let (leaves, largest, depth) = (sizes.len(), sizes.iter().max().copied().unwrap_or(0), tree.depth());
    let (mean, children) = (*docs as f64 / leaves as f64, tree.node(DocTree::ROOT).children.len());
    if json {
        println!(
            "{{\"docs\":{docs},\"wall_s\":{grow_s:.3},\"cpu_s\":{cpu_s:.2},\"peak_mb\":{peak_mb:.0},\
             \"depth\":{depth},\"children\":{children},\"leaves\":{leaves},\"largest\":{largest},\
             \"cosine\":{cosine:.4},\"removes_per_s\":{removes_per_s:.0},\"inserts_per_s\":{inserts_per_s:.0}}}"
        );
        return;
    }
    println!(
        "{docs} documents of {DIM} numbers: {grow_s:.2} s ({:.0} documents/s), {cpu_s:.1} s of the processor, peak \
         {peak_mb:.0} MB\n  depth {depth}, {leaves} leaves, mean cosine to the leaf's centroid {cosine:.3}, mean leaf \
         {mean:.1} documents, largest {largest} ({:.2})\n  a beam of {BEAM} leads {:.1} % of the documents elsewhere than \
         home ({drift_s:.1} s for all)\n  {removes_per_s:.0} documents/s removed, {inserts_per_s:.0} \
         inserted (one thread, beam {BEAM})",
        *docs as f64 / grow_s,
        mean / largest as f64,
        100.0 * drift
    );
}

/// The mean inner product of documents, on the unit sphere already, and the centroids of their leaves.
fn cosine(tree: &DocTree, vectors: &Matrix) -> f64 {
    let centroids = tree.centroids();
    let owned = tree.nodes().flat_map(|(at, node)| node.docs.iter().map(move |doc| (at, *doc)));
    let cosines = owned.map(|(at, doc)| f64::from(dot(vectors.row(doc.at()), centroids.row(at.at()))));
    cosines.sum::<f64>() / vectors.n_rows() as f64
}

/// Vectors on the unit sphere: a topic, 0.7 of a narrower one, 0.7 of their own. Half of all are of 25 topics.
fn vectors(n_rows: usize) -> Matrix {
    let mut rng = stream(7, Purpose::Synth);
    let mut centres = Matrix::zeros(TOPICS + TOPICS * TOPICS, DIM);
    fill_normal(centres.values_mut(), 1.0, &mut rng);
    let mut vectors = Matrix::zeros(n_rows, DIM);
    vectors.values_mut().par_chunks_exact_mut(DIM).enumerate().for_each(|(row, vector)| {
        let mut rng = stream(7, Purpose::Construction { doc: row });
        let mut skewed = || (TOPICS as f64 * rng.random::<f64>().powi(2)) as usize;
        let (topic, narrower) = (skewed(), skewed());
        fill_normal(vector, 0.7, &mut rng);
        add_scaled(1.0, centres.row(topic), vector);
        add_scaled(0.7, centres.row(TOPICS + topic * TOPICS + narrower), vector);
        rootward_kernels::normalise_rows(vector, DIM, &mut [0.0]);
    });
    vectors
}
