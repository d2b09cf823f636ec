//! A step along a geodesic of hyperbolic space: what makes gradient descent Riemannian.
//!
//! Rows are the spatial coordinates x of points `(x0, x)` of the Lorentz model, `x0 = sqrt(1 + |x|^2)`, so every row is
//! a point and nothing has to be projected back. The metric of these coordinates is `I - x xᵀ / x0^2` and its inverse
//! `I + x xᵀ`: the latter turns a plain gradient into the direction of steepest ascent.

use rootward_kernels::{add_scaled, dot, scale_by};

/// The greatest |x|: points stay within a distance of 5.3 of the origin.
///
/// The product of two points is a difference of numbers as large as `x0 * y0`, so in single precision its error grows
/// with the square of this: at 100 it is about 0.001 for points that coincide, at 1,000 it would be 0.1.
const GREATEST_NORM: f32 = 100.0;

/// The direction of steepest ascent at a point, and how steep it is there.
pub(super) struct RiemannianGradient {
    /// The change of the spatial coordinates; that of x0 follows.
    direction: Vec<f32>,
    /// Its length in hyperbolic space.
    pub(super) norm: f32,
}

impl RiemannianGradient {
    /// From the plain gradient g with respect to the coordinates x: `g + x <x, g>`, of norm `sqrt(|g|^2 + <x, g>^2)`.
    pub(super) fn new(row: &[f32], grad: &[f32]) -> Self {
        let along = dot(row, grad);
        let mut direction = grad.to_vec();
        add_scaled(along, row, &mut direction);
        RiemannianGradient { direction, norm: along.mul_add(along, dot(grad, grad)).sqrt() }
    }
}

/// Moves a point against a gradient by a length of hyperbolic space, along the geodesic.
///
/// `x' = cosh(length) x - sinh(length) direction / norm`; a point that leaves the ball of [`GREATEST_NORM`] is put back
/// to its edge.
pub(super) fn descend(row: &mut [f32], gradient: &RiemannianGradient, length: f32) {
    if gradient.norm == 0.0 {
        return;
    }
    scale_by(row, length.cosh());
    add_scaled(-length.sinh() / gradient.norm, &gradient.direction, row);
    let reached = dot(row, row).sqrt();
    if reached > GREATEST_NORM {
        scale_by(row, GREATEST_NORM / reached);
    }
}
