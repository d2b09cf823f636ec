//! The exponential function as a polynomial.
//!
//! The mathematical library's `exp` is exact to the last bit and takes one number at a time; this one is within
//! 1e-7 of the true value and takes sixteen.

use crate::instructions::{Instructions, kernel};
use crate::lanes::{Lanes, padded};

/// The logarithm of the least normal number; below it the result is zero.
const LEAST: f32 = -87.336_54;
/// Above it the result stays where it is, just below the greatest number.
const GREATEST: f32 = 88.37;

kernel! {
    /// Replaces every number by its exponential, within 1e-7 of the true value (relative).
    ///
    /// Below -87.3, and so for minus infinity, the result is exactly 0; above 88.37 it is that of 88.37, about
    /// 2.4e38; NaN stays NaN.
    pub fn exp, exp_at<I>(values: &mut [f32]) {
        let (chunks, tail) = values.as_chunks_mut();
        for chunk in chunks {
            *chunk = exp_lanes::<I>(*chunk);
        }
        let lanes = exp_lanes::<I>(padded(tail, 0.0));
        tail.copy_from_slice(&lanes[..tail.len()]);
    }
}

/// [`exp`] of sixteen numbers.
#[inline(always)]
pub(crate) fn exp_lanes<I: Instructions>(mut lanes: Lanes) -> Lanes {
    for x in &mut lanes {
        *x = exp_one::<I>(*x);
    }
    lanes
}

/// `2^n * exp(rest)` with `x = n * ln 2 + rest` and `|rest| <= ln 2 / 2`, the latter a polynomial of degree 7.
///
/// The coefficients are those of `expf` in the Cephes library.
#[inline(always)]
fn exp_one<I: Instructions>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits; the comparisons let NaN pass.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first short enough for its product with `n` to be exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < LEAST { LEAST } else { x };
    let clamped = if clamped > GREATEST { GREATEST } else { clamped };
    let shifted = I::mul_add(clamped, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let rest = I::mul_add(n, -LN_2_LOW, I::mul_add(n, -LN_2_HIGH, clamped));
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = I::mul_add(p, rest, coefficient);
    }
    let y = I::mul_add(p * rest, rest, rest) + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < LEAST { 0.0 } else { y * power }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    fn check(level: Level, x: f32, expected: f32) {
        let mut values = [0.0, x];
        exp_at(level, &mut values);
        assert_eq!(values[1].to_bits(), expected.to_bits(), "exp({x}) at {level} is {}", values[1]);
    }

    #[test]
    fn exp_is_within_1e_7_of_the_truth() {
        for level in Level::available() {
            let inputs: Vec<f32> = (0..1_750_000).map(|i| -87.0 + i as f32 * 1e-4).collect();
            let mut values = inputs.clone();
            exp_at(level, &mut values);
            for (x, y) in inputs.into_iter().zip(values) {
                let truth = f64::from(x).exp();
                let error = (f64::from(y) / truth - 1.0).abs();
                assert!(error <= 1e-7, "exp({x}) at {level} is {y}, off by {error:e}");
            }
        }
    }

    #[test]
    fn exp_ends_at_zero_and_at_the_greatest_numbers() {
        for level in Level::available() {
            check(level, f32::NEG_INFINITY, 0.0);
            check(level, -87.4, 0.0);
            check(level, f32::MIN, 0.0);
            check(level, 0.0, 1.0);
            check(level, -1e-40, 1.0);
            let mut values = [88.37, 100.0, f32::INFINITY, f32::NAN];
            exp_at(level, &mut values);
            assert!(
                values[0] > 2.3e38 && values[1] == values[0] && values[2] == values[0] && values[3].is_nan()
            );
        }
    }
}
