//! A Transformer behind the seam of [`Body`]: vectors of texts, and training by the gradients of these.
//!
//! Vectors for a loss and their gradients are two passes: the first keeps nothing, the second encodes again chunk by
//! chunk and goes back through each at once, so that memory does not grow with the batch [Gao et al. 2021, GradCache].
//! Dropout draws the same masks in both.

use std::path::Path;

use rayon::prelude::*;
use rootward::body::Body;
use rootward::encoder::{EncodeError, Keep, Side};
use rootward::files::WriteError;
use rootward::matrix::Matrix;
use rootward::optimiser::Optimiser;
use rootward::tensors::{Tensor, TensorError, Tensors};

use crate::gradient::{self, Trace};
use crate::group::{Group, runs};
use crate::head;
use crate::model::{Dropping, TextModel};
use crate::network::{Operands, Precision};
use crate::noise::Draw;
use crate::optimiser::{Moments, clip};
use crate::training::Training;

/// Tokens of a group in training, at least.
const GROUP_TOKENS: usize = 256;

/// A Transformer that encodes and learns.
pub struct TextBody {
    model: TextModel,
    precision: Precision,
    training: Training,
    operands: Operands,
    /// Memory of the way back, which the next one uses again.
    traces: Vec<Trace>,
    /// Of all parameters since the last step; empty before the first.
    gradient: Vec<f32>,
    moments: Moments,
    /// Steps since the optimiser started, which name what dropout drops.
    taken: u64,
}

/// The names of what training remembers.
const FIRST: &str = "optimiser.first";
const SECOND: &str = "optimiser.second";
const STEPS: &str = "optimiser.steps";

impl TextBody {
    /// A model that is used and trained with products of `precision`; its parameters are `f32` always.
    pub fn new(model: TextModel, precision: Precision, training: Training) -> Self {
        let moments = Moments::start(Optimiser::Sgd {}, 0);
        let (operands, traces, gradient) = (Operands::default(), Vec::new(), Vec::new());
        TextBody { model, precision, training, operands, traces, gradient, moments, taken: 0 }
    }

    /// The model as it is now.
    pub fn model(&self) -> &TextModel {
        &self.model
    }

    /// The gradient of all parameters that was collected since the last step, as the model's layout has them; empty
    /// when none ever was.
    pub fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    fn dropping(&self, side: Side) -> Dropping {
        let draw = Draw { seed: self.training.seed, step: self.taken, side };
        Dropping { rates: self.training.dropout, draw }
    }

    /// The gradient's place, zeros before anything was collected.
    fn gradient_mut(&mut self) -> &mut Vec<f32> {
        self.gradient.resize(self.model.parameters.len(), 0.0);
        &mut self.gradient
    }
}

impl Body for TextBody {
    fn dim(&self) -> usize {
        self.model.dim()
    }

    fn encode(&self, side: Side, texts: &[&str]) -> Result<Matrix, EncodeError> {
        let model = &self.model;
        let sequences = model.sequences(side, texts)?;
        let network = self.operands.network(&model.config, &model.layout, &model.parameters, self.precision);
        Ok(model.vectors(network, &sequences, None))
    }

    fn encode_in_training(&mut self, side: Side, texts: &[&str]) -> Result<Matrix, EncodeError> {
        let model = &self.model;
        let sequences = model.sequences(side, texts)?;
        let network = self.operands.network(&model.config, &model.layout, &model.parameters, self.precision);
        Ok(model.vectors(network, &sequences, Some(self.dropping(side))))
    }

