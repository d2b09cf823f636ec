//! The index on disk: one SQLite file that holds documents, vectors, the tree, words and the hierarchy.
//!
//! Every change is one transaction, which has a number, its *generation*. A [`Writer`] changes the index, one at a time;
//! any number of [`Reader`]s read it meanwhile, each a snapshot. What always holds: what was acknowledged survives the
//! loss of power; what is read was held against checksums before anybody sees it; a document keeps its row until the
//! index is compacted, and no other document gets it. An update is a removal and an addition: the document gets a new row.
//!
//! Beside the file `index` stand `index-wal` and `index-shm`, which are SQLite's, `index-lock`, which the writer holds,
//! and `index-ack`, which holds the last generation that was acknowledged. A copy of the file alone, taken while
//! nobody writes, is an index.

mod ack;
mod alive;
mod attributes;
mod backup;
mod blocks;
mod changes;
mod compact;
mod connection;
mod document;
mod fault;
mod hierarchy;
mod homes;
mod lock;
mod log;
mod matching;
mod meta;
mod place;
mod reader;
mod row_set;
mod scan;
mod schema;
mod seal;
mod sets;
mod tree;
mod verify;
mod words;
mod writer;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::OpenFlags;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::IndexError;
use fault::Fault;
use lock::{Lock, beside, folder};
use meta::Meta;

pub use backup::{Progress, backup};
pub use changes::Changes;
pub use log::{Added, Changed};
pub use place::{discard, move_to};
pub use reader::{Reader, Reading};
pub use tree::SavedTree;
pub use verify::{Report, accept, verify};
pub use writer::Writer;

/// A document as it is put into an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id, which no other document has; not empty.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its text; may be empty.
    pub text: String,
    /// What filters ask for: texts, numbers, booleans, or lists of these.
    pub metadata: Map<String, Value>,
    /// Its vector in the set that is searched: finite numbers, as many as the set has.
    pub vector: Vec<f32>,
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// What filters ask for.
    pub metadata: Map<String, Value>,
}

/// What the vectors of a set are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many numbers a vector has, at least 1.
    pub dim: usize,
    /// The model that makes them; none where they come from elsewhere.
    pub model: Option<ModelName>,
}

/// A model, told from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelName {
    /// What people call it.
    pub name: String,
    /// Equal for models that make equal vectors.
    pub fingerprint: String,
}

/// A set of vectors: one of each document, by one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SetId(pub u32);

/// The making of an index.
#[derive(Debug)]
pub enum Store {}

impl Store {
    /// Makes an index without documents, and opens it to be changed.
    ///
    /// # Errors
    /// When there is a file already, another process is making one, the vectors have no numbers, or the file cannot be
    /// written.
    pub fn create(path: &Path, settings: &Settings) -> Result<Writer, IndexError> {
        let lock = Lock::take(path)?;
        if path.exists() {
            return Err(IndexError::Occupied { path: path.to_owned() });
        }
        if settings.dim == 0 {
            return Err(IndexError::NoNumbers);
        }
        // What another index left beside its file must not be taken for this one's.
        for ending in ["-wal", "-shm", "-ack", "-aside", "-aside-journal"] {
            remove(&beside(path, ending))?;
        }
        let aside = beside(path, "-aside");
        let made =
            make(&aside, settings).map_err(|fault| fault.at(path)).and_then(|()| publish(&aside, path));
        if let Err(error) = made {
            // The cause is what the user must know.
            let _ = remove(&aside);
            return Err(error);
        }
        Writer::with(path, lock)
    }
}

/// Makes an index in a file that is not there yet.
fn make(path: &Path, settings: &Settings) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connection::connect(path, flags)?;
    schema::prepare(&connection)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    schema::create(&connection)?;
    let identity = connection.query_row("SELECT random()", (), |row| row.get(0))?;
    let mut meta = Meta::new(identity, settings);
    schema::create_set(&connection, meta.current)?;
    words::seal(&connection, &mut meta, &words::all_blocks(&connection)?)?;
    log::append(&connection, &meta, &log::Entry::default())?;
    meta.save(&connection)?;
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Gives a file that is complete its name; when this returns, it has it after a loss of power, too.
fn publish(aside: &Path, path: &Path) -> Result<(), IndexError> {
    let synced = File::open(aside).and_then(|file| file.sync_all());
    let renamed = synced
        .and_then(|()| fs::rename(aside, path))
        .and_then(|()| File::open(folder(path)).map_or(Ok(()), |folder| folder.sync_all()));
    renamed.map_err(|cause| IndexError::File { path: path.to_owned(), cause })
}

/// Removes a file, where it is there.
fn remove(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            Err(IndexError::File { path: path.to_owned(), cause })
        }
        _ => Ok(()),
    }
}
