//! A file for each verb.

pub(crate) mod baselines;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod complete;
pub(crate) mod demo;
pub(crate) mod distill;
pub(crate) mod encode;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod geometry;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod inspect;
pub(crate) mod search;
pub(crate) mod split;
pub(crate) mod study;
pub(crate) mod synth;
pub(crate) mod train;
pub(crate) mod tree;
