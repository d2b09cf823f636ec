//! What is searched at a moment: read whole, or from what was there and what changed since.

use std::sync::Arc;

use rootward::doc_tree::{DocTree, NodeIdx, TreeShape};
use rootward::ids::DocIdx;
use serde_json::Value;

use crate::descent::search_shape;
use crate::error::IndexError;
use crate::homes::Homes;
use crate::ids::Ids;
use crate::snapshot::{Placed, Snapshot, Step};
use crate::store::{Reading, SavedTree, SetId, Settings};
use crate::tuning::Tuning;
use crate::vectors::Vectors;

/// What is searched.
pub(crate) struct Current {
    pub(crate) snapshot: Snapshot,
    pub(crate) set: SetId,
    pub(crate) settings: Settings,
    pub(crate) tuning: Option<Tuning>,
}

impl Current {
    /// Reads everything.
    pub(crate) fn read(reading: &Reading<'_>) -> Result<Current, IndexError> {
        let (set, settings) = (reading.current(), reading.settings().clone());
        let tree = match reading.tree(set)? {
            Some(tree) => tree,
            None => bare(search_shape(0)),
        };
        let parts = reading.each_vector(
            set,
            rayon::current_num_threads(),
            || (Vectors::new(settings.dim), Vec::new()),
            |(vectors, homes), doc, home, vector| {
                vectors.put(doc, vector);
                homes.push((doc, home.unwrap_or(DocTree::ROOT)));
            },
        )?;
        let (vectors, placed): (Vec<Vectors>, Vec<Vec<(DocIdx, NodeIdx)>>) = parts.into_iter().unzip();
        let mut homes = Homes::default();
        for (doc, home) in placed.iter().flatten() {
            if home.at() >= tree.parents.len() {
                let what = format!("row {} is in node {}, which its tree lacks", doc.0, home.0);
                return Err(IndexError::Damaged { path: reading.path().to_owned(), what });
            }
            homes.put(*doc, Some(*home));
        }
        let mut ids = Ids::default();
        reading.each_id(|doc, id| ids.put(doc, id))?;
        let vectors = Vectors::joined(settings.dim, vectors);
        let tuning = tuning_of(&tree);
        let snapshot = Snapshot::of(reading.generation(), vectors, ids, homes, tree);
        Ok(Current { snapshot, set, settings, tuning })
    }

    /// Reads what changed; everything where that is not known.
    pub(super) fn after(&self, reading: &Reading<'_>) -> Result<Current, IndexError> {
        let Some(changed) = reading.changes_since(self.snapshot.generation())? else {
            return Current::read(reading);
        };
        let added = changed.put.iter().map(|added| Placed {
            doc: added.doc,
            id: &added.id,
            home: added.home.unwrap_or(DocTree::ROOT),
            vector: &added.vector,
        });
        let tree = changed.tree.map_or_else(|| self.snapshot.tree().clone(), Arc::new);
        let step = Step {
            generation: reading.generation(),
            added: added.collect(),
            removed: changed.removed,
            moved: changed.moved,
            tree,
        };
        let snapshot = self.snapshot.after(&step);
        let tuning = tuning_of(snapshot.tree());
        Ok(Current { snapshot, set: self.set, settings: self.settings.clone(), tuning })
    }
}

/// A tree of a root alone.
pub(crate) fn bare(shape: TreeShape) -> SavedTree {
    SavedTree { parents: vec![SavedTree::ROOT], shape, seed: 0, calibration: Value::Null }
}

/// How search down a tree was tuned; none where it was not.
pub(crate) fn tuning_of(tree: &SavedTree) -> Option<Tuning> {
    serde_json::from_value(tree.calibration.clone()).ok()
}
