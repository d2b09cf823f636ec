//! One transaction: all of its changes are made, or none.

use std::sync::PoisonError;

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::blocks::Blocks;
use super::connection::end;
use super::fault::{Fault, damaged};
use super::log::Entry;
use super::meta::{self, DOCUMENT, ID, Meta};
use super::words::Touched;
use super::writer::Writer;
use super::{
    Record, SavedTree, SetId, alive, attributes, document, hierarchy, homes, log, scan, tree, words,
};
use crate::error::IndexError;

/// The last row that is given away; those above stand for what is no document.
const LAST_ROW: u32 = u32::MAX - 256;

/// Changes that are not acknowledged yet.
#[derive(Debug)]
pub struct Changes<'a> {
    pub(super) writer: &'a mut Writer,
    /// As it will be.
    pub(super) meta: Meta,
    pub(super) entry: Entry,
    alive: Blocks,
    /// Of the sets whose homes were changed.
    homes: Vec<(SetId, Blocks)>,
    /// The first row of this transaction.
    first_row: u32,
    state: State,
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was changed yet.
    Clean,
    /// Something was.
    Changed,
    /// Something could be changed by half.
    Failed,
}

impl<'a> Changes<'a> {
    pub(super) fn begin(writer: &'a mut Writer) -> Result<Self, IndexError> {
        let begun = writer.connection.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| Fault::from(error).at(&writer.path))?;
        let meta = writer.meta().inspect_err(|_| end(&writer.connection))?;
        *writer.touched.lock().unwrap_or_else(PoisonError::into_inner) = Touched::default();
        let first_row = meta.next_row;
        let (alive, homes) = (alive::blocks(&meta), Vec::new());
        Ok(Changes { writer, meta, entry: Entry::default(), alive, homes, first_row, state: State::Clean })
    }

    /// The generation that is changed.
    pub(crate) fn generation(&self) -> u64 {
        self.meta.generation
    }

    /// The row that the next document will get.
    pub(crate) fn next_row(&self) -> DocIdx {
        DocIdx(self.meta.next_row)
    }

    /// The row of the document with an id; none where there is none.
    pub(crate) fn row(&self, id: &str) -> Result<Option<DocIdx>, IndexError> {
        let row = document::row(&self.writer.connection, id);
        Ok(row.map_err(|fault| fault.at(&self.writer.path))?.map(DocIdx))
    }

    /// Adds a document; returns its row.
    ///
    /// # Errors
    /// When there is a document with this id, in this transaction or before, the id is empty, the vector is of another
    /// width or not finite, or metadata holds what cannot be filtered by: then the other changes stand. Or when the index
    /// cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<DocIdx, IndexError> {
        self.check(record)?;
        let known = self.find(&record.id)?;
        if known.is_some() {
            return Err(IndexError::Present { id: record.id.clone() });
        }
        self.attempt(|changes| changes.put(record))
    }

    /// Puts a document in place of the one with its id; returns its row, which is a new one.
    ///
    /// # Errors
    /// When there is no document with this id; else as [`Changes::add`].
    pub fn update(&mut self, record: &Record) -> Result<DocIdx, IndexError> {
        self.check(record)?;
        let Some(old) = self.find(&record.id)? else {
            return Err(IndexError::Absent { id: record.id.clone() });
        };
        self.attempt(|changes| {
            changes.take(old)?;
            changes.put(record)
        })
    }

    /// Removes a document; returns the row that it had.
    ///
    /// # Errors
    /// When there is no document with this id: then the other changes stand. Or when the index cannot be written.
    pub fn remove(&mut self, id: &str) -> Result<DocIdx, IndexError> {
        let Some(old) = self.find(id)? else { return Err(IndexError::Absent { id: id.to_owned() }) };
        let row = DocIdx(old.row);
        self.attempt(|changes| changes.take(old)).map(|()| row)
    }

    /// Says which node of a set's tree owns documents.
    ///
    /// # Errors
    /// When there is no such set, a row has no document, or the index cannot be written.
    pub fn set_homes(
        &mut self,
        set: SetId,
        homes: impl IntoIterator<Item = (DocIdx, NodeIdx)>,
    ) -> Result<(), IndexError> {
        self.meta.settings(set)?;
        let (current, first_row) = (self.meta.current, self.first_row);
        self.attempt(|changes| {
            let Changes { writer, homes: held, alive, entry, meta, .. } = changes;
            let connection = &writer.connection;
            let at = match held.iter().position(|(of, _)| *of == set) {
                Some(at) => at,
                None => {
                    held.push((set, homes::blocks(meta, set)));
                    held.len() - 1
                }
            };
            for (DocIdx(row), node) in homes {
                if row >= meta.next_row || !alive::get(alive, connection, row)? {
                    return Err(IndexError::NoDocument { row }.into());
                }
                if homes::put(&mut held[at].1, connection, row, node)? && set == current && row < first_row {
                    entry.moved.insert(row);
                }
            }
            Ok(())
        })
    }

    /// Writes the tree of a set in place of the one it had.
    ///
    /// # Errors
    /// When there is no such set, the parents make no tree, or the index cannot be written.
    pub fn set_tree(&mut self, set: SetId, saved: &SavedTree) -> Result<(), IndexError> {
        self.meta.settings(set)?;
        saved.check()?;
        self.attempt(|changes| {
            if set == changes.meta.current {
                changes.entry.trees += 1;
            }
            tree::save(&changes.writer.connection, &mut changes.meta, set, saved)
        })
    }

    /// Puts edges into the given hierarchy: ids of a child and its parent, which need not be documents. Those that are
    /// there already stay.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn add_edges<'e>(
        &mut self,
        edges: impl IntoIterator<Item = (&'e str, &'e str)>,
    ) -> Result<(), IndexError> {
        self.attempt(|changes| {
            let Changes { writer, meta, .. } = changes;
            edges
                .into_iter()
                .try_for_each(|(child, parent)| hierarchy::put(&writer.connection, meta, child, parent))
        })
    }

    /// Writes the given hierarchy in place of the one that was there: see [`Changes::add_edges`].
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn set_edges<'e>(
        &mut self,
        edges: impl IntoIterator<Item = (&'e str, &'e str)>,
    ) -> Result<(), IndexError> {
        self.attempt(|changes| hierarchy::clear(&changes.writer.connection, &mut changes.meta))?;
        self.add_edges(edges)
    }

    /// Makes the changes; when this returns they survive the loss of power. Returns the generation they made, or the one
    /// before where nothing was changed.
    ///
    /// # Errors
    /// When a change failed for another reason than its arguments, or the index cannot be written: then nothing is
    /// changed. Only when the error names the file `-ack` the changes may have been made all the same.
    pub fn commit(mut self) -> Result<u64, IndexError> {
        match self.state {
            State::Failed => return Err(IndexError::Failed { path: self.writer.path.clone() }),
            State::Clean => return Ok(self.meta.generation),
            State::Changed => {}
        }
        let made = self.finish();
        made.map_err(|fault| fault.at(&self.writer.path))?;
        let generation = self.meta.generation;
        self.writer.acknowledge(generation)?;
        Ok(generation)
    }

    /// Makes none of the changes.
    ///
    /// # Errors
    /// Always: that they were not made.
    pub(crate) fn abandon<T>(self) -> Result<T, IndexError> {
        Err(IndexError::Failed { path: self.writer.path.clone() })
    }

    fn finish(&mut self) -> Result<(), Fault> {
        let Changes { writer, meta, alive, homes, entry, .. } = self;
        let connection = &writer.connection;
        alive.flush(connection, meta)?;
        for (set, blocks) in homes {
            if meta.sets.contains_key(set) {
                blocks.flush(connection, meta)?;
            }
        }
        words::flush(connection)?;
        let touched = std::mem::take(&mut *writer.touched.lock().unwrap_or_else(PoisonError::into_inner));
        words::seal(connection, meta, &touched)?;
        meta.generation += 1;
        log::append(connection, meta, entry)?;
        meta.save(connection)?;
        connection.execute_batch("COMMIT")?;
        Ok(())
    }

    /// Does a part of the transaction; where it fails, all of it does.
    pub(super) fn attempt<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        if self.state == State::Failed {
            return Err(IndexError::Failed { path: self.writer.path.clone() });
        }
        self.state = State::Failed;
        let done = f(self).map_err(|fault| fault.at(&self.writer.path))?;
        self.state = State::Changed;
        Ok(done)
    }

    /// Refuses a document that cannot be put.
    pub(crate) fn check(&self, record: &Record) -> Result<(), IndexError> {
        if record.id.is_empty() {
            return Err(IndexError::EmptyId);
        }
        self.check_vector(self.meta.current, &record.id, &record.vector)?;
        if self.meta.next_row > LAST_ROW {
            return Err(IndexError::NoRow { path: self.writer.path.clone() });
        }
        attributes::of(&record.id, &record.metadata).map(|_| ())
    }

    pub(super) fn check_vector(&self, set: SetId, id: &str, vector: &[f32]) -> Result<(), IndexError> {
        let expected = self.meta.settings(set)?.dim;
        if vector.len() != expected {
            return Err(IndexError::Dim { what: format!("document `{id}`"), expected, got: vector.len() });
        }
        if !vector.iter().all(|number| number.is_finite()) {
            return Err(IndexError::NotFinite { what: format!("document `{id}`") });
        }
        Ok(())
    }

    fn find(&self, id: &str) -> Result<Option<Old>, IndexError> {
        let found =
            document::find(&self.writer.connection, id).map_err(|fault| fault.at(&self.writer.path))?;
        Ok(found.map(|(row, sum, stored)| Old { row, sum, stored }))
    }

    fn put(&mut self, record: &Record) -> Result<DocIdx, Fault> {
        let Changes { writer, meta, alive, .. } = self;
        let Record { id, title, text, metadata, vector } = record;
        let document = Content { id, title, text, metadata };
        let row = put(&mut Target { connection: &writer.connection, meta, alive }, &document)?;
        put_vector(&writer.connection, meta, meta.current, row, vector)?;
        Ok(DocIdx(row))
    }

    fn take(&mut self, old: Old) -> Result<(), Fault> {
        let Changes { writer, meta, alive, entry, .. } = self;
        let (connection, Old { row, sum, stored }) = (&writer.connection, old);
        connection.prepare_cached("DELETE FROM document WHERE row = ?")?.execute([row])?;
        meta.seal_mut(DOCUMENT).take(u64::from(row), sum);
        meta.seal_mut(ID).take(u64::from(row), scan::id_sum(row, &stored.id));
        let sets: Vec<SetId> = meta.sets.keys().copied().collect();
        for set in sets {
            take_vector(connection, meta, set, row)?;
        }
        let attributes = attributes::of(&stored.id, &stored.metadata)?;
        attributes::remove(connection, meta, row, &attributes)?;
        words::remove(connection, meta, row, &stored.content())?;
        if !alive::turn(alive, connection, row)? {
            return damaged(format!("row {row} has a document, and should have none"));
        }
        entry.removed.push(row);
        meta.n_docs -= 1;
        Ok(())
    }
}

