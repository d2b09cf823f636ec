//! The product that is the gradient of a weight, yet to be made: of what a dense layer was given and of the gradient of what
//! came out of it.

use std::ops::Range;

use rootward_kernels::{HalfPacked, HalfRows, Packed, Store, Strided, product_columns, product_half};

use crate::network::Precision;

/// Rows of a panel.
const PANEL: usize = 16;
/// Columns of a weight whose operands stay in the near caches while all rows pass.
const COLUMNS: usize = 192;

/// Both operands of `gradᵀ · x`, of one group.
pub(crate) enum Factors {
    Single { grad: Packed, x: Packed },
    Half { grad: HalfRows, x: HalfPacked },
}

impl Factors {
    pub(crate) fn new(precision: Precision) -> Self {
        match precision {
            Precision::Single => Factors::Single { grad: Packed::default(), x: Packed::default() },
            Precision::Half => Factors::Half { grad: HalfRows::default(), x: HalfPacked::default() },
        }
    }

    /// Takes the gradient of what came out: shape `(tokens, outputs)`.
    pub(crate) fn take_grad(&mut self, rows: &[f32], outputs: usize) {
        let tokens = rows.len() / outputs;
        match self {
            Factors::Single { grad, .. } => grad.pack(tokens, outputs, Strided::rows(rows, outputs)),
            Factors::Half { grad, .. } => grad.fill_transposed(outputs, tokens, rows),
        }
    }

    /// Takes what the layer was given: shape `(tokens, inputs)`.
    pub(crate) fn take_x(&mut self, rows: &[f32], inputs: usize) {
        let (tokens, rows) = (rows.len() / inputs, Strided::rows(rows, inputs));
        match self {
            Factors::Single { x, .. } => x.pack(tokens, inputs, rows),
            Factors::Half { x, .. } => x.pack(tokens, inputs, rows),
        }
    }

    /// Adds some rows of the product to `to`.
    ///
    /// # Shapes
    /// - `to`: `(rows, inputs)`
    ///
    /// # Panics
    /// When the rows do not begin at a multiple of 16.
    pub(crate) fn add_rows(&self, rows: Range<usize>, to: &mut [f32], inputs: usize) {
        let (grad, x) = match self {
            Factors::Single { grad, x } => (grad, x),
            Factors::Half { grad, x } => {
                return product_half(Store::Add, grad.rows(rows), x, to, inputs);
            }
        };
        assert!(rows.start.is_multiple_of(PANEL), "rows begin at {}, not at a multiple of 16", rows.start);
        for begin in (0..inputs).step_by(COLUMNS) {
            let columns = begin..inputs.min(begin + COLUMNS);
            for (panel, to) in (rows.start / PANEL..).zip(to.chunks_mut(PANEL * inputs)) {
                let (n, to) = (to.len() / inputs, &mut to[begin..]);
                product_columns(Store::Add, n, grad.columns_as_rows(panel), x, columns.clone(), to, inputs);
            }
        }
    }
}
