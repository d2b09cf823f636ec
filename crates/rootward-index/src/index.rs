//! An index that is open to be asked, however it changes meanwhile.
//!
//! What is searched is the newest snapshot. An index that only reads looks before each search whether there are changes,
//! and reads these alone; one that an [`Editor`](crate::Editor) of the same process changes is handed each snapshot by it
//! before the change is acknowledged.

mod current;
mod readers;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rootward::ids::DocIdx;
use rootward::matrix::Matrix;

use crate::allowed::Allowed;
use crate::error::IndexError;
use crate::exact::Scored;
use crate::filter::Filter;
use crate::hybrid::Rankings;
use crate::search::{Hit, Search, check_queries};
use crate::snapshot::Snapshot;
use crate::store::{Reader, Reading, Settings, Stored};
use crate::tuning::Tuning;

pub(crate) use current::{Current, bare, tuning_of};
use readers::Readers;

/// Filters whose documents are remembered.
const REMEMBERED: usize = 32;

/// An index that is open to be asked.
pub struct Index {
    path: PathBuf,
    readers: Readers,
    current: RwLock<Arc<Current>>,
    /// Held by the one who reads what changed; the others wait for that instead of doing it too.
    refresh: Mutex<()>,
    /// Whether an editor of this process hands snapshots over.
    led: AtomicBool,
    filters: Mutex<VecDeque<Remembered>>,
}

/// The documents that a filter let through at a generation.
struct Remembered {
    generation: u64,
    filter: Filter,
    docs: Arc<Allowed>,
}

/// An index as it is asked by vectors: exactly or down its tree.
pub struct ByVectors<'a> {
    index: &'a Index,
    way: Way,
}

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
            readers: Readers::like(reader),
            current: RwLock::new(Arc::new(current)),
            refresh: Mutex::default(),
            led: AtomicBool::new(false),
            filters: Mutex::default(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Searches all documents.
    pub fn exact(&self) -> ByVectors<'_> {
        ByVectors { index: self, way: Way::Exact }
    }

    /// Searches down the tree, as wide as the recall takes that the index was tuned to; exactly where it was not.
    pub fn by_tree(&self) -> ByVectors<'_> {
        ByVectors { index: self, way: Way::Tree }
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
        self.read(|reading| {
            let row = |id: &&str| reading.row_of(id);
            let rows: Vec<Option<DocIdx>> = ids.iter().map(row).collect::<Result<_, _>>()?;
            let known: Vec<DocIdx> = rows.iter().flatten().copied().collect();
            let mut found = reading.documents(&known)?.into_iter();
            Ok(rows.into_iter().map(|row| row.and_then(|_| found.next().flatten())).collect())
        })
    }

    /// What is searched now.
    pub(crate) fn now(&self) -> Result<Arc<Current>, IndexError> {
        if self.led.load(Ordering::Acquire) {
            return Ok(self.held());
        }
        self.read(|reading| self.level_with(reading))
    }

    fn held(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the store as it is now.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&Reading<'_>) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let mut reader = self.readers.take()?;
        let found = f(&reader.snapshot()?)?;
        self.readers.give_back(reader);
        Ok(found)
    }

    /// Takes what an editor made or a reader read, unless somebody was faster with more.
    pub(crate) fn take(&self, current: Arc<Current>) {
        let mut held = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.snapshot.generation() > held.snapshot.generation() {
            *held = current;
        }
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
        let _one_at_a_time = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.held();
        // Another may have read this meanwhile, or more than this.
        if held.snapshot.generation() >= reading.generation() {
            return Ok(held);
        }
        let next = Arc::new(held.after(reading)?);
        self.take(next.clone());
        Ok(next)
    }

    /// What is searched, and the documents that may be found where not all may.
    fn among(&self, filter: Option<&Filter>) -> Result<(Arc<Current>, Option<Arc<Allowed>>), IndexError> {
        match filter {
            Some(filter) => self.filtered(filter).map(|(now, docs)| (now, Some(docs))),
            None => Ok((self.now()?, None)),
        }
    }

    /// What is searched, and the documents of a filter at the same moment.
    fn filtered(&self, filter: &Filter) -> Result<(Arc<Current>, Arc<Allowed>), IndexError> {
        loop {
            let now = self.now()?;
            let generation = now.snapshot.generation();
            if let Some(docs) = self.remembered(generation, filter) {
                return Ok((now, docs));
            }
            let docs = self.read_at(generation, |reading| {
                reading.matching(filter, &|node| now.snapshot.nodes_below(node))
            })?;
            let Some(docs) = docs.map(|docs| Arc::new(Allowed::of(docs))) else { continue };
            let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
            filters.push_front(Remembered { generation, filter: filter.clone(), docs: docs.clone() });
            filters.truncate(REMEMBERED);
            return Ok((now, docs));
        }
    }

    /// Reads the store at a generation; none where it has gone on.
    fn read_at<T>(
        &self,
        generation: u64,
        f: impl FnOnce(&Reading<'_>) -> Result<T, IndexError>,
    ) -> Result<Option<T>, IndexError> {
        let found =
            self.read(|reading| (reading.generation() == generation).then(|| f(reading)).transpose())?;
        if found.is_none() {
            // An editor may be about to hand the snapshot over.
            std::thread::yield_now();
        }
        Ok(found)
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
            let (now, allowed) = self.among(filter)?;
            let fits = |doc: DocIdx| allowed.as_ref().is_none_or(|docs| docs.contains(doc));
            let generation = now.snapshot.generation();
            if let Some(list) = self.read_at(generation, |reading| reading.words(text, k, &fits))? {
                return Ok((now, list));
            }
        }
    }

    fn vectors(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
        way: Way,
    ) -> Result<(Arc<Current>, Vec<Vec<Scored>>), IndexError> {
        let (now, allowed) = self.among(filter)?;
        let snapshot = &now.snapshot;
        check_queries(queries, snapshot.dim())?;
        let beam = now.tuning.as_ref().and_then(|tuning| tuning.beam_among(k, snapshot.n_docs()));
        let found = match (way, beam) {
            (Way::Tree, Some(beam)) => snapshot.by_tree(queries, k, beam, allowed.as_deref()),
            _ => snapshot.exactly(queries, k, allowed.as_deref()),
        };
        Ok((now.clone(), found))
    }
}

/// How documents are found by vectors.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Exact,
    Tree,
}

impl Search for ByVectors<'_> {
    fn dim(&self) -> usize {
        self.index.held().snapshot.dim()
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        let (now, found) = self.index.vectors(queries, k, filter, self.way)?;
        Ok(found.iter().map(|list| hits(&now.snapshot, list)).collect())
    }
}

fn hits(snapshot: &Snapshot, list: &[Scored]) -> Vec<Hit> {
    list.iter().map(|(doc, score)| Hit { id: snapshot.id(*doc).to_owned(), score: *score }).collect()
}

/// A matrix of one vector.
fn row(vector: &[f32]) -> Matrix {
    Matrix::new(1, vector.len(), vector.to_vec()).expect("a vector is a row")
}
