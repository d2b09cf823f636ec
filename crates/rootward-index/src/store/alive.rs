//! Which rows have a document: a bit for each.

use rusqlite::Connection;

use super::blocks::Blocks;
use super::fault::Fault;
use super::meta::{ALIVE, Meta};
use super::row_set::RowSet;

/// The bytes of a block.
const BYTES: usize = 1024;
/// The rows of a block.
const ROWS: u32 = BYTES as u32 * 8;

pub(super) fn blocks(meta: &Meta) -> Blocks {
    Blocks::new(ALIVE, meta, BYTES, 0)
}

/// Says whether a row has a document; returns whether it had one.
pub(super) fn turn(blocks: &mut Blocks, connection: &Connection, row: u32) -> Result<bool, Fault> {
    let block = blocks.block(connection, row / ROWS)?;
    let (byte, bit) = (&mut block[(row % ROWS / 8) as usize], 1 << (row % 8));
    *byte ^= bit;
    Ok(*byte & bit == 0)
}

/// All rows with a document.
pub(super) fn read(connection: &Connection, meta: &Meta) -> Result<RowSet, Fault> {
    let mut alive = RowSet::new(meta.next_row);
    blocks(meta).each(connection, meta, |block, content| {
        let words = content.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
        alive.fill_words(block as usize * (BYTES / 8), words);
    })?;
    Ok(alive)
}

/// Whether a row has a document.
pub(super) fn get(blocks: &mut Blocks, connection: &Connection, row: u32) -> Result<bool, Fault> {
    let block = blocks.block(connection, row / ROWS)?;
    Ok(block[(row % ROWS / 8) as usize] >> (row % 8) & 1 == 1)
}
