//! The passes over a row of scores against scalar twins in double precision, at every level of the machine.

use proptest::prelude::*;

use super::*;
use crate::Level;

/// Scores of any length around multiples of 16, some of them masked, subnormal or zero.
fn rows() -> impl Strategy<Value = Vec<f32>> {
    let score =
        prop_oneof![8 => -90f32..90.0, 1 => Just(f32::NEG_INFINITY), 1 => Just(1e-41f32), 1 => Just(-0.0f32)];
    prop_oneof![prop::collection::vec(score.clone(), 0..70), prop::collection::vec(score, 250..300)]
}

fn greatest(row: &[f32]) -> f32 {
    row.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

proptest! {
    #[test]
    fn scaled_scores_agree_with_their_scalar_twin(row in rows(), scale in 0.01f32..30.0, weighted: bool) {
        let weights: Vec<f32> = (0..row.len()).map(|i| i as f32 * 0.25 - 8.0).collect();
        let weights = weighted.then_some(&weights[..]);
        for level in Level::available() {
            let mut got = row.clone();
            let max = scale_and_max_at(level, &mut got, scale, weights);
            for (i, (got, score)) in got.iter().zip(&row).enumerate() {
                let weight = weights.map_or(0.0, |weights| f64::from(weights[i]));
                let expected = f64::from(*score) * f64::from(scale) + weight;
                let rounding = 2e-7 * (f64::from(*score) * f64::from(scale)).abs().min(1e9) + 1e-5;
                let near = *got == expected as f32 || (f64::from(*got) - expected).abs() <= rounding;
                prop_assert!(near, "{got} at {level} is not {expected}");
            }
            prop_assert_eq!(max, greatest(&got));
        }
    }

    #[test]
    fn a_softmax_agrees_with_its_scalar_twin(row in rows()) {
        let max = greatest(&row);
        for level in Level::available() {
            let mut got = row.clone();
            let sum = f64::from(exp_sum_at(level, &mut got, max));
            let expected: Vec<f64> = row.iter().map(|score| f64::from(score - max).exp()).collect();
            let close =
                |got: f64, expected: f64, within: f64| (got - expected).abs() <= within * expected + 1e-37;
            if max > f32::NEG_INFINITY {
                let whole = expected.iter().sum();
                prop_assert!(close(sum, whole, 1e-6), "the sum at {level} is {sum}, not {whole}");
                for (got, expected) in got.iter().zip(&expected) {
                    prop_assert!(close(f64::from(*got), *expected, 2e-7), "{got} at {level} is not {expected}");
                }
            }
            prop_assert!(got.iter().zip(&row).all(|(got, score)| *score > f32::NEG_INFINITY || *got == 0.0));
        }
    }

    #[test]
    fn counts_agree_with_their_scalar_twin(row in rows(), place: prop::sample::Index) {
        let threshold = if row.is_empty() { 0.0 } else { row[place.index(row.len())] };
        let greater = row.iter().filter(|score| **score > threshold).count();
        let equal = row.iter().filter(|score| **score == threshold).count();
        for level in Level::available() {
            prop_assert_eq!(count_above_at(level, &row, threshold), (greater, equal));
        }
    }

    #[test]
    fn scaling_agrees_with_its_scalar_twin(row in rows(), factor in -3f32..3.0) {
        let expected: Vec<u32> = row.iter().map(|score| (score * factor).to_bits()).collect();
        for level in Level::available() {
            let mut got = row.clone();
            scale_by_at(level, &mut got, factor);
            prop_assert_eq!(got.into_iter().map(f32::to_bits).collect::<Vec<_>>(), &expected[..]);
        }
    }

    #[test]
    fn a_softmax_gives_the_same_bits_at_both_avx_levels(row in rows(), weighted: bool) {
        let weights: Vec<f32> = (0..row.len()).map(|i| i as f32 * 0.3 - 8.0).collect();
        crate::tests::same_bits(|level| {
            let mut got = row.clone();
            let max = scale_and_max_at(level, &mut got, 0.7, weighted.then_some(&weights[..]));
            let sum = exp_sum_at(level, &mut got, max);
            scale_by_at(level, &mut got, 1.0 / sum);
            got.extend([max, sum]);
            got
        });
    }
}

#[test]
fn a_row_that_is_all_masked_becomes_zero() {
    for level in Level::available() {
        for n in [0, 1, 15, 16, 17, 300] {
            let mut row = vec![f32::NEG_INFINITY; n];
            let max = scale_and_max_at(level, &mut row, 0.05, None);
            assert_eq!((max, exp_sum_at(level, &mut row, max)), (f32::NEG_INFINITY, 0.0));
            assert!(row.iter().all(|value| *value == 0.0));
        }
    }
}

#[test]
fn a_score_that_is_not_a_number_shows_in_the_sum() {
    for level in Level::available() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut row = vec![0.5; 40];
            row[7] = bad;
            let max = scale_and_max_at(level, &mut row, 1.0, None);
            assert!(exp_sum_at(level, &mut row, max).is_nan());
        }
    }
}

#[test]
fn the_sum_of_a_long_row_stays_within_1e_6() {
    for level in Level::available() {
        let mut row: Vec<f32> = (0..100_003).map(|i| -(i as f32 * 0.618).fract() * 9.0).collect();
        let sum = f64::from(exp_sum_at(level, &mut row, 0.0));
        let truth: f64 = row.iter().map(|value| f64::from(*value)).sum();
        assert!((sum / truth - 1.0).abs() < 1e-6, "{sum} at {level} is not {truth}");
    }
}

#[test]
fn a_row_longer_than_one_part_is_counted_to_its_end() {
    let row = vec![1.0; (1 << 20) + 5];
    assert_eq!(count_above(&row, 0.0), (row.len(), 0));
    assert_eq!(count_above(&row, 1.0), (0, row.len()));
}
