//! What can go wrong with an index, each with what to do about it.

use std::path::PathBuf;

use rootward::doc_tree::TreeError;

use crate::store::ModelName;

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
    /// A query was made by another model than the vectors.
    #[error("{} holds vectors of the model `{}` (fingerprint {}), the query is of a model with fingerprint {got}; ask with the model that the index was built with, or give the index the vectors of the other one", path.display(), expected.name, expected.fingerprint)]
    OtherModel {
        /// The index.
        path: PathBuf,
        /// The model of its vectors.
        expected: ModelName,
        /// The fingerprint of the query's.
        got: String,
    },
    /// A tree could not be grown or changed.
    #[error("the tree of the index does not fit its documents ({0}); grow it anew")]
    Growth(#[from] TreeError),
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
    /// Where an index should be there is none.
    #[error("{}: there is no index; make one with `rootward index build`", path.display())]
    NoIndex {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Where an index should be made there is something.
    #[error("{}: there is a file already; name another one, or remove it first", path.display())]
    Occupied {
        /// Where.
        path: PathBuf,
    },
    /// A file is something else.
    #[error("{}: this is no index of rootward", path.display())]
    NotAnIndex {
        /// Which.
        path: PathBuf,
    },
    /// The index was written by a later version.
    #[error("{}: the index has format {found}, this version reads up to {known}; use a newer version of rootward", path.display())]
    Newer {
        /// Which.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest that is understood.
        known: u32,
    },
    /// A folder stands where a file should.
    #[error("{}: this is a folder; an index is a file, name one in it", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// The folder of a file is not there.
    #[error("{}: there is no such folder; make it first", path.display())]
    NoFolder {
        /// Which.
        path: PathBuf,
    },
    /// Another process, or another part of this one, changes the index.
    #[error("{}: the index is being changed by another process; wait until it is done", path.display())]
    Locked {
        /// Which.
        path: PathBuf,
    },
    /// The index may only be read.
    #[error("{}: the index cannot be written; make the file and its folder writable", path.display())]
    ReadOnly {
        /// Which.
        path: PathBuf,
    },
    /// There is no room left.
    #[error("{}: the disk is full and the change was not made; make room and try again", path.display())]
    Full {
        /// Which.
        path: PathBuf,
    },
    /// What is stored is not what was written.
    #[error("{}: the index is damaged: {what}; restore a backup, `rootward index verify` lists all that is wrong", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Another index was put in the place of one that is open.
    #[error("{} was replaced by another index since it was opened; open it again", path.display())]
    Replaced {
        /// Where both were.
        path: PathBuf,
    },
    /// Changes that were acknowledged are gone.
    #[error(
        "{}: the index has lost acknowledged changes: it is at generation {found}, {acknowledged} was acknowledged; \
         restore a backup, or go on without them by `rootward index verify --accept`",
        path.display()
    )]
    Lost {
        /// Which.
        path: PathBuf,
        /// The generation that was acknowledged last.
        acknowledged: u64,
        /// The generation that is there.
        found: u64,
    },
    /// SQLite could not do what was asked for another reason.
    #[error("{}: {cause}", path.display())]
    Sql {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        cause: rusqlite::Error,
    },
    /// A transaction failed and took all of its changes back.
    #[error("{}: a change failed before, so none of this transaction was made; begin anew", path.display())]
    Failed {
        /// Which.
        path: PathBuf,
    },
    /// Vectors without numbers.
    #[error("the vectors of an index have 0 numbers, expected at least 1")]
    NoNumbers,
    /// A document without an id.
    #[error("a document has an empty id, expected at least one character")]
    EmptyId,
    /// A document is added a second time.
    #[error("document `{id}` is in the index already; update it, or remove it first")]
    Present {
        /// Its id.
        id: String,
    },
    /// A document that should be changed or removed is not there.
    #[error("document `{id}` is not in the index, or not any more")]
    Absent {
        /// Its id.
        id: String,
    },
    /// All rows were given away.
    #[error("{}: all 4,294,967,040 rows were used; free those of removed documents by `rootward index compact`", path.display())]
    NoRow {
        /// Which.
        path: PathBuf,
    },
    /// Metadata holds what cannot be filtered by.
    #[error(
        "the metadata of document `{id}` has {found} under `{key}`, expected a text, a number, a boolean, or a list of these"
    )]
    Metadata {
        /// The document.
        id: String,
        /// The key.
        key: String,
        /// "null", "an object" or "a list of lists".
        found: &'static str,
    },
    /// A filter names a document that is neither in the index nor in its hierarchy.
    #[error("the filter asks for what is below `{id}`, which is neither a document nor in the hierarchy")]
    Unknown {
        /// The id.
        id: String,
    },
    /// A range goes from one type to another, or has bounds of a type without an order.
    #[error("the range of `{key}` is not from a number to a number or from a text to a text")]
    Range {
        /// The key.
        key: String,
    },
    /// A set of vectors is not there.
    #[error("there is no set of vectors {set}; there are {sets}")]
    NoSet {
        /// The one that was asked for.
        set: u32,
        /// Those that are there, with commas between.
        sets: String,
    },
    /// A set of vectors cannot take over yet.
    #[error("{missing} documents lack a vector in set {set}; put their vectors, then switch")]
    Incomplete {
        /// The set.
        set: u32,
        /// How many documents.
        missing: u64,
    },
    /// A set of vectors is in use.
    #[error("set {set} of vectors is the one that is searched; switch to another first")]
    InUse {
        /// The set.
        set: u32,
    },
    /// A row that no document has.
    #[error("there is no document in row {row}")]
    NoDocument {
        /// The row.
        row: u32,
    },
    /// Parents that do not make a tree.
    #[error("the tree is none: node {node} {problem}")]
    Tree {
        /// The node.
        node: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A collection of a Milvus server could not be made, opened, changed or asked.
    #[cfg(feature = "milvus")]
    #[error(transparent)]
    Milvus(#[from] crate::milvus::MilvusError),
}
