//! A static model out of a Transformer: one vector for each token, small and fast.
//!
//! The vectors that a Transformer gives its own tokens, each by itself, are brought to unit length and centred, turned on
//! their principal axes, of which the first are kept, and every axis is scaled to the same spread, since the few with the
//! greatest say little of meaning [Arora et al., ICLR 2017; Mu & Viswanath, ICLR 2018]. A token counts the less the more
//! frequent it is: `a / (a + p)` times, p being its share of all text. Vocabularies list frequent tokens first, so p is
//! taken from the place of a token by Zipf's law.

use crate::matrix::Matrix;

/// Vectors of tokens for the mean of a text, out of those that a Transformer gives them: shape `(tokens, width)` becomes
/// `(tokens, dim)`.
///
/// `a` is the share of text at which a token counts half; 5e-6 did best where it was tried. `dim` is at most the width.
///
/// # Panics
/// When there are no tokens, or `dim` is 0 or more than the width.
pub fn distil(vectors: &Matrix, dim: usize, a: f64) -> Matrix {
    let (n, width) = (vectors.n_rows(), vectors.dim());
    assert!(n > 0 && (1..=width).contains(&dim), "{dim} of {width} axes of {n} tokens");
    let rows = centred_unit_rows(vectors); // (tokens, width)
    let (axes, spreads) = principal_axes(&rows, width, dim); // (dim, width)
    let harmonic: f64 = (1..=n).map(|rank| 1.0 / rank as f64).sum();
    let mut small = Matrix::zeros(n, dim);
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let share = 1.0 / ((i + 1) as f64 * harmonic);
        let weight = a / (a + share);
        for (j, (axis, spread)) in axes.iter().zip(&spreads).enumerate() {
            let along: f64 = row.iter().zip(axis).map(|(x, axis)| x * axis).sum();
            // Spread 1 over `dim` axes is a row of length sqrt(dim): brought to 1.
            small.row_mut(i)[j] = (weight * along / (spread.max(TINY) * (dim as f64).sqrt())) as f32;
        }
    }
    small
}

/// A spread below which an axis is noise.
const TINY: f64 = 1e-9;

fn centred_unit_rows(vectors: &Matrix) -> Vec<f64> {
    let (n, width) = (vectors.n_rows(), vectors.dim());
    let mut rows: Vec<f64> = vectors.values().iter().map(|x| f64::from(*x)).collect();
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact_mut(width) {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt().max(TINY);
        for (x, mean) in row.iter_mut().zip(&mut mean) {
            *x /= norm;
            *mean += *x / n as f64;
        }
    }
    rows.chunks_exact_mut(width).for_each(|row| row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean));
    rows
}

/// The axes along which rows spread most, the greatest first, and the root of the mean square along each.
fn principal_axes(rows: &[f64], width: usize, n_axes: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = rows.len() / width;
    let mut covariance = vec![0.0; width * width];
    for row in rows.chunks_exact(width) {
        for (i, x) in row.iter().enumerate() {
            let line = &mut covariance[i * width..][..width];
            line.iter_mut().zip(row).for_each(|(sum, y)| *sum += x * y / n as f64);
        }
    }
    let (values, vectors) = eigen(covariance, width);
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    order.truncate(n_axes);
    let spreads = order.iter().map(|axis| values[*axis].max(0.0).sqrt()).collect();
    let axes = order.iter().map(|axis| {
        let mut line = vectors[axis * width..][..width].to_vec();
        // An axis has no direction; this one does not depend on how it was found.
        let greatest = line.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
        if greatest < 0.0 {
            line.iter_mut().for_each(|x| *x = -*x);
        }
        line
    });
    (axes.collect(), spreads)
}

