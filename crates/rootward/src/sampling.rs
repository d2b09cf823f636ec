//! What a step trains on: which pairs, and which documents they are told apart from.
//!
//! A [`Batch`] is the whole of it: the queries and documents to encode, and for each query the columns that are
//! positives and those that are no negatives. It is a function of recipe, seed, stage and step alone, but for documents
//! that were mined for it, so a resumed run draws what the first would have drawn.

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::hierarchy::Hierarchy;
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::{Pairs, Relevant};
use crate::random::{Purpose, pick, shuffled, stream};
use crate::recipe::{By, Loss, Negatives, Sampling, Stage};
use crate::rows::Rows;

mod columns;
mod distances;
mod frequency;
mod order;
mod weights;

use columns::Columns;

/// What a step trains on.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The rows.
    pub queries: Vec<QueryIdx>,
    /// The columns.
    pub docs: Vec<DocIdx>,
    /// For each row the columns that it should retrieve.
    pub positives: Rows<u32>,
    /// For each row the columns that are no negatives of it.
    pub known: Rows<u32>,
    /// For each column the logarithm of its weight as a negative; `None` weighs all alike.
    pub log_weights: Option<Vec<f32>>,
    /// For each row how much the loss of each of its positives counts; `None` counts all alike.
    pub weights: Option<Rows<f32>>,
}

/// Draws the batches of one stage.
pub struct Sampler<'a> {
    pairs: &'a Pairs,
    hierarchy: &'a Hierarchy,
    stage: usize,
    seed: u64,
    batch: usize,
    /// Steps of the stage, unless it is stopped early.
    steps: usize,
    sampling: Sampling,
    negatives: Negatives,
    /// The pairs that are drawn once an epoch, as (row of `pairs`, document).
    drawn_pairs: Vec<(u32, Relevant)>,
    /// The rows of `pairs` that are drawn once an epoch.
    drawn_rows: Vec<u32>,
    /// The pairs at each distance that are drawn with replacement. Only one of these three holds anything.
    drawn_by_distance: Rows<(u32, Relevant)>,
    /// The power of the distance that the loss of a positive counts with.
    distance_power: Option<f64>,
    /// For each document the logarithm of its weight as a negative.
    log_weights: Option<Vec<f32>>,
    columns: Columns,
    epoch: Option<(usize, Vec<u32>)>,
    /// The topic of each row of `pairs`; empty where there are none.
    topics: Vec<u32>,
}

/// The distance that a guessed document counts as: how far up it would be is not known.
const GUESSED: u32 = 1;

/// A stage has nothing to draw.
#[derive(Debug, thiserror::Error)]
#[error(
    "stage `{stage}` draws pairs at distance {from} or more, but there is none; the farthest pair is at distance {farthest}; set `stages.{place}.sampling.from` to that or less"
)]
pub struct NothingToDraw {
    /// Its name.
    pub stage: String,
    /// Its place in the recipe.
    pub place: usize,
    /// The least distance it draws.
    pub from: u32,
    /// The greatest distance there is.
    pub farthest: usize,
}

impl<'a> Sampler<'a> {
    /// Prepares to draw from `pairs` as a stage of a recipe asks.
    ///
    /// # Errors
    /// When no pair is far enough for the stage.
    pub fn new(
        pairs: &'a Pairs,
        hierarchy: &'a Hierarchy,
        stage: &Stage,
        place: usize,
        seed: u64,
    ) -> Result<Self, NothingToDraw> {
        let (by, least) = match stage.sampling {
            Sampling::Regular { by, .. } | Sampling::Topics { by, .. } => (by, 0),
            Sampling::Rebalanced { from, .. } => (By::Pair, from),
            Sampling::LongOnly { from, by } => (by, from),
            Sampling::Curriculum { .. } | Sampling::DistanceWeighted { .. } | Sampling::EvenDistances {} => {
                (By::Pair, 0)
            }
        };
        let farthest = pairs.by_distance().len().saturating_sub(1);
        if farthest < least as usize || pairs.n_pairs() == 0 {
            return Err(NothingToDraw { stage: stage.name.clone(), place, from: least, farthest });
        }
        let all =
            (0..pairs.n_queries()).flat_map(|row| pairs.relevant(row).iter().map(move |r| (row as u32, *r)));
        let (mut drawn_pairs, mut drawn_rows, mut drawn_by_distance) =
            (Vec::new(), Vec::new(), Rows::empty());
        match (stage.sampling, by) {
            (_, By::Query) => {
                drawn_rows = all.filter(|(_, r)| r.distance >= least).map(|(row, _)| row).collect();
                drawn_rows.dedup();
            }
            (Sampling::Regular { .. } | Sampling::Topics { .. } | Sampling::LongOnly { .. }, By::Pair) => {
                drawn_pairs = all.filter(|(_, r)| r.distance >= least).collect();
            }
            (_, By::Pair) => {
                let by_distance = all.map(|(row, r)| (r.distance as usize, (row, r)));
                drawn_by_distance = Rows::group(farthest + 1, by_distance);
            }
        }
        let Loss::Softmax { distance_power, .. } = stage.loss;
        let n_docs = hierarchy.n_docs();
        let mut sampler = Sampler {
            pairs,
            hierarchy,
            stage: place,
            seed,
            batch: stage.batch,
            steps: 0,
            sampling: stage.sampling,
            negatives: stage.negatives,
            drawn_pairs,
            drawn_rows,
            drawn_by_distance,
            distance_power,
            log_weights: None,
            columns: Columns::new(n_docs),
            epoch: None,
            topics: Vec::new(),
        };
        sampler.steps = stage.n_steps(sampler.steps_per_epoch());
        sampler.log_weights = stage
            .negatives
            .alpha
            .map(|alpha| frequency::log_weights(&sampler.expected_draws(), alpha, sampler.negatives));
        Ok(sampler)
    }

