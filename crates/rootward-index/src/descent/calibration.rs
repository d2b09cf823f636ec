//! The least beam that finds enough.

use std::collections::BTreeSet;

use rootward::ids::DocIdx;
use rootward::matrix::Matrix;

use super::{Beam, top_k};
use crate::exact::{self, Documents, Scored};

/// A beam, and what it was measured to find.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibrated {
    /// The least that reaches the recall asked for.
    pub beam: Beam,
    /// The share of the exact best `k` that it finds, the mean over the queries.
    pub recall: f64,
    /// The queries that it was measured on.
    pub n_queries: usize,
}

/// The least beam whose recall at `k` over `queries` is at least `recall`.
///
/// Found by bisection, as if a wider beam never found less. All leaves, and a recall of 1, where there are no queries.
///
/// # Panics
/// As [`top_k`](super::top_k).
pub fn calibrate(of: Documents<'_>, queries: &Matrix, k: usize, recall: f64) -> Calibrated {
    let n_queries = queries.n_rows();
    let all = Beam { leaves: of.routing.n_leaves().max(1) };
    let mut best = Calibrated { beam: all, recall: 1.0, n_queries };
    let truth = exact::top_k(of, queries, k, None);
    let (mut least, mut enough) = (1, all.leaves);
    while least < enough && n_queries > 0 {
        // Steps by factors: few of the widest beams, which take longest, are tried.
        let leaves = (((least * enough) as f64).sqrt() as usize).clamp(least, enough - 1);
        let beam = Beam { leaves };
        let measured = share(&top_k(of, beam, queries, k, None), &truth);
        if measured >= recall {
            enough = leaves;
            best = Calibrated { beam, recall: measured, n_queries };
        } else {
            least = leaves + 1;
        }
    }
    best
}

/// The mean share of what is true that was found; 1 where there is nothing to be found.
fn share(found: &[Vec<Scored>], truth: &[Vec<Scored>]) -> f64 {
    let shares = found.iter().zip(truth).map(|(found, truth)| {
        let found: BTreeSet<DocIdx> = found.iter().map(|(doc, _)| *doc).collect();
        let hits = truth.iter().filter(|(doc, _)| found.contains(doc)).count();
        if truth.is_empty() { 1.0 } else { hits as f64 / truth.len() as f64 }
    });
    shares.sum::<f64>() / truth.len().max(1) as f64
}
