//! What a hierarchy with holes most likely lacks: pairs of a document and an ancestor that nobody wrote down.
//!
//! A hierarchy is often known as loose pairs (this is a kind of that), and some of them are missing. Three kinds of
//! evidence bring them back, the surest first:
//!
//! 1. *Transitivity*: q under a and a under b put q under b. [`Hierarchy`] closes over it by itself.
//! 2. *Shared descendants* (`overlap`): when nearly everything under a is known to be under b too, and b has more
//!    under it, then a is under b.
//! 3. *Placement* (`placement`): a document without descendants whose lowest known ancestor is v stands under v itself
//!    or under one of the inner documents below it. Which one is a matter of how many children each has, of how many
//!    pairs would have to be missing, and, where texts may be used, of how its words fit those of their children.
//!
//! What is likely but not sure comes with its probability: see [`Completion::guesses`]. Nothing here knows the pairs that
//! are missing, and [`crate::held_out`] makes folders on which that can be measured.

mod overlap;
mod placement;
mod words;

use std::collections::HashMap;

use crate::dataset::Document;
use crate::hierarchy::{Edge, Hierarchy, HierarchyError};
use crate::ids::DocIdx;
use crate::pairs::Guess;
use crate::rows::Rows;

use placement::{Placement, Who};
use words::Words;

/// A hierarchy with its holes filled.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The known hierarchy with the guessed edges, without those that others imply.
    pub hierarchy: Hierarchy,
    /// For each document what is guessed to lie above it, in ascending order: by way of `hierarchy`, or too unlikely to be
    /// part of it.
    pub guesses: Rows<Guess>,
    /// The estimated share of pairs that the known hierarchy was not told.
    pub missing: f64,
}

/// A guessed edge.
#[derive(Clone, Copy, Debug)]
struct GuessedEdge {
    edge: Edge,
    probability: f32,
}

/// From this probability on a pair becomes part of the hierarchy.
const SURE: f32 = 0.5;

/// Below this probability a pair is not guessed.
const LEAST: f32 = 0.05;

/// How often what several inner documents agree on is right, roughly.
const AGREED: f32 = 0.9;

/// Times that shared descendants are counted: each round sees what the one before found.
const ROUNDS: usize = 2;

/// Fills the holes of a hierarchy; `texts` are used where they are given, one document for each of the hierarchy.
///
/// `progress` is told how many documents are done, of [`PASSES`] times their number.
///
/// # Panics
/// When there are texts, but not one for each document.
pub fn complete(
    known: &Hierarchy,
    texts: Option<&[Document]>,
    progress: &(dyn Fn(usize) + Sync),
) -> Completion {
    if let Some(texts) = texts {
        assert_eq!(texts.len(), known.n_docs(), "a text for each document");
    }
    let missing = share_missing(known);
    let words = texts.map(Words::of);
    let mut draft = Draft { known, hierarchy: known.clone(), guesses: Vec::new() };
    for _ in 0..ROUNDS {
        let agreed = overlap::edges_below(&draft.hierarchy);
        draft.add(agreed.into_iter().map(|edge| GuessedEdge { edge, probability: AGREED }).collect());
    }
    // Inner documents first: what they are under decides what everything below them is under. Then all, twice: the
    // second time with what the first found about the families.
    let mut doubtful = Vec::new();
    for (round, who) in [Who::Inner, Who::All, Who::All].into_iter().enumerate() {
        let placed = Placement::new(&draft.hierarchy, words.as_ref(), missing)
            .place(who, &|done| progress(round * known.n_docs() + done));
        let (sure, rest) = placed.into_iter().partition(|guess| guess.probability >= SURE);
        draft.add(sure);
        doubtful = rest;
    }
    Completion { guesses: draft.guesses(&doubtful), hierarchy: reduced(&draft.hierarchy), missing }
}

/// Times that [`complete`] goes through all documents.
pub const PASSES: usize = 3;

/// A hierarchy that is being completed.
struct Draft<'a> {
    known: &'a Hierarchy,
    hierarchy: Hierarchy,
    guesses: Vec<GuessedEdge>,
}

