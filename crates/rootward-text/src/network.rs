//! A model's parameters beside the copies of them that products read.
//!
//! Weights are packed once and used for all texts until a step moves them.

use std::sync::OnceLock;

use rayon::prelude::*;
use rootward_kernels::{HalfPacked, HalfRows, NormParameters, Packed, Store, Strided, product, product_half};

use crate::config::Config;
use crate::layout::{Dense, Layout, Norm};

/// What the products of encoding calculate with; sums are `f32` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Numbers of 32 bits.
    Single,
    /// Numbers rounded to bfloat16: about twice as fast where the machine has an instruction for it.
    Half,
}

/// Packed weights of all layers, made when they are asked for.
#[derive(Default)]
pub(crate) struct Operands {
    single: OnceLock<Vec<[Packed; 4]>>,
    half: OnceLock<Vec<[HalfPacked; 4]>>,
    /// Those of the backward pass; [`Operands::renew`] makes them stale.
    back: Vec<[Packed; 4]>,
    back_is_stale: bool,
}

/// Everything that a pass through the network reads.
#[derive(Clone, Copy)]
pub(crate) struct Network<'a> {
    pub(crate) config: &'a Config,
    pub(crate) layout: &'a Layout,
    pub(crate) parameters: &'a [f32],
    weights: Weights<'a>,
    /// None where nothing goes back.
    back: &'a [[Packed; 4]],
}

/// The weights that the products of the forward pass read.
#[derive(Clone, Copy)]
enum Weights<'a> {
    Single(&'a [[Packed; 4]]),
    Half(&'a [[HalfPacked; 4]]),
}

impl Operands {
    /// Follows the parameters after they moved.
    pub(crate) fn renew(&mut self, layout: &Layout, parameters: &[f32]) {
        if let Some(single) = self.single.get_mut() {
            pack(single, layout, |packed, dense| pack_single(packed, dense, parameters));
        }
        // Rounded weights are read by evaluation, which comes once in many steps.
        self.half.take();
        self.back_is_stale = true;
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
            Precision::Single => Weights::Single(self.single.get_or_init(|| {
                let mut all = Vec::new();
                pack(&mut all, layout, |packed, dense| pack_single(packed, dense, parameters));
                all
            })),
            Precision::Half => Weights::Half(self.half.get_or_init(|| {
                let mut all = Vec::new();
                pack(&mut all, layout, |packed: &mut HalfPacked, dense| {
                    let weights = &parameters[dense.weight.clone()];
                    packed.pack(dense.inputs, dense.outputs, Strided::transposed(weights, dense.inputs));
                });
                all
            })),
        };
        Network { config, layout, parameters, weights, back: &[] }
    }

    /// A network for the way forward and back.
    pub(crate) fn network_with_back<'a>(
        &'a mut self,
        config: &'a Config,
        layout: &'a Layout,
        parameters: &'a [f32],
    ) -> Network<'a> {
        if self.back.is_empty() || self.back_is_stale {
            pack(&mut self.back, layout, |packed: &mut Packed, dense| {
                let weights = &parameters[dense.weight.clone()];
                packed.pack(dense.outputs, dense.inputs, Strided::rows(weights, dense.inputs));
            });
            self.back_is_stale = false;
        }
        Network { back: &self.back, ..self.network(config, layout, parameters, Precision::Single) }
    }
}

fn pack_single(packed: &mut Packed, dense: &Dense, parameters: &[f32]) {
    let weights = &parameters[dense.weight.clone()];
    packed.pack(dense.inputs, dense.outputs, Strided::transposed(weights, dense.inputs));
}

/// Packs the products of every layer, again into the same memory where there is some.
fn pack<P: Default + Send>(layers: &mut Vec<[P; 4]>, layout: &Layout, pack: impl Fn(&mut P, &Dense) + Sync) {
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
        let rows = x.len() / inputs;
        match self.weights {
            Weights::Single(weights) => {
                product(Store::Set, rows, Strided::rows(x, inputs), &weights[layer][at], out, outputs);
            }
            Weights::Half(weights) => {
                halves.fill(rows, inputs, x);
                product_half(halves, &weights[layer][at], out, outputs);
            }
        }
    }

    /// `out = grad · weights`, or added to it, for one of the products of a layer.
    ///
    /// # Shapes
    /// - `grad`: `(rows, outputs)`, `out`: `(rows, inputs)`
    pub(crate) fn back(&self, (layer, at): (usize, usize), store: Store, grad: &[f32], out: &mut [f32]) {
        let Dense { inputs, outputs, .. } = self.layout.layers[layer].dense[at];
        product(
            store,
            grad.len() / outputs,
            Strided::rows(grad, outputs),
            &self.back[layer][at],
            out,
            inputs,
        );
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
