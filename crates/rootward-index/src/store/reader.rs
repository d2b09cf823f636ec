//! Reading an index while others read it and one changes it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rootward::ids::DocIdx;
use rusqlite::Connection;

use super::connection::{begin_reading, end, open_reader};
use super::fault::{Fault, damaged};
use super::lock::resolved;
use super::meta::{self, ID, Meta};
use super::{SavedTree, SetId, Settings, Stored, attributes, document, scan, tree};
use crate::error::IndexError;

/// An index that is open to be read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    connection: Connection,
    checked: Checked,
    /// Tells the index from others that may stand in its place later.
    identity: i64,
    /// The generation that was seen last.
    seen: Cell<u64>,
}

/// An index as it is at one generation, whatever is changed meanwhile.
#[derive(Debug)]
pub struct Reading<'a> {
    reader: &'a Reader,
    meta: Meta,
}

/// Which tables were held against their seals in this process: once for each, when it is needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked(Arc<Mutex<BTreeSet<String>>>);

impl Checked {
    pub(super) fn set(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    fn has(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

impl Reader {
    /// Opens an index to read it.
    ///
    /// # Errors
    /// When there is no index, it is of a later version, damaged, or behind what was acknowledged.
    pub fn open(path: &Path) -> Result<Reader, IndexError> {
        let path = &resolved(path);
        let connection = open_reader(path)?;
        let meta = begin_reading(&connection, path)?;
        end(&connection);
        let (path, seen) = (path.to_owned(), Cell::new(meta.generation));
        Ok(Reader { path, connection, checked: Checked::default(), identity: meta.identity, seen })
    }

    /// Opens the same index once more, for another thread. What one of the two has checked the other need not check.
    ///
    /// # Errors
    /// As [`Reader::open`], and when another index was put in its place.
    pub fn another(&self) -> Result<Reader, IndexError> {
        let other = Reader::open(&self.path)?;
        if other.identity != self.identity {
            return Err(IndexError::Replaced { path: self.path.clone() });
        }
        Ok(Reader { checked: self.checked.clone(), ..other })
    }

    /// Where the index is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The index as it is now, until the result is dropped.
    ///
    /// # Errors
    /// When the index cannot be read, is damaged, or is behind what was acknowledged.
    pub fn snapshot(&mut self) -> Result<Reading<'_>, IndexError> {
        let meta = begin_reading(&self.connection, &self.path)?;
        let reading = Reading { reader: self, meta };
        let (acknowledged, found) = (self.seen.get(), reading.meta.generation);
        if found < acknowledged {
            return Err(IndexError::Lost { path: self.path.clone(), acknowledged, found });
        }
        self.seen.set(found);
        Ok(reading)
    }
}

impl Reading<'_> {
    pub(super) fn connection(&self) -> &Connection {
        &self.reader.connection
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(crate) fn path(&self) -> &Path {
        &self.reader.path
    }

    pub(super) fn checked(&self) -> &Checked {
        &self.reader.checked
    }

    /// Says of which file a fault is.
    pub(super) fn told<T>(&self, result: Result<T, Fault>) -> Result<T, IndexError> {
        result.map_err(|fault| fault.at(self.path()))
    }

    /// Holds a table against its seal, where nobody in this process did.
    pub(super) fn once(
        &self,
        name: &str,
        check: impl FnOnce(&Connection, &Meta) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if !self.checked().has(name) {
            check(self.connection(), &self.meta)?;
            self.checked().set(name);
        }
        Ok(())
    }

    /// Holds the ids against their seal, where nobody in this process did.
    pub(super) fn check_ids(&self) -> Result<(), Fault> {
        self.once(ID, |connection, meta| scan::each_id(connection, meta, |_, _| ()))
    }

    /// How many transactions made the index what it is.
    pub fn generation(&self) -> u64 {
        self.meta.generation
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> u64 {
        self.meta.n_docs
    }

    /// The row of the next document: every row is below it, and some may be free.
    pub fn next_row(&self) -> u32 {
        self.meta.next_row
    }

    /// The set of vectors that is searched.
    pub fn current(&self) -> SetId {
        self.meta.current
    }

    /// What the vectors are that are searched.
    ///
    /// # Panics
    /// When the index contradicts itself, which no checksum lets through.
    pub fn settings(&self) -> &Settings {
        &self.meta.sets[&self.meta.current]
    }

    /// What the vectors of a set are.
    ///
    /// # Errors
    /// When there is no such set.
    pub fn settings_of(&self, set: SetId) -> Result<&Settings, IndexError> {
        self.meta.settings(set)
    }

    /// All sets of vectors, with how many documents have one in each.
    pub fn sets(&self) -> BTreeMap<SetId, (&Settings, u64)> {
        let n = |set| self.meta.seal(&meta::vectors(set)).n;
        self.meta.sets.iter().map(|(set, settings)| (*set, (settings, n(*set)))).collect()
    }

    /// The tree of a set; none where it has none.
    ///
    /// # Errors
    /// When there is no such set, or the index cannot be read or is damaged.
    pub fn tree(&self, set: SetId) -> Result<Option<SavedTree>, IndexError> {
        self.meta.settings(set)?;
        self.told(tree::load(self.connection(), &self.meta, set))
    }

    /// The row of a document; none where no document has this id.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn row_of(&self, id: &str) -> Result<Option<DocIdx>, IndexError> {
        let find = || {
            self.check_ids()?;
            document::find(self.connection(), id)
        };
        Ok(self.told(find())?.map(|(row, _, _)| DocIdx(row)))
    }

    /// The documents of rows, in their order; none for a row that has no document at this generation.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn documents(&self, docs: &[DocIdx]) -> Result<Vec<Option<Stored>>, IndexError> {
        let document = |doc: &DocIdx| match document::get(self.connection(), doc.0)? {
            Some((_, stored)) => Ok(Some(stored)),
            None => match scan::vector(self.connection(), &self.meta, self.meta.current, doc.0)? {
                Some(_) => damaged(format!("row {} has a vector and no document", doc.0)),
                None => Ok(None),
            },
        };
        docs.iter().map(|doc| self.told(document(doc))).collect()
    }

    /// The vector of a row in a set; none where it has none.
    ///
    /// # Errors
    /// When there is no such set, or the index cannot be read or is damaged.
    pub fn vector(&self, set: SetId, doc: DocIdx) -> Result<Option<Vec<f32>>, IndexError> {
        self.meta.settings(set)?;
        self.told(scan::vector(self.connection(), &self.meta, set, doc.0))
    }

    /// The keys of metadata that any document has, in ascending order; but for an empty one.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn keys(&self) -> Result<Vec<String>, IndexError> {
        self.told(attributes::keys(self.connection()))
    }

    /// Calls `f` with each child and parent of the given hierarchy.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged: then what `f` saw may be wrong.
    pub fn each_edge(&self, f: impl FnMut(&str, &str)) -> Result<(), IndexError> {
        self.told(super::hierarchy::each(self.connection(), &self.meta, f))
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        end(&self.reader.connection);
    }
}
