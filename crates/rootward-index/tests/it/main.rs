//! Tests of the index as a whole, in one program so that they are linked once.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where, and helpers of tests are not marked as tests"
)]

mod contract;
mod course;
mod crash;
mod damage;
mod killed;
mod live;
#[cfg(feature = "milvus")]
mod milvus;
mod model;
mod naive;
mod refusals;
mod room;
mod truth;
