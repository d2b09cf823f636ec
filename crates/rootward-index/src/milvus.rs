//! The same contract and the same changes on a Milvus server, for more documents or questions than one machine holds.
//!
//! A [`Milvus`] is one collection: documents with their vectors, metadata and ancestors, a FLAT index by inner product, which is
//! exact, and one property that says which generation of a Rootward index it is level with. It is asked with
//! consistency level Strong: what anybody was told to be done is seen. There is one writer; any number may ask.
//!
//! What differs from the local index: Milvus computes the scores, in `f32` and in an order of its own; it knows no tree and no
//! words; changes of one call become visible one document at a time; and it gives at most [`MOST`] hits.
//!
//! It is spoken to by gRPC, with the few messages that are needed written down in `messages`. The other ways were no better:
//! the documented REST interface of version 2.3 makes collections of its own form only, with numbers for ids, and takes one
//! query at a time; the one below it is undocumented and listens at the port of the metrics; the SDK of Milvus for Rust
//! brings three times as many crates, and a compiler for protocol buffers as a binary. `tonic` adds fifty small crates to a
//! build, but only where the feature `milvus` asks for them.

mod error;
mod expression;
mod hits;
mod load;
mod messages;
mod rows;
mod schema;
mod server;
mod state;

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;

use crate::change::Change;
use crate::error::IndexError;

pub use error::MilvusError;
pub use server::Address;

use messages::{Delete, Described, GetLoadState, LoadState, Mutated, Named, Status};
use rows::Rows;
use schema::{VECTOR, pair};
use server::Server;
use state::State;

/// The most hits of a query. Milvus gives one more, which shows whether the last place is shared.
pub const MOST: usize = LIMIT - 1;

/// The most hits, and rows of a query for rows, that Milvus gives.
const LIMIT: usize = 16_384;

/// Milvus' number for the consistency level at which a search sees all that was acknowledged.
const STRONG: i32 = 0;
/// Milvus' number for a collection that can be searched.
const LOADED: i32 = 3;

/// Bytes of ids that one call removes at most.
const REMOVED: usize = 1 << 20;

/// A collection on a Milvus server.
pub struct Milvus {
    server: Server,
    dim: usize,
    state: State,
}

impl Milvus {
    /// A new collection without documents, for vectors of `dim` numbers that the model of this fingerprint makes.
    ///
    /// # Errors
    /// When there is one of this name, or the server cannot be reached or refuses, for instance the name.
    pub fn create(address: &Address, collection: &str, dim: usize, model: &str) -> Result<Self, IndexError> {
        let server = Server::connect(address, collection)?;
        match describe(&server) {
            Err(MilvusError::Missing { .. }) => {}
            Ok(_) => {
                let (address, collection) = (server.address(), server.collection());
                return Err(MilvusError::Exists { address, collection }.into());
            }
            Err(error) => return Err(error.into()),
        }
        let create = messages::CreateCollection {
            collection_name: server.collection(),
            schema: schema::schema(collection, dim, model).encode_to_vec(),
            consistency_level: STRONG,
        };
        server.call::<_, Status>("CreateCollection", create)?;
        Self::ready(server, dim, State::default())
    }

    /// The collection of this name, for queries of the model of this fingerprint.
    ///
    /// # Errors
    /// When there is none, it was not made by this program, it holds vectors of another model, or the server
    /// cannot be reached.
    pub fn open(address: &Address, collection: &str, model: &str) -> Result<Self, IndexError> {
        let server = Server::connect(address, collection)?;
        let found = describe(&server)?;
        let schema = found.schema.unwrap_or_default();
        let dim = schema::dim_of(&server, &schema, model)?;
        let state = State::of(&server, &found.properties)?;
        Self::ready(server, dim, state)
    }

    /// The collection when it can be searched; what a call of this that was interrupted left undone is done.
    fn ready(server: Server, dim: usize, state: State) -> Result<Self, IndexError> {
        let index = messages::CreateIndex {
            collection_name: server.collection(),
            field_name: VECTOR.to_owned(),
            extra_params: vec![pair("index_type", "FLAT"), pair("metric_type", "IP"), pair("params", "{}")],
        };
        server.call::<_, Status>("CreateIndex", index)?;
        server.call::<_, Status>("LoadCollection", Named { collection_name: server.collection() })?;
        loop {
            let request = GetLoadState { collection_name: server.collection() };
            if server.call::<_, LoadState>("GetLoadState", request)?.state == LOADED {
                return Ok(Milvus { server, dim, state });
            }
            server.pause(Duration::from_millis(20));
        }
    }

