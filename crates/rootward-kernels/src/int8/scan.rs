//! The scan: scores of all documents of a panel for several queries, of which only the promising ones leave registers.

use super::documents::{Codes, Sides};
use super::queries::QueryCodes;
#[cfg(target_arch = "x86_64")]
use super::registers::x86;
use super::registers::{Plain, Registers};
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::tiles;
use super::{Row, STEP};
use crate::lanes::LANES;
use crate::level::{Level, level};

/// The most queries of a tile.
const MAX_QUERIES: usize = 8;

/// Between what a document's score for a query lies, both divided by the query's scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    /// The query, by its row.
    pub query: u32,
    /// The document, by its place.
    pub place: u32,
    /// The score is no less; a NaN says nothing.
    pub least: f32,
    /// The score is no greater; a NaN says nothing.
    pub most: f32,
}

/// Adds to `found` all documents whose score for one of some queries may be as great as its threshold.
///
/// # Shapes
/// - `which`: rows of `queries` that are asked; those that do not take part find nothing
/// - `thresholds`: `(queries)`, divided by the query's scale
///
/// # Panics
/// When queries and documents differ in width, there is not a threshold for each query, or a row is not there.
#[inline]
pub fn scan(codes: &Codes, queries: &QueryCodes, which: &[u32], thresholds: &[f32], found: &mut Vec<Within>) {
    scan_at(level(), codes, queries, which, thresholds, found);
}

