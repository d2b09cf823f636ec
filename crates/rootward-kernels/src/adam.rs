//! One row of lazy Adam: only the rows of a table that a batch touched are updated.

use crate::instructions::kernel;

/// The numbers that all rows of one step share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The learning rate.
    pub rate: f32,
    /// How much of the mean of gradients is kept at each step, 0.9 as a rule.
    pub beta1: f32,
    /// How much of the mean of squared gradients is kept at each step, 0.999 as a rule.
    pub beta2: f32,
    /// Added to the root of the mean square, so that it can divide.
    pub epsilon: f32,
    /// `1 - beta1^t` at step `t`, from 1: what the mean is divided by, since it began at zero.
    pub correction1: f32,
    /// `1 - beta2^t` at step `t`: the same for the mean square.
    pub correction2: f32,
}

kernel! {
    /// Moves `params` against `grad`, and the two running means with it.
    ///
    /// `mean = beta1 * mean + (1 - beta1) * grad`, `square = beta2 * square + (1 - beta2) * grad^2`,
    /// `params -= rate * (mean / correction1) / (sqrt(square / correction2) + epsilon)`.
    ///
    /// # Panics
    /// When the four are not of one length.
    pub fn adam_row, adam_row_at<I>(
        step: &AdamStep, params: &mut [f32], mean: &mut [f32], square: &mut [f32], grad: &[f32],
    ) {
        let n = grad.len();
        assert!(
            params.len() == n && mean.len() == n && square.len() == n,
            "a gradient of {n} numbers was given for {} parameters with means of {} and {}",
            params.len(), mean.len(), square.len(),
        );
        let AdamStep { rate, beta1, beta2, epsilon, correction1, correction2 } = *step;
        // One division for each number instead of three.
        let (rate, unbias) = (rate / correction1, 1.0 / correction2);
        for i in 0..n {
            let g = grad[i];
            mean[i] = I::mul_add(beta1, mean[i], (1.0 - beta1) * g);
            square[i] = I::mul_add(beta2, square[i], (1.0 - beta2) * g * g);
            params[i] -= rate * mean[i] / ((square[i] * unbias).sqrt() + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Level;

    const STEP: AdamStep = AdamStep {
        rate: 0.05,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        correction1: 0.19,
        correction2: 0.001_999,
    };

    /// One parameter with its means, moved in double precision.
    fn naive(step: &AdamStep, [p, m, v, g]: [f32; 4]) -> [f64; 3] {
        let (beta1, beta2) = (f64::from(step.beta1), f64::from(step.beta2));
        let (p, m, v, g) = (f64::from(p), f64::from(m), f64::from(v), f64::from(g));
        let (m, v) = (beta1 * m + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g);
        let root = (v / f64::from(step.correction2)).sqrt() + f64::from(step.epsilon);
        [p - f64::from(step.rate) * (m / f64::from(step.correction1)) / root, m, v]
    }

    fn moved(level: Level, rows: &[[f32; 4]]) -> [Vec<f32>; 3] {
        let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<_>>();
        let [mut params, mut mean, mut square] = [column(0), column(1), column(2)];
        adam_row_at(level, &STEP, &mut params, &mut mean, &mut square, &column(3));
        [params, mean, square]
    }

    proptest! {
        #[test]
        fn adam_agrees_with_its_scalar_twin(
            rows in prop::collection::vec([-2f32..2.0, -1f32..1.0, 0f32..1.0, -3f32..3.0], 0..70),
        ) {
            for level in Level::available() {
                let got = moved(level, &rows);
                for (i, row) in rows.iter().enumerate() {
                    for (got, expected) in got.iter().zip(naive(&STEP, *row)) {
                        let error = (f64::from(got[i]) - expected).abs();
                        prop_assert!(error <= 2e-6 * (1.0 + expected.abs()), "{} is not {expected}", got[i]);
                    }
                }
            }
        }

        #[test]
        fn adam_gives_the_same_bits_at_both_avx_levels(
            rows in prop::collection::vec([-2f32..2.0, -1f32..1.0, 0f32..1.0, -3f32..3.0], 0..70),
        ) {
            crate::tests::same_bits(|level| moved(level, &rows).concat());
        }
    }

    #[test]
    fn the_first_step_moves_by_the_rate() {
        let step = AdamStep { correction1: 0.1, correction2: 0.001, ..STEP };
        let (mut params, mut mean, mut square) = ([1.0], [0.0], [0.0]);
        adam_row(&step, &mut params, &mut mean, &mut square, &[-7.0]);
        assert!((params[0] - 1.05).abs() < 1e-6, "{}", params[0]);
    }
}
