//! The live index: documents come and go while it answers.
//!
//! One SQLite file holds documents, vectors, the tree over them and their words; every change is one transaction. What
//! is searched is a snapshot of it in memory, which no change touches: documents lie in blocks, one for each
//! leaf of a [`DocTree`](rootward::doc_tree::DocTree), as numbers of 8 bits beside the `f32` vectors they stand for. Exact
//! search looks at all blocks, tree search at the likeliest ones; both return the inner products of the `f32` vectors.
//!
//! Everything that answers is a [`Search`], with one contract and one suite of tests for it.

#![forbid(unsafe_code)]

pub mod allowed;
pub mod block;
pub mod descent;
pub mod error;
pub mod exact;
pub mod filter;
pub mod ids;
pub mod search;
pub mod vectors;

pub use allowed::Allowed;
pub use block::Block;
pub use descent::{Beam, Calibrated, Routing};
pub use error::IndexError;
pub use exact::Documents;
pub use filter::Filter;
pub use search::{Hit, Search};
