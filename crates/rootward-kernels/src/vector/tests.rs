//! Loops over vectors against scalar twins in double precision, at every level of the machine.

use proptest::prelude::*;

use super::*;
use crate::Level;

fn vectors() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    let number = || prop_oneof![9 => -4f32..4.0, 1 => Just(1e-41f32)];
    prop::collection::vec((number(), number()), 0..100).prop_map(|pairs| pairs.into_iter().unzip())
}

/// Rows of `dim` numbers, one of them zero, and gradients of the same shape.
fn rows() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>)> {
    (1usize..70, 1usize..5).prop_flat_map(|(dim, n_rows)| {
        let numbers = || prop::collection::vec(-4f32..4.0, dim * n_rows);
        (Just(dim), numbers(), numbers()).prop_map(move |(dim, mut values, grad)| {
            values[..dim].fill(0.0);
            (dim, values, grad)
        })
    })
}

fn naive_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Unit rows, norms and gradients with respect to the rows, end to end.
fn normalised(level: Level, dim: usize, values: &[f32], grad: &[f32]) -> Vec<f32> {
    let (mut unit, mut grad, mut norms) = (values.to_vec(), grad.to_vec(), vec![-1.0; values.len() / dim]);
    normalise_rows_at(level, &mut unit, dim, &mut norms);
    normalise_rows_back_at(level, &unit, &norms, dim, &mut grad);
    [unit, grad, norms].concat()
}

fn naive_normalised(dim: usize, values: &[f32], grad: &[f32]) -> Vec<f64> {
    let (mut unit, mut back, mut norms) = (vec![], vec![], vec![]);
    for (row, grad) in values.chunks(dim).zip(grad.chunks(dim)) {
        let norm = naive_dot(row, row).sqrt();
        let inverse = if norm == 0.0 { 0.0 } else { 1.0 / norm };
        let along = naive_dot(row, grad) * inverse;
        unit.extend(row.iter().map(|x| f64::from(*x) * inverse));
        back.extend(
            row.iter().zip(grad).map(|(x, g)| (f64::from(*g) - along * f64::from(*x) * inverse) * inverse),
        );
        norms.push(norm);
    }
    [unit, back, norms].concat()
}

proptest! {
    #[test]
    fn inner_products_and_sums_agree_with_their_scalar_twins((a, b) in vectors(), factor in -2f32..2.0) {
        for level in Level::available() {
            let (got, expected) = (f64::from(dot_at(level, &a, &b)), naive_dot(&a, &b));
            prop_assert!((got - expected).abs() <= 1e-4, "{got} at {level} is not {expected}");
            let mut sums = b.clone();
            add_scaled_at(level, factor, &a, &mut sums);
            for ((got, a), b) in sums.iter().zip(&a).zip(&b) {
                let expected = f64::from(*b) + f64::from(factor) * f64::from(*a);
                prop_assert!((f64::from(*got) - expected).abs() <= 2e-6, "{got} at {level} is not {expected}");
            }
        }
    }

    #[test]
    fn unit_rows_and_their_gradients_agree_with_their_scalar_twin((dim, values, grad) in rows()) {
        let expected = naive_normalised(dim, &values, &grad);
        for level in Level::available() {
            for (got, expected) in normalised(level, dim, &values, &grad).into_iter().zip(&expected) {
                let error = (f64::from(got) - expected).abs();
                prop_assert!(error <= 1e-5 * (1.0 + expected.abs()), "{got} at {level} is not {expected}");
            }
        }
    }

    #[test]
    fn vectors_give_the_same_bits_at_both_avx_levels((a, b) in vectors(), (dim, values, grad) in rows()) {
        crate::tests::same_bits(|level| {
            let mut got = normalised(level, dim, &values, &grad);
            let mut sums = b.clone();
            add_scaled_at(level, 0.3, &a, &mut sums);
            got.extend(sums);
            got.push(dot_at(level, &a, &b));
            got
        });
    }
}

#[test]
fn a_row_too_short_to_measure_becomes_zero() {
    for level in Level::available() {
        let (mut values, mut norms) = ([1e-30, 2e-41, 3.0, 4.0], [9.0; 2]);
        normalise_rows_at(level, &mut values, 2, &mut norms);
        assert_eq!((values, norms), ([0.0, 0.0, 0.6, 0.8], [0.0, 5.0]));
    }
}

#[test]
fn rows_of_no_numbers_have_norm_0() {
    let mut norms = [5.0, 5.0];
    normalise_rows(&mut [], 0, &mut norms);
    assert_eq!(norms, [0.0, 0.0]);
}
