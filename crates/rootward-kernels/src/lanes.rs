//! Sixteen numbers side by side: the unit of every loop in this crate.
//!
//! Sixteen is the width of an AVX-512 register; narrower machines take it in two or four registers. Sums run
//! in sixteen lanes everywhere and are folded in one order, which is what makes the AVX levels agree bit for bit.

use std::array::from_fn;

/// How many numbers a step of a loop takes.
pub(crate) const LANES: usize = 16;

/// One step's numbers.
pub(crate) type Lanes = [f32; LANES];

/// One step's numbers where they begin a cache line, so that no load has to touch two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Aligned(pub(crate) Lanes);

impl Aligned {
    /// The numbers of several steps, end to end.
    pub(crate) fn numbers(steps: &[Aligned]) -> &[f32] {
        // SAFETY: a step is sixteen numbers of 64 bytes in all, its alignment, so that nothing lies between two steps.
        unsafe { std::slice::from_raw_parts(steps.as_ptr().cast::<f32>(), steps.len() * LANES) }
    }
}

/// The sum of all lanes: halves are added until one number is left.
#[inline(always)]
pub(crate) fn sum(lanes: Lanes) -> f32 {
    let eight: [f32; 8] = from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [f32; 4] = from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The numbers of a slice that is shorter than [`LANES`], followed by `fill`.
#[inline(always)]
pub(crate) fn padded(tail: &[f32], fill: f32) -> Lanes {
    let mut lanes = [fill; LANES];
    for (lane, value) in lanes.iter_mut().zip(tail) {
        *lane = *value;
    }
    lanes
}
