//! Data in the formats of others, made into a [`Dataset`](crate::dataset::Dataset).
//!
//! An importer is as strict as [`Dataset::open`](crate::dataset::Dataset::open) and reports in the same errors.
//! What it returns can be written with [`Dataset::write`](crate::dataset::Dataset::write), and from then on nobody
//! needs to know where the data came from.

mod wordnet;

pub use wordnet::wordnet;
