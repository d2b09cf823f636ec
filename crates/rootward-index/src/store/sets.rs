//! A second set of vectors beside the one that is searched, for another model, and how it takes over.
//!
//! Its vectors come in many transactions. A document that is added or updated meanwhile has a new row, which lacks a
//! vector in the set, so it is found by asking what is missing; one that is removed is gone from both.

use rootward::ids::DocIdx;

use super::changes::{Changes, put_vector, take_vector};
use super::fault::{Fault, damaged};
use super::log;
use super::meta;
use super::reader::Reading;
use super::schema;
use super::{SetId, Settings};
use crate::error::IndexError;

impl Changes<'_> {
    /// Puts vectors of documents into a set, in place of those they had there.
    ///
    /// # Errors
    /// When there is no such set or it is the one that is searched, a row has no document, a vector is of another width
    /// or not finite, or the index cannot be written.
    pub fn put_vectors<'v>(
        &mut self,
        set: SetId,
        vectors: impl IntoIterator<Item = (DocIdx, &'v [f32])>,
    ) -> Result<(), IndexError> {
        self.meta.settings(set)?;
        if set == self.meta.current {
            return Err(IndexError::InUse { set: set.0 });
        }
        self.attempt(|changes| {
            for (DocIdx(row), vector) in vectors {
                let sql = "SELECT id FROM document WHERE row = ?";
                let mut statement = changes.writer.connection.prepare_cached(sql)?;
                let mut rows = statement.query([row])?;
                let Some(id) = rows.next()?.map(|read| read.get::<_, String>(0)).transpose()? else {
                    return Err(IndexError::NoDocument { row }.into());
                };
                changes.check_vector(set, &id, vector)?;
                drop(rows);
                drop(statement);
                let Changes { writer, meta, .. } = &mut *changes;
                take_vector(&writer.connection, meta, set, row)?;
                put_vector(&writer.connection, meta, set, row, vector)?;
            }
            Ok(())
        })
    }

    /// Makes a set the one that is searched, and drops the one that was. Whoever reads sees one or the other.
    ///
    /// # Errors
    /// When there is no such set, a document lacks a vector there, or the index cannot be written.
    pub fn switch(&mut self, set: SetId) -> Result<(), IndexError> {
        self.meta.settings(set)?;
        let old = self.meta.current;
        if set == old {
            return Ok(());
        }
        let n = self.meta.seal(&meta::vectors(set)).n;
        if n != self.meta.n_docs {
            return Err(IndexError::Incomplete { set: set.0, missing: self.meta.n_docs.saturating_sub(n) });
        }
        self.attempt(|changes| {
            changes.meta.current = set;
            changes.forget_set(old)?;
            // An earlier generation was of other vectors: nothing that is known of it holds.
            changes.entry = log::Entry::default();
            log::trim(&changes.writer.connection)
        })
    }

    pub(super) fn make_set(&mut self, settings: &Settings) -> Result<SetId, IndexError> {
        let set = self.meta.next_set;
        self.attempt(|changes| {
            schema::create_set(&changes.writer.connection, set)?;
            changes.meta.next_set = SetId(set.0 + 1);
            changes.meta.sets.insert(set, settings.clone());
            Ok(set)
        })
    }

    pub(super) fn drop_set(&mut self, set: SetId) -> Result<(), IndexError> {
        self.meta.settings(set)?;
        if set == self.meta.current {
            return Err(IndexError::InUse { set: set.0 });
        }
        self.attempt(|changes| changes.forget_set(set))
    }

    fn forget_set(&mut self, set: SetId) -> Result<(), Fault> {
        schema::drop_set(&self.writer.connection, set)?;
        self.meta.sets.remove(&set);
        self.meta.seals.remove(&meta::vectors(set));
        self.meta.seals.remove(&meta::homes(set));
        self.meta.seals.remove(&meta::tree(set));
        Ok(())
    }
}

impl Reading<'_> {
    /// The first `most` documents without a vector in a set, by row.
    ///
    /// # Errors
    /// When there is no such set, or the index cannot be read or is damaged.
    pub fn missing(&self, set: SetId, most: usize) -> Result<Vec<DocIdx>, IndexError> {
        self.meta().settings(set)?;
        let find = || {
            let table = meta::vectors(set);
            let sql = format!(
                "SELECT row FROM document WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.row = document.row)
                 ORDER BY row LIMIT ?"
            );
            let mut statement = self.connection().prepare_cached(&sql)?;
            let rows = statement
                .query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0).map(DocIdx))?;
            let found = rows.collect::<Result<Vec<_>, _>>()?;
            let expected = self.n_docs().saturating_sub(self.meta().seal(&table).n);
            if found.len() as u64 != expected.min(most as u64) {
                return damaged(format!(
                    "{} documents are not in `{table}`, {expected} should be",
                    found.len()
                ));
            }
            Ok(found)
        };
        self.told(find())
    }
}
