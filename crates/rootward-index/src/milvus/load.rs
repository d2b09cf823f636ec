//! Loading all documents of a source, so that the collection holds these and no others, however often it is interrupted.
//!
//! Each load has a number, which its documents carry. After every batch the server keeps how many are there and their
//! checksum; the same load goes on behind them, once it has seen that the source begins with the same documents. When all are
//! there, those of earlier loads are removed, and the number of documents is compared with that of the source.

use std::collections::HashSet;

use crc32fast::Hasher;

use crate::change::Replica;
use crate::error::IndexError;

use super::error::MilvusError;
use super::expression::ID;
use super::messages::{Flush, Flushed};
use super::rows::Rows;
use super::schema::LOAD;
use super::state::Unfinished;
use super::{LIMIT, Milvus};

impl Milvus {
    /// Makes the collection hold the documents of a source at one generation, and goes on where a load of this generation was
    /// interrupted.
    ///
    /// The source gives every document once, in the same order each time it is asked for this generation. `progress` is
    /// called with the number of documents that are there so far, after each batch. Until it is through the collection
    /// is half loaded, which searches and changes refuse. Returns how many documents were sent, which are not those of
    /// an interrupted load.
    ///
    /// # Errors
    /// When the source fails, a document does not fit the collection, the source is not that of the interrupted load, or
    /// the server cannot be reached or refuses. What was loaded until then is kept.
    pub fn load(
        &mut self,
        source: &mut dyn Iterator<Item = Result<Replica, IndexError>>,
        generation: u64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, IndexError> {
        let begun = self.state.unfinished.filter(|unfinished| unfinished.generation == generation);
        let mut hasher = Hasher::new();
        match begun {
            Some(unfinished) => self.skip(source, unfinished, &mut hasher)?,
            None => self.begin(generation)?,
        }
        let before = begun.map_or(0, |unfinished| unfinished.done);
        let mut done = before;
        loop {
            let rows = self.batch(source, &mut hasher)?;
            let n_rows = rows.n_rows() as u64;
            if n_rows == 0 {
                break;
            }
            self.put(rows)?;
            done += n_rows;
            let checksum = hasher.clone().finalize();
            self.keep(|state| state.unfinished = Some(Unfinished { generation, done, checksum }))?;
            progress(done);
        }
        self.remove_earlier()?;
        self.check_count(done)?;
        self.keep(|state| {
            state.unfinished = None;
            state.generation = Some(generation);
            state.checksum = Some(hasher.finalize());
        })?;
        // What just came lies in segments that still grow, which Milvus scans several times more slowly than closed ones.
        let flush = Flush { collection_names: vec![self.server.collection()] };
        self.server.call::<_, Flushed>("Flush", flush)?;
        Ok(done - before)
    }

    /// Whether the collection is level with a source at one generation, so that nothing has to be loaded.
    ///
    /// A generation is only a number, which another source has, too: the documents are compared by their checksum, and
    /// by how many they are where changes came behind the load.
    ///
    /// # Errors
    /// When the source fails, or the server cannot be reached or refuses.
    pub fn is_level(
        &self,
        source: &mut dyn Iterator<Item = Result<Replica, IndexError>>,
        generation: u64,
    ) -> Result<bool, IndexError> {
        if self.state.generation != Some(generation) {
            return Ok(false);
        }
        let (mut hasher, mut n_docs) = (Hasher::new(), 0);
        for record in source {
            hash(&mut hasher, &record?);
            n_docs += 1;
        }
        let is_same = self.state.checksum.is_none_or(|checksum| checksum == hasher.finalize());
        Ok(is_same && n_docs == self.n_docs()?)
    }

    /// Begins a load with a new number.
    fn begin(&mut self, generation: u64) -> Result<(), MilvusError> {
        self.keep(|state| {
            state.loads += 1;
            (state.generation, state.checksum) = (None, None);
            state.unfinished = Some(Unfinished { generation, done: 0, checksum: Hasher::new().finalize() });
        })
    }

    /// Reads the documents that are there already.
    fn skip(
        &mut self,
        source: &mut dyn Iterator<Item = Result<Replica, IndexError>>,
        unfinished: Unfinished,
        hasher: &mut Hasher,
    ) -> Result<(), IndexError> {
        let mut found = 0;
        for record in source.take(usize::try_from(unfinished.done).unwrap_or(usize::MAX)) {
            hash(hasher, &record?);
            found += 1;
        }
        if found == unfinished.done && hasher.clone().finalize() == unfinished.checksum {
            return Ok(());
        }
        self.begin(unfinished.generation)?;
        let (generation, done) = (unfinished.generation, unfinished.done);
        Err(MilvusError::Source { collection: self.server.collection(), generation, done }.into())
    }

    /// The next documents; none when the source is at its end.
    fn batch(
        &self,
        source: &mut dyn Iterator<Item = Result<Replica, IndexError>>,
        hasher: &mut Hasher,
    ) -> Result<Rows, IndexError> {
        let (mut rows, mut ids) = (Rows::new(self.dim), HashSet::new());
        while !rows.is_full() {
            let Some(record) = source.next() else { break };
            let record = record?;
            hash(hasher, &record);
            rows.push(&record)?;
            // Milvus keeps both of one message; of two messages it keeps the later, which the count brings to light.
            if !ids.insert(record.id.clone()) {
                return Err(MilvusError::Twice { id: record.id }.into());
            }
        }
        Ok(rows)
    }

    /// Removes what earlier loads left.
    fn remove_earlier(&self) -> Result<(), IndexError> {
        let earlier = format!("{LOAD} != {}", self.state.loads);
        loop {
            let answer = self.query(&earlier, ID, &[("limit", &LIMIT.to_string())])?;
            let column = answer.fields_data.into_iter().find(|column| column.field_name == ID);
            let ids = column.and_then(|column| column.scalars?.strings).unwrap_or_default().data;
            if ids.is_empty() {
                return Ok(());
            }
            self.remove(&ids.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
    }

    /// Checks that there are as many documents as were loaded.
    fn check_count(&mut self, expected: u64) -> Result<(), IndexError> {
        let got = self.n_docs()?;
        if got == expected {
            return Ok(());
        }
        let generation = self.state.unfinished.map_or(0, |unfinished| unfinished.generation);
        self.begin(generation)?;
        Err(MilvusError::Count { collection: self.server.collection(), expected, got }.into())
    }
}

/// Takes a document into a checksum.
fn hash(hasher: &mut Hasher, record: &Replica) {
    let mut text = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    text(&record.id);
    record.above.iter().for_each(|id| text(id));
    text(&serde_json::to_string(&record.metadata).expect("a JSON object is JSON"));
    record.vector.iter().for_each(|number| hasher.update(&number.to_le_bytes()));
}
