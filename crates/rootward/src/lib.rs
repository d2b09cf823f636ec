//! Retrieval on hierarchies: train dual encoders whose queries retrieve the exact match *and every ancestor*, near and
//! far alike, and measure them by distance.
//!
//! The flow: a [`dataset`] gives [`pairs`] of queries and relevant documents over a [`hierarchy`]; a [`recipe`] says
//! what the [`trainer`] does with them; the [`sampling`] of each step makes a batch, an [`encoder`] turns it into
//! vectors, a [`loss`] turns those into gradients, and the encoder takes the gradients back. [`eval`] says what came of
//! it. Values in, values out: nothing here prints, and only readers and writers open files.
//!
//! Sources: **\[HR\]** You et al., *Hierarchical Retrieval: The Geometry and a Pretrain-Finetune Recipe*, NeurIPS 2025,
//! arXiv 2509.16411. **\[HCE\]** Chen, Sharma, Pauls, Van Durme: *Hierarchical corpus encoder: Fusing generative
//! retrieval and dense indices*, arXiv 2502.18877.

#![forbid(unsafe_code)]

pub use rootward_kernels::{Level, LevelError};

pub mod bm25;
pub mod body;
pub mod calibration;
pub mod completion;
pub mod dataset;
pub mod diagnosis;
pub mod digits;
pub mod distillation;
pub mod doc_tree;
pub mod doctor;
pub mod encoder;
pub mod eval;
pub mod exact;
pub mod files;
pub mod geometry;
pub mod held_out;
pub mod hierarchy;
pub mod ids;
pub mod inspect;
mod learned;
pub mod loss;
pub mod matrix;
pub mod model;
pub mod optimiser;
pub mod pairs;
pub mod polish;
pub mod popularity;
pub mod random;
pub mod ranking;
pub mod recipe;
pub mod rows;
pub mod run;
pub mod sampling;
pub mod significance;
pub mod splits;
pub mod static_body;
pub mod synth;
pub mod table;
mod tally;
pub mod tensors;
pub mod text_encoder;
pub mod tokens;
pub mod trainer;

/// The instruction set that all work here runs on: what the machine has, or less where the environment asks for it.
///
/// # Errors
/// When the environment variable asks for a level that is unknown or that the machine does not have.
pub fn instructions() -> Result<Level, LevelError> {
    rootward_kernels::level_from(
        std::env::var_os(rootward_kernels::VARIABLE)
            .map(|value| value.to_string_lossy().into_owned())
            .as_deref(),
    )
}
