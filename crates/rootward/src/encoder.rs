//! The seam between losses and encoders.
//!
//! An encoder turns inputs into vectors and takes gradients of those vectors back. No loss knows an encoder, and no
//! encoder knows a loss: a new encoder trains with every recipe, and a new loss trains every encoder.

use std::borrow::Cow;
use std::path::Path;

use crate::dataset::{Dataset, Document};
use crate::files::WriteError;
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
    /// What there is to read of it.
    pub text: Text<'a>,
}

/// The words of a query or document, as they lie in the data set: an encoder that does not read pays nothing for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text<'a> {
    /// What a person calls it; empty for a query.
    pub title: &'a str,
    /// Other words for it; none for a query.
    pub synonyms: &'a [String],
    /// What it says.
    pub body: &'a str,
}

impl<'a> Input<'a> {
    /// A query of a data set.
    pub fn query(data: &'a Dataset, query: QueryIdx) -> Self {
        Input { idx: query.0, text: Text::plain(&data.queries[query.at()].text) }
    }

    /// Queries of a data set, in the order asked for.
    pub fn queries(data: &'a Dataset, queries: &[QueryIdx]) -> Vec<Self> {
        queries.iter().map(|query| Input::query(data, *query)).collect()
    }

    /// A document of a data set.
    pub fn doc(data: &'a Dataset, doc: DocIdx) -> Self {
        Input { idx: doc.0, text: Text::of(&data.docs[doc.at()]) }
    }

    /// All documents of a data set, in order.
    pub fn all_docs(data: &'a Dataset) -> Vec<Self> {
        (0..data.docs.len() as u32).map(|doc| Input::doc(data, DocIdx(doc))).collect()
    }
}

impl<'a> Text<'a> {
    /// Words without a title.
    pub fn plain(body: &'a str) -> Self {
        Text { body, ..Text::default() }
    }

    /// What a document says.
    pub fn of(doc: &'a Document) -> Self {
        Text { title: &doc.title, synonyms: &doc.synonyms, body: &doc.text }
    }

    /// Title, synonyms and body as one text: `title, synonym, synonym body`.
    pub fn whole(self) -> Cow<'a, str> {
        if self.title.is_empty() && self.synonyms.is_empty() {
            return Cow::Borrowed(self.body);
        }
        let names = std::iter::once(self.title).chain(self.synonyms.iter().map(String::as_str));
        let mut whole = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
        if !whole.is_empty() && !self.body.is_empty() {
            whole.push(' ');
        }
        whole.push_str(self.body);
        Cow::Owned(whole)
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
    /// A network could not read a text.
    #[error("a text could not be encoded: {cause}")]
    Network {
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl EncodeError {
    /// Makes sure that gradients fit the inputs that they belong to.
    ///
    /// # Errors
    /// When `grad` is not of shape `(n_inputs, dim)`.
    pub fn check_gradient(n_inputs: usize, dim: usize, grad: &Matrix) -> Result<(), EncodeError> {
        if (grad.n_rows(), grad.dim()) == (n_inputs, dim) {
            return Ok(());
        }
        let (got_rows, got_dim) = (grad.n_rows(), grad.dim());
        Err(EncodeError::Gradient { expected_rows: n_inputs, expected_dim: dim, got_rows, got_dim })
    }
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

    /// Whether vectors follow from texts, so that what was never trained has one too.
    fn reads_texts(&self, side: Side) -> bool;
}

/// An encoder that learns: it takes back the gradients of the vectors that it gave.
pub trait Trainable: Encoder {
    /// The vectors of the inputs as [`Trainable::backward`] differentiates them: with dropout, where there is any.
    ///
    /// # Errors
    /// When the encoder has no vector for an input.
    fn encode_in_training(&mut self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        self.encode(side, inputs)
    }

    /// Collects `d loss / d encode_in_training(side, inputs)` until the next [`Trainable::step`].
    ///
    /// Inputs are those of the last [`Trainable::encode_in_training`] of that side.
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

    /// Writes into a folder all that encoding needs.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<(), WriteError> {
        self.tensors(Keep::Model).write(&folder.join(PARAMETERS))
    }

    /// Takes back what [`Trainable::tensors`] gave; parts that are not in `tensors` stay as they are.
    ///
    /// # Errors
    /// When a tensor has another shape than the encoder's, or the parameters are missing.
    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError>;
}

/// The file of an encoder's parameters in the folder of a model.
pub const PARAMETERS: &str = "model.safetensors";

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
        let named = |idx, body| Input { idx, text: Text { title: "a title", synonyms: &[], body } };
        assert_eq!(Input::query(&data, QueryIdx(0)), Input { idx: 0, text: Text::plain("what") });
        assert_eq!(Input::doc(&data, DocIdx(1)), named(1, "two"));
        assert_eq!(Input::all_docs(&data), [named(0, "one"), named(1, "two")]);
    }

    #[test]
    fn a_text_is_read_with_its_title_and_synonyms() {
        let synonyms = ["sandals".to_owned(), "flip-flop".to_owned()];
        let whole = |title, synonyms, body| Text { title, synonyms, body }.whole().into_owned();
        assert_eq!(whole("sandal", &synonyms, "a shoe"), "sandal, sandals, flip-flop a shoe");
        assert_eq!(whole("sandal", &[], ""), "sandal");
        assert_eq!(whole("", &synonyms[..1], "a shoe"), "sandals a shoe");
        assert!(matches!(Text::plain("a shoe").whole(), Cow::Borrowed("a shoe")));
    }
}
