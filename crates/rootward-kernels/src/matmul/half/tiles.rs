//! The product by tiles of 16 by 16 sums (AMX), which `TDPBF16PS` adds 32 terms at a time to.
//!
//! Sums are not taken in the order of the other levels: of every 32 terms the first and the second numbers of pairs are
//! summed apart, then together, and then they are added to what there was.

use std::arch::asm;

use super::{Blocks, HalfLeft, HalfPacked, LANES, Pairs, Store, check, lines_of};
use crate::tiles::{BYTES, InUse, ROWS, Shapes};

/// Rows and columns of a block: two tiles each way, so that what is loaded is used twice.
const BLOCK: usize = 2 * LANES;

static SHAPES: Shapes = Shapes::new([(ROWS, BYTES); 8]);

/// [`product_half`](super::product_half) by tiles.
///
/// # Safety
/// Tiles [are there](crate::tiles::are_there).
///
/// # Panics
/// As [`product_half`](super::product_half).
pub(super) unsafe fn multiply(store: Store, a: HalfLeft<'_>, b: &HalfPacked, c: &mut [f32], c_stride: usize) {
    check(a, b, c, c_stride);
    let blocks = Blocks::new(a.m, b.n, BLOCK, BLOCK);
    if b.k == 0 {
        if store == Store::Set {
            c.chunks_mut(c_stride.max(1)).take(a.m).for_each(|row| row[..b.n].fill(0.0));
        }
        return;
    }
    let (lines, tall, wide) = (lines_of(a.k), a.m.div_ceil(LANES), b.n.div_ceil(LANES));
    // Rows and panels lie in whole tiles, one step of sixteen lines after the other.
    let of = |operand: &[Pairs], at: usize| operand[at * lines * LANES..][..lines * LANES].as_ptr();
    let mut sums = [0.0; BLOCK * BLOCK];
    // SAFETY: the caller's promise.
    let _in_use = unsafe { InUse::new(&SHAPES) };
    for outer in 0..blocks.outer {
        for inner in 0..blocks.inner {
            let (rows, cols) = blocks.at(outer, inner);
            // Where only one tile is left it is multiplied twice, and one of the results is not looked at.
            let (upper, left) = (rows.start / LANES, cols.start / LANES);
            let (lower, right) = ((upper + 1).min(tall - 1), (left + 1).min(wide - 1));
            let factors = Factors {
                rows: [upper, lower].map(|at| of(a.pairs, at)),
                panels: [left, right].map(|at| of(&b.panels, at)),
                lines,
            };
            if store == Store::Set && rows.len() == BLOCK && cols.len() == BLOCK {
                let c = &mut c[rows.start * c_stride + cols.start..][..(BLOCK - 1) * c_stride + BLOCK];
                // SAFETY: tiles are in use, and the slices made sure of what is read and written.
                unsafe { block(factors, c.as_mut_ptr(), c_stride) };
                continue;
            }
            // SAFETY: as above.
            unsafe { block(factors, sums.as_mut_ptr(), BLOCK) };
            for (row, sums) in rows.zip(sums.chunks_exact(BLOCK)) {
                let c = &mut c[row * c_stride + cols.start..][..cols.len()];
                match store {
                    Store::Set => c.copy_from_slice(&sums[..c.len()]),
                    Store::Add => c.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum),
                }
            }
        }
    }
}

/// What a block is the product of.
#[derive(Clone, Copy)]
struct Factors {
    /// Two tiles of sixteen rows, each of [`Factors::lines`] lines.
    rows: [*const Pairs; 2],
    /// Two panels of sixteen columns: as many times sixteen lines.
    panels: [*const Pairs; 2],
    /// How often 32 terms are added.
    lines: usize,
}

/// Writes a block of 32 rows and columns.
///
/// # Safety
/// Tiles are [in use](InUse), the factors are as long as they say, with at least one line, and `c` has 32 rows of 32 numbers
/// that begin `c_stride` apart.
unsafe fn block(factors: Factors, c: *mut f32, c_stride: usize) {
    let Factors { rows: [upper, lower], panels: [left, right], lines } = factors;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{upper} + {row}]",
            "tileloadd tmm6, [{left} + {line}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{right} + {line}]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{lower} + {row}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {left}, 1024",
            "add {right}, 1024",
            "dec {lines}",
            "jnz 2b",
            "tilestored [{above} + {c_row}], tmm0",
            "tilestored [{above} + {c_row} + 64], tmm1",
            "tilestored [{below} + {c_row}], tmm2",
            "tilestored [{below} + {c_row} + 64], tmm3",
            upper = inout(reg) upper => _,
            lower = inout(reg) lower => _,
            left = inout(reg) left => _,
            right = inout(reg) right => _,
            row = in(reg) lines * size_of::<Pairs>(),
            line = in(reg) size_of::<Pairs>(),
            lines = inout(reg) lines => _,
            above = in(reg) c,
            below = in(reg) c.add(LANES * c_stride),
            c_row = in(reg) c_stride * size_of::<f32>(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
