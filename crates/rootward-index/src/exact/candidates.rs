//! The documents that may still be among a query's best.

use std::cmp::Ordering;

use rootward::ids::DocIdx;
use rootward_kernels::{QueryCodes, Within, dot, scan};

use super::{Documents, Scored};
use crate::allowed::Allowed;
use crate::block::Block;
use crate::ids::Ids;

/// Candidates that are scored before the worst of the best is looked for again.
const AT_ONCE: usize = 256;

/// A document that may be among the best; bounds are divided by the query's scale.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    doc: DocIdx,
    least: f32,
    most: f32,
}

/// The documents that may be among the best `k` of one query, of those seen so far.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    k: usize,
    /// `k` documents score at least so much.
    threshold: f32,
    found: Vec<Candidate>,
    /// So many are gathered before those are dropped that cannot reach the threshold.
    room: usize,
}

/// Scans a block for some queries; their thresholds rise with what is found.
///
/// # Shapes
/// - `rows`: of `codes`, which are asked
/// - `thresholds`, `candidates`: by row of `codes`
/// - `found`: anything, to be written over
pub(crate) fn scan_block(
    block: &Block,
    codes: &QueryCodes,
    rows: &[u32],
    allowed: Option<&Allowed>,
    thresholds: &mut [f32],
    candidates: &mut [Candidates],
    found: &mut Vec<Within>,
) {
    for (part, docs) in block.parts() {
        if part.is_empty() {
            continue;
        }
        found.clear();
        scan(part, codes, rows, thresholds, found);
        for within in found.drain(..) {
            let doc = docs.at(within.place);
            if let Some(doc) = doc.filter(|doc| allowed.is_none_or(|allowed| allowed.contains(*doc))) {
                candidates[within.query as usize].add(doc, within);
            }
        }
        for row in rows {
            thresholds[*row as usize] = candidates[*row as usize].threshold;
        }
    }
}

/// Which queries look at which blocks.
pub(crate) struct Visits {
    /// Slot and query: of each query the likeliest slot, then all the others.
    rounds: [Vec<(u32, u32)>; 2],
}

impl Visits {
    /// `slots`: by query, the likeliest first.
    pub(crate) fn of(slots: Vec<Vec<u32>>) -> Self {
        let mut rounds = [Vec::new(), Vec::new()];
        for (query, slots) in (0..).zip(slots) {
            for (rank, slot) in slots.into_iter().enumerate() {
                rounds[rank.min(1)].push((slot, query));
            }
        }
        rounds.iter_mut().for_each(|round| round.sort_unstable());
        Visits { rounds }
    }

    /// Scans each block once in a round, for all queries that look at it.
    ///
    /// Thresholds are high before most blocks are scanned, as the likeliest come first.
    pub(crate) fn scan(
        &self,
        of: Documents<'_>,
        codes: &QueryCodes,
        allowed: Option<&Allowed>,
        candidates: &mut [Candidates],
    ) {
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        let mut thresholds = vec![f32::NEG_INFINITY; codes.len()];
        for visits in self.rounds.iter().flat_map(|round| round.chunk_by(|a, b| a.0 == b.0)) {
            let block =
                of.blocks[visits[0].0 as usize].as_ref().expect("the routing was made of these blocks");
            rows.clear();
            rows.extend(visits.iter().map(|(_, query)| *query));
            scan_block(block, codes, &rows, allowed, &mut thresholds, candidates, &mut found);
        }
    }
}

impl Candidates {
    /// None yet.
    pub(crate) fn of(k: usize) -> Self {
        Candidates { k, threshold: f32::NEG_INFINITY, found: Vec::new(), room: 2 * k + 32 }
    }

    /// None yet, where `k` documents are known to score at least so much.
    pub(super) fn above(threshold: f32, k: usize) -> Self {
        Candidates { threshold, ..Candidates::of(k) }
    }

