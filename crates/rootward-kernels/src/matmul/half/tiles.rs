//! The product by tiles of 16 by 16 sums (AMX), which `TDPBF16PS` adds 32 terms at a time to.
//!
//! The compiler knows nothing of tiles, so a block of the result is one piece of assembly, which leaves nothing in them that
//! another one needs. Sums are not taken in the order of the other levels: of every 32 terms the first and the second numbers of
//! pairs are summed apart, then together, and then they are added to what there was.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::{Blocks, HalfLeft, HalfPacked, LANES, Pairs, Store, check, lines_of};

/// Rows and columns of a block: two tiles each way, so that what is loaded is used twice.
const BLOCK: usize = 2 * LANES;

/// What `LDTILECFG` reads: eight tiles of sixteen rows of 64 bytes.
#[repr(C, align(64))]
struct Shapes([u8; 64]);

static SHAPES: Shapes = {
    let mut bytes = [0; 64];
    bytes[0] = 1; // the only kind of configuration there is
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = LANES as u8;
        tile += 1;
    }
    Shapes(bytes)
};

/// Tiles that are shaped, until it is dropped: a thread that has tiles in use is slower to switch to.
struct InUse;

impl InUse {
    /// # Safety
    /// [`are_there`] must have said yes.
    unsafe fn new() -> Self {
        // SAFETY: the caller's promise; nothing else in this program uses tiles.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, readonly)) };
        InUse
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: where there is an instance there are tiles.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Whether this machine has tiles of bfloat16 numbers, and Linux lets this process use them, which it asks for here.
pub(crate) fn are_there() -> bool {
    const TILES: u32 = 1 << 24;
    const BFLOAT16: u32 = 1 << 22;
    let features = __cpuid_count(7, 0).edx;
    features & TILES != 0 && features & BFLOAT16 != 0 && are_permitted()
}

/// Asks Linux for the memory that a thread's tiles are kept in while another one runs: see
/// `Documentation/arch/x86/xstate.rst` of its sources. Where that is older than tiles, or forbids them, it says no.
fn are_permitted() -> bool {
    const ARCH_PRCTL: isize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let answer: isize;
    // SAFETY: the call reads no memory and changes none of this program's.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

/// [`product_half`](super::product_half) by tiles.
///
/// # Safety
/// [`are_there`] must have said yes.
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
    let _in_use = unsafe { InUse::new() };
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