/// Where documents are put.
pub(super) struct Target<'a> {
    pub(super) connection: &'a Connection,
    pub(super) meta: &'a mut Meta,
    pub(super) alive: &'a mut Blocks,
}

/// What a document is, besides its vectors.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) metadata: &'a Map<String, Value>,
}

/// Puts a document in, without vectors; returns its row.
pub(super) fn put(target: &mut Target, document: &Content) -> Result<u32, Fault> {
    let Target { connection, meta, alive } = target;
    let Content { id, title, text, metadata } = *document;
    let row = meta.next_row;
    let attributes = attributes::of(id, metadata)?;
    let json = serde_json::to_string(metadata).expect("an object is JSON");
    let sum = document::sum(row, id, &json, title, text);
    let sql = "INSERT INTO document (row, id, checksum, metadata, title, text) VALUES (?, ?, ?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute((row, id, sum, json, title, text))?;
    meta.seal_mut(DOCUMENT).put(u64::from(row), sum);
    meta.seal_mut(ID).put(u64::from(row), scan::id_sum(row, id));
    attributes::put(connection, meta, row, &attributes)?;
    words::put(connection, meta, row, document)?;
    if alive::turn(alive, connection, row)? {
        return damaged(format!("row {row} had a document before"));
    }
    meta.next_row += 1;
    meta.n_docs += 1;
    Ok(row)
}

