//! Documents as columns of Milvus, in batches that fit into a message.

use rootward::matrix::Matrix;
use serde_json::{Value, json};

use crate::change::Replica;
use crate::error::IndexError;

use super::error::MilvusError;
use super::expression::{FIELD, ID, Longest, name, number};
use super::messages::{FieldData, Floats, Jsons, Longs, Scalars, Strings, Upsert, Vectors};
use super::schema::{FLOAT_VECTOR, INT64, JSON, LARGEST_JSON, LOAD, LONGEST_ID, VARCHAR, VECTOR};

/// Bytes after which a batch is sent. A message may have 64 MiB, of which Milvus makes pieces of 2 to 5.
const FULL: usize = 4 << 20;

/// Documents that will go to the server together.
pub(super) struct Rows {
    dim: usize,
    bytes: usize,
    ids: Vec<String>,
    vectors: Vec<f32>,
    jsons: Vec<Vec<u8>>,
    longest: Longest,
}

impl Rows {
    /// None yet, of vectors of `dim` numbers.
    pub(super) fn new(dim: usize) -> Self {
        let (ids, vectors, jsons) = (Vec::new(), Vec::new(), Vec::new());
        Rows { dim, bytes: 0, ids, vectors, jsons, longest: Longest::new() }
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When it is not fit for the collection.
    pub(super) fn push(&mut self, record: &Replica) -> Result<(), IndexError> {
        let what = || format!("document `{}`", record.id);
        if record.vector.len() != self.dim {
            return Err(IndexError::Dim { what: what(), expected: self.dim, got: record.vector.len() });
        }
        if record.vector.iter().any(|number| !number.is_finite()) {
            return Err(IndexError::NotFinite { what: what() });
        }
        check_size("the id", &record.id, record.id.len(), LONGEST_ID)?;
        let json = self.json(record)?;
        check_size("the metadata with the ids of ancestors", &record.id, json.len(), LARGEST_JSON)?;
        self.bytes += 4 * self.dim + json.len() + record.id.len();
        self.ids.push(record.id.clone());
        self.vectors.extend_from_slice(&record.vector);
        self.jsons.push(json);
        Ok(())
    }

    /// How many there are.
    pub(super) fn n_rows(&self) -> usize {
        self.ids.len()
    }

    /// Whether it is time to send them.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= FULL
    }

    /// The lengths of their lists.
    pub(super) fn longest(&self) -> &Longest {
        &self.longest
    }

    /// The message that puts them in place of those with their ids, as of a load.
    pub(super) fn upsert(self, collection: String, load: i64) -> Upsert {
        let n_rows = self.n_rows();
        let vectors = Vectors { dim: self.dim as i64, floats: Some(Floats { data: self.vectors }) };
        let none = Scalars::default;
        let scalars = |field_name: &str, data_type, scalars| FieldData {
            data_type,
            field_name: field_name.to_owned(),
            scalars: Some(scalars),
            vectors: None,
        };
        Upsert {
            collection_name: collection,
            fields_data: vec![
                scalars(ID, VARCHAR, Scalars { strings: Some(Strings { data: self.ids }), ..none() }),
                FieldData {
                    data_type: FLOAT_VECTOR,
                    field_name: VECTOR.to_owned(),
                    scalars: None,
                    vectors: Some(vectors),
                },
                scalars(FIELD, JSON, Scalars { jsons: Some(Jsons { data: self.jsons }), ..none() }),
                scalars(LOAD, INT64, Scalars { longs: Some(Longs { data: vec![load; n_rows] }), ..none() }),
            ],
            num_rows: u32::try_from(n_rows).expect("a batch is a few megabytes"),
        }
    }

    /// What filters ask for, as text of JSON.
    fn json(&mut self, record: &Replica) -> Result<Vec<u8>, MilvusError> {
        let mut entries = Vec::new();
        for (key, value) in &record.metadata {
            let wrong = || MilvusError::Metadata { id: record.id.clone(), key: key.clone() };
            let values = match value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            let written: Option<Vec<String>> = values.iter().map(scalar).collect();
            let name = name(key);
            entries.push(format!("\"{name}\":[{}]", written.ok_or_else(wrong)?.join(",")));
            if values.len() > 1 {
                let longest = self.longest.entry(name).or_default();
                *longest = (*longest).max(values.len());
            }
        }
        let above = json!(record.above);
        Ok(format!("{{\"metadata\":{{{}}},\"above\":{above}}}", entries.join(",")).into_bytes())
    }
}

/// A value as text of JSON; none where it is a list, an object or null.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Number(value) => value.as_f64().filter(|value| value.is_finite()).map(number),
        Value::Bool(_) | Value::String(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Checks that something is not larger than Milvus takes.
fn check_size(what: &'static str, id: &str, got: usize, most: usize) -> Result<(), MilvusError> {
    if got <= most {
        return Ok(());
    }
    Err(MilvusError::Large { what, id: id.chars().take(60).collect(), got, most })
}

/// The bytes of each query.
pub(super) fn bytes_of(queries: &Matrix, rows: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    rows.map(|row| queries.row(row).iter().flat_map(|number| number.to_le_bytes()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metadata: &Value, expected: &str) {
        let metadata = metadata.as_object().unwrap().clone();
        let record =
            Replica { id: "a".to_owned(), metadata, vector: vec![1.0], above: vec!["\"".to_owned()] };
        let mut rows = Rows::new(1);
        let got = match rows.push(&record) {
            Ok(()) => String::from_utf8(rows.jsons.remove(0)).unwrap(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn values_become_lists_and_numbers_are_broken() {
        check(
            &json!({"a b": 2, "c": ["x", true, -0.5], "d": []}),
            r#"{"metadata":{"ka%20b":[2.0],"kc":["x",true,-0.5],"kd":[]},"above":["\""]}"#,
        );
    }

    #[test]
    fn metadata_that_no_filter_can_ask_for_is_refused() {
        let wrong = "`a` of document `a` is neither a string, a number or a boolean nor a list of these; mend the document";
        for value in [json!(null), json!({"b": 1}), json!([[1]]), json!([null])] {
            check(&json!({ "a": value }), wrong);
        }
    }
}
