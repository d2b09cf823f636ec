//! The product by tiles of 16 by 16 sums (AMX), which `TDPBF16PS` adds 32 terms at a time to.
//!
//! Sums are not taken in the order of the other levels: of every 32 terms the first and the second numbers of pairs are
//! summed apart, then together, and then they are added to what there was.

use std::arch::asm;

use super::operands::{HalfLeft, HalfPacked, Pairs, lines_of};
use super::{Blocks, LANES, Store, check};
use crate::tiles::{BYTES, InUse, ROWS, Shapes};

/// Rows and columns of a block: two tiles each way, so that what is loaded is used twice.
const BLOCK: usize = 2 * LANES;

static SHAPES: Shapes = Shapes::new([(ROWS, BYTES); 8]);

/// [`product_half`](super::product_half) by tiles.
///
/// # Panics
/// As [`product_half`](super::product_half), and where there are no tiles.
pub(super) fn multiply(store: Store, a: HalfLeft<'_>, b: &HalfPacked, c: &mut [f32], c_stride: usize) {
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
    let tile = |at: usize| &a.pairs[at * lines * LANES..][..lines * LANES];
    let panel = |at: usize| &b.panels[at * lines * LANES..][..lines * LANES];
    let mut sums = [0.0; BLOCK * BLOCK];
    let in_use = InUse::new(&SHAPES);
    for outer in 0..blocks.outer {
        for inner in 0..blocks.inner {
            let (rows, cols) = blocks.at(outer, inner);
            // Where only one tile is left it is multiplied twice, and one of the results is not looked at.
            let (upper, left) = (rows.start / LANES, cols.start / LANES);
            let (lower, right) = ((upper + 1).min(tall - 1), (left + 1).min(wide - 1));
            let (rows_of, columns_of) = ([upper, lower].map(tile), [left, right].map(panel));
            if store == Store::Set && rows.len() == BLOCK && cols.len() == BLOCK {
                let c = &mut c[rows.start * c_stride + cols.start..][..(BLOCK - 1) * c_stride + BLOCK];
                block(&in_use, rows_of, columns_of, c, c_stride);
                continue;
            }
            block(&in_use, rows_of, columns_of, &mut sums, BLOCK);
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

/// Writes a block of 32 rows and columns, whose rows begin `c_stride` apart: two tiles of rows times two panels.
///
/// # Panics
/// When a tile or a panel has other than a multiple of 16 lines, more than none and the same, or `c` is shorter than a block.
fn block(_: &InUse, rows: [&[Pairs]; 2], panels: [&[Pairs]; 2], c: &mut [f32], c_stride: usize) {
    let ([upper, lower], [left, right]) = (rows, panels);
    let lines = upper.len() / LANES;
    assert!(lines > 0 && [upper, lower, left, right].iter().all(|factor| factor.len() == lines * LANES));
    assert!(c_stride >= BLOCK && c.len() >= (BLOCK - 1) * c_stride + BLOCK);
    let c = c.as_mut_ptr();
    // SAFETY: tiles are in use, and the lines above made sure of what is read and written.
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
            upper = inout(reg) upper.as_ptr() => _,
            lower = inout(reg) lower.as_ptr() => _,
            left = inout(reg) left.as_ptr() => _,
            right = inout(reg) right.as_ptr() => _,
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
