//! Small numbers of all rows, in blocks of many rows, each with a checksum.
//!
//! A row of its own for a bit or a node would cost more than it holds; a block is read and written whole. Blocks are
//! numbered without gaps, so that one that cannot be found is known to be lost.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::fault::{Fault, damaged};
use super::meta::Meta;
use super::seal::{Seal, checksum};

/// Blocks of a table that a transaction reads and changes.
#[derive(Debug)]
pub(super) struct Blocks {
    /// The table, and its seal.
    name: String,
    /// The bytes of a block.
    bytes: usize,
    /// What a block is filled with in the beginning.
    fill: u8,
    /// How many blocks are stored.
    n_stored: u32,
    /// Blocks that were read, with the checksum that is stored; none where the block is new.
    held: BTreeMap<u32, Held>,
}

#[derive(Debug)]
struct Held {
    content: Vec<u8>,
    stored: Option<u32>,
}

impl Blocks {
    /// The blocks of a table, none of them read yet.
    pub(super) fn new(name: impl Into<String>, meta: &Meta, bytes: usize, fill: u8) -> Self {
        let name = name.into();
        let n_stored = u32::try_from(meta.seal(&name).n).unwrap_or(u32::MAX);
        Blocks { name, bytes, fill, n_stored, held: BTreeMap::new() }
    }

    /// A block, to be changed.
    pub(super) fn block(&mut self, connection: &Connection, block: u32) -> Result<&mut [u8], Fault> {
        if !self.held.contains_key(&block) {
            let held = match self.read(connection, block)? {
                Some((content, stored)) => Held { content, stored: Some(stored) },
                None if block < self.n_stored => {
                    return damaged(format!("block {block} of `{}` is gone", self.name));
                }
                None => self.new_block(),
            };
            self.held.insert(block, held);
        }
        Ok(&mut self.held.get_mut(&block).expect("it was just put there").content)
    }

    fn new_block(&self) -> Held {
        Held { content: vec![self.fill; self.bytes], stored: None }
    }

    /// A block as it is stored, with its checksum.
    fn read(&self, connection: &Connection, block: u32) -> Result<Option<(Vec<u8>, u32)>, Fault> {
        let sql = format!("SELECT block, checksum, content FROM {} WHERE block = ?", self.name);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([block])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (_, stored, content) = self.checked(row)?;
        Ok(Some((content.to_vec(), stored)))
    }

    /// Number, checksum and content of a block, held against each other.
    fn checked<'a>(&self, row: &'a rusqlite::Row<'_>) -> Result<(u32, u32, &'a [u8]), Fault> {
        let (block, stored): (u32, u32) = (row.get(0)?, row.get(1)?);
        let content = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        if content.len() != self.bytes || checksum(u64::from(block), &[content]) != stored {
            return damaged(format!("block {block} of `{}` is not what was written", self.name));
        }
        Ok((block, stored, content))
    }

    /// Writes the blocks that were read, and keeps up their seal.
    pub(super) fn flush(&mut self, connection: &Connection, meta: &mut Meta) -> Result<(), Fault> {
        if let Some(last) = self.held.last_key_value().map(|(last, _)| *last) {
            for block in self.n_stored..last {
                if !self.held.contains_key(&block) {
                    self.held.insert(block, self.new_block());
                }
            }
            self.n_stored = self.n_stored.max(last + 1);
        }
        let sql = format!("INSERT OR REPLACE INTO {} VALUES (?, ?, ?)", self.name);
        let mut statement = connection.prepare_cached(&sql)?;
        let seal = meta.seal_mut(&self.name);
        for (block, Held { content, stored }) in std::mem::take(&mut self.held) {
            let row = u64::from(block);
            let sum = checksum(row, &[&content]);
            if stored == Some(sum) {
                continue;
            }
            if let Some(stored) = stored {
                seal.take(row, stored);
            }
            seal.put(row, sum);
            statement.execute((block, sum, content))?;
        }
        Ok(())
    }

    /// Reads all blocks, each with its number, in ascending order, and checks that none is missing.
    pub(super) fn each(
        &self,
        connection: &Connection,
        meta: &Meta,
        mut f: impl FnMut(u32, &[u8]),
    ) -> Result<(), Fault> {
        let sql = format!("SELECT block, checksum, content FROM {} ORDER BY block", self.name);
        let mut statement = connection.prepare_cached(&sql)?;
        let (mut rows, mut found) = (statement.query([])?, Seal::default());
        while let Some(row) = rows.next()? {
            let (block, stored, content) = self.checked(row)?;
            found.put(u64::from(block), stored);
            f(block, content);
        }
        meta.check(&self.name, found)
    }
}
