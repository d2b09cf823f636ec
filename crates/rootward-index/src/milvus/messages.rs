//! The messages of Milvus that are spoken here, field by field as `milvus.proto`, `schema.proto` and `common.proto` of
//! version 2.3 number them.
//!
//! Fields that Rootward neither sets nor reads are left out, which is what protocol buffers mean to be done. Of a `oneof`
//! the alternatives stand side by side, as options: on the wire they are the same.

/// A pair of texts.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// Whether a call was done; both codes are 0 if it was.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) error_code: i32,
    #[prost(string, tag = "2")]
    pub(super) reason: String,
    #[prost(int32, tag = "3")]
    pub(super) code: i32,
}

/// A field of a collection.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FieldSchema {
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(bool, tag = "3")]
    pub(super) is_primary_key: bool,
    #[prost(int32, tag = "5")]
    pub(super) data_type: i32,
    #[prost(message, repeated, tag = "6")]
    pub(super) type_params: Vec<KeyValue>,
}

/// The fields of a collection.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CollectionSchema {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) description: String,
    #[prost(message, repeated, tag = "4")]
    pub(super) fields: Vec<FieldSchema>,
}

/// CreateCollection; answered by [`Status`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CreateCollection {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    /// A [`CollectionSchema`].
    #[prost(bytes = "vec", tag = "4")]
    pub(super) schema: Vec<u8>,
    #[prost(int32, tag = "6")]
    pub(super) consistency_level: i32,
}

/// DropCollection, DescribeCollection and LoadCollection, of which the name is enough.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Named {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
}

/// The answer to DescribeCollection.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Described {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, optional, tag = "2")]
    pub(super) schema: Option<CollectionSchema>,
    #[prost(message, repeated, tag = "13")]
    pub(super) properties: Vec<KeyValue>,
}

/// AlterCollection: puts properties; answered by [`Status`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AlterCollection {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) properties: Vec<KeyValue>,
}

/// CreateIndex; answered by [`Status`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CreateIndex {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    #[prost(string, tag = "4")]
    pub(super) field_name: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) extra_params: Vec<KeyValue>,
}

/// GetLoadState.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GetLoadState {
    #[prost(string, tag = "2")]
    pub(super) collection_name: String,
}

/// The answer to GetLoadState.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct LoadState {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(int32, tag = "2")]
    pub(super) state: i32,
}

/// Flush.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Flush {
    #[prost(string, repeated, tag = "3")]
    pub(super) collection_names: Vec<String>,
}

/// The answer to Flush.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Flushed {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
}

/// Whole numbers of 64 bits.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Longs {
    #[prost(int64, repeated, tag = "1")]
    pub(super) data: Vec<i64>,
}

/// Texts.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Strings {
    #[prost(string, repeated, tag = "1")]
    pub(super) data: Vec<String>,
}

/// Texts of JSON.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Jsons {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) data: Vec<Vec<u8>>,
}

/// Numbers of vectors, end to end.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Floats {
    #[prost(float, repeated, tag = "1")]
    pub(super) data: Vec<f32>,
}

/// A column of values that are not vectors.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Scalars {
    #[prost(message, optional, tag = "3")]
    pub(super) longs: Option<Longs>,
    #[prost(message, optional, tag = "6")]
    pub(super) strings: Option<Strings>,
    #[prost(message, optional, tag = "9")]
    pub(super) jsons: Option<Jsons>,
}

/// A column of vectors.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Vectors {
    #[prost(int64, tag = "1")]
    pub(super) dim: i64,
    #[prost(message, optional, tag = "2")]
    pub(super) floats: Option<Floats>,
}

/// A column.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FieldData {
    #[prost(int32, tag = "1")]
    pub(super) data_type: i32,
    #[prost(string, tag = "2")]
    pub(super) field_name: String,
    #[prost(message, optional, tag = "3")]
    pub(super) scalars: Option<Scalars>,
    #[prost(message, optional, tag = "4")]
    pub(super) vectors: Option<Vectors>,
}

/// Upsert; answered by [`Mutated`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Upsert {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) fields_data: Vec<FieldData>,
    #[prost(uint32, tag = "7")]
    pub(super) num_rows: u32,
}

/// Delete; answered by [`Mutated`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Delete {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    #[prost(string, tag = "5")]
    pub(super) expr: String,
}

/// The answer to Upsert and Delete.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Mutated {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
}

/// Vectors of queries, each as bytes of its numbers.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Placeholder {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    #[prost(int32, tag = "2")]
    pub(super) data_type: i32,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub(super) values: Vec<Vec<u8>>,
}

/// All vectors of a search.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PlaceholderGroup {
    #[prost(message, repeated, tag = "1")]
    pub(super) placeholders: Vec<Placeholder>,
}

/// Search.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Search {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    /// The filter.
    #[prost(string, tag = "5")]
    pub(super) dsl: String,
    /// A [`PlaceholderGroup`].
    #[prost(bytes = "vec", tag = "6")]
    pub(super) placeholder_group: Vec<u8>,
    #[prost(int32, tag = "7")]
    pub(super) dsl_type: i32,
    #[prost(message, repeated, tag = "9")]
    pub(super) search_params: Vec<KeyValue>,
    #[prost(int64, tag = "12")]
    pub(super) nq: i64,
    #[prost(int32, tag = "14")]
    pub(super) consistency_level: i32,
}

/// Ids.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ids {
    #[prost(message, optional, tag = "2")]
    pub(super) strings: Option<Strings>,
}

/// Ids and scores of all queries, end to end.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Found {
    #[prost(float, repeated, tag = "4")]
    pub(super) scores: Vec<f32>,
    #[prost(message, optional, tag = "5")]
    pub(super) ids: Option<Ids>,
    /// How many there are of each query.
    #[prost(int64, repeated, tag = "6")]
    pub(super) topks: Vec<i64>,
}

/// The answer to Search.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SearchResults {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, optional, tag = "2")]
    pub(super) results: Option<Found>,
}

/// Query.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Query {
    #[prost(string, tag = "3")]
    pub(super) collection_name: String,
    #[prost(string, tag = "4")]
    pub(super) expr: String,
    #[prost(string, repeated, tag = "5")]
    pub(super) output_fields: Vec<String>,
    #[prost(message, repeated, tag = "9")]
    pub(super) query_params: Vec<KeyValue>,
    #[prost(int32, tag = "11")]
    pub(super) consistency_level: i32,
}

/// The answer to Query.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct QueryResults {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, repeated, tag = "2")]
    pub(super) fields_data: Vec<FieldData>,
}
