//! Transformer encoders of texts for Rootward: the BERT family, forward and backward on `rootward-kernels`.
//!
//! A [`model::TextModel`] is opened from a folder of sentence-transformers or Hugging Face and saved as one that those
//! programs open. A [`body::TextBody`] makes vectors of texts with it, and trains it: it takes back gradients of the
//! vectors and moves the parameters.
//!
//! What makes it fast: sequences lie end to end without padding, and a group of whole sequences, small enough for the
//! near caches, walks through all layers on one thread; threads take groups. What always holds: a text's vector does not
//! depend on the texts beside it, and no result depends on the number of threads.

#![forbid(unsafe_code)]

pub mod body;
pub mod config;
pub mod error;
pub mod folder;
pub mod head;
pub mod layout;
pub mod model;
pub mod network;
pub mod pooling;
pub mod training;

mod attention;
mod embedding;
mod factors;
mod gradient;
mod group;
mod layer;
mod noise;
mod optimiser;
mod tokens;
mod vocabulary;
mod weights;
