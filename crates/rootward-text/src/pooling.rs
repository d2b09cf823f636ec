//! From the vectors of a text's tokens to one vector of the text.

use std::ops::Range;

use rootward_kernels::{add_scaled, scale_by};

/// Which vector stands for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// That of its first token, `[CLS]`.
    Cls,
    /// The mean of those of all tokens.
    Mean,
    /// The greatest number of all tokens, in each place.
    Max,
}

impl Pooling {
    /// The vectors of some texts, end to end; that of a text without tokens is zero.
    ///
    /// # Shapes
    /// - `hidden`: rows of `dim` numbers, of which each text has those within its bounds
    pub(crate) fn pool(self, hidden: &[f32], bounds: &[Range<usize>], dim: usize) -> Vec<f32> {
        let mut pooled = vec![0.0; bounds.len() * dim];
        for (out, bounds) in pooled.chunks_exact_mut(dim).zip(bounds).filter(|(_, bounds)| !bounds.is_empty())
        {
            let mut rows = hidden[bounds.start * dim..bounds.end * dim].chunks_exact(dim);
            match self {
                Pooling::Cls => out.copy_from_slice(&hidden[bounds.start * dim..][..dim]),
                Pooling::Mean => {
                    rows.for_each(|row| add_scaled(1.0, row, out));
                    scale_by(out, 1.0 / bounds.len() as f32);
                }
                Pooling::Max => {
                    out.copy_from_slice(rows.next().expect("the text has tokens"));
                    for row in rows {
                        for (out, x) in out.iter_mut().zip(row) {
                            *out = if x > out { *x } else { *out };
                        }
                    }
                }
            }
        }
        pooled
    }

    /// The gradient of the tokens' vectors from that of [`Pooling::pool`]'s results: shapes as there.
    ///
    /// Of several equal greatest numbers the first has the whole gradient.
    pub(crate) fn back(self, hidden: &[f32], bounds: &[Range<usize>], dim: usize, grad: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; hidden.len()];
        for (grad, bounds) in grad.chunks_exact(dim).zip(bounds).filter(|(_, bounds)| !bounds.is_empty()) {
            let rows = &mut out[bounds.start * dim..bounds.end * dim];
            match self {
                Pooling::Cls => rows[..dim].copy_from_slice(grad),
                Pooling::Mean => {
                    let share = 1.0 / bounds.len() as f32;
                    rows.chunks_exact_mut(dim).for_each(|row| add_scaled(share, grad, row));
                }
                Pooling::Max => {
                    let at = |row: usize, i: usize| hidden[(bounds.start + row) * dim + i];
                    for (i, grad) in grad.iter().enumerate() {
                        let greatest = (1..bounds.len())
                            .fold(0, |best, row| if at(row, i) > at(best, i) { row } else { best });
                        rows[greatest * dim + i] = *grad;
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: [f32; 8] = [1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0];
    const BOUNDS: [Range<usize>; 3] = [0..3, 3..3, 3..4];

    fn check(pooling: Pooling, pooled: [f32; 6], back: [f32; 8]) {
        assert_eq!(pooling.pool(&HIDDEN, &BOUNDS, 2), pooled);
        assert_eq!(pooling.back(&HIDDEN, &BOUNDS, 2, &[3.0, 6.0, 9.0, 9.0, 1.0, 2.0]), back);
    }

    #[test]
    fn texts_are_pooled_in_each_way_and_one_without_tokens_is_zero() {
        check(Pooling::Cls, [1.0, -2.0, 0.0, 0.0, 7.0, -8.0], [3.0, 6.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        check(Pooling::Mean, [3.0, -4.0, 0.0, 0.0, 7.0, -8.0], [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        check(Pooling::Max, [5.0, -2.0, 0.0, 0.0, 7.0, -8.0], [0.0, 6.0, 0.0, 0.0, 3.0, 0.0, 1.0, 2.0]);
    }
}
