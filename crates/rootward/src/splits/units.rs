//! What stays on one side when queries are divided: the connected parts of queries and what they share.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{By, DivideError, Together};
use crate::dataset::{Dataset, Judgement};
use crate::doctor::plain;
use crate::hierarchy::Hierarchy;
use crate::ids::{DocIdx, QueryIdx};

/// The judgements of a data set and what follows from them for each query.
pub(super) struct Judged {
    /// Sorted by query, then by document.
    pub(super) judgements: Vec<Judgement>,
    /// The exact matches of each query.
    exact: Vec<Vec<DocIdx>>,
    /// The queries with a judgement, in ascending order.
    queries: Vec<QueryIdx>,
    /// The depth of the deepest exact match of each query.
    pub(super) depth: Vec<Option<u32>>,
}

/// Queries that stay on one side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    /// These, in ascending order.
    pub(super) queries: Vec<QueryIdx>,
    /// How much it weighs at each depth.
    pub(super) weight: BTreeMap<Option<u32>, usize>,
}

impl Judged {
    pub(super) fn of(data: &Dataset, judgements: Vec<Judgement>) -> Self {
        let mut exact = vec![Vec::new(); data.queries.len()];
        for judgement in judgements.iter().filter(|judgement| judgement.grade > 0) {
            exact[judgement.query.at()].push(judgement.doc);
        }
        let mut queries: Vec<QueryIdx> = judgements.iter().map(|judgement| judgement.query).collect();
        queries.dedup();
        let deepest = |docs: &Vec<DocIdx>| docs.iter().map(|doc| data.hierarchy.depth(*doc)).max();
        Judged { depth: exact.iter().map(deepest).collect(), judgements, exact, queries }
    }
}

/// The units, by their least queries, and the depth of the subtrees where these were asked for.
pub(super) fn units(
    data: &Dataset,
    judged: &Judged,
    by: By,
) -> Result<(Vec<Unit>, Option<u32>), DivideError> {
    let hierarchy = &data.hierarchy;
    let depth = match by {
        By::Subtree { depth: None } => Some(default_depth(hierarchy, judged)?),
        By::Subtree { depth } => depth,
        By::Group(Together::Key) if data.queries.iter().all(|query| query.group.is_none()) => {
            return Err(DivideError::NoGroups { name: data.name.clone() });
        }
        _ => None,
    };
    // What a query is tied to, so that all that are tied to the same thing stay together.
    let ties = |query: QueryIdx| -> Vec<DocIdx> {
        let exact = judged.exact[query.at()].iter().copied();
        match by {
            By::Query | By::Group(Together::Key) => Vec::new(),
            By::Group(Together::Document) => exact.collect(),
            By::Group(Together::Parent) => exact.flat_map(|doc| parents_or_self(hierarchy, doc)).collect(),
            By::Node => exact.filter(|doc| hierarchy.children(*doc).is_empty()).collect(),
            By::Subtree { .. } => {
                let above = exact.flat_map(|doc| hierarchy.ancestors(doc)).map(|ancestor| ancestor.doc);
                above.filter(|doc| Some(hierarchy.depth(*doc)) == depth).collect()
            }
        }
    };
    let n_queries = data.queries.len();
    let mut forest = Forest::new(n_queries + data.docs.len());
    let (mut texts, mut groups) = (HashMap::new(), HashMap::new());
    for &query in &judged.queries {
        let asked = &data.queries[query.at()];
        let text = plain(&asked.text);
        if !text.is_empty() {
            forest.unite(query.at(), *texts.entry(text).or_insert(query.at()));
        }
        if let Some(group) = &asked.group {
            forest.unite(query.at(), *groups.entry(group).or_insert(query.at()));
        }
        ties(query).into_iter().for_each(|doc| forest.unite(query.at(), n_queries + doc.at()));
    }
    let mut found: BTreeMap<usize, Unit> = BTreeMap::new();
    let mut places = HashMap::new();
    for &query in &judged.queries {
        let place = *places.entry(forest.root(query.at())).or_insert(query.at());
        let unit =
            found.entry(place).or_insert_with(|| Unit { queries: Vec::new(), weight: BTreeMap::new() });
        unit.queries.push(query);
        if !matches!(by, By::Node | By::Subtree { .. }) {
            *unit.weight.entry(judged.depth[query.at()]).or_default() += 1;
        }
    }
    let mut units: Vec<Unit> = found.into_values().collect();
    if matches!(by, By::Node | By::Subtree { .. }) {
        units.iter_mut().for_each(|unit| unit.weight = weight_of(unit, judged, by, hierarchy, &ties));
    }
    Ok((units, depth))
}

/// Of a unit of leaves the leaves count, of one of subtrees the queries; one with neither weighs nothing.
fn weight_of(
    unit: &Unit,
    judged: &Judged,
    by: By,
    hierarchy: &Hierarchy,
    ties: &dyn Fn(QueryIdx) -> Vec<DocIdx>,
) -> BTreeMap<Option<u32>, usize> {
    let tied: HashSet<DocIdx> = unit.queries.iter().flat_map(|query| ties(*query)).collect();
    let mut weight = BTreeMap::new();
    if by == By::Node {
        tied.iter().for_each(|leaf| *weight.entry(Some(hierarchy.depth(*leaf))).or_default() += 1);
    } else if !tied.is_empty() {
        unit.queries.iter().for_each(|query| *weight.entry(judged.depth[query.at()]).or_default() += 1);
    }
    weight
}

fn parents_or_self(hierarchy: &Hierarchy, doc: DocIdx) -> Vec<DocIdx> {
    match hierarchy.parents(doc) {
        [] => vec![doc],
        parents => parents.to_vec(),
    }
}

/// The least depth from 1 at which some subtree holds queries, and none more than a tenth of them.
fn default_depth(hierarchy: &Hierarchy, judged: &Judged) -> Result<u32, DivideError> {
    let most = (judged.queries.len() / 10).max(1);
    let mut holds = vec![0usize; hierarchy.n_docs()];
    for exact in &judged.exact {
        let above: HashSet<DocIdx> =
            exact.iter().flat_map(|doc| hierarchy.ancestors(*doc)).map(|ancestor| ancestor.doc).collect();
        above.into_iter().for_each(|doc| holds[doc.at()] += 1);
    }
    let mut largest: BTreeMap<u32, usize> = BTreeMap::new();
    for doc in hierarchy.docs().filter(|doc| holds[doc.at()] > 0) {
        let at_depth = largest.entry(hierarchy.depth(doc)).or_default();
        *at_depth = holds[doc.at()].max(*at_depth);
    }
    let small = largest.into_iter().find(|(depth, largest)| *depth > 0 && *largest <= most);
    small.map(|(depth, _)| depth).ok_or(DivideError::NoDepth)
}

/// Things that are united with others, by way of others  [union and find, by halving].
struct Forest {
    above: Vec<usize>,
}

impl Forest {
    fn new(n: usize) -> Self {
        Forest { above: (0..n).collect() }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.above[at] != at {
            self.above[at] = self.above[self.above[at]];
            at = self.above[at];
        }
        at
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.above[one.max(other)] = one.min(other);
    }
}
