//! The scan by tiles (AMX): `TDPBSUD` multiplies 64 numbers each of sixteen queries and sixteen documents.
//!
//! Sums are whole numbers and the same as everywhere. Documents lie as tiles want them; of the last numbers, where these
//! are less than 64, tiles of a shape of their own are made.

use std::arch::asm;

use super::documents::Sides;
use super::registers::Registers;
use super::registers::x86::Vnni;
use super::scan::{Asked, Bounds, Lanes, Within, push};
use super::{Row, STEP};
use crate::lanes::LANES;
use crate::tiles::{BYTES, InUse, ROWS, Shapes};

/// The most queries of a scan: two tiles of them.
pub(super) const QUERIES: usize = 2 * ROWS;

/// Steps that a tile takes of each query and document.
const STEPS: usize = BYTES / STEP;

/// Sixteen lanes of whole numbers where they begin a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Ints([i32; LANES]);

/// Queries as tiles want them; where there are fewer than [`QUERIES`], zeros follow.
struct Side {
    /// 64 numbers of each query, then the next 64 of each.
    factors: Vec<Row>,
    /// What sums begin at, the same in all lanes.
    starts: [Ints; QUERIES],
    bounds: Bounds<QUERIES>,
}

impl Side {
    fn new(asked: Asked<'_>, which: &[u32]) -> Self {
        let mut factors = vec![Row([0; BYTES]); asked.codes.dim().div_ceil(BYTES) * QUERIES];
        for (at, query) in which.iter().enumerate() {
            for (line, codes) in asked.queries.factors(*query as usize).chunks(STEPS).enumerate() {
                let bytes = factors[line * QUERIES + at].0.as_chunks_mut::<STEP>().0;
                bytes.iter_mut().zip(codes).for_each(|(bytes, codes)| *bytes = codes.to_le_bytes());
            }
        }
        let bounds = Bounds::of(asked, which);
        Side { factors, starts: bounds.starts.map(|start| Ints([start; LANES])), bounds }
    }
}

/// [`scan`](super::scan()) for at most [`QUERIES`] queries.
///
/// # Panics
/// When there are more, a row of queries is not there, or there are no tiles.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma")]
pub(super) fn scan(asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>) {
    assert!(which.len() <= QUERIES);
    let side = Side::new(asked, which);
    let steps = asked.codes.dim().div_ceil(STEP);
    let (lines, rest) = (steps / STEPS, steps % STEPS);
    let whole = (ROWS, BYTES);
    // Sums, queries, documents; queries and documents of what is left.
    let left =
        if rest == 0 { [(0, 0); 3] } else { [(ROWS, rest * STEP), (ROWS, rest * STEP), (rest, BYTES)] };
    let shapes = Shapes::new([whole, whole, whole, whole, whole, left[0], left[1], left[2]]);
    let mut sums = [Ints([0; LANES]); QUERIES];
    let in_use = InUse::new(&shapes);
    for ((panel, sides), rows) in (0..).zip(asked.codes.sides()).zip(asked.codes.rows().chunks_exact(steps)) {
        sum(&in_use, &side, rows, (lines, rest), &mut sums);
        hand_on(&side, &sums, which, panel, sides, asked.codes.len(), found);
    }
}

/// Sums of products of codes of a panel: of whole lines, and of the steps that are left.
///
/// # Panics
/// When queries or rows are more or less than that.
fn sum(_: &InUse, side: &Side, rows: &[Row], (lines, rest): (usize, usize), sums: &mut [Ints; QUERIES]) {
    let is_left = rest > 0;
    assert!(side.factors.len() == (lines + usize::from(is_left)) * QUERIES);
    assert!(rows.len() == lines * STEPS + rest);
    let (starts, factors, rows) = (side.starts.as_ptr(), side.factors.as_ptr(), rows.as_ptr());
    // SAFETY: tiles are in use, and the lines above made sure of what is read.
    unsafe {
        asm!(
            "tileloadd tmm0, [{starts} + {line}]",
            "tileloadd tmm1, [{starts} + {line} + 1024]",
            "test {lines}, {lines}",
            "jz 3f",
            "2:",
            "tileloadd tmm4, [{rows} + {line}]",
            "tileloadd tmm2, [{factors} + {line}]",
            "tdpbsud tmm0, tmm2, tmm4",
            "tileloadd tmm3, [{factors} + {line} + 1024]",
            "tdpbsud tmm1, tmm3, tmm4",
            "add {rows}, 1024",
            "add {factors}, 2048",
            "dec {lines}",
            "jnz 2b",
            "3:",
            "test {is_left}, {is_left}",
            "jz 4f",
            "tileloadd tmm7, [{rows} + {line}]",
            "tileloadd tmm5, [{factors} + {line}]",
            "tdpbsud tmm0, tmm5, tmm7",
            "tileloadd tmm6, [{factors} + {line} + 1024]",
            "tdpbsud tmm1, tmm6, tmm7",
            "4:",
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 1024], tmm1",
            starts = in(reg) starts,
            rows = inout(reg) rows => _,
            factors = inout(reg) factors => _,
            lines = inout(reg) lines => _,
            is_left = in(reg) u64::from(is_left),
            sums = in(reg) sums.as_mut_ptr(),
            line = in(reg) size_of::<Row>(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Compares scores with thresholds.
#[inline(always)]
fn hand_on(
    side: &Side,
    sums: &[Ints; QUERIES],
    which: &[u32],
    panel: usize,
    sides: &Sides,
    len: usize,
    found: &mut Vec<Within>,
) {
    let scales = Vnni::load(&sides.scales);
    let off =
        Vnni::mul_add(Vnni::splat(side.bounds.ratio), Vnni::load(&sides.lengths), Vnni::load(&sides.errors));
    for (query, row) in which.iter().enumerate() {
        let widened = Vnni::mul(Vnni::splat(side.bounds.weights[query]), off);
        let most = Vnni::mul_add(Vnni::floats(Vnni::load_ints(&sums[query].0)), scales, widened);
        let mask = Vnni::not_below(most, Vnni::splat(side.bounds.thresholds[query]));
        if mask != 0 {
            let lanes = Lanes { query: *row, place: panel * LANES, weight: side.bounds.weights[query] };
            push(lanes, len, mask, &Vnni::store(most), &Vnni::store(off), found);
        }
    }
}
