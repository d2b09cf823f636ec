//! The Gaussian error linear unit, `x * Φ(x)`, with its derivative, in the two forms that models are trained with.
//!
//! Encoders of the BERT family put it between the two dense layers of each block, so it runs over the widest
//! activations of all; the bias of the first layer is added on the way.

use crate::exp::exp_lanes;
use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes, padded};

/// How `Φ`, the normal distribution, is computed. Trained weights fit one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gelu {
    /// `Φ(x) = (1 + erf(x / √2)) / 2`: what configurations call `gelu`.
    Erf,
    /// `Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`: what they call `gelu_new` or `gelu_pytorch_tanh`.
    Tanh,
}

kernel! {
    /// Adds a bias to every row of `values`, and writes what the unit makes of the sums to `out`.
    ///
    /// Within 2e-6 of the true value, or 2e-6 of it where that is more; NaN stays NaN.
    ///
    /// # Shapes
    /// - `values`, `out`: `(rows, bias.len())`, row-major
    ///
    /// # Panics
    /// When the two differ in length, or are not whole rows.
    pub fn bias_gelu, bias_gelu_at<I>(form: Gelu, bias: &[f32], values: &mut [f32], out: &mut [f32]) {
        let width = bias.len();
        assert!(
            values.len() == out.len() && (width == 0 || values.len().is_multiple_of(width)),
            "{} values and {} results are not rows of {width}", values.len(), out.len(),
        );
        let rows = values.chunks_exact_mut(width.max(1)).zip(out.chunks_exact_mut(width.max(1)));
        for (row, out) in rows {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
            let ((chunks, tail), (out_chunks, out_tail)) = (row.as_chunks::<LANES>(), out.as_chunks_mut::<LANES>());
            for (chunk, out) in chunks.iter().zip(out_chunks) {
                *out = gelu::<I>(form, *chunk).0;
            }
            if !tail.is_empty() {
                out_tail.copy_from_slice(&gelu::<I>(form, padded(tail, 0.0)).0[..tail.len()]);
            }
        }
    }
}

kernel! {
    /// Multiplies gradients of the unit's results by its derivative, and writes the results once more to `out`.
    ///
    /// `grad[i] *= gelu'(values[i])`, `out[i] = gelu(values[i])`, with `values` as [`bias_gelu`] left them.
    ///
    /// # Panics
    /// When the three are not of one length.
    pub fn gelu_back, gelu_back_at<I>(form: Gelu, values: &[f32], grad: &mut [f32], out: &mut [f32]) {
        let n = values.len();
        assert!(
            grad.len() == n && out.len() == n,
            "{} gradients and {} results were given for {n} values", grad.len(), out.len(),
        );
        let ((chunks, tail), (out_chunks, out_tail)) = (values.as_chunks::<LANES>(), out.as_chunks_mut::<LANES>());
        let (grad_chunks, grad_tail) = grad.as_chunks_mut::<LANES>();
        for ((chunk, out), grad) in chunks.iter().zip(out_chunks).zip(grad_chunks) {
            let (value, slope) = gelu::<I>(form, *chunk);
            *out = value;
            for lane in 0..LANES {
                grad[lane] *= slope[lane];
            }
        }
        if !tail.is_empty() {
            let (value, slope) = gelu::<I>(form, padded(tail, 0.0));
            out_tail.copy_from_slice(&value[..tail.len()]);
            for lane in 0..tail.len() {
                grad_tail[lane] *= slope[lane];
            }
        }
    }
}

/// The unit, and its derivative.
#[inline(always)]
fn gelu<I: Instructions>(form: Gelu, x: Lanes) -> (Lanes, Lanes) {
    match form {
        Gelu::Erf => gelu_erf::<I>(x),
        Gelu::Tanh => gelu_tanh::<I>(x),
    }
}

/// The unit by the error function, and its derivative `Φ(x) + x φ(x)`.
#[inline(always)]
fn gelu_erf<I: Instructions>(x: Lanes) -> (Lanes, Lanes) {
    const DENSITY_AT_ZERO: f32 = 0.398_942_3;
    let (mut value, mut slope, mut bell) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        bell[lane] = -0.5 * x[lane] * x[lane];
    }
    let bell = exp_lanes::<I>(bell);
    for lane in 0..LANES {
        let share = I::mul_add(0.5, erf::<I>(x[lane] * std::f32::consts::FRAC_1_SQRT_2), 0.5);
        value[lane] = x[lane] * share;
        slope[lane] = I::mul_add(x[lane] * DENSITY_AT_ZERO, bell[lane], share);
    }
    (value, slope)
}

