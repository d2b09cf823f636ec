//! Matrix products of bfloat16 numbers with sums of `f32`: encoding at several times the speed, for a loss of precision.
//!
//! A bfloat16 number is the upper half of an `f32`, rounded to nearest, ties to even. Neighbours along `k` travel
//! together in one `u32`, as the instruction `VDPBF16PS` takes them: it adds the product of the second numbers of two
//! pairs, then that of the first ones. Products of such numbers are exact in `f32`, so a machine without the
//! instruction gives the same bits by two additions, at every level but [`Level::Amx`], which adds in another order; only
//! sums below the least normal number, about 1e-38, which the instructions take for 0, may differ.

use std::array::from_fn;
use std::ops::Range;

use super::{Blocks, EDGE_WIDTH, MAX_ROWS, Store, Strided};
use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes};
use crate::level::{Level, level};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;

/// Pairs of terms that are added before the result is stored and the next ones are begun.
const DEPTH: usize = 256;

/// A line of sixteen pairs where they begin a cache line: 32 terms of a row, or two of sixteen columns.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Pairs([u32; LANES]);

const NOTHING: Pairs = Pairs([0; LANES]);

impl Pairs {
    /// The pairs of several lines, end to end.
    #[inline(always)]
    fn flat(lines: &[Pairs]) -> &[u32] {
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
fn lines_of(k: usize) -> usize {
    k.div_ceil(2 * LANES)
}

/// The left operand of a product in bfloat16, `(m, k)`.
///
/// Rows are filled up with zeros to whole lines, and the last ones to sixteen. An instance can be filled again and again
/// without allocating.
#[derive(Clone, Default)]
pub struct HalfRows {
    m: usize,
    k: usize,
    pairs: Vec<Pairs>,
}

/// Some rows of a left operand, which begin at a multiple of sixteen.
#[derive(Clone, Copy)]
pub struct HalfLeft<'a> {
    m: usize,
    k: usize,
    pairs: &'a [Pairs],
}

/// The right operand of a product in bfloat16, `(k, n)`, packed once and used for many left ones.
///
/// It lies in panels of sixteen columns, filled up with zeros to sixteen columns and as many rows as [`HalfRows`] have
/// terms. An instance can be packed again and again without allocating.
#[derive(Clone, Default)]
pub struct HalfPacked {
    k: usize,
    n: usize,
    panels: Vec<Pairs>,
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
    fn depth(&self) -> usize {
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

/// Writes or adds the product of two matrices of bfloat16 numbers: `c[m, n] = a[m, k] · b[k, n]`.
///
/// Every element is one sum over `k` in an order of the level's, whatever stands beside it.
///
/// # Shapes
/// - `c`: `(m, n)`, row `i` begins at `c[i * c_stride]`; numbers between the rows are left alone
///
/// # Panics
/// When `a` and `b` differ in `k`, `c` is shorter than its shape, or `c_stride` is less than `n`.
#[inline]
pub fn product_half(store: Store, a: HalfLeft<'_>, b: &HalfPacked, c: &mut [f32], c_stride: usize) {
    product_half_at(level(), store, a, b, c, c_stride);
}

/// [`product_half`] at a given level, so that one process can compare them all.
///
/// # Panics
/// As [`product_half`], and when this machine does not have the level.
pub fn product_half_at(
    level: Level,
    store: Store,
    a: HalfLeft<'_>,
    b: &HalfPacked,
    c: &mut [f32],
    c_stride: usize,
) {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if level == Level::Amx && level <= Level::detected() {
        // SAFETY: the line above made sure that this machine has the instructions.
        unsafe { tiles::multiply(store, a, b, c, c_stride) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx512 && level <= Level::detected() && is_x86_feature_detected!("avx512bf16") {
        // SAFETY: the line above made sure that this machine has the instructions.
        unsafe { instruction::multiply_pairs(store, a, b, c, c_stride) };
        return;
    }
    product_half_plain_at(level, store, a, b, c, c_stride);
}

kernel! {
    /// [`product_half`] without the instruction for it, as machines that lack it compute it.
    ///
    /// # Panics
    /// As there.
    pub fn product_half_plain, product_half_plain_at<I>(store: Store, a: HalfLeft<'_>, b: &HalfPacked, c: &mut [f32], c_stride: usize) {
        multiply::<I, Plain<I>>(store, a, b, c, c_stride);
    }
}

/// How sums of sixteen columns grow by one pair of terms.
trait PairSums: Copy {
    /// No terms yet.
    fn zero() -> Self;

    /// The sums, and the products of both halves of `factor` and of the row's pairs.
    fn plus(self, factor: u32, row: &Pairs) -> Self;

    /// The sums as numbers.
    fn lanes(self) -> Lanes;
}

/// Sums of ordinary multiply-adds.
struct Plain<I> {
    sums: Lanes,
    instructions: std::marker::PhantomData<I>,
}

impl<I> Clone for Plain<I> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Plain<I> {}

impl<I: Instructions> PairSums for Plain<I> {
    #[inline(always)]
    fn zero() -> Self {
        Plain { sums: [0.0; LANES], instructions: std::marker::PhantomData }
    }

    #[inline(always)]
    fn plus(mut self, factor: u32, row: &Pairs) -> Self {
        for (sum, pair) in self.sums.iter_mut().zip(row.0) {
            *sum = I::mul_add(second(factor), second(pair), *sum);
            *sum = I::mul_add(first(factor), first(pair), *sum);
        }
        self
    }

    #[inline(always)]
    fn lanes(self) -> Lanes {
        self.sums
    }
}

#[cfg(target_arch = "x86_64")]
mod instruction {
    //! The product by `VDPBF16PS`.

    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_set1_epi32, _mm512_setzero_ps,
    };
    use std::mem::transmute;

    use super::{HalfLeft, HalfPacked, Lanes, PairSums, Pairs, Store, multiply};
    use crate::instructions::Avx512;

    /// [`multiply`] with the instruction.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma")]
    pub(super) fn multiply_pairs(
        store: Store,
        a: HalfLeft<'_>,
        b: &HalfPacked,
        c: &mut [f32],
        c_stride: usize,
    ) {
        multiply::<Avx512, Register>(store, a, b, c, c_stride);
    }

    /// Sixteen sums in a register. Only [`multiply_pairs`] makes them, where the machine has the instructions.
    #[derive(Clone, Copy)]
    struct Register(__m512);

    impl PairSums for Register {
        #[inline(always)]
        fn zero() -> Self {
            // SAFETY: as the type says, only machines with the instructions come here.
            Register(unsafe { _mm512_setzero_ps() })
        }

        #[inline(always)]
        fn plus(self, factor: u32, row: &Pairs) -> Self {
            // SAFETY: as above; the types that are converted are 64 bytes without invalid patterns.
            unsafe {
                let factor = transmute::<__m512i, __m512bh>(_mm512_set1_epi32(factor as i32));
                Register(_mm512_dpbf16_ps(self.0, factor, transmute::<Pairs, __m512bh>(*row)))
            }
        }

        #[inline(always)]
        fn lanes(self) -> Lanes {
            // SAFETY: both are sixteen numbers.
            unsafe { transmute::<__m512, Lanes>(self.0) }
        }
    }
}

/// The operands and the result of a product fit each other.
#[inline(always)]
fn check(a: HalfLeft<'_>, b: &HalfPacked, c: &[f32], c_stride: usize) {
    let (m, n) = (a.m, b.n);
    assert!(a.k == b.k, "rows of {} numbers cannot be multiplied with {} rows", a.k, b.k);
    assert!(n <= c_stride, "rows of {n} numbers do not fit a stride of {c_stride}");
    assert!(
        Strided::rows(c, c_stride).holds(m, n),
        "a result of {m} rows of {n} does not fit {} numbers",
        c.len()
    );
}

#[inline(always)]
fn multiply<I: Instructions, S: PairSums>(
    store: Store,
    a: HalfLeft<'_>,
    b: &HalfPacked,
    c: &mut [f32],
    c_stride: usize,
) {
    check(a, b, c, c_stride);
    let (m, n, depth) = (a.m, b.n, b.k.div_ceil(2));
    if m == 0 || n == 0 {
        return;
    }
    let blocks = Blocks::of::<I>(m, n, tile_rows::<I>());
    let (pairs, stride) = (Pairs::flat(a.pairs), LANES * lines_of(a.k));
    let mut sums = [0.0; MAX_ROWS * EDGE_WIDTH];
    // One round even without terms, which leaves zeros.
    for begin in (0..depth.max(1)).step_by(DEPTH) {
        let terms = begin..depth.min(begin + DEPTH);
        for outer in 0..blocks.outer {
            for inner in 0..blocks.inner {
                let (rows, cols) = blocks.at(outer, inner);
                let panel = |panel: usize| &b.panels[panel * b.depth()..][terms.clone()];
                let left = panel(cols.start / LANES);
                let right = if cols.len() > LANES { panel(cols.start / LANES + 1) } else { left };
                let from = &pairs[rows.start * stride + begin..];
                block::<I, S>(rows.len(), from, stride, left, right, &mut sums);
                for (row, sums) in rows.zip(sums.chunks_exact(EDGE_WIDTH)) {
                    let c = &mut c[row * c_stride + cols.start..][..cols.len()];
                    if begin == 0 && store == Store::Set {
                        c.copy_from_slice(&sums[..cols.len()]);
                    } else {
                        c.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum);
                    }
                }
            }
        }
    }
}

/// Rows of a tile. The compiler reads the factors of all rows before it multiplies: they need registers too, and with the
/// twelve rows of the other product the sums would leave theirs at every pair.
const fn tile_rows<I: Instructions>() -> usize {
    if I::TILE_ROWS > 8 { 8 } else { I::TILE_ROWS }
}

/// One block of the result; the number of rows becomes a constant, so that the tile can live in registers.
#[inline(always)]
fn block<I: Instructions, S: PairSums>(
    rows: usize,
    a: &[u32],
    stride: usize,
    left: &[Pairs],
    right: &[Pairs],
    sums: &mut [f32; MAX_ROWS * EDGE_WIDTH],
) {
    macro_rules! tile_of {
        ($($rows:literal)*) => {
            match rows {
                $($rows if $rows <= tile_rows::<I>() => tile::<I, S, $rows>(a, stride, left, right, sums),)*
                _ => unreachable!("a block has at most {} rows, not {rows}", tile_rows::<I>()),
            }
        };
    }
    tile_of!(1 2 3 4 5 6 7 8);
}

/// Sums over some pairs for `ROWS` rows and two panels, or one where the machine has few registers.
#[inline(always)]
fn tile<I: Instructions, S: PairSums, const ROWS: usize>(
    a: &[u32],
    stride: usize,
    left: &[Pairs],
    right: &[Pairs],
    sums: &mut [f32; MAX_ROWS * EDGE_WIDTH],
) {
    assert!(left.len() == right.len() && (left.is_empty() || a.len() >= (ROWS - 1) * stride + left.len()));
    // SAFETY: the line above made sure of it for every row of the tile and every pair of the panels.
    let at = |row: usize, pair: usize| unsafe { *a.get_unchecked(row * stride + pair) };
    let (mut left_sums, mut right_sums) = ([S::zero(); ROWS], [S::zero(); ROWS]);
    // Written out row by row: a loop over many rows is not unrolled, and then nothing is kept in registers.
    macro_rules! each_row {
        ($($row:literal)*) => {
            for (pair, (left, right)) in left.iter().zip(right).enumerate() {
                $(if $row < ROWS {
                    let factor = at($row, pair);
                    left_sums[$row] = left_sums[$row].plus(factor, left);
                    if I::TILE_PANELS == 2 {
                        right_sums[$row] = right_sums[$row].plus(factor, right);
                    }
                })*
            }
            $(if $row < ROWS {
                let to = &mut sums[$row * EDGE_WIDTH..][..EDGE_WIDTH];
                to[..LANES].copy_from_slice(&left_sums[$row].lanes());
                if I::TILE_PANELS == 2 {
                    to[LANES..].copy_from_slice(&right_sums[$row].lanes());
                }
            })*
        };
    }
    each_row!(0 1 2 3 4 5 6 7);
}

/// The bfloat16 number nearest to `x`, in the lower half; numbers below the least normal one become 0.
#[inline(always)]
fn rounded(x: f32) -> u32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let nearest = if bits & 0x7f80_0000 == 0 { bits >> 16 & 0x8000 } else { nearest };
    if x.is_nan() { bits >> 16 | 0x40 } else { nearest }
}

#[inline(always)]
fn first(pair: u32) -> f32 {
    f32::from_bits(pair << 16)
}

#[inline(always)]
fn second(pair: u32) -> f32 {
    f32::from_bits(pair & 0xffff_0000)
}

#[cfg(test)]
mod tests;
