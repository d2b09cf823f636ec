//! How the numbers of a row become the vector that leaves the encoder, and how gradients come back.
//!
//! Whatever the geometry, a score is the plain inner product of a query's and a document's vector: losses, evaluation
//! and search know nothing of it. A chart works on many rows at a time and does not depend on their order.

use rootward_kernels::{dot, normalise_rows, normalise_rows_back};
use serde::{Deserialize, Serialize};

use crate::encoder::Side;
use crate::matrix::Matrix;

/// What a score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// The inner product of the rows as they are.
    Dot,
    /// The inner product of the rows on the unit sphere: vectors leave the encoder with norm 1.
    Cosine,
    /// Minus the hyperbolic cosine of the distance in hyperbolic space, which ranks as the distance does.
    ///
    /// A row holds the spatial coordinates x of a point of the Lorentz model [Nickel & Kiela, ICML 2018]. A document
    /// leaves the encoder as `(x0, x)`, a query as `(-x0, x)`, with `x0 = sqrt(1 + |x|^2)`: vectors are one number
    /// wider than rows, and their plain inner product is the Lorentzian one.
    Hyperbolic,
}

impl Score {
    /// Numbers of the vector that a row of `dim` numbers becomes.
    pub(crate) fn width(self, dim: usize) -> usize {
        match self {
            Score::Dot | Score::Cosine => dim,
            Score::Hyperbolic => dim + 1,
        }
    }

    /// The vectors of rows: shape `(n, dim)` becomes `(n, width)`.
    pub(crate) fn vectors(self, side: Side, mut rows: Matrix) -> Matrix {
        match self {
            Score::Dot => rows,
            Score::Cosine => {
                normalise(&mut rows);
                rows
            }
            Score::Hyperbolic => {
                let mut vectors = Matrix::zeros(rows.n_rows(), rows.dim() + 1); // (n, width)
                for i in 0..rows.n_rows() {
                    let (row, vector) = (rows.row(i), vectors.row_mut(i));
                    vector[0] = time_sign(side) * time(row);
                    vector[1..].copy_from_slice(row);
                }
                vectors
            }
        }
    }

    /// The gradient with respect to rows from that of their vectors: shape `(n, width)` becomes `(n, dim)`.
    pub(crate) fn pull_back(self, side: Side, mut rows: Matrix, grad: &Matrix) -> Matrix {
        match self {
            Score::Dot => grad.clone(),
            Score::Cosine => {
                let norms = normalise(&mut rows);
                let mut pulled = grad.clone(); // (n, dim)
                normalise_rows_back(rows.values(), &norms, rows.dim(), pulled.values_mut());
                pulled
            }
            Score::Hyperbolic => {
                for i in 0..rows.n_rows() {
                    let (row, grad) = (rows.row_mut(i), grad.row(i));
                    // d x0 / d x = x / x0
                    let along = time_sign(side) * grad[0] / time(row);
                    row.iter_mut().zip(&grad[1..]).for_each(|(x, g)| *x = g + along * *x);
                }
                rows
            }
        }
    }
}

/// Puts rows on the unit sphere and returns the norms that they had.
fn normalise(rows: &mut Matrix) -> Vec<f32> {
    let (mut norms, dim) = (vec![0.0; rows.n_rows()], rows.dim());
    normalise_rows(rows.values_mut(), dim, &mut norms);
    norms
}

/// The coordinate x0 of the point of the Lorentz model with these spatial coordinates.
fn time(row: &[f32]) -> f32 {
    (1.0 + dot(row, row)).sqrt()
}

/// The sign that makes the plain inner product of a query and a document the Lorentzian one.
fn time_sign(side: Side) -> f32 {
    match side {
        Side::Query => -1.0,
        Side::Document => 1.0,
    }
}
