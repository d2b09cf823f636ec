//! BM25: how well the words of a query fit those of each document, without training.
//!
//! The baseline that every learned ranking must beat. An inverted index in memory holds, for each word, the documents
//! with it and what the word is worth there, so that scoring a query is adding up a few lists. A document's words are
//! those of its title, text and synonyms taken together; what a word is, `bm25/words.rs` says.

mod words;

use std::collections::HashMap;
use std::ops::Range;

use crate::dataset::Document;
use crate::eval::{NOT_FOUND, Scorer};
use crate::rows::Rows;

pub(crate) use words::Words;

/// How fast the worth of a word rises with its count in a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// How slowly the worth of a word rises with its count: at 0 once counts as much as often.
    pub k1: f32,
    /// How much the length of a document weighs: at 0 not at all, at 1 a count is taken relative to the length.
    pub b: f32,
}

/// The saturation that Lucene begins with, and the one to use: on SciFact nDCG@10 is 0.686 with it and 0.680 with
/// [`ANSERINI`], and on CLINC150 it finds 57.0 % instead of 55.0 % of the exact matches (`bench/bm25_words.py`).
pub const LUCENE: Saturation = Saturation { k1: 1.2, b: 0.75 };

/// The saturation that Anserini begins with.
pub const ANSERINI: Saturation = Saturation { k1: 0.9, b: 0.4 };

/// An inverted index of documents.
#[derive(Debug)]
pub struct Bm25 {
    words: Words,
    /// The number of each stem.
    stems: HashMap<String, u32>,
    /// For each stem the documents with it, in ascending order.
    postings: Rows<Posting>,
    n_docs: usize,
}

/// A document with a word.
#[derive(Clone, Copy, Debug)]
struct Posting {
    doc: u32,
    /// What the word adds to the document's score.
    worth: f32,
}

/// Queries asked of an index; their scores are those of BM25.
#[derive(Debug)]
pub struct Asked<'a> {
    index: &'a Bm25,
    /// For each query the numbers of its stems that some document has, each as often as it is asked.
    stems: Rows<u32>,
}

impl Bm25 {
    /// Counts the words of all documents.
    ///
    /// A word adds `idf · tf / (tf + k1 · (1 − b + b · len / mean_len))` to the score of a document with it, where
    /// `idf = ln(1 + (N − n + 0.5) / (n + 0.5))`, `n` of `N` documents have the word, `tf` is its count in the document
    /// and `len` the document's words  [Robertson & Zaragoza, The Probabilistic Relevance Framework, 2009; as Lucene
    /// has it, whose lengths are rounded].
    ///
    /// # Panics
    /// When there are more than `u32::MAX` documents, or words in all documents.
    pub fn new(docs: &[Document], saturation: Saturation) -> Self {
        let mut words = Words::new();
        let mut stems: HashMap<String, u32> = HashMap::new();
        let mut lengths: Vec<u32> = Vec::with_capacity(docs.len());
        let mut counted: Vec<(u32, u32, u32)> = Vec::new(); // (stem, document, count)
        for (doc, document) in (0u32..).zip(docs) {
            let fields = [&document.title, &document.text].into_iter().chain(&document.synonyms);
            let mut own: Vec<u32> = Vec::new();
            for field in fields {
                words.each_learning(field, |stem| match stems.get(stem) {
                    Some(number) => own.push(*number),
                    None => {
                        let number = stems.len() as u32;
                        stems.insert(stem.to_owned(), number);
                        own.push(number);
                    }
                });
            }
            lengths.push(own.len() as u32);
            own.sort_unstable();
            counted.extend(own.chunk_by(|a, b| a == b).map(|run| (run[0], doc, run.len() as u32)));
        }
        words.forget();
        let mean = lengths.iter().map(|n| f64::from(*n)).sum::<f64>() / lengths.len().max(1) as f64;
        let mut with_word = vec![0u32; stems.len()];
        counted.iter().for_each(|(stem, _, _)| with_word[*stem as usize] += 1);
        let (k1, b) = (f64::from(saturation.k1), f64::from(saturation.b));
        let posting = |&(stem, doc, count): &(u32, u32, u32)| {
            let (n, tf) = (f64::from(with_word[stem as usize]), f64::from(count));
            let idf = (1.0 + (docs.len() as f64 - n + 0.5) / (n + 0.5)).ln();
            let length = f64::from(lengths[doc as usize]) / mean;
            let worth = (idf * tf / (tf + k1 * (1.0 - b + b * length))) as f32;
            (stem as usize, Posting { doc, worth })
        };
        let postings = Rows::group(stems.len(), counted.iter().map(posting));
        Bm25 { words, stems, postings, n_docs: docs.len() }
    }

