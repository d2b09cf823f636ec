//! Changing an index: documents that come and go, the tree that follows them, and another model.
//!
//! What is changed is written first and published then, so that nobody finds what might still be lost. Documents go down
//! the tree to their leaf; a leaf that overflows is divided, and where more come than there were the tree is grown anew.
//! With every change some of the documents that stay are looked at again, and move where the tree leads them by now.

mod arrival;

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use rootward::doc_tree::{DocTree, Drift, NodeIdx};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;

use crate::descent::search_shape;
use crate::error::IndexError;
use crate::index::{Current, Index, bare, tuning_of};
use crate::search::check_queries;
use crate::snapshot::{Snapshot, Step};
use crate::store::{Changes, Progress, Record, SavedTree, SetId, Settings, Store, Writer};
use crate::tuning::Tuning;
use crate::vectors::Vectors;

use arrival::{Arrival, Net, write};

/// Nodes of a level that are looked below on the way to a document's leaf.
const BEAM: usize = 4;

/// For so many documents that come or go one other is looked at, in turn, whether another leaf suits it better by now.
const LOOK: usize = 4;

/// What trees are grown by.
const SEED: u64 = 7;

/// A change of one document.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// It comes; nothing has its id.
    Add(Record),
    /// It takes the place of the document with its id.
    Update(Record),
    /// It takes the place of the document with its id, or comes where there is none.
    Put(Record),
    /// The document with this id goes.
    Remove(String),
    /// The document with this id goes, if there is one.
    Discard(String),
}

impl Edit {
    /// The id that comes or goes.
    fn id(&self) -> &str {
        match self {
            Edit::Add(record) | Edit::Update(record) | Edit::Put(record) => &record.id,
            Edit::Remove(id) | Edit::Discard(id) => id,
        }
    }

    /// The document that comes.
    fn record(&self) -> Option<&Record> {
        match self {
            Edit::Add(record) | Edit::Update(record) | Edit::Put(record) => Some(record),
            Edit::Remove(_) | Edit::Discard(_) => None,
        }
    }
}

/// Changes an index; one at a time, over all processes.
pub struct Editor {
    index: Arc<Index>,
    writer: Writer,
    /// None where a change failed halfway: it is made of the snapshot again.
    tree: Option<DocTree>,
    /// The document that is looked at next.
    next: DocIdx,
    /// Edits since one was looked at.
    unmatched: usize,
}

impl Editor {
    /// Makes an index without documents.
    ///
    /// # Errors
    /// When something is at `path` already, the vectors have no numbers, or it cannot be written.
    pub fn create(path: &Path, settings: &Settings) -> Result<Editor, IndexError> {
        Editor::of(Store::create(path, settings)?)
    }

    /// Opens an index to change it.
    ///
    /// # Errors
    /// When there is no index, it is of a later version, damaged, or has lost changes that were acknowledged, another
    /// process changes it, or it may not be written.
    pub fn open(path: &Path) -> Result<Editor, IndexError> {
        Editor::of(Writer::open(path)?)
    }

    fn of(writer: Writer) -> Result<Editor, IndexError> {
        let index = Arc::new(Index::open(writer.path())?);
        index.lead(true);
        Ok(Editor { index, writer, tree: None, next: DocIdx(0), unmatched: 0 })
    }

