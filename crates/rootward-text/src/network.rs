//! A model's parameters beside the copies of them that products read.
//!
//! Weights are packed once and used for all texts until a step moves them.

use std::sync::OnceLock;

use rayon::prelude::*;
use rootward_kernels::{HalfPacked, HalfRows, NormParameters, Packed, Store, Strided, product, product_half};

use crate::config::Config;
use crate::layout::{Dense, Layout, Norm};

/// What products calculate with; sums are `f32` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Numbers of 32 bits.
    Single,
    /// Numbers rounded to bfloat16: several times as fast where the machine has instructions for them.
    Half,
}

/// Packed weights of all layers, of each precision that was asked for.
#[derive(Default)]
pub(crate) struct Operands {
    single: Copies<Packed>,
    half: Copies<HalfPacked>,
}

/// The weights as products of one precision read them, packed when they are asked for.
#[derive(Default)]
struct Copies<O> {
    forward: OnceLock<Vec<[O; 4]>>,
    back: Vec<[O; 4]>,
    back_is_fresh: bool,
}

/// Everything that a pass through the network reads.
#[derive(Clone, Copy)]
pub(crate) struct Network<'a> {
    pub(crate) config: &'a Config,
    pub(crate) layout: &'a Layout,
    pub(crate) parameters: &'a [f32],
    weights: Weights<'a>,
    /// None where nothing goes back.
    back: Weights<'a>,
}

/// The weights that products read.
#[derive(Clone, Copy)]
enum Weights<'a> {
    Single(&'a [[Packed; 4]]),
    Half(&'a [[HalfPacked; 4]]),
}

/// The right operand of a product, of either precision.
trait Operand: Default + Send {
    fn pack(&mut self, k: usize, n: usize, b: Strided<'_>);
}

impl Operand for Packed {
    fn pack(&mut self, k: usize, n: usize, b: Strided<'_>) {
        Packed::pack(self, k, n, b);
    }
}

impl Operand for HalfPacked {
    fn pack(&mut self, k: usize, n: usize, b: Strided<'_>) {
        HalfPacked::pack(self, k, n, b);
    }
}

impl Operands {
    /// Follows the parameters after they moved.
    pub(crate) fn renew(&mut self, layout: &Layout, parameters: &[f32]) {
        self.single.renew(layout, parameters);
        self.half.renew(layout, parameters);
    }

    /// A network for encoding.
    pub(crate) fn network<'a>(
        &'a self,
        config: &'a Config,
        layout: &'a Layout,
        parameters: &'a [f32],
        precision: Precision,
    ) -> Network<'a> {
        let weights = match precision {
            Precision::Single => Weights::Single(self.single.forward(layout, parameters)),
            Precision::Half => Weights::Half(self.half.forward(layout, parameters)),
        };
        Network { config, layout, parameters, weights, back: Weights::Single(&[]) }
    }

    /// A network for the way forward and back.
    pub(crate) fn network_with_back<'a>(
        &'a mut self,
        config: &'a Config,
        layout: &'a Layout,
        parameters: &'a [f32],
        precision: Precision,
    ) -> Network<'a> {
        match precision {
            Precision::Single => self.single.freshen_back(layout, parameters),
            Precision::Half => self.half.freshen_back(layout, parameters),
        }
        let back = match precision {
            Precision::Single => Weights::Single(&self.single.back),
            Precision::Half => Weights::Half(&self.half.back),
        };
        Network { back, ..self.network(config, layout, parameters, precision) }
    }
}

impl<O: Operand> Copies<O> {
    /// What was packed for the forward pass follows the parameters now, the rest when it is asked for.
    fn renew(&mut self, layout: &Layout, parameters: &[f32]) {
        if let Some(forward) = self.forward.get_mut() {
            pack_forward(forward, layout, parameters);
        }
        self.back_is_fresh = false;
    }

