//! One block of attention and dense layers over one group, forward and backward.
//!
//! `x₁ = norm(x + attention(x))`, `x₂ = norm(x₁ + down(gelu(up(x₁))))`: BERT's blocks normalise after adding. Training
//! drops from what is added before it is added.

use rootward_kernels::{
    HalfRows, Store, add_norm, add_scaled, bias_gelu, gelu_back, norm_back, scale_and_shift,
};

use crate::attention::{self, Heads};
use crate::factors::Factors;
use crate::group::Group;
use crate::layout::{ATTENTION_IN, ATTENTION_OUT, DOWN, UP};
use crate::network::{Network, Precision};
use crate::noise::{Noise, Site};

/// One group on its way through the network.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) network: Network<'a>,
    pub(crate) group: &'a Group,
    /// What training drops; `None` where nothing is.
    pub(crate) noise: Option<&'a Noise>,
}

/// What the backward pass through a layer needs of the forward one.
#[derive(Default)]
pub(crate) struct Saved {
    /// Queries, keys and values: `(tokens, 3 * hidden)`.
    qkv: Vec<f32>,
    /// The mixed values: `(tokens, hidden)`.
    context: Vec<f32>,
    /// Between the dense layers, before the unit: `(tokens, inner)`.
    inner: Vec<f32>,
    /// Of the norm after attention, and of the one after the dense layers.
    norms: [Normed; 2],
}

/// What the gradient of a norm needs.
#[derive(Default)]
pub(crate) struct Normed {
    /// Rows of mean 0 and variance 1: `(tokens, hidden)`.
    pub(crate) unit: Vec<f32>,
    /// What each was multiplied by: `(tokens)`.
    pub(crate) inverse: Vec<f32>,
}

/// Memory that is used again from layer to layer and from group to group.
#[derive(Default)]
pub(crate) struct Scratch {
    attention: attention::Scratch,
    halves: HalfRows,
    /// `(tokens, hidden)`.
    pub(crate) added: Vec<f32>,
    /// `(tokens, inner)`.
    active: Vec<f32>,
    /// `(tokens, inner)` or `(tokens, hidden)`.
    grad: Vec<f32>,
    /// `(tokens, 3 * hidden)`.
    qkv_grad: Vec<f32>,
    /// A bias that was added already.
    nothing: Vec<f32>,
}

/// The gradients of a layer's parameters, of one group.
pub(crate) struct LayerGradient {
    /// Those of weights.
    pub(crate) factors: [Factors; 4],
    pub(crate) biases: [Vec<f32>; 4],
    /// Of scale and shift of both norms.
    pub(crate) norms: [[Vec<f32>; 2]; 2],
}

impl Normed {
    pub(crate) fn resize(&mut self, n_tokens: usize, dim: usize) {
        self.unit.resize(n_tokens * dim, 0.0);
        self.inverse.resize(n_tokens, 0.0);
    }
}

