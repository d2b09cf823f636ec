//! How wide tree search looks, as it was measured, and kept with the tree.
//!
//! A beam is chosen for a number of hits, the least that finds the share of the exact best that was asked for, on queries
//! that the index does not know: real ones, or vectors of documents that are taken out for it.

use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward::random::{Purpose, shuffled, stream};
use serde::{Deserialize, Serialize};

use crate::descent::{Beam, calibrate};
use crate::snapshot::{Snapshot, Step};

/// The numbers of hits that beams are chosen for.
const HITS: [usize; 3] = [1, 10, 100];

/// Documents that are asked for each other where there are no queries, at most.
const HELD_OUT: usize = 1_000;

/// Documents of which there are never too many: a leaf or two have them all.
const FEW: usize = 128;

/// Standard errors by which a measured recall lies above what was asked for: of 20 beams that are just wide enough, 19 find
/// it on other queries, too.
pub const ERRORS: f64 = 1.645;

/// What search knows about its tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// The share of the exact best hits that was asked for.
    pub recall: f64,
    /// Whether it was measured on real queries.
    pub on: MeasuredOn,
    /// Documents that there were when it was measured.
    pub docs: usize,
    /// By rising number of hits.
    pub beams: Vec<Tuned>,
    /// What vectors weigh beside words: see [`Rankings::weighted`](crate::Rankings::weighted); none where it was not fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f32>,
}

/// Which queries recall was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredOn {
    /// Queries that were given.
    Queries,
    /// Vectors of documents, which were taken out of what was searched.
    HeldOut,
}

/// A beam for a number of hits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuned {
    /// Hits of a query.
    pub k: usize,
    /// Leaves that it looks at.
    pub leaves: usize,
    /// The share of the exact best `k` that was found so.
    pub recall: f64,
    /// Queries that it was measured on.
    pub queries: usize,
}

impl Tuning {
    /// The least beams that reach a recall over queries like these, by [`ERRORS`].
    ///
    /// # Shapes
    /// - `queries`: `(queries, dim)`
    ///
    /// # Panics
    /// When the queries are of another width than the snapshot.
    pub fn on_queries(snapshot: &Snapshot, queries: &Matrix, recall: f64) -> Self {
        Tuning {
            recall,
            on: MeasuredOn::Queries,
            docs: snapshot.n_docs(),
            beams: beams(snapshot, queries, recall),
            weight: None,
        }
    }

    /// The same over the vectors of random documents, a tenth of all and 1,000 at most, among all
    /// the others.
    pub fn held_out(snapshot: &Snapshot, recall: f64, seed: u64) -> Self {
        let n = HELD_OUT.min(snapshot.n_docs() / 10);
        let docs: Vec<DocIdx> = snapshot.docs().map(|(doc, _)| doc).collect();
        let order = shuffled(docs.len(), &mut stream(seed, Purpose::Divide));
        let mut held: Vec<DocIdx> = order.into_iter().take(n).map(|at| docs[at as usize]).collect();
        held.sort_unstable();
        let rows = held.iter().flat_map(|doc| snapshot.vectors.row(*doc)).copied().collect();
        let queries = Matrix::new(held.len(), snapshot.dim(), rows).expect("each vector is a row");
        let others = snapshot.after(&Step {
            generation: snapshot.generation(),
            added: Vec::new(),
            removed: held,
            moved: Vec::new(),
            tree: snapshot.tree().clone(),
        });
        Tuning {
            recall,
            on: MeasuredOn::HeldOut,
            docs: snapshot.n_docs(),
            beams: beams(&others, &queries, recall),
            weight: None,
        }
    }

    /// The beam for `k` hits among more documents than it was measured with: as many times wider as there are more.
    pub fn beam_among(&self, k: usize, n_docs: usize) -> Option<Beam> {
        let Beam { leaves } = self.beam(k)?;
        let docs = self.docs.max(1);
        Some(Beam { leaves: leaves.saturating_mul(n_docs.max(docs)).div_ceil(docs) })
    }

    /// Whether there are so many more documents than it was measured with that it should be measured again.
    pub fn is_outgrown(&self, n_docs: usize) -> bool {
        n_docs > 2 * self.docs.max(FEW)
    }

    /// The beam for `k` hits: that of the least number of hits that is no less, or a wider one in proportion.
    pub fn beam(&self, k: usize) -> Option<Beam> {
        if let Some(tuned) = self.beams.iter().find(|tuned| tuned.k >= k) {
            return Some(Beam { leaves: tuned.leaves });
        }
        let most = self.beams.last()?;
        Some(Beam { leaves: most.leaves.saturating_mul(k.div_ceil(most.k.max(1))) })
    }
}

fn beams(snapshot: &Snapshot, queries: &Matrix, recall: f64) -> Vec<Tuned> {
    let tuned = |k| {
        let found = calibrate(snapshot.documents(), queries, k, recall, ERRORS);
        Tuned { k, leaves: found.beam.leaves, recall: found.recall, queries: found.n_queries }
    };
    HITS.into_iter().filter(|k| *k <= snapshot.n_docs()).map(tuned).collect()
}
