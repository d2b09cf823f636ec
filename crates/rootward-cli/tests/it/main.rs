//! The program `rootward` from outside: what a user types, what comes back, and what lies on the disk afterwards.
//!
//! Where a test belongs: `answers` for search and thresholds, `everyday` for a verb that does what it promises, `demo` for the demo, `encode` for vectors in files, `doctor` for what is
//! wrong with data and how it is mended, `interrupted` for runs that are killed and resumed, `machines` for results that
//! must not depend on the machine, `card` for the page in a model's folder, `bad_input` for files and settings that are refused,
//! `bad_texts` for encoders and texts that are, `diverged` for training that leaves the numbers, `full_disk` for writes that fail,
//! `geometry` for the search of dimensions, `held_out` for pairs that training never saw, `import_collections`,
//! `import_ontologies` and `import_tables` for other people's formats, `index` for indexes that change, `side_by_side` for comparisons, `splits` for queries that are divided, `texts` for encoders that read, `trees` for
//! trees over documents, `study` for studies, `synth` for data made to order, `streams` for stdout, stderr and exit codes.
//! `program` starts the program and judges how it ended; `small` makes the data. No test sleeps, opens a port, or
//! leaves anything outside its own temporary folder, except for `push` (feature `milvus`), which needs a Milvus server.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its files has failed, and where is enough"
)]

mod program;
mod small;

mod answers;
mod bad_input;
mod bad_texts;
mod card;
mod demo;
mod diverged;
mod doctor;
mod encode;
mod everyday;
mod full_disk;
mod geometry;
mod held_out;
mod import_collections;
mod import_ontologies;
mod import_tables;
mod index;
mod interrupted;
mod machines;
#[cfg(feature = "milvus")]
mod push;
mod side_by_side;
mod splits;
mod streams;
mod study;
mod synth;
mod texts;
mod trees;
