//! Seals over the tables that FTS5 keeps its index in.
//!
//! `words_data` holds its blocks: SQLite tells which of them a transaction wrote, and their checksums are kept in
//! `word_block`. `words_idx` says which block of a segment begins with which term; a segment whose blocks were written is
//! summed up anew, and the sum kept in `word_segment`. `words_docsize` has the lengths of a document from when it comes until
//! it goes. Reading all three anew costs little beside what the first search of a process must read anyway.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::store::fault::{Fault, damaged};
use crate::store::meta::{Meta, WORD_BLOCK, WORD_LENGTH, WORD_SEGMENT};
use crate::store::seal::{Seal, checksum};

/// A block's number holds its segment from this bit on  [FTS5, `fts5_dri`], and those of removed documents beyond 16 more.
const SEGMENT_BIT: u32 = 37;
const SEGMENTS: i64 = 0xffff;

/// The blocks that a transaction wrote.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Touched(BTreeSet<i64>);

impl Touched {
    /// A row of a table was written or removed.
    pub(in crate::store) fn note(&mut self, table: &str, row: i64) {
        if table == "words_data" {
            self.0.insert(row);
        }
    }
}

/// All blocks, as if they were just written.
pub(in crate::store) fn all_blocks(connection: &Connection) -> Result<Touched, Fault> {
    let mut statement = connection.prepare("SELECT id FROM words_data")?;
    let blocks = statement.query_map((), |row| row.get(0))?;
    Ok(Touched(blocks.collect::<Result<_, _>>()?))
}

/// Seals the blocks that were written.
pub(in crate::store) fn seal(
    connection: &Connection,
    meta: &mut Meta,
    touched: &Touched,
) -> Result<(), Fault> {
    let mut old = connection.prepare_cached("DELETE FROM word_block WHERE id = ? RETURNING checksum")?;
    let mut new = connection.prepare_cached("SELECT block FROM words_data WHERE id = ?")?;
    let mut write = connection.prepare_cached("INSERT INTO word_block VALUES (?, ?)")?;
    let seal = meta.seal_mut(WORD_BLOCK);
    for id in &touched.0 {
        if let Some(sum) = old.query([id])?.next()?.map(|row| row.get(0)).transpose()? {
            seal.take(*id as u64, sum);
        }
        let mut rows = new.query([id])?;
        if let Some(row) = rows.next()? {
            let sum = checksum(*id as u64, &[row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?]);
            seal.put(*id as u64, sum);
            write.execute((id, sum))?;
        }
    }
    let segments: BTreeSet<i64> = touched.0.iter().map(|id| id >> SEGMENT_BIT & SEGMENTS).collect();
    segments.into_iter().try_for_each(|segment| seal_segment(connection, meta, segment))
}

fn seal_segment(connection: &Connection, meta: &mut Meta, segment: i64) -> Result<(), Fault> {
    let seal = meta.seal_mut(WORD_SEGMENT);
    let mut old = connection.prepare_cached("DELETE FROM word_segment WHERE id = ? RETURNING n, sum")?;
    if let Some(row) = old.query([segment])?.next()? {
        let (n, sum): (i64, i64) = (row.get(0)?, row.get(1)?);
        *seal = Seal { n: seal.n.wrapping_sub(n as u64), sum: seal.sum.wrapping_sub(sum as u64) };
    }
    let found = sum_up(connection, "SELECT segid, term, pgno FROM words_idx WHERE segid = ?", [segment])?;
    if found.n > 0 {
        let mut write = connection.prepare_cached("INSERT INTO word_segment VALUES (?, ?, ?)")?;
        write.execute((segment, found.n as i64, found.sum as i64))?;
        seal.merge(found);
    }
    Ok(())
}

/// The seal of rows of `words_idx`.
fn sum_up(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Seal, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let (mut rows, mut found) = (statement.query(values)?, Seal::default());
    while let Some(row) = rows.next()? {
        let (segment, page): (i64, i64) = (row.get(0)?, row.get(2)?);
        let term = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        found.put(segment as u64, checksum(page as u64, &[term]));
    }
    Ok(found)
}

/// The checksum of a row of `words_docsize`, read from its first three columns.
fn length(row: &rusqlite::Row<'_>) -> Result<(u64, u32), Fault> {
    let (id, origin): (i64, i64) = (row.get(0)?, row.get(2)?);
    let lengths = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    Ok((id as u64, checksum(id as u64, &[lengths, &origin.to_le_bytes()])))
}

fn length_of(connection: &Connection, row: u32) -> Result<u32, Fault> {
    let sql = "SELECT id, sz, origin FROM words_docsize WHERE id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([row])?;
    match rows.next()? {
        Some(read) => Ok(length(read)?.1),
        None => damaged(format!("row {row} has no words")),
    }
}

/// Seals the lengths of a document that was put in.
pub(super) fn put_length(connection: &Connection, meta: &mut Meta, row: u32) -> Result<(), Fault> {
    let sum = length_of(connection, row)?;
    meta.seal_mut(WORD_LENGTH).put(u64::from(row), sum);
    Ok(())
}

/// Takes the lengths of a document that will go out of their seal.
pub(super) fn take_length(connection: &Connection, meta: &mut Meta, row: u32) -> Result<(), Fault> {
    let sum = length_of(connection, row)?;
    meta.seal_mut(WORD_LENGTH).take(u64::from(row), sum);
    Ok(())
}

/// Holds all three tables against their seals.
pub(in crate::store) fn check(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT id, block FROM words_data")?;
    let (mut rows, mut found) = (statement.query(())?, Seal::default());
    while let Some(row) = rows.next()? {
        let id = row.get::<_, i64>(0)? as u64;
        found.put(id, checksum(id, &[row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?]));
    }
    meta.check(WORD_BLOCK, found)?;
    let found = sum_up(connection, "SELECT segid, term, pgno FROM words_idx", ())?;
    meta.check(WORD_SEGMENT, found)?;
    let mut statement = connection.prepare_cached("SELECT id, sz, origin FROM words_docsize")?;
    let (mut rows, mut found) = (statement.query(())?, Seal::default());
    while let Some(row) = rows.next()? {
        let (id, sum) = length(row)?;
        found.put(id, sum);
    }
    meta.check(WORD_LENGTH, found)
}
