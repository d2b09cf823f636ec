//! Dividing the documents of one node by spherical k-means.
//!
//! Vectors are read a few rows at a time and put on the unit sphere as they are read, so that nothing grows with the
//! documents but a few numbers for each. Work is cut into parts by the number of documents alone and sums are added in
//! the order of the parts: threads change nothing.

use std::borrow::Cow;

use rand::RngExt;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use rootward_kernels::{Packed, Store, Strided, add_scaled, dot, normalise_rows, product};

use super::assignment::assign;
use super::{DocVectors, TreeShape};
use crate::ids::DocIdx;
use crate::matrix::Matrix;

/// Documents that are scored at a time: their vectors fit a cache.
const BLOCK: usize = 96;
/// Documents of a part, at least, and parts, at most.
const PART: usize = 1024;
const PARTS: usize = 16;
/// Documents per child that first centroids are drawn from.
const DRAWN: usize = 64;
/// Of how many documents each first centroid is the best.
const CANDIDATES: usize = 4;
/// Two directions that are nearer than this, as half of the squared distance, are one.
const SAME: f32 = 1e-6;

/// Documents and where their vectors stand.
#[derive(Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) vectors: &'a dyn DocVectors,
    pub(super) docs: &'a [DocIdx],
}

/// The two centroids with the greatest inner products with a document's direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) best: u32,
    pub(super) second: u32,
    pub(super) score: f32,
    /// By how much the second is worse.
    pub(super) regret: f32,
}

impl TreeShape {
    /// Children that would be leaves with room to spare, were there no limit.
    fn leaves_wanted(self, n_docs: usize) -> usize {
        n_docs.saturating_mul(3).div_ceil(self.leaf_size.saturating_mul(2))
    }

    fn n_children(self, n_docs: usize) -> usize {
        self.leaves_wanted(n_docs).min(self.branching).min(n_docs)
    }

    /// The most documents of a child, fewer than its parent's: what is to be leaves, becomes leaves.
    fn most_docs(self, n_docs: usize) -> usize {
        let fair = f64::from(self.balance) * n_docs as f64 / self.n_children(n_docs) as f64;
        let leaves = self.leaves_wanted(n_docs) <= self.branching;
        (fair.ceil() as usize).min(if leaves { self.leaf_size } else { n_docs - 1 })
    }
}

/// Divides documents, more than a leaf holds, in two parts at least; each keeps their order.
pub(super) fn cluster(
    vectors: &dyn DocVectors,
    docs: &[DocIdx],
    shape: TreeShape,
    rng: &mut Pcg64,
) -> Vec<Vec<DocIdx>> {
    let k = shape.n_children(docs.len());
    let points = Points { vectors, docs };
    let Some(first) = first_centroids(points, k, shape.sample, rng) else {
        return evenly(docs, k);
    };
    let centroids = settle(points, first, shape, rng);
    assign(points, &centroids, shape.most_docs(docs.len()))
}

/// Parts of equal size, by order.
fn evenly(docs: &[DocIdx], k: usize) -> Vec<Vec<DocIdx>> {
    (0..k).map(|at| docs[at * docs.len() / k..(at + 1) * docs.len() / k].to_vec()).collect()
}

