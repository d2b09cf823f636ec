//! Indexes seen from outside: one contract, whoever keeps it.

mod contract;
#[cfg(feature = "milvus")]
mod milvus;
mod naive;
