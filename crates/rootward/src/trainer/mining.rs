//! Hard negatives: documents that look like matches and are none, to the encoder as it stands  [Xiong et al., ICLR 2021] or
//! by their words  [Karpukhin et al., EMNLP 2020].
//!
//! Every so many steps all documents are scored for the queries of the steps to come, and of the best for each query that
//! nobody judged relevant a few are drawn. What scores nearly as high as an exact match, or higher, may well be relevant
//! though nobody said so: it is passed over  [Moreira et al. 2024, NV-Retriever, TopK-MarginPos]. What was mined is part of
//! a checkpoint, as the encoder that found it is gone when a run goes on.

use std::ops::Range;

use rand::RngExt;

use super::{TrainError, Trainer};
use crate::bm25::{Bm25, LUCENE};
use crate::encoder::{Input, Side};
use crate::eval::order::top_k;
use crate::eval::{EvalError, Vectors, each_row, for_each_query};
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::Relevant;
use crate::random::{Purpose, stream};
use crate::recipe::{Mined, MinedBy};
use crate::rows::Rows;
use crate::tensors::{Tensor, TensorError, Tensors};

/// The hard negatives of the steps of a stage from `first` on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HardNegatives {
    first: usize,
    /// For each step the documents that it scores besides its own.
    steps: Rows<DocIdx>,
}

/// What came of one query.
struct Found {
    drawn: Vec<DocIdx>,
    passed_over: usize,
}

const FIRST: &str = "first";
const COUNTS: &str = "counts";
const DOCS: &str = "docs";

impl HardNegatives {
    /// Those of a step; `None` where they are not mined yet.
    pub(super) fn of(&self, step: usize) -> Option<&[DocIdx]> {
        let at = step.checked_sub(self.first).filter(|at| *at < self.steps.len())?;
        Some(self.steps.row(at))
    }

    pub(super) fn tensors(&self) -> Tensors {
        let counts: Vec<u32> = self.steps.iter().map(|docs| docs.len() as u32).collect();
        let docs: Vec<u32> = self.steps.values().iter().map(|doc| doc.0).collect();
        let mut tensors = Tensors::default();
        tensors.insert(FIRST, Tensor::from(&[self.first as u32][..]));
        tensors.insert(COUNTS, Tensor::from(&counts[..]));
        tensors.insert(DOCS, Tensor::from(&docs[..]));
        tensors
    }

    /// Takes back what [`HardNegatives::tensors`] gave.
    pub(super) fn from_tensors(tensors: &Tensors) -> Result<Self, TensorError> {
        let first = tensors.counts(FIRST, 1)?[0] as usize;
        let counts = tensors.list(COUNTS)?;
        let n_docs = counts.iter().map(|count| *count as usize).sum();
        let mut docs = tensors.counts(DOCS, n_docs)?.into_iter().map(DocIdx);
        let steps = counts.iter().map(|count| docs.by_ref().take(*count as usize).collect::<Vec<_>>());
        Ok(HardNegatives { first, steps: steps.collect() })
    }
}

impl Trainer<'_> {
    /// Mines for the steps from `step` on; how many documents were drawn, and how many passed over.
    pub(super) fn mine(
        &mut self,
        mined: Mined,
        place: usize,
        step: usize,
        steps: usize,
    ) -> Result<(usize, usize), TrainError> {
        let sampler = self.sampler.as_mut().expect("a stage that runs has one");
        let coming: Range<usize> = step..steps.min(step.saturating_add(mined.every));
        let asked: Rows<u32> = coming.map(|step| sampler.rows(step)).collect();
        let mut rows = asked.values().to_vec();
        rows.sort_unstable();
        rows.dedup();
        let ids: Vec<QueryIdx> = rows.iter().map(|row| self.train.queries()[*row as usize]).collect();
        let seed = |at: usize| Purpose::Mine { stage: place, step, row: rows[at] as usize };
        let find = |at: usize, scores: &[f32]| {
            let relevant = self.train.relevant(rows[at] as usize);
            let mut rng = stream(self.recipe.seed, seed(at));
            draw(mined, relevant, scores, self.names.tie_order, |n| rng.random_range(0..n))
        };
        let found = match mined.by {
            MinedBy::Encoder => {
                let queries = self.encoder.encode(Side::Query, &Input::queries(self.data, &ids))?;
                let docs = self.encoder.encode(Side::Document, &Input::all_docs(self.data))?;
                for_each_query(Vectors { queries: &queries, docs: &docs }, &|_| {}, find)
            }
            MinedBy::Words => {
                let words = self.words.get_or_insert_with(|| Bm25::new(&self.data.docs, LUCENE));
                let texts = ids.iter().map(|query| self.data.queries[query.at()].text.as_str());
                each_row(&words.ask(texts), &|_| {}, find)
            }
        }
        .map_err(|nan| {
            let query = self.names.queries[ids[nan.0].at()].to_owned();
            self.unmeasured(EvalError::Nan { query })
        })?;
        let of = |row: &u32| &found[rows.binary_search(row).expect("every row was looked for")];
        let docs_of =
            |rows: &[u32]| rows.iter().flat_map(|row| of(row).drawn.iter().copied()).collect::<Vec<_>>();
        self.hard = HardNegatives { first: step, steps: asked.iter().map(docs_of).collect() };
        Ok((self.hard.steps.values().len(), found.iter().map(|found| found.passed_over).sum()))
    }
}

