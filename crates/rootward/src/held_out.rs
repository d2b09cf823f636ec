//! Hiding pairs, and measuring whether they are found again.
//!
//! Vectors of a closed hierarchy could be looked up: what a model has learned shows on pairs that it was never given.
//! [`hide`] takes a share of the pairs of a data set away and gives the rest as loose pairs, each as an edge of its own, so
//! that nothing of the hidden ones shines through, not even by distances. [`HeldOut`] remembers all pairs, hidden and
//! given, with their distances in the whole hierarchy, in a file beside the data; [`HeldOut::measure`] tells the recall
//! of the two apart.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::Path;

use rand::RngExt;
use serde::Serialize;

use crate::dataset::{DataError, Dataset, Fault, Judgement, Judgements, Names, each_row, excerpt};
use crate::eval::{Evaluation, Share};
use crate::files::{WriteError, write_aside};
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::{Pairs, Relevant};
use crate::random::{Purpose, stream};

/// Which pairs of a document and an ancestor are hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hide {
    /// This share of all pairs at distance 1 or more, each pair by itself.
    Pairs(f64),
    /// All pairs of this share of the documents without descendants.
    Queries(f64),
    /// All pairs at distance 2 or more: only the edges themselves are given.
    AllButEdges,
}

/// How the given pairs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Each as an edge of a hierarchy: what follows from them by transitivity is relevant too.
    Edges,
    /// Each as a judgement of a query of its own, without a hierarchy: nothing follows from anything.
    Judgements,
}

/// All pairs of a data set, of which some were hidden.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// S(q) of every query, in the order of the queries.
    pub pairs: Pairs,
    hidden: HashSet<(QueryIdx, DocIdx)>,
}

/// What a ranking finds of the pairs that were given and of those that were not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Of the hidden pairs, by their distance in the whole hierarchy.
    pub hidden_by_distance: BTreeMap<u32, Share>,
    /// Of all hidden pairs.
    pub hidden: Share,
    /// Of all given pairs.
    pub given: Share,
}

/// The name of the file beside a data set.
pub const FILE: &str = "held-out.tsv";

const HEADER: [&str; 4] = ["query", "document", "distance", "hidden"];

/// Hides pairs of a closed data set: what is left as a data set of the same documents, and what there was.
///
/// # Panics
/// When the data set has queries of its own, or a share is not within 0 to 1.
pub fn hide(data: &Dataset, what: Hide, given: Given, seed: u64) -> (Dataset, HeldOut) {
    assert!(data.is_closed(), "pairs of documents are hidden where each document is its own query");
    let mut rng = stream(seed, Purpose::Hide);
    let (mut rest, mut hidden) = (Vec::new(), HashSet::new());
    for doc in (0..data.docs.len() as u32).map(DocIdx) {
        let whole = match what {
            Hide::Queries(share) => data.hierarchy.children(doc).is_empty() && rng.random_bool(share),
            Hide::Pairs(_) | Hide::AllButEdges => false,
        };
        for above in &data.hierarchy.ancestors(doc)[1..] {
            let hides = match what {
                Hide::Pairs(share) => rng.random_bool(share),
                Hide::Queries(_) => whole,
                Hide::AllButEdges => above.distance > 1,
            };
            if hides {
                hidden.insert((QueryIdx(doc.0), above.doc));
            } else {
                rest.push(Edge { child: doc, parent: above.doc });
            }
        }
    }
    let pairs = data.pairs_of(&[crate::dataset::Split::Test]);
    let (name, docs) = (data.name.clone(), data.docs.clone());
    let left = match given {
        Given::Edges => {
            let hierarchy = Hierarchy::new(docs.len(), &rest).expect("a part of a hierarchy has no cycle");
            Dataset::closed(name, docs, hierarchy)
        }
        Given::Judgements => {
            let own = (0..docs.len() as u32).map(|i| Edge { child: DocIdx(i), parent: DocIdx(i) });
            let judgement = |e: Edge| Judgement { query: QueryIdx(e.child.0), doc: e.parent, grade: 1 };
            let mut judgements: Vec<Judgement> = own.chain(rest).map(judgement).collect();
            judgements.sort_unstable();
            let flat = Hierarchy::new(docs.len(), &[]).expect("no edges are always a hierarchy");
            let both = Judgements { train: Some(judgements.clone()), dev: None, test: Some(judgements) };
            Dataset::judged(name, docs, flat, data.queries.clone(), both)
        }
    };
    (left, HeldOut { pairs, hidden })
}

impl HeldOut {
    /// How many pairs were hidden.
    pub fn n_hidden(&self) -> usize {
        self.hidden.len()
    }

