//! The operands of a product: the left one read in place, the right one packed.

use std::ops::Range;

use crate::lanes::{Aligned, LANES, padded};

/// A matrix read in place: element `(i, j)` is `data[i * row_stride + j * col_stride]`.
///
/// A product states the shape; this says only where the elements are.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    /// The numbers, beginning with element `(0, 0)`.
    pub data: &'a [f32],
    /// How far an element lies behind the one above it.
    pub row_stride: usize,
    /// How far an element lies behind the one to its left.
    pub col_stride: usize,
}

impl<'a> Strided<'a> {
    /// A row-major matrix with rows of `dim` numbers.
    pub fn rows(data: &'a [f32], dim: usize) -> Self {
        Strided { data, row_stride: dim, col_stride: 1 }
    }

    /// The transpose of a row-major matrix with rows of `dim` numbers: its columns are those rows.
    pub fn transposed(data: &'a [f32], dim: usize) -> Self {
        Strided { data, row_stride: 1, col_stride: dim }
    }

    /// Whether every element of the first `m` rows and `k` columns lies within the data.
    #[inline(always)]
    pub(crate) fn holds(self, m: usize, k: usize) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        m == 0
            || k == 0
            || last(m, self.row_stride)
                .zip(last(k, self.col_stride))
                .and_then(|(row, column)| row.checked_add(column))
                .is_some_and(|place| place < self.data.len())
    }
}

/// The right operand of a product, `(k, n)`, packed once and used for many left ones.
///
/// It lies in panels of 16 columns, each `(k, 16)`; columns that are missing in the last one are zero. An
/// instance can be packed again and again without allocating.
#[derive(Clone, Default)]
pub struct Packed {
    k: usize,
    n: usize,
    panels: Vec<Aligned>,
}

impl Packed {
    /// Replaces the operand by a copy of `b`.
    ///
    /// # Shapes
    /// - `b`: `(k, n)`
    ///
    /// # Panics
    /// When `b` is shorter than its shape.
    pub fn pack(&mut self, k: usize, n: usize, b: Strided<'_>) {
        assert!(b.holds(k, n), "a right operand of {k} rows of {n} does not fit {} numbers", b.data.len());
        (self.k, self.n) = (k, n);
        self.panels.resize(k * n.div_ceil(LANES), Aligned([0.0; LANES]));
        if k == 0 {
            return;
        }
        for (panel, column) in self.panels.chunks_exact_mut(k).zip((0..n).step_by(LANES)) {
            let cols = LANES.min(n - column);
            let b = Strided { data: &b.data[column * b.col_stride..], ..b };
            match (b.row_stride, b.col_stride) {
                (_, 1) => copy_rows(panel, cols, b),
                (1, _) if cols == LANES => copy_columns(panel, b),
                _ => copy_elements(panel, cols, b),
            }
        }
    }

    /// The number of rows.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Sixteen columns as the rows of a left operand: with `P` the transpose of this operand, rows `16 * panel` and on.
    ///
    /// The last panel has as many rows as columns are left. Products of transposed operands, which are gradients of
    /// weights, read it without missing the caches as columns of a wide matrix do.
    ///
    /// # Panics
    /// When there is no such panel.
    pub fn columns_as_rows(&self, panel: usize) -> Strided<'_> {
        Strided { data: Aligned::numbers(self.panel(panel, 0..self.k)), row_stride: 1, col_stride: LANES }
    }

    /// Some rows of one panel.
    #[inline(always)]
    pub(crate) fn panel(&self, panel: usize, rows: Range<usize>) -> &[Aligned] {
        &self.panels[panel * self.k..][rows]
    }
}

/// Rows of `b` that lie in one piece.
fn copy_rows(panel: &mut [Aligned], cols: usize, b: Strided<'_>) {
    for (i, row) in panel.iter_mut().enumerate() {
        let b = &b.data[i * b.row_stride..][..cols];
        match <&[f32; LANES]>::try_from(b) {
            Ok(b) => row.0 = *b,
            Err(_) => row.0 = padded(b, 0.0),
        }
    }
}

/// Sixteen columns of `b` that lie in one piece each.
fn copy_columns(panel: &mut [Aligned], b: Strided<'_>) {
    let columns: [&[f32]; LANES] = std::array::from_fn(|j| &b.data[j * b.col_stride..][..panel.len()]);
    for (i, row) in panel.iter_mut().enumerate() {
        for (lane, column) in row.0.iter_mut().zip(columns) {
            *lane = column[i];
        }
    }
}

/// Any other matrix, and what is left of a transposed one.
fn copy_elements(panel: &mut [Aligned], cols: usize, b: Strided<'_>) {
    for (i, row) in panel.iter_mut().enumerate() {
        for (j, lane) in row.0.iter_mut().enumerate() {
            *lane = if j < cols { b.data[i * b.row_stride + j * b.col_stride] } else { 0.0 };
        }
    }
}
