//! Where a document stands whose lowest known ancestor need not be its parent.

use std::collections::HashMap;

use rayon::prelude::*;

use super::words::Words;
use super::{GuessedEdge, LEAST};
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::DocIdx;
use crate::rows::Rows;
use crate::tally::Tally;

/// Which documents are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Those with a few descendants.
    Inner,
    /// All but those with many.
    All,
}

/// Documents with more descendants than this stand where these say.
const MANY: u32 = 4;

/// Children of a document whose words are read, at most.
const READ: usize = 300;

/// Words of the whole corpus with which the words of a document's children are mixed.
const SMOOTH: f64 = 20.0;

/// How much the words of children count: words of one text are not independent.
const TRUST: f64 = 0.4;

/// Places less likely than this are not looked at: all of them together weigh less than a guess is rounded to.
const NEGLIGIBLE: f64 = 1e-9;

pub(super) struct Placement<'a> {
    known: &'a Hierarchy,
    words: Option<&'a Words>,
    log_missing: f64,
    /// Sorted ancestors of each document, itself left out.
    above: Rows<u32>,
    n_below: Vec<u32>,
    /// For each document those below it that have something below themselves.
    inner_below: Rows<u32>,
    /// The documents that have something below themselves.
    inner: Vec<u32>,
    /// For each document how many stand right under it, as far as is known.
    n_children: Vec<u32>,
    /// For each inner document the words of itself and its children, and how many they are.
    child_words: Vec<(HashMap<u32, u32>, u32)>,
    /// For each word where it is among those, by the inner document's place in `inner`, and how often.
    places_of: Rows<(u32, u32)>,
    /// For each word the inner documents with a name that ends with it, by their places in `inner`.
    named_by: Rows<u32>,
}

impl<'a> Placement<'a> {
    pub(super) fn new(known: &'a Hierarchy, words: Option<&'a Words>, missing: f64) -> Self {
        let n_docs = known.n_docs();
        let mut above = Rows::empty();
        let mut n_below = vec![0u32; n_docs];
        for doc in known.docs() {
            let mut row: Vec<u32> = known.ancestors(doc)[1..].iter().map(|a| a.doc.0).collect();
            row.sort_unstable();
            row.iter().for_each(|a| n_below[*a as usize] += 1);
            above.push(row);
        }
        let is_inner = |doc: &u32| n_below[*doc as usize] > 0;
        let pairs = (0..n_docs as u32)
            .filter(is_inner)
            .flat_map(|doc| above.row(doc as usize).iter().map(move |a| (*a as usize, doc)));
        let inner_below = Rows::group(n_docs, pairs);
        let inner: Vec<u32> = (0..n_docs as u32).filter(is_inner).collect();

        // A document stands right under an inner one when it is known to be under that, all that is above that, and
        // nothing else.
        let mut by_set: HashMap<Vec<u32>, Vec<u32>> = HashMap::new();
        for doc in (0..n_docs as u32).filter(is_inner) {
            let mut set = above.row(doc as usize).to_vec();
            set.insert(set.partition_point(|a| *a < doc), doc);
            by_set.entry(set).or_default().push(doc);
        }
        let mut n_children = vec![0; n_docs];
        let mut child_words = vec![(HashMap::new(), 0); n_docs];
        let mut read = |of: u32, doc: usize| {
            let Some(words) = words else { return };
            let (counts, total): &mut (HashMap<u32, u32>, u32) = &mut child_words[of as usize];
            for (word, count) in &words.of[doc] {
                *counts.entry(*word).or_default() += count;
                *total += count;
            }
        };
        (0..n_docs as u32).filter(is_inner).for_each(|doc| read(doc, doc as usize));
        for doc in 0..n_docs {
            for parent in by_set.get(above.row(doc)).into_iter().flatten() {
                n_children[*parent as usize] += 1;
                if n_children[*parent as usize] as usize <= READ {
                    read(*parent, doc);
                }
            }
        }
        let n_words = words.map_or(0, |words| words.share.len());
        let counts = (0..).zip(&inner).flat_map(|(at, doc)| {
            let counts = child_words[*doc as usize].0.iter();
            counts.map(move |(word, count)| (*word as usize, (at, *count)))
        });
        let places_of = Rows::group(n_words, counts);
        let ends = (0..).zip(&inner).flat_map(|(at, doc): (u32, &u32)| {
            let names = words.map_or(&[][..], |words| &words.names[*doc as usize]).iter();
            names.filter_map(|name| name.last()).map(move |word| (*word as usize, at))
        });
        let named_by = Rows::group(n_words, ends);
        let log_missing = missing.clamp(1e-3, 0.999).ln();
        Placement {
            known,
            words,
            log_missing,
            above,
            n_below,
            inner_below,
            inner,
            n_children,
            child_words,
            places_of,
            named_by,
        }
    }

    /// What lies above documents without being known to, as far as it is likely enough.
    pub(super) fn place(&self, who: Who, progress: &(dyn Fn(usize) + Sync)) -> Vec<GuessedEdge> {
        let n_docs = self.known.n_docs() as u32;
        let tally = Tally::new(progress);
        let place = |doc: u32| {
            tally.add(1);
            let n_below = self.n_below[doc as usize];
            let asked = n_below <= MANY && (who == Who::All || n_below > 0);
            if asked { self.place_one(doc) } else { Vec::new() }
        };
        (0..n_docs).into_par_iter().flat_map_iter(place).collect()
    }

