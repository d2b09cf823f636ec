//! What train, dev and test share that they should not.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;

use serde::Serialize;

use crate::dataset::{Dataset, Query, Split};
use crate::digits::grouped;

/// What the splits of a data set share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Leakage {
    /// Queries that are judged in two splits.
    pub queries: usize,
    /// Queries whose text another query has in another split.
    pub texts: usize,
    /// Groups with queries in two splits.
    pub groups: usize,
}

/// Counts what the splits of a data set share; texts are the same where only capitals and blanks differ, and empty ones
/// are nothing to share.
pub fn leakage(data: &Dataset) -> Leakage {
    let judged =
        |split| data.judgements(split).unwrap_or_default().iter().map(|judgement| judgement.query.at());
    let splits = splits_of(data.queries.len(), Split::ALL.map(judged));
    let Leaks { queries, texts, groups } = leaks(&data.queries.iter().collect::<Vec<_>>(), &splits);
    Leakage { queries: queries.len(), texts: texts.len(), groups: groups.len() }
}

impl fmt::Display for Leakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [queries, texts, groups] = [self.queries, self.texts, self.groups].map(grouped);
        write!(f, "{queries} queries shared, {texts} texts shared, {groups} groups shared")
    }
}

/// A text as it is compared with others: capitals and the number of blanks make no difference.
pub fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// In which of train, dev and test each query is judged.
pub(super) type InSplits = [bool; 3];

/// In which splits each query is judged, by the queries of the judgements of each.
pub(super) fn splits_of(n_queries: usize, judged: [impl Iterator<Item = usize>; 3]) -> Vec<InSplits> {
    let mut splits = vec![[false; 3]; n_queries];
    for (split, queries) in judged.into_iter().enumerate() {
        queries.for_each(|query| splits[query][split] = true);
    }
    splits
}

/// The places of queries that are in two splits, or share something with an earlier one in another.
pub(super) struct Leaks {
    pub(super) queries: Vec<usize>,
    /// Each with the earlier query of the same text.
    pub(super) texts: Vec<(usize, usize)>,
    /// The first of each such group that comes after one in another split, with that one.
    pub(super) groups: Vec<(usize, usize)>,
}

pub(super) fn leaks(queries: &[&Query], splits: &[InSplits]) -> Leaks {
    let in_two = |splits: &InSplits| splits.iter().filter(|is_in| **is_in).count() > 1;
    let text = |query: &usize| Some(plain(&queries[*query].text)).filter(|text| !text.is_empty());
    let group = |query: &'_ usize| queries[*query].group.as_deref();
    let mut groups = shared(splits, group);
    let mut told = HashSet::new();
    groups.retain(|(query, _)| told.insert(queries[*query].group.as_deref()));
    // A query that is alone in its group, but judged in two splits, takes the group along.
    let alone = (0..queries.len()).filter(|query| in_two(&splits[*query]));
    let alone = alone.filter(|query| group(query).is_some_and(|name| told.insert(Some(name))));
    groups.extend(alone.map(|query| (query, query)).collect::<Vec<_>>());
    Leaks {
        queries: (0..queries.len()).filter(|query| in_two(&splits[*query])).collect(),
        texts: shared(splits, text),
        groups,
    }
}

/// The queries with a key that an earlier query has in another split, each with that one.
fn shared<'a, K: Eq + Hash + 'a>(
    splits: &[InSplits],
    key: impl Fn(&usize) -> Option<K>,
) -> Vec<(usize, usize)> {
    let mut firsts: HashMap<K, [Option<usize>; 3]> = HashMap::new();
    let mut found = Vec::new();
    for (query, splits) in splits.iter().enumerate() {
        let Some(key) = key(&query) else { continue };
        let firsts = firsts.entry(key).or_default();
        let own = (0..3).filter(|split| splits[*split]);
        let mut others = own.flat_map(|own| (0..3).filter(move |other| *other != own));
        found.extend(others.find_map(|other| firsts[other]).map(|first| (query, first)));
        for split in (0..3).filter(|split| splits[*split]) {
            firsts[split] = firsts[split].or(Some(query));
        }
    }
    found
}
