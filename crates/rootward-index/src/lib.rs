//! The live index: documents come and go while it answers.
//!
//! One SQLite file holds documents, vectors, the tree over them and their words; every change is one transaction. What
//! is searched is a snapshot of it in memory, which no change touches: documents lie in blocks, one for each
//! leaf of a [`DocTree`](rootward::doc_tree::DocTree), as numbers of 8 bits beside the `f32` vectors they stand for. Exact
//! search looks at all blocks, tree search at the likeliest ones; both return the inner products of the `f32` vectors.
//!
//! Everything that answers is a [`Search`], with one contract and one suite of tests for it.

#![forbid(unsafe_code)]

pub mod change;
pub mod error;
pub mod filter;
pub mod ids;
#[cfg(feature = "milvus")]
pub mod milvus;
pub mod search;
pub mod vectors;

pub use change::{Change, Replica};
pub use error::IndexError;
pub use filter::Filter;
pub use search::{Hit, Search};
