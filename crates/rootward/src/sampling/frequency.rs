//! How often documents are drawn, and the weights that correct for it.
//!
//! In-batch negatives meet a document as often as it is a positive of somebody, so an ancestor of everything is pushed
//! away by everything: the popularity bias behind the lost far ancestors. The cure weighs a negative by the inverse of
//! how often it is drawn, logQ [Yi et al., RecSys 2019]; a power of the frequency lies between the two.

use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::pairs::Relevant;
use crate::recipe::Negatives;

/// For each document the logarithm of its weight as a negative, up to a constant.
///
/// `draws`: how often it is expected in a step. Weight times presence is proportional to `draws ^ alpha`; a document
/// that stands once however often it is drawn is present with probability `1 - exp(-draws)`.
pub(super) fn log_weights(draws: &[f64], alpha: f32, negatives: Negatives) -> Vec<f32> {
    let weight = |draws: &f64| {
        let draws = draws.max(f64::MIN_POSITIVE);
        let present = if negatives.deduplicate { -(-draws).exp_m1() } else { draws };
        (f64::from(alpha) * draws.ln() - present.ln()) as f32
    };
    draws.iter().map(weight).collect()
}

/// The log-weights of a step's documents, shifted so that the mean weight is 1.
pub(super) fn of_step(log_weights: &[f32], docs: &[DocIdx]) -> Vec<f32> {
    let mut step: Vec<f32> = docs.iter().map(|doc| log_weights[doc.at()]).collect();
    let max = step.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = step.iter().map(|w| f64::from(w - max).exp()).sum();
    let shift = max + (sum / step.len() as f64).ln() as f32;
    step.iter_mut().for_each(|w| *w -= shift);
    step
}

/// Expected draws of a step.
pub(super) struct Draws {
    /// Of each document, as a positive.
    times: Vec<f64>,
    /// Of the siblings of each document.
    siblings: Vec<f64>,
}

impl Draws {
    pub(super) fn none(n_docs: usize) -> Self {
        Draws { times: vec![0.0; n_docs], siblings: vec![0.0; n_docs] }
    }

    /// A pair is drawn so many times, and with it siblings of its document.
    pub(super) fn add(&mut self, drawn: Relevant, times: f64, negatives: Negatives) {
        let siblings =
            if drawn.distance == 0 { negatives.siblings as f64 } else { negatives.ancestor_siblings };
        self.times[drawn.doc.at()] += times;
        self.siblings[drawn.doc.at()] += times * siblings;
    }

    /// The draws of each document as a positive, as a sibling and as a uniform negative.
    pub(super) fn with_extra(self, hierarchy: &Hierarchy, negatives: Negatives) -> Vec<f64> {
        let n_docs = self.times.len();
        let documents = || (0..n_docs as u32).map(DocIdx);
        let mut through = vec![0.0; n_docs];
        for doc in documents() {
            let parents = hierarchy.parents(doc);
            parents.iter().for_each(|p| through[p.at()] += self.siblings[doc.at()] / parents.len() as f64);
        }
        let uniform = negatives.uniform as f64 / n_docs as f64;
        let as_sibling = |doc: DocIdx| {
            let parents = hierarchy.parents(doc);
            let own = self.siblings[doc.at()] / parents.len() as f64; // a document is not its own sibling
            parents.iter().map(|p| (through[p.at()] - own) / hierarchy.children(*p).len() as f64).sum::<f64>()
        };
        documents().map(|doc| self.times[doc.at()] + as_sibling(doc) + uniform).collect()
    }
}
