//! A model on disk: a folder that holds all that is needed to use it again.
//!
//! `model.safetensors` (the parameters), `config.json` (what it is and what it was trained on), `recipe.toml` (how),
//! and from the trainer `report.jsonl` (every step's numbers). `config.json` is written last: a folder with it is a
//! whole model.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::encoder::{Encoder, Keep, Side, Trainable};
use crate::files::{WriteError, write_aside};
use crate::random::{Purpose, stream};
use crate::recipe::{EncoderConfig, Recipe};
use crate::table::{TableConfig, TableEncoder};
use crate::tensors::{TensorError, Tensors};

/// A trained encoder and what is known of it.
#[derive(Debug)]
pub struct Model {
    /// What encodes.
    pub encoder: TableEncoder,
    /// What it is and what it was trained on.
    pub config: ModelConfig,
}

/// What a model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Version of the folder's layout; this program reads and writes 1.
    pub format: u32,
    /// Version of the program that trained it.
    pub rootward: String,
    /// What the encoder is made of.
    pub encoder: EncoderConfig,
    /// What it was trained on.
    pub data: TrainedOn,
}

/// What a model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// Name of the data set.
    pub name: String,
    /// Queries in it.
    pub queries: usize,
    /// Documents in it.
    pub documents: usize,
    /// Checksum of its ids and edges, by which another data set is told apart.
    pub fingerprint: String,
}

/// A model could not be opened or does not fit.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The folder holds no whole model.
    #[error("{} is no model: expected `config.json` in it ({cause}); `rootward train --out` makes one", path.display())]
    None {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The description cannot be read.
    #[error("{}: {cause}; expected the description of a model of format {FORMAT}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        #[source]
        cause: serde_json::Error,
    },
    /// The model was written by a later program.
    #[error("{} is of format {found}, this program reads format {FORMAT}; use a later version of rootward", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The parameters are damaged or missing.
    #[error("{}: {cause}", path.display())]
    Tensors {
        /// The folder.
        path: PathBuf,
        /// What is wrong with them.
        #[source]
        cause: TensorError,
    },
    /// The model belongs to other data.
    #[error("the model was trained on `{}` ({} queries, {} documents, fingerprint {}), this is `{}` ({}, {}, {}); a table knows only its own data",
        trained.name, trained.queries, trained.documents, trained.fingerprint, given.name, given.queries, given.documents, given.fingerprint)]
    OtherData {
        /// What it was trained on.
        trained: Box<TrainedOn>,
        /// What it was to be used on.
        given: Box<TrainedOn>,
    },
}

const FORMAT: u32 = 1;
const CONFIG: &str = "config.json";
const RECIPE: &str = "recipe.toml";
const PARAMETERS: &str = "model.safetensors";

/// An encoder as a recipe starts it, for a data set.
pub fn new_encoder(recipe: &Recipe, data: &Dataset) -> TableEncoder {
    let EncoderConfig::Table(config) = recipe.encoder;
    let mut rng = stream(recipe.seed, Purpose::Init);
    TableEncoder::new(data.queries.len(), data.docs.len(), config, &mut rng)
}

impl TrainedOn {
    /// What identifies a data set.
    pub fn of(data: &Dataset) -> Self {
        TrainedOn {
            name: data.name.clone(),
            queries: data.queries.len(),
            documents: data.docs.len(),
            fingerprint: format!("{:08x}", data.fingerprint()),
        }
    }
}

/// Writes a trained encoder into a folder, with the recipe that trained it.
///
/// # Errors
/// When a file cannot be written; a model that was there before is then no longer taken for one.
pub fn save(
    folder: &Path,
    encoder: &dyn Trainable,
    recipe: &Recipe,
    data: &Dataset,
) -> Result<(), WriteError> {
    let path = folder.join(CONFIG);
    // Until all parts are there, the folder is no model: no mixture of an old one and this one is taken for one.
    match fs::remove_file(&path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(WriteError { path, cause }),
        _ => {}
    }
    encoder.tensors(Keep::Model).write(&folder.join(PARAMETERS))?;
    save_recipe(folder, recipe)?;
    let config = ModelConfig {
        format: FORMAT,
        rootward: env!("CARGO_PKG_VERSION").to_owned(),
        encoder: recipe.encoder,
        data: TrainedOn::of(data),
    };
    let text = serde_json::to_string_pretty(&config).expect("a description is plain data");
    write_aside(&path, |file| writeln!(file, "{text}"))
}

/// Whether a folder holds a whole model.
pub fn exists(folder: &Path) -> bool {
    folder.join(CONFIG).is_file()
}

/// Writes the recipe of a run that begins, so that an unfinished run says too how it was made.
///
/// # Errors
/// When the file cannot be written.
pub fn save_recipe(folder: &Path, recipe: &Recipe) -> Result<(), WriteError> {
    write_aside(&folder.join(RECIPE), |file| file.write_all(recipe.to_toml().as_bytes()))
}

/// Whether that is the name of a file that [`save`] or [`save_recipe`] writes.
pub fn is_part(name: &str) -> bool {
    [PARAMETERS, RECIPE, CONFIG].contains(&name)
}

/// The recipe beside a model, as TOML.
///
/// # Errors
/// When there is none that can be read.
pub fn recipe_text(folder: &Path) -> std::io::Result<String> {
    fs::read_to_string(folder.join(RECIPE))
}

impl Model {
    /// Reads a model from its folder.
    ///
    /// # Errors
    /// When the folder holds no model, one of a later format, or a damaged one.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(CONFIG);
        let text =
            fs::read_to_string(&path).map_err(|cause| ModelError::None { path: folder.to_owned(), cause })?;
        // The format comes first: a later one may have other keys.
        let bad = |cause| ModelError::Config { path: path.clone(), cause };
        let any: serde_json::Value = serde_json::from_str(&text).map_err(bad)?;
        match any["format"].as_u64() {
            Some(found) if found != u64::from(FORMAT) => {
                return Err(ModelError::Format { path, found });
            }
            _ => {}
        }
        let config: ModelConfig = serde_json::from_str(&text).map_err(bad)?;
        let EncoderConfig::Table(TableConfig { score, dim, .. }) = config.encoder;
        let read = || -> Result<TableEncoder, TensorError> {
            let tensors = Tensors::read(&folder.join(PARAMETERS))?;
            tensors.matrix_of_width("query", dim)?;
            TableEncoder::from_tensors(score, &tensors)
        };
        let encoder = read().map_err(|cause| ModelError::Tensors { path: folder.to_owned(), cause })?;
        Ok(Model { encoder, config })
    }

    /// Makes sure that the model belongs to a data set.
    ///
    /// # Errors
    /// When it was trained on another.
    pub fn belongs_to(&self, data: &Dataset) -> Result<(), ModelError> {
        let (trained, given) = (self.config.data.clone(), TrainedOn::of(data));
        let rows = (self.encoder.n_rows(Side::Query), self.encoder.n_rows(Side::Document));
        if trained.fingerprint != given.fingerprint || rows != (given.queries, given.documents) {
            return Err(ModelError::OtherData { trained: Box::new(trained), given: Box::new(given) });
        }
        Ok(())
    }

    /// Numbers in a vector.
    pub fn dim(&self) -> usize {
        self.encoder.dim()
    }
}

#[cfg(test)]
mod tests;
