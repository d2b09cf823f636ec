//! What can go wrong with a collection of Milvus, each with what to do about it.

/// A collection of a Milvus server could not be made, opened, changed or asked.
#[derive(Debug, thiserror::Error)]
pub enum MilvusError {
    /// An address that is none.
    #[error(
        "`{address}` is no address of a Milvus server; write http://HOST:PORT, for instance http://127.0.0.1:19530"
    )]
    Address {
        /// What was given.
        address: String,
    },
    /// Nothing answers.
    #[error(
        "no server answers at {address}; start Milvus, or look whether host and port are right ({})",
        innermost(cause)
    )]
    Unreachable {
        /// Where.
        address: String,
        /// What the network said.
        #[source]
        cause: tonic::transport::Error,
    },
    /// The call did not come back as one of Milvus does.
    #[error(
        "{call} at {address} was not answered as Milvus answers ({}: {}); look whether a Milvus server of version 2.3 or later listens there and still runs, then try again",
        cause.code(), cause.message()
    )]
    Unanswered {
        /// Where.
        address: String,
        /// Which call.
        call: &'static str,
        /// What came instead.
        #[source]
        cause: Box<tonic::Status>,
    },
    /// The server answers that it cannot.
    #[error(
        "Milvus at {address} refuses {call} for collection `{collection}`: {reason} (code {code}); its log says more"
    )]
    Refused {
        /// Where.
        address: String,
        /// Which call.
        call: &'static str,
        /// Of which collection.
        collection: String,
        /// In the server's words.
        reason: String,
        /// The server's number for it.
        code: i32,
    },
    /// There is no such collection.
    #[error(
        "there is no collection `{collection}` at {address}; create and load it first, or look for a slip in its name"
    )]
    Missing {
        /// Where.
        address: String,
        /// Its name.
        collection: String,
    },
    /// There is one already.
    #[error(
        "there is a collection `{collection}` at {address} already; open it, drop it, or take another name"
    )]
    Exists {
        /// Where.
        address: String,
        /// Its name.
        collection: String,
    },
    /// The collection was not made here.
    #[error(
        "collection `{collection}` at {address} was not made by Rootward: its {what} is {got}, expected {expected}; take another name, or drop the collection and load it anew"
    )]
    Foreign {
        /// Where.
        address: String,
        /// Its name.
        collection: String,
        /// What differs.
        what: &'static str,
        /// As Rootward makes it.
        expected: String,
        /// As it is.
        got: String,
    },
    /// The collection is of another version.
    #[error(
        "collection `{collection}` is of format {got}, this program knows {expected}; use the version that made it, or load it anew"
    )]
    Format {
        /// Its name.
        collection: String,
        /// Known here.
        expected: u32,
        /// Found.
        got: u32,
    },
    /// The vectors are of another model.
    #[error(
        "collection `{collection}` holds vectors of model {got}, not of {expected}; ask with that model, or load another collection with vectors of this one"
    )]
    Model {
        /// Its name.
        collection: String,
        /// The fingerprint that was asked for.
        expected: String,
        /// That of the collection.
        got: String,
    },
    /// More hits than Milvus gives.
    #[error(
        "{k} hits of a query were asked for, Milvus gives {most} at most; ask for fewer, or ask the local index"
    )]
    K {
        /// Asked for.
        k: usize,
        /// The limit.
        most: usize,
    },
    /// More documents with one score than Milvus tells.
    #[error(
        "of query {query} more than {most} documents are among the best or equal to the last of them, which Milvus cannot put in order; filter, or ask the local index"
    )]
    Ties {
        /// Which, from 0.
        query: usize,
        /// The limit.
        most: usize,
    },
    /// A filter that Milvus cannot know.
    #[error(
        "Milvus knows no tree, so it cannot filter by node {node}; filter by a document of the hierarchy, or ask the local index"
    )]
    Node {
        /// The node.
        node: u32,
    },
    /// Metadata that filters cannot ask for.
    #[error(
        "`{key}` of document `{id}` is neither a string, a number or a boolean nor a list of these; mend the document"
    )]
    Metadata {
        /// The document.
        id: String,
        /// The key.
        key: String,
    },
    /// A document is larger than Milvus takes.
    #[error("{what} of document `{id}` takes {got} bytes, Milvus takes {most}; shorten it")]
    Large {
        /// The id, or the metadata and ancestors.
        what: &'static str,
        /// The beginning of its id.
        id: String,
        /// As it is.
        got: usize,
        /// The limit.
        most: usize,
    },
    /// An interrupted load was not gone on with.
    #[error(
        "collection `{collection}` is half loaded: {done} documents of generation {generation} are there; load it again to go on"
    )]
    Unfinished {
        /// Its name.
        collection: String,
        /// What was being loaded.
        generation: u64,
        /// How many are there.
        done: u64,
    },
    /// The documents are not those with which a load began.
    #[error(
        "the load of generation {generation} into collection `{collection}` was interrupted after {done} documents, and these are not the ones that it began with; load again, which now begins anew"
    )]
    Source {
        /// Its name.
        collection: String,
        /// Of both.
        generation: u64,
        /// How many were there.
        done: u64,
    },
    /// A source gave a document twice.
    #[error("document `{id}` comes twice; a source has every id once")]
    Twice {
        /// Its id.
        id: String,
    },
    /// There is not what was loaded.
    #[error(
        "collection `{collection}` holds {got} documents after {expected} were loaded; look for ids that come twice, or for another program that writes there, and load again"
    )]
    Count {
        /// Its name.
        collection: String,
        /// Loaded.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// The answer lacks what was asked for.
    #[error("{call} at {address} was answered without {what}; look whether its version is 2.3 or later")]
    Lacking {
        /// Where.
        address: String,
        /// Which call.
        call: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// No threads or sockets for the connection.
    #[error("a connection cannot be made here; close other programs")]
    Here(#[source] std::io::Error),
}

/// The last of a chain of causes, which names the reason.
fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error
}
