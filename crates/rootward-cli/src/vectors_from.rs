//! Where the vectors of an index come from: a model that reads texts, or an array that another program made.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use rootward::encoder::{Encoder, Input, Side};
use rootward::matrix::Matrix;
use rootward::model;
use rootward_index::store::{ModelName, Settings};
use rootward_text::network::Precision;

use crate::array::Array;
use crate::interrupt;
use crate::text_model::TextModel;

/// What makes the vectors.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct VectorsFrom {
    /// Folder of a model that was trained here and reads texts.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Untrained encoder: `builtin`, or the folder of a static model or of a Transformer.
    #[arg(long, value_name = "builtin|FOLDER")]
    encoder: Option<PathBuf>,
    /// Array of rows of float32, one for each document, in the order of the ids in FILE.npy.ids; `build` takes one without
    /// such a file, too, in the order of the documents.
    #[arg(long, value_name = "FILE.npy")]
    vectors: Option<PathBuf>,
}

/// What makes the vectors, opened.
pub(crate) enum Maker {
    Model(Box<TextModel>, ModelName),
    Array(Array),
}

impl VectorsFrom {
    /// Opens it.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub(crate) fn open(&self) -> anyhow::Result<Maker> {
        let folder = match (&self.model, &self.encoder, &self.vectors) {
            (_, _, Some(array)) => return Ok(Maker::Array(Array::open(array)?)),
            (Some(folder), ..) if !model::is_own(folder) => bail!(
                "{} is no model that was trained here: give `builtin`, a static model or a Transformer by --encoder",
                folder.display()
            ),
            (_, Some(folder), _) if model::is_own(folder) => {
                bail!("{} is a model that was trained here: give it by --model", folder.display())
            }
            (Some(folder), ..) | (_, Some(folder), _) => folder,
            (None, None, None) => unreachable!("one of the three is given"),
        };
        let (model, name) = named(folder)?;
        Ok(Maker::Model(Box::new(model), name))
    }
}

impl Maker {
    /// What its vectors are.
    pub(crate) fn settings(&self) -> Settings {
        match self {
            Maker::Model(model, name) => Settings { dim: model.encoder().dim(), model: Some(name.clone()) },
            Maker::Array(array) => Settings { dim: array.vectors.dim(), model: None },
        }
    }

    /// Where its vectors come from, in words.
    pub(crate) fn origin(&self) -> String {
        match self {
            Maker::Model(_, name) => format!("by {}", name.name),
            Maker::Array(_) => "made elsewhere".to_owned(),
        }
    }
}

/// A model, and how an index tells it from others.
///
/// # Errors
/// When there is no model that reads queries.
pub(crate) fn named(folder: &Path) -> anyhow::Result<(TextModel, ModelName)> {
    let model = TextModel::open(folder, Precision::Single)?;
    let name = ModelName { name: folder.display().to_string(), fingerprint: model.fingerprint() };
    Ok((model, name))
}

/// The vectors of inputs, of as many together as is good: shape `(inputs, dim)`. `done` is told how many there are.
///
/// # Errors
/// When one cannot be encoded or its vector is not finite, or the user asked to stop.
pub(crate) fn encode(
    model: &TextModel,
    side: Side,
    inputs: &[Input<'_>],
    done: &mut dyn FnMut(usize),
) -> anyhow::Result<Matrix> {
    let encoder: &dyn Encoder = model.encoder();
    let mut values = Vec::with_capacity(inputs.len() * encoder.dim());
    for together in inputs.chunks(model.network().together()) {
        if interrupt::asked() {
            bail!("stopped");
        }
        let vectors = encoder.encode(side, together)?; // (together, dim)
        if !vectors.values().iter().all(|number| number.is_finite()) {
            bail!("the vector of a text is not finite; the model may have diverged");
        }
        values.extend_from_slice(vectors.values());
        done(values.len() / encoder.dim());
    }
    Ok(Matrix::new(inputs.len(), encoder.dim(), values).expect("each input has a row"))
}
