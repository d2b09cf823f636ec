//! How gradients move the parameters of a network, all of which lie in one vector.
//!
//! The rules are those of [`Optimiser`]; what is lazy there, a row of a table that no batch touched, has no meaning
//! here: every parameter moves in every step.

use rayon::prelude::*;
use rootward::optimiser::Optimiser;
use rootward_kernels::{AdamStep, adam_row, add_scaled, dot, scale_by};

use crate::layout::{Layout, Part, Place};
use crate::training::Frozen;

/// Numbers that a thread moves at a time.
const CHUNK: usize = 1 << 14;

/// A rule, and what it remembers of every parameter; parts that it does not need are empty.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    optimiser: Optimiser,
    /// Running mean of the gradients.
    pub(crate) first: Vec<f32>,
    /// Running mean of their squares, or their sum.
    pub(crate) second: Vec<f32>,
    /// Steps taken.
    pub(crate) steps: u32,
}

impl Moments {
    /// The state before the first step.
    pub(crate) fn start(optimiser: Optimiser, n_parameters: usize) -> Self {
        let (first, second) = match optimiser {
            Optimiser::Adam { .. } => (n_parameters, n_parameters),
            Optimiser::Adagrad { .. } => (0, n_parameters),
            Optimiser::Sgd {} | Optimiser::RiemannianSgd { .. } => (0, 0),
        };
        Moments { optimiser, first: vec![0.0; first], second: vec![0.0; second], steps: 0 }
    }

    /// Moves the parameters that are not frozen by their gradients.
    ///
    /// The result does not depend on the number of threads.
    pub(crate) fn step(
        &mut self,
        layout: &Layout,
        frozen: Frozen,
        parameters: &mut [f32],
        gradient: &[f32],
        rate: f32,
    ) {
        self.steps += 1;
        let places = layout.tensors().iter().filter(|place| moves(place, frozen));
        match self.optimiser {
            Optimiser::Adam { beta1, beta2, epsilon, decay, lazy: _ } => {
                let correction = |beta: f32| 1.0 - beta.powf(self.steps as f32);
                let (correction1, correction2) = (correction(beta1), correction(beta2));
                let step = AdamStep { rate, beta1, beta2, epsilon, correction1, correction2 };
                for place in places {
                    let keep = if place.decays { 1.0 - rate * decay } else { 1.0 };
                    let [parameters, first, second] = [&mut *parameters, &mut self.first, &mut self.second]
                        .map(|all| &mut all[place.range.clone()]);
                    let parts = parameters.par_chunks_mut(CHUNK).zip(first.par_chunks_mut(CHUNK));
                    let parts = parts.zip(second.par_chunks_mut(CHUNK));
                    parts.zip(gradient[place.range.clone()].par_chunks(CHUNK)).for_each(
                        |(((parameters, first), second), gradient)| {
                            if keep < 1.0 {
                                scale_by(parameters, keep);
                            }
                            adam_row(&step, parameters, first, second, gradient);
                        },
                    );
                }
            }
            Optimiser::Adagrad { epsilon } => {
                for i in places.flat_map(|place| place.range.clone()) {
                    self.second[i] += gradient[i] * gradient[i];
                    parameters[i] -= rate * gradient[i] / (self.second[i].sqrt() + epsilon);
                }
            }
            Optimiser::Sgd {} => descend(places, parameters, gradient, rate),
            // In flat space geodesics are lines, and what is left of the rule is the length that it allows a step.
            Optimiser::RiemannianSgd { clip } => {
                let length = norm(gradient) * f64::from(rate);
                let rate =
                    if length > f64::from(clip) { rate * (f64::from(clip) / length) as f32 } else { rate };
                descend(places, parameters, gradient, rate);
            }
        }
    }
}

/// The Euclidean norm of a gradient, summed in parts of a fixed size.
pub(crate) fn norm(gradient: &[f32]) -> f64 {
    let squares: Vec<f64> = gradient.par_chunks(CHUNK).map(|part| f64::from(dot(part, part))).collect();
    squares.into_iter().sum::<f64>().sqrt()
}

/// Scales a gradient that is longer than `greatest` down to that.
pub(crate) fn clip(gradient: &mut [f32], greatest: f32) {
    if greatest.is_finite() {
        // The small number keeps the factor that PyTorch has.
        let factor = f64::from(greatest) / (norm(gradient) + 1e-6);
        if factor < 1.0 {
            gradient.par_chunks_mut(CHUNK).for_each(|part| scale_by(part, factor as f32));
        }
    }
}

fn descend<'a>(places: impl Iterator<Item = &'a Place>, parameters: &mut [f32], gradient: &[f32], rate: f32) {
    for place in places {
        add_scaled(-rate, &gradient[place.range.clone()], &mut parameters[place.range.clone()]);
    }
}

fn moves(place: &Place, frozen: Frozen) -> bool {
    match place.part {
        Part::Embeddings => !frozen.embeddings,
        Part::Layer(layer) => layer >= frozen.layers,
        Part::Head(_) => true,
    }
}
