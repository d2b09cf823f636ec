//! The document tree in a model's folder, held against a data set, and rankings by the way down it.
//!
//! A tree knows documents by their places in the corpus that it was trained on. Of another corpus it says nothing, so
//! it is handed out for its own alone.

use std::path::Path;

use anyhow::{Context, bail};
use rootward::dataset::Dataset;
use rootward::doc_tree::DocTree;
use rootward::doc_tree::decode::{Compared, Decoder, Walk};
use rootward::eval::Truth;
use rootward::matrix::Matrix;
use rootward::model::{self, Model, TrainedOn};
use rootward::recipe::Recipe;
use rootward::run::Run;

use crate::answers::{can_answer, doc_vectors, query_vectors};
use crate::progress::Bar;
use crate::ranked::DEPTH;

/// What is known of a model's tree.
pub(crate) enum Known {
    /// The model was trained without one.
    Nothing,
    /// Its documents are others than those of the data set.
    OtherDocuments,
    /// The tree, and what stands for its nodes: shape `(slots, dim)`.
    Tree(Box<DocTree>, Matrix),
}

/// How a query walks down, and what is kept of what it finds.
#[derive(Clone, Copy)]
pub(crate) struct Descent {
    /// The nodes of a level that are looked into.
    pub(crate) beam: usize,
    /// Documents of a ranking that are kept; [`DEPTH`] or |S(q)| where that is more.
    pub(crate) depth: usize,
}

/// The tree in the folder of a model, for a data set.
///
/// # Errors
/// When it cannot be read or is damaged.
pub(crate) fn saved_tree(folder: &Path, model: &Model, data: &Dataset) -> anyhow::Result<Known> {
    let saved = model::tree(folder).with_context(|| folder.display().to_string())?;
    Ok(match saved {
        None => Known::Nothing,
        Some(_) if model.config.data.corpus != TrainedOn::of(data).corpus => Known::OtherDocuments,
        Some((tree, nodes)) => Known::Tree(Box::new(tree), nodes),
    })
}

/// The rankings of a model's tree: those documents of each query that a beam search from the root reaches, the
/// likeliest first. What it does not reach is not listed.
///
/// # Errors
/// When the model does not belong to the data set or has no tree over its documents, or a score is not a number.
pub(crate) fn decode(
    folder: &Path,
    model: &Model,
    data: &Dataset,
    truth: &Truth<'_>,
    descent: Descent,
) -> anyhow::Result<Run> {
    model.belongs_to(data)?;
    can_answer(&*model.encoder, data, truth.pairs.queries())?;
    let name = folder.display();
    let (tree, nodes) = match saved_tree(folder, model, data)? {
        Known::Tree(tree, nodes) => (tree, nodes),
        Known::Nothing => bail!(
            "{name} was trained without a document tree: train a recipe whose stages have `tree`, such as \
             hce-supervised, or leave --decode out"
        ),
        Known::OtherDocuments => bail!(
            "the tree in {name} is over the documents of `{}` (checksum {}), these are others, or in another order: train on `{}`, or leave \
             --decode out",
            model.config.data.name,
            model.config.data.corpus,
            data.name
        ),
    };
    let walk = Walk { beam: descent.beam, temperature: temperature(folder)? };
    let queries = query_vectors(&*model.encoder, data, truth.pairs.queries())?; // (queries, dim)
    let docs = doc_vectors(&*model.encoder, data)?; // (documents, dim)
    let compared = Compared { queries: &queries, nodes: &nodes, docs: &docs };
    let decoder = Decoder::new(&tree, compared, walk).with_context(|| folder.display().to_string())?;
    let most_relevant = (0..truth.pairs.n_queries()).map(|row| truth.pairs.relevant(row).len()).max();
    let depth = descent.depth.max(DEPTH).max(most_relevant.unwrap_or(0));
    let bar = Bar::new("decode", queries.n_rows());
    let asked = truth.pairs.queries();
    let run = Run::of_scores(&decoder, asked, truth.names, depth, &|done| bar.at(done))?;
    bar.clear();
    Ok(run)
}

/// What inner products are divided by on the way down: the temperature of the last stage that had a tree.
fn temperature(folder: &Path) -> anyhow::Result<f32> {
    let path = folder.join("recipe.toml");
    let text = model::recipe_text(folder).with_context(|| format!("{} could not be read", path.display()))?;
    let recipe = Recipe::parse(&text, &[]).with_context(|| path.display().to_string())?;
    let tree = recipe.last_tree().with_context(|| {
        format!("{} has no stage with a `tree`, and the folder has one: train it again", path.display())
    })?;
    Ok(tree.temperature)
}