/// [`scan`] at a given level, so that one process can compare them all.
///
/// # Panics
/// As [`scan`], and when this machine does not have the level.
pub fn scan_at(
    level: Level,
    codes: &Codes,
    queries: &QueryCodes,
    which: &[u32],
    thresholds: &[f32],
    found: &mut Vec<Within>,
) {
    assert!(
        codes.dim() == queries.dim(),
        "queries of {} numbers, documents of {}",
        queries.dim(),
        codes.dim()
    );
    assert!(thresholds.len() == queries.len(), "{} thresholds, {} queries", thresholds.len(), queries.len());
    let detected = Level::detected();
    assert!(level <= detected, "kernels for {level} were asked for, this machine has at most {detected}");
    let asked = Asked { codes, queries, thresholds };
    #[cfg(target_arch = "x86_64")]
    match level {
        #[cfg(target_os = "linux")]
        Level::Amx if which.len() > MAX_QUERIES && is_x86_feature_detected!("avx512vnni") => {
            for some in which.chunks(tiles::QUERIES) {
                // SAFETY: as below; the level says that there are tiles.
                unsafe { tiles::scan(asked, some, found) };
            }
            return;
        }
        Level::Amx | Level::Avx512 if is_x86_feature_detected!("avx512vnni") => {
            // SAFETY: the lines above made sure that this machine has the instructions.
            return unsafe { vnni(asked, which, found) };
        }
        // SAFETY: as above.
        Level::Amx | Level::Avx512 => return unsafe { avx512(asked, which, found) },
        // SAFETY: as above.
        Level::Avx2 => return unsafe { avx2(asked, which, found) },
        Level::Baseline => {}
    }
    scan_with::<Plain>(asked, which, found);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma")]
fn vnni(asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>) {
    scan_with::<x86::Vnni>(asked, which, found);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
pub(super) fn avx512(asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>) {
    scan_with::<x86::Avx512>(asked, which, found);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>) {
    scan_with::<x86::Avx2>(asked, which, found);
}

/// What is scanned for what.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) codes: &'a Codes,
    pub(super) queries: &'a QueryCodes,
    pub(super) thresholds: &'a [f32],
}

#[inline(always)]
fn scan_with<R: Tiles>(asked: Asked<'_>, mut which: &[u32], found: &mut Vec<Within>) {
    let mut tile = Tile { factors: Vec::new(), bounds: Bounds::of(asked, &[]) };
    while !which.is_empty() {
        let n = which.len().min(R::QUERIES);
        let (some, rest) = which.split_at(n);
        which = rest;
        R::tile(&mut tile, asked, some, found);
    }
}

/// Tiles of as many sums as a machine has registers for; a number of queries and panels that is constant lets them live there.
trait Tiles: Registers {
    /// The most queries of a tile.
    const QUERIES: usize;

    fn tile(tile: &mut Tile, asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>);
}

macro_rules! tiles {
    ($($registers:ty: $most:literal, 1 by $panels:literal, $others:literal by $other_panels:literal $(, $rest:literal by $rest_panels:literal)?;)*) => {
        $(impl Tiles for $registers {
            const QUERIES: usize = $most;

            #[inline(always)]
            fn tile(tile: &mut Tile, asked: Asked<'_>, which: &[u32], found: &mut Vec<Within>) {
                match which.len() {
                    1 => tile.scan::<Self, 1, $panels>(asked, which, found),
                    $(5.. => tile.scan::<Self, $rest, $rest_panels>(asked, which, found),)?
                    _ => tile.scan::<Self, $others, $other_panels>(asked, which, found),
                }
            }
        })*
    };
}

tiles! {
    Plain: 4, 1 by 1, 4 by 1;
}

#[cfg(target_arch = "x86_64")]
tiles! {
    x86::Avx2: 4, 1 by 1, 4 by 1;
    x86::Avx512: 8, 1 by 8, 4 by 4, 8 by 2;
    x86::Vnni: 8, 1 by 8, 4 by 4, 8 by 2;
}

/// What belongs to the codes of `Q` queries; where there are fewer, those that follow find nothing.
pub(super) struct Bounds<const Q: usize> {
    /// What sums begin at.
    pub(super) starts: [i32; Q],
    pub(super) weights: [f32; Q],
    pub(super) thresholds: [f32; Q],
    /// The greatest of all queries.
    pub(super) ratio: f32,
}

impl<const Q: usize> Bounds<Q> {
    #[inline(always)]
    pub(super) fn of(asked: Asked<'_>, which: &[u32]) -> Self {
        // Below every threshold, even with a document whose error is infinite.
        let mut bounds =
            Bounds { starts: [0; Q], weights: [-1.0; Q], thresholds: [f32::INFINITY; Q], ratio: 0.0 };
        for (at, query) in which.iter().enumerate() {
            let side = asked.queries.sides[*query as usize];
            if side.scale > 0.0 {
                (bounds.starts[at], bounds.weights[at]) = (side.start, side.weight);
                bounds.thresholds[at] = asked.thresholds[*query as usize];
                bounds.ratio = bounds.ratio.max(side.ratio);
            }
        }
        bounds
    }
}

/// Some queries side by side.
struct Tile {
    /// Four codes of each query, `(steps, queries)`.
    factors: Vec<u32>,
    bounds: Bounds<MAX_QUERIES>,
}

impl Tile {
    /// Takes up to `Q` queries; where there are fewer, zeros follow that find nothing.
    #[inline(always)]
    fn fill<const Q: usize>(&mut self, asked: Asked<'_>, which: &[u32]) {
        let steps = asked.codes.dim().div_ceil(STEP);
        self.factors.clear();
        self.factors.resize(steps * Q, 0);
        for (at, query) in which.iter().enumerate() {
            let columns = self.factors.chunks_exact_mut(Q).zip(asked.queries.factors(*query as usize));
            columns.for_each(|(column, factor)| column[at] = *factor);
        }
        self.bounds = Bounds::of(asked, which);
    }

    #[inline(always)]
    fn scan<R: Registers, const Q: usize, const P: usize>(
        &mut self,
        asked: Asked<'_>,
        which: &[u32],
        found: &mut Vec<Within>,
    ) {
        self.fill::<Q>(asked, which);
        let steps = asked.codes.dim().div_ceil(STEP);
        let (rows, sides) = (asked.codes.rows(), asked.codes.sides());
        let whole = sides.len() / P * P;
        for first in (0..whole).step_by(P) {
            let sums = self.sums::<R, Q, P>(&rows[first * steps..(first + P) * steps], steps);
            self.hand_on::<R, Q, P>(asked, which, sums, first, &sides[first..first + P], found);
        }
        for first in whole..sides.len() {
            let sums = self.sums::<R, Q, 1>(&rows[first * steps..(first + 1) * steps], steps);
            self.hand_on::<R, Q, 1>(asked, which, sums, first, &sides[first..=first], found);
        }
    }

    /// Sums of products of codes, for each query and panel.
    #[expect(
        clippy::needless_range_loop,
        reason = "counted loops are unrolled, and the sums stay in registers"
    )]
    #[inline(always)]
    fn sums<R: Registers, const Q: usize, const P: usize>(
        &self,
        rows: &[Row],
        steps: usize,
    ) -> [[R::Ints; P]; Q] {
        let mut sums = [[R::ints(0); P]; Q];
        for query in 0..Q {
            sums[query] = [R::ints(self.bounds.starts[query]); P];
        }
        assert!(rows.len() == P * steps && self.factors.len() == Q * steps);
        for step in 0..steps {
            for panel in 0..P {
                // SAFETY: the assertion made sure of it for every panel and step.
                let row = unsafe { rows.get_unchecked(panel * steps + step) };
                if Q <= 2 {
                    // One query is done with a row sooner than the next ones come from memory by themselves.
                    R::prefetch(std::ptr::from_ref(row).wrapping_add(P * steps));
                }
                for query in 0..Q {
                    // SAFETY: as above, for every query.
                    let factor = unsafe { *self.factors.get_unchecked(step * Q + query) };
                    sums[query][panel] = R::dot(sums[query][panel], row, factor);
                }
            }
        }
        sums
    }

    /// Compares scores with thresholds.
    #[inline(always)]
    fn hand_on<R: Registers, const Q: usize, const P: usize>(
        &self,
        asked: Asked<'_>,
        which: &[u32],
        sums: [[R::Ints; P]; Q],
        first: usize,
        sides: &[Sides],
        found: &mut Vec<Within>,
    ) {
        // Written out: in a loop over panels the sums would leave their registers.
        macro_rules! each_panel {
            ($($panel:literal)*) => {
                $(if $panel < P {
                    let Sides { scales, lengths, errors } = &sides[$panel];
                    let scales = R::load(scales);
                    let off = R::mul_add(R::splat(self.bounds.ratio), R::load(lengths), R::load(errors));
                    let (mut most, mut masks, mut any) = ([off; Q], [0u16; Q], 0);
                    for query in 0..Q {
                        let off = R::mul(R::splat(self.bounds.weights[query]), off);
                        most[query] = R::mul_add(R::floats(sums[query][$panel]), scales, off);
                        masks[query] = R::not_below(most[query], R::splat(self.bounds.thresholds[query]));
                        any |= masks[query];
                    }
                    if any != 0 {
                        let place = (first + $panel) * LANES;
                        let off = R::store(off);
                        for query in 0..Q {
                            if masks[query] != 0 {
                                let most = R::store(most[query]);
                                let lanes = Lanes { query: which[query], place, weight: self.bounds.weights[query] };
                                push(lanes, asked.codes.len(), masks[query], &most, &off, found);
                            }
                        }
                    }
                })*
            };
        }
        each_panel!(0 1 2 3 4 5 6 7);
    }
}

/// Which scores stand in sixteen lanes.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    pub(super) query: u32,
    /// Of the first document.
    pub(super) place: usize,
    pub(super) weight: f32,
}

/// Adds the documents of a mask that are there.
#[inline(never)]
pub(super) fn push(
    lanes: Lanes,
    len: usize,
    mask: u16,
    most: &[f32; LANES],
    off: &[f32; LANES],
    found: &mut Vec<Within>,
) {
    let Lanes { query, place, weight } = lanes;
    let there = len - place;
    let mut left = if there < LANES { mask & ((1 << there) - 1) } else { mask };
    while left != 0 {
        let lane = left.trailing_zeros() as usize;
        left &= left - 1;
        let (most, off) = (most[lane], weight * off[lane]);
        found.push(Within { query, place: (place + lane) as u32, least: most - 2.0 * off, most });
    }
}
