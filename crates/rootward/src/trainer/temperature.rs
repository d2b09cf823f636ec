//! The temperature of a stage: fixed, changing by schedule, or learned as it goes.
//!
//! A scheduled temperature follows from the step. A learned one is part of where a run stands: each step moves its
//! logarithm down the slope of the loss, as the learned scale of CLIP moves [arXiv 2103.00020].

use crate::recipe::{Loss, TEMPERATURES};

/// What a stage begins to learn from; `None` where its temperature is not learned.
pub(super) fn learned_from(loss: Loss) -> Option<f64> {
    let Loss::Softmax { temperature, temperature_rate, .. } = loss;
    temperature_rate.map(|_| f64::from(temperature))
}

/// The temperature of a step of `steps`, which is `learned` where there is one.
///
/// From the start to the end it changes by the same factor every step, and reaches the end after the last.
pub(super) fn of_step(loss: Loss, learned: Option<f64>, step: usize, steps: usize) -> f32 {
    let Loss::Softmax { temperature, temperature_end, .. } = loss;
    match (learned, temperature_end) {
        (Some(learned), _) => learned as f32,
        (None, Some(end)) => {
            let (start, end) = (f64::from(temperature), f64::from(end));
            (start * (end / start).powf(step as f64 / steps as f64)) as f32
        }
        (None, None) => temperature,
    }
}

/// A learned temperature after a step; `slope` is that of the step's loss over the logarithm of the temperature.
pub(super) fn after_step(loss: Loss, learned: Option<f64>, slope: impl FnOnce() -> f64) -> Option<f64> {
    let Loss::Softmax { temperature_rate, .. } = loss;
    let moved = learned? * (-f64::from(temperature_rate?) * slope()).exp();
    Some(moved.clamp(f64::from(TEMPERATURES.0), f64::from(TEMPERATURES.1)))
}

/// Whether the temperature is another from step to step.
pub(super) fn changes(loss: Loss) -> bool {
    let Loss::Softmax { temperature_end, temperature_rate, .. } = loss;
    temperature_end.is_some() || temperature_rate.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that begins at a temperature of 0.5.
    fn softmax(temperature_end: Option<f32>, temperature_rate: Option<f32>) -> Loss {
        Loss::Softmax {
            temperature: 0.5,
            temperature_end,
            temperature_rate,
            distance_power: None,
            distance: None,
        }
    }

    #[test]
    fn a_temperature_without_further_keys_stays() {
        let fixed = softmax(None, None);
        assert_eq!((learned_from(fixed), changes(fixed)), (None, false));
        assert_eq!([0, 9].map(|step| of_step(fixed, None, step, 10)), [0.5, 0.5]);
        assert_eq!(after_step(fixed, None, || 1.0), None);
    }

    #[test]
    fn a_scheduled_temperature_changes_by_the_same_factor_every_step() {
        let falling = softmax(Some(0.125), None);
        assert_eq!((learned_from(falling), changes(falling)), (None, true));
        let course = [0, 1, 2, 3, 4].map(|step| of_step(falling, None, step, 4));
        for (found, expected) in course.into_iter().zip([0.5, 0.353_553_4, 0.25, 0.176_776_7, 0.125]) {
            assert!((found - expected).abs() < 1e-7, "{course:?}");
        }
    }

    #[test]
    fn a_learned_temperature_goes_down_the_slope_of_the_loss() {
        let learned = softmax(None, Some(0.1));
        assert_eq!((learned_from(learned), changes(learned)), (Some(0.5), true));
        assert_eq!(of_step(learned, Some(0.75), 3, 10), 0.75);
        for slope in [0.0, 2.0, -2.0] {
            let moved = after_step(learned, Some(0.5), || slope).unwrap();
            let expected = 0.5f64.ln() - 0.1 * slope;
            assert!((moved.ln() - expected).abs() < 1e-7, "{slope}: {moved}");
        }
    }

    #[test]
    fn a_learned_temperature_stays_within_its_bounds() {
        let learned = softmax(None, Some(1.0));
        for (slope, expected) in [(1e6, TEMPERATURES.0), (-1e6, TEMPERATURES.1)] {
            assert_eq!(after_step(learned, Some(0.5), || slope), Some(f64::from(expected)));
        }
    }
}