    /// Asks these texts: row `i` of the scorer is text `i`. Words that no document has say nothing.
    pub fn ask<'a>(&'a self, texts: impl IntoIterator<Item = &'a str>) -> Asked<'a> {
        let mut asked = Rows::empty();
        for text in texts {
            let mut own = Vec::new();
            self.words.each(text, |stem| own.extend(self.stems.get(stem)));
            // In one order, so that the order of the words does not show in the last bit of a score.
            own.sort_unstable();
            asked.push(own);
        }
        Asked { index: self, stems: asked }
    }
}

impl Scorer for Asked<'_> {
    fn n_queries(&self) -> usize {
        self.stems.len()
    }

    fn n_docs(&self) -> usize {
        self.index.n_docs
    }

    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        scores.fill(0.0);
        for (place, row) in rows.enumerate() {
            let scores = &mut scores[place * self.index.n_docs..][..self.index.n_docs];
            for stem in self.stems.row(row) {
                for posting in self.index.postings.row(*stem as usize) {
                    scores[posting.doc as usize] += posting.worth;
                }
            }
        }
        // A word is worth more than 0 wherever it stands, so that these have none of them.
        scores.iter_mut().filter(|score| **score == 0.0).for_each(|score| *score = NOT_FOUND);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::eval::each_row;

    fn document(title: &str, text: &str, synonyms: &[&str]) -> Document {
        let synonyms = synonyms.iter().map(|&word| word.to_owned()).collect();
        Document { id: String::new(), title: title.to_owned(), text: text.to_owned(), synonyms }
    }

    /// The scores of all documents, 0 where there is none.
    fn scores(index: &Bm25, texts: &[&str]) -> Vec<Vec<f32>> {
        let or_zero = |score: &f32| if *score == NOT_FOUND { 0.0 } else { *score };
        let of_row = |_, scores: &[f32]| scores.iter().map(or_zero).collect();
        each_row(&index.ask(texts.iter().copied()), &|_| (), of_row).unwrap()
    }

    /// The formula, word by word and document by document.
    fn naive(docs: &[Vec<&str>], query: &[&str], saturation: Saturation) -> Vec<f64> {
        let mean = docs.iter().map(Vec::len).sum::<usize>() as f64 / docs.len() as f64;
        let (k1, b) = (f64::from(saturation.k1), f64::from(saturation.b));
        let score = |doc: &Vec<&str>| {
            let worth = |word: &&str| {
                let n = docs.iter().filter(|doc| doc.contains(word)).count() as f64;
                let tf = doc.iter().filter(|own| own == &word).count() as f64;
                let idf = (1.0 + (docs.len() as f64 - n + 0.5) / (n + 0.5)).ln();
                let norm = k1 * (1.0 - b + b * doc.len() as f64 / mean);
                if tf == 0.0 { 0.0 } else { idf * tf / (tf + norm) }
            };
            query.iter().map(worth).sum()
        };
        docs.iter().map(score).collect()
    }

    #[test]
    fn documents_without_a_word_of_the_query_are_not_found() {
        let docs =
            [document("apple", "", &[]), document("melon", "sweet apple", &[]), document("yam", "", &[])];
        let index = Bm25::new(&docs, LUCENE);
        let asked = index.ask(["apple", "courgette", "", "the"]);
        let found = each_row(&asked, &|_| (), |_, scores| scores.to_vec()).unwrap();
        assert!(found[0][..2].iter().all(|score| *score > 0.0) && found[0][2] == NOT_FOUND);
        assert!(found[1..].iter().flatten().all(|score| *score == NOT_FOUND));
    }

    #[test]
    fn a_score_is_the_one_worked_out_by_hand() {
        // 3 words on average; "boot" is in one of two documents, once among 4 words:
        // ln(1 + 1.5 / 1.5) · 1 / (1 + 1.2 · (0.25 + 0.75 · 4 / 3)).
        let docs = [document("boot", "red warm tall", &[]), document("sandal", "open", &[])];
        let found = scores(&Bm25::new(&docs, LUCENE), &["boot"]);
        assert!((found[0][0] - 0.277_26).abs() < 1e-5, "{found:?}");
        assert_eq!(found[0][1].to_bits(), 0);
    }

    #[test]
    fn title_text_and_synonyms_are_all_searched_by_their_stems() {
        let docs =
            [document("Sandals", "", &[]), document("", "open sandals", &[]), document("", "", &["SANDAL"])];
        let found = scores(&Bm25::new(&docs, LUCENE), &["the sandal", "the", "boots", ""]);
        assert!(found[0].iter().all(|score| *score > 0.0), "{found:?}");
        assert_eq!(found[1..], [[0.0; 3], [0.0; 3], [0.0; 3]]);
    }

    #[test]
    fn documents_without_words_score_nothing() {
        assert_eq!(scores(&Bm25::new(&[document("", "", &[])], LUCENE), &["sandal"]), [[0.0]]);
        assert_eq!(scores(&Bm25::new(&[], LUCENE), &["sandal"]), [[0.0; 0]]);
    }

    #[test]
    fn one_and_two_threads_give_the_same_bits() {
        let text =
            |seed: u32| (0..9).map(|i| format!("w{} ", (seed * 31 + i * i * 7) % 40)).collect::<String>();
        let docs: Vec<Document> = (0..200).map(|seed| document("", &text(seed), &[])).collect();
        let queries: Vec<String> = (500..700).map(text).collect();
        let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
        let index = Bm25::new(&docs, ANSERINI);
        let on = |n| {
            let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            pool.install(|| scores(&index, &queries))
        };
        assert_eq!(on(1), on(2));
    }

    /// Words that are their own stems.
    const WORDS: [&str; 6] = ["red", "boot", "cat", "oak", "sun", "zinc"];

    proptest! {
        #[test]
        fn scores_are_those_of_the_formula(
            docs in proptest::collection::vec(proptest::collection::vec(0..6usize, 0..9), 1..9),
            query in proptest::collection::vec(0..6usize, 0..5),
            k1 in 0.0f32..3.0,
            b in 0.0f32..=1.0,
        ) {
            prop_assume!(docs.iter().any(|doc| !doc.is_empty()));
            let words = |numbers: &Vec<usize>| numbers.iter().map(|n| WORDS[*n]).collect::<Vec<_>>();
            let (docs, query): (Vec<Vec<&str>>, _) = (docs.iter().map(words).collect(), words(&query));
            let whole: Vec<Document> = docs.iter().map(|doc| document("", &doc.join(" "), &[])).collect();
            let saturation = Saturation { k1, b };
            let found = scores(&Bm25::new(&whole, saturation), &[&query.join(", ")]);
            for (found, expected) in found[0].iter().zip(naive(&docs, &query, saturation)) {
                prop_assert!((f64::from(*found) - expected).abs() < 1e-5 * (1.0 + expected), "{found} {expected}");
            }
        }
    }
}
