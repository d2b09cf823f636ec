//! Layer normalisation of a sum, with its gradient: how each half of a Transformer block ends.
//!
//! Every row is shifted and scaled to mean 0 and variance 1, then scaled and shifted by learned numbers. What the
//! gradient needs is kept by the forward pass: the rows before the learned numbers, and what they were divided by.

use crate::instructions::kernel;
use crate::lanes::{LANES, padded, sum};
use crate::vector::dot_of;

/// The learned numbers of a norm, and what keeps its division safe.
#[derive(Clone, Copy, Debug)]
pub struct NormParameters<'a> {
    /// What each number of a row is multiplied by.
    pub scale: &'a [f32],
    /// What is added to it then.
    pub shift: &'a [f32],
    /// Added to the variance before its root is taken.
    pub epsilon: f32,
}

kernel! {
    /// Normalises `values + bias + sum` row by row: the results go to `sum`, what the gradient needs to the last two.
    ///
    /// With `x` a row of the sum: `unit = (x - mean(x)) * inverse`, `inverse = 1 / sqrt(variance(x) + epsilon)`,
    /// `sum = unit * scale + shift`.
    ///
    /// # Shapes
    /// - `bias` and the learned numbers: `(dim)`
    /// - `values`, `sum`, `unit`: `(inverse.len(), dim)`, row-major
    ///
    /// # Panics
    /// When one of them has another length.
    pub fn add_norm, add_norm_at<I>(
        norm: NormParameters<'_>, values: &[f32], bias: &[f32], sum: &mut [f32], unit: &mut [f32], inverse: &mut [f32],
    ) {
        let NormParameters { scale, shift, epsilon } = norm;
        let dim = scale.len();
        assert_learned(dim, shift.len(), bias.len());
        assert_rows(dim, inverse.len(), [values.len(), sum.len(), unit.len()]);
        if dim == 0 {
            return;
        }
        let rows = values.chunks_exact(dim).zip(sum.chunks_exact_mut(dim));
        for (((row, sum), unit), inverse) in rows.zip(unit.chunks_exact_mut(dim)).zip(inverse) {
            for (((unit, x), bias), sum) in unit.iter_mut().zip(row).zip(bias).zip(&*sum) {
                *unit = x + bias + sum;
            }
            let mean = total(unit) / dim as f32;
            unit.iter_mut().for_each(|x| *x -= mean);
            let variance = dot_of::<I>(unit, unit) / dim as f32;
            *inverse = 1.0 / (variance + epsilon).sqrt();
            for (((sum, unit), scale), shift) in sum.iter_mut().zip(unit).zip(scale).zip(shift) {
                *unit *= *inverse;
                *sum = I::mul_add(*unit, *scale, *shift);
            }
        }
    }
}

kernel! {
    /// Writes `unit * scale + shift`, row by row: what [`add_norm`] left in `sum`.
    ///
    /// # Panics
    /// When the two learned vectors differ in length, or `unit` and `out` are not whole rows of one number.
    pub fn scale_and_shift, scale_and_shift_at<I>(norm: NormParameters<'_>, unit: &[f32], out: &mut [f32]) {
        let NormParameters { scale, shift, .. } = norm;
        let dim = scale.len();
        assert_learned(dim, shift.len(), dim);
        assert_rows(dim, unit.len() / dim.max(1), [unit.len(), out.len(), out.len()]);
        for (unit, out) in unit.chunks_exact(dim.max(1)).zip(out.chunks_exact_mut(dim.max(1))) {
            for (((out, unit), scale), shift) in out.iter_mut().zip(unit).zip(scale).zip(shift) {
                *out = I::mul_add(*unit, *scale, *shift);
            }
        }
    }
}

