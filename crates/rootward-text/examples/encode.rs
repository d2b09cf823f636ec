//! Vectors of texts: reads a JSON list of texts from standard input, and writes their unit vectors as JSON.
//!
//! `encode FOLDER [half] [SAVE-AS]`: with `half`, products are of bfloat16 numbers; with a second folder, the model is
//! saved there first and opened again from it.

use std::error::Error;
use std::io::stdin;
use std::path::Path;

use rootward::body::Body;
use rootward::encoder::Side;
use rootward_kernels::normalise_rows;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::model::TextModel;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Frozen, Training};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: encode FOLDER [half] [SAVE-AS]")?;
    let mut model = TextModel::open(Path::new(folder), usize::MAX)?;
    if let Some(target) = arguments.iter().skip(1).find(|argument| *argument != "half") {
        model.save(Path::new(target))?;
        model = TextModel::open(Path::new(target), usize::MAX)?;
    }
    let half = arguments.iter().any(|argument| argument == "half");
    let precision = if half { Precision::Half } else { Precision::Single };
    let training = Training {
        seed: 0,
        dropout: DropoutRates::NONE,
        frozen: Frozen::NOTHING,
        activations: Activations::Kept,
        chunk_tokens: 4096,
        greatest_norm: f32::INFINITY,
    };
    let body = TextBody::new(model, precision, training);
    let texts: Vec<String> = serde_json::from_reader(stdin())?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut vectors = body.encode(Side::Document, &texts)?;
    let (dim, mut norms) = (vectors.dim(), vec![0.0; texts.len()]);
    normalise_rows(vectors.values_mut(), dim, &mut norms);
    let rows: Vec<&[f32]> = (0..texts.len()).map(|i| vectors.row(i)).collect();
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}
