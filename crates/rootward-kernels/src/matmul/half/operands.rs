//! The operands of products of bfloat16 numbers: rounded, and laid out as pairs of neighbours.

use std::array::from_fn;
use std::ops::Range;

use crate::instructions::kernel;
use crate::lanes::{LANES, Lanes};
use crate::matmul::Strided;

/// A line of sixteen pairs where they begin a cache line: 32 terms of a row, or two of sixteen columns.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Pairs(pub(super) [u32; LANES]);

const NOTHING: Pairs = Pairs([0; LANES]);

impl Pairs {
    /// The pairs of several lines, end to end.
    #[inline(always)]
    pub(super) fn flat(lines: &[Pairs]) -> &[u32] {
        // SAFETY: a line is sixteen pairs of 64 bytes in all, its alignment, so that nothing lies between two lines.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast::<u32>(), lines.len() * LANES) }
    }

    /// [`Pairs::flat`], to be written.
    fn flat_mut(lines: &mut [Pairs]) -> &mut [u32] {
        // SAFETY: as there.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<u32>(), lines.len() * LANES) }
    }
}

/// Lines that a row of `k` terms takes.
#[inline(always)]
pub(super) fn lines_of(k: usize) -> usize {
    k.div_ceil(2 * LANES)
}

/// The left operand of a product in bfloat16, `(m, k)`.
///
/// Rows are filled up with zeros to whole lines, and the last ones to sixteen. An instance can be filled again and again
/// without allocating.
#[derive(Clone, Default)]
pub struct HalfRows {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) pairs: Vec<Pairs>,
}

/// Some rows of a left operand, which begin at a multiple of sixteen.
#[derive(Clone, Copy)]
pub struct HalfLeft<'a> {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) pairs: &'a [Pairs],
}

/// The right operand of a product in bfloat16, `(k, n)`, packed once and used for many left ones.
///
/// It lies in panels of sixteen columns, filled up with zeros to sixteen columns and as many rows as [`HalfRows`] have
/// terms. An instance can be packed again and again without allocating.
#[derive(Clone, Default)]
pub struct HalfPacked {
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) panels: Vec<Pairs>,
}

impl HalfRows {
    /// Replaces the operand by a rounded copy of `rows`.
    ///
    /// # Shapes
    /// - `rows`: `(m, k)`, row-major, end to end
    ///
    /// # Panics
    /// When `rows` has another length.
    pub fn fill(&mut self, m: usize, k: usize, rows: &[f32]) {
        assert!(m.checked_mul(k) == Some(rows.len()), "{m} rows of {k} do not fit {} numbers", rows.len());
        self.resize(m, k);
        let stride = LANES * lines_of(k);
        let pairs = Pairs::flat_mut(&mut self.pairs);
        if k == 2 * stride {
            round_pairs(rows, &mut pairs[..m * stride]);
        } else {
            for (row, pairs) in rows.chunks_exact(k).zip(pairs.chunks_exact_mut(stride)) {
                round_pairs(&row[..k / 2 * 2], &mut pairs[..k / 2]);
                pairs[k / 2..].fill(0);
                if k % 2 == 1 {
                    pairs[k / 2] = rounded(row[k - 1]);
                }
            }
        }
        pairs[m * stride..].fill(0);
    }

    /// Replaces the operand by a rounded copy of the transpose of `columns`, as the gradient of a weight asks for.
    ///
    /// # Shapes
    /// - `columns`: `(k, m)`, row-major, end to end
    ///
    /// # Panics
    /// When `columns` has another length.
    pub fn fill_transposed(&mut self, m: usize, k: usize, columns: &[f32]) {
        assert!(
            m.checked_mul(k) == Some(columns.len()),
            "{k} rows of {m} do not fit {} numbers",
            columns.len()
        );
        self.resize(m, k);
        transpose_rounded(m, k, columns, &mut self.pairs);
    }

    fn resize(&mut self, m: usize, k: usize) {
        (self.m, self.k) = (m, k);
        self.pairs.resize(m.next_multiple_of(LANES) * lines_of(k), NOTHING);
    }

    /// All rows.
    pub fn all(&self) -> HalfLeft<'_> {
        self.rows(0..self.m)
    }

    /// Some rows.
    ///
    /// # Panics
    /// When they do not begin at a multiple of sixteen, or reach beyond the operand.
    pub fn rows(&self, rows: Range<usize>) -> HalfLeft<'_> {
        assert!(rows.start.is_multiple_of(LANES), "rows begin at {}, not at a multiple of 16", rows.start);
        assert!(rows.start <= rows.end && rows.end <= self.m, "rows {rows:?} of {} were asked for", self.m);
        let lines = lines_of(self.k);
        let pairs = &self.pairs[rows.start * lines..rows.end.next_multiple_of(LANES) * lines];
        HalfLeft { m: rows.len(), k: self.k, pairs }
    }
}

impl HalfPacked {
    /// Replaces the operand by a rounded copy of `b`.
    ///
    /// # Shapes
    /// - `b`: `(k, n)`
    ///
    /// # Panics
    /// When `b` is shorter than its shape.
    pub fn pack(&mut self, k: usize, n: usize, b: Strided<'_>) {
        assert!(b.holds(k, n), "a right operand of {k} rows of {n} does not fit {} numbers", b.data.len());
        (self.k, self.n) = (k, n);
        self.panels.resize(self.depth() * n.div_ceil(LANES), NOTHING);
        pack_rounded(k, n, b, &mut self.panels);
    }

