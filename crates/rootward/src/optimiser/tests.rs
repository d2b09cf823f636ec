//! Riemannian steps against a twin in the ambient space of the Lorentz model, in double precision.

use proptest::prelude::*;

use super::*;

const SGD: Optimiser = Optimiser::RiemannianSgd { clip: 2.0 };

/// The row after a step of some optimiser for each gradient.
fn moved(optimiser: Optimiser, row: &[f32], grads: &[Vec<f32>], rate: f32) -> Vec<f32> {
    let mut rows = Matrix::new(1, row.len(), row.to_vec()).unwrap();
    let mut moments = Moments::start(optimiser, 1, row.len());
    for values in grads {
        optimiser.step(&mut rows, &mut moments, Gradients { touched: &[0], slots: &[0], values }, rate);
    }
    rows.values().to_vec()
}

/// `(x0, x)`.
fn point(row: &[f32]) -> Vec<f64> {
    let squares: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
    std::iter::once((1.0 + squares).sqrt()).chain(row.iter().map(|x| f64::from(*x))).collect()
}

fn lorentzian(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() - 2.0 * a[0] * b[0]
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    (-lorentzian(&point(a), &point(b))).max(1.0).acosh()
}

/// Steepest descent as in the ambient space [Nickel & Kiela 2018, alg. 1]: flip the sign of time, project, follow.
///
/// The gradient of a function of the spatial coordinates alone is `(0, g)`.
fn twin(row: &[f32], grad: &[f32], rate: f64) -> Vec<f64> {
    let at = point(row);
    let flipped: Vec<f64> = std::iter::once(0.0).chain(grad.iter().map(|g| f64::from(*g))).collect();
    let along = lorentzian(&at, &flipped);
    let tangent: Vec<f64> = flipped.iter().zip(&at).map(|(h, x)| -rate * (h + along * x)).collect();
    let length = lorentzian(&tangent, &tangent).sqrt();
    let go = |x: &f64, v: &f64| length.cosh() * x + length.sinh() / length.max(1e-300) * v;
    at.iter().zip(&tangent).map(|(x, v)| go(x, v)).collect()
}

fn numbers(dim: usize, most: f32) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-most..most, dim)
}

fn row_and_gradient() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    (1usize..20).prop_flat_map(|dim| (numbers(dim, 2.0), numbers(dim, 0.3)))
}

proptest! {
    #[test]
    fn a_riemannian_step_agrees_with_its_ambient_twin((row, grad) in row_and_gradient()) {
        let got = moved(SGD, &row, std::slice::from_ref(&grad), 0.1);
        let expected = twin(&row, &grad, 0.1);
        for (got, expected) in point(&got).iter().zip(&expected) {
            prop_assert!((got - expected).abs() < 2e-6 * (1.0 + expected.abs()), "{got} is not {expected}");
        }
    }

    #[test]
    fn a_riemannian_step_goes_as_far_as_rate_times_norm((row, grad) in row_and_gradient()) {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let norm = (dot(&grad, &grad) + dot(&row, &grad).powi(2)).sqrt();
        let got = distance(&row, &moved(SGD, &row, &[grad], 0.1));
        prop_assert!((got - (0.1 * norm).min(2.0)).abs() < 1e-3 * (1.0 + norm), "{got} is not 0.1 * {norm}");
    }
}

#[test]
fn riemannian_steps_are_clipped_and_stay_in_their_ball() {
    let once = moved(SGD, &[0.0, 0.0], &[vec![0.0, 1e3]], 50.0);
    assert!((distance(&once, &[0.0, 0.0]) - 2.0).abs() < 1e-4, "{once:?}");
    let often = moved(SGD, &[0.0, 0.0], &vec![vec![0.0, 1e3]; 20], 50.0);
    assert!((often[1] + 100.0).abs() < 1e-3 && often[0] == 0.0, "{often:?}");
    assert_eq!(moved(SGD, &[0.5, 1.0], &[vec![0.0, 0.0]], 1.0), [0.5, 1.0]);
}

#[test]
fn riemannian_descent_reaches_the_point_whose_distance_it_lowers() {
    let goal = [1.5f32, -2.0, 0.5];
    let mut row = vec![-3.0f32, 0.1, 4.0];
    for step in 0..400 {
        // The slopes of the distance over the spatial coordinates, by differences.
        let slope = |i: usize| {
            let (mut more, mut less) = (row.clone(), row.clone());
            more[i] += 1e-3;
            less[i] -= 1e-3;
            ((distance(&more, &goal) - distance(&less, &goal)) / f64::from(more[i] - less[i])) as f32
        };
        let grad: Vec<f32> = (0..3).map(slope).collect();
        row = moved(SGD, &row, &[grad], 0.05 * (1.0 - step as f32 / 400.0));
    }
    assert!(distance(&row, &goal) < 0.01, "{row:?}");
}
