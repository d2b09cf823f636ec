//! What each transaction changed, so that whoever holds an earlier generation reads no more than that.
//!
//! Rows count up, so what was added since a generation are the rows from the one that was free then. The log adds what was
//! removed and what moved in the tree. Compaction and a switch of vectors begin it anew.

use std::collections::BTreeSet;

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rusqlite::Connection;

use super::fault::{Fault, damaged};
use super::meta::Meta;
use super::reader::Reading;
use super::seal::checksum;
use super::{SavedTree, document, homes, scan, tree};
use crate::error::IndexError;

/// What a transaction changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Rows whose documents were removed.
    pub(super) removed: Vec<u32>,
    /// Rows that got another home in the tree of the set that is searched, sorted.
    pub(super) moved: BTreeSet<u32>,
    /// How often the tree of that set was written.
    pub(super) trees: u32,
}

/// A document that was added.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// Its row.
    pub doc: DocIdx,
    /// Its id.
    pub id: String,
    /// The node that owns it; none where it was not put into the tree.
    pub home: Option<NodeIdx>,
    /// Its vector.
    pub vector: Vec<f32>,
}

/// What was changed since a generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Documents that were added and are there still, by row.
    pub put: Vec<Added>,
    /// Rows that had a document at that generation and have none now, in ascending order.
    pub removed: Vec<DocIdx>,
    /// Documents that were there at that generation and have another home now, by row.
    pub moved: Vec<(DocIdx, NodeIdx)>,
    /// The tree, where it was written since.
    pub tree: Option<SavedTree>,
}

/// Writes what made a generation.
pub(super) fn append(connection: &Connection, meta: &Meta, entry: &Entry) -> Result<(), Fault> {
    let removed: Vec<u8> = entry.removed.iter().flat_map(|row| row.to_le_bytes()).collect();
    let moved: Vec<u8> = entry.moved.iter().flat_map(|row| row.to_le_bytes()).collect();
    let sum = sum(meta.generation, meta.next_row, entry.trees, &removed, &moved);
    let sql = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)";
    let generation = meta.generation as i64;
    let values = (generation, sum, meta.next_row, entry.trees, removed, moved);
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Forgets all that was before.
pub(super) fn trim(connection: &Connection) -> Result<(), Fault> {
    connection.execute("DELETE FROM change", ())?;
    Ok(())
}

fn sum(generation: u64, next_row: u32, trees: u32, removed: &[u8], moved: &[u8]) -> u32 {
    checksum(generation, &[&next_row.to_le_bytes(), &trees.to_le_bytes(), removed, moved])
}

/// Calls `f` with each entry from a generation on, in order, with the row that was free behind it.
///
/// Returns whether there was one for each generation.
pub(super) fn each(
    connection: &Connection,
    meta: &Meta,
    from: u64,
    mut f: impl FnMut(u32, Entry),
) -> Result<Reach, Fault> {
    let sql = "SELECT generation, checksum, next_row, tree, removed, moved FROM change \
               WHERE generation >= ? ORDER BY generation";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([i64::try_from(from).unwrap_or(i64::MAX)])?;
    let (mut next, mut first) = (from, None);
    while let Some(row) = rows.next()? {
        let generation = row.get::<_, i64>(0)? as u64;
        let (stored, next_row, trees): (u32, u32, u32) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let blob = |at| row.get_ref(at)?.as_blob().map_err(rusqlite::Error::from);
        let (removed, moved) = (blob(4)?, blob(5)?);
        if sum(generation, next_row, trees, removed, moved) != stored {
            return damaged(format!("what made generation {generation} is not what was written"));
        }
        if first.is_some() && generation != next {
            return damaged(format!("what made generation {next} is gone"));
        }
        first = first.or(Some(generation));
        next = generation + 1;
        let list = |bytes: &[u8]| -> Vec<u32> {
            bytes.chunks_exact(4).map(|row| u32::from_le_bytes(row.try_into().expect("4 bytes"))).collect()
        };
        f(next_row, Entry { removed: list(removed), moved: list(moved).into_iter().collect(), trees });
    }
    if from <= meta.generation && next != meta.generation + 1 {
        return damaged("the last changes are not in the log".to_owned());
    }
    Ok(if first == Some(from) { Reach::All } else { Reach::Trimmed })
}

/// How far the log goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the generation that was asked for.
    All,
    /// It was begun anew since.
    Trimmed,
}

impl Reading<'_> {
    /// What was changed since a generation, in the set that is searched; none where the log does not go so far back,
    /// and all must be read anew. Costs what was changed.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn changes_since(&self, generation: u64) -> Result<Option<Changed>, IndexError> {
        self.told(self.find_changes(generation))
    }

    fn find_changes(&self, generation: u64) -> Result<Option<Changed>, Fault> {
        let (connection, meta) = (self.connection(), self.meta());
        if generation > meta.generation {
            return Ok(None);
        }
        let (mut first, mut removed, mut moved, mut trees) = (None, BTreeSet::new(), BTreeSet::new(), 0);
        let reach = each(connection, meta, generation, |next_row, entry| {
            if first.is_none() {
                first = Some(next_row);
                return;
            }
            removed.extend(entry.removed);
            moved.extend(entry.moved);
            trees += entry.trees;
        })?;
        let (Reach::All, Some(first)) = (reach, first) else { return Ok(None) };
        let mut homes = homes::blocks(meta, meta.current);
        let mut put = Vec::new();
        document::each(connection, first, |row, stored| {
            let home = homes::get(&mut homes, connection, row)?;
            let Some(vector) = scan::vector(connection, meta, meta.current, row)? else {
                return damaged(format!("document `{}` has no vector", stored.id));
            };
            put.push(Added { doc: DocIdx(row), id: stored.id, home, vector });
            Ok(())
        })?;
        let gone = removed.split_off(&first);
        if put.len() + gone.len() != (meta.next_row - first.min(meta.next_row)) as usize {
            let rows = meta.next_row - first.min(meta.next_row);
            return damaged(format!(
                "{rows} rows were added, {} are there and {} removed",
                put.len(),
                gone.len()
            ));
        }
        let mut now = Vec::new();
        for row in moved.range(..first).filter(|row| !removed.contains(row)) {
            let home = homes::get(&mut homes, connection, *row)?;
            now.extend(home.map(|home| (DocIdx(*row), home)));
        }
        let tree = if trees > 0 { tree::load(connection, meta, meta.current)? } else { None };
        let removed = removed.into_iter().map(DocIdx).collect();
        Ok(Some(Changed { put, removed, moved: now, tree }))
    }
}
