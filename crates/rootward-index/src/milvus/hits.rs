//! Asking for the best documents, in the order that the contract promises.
//!
//! Milvus orders by score alone. Documents of one score are put in the order of their ids here, and where such a group
//! reaches over the `k`-th place more are asked for, until it is all there.

use prost::Message;
use rootward::matrix::Matrix;

use crate::error::IndexError;
use crate::filter::Filter;
use crate::search::{Hit, Search, check_queries};

use super::error::MilvusError;
use super::expression::{Condition, Longest, condition};
use super::messages::{self, Placeholder, PlaceholderGroup, SearchResults};
use super::rows::bytes_of;
use super::schema::{FLOAT_VECTOR, VECTOR, pair};
use super::state::State;
use super::{LIMIT, MOST, Milvus, STRONG, describe};

/// Milvus' number for filters that are expressions.
const EXPRESSION: i32 = 1;

/// Hits, and bytes of queries, that one call asks for at most.
const HITS: usize = 500_000;
const BYTES: usize = 8 << 20;

impl Search for Milvus {
    fn dim(&self) -> usize {
        self.dim
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        check_queries(queries, self.dim)?;
        self.check_finished()?;
        if k > MOST {
            return Err(MilvusError::K { k, most: MOST }.into());
        }
        let condition = match filter {
            Some(filter) => condition(filter, &self.longest(filter)?)?,
            None => Condition::Always,
        };
        let expression = match condition {
            Condition::Never => return Ok(vec![Vec::new(); queries.n_rows()]),
            Condition::Always => String::new(),
            Condition::Where(expression) => expression,
        };
        if k == 0 {
            return Ok(vec![Vec::new(); queries.n_rows()]);
        }
        let mut found = Vec::with_capacity(queries.n_rows());
        let at_once = (HITS / (k + 1)).min(BYTES / (4 * self.dim.max(1))).max(1);
        for from in (0..queries.n_rows()).step_by(at_once) {
            let rows = from..(from + at_once).min(queries.n_rows());
            found.extend(self.ordered(queries, rows, k, &expression)?);
        }
        Ok(found)
    }
}

impl Milvus {
    /// The best `k` of some queries, ties by id.
    fn ordered(
        &self,
        queries: &Matrix,
        rows: std::ops::Range<usize>,
        k: usize,
        expression: &str,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        let mut found = self.best(queries, rows.clone(), k + 1, expression)?;
        for (row, hits) in rows.zip(&mut found) {
            let mut limit = k + 1;
            // More hits than `k`, the last as good as the `k`-th: there may be others of that score.
            while hits.len() == limit && hits[k - 1].score == hits[limit - 1].score {
                if limit == LIMIT {
                    return Err(MilvusError::Ties { query: row, most: LIMIT }.into());
                }
                limit = (limit * 4).min(LIMIT);
                *hits = self.best(queries, row..row + 1, limit, expression)?.remove(0);
            }
            hits.truncate(k);
        }
        Ok(found)
    }

    /// The best of some queries as Milvus gives them, those of one score in descending order of their ids.
    fn best(
        &self,
        queries: &Matrix,
        rows: std::ops::Range<usize>,
        limit: usize,
        expression: &str,
    ) -> Result<Vec<Vec<Hit>>, MilvusError> {
        let n_queries = rows.len();
        let values = bytes_of(queries, rows);
        let placeholder = Placeholder { tag: "$0".to_owned(), data_type: FLOAT_VECTOR, values };
        let request = messages::Search {
            collection_name: self.server.collection(),
            dsl: expression.to_owned(),
            placeholder_group: PlaceholderGroup { placeholders: vec![placeholder] }.encode_to_vec(),
            dsl_type: EXPRESSION,
            search_params: vec![
                pair("anns_field", VECTOR),
                pair("topk", &limit.to_string()),
                pair("metric_type", "IP"),
                pair("params", "{}"),
                pair("round_decimal", "-1"),
            ],
            nq: n_queries as i64,
            consistency_level: STRONG,
        };
        let answer: SearchResults = self.server.call("Search", request)?;
        let found = answer.results.unwrap_or_default();
        let ids = found.ids.and_then(|ids| ids.strings).unwrap_or_default().data;
        let mut hits = ids.into_iter().zip(found.scores).map(|(id, score)| Hit { id, score });
        let topks = found.topks.iter().map(|n| usize::try_from(*n).unwrap_or(0));
        let mut lists: Vec<Vec<Hit>> = topks.map(|n| hits.by_ref().take(n).collect()).collect();
        if lists.is_empty() {
            lists.resize(n_queries, Vec::new());
        }
        if lists.len() != n_queries {
            return Err(self.server.lacking("Search", "an answer to each query"));
        }
        for list in &mut lists {
            list.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.id.cmp(&a.id)));
        }
        Ok(lists)
    }

    /// The lengths of lists as the server knows them now, where a filter needs them: others may write there.
    fn longest(&self, filter: &Filter) -> Result<Longest, MilvusError> {
        if !has_range(filter) {
            return Ok(Longest::new());
        }
        Ok(State::of(&self.server, &describe(&self.server)?.properties)?.longest)
    }
}

fn has_range(filter: &Filter) -> bool {
    match filter {
        Filter::Range { .. } => true,
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(has_range),
        Filter::Not(filter) => has_range(filter),
        Filter::Equals { .. } | Filter::In { .. } | Filter::Below(_) | Filter::Node(_) => false,
    }
}