/// Eigenvalues of a symmetric matrix, and its eigenvectors as rows, by Jacobi's rotations [Golub & Van Loan §8.5].
fn eigen(mut matrix: Vec<f64>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; width * width];
    (0..width).for_each(|i| vectors[i * width + i] = 1.0);
    let scale: f64 = matrix.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let beside = |matrix: &[f64]| -> f64 {
            let places = matrix.iter().enumerate().filter(|(place, _)| place / width != place % width);
            places.map(|(_, x)| x * x).sum()
        };
        if beside(&matrix) <= 1e-24 * scale {
            break;
        }
        for p in 0..width {
            for q in p + 1..width {
                let (app, aqq, apq) = (matrix[p * width + p], matrix[q * width + q], matrix[p * width + q]);
                if apq.abs() <= f64::MIN_POSITIVE {
                    continue;
                }
                let theta = (aqq - app) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cos = 1.0 / t.hypot(1.0);
                let sin = t * cos;
                // Rows first, then the same of the columns: the matrix stays symmetric.
                rotate(&mut matrix, width, (p, q), (cos, sin));
                for line in matrix.chunks_exact_mut(width) {
                    let (x, y) = (line[p], line[q]);
                    (line[p], line[q]) = (cos * x - sin * y, sin * x + cos * y);
                }
                rotate(&mut vectors, width, (p, q), (cos, sin));
            }
        }
    }
    ((0..width).map(|i| matrix[i * width + i]).collect(), vectors)
}

/// Times that all pairs are rotated at the most; ten are usual.
const SWEEPS: usize = 30;

/// Turns two rows of a matrix by an angle.
fn rotate(matrix: &mut [f64], width: usize, (p, q): (usize, usize), (cos, sin): (f64, f64)) {
    let (above, below) = matrix.split_at_mut(q * width);
    for (x, y) in above[p * width..][..width].iter_mut().zip(&mut below[..width]) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, fill_normal, stream};

    fn random(n: usize, width: usize) -> Matrix {
        let mut matrix = Matrix::zeros(n, width);
        fill_normal(matrix.values_mut(), 1.0, &mut stream(3, Purpose::Init));
        matrix
    }

    #[test]
    fn eigenvectors_are_stretched_by_their_eigenvalues() {
        let (width, some) = (7, random(9, 7));
        let product = |i: usize, j: usize| -> f64 {
            (0..9).map(|row| f64::from(some.row(row)[i]) * f64::from(some.row(row)[j])).sum()
        };
        let matrix: Vec<f64> = (0..49).map(|place| product(place / width, place % width)).collect();
        let (values, vectors) = eigen(matrix.clone(), width);
        for (value, vector) in values.iter().zip(vectors.chunks_exact(width)) {
            let norm: f64 = vector.iter().map(|x| x * x).sum();
            assert!((norm - 1.0).abs() < 1e-12);
            for (line, x) in matrix.chunks_exact(width).zip(vector) {
                let stretched: f64 = line.iter().zip(vector).map(|(a, b)| a * b).sum();
                assert!((stretched - value * x).abs() < 1e-9, "{stretched} is not {value} * {x}");
            }
        }
    }

    #[test]
    fn kept_axes_are_uncorrelated_and_spread_alike_before_tokens_are_weighed() {
        let small = distil(&random(500, 6), 3, 1e12); // (tokens, 3)
        for i in 0..3 {
            for j in 0..3 {
                let mean: f64 =
                    (0..500).map(|t| f64::from(small.row(t)[i]) * f64::from(small.row(t)[j])).sum::<f64>()
                        / 500.0;
                let expected = if i == j { 1.0 / 3.0 } else { 0.0 };
                assert!((mean - expected).abs() < 1e-5, "{i} {j}: {mean}");
            }
        }
    }

    #[test]
    fn the_more_frequent_a_token_the_less_it_counts() {
        let (even, weighed) = (distil(&random(50, 4), 4, 1e12), distil(&random(50, 4), 4, 0.01));
        let factor = |token: usize| weighed.row(token)[0] / even.row(token)[0];
        assert!((0..49).all(|token| factor(token) < factor(token + 1)));
        assert!((factor(0) - 0.01 / (0.01 + 0.222_256)).abs() < 1e-4, "{}", factor(0));
    }
}
