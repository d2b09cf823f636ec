//! Rankings to measure: what is on the command line, opened and brought to one form.
//!
//! A model and a run differ in how they are ranked and arranged anew; here a caller gets an evaluation of either.

use std::path::Path;

use anyhow::bail;
use rootward::dataset::Dataset;
use rootward::encoder::Encoder;
use rootward::eval::{
    Arrangement, Evaluation, Products, Scorer, Truth, Vectors, evaluate_arranged, evaluate_scores,
};
use rootward::hierarchy::Hierarchy;
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward::model::{self, Model};
use rootward::ranking::look_up_ancestors;
use rootward::run::{Run, evaluate_run};

use crate::answers::{can_answer, doc_vectors, query_vectors};
use crate::bodies::open_body;
use crate::progress::Bar;

/// Documents of a ranking that are arranged anew and listed, as deep as runs usually go.
pub(crate) const DEPTH: usize = 1000;

/// The vectors of some queries and of all documents by a model.
pub(crate) struct ModelVectors {
    queries: Matrix,
    docs: Matrix,
}

impl ModelVectors {
    /// Encodes the queries of these pairs and all documents.
    ///
    /// # Errors
    /// When a table has no vector for a query.
    pub(crate) fn of<E: Encoder + ?Sized>(
        encoder: &E,
        data: &Dataset,
        truth: &Truth<'_>,
    ) -> anyhow::Result<Self> {
        can_answer(encoder, data, truth.pairs.queries())?;
        let queries = query_vectors(encoder, data, truth.pairs.queries())?; // (queries, dim)
        let docs = doc_vectors(encoder, data)?; // (documents, dim)
        Ok(ModelVectors { queries, docs })
    }

    /// What scores all documents for the queries.
    pub(crate) fn products(&self) -> Products<'_> {
        Products::new(Vectors { queries: &self.queries, docs: &self.docs })
    }
}

/// A model or a run.
pub(crate) enum Ranked {
    Model(ModelVectors),
    Run(Run),
}

impl Ranked {
    /// Opens a folder as a model and a file as a run.
    ///
    /// # Errors
    /// When it is neither, or does not belong to the data set.
    pub(crate) fn open(path: &Path, data: &Dataset, truth: &Truth<'_>) -> anyhow::Result<Self> {
        if model::exists(path) || path.is_dir() {
            let model = Model::open(path, &open_body)?;
            model.belongs_to(data)?;
            return Ok(Ranked::Model(ModelVectors::of(&*model.encoder, data, truth)?));
        }
        let run = Run::read(path, truth.names)?;
        if !run.queries().any(|query| truth.pairs.queries().contains(&query)) {
            bail!(
                "{} lists no query of this split; lines of `query Q0 document rank score tag` were expected",
                path.display()
            );
        }
        Ok(Ranked::Run(run))
    }

    /// Measures it as it is.
    ///
    /// # Errors
    /// When a score is not a number.
    pub(crate) fn evaluate(&self, name: &str, truth: &Truth<'_>) -> anyhow::Result<Evaluation> {
        match self {
            Ranked::Model(vectors) => evaluate(name, &vectors.products(), truth),
            Ranked::Run(run) => Ok(evaluate_run(run, truth)?),
        }
    }

    /// Measures it with each document followed by its ancestors.
    ///
    /// # Errors
    /// When a score is not a number.
    pub(crate) fn evaluate_looked_up(
        &self,
        name: &str,
        truth: &Truth<'_>,
        hierarchy: &Hierarchy,
    ) -> anyhow::Result<Evaluation> {
        match self {
            Ranked::Model(vectors) => evaluate_looked_up(name, &vectors.products(), truth, hierarchy),
            Ranked::Run(run) => {
                let look_up = |docs: &[DocIdx]| look_up_ancestors(docs, hierarchy, docs.len().max(DEPTH));
                Ok(evaluate_run(&run.arranged(look_up), truth)?)
            }
        }
    }
}

/// Measures scores, with a bar.
///
/// # Errors
/// When a score is not a number.
pub(crate) fn evaluate(name: &str, scorer: &dyn Scorer, truth: &Truth<'_>) -> anyhow::Result<Evaluation> {
    let bar = Bar::new(name, scorer.n_queries());
    let found = evaluate_scores(scorer, truth, &|done| bar.at(done))?;
    bar.clear();
    Ok(found)
}

/// Measures scores with each document followed by its ancestors, with a bar.
///
/// # Errors
/// When a score is not a number.
pub(crate) fn evaluate_looked_up(
    name: &str,
    scorer: &dyn Scorer,
    truth: &Truth<'_>,
    hierarchy: &Hierarchy,
) -> anyhow::Result<Evaluation> {
    let bar = Bar::new(name, scorer.n_queries());
    let look_up = |docs: &[DocIdx], n: usize| look_up_ancestors(docs, hierarchy, n);
    let arrangement = Arrangement { depth: DEPTH, arrange: &look_up };
    let found = evaluate_arranged(scorer, arrangement, truth, &|done| bar.at(done))?;
    bar.clear();
    Ok(found)
}
