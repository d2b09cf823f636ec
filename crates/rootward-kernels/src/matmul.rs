//! Matrix products of `f32`: scores, and the gradients of queries and documents.
//!
//! The right operand is packed once into panels of 16 columns, the left one is read in place through two strides,
//! so that a transposed operand costs nothing. A tile of the result stays in registers while `k` runs. Every
//! element of the result is one sum over `k` in rising order (restarted every 256 terms, see [`DEPTH`]),
//! whatever the tile, so it depends neither on its place in the matrix nor on the AVX level.

mod half;
mod packed;

use std::ops::Range;

pub use half::{
    HalfLeft, HalfPacked, HalfRows, product_half, product_half_at, product_half_plain, product_half_plain_at,
    round_pairs, round_pairs_at,
};
pub use packed::{Packed, Strided};

use crate::instructions::{Instructions, kernel};
use crate::lanes::{Aligned, LANES, Lanes};

/// Terms of a sum that are added before the result is stored and the next ones are begun: 256 rows of two
/// panels are 32 KiB, which stay in the nearest caches while all rows of the left operand pass.
const DEPTH: usize = 256;

/// Rows of the highest tile of all levels.
const MAX_ROWS: usize = 12;
/// Columns of the widest one.
const EDGE_WIDTH: usize = 2 * LANES;

/// What happens to the numbers that the result's place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// They are overwritten.
    Set,
    /// The product is added to them.
    Add,
}

kernel! {
    /// Writes or adds the product of two matrices: `c[m, n] = a[m, k] · b[k, n]`.
    ///
    /// # Shapes
    /// - `a`: `(m, k)`, read in place
    /// - `b`: `(k, n)`, packed
    /// - `c`: `(m, n)`, row `i` begins at `c[i * c_stride]`; numbers between the rows are left alone
    ///
    /// # Panics
    /// When `a` or `c` is shorter than its shape, or `c_stride` is less than `n`.
    pub fn product, product_at<I>(store: Store, m: usize, a: Strided<'_>, b: &Packed, c: &mut [f32], c_stride: usize) {
        multiply::<I>(store, m, a, b, 0..b.n(), c, c_stride);
    }
}

kernel! {
    /// [`product`] for some columns of `b` only: `c[m, columns.len()] = a[m, k] · b[k, columns]`.
    ///
    /// # Panics
    /// As [`product`], and when `columns` does not begin at a multiple of 16 or reaches beyond `b`.
    pub fn product_columns, product_columns_at<I>(
        store: Store, m: usize, a: Strided<'_>, b: &Packed, columns: Range<usize>, c: &mut [f32], c_stride: usize,
    ) {
        multiply::<I>(store, m, a, b, columns, c, c_stride);
    }
}

#[inline(always)]
fn multiply<I: Instructions>(
    store: Store,
    m: usize,
    a: Strided<'_>,
    b: &Packed,
    columns: Range<usize>,
    c: &mut [f32],
    c_stride: usize,
) {
    let (k, n) = (b.k(), columns.len());
    assert!(
        columns.start.is_multiple_of(LANES),
        "columns begin at {}, not at a multiple of 16",
        columns.start
    );
    assert!(
        columns.start <= columns.end && columns.end <= b.n(),
        "columns {columns:?} of {} were asked for",
        b.n()
    );
    assert!(n <= c_stride, "rows of {n} numbers do not fit a stride of {c_stride}");
    assert!(
        Strided::rows(c, c_stride).holds(m, n),
        "a result of {m} rows of {n} does not fit {} numbers",
        c.len()
    );
    assert!(a.holds(m, k), "a left operand of {m} rows of {k} does not fit {} numbers", a.data.len());
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 && store == Store::Set {
        c.chunks_mut(c_stride).take(m).for_each(|row| row[..n].fill(0.0));
    }

    let blocks = Blocks::of::<I>(m, n, I::TILE_ROWS);
    let mut edge = [0.0; MAX_ROWS * EDGE_WIDTH];
    for depth in (0..k).step_by(DEPTH) {
        let terms = depth..k.min(depth + DEPTH);
        let store = if depth == 0 { store } else { Store::Add };
        for outer in 0..blocks.outer {
            for inner in 0..blocks.inner {
                let (rows, cols) = blocks.at(outer, inner);
                let panel = columns.start / LANES + cols.start / LANES;
                let left = b.panel(panel, terms.clone());
                let right = (cols.len() > LANES).then(|| b.panel(panel + 1, terms.clone()));
                let a = Strided { data: &a.data[rows.start * a.row_stride + depth * a.col_stride..], ..a };
                let c = &mut c[rows.start * c_stride + cols.start..];
                // A tile stores whole panels, so the edge of the result takes a way round.
                let whole = cols.len().is_multiple_of(LANES);
                let (to, stride, how) =
                    if whole { (&mut *c, c_stride, store) } else { (&mut edge[..], EDGE_WIDTH, Store::Set) };
                block::<I>(how, rows.len(), a, left, right, to, stride);
                if whole {
                    continue;
                }
                for row in 0..rows.len() {
                    let sums = &edge[row * EDGE_WIDTH..][..cols.len()];
                    for (c, sum) in c[row * c_stride..][..cols.len()].iter_mut().zip(sums) {
                        *c = if store == Store::Set { *sum } else { *c + sum };
                    }
                }
            }
        }
    }
}

