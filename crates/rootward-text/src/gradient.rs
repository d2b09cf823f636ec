//! Passes of several groups through the network that leave what the gradient needs, and the gradient itself.
//!
//! Groups walk through all layers on their own. On the way back they walk layer by layer: each leaves the operands of
//! the products that are the gradients of weights, and these are made in parallel over the rows of the weights, adding
//! the groups up in their order. So the sums are the same with any number of threads.

use rayon::prelude::*;
use rootward_kernels::add_scaled;

use crate::embedding;
use crate::group::Group;
use crate::layer::{LayerGradient, Normed, Pass, Saved, Scratch};
use crate::layout::Layout;
use crate::network::{Network, Precision};
use crate::noise::Noise;
use crate::training::{Activations, Frozen};

/// Rows of a weight that a thread takes at a time: six of the panels that products read.
const ROWS: usize = 96;

/// A group that has gone through the network, with what its way back needs.
///
/// Other groups go through it later, in the same memory.
pub(crate) struct Trace {
    group: Group,
    noise: Option<Noise>,
    /// What each layer was given, and last what the last one gave.
    hidden: Vec<Vec<f32>>,
    /// What each layer saved; none where it is computed again.
    saved: Vec<Saved>,
    first: Normed,
    /// Of the activations where the way back has come to.
    grad: Vec<f32>,
    layer: LayerGradient,
    first_norm: [Vec<f32>; 2],
    scratch: Scratch,
    /// What a layer saves that is computed again.
    again: Saved,
}

impl Trace {
    /// A trace of nothing, for networks of this precision.
    pub(crate) fn new(precision: Precision) -> Self {
        Trace {
            group: Group::new(&[]),
            noise: None,
            hidden: Vec::new(),
            saved: Vec::new(),
            first: Normed::default(),
            grad: Vec::new(),
            layer: LayerGradient::new(precision),
            first_norm: [Vec::new(), Vec::new()],
            scratch: Scratch::default(),
            again: Saved::default(),
        }
    }

    /// Takes a group through the network.
    pub(crate) fn forward(
        &mut self,
        network: Network<'_>,
        group: Group,
        noise: Option<Noise>,
        activations: Activations,
    ) {
        (self.group, self.noise) = (group, noise);
        let pass = Pass { network, group: &self.group, noise: self.noise.as_ref() };
        let layers = network.config.layers;
        self.hidden.resize_with(layers + 1, Vec::new);
        let kept = if activations == Activations::Kept { layers } else { 0 };
        self.saved.resize_with(kept, Saved::default);
        self.hidden[0] = embedding::forward(pass, &mut self.first, &mut self.scratch.added);
        for layer in 0..layers {
            let (given, gives) = self.hidden.split_at_mut(layer + 1);
            gives[0].clone_from(&given[layer]);
            let saved = self.saved.get_mut(layer).unwrap_or(&mut self.again);
            pass.forward(layer, &mut gives[0], saved, &mut self.scratch);
        }
    }

    /// The group that went.
    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// What came out of the last layer: shape `(tokens, hidden)`.
    pub(crate) fn last(&self) -> &[f32] {
        self.hidden.last().expect("the embeddings are there at least")
    }

    /// Puts in the gradient of [`Trace::last`].
    pub(crate) fn start_back(&mut self, grad: Vec<f32>) {
        self.grad = grad;
    }

    fn back(&mut self, network: Network<'_>, layer: usize) {
        let pass = Pass { network, group: &self.group, noise: self.noise.as_ref() };
        let saved = match self.saved.get(layer) {
            Some(saved) => saved,
            None => {
                pass.forward(layer, &mut self.hidden[layer].clone(), &mut self.again, &mut self.scratch);
                &self.again
            }
        };
        let x = &self.hidden[layer];
        pass.back(layer, x, saved, &mut self.grad, &mut self.layer, &mut self.scratch);
    }

    fn back_to_embeddings(&mut self, network: Network<'_>) {
        let pass = Pass { network, group: &self.group, noise: self.noise.as_ref() };
        self.first_norm = embedding::back(pass, &self.first, &mut self.grad);
    }
}

/// Adds the gradients of all parameters that are not frozen to `gradient`, which has the layout of the parameters.
pub(crate) fn collect(network: Network<'_>, traces: &mut [Trace], frozen: Frozen, gradient: &mut [f32]) {
    let layout = network.layout;
    let lowest = if frozen.embeddings { frozen.layers } else { 0 };
    for layer in (lowest..network.config.layers).rev() {
        traces.par_iter_mut().for_each(|trace| trace.back(network, layer));
        if layer >= frozen.layers {
            add_layer(layout, layer, traces, gradient);
        }
    }
    if frozen.embeddings {
        return;
    }
    traces.par_iter_mut().for_each(|trace| trace.back_to_embeddings(network));
    for trace in traces.iter() {
        let pass = Pass { network, group: &trace.group, noise: None };
        embedding::scatter(pass, &trace.grad, gradient);
        let norm = &layout.first_norm;
        for (place, sums) in [&norm.scale, &norm.shift].into_iter().zip(&trace.first_norm) {
            add_scaled(1.0, sums, &mut gradient[place.clone()]);
        }
    }
}

/// Adds the gradients of a layer's parameters.
fn add_layer(layout: &Layout, layer: usize, traces: &[Trace], gradient: &mut [f32]) {
    let places = &layout.layers[layer];
    for trace in traces {
        for (dense, sums) in places.dense.iter().zip(&trace.layer.biases) {
            add_scaled(1.0, sums, &mut gradient[dense.bias.clone()]);
        }
        for (norm, sums) in places.norms.iter().zip(&trace.layer.norms) {
            for (place, sums) in [&norm.scale, &norm.shift].into_iter().zip(sums) {
                add_scaled(1.0, sums, &mut gradient[place.clone()]);
            }
        }
    }
    for (at, dense) in places.dense.iter().enumerate() {
        let weights = gradient[dense.weight.clone()].par_chunks_mut(ROWS * dense.inputs).enumerate();
        weights.for_each(|(part, rows)| {
            let begin = part * ROWS;
            for trace in traces {
                let these = begin..begin + rows.len() / dense.inputs;
                trace.layer.factors[at].add_rows(these, rows, dense.inputs);
            }
        });
    }
}
