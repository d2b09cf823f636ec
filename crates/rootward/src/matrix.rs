//! Vectors as rows of one flat buffer: what encoders return and losses take.

/// A row-major matrix of `f32`; row `i` is the vector of input `i`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    n_rows: usize,
    dim: usize,
    values: Vec<f32>,
}

/// The number of values does not fill a matrix of that shape.
#[derive(Debug, thiserror::Error)]
#[error("a matrix of {n_rows} rows of {dim} numbers was expected, {got} numbers were found")]
pub struct ShapeError {
    /// Rows asked for.
    pub n_rows: usize,
    /// Numbers in a row asked for.
    pub dim: usize,
    /// Numbers given.
    pub got: usize,
}

impl Matrix {
    /// All zeros, in shape `(n_rows, dim)`.
    pub fn zeros(n_rows: usize, dim: usize) -> Self {
        Matrix { n_rows, dim, values: vec![0.0; n_rows * dim] }
    }

    /// The given values, row after row.
    ///
    /// # Errors
    /// When there are not `n_rows * dim` of them.
    pub fn new(n_rows: usize, dim: usize, values: Vec<f32>) -> Result<Self, ShapeError> {
        if n_rows.checked_mul(dim) != Some(values.len()) {
            return Err(ShapeError { n_rows, dim, got: values.len() });
        }
        Ok(Matrix { n_rows, dim, values })
    }

    /// How many vectors there are.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// One vector.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }

    /// One vector, to change.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.dim..(row + 1) * self.dim]
    }

    /// All vectors, end to end.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All vectors, end to end, to change.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_the_wrong_length_is_refused() {
        let error = Matrix::new(2, 3, vec![0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "a matrix of 2 rows of 3 numbers was expected, 5 numbers were found");
    }

    #[test]
    fn rows_lie_end_to_end() {
        let mut m = Matrix::new(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        m.row_mut(1)[0] = 9.0;
        assert_eq!(
            (m.row(0), m.row(1), m.values()),
            (&[1.0, 2.0][..], &[9.0, 4.0][..], &[1.0, 2.0, 9.0, 4.0][..])
        );
    }
}