kernel! {
    /// Turns gradients of [`add_norm`]'s results into those of the sum it took, in place, and adds up those of the
    /// learned numbers.
    ///
    /// With `g` a row of gradients and `s = g * scale`: `scale_grad += g * unit`, `shift_grad += g`,
    /// `grad = inverse * (s - mean(s) - unit * mean(s * unit))`.
    ///
    /// # Shapes
    /// - `scale`, `scale_grad`, `shift_grad`: `(dim)`
    /// - `unit`, `grad`: `(inverse.len(), dim)`, row-major
    ///
    /// # Panics
    /// When one of them has another length.
    pub fn norm_back, norm_back_at<I>(
        scale: &[f32], unit: &[f32], inverse: &[f32], grad: &mut [f32], scale_grad: &mut [f32], shift_grad: &mut [f32],
    ) {
        let dim = scale.len();
        assert_learned(dim, scale_grad.len(), shift_grad.len());
        assert_rows(dim, inverse.len(), [unit.len(), grad.len(), grad.len()]);
        for ((grad, unit), inverse) in
            grad.chunks_exact_mut(dim.max(1)).zip(unit.chunks_exact(dim.max(1))).zip(inverse)
        {
            let learned = scale_grad.iter_mut().zip(shift_grad.iter_mut()).zip(scale);
            for ((grad, unit), ((scale_grad, shift_grad), scale)) in grad.iter_mut().zip(unit).zip(learned) {
                *scale_grad = I::mul_add(*grad, *unit, *scale_grad);
                *shift_grad += *grad;
                *grad *= scale;
            }
            let (mean, along) = (total(grad) / dim as f32, dot_of::<I>(grad, unit) / dim as f32);
            for (grad, unit) in grad.iter_mut().zip(unit) {
                *grad = inverse * I::mul_add(-along, *unit, *grad - mean);
            }
        }
    }
}

/// The sum of a row.
#[inline(always)]
fn total(row: &[f32]) -> f32 {
    let (chunks, tail) = row.as_chunks::<LANES>();
    let mut sums = padded(tail, 0.0);
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    sum(sums)
}

#[inline(always)]
fn assert_learned(dim: usize, second: usize, third: usize) {
    assert!(
        second == dim && third == dim,
        "vectors of {dim}, {second} and {third} numbers do not make one norm"
    );
}

