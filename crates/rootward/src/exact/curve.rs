//! Sets of points on a circle, told apart from the other points by the sign of an inner product.
//!
//! A trigonometric polynomial of degree `k` is an inner product of `2k + 1` coefficients with the point
//! `(1, cos t, sin t, ..., cos kt, sin kt)` of the moment curve, and it may have `2k` roots wherever one likes: one at
//! either end of each of `k` runs of neighbours. The circle is used instead of the line, on which a product of `2k`
//! factors leaves the range of exact numbers at once, because roots that are spread over it leave the coefficients
//! within a few powers of two of each other. No angle or root is at 0: a run never passes that point.

use std::f64::consts::TAU;
use std::ops::Range;

/// Items in their order along the circle, and where each of them is.
#[derive(Clone, Debug)]
pub(crate) struct Circle {
    /// The place of each item in the order.
    pub(crate) place: Vec<u32>,
    /// The angle of each place, ascending, between 0 and 2π.
    pub(crate) angles: Vec<f64>,
}

/// The coefficients of a polynomial, and how far the sign of a sum with them can be trusted.
#[derive(Clone, Debug)]
pub(crate) struct Polynomial {
    /// `2k + 1` of them, in the order of [`point`].
    pub(crate) coefficients: Vec<f64>,
    /// A computed value is at most this far from that of the polynomial with exactly these roots.
    pub(crate) rounding: f64,
}

impl Circle {
    /// Items at equal distances, in this order.
    pub(crate) fn even(order: &[u32]) -> Self {
        let step = TAU / order.len() as f64;
        Circle {
            place: inverse(order),
            angles: (0..order.len()).map(|at| step * (at as f64 + 0.5)).collect(),
        }
    }

    /// Items in arcs of one length, which empty arcs a quarter as long keep apart.
    pub(crate) fn arcs(arcs: &[Vec<u32>]) -> Self {
        let arc = TAU / arcs.len() as f64;
        let angles = arcs.iter().enumerate().flat_map(|(number, items)| {
            let within = move |at: usize| (at as f64 + 0.5) / items.len() as f64;
            (0..items.len()).map(move |at| arc * (number as f64 + 0.1 + 0.8 * within(at)))
        });
        Circle { place: inverse(&arcs.concat()), angles: angles.collect() }
    }

    /// The runs of neighbouring places that a set of items fills, in order; `places` is room to work in.
    pub(crate) fn runs(&self, items: &[u32], places: &mut Vec<u32>) -> Vec<Range<usize>> {
        places.clear();
        places.extend(items.iter().map(|item| self.place[*item as usize]));
        places.sort_unstable();
        places
            .chunk_by(|one, next| one + 1 == *next)
            .map(|run| run[0] as usize..run[0] as usize + run.len())
            .collect()
    }

    /// The polynomial of a degree that is positive at the places of some runs and negative at all others.
    ///
    /// # Panics
    /// When there are more runs than `degree`.
    pub(crate) fn polynomial(&self, runs: &[Range<usize>], degree: usize) -> Polynomial {
        assert!(runs.len() <= degree, "{} runs need at least that degree, not {degree}", runs.len());
        // A root is half-way between the last point of one kind and the first of the other.
        let border = |place: usize| {
            let before = if place == 0 { 0.0 } else { self.angles[place - 1] };
            f64::midpoint(before, self.angles.get(place).copied().unwrap_or(TAU))
        };
        let roots: Vec<f64> = runs.iter().flat_map(|run| [border(run.start), border(run.end)]).collect();
        with_roots(&roots, degree)
    }

    /// Whether arithmetic in `f64` gets the sign of this polynomial right at every place.
    ///
    /// Between two neighbouring roots the logarithm of the polynomial's size is concave, being a sum of the logarithms
    /// of sines. So of all the places there, it is least at the first or the last: these alone have to be looked at.
    pub(crate) fn is_certain(&self, polynomial: &Polynomial, runs: &[Range<usize>]) -> bool {
        let n_places = self.angles.len();
        let degree = polynomial.coefficients.len() / 2;
        let right = |place: usize| {
            let value = inner(&polynomial.coefficients, &point(self.angles[place], degree));
            let inside = runs.iter().any(|run| run.contains(&place));
            // Once for what was computed here, once for what will be computed at the places between.
            (if inside { value } else { -value }) > 2.0 * polynomial.rounding
        };
        runs.iter().all(|run| {
            let before = (run.start + n_places - 1) % n_places;
            [before, run.start, run.end - 1, run.end % n_places].into_iter().all(right)
        })
    }
}

/// The point of the moment curve at an angle: `(1, cos t, sin t, ..., cos kt, sin kt)`.
pub(crate) fn point(angle: f64, degree: usize) -> Vec<f64> {
    let turns = (1..=degree).flat_map(|j| [(j as f64 * angle).cos(), (j as f64 * angle).sin()]);
    std::iter::once(1.0).chain(turns).collect()
}

/// The inner product, added up in rising order.
pub(crate) fn inner(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// `-∏ sin((t - r) / 2)` over an even number of ascending roots `r`, divided by a power of two.
///
/// Two factors make `(cos((a - b) / 2) - cos(t - (a + b) / 2)) / 2`. Roots half the way around are paired, which
/// keeps that cosine small and so loses least to rounding.
fn with_roots(roots: &[f64], degree: usize) -> Polynomial {
    // Numbers of e^(ijt) for j = 0, 1, ...: real and imaginary parts. Those of negative j are their conjugates.
    let mut terms = vec![(0.0, 0.0); degree + 2];
    terms[0] = (-1.0, 0.0);
    let mut size = 1.0;
    let (low, high) = roots.split_at(roots.len() / 2);
    for (a, b) in low.iter().zip(high) {
        let constant = ((a - b) / 2.0).cos() / 2.0;
        let (sin, cos) = f64::midpoint(*a, *b).sin_cos();
        let turn = (-cos / 4.0, sin / 4.0);
        size *= constant.abs() + 0.5;
        let mut below = (terms[1].0, -terms[1].1);
        for j in 0..=degree {
            let (here, above) = (terms[j], terms[j + 1]);
            terms[j] = (
                constant * here.0 + turn.0 * (below.0 + above.0) - turn.1 * (below.1 - above.1),
                constant * here.1 + turn.0 * (below.1 + above.1) + turn.1 * (below.0 - above.0),
            );
            below = here;
        }
    }
    let turns = terms[1..=degree].iter().flat_map(|(re, im)| [2.0 * re, -2.0 * im]);
    let mut coefficients: Vec<f64> = std::iter::once(terms[0].0).chain(turns).collect();
    let total: f64 = coefficients.iter().map(|c| c.abs()).sum();
    // Each of the steps above rounds at most ten times, relative to what all factors so far may add up to; a root is off
    // by a rounding of 2π, and so is an angle, `degree` times; a sum rounds once for each product and each addition.
    let making = (10.0 + TAU) * size * roots.len() as f64;
    let using = (degree as f64 * (TAU + 4.0) + 4.0) * total;
    let scale = power_of_two_below(total);
    coefficients.iter_mut().for_each(|c| *c /= scale);
    Polynomial { coefficients, rounding: (making + using) * f64::EPSILON / scale }
}

/// The greatest power of two that is not above a number; 1 where there is none.
fn power_of_two_below(number: f64) -> f64 {
    if number.is_normal() { number.log2().floor().exp2() } else { 1.0 }
}

/// Where each item stands in an order of all of them.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut place = vec![0; order.len()];
    for (at, item) in (0..).zip(order) {
        place[*item as usize] = at;
    }
    place
}
