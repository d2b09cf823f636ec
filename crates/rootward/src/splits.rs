//! Dividing the queries of a data set into train, dev and test, so that nothing of the test shines through.
//!
//! What must stay on one side is a *unit*: a query with those of its text and its group, or with all that share an answer,
//! a parent of one, a leaf, or a subtree. [`divide`] pools the judgements of all splits, makes the units, and allots them
//! to the splits so that every depth of the hierarchy has its share in each. Always true: every query keeps all of its
//! judgements with their grades, on one side; queries of one text, capitals and blanks aside, or of one group are on one
//! side; the same seed gives the same sides.

mod allot;
mod leaves;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::dataset::{DataError, Dataset, Judgement, Judgements, Split};
use crate::digits::grouped;
use crate::doctor::{Leakage, leakage};
use crate::ids::{DocIdx, QueryIdx};
use crate::random::{Purpose, stream};

pub use leaves::take_leaves_out;

use allot::allot;
use units::{Judged, units};

/// What stays on one side. Queries of the same text, capitals and blanks aside, or the same [group](crate::dataset::Query::group) always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Nothing else: each query by itself.
    Query,
    /// Queries that belong together.
    Group(Together),
    /// Queries that have an exact match without children in common; the shares are those of these documents, and queries
    /// without such a match are trained on.
    Node,
    /// Queries with exact matches at or below the same document of some depth; those with none there are trained on.
    Subtree {
        /// The depth; `None` for the least one below the roots at which no subtree holds more than a tenth of the queries.
        depth: Option<u32>,
    },
}

/// Which queries belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// Those of one group, as queries.jsonl names it.
    Key,
    /// Those that share an exact match, and those that share one with these, and so on.
    Document,
    /// The same with the parents of exact matches; one without a parent stands for itself.
    Parent,
}

/// How much goes to dev and to test; train has the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// From 0 to 1.
    pub dev: f64,
    /// From 0 to 1.
    pub test: f64,
}

/// A data set whose queries are divided.
#[derive(Clone, Debug)]
pub struct Division {
    /// The data set.
    pub data: Dataset,
    /// What fell where.
    pub counts: Counts,
}

/// What fell where. As JSON its keys are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counts {
    /// Train, dev and test; one without a share has nothing.
    pub splits: Vec<Part>,
    /// The queries of the largest unit.
    pub largest_unit: usize,
    /// The depth of the documents whose subtrees stay together, where it was asked for subtrees.
    pub subtree_depth: Option<u32>,
    /// What the splits share, counted anew.
    pub shared: Leakage,
}

/// What fell to one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub split: &'static str,
    /// The share that was asked for.
    pub share: f64,
    /// Queries.
    pub queries: usize,
    /// Their judgements.
    pub judgements: usize,
    /// Units that stay together.
    pub units: usize,
    /// Queries by the depth of their deepest exact match; those without one are in `queries` only.
    pub by_depth: BTreeMap<u32, usize>,
}

/// A data set that cannot be divided as asked for.
#[derive(Debug, thiserror::Error)]
pub enum DivideError {
    /// There are no queries to divide.
    #[error(
        "`{name}` has no queries of its own, each document is its own query: hide pairs of it with --pairs, \
             --queries or --edges-only, or take leaves out of it with --leaves"
    )]
    Closed {
        /// The data set.
        name: String,
    },
    /// There are queries already.
    #[error("`{name}` has queries of its own: divide them with --by query, group, node or subtree")]
    NotClosed {
        /// The data set.
        name: String,
    },
    /// Shares that are none.
    #[error("dev {} and test {} are no shares: two numbers from 0 to 1 were expected, of at most 1 together and not both 0", shares.dev, shares.test)]
    Shares {
        /// These.
        shares: Shares,
    },
    /// No query names a group.
    #[error(
        "no query of `{name}` has a group: add \"group\": \"..\" to the lines of queries.jsonl, or say what makes a \
             group with --group-by document or --group-by parent"
    )]
    NoGroups {
        /// The data set.
        name: String,
    },
    /// Two splits do not agree.
    #[error(
        "`{doc}` for `{query}` has score {first} in one split and {second} in another; delete the wrong one"
    )]
    Contradiction {
        /// The query.
        query: String,
        /// The document.
        doc: String,
        /// The score that comes first.
        first: i32,
        /// The other.
        second: i32,
    },
    /// No depth has small enough subtrees with queries.
    #[error(
        "no depth of the hierarchy has subtrees that hold a tenth of the queries at most: name one with --depth, or \
             divide with --by node or --by query"
    )]
    NoDepth,
    /// A split stays empty.
    #[error(
        "nothing fell to {split}: of {of} queries the largest {largest} stay together, and those that are in no unit stay in \
             train; raise its share, or divide into other units (another --depth, --by group, --by query)"
    )]
    Empty {
        /// The split.
        split: Split,
        /// Queries of the largest unit.
        largest: usize,
        /// All queries.
        of: usize,
    },
    /// The data could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Divides the queries of a data set; those that nobody judged stay in no split.
