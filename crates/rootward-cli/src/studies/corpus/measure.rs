//! What a cell of a study of a corpus does: train, search the whole corpus, measure by trec_eval's measures.

use anyhow::Context;
use rootward::dataset::{Dataset, Split};
use rootward::doc_tree::decode::{Compared, Decoder, Walk};
use rootward::encoder::Encoder;
use rootward::eval::{Evaluation, Judge, Products, Scorer, Truth, Vectors, evaluate_scores};
use rootward::matrix::Matrix;

use crate::answers::{doc_vectors, query_vectors};
use crate::in_memory::{Trained, train, train_with_tree};
use crate::studies::{Bench, Found};

pub(super) const NDCG: &str = "nDCG@10";
pub(super) const R10: &str = "R@10";
pub(super) const R100: &str = "R@100";

/// Nodes that decoding looks at on each level.
pub(super) const DECODED: usize = 10;

/// Trains the recipe and searches by inner products.
pub(super) fn trained(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let encoder = train(bench.data, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    measured(&found(&*encoder, bench)?)
}

/// Trains the recipe and searches by going down the tree, as generative models do.
pub(super) fn decoded(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let Trained { encoder, tree } =
        train_with_tree(bench.data, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    let (tree, nodes) = tree.context("the recipe has a tree")?;
    let temperature = bench.recipe.last_tree().context("the recipe has a tree")?.temperature;
    let (queries, docs) = vectors(&*encoder, bench.data)?;
    let compared = Compared { queries: &queries, docs: &docs, nodes: &nodes };
    let decoder = Decoder::new(&tree, compared, Walk { beam: DECODED, temperature })?;
    measured(&evaluate(&decoder, bench)?)
}

/// The vectors of the test queries and of all documents.
pub(super) fn vectors<E: Encoder + ?Sized>(encoder: &E, data: &Dataset) -> anyhow::Result<(Matrix, Matrix)> {
    let test = data.pairs(Split::Test).context("the data set was divided")?;
    Ok((query_vectors(encoder, data, test.queries())?, doc_vectors(encoder, data)?))
}

pub(super) fn found<E: Encoder + ?Sized>(encoder: &E, bench: &Bench<'_>) -> anyhow::Result<Evaluation> {
    let (queries, docs) = vectors(encoder, bench.data)?;
    evaluate(&Products::new(Vectors { queries: &queries, docs: &docs }), bench)
}

pub(super) fn evaluate(scorer: &dyn Scorer, bench: &Bench<'_>) -> anyhow::Result<Evaluation> {
    let data = bench.data;
    let pairs = data.pairs(Split::Test).context("the data set was divided")?;
    let judged = data.judgements(Split::Test).context("the data set was divided")?;
    let truth = Truth { pairs: &pairs, judge: Judge::Qrels(judged), names: *bench.names };
    Ok(evaluate_scores(scorer, &truth, &|_| {})?)
}

pub(super) fn measured(found: &Evaluation) -> anyhow::Result<Found> {
    let ranking = found.ranking;
    let shares = [(NDCG, ranking.ndcg_at_10), (R10, ranking.recall_at_10), (R100, ranking.recall_at_100)];
    let numbers = shares.map(|(name, share)| (name.to_owned(), 100.0 * share));
    let ndcg = found.per_query.iter().map(|query| query.ranking.unwrap_or_default().ndcg_at_10);
    Ok(Found { numbers: numbers.into_iter().collect(), per_query: ndcg.collect() })
}
