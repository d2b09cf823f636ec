//! Tests of the index as a whole, in one program so that they are linked once.

mod contract;
mod course;
mod crash;
mod damage;
mod live;
#[cfg(feature = "milvus")]
mod milvus;
mod model;
mod naive;
mod refusals;
mod room;
mod truth;
