//! How likely each distance is, where pairs are drawn with replacement.
//!
//! Rebalancing, a curriculum and weights of distances differ in this alone: first a distance is drawn, then one of its
//! pairs, each as likely as the others.

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::recipe::Sampling;

/// The probability of each distance, the nearest first.
///
/// `n_pairs`: how many pairs there are at each distance. `done`: the share of the stage's steps that were taken before.
pub(super) fn probabilities(sampling: Sampling, n_pairs: &[usize], done: f64) -> Vec<f64> {
    let farthest = n_pairs.len().saturating_sub(1) as u32;
    // Where nothing is as near as a curriculum begins, it begins with the nearest that there is.
    let nearest = n_pairs.iter().position(|n| *n > 0).unwrap_or(0) as u32;
    let from_on = |from: u32| n_pairs.iter().skip(from as usize).sum::<usize>() as f64;
    let weight = |(distance, n): (u32, &usize)| {
        let n = *n as f64;
        match sampling {
            Sampling::Regular { .. } | Sampling::Topics { .. } => n,
            Sampling::LongOnly { from, .. } if distance < from => 0.0,
            Sampling::LongOnly { .. } => n,
            Sampling::Rebalanced { p, from } if distance < from => p * n / from_on(0),
            Sampling::Rebalanced { p, from } => p * n / from_on(0) + (1.0 - p) * n / from_on(from),
            Sampling::Curriculum { near, until }
                if distance > limit(near, farthest, done / until).max(nearest) =>
            {
                0.0
            }
            Sampling::Curriculum { .. } => n,
            Sampling::DistanceWeighted { power } => n * (1.0 + f64::from(distance)).powf(power),
            Sampling::EvenDistances {} if n == 0.0 => 0.0,
            Sampling::EvenDistances {} => 1.0,
        }
    };
    let weights: Vec<f64> = (0..).zip(n_pairs).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// The greatest distance of a curriculum when this share of its growth is done: `near` at 0, `farthest` from 1 on.
fn limit(near: u32, farthest: u32, grown: f64) -> u32 {
    near + (f64::from(farthest.saturating_sub(near)) * grown.min(1.0)) as u32
}

/// A distance, as likely as its probability says.
pub(super) fn draw(probabilities: &[f64], rng: &mut Pcg64) -> usize {
    let mut left = rng.random::<f64>();
    for (distance, probability) in probabilities.iter().enumerate() {
        if left < *probability {
            return distance;
        }
        left -= probability;
    }
    // Rounding may leave a little beyond the last of them.
    probabilities.iter().rposition(|probability| *probability > 0.0).expect("some distance is likely")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    /// The probabilities in percent, of ten pairs at distance 0, none at 1, six at 2 and four at 3.
    fn check(sampling: Sampling, done: f64, expected: [u32; 4]) {
        let found = probabilities(sampling, &[10, 0, 6, 4], done);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
        let percent: Vec<u32> = found.iter().map(|p| (100.0 * p).round() as u32).collect();
        assert_eq!(percent, expected, "{sampling:?} at {done}");
    }

    #[test]
    fn rebalancing_mixes_regular_pairs_with_far_ones() {
        check(Sampling::Rebalanced { p: 1.0, from: 2 }, 0.0, [50, 0, 30, 20]);
        check(Sampling::Rebalanced { p: 0.5, from: 2 }, 0.0, [25, 0, 45, 30]);
        check(Sampling::Rebalanced { p: 0.0, from: 3 }, 0.0, [0, 0, 0, 100]);
    }

    #[test]
    fn a_curriculum_begins_with_the_nearest_pairs_that_there_are() {
        let found = probabilities(Sampling::Curriculum { near: 0, until: 0.5 }, &[0, 0, 3, 1], 0.0);
        assert_eq!(found, [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_curriculum_goes_from_near_to_far_at_an_even_pace() {
        let curriculum = Sampling::Curriculum { near: 0, until: 0.6 };
        for (done, expected) in [
            (0.0, [100, 0, 0, 0]),
            (0.3, [100, 0, 0, 0]),
            (0.41, [63, 0, 38, 0]),
            (0.59, [63, 0, 38, 0]),
            (0.6, [50, 0, 30, 20]),
            (1.0, [50, 0, 30, 20]),
        ] {
            check(curriculum, done, expected);
        }
        check(Sampling::Curriculum { near: 2, until: 1.0 }, 0.0, [63, 0, 38, 0]);
        check(Sampling::Curriculum { near: 9, until: 1.0 }, 0.0, [50, 0, 30, 20]);
    }

    #[test]
    fn weights_of_distances_multiply_how_many_pairs_there_are() {
        check(Sampling::DistanceWeighted { power: 0.0 }, 0.0, [50, 0, 30, 20]);
        check(Sampling::DistanceWeighted { power: 1.0 }, 0.0, [23, 0, 41, 36]);
        check(Sampling::DistanceWeighted { power: -1.0 }, 0.0, [77, 0, 15, 8]);
        check(Sampling::EvenDistances {}, 0.0, [33, 0, 33, 33]);
    }

    #[test]
    fn distances_are_drawn_as_often_as_they_are_likely() {
        let mut rng = stream(1, Purpose::Init);
        let mut counts = [0; 4];
        (0..10_000).for_each(|_| counts[draw(&[0.2, 0.0, 0.5, 0.3], &mut rng)] += 1);
        assert_eq!(counts[1], 0);
        for (count, expected) in counts.into_iter().zip([2000, 0, 5000, 3000]) {
            assert!(i32::abs(count - expected) <= 250, "{counts:?}");
        }
        assert_eq!(draw(&[1e-300, 0.0], &mut rng), 0);
    }
}
