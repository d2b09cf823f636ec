//! The contrast of siblings: each query is told apart from few columns, and from others than its neighbour  [HCE].
//!
//! Going down a document tree is a choice among siblings at every level, so the loss is a sum of many small softmaxes,
//! each over its own list of columns: documents, or the vectors of nodes that stand for those below them. Work grows with
//! the lists and not with queries × columns. Gradients of a column are added up in the order of the contests that name
//! it, so results do not depend on the number of threads.

use rayon::prelude::*;
use rootward_kernels::{add_scaled, dot};

use super::{LossError, LossGrad, check_temperature, check_vectors, softplus};
use crate::matrix::Matrix;
use crate::rows::Rows;

/// Small softmaxes: in each a query should prefer one column to its rivals.
///
/// Contests of one query follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Contests<'a> {
    /// For each contest the row of its query; never less than that of the contest before it.
    pub queries: &'a [u32],
    /// For each contest the column that should win.
    pub winners: &'a [u32],
    /// For each contest the columns that should not.
    pub rivals: &'a Rows<u32>,
    /// For each contest the natural logarithm of the weight of each rival; `None` weighs all alike.
    pub log_weights: Option<&'a Rows<f32>>,
    /// For each contest how much its loss counts, finite and 0 or more.
    pub weights: &'a [f32],
}

/// The sum of sibling contrasts of each query, with its gradients; the mean over the batch.
///
/// `sum over contests of -v log( exp(s_p) / (exp(s_p) + sum over rivals r of w_r exp(s_r)) ) / batch`, where a contest
/// counts v, p is its winner and `s = query · column / temperature`  [HCE §3].
///
/// # Shapes
/// - `queries`: `(batch, dim)`, `columns`: `(n_columns, dim)`; contests name rows and columns of these
/// - result: the loss, and its gradients in the shapes of the inputs (`docs` are the columns)
///
/// # Errors
/// When shapes, rows or columns do not fit, the temperature is not above 0, or a vector or score is not finite.
pub fn sibling_softmax(
    queries: &Matrix,
    columns: &Matrix,
    contests: Contests<'_>,
    temperature: f32,
) -> Result<LossGrad, LossError> {
    check_temperature(temperature)?;
    check_vectors(queries, columns)?;
    contests.check(queries.n_rows(), columns.n_rows())?;
    let (batch, dim) = (queries.n_rows(), queries.dim());
    let scale = 1.0 / (f64::from(temperature) * batch.max(1) as f64);

    let n_contests = contests.queries.len();
    let outcomes: Vec<Outcome> = (0..n_contests)
        .into_par_iter()
        .with_min_len(CONTESTS)
        .map(|at| contests.decide(at, queries, columns, temperature, scale))
        .collect::<Result<_, _>>()?;

    // A contest pulls its winner and pushes its rivals, and the query the other way round.
    let pulls = || {
        outcomes.iter().enumerate().flat_map(|(at, outcome)| {
            let named = contests.rivals.row(at).iter().chain([&contests.winners[at]]);
            let query = contests.queries[at];
            named.zip(&outcome.slopes).map(move |(column, slope)| (query, *column, *slope))
        })
    };
    let by_column = Rows::group(columns.n_rows(), pulls().map(|(q, c, slope)| (c as usize, (q, slope))));
    let by_query = Rows::group(batch, pulls().map(|(q, c, slope)| (q as usize, (c, slope))));
    let gradients = |n_rows: usize, terms: &Rows<(u32, f32)>, of: &Matrix| {
        let mut grads = Matrix::zeros(n_rows, dim);
        if dim > 0 {
            grads.values_mut().par_chunks_exact_mut(dim).enumerate().for_each(|(row, grad)| {
                terms.row(row).iter().for_each(|(at, slope)| add_scaled(*slope, of.row(*at as usize), grad));
            });
        }
        grads
    };
    Ok(LossGrad {
        loss: outcomes.iter().map(|outcome| outcome.loss).sum::<f64>() / batch.max(1) as f64,
        queries: gradients(batch, &by_query, columns),
        docs: gradients(columns.n_rows(), &by_column, queries),
    })
}

/// Contests that one task decides at least.
const CONTESTS: usize = 64;

/// What came of one contest.
struct Outcome {
    /// Its loss, weighed.
    loss: f64,
    /// The slope of the batch's loss over each score before the temperature: the rivals', then the winner's.
    slopes: Vec<f32>,
}

impl Contests<'_> {
    fn decide(
        &self,
        at: usize,
        queries: &Matrix,
        columns: &Matrix,
        temperature: f32,
        scale: f64,
    ) -> Result<Outcome, LossError> {
        let query = self.queries[at] as usize;
        let score =
            |column: u32| f64::from(dot(queries.row(query), columns.row(column as usize)) / temperature);
        let log_weights = self.log_weights.map_or(&[][..], |weights| weights.row(at));
        let weighted = self.rivals.row(at).iter().enumerate().map(|(place, column)| {
            score(*column) + log_weights.get(place).map_or(0.0, |weight| f64::from(*weight))
        });
        let mut terms: Vec<f64> = weighted.collect();
        let winner = score(self.winners[at]);
        let max = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !winner.is_finite() || terms.iter().any(|term| !term.is_finite()) {
            return Err(LossError::Diverged { query });
        }
        terms.iter_mut().for_each(|term| *term = (*term - max).exp());
        let sum: f64 = terms.iter().sum();
        // Without rivals the sum is 0, r minus infinity, and nothing pulls.
        let r = max + sum.ln() - winner;
        let counts = f64::from(self.weights[at]);
        let pull = if terms.is_empty() { 0.0 } else { counts * scale / (1.0 + (-r).exp()) };
        let loss = if terms.is_empty() { 0.0 } else { counts * softplus(r) };
        let pushed = terms.iter().map(|term| (pull * term / sum) as f32);
        Ok(Outcome { loss, slopes: pushed.chain([-pull as f32]).collect() })
    }

    fn check(&self, batch: usize, n_columns: usize) -> Result<(), LossError> {
        let n_contests = self.queries.len();
        let counted = [
            ("winners of contests", self.winners.len()),
            ("rows of rivals", self.rivals.len()),
            ("rows of weights of rivals", self.log_weights.map_or(n_contests, Rows::len)),
            ("weights of contests", self.weights.len()),
        ];
        for (what, got) in counted {
            if got != n_contests {
                return Err(LossError::Shape { what, expected: n_contests, got });
            }
        }
        for (at, query) in self.queries.iter().map(|query| *query as usize).enumerate() {
            if query >= batch {
                return Err(LossError::Shape {
                    what: "queries of contests",
                    expected: batch,
                    got: query + 1,
                });
            }
            let mut named = self.rivals.row(at).iter().chain([&self.winners[at]]);
            if let Some(column) = named.find(|column| **column as usize >= n_columns) {
                return Err(LossError::Column { query, column: *column, n_docs: n_columns });
            }
            let (expected, got) =
                (self.rivals.row(at).len(), self.log_weights.map(|weights| weights.row(at).len()));
            if let Some(got) = got.filter(|got| *got != expected) {
                return Err(LossError::Shape { what: "weights of a contest's rivals", expected, got });
            }
            let found = self.weights[at];
            if !(found.is_finite() && found >= 0.0) {
                return Err(LossError::Weight { query, found });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
