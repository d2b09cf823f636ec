//! What can be wrong with a model folder, told with the file, what was expected and what was found.

use std::path::PathBuf;

use rootward::tokens::TokensError;

/// A model could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system could not read a file or folder.
    #[error("{} could not be read: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// A file that a model needs is not there.
    #[error("{} is not a model folder: expected {expected}, found no such file", path.display())]
    NotAModel {
        /// The folder.
        path: PathBuf,
        /// The files that it should hold.
        expected: &'static str,
    },
    /// A folder of the hub's cache does not hold exactly one snapshot that is in use.
    #[error(
        "{} holds {found} snapshots and no refs/main that names one; open the folder of one snapshot instead",
        path.display()
    )]
    Snapshots {
        /// The folder.
        path: PathBuf,
        /// How many snapshots there are.
        found: usize,
    },
    /// A file is not the JSON that it should be.
    #[error("{} does not parse: {cause}; expected the file that the model came with", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why parsing stopped.
        #[source]
        cause: serde_json::Error,
    },
    /// The model is of a kind that this program does not compute.
    #[error("{}: {what} is {found}, supported: {supported}", path.display())]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// The setting.
        what: String,
        /// Its value.
        found: String,
        /// The values that are supported.
        supported: &'static str,
    },
    /// A setting makes no sense.
    #[error("{}: {name} is {found}, expected {expected}", path.display())]
    Setting {
        /// The file that holds it.
        path: PathBuf,
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A tensor file is not a safetensors file, or is cut off.
    #[error("{} is damaged: expected a safetensors file, found one that does not parse ({cause}); fetch it again", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where parsing stopped.
        #[source]
        cause: safetensors::SafeTensorError,
    },
    /// A tensor is not in its file.
    #[error("{}: tensor `{tensor}` is missing, expected it with shape {expected:?}; are its config.json and this of one model?", path.display())]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// A tensor has no place in the model that the configuration describes.
    #[error("{}: tensor `{tensor}` has no place in the model that config.json describes; are the two of one model?", path.display())]
    UnexpectedTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error("{}: tensor `{tensor}` has shape {found:?}, expected {expected:?}; are its config.json and this of one model?", path.display())]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is of numbers that this program does not read.
    #[error("{}: tensor `{tensor}` holds numbers of type {found}, expected F32, F16 or BF16; save it again as one of these", path.display())]
    TensorType {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The type in the file.
        found: String,
    },
    /// A parameter is not a number.
    #[error("{}: tensor `{tensor}` holds {found} at place {place}, expected finite numbers; it is damaged or its training diverged: take another", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The place of the first such number.
        place: usize,
        /// The number.
        found: f32,
    },
    /// The tokenizer gives tokens for which the model has no embedding.
    #[error(
        "{}: the tokenizer gives token {greatest} (`{token}`), but tensor `{tensor}` has only {rows} rows; are the two of one model?",
        path.display()
    )]
    Vocabulary {
        /// The tokenizer's file.
        path: PathBuf,
        /// The greatest id of a token.
        greatest: u32,
        /// That token.
        token: String,
        /// The tensor of embeddings.
        tensor: &'static str,
        /// Its rows.
        rows: usize,
    },
    /// The tokenizer cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokensError),
}