impl Draft<'_> {
    /// Adds guesses; those that would close a cycle are left out.
    fn add(&mut self, guesses: Vec<GuessedEdge>) {
        self.guesses.extend(guesses);
        loop {
            let guessed = self.guesses.iter().map(|guess| guess.edge);
            let mut edges: Vec<Edge> = self.known.edges().chain(guessed).collect();
            edges.sort_unstable();
            edges.dedup();
            match Hierarchy::new(self.known.n_docs(), &edges) {
                Ok(hierarchy) => {
                    self.hierarchy = hierarchy;
                    return;
                }
                Err(HierarchyError::Cycle { docs }) => {
                    let within =
                        |g: &GuessedEdge| docs.contains(&g.edge.child) && docs.contains(&g.edge.parent);
                    let worst = (0..self.guesses.len())
                        .filter(|at| within(&self.guesses[*at]))
                        .min_by(|a, b| self.guesses[*a].probability.total_cmp(&self.guesses[*b].probability))
                        .expect("what is known has no cycle");
                    self.guesses.remove(worst);
                }
                Err(error) => unreachable!("edges between its own documents: {error}"),
            }
        }
    }

    /// How likely each pair is that is not known: the product along the likeliest way up.
    fn guesses(&self, doubtful: &[GuessedEdge]) -> Rows<Guess> {
        let n_docs = self.known.n_docs();
        let doubtful =
            Rows::group(n_docs, doubtful.iter().map(|g| (g.edge.child.at(), (g.edge.parent, g.probability))));
        let up = Rows::group(
            n_docs,
            self.guesses.iter().map(|g| (g.edge.child.at(), (g.edge.parent, g.probability))),
        );
        let mut found: Vec<HashMap<DocIdx, f32>> = vec![HashMap::new(); n_docs];
        for &doc in self.hierarchy.topological() {
            let mut own: HashMap<DocIdx, f32> = HashMap::from([(doc, 1.0)]);
            let known = self.known.parents(doc).iter().map(|parent| (*parent, 1.0));
            for (parent, probability) in known.chain(up.row(doc.at()).iter().copied()) {
                for (above, further) in &found[parent.at()] {
                    let best = own.entry(*above).or_default();
                    *best = best.max(probability * further);
                }
            }
            found[doc.at()] = own;
        }
        let guessed = |(doc, mut own): (usize, HashMap<DocIdx, f32>)| {
            for (parent, probability) in doubtful.row(doc) {
                own.entry(*parent).or_insert(*probability);
            }
            let likely = own.into_iter().map(|(doc, probability)| Guess { doc, probability });
            let mut row: Vec<Guess> = likely.filter(|likely| likely.probability < 1.0).collect();
            row.sort_by_key(|likely| likely.doc);
            row
        };
        found.into_iter().enumerate().map(guessed).collect()
    }
}

/// Whether a document is known to lie above another.
fn is_above(hierarchy: &Hierarchy, doc: DocIdx, above: DocIdx) -> bool {
    hierarchy.ancestors(doc).iter().any(|a| a.doc == above && a.distance > 0)
}

/// The share of pairs that were not told: of the pairs that two told ones imply, those that were not told themselves.
fn share_missing(known: &Hierarchy) -> f64 {
    let (mut told, mut implied) = (0usize, 0usize);
    for doc in known.docs() {
        let parents = known.parents(doc);
        let mut twice: Vec<DocIdx> = parents.iter().flat_map(|p| known.parents(*p)).copied().collect();
        twice.sort_unstable();
        twice.dedup();
        implied += twice.len();
        told += twice.iter().filter(|b| parents.binary_search(b).is_ok()).count();
    }
    if implied == 0 { 0.0 } else { 1.0 - told as f64 / implied as f64 }
}

/// The same hierarchy without the edges that others imply.
pub fn reduced(hierarchy: &Hierarchy) -> Hierarchy {
    let mut edges = Vec::new();
    for child in hierarchy.docs() {
        let parents = hierarchy.parents(child);
        let implied = |parent: &DocIdx| {
            parents.iter().any(|other| other != parent && is_above(hierarchy, *other, *parent))
        };
        edges.extend(parents.iter().filter(|p| !implied(p)).map(|&parent| Edge { child, parent }));
    }
    Hierarchy::new(hierarchy.n_docs(), &edges).expect("a part of a hierarchy is one")
}

#[cfg(test)]
mod tests;
