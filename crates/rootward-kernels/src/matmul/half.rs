//! Matrix products of bfloat16 numbers with sums of `f32`: encoding at several times the speed, for a loss of precision.
//!
//! A bfloat16 number is the upper half of an `f32`, rounded to nearest, ties to even. Neighbours along `k` travel
//! together in one `u32`, as the instruction `VDPBF16PS` takes them: it adds the product of the second numbers of two
//! pairs, then that of the first ones. Products of such numbers are exact in `f32`, so a machine without the
//! instruction gives the same bits by two additions, at every level but [`Level::Amx`], which adds in another order; only
//! sums below the least normal number, about 1e-38, which the instructions take for 0, may differ.

use super::{Blocks, EDGE_WIDTH, MAX_ROWS, Store, Strided};
use crate::instructions::{Instructions, kernel};
use crate::lanes::{LANES, Lanes};
use crate::level::{Level, level};

mod operands;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;

pub use operands::{HalfLeft, HalfPacked, HalfRows, round_pairs, round_pairs_at};
use operands::{Pairs, lines_of};

/// Pairs of terms that are added before the result is stored and the next ones are begun.
const DEPTH: usize = 256;

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
        return tiles::multiply(store, a, b, c, c_stride);
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