    /// Writes all pairs at distance 1 or more: tables with the header `query`, `document`, `distance`, `hidden`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path, data: &Dataset) -> Result<(), WriteError> {
        write_aside(path, |out| {
            writeln!(out, "{}", HEADER.join("\t"))?;
            for (row, query) in self.pairs.queries().iter().enumerate() {
                for pair in self.pairs.relevant(row).iter().filter(|pair| pair.distance > 0) {
                    let (id, doc) = (&data.queries[query.at()].id, &data.docs[pair.doc.at()].id);
                    let hidden = u8::from(self.hidden.contains(&(*query, pair.doc)));
                    writeln!(out, "{id}\t{doc}\t{}\t{hidden}", pair.distance)?;
                }
            }
            Ok(())
        })
    }

    /// Reads what [`HeldOut::write`] wrote for a data set; each query is its own exact match.
    ///
    /// # Errors
    /// At the first line that cannot be read, or names a query or a document that the data set does not have.
    pub fn read(path: &Path, data: &Dataset) -> Result<Self, DataError> {
        let (mut queries, mut docs) = (Names::default(), Names::default());
        let fault_at = |fault| DataError::Line { file: path.to_owned(), line: 0, fault };
        for (number, query) in (1..).zip(&data.queries) {
            queries.add(&query.id, number).map_err(fault_at)?;
        }
        for (number, doc) in (1..).zip(&data.docs) {
            docs.add(&doc.id, number).map_err(fault_at)?;
        }
        let mut relevant: Vec<Vec<Relevant>> = data
            .queries
            .iter()
            .map(|query| docs.get(&query.id).map(|doc| Relevant { distance: 0, doc: DocIdx(doc) }))
            .map(|own| own.into_iter().collect())
            .collect();
        let (mut seen, mut hidden) = (HashSet::new(), HashSet::new());
        each_row(path, HEADER, |[query, doc, distance, is_hidden], _| {
            let asked = queries.get(query).map(QueryIdx);
            let asked = asked.ok_or_else(|| Fault::UnknownQuery { id: excerpt(query) })?;
            let found = docs.get(doc).map(DocIdx);
            let found = found.ok_or_else(|| Fault::UnknownDocument { id: excerpt(doc) })?;
            let number = |what, text: &str| Fault::Number { what, found: excerpt(text) };
            let far = Fault::Field {
                expected: "a distance of at least 1 and below the number of documents",
                found: excerpt(distance),
            };
            let is_possible = |distance: &u32| (1..data.docs.len() as u32).contains(distance);
            let distance = distance.parse().ok().filter(is_possible).ok_or(far)?;
            if !seen.insert((asked, found)) {
                let (expected, found) = ("a pair that no line above has", excerpt(&format!("{query} {doc}")));
                return Err(Fault::Field { expected, found });
            }
            relevant[asked.at()].push(Relevant { distance, doc: found });
            match is_hidden {
                "0" => {}
                "1" => drop(hidden.insert((asked, found))),
                other => return Err(number("0 or 1", other)),
            }
            Ok(())
        })?;
        let rows = (0..).map(QueryIdx).zip(relevant).filter(|(_, row)| !row.is_empty());
        Ok(HeldOut { pairs: Pairs::of_rows(rows), hidden })
    }

    /// What a ranking finds of the hidden pairs and of the given ones, by its evaluation on [`HeldOut::pairs`].
    ///
    /// # Panics
    /// When the evaluation is of other queries.
    pub fn measure(&self, found: &Evaluation) -> Found {
        let mut hidden_by_distance: BTreeMap<u32, Share> = BTreeMap::new();
        let mut given = Share { found: 0, of: 0 };
        assert_eq!(found.per_query.len(), self.pairs.n_queries(), "an evaluation of these queries");
        for (row, result) in found.per_query.iter().enumerate() {
            let missed: HashSet<DocIdx> = result.missed.iter().map(|pair| pair.doc).collect();
            for pair in self.pairs.relevant(row).iter().filter(|pair| pair.distance > 0) {
                let share = if self.hidden.contains(&(result.query, pair.doc)) {
                    hidden_by_distance.entry(pair.distance).or_default()
                } else {
                    &mut given
                };
                share.of += 1;
                share.found += usize::from(!missed.contains(&pair.doc));
            }
        }
        let sum = |of: fn(&Share) -> usize| hidden_by_distance.values().map(of).sum();
        let hidden = Share { found: sum(|share| share.found), of: sum(|share| share.of) };
        Found { hidden_by_distance, hidden, given }
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |f: &mut std::fmt::Formatter<'_>, name: &str, share: Share| {
            let (found, of) = (crate::digits::grouped(share.found), crate::digits::grouped(share.of));
            writeln!(f, "  {name:<10} {found:>11} {of:>11} {:>7.1}%", 100.0 * share.value())
        };
        writeln!(f, "Pairs that training was not given, among the first |S(q)|:")?;
        writeln!(f, "  {:<10} {:>11} {:>11} {:>8}", "distance", "found", "of", "recall")?;
        for (distance, share) in &self.hidden_by_distance {
            line(f, &distance.to_string(), *share)?;
        }
        line(f, "all hidden", self.hidden)?;
        line(f, "all given", self.given)
    }
}

#[cfg(test)]
mod tests;
