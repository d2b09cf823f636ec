//! Reading all vectors, held against their checksums, over several connections at one generation.

use std::ops::Range;
use std::path::Path;

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rusqlite::Connection;

use super::SetId;
use super::connection::{begin_reading, end, open_reader};
use super::fault::{Fault, damaged};
use super::homes::Homes;
use super::meta::{self, ID, Meta};
use super::reader::Reading;
use super::seal::{Seal, checksum};
use crate::error::IndexError;

/// Where ranges of rows may end.
const ROWS: u32 = 1024;

/// The checksum of a vector.
pub(super) fn sum(row: u32, vector: &[u8]) -> u32 {
    checksum(u64::from(row), &[vector])
}

/// The checksum of an id in its index.
pub(super) fn id_sum(row: u32, id: &str) -> u32 {
    checksum(u64::from(row), &[id.as_bytes()])
}

impl Reading<'_> {
    /// Calls `each` with every document that has a vector in a set, with its home in the set's tree and its vector, in
    /// ascending order within each of `n_parts` ranges of rows. There is a thread for each range, with a state that
    /// `begin` makes; the states come back in the order of the ranges, which end at multiples of 1,024 rows.
    ///
    /// # Errors
    /// When there is no such set, or the index cannot be read or is damaged: then what `each` saw may be wrong.
    pub fn each_vector<T: Send>(
        &self,
        set: SetId,
        n_parts: usize,
        begin: impl Fn() -> T + Sync,
        each: impl Fn(&mut T, DocIdx, Option<NodeIdx>, &[f32]) + Sync,
    ) -> Result<Vec<T>, IndexError> {
        let meta = self.meta();
        let dim = meta.settings(set)?.dim;
        let homes = self.told(Homes::read(self.connection(), meta, set))?;
        let part = |connection: &Connection, rows: Range<u32>| -> Result<(T, Seal), Fault> {
            let mut state = begin();
            let seal = each_of(connection, set, dim, rows, |row, vector| {
                each(&mut state, DocIdx(row), homes.get(row), vector);
            })?;
            Ok((state, seal))
        };
        let parts = ranges(meta.next_row, n_parts.max(1));
        let others: Vec<Connection> = (1..parts.len()).map_while(|_| beside(self.path(), meta)).collect();
        // Another writer was faster: only this connection sees the generation that is asked for.
        let alone = others.len() + 1 < parts.len();
        let read: Vec<Result<(T, Seal), Fault>> = if alone {
            parts.into_iter().map(|rows| part(self.connection(), rows)).collect()
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = others
                    .into_iter()
                    .zip(&parts[1..])
                    .map(|(connection, rows)| (connection, rows.clone()))
                    .map(|(connection, rows)| {
                        scope.spawn(|| {
                            let connection = connection;
                            part(&connection, rows)
                        })
                    })
                    .collect();
                let own = part(self.connection(), parts[0].clone());
                let joined = threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                std::iter::once(own).chain(joined).collect()
            })
        };
        let (mut states, mut found) = (Vec::new(), Seal::default());
        for part in read {
            let (state, seal) = self.told(part)?;
            states.push(state);
            found.merge(seal);
        }
        self.told(meta.check(&meta::vectors(set), found))?;
        if set == meta.current && found.n != meta.n_docs {
            return self.told(damaged(format!("{} documents have {} vectors", meta.n_docs, found.n)));
        }
        Ok(states)
    }

    /// Calls `each` with the id of every document, in the order of ids.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged: then what `each` saw may be wrong.
    pub fn each_id(&self, each: impl FnMut(DocIdx, &str)) -> Result<(), IndexError> {
        let read = each_id(self.connection(), self.meta(), each);
        self.told(read).inspect(|()| self.checked().set(ID))
    }
}

/// Another connection that sees the same generation; none where it has gone on.
fn beside(path: &Path, meta: &Meta) -> Option<Connection> {
    let connection = open_reader(path).ok()?;
    let same = begin_reading(&connection, path).is_ok_and(|found| found == *meta);
    if same {
        return Some(connection);
    }
    end(&connection);
    None
}

