//! What BM25 takes for a word.
//!
//! Runs of letters and digits of any script, in lower case; the 33 stop words of Lucene's English analyser are left
//! out, and what is left is cut to its stem by the Snowball stemmer for English. Both were measured: on SciFact stems
//! raise nDCG@10 from 0.663 to 0.685, and on CLINC150 stems and stop words together raise the share of exact matches
//! found from 51.1 % to 56.6 %. Words of other languages mostly pass unchanged.

use std::collections::HashMap;
use std::fmt;

use rust_stemmers::{Algorithm, Stemmer};

/// Words so frequent that they say nothing: those of Lucene's `EnglishAnalyzer`.
const STOP: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// Cuts texts into stems.
pub(crate) struct Words {
    stemmer: Stemmer,
    /// Words met while learning, with their stems, since a stem takes far longer to find than a word.
    met: HashMap<String, Option<String>>,
}

impl Words {
    pub(crate) fn new() -> Self {
        Words { stemmer: Stemmer::create(Algorithm::English), met: HashMap::new() }
    }

    /// Calls `f` with each stem of a text, in its order, and keeps the stems of its words in mind.
    pub(super) fn each_learning(&mut self, text: &str, mut f: impl FnMut(&str)) {
        self.each_form(text, |_, stem| f(stem));
    }

    /// As [`Words::each_learning`], with the word that was cut to the stem, in lower case, before it.
    pub(crate) fn each_form(&mut self, text: &str, mut f: impl FnMut(&str, &str)) {
        let Words { stemmer, met } = self;
        each_word(text, |word| {
            if !met.contains_key(word) {
                met.insert(word.to_owned(), stem(stemmer, word));
            }
            if let Some(stem) = met.get(word).and_then(Option::as_deref) {
                f(word, stem);
            }
        });
    }

    /// Calls `f` with each stem of a text, in its order.
    pub(super) fn each(&self, text: &str, mut f: impl FnMut(&str)) {
        each_word(text, |word| {
            if let Some(stem) = stem(&self.stemmer, word) {
                f(&stem);
            }
        });
    }

    /// Forgets the words met, of which there are many.
    pub(super) fn forget(&mut self) {
        self.met = HashMap::new();
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} met)", self.met.len())
    }
}

/// The stem of a word; none of a stop word.
fn stem(stemmer: &Stemmer, word: &str) -> Option<String> {
    if STOP.binary_search(&word).is_ok() { None } else { Some(stemmer.stem(word).into_owned()) }
}

/// Calls `f` with each run of letters and digits, in lower case.
fn each_word(text: &str, mut f: impl FnMut(&str)) {
    let mut lower = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        f(&lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        let (mut words, mut learned, mut plain) = (Words::new(), Vec::new(), Vec::new());
        words.each_learning(text, |stem| learned.push(stem.to_owned()));
        words.each(text, |stem| plain.push(stem.to_owned()));
        assert_eq!(learned, plain);
        learned
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_cut_to_their_stems() {
        assert_eq!(
            stems("Kids' sandals, size_12: running-shoes!"),
            ["kid", "sandal", "size", "12", "run", "shoe"]
        );
    }

    #[test]
    fn stop_words_are_left_out_whatever_their_case() {
        assert!(STOP.is_sorted());
        assert_eq!(stems("The cat is ON the Mat"), ["cat", "mat"]);
        assert!(stems(" .. the, ").is_empty());
    }

    #[test]
    fn words_of_any_script_are_words() {
        assert_eq!(stems("ÉCOLE Straße 東京 Σοφία"), ["école", "straße", "東京", "σοφία"]);
    }
}
