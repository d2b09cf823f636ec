//! Where each parameter lies in the one vector that holds them all.
//!
//! Parameters, gradients and what an optimiser remembers share this layout, so that a step is one pass over flat
//! vectors. The three projections of attention lie side by side and are one product. Names are those of Hugging Face.

use std::ops::Range;

use crate::config::Config;

/// The places of all parameters of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    tensors: Vec<Place>,
    pub(crate) words: Range<usize>,
    pub(crate) positions: Range<usize>,
    pub(crate) token_types: Range<usize>,
    pub(crate) first_norm: Norm,
    pub(crate) layers: Vec<Layer>,
    pub(crate) head: Vec<Dense>,
}

/// One named tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name in the file of its part.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// Its numbers in the vector of all parameters.
    pub range: Range<usize>,
    /// The part of the model that it belongs to.
    pub part: Part,
    /// Whether weight decay pulls it to zero: weights and embeddings, not biases and norms.
    pub decays: bool,
}

/// A part of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The tables of words, positions and token types, and their norm.
    Embeddings,
    /// A block of attention and dense layers, counted from 0.
    Layer(usize),
    /// A dense layer behind the pooling, counted from 0.
    Head(usize),
}

/// The shape of a dense layer behind the pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadShape {
    /// Numbers that come in.
    pub inputs: usize,
    /// Numbers that go out.
    pub outputs: usize,
    /// Whether it adds a bias.
    pub has_bias: bool,
}

/// The products of a layer, as indices of [`Layer::dense`].
pub(crate) const ATTENTION_IN: usize = 0;
pub(crate) const ATTENTION_OUT: usize = 1;
pub(crate) const UP: usize = 2;
pub(crate) const DOWN: usize = 3;

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    pub(crate) dense: [Dense; 4],
    /// The norm after attention, and the one after the dense layers.
    pub(crate) norms: [Norm; 2],
}

/// A dense layer: `outputs` rows of `inputs` weights, and a bias, which is empty where there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dense {
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Range<usize>,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

/// The learned numbers of a norm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Norm {
    pub(crate) scale: Range<usize>,
    pub(crate) shift: Range<usize>,
}

/// Adds tensors one behind the other.
struct Builder {
    tensors: Vec<Place>,
    part: Part,
}

impl Builder {
    fn end(&self) -> usize {
        self.tensors.last().map_or(0, |place| place.range.end)
    }

    fn add(&mut self, name: String, shape: &[usize], decays: bool) -> Range<usize> {
        let range = self.end()..self.end() + shape.iter().product::<usize>();
        self.tensors.push(Place {
            name,
            shape: shape.to_vec(),
            range: range.clone(),
            part: self.part,
            decays,
        });
        range
    }

    /// A dense layer that is stored as several of equal width.
    fn dense(&mut self, names: &[String], inputs: usize, outputs: usize) -> Dense {
        let each = outputs / names.len();
        let begin = self.end();
        for name in names {
            self.add(format!("{name}.weight"), &[each, inputs], true);
        }
        let between = self.end();
        for name in names {
            self.add(format!("{name}.bias"), &[each], false);
        }
        Dense { weight: begin..between, bias: between..self.end(), inputs, outputs }
    }

    fn norm(&mut self, name: &str, dim: usize) -> Norm {
        let scale = self.add(format!("{name}.weight"), &[dim], false);
        Norm { scale, shift: self.add(format!("{name}.bias"), &[dim], false) }
    }
}

impl Layout {
    /// The layout of a model with these dense layers behind its pooling.
    pub fn new(config: &Config, head: &[HeadShape]) -> Self {
        let (hidden, inner) = (config.hidden, config.inner);
        let mut builder = Builder { tensors: Vec::new(), part: Part::Embeddings };
        let mut table = |name: &str, rows| {
            builder.add(format!("embeddings.{name}_embeddings.weight"), &[rows, hidden], true)
        };
        let words = table("word", config.vocabulary);
        let positions = table("position", config.positions);
        let token_types = table("token_type", config.token_types);
        let first_norm = builder.norm("embeddings.LayerNorm", hidden);
        let layers = (0..config.layers).map(|layer| {
            builder.part = Part::Layer(layer);
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let attention = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
            let dense = [
                builder.dense(&attention, hidden, 3 * hidden),
                builder.dense(&[name("attention.output.dense")], hidden, hidden),
                builder.dense(&[name("intermediate.dense")], hidden, inner),
                builder.dense(&[name("output.dense")], inner, hidden),
            ];
            let norms = ["attention.output.LayerNorm", "output.LayerNorm"]
                .map(|part| builder.norm(&name(part), hidden));
            Layer { dense, norms }
        });
        let layers = layers.collect();
        let head = head.iter().enumerate().map(|(at, shape)| {
            builder.part = Part::Head(at);
            let HeadShape { inputs, outputs, has_bias } = *shape;
            let weight = builder.add("linear.weight".to_owned(), &[outputs, inputs], true);
            let end = builder.end();
            let bias =
                if has_bias { builder.add("linear.bias".to_owned(), &[outputs], false) } else { end..end };
            Dense { weight, bias, inputs, outputs }
        });
        let head = head.collect();
        Layout { tensors: builder.tensors, words, positions, token_types, first_norm, layers, head }
    }

    /// All tensors, in the order of their places, which follow each other without gaps.
    pub fn tensors(&self) -> &[Place] {
        &self.tensors
    }

    /// How many parameters there are.
    pub fn n_parameters(&self) -> usize {
        self.tensors.last().map_or(0, |place| place.range.end)
    }
}

impl Place {
    /// A name that no other tensor of the model has: that of the file, behind the place of its part in the head.
    pub fn unique_name(&self) -> String {
        match self.part {
            Part::Head(at) => format!("head.{at}.{}", self.name),
            Part::Embeddings | Part::Layer(_) => self.name.clone(),
        }
    }

    /// The tensor as a matrix: rows, and numbers in a row; a vector is one row.
    pub fn as_matrix(&self) -> (usize, usize) {
        match self.shape[..] {
            [rows, dim] => (rows, dim),
            _ => (1, self.range.len()),
        }
    }
}
