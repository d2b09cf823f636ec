//! Loops over vectors: inner products, sums, and unit length with its gradient.

use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, padded, sum};

kernel! {
    /// The inner product of two vectors.
    ///
    /// # Panics
    /// When their lengths differ.
    pub fn dot, dot_at<I>(a: &[f32], b: &[f32]) -> f32 {
        dot_of::<I>(a, b)
    }
}

kernel! {
    /// Adds a multiple of one vector to another: `y[i] += factor * x[i]`.
    ///
    /// # Panics
    /// When their lengths differ.
    pub fn add_scaled, add_scaled_at<I>(factor: f32, x: &[f32], y: &mut [f32]) {
        assert!(x.len() == y.len(), "vectors of {} and {} numbers cannot be added", x.len(), y.len());
        for (y, x) in y.iter_mut().zip(x) {
            *y = I::mul_add(factor, *x, *y);
        }
    }
}

kernel! {
    /// Divides every row by its Euclidean norm, and returns the norms in `norms`.
    ///
    /// A row whose squares add up to less than the least normal number, so one shorter than about 1e-19, becomes
    /// zero with norm 0. The squares of a row longer than about 1e19 overflow: it becomes zero with norm infinity.
    ///
    /// # Shapes
    /// - `values`: `(norms.len(), dim)`, row-major
    ///
    /// # Panics
    /// When `values` has another length.
    pub fn normalise_rows, normalise_rows_at<I>(values: &mut [f32], dim: usize, norms: &mut [f32]) {
        assert_rows("values", values.len(), dim, norms.len());
        norms.fill(0.0);
        for (row, norm) in values.chunks_exact_mut(dim.max(1)).zip(norms.iter_mut()) {
            let squares = dot_of::<I>(row, row);
            *norm = if squares < f32::MIN_POSITIVE { 0.0 } else { squares.sqrt() };
            let factor = if *norm == 0.0 { 0.0 } else { 1.0 / *norm };
            row.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

kernel! {
    /// The gradient with respect to the rows that [`normalise_rows`] was given, from that of its result.
    ///
    /// `grad = (grad - <grad, unit> * unit) / norm`, for each row in place; 0 where the norm is 0.
    ///
    /// # Shapes
    /// - `unit`, `grad`: `(norms.len(), dim)`, row-major
    ///
    /// # Panics
    /// When one of them has another length.
    pub fn normalise_rows_back, normalise_rows_back_at<I>(
        unit: &[f32], norms: &[f32], dim: usize, grad: &mut [f32],
    ) {
        assert_rows("unit rows", unit.len(), dim, norms.len());
        assert_rows("gradients", grad.len(), dim, norms.len());
        let rows = unit.chunks_exact(dim.max(1)).zip(grad.chunks_exact_mut(dim.max(1)));
        for ((unit, grad), norm) in rows.zip(norms) {
            let along = dot_of::<I>(grad, unit);
            let factor = if *norm == 0.0 { 0.0 } else { 1.0 / *norm };
            for (grad, unit) in grad.iter_mut().zip(unit) {
                *grad = I::mul_add(-along, *unit, *grad) * factor;
            }
        }
    }
}

/// [`dot`], within a kernel.
#[inline(always)]
pub(crate) fn dot_of<I: Instructions>(a: &[f32], b: &[f32]) -> f32 {
    assert!(a.len() == b.len(), "vectors of {} and {} numbers have no inner product", a.len(), b.len());
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = I::mul_add(a[lane], b[lane], sums[lane]);
        }
    }
    if !a_tail.is_empty() {
        let (a, b) = (padded(a_tail, 0.0), padded(b_tail, 0.0));
        for lane in 0..LANES {
            sums[lane] = I::mul_add(a[lane], b[lane], sums[lane]);
        }
    }
    sum(sums)
}

#[inline(always)]
fn assert_rows(what: &str, len: usize, dim: usize, n_rows: usize) {
    assert!(
        n_rows.checked_mul(dim) == Some(len),
        "{n_rows} rows of {dim} {what} were expected, {len} numbers were found"
    );
}

#[cfg(test)]
mod tests;