impl Pass<'_> {
    /// Takes the activations of a group through a layer, in place.
    ///
    /// # Shapes
    /// - `x`: `(tokens, hidden)`
    pub(crate) fn forward(self, layer: usize, x: &mut [f32], saved: &mut Saved, scratch: &mut Scratch) {
        let (config, n) = (self.network.config, self.group.n_tokens());
        let (hidden, inner) = (config.hidden, config.inner);
        saved.qkv.resize(n * 3 * hidden, 0.0);
        saved.context.resize(n * hidden, 0.0);
        saved.inner.resize(n * inner, 0.0);
        saved.norms.iter_mut().for_each(|norm| norm.resize(n, hidden));
        scratch.added.resize(n * hidden, 0.0);
        scratch.active.resize(n * inner, 0.0);
        scratch.nothing.resize(hidden, 0.0);

        self.network.forward((layer, ATTENTION_IN), x, &mut saved.qkv, &mut scratch.halves);
        add_to_rows(self.network.bias((layer, ATTENTION_IN)), &mut saved.qkv);
        for (sequence, bounds) in
            self.group.bounds.iter().enumerate().filter(|(_, bounds)| !bounds.is_empty())
        {
            let qkv = &saved.qkv[bounds.start * 3 * hidden..bounds.end * 3 * hidden];
            let context = &mut saved.context[bounds.start * hidden..bounds.end * hidden];
            self.heads(layer, sequence).forward(qkv, context, &mut scratch.attention);
        }
        self.network.forward((layer, ATTENTION_OUT), &saved.context, &mut scratch.added, &mut scratch.halves);
        self.add_and_norm(layer, ATTENTION_OUT, x, &mut saved.norms[0], scratch);

        self.network.forward((layer, UP), x, &mut saved.inner, &mut scratch.halves);
        let bias = self.network.bias((layer, UP));
        bias_gelu(config.activation, bias, &mut saved.inner, &mut scratch.active);
        self.network.forward((layer, DOWN), &scratch.active, &mut scratch.added, &mut scratch.halves);
        self.add_and_norm(layer, DOWN, x, &mut saved.norms[1], scratch);
    }

    /// Takes the gradient of a layer's results back to its inputs, in place, and those of its parameters with it.
    ///
    /// # Shapes
    /// - `x`: what the layer was given, `(tokens, hidden)`
    /// - `grad`: `(tokens, hidden)`
    pub(crate) fn back(
        self,
        layer: usize,
        x: &[f32],
        saved: &Saved,
        grad: &mut [f32],
        out: &mut LayerGradient,
        scratch: &mut Scratch,
    ) {
        let (config, n) = (self.network.config, self.group.n_tokens());
        let (hidden, inner) = (config.hidden, config.inner);
        let places = &self.network.layout.layers[layer];
        out.start(places, hidden);
        scratch.active.resize(n * inner, 0.0);
        scratch.grad.resize(n * inner, 0.0);
        scratch.qkv_grad.resize(n * 3 * hidden, 0.0);

        self.norm_back(layer, DOWN, &saved.norms[1], grad, out);
        let added = self.dropped(layer, DOWN, grad, &mut scratch.added);
        out.take(DOWN, added, hidden);
        self.network.back((layer, DOWN), Store::Set, added, &mut scratch.grad, &mut scratch.halves);
        gelu_back(config.activation, &saved.inner, &mut scratch.grad, &mut scratch.active);
        out.factors[DOWN].take_x(&scratch.active, inner);
        out.take(UP, &scratch.grad, inner);
        scratch.added.resize(n * hidden, 0.0);
        let between = &mut scratch.added[..];
        scale_and_shift(self.network.norm(&places.norms[0]), &saved.norms[0].unit, between);
        out.factors[UP].take_x(between, hidden);
        self.network.back((layer, UP), Store::Add, &scratch.grad, grad, &mut scratch.halves);

        self.norm_back(layer, ATTENTION_OUT, &saved.norms[0], grad, out);
        let added = self.dropped(layer, ATTENTION_OUT, grad, &mut scratch.added);
        out.take(ATTENTION_OUT, added, hidden);
        out.factors[ATTENTION_OUT].take_x(&saved.context, hidden);
        scratch.grad.resize(n * hidden, 0.0);
        self.network.back((layer, ATTENTION_OUT), Store::Set, added, &mut scratch.grad, &mut scratch.halves);
        for (sequence, bounds) in
            self.group.bounds.iter().enumerate().filter(|(_, bounds)| !bounds.is_empty())
        {
            let wide = bounds.start * 3 * hidden..bounds.end * 3 * hidden;
            let context_grad = &scratch.grad[bounds.start * hidden..bounds.end * hidden];
            let qkv_grad = &mut scratch.qkv_grad[wide.clone()];
            self.heads(layer, sequence).back(
                &saved.qkv[wide],
                context_grad,
                qkv_grad,
                &mut scratch.attention,
            );
        }
        out.take(ATTENTION_IN, &scratch.qkv_grad, 3 * hidden);
        out.factors[ATTENTION_IN].take_x(x, hidden);
        self.network.back((layer, ATTENTION_IN), Store::Add, &scratch.qkv_grad, grad, &mut scratch.halves);
    }

    fn heads(&self, layer: usize, sequence: usize) -> Heads<'_> {
        let config = self.network.config;
        Heads { hidden: config.hidden, heads: config.heads, layer, sequence, noise: self.noise }
    }

    /// Adds the results of a product to `x`, with bias and without what is dropped, and normalises.
    fn add_and_norm(self, layer: usize, at: usize, x: &mut [f32], saved: &mut Normed, scratch: &mut Scratch) {
        let mut bias = self.network.bias((layer, at));
        if let Some(noise) = self.noise {
            add_to_rows(bias, &mut scratch.added);
            noise.drop_hidden(self.group, site(layer, at), &mut scratch.added, self.network.config.hidden);
            bias = &scratch.nothing;
        }
        let norm = self.network.norm(&self.network.layout.layers[layer].norms[norm_of(at)]);
        add_norm(norm, &scratch.added, bias, x, &mut saved.unit, &mut saved.inverse);
    }

    /// Takes a gradient back through the norm behind a product.
    fn norm_back(self, layer: usize, at: usize, saved: &Normed, grad: &mut [f32], out: &mut LayerGradient) {
        let norm = self.network.norm(&self.network.layout.layers[layer].norms[norm_of(at)]);
        let [scale_grad, shift_grad] = &mut out.norms[norm_of(at)];
        norm_back(norm.scale, &saved.unit, &saved.inverse, grad, scale_grad, shift_grad);
    }

    /// The gradient of what was added: that of the sum, without what was dropped.
    fn dropped<'b>(self, layer: usize, at: usize, grad: &'b [f32], room: &'b mut Vec<f32>) -> &'b [f32] {
        let Some(noise) = self.noise else { return grad };
        room.clear();
        room.extend_from_slice(grad);
        noise.drop_hidden(self.group, site(layer, at), room, self.network.config.hidden);
        room
    }
}

impl LayerGradient {
    pub(crate) fn new(precision: Precision) -> Self {
        let factors = std::array::from_fn(|_| Factors::new(precision));
        LayerGradient { factors, biases: Default::default(), norms: Default::default() }
    }

    /// Empties the sums.
    fn start(&mut self, places: &crate::layout::Layer, hidden: usize) {
        for (bias, dense) in self.biases.iter_mut().zip(&places.dense) {
            bias.clear();
            bias.resize(dense.outputs, 0.0);
        }
        for sums in self.norms.as_flattened_mut() {
            sums.clear();
            sums.resize(hidden, 0.0);
        }
    }

    /// Takes the gradients of a product's results: rows of `dim` numbers.
    fn take(&mut self, at: usize, grad: &[f32], dim: usize) {
        self.factors[at].take_grad(grad, dim);
        grad.chunks_exact(dim).for_each(|row| add_scaled(1.0, row, &mut self.biases[at]));
    }
}

/// The norm behind a product.
fn norm_of(at: usize) -> usize {
    usize::from(at == DOWN)
}

fn site(layer: usize, at: usize) -> Site {
    if at == DOWN { Site::Dense { layer } } else { Site::Attention { layer } }
}

fn add_to_rows(bias: &[f32], rows: &mut [f32]) {
    rows.chunks_exact_mut(bias.len()).for_each(|row| add_scaled(1.0, bias, row));
}
