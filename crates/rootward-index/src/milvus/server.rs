//! A connection to a server, and the calls that it answers, one at a time for each thread that calls.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

use super::error::MilvusError;
use super::messages::{Described, Flushed, LoadState, Mutated, QueryResults, SearchResults, Status};

/// How long a server may take to be reached, and to answer a call. The calls made here are small.
const REACH: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(120);

/// Replies hold the hits of many queries; the library's own limit of 4 MiB is for strangers.
const LARGEST_REPLY: usize = 256 << 20;

/// The number by which Milvus says that there is no such collection, from version 2.3 on, and before.
const NO_COLLECTION: (i32, i32) = (100, 4);

/// Where a Milvus server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address that a text names: `http://HOST:PORT`.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn new(address: &str) -> Result<Self, MilvusError> {
        let wrong = || MilvusError::Address { address: address.to_owned() };
        let uri: Uri = address.parse().map_err(|_| wrong())?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        if !plain || uri.port_u16().is_none() || uri.host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        Ok(Address(address.trim_end_matches('/').to_owned()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connection that asks about one collection.
pub(super) struct Server {
    address: Address,
    collection: String,
    /// Its one thread keeps the connection alive between calls; the calls themselves wait in the callers' threads.
    runtime: Runtime,
    channel: Channel,
}

impl Server {
    /// A connection, made.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(super) fn connect(address: &Address, collection: &str) -> Result<Self, MilvusError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(MilvusError::Here)?;
        let unreachable = |cause| MilvusError::Unreachable { address: address.to_string(), cause };
        let endpoint = Endpoint::from_shared(address.0.clone()).map_err(unreachable)?;
        let endpoint = endpoint.connect_timeout(REACH).timeout(ANSWER);
        let channel = runtime.block_on(endpoint.connect()).map_err(unreachable)?;
        Ok(Server { address: address.clone(), collection: collection.to_owned(), runtime, channel })
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn collection(&self) -> String {
        self.collection.clone()
    }

    /// The answer to a call.
    ///
    /// # Errors
    /// When none comes, or it says that the call was not done.
    pub(super) fn call<Q, A>(&self, call: &'static str, request: Q) -> Result<A, MilvusError>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + Answer + 'static,
    {
        let path = format!("/milvus.proto.milvus.MilvusService/{call}");
        let path: Uri = path.parse().expect("names of calls are letters");
        let path = path.path_and_query().cloned().expect("it was made of a path");
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST_REPLY);
        let reply = self.runtime.block_on(async {
            grpc.ready().await.map_err(|cause| tonic::Status::unavailable(cause.to_string()))?;
            grpc.unary(tonic::Request::new(request), path, ProstCodec::<Q, A>::default()).await
        });
        let answer = reply.map(tonic::Response::into_inner).map_err(|cause| MilvusError::Unanswered {
            address: self.address(),
            call,
            cause: Box::new(cause),
        })?;
        let Some(status) = answer.status() else { return Err(self.lacking(call, "a status")) };
        self.check(call, status)?;
        Ok(answer)
    }

    /// The error of an answer without what was asked for.
    pub(super) fn lacking(&self, call: &'static str, what: &'static str) -> MilvusError {
        MilvusError::Lacking { address: self.address(), call, what }
    }

    fn check(&self, call: &'static str, status: &Status) -> Result<(), MilvusError> {
        if status.code == 0 && status.error_code == 0 {
            return Ok(());
        }
        let (address, collection) = (self.address(), self.collection());
        if status.code == NO_COLLECTION.0 || status.error_code == NO_COLLECTION.1 {
            return Err(MilvusError::Missing { address, collection });
        }
        let code = if status.code == 0 { status.error_code } else { status.code };
        Err(MilvusError::Refused { address, call, collection, reason: status.reason.clone(), code })
    }

    /// Waits between two looks at what the server does on its own.
    pub(super) fn pause(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}

/// An answer that says whether its call was done.
pub(super) trait Answer {
    /// What it says; none where it lacks that.
    fn status(&self) -> Option<&Status>;
}

impl Answer for Status {
    fn status(&self) -> Option<&Status> {
        Some(self)
    }
}

macro_rules! answers {
    ($($message:ty),*) => { $(impl Answer for $message {
        fn status(&self) -> Option<&Status> {
            self.status.as_ref()
        }
    })* };
}

answers!(Described, Flushed, LoadState, Mutated, QueryResults, SearchResults);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_host_and_port_and_no_more() {
        assert_eq!(Address::new("http://[::1]:19530/").unwrap().to_string(), "http://[::1]:19530");
        for wrong in
            ["", "localhost", "localhost:19530", "http://localhost", "https://localhost:1", "http://a:1/b"]
        {
            let error = Address::new(wrong).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{wrong}` is no address")), "{error}");
        }
    }
}
