//! Indexes seen from outside: one contract, whoever keeps it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where, and helpers of tests are not marked as tests"
)]

mod contract;
#[cfg(feature = "milvus")]
mod milvus;
mod naive;
