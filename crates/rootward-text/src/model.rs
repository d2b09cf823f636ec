//! A text encoder as values: its shape, its parameters, and what it does to texts and vectors around the network.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rayon::prelude::*;
use rootward::encoder::{EncodeError, Side};
use rootward::matrix::Matrix;

use crate::config::{Config, DropoutRates};
use crate::embedding;
use crate::group::{Group, runs};
use crate::head::{self, HeadLayer};
use crate::layer::{Normed, Pass, Saved, Scratch};
use crate::layout::Layout;
use crate::network::Network;
use crate::noise::{Draw, Noise};
use crate::pooling::Pooling;
use crate::tokens::{Case, Sequences};
use crate::weights::Carried;

/// Tokens of a group in encoding, at least: enough for products to be fast, few enough for the near caches.
const GROUP_TOKENS: usize = 128;

/// A Transformer encoder with its tokenizer, as a folder holds it.
pub struct TextModel {
    pub(crate) config: Config,
    pub(crate) layout: Layout,
    pub(crate) parameters: Vec<f32>,
    pub(crate) pooling: Pooling,
    pub(crate) head: Vec<HeadLayer>,
    pub(crate) length: Length,
    pub(crate) prompts: Prompts,
    pub(crate) sequences: Sequences,
    pub(crate) case: Case,
    pub(crate) longest: usize,
    /// Files that are written again as they were read.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Tensors beside the encoder that are written again.
    pub(crate) beside: BTreeMap<String, Carried>,
}

/// What a model says of the length of its vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Vectors are used as they come.
    Free,
    /// Vectors are to be divided by their norm: the model has a module `Normalize`.
    Unit,
}

/// What is put before texts, by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompts {
    /// Before queries.
    pub query: String,
    /// Before documents.
    pub document: String,
}

/// What training does to the activations of one side in one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropping {
    pub(crate) rates: DropoutRates,
    pub(crate) draw: Draw,
}

impl Dropping {
    /// What is dropped of a group; `None` where nothing is.
    pub(crate) fn noise(self, group: &Group) -> Option<Noise> {
        (self.rates != DropoutRates::NONE).then(|| Noise::new(self.rates, self.draw, group))
    }
}

impl Prompts {
    /// That of a side.
    pub fn of(&self, side: Side) -> &str {
        match side {
            Side::Query => &self.query,
            Side::Document => &self.document,
        }
    }
}

impl TextModel {
    /// The shape of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where each parameter lies among all.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All parameters, as [`TextModel::layout`] has them.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Which vector stands for a text.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// The dense layers behind the pooling.
    pub fn head(&self) -> &[HeadLayer] {
        &self.head
    }

    /// Whether the model's vectors are to be divided by their norm, which whoever uses them does.
    pub fn length(&self) -> Length {
        self.length
    }

    /// What is put before texts.
    pub fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Tokens that are read of a text at the most, special ones included; what comes after is not.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.head.last().map_or(self.config.hidden, |layer| layer.shape.outputs)
    }

    /// The token ids of texts behind the prompt of their side.
    pub(crate) fn sequences(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<u32>>, EncodeError> {
        let sequences = self.sequences.of(self.prompts.of(side), texts);
        sequences.map_err(|cause| EncodeError::Network { cause: Box::new(cause) })
    }

    /// The vectors of sequences, shape `(sequences, dim)`.
    pub(crate) fn vectors(
        &self,
        network: Network<'_>,
        sequences: &[Vec<u32>],
        dropping: Option<Dropping>,
    ) -> Matrix {
        // Memory passes from group to group instead of being asked for and given back by each.
        let rooms = Mutex::new(Vec::new());
        let pooled: Vec<Vec<f32>> = runs(sequences, GROUP_TOKENS)
            .into_par_iter()
            .map(|run| {
                let room = || rooms.lock().expect("no thread panics while it holds the list");
                let mut mine: Room = room().pop().unwrap_or_default();
                let group = Group::new(&sequences[run]);
                let noise = dropping.and_then(|dropping| dropping.noise(&group));
                let pass = Pass { network, group: &group, noise: noise.as_ref() };
                let mut x = embedding::forward(pass, &mut mine.first, &mut mine.added);
                for layer in 0..self.config.layers {
                    pass.forward(layer, &mut x, &mut mine.saved, &mut mine.scratch);
                }
                room().push(mine);
                self.pooling.pool(&x, &group.bounds, self.config.hidden)
            })
            .collect();
        let results = head::forward(&self.layout, &self.parameters, &self.head, pooled.concat());
        let last = results.into_iter().next_back().expect("what was put in is there");
        Matrix::new(sequences.len(), self.dim(), last).expect("every sequence gave one vector")
    }
}

/// What a thread computes with.
#[derive(Default)]
struct Room {
    first: Normed,
    added: Vec<f32>,
    saved: Saved,
    scratch: Scratch,
}
