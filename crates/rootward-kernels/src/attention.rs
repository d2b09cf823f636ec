//! The softmax of attention over rows of scores, with its gradient.
//!
//! A row is short (as many scores as a sequence has tokens) and lies in a wider one, so that products can store whole
//! vectors; the numbers behind it are left alone.

use crate::exp::exp_lanes;
use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes, padded, sum};
use crate::vector::dot_of;

kernel! {
    /// Replaces the first `n` scores of every row by their softmax: `exp(score * scale)`, divided by the row's sum.
    ///
    /// # Shapes
    /// - `scores`: rows of `stride` numbers, of which the first `n` count
    ///
    /// # Panics
    /// When `scores` are not whole rows, or `n` is greater than `stride`.
    pub fn attention_softmax, attention_softmax_at<I>(scores: &mut [f32], stride: usize, n: usize, scale: f32) {
        assert_rows(scores.len(), stride, n);
        for row in scores.chunks_exact_mut(stride.max(1)) {
            let row = &mut row[..n];
            let (chunks, tail) = row.as_chunks_mut::<LANES>();
            let mut greatest = padded(tail, f32::NEG_INFINITY);
            for chunk in chunks.iter() {
                for lane in 0..LANES {
                    greatest[lane] = if chunk[lane] > greatest[lane] { chunk[lane] } else { greatest[lane] };
                }
            }
            let greatest = greatest.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
            let mut sums = [0.0; LANES];
            for chunk in chunks.iter_mut() {
                *chunk = below::<I>(*chunk, greatest, scale);
                for lane in 0..LANES {
                    sums[lane] += chunk[lane];
                }
            }
            let last = below::<I>(padded(tail, f32::NEG_INFINITY), greatest, scale);
            tail.copy_from_slice(&last[..tail.len()]);
            for lane in 0..LANES {
                sums[lane] += last[lane];
            }
            let factor = 1.0 / sum(sums);
            row.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

kernel! {
    /// Turns gradients of [`attention_softmax`]'s results into those of the scores, in place.
    ///
    /// `grad = scale * shares * (grad - <grad, shares>)`, row by row.
    ///
    /// # Shapes
    /// - `shares`, `grad`: rows of `stride` numbers, of which the first `n` count
    ///
    /// # Panics
    /// When the two differ in length or are not whole rows, or `n` is greater than `stride`.
    pub fn attention_softmax_back, attention_softmax_back_at<I>(
        shares: &[f32], grad: &mut [f32], stride: usize, n: usize, scale: f32,
    ) {
        assert_rows(grad.len(), stride, n);
        assert!(shares.len() == grad.len(), "{} shares were given for {} gradients", shares.len(), grad.len());
        for (shares, grad) in shares.chunks_exact(stride.max(1)).zip(grad.chunks_exact_mut(stride.max(1))) {
            let (shares, grad) = (&shares[..n], &mut grad[..n]);
            let mean = dot_of::<I>(shares, grad);
            for i in 0..n {
                grad[i] = scale * shares[i] * (grad[i] - mean);
            }
        }
    }
}

/// `exp((scores - greatest) * scale)`.
#[inline(always)]
fn below<I: Instructions>(mut scores: Lanes, greatest: f32, scale: f32) -> Lanes {
    scores.iter_mut().for_each(|score| *score = (*score - greatest) * scale);
    exp_lanes::<I>(scores)
}

#[inline(always)]
fn assert_rows(len: usize, stride: usize, n: usize) {
    assert!(
        n <= stride && (stride == 0 || len.is_multiple_of(stride)),
        "{len} numbers are not rows of {stride} with {n} scores each"
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Level;

    /// Shares and gradients of one row in double precision.
    fn naive(scores: &[f32], grad: &[f32], scale: f32) -> Vec<(f64, f64)> {
        let scale = f64::from(scale);
        let powers: Vec<f64> = scores.iter().map(|score| (f64::from(*score) * scale).exp()).collect();
        let total: f64 = powers.iter().sum();
        let shares: Vec<f64> = powers.iter().map(|power| power / total).collect();
        let mean: f64 = shares.iter().zip(grad).map(|(share, g)| share * f64::from(*g)).sum();
        shares.iter().zip(grad).map(|(share, g)| (*share, scale * share * (f64::from(*g) - mean))).collect()
    }

    proptest! {
        #[test]
        fn attention_agrees_with_its_naive_twin_and_leaves_the_rest_alone(
            n_rows in 0usize..4, n in 1usize..70, gap in 0usize..3, scale in 0.05f32..1.0,
        ) {
            let stride = n + gap;
            let number = |i: usize| ((i * 7919 + 13) % 4001) as f32 / 100.0 - 20.0;
            let scores: Vec<f32> = (0..n_rows * stride).map(number).collect();
            let grads: Vec<f32> = (0..n_rows * stride).map(|i| number(i + 77) / 10.0).collect();
            let run = |level| {
                let (mut shares, mut grad) = (scores.clone(), grads.clone());
                attention_softmax_at(level, &mut shares, stride, n, scale);
                attention_softmax_back_at(level, &shares, &mut grad, stride, n, scale);
                [shares, grad]
            };
            for level in Level::available() {
                let [shares, grad] = run(level);
                for row in 0..n_rows {
                    let at = row * stride..row * stride + n;
                    for (i, (share, slope)) in naive(&scores[at.clone()], &grads[at.clone()], scale).into_iter().enumerate() {
                        prop_assert!((f64::from(shares[at.start + i]) - share).abs() <= 4e-6 * share + 1e-30);
                        prop_assert!((f64::from(grad[at.start + i]) - slope).abs() <= 4e-6);
                    }
                    let rest = at.end..(row + 1) * stride;
                    prop_assert_eq!(&shares[rest.clone()], &scores[rest.clone()]);
                    prop_assert_eq!(&grad[rest.clone()], &grads[rest]);
                }
            }
            crate::tests::same_bits(|level| run(level).concat());
        }
    }
}
