//! Passes of several groups through the network that leave what the gradient needs, and the gradient itself.
//!
//! Groups walk through all layers on their own. On the way back they walk layer by layer: each leaves the operands of
//! the products that are the gradients of weights, and these are made in parallel over the rows of the weights, adding
//! the groups up in their order. So the sums are the same with any number of threads.

use rayon::prelude::*;
use rootward_kernels::{Store, add_scaled, product_columns};

use crate::embedding;
use crate::group::Group;
use crate::layer::{LayerGradient, Normed, Pass, Saved, Scratch};
use crate::layout::{Dense, Layout};
use crate::network::Network;
use crate::noise::Noise;
use crate::training::{Activations, Frozen};

/// Rows of a weight that a thread takes at a time: six of the panels that products read.
const ROWS: usize = 96;
/// Rows of a panel.
const PANEL: usize = 16;
/// Columns of a weight whose operands stay in the near caches while all rows pass.
const COLUMNS: usize = 192;

/// A group that has gone through the network, with what its way back needs.
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
}

impl Trace {
    /// Takes a group through the network.
    pub(crate) fn new(
        network: Network<'_>,
        group: Group,
        noise: Option<Noise>,
        activations: Activations,
    ) -> Self {
        let pass = Pass { network, group: &group, noise: noise.as_ref() };
        let (mut first, mut scratch) = (Normed::default(), Scratch::default());
        let mut hidden = vec![embedding::forward(pass, &mut first, &mut Vec::new())];
        let (mut saved, mut last) = (Vec::new(), Saved::default());
        for layer in 0..network.config.layers {
            let mut x = hidden[layer].clone();
            pass.forward(layer, &mut x, &mut last, &mut scratch);
            hidden.push(x);
            if activations == Activations::Kept {
                saved.push(std::mem::take(&mut last));
            }
        }
        Trace {
            group,
            noise,
            hidden,
            saved,
            first,
            grad: Vec::new(),
            layer: LayerGradient::default(),
            first_norm: [Vec::new(), Vec::new()],
            scratch,
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
        let mut again = Saved::default();
        let saved = match self.saved.get(layer) {
            Some(saved) => saved,
            None => {
                pass.forward(layer, &mut self.hidden[layer].clone(), &mut again, &mut self.scratch);
                &again
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
        weights.for_each(|(part, rows)| add_weights(dense, at, traces, part, rows));
    }
}

/// Adds the gradients of some rows of a weight, `gradᵀ · x` of every group.
fn add_weights(dense: &Dense, at: usize, traces: &[Trace], part: usize, rows: &mut [f32]) {
    let width = dense.inputs;
    for LayerGradient { left, right, .. } in traces.iter().map(|trace| &trace.layer) {
        for begin in (0..width).step_by(COLUMNS) {
            let columns = begin..width.min(begin + COLUMNS);
            for (panel, rows) in rows.chunks_mut(PANEL * width).enumerate() {
                let left = left[at].columns_as_rows(part * (ROWS / PANEL) + panel);
                let (n, to) = (rows.len() / width, &mut rows[begin..]);
                product_columns(Store::Add, n, left, &right[at], columns.clone(), to, width);
            }
        }
    }
}
