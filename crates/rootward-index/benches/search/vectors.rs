//! Vectors that benchmarks search.

use rand::{Rng, RngExt};
use rayon::prelude::*;
use rootward::matrix::Matrix;
use rootward::random::{Purpose, fill_normal, stream};
use rootward_kernels::{add_scaled, normalise_rows};

const TOPICS: usize = 100;

/// How directions lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In 100 topics of very unequal size, each with 100 narrower ones.
    Clustered,
    /// Everywhere alike.
    Isotropic,
}

/// Documents and queries of one kind: the same directions, norms as `exp` of a normal number of deviation 0.3.
pub(crate) fn vectors(kind: Kind, n_docs: usize, n_queries: usize, dim: usize) -> (Matrix, Matrix) {
    let mut centres = Matrix::zeros(TOPICS + TOPICS * TOPICS, dim);
    fill_normal(centres.values_mut(), 1.0, &mut stream(7, Purpose::Synth));
    let draw = |from: usize, n_rows: usize| {
        let mut rows = Matrix::zeros(n_rows, dim);
        rows.values_mut().par_chunks_exact_mut(dim).enumerate().for_each(|(row, vector)| {
            let mut rng = stream(7, Purpose::Construction { doc: from + row });
            if kind == Kind::Clustered {
                topic(&centres, vector, &mut rng);
            } else {
                fill_normal(vector, 1.0, &mut rng);
            }
            normalise_rows(vector, dim, &mut [0.0]);
            let mut norm = [0.0];
            fill_normal(&mut norm, 0.3, &mut rng);
            vector.iter_mut().for_each(|x| *x *= norm[0].exp());
        });
        rows
    };
    (draw(0, n_docs), draw(n_docs, n_queries))
}

/// A topic, 0.7 of a narrower one, 0.7 of its own. Half of all are of 25 topics.
fn topic(centres: &Matrix, vector: &mut [f32], rng: &mut impl Rng) {
    let mut skewed = || (TOPICS as f64 * rng.random::<f64>().powi(2)) as usize;
    let (topic, narrower) = (skewed(), skewed());
    fill_normal(vector, 0.7, rng);
    add_scaled(1.0, centres.row(topic), vector);
    add_scaled(0.7, centres.row(TOPICS + topic * TOPICS + narrower), vector);
}
