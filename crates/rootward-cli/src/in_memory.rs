//! Training and measuring a recipe without a folder: what a search or a study does many times over.
//!
//! Nothing is written and nothing can be resumed; a run that is interrupted is lost, and what came before it is the
//! caller's. The same data, recipe and seed give the same numbers as `rootward train` and `rootward eval` do.

use anyhow::{Context, anyhow, bail};
use rootward::dataset::{Dataset, Split};
use rootward::doc_tree::DocTree;
use rootward::encoder::Trainable;
use rootward::eval::{Evaluation, Judge, NameTable, Names, Truth, Vectors, evaluate};
use rootward::matrix::Matrix;
use rootward::model;
use rootward::pairs::Pairs;
use rootward::recipe::Recipe;
use rootward::tensors::Tensors;
use rootward::trainer::Trainer;

use crate::answers::{doc_vectors, query_vectors};
use crate::bodies::open_body;
use crate::interrupt;

/// How far a run has come, over all stages of its recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Steps done; those that an early end left out count as done.
    pub(crate) done: usize,
    /// Steps of all stages, were each to last its whole length.
    pub(crate) of: usize,
}

/// Trains a recipe on a data set and measures the model on the queries that it was trained on.
///
/// # Errors
/// When the recipe does not fit the data set, the training diverged, or the user asked to stop.
pub(crate) fn train_and_evaluate(
    data: &Dataset,
    names: &Names<'_>,
    recipe: &Recipe,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<Evaluation> {
    measure(&*train(data, recipe, progress)?, data, names)
}

/// What was trained.
pub(crate) struct Trained {
    pub(crate) encoder: Box<dyn Trainable>,
    /// The document tree that was learned with it, and what stands for its nodes; `None` where the recipe has none.
    pub(crate) tree: Option<(DocTree, Matrix)>,
}

/// Trains a recipe on a data set.
///
/// # Errors
/// When the recipe does not fit the data set, the training diverged, or the user asked to stop.
pub(crate) fn train(
    data: &Dataset,
    recipe: &Recipe,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<Box<dyn Trainable>> {
    trained(data, recipe, progress, |trainer| Ok(trainer.into_encoder()))
}

/// Trains a recipe on a data set, and keeps the document tree that was learned on the way.
///
/// # Errors
/// When the recipe does not fit the data set, the training diverged, or the user asked to stop.
pub(crate) fn train_with_tree(
    data: &Dataset,
    recipe: &Recipe,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<Trained> {
    trained(data, recipe, progress, |mut trainer| {
        trainer.finish_tree()?;
        let tree = trainer.tree().map(|(tree, nodes)| (tree.clone(), nodes));
        Ok(Trained { encoder: trainer.into_encoder(), tree })
    })
}

/// What `take` takes from a trainer that is done.
fn trained<T>(
    data: &Dataset,
    recipe: &Recipe,
    progress: &mut dyn FnMut(Steps),
    take: impl FnOnce(Trainer<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let taught = data.teaching(&recipe.learn_from, recipe.seed)?;
    let table = NameTable::of(&taught);
    let names = table.names();
    let pairs = training_pairs(&taught)?;
    let mut trainer = new_trainer(&taught, &pairs, &names, recipe)?;
    drive(&mut trainer, recipe, recipe.stages.len(), progress)?;
    take(trainer)
}

/// Trains the first stages of a recipe: where every recipe that begins like it can go on.
///
/// # Errors
/// When the recipe does not fit the data set, the training diverged, or the user asked to stop.
pub(crate) fn train_beginning(
    data: &Dataset,
    names: &Names<'_>,
    recipe: &Recipe,
    stages: usize,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<Tensors> {
    let pairs = training_pairs(data)?;
    let mut trainer = new_trainer(data, &pairs, names, recipe)?;
    drive(&mut trainer, recipe, stages, progress)?;
    Ok(trainer.checkpoint()?)
}

/// Trains what is left of a recipe after what [`train_beginning`] has trained of one that begins like it.
///
/// # Errors
/// When the beginning is of another recipe, the training diverged, or the user asked to stop.
pub(crate) fn train_rest(
    data: &Dataset,
    names: &Names<'_>,
    recipe: &Recipe,
    beginning: &Tensors,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<Box<dyn Trainable>> {
    let pairs = training_pairs(data)?;
    let mut trainer = new_trainer(data, &pairs, names, recipe)?;
    trainer.branch(beginning)?;
    drive(&mut trainer, recipe, recipe.stages.len(), progress)?;
    Ok(trainer.into_encoder())
}

/// Measures an encoder on the queries that it was trained on, by what the data set states: guesses are no truth.
///
/// # Errors
/// When a score is not a number.
pub(crate) fn measure(
    encoder: &dyn Trainable,
    data: &Dataset,
    names: &Names<'_>,
) -> anyhow::Result<Evaluation> {
    let pairs = stated_pairs(data)?;
    let queries = query_vectors(encoder, data, pairs.queries())?; // (queries, dim)
    let docs = doc_vectors(encoder, data)?; // (documents, dim)
    let truth = Truth { pairs: &pairs, judge: Judge::Ancestors, names: *names };
    Ok(evaluate(Vectors { queries: &queries, docs: &docs }, &truth, &|_| {})?)
}

/// An error once the user has asked to stop.
pub(crate) fn stop_if_asked() -> anyhow::Result<()> {
    if interrupt::asked() {
        bail!("stopped");
    }
    Ok(())
}

/// What a recipe learns from on a data set.
///
/// # Errors
/// When the data set has no training queries.
pub(crate) fn training_pairs(data: &Dataset) -> anyhow::Result<Pairs> {
    data.training_pairs().with_context(|| no_training_queries(data))
}

/// The pairs of the training queries that a data set states, without guesses: what is measured.
///
/// # Errors
/// When the data set has no training queries.
pub(crate) fn stated_pairs(data: &Dataset) -> anyhow::Result<Pairs> {
    data.pairs(Split::Train).with_context(|| no_training_queries(data))
}

fn no_training_queries(data: &Dataset) -> String {
    format!("data set `{}` has no training queries: expected qrels/train.tsv in it", data.name)
}

/// An encoder as a recipe starts it.
///
/// # Errors
/// When a network that the recipe names cannot be opened.
pub(crate) fn new_encoder(recipe: &Recipe, data: &Dataset) -> anyhow::Result<Box<dyn Trainable>> {
    model::new_encoder(recipe, data, &open_body).map_err(|cause| anyhow!(cause))
}

fn new_trainer<'a>(
    data: &'a Dataset,
    pairs: &'a Pairs,
    names: &'a Names<'a>,
    recipe: &Recipe,
) -> anyhow::Result<Trainer<'a>> {
    let encoder = new_encoder(recipe, data)?;
    let mut trainer = Trainer::new(encoder, data, pairs, names, recipe.clone())?;
    trainer.measure_to_stop_alone();
    Ok(trainer)
}

/// Trains until so many stages are done.
fn drive(
    trainer: &mut Trainer<'_>,
    recipe: &Recipe,
    stages: usize,
    progress: &mut dyn FnMut(Steps),
) -> anyhow::Result<()> {
    let lengths: Vec<usize> =
        (0..recipe.stages.len()).map(|stage| trainer.stage_steps(stage)).collect::<Result<_, _>>()?;
    let of = lengths.iter().sum();
    while trainer.progress().stage < stages && trainer.advance()?.is_some() {
        let at = trainer.progress();
        progress(Steps { done: lengths[..at.stage].iter().sum::<usize>() + at.step, of });
        stop_if_asked()?;
    }
    Ok(())
}
