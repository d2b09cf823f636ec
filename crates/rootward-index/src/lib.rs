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
pub mod change;
pub mod descent;
pub mod editor;
pub mod error;
pub mod exact;
pub mod filter;
pub mod homes;
pub mod hybrid;
pub mod ids;
pub mod index;
#[cfg(feature = "milvus")]
pub mod milvus;
pub mod replicas;
pub mod search;
pub mod snapshot;
pub mod store;
pub mod tuning;
pub mod vectors;

pub use allowed::Allowed;
pub use block::Block;
pub use change::{Change, Replica};
pub use descent::{Beam, Calibrated, Routing};
pub use editor::{Edit, Editor};
pub use error::IndexError;
pub use exact::Documents;
pub use filter::Filter;
pub use hybrid::Rankings;
pub use index::{Blend, Index, Question};
pub use replicas::Replicas;
pub use search::{Hit, Search};
pub use snapshot::Snapshot;
pub use tuning::Tuning;
