//! What a collection is made of, and whether one that is there was made so.

use serde::{Deserialize, Serialize};

use super::error::MilvusError;
use super::expression::{FIELD, ID};
use super::messages::{CollectionSchema, FieldSchema, KeyValue};
use super::server::Server;

/// The field of vectors.
pub(super) const VECTOR: &str = "vector";
/// The field that tells by which load a document came: those of earlier ones are gone when a load is through.
pub(super) const LOAD: &str = "load";

/// Milvus' numbers for types.
pub(super) const INT64: i32 = 5;
pub(super) const VARCHAR: i32 = 21;
pub(super) const JSON: i32 = 23;
pub(super) const FLOAT_VECTOR: i32 = 101;

/// The most bytes of an id, and of a document's metadata and ancestors together, that Milvus takes.
pub(super) const LONGEST_ID: usize = 65_535;
pub(super) const LARGEST_JSON: usize = 65_536;

/// The layout that this program makes and reads.
const FORMAT: u32 = 1;

/// What a collection says of itself and never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct About {
    rootward_format: u32,
    model: String,
}

/// The schema of a new collection.
pub(super) fn schema(collection: &str, dim: usize, model: &str) -> CollectionSchema {
    let about = About { rootward_format: FORMAT, model: model.to_owned() };
    let field = |name: &str, data_type, is_primary_key, type_params: &[(&str, usize)]| FieldSchema {
        name: name.to_owned(),
        is_primary_key,
        data_type,
        type_params: type_params.iter().map(|(key, value)| pair(key, &value.to_string())).collect(),
    };
    CollectionSchema {
        name: collection.to_owned(),
        description: serde_json::to_string(&about).expect("a number and a text are JSON"),
        fields: vec![
            field(ID, VARCHAR, true, &[("max_length", LONGEST_ID)]),
            field(VECTOR, FLOAT_VECTOR, false, &[("dim", dim)]),
            field(FIELD, JSON, false, &[]),
            field(LOAD, INT64, false, &[]),
        ],
    }
}

/// How wide the vectors of a collection are that this program made with vectors of this model.
///
/// # Errors
/// When it was made otherwise.
pub(super) fn dim_of(server: &Server, found: &CollectionSchema, model: &str) -> Result<usize, MilvusError> {
    let foreign = |what, expected: String, got: String| MilvusError::Foreign {
        address: server.address(),
        collection: server.collection(),
        what,
        expected,
        got,
    };
    let about: About = serde_json::from_str(&found.description).map_err(|_| {
        foreign("description", "one of Rootward's".to_owned(), format!("`{}`", found.description))
    })?;
    if about.rootward_format != FORMAT {
        let (expected, got) = (FORMAT, about.rootward_format);
        return Err(MilvusError::Format { collection: server.collection(), expected, got });
    }
    let width = found.fields.iter().flat_map(|field| &field.type_params).find(|pair| pair.key == "dim");
    let dim = width.and_then(|pair| pair.value.parse().ok()).unwrap_or(0);
    let (expected, got) = (fields(&schema("", dim, "")), fields(found));
    if expected != got {
        return Err(foreign("list of fields", expected, got));
    }
    if about.model != model {
        let (expected, got) = (model.to_owned(), about.model);
        return Err(MilvusError::Model { collection: server.collection(), expected, got });
    }
    Ok(dim)
}

/// The fields with the numbers of their types, the key first.
fn fields(schema: &CollectionSchema) -> String {
    let mut fields: Vec<&FieldSchema> = schema.fields.iter().collect();
    fields.sort_by_key(|field| (!field.is_primary_key, &field.name));
    fields
        .iter()
        .map(|field| format!("{} of type {}", field.name, field.data_type))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A pair of texts.
pub(super) fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: value.to_owned() }
}
