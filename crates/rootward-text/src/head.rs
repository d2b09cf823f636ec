//! Dense layers behind the pooling, as sentence-transformers puts them there.

use rootward_kernels::{Packed, Store, Strided, add_scaled, product};

use crate::layout::{Dense, HeadShape, Layout};

/// One dense layer and what it does to its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLayer {
    /// Its numbers in and out.
    pub shape: HeadShape,
    /// What becomes of its results.
    pub activation: HeadActivation,
}

/// What becomes of the results of a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadActivation {
    /// Nothing.
    Identity,
    /// Their hyperbolic tangent.
    Tanh,
}

/// The results of every layer, the first being what was put in: shapes `(texts, numbers)`.
pub(crate) fn forward(
    layout: &Layout,
    parameters: &[f32],
    layers: &[HeadLayer],
    pooled: Vec<f32>,
) -> Vec<Vec<f32>> {
    let mut results = vec![pooled];
    for (layer, dense) in layers.iter().zip(&layout.head) {
        let x = results.last().expect("what was put in is there");
        let Dense { inputs, outputs, .. } = *dense;
        let n = x.len() / inputs;
        let (mut packed, mut out) = (Packed::default(), vec![0.0; n * outputs]);
        packed.pack(inputs, outputs, Strided::transposed(&parameters[dense.weight.clone()], inputs));
        product(Store::Set, n, Strided::rows(x, inputs), &packed, &mut out, outputs);
        if layer.shape.has_bias {
            let bias = &parameters[dense.bias.clone()];
            out.chunks_exact_mut(outputs).for_each(|row| add_scaled(1.0, bias, row));
        }
        if layer.activation == HeadActivation::Tanh {
            out.iter_mut().for_each(|x| *x = x.tanh());
        }
        results.push(out);
    }
    results
}

/// Takes the gradient of the last result back to what was put in, and adds those of the parameters to `gradient`.
pub(crate) fn back(
    layout: &Layout,
    parameters: &[f32],
    layers: &[HeadLayer],
    results: &[Vec<f32>],
    grad: Vec<f32>,
    gradient: &mut [f32],
) -> Vec<f32> {
    let mut grad = grad;
    let steps = layers.iter().zip(&layout.head).zip(results.windows(2)).rev();
    for ((layer, dense), results) in steps {
        let Dense { inputs, outputs, .. } = *dense;
        let n = results[0].len() / inputs;
        if layer.activation == HeadActivation::Tanh {
            grad.iter_mut().zip(&results[1]).for_each(|(grad, y)| *grad *= 1.0 - y * y);
        }
        if layer.shape.has_bias {
            let bias = &mut gradient[dense.bias.clone()];
            grad.chunks_exact(outputs).for_each(|row| add_scaled(1.0, row, bias));
        }
        let mut packed = Packed::default();
        packed.pack(n, inputs, Strided::rows(&results[0], inputs));
        let to = &mut gradient[dense.weight.clone()];
        product(Store::Add, outputs, Strided::transposed(&grad, outputs), &packed, to, inputs);
        packed.pack(outputs, inputs, Strided::rows(&parameters[dense.weight.clone()], inputs));
        let mut before = vec![0.0; n * inputs];
        product(Store::Set, n, Strided::rows(&grad, outputs), &packed, &mut before, inputs);
        grad = before;
    }
    grad
}
