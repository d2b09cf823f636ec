//! Distances in hyperbolic space, with the slopes that a gradient passes through.
//!
//! The inner product of two points of the Lorentz model is minus the hyperbolic cosine of their distance, so a row of
//! products becomes a row of distances one number at a time. The logarithm in it is a series, as the mathematical
//! library's takes one number at a time.

use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes, padded};

/// How far below -1 a product counts at least: distances below about 0.0014 are no longer told apart.
///
/// At distance 0 the slope is infinite, and rounding may put the product of a point with itself above -1.
const LEAST_EXCESS: f32 = 1e-6;

kernel! {
    /// Replaces Lorentzian inner products by minus the distances that they stand for, and writes the slopes.
    ///
    /// `row[i] = -arcosh(z)` and `slopes[i] = d row[i] / d (old row[i]) = 1 / sqrt(z^2 - 1)`, with `z` the greater of
    /// minus the old `row[i]` and 1 + 1e-6. Within 2e-7 of the true distance, or 2e-7 of it where that is more; NaN
    /// stays NaN, and minus infinity stays as it is with slope 0.
    ///
    /// # Panics
    /// When there is not one slope for each product.
    pub fn negative_distances, negative_distances_at<I>(row: &mut [f32], slopes: &mut [f32]) {
        assert!(row.len() == slopes.len(), "{} slopes were given for {} products", slopes.len(), row.len());
        let (chunks, tail) = row.as_chunks_mut();
        let (slope_chunks, slope_tail) = slopes.as_chunks_mut();
        for (chunk, slopes) in chunks.iter_mut().zip(slope_chunks) {
            (*chunk, *slopes) = distance_lanes::<I>(chunk);
        }
        let (lanes, slopes) = distance_lanes::<I>(&padded(tail, -1.0));
        tail.copy_from_slice(&lanes[..tail.len()]);
        slope_tail.copy_from_slice(&slopes[..slope_tail.len()]);
    }
}

/// Minus the distances, and the slopes.
#[inline(always)]
fn distance_lanes<I: Instructions>(products: &Lanes) -> (Lanes, Lanes) {
    let (mut distances, mut slopes) = ([0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        // The comparison lets NaN pass.
        let excess = -products[lane] - 1.0;
        let excess = if excess < LEAST_EXCESS { LEAST_EXCESS } else { excess };
        let root = I::mul_add(excess, excess, 2.0 * excess).sqrt();
        distances[lane] = -ln::<I>(1.0 + (excess + root));
        slopes[lane] = 1.0 / root;
    }
    (distances, slopes)
}

/// The natural logarithm of a number that is 1 or more; infinity and NaN stay.
///
/// `x = 2^n * m` with `m` around 1, and `ln m = 2 artanh(f)`, `f = (m - 1) / (m + 1)`, whose series needs five terms as
/// `|f| <= 0.172`.
#[inline(always)]
fn ln<I: Instructions>(x: f32) -> f32 {
    const ROOT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    let n = (x.to_bits().wrapping_sub(ROOT_HALF) as i32) >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((n << 23) as u32));
    let f = (m - 1.0) / (m + 1.0);
    let square = f * f;
    let mut series = 1.0 / 9.0;
    for term in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0] {
        series = I::mul_add(series, square, term);
    }
    let y = I::mul_add(n as f32, std::f32::consts::LN_2, 2.0 * f * series);
    if x < f32::INFINITY { y } else { x }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Level;

    fn found(level: Level, products: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mut row, mut slopes) = (products.to_vec(), vec![0.0; products.len()]);
        negative_distances_at(level, &mut row, &mut slopes);
        (row, slopes)
    }

    proptest! {
        #[test]
        fn distances_and_slopes_agree_with_their_scalar_twin(
            logs in prop::collection::vec(-20f32..40.0, 0..70),
        ) {
            let products: Vec<f32> = logs.iter().map(|log| -1.0 - log.exp2()).collect();
            for level in Level::available() {
                let (row, slopes) = found(level, &products);
                for (i, product) in products.iter().enumerate() {
                    let z = (-f64::from(*product)).max(1.0 + f64::from(LEAST_EXCESS));
                    let (distance, slope) = (z.acosh(), 1.0 / (z * z - 1.0).sqrt());
                    let error = (f64::from(row[i]) + distance).abs();
                    prop_assert!(error <= 2e-7 * distance.max(1.0), "{product}: {} is not -{distance}", row[i]);
                    prop_assert!((f64::from(slopes[i]) / slope - 1.0).abs() < 1e-6, "{product}: {}", slopes[i]);
                }
            }
        }

        #[test]
        fn distances_have_the_same_bits_at_both_avx_levels(
            logs in prop::collection::vec(-20f32..40.0, 0..70),
        ) {
            let products: Vec<f32> = logs.iter().map(|log| -1.0 - log.exp2()).collect();
            crate::tests::same_bits(|level| {
                let (row, slopes) = found(level, &products);
                [row, slopes].concat()
            });
        }
    }

    #[test]
    fn products_that_no_two_points_have_count_as_the_nearest_or_stay_unusable() {
        for level in Level::available() {
            let (row, slopes) = found(level, &[-1.0, -0.5, 3.0, f32::NEG_INFINITY, f32::NAN]);
            assert!(row[0] == row[1] && row[1] == row[2] && (row[0] + 0.001_414_2).abs() < 1e-6, "{row:?}");
            assert!(slopes[..3].iter().all(|slope| (slope - 707.1).abs() < 0.1), "{slopes:?}");
            assert!(row[3] == f32::NEG_INFINITY && slopes[3] == 0.0 && row[4].is_nan(), "{row:?}");
        }
    }
}
