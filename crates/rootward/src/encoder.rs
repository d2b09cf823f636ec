//! The seam between losses and encoders.
//!
//! An encoder turns inputs into vectors and takes gradients of those vectors back. No loss knows an encoder, and no
//! encoder knows a loss: a new encoder trains with every recipe, and a new loss trains every encoder.

use crate::dataset::Dataset;
use crate::ids::{DocIdx, QueryIdx};
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::tensors::{TensorError, Tensors};

/// Which of the two towers an input goes through: relevance is asymmetric, so they are separate  [HR §2].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What is asked.
    Query,
    /// What is retrieved.
    Document,
}

/// One thing to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// Its place among the queries or documents of the data set.
    pub idx: u32,
    /// Its text.
    pub text: &'a str,
}

impl<'a> Input<'a> {
    /// A query of a data set.
    pub fn query(data: &'a Dataset, query: QueryIdx) -> Self {
        Input { idx: query.0, text: &data.queries[query.at()].text }
    }

    /// Queries of a data set, in the order asked for.
    pub fn queries(data: &'a Dataset, queries: &[QueryIdx]) -> Vec<Self> {
        queries.iter().map(|query| Input::query(data, *query)).collect()
    }

    /// A document of a data set.
    pub fn doc(data: &'a Dataset, doc: DocIdx) -> Self {
        Input { idx: doc.0, text: &data.docs[doc.at()].text }
    }

    /// All documents of a data set, in order.
    pub fn all_docs(data: &'a Dataset) -> Vec<Self> {
        (0..data.docs.len() as u32).map(|doc| Input::doc(data, DocIdx(doc))).collect()
    }
}

/// Why an encoder could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A table was asked for a row that it does not have.
    #[error(
        "the {side} table has {n_rows} rows, row {idx} was asked for; was the model trained on this data set?"
    )]
    NoRow {
        /// "query" or "document".
        side: &'static str,
        /// Rows of the table.
        n_rows: usize,
        /// The row asked for.
        idx: u32,
    },
    /// Gradients do not fit the inputs that they belong to.
    #[error(
        "gradients of shape ({expected_rows}, {expected_dim}) were expected, ({got_rows}, {got_dim}) came"
    )]
    Gradient {
        /// Inputs given.
        expected_rows: usize,
        /// Width of the encoder's vectors.
        expected_dim: usize,
        /// Rows of the gradient.
        got_rows: usize,
        /// Width of the gradient.
        got_dim: usize,
    },
}

/// Turns queries and documents into vectors of one space.
pub trait Encoder: Send + Sync {
    /// How many numbers a vector has.
    fn dim(&self) -> usize;

    /// The vectors of the inputs, in their order: shape `(inputs.len(), dim)`.
    ///
    /// The same input gives the same vector, whatever stands beside it and however many threads run.
    ///
    /// # Errors
    /// When the encoder has no vector for an input.
    fn encode(&self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError>;
}

/// An encoder that learns: it takes back the gradients of the vectors that it gave.
pub trait Trainable: Encoder {
    /// Collects `d loss / d encode(side, inputs)` until the next [`Trainable::step`].
    ///
    /// An input may occur several times, in one call or in several: its gradients add up.
    ///
    /// # Errors
    /// When `grad` is not of shape `(inputs.len(), dim)`, or the encoder has no vector for an input.
    fn backward(&mut self, side: Side, inputs: &[Input<'_>], grad: &Matrix) -> Result<(), EncodeError>;

    /// Moves the parameters by the gradients collected since the last step, at this learning rate, and forgets them.
    fn step(&mut self, rate: f32);

    /// Forgets what the optimiser remembers and continues with another one, as at the start of a stage.
    fn start_optimiser(&mut self, optimiser: Optimiser);

    /// The parameters, and with [`Keep::Training`] also what the optimiser remembers.
    fn tensors(&self, keep: Keep) -> Tensors;

    /// Takes back what [`Trainable::tensors`] gave; parts that are not in `tensors` stay as they are.
    ///
    /// # Errors
    /// When a tensor has another shape than the encoder's, or the parameters are missing.
    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError>;
}

/// How much of an encoder is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What encoding needs.
    Model,
    /// What training needs to go on as if it had never stopped.
    Training,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Document, Judgements, Query};
    use crate::hierarchy::Hierarchy;

    #[test]
    fn inputs_carry_the_place_and_the_text_of_a_query_or_document() {
        let doc = |text: &str| Document {
            id: text.to_uppercase(),
            title: "a title".to_owned(),
            text: text.to_owned(),
            synonyms: Vec::new(),
        };
        let query = Query::new("q", "what");
        let (docs, hierarchy) = (vec![doc("one"), doc("two")], Hierarchy::new(2, &[]).unwrap());
        let data = Dataset::judged("small".to_owned(), docs, hierarchy, vec![query], Judgements::default());
        assert_eq!(Input::query(&data, QueryIdx(0)), Input { idx: 0, text: "what" });
        assert_eq!(Input::doc(&data, DocIdx(1)), Input { idx: 1, text: "two" });
        assert_eq!(Input::all_docs(&data), [Input { idx: 0, text: "one" }, Input { idx: 1, text: "two" }]);
    }
}
