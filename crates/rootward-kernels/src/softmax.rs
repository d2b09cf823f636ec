//! Passes over one row of scores, of which a softmax, its loss and a ranking are made.
//!
//! A row is long (as many scores as the batch or the corpus has documents), so each pass reads it once and does
//! all it can. A score of minus infinity is masked: it takes no part, and comes out as exactly 0.

use crate::exp::exp_lanes;
use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes, padded, sum};

/// Numbers that are summed in single precision before the sum is taken over in double precision.
const PARTIAL: usize = 16 * LANES;

kernel! {
    /// Scales a row of scores and adds the logarithms of their weights, and returns the greatest of the results.
    ///
    /// `row[i] = row[i] * scale + log_weights[i]`; without weights the scores are only scaled. When every score
    /// is masked, or there is none, the result is minus infinity. NaN is never the greatest. A masked score
    /// stays masked as long as `scale` is greater than 0.
    ///
    /// # Panics
    /// When there are weights, but not one for each score.
    pub fn scale_and_max, scale_and_max_at<I>(row: &mut [f32], scale: f32, log_weights: Option<&[f32]>) -> f32 {
        if let Some(weights) = log_weights {
            assert!(row.len() == weights.len(), "{} weights were given for {} scores", weights.len(), row.len());
        }
        let (chunks, tail) = row.as_chunks_mut();
        let mut greatest = [f32::NEG_INFINITY; LANES];
        if let Some(weights) = log_weights {
            let (weight_chunks, weight_tail) = weights.as_chunks();
            for (chunk, weights) in chunks.iter_mut().zip(weight_chunks) {
                *chunk = scaled::<I>(*chunk, scale, weights);
                keep_greater(&mut greatest, *chunk);
            }
            let lanes = scaled::<I>(padded(tail, 0.0), scale, &padded(weight_tail, 0.0));
            tail.copy_from_slice(&lanes[..tail.len()]);
        } else {
            for chunk in chunks {
                chunk.iter_mut().for_each(|score| *score *= scale);
                keep_greater(&mut greatest, *chunk);
            }
            tail.iter_mut().for_each(|score| *score *= scale);
        }
        keep_greater(&mut greatest, padded(tail, f32::NEG_INFINITY));
        greatest.into_iter().fold(f32::NEG_INFINITY, greater)
    }
}

kernel! {
    /// Replaces every score by `exp(score - max)` and returns the sum of the results.
    ///
    /// `max` is the greatest score, as [`scale_and_max`] returns it. Where it is minus infinity, all scores are
    /// masked: all results and the sum are 0. A masked score becomes exactly 0. NaN, or a score of plus infinity,
    /// makes the sum NaN. The sum is within 1e-6 (relative) of the true sum of the results.
    pub fn exp_sum, exp_sum_at<I>(row: &mut [f32], max: f32) -> f32 {
        if max == f32::NEG_INFINITY {
            row.fill(0.0);
            return 0.0;
        }
        let mut total = 0.0;
        for part in row.chunks_mut(PARTIAL) {
            let mut sums = [0.0; LANES];
            let (chunks, tail) = part.as_chunks_mut();
            for chunk in chunks {
                *chunk = exp_below::<I>(*chunk, max);
                add(&mut sums, *chunk);
            }
            let lanes = exp_below::<I>(padded(tail, f32::NEG_INFINITY), max);
            tail.copy_from_slice(&lanes[..tail.len()]);
            add(&mut sums, lanes);
            total += f64::from(sum(sums));
        }
        total as f32
    }
}

kernel! {
    /// Multiplies every number of a row by `factor`.
    pub fn scale_by, scale_by_at<I>(row: &mut [f32], factor: f32) {
        row.iter_mut().for_each(|value| *value *= factor);
    }
}

kernel! {
    /// How many numbers of a row are greater than `threshold`, and how many are equal to it.
    ///
    /// The two together give the rank of a score, whatever the rule for ties. NaN is neither.
    pub fn count_above, count_above_at<I>(row: &[f32], threshold: f32) -> (usize, usize) {
        let (mut greater, mut equal) = (0, 0);
        // Counters as wide as the scores fill the vectors; a part is short enough for them.
        for part in row.chunks(1 << 20) {
            let (mut greater_here, mut equal_here) = (0u32, 0u32);
            for score in part {
                greater_here += u32::from(*score > threshold);
                equal_here += u32::from(*score == threshold);
            }
            greater += greater_here as usize;
            equal += equal_here as usize;
        }
        (greater, equal)
    }
}

/// `scores * scale + weights`.
#[inline(always)]
fn scaled<I: Instructions>(mut scores: Lanes, scale: f32, weights: &Lanes) -> Lanes {
    for lane in 0..LANES {
        scores[lane] = I::mul_add(scores[lane], scale, weights[lane]);
    }
    scores
}

/// `exp(scores - max)`.
#[inline(always)]
fn exp_below<I: Instructions>(mut scores: Lanes, max: f32) -> Lanes {
    scores.iter_mut().for_each(|score| *score -= max);
    exp_lanes::<I>(scores)
}

#[inline(always)]
fn add(sums: &mut Lanes, lanes: Lanes) {
    for lane in 0..LANES {
        sums[lane] += lanes[lane];
    }
}

#[inline(always)]
fn keep_greater(greatest: &mut Lanes, lanes: Lanes) {
    for lane in 0..LANES {
        greatest[lane] = greater(greatest[lane], lanes[lane]);
    }
}

/// The greater of two numbers, the first where the second is NaN: one instruction, which `f32::max` is not.
#[inline(always)]
fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests;
