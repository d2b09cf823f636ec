//! An index that is open to be asked, however it changes meanwhile.
//!
//! What is searched is the newest snapshot. An index that only reads looks before each search whether there are changes,
//! and reads these alone; one that an [`Editor`](crate::Editor) of the same process changes is handed each snapshot by it
//! before the change is acknowledged.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rootward::doc_tree::{DocTree, NodeIdx, TreeShape};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use serde_json::Value;

use crate::allowed::Allowed;
use crate::descent::search_shape;
use crate::error::IndexError;
use crate::exact::Scored;
use crate::filter::Filter;
use crate::homes::Homes;
use crate::hybrid::Rankings;
use crate::ids::Ids;
use crate::search::{Hit, Search};
use crate::snapshot::{Placed, Snapshot, Step};
use crate::store::{Reader, Reading, SavedTree, SetId, Settings, Stored};
use crate::tuning::Tuning;
use crate::vectors::Vectors;

/// Filters whose documents are remembered.
const REMEMBERED: usize = 32;

/// An index that is open to be asked.
pub struct Index {
    path: PathBuf,
    reader: Mutex<Reader>,
    current: RwLock<Arc<Current>>,
    /// Whether an editor of this process hands snapshots over.
    led: AtomicBool,
    filters: Mutex<VecDeque<Remembered>>,
}

/// What is searched.
pub(crate) struct Current {
    pub(crate) snapshot: Snapshot,
    pub(crate) set: SetId,
    pub(crate) settings: Settings,
    pub(crate) tuning: Option<Tuning>,
}

/// The documents that a filter let through at a generation.
struct Remembered {
    generation: u64,
    filter: Filter,
    docs: Arc<Allowed>,
}

/// Every document that the index has, in its exact order.
pub struct Exact<'a>(&'a Index);

/// The documents that a beam finds.
pub struct ByTree<'a>(&'a Index);

/// What a ranking is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Blend {
    /// Vectors and words by the ranks that they give: see [`Rankings::fused`].
    Ranks,
    /// Vectors and words by their scores, vectors with this weight: see [`Rankings::weighted`].
    Weight(f32),
}

/// A query by its words and its vector.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is asked.
    pub text: &'a str,
    /// Its vector.
    pub vector: &'a [f32],
}

/// How deep the two rankings go that are blended.
const DEPTH: usize = 100;

