//! What can go wrong with an index, each with what to do about it.

use std::path::PathBuf;

/// An index could not be read, changed or asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A vector of the wrong width.
    #[error("{what} has {got} numbers, the index holds vectors of {expected}")]
    Dim {
        /// "a query", or "document `id`".
        what: String,
        /// Of the index.
        expected: usize,
        /// Of the vector.
        got: usize,
    },
    /// A vector holds a NaN or an infinity.
    #[error("the vector of {what} is not finite")]
    NotFinite {
        /// "query 3", or "document `id`".
        what: String,
    },
    /// A file of the index could not be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// A range goes from one type to another, or has bounds of a type without an order.
    #[error("the range of `{key}` is not from a number to a number or from a text to a text")]
    Range {
        /// The key.
        key: String,
    },
    /// A collection of a Milvus server could not be made, opened, changed or asked.
    #[cfg(feature = "milvus")]
    #[error(transparent)]
    Milvus(#[from] crate::milvus::MilvusError),
}