    fn backward(&mut self, side: Side, texts: &[&str], grad: &Matrix) -> Result<(), EncodeError> {
        EncodeError::check_gradient(texts.len(), self.dim(), grad)?;
        let dropping = self.dropping(side);
        let sequences = self.model.sequences(side, texts)?;
        self.gradient_mut();
        let TextBody { model, precision, training, operands, traces, gradient, .. } = self;
        let (hidden, dim) = (model.config.hidden, model.dim());
        let network = operands.network_with_back(&model.config, &model.layout, &model.parameters, *precision);
        for chunk in runs(&sequences, training.chunk_tokens.max(1)) {
            let grad = &grad.values()[chunk.start * dim..chunk.end * dim];
            let sequences = &sequences[chunk];
            let groups = runs(sequences, GROUP_TOKENS);
            if traces.len() < groups.len() {
                traces.resize_with(groups.len(), || Trace::new(*precision));
            }
            let traces = &mut traces[..groups.len()];
            traces.par_iter_mut().zip(groups).for_each(|(trace, run)| {
                let group = Group::new(&sequences[run]);
                let noise = dropping.noise(&group);
                trace.forward(network, group, noise, training.activations);
            });
            let pool = |trace: &Trace| model.pooling.pool(trace.last(), &trace.group().bounds, hidden);
            let pooled = traces.iter().map(pool).collect::<Vec<_>>().concat();
            let results = head::forward(&model.layout, &model.parameters, &model.head, pooled);
            let pooled_grad =
                head::back(&model.layout, &model.parameters, &model.head, &results, grad.to_vec(), gradient);
            let mut begin = 0;
            for trace in &mut *traces {
                let bounds = &trace.group().bounds;
                let mine = &pooled_grad[begin..][..bounds.len() * hidden];
                begin += mine.len();
                let last_grad = model.pooling.back(trace.last(), bounds, hidden, mine);
                trace.start_back(last_grad);
            }
            gradient::collect(network, traces, training.frozen, gradient);
        }
        Ok(())
    }

    fn step(&mut self, rate: f32) {
        self.gradient_mut();
        let TextBody { model, training, operands, gradient, moments, .. } = self;
        clip(gradient, training.greatest_norm);
        moments.step(&model.layout, training.frozen, &mut model.parameters, gradient, rate);
        gradient.fill(0.0);
        operands.renew(&model.layout, &model.parameters);
        self.taken += 1;
    }

    fn start_optimiser(&mut self, optimiser: Optimiser) {
        self.moments = Moments::start(optimiser, self.model.parameters.len());
        // Of a run that goes on from the start of a stage nobody knows what was taken before.
        self.taken = 0;
    }

    fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = Tensors::default();
        let matrix = |n_rows, dim, values: &[f32]| {
            Tensor::from(&Matrix::new(n_rows, dim, values.to_vec()).expect("a tensor fills its shape"))
        };
        for place in self.model.layout.tensors() {
            let (n_rows, dim) = place.as_matrix();
            let values = &self.model.parameters[place.range.clone()];
            tensors.insert(&place.unique_name(), matrix(n_rows, dim, values));
        }
        if keep == Keep::Training {
            for (name, values) in [(FIRST, &self.moments.first), (SECOND, &self.moments.second)] {
                if !values.is_empty() {
                    tensors.insert(name, matrix(1, values.len(), values));
                }
            }
            let counts = [self.moments.steps, self.taken as u32, (self.taken >> 32) as u32];
            tensors.insert(STEPS, Tensor::from(&counts[..]));
        }
        tensors
    }

    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        let numbers = |name: &str, n_rows, dim| {
            tensors.matrix_like(name, &Matrix::zeros(n_rows, dim)).map(|matrix| matrix.values().to_vec())
        };
        let mut parameters = vec![0.0; self.model.parameters.len()];
        for place in self.model.layout.tensors() {
            let (n_rows, dim) = place.as_matrix();
            parameters[place.range.clone()].copy_from_slice(&numbers(&place.unique_name(), n_rows, dim)?);
        }
        if tensors.contains(STEPS) {
            for (name, values) in [(FIRST, &mut self.moments.first), (SECOND, &mut self.moments.second)] {
                if !values.is_empty() {
                    *values = numbers(name, 1, values.len())?;
                }
            }
            let counts = tensors.counts(STEPS, 3)?;
            self.moments.steps = counts[0];
            self.taken = u64::from(counts[1]) | u64::from(counts[2]) << 32;
        }
        self.model.parameters = parameters;
        self.gradient.fill(0.0);
        self.operands.renew(&self.model.layout, &self.model.parameters);
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<(), WriteError> {
        self.model.save(folder)
    }
}