/// The unit by the hyperbolic tangent, and its derivative; `(1 + tanh z) / 2 = 1 / (1 + exp(-2 z))`.
#[inline(always)]
fn gelu_tanh<I: Instructions>(x: Lanes) -> (Lanes, Lanes) {
    const CUBE: f32 = 0.044_715;
    const TWICE_ROOT: f32 = 1.595_769;
    let (mut value, mut slope, mut below) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        let square = x[lane] * x[lane];
        below[lane] = -TWICE_ROOT * x[lane] * I::mul_add(CUBE, square, 1.0);
    }
    let below = exp_lanes::<I>(below);
    for lane in 0..LANES {
        let square = x[lane] * x[lane];
        let share = 1.0 / (1.0 + below[lane]);
        value[lane] = x[lane] * share;
        let inner = TWICE_ROOT * I::mul_add(3.0 * CUBE, square, 1.0);
        slope[lane] = I::mul_add(x[lane] * share * (1.0 - share), inner, share);
    }
    (value, slope)
}

/// The error function within 4e-7: a rational approximation that is 1 from 4 on, the one of Eigen and XLA.
#[inline(always)]
fn erf<I: Instructions>(x: f32) -> f32 {
    // The comparisons let NaN pass.
    let x = if x < -4.0 { -4.0 } else { x };
    let x = if x > 4.0 { 4.0 } else { x };
    let square = x * x;
    let mut above = -2.726_142_3e-10;
    for coefficient in
        [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2]
    {
        above = I::mul_add(above, square, coefficient);
    }
    let mut below = -1.456_607_2e-5;
    for coefficient in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        below = I::mul_add(below, square, coefficient);
    }
    x * above / below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Level;

    /// The error function in double precision: a series whose terms are all of one sign.
    fn erf_naive(x: f64) -> f64 {
        if x.abs() > 6.0 {
            return x.signum();
        }
        let (mut term, mut total) = (x, x);
        for n in 1..200 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            total += term;
        }
        total * std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()
    }

    /// The unit in double precision.
    fn naive(form: Gelu, x: f64) -> f64 {
        let share = match form {
            Gelu::Erf => 0.5 * (1.0 + erf_naive(x / 2f64.sqrt())),
            Gelu::Tanh => {
                0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
            }
        };
        x * share
    }

    /// Its derivative, as a quotient of differences.
    fn naive_slope(form: Gelu, x: f64) -> f64 {
        const STEP: f64 = 1e-5;
        (naive(form, x + STEP) - naive(form, x - STEP)) / (2.0 * STEP)
    }

    #[test]
    fn the_unit_and_its_derivative_agree_with_their_naive_twins() {
        let inputs: Vec<f32> = (-24_003..=24_003).map(|i| i as f32 * 5e-4).collect();
        for form in [Gelu::Erf, Gelu::Tanh] {
            let expected: Vec<(f64, f64)> = inputs
                .iter()
                .map(|x| f64::from(*x))
                .map(|x| (naive(form, x), naive_slope(form, x)))
                .collect();
            for level in Level::available() {
                let (mut out, mut grad) = (vec![0.0; inputs.len()], vec![2.0; inputs.len()]);
                gelu_back_at(level, form, &inputs, &mut grad, &mut out);
                for (i, (value, slope)) in expected.iter().enumerate() {
                    let far = |got: f32, expected: f64| {
                        (f64::from(got) - expected).abs() > 2e-6 * (1.0 + expected.abs())
                    };
                    assert!(
                        !far(out[i], *value),
                        "{form:?} of {} at {level} is {}, not {value}",
                        inputs[i],
                        out[i]
                    );
                    assert!(!far(grad[i] / 2.0, *slope), "{form:?}' of {} at {level}: {slope}", inputs[i]);
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_and_the_ends_are_flat() {
        for level in Level::available() {
            for form in [Gelu::Erf, Gelu::Tanh] {
                let mut values = [f32::NAN, 1e30, -50.0];
                let mut out = [0.0; 3];
                bias_gelu_at(level, form, &[0.0; 3], &mut values, &mut out);
                let great = (out[1] / 1e30 - 1.0).abs() < 1e-6;
                assert!(out[0].is_nan() && great && out[2].abs() < 1e-5, "{out:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_bias_is_added_to_every_row(
            rows in 0usize..5,
            bias in prop::collection::vec(-3f32..3.0, 1..40),
            tanh: bool,
        ) {
            let form = if tanh { Gelu::Tanh } else { Gelu::Erf };
            let start: Vec<f32> = (0..rows * bias.len()).map(|i| (i as f32 * 0.37).sin() * 4.0).collect();
            let run = |level| {
                let (mut values, mut out) = (start.clone(), vec![0.0; start.len()]);
                bias_gelu_at(level, form, &bias, &mut values, &mut out);
                (values, out)
            };
            for level in Level::available() {
                let (values, out) = run(level);
                for i in 0..start.len() {
                    let sum = start[i] + bias[i % bias.len()];
                    prop_assert_eq!(values[i], sum);
                    let expected = naive(form, f64::from(sum));
                    prop_assert!((f64::from(out[i]) - expected).abs() <= 2e-6 * (1.0 + expected.abs()));
                }
            }
            crate::tests::same_bits(|level| run(level).1);
        }
    }
}