    /// Removes the collection with everything in it.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn drop(self) -> Result<(), IndexError> {
        let request = Named { collection_name: self.server.collection() };
        self.server.call::<_, Status>("DropCollection", request)?;
        Ok(())
    }

    /// The generation of the source that the documents are those of; none before the first load or change is through.
    pub fn generation(&self) -> Option<u64> {
        self.state.generation
    }

    /// How many documents there are.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn n_docs(&self) -> Result<u64, IndexError> {
        let answer = self.query("", "count(*)", &[])?;
        let count =
            answer.fields_data.into_iter().next().and_then(|column| column.scalars?.longs?.data.pop());
        let count = count.ok_or_else(|| self.server.lacking("Query", "a count"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Does changes, which bring the documents to a generation of the source.
    ///
    /// Of several changes of one document the last is done. When this returns all are visible to whoever asks; when it
    /// fails some may be, and doing them all again is right.
    ///
    /// # Errors
    /// When a document does not fit the collection (nothing is changed then), a load is not through, or the server cannot
    /// be reached or refuses.
    pub fn apply(&mut self, changes: &[Change], generation: u64) -> Result<(), IndexError> {
        self.check_finished()?;
        let last: HashMap<&str, usize> =
            changes.iter().enumerate().map(|(at, change)| (change.id(), at)).collect();
        let (mut puts, mut removed) = (vec![Rows::new(self.dim)], Vec::new());
        for (_, change) in changes.iter().enumerate().filter(|(at, change)| last[change.id()] == *at) {
            match change {
                Change::Remove(id) => removed.push(id.as_str()),
                Change::Put(record) => {
                    if puts[puts.len() - 1].is_full() {
                        puts.push(Rows::new(self.dim));
                    }
                    let at = puts.len() - 1;
                    puts[at].push(record)?;
                }
            }
        }
        self.remove(&removed)?;
        for rows in puts {
            self.put(rows)?;
        }
        self.keep(|state| {
            state.generation = Some(generation);
            state.checksum = None;
        })?;
        Ok(())
    }

    /// Changes what is kept with the collection: on the server, and only if that was done here.
    fn keep(&mut self, change: impl FnOnce(&mut State)) -> Result<(), MilvusError> {
        let mut state = self.state.clone();
        change(&mut state);
        state.write(&self.server)?;
        self.state = state;
        Ok(())
    }

    /// Puts documents in place of those with their ids.
    fn put(&mut self, rows: Rows) -> Result<(), MilvusError> {
        if rows.n_rows() == 0 {
            return Ok(());
        }
        // The lengths go first: a range that looks at too many values finds the same, at too few it would not.
        if self.state.is_shorter(rows.longest()) {
            self.keep(|state| state.lengthen(rows.longest()))?;
        }
        let request = rows.upsert(self.server.collection(), self.state.loads);
        self.server.call::<_, Mutated>("Upsert", request).map(|_| ())
    }

    /// Removes the documents of some ids, if they are there.
    fn remove(&self, ids: &[&str]) -> Result<(), MilvusError> {
        let mut from = 0;
        while from < ids.len() {
            let mut bytes = 0;
            let fits = |id: &&&str| {
                bytes += id.len() + 4;
                bytes < REMOVED
            };
            let batch = &ids[from..][..ids[from..].iter().take_while(fits).count().max(1)];
            let expr = expression::ids(batch.iter().copied());
            let request = Delete { collection_name: self.server.collection(), expr };
            self.server.call::<_, Mutated>("Delete", request)?;
            from += batch.len();
        }
        Ok(())
    }

    /// A field of the documents that an expression is true of.
    fn query(
        &self,
        expr: &str,
        field: &str,
        params: &[(&str, &str)],
    ) -> Result<messages::QueryResults, MilvusError> {
        let request = messages::Query {
            collection_name: self.server.collection(),
            expr: expr.to_owned(),
            output_fields: vec![field.to_owned()],
            query_params: params.iter().map(|(key, value)| pair(key, value)).collect(),
            consistency_level: STRONG,
        };
        self.server.call("Query", request)
    }

    fn check_finished(&self) -> Result<(), MilvusError> {
        let Some(unfinished) = self.state.unfinished else { return Ok(()) };
        let (generation, done) = (unfinished.generation, unfinished.done);
        Err(MilvusError::Unfinished { collection: self.server.collection(), generation, done })
    }
}

/// What the server knows of the collection.
fn describe(server: &Server) -> Result<Described, MilvusError> {
    server.call("DescribeCollection", Named { collection_name: server.collection() })
}