    fn place_one(&self, doc: u32) -> Vec<GuessedEdge> {
        let above = self.above.row(doc as usize);
        let lowest = above.iter().min_by_key(|a| self.n_below[**a as usize]);
        let is_under = |low: u32, high: u32| self.above.row(low as usize).binary_search(&high).is_ok();
        let fits = |place: &&u32| {
            **place != doc
                && !is_under(**place, doc)
                && above.iter().all(|a| a == *place || is_under(**place, *a))
        };
        let places: Vec<(u32, f64)> = match (lowest, self.words) {
            (Some(lowest), _) => {
                let places = self.inner_below.row(*lowest as usize).iter().chain([lowest]).filter(fits);
                places.map(|place| (*place, self.evidence(doc, *place))).collect()
            }
            // Nothing is known of it but its words, and it may stand anywhere.
            (None, Some(words)) if self.n_below[doc as usize] == 0 => self.evidence_of_words(doc, words),
            (None, _) => return Vec::new(),
        };
        let best = places.iter().map(|(_, evidence)| *evidence).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = places.iter().map(|(_, evidence)| (evidence - best).exp()).sum();
        let mut sums: HashMap<u32, f64> = HashMap::new();
        for (place, evidence) in places {
            let probability = (evidence - best).exp() / total;
            if probability < NEGLIGIBLE {
                continue;
            }
            for a in self.above.row(place as usize).iter().chain([&place]) {
                if above.binary_search(a).is_err() {
                    *sums.entry(*a).or_default() += probability;
                }
            }
        }
        let mut guesses: Vec<GuessedEdge> = sums
            .into_iter()
            .map(|(parent, sum)| GuessedEdge {
                edge: Edge { child: DocIdx(doc), parent: DocIdx(parent) },
                probability: (sum as f32).min(0.999),
            })
            .filter(|guess| guess.probability >= LEAST)
            .collect();
        guesses.sort_by_key(|guess| guess.edge);
        guesses
    }

    /// [`Placement::evidence`] of a document without any pair, for every inner document.
    ///
    /// Most words of a document are not among those of most places, and what they say there is the same for all of
    /// them: only places that share a word are looked at one by one.
    fn evidence_of_words(&self, doc: u32, words: &Words) -> Vec<(u32, f64)> {
        let own = &words.of[doc as usize];
        let alone = |place: &u32| {
            let n_missing = self.above.row(*place as usize).len() + 1;
            let prior = (f64::from(self.n_children[*place as usize]) + 0.1).ln();
            let total = f64::from(self.child_words[*place as usize].1);
            let absent = own.len() as f64 * (SMOOTH / (total + SMOOTH)).ln();
            (*place, prior + n_missing as f64 * self.log_missing + TRUST * absent)
        };
        let mut found: Vec<(u32, f64)> = self.inner.iter().map(alone).collect();
        let mut named = Vec::new();
        for (word, _) in own {
            let smooth = SMOOTH * words.share[*word as usize];
            for (at, count) in self.places_of.row(*word as usize) {
                found[*at as usize].1 += TRUST * (1.0 + f64::from(*count) / smooth).ln();
            }
            named.extend_from_slice(self.named_by.row(*word as usize));
        }
        named.sort_unstable();
        named.dedup();
        for at in named {
            let (place, evidence) = &mut found[at as usize];
            *evidence += words.names_kind(*place as usize, doc as usize);
        }
        found
    }

    /// The logarithm of how likely a document stands right under a place, up to a constant of the document.
    fn evidence(&self, doc: u32, place: u32) -> f64 {
        let n_missing = self.above.row(place as usize).len() + 1 - self.above.row(doc as usize).len();
        let n_below = self.n_below[doc as usize];
        // Each descendant would lack the pair with the place too.
        let lacking = n_missing as f64 * f64::from(1 + n_below);
        let prior = (f64::from(self.n_children[place as usize]) + 0.1).ln() + lacking * self.log_missing;
        let Some(words) = self.words else { return prior };
        let (counts, total) = &self.child_words[place as usize];
        let mut fit = 0.0;
        // A document must not speak for its own place.
        let own = &words.of[doc as usize];
        let is_read = self.above.row(place as usize).len() + 1 == self.above.row(doc as usize).len();
        let own_total: u32 = if is_read { own.iter().map(|(_, count)| count).sum() } else { 0 };
        for (word, own_count) in own {
            let share = words.share[*word as usize];
            let count = counts.get(word).copied().unwrap_or(0);
            let count = f64::from(if is_read { count.saturating_sub(*own_count) } else { count });
            let total = f64::from(total.saturating_sub(own_total));
            fit += ((count + SMOOTH * share) / (total + SMOOTH) / share).ln();
        }
        prior + TRUST * fit + words.names_kind(place as usize, doc as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Document;

    #[test]
    fn words_alone_say_the_same_place_by_place_and_all_at_once() {
        let titles = [
            "animal",
            "dog",
            "cat",
            "red dog",
            "old dog",
            "tom cat",
            "a big red dog",
            "tool, a thing",
            "cat",
        ];
        let doc = |(at, title): (usize, &&str)| Document {
            id: at.to_string(),
            title: (*title).to_owned(),
            text: titles[(at + 3) % titles.len()].to_owned(),
            ..Document::default()
        };
        let docs: Vec<Document> = titles.iter().enumerate().map(doc).collect();
        let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let known = Hierarchy::new(9, &[(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)].map(edge)).unwrap();
        let words = Words::of(&docs);
        let placement = Placement::new(&known, Some(&words), 0.2);
        for doc in [6, 7, 8] {
            let at_once = placement.evidence_of_words(doc, &words);
            assert_eq!(at_once.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1, 2]);
            for (place, evidence) in at_once {
                let expected = placement.evidence(doc, place);
                assert!((evidence - expected).abs() < 1e-9, "{doc} under {place}: {evidence}, {expected}");
            }
        }
    }
}
