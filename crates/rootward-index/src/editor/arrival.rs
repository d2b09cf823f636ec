//! What edits come to: rows, leaves, and the step to the next snapshot.
//!
//! Where documents will stand is told before they are written, so that the tree need not wait for the disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rootward::doc_tree::{DocTree, NodeIdx};
use rootward::ids::DocIdx;

use super::{BEAM, Edit, SEED, saved};
use crate::descent::search_shape;
use crate::error::IndexError;
use crate::snapshot::{Placed, Snapshot, Step};
use crate::store::{Changes, Record, SavedTree, SetId};
use crate::vectors::Vectors;

/// What edits come to in the end.
#[derive(Default)]
pub(super) struct Net<'e> {
    /// Documents that come, by row.
    added: BTreeMap<DocIdx, &'e Record>,
    /// The rows of those that were there and go.
    removed: Vec<DocIdx>,
}

/// Where documents stand from now on.
pub(super) struct Places {
    /// Those that come.
    added: Vec<(DocIdx, NodeIdx)>,
    /// Those that were there and have another leaf now.
    moved: Vec<(DocIdx, NodeIdx)>,
    tree: Arc<SavedTree>,
    /// Whether it is another one than before.
    tree_changed: bool,
}

impl<'e> Net<'e> {
    /// What edits will come to, as far as can be told before they are written.
    ///
    /// # Errors
    /// When a document cannot be put, or the index cannot be read.
    pub(super) fn foreseen(changes: &Changes<'_>, edits: &'e [Edit]) -> Result<Self, IndexError> {
        let (mut net, mut next) = (Net::default(), changes.next_row());
        // The rows of ids that were touched before in this batch.
        let mut now: HashMap<&str, Option<DocIdx>> = HashMap::new();
        for edit in edits {
            let (id, record) = (edit.id(), edit.record());
            record.map_or(Ok(()), |record| changes.check(record))?;
            let known = match (edit, now.get(id)) {
                // Whether it is there already is found out when it is written.
                (Edit::Add(_), _) => None,
                (_, Some(known)) => *known,
                (_, None) => changes.row(id)?,
            };
            let come = record.map(|record| (next, record));
            next.0 += u32::from(come.is_some());
            net.note(known, come);
            now.insert(id, come.map(|(doc, _)| doc));
        }
        Ok(net)
    }

    /// Writes edits; what they came to.
    fn written(changes: &mut Changes<'_>, edits: &'e [Edit]) -> Result<Self, IndexError> {
        let mut net = Net::default();
        for edit in edits {
            let gone = match edit {
                Edit::Add(_) => None,
                _ => Some(changes.remove(edit.id())),
            };
            let gone = match (edit, gone) {
                (Edit::Put(_) | Edit::Discard(_), Some(Err(IndexError::Absent { .. }))) => None,
                (_, gone) => gone.transpose()?,
            };
            let come = edit.record().map(|record| changes.add(record).map(|doc| (doc, record)));
            net.note(gone, come.transpose()?);
        }
        Ok(net)
    }

    /// Notes that the document of a row goes, and that one comes.
    fn note(&mut self, gone: Option<DocIdx>, come: Option<(DocIdx, &'e Record)>) {
        // Who came in this batch and goes in it was never there.
        self.removed.extend(gone.filter(|doc| self.added.remove(doc).is_none()));
        self.added.extend(come);
    }

    fn has_the_rows_of(&self, other: &Net<'_>) -> bool {
        self.added.keys().eq(other.added.keys()) && self.removed == other.removed
    }

    /// The step to the snapshot after the edits.
    pub(super) fn step(&self, generation: u64, places: &Places) -> Step<'e> {
        let Places { added, moved, tree, .. } = places;
        let placed = self.added.iter().zip(added);
        let placed = placed.map(|((doc, record), (_, home))| Placed {
            doc: *doc,
            id: &record.id,
            home: *home,
            vector: &record.vector,
        });
        let (added, removed) = (placed.collect(), self.removed.clone());
        Step { generation, added, removed, moved: moved.clone(), tree: tree.clone() }
    }
}

/// Writes edits, and where documents stand as soon as that is told; returns the generation that made.
///
/// # Errors
/// When an edit is refused, the index cannot be written, or nobody tells: then nothing is changed.
pub(super) fn write(
    mut changes: Changes<'_>,
    edits: &[Edit],
    net: &Net<'_>,
    set: SetId,
    told: &Receiver<Arc<Places>>,
) -> Result<u64, IndexError> {
    let written = Net::written(&mut changes, edits)?;
    assert!(net.has_the_rows_of(&written), "rows are given in the order of edits");
    let Ok(places) = told.recv() else { return changes.abandon() };
    let Places { added, moved, tree, tree_changed } = &*places;
    changes.set_homes(set, added.iter().chain(moved).copied())?;
    if *tree_changed {
        changes.set_tree(set, tree)?;
    }
    changes.commit()
}