/// Ranges of rows that together are all, as equal as their ends allow.
fn ranges(n_rows: u32, n_parts: usize) -> Vec<Range<u32>> {
    let blocks = n_rows.div_ceil(ROWS);
    let n_parts = u32::try_from(n_parts).unwrap_or(u32::MAX).min(blocks.max(1));
    let end = |part: u32| (u64::from(blocks) * u64::from(part) / u64::from(n_parts)) as u32;
    let row = |part| end(part).saturating_mul(ROWS).min(n_rows);
    (0..n_parts).map(|part| row(part)..row(part + 1)).collect()
}

/// Calls `f` with each vector of a range of rows; returns their seal.
pub(super) fn each_of(
    connection: &Connection,
    set: SetId,
    dim: usize,
    rows: Range<u32>,
    mut f: impl FnMut(u32, &[f32]),
) -> Result<Seal, Fault> {
    let table = meta::vectors(set);
    let sql = format!("SELECT row, checksum, vector FROM {table} WHERE row >= ? AND row < ? ORDER BY row");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([rows.start, rows.end])?;
    let (mut found, mut vector) = (Seal::default(), vec![0.0; dim]);
    while let Some(read) = rows.next()? {
        let (row, stored): (u32, u32) = (read.get(0)?, read.get(1)?);
        let bytes = read.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        decode(row, stored, bytes, &mut vector)?;
        found.put(u64::from(row), stored);
        f(row, &vector);
    }
    Ok(found)
}

/// Checks the bytes of a vector and takes them apart.
fn decode(row: u32, stored: u32, bytes: &[u8], vector: &mut [f32]) -> Result<(), Fault> {
    if bytes.len() != vector.len() * 4 || sum(row, bytes) != stored {
        return damaged(format!("the vector of row {row} is not what was written"));
    }
    for (number, bytes) in vector.iter_mut().zip(bytes.chunks_exact(4)) {
        *number = f32::from_le_bytes(bytes.try_into().expect("4 bytes"));
    }
    Ok(())
}

/// The vector of a row; none where it has none.
pub(super) fn vector(
    connection: &Connection,
    meta: &Meta,
    set: SetId,
    row: u32,
) -> Result<Option<Vec<f32>>, Fault> {
    let table = meta::vectors(set);
    let mut statement =
        connection.prepare_cached(&format!("SELECT checksum, vector FROM {table} WHERE row = ?"))?;
    let mut rows = statement.query([row])?;
    let Some(read) = rows.next()? else { return Ok(None) };
    let mut vector = vec![0.0; meta.settings(set)?.dim];
    decode(row, read.get(0)?, read.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?, &mut vector)?;
    Ok(Some(vector))
}

/// Calls `f` with the id of each document, from the index on ids, and holds it against its seal.
pub(super) fn each_id(
    connection: &Connection,
    meta: &Meta,
    mut f: impl FnMut(DocIdx, &str),
) -> Result<(), Fault> {
    let mut statement =
        connection.prepare_cached("SELECT row, id FROM document INDEXED BY document_id ORDER BY id")?;
    let (mut rows, mut found) = (statement.query([])?, Seal::default());
    while let Some(read) = rows.next()? {
        let row: u32 = read.get(0)?;
        let id = read.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        found.put(u64::from(row), id_sum(row, id));
        f(DocIdx(row), id);
    }
    meta.check(ID, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_rows_once_and_end_at_whole_blocks() {
        let check = |n_rows, n_parts, ends: &[u32]| {
            let ranges = ranges(n_rows, n_parts);
            assert_eq!(ranges.iter().map(|rows| rows.end).collect::<Vec<_>>(), ends);
            assert!(ranges[0].start == 0 && ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        };
        check(0, 2, &[0]);
        check(1_000, 2, &[1_000]);
        check(4_000, 2, &[2_048, 4_000]);
        check(u32::MAX, 1, &[u32::MAX]);
    }
}