/// Draws hard negatives of one query, given the scores of all documents.
fn draw(
    mined: Mined,
    relevant: &[Relevant],
    scores: &[f32],
    tie_order: &[u32],
    mut below: impl FnMut(usize) -> usize,
) -> Found {
    // By words, an answer that shares none with its query scores as one that nearly does.
    let score = |doc: DocIdx| match mined.by {
        MinedBy::Encoder => scores[doc.at()],
        MinedBy::Words => scores[doc.at()].max(0.0),
    };
    let exact = relevant.iter().filter(|r| r.distance == 0).map(|r| score(r.doc));
    let most = exact.fold(f32::NEG_INFINITY, f32::max) - mined.margin;
    let known = |doc: DocIdx| relevant.iter().any(|r| r.doc == doc);
    let best = top_k(scores, tie_order, mined.among + relevant.len());
    let best = best.into_iter().filter(|(doc, _)| !known(*doc));
    let mut candidates = best.take(mined.among).collect::<Vec<_>>();
    let n_before = candidates.len();
    // A query without an exact match has no score to hold the others against.
    candidates.retain(|(_, score)| most == f32::NEG_INFINITY || *score <= most);
    let passed_over = n_before - candidates.len();
    let draws = mined.each.min(candidates.len());
    let drawn = (0..draws).map(|_| candidates.swap_remove(below(candidates.len())).0).collect();
    Found { drawn, passed_over }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::NOT_FOUND;

    const MINED: Mined = Mined { by: MinedBy::Encoder, each: 9, every: 1, among: 3, margin: 0.1 };

    fn drawn(mined: Mined, relevant: &[(u32, u32)], scores: &[f32]) -> (Vec<u32>, usize) {
        let relevant: Vec<Relevant> = relevant
            .iter()
            .map(|(doc, distance)| Relevant { distance: *distance, doc: DocIdx(*doc) })
            .collect();
        let ties: Vec<u32> = (0..scores.len() as u32).collect();
        let found = draw(mined, &relevant, scores, &ties, |_| 0);
        let mut docs: Vec<u32> = found.drawn.iter().map(|doc| doc.0).collect();
        docs.sort_unstable();
        (docs, found.passed_over)
    }

    #[test]
    fn the_best_that_are_not_relevant_are_drawn() {
        let scores = [0.9, 0.75, 0.7, 0.6, 0.5, 0.4];
        assert_eq!(drawn(MINED, &[(0, 0), (2, 1)], &scores), (vec![1, 3, 4], 0));
        assert_eq!(drawn(Mined { each: 1, ..MINED }, &[(0, 0)], &scores), (vec![1], 0));
    }

    #[test]
    fn what_scores_as_an_exact_match_does_is_passed_over() {
        let scores = [0.9, 0.85, 0.95, 0.6, 0.5];
        assert_eq!(drawn(MINED, &[(0, 0)], &scores), (vec![3], 2));
        assert_eq!(drawn(Mined { margin: -1.0, ..MINED }, &[(0, 0)], &scores), (vec![1, 2, 3], 0));
        assert_eq!(drawn(MINED, &[(0, 1)], &scores), (vec![1, 2, 3], 0), "without an exact match nothing is");
    }

    #[test]
    fn by_words_only_documents_that_share_one_are_candidates() {
        let by_words = Mined { by: MinedBy::Words, ..MINED };
        let scores = [0.5, 0.4, NOT_FOUND, 0.3, NOT_FOUND];
        assert_eq!(drawn(by_words, &[(0, 0)], &scores), (vec![1, 3], 0));
        // Nor does an answer without a word of its query pass over those that have some.
        let lenient = Mined { margin: -1.0, ..by_words };
        assert_eq!(drawn(lenient, &[(4, 0)], &scores), (vec![0, 1, 3], 0));
        assert_eq!(drawn(by_words, &[(0, 0)], &[NOT_FOUND; 5]), (vec![], 0));
    }

    #[test]
    fn a_checkpoint_gives_them_back() {
        let steps: Rows<DocIdx> = [vec![DocIdx(3), DocIdx(1)], vec![], vec![DocIdx(2)]].into_iter().collect();
        let hard = HardNegatives { first: 40, steps };
        let again = HardNegatives::from_tensors(&hard.tensors()).unwrap();
        assert_eq!(
            (again.of(39), again.of(41), again.of(42), again.of(43)),
            (None, Some(&[][..]), Some(&[DocIdx(2)][..]), None)
        );
        assert_eq!(again, hard);
    }
}
