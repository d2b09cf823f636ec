//! A model on disk: a folder that holds all that is needed to use it again.
//!
//! `model.safetensors` (the parameters), `config.json` (what it is and what it was trained on), `recipe.toml` (how),
//! and from the trainer `report.jsonl` (every step's numbers); of an encoder of texts the folder of each network too,
//! which is a model by itself. `config.json` is written last: a folder with it is a whole model.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::body::{OpenBody, OpenError};
use crate::dataset::Dataset;
use crate::doc_tree::{DocTree, TreeError};
use crate::encoder::{PARAMETERS, Side, Trainable};
use crate::files::{WriteError, write_aside};
use crate::matrix::Matrix;
use crate::random::{Purpose, stream};
use crate::recipe::{EncoderConfig, Recipe};
use crate::table::{TableConfig, TableEncoder};
use crate::tensors::{Tensor, TensorError, Tensors};
use crate::text_encoder::{self, TextEncoder};

/// A trained encoder and what is known of it.
pub struct Model {
    /// What encodes.
    pub encoder: Box<dyn Trainable>,
    /// What it is and what it was trained on.
    pub config: ModelConfig,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What a model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Version of the folder's layout; this program reads and writes 2.
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
    /// Checksum of the ids of its documents alone.
    pub corpus: String,
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
    /// The model was written by another version of the program.
    #[error("{} is of format {found}, this program reads format {FORMAT}; train it again, or use the version of rootward that wrote it", path.display())]
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
    /// A network of the model cannot be opened.
    #[error("{}: {cause}", path.display())]
    Body {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: OpenError,
    },
    /// The model has vectors for the documents of other data.
    #[error("the model has a vector of its own for each document of `{}` ({} documents, checksum {}), this is `{}` ({}, {}); train with encoded documents for models that take any",
        trained.name, trained.documents, trained.corpus, given.name, given.documents, given.corpus)]
    OtherDocuments {
        /// What it was trained on.
        trained: Box<TrainedOn>,
        /// What it was to be used on.
        given: Box<TrainedOn>,
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

const FORMAT: u32 = 2;
const TREE: &str = "tree.safetensors";
const NODES: &str = "node";
const CONFIG: &str = "config.json";
const RECIPE: &str = "recipe.toml";

/// An encoder as a recipe starts it, for a data set.
///
/// # Errors
/// When a network that the recipe names cannot be opened.
pub fn new_encoder(
    recipe: &Recipe,
    data: &Dataset,
    open: OpenBody<'_>,
) -> Result<Box<dyn Trainable>, OpenError> {
    Ok(match &recipe.encoder {
        EncoderConfig::Table(config) => {
            let mut rng = stream(recipe.seed, Purpose::Init);
            Box::new(TableEncoder::new(data.queries.len(), data.docs.len(), *config, &mut rng))
        }
        EncoderConfig::Text(config) => {
            Box::new(TextEncoder::new(config, data.docs.len(), recipe.seed, open)?)
        }
    })
}

impl TrainedOn {
    /// What identifies a data set.
    pub fn of(data: &Dataset) -> Self {
        TrainedOn {
            name: data.name.clone(),
            queries: data.queries.len(),
            documents: data.docs.len(),
            fingerprint: format!("{:08x}", data.fingerprint()),
            corpus: format!("{:08x}", data.corpus_fingerprint()),
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
    encoder.save(folder)?;
    save_recipe(folder, recipe)?;
    let config = ModelConfig {
        format: FORMAT,
        rootward: env!("CARGO_PKG_VERSION").to_owned(),
        encoder: recipe.encoder.clone(),
        data: TrainedOn::of(data),
    };
    let text = serde_json::to_string_pretty(&config).expect("a description is plain data");
    write_aside(&path, |file| writeln!(file, "{text}"))
}

/// Whether a folder holds a whole model.
pub fn exists(folder: &Path) -> bool {
    folder.join(CONFIG).is_file()
}

/// Whether a folder holds a model that this program trained, and not one of another program's whose `config.json` says
/// other things.
pub fn is_own(folder: &Path) -> bool {
    let text = fs::read(folder.join(CONFIG)).unwrap_or_default();
    serde_json::from_slice(&text).is_ok_and(|config: serde_json::Value| config["rootward"].is_string())
}

/// Writes the recipe of a run that begins, so that an unfinished run says too how it was made.
///
/// # Errors
/// When the file cannot be written.
pub fn save_recipe(folder: &Path, recipe: &Recipe) -> Result<(), WriteError> {
    write_aside(&folder.join(RECIPE), |file| file.write_all(recipe.to_toml().as_bytes()))
}

/// Writes the document tree that a model was trained with into its folder, and what stands for the nodes, a row for each
/// slot.
///
/// # Errors
/// When the file cannot be written.
pub fn save_tree(folder: &Path, tree: &DocTree, nodes: &Matrix) -> Result<(), WriteError> {
    let mut tensors = tree.tensors();
    tensors.insert(NODES, Tensor::from(nodes));
    tensors.write(&folder.join(TREE))
}

/// The document tree that a model was trained with, and what stands for its nodes: shape `(slots, dim)`; `None` where it
/// was trained without one.
///
/// # Errors
/// When the file cannot be read or is damaged.
pub fn tree(folder: &Path) -> Result<Option<(DocTree, Matrix)>, TreeError> {
    let path = folder.join(TREE);
    if !path.exists() {
        return Ok(None);
    }
    let tensors = Tensors::read(&path)?;
    let tree = DocTree::from_tensors(&tensors)?;
    let nodes = tensors.matrix_like(NODES, &Matrix::zeros(tree.n_slots(), tree.dim()))?;
    Ok(Some((tree, nodes)))
}

/// Whether that is the name of a file that [`save`] or [`save_recipe`] writes.
pub fn is_part(name: &str) -> bool {
    [PARAMETERS, RECIPE, CONFIG, TREE].contains(&name) || text_encoder::is_body(name)
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
    pub fn open(folder: &Path, open: OpenBody<'_>) -> Result<Self, ModelError> {
        let config = Self::read_config(folder)?;
        let at = || folder.to_owned();
        let damaged = |cause| ModelError::Tensors { path: at(), cause };
        let tensors = Tensors::read(&folder.join(PARAMETERS)).map_err(damaged)?;
        let encoder: Box<dyn Trainable> = match &config.encoder {
            EncoderConfig::Table(TableConfig { score, dim, .. }) => {
                tensors.matrix_of_width("query", *dim).map_err(damaged)?;
                Box::new(TableEncoder::from_tensors(*score, &tensors).map_err(damaged)?)
            }
            EncoderConfig::Text(text) => {
                let opened = TextEncoder::open(text, config.data.documents, folder, &tensors, open);
                Box::new(opened.map_err(|cause| ModelError::Body { path: at(), cause })?)
            }
        };
        Ok(Model { encoder, config })
    }

    /// What a model is, without its parameters.
    fn read_config(folder: &Path) -> Result<ModelConfig, ModelError> {
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
        serde_json::from_str(&text).map_err(bad)
    }

    /// Whether it has a vector for any query, and not only for those that it was trained on.
    pub fn answers_anything(&self) -> bool {
        self.encoder.reads_texts(Side::Query)
    }

    /// Makes sure that the model belongs to a data set.
    ///
    /// # Errors
    /// When it was trained on another.
    pub fn belongs_to(&self, data: &Dataset) -> Result<(), ModelError> {
        let (trained, given) = (&self.config.data, TrainedOn::of(data));
        let boxed = || (Box::new(trained.clone()), Box::new(given.clone()));
        if !self.encoder.reads_texts(Side::Query) && trained.fingerprint != given.fingerprint {
            let (trained, given) = boxed();
            return Err(ModelError::OtherData { trained, given });
        }
        if !self.encoder.reads_texts(Side::Document) && trained.corpus != given.corpus {
            let (trained, given) = boxed();
            return Err(ModelError::OtherDocuments { trained, given });
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