/// Documents that come and go, before the tree knows.
pub(super) struct Arrival<'a> {
    before: &'a Snapshot,
    net: &'a Net<'a>,
    /// With those that come.
    vectors: Vectors,
}

impl<'a> Arrival<'a> {
    pub(super) fn of(before: &'a Snapshot, net: &'a Net<'a>) -> Self {
        let mut vectors = before.vectors.clone();
        net.added.iter().for_each(|(doc, record)| vectors.put(*doc, &record.vector));
        Arrival { before, net, vectors }
    }

    /// Lets the tree follow, which is grown anew where more come than stay; where everybody stands then.
    ///
    /// # Errors
    /// When the tree was made of other documents than are there.
    pub(super) fn places(&self, tree: &mut DocTree, looked_at: &[DocIdx]) -> Result<Places, IndexError> {
        let moved = if self.net.added.len() > self.before.n_docs() - self.net.removed.len() {
            *tree = self.grown()?;
            self.homes_that_changed(tree)
        } else {
            self.settled(tree, looked_at)?
        };
        let home = |doc: &DocIdx| (*doc, tree.home(*doc).expect("a document that came has a leaf"));
        let added = self.net.added.keys().map(home).collect();
        let tree = saved(tree, self.before.tree());
        let tree_changed = !Arc::ptr_eq(&tree, self.before.tree());
        Ok(Places { added, moved, tree, tree_changed })
    }

    /// Lets the tree follow, and those that are looked at move to better leaves that have room; documents that were there
    /// and have another leaf now.
    fn settled(
        &self,
        tree: &mut DocTree,
        looked_at: &[DocIdx],
    ) -> Result<Vec<(DocIdx, NodeIdx)>, IndexError> {
        // Where one node alone was touched, only the document that came or went has another leaf than before.
        let mut divided: BTreeSet<NodeIdx> = BTreeSet::new();
        let mut note = |touched: Vec<NodeIdx>| {
            if touched.len() > 1 {
                divided.extend(touched);
            }
        };
        for doc in &self.net.removed {
            note(tree.remove(*doc, &self.vectors)?);
        }
        let new: Vec<DocIdx> = self.net.added.keys().copied().collect();
        let homes = tree.homes_for(&new, &self.vectors, BEAM);
        for (doc, home) in new.into_iter().zip(homes) {
            // A leaf that was divided meanwhile may be one no longer.
            note(match tree.is_home(home) {
                true => tree.insert_into(doc, home, &self.vectors)?,
                false => tree.insert(doc, &self.vectors, BEAM)?,
            });
        }
        let mut asked: Vec<DocIdx> = Vec::new();
        for (doc, better) in self.better_homes(tree, looked_at) {
            let has_room = tree.owned(better).len() < tree.shape().leaf_size;
            if has_room && tree.home(doc).is_some_and(|home| home != better) {
                note(tree.remove(doc, &self.vectors)?);
                note(tree.insert(doc, &self.vectors, BEAM)?);
                asked.push(doc);
            }
        }
        asked.extend(divided.iter().flat_map(|node| tree.owned(*node)));
        asked.sort_unstable();
        asked.dedup();
        let stay = asked.into_iter().filter(|doc| !self.net.added.contains_key(doc));
        let homes = stay.filter_map(|doc| tree.home(doc).map(|home| (doc, home)));
        Ok(homes.filter(|(doc, home)| self.before.home(*doc) != Some(*home)).collect())
    }

    /// Where the tree leads documents that stay and are elsewhere.
    fn better_homes(&self, tree: &DocTree, docs: &[DocIdx]) -> Vec<(DocIdx, NodeIdx)> {
        let best = tree.homes_for(docs, &self.vectors, BEAM);
        let pairs = docs.iter().copied().zip(best);
        pairs.filter(|(doc, best)| tree.home(*doc).is_some_and(|home| home != *best)).collect()
    }

    /// A tree of all documents that are there then.
    fn grown(&self) -> Result<DocTree, IndexError> {
        let gone: BTreeSet<&DocIdx> = self.net.removed.iter().collect();
        let stay = self.before.docs().map(|(doc, _)| doc).filter(|doc| !gone.contains(doc));
        let docs: Vec<DocIdx> = stay.chain(self.net.added.keys().copied()).collect();
        Ok(DocTree::grow_among(&self.vectors, &docs, search_shape(docs.len()), SEED)?)
    }

    fn homes_that_changed(&self, tree: &DocTree) -> Vec<(DocIdx, NodeIdx)> {
        let now = self.before.docs().filter_map(|(doc, home)| Some((doc, home, tree.home(doc)?)));
        now.filter(|(_, before, home)| before != home).map(|(doc, _, home)| (doc, home)).collect()
    }
}