    /// Those of several parts of all documents.
    pub(crate) fn joined<'a>(parts: impl Iterator<Item = &'a Candidates>, k: usize) -> Self {
        let mut joined = Candidates::of(k);
        for part in parts {
            joined.threshold = joined.threshold.max(part.threshold);
            joined.found.extend(&part.found);
        }
        joined
    }

    /// What `k` documents score at least, divided by the query's scale.
    pub(super) fn threshold(&mut self) -> f32 {
        self.tighten();
        self.threshold
    }

    fn add(&mut self, doc: DocIdx, Within { least, most, .. }: Within) {
        if most < self.threshold {
            return;
        }
        // A NaN says nothing.
        let least = if least.is_nan() { f32::NEG_INFINITY } else { least };
        let most = if most.is_nan() { f32::INFINITY } else { most };
        self.found.push(Candidate { doc, least, most });
        if self.found.len() >= self.room {
            self.tighten();
        }
    }

    /// Raises the threshold to what `k` documents reach for certain, and drops those that cannot.
    fn tighten(&mut self) {
        if self.found.len() > self.k {
            let mut least: Vec<f32> = self.found.iter().map(|candidate| candidate.least).collect();
            let (_, kth, _) = least.select_nth_unstable_by(self.k - 1, |a, b| b.total_cmp(a));
            self.threshold = self.threshold.max(*kth);
            self.found.retain(|candidate| candidate.most >= self.threshold);
        }
        self.room = self.room.max(2 * self.found.len());
    }

    /// The best `k`, by their scores in `f32`.
    pub(crate) fn best(mut self, of: Documents<'_>, query: &[f32], scale: f32) -> Vec<Scored> {
        self.tighten();
        let score = |candidate: &Candidate| (candidate.doc, dot(query, of.vectors.row(candidate.doc)));
        let mut best = Best::of(self.k, of.ids);
        let (mut first, mut rest) = (&mut self.found[..], &mut [][..]);
        if first.len() > self.k {
            first.select_nth_unstable_by(self.k - 1, |a, b| b.most.total_cmp(&a.most));
            (first, rest) = first.split_at_mut(self.k);
        }
        best.extend(first.iter().map(score));
        for some in rest.chunks(AT_ONCE) {
            let worst = best.worst().map_or(f64::NEG_INFINITY, f64::from);
            // Two numbers of 24 bits have a product of 48; nothing is less than a NaN.
            let may = |candidate: &&Candidate| {
                let most = f64::from(candidate.most) * f64::from(scale);
                most >= worst || worst.is_nan()
            };
            best.extend(some.iter().filter(may).map(score));
        }
        best.sorted()
    }
}

/// The best `k` of documents whose scores are known.
pub(crate) struct Best<'a> {
    k: usize,
    ids: &'a Ids,
    kept: Vec<Scored>,
}

impl<'a> Best<'a> {
    pub(crate) fn of(k: usize, ids: &'a Ids) -> Self {
        Best { k, ids, kept: Vec::new() }
    }

    /// Adds documents, and drops those that are not among the best `k`.
    pub(crate) fn extend(&mut self, scored: impl Iterator<Item = Scored>) {
        self.kept.extend(scored);
        if self.kept.len() > self.k {
            self.kept.select_nth_unstable_by(self.k - 1, |a, b| order(self.ids, a, b));
            self.kept.truncate(self.k);
        }
    }

    /// The score of the last of `k`; none where there are fewer.
    fn worst(&self) -> Option<f32> {
        if self.kept.len() < self.k {
            return None;
        }
        self.kept.iter().map(|(_, score)| *score).min_by(f32::total_cmp)
    }

    /// The best first.
    pub(crate) fn sorted(mut self) -> Vec<Scored> {
        self.kept.sort_unstable_by(|a, b| order(self.ids, a, b));
        self.kept
    }
}

/// Greater scores first, equal ones by id in descending order.
fn order(ids: &Ids, a: &Scored, b: &Scored) -> Ordering {
    b.1.total_cmp(&a.1).then_with(|| ids.id(b.0).cmp(ids.id(a.0)))
}
