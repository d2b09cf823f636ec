//! Dropout whose mask is a function of a key: the backward pass draws the mask of the forward pass again.
//!
//! Nothing is stored. Whether a number is dropped depends on the key and on its place alone, and comes from a hash that
//! works on sixteen places at once.

use crate::instructions::kernel;

kernel! {
    /// Sets about `rate` of the numbers to 0 and divides the others by `1 - rate`, so that the expectation stays.
    ///
    /// The mask depends on `key` and the place of a number alone, the same at every level. Gradients take the same way
    /// as values: dropping them with the same key differentiates it.
    ///
    /// # Panics
    /// When `rate` is not in `[0, 1)`.
    pub fn dropout, dropout_at<I>(values: &mut [f32], key: u64, rate: f32) {
        assert!((0.0..1.0).contains(&rate), "a dropout rate must be in [0, 1), not {rate}");
        let least = (f64::from(rate) * 4_294_967_296.0) as u32;
        let factor = 1.0 / (1.0 - rate);
        let (first, second) = (key as u32, (key >> 32) as u32);
        for (place, value) in values.iter_mut().enumerate() {
            let draw = scatter(scatter((place as u32).wrapping_add(first)) ^ second);
            *value = if draw < least { 0.0 } else { *value * factor };
        }
    }
}

/// Spreads a small difference over all 32 bits [Wellons, hash-prospector: lowbias32].
#[inline(always)]
fn scatter(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    const N: usize = 100_003;

    fn mask(level: Level, key: u64, rate: f32) -> Vec<f32> {
        let mut values = vec![1.0; N];
        dropout_at(level, &mut values, key, rate);
        values
    }

    #[test]
    fn the_share_that_is_dropped_is_the_rate_and_the_mean_stays() {
        for (key, rate) in [(1, 0.1), (0x1234_5678_9abc_def0, 0.5), (u64::MAX, 0.9)] {
            let values = mask(Level::Baseline, key, rate);
            let dropped = values.iter().filter(|value| **value == 0.0).count() as f32 / N as f32;
            let mean = values.iter().sum::<f32>() / N as f32;
            assert!((dropped - rate).abs() < 0.005 && (mean - 1.0).abs() < 0.05, "{dropped} {mean}");
            assert!(values.iter().all(|value| *value == 0.0 || *value == 1.0 / (1.0 - rate)));
        }
    }

    #[test]
    fn a_mask_is_the_same_at_every_level_and_another_for_another_key() {
        let first = mask(Level::Baseline, 7, 0.5);
        for level in Level::available() {
            assert_eq!(mask(level, 7, 0.5), first);
        }
        for other in [8, 7 + (1 << 32)] {
            let other = mask(Level::Baseline, other, 0.5);
            let equal = first.iter().zip(&other).filter(|(a, b)| a == b).count() as f32 / N as f32;
            assert!((equal - 0.5).abs() < 0.01, "{equal}");
        }
    }

    #[test]
    fn neighbours_are_dropped_independently() {
        let values = mask(Level::Baseline, 99, 0.3);
        for distance in [1, 2, 16, 384] {
            let both =
                values.iter().zip(&values[distance..]).filter(|(a, b)| **a == 0.0 && **b == 0.0).count();
            let share = both as f32 / (N - distance) as f32;
            assert!((share - 0.09).abs() < 0.005, "{share} at distance {distance}");
        }
    }

    #[test]
    fn nothing_is_dropped_at_rate_zero() {
        assert!(mask(crate::level(), 5, 0.0).iter().all(|value| *value == 1.0));
    }
}