    /// The index, to be asked while it is changed; what was acknowledged is found.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Makes all changes or none of them; when this returns they survive the loss of power, and every search finds them.
    /// Returns the generation that they made.
    ///
    /// # Errors
    /// When a document is added that is there or changed that is not, an id is empty, a vector of another width or not
    /// finite, or the index cannot be written: then nothing is changed.
    pub fn apply(&mut self, edits: &[Edit]) -> Result<u64, IndexError> {
        let before = self.level()?;
        let mut tree = self.tree(&before.snapshot)?;
        let changes = begin(&mut self.writer, &before)?;
        let net = Net::foreseen(&changes, edits)?;
        let due = self.unmatched + edits.len();
        let looked_at = before.snapshot.docs_from(self.next).take(due / LOOK);
        let looked_at: Vec<DocIdx> = looked_at.map(|(doc, _)| doc).collect();
        self.unmatched = due % LOOK;
        if due >= LOOK {
            self.next = looked_at.last().map_or(DocIdx(0), |last| DocIdx(last.0 + 1));
        }
        let arrival = Arrival::of(&before.snapshot, &net);
        let next = before.snapshot.generation() + 1;
        // This thread writes and waits for the disk, while the tree and the next snapshot follow.
        let (written, after) = thread::scope(|scope| {
            let (tell, told) = mpsc::sync_channel(1);
            let (snapshot, arrival, net, tree) = (&before.snapshot, &arrival, &net, &mut tree);
            let follow = move |_: &rayon::Scope<'_>| -> Result<Snapshot, IndexError> {
                let places = Arc::new(arrival.places(tree, &looked_at)?);
                // Where nobody takes it, writing has failed, and says why.
                let _ = tell.send(places.clone());
                Ok(snapshot.after(&net.step(next, &places)))
            };
            // Its many small steps are those of one thread of the pool, which others come to help.
            let following = scope.spawn(|| rayon::scope(follow));
            let written = write(changes, edits, net, before.set, &told);
            (written, following.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let (after, generation) = (after?, written?);
        if generation == next {
            self.publish(&before, after);
        }
        self.tree = Some(tree);
        // The change is made, whatever comes of this; the next one tries again.
        Ok(self.keep_recall().ok().flatten().unwrap_or(generation))
    }

    /// Grows the tree anew and measures again where the index has outgrown what was measured: a beam finds less the more
    /// leaves there are. Returns the generation that made, if any.
    fn keep_recall(&mut self) -> Result<Option<u64>, IndexError> {
        let now = self.index.now()?;
        match &now.tuning {
            Some(tuning) if tuning.is_outgrown(now.snapshot.n_docs()) => {
                let recall = tuning.recall;
                self.regrow()?;
                self.tune(recall, None)?;
                Ok(Some(self.index.now()?.snapshot.generation()))
            }
            _ => Ok(None),
        }
    }

    /// Grows the tree anew from the vectors as they are now; who searches goes on meanwhile.
    ///
    /// # Errors
    /// When the index cannot be written: then the tree is as it was.
    pub fn regrow(&mut self) -> Result<u64, IndexError> {
        let before = self.level()?;
        let docs: Vec<DocIdx> = before.snapshot.docs().map(|(doc, _)| doc).collect();
        let shape = search_shape(docs.len());
        let tree = DocTree::grow_among(&before.snapshot, &docs, shape, SEED)?;
        let moved: Vec<(DocIdx, NodeIdx)> = docs
            .into_iter()
            .filter_map(|doc| tree.home(doc).map(|home| (doc, home)))
            .filter(|(doc, home)| before.snapshot.home(*doc) != Some(*home))
            .collect();
        let saved = saved(&tree, before.snapshot.tree());
        let mut changes = begin(&mut self.writer, &before)?;
        let set = before.set;
        changes.set_homes(set, moved.iter().copied())?;
        changes.set_tree(set, &saved)?;
        let generation = changes.commit()?;
        let step = Step { generation, added: Vec::new(), removed: Vec::new(), moved, tree: saved };
        self.publish(&before, before.snapshot.after(&step));
        self.tree = Some(tree);
        Ok(generation)
    }

    /// Finds how wide tree search must look to find a share of the exact best hits, and keeps that with the tree.
    ///
    /// `queries`: vectors of real queries, `(queries, dim)`; without them documents are asked for, each among the others.
    ///
    /// # Errors
    /// When the queries are of another width or not finite, or the index cannot be written.
    pub fn tune(&mut self, recall: f64, queries: Option<&Matrix>) -> Result<Tuning, IndexError> {
        let before = self.level()?;
        let snapshot = &before.snapshot;
        let tuning = match queries {
            Some(queries) => {
                check_queries(queries, snapshot.dim())?;
                Tuning::on_queries(snapshot, queries, recall)
            }
            None => Tuning::held_out(snapshot, recall, SEED),
        };
        let weight = before.tuning.as_ref().and_then(|tuning| tuning.weight);
        let tuning = Tuning { weight, ..tuning };
        self.keep(&tuning)?;
        Ok(tuning)
    }

    /// Keeps what vectors weigh beside words, from 0 to 1; an index that was not tuned is then, for a recall of .99.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn set_weight(&mut self, weight: f32) -> Result<u64, IndexError> {
        let tuning = match &self.index.now()?.tuning {
            Some(tuning) => tuning.clone(),
            None => self.tune(0.99, None)?,
        };
        self.keep(&Tuning { weight: Some(weight), ..tuning })
    }

    fn keep(&mut self, tuning: &Tuning) -> Result<u64, IndexError> {
        let before = self.level()?;
        let calibration = serde_json::to_value(tuning).expect("numbers are JSON");
        let saved = SavedTree { calibration, ..SavedTree::clone(before.snapshot.tree()) };
        let mut changes = begin(&mut self.writer, &before)?;
        let set = before.set;
        changes.set_tree(set, &saved)?;
        let generation = changes.commit()?;
        self.publish(&before, before.snapshot.with_tree(generation, saved));
        Ok(generation)
    }

    /// How many documents the way down the tree leads elsewhere than to their leaf: the more, the more there is to win by
    /// growing the tree anew.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn drift(&mut self) -> Result<Drift, IndexError> {
        let now = self.index.now()?;
        let tree = self.tree(&now.snapshot)?;
        let drift = tree.drift(&now.snapshot, BEAM);
        self.tree = Some(tree);
        Ok(drift)
    }