///
/// # Errors
/// When the data set is closed, its splits contradict each other, no query has a group where groups were asked for, the
/// shares are none, or a split with a share would stay empty.
pub fn divide(data: &Dataset, by: By, shares: Shares, seed: u64) -> Result<Division, DivideError> {
    if data.is_closed() {
        return Err(DivideError::Closed { name: data.name.clone() });
    }
    let valid = |share: f64| (0.0..=1.0).contains(&share);
    let together = shares.dev + shares.test;
    if !valid(shares.dev) || !valid(shares.test) || together <= 0.0 || together > 1.0 + 1e-9 {
        return Err(DivideError::Shares { shares });
    }
    let judged = Judged::of(data, pooled(data)?);
    let (units, subtree_depth) = units(data, &judged, by)?;
    let portions = [(1.0 - together).max(0.0), shares.dev, shares.test];
    let sides = allot(&units, portions, &mut stream(seed, Purpose::Divide));

    let mut side_of = vec![None; data.queries.len()];
    for (unit, side) in units.iter().zip(&sides) {
        unit.queries.iter().for_each(|query| side_of[query.at()] = Some(*side));
    }
    let mut judgements = Judgements::default();
    for &judgement in &judged.judgements {
        let side = side_of[judgement.query.at()].expect("a query with a judgement is in a unit");
        judgements.of_mut(side).get_or_insert_default().push(judgement);
    }
    let largest_unit = units.iter().map(|unit| unit.queries.len()).max().unwrap_or(0);
    for (split, portion) in Split::ALL.into_iter().zip(portions) {
        if portion > 1e-9 && judgements.of(split).is_none() {
            let of = side_of.iter().flatten().count();
            return Err(DivideError::Empty { split, largest: largest_unit, of });
        }
    }
    let part = |(split, share): (Split, f64)| {
        let mut by_depth = BTreeMap::new();
        let queries = (0u32..).map(QueryIdx).zip(&side_of).filter(|(_, side)| **side == Some(split));
        let queries: Vec<QueryIdx> = queries.map(|(query, _)| query).collect();
        for depth in queries.iter().filter_map(|query| judged.depth[query.at()]) {
            *by_depth.entry(depth).or_default() += 1;
        }
        Part {
            split: split.name(),
            share,
            queries: queries.len(),
            judgements: judgements.of(split).map_or(0, <[Judgement]>::len),
            units: sides.iter().filter(|side| **side == split).count(),
            by_depth,
        }
    };
    let splits = Split::ALL.into_iter().zip(portions).map(part).collect();
    let (docs, hierarchy) = (data.docs.clone(), data.hierarchy.clone());
    let mut divided = Dataset::judged(data.name.clone(), docs, hierarchy, data.queries.clone(), judgements);
    if !data.guesses().is_empty() {
        divided = divided.with_guesses(data.guesses().clone());
    }
    let shared = leakage(&divided);
    Ok(Division { data: divided, counts: Counts { splits, largest_unit, subtree_depth, shared } })
}

/// The judgements of all splits together, each pair of a query and a document once.
fn pooled(data: &Dataset) -> Result<Vec<Judgement>, DivideError> {
    let all = Split::ALL.into_iter().filter_map(|split| data.judgements(split)).flatten();
    let mut pooled: BTreeMap<(QueryIdx, DocIdx), i32> = BTreeMap::new();
    for &Judgement { query, doc, grade } in all {
        let first = *pooled.entry((query, doc)).or_insert(grade);
        if first != grade {
            let (query, doc) = (data.queries[query.at()].id.clone(), data.docs[doc.at()].id.clone());
            return Err(DivideError::Contradiction { query, doc, first, second: grade });
        }
    }
    Ok(pooled.into_iter().map(|((query, doc), grade)| Judgement { query, doc, grade }).collect())
}

impl fmt::Display for Counts {
    /// A table for people; it may change, the JSON does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, of: &dyn Fn(&Part) -> String| {
            write!(f, "  {name:<12}")?;
            self.splits.iter().try_for_each(|part| write!(f, " {:>9}", of(part)))?;
            writeln!(f)
        };
        row(f, "", &|part| part.split.to_owned())?;
        row(f, "queries", &|part| grouped(part.queries))?;
        row(f, "judgements", &|part| grouped(part.judgements))?;
        row(f, "units", &|part| grouped(part.units))?;
        let depths: BTreeSet<u32> =
            self.splits.iter().flat_map(|part| part.by_depth.keys().copied()).collect();
        for depth in depths {
            row(f, &format!("depth {depth}"), &|part| {
                grouped(part.by_depth.get(&depth).copied().unwrap_or(0))
            })?;
        }
        if let Some(depth) = self.subtree_depth {
            writeln!(f, "subtrees below depth {depth} stay together")?;
        }
        writeln!(f, "the largest unit has queries: {}", grouped(self.largest_unit))?;
        writeln!(f, "{}", self.shared)
    }
}

#[cfg(test)]
mod tests;