/// How a result of `(m, n)` is cut into blocks of one tile each.
#[derive(Clone, Copy)]
struct Blocks {
    m: usize,
    n: usize,
    height: usize,
    width: usize,
    rows_outside: bool,
    outer: usize,
    inner: usize,
}

impl Blocks {
    /// Blocks of at most `rows` rows.
    #[inline(always)]
    fn of<I: Instructions>(m: usize, n: usize, rows: usize) -> Self {
        // Nearly equal heights: a last block of one or two rows would leave most of the machine idle.
        let height = m.div_ceil(m.div_ceil(rows));
        Blocks::new(m, n, height, I::TILE_PANELS * LANES)
    }

    /// Blocks of this many rows and columns, smaller ones at the edges.
    #[inline(always)]
    fn new(m: usize, n: usize, height: usize, width: usize) -> Self {
        let (row_blocks, column_blocks) = (m.div_ceil(height), n.div_ceil(width));
        // The smaller operand is passed over again and again, and stays in the near caches.
        let rows_outside = m > n;
        let (outer, inner) =
            if rows_outside { (row_blocks, column_blocks) } else { (column_blocks, row_blocks) };
        Blocks { m, n, height, width, rows_outside, outer, inner }
    }

    /// The rows and columns of one block.
    #[inline(always)]
    fn at(self, outer: usize, inner: usize) -> (Range<usize>, Range<usize>) {
        let (row, column) = if self.rows_outside { (outer, inner) } else { (inner, outer) };
        let (row, column) = (row * self.height, column * self.width);
        (row..self.m.min(row + self.height), column..self.n.min(column + self.width))
    }
}

/// One block of the result; the number of rows becomes a constant, so that the tile can live in registers.
#[inline(always)]
fn block<I: Instructions>(
    store: Store,
    rows: usize,
    a: Strided<'_>,
    left: &[Aligned],
    right: Option<&[Aligned]>,
    c: &mut [f32],
    c_stride: usize,
) {
    macro_rules! tile_of {
        ($($rows:literal)*) => {
            match rows {
                $($rows if $rows <= I::TILE_ROWS => tile::<I, $rows>(store, a, left, right, c, c_stride),)*
                _ => unreachable!("a block has at most {} rows, not {rows}", I::TILE_ROWS),
            }
        };
    }
    tile_of!(1 2 3 4 5 6 7 8 9 10 11 12);
}

/// Sums over `k` for `ROWS` rows and one or two panels, kept in registers until they are stored.
#[inline(always)]
fn tile<I: Instructions, const ROWS: usize>(
    store: Store,
    a: Strided<'_>,
    left: &[Aligned],
    right: Option<&[Aligned]>,
    c: &mut [f32],
    c_stride: usize,
) {
    assert!(a.holds(ROWS, left.len()), "a tile reaches beyond the left operand");
    // SAFETY: the line above made sure of it for every row of the tile and every term of the panels.
    let at = |row, term| unsafe { *a.data.get_unchecked(row * a.row_stride + term * a.col_stride) };
    // Two arrays with rows of 16: with rows of 32, or with one array of arrays of rows, the compiler keeps the
    // sums in memory, fifty times slower.
    let (mut left_sums, mut right_sums) = ([[0.0; LANES]; ROWS], [[0.0; LANES]; ROWS]);
    // Written out row by row: a loop over many rows is not unrolled, and then nothing is kept in registers.
    macro_rules! each_row {
        ($($row:literal)*) => {
            match right {
                Some(right) if I::TILE_PANELS == 2 => {
                    for (term, (left, right)) in left.iter().zip(right).enumerate() {
                        $(if $row < ROWS {
                            let factor = at($row, term);
                            accumulate::<I>(factor, left, &mut left_sums[$row]);
                            accumulate::<I>(factor, right, &mut right_sums[$row]);
                        })*
                    }
                    $(if $row < ROWS {
                        put(store, left_sums[$row], &mut c[$row * c_stride..]);
                        put(store, right_sums[$row], &mut c[$row * c_stride + LANES..]);
                    })*
                }
                _ => {
                    for (term, left) in left.iter().enumerate() {
                        $(if $row < ROWS {
                            accumulate::<I>(at($row, term), left, &mut left_sums[$row]);
                        })*
                    }
                    $(if $row < ROWS {
                        put(store, left_sums[$row], &mut c[$row * c_stride..]);
                    })*
                }
            }
        };
    }
    each_row!(0 1 2 3 4 5 6 7 8 9 10 11);
}

/// `sums += factor * panel_row`.
#[inline(always)]
fn accumulate<I: Instructions>(factor: f32, panel_row: &Aligned, sums: &mut Lanes) {
    for (sum, number) in sums.iter_mut().zip(panel_row.0) {
        *sum = I::mul_add(factor, number, *sum);
    }
}

/// Stores the sums in the first 16 places of `c`.
#[inline(always)]
fn put(store: Store, sums: Lanes, c: &mut [f32]) {
    let c = c.first_chunk_mut::<LANES>().expect("the result holds every panel that is stored whole");
    match store {
        Store::Set => *c = sums,
        Store::Add => c.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum),
    }
}

#[cfg(test)]
mod tests;
