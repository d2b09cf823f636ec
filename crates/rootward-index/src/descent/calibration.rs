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

/// The least beam whose recall at `k` over `queries` lies so many standard errors above `recall`, or more.
///
/// With 0 `errors` it is the least that reaches it on these very queries. With 1.645 it finds as much on 19 of 20 draws of
/// other queries like them.
///
/// Found by bisection, as if a wider beam never found less. All leaves, and a recall of 1, where there are no queries.
///
/// # Panics
/// As [`top_k`](super::top_k).
pub fn calibrate(of: Documents<'_>, queries: &Matrix, k: usize, recall: f64, errors: f64) -> Calibrated {
    let n_queries = queries.n_rows();
    let all = Beam { leaves: of.routing.n_leaves().max(1) };
    let mut best = Calibrated { beam: all, recall: 1.0, n_queries };
    let truth = exact::top_k(of, queries, k, None);
    let (mut least, mut enough) = (1, all.leaves);
    while least < enough && n_queries > 0 {
        // Steps by factors: few of the widest beams, which take longest, are tried.
        let leaves = (((least * enough) as f64).sqrt() as usize).clamp(least, enough - 1);
        let beam = Beam { leaves };
        let shares = shares(&top_k(of, beam, queries, k, None), &truth);
        let (mean, error) = mean_and_error(&shares);
        if mean - errors * error >= recall {
            enough = leaves;
            best = Calibrated { beam, recall: mean, n_queries };
        } else {
            least = leaves + 1;
        }
    }
    best
}

/// Of each query the share of what is true that was found; 1 where there is nothing to be found.
fn shares(found: &[Vec<Scored>], truth: &[Vec<Scored>]) -> Vec<f64> {
    let share = |(found, truth): (&Vec<Scored>, &Vec<Scored>)| {
        let found: BTreeSet<DocIdx> = found.iter().map(|(doc, _)| *doc).collect();
        let hits = truth.iter().filter(|(doc, _)| found.contains(doc)).count();
        if truth.is_empty() { 1.0 } else { hits as f64 / truth.len() as f64 }
    };
    found.iter().zip(truth).map(share).collect()
}

/// The mean of some numbers, and its standard error.
fn mean_and_error(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0).max(1.0) / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_mean_is_that_of_its_numbers_over_the_root_of_how_many_they_are() {
        assert_eq!(mean_and_error(&[1.0, 1.0, 1.0]), (1.0, 0.0));
        let (mean, error) = mean_and_error(&[0.0, 1.0, 1.0, 0.0]);
        assert!(mean == 0.5 && (error - (1.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!(mean_and_error(&[0.7]), (0.7, 0.0));
    }
}