    /// Lines of a panel.
    #[inline(always)]
    pub(super) fn depth(&self) -> usize {
        LANES * lines_of(self.k)
    }
}

kernel! {
    /// Rounds `columns`, of shape `(k, m)`, into rows of pairs of neighbours along `k`.
    fn transpose_rounded, transpose_rounded_at<I>(m: usize, k: usize, columns: &[f32], rows: &mut [Pairs]) {
        let (lines, columns) = (lines_of(k), Strided::rows(columns, m));
        for (tile, first) in (0..m).step_by(LANES).enumerate() {
            for line in 0..lines {
                let turned = transposed(columns_at(columns, (k, m), (2 * LANES * line, first)));
                for (row, pairs) in turned.into_iter().enumerate() {
                    rows[(tile * LANES + row) * lines + line] = pairs;
                }
            }
        }
    }
}

kernel! {
    /// Rounds `b`, of shape `(k, n)`, into panels of sixteen columns.
    fn pack_rounded, pack_rounded_at<I>(k: usize, n: usize, b: Strided<'_>, panels: &mut [Pairs]) {
        let mut blocks = panels.as_chunks_mut::<LANES>().0.iter_mut();
        for column in (0..n).step_by(LANES) {
            for (row, block) in (0..k).step_by(2 * LANES).zip(&mut blocks) {
                *block = if b.row_stride == 1 && b.col_stride != 1 {
                    transposed(rows_at(b, (k, n), (row, column)))
                } else {
                    columns_at(b, (k, n), (row, column))
                };
            }
        }
    }
}

/// Sixteen lines of 16 columns, from a row and a column on: neighbours in a column are pairs. What is outside is 0.
#[inline(always)]
fn columns_at(b: Strided<'_>, (k, n): (usize, usize), (row, column): (usize, usize)) -> [Pairs; LANES] {
    let at = |row: usize, column: usize| row * b.row_stride + column * b.col_stride;
    let mut lines = [NOTHING; LANES];
    if b.col_stride == 1 && row + 2 * LANES <= k && column + LANES <= n {
        for (pair, line) in lines.iter_mut().enumerate() {
            let numbers = |row: usize| b.data[at(row, column)..].first_chunk::<LANES>();
            let two = numbers(row + 2 * pair).zip(numbers(row + 2 * pair + 1));
            let (upper, lower) = two.expect("sixteen columns are left");
            *line = side_by_side(upper, lower);
        }
    } else {
        for (pair, line) in lines.iter_mut().enumerate() {
            let number = |row, column| if row < k && column < n { b.data[at(row, column)] } else { 0.0 };
            let numbers = |row: usize| -> Lanes { from_fn(|j| number(row, column + j)) };
            *line = side_by_side(&numbers(row + 2 * pair), &numbers(row + 2 * pair + 1));
        }
    }
    lines
}

/// Rounds the numbers of two rows: those of one column are a pair.
#[inline(always)]
fn side_by_side(upper: &Lanes, lower: &Lanes) -> Pairs {
    let mut line = NOTHING;
    for (pair, (upper, lower)) in line.0.iter_mut().zip(upper.iter().zip(lower)) {
        *pair = rounded(*upper) | rounded(*lower) << 16;
    }
    line
}

/// For each of 16 columns, which lie in one piece each, a line of its neighbours from `row` on. What is outside is 0.
#[inline(always)]
fn rows_at(b: Strided<'_>, (k, n): (usize, usize), (row, column): (usize, usize)) -> [Pairs; LANES] {
    let mut lines = [NOTHING; LANES];
    let within = LANES.min(n - column);
    for (j, line) in lines[..within].iter_mut().enumerate() {
        let begin = (column + j) * b.col_stride + row;
        let mut terms = [0.0; 2 * LANES];
        match b.data[begin..].first_chunk::<{ 2 * LANES }>().filter(|_| row + 2 * LANES <= k) {
            Some(whole) => terms = *whole,
            None => terms[..k - row].copy_from_slice(&b.data[begin..begin + (k - row)]),
        }
        for (pair, two) in line.0.iter_mut().zip(terms.as_chunks::<2>().0) {
            *pair = rounded(two[0]) | rounded(two[1]) << 16;
        }
    }
    lines
}

/// Sixteen lines, whose places become those in the lines.
#[inline(always)]
fn transposed(lines: [Pairs; LANES]) -> [Pairs; LANES] {
    let mut turned = [NOTHING; LANES];
    for (i, line) in lines.iter().enumerate() {
        for (turned, pair) in turned.iter_mut().zip(line.0) {
            turned.0[i] = pair;
        }
    }
    turned
}

kernel! {
    /// Rounds numbers to bfloat16, neighbours together: the first of two in the lower half of a pair.
    ///
    /// # Panics
    /// When there are not twice as many numbers as pairs.
    pub fn round_pairs, round_pairs_at<I>(numbers: &[f32], pairs: &mut [u32]) {
        assert!(numbers.len() == 2 * pairs.len(), "{} numbers do not fill {} pairs", numbers.len(), pairs.len());
        let (numbers, _) = numbers.as_chunks::<2>();
        for (pair, number) in pairs.iter_mut().zip(numbers) {
            *pair = rounded(number[0]) | rounded(number[1]) << 16;
        }
    }
}

/// The bfloat16 number nearest to `x`, in the lower half; numbers below the least normal one become 0.
#[inline(always)]
pub(super) fn rounded(x: f32) -> u32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let nearest = if bits & 0x7f80_0000 == 0 { bits >> 16 & 0x8000 } else { nearest };
    if x.is_nan() { bits >> 16 | 0x40 } else { nearest }
}
