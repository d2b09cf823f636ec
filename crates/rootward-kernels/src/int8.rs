//! Vectors as numbers of 8 bits, and which documents may score at least so much for a query.
//!
//! A document `d` is a scale times whole numbers, and an error: `d = s c + e`, `|c_i| <= 127`; a query is `q = t a + f`. Then
//!
//! `q·d - t s (a·c) = f·(s c) + q·e`, so `|q·d - t s (a·c)| <= |f| |s c| + |q| |e|`  (Cauchy-Schwarz).
//!
//! [`dot`](crate::dot) of the `f32` vectors differs from `q·d` by no more than `γ |q| |d|`, `|d| <= |s c| + |e|`, with `γ =
//! (dim + 16) 2^-23` for its roundings: each of its at most `dim + 5` terms and sums is rounded at most twice, by 2^-24.
//! What is worked out here in `f32`, a dozen roundings for each score, is covered by `16 · 2^-24 |a| |s c|` more, and by
//! factors of `1 + 16 · 2^-24`. In all, with everything divided by the query's scale `t`,
//!
//! `dot(q, d) / t  lies within  s (a·c)  ±  weight (ratio |s c| + |e|)`,
//!
//! where `weight = (1 + γ) |q| / t` and `ratio` is that of the factor of `|s c|`, `(|f| + γ |q|) / t + 16 · 2^-24 |a|`, to
//! `weight`. Lengths are summed up in `f64`, whose own roundings and range do not matter, and rounded up. Nothing that is a
//! multiple of `s` or `|e|` can leave the range of `f32`: a document takes part whose length is at most 2^60, is all error where
//! its scale would be less than 2^-100, and has 2^-60 added to `|e|`; a query takes part whose length is at most 2^60 and
//! whose scale is at least 2^-60. The least numbers of `f32`, which roundings near zero may cost `dot`, add up to less than
//! `dim 2^-148 / t <= dim 2^-88`, which these 2^-60 cover. A longer document has an infinite error and is always handed on; a
//! query that does not take part has to be compared by `dot` alone.
//!
//! Sums of codes are whole numbers, the same at every level. Documents lie in panels of 16; four neighbouring numbers of
//! each are 4 bytes, which is what `VPDPBUSD` multiplies and adds at once. It wants one side unsigned, so codes of documents
//! are stored plus 128, and sums begin at `-128 Σ a`.

mod documents;
mod queries;
mod registers;
mod scan;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;

pub use documents::{Codes, encode, encode_at};
pub use queries::QueryCodes;
pub use scan::{Within, scan, scan_at};

use crate::lanes::LANES;

/// Numbers that one step of a loop takes of each vector.
const STEP: usize = 4;

/// Longest vectors that take part: no product of two leaves the range of `f32`.
const LONGEST: f64 = (1u64 << 60) as f64;

/// The greatest code.
const GREATEST: f32 = 127.0;

/// Four numbers each of sixteen documents, plus 128, where they begin a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Row([u8; STEP * LANES]);

/// The least `f32` that is no less than `x`.
fn up(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) < x { near.next_up() } else { near }
}

/// The scale of a vector and 1 over it; zeros where the vector is better taken as all error.
///
/// `greatest`: of the absolute values; NaN counts as too great.
fn scale_of(greatest: f32, least: f32) -> (f32, f32) {
    let scale = greatest / GREATEST;
    if scale >= least && f64::from(greatest) <= LONGEST { (scale, GREATEST / greatest) } else { (0.0, 0.0) }
}

#[cfg(test)]
mod tests;
