//! The twin that every index is held against: a map of documents, scanned in `f64`.

use std::collections::BTreeMap;

use rootward::matrix::Matrix;
use rootward_index::filter::Value;
use rootward_index::{Change, Filter, Hit, IndexError, Replica, Search};

use crate::contract::{self, Changing};

/// Documents by id.
pub(crate) struct Naive {
    dim: usize,
    docs: BTreeMap<String, Replica>,
}

impl Naive {
    pub(crate) fn new(dim: usize, docs: &[Replica]) -> Self {
        Naive { dim, docs: docs.iter().map(|doc| (doc.id.clone(), doc.clone())).collect() }
    }
}

impl Changing for Naive {
    fn change(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Put(record) => drop(self.docs.insert(record.id.clone(), record.clone())),
                Change::Remove(id) => drop(self.docs.remove(id)),
            }
        }
    }

    fn as_search(&self) -> &dyn Search {
        self
    }
}

impl Search for Naive {
    fn dim(&self) -> usize {
        self.dim
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        if queries.dim() != self.dim {
            let (expected, got) = (self.dim, queries.dim());
            return Err(IndexError::Dim { what: "a query".to_owned(), expected, got });
        }
        let wrong = (0..queries.n_rows()).find(|row| queries.row(*row).iter().any(|x| !x.is_finite()));
        if let Some(row) = wrong {
            return Err(IndexError::NotFinite { what: format!("query {row}") });
        }
        if let Some(key) = filter.and_then(no_range) {
            return Err(IndexError::Range { key });
        }
        let answer = |row: usize| {
            let docs = self.docs.values().filter(|doc| filter.is_none_or(|filter| matches(filter, doc)));
            let mut scored: Vec<(f64, &str)> =
                docs.map(|doc| (score(queries.row(row), &doc.vector), doc.id.as_str())).collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(a.1)));
            scored.truncate(k);
            scored.into_iter().map(|(score, id)| Hit { id: id.to_owned(), score: score as f32 }).collect()
        };
        Ok((0..queries.n_rows()).map(answer).collect())
    }
}

/// The inner product; one zero, whatever the signs.
pub(crate) fn score(query: &[f32], doc: &[f32]) -> f64 {
    query.iter().zip(doc).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() + 0.0
}

/// Whether a filter lets a document through, word for word as `filter.rs` tells it.
pub(crate) fn matches(filter: &Filter, doc: &Replica) -> bool {
    match filter {
        Filter::Equals { key, value } => values(doc, key).contains(value),
        Filter::In { key, values: wanted } => values(doc, key).iter().any(|value| wanted.contains(value)),
        Filter::Range { key, least, most } => {
            let above = |value: &Value| least.as_ref().is_none_or(|least| at_most(least, value));
            let below = |value: &Value| most.as_ref().is_none_or(|most| at_most(value, most));
            let ordered = |value: &Value| !matches!(value, Value::Bool(_));
            values(doc, key).iter().any(|value| ordered(value) && above(value) && below(value))
        }
        Filter::Below(id) => doc.id == *id || doc.above.contains(id),
        Filter::Node(_) => unreachable!("the twin has no tree"),
        Filter::All(filters) => filters.iter().all(|filter| matches(filter, doc)),
        Filter::Any(filters) => filters.iter().any(|filter| matches(filter, doc)),
        Filter::Not(filter) => !matches(filter, doc),
    }
}

/// The key of a range that goes from one type to another, or from a boolean.
fn no_range(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Range { key, least, most } => {
            let kinds = [least, most].into_iter().flatten().map(std::mem::discriminant);
            let bool = std::mem::discriminant(&Value::Bool(true));
            let kinds: Vec<_> = kinds.collect();
            (kinds.contains(&bool) || kinds.windows(2).any(|pair| pair[0] != pair[1])).then(|| key.clone())
        }
        Filter::All(filters) | Filter::Any(filters) => filters.iter().find_map(no_range),
        Filter::Not(filter) => no_range(filter),
        Filter::Equals { .. } | Filter::In { .. } | Filter::Below(_) | Filter::Node(_) => None,
    }
}

fn at_most(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a <= b,
        (Value::Text(a), Value::Text(b)) => a.as_bytes() <= b.as_bytes(),
        _ => false,
    }
}

fn values(doc: &Replica, key: &str) -> Vec<Value> {
    let Some(found) = doc.metadata.get(key) else { return Vec::new() };
    let values = match found {
        serde_json::Value::Array(values) => values.clone(),
        value => vec![value.clone()],
    };
    values.into_iter().map(|value| serde_json::from_value(value).unwrap()).collect()
}

#[test]
fn the_twin_keeps_the_contract() {
    contract::contract(&|dim, docs| Box::new(Naive::new(dim, docs)));
    contract::changes(&|dim, docs| Box::new(Naive::new(dim, docs)));
}