/// Directions of documents, each drawn with a probability that grows with the squared distance to those drawn before;
/// of a few drawn each time, the one that leaves the least [Arthur and Vassilvitskii, SODA 2007, greedy k-means++].
///
/// None when there is only one direction.
fn first_centroids(points: Points<'_>, k: usize, sample: usize, rng: &mut Pcg64) -> Option<Matrix> {
    let docs = some(points.docs, k.saturating_mul(sample.min(DRAWN)), rng);
    let (n, dim) = (docs.len(), points.vectors.dim());
    let mut rows = Vec::new();
    points.gather(&docs, &mut rows); // (drawn, dim)
    // A direction has length 1; a vector without one has 0.
    let half_squares = rows.chunks_exact(dim).map(|row| 0.5 * dot(row, row).round()).collect();
    let drawn = Drawn { rows: Matrix::new(n, dim, rows).expect("each row was gathered"), half_squares };
    let start = rng.random_range(0..n);
    let mut distances = drawn.nearer_with(start, &vec![f32::INFINITY; n]);
    if total(&distances) == 0.0 {
        return None;
    }
    let mut chosen = vec![start];
    while chosen.len() < k {
        let candidates = (0..CANDIDATES).map(|_| {
            let candidate = by_weight(&distances, rng);
            (candidate, drawn.nearer_with(candidate, &distances))
        });
        let least = candidates.min_by(|(_, a), (_, b)| total(a).total_cmp(&total(b)));
        let (candidate, left) = least.expect("there are candidates");
        chosen.push(candidate);
        distances = left;
    }
    let centroids = chosen.iter().flat_map(|at| drawn.rows.row(*at).iter().copied());
    Some(Matrix::new(k, dim, centroids.collect()).expect("each centroid is a row"))
}

/// The directions that first centroids are drawn from.
struct Drawn {
    rows: Matrix,
    /// Half of the square of each row's length.
    half_squares: Vec<f32>,
}

impl Drawn {
    /// For each row half of the squared distance to the nearest centroid, once row `centre` is one.
    fn nearer_with(&self, centre: usize, distances: &[f32]) -> Vec<f32> {
        let Drawn { rows, half_squares } = self;
        let row = |(at, distance): (usize, &f32)| {
            let new = half_squares[centre] + half_squares[at] - dot(rows.row(at), rows.row(centre));
            distance.min(if new < SAME { 0.0 } else { new })
        };
        distances.par_iter().enumerate().with_min_len(PART).map(row).collect()
    }
}

fn total(distances: &[f32]) -> f64 {
    distances.iter().map(|distance| f64::from(*distance)).sum()
}

/// A place drawn with a probability in proportion to its distance; any place where all are 0.
fn by_weight(distances: &[f32], rng: &mut Pcg64) -> usize {
    let mut left = rng.random::<f64>() * total(distances);
    let found = distances.iter().position(|distance| {
        left -= f64::from(*distance);
        left < 0.0
    });
    // Where all directions are taken, one of them stands for two children.
    found.unwrap_or_else(|| rng.random_range(0..distances.len()))
}

/// Moves centroids to the means of the documents that are nearest to them, again and again.
fn settle(points: Points<'_>, mut centroids: Matrix, shape: TreeShape, rng: &mut Pcg64) -> Matrix {
    let (k, dim) = (centroids.n_rows(), centroids.dim());
    let looked_at = k.saturating_mul(shape.sample);
    let all = points.docs.len() <= looked_at;
    let mut sums = Matrix::zeros(k, dim);
    for _ in 0..shape.iterations {
        // Where each round sees a sample, means run over the rounds: those before count half.
        let keep = if all { 0.0 } else { 0.5 };
        sums.values_mut().iter_mut().for_each(|sum| *sum *= keep);
        let seen = some(points.docs, looked_at, rng);
        let empty = add_members(Points { docs: &seen, ..points }, &centroids, &mut sums);
        let before = centroids.clone();
        centroids.values_mut().copy_from_slice(sums.values());
        normalise_rows(centroids.values_mut(), dim, &mut vec![0.0; k]);
        let mut unit = Vec::new();
        for (child, doc) in empty {
            points.gather(&[doc], &mut unit);
            centroids.row_mut(child).copy_from_slice(&unit);
            sums.row_mut(child).copy_from_slice(&unit);
        }
        if all && before == centroids {
            break;
        }
    }
    centroids
}