impl super::Stored {
    fn content(&self) -> Content<'_> {
        let super::Stored { id, title, text, metadata } = self;
        Content { id, title, text, metadata }
    }
}

/// A document that will go.
struct Old {
    row: u32,
    sum: u32,
    stored: super::Stored,
}

/// Puts a vector in, in place of the one that was there.
pub(super) fn put_vector(
    connection: &Connection,
    meta: &mut Meta,
    set: SetId,
    row: u32,
    vector: &[f32],
) -> Result<(), Fault> {
    let name = meta::vectors(set);
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    let sum = scan::sum(row, &bytes);
    connection.prepare_cached(&format!("INSERT INTO {name} VALUES (?, ?, ?)"))?.execute((row, sum, bytes))?;
    meta.seal_mut(&name).put(u64::from(row), sum);
    Ok(())
}

/// Takes a vector out, where there is one.
pub(super) fn take_vector(
    connection: &Connection,
    meta: &mut Meta,
    set: SetId,
    row: u32,
) -> Result<(), Fault> {
    let name = meta::vectors(set);
    // Half as long as asking the removal what it removed.
    let mut statement = connection.prepare_cached(&format!("SELECT checksum FROM {name} WHERE row = ?"))?;
    let taken = statement.query([row])?.next()?.map(|row| row.get::<_, u32>(0)).transpose()?;
    if taken.is_some() {
        connection.prepare_cached(&format!("DELETE FROM {name} WHERE row = ?"))?.execute([row])?;
    }
    match taken {
        Some(sum) => meta.seal_mut(&name).take(u64::from(row), sum),
        None if set == meta.current => return damaged(format!("row {row} has no vector")),
        None => {}
    }
    Ok(())
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        end(&self.writer.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Settings, Store, verify};

    fn record(number: usize) -> Record {
        let text = format!("word{number} and others");
        Record {
            id: format!("d{number}"),
            title: String::new(),
            text,
            metadata: Map::new(),
            vector: vec![1.0; 64],
        }
    }

    #[test]
    fn a_file_that_cannot_grow_holds_what_was_acknowledged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let mut writer = Store::create(&path, &Settings { dim: 64, model: None }).unwrap();
        let pages: i64 = writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let set = |writer: &Writer, most: i64| {
            writer.connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(())).unwrap();
        };
        set(&writer, pages + 100);
        let add = |writer: &mut Writer, numbers: std::ops::Range<usize>| {
            let mut changes = writer.begin()?;
            numbers.clone().try_for_each(|number| changes.add(&record(number)).map(|_| ()))?;
            changes.commit()
        };
        let batches = (0..1_000).map_while(|batch| {
            let added = add(&mut writer, batch * 10..batch * 10 + 10);
            added.map_err(|error| assert!(matches!(error, IndexError::Full { .. }), "{error}")).ok()
        });
        let last = batches.last().unwrap();
        assert!(last > 10);
        set(&writer, 1 << 30);
        let report = verify(&path).unwrap();
        assert_eq!((report.generation, report.n_docs, report.problems), (last, last * 10, Vec::new()));
        let next = last as usize * 10;
        assert_eq!(add(&mut writer, next..next + 10).unwrap(), last + 1);
    }
}
