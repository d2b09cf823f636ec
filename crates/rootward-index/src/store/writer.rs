//! The one that changes an index.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Action;

use super::ack::{self, Ack};
use super::changes::Changes;
use super::connection::{PATIENCE, begin_reading, end, open_reader, open_writer};
use super::fault::Fault;
use super::lock::{Lock, resolved};
use super::meta::Meta;
use super::words::Touched;
use super::{SetId, Settings, scan};
use crate::error::IndexError;

/// An index that is open to be changed, by this process alone.
#[derive(Debug)]
pub struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) ack: Ack,
    /// The blocks of words that SQLite wrote in the transaction that is open.
    pub(super) touched: Arc<Mutex<Touched>>,
    _lock: Lock,
}

impl Writer {
    /// Opens an index to change it.
    ///
    /// # Errors
    /// When there is no index, it is of a later version, damaged, or behind what was acknowledged, another process
    /// changes it, or it may not be written.
    pub fn open(path: &Path) -> Result<Writer, IndexError> {
        let path = &resolved(path);
        // Beside what is no index nothing is left.
        drop(open_reader(path)?);
        Writer::with(path, Lock::take(path)?)
    }

    /// Opens an index whose lock was taken.
    pub(super) fn with(path: &Path, lock: Lock) -> Result<Writer, IndexError> {
        let connection = open_writer(path)?;
        let meta = begin_reading(&connection, path)?;
        // An id that its index has lost would be taken for a new one.
        let known = scan::each_id(&connection, &meta, |_, _| ());
        end(&connection);
        known.map_err(|fault| fault.at(path))?;
        let ack = Ack::open(path, meta.identity, meta.generation)?;
        Writer::hooked(path, connection, ack, lock)
    }

    fn hooked(path: &Path, mut connection: Connection, ack: Ack, lock: Lock) -> Result<Writer, IndexError> {
        let touched = Arc::new(Mutex::new(Touched::default()));
        let noted = Arc::clone(&touched);
        let hook = move |_: Action, _: &str, table: &str, row: i64| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).note(table, row);
        };
        connection.update_hook(Some(hook)).map_err(|error| Fault::from(error).at(path))?;
        Ok(Writer { path: path.to_owned(), connection, ack, touched, _lock: lock })
    }

    /// Where the index is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The generation that was acknowledged last.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn generation(&self) -> Result<u64, IndexError> {
        Ok(self.meta()?.generation)
    }

    pub(super) fn meta(&self) -> Result<Meta, IndexError> {
        Meta::load(&self.connection).map_err(|fault| fault.at(&self.path))
    }

    /// Begins a transaction; dropped, it changes nothing.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn begin(&mut self) -> Result<Changes<'_>, IndexError> {
        Changes::begin(self)
    }

    /// Makes a second set of vectors, without any; it is acknowledged when this returns.
    ///
    /// # Errors
    /// When the vectors have no numbers, or the index cannot be written.
    pub fn begin_set(&mut self, settings: &Settings) -> Result<SetId, IndexError> {
        if settings.dim == 0 {
            return Err(IndexError::NoNumbers);
        }
        let mut changes = self.begin()?;
        let set = changes.make_set(settings)?;
        changes.commit()?;
        Ok(set)
    }

    /// Drops a set of vectors that is not searched.
    ///
    /// # Errors
    /// When there is no such set, it is the one that is searched, or the index cannot be written.
    pub fn drop_set(&mut self, set: SetId) -> Result<u64, IndexError> {
        let mut changes = self.begin()?;
        changes.drop_set(set)?;
        changes.commit()
    }

    /// Moves what stands in the log into the file, as far as nobody reads it there, without waiting for anybody. It need
    /// not be asked for: the log is moved when it has become long, and when the last one closes the index.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn checkpoint(&self) -> Result<(), IndexError> {
        let moved = || {
            self.connection.busy_timeout(Duration::ZERO)?;
            let moved = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
            self.connection.busy_timeout(PATIENCE)?;
            moved
        };
        moved().map_err(|error| Fault::from(error).at(&self.path))
    }

    /// Writes a generation as acknowledged.
    pub(super) fn acknowledge(&mut self, generation: u64) -> Result<(), IndexError> {
        self.ack.write(generation)
    }
}

/// Writes that the generation of an index is what was acknowledged, whatever was before.
pub(super) fn accept(path: &Path) -> Result<u64, IndexError> {
    let path = &resolved(path);
    if !path.is_file() {
        return Err(IndexError::NoIndex { path: path.to_owned() });
    }
    let _lock = Lock::take(path)?;
    let connection = open_writer(path)?;
    let meta = Meta::load(&connection).map_err(|fault| fault.at(path))?;
    ack::replace(path, meta.identity, meta.generation)?;
    Ok(meta.generation)
}