/// Adds each document's direction to the sum of its nearest centroid; gives the centroids that had none, each with one
/// of the documents that are served worst.
fn add_members(seen: Points<'_>, centroids: &Matrix, sums: &mut Matrix) -> Vec<(usize, DocIdx)> {
    let (k, dim) = (centroids.n_rows(), centroids.dim());
    let parts = seen.each_part(centroids, |part, packed| {
        let (mut sums, mut choices) = (vec![0.0; k * dim], Vec::with_capacity(part.docs.len()));
        part.choose(packed, |unit, choice| {
            let best = choice.best as usize;
            add_scaled(1.0, unit, &mut sums[best * dim..(best + 1) * dim]);
            choices.push(choice);
        });
        (sums, choices)
    });
    let mut counts = vec![0usize; k];
    let mut scores = Vec::with_capacity(seen.docs.len());
    for (part_sums, choices) in parts {
        add_scaled(1.0, &part_sums, sums.values_mut());
        for choice in choices {
            counts[choice.best as usize] += 1;
            scores.push(choice.score);
        }
    }
    let empty: Vec<usize> = (0..k).filter(|child| counts[*child] == 0).collect();
    if empty.is_empty() {
        return Vec::new();
    }
    let mut worst: Vec<usize> = (0..scores.len()).collect();
    worst.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
    empty.into_iter().zip(worst.into_iter().map(|at| seen.docs[at])).collect()
}

/// All documents, or so many drawn at random where there are more; in ascending order.
fn some<'a>(docs: &'a [DocIdx], most: usize, rng: &mut Pcg64) -> Cow<'a, [DocIdx]> {
    if docs.len() <= most {
        return Cow::Borrowed(docs);
    }
    let mut drawn: Vec<DocIdx> = (0..most).map(|_| docs[rng.random_range(0..docs.len())]).collect();
    drawn.sort_unstable();
    Cow::Owned(drawn)
}

impl Points<'_> {
    /// Writes the directions of documents over what stands in `rows`, `(docs, dim)`.
    pub(super) fn gather(&self, docs: &[DocIdx], rows: &mut Vec<f32>) {
        rows.clear();
        docs.iter().for_each(|doc| rows.extend_from_slice(self.vectors.row(*doc)));
        normalise_rows(rows, self.vectors.dim(), &mut vec![0.0; docs.len()]);
    }

    /// What `work` makes of each part of the documents, in order; it is given the centroids as the right of a product.
    pub(super) fn each_part<T: Send>(
        &self,
        centroids: &Matrix,
        work: impl Fn(Points<'_>, &Packed) -> T + Sync,
    ) -> Vec<T> {
        let (k, dim) = (centroids.n_rows(), centroids.dim());
        let mut packed = Packed::default();
        packed.pack(dim, k, Strided::transposed(centroids.values(), dim)); // (dim, k)
        let size = PART.max(self.docs.len().div_ceil(PARTS));
        self.docs.par_chunks(size).map(|docs| work(Points { docs, ..*self }, &packed)).collect()
    }

    /// Calls `each` with every document's direction and choice, in order.
    pub(super) fn choose(&self, centroids: &Packed, mut each: impl FnMut(&[f32], Choice)) {
        let (k, dim) = (centroids.n(), self.vectors.dim());
        let (mut rows, mut scores) = (Vec::new(), vec![0.0; BLOCK * k]);
        for docs in self.docs.chunks(BLOCK) {
            self.gather(docs, &mut rows); // (block, dim)
            product(Store::Set, docs.len(), Strided::rows(&rows, dim), centroids, &mut scores, k); // (block, k)
            for (unit, scores) in rows.chunks_exact(dim).zip(scores.chunks_exact(k)) {
                each(unit, choice(scores));
            }
        }
    }
}

/// The best two of at least two scores; of equal ones the first.
fn choice(scores: &[f32]) -> Choice {
    let (mut best, mut second) = ((0, f32::NEG_INFINITY), (0, f32::NEG_INFINITY));
    for (child, score) in (0..).zip(scores.iter().copied()) {
        if score > best.1 {
            (best, second) = ((child, score), best);
        } else if score > second.1 {
            second = (child, score);
        }
    }
    Choice { best: best.0, second: second.0, score: best.1, regret: best.1 - second.1 }
}