    /// Writes the given hierarchy in place of the one that was there: ids of a child and its parent.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn set_hierarchy<'e>(
        &mut self,
        edges: impl IntoIterator<Item = (&'e str, &'e str)>,
    ) -> Result<u64, IndexError> {
        let before = self.level()?;
        let mut changes = begin(&mut self.writer, &before)?;
        changes.set_edges(edges)?;
        let generation = changes.commit()?;
        self.publish(
            &before,
            before.snapshot.with_tree(generation, SavedTree::clone(before.snapshot.tree())),
        );
        Ok(generation)
    }

    /// Begins a second set of vectors, those of another model, beside the one that is searched.
    ///
    /// # Errors
    /// When the vectors have no numbers, or the index cannot be written.
    pub fn begin_set(&mut self, settings: &Settings) -> Result<SetId, IndexError> {
        let set = self.writer.begin_set(settings)?;
        self.catch_up()?;
        Ok(set)
    }

    /// Puts vectors of documents, by id, into a set that is not searched yet; ids that no document has any more are left
    /// out.
    ///
    /// # Errors
    /// When there is no such set, a vector is of another width or not finite, or the index cannot be written.
    pub fn put_vectors(&mut self, set: SetId, vectors: &[(DocIdx, Vec<f32>)]) -> Result<u64, IndexError> {
        let mut changes = self.writer.begin()?;
        changes.put_vectors(set, vectors.iter().map(|(doc, vector)| (*doc, &vector[..])))?;
        let generation = changes.commit()?;
        self.catch_up()?;
        Ok(generation)
    }

    /// The first `most` documents that lack a vector in a set.
    ///
    /// # Errors
    /// When there is no such set, or the index cannot be read.
    pub fn missing(&self, set: SetId, most: usize) -> Result<Vec<DocIdx>, IndexError> {
        self.index.read(|reading| reading.missing(set, most))
    }

    /// Makes a set the one that is searched, with a tree of its own, and drops the one that was. Who searches finds one or
    /// the other.
    ///
    /// # Errors
    /// When there is no such set, a document lacks a vector there, or the index cannot be written: then all is as it was.
    pub fn switch(&mut self, set: SetId) -> Result<u64, IndexError> {
        let (tree, homes) = self.tree_of(set)?;
        let mut changes = self.writer.begin()?;
        changes.set_homes(set, homes)?;
        changes.set_tree(set, &tree)?;
        changes.switch(set)?;
        let generation = changes.commit()?;
        self.tree = None;
        self.catch_up()?;
        Ok(generation)
    }

    /// Takes back the space of what is gone, and numbers documents anew.
    ///
    /// # Errors
    /// When the index cannot be written: then it is as it was.
    pub fn compact(&mut self, progress: impl FnMut(Progress)) -> Result<u64, IndexError> {
        let generation = self.writer.compact(progress)?;
        self.tree = None;
        self.catch_up()?;
        Ok(generation)
    }

    /// The tree of the vectors of a set, and where its documents stand.
    fn tree_of(&self, set: SetId) -> Result<(SavedTree, Vec<(DocIdx, NodeIdx)>), IndexError> {
        let (dim, parts) = self.index.read(|reading| {
            let dim = reading.settings_of(set)?.dim;
            let parts = reading.each_vector(
                set,
                rayon::current_num_threads(),
                || (Vectors::new(dim), Vec::new()),
                |(vectors, docs), doc, _, vector| {
                    vectors.put(doc, vector);
                    docs.push(doc);
                },
            )?;
            Ok((dim, parts))
        })?;
        let (vectors, docs): (Vec<Vectors>, Vec<Vec<DocIdx>>) = parts.into_iter().unzip();
        let (vectors, docs) = (Vectors::joined(dim, vectors), docs.concat());
        let tree = DocTree::grow_among(&vectors, &docs, search_shape(docs.len()), SEED)?;
        let homes = docs.iter().filter_map(|doc| tree.home(*doc).map(|home| (*doc, home))).collect();
        let saved = saved(&tree, &Arc::new(bare(tree.shape())));
        Ok((SavedTree::clone(&saved), homes))
    }

    /// The tree to be changed.
    fn tree(&mut self, snapshot: &Snapshot) -> Result<DocTree, IndexError> {
        match self.tree.take() {
            Some(tree) => Ok(tree),
            None => Ok(DocTree::from_outline(&snapshot.outline(), snapshot)?),
        }
    }

    fn publish(&self, before: &Current, snapshot: Snapshot) {
        let tuning = tuning_of(snapshot.tree());
        self.index.take(Arc::new(Current {
            snapshot,
            set: before.set,
            settings: before.settings.clone(),
            tuning,
        }));
    }

    /// What is searched, which is what is written: where a step after a commit failed it is read anew.
    fn level(&mut self) -> Result<Arc<Current>, IndexError> {
        let now = self.index.now()?;
        if now.snapshot.generation() == self.writer.generation()? {
            return Ok(now);
        }
        self.tree = None;
        self.catch_up()?;
        self.index.now()
    }

    /// Reads what was written otherwise than by steps.
    fn catch_up(&self) -> Result<(), IndexError> {
        self.index.lead(false);
        let caught_up = self.index.now().map(drop);
        self.index.lead(true);
        caught_up
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.index.lead(false);
    }
}

/// Begins to change what was looked at before.
///
/// # Errors
/// When it is not that any more: another process changed it, by a way around the lock.
fn begin<'w>(writer: &'w mut Writer, before: &Current) -> Result<Changes<'w>, IndexError> {
    let path = writer.path().to_owned();
    let changes = writer.begin()?;
    if changes.generation() == before.snapshot.generation() {
        Ok(changes)
    } else {
        Err(IndexError::Locked { path })
    }
}

/// A tree as it is stored, with what is known of the one before.
fn saved(tree: &DocTree, before: &Arc<SavedTree>) -> Arc<SavedTree> {
    let parents = tree.parents();
    if parents == before.parents && tree.shape() == before.shape {
        return before.clone();
    }
    let (shape, calibration) = (tree.shape(), before.calibration.clone());
    Arc::new(SavedTree { parents, shape, seed: SEED, calibration })
}
