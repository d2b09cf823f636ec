//! The node of the tree that owns each row, of one set of vectors.
//!
//! They stand apart from the vectors, so that a new tree over a million documents writes 4 MB.

use rootward::doc_tree::NodeIdx;
use rusqlite::Connection;

use super::SetId;
use super::blocks::Blocks;
use super::fault::Fault;
use super::meta::{self, Meta};

/// The rows of a block, with 4 bytes each.
const ROWS: u32 = 256;
/// Stands for the home of a row that has none.
const NONE: u32 = u32::MAX;

pub(super) fn blocks(meta: &Meta, set: SetId) -> Blocks {
    Blocks::new(meta::homes(set), meta, ROWS as usize * 4, 0xff)
}

/// Puts a row into a node; returns whether it was in another one, or none.
pub(super) fn put(
    blocks: &mut Blocks,
    connection: &Connection,
    row: u32,
    node: NodeIdx,
) -> Result<bool, Fault> {
    let home = &mut blocks.block(connection, row / ROWS)?[(row % ROWS) as usize * 4..][..4];
    let new = node.0.to_le_bytes();
    let moved = home != new;
    home.copy_from_slice(&new);
    Ok(moved)
}

/// The node that owns a row.
pub(super) fn get(blocks: &mut Blocks, connection: &Connection, row: u32) -> Result<Option<NodeIdx>, Fault> {
    let home = &blocks.block(connection, row / ROWS)?[(row % ROWS) as usize * 4..][..4];
    Ok(node(u32::from_le_bytes(home.try_into().expect("4 bytes"))))
}

fn node(number: u32) -> Option<NodeIdx> {
    (number != NONE).then_some(NodeIdx(number))
}

/// The homes of all rows; those of rows without a document are what they were.
#[derive(Clone, Debug)]
pub(super) struct Homes(Vec<u32>);

impl Homes {
    pub(super) fn read(connection: &Connection, meta: &Meta, set: SetId) -> Result<Homes, Fault> {
        let mut homes = vec![NONE; meta.next_row as usize];
        blocks(meta, set).each(connection, meta, |block, content| {
            let content = content.chunks_exact(4).map(|home| home.try_into().expect("4 bytes"));
            let homes = homes.iter_mut().skip(block as usize * ROWS as usize);
            homes.zip(content).for_each(|(home, read)| *home = u32::from_le_bytes(read));
        })?;
        Ok(Homes(homes))
    }

    pub(super) fn get(&self, row: u32) -> Option<NodeIdx> {
        self.0.get(row as usize).and_then(|number| node(*number))
    }
}