    /// Says which topic each row of the pairs is about, where sampling goes by topics; until then they are all about one.
    pub fn set_topics(&mut self, topics: Vec<u32>) {
        (self.topics, self.epoch) = (topics, None);
    }

    /// Steps in which all pairs or queries are gone through once; the last may be smaller than the others.
    pub fn steps_per_epoch(&self) -> usize {
        self.n_drawn().div_ceil(self.batch)
    }

    /// Pairs or queries that are drawn from.
    fn n_drawn(&self) -> usize {
        self.drawn_pairs.len() + self.drawn_rows.len() + self.drawn_by_distance.values().len()
    }

    /// The rows of the pairs that a step of the stage trains on.
    pub fn rows(&mut self, step: usize) -> Vec<u32> {
        let mut rng = stream(self.seed, Purpose::Step { stage: self.stage, step });
        self.draw_rows(step, &mut rng).into_iter().map(|(row, _)| row).collect()
    }

    /// What a step of the stage trains on.
    pub fn batch(&mut self, step: usize) -> Batch {
        self.batch_with(step, &[])
    }

    /// What a step of the stage trains on, with documents that were mined for it.
    pub fn batch_with(&mut self, step: usize, mined: &[DocIdx]) -> Batch {
        let mut rng = stream(self.seed, Purpose::Step { stage: self.stage, step });
        let rows = self.draw_rows(step, &mut rng);
        self.columns.start(self.negatives, self.hierarchy.n_docs());
        let mut positives = Rows::empty();
        for (_, docs) in &rows {
            positives.push(docs.iter().map(|r| self.columns.bring(r.doc)).collect::<Vec<_>>());
        }
        self.bring_siblings(&rows, &mut rng);
        for _ in 0..self.negatives.uniform {
            self.columns.bring(DocIdx(rng.random_range(0..self.hierarchy.n_docs() as u32)));
        }
        for doc in mined {
            self.columns.bring(*doc);
        }
        let known = if self.negatives.mask_known {
            let known = |(row, drawn): &(u32, Vec<Relevant>)| {
                let sure = self.pairs.relevant(*row as usize);
                // Guesses are drawn after what is sure.
                let guessed = drawn.iter().filter(|r| r.distance == GUESSED && !sure.contains(r));
                sure.iter().chain(guessed).flat_map(|r| self.columns.of(r.doc)).collect::<Vec<_>>()
            };
            rows.iter().map(known).collect()
        } else {
            positives.clone()
        };
        let docs = self.columns.docs().to_vec();
        let log_weights = self.log_weights.as_ref().map(|all| frequency::of_step(all, &docs));
        let queries = rows.iter().map(|(row, _)| self.pairs.queries()[*row as usize]).collect();
        let by = if self.drawn_rows.is_empty() { By::Pair } else { By::Query };
        let weights = self.distance_power.map(|power| weights::of_step(&rows, power, by));
        Batch { queries, docs, positives, known, log_weights, weights }
    }

