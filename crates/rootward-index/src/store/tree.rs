//! The tree of a set of vectors, as it is stored.

use rootward::doc_tree::TreeShape;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SetId;
use super::fault::{Fault, damaged};
use super::meta::{self, Meta};
use super::seal::{Seal, checksum};
use crate::error::IndexError;

/// A tree without its documents: these know their homes.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedTree {
    /// By slot its parent; [`SavedTree::ROOT`] of the root, which is the first, and [`SavedTree::VACANT`] where there is
    /// no node.
    pub parents: Vec<u32>,
    /// What it was grown to.
    pub shape: TreeShape,
    /// What its random choices came from.
    pub seed: u64,
    /// What search learned about it; the store does not look into it.
    pub calibration: Value,
}

/// What is stored as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grown {
    shape: TreeShape,
    seed: u64,
    calibration: Value,
}

impl SavedTree {
    /// Stands for the parent of the root.
    pub const ROOT: u32 = u32::MAX;
    /// Stands for the parent of a slot that is vacant.
    pub const VACANT: u32 = u32::MAX - 1;

    /// Refuses parents that make no tree.
    ///
    /// # Errors
    /// When there is no root, a node hangs below none, or nodes go round in a circle.
    pub fn check(&self) -> Result<(), IndexError> {
        let bad = |node, problem| Err(IndexError::Tree { node, problem });
        if self.parents.first() != Some(&Self::ROOT) {
            return bad(0, "should be the root");
        }
        // Each node that was reached from below is the root's, or on the way that is being walked.
        let mut way_of = vec![0u32; self.parents.len()];
        for node in
            (1..).zip(&self.parents[1..]).filter(|(_, parent)| **parent != Self::VACANT).map(|(node, _)| node)
        {
            let mut at: u32 = node;
            while at != 0 && way_of[at as usize] == 0 {
                way_of[at as usize] = node;
                at = match self.parents[at as usize] {
                    Self::ROOT => return bad(at, "is a second root"),
                    Self::VACANT => return bad(node, "hangs below a vacant slot"),
                    parent if parent as usize >= self.parents.len() => {
                        return bad(at, "has no node above it");
                    }
                    parent => parent,
                };
            }
            if at != 0 && way_of[at as usize] == node {
                return bad(at, "is below itself");
            }
        }
        Ok(())
    }

    /// Whether there is a node in a slot.
    pub(super) fn has(&self, slot: u32) -> bool {
        self.parents.get(slot as usize).is_some_and(|parent| *parent != Self::VACANT)
    }
}

/// Writes the tree of a set in place of the one it had.
pub(super) fn save(
    connection: &Connection,
    meta: &mut Meta,
    of: SetId,
    tree: &SavedTree,
) -> Result<(), Fault> {
    let SetId(set) = of;
    let SavedTree { parents, shape, seed, calibration } = tree;
    let grown = Grown { shape: *shape, seed: *seed, calibration: calibration.clone() };
    let grown = serde_json::to_string(&grown).expect("numbers and a value are JSON");
    let parents: Vec<u8> = parents.iter().flat_map(|parent| parent.to_le_bytes()).collect();
    let sum = checksum(u64::from(set), &[grown.as_bytes(), &parents]);
    let sql = "INSERT OR REPLACE INTO tree VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute((set, sum, grown, parents))?;
    let seal = meta.seal_mut(&meta::tree(of));
    *seal = Seal::default();
    seal.put(u64::from(set), sum);
    Ok(())
}

/// The tree of a set; none where it has none.
pub(super) fn load(connection: &Connection, meta: &Meta, of: SetId) -> Result<Option<SavedTree>, Fault> {
    let (SetId(set), mut found) = (of, Seal::default());
    let sql = "SELECT checksum, settings, parents FROM tree WHERE vectors = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([set])?;
    let Some(row) = rows.next()? else { return meta.check(&meta::tree(of), found).map(|()| None) };
    let grown = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    let parents = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    let sum = checksum(u64::from(set), &[grown.as_bytes(), parents]);
    found.put(u64::from(set), sum);
    meta.check(&meta::tree(of), found)?;
    if row.get::<_, u32>(0)? != sum {
        return damaged(format!("the tree of set {set} is not what was written"));
    }
    let Grown { shape, seed, calibration } = serde_json::from_str(grown)
        .or_else(|error| damaged(format!("the tree of set {set} cannot be read: {error}")))?;
    let parents =
        parents.chunks_exact(4).map(|parent| u32::from_le_bytes(parent.try_into().expect("4 bytes")));
    Ok(Some(SavedTree { parents: parents.collect(), shape, seed, calibration }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VACANT: u32 = SavedTree::VACANT;
    const ROOT: u32 = SavedTree::ROOT;

    #[test]
    fn parents_that_make_no_tree_are_refused() {
        let check = |parents: &[u32]| {
            let shape = TreeShape { branching: 2, leaf_size: 1, balance: 1.0, iterations: 1, sample: 1 };
            let tree = SavedTree { parents: parents.to_vec(), shape, seed: 0, calibration: Value::Null };
            tree.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(&[ROOT, 0, VACANT, 4, 1]), Ok(()));
        assert!(check(&[]).unwrap_err().contains("root"));
        assert!(check(&[ROOT, ROOT]).unwrap_err().contains("second root"));
        assert!(check(&[ROOT, 2, 1]).unwrap_err().contains("below itself"));
        assert!(check(&[ROOT, 2, VACANT]).unwrap_err().contains("vacant"));
        assert!(check(&[ROOT, 7]).unwrap_err().contains("no node above"));
    }
}
