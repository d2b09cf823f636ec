//! What every index promises to those who ask it.

use rootward::matrix::Matrix;

use crate::error::IndexError;
use crate::filter::Filter;

/// A document that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// How well it fits: the greater the better.
    pub score: f32,
}

/// Something that finds the documents with the greatest inner products.
///
/// The contract, which one suite of tests holds every implementation to:
/// - The answers stand in the order of the queries, in each the greatest score first, equal scores by id in descending
///   order, and no document twice.
/// - There are `k` hits, or as many as there are documents that the filter lets through, if these are fewer.
/// - A score is the inner product of the two vectors, neither of which is normalised.
/// - A search sees all changes that were acknowledged before it began, and of each other change all or nothing.
/// - No queries, `k = 0` and an empty index give empty answers.
/// - What is searched, and in which order, does not depend on the number of threads.
///
/// Exact search returns those with the greatest scores of all. Others may miss some, and say how many they do.
pub trait Search: Send + Sync {
    /// How many numbers a vector has.
    fn dim(&self) -> usize;

    /// The best `k` documents of each query, of those that the filter lets through.
    ///
    /// # Shapes
    /// - `queries`: `(queries, dim)`
    ///
    /// # Errors
    /// When the queries are of another width or hold a NaN or an infinity, the filter names what the index does not
    /// have, or the index cannot be read.
    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError>;
}

/// Refuses queries that no index of vectors of `dim` numbers can answer.
///
/// # Errors
/// When they are of another width or hold a NaN or an infinity.
pub(crate) fn check_queries(queries: &Matrix, dim: usize) -> Result<(), IndexError> {
    if queries.dim() != dim {
        return Err(IndexError::Dim { what: "a query".to_owned(), expected: dim, got: queries.dim() });
    }
    let is_finite = |row: &usize| queries.row(*row).iter().all(|number| number.is_finite());
    match (0..queries.n_rows()).find(|row| !is_finite(row)) {
        Some(row) => Err(IndexError::NotFinite { what: format!("query {row}") }),
        None => Ok(()),
    }
}
