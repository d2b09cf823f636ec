//! Documents in panels of sixteen, with what their codes leave out.

use super::{LONGEST, Row, STEP, scale_of, up};
use crate::instructions::kernel;
use crate::lanes::{LANES, Lanes, padded};

/// Scales below this would make products leave the range of `f32`.
const LEAST_SCALE: f32 = f32::from_bits((127 - 100) << 23);

/// 1.5 · 2^23: a sum of it and a small number has no fraction, and is rounded to the nearest, ties to even.
const ROUNDER: f32 = 12_582_912.0;

/// What is added to every error: 2^-60.
const LEAST_ERROR: f64 = 1.0 / (1u64 << 60) as f64;

/// Sixteen documents' scales and lengths, where they begin a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Sides {
    /// `s`.
    pub(super) scales: [f32; LANES],
    /// `|s c|`, rounded up.
    pub(super) lengths: [f32; LANES],
    /// `|e|`, rounded up.
    pub(super) errors: [f32; LANES],
}

impl Sides {
    const EMPTY: Sides = Sides { scales: [0.0; LANES], lengths: [0.0; LANES], errors: [0.0; LANES] };
}

/// Documents as numbers of 8 bits, by place from 0.
#[derive(Clone)]
pub struct Codes {
    dim: usize,
    len: usize,
    rows: Vec<Row>,
    sides: Vec<Sides>,
}

impl Codes {
    /// No documents, of `dim` numbers each, with room for some.
    pub fn with_capacity(dim: usize, n_docs: usize) -> Self {
        let panels = n_docs.div_ceil(LANES);
        let (rows, sides) = (Vec::with_capacity(panels * dim.div_ceil(STEP)), Vec::with_capacity(panels));
        Codes { dim, len: 0, rows, sides }
    }

    /// How many numbers a document has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the documents take.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.rows[..]) + size_of_val(&self.sides[..])
    }

    /// Puts documents behind the last.
    ///
    /// # Panics
    /// When one is of another width.
    pub fn extend<'a>(&mut self, vectors: impl IntoIterator<Item = &'a [f32]>) {
        let mut bytes = Vec::new();
        for vector in vectors {
            if self.len.is_multiple_of(LANES) {
                self.rows.resize(self.rows.len() + self.dim.div_ceil(STEP), Row([128; STEP * LANES]));
                self.sides.push(Sides::EMPTY);
            }
            self.len += 1;
            self.write(self.len - 1, vector, &mut bytes);
        }
    }

    fn write(&mut self, place: usize, vector: &[f32], bytes: &mut Vec<u8>) {
        assert!(
            vector.len() == self.dim,
            "a document of {} numbers is not one of {}",
            vector.len(),
            self.dim
        );
        let (panel, lane, steps) = (place / LANES, place % LANES, self.dim.div_ceil(STEP));
        bytes.resize(self.dim.next_multiple_of(LANES), 0);
        let sides = &mut self.sides[panel];
        [sides.scales[lane], sides.lengths[lane], sides.errors[lane]] = encode(vector, bytes);
        for (row, bytes) in self.rows[panel * steps..].iter_mut().zip(&bytes.as_chunks::<STEP>().0[..steps]) {
            row.0[lane * STEP..][..STEP].copy_from_slice(bytes);
        }
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn sides(&self) -> &[Sides] {
        &self.sides
    }
}

kernel! {
    /// Writes a document's codes plus 128, and returns its scale, the length of what the codes stand for and that of what
    /// they leave out, both rounded up.
    ///
    /// # Shapes
    /// - `bytes`: `(dim)`, up to a multiple of 16
    ///
    /// # Panics
    /// When `bytes` has another length.
    pub fn encode, encode_at<I>(vector: &[f32], bytes: &mut [u8]) -> [f32; 3] {
        assert!(bytes.len() == vector.len().next_multiple_of(LANES), "{} codes, {} bytes", vector.len(), bytes.len());
        let mut greatest = [0.0f32; LANES];
        let (whole, tail) = vector.as_chunks::<LANES>();
        for numbers in whole {
            for lane in 0..LANES {
                // A NaN is not seen here: it makes the lengths below one.
                greatest[lane] = if numbers[lane].abs() > greatest[lane] { numbers[lane].abs() } else { greatest[lane] };
            }
        }
        let greatest = greatest.iter().chain(tail).fold(0.0f32, |greatest, x| greatest.max(x.abs()));
        let (scale, inverse) = scale_of(greatest, LEAST_SCALE);
        let (mut lengths, mut errors) = ([0.0f64; LANES], [0.0f64; LANES]);
        let (to, _) = bytes.as_chunks_mut::<LANES>();
        for (numbers, bytes) in whole.iter().zip(to.iter_mut()) {
            encode_lanes(numbers, scale, inverse, bytes, &mut lengths, &mut errors);
        }
        if let Some(bytes) = to.get_mut(whole.len()) {
            encode_lanes(&padded(tail, 0.0), scale, inverse, bytes, &mut lengths, &mut errors);
        }
        let length = lengths.iter().sum::<f64>().sqrt() * (1.0 + 1e-9);
        let error = errors.iter().sum::<f64>().sqrt() * (1.0 + 1e-9) + LEAST_ERROR;
        if length + error <= LONGEST { [scale, up(length), up(error)] } else { [0.0, 0.0, f32::INFINITY] }
    }
}

/// Sixteen numbers' codes; their squares, and those of what they leave out, are added.
#[inline(always)]
fn encode_lanes(
    numbers: &Lanes,
    scale: f32,
    inverse: f32,
    bytes: &mut [u8; LANES],
    lengths: &mut [f64; LANES],
    errors: &mut [f64; LANES],
) {
    let mut rounded = [0.0f32; LANES];
    for lane in 0..LANES {
        rounded[lane] = numbers[lane] * inverse + ROUNDER;
        // The last bits of the sum are the whole number in two's complement.
        bytes[lane] = rounded[lane].to_bits() as u8 ^ 0x80;
    }
    for lane in 0..LANES {
        let stands_for = f64::from(scale) * f64::from(rounded[lane] - ROUNDER);
        let left_out = f64::from(numbers[lane]) - stands_for;
        lengths[lane] += stands_for * stands_for;
        errors[lane] += left_out * left_out;
    }
}