#[inline(always)]
fn assert_rows(dim: usize, n_rows: usize, lengths: [usize; 3]) {
    let fits = lengths.into_iter().all(|length| n_rows.checked_mul(dim) == Some(length));
    assert!(fits, "{n_rows} rows of {dim} were expected, {lengths:?} numbers were found");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Level;

    const EPSILON: f32 = 1e-5;

    /// Numbers between -2 and 2 that look random.
    fn numbers(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7919 + seed * 104_729) % 4001) as f32 / 1000.0 - 2.0).collect()
    }

    fn wide(values: &[f32]) -> Vec<f64> {
        values.iter().copied().map(f64::from).collect()
    }

    /// A norm of `dim` numbers over some rows, with everything that it takes.
    struct Case {
        dim: usize,
        n_rows: usize,
        scale: Vec<f32>,
        shift: Vec<f32>,
        bias: Vec<f32>,
        values: Vec<f32>,
        sum: Vec<f32>,
        weights: Vec<f32>,
    }

    impl Case {
        fn new(n_rows: usize, dim: usize) -> Self {
            let [scale, shift, bias] = [1, 2, 3].map(|seed| numbers(dim, seed));
            let [values, sum, weights] = [4, 5, 6].map(|seed| numbers(n_rows * dim, seed));
            Case { dim, n_rows, scale, shift, bias, values, sum, weights }
        }

        /// The results, in double precision, with `nudge` added to number `at` of the sum.
        fn naive(&self, at: usize, nudge: f64) -> Vec<f64> {
            let (scale, shift, bias) = (wide(&self.scale), wide(&self.shift), wide(&self.bias));
            let mut x: Vec<f64> =
                wide(&self.values).iter().zip(wide(&self.sum)).map(|(a, b)| a + b).collect();
            x.iter_mut().skip(at).take(1).for_each(|x| *x += nudge);
            for row in x.chunks_exact_mut(self.dim) {
                row.iter_mut().zip(&bias).for_each(|(x, bias)| *x += bias);
                let mean = row.iter().sum::<f64>() / self.dim as f64;
                let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / self.dim as f64;
                for (i, x) in row.iter_mut().enumerate() {
                    *x = (*x - mean) / (variance + f64::from(EPSILON)).sqrt() * scale[i] + shift[i];
                }
            }
            x
        }

        /// The results, the gradient of their weighted sum, and those of the learned numbers.
        fn run(&self, level: Level) -> [Vec<f32>; 4] {
            let norm = NormParameters { scale: &self.scale, shift: &self.shift, epsilon: EPSILON };
            let (mut sum, mut unit) = (self.sum.clone(), vec![0.0; self.sum.len()]);
            let mut inverse = vec![0.0; self.n_rows];
            add_norm_at(level, norm, &self.values, &self.bias, &mut sum, &mut unit, &mut inverse);
            let mut again = vec![0.0; sum.len()];
            scale_and_shift_at(level, norm, &unit, &mut again);
            assert_eq!(again, sum);
            let mut grad = self.weights.clone();
            let (mut scale_grad, mut shift_grad) = (vec![0.0; self.dim], vec![0.0; self.dim]);
            norm_back_at(level, &self.scale, &unit, &inverse, &mut grad, &mut scale_grad, &mut shift_grad);
            [sum, grad, scale_grad, shift_grad]
        }
    }

    fn far(got: f32, expected: f64, tolerance: f64) -> bool {
        (f64::from(got) - expected).abs() > tolerance * (1.0 + expected.abs())
    }

    proptest! {
        #[test]
        fn a_norm_agrees_with_its_naive_twin(n_rows in 0usize..4, dim in 2usize..70) {
            let case = Case::new(n_rows, dim);
            let expected = case.naive(0, 0.0);
            for level in Level::available() {
                let [got, ..] = case.run(level);
                for (got, expected) in got.into_iter().zip(&expected) {
                    prop_assert!(!far(got, *expected, 4e-6), "{got} at {level} is not {expected}");
                }
            }
        }

        #[test]
        fn its_gradient_is_the_quotient_of_differences(dim in 3usize..40, at: prop::sample::Index) {
            const STEP: f64 = 1e-4;
            let case = Case::new(2, dim);
            let at = at.index(2 * dim);
            let loss = |nudge| -> f64 {
                case.naive(at, nudge).iter().zip(wide(&case.weights)).map(|(x, w)| x * w).sum()
            };
            let expected = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
            for level in Level::available() {
                let [_, grad, ..] = case.run(level);
                prop_assert!(!far(grad[at], expected, 2e-5), "{} at {level} is not {expected}", grad[at]);
            }
        }

        #[test]
        fn the_learned_numbers_get_their_gradients(n_rows in 1usize..4, dim in 2usize..40) {
            let case = Case::new(n_rows, dim);
            let results = case.naive(0, 0.0);
            let (scale, shift, weights) = (wide(&case.scale), wide(&case.shift), wide(&case.weights));
            for level in Level::available() {
                let [_, _, scale_grad, shift_grad] = case.run(level);
                for i in (0..dim).filter(|i| scale[*i] != 0.0) {
                    let places = (i..n_rows * dim).step_by(dim);
                    let by_shift: f64 = places.clone().map(|p| weights[p]).sum();
                    let by_scale: f64 = places.map(|p| weights[p] * (results[p] - shift[i]) / scale[i]).sum();
                    prop_assert!(!far(shift_grad[i], by_shift, 1e-5) && !far(scale_grad[i], by_scale, 2e-5));
                }
            }
        }

        #[test]
        fn a_norm_gives_the_same_bits_at_both_avx_levels(n_rows in 0usize..4, dim in 1usize..70) {
            crate::tests::same_bits(|level| Case::new(n_rows, dim).run(level).concat());
        }
    }
}
