//! Tests of text encoders as a whole, on two tiny models with random weights that come with them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its files has failed, and where is enough"
)]

mod dropout;
mod folders;
mod golden;
mod invariance;
mod learning;

use std::path::{Path, PathBuf};

use rootward::body::Body;
use rootward::encoder::Side;
use rootward::matrix::Matrix;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::model::TextModel;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Frozen, Training};
use serde_json::Value;

/// Nothing dropped, nothing frozen; chunks and groups small enough for the texts to need several.
const PLAIN: Training = Training {
    seed: 5,
    dropout: DropoutRates::NONE,
    frozen: Frozen::NOTHING,
    activations: Activations::Kept,
    chunk_tokens: 30,
    greatest_norm: f32::INFINITY,
};

/// A folder beside the golden numbers.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(golden("expected.json")).unwrap()).unwrap()
}

/// The texts that golden numbers belong to.
fn texts() -> Vec<String> {
    expected()["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn body(name: &str, training: Training) -> TextBody {
    body_in(Precision::Single, name, training)
}

fn body_in(precision: Precision, name: &str, training: Training) -> TextBody {
    TextBody::new(TextModel::open(&golden(name), usize::MAX).unwrap(), precision, training)
}

fn encode(body: &TextBody, texts: &[String]) -> Matrix {
    body.encode(Side::Document, &slices(texts)).unwrap()
}

fn slices(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().copied().map(f32::to_bits).collect()
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