    fn forward(&self, layout: &Layout, parameters: &[f32]) -> &[[O; 4]] {
        self.forward.get_or_init(|| {
            let mut forward = Vec::new();
            pack_forward(&mut forward, layout, parameters);
            forward
        })
    }

    /// Packs the weights as the backward pass reads them, unless they were since they moved.
    fn freshen_back(&mut self, layout: &Layout, parameters: &[f32]) {
        if !self.back_is_fresh {
            pack(&mut self.back, layout, |operand, Dense { inputs, outputs, weight, .. }| {
                operand.pack(*outputs, *inputs, Strided::rows(&parameters[weight.clone()], *inputs));
            });
            self.back_is_fresh = true;
        }
    }
}

/// Packs the weights of every layer as the forward pass reads them, again into the same memory where there is some.
fn pack_forward<O: Operand>(layers: &mut Vec<[O; 4]>, layout: &Layout, parameters: &[f32]) {
    pack(layers, layout, |operand, Dense { inputs, outputs, weight, .. }| {
        operand.pack(*inputs, *outputs, Strided::transposed(&parameters[weight.clone()], *inputs));
    });
}

fn pack<O: Operand>(layers: &mut Vec<[O; 4]>, layout: &Layout, pack: impl Fn(&mut O, &Dense) + Sync) {
    layers.resize_with(layout.layers.len(), Default::default);
    layers.par_iter_mut().zip(&layout.layers).for_each(|(packed, layer)| {
        packed.par_iter_mut().zip(&layer.dense).for_each(|(packed, dense)| pack(packed, dense));
    });
}

impl Network<'_> {
    /// `out = x · weightsᵀ` for one of the products of a layer.
    ///
    /// # Shapes
    /// - `x`: `(rows, inputs)`, `out`: `(rows, outputs)`
    pub(crate) fn forward(
        &self,
        (layer, at): (usize, usize),
        x: &[f32],
        out: &mut [f32],
        halves: &mut HalfRows,
    ) {
        let Dense { inputs, outputs, .. } = self.layout.layers[layer].dense[at];
        self.weights.product((layer, at), Store::Set, (x, inputs), (out, outputs), halves);
    }

    /// `out = grad · weights`, or added to it, for one of the products of a layer.
    ///
    /// # Shapes
    /// - `grad`: `(rows, outputs)`, `out`: `(rows, inputs)`
    pub(crate) fn back(
        &self,
        (layer, at): (usize, usize),
        store: Store,
        grad: &[f32],
        out: &mut [f32],
        halves: &mut HalfRows,
    ) {
        let Dense { inputs, outputs, .. } = self.layout.layers[layer].dense[at];
        self.back.product((layer, at), store, (grad, outputs), (out, inputs), halves);
    }

    /// The bias of one of the products of a layer.
    pub(crate) fn bias(&self, (layer, at): (usize, usize)) -> &[f32] {
        &self.parameters[self.layout.layers[layer].dense[at].bias.clone()]
    }

    /// The learned numbers of a norm.
    pub(crate) fn norm(&self, norm: &Norm) -> NormParameters<'_> {
        NormParameters {
            scale: &self.parameters[norm.scale.clone()],
            shift: &self.parameters[norm.shift.clone()],
            epsilon: self.config.epsilon,
        }
    }
}

impl Weights<'_> {
    /// The rows of `x`, which are `k` wide, times a packed weight: rows of `out`, which are `n` wide.
    fn product(
        self,
        (layer, at): (usize, usize),
        store: Store,
        (x, k): (&[f32], usize),
        (out, n): (&mut [f32], usize),
        halves: &mut HalfRows,
    ) {
        let rows = x.len() / k;
        match self {
            Weights::Single(weights) => {
                product(store, rows, Strided::rows(x, k), &weights[layer][at], out, n);
            }
            Weights::Half(weights) => {
                halves.fill(rows, k, x);
                product_half(store, halves.all(), &weights[layer][at], out, n);
            }
        }
    }
}
