//! What ranks: a model, or BM25.

use std::path::Path;

use anyhow::{anyhow, bail};
use rootward::bm25::{Bm25, LUCENE};
use rootward::dataset::Dataset;
use rootward::encoder::{Input, Side};
use rootward::eval::{NanRow, Products, Scorer, Vectors, each_row};
use rootward::ids::QueryIdx;
use rootward::matrix::Matrix;
use rootward::model::Model;

use crate::answers::{Answers, Question, can_answer, doc_vectors};
use crate::bodies::open_body;

/// What scores all documents for any question.
pub(crate) enum Ranker {
    /// A model with the vectors of all documents.
    Model {
        model: Box<Model>,
        docs: Matrix,
    },
    Bm25(Bm25),
}

impl Ranker {
    /// The model in a folder, or BM25 where there is none.
    ///
    /// # Errors
    /// When the folder holds no model, or one of another data set.
    pub(crate) fn open(folder: Option<&Path>, data: &Dataset) -> anyhow::Result<Self> {
        match folder {
            Some(folder) => Ranker::model(Model::open(folder, &open_body)?, data),
            None => Ok(Ranker::bm25(data)),
        }
    }

    /// A model of the data set, with its documents encoded once.
    ///
    /// # Errors
    /// When it is of another data set.
    pub(crate) fn model(model: Model, data: &Dataset) -> anyhow::Result<Self> {
        model.belongs_to(data)?;
        let docs = doc_vectors(&*model.encoder, data)?; // (documents, dim)
        Ok(Ranker::Model { model: Box::new(model), docs })
    }

    /// The words of the documents, counted once.
    pub(crate) fn bm25(data: &Dataset) -> Self {
        Ranker::Bm25(Bm25::new(&data.docs, LUCENE))
    }

    /// The questions that a text may mean: to a model of tables the queries that it knows by that name, to what reads
    /// texts the text as it is, or the one query that it is.
    ///
    /// # Errors
    /// When a model of tables knows no such query.
    pub(crate) fn questions(
        &self,
        answers: &Answers<'_>,
        id: &str,
        text: &str,
    ) -> anyhow::Result<Vec<Question>> {
        match self {
            Ranker::Model { model, .. } if !model.answers_anything() => answers.find(text),
            Ranker::Model { .. } | Ranker::Bm25(_) => Ok(match answers.known(text) {
                known if known.len() == 1 => known,
                _ => vec![Question { id: id.to_owned(), text: text.to_owned(), query: None }],
            }),
        }
    }

    /// What `visit` makes of each question's scores, in the order of the questions.
    ///
    /// # Errors
    /// When a model of tables was not trained on a question, or a score is not a number.
    pub(crate) fn rank<T: Send>(
        &self,
        data: &Dataset,
        questions: &[Question],
        visit: impl Fn(&Question, &[f32]) -> T + Sync,
    ) -> anyhow::Result<Vec<T>> {
        self.with_scores(data, questions, |scorer| {
            let ranked = each_row(scorer, &|_| (), |row, scores| visit(&questions[row], scores));
            ranked.map_err(|NanRow(row)| {
                anyhow!("a score of `{}` is not a number; the model may have diverged", questions[row].id)
            })
        })
    }

    /// What `f` makes of the scores of all documents for these questions, row by row.
    ///
    /// # Errors
    /// When a model of tables was not trained on a question, or `f` fails.
    pub(crate) fn with_scores<T>(
        &self,
        data: &Dataset,
        questions: &[Question],
        f: impl FnOnce(&dyn Scorer) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        match self {
            Ranker::Model { model, docs } => {
                let asked: Vec<QueryIdx> = questions.iter().filter_map(|question| question.query).collect();
                if asked.len() < questions.len() && !model.answers_anything() {
                    bail!("a model of tables answers only queries of `{}`", data.name);
                }
                can_answer(&*model.encoder, data, &asked)?;
                let inputs: Vec<Input<'_>> = questions.iter().map(Question::input).collect();
                let queries = model.encoder.encode(Side::Query, &inputs)?; // (questions, dim)
                f(&Products::new(Vectors { queries: &queries, docs }))
            }
            Ranker::Bm25(index) => f(&index.ask(questions.iter().map(|question| question.text.as_str()))),
        }
    }

    /// What it is, in a few words, for the tag of a run.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Ranker::Model { .. } => "rootward",
            Ranker::Bm25(_) => "bm25",
        }
    }
}
