//! Queries as numbers of 8 bits, with what a score may be off.

use super::{GREATEST, LONGEST, STEP, scale_of, up};

/// Scales below this would make products leave the range of `f32`: 2^-60.
const LEAST_SCALE: f32 = f32::from_bits((127 - 60) << 23);

/// Sixteen roundings of an `f32`.
const ROUNDINGS: f64 = 16.0 / (1u64 << 24) as f64;

/// Queries as numbers of 8 bits.
#[derive(Clone)]
pub struct QueryCodes {
    dim: usize,
    /// Four codes of a query in each, `(queries, steps)`.
    factors: Vec<u32>,
    pub(super) sides: Vec<QuerySide>,
}

/// What belongs to a query beside its codes.
#[derive(Clone, Copy, Default)]
pub(super) struct QuerySide {
    /// `t`; 0 where the query does not take part.
    pub(super) scale: f32,
    /// `-128 Σ a`.
    pub(super) start: i32,
    /// What `ratio |s c| + |e|` is multiplied by.
    pub(super) weight: f32,
    /// What `|s c|` counts beside `|e|`.
    pub(super) ratio: f32,
}

impl QueryCodes {
    /// The codes of some queries.
    ///
    /// # Shapes
    /// - `queries`: `(queries, dim)`, row-major
    ///
    /// # Panics
    /// When the length is not a multiple of `dim`.
    pub fn of(dim: usize, queries: &[f32]) -> Self {
        assert!(
            dim > 0 && queries.len().is_multiple_of(dim),
            "{} numbers are no rows of {dim}",
            queries.len()
        );
        let n_queries = queries.len() / dim;
        let mut factors = vec![0; n_queries * dim.div_ceil(STEP)];
        let rows = queries.chunks_exact(dim).zip(factors.chunks_exact_mut(dim.div_ceil(STEP)));
        let sides = rows.map(|(query, factors)| encode(query, factors)).collect();
        QueryCodes { dim, factors, sides }
    }

    /// How many numbers a query has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many queries there are.
    pub fn len(&self) -> usize {
        self.sides.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sides.is_empty()
    }

    /// What a query's scores were divided by; none where it does not take part, and only `f32` will do.
    pub fn scale(&self, query: usize) -> Option<f32> {
        let scale = self.sides[query].scale;
        (scale > 0.0).then_some(scale)
    }

    pub(super) fn factors(&self, query: usize) -> &[u32] {
        let steps = self.dim.div_ceil(STEP);
        &self.factors[query * steps..(query + 1) * steps]
    }
}

/// Writes a query's codes; all zeros where it does not take part.
fn encode(query: &[f32], factors: &mut [u32]) -> QuerySide {
    let greatest = query.iter().fold(0.0f32, |greatest, x| greatest.max(x.abs()));
    let square = |x: f64| x * x;
    let length = query.iter().map(|x| square(f64::from(*x))).sum::<f64>().sqrt() * (1.0 + 1e-9);
    let (scale, inverse) = scale_of(greatest, LEAST_SCALE);
    // Also where a NaN makes the length one.
    if !(scale > 0.0 && length <= LONGEST) {
        return QuerySide::default();
    }
    let (mut sum, mut squares, mut errors) = (0i32, 0.0f64, 0.0f64);
    for (numbers, factor) in query.chunks(STEP).zip(factors) {
        let mut bytes = [0; STEP];
        for (byte, x) in bytes.iter_mut().zip(numbers) {
            let code = (x * inverse).round_ties_even().clamp(-GREATEST, GREATEST);
            sum += code as i32;
            squares += square(f64::from(code));
            errors += square(f64::from(*x) - f64::from(scale) * f64::from(code));
            *byte = code as i8 as u8;
        }
        *factor = u32::from_le_bytes(bytes);
    }
    let (t, error) = (f64::from(scale), errors.sqrt() * (1.0 + 1e-9));
    let gamma = (query.len() + 16) as f64 / (1u64 << 23) as f64;
    let weight = (1.0 + gamma) * length / t * (1.0 + ROUNDINGS);
    let of_length =
        ((error + gamma * length) / t + ROUNDINGS * squares.sqrt() * (1.0 + 1e-9)) * (1.0 + ROUNDINGS);
    QuerySide { scale, start: -128 * sum, weight: up(weight), ratio: up(of_length / weight) }
}