    /// The rows of a step, each a row of `pairs` with the documents it is to retrieve.
    fn draw_rows(&mut self, step: usize, rng: &mut Pcg64) -> Vec<(u32, Vec<Relevant>)> {
        if let Some(probabilities) = self.probabilities(step) {
            let draw = |_| {
                let pairs = self.drawn_by_distance.row(distances::draw(&probabilities, rng));
                let (row, relevant) = pick(pairs, rng).expect("a distance that is drawn has pairs");
                (row, vec![relevant])
            };
            return (0..self.batch).map(draw).collect();
        }
        let per_epoch = self.steps_per_epoch();
        self.order_epoch(step / per_epoch);
        let (_, order) = self.epoch.as_ref().expect("the epoch was just ordered");
        let start = step % per_epoch * self.batch;
        let drawn = &order[start..order.len().min(start + self.batch)];
        let least = self.least_distance();
        let row_of = |place: &u32| match self.drawn_rows.get(*place as usize) {
            Some(row) => {
                let relevant = self.pairs.relevant(*row as usize).iter();
                let mut docs: Vec<Relevant> = relevant.filter(|r| r.distance >= least).copied().collect();
                // A guess is a positive as often as it is likely, and a negative like any other in between.
                for guess in self.pairs.guesses(*row as usize) {
                    if rng.random::<f32>() < guess.probability {
                        docs.push(Relevant { distance: GUESSED, doc: guess.doc });
                    }
                }
                (*row, docs)
            }
            None => {
                let (row, relevant) = self.drawn_pairs[*place as usize];
                (row, vec![relevant])
            }
        };
        drawn.iter().map(row_of).collect()
    }

    /// The probability of each distance in a step; `None` where pairs or queries are gone through by epochs.
    fn probabilities(&self, step: usize) -> Option<Vec<f64>> {
        let n_pairs: Vec<usize> = self.drawn_by_distance.iter().map(<[_]>::len).collect();
        let done = step as f64 / self.steps as f64;
        (!n_pairs.is_empty()).then(|| distances::probabilities(self.sampling, &n_pairs, done))
    }

    fn order_epoch(&mut self, epoch: usize) {
        if self.epoch.as_ref().is_some_and(|(known, _)| *known == epoch) {
            return;
        }
        let mut rng = stream(self.seed, Purpose::Epoch { stage: self.stage, epoch });
        let order = match self.sampling {
            Sampling::Regular { neighbours: run @ 1.., .. } => {
                order::in_runs(self.pairs, &self.drawn_rows, self.hierarchy, run, &mut rng)
            }
            Sampling::Topics { .. } => {
                let rows = self.drawn_rows.iter().chain(self.drawn_pairs.iter().map(|(row, _)| row));
                let topic = |row: &u32| self.topics.get(*row as usize).copied().unwrap_or(0);
                order::by_topic(&rows.map(topic).collect::<Vec<_>>(), self.batch, &mut rng)
            }
            _ => shuffled(self.n_drawn(), &mut rng),
        };
        self.epoch = Some((epoch, order));
    }

    /// Adds siblings of exact matches, and of a share of the ancestors.
    fn bring_siblings(&mut self, rows: &[(u32, Vec<Relevant>)], rng: &mut Pcg64) {
        if self.negatives.siblings == 0 && self.negatives.ancestor_siblings == 0.0 {
            return;
        }
        for relevant in rows.iter().flat_map(|(_, docs)| docs) {
            let draws = if relevant.distance == 0 {
                self.negatives.siblings
            } else {
                usize::from(rng.random::<f64>() < self.negatives.ancestor_siblings)
            };
            for _ in 0..draws {
                let parent = pick(self.hierarchy.parents(relevant.doc), rng);
                let child = parent.and_then(|p| pick(self.hierarchy.children(p), rng));
                if let Some(sibling) = child.filter(|child| *child != relevant.doc) {
                    self.columns.bring(sibling);
                }
            }
        }
    }

    /// How often each document is expected to be brought into a step, counting repeats.
    ///
    /// Of a curriculum this is the first step alone; a recipe that corrects for frequency may not have one.
    fn expected_draws(&self) -> Vec<f64> {
        let mut draws = frequency::Draws::none(self.hierarchy.n_docs());
        let batch = self.batch as f64;
        if let Some(probabilities) = self.probabilities(0) {
            for (drawn, probability) in self.drawn_by_distance.iter().zip(probabilities) {
                let times = batch * probability / drawn.len() as f64;
                drawn.iter().for_each(|(_, r)| draws.add(*r, times, self.negatives));
            }
        } else {
            let n_drawn = self.n_drawn() as f64;
            let times = batch.min(n_drawn) / n_drawn;
            self.drawn_pairs.iter().for_each(|(_, r)| draws.add(*r, times, self.negatives));
            for row in &self.drawn_rows {
                let relevant = self.pairs.relevant(*row as usize).iter();
                relevant
                    .filter(|r| self.least_distance() <= r.distance)
                    .for_each(|r| draws.add(*r, times, self.negatives));
                for guess in self.pairs.guesses(*row as usize) {
                    let guessed = Relevant { distance: GUESSED, doc: guess.doc };
                    draws.add(guessed, times * f64::from(guess.probability), self.negatives);
                }
            }
        }
        draws.with_extra(self.hierarchy, self.negatives)
    }

    /// The least distance of the pairs that a row of the batch brings.
    fn least_distance(&self) -> u32 {
        if let Sampling::LongOnly { from, .. } = self.sampling { from } else { 0 }
    }
}

#[cfg(test)]
mod tests;
