//! What can be wrong with files of vectors, in words that lead to the fix.

use std::io;
use std::path::PathBuf;

use rootward::files::WriteError;

/// Vectors could not be written.
#[derive(Debug, thiserror::Error)]
pub enum VectorsError {
    /// The name does not say which format is meant.
    #[error("a name that ends in .npy, .safetensors or .parquet was expected, {} was found", path.display())]
    Ending {
        /// The name.
        path: PathBuf,
    },
    /// The file is there.
    #[error("{} is there already; delete it, or name another file", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The file was begun.
    #[error("{} was begun: go on with --resume, or delete {} to begin anew", path.display(), partial.display())]
    Begun {
        /// The file.
        path: PathBuf,
        /// What there is of it.
        partial: PathBuf,
    },
    /// Another process writes it.
    #[error("another process writes {}: wait for it, or name another file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// What says how far a file has come cannot be read.
    #[error("{} could not be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// What says how far a file has come is damaged.
    #[error("{}: {cause}; it says what is on disk of unfinished vectors: delete it and the file beside it to begin \
             anew", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        #[source]
        cause: serde_json::Error,
    },
    /// The file was begun with another model.
    #[error("{} was begun with the model {begun} (checksum {begun_checksum}), this is {given} ({given_checksum}); name \
             that model, its side and precision, or delete what was begun", path.display())]
    OtherModel {
        /// The file that says so.
        path: PathBuf,
        /// What the model was called.
        begun: String,
        /// Its checksum.
        begun_checksum: String,
        /// What this one is called.
        given: String,
        /// Its checksum.
        given_checksum: String,
    },
    /// The file was begun in another form.
    #[error("{} was begun as {begun}, this is {given}; ask for the same, or delete what was begun", path.display())]
    OtherForm {
        /// The file that says so.
        path: PathBuf,
        /// What it was begun as.
        begun: String,
        /// What it was to go on as.
        given: String,
    },
    /// The file was begun with other texts.
    #[error("{} was begun with {rows} other texts: expected the same first {rows}, ids and words, {found}; give those \
             texts, or delete what was begun", path.display())]
    OtherTexts {
        /// The file.
        path: PathBuf,
        /// Texts whose vectors it has.
        rows: u64,
        /// What was found instead.
        found: String,
    },
    /// What was surely on disk is not there.
    #[error("{} is damaged: expected at least {expected} bytes, found {found}; delete it to begin anew", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        found: u64,
        /// Bytes that were written.
        expected: u64,
    },
    /// A table that was begun is not what was written.
    #[error("{} is damaged: {cause}; delete it to begin anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