impl Index {
    /// Opens an index to ask it.
    ///
    /// # Errors
    /// When there is no index, it is of a later version, damaged, or has lost changes that were acknowledged.
    pub fn open(path: &Path) -> Result<Index, IndexError> {
        let mut reader = Reader::open(path)?;
        let current = Current::read(&reader.snapshot()?)?;
        Ok(Index {
            path: path.to_owned(),
            reader: Mutex::new(reader),
            current: RwLock::new(Arc::new(current)),
            led: AtomicBool::new(false),
            filters: Mutex::default(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Searches all documents.
    pub fn exact(&self) -> Exact<'_> {
        Exact(self)
    }

    /// Searches down the tree, as wide as the recall takes that the index was tuned to; exactly where it was not.
    pub fn by_tree(&self) -> ByTree<'_> {
        ByTree(self)
    }

    /// What vectors it takes.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn settings(&self) -> Result<Settings, IndexError> {
        Ok(self.now()?.settings.clone())
    }

    /// Refuses queries of another model than the one whose vectors are searched.
    ///
    /// # Errors
    /// When the model is another, or the index cannot be read.
    pub fn check_model(&self, fingerprint: &str) -> Result<(), IndexError> {
        let now = self.now()?;
        match &now.settings.model {
            Some(model) if model.fingerprint != fingerprint => Err(IndexError::OtherModel {
                path: self.path.clone(),
                expected: model.clone(),
                got: fingerprint.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// How tree search was tuned; none where it was not.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn tuning(&self) -> Result<Option<Tuning>, IndexError> {
        Ok(self.now()?.tuning.clone())
    }

    /// How many documents there are.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn n_docs(&self) -> Result<usize, IndexError> {
        Ok(self.now()?.snapshot.n_docs())
    }

    /// Looks at the snapshot of now.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn with_snapshot<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> Result<T, IndexError> {
        Ok(look(&self.now()?.snapshot))
    }

    /// The best `k` documents for a text by its words, of those that the filter lets through, with BM25 scores.
    ///
    /// # Errors
    /// When the filter names what the index does not have, or the index cannot be read or is damaged.
    pub fn by_words(&self, text: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>, IndexError> {
        let (now, list) = self.words(text, k, filter)?;
        Ok(hits(&now.snapshot, &list))
    }

    /// The best `k` documents for a query by words and vectors together, of the best 100 of each or `k` if that is more.
    ///
    /// # Errors
    /// As [`Search::search`] and [`Index::by_words`].
    pub fn blended(
        &self,
        question: Question<'_>,
        k: usize,
        blend: Blend,
        filter: Option<&Filter>,
    ) -> Result<Vec<Hit>, IndexError> {
        self.blend(question, k, blend, filter, Way::Tree)
    }

    /// As [`Index::blended`], the vectors of all documents looked at.
    ///
    /// # Errors
    /// As [`Index::blended`].
    pub fn blended_exactly(
        &self,
        question: Question<'_>,
        k: usize,
        blend: Blend,
        filter: Option<&Filter>,
    ) -> Result<Vec<Hit>, IndexError> {
        self.blend(question, k, blend, filter, Way::Exact)
    }

    fn blend(
        &self,
        question: Question<'_>,
        k: usize,
        blend: Blend,
        filter: Option<&Filter>,
        way: Way,
    ) -> Result<Vec<Hit>, IndexError> {
        let depth = k.max(DEPTH);
        let query = row(question.vector);
        loop {
            let (now, words) = self.words(question.text, depth, filter)?;
            let (again, mut vectors) = self.vectors(&query, depth, filter, way)?;
            // Both rankings are of one moment.
            if again.snapshot.generation() != now.snapshot.generation() {
                continue;
            }
            let rankings = Rankings { vectors: vectors.swap_remove(0), words };
            let id = |doc| now.snapshot.id(doc);
            let best = match blend {
                Blend::Ranks => rankings.fused(k, id),
                Blend::Weight(weight) => rankings.weighted(k, weight, id),
            };
            return Ok(hits(&now.snapshot, &best));
        }
    }

    /// The documents of ids, in their order; none for an id that no document has.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn documents(&self, ids: &[&str]) -> Result<Vec<Option<Stored>>, IndexError> {
        let mut reader = self.reader();
        let reading = reader.snapshot()?;
        let row = |id: &&str| reading.row_of(id);
        let rows: Vec<Option<DocIdx>> = ids.iter().map(row).collect::<Result<_, _>>()?;
        let known: Vec<DocIdx> = rows.iter().flatten().copied().collect();
        let mut found = reading.documents(&known)?.into_iter();
        Ok(rows.into_iter().map(|row| row.and_then(|_| found.next().flatten())).collect())
    }

    /// What is searched now.
    pub(crate) fn now(&self) -> Result<Arc<Current>, IndexError> {
        if self.led.load(Ordering::Acquire) {
            return Ok(self.held());
        }
        let mut reader = self.reader();
        let reading = reader.snapshot()?;
        self.level_with(&reading)
    }

    fn held(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what an editor made.
    pub(crate) fn take(&self, current: Arc<Current>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }

    /// Who edits from now on hands snapshots over; without an editor the store is asked again.
    pub(crate) fn lead(&self, led: bool) {
        self.led.store(led, Ordering::Release);
    }

    /// The snapshot of a reading's generation.
    fn level_with(&self, reading: &Reading<'_>) -> Result<Arc<Current>, IndexError> {
        let held = self.held();
        if held.snapshot.generation() == reading.generation() {
            return Ok(held);
        }
        let next = Arc::new(held.after(reading)?);
        self.take(next.clone());
        Ok(next)
    }

    /// What is searched, and the documents of a filter at the same moment.
    fn filtered(&self, filter: &Filter) -> Result<(Arc<Current>, Arc<Allowed>), IndexError> {
        loop {
            let now = self.now()?;
            let generation = now.snapshot.generation();
            if let Some(docs) = self.remembered(generation, filter) {
                return Ok((now, docs));
            }
            let mut reader = self.reader();
            let reading = reader.snapshot()?;
            if reading.generation() != generation {
                continue;
            }
            let docs = reading.matching(filter, &|node| now.snapshot.nodes_below(node))?;
            let docs = Arc::new(Allowed::of(docs));
            let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
            filters.push_front(Remembered { generation, filter: filter.clone(), docs: docs.clone() });
            filters.truncate(REMEMBERED);
            return Ok((now.clone(), docs));
        }
    }

    fn remembered(&self, generation: u64, filter: &Filter) -> Option<Arc<Allowed>> {
        let filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = filters.iter().filter(|known| known.generation == generation);
        known.find(|known| known.filter == *filter).map(|known| known.docs.clone())
    }

    fn words(
        &self,
        text: &str,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<(Arc<Current>, Vec<Scored>), IndexError> {
        loop {
            let (now, allowed) = match filter {
                Some(filter) => self.filtered(filter).map(|(now, docs)| (now, Some(docs)))?,
                None => (self.now()?, None),
            };
            let mut reader = self.reader();
            let reading = reader.snapshot()?;
            if reading.generation() != now.snapshot.generation() {
                continue;
            }
            let fits = |doc: DocIdx| allowed.as_ref().is_none_or(|docs| docs.contains(doc));
            let list = reading.words(text, k, &fits)?;
            return Ok((now, list));
        }
    }

    fn vectors(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
        way: Way,
    ) -> Result<(Arc<Current>, Vec<Vec<Scored>>), IndexError> {
        let (now, allowed) = match filter {
            Some(filter) => self.filtered(filter).map(|(now, docs)| (now, Some(docs)))?,
            None => (self.now()?, None),
        };
        let snapshot = &now.snapshot;
        if queries.dim() != snapshot.dim() {
            let (expected, got) = (snapshot.dim(), queries.dim());
            return Err(IndexError::Dim { what: "a query".to_owned(), expected, got });
        }
        let is_finite = |row: &usize| queries.row(*row).iter().all(|number| number.is_finite());
        if let Some(row) = (0..queries.n_rows()).find(|row| !is_finite(row)) {
            return Err(IndexError::NotFinite { what: format!("query {}", row + 1) });
        }
        let beam = now.tuning.as_ref().and_then(|tuning| tuning.beam_among(k, snapshot.n_docs()));
        let found = match (way, beam) {
            (Way::Tree, Some(beam)) => snapshot.by_tree(queries, k, beam, allowed.as_deref()),
            _ => snapshot.exactly(queries, k, allowed.as_deref()),
        };
        Ok((now.clone(), found))
    }

    fn answer(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
        way: Way,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        let (now, found) = self.vectors(queries, k, filter, way)?;
        Ok(found.iter().map(|list| hits(&now.snapshot, list)).collect())
    }
}

/// How documents are found by vectors.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Exact,
    Tree,
}

impl Search for Exact<'_> {
    fn dim(&self) -> usize {
        self.0.held().snapshot.dim()
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        self.0.answer(queries, k, filter, Way::Exact)
    }
}

impl Search for ByTree<'_> {
    fn dim(&self) -> usize {
        self.0.held().snapshot.dim()
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        self.0.answer(queries, k, filter, Way::Tree)
    }
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
    fn after(&self, reading: &Reading<'_>) -> Result<Current, IndexError> {
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

fn hits(snapshot: &Snapshot, list: &[Scored]) -> Vec<Hit> {
    list.iter().map(|(doc, score)| Hit { id: snapshot.id(*doc).to_owned(), score: *score }).collect()
}

/// A matrix of one vector.
fn row(vector: &[f32]) -> Matrix {
    Matrix::new(1, vector.len(), vector.to_vec()).expect("a vector is a row")
}
