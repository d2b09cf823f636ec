//! What searching costs, exactly and by the tree, and what making ready for it does.
//!
//! `cargo bench -p rootward-index --bench search -- KIND DOCS DIM [K ...]` prints a line of JSON; `KIND` is `clustered` or
//! `isotropic`, and `K` defaults to 10 and 200. `--write FOLDER` only writes the vectors, as .npy, for
//! `bench/peers/index.py`. The number of threads is `RAYON_NUM_THREADS`. Rates are queries a second, medians of several
//! rounds over 256 queries, in one batch and one by one; the beam is the least that
//! reaches a recall on these, beside the one that 1,024 other queries ask for and the recall that this has here.

#[path = "../../rootward/benches/system/npy.rs"]
mod npy;
#[path = "../../rootward/benches/system/process.rs"]
mod process;
#[path = "search/vectors.rs"]
mod vectors;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rootward::doc_tree::DocTree;
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward_index::descent::{self, calibrate, search_shape};
use rootward_index::ids::Ids;
use rootward_index::tuning::ERRORS;
use rootward_index::vectors::Vectors;
use rootward_index::{Block, Documents, Routing, exact};
use serde_json::{Value, json};

use npy::write_npy;
use process::{cpu_seconds, peak_bytes};
use vectors::{Kind, vectors};

const QUERIES: usize = 256;
/// Queries beside these, on which a beam is calibrated as an index would.
const HELD_OUT: usize = 1_024;
/// How long each rate is measured, at least.
const REPEAT: Duration = Duration::from_millis(700);
const RECALLS: [f64; 2] = [0.95, 0.99];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let kind = if arguments.iter().any(|argument| argument == "isotropic") {
        Kind::Isotropic
    } else {
        Kind::Clustered
    };
    let folder = arguments.iter().position(|argument| argument == "--write").map(|at| &arguments[at + 1]);
    let numbers: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let (n_docs, dim) = (numbers.first().copied().unwrap_or(100_000), numbers.get(1).copied().unwrap_or(64));
    let ks = if numbers.len() > 2 { &numbers[2..] } else { &[10, 200][..] };
    let (docs, queries) = vectors(kind, n_docs, QUERIES + HELD_OUT, dim);
    if let Some(folder) = folder {
        write_npy(&format!("{folder}/docs.npy"), &docs).expect("the folder is there");
        write_npy(&format!("{folder}/queries.npy"), &queries).expect("the folder is there");
        return;
    }
    println!("{}", measure(&docs, &queries, ks));
}

/// Some rows of a matrix.
fn rows(of: &Matrix, from: usize, to: usize) -> Matrix {
    Matrix::new(to - from, of.dim(), of.values()[from * of.dim()..to * of.dim()].to_vec())
        .expect("whole rows")
}

fn measure(docs: &Matrix, queries: &Matrix, ks: &[usize]) -> Value {
    let (mut held, mut ids) = (Vectors::new(docs.dim()), Ids::default());
    for doc in 0..docs.n_rows() {
        held.put(DocIdx(doc as u32), docs.row(doc));
        ids.put(DocIdx(doc as u32), &doc.to_string());
    }
    let (cpu, began) = (cpu_seconds(), Instant::now());
    let tree = DocTree::grow(docs, search_shape(docs.n_rows()), 7).expect("the vectors are finite");
    let tree_s = began.elapsed().as_secs_f64();
    let mut blocks: Vec<Option<Arc<Block>>> = vec![None; tree.n_slots()];
    let leaves: Vec<_> = tree.nodes().filter(|(_, node)| !node.docs.is_empty()).collect();
    let made: Vec<_> =
        leaves.par_iter().map(|(at, node)| (at.at(), Arc::new(Block::of(&node.docs, &held)))).collect();
    made.into_iter().for_each(|(at, block)| blocks[at] = Some(block));
    let blocks_s = began.elapsed().as_secs_f64() - tree_s;
    let routing = Routing::of(tree.dim(), &tree.parents(), &blocks);
    let of = Documents { blocks: &blocks, vectors: &held, ids: &ids, routing: &routing };
    let (build_s, build_cpu_s) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let sizes: Vec<usize> = leaves.iter().map(|(_, node)| node.docs.len()).collect();
    let bytes: usize = blocks.iter().flatten().map(|block| block.bytes()).sum();
    let (asked, others) = (rows(queries, 0, QUERIES), rows(queries, QUERIES, QUERIES + HELD_OUT));
    let searches: Vec<Value> = ks.iter().map(|k| searches(of, &asked, &others, *k)).collect();
    json!({
        "docs": docs.n_rows(), "dim": docs.dim(), "threads": rayon::current_num_threads(), "build_s": build_s,
        "build_cpu_s": build_cpu_s, "tree_s": tree_s, "blocks_s": blocks_s, "leaves": sizes.len(),
        "depth": tree.depth(), "largest": sizes.iter().max(), "codes_mb": bytes as f64 / 1e6,
        "peak_mb": peak_bytes() / 1e6, "searches": searches,
    })
}

fn searches(of: Documents<'_>, asked: &Matrix, others: &Matrix, k: usize) -> Value {
    let truth = exact::top_k(of, asked, k, None);
    let batch = rate(asked, |queries| exact::top_k(of, queries, k, None), QUERIES);
    let single = rate(asked, |queries| exact::top_k(of, queries, k, None), 1);
    let trees: Vec<Value> = RECALLS
        .iter()
        .map(|recall| {
            let found = calibrate(of, asked, k, *recall, 0.0);
            let held_out = calibrate(of, others, k, *recall, ERRORS);
            let answers = descent::top_k(of, held_out.beam, asked, k, None);
            let hits = answers.iter().zip(&truth).map(|(a, b)| b.iter().filter(|hit| a.contains(hit)).count());
            let batch = rate(asked, |queries| descent::top_k(of, found.beam, queries, k, None), QUERIES);
            let single = rate(asked, |queries| descent::top_k(of, found.beam, queries, k, None), 1);
            json!({
                "asked": recall, "beam": found.beam.leaves, "recall": found.recall, "held_out_beam": held_out.beam.leaves,
                "held_out_recall": hits.sum::<usize>() as f64 / (k * QUERIES) as f64, "batch": batch, "single": single,
            })
        })
        .collect();
    json!({ "k": k, "exact": { "batch": batch, "single": single }, "trees": trees })
}

/// Queries a second, some at a time: the median over rounds by the clock and by the processor's.
fn rate<T>(queries: &Matrix, search: impl Fn(&Matrix) -> T, at_once: usize) -> Value {
    let batches: Vec<Matrix> =
        (0..queries.n_rows()).step_by(at_once).map(|from| rows(queries, from, from + at_once)).collect();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut rounds = Vec::new();
    while rounds.len() < 3 || began.elapsed() < REPEAT {
        let round = Instant::now();
        batches.iter().for_each(|batch| drop(search(batch)));
        rounds.push(queries.n_rows() as f64 / round.elapsed().as_secs_f64());
    }
    let cpu_ms = 1e3 * (cpu_seconds() - cpu) / (rounds.len() * queries.n_rows()) as f64;
    rounds.sort_by(f64::total_cmp);
    json!({ "per_s": rounds[rounds.len() / 2], "best_per_s": rounds[rounds.len() - 1], "cpu_ms": cpu_ms })
}
