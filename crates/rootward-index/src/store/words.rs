//! The words of all documents: BM25 by SQLite's FTS5.
//!
//! FTS5 keeps its index in tables of its own, whose rows it writes at times of its choosing; `words/guard.rs` seals them.

mod guard;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::iter;

use rootward::ids::DocIdx;
use rusqlite::Connection;
use serde_json::Value;

use super::changes::Content;
use super::fault::{Fault, damaged};
use super::meta::{Meta, WORD_LENGTH};
use super::reader::Reading;
use crate::error::IndexError;

pub(super) use guard::{Touched, all_blocks, check, seal};

/// Words so frequent that they say nothing: those of Lucene's `EnglishAnalyzer`, as in `rootward::bm25`.
const STOP: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// The key of metadata whose texts are other words for a document, and found as its title is.
const SYNONYMS: &str = "synonyms";

/// Puts the words of a row in.
pub(super) fn put(
    connection: &Connection,
    meta: &mut Meta,
    row: u32,
    document: &Content<'_>,
) -> Result<(), Fault> {
    let (title, text) = (names(document), document.text);
    if title.is_empty() && text.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute((row, title, text))?;
    guard::put_length(connection, meta, row)
}

/// Takes the words of a row out.
pub(super) fn remove(
    connection: &Connection,
    meta: &mut Meta,
    row: u32,
    document: &Content<'_>,
) -> Result<(), Fault> {
    if names(document).is_empty() && document.text.is_empty() {
        return Ok(());
    }
    guard::take_length(connection, meta, row)?;
    connection.prepare_cached("DELETE FROM words WHERE rowid = ?")?.execute([row])?;
    Ok(())
}

/// The title of a document and other words for it.
fn names<'a>(document: &Content<'a>) -> Cow<'a, str> {
    let Some(Value::Array(synonyms)) = document.metadata.get(SYNONYMS) else {
        return Cow::Borrowed(document.title);
    };
    let names = iter::once(document.title).chain(synonyms.iter().filter_map(Value::as_str));
    Cow::Owned(names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Makes FTS5 write what it holds in memory, so that it can be sealed.
pub(super) fn flush(connection: &Connection) -> Result<(), Fault> {
    connection.prepare_cached("INSERT INTO words (words) VALUES ('flush')")?.execute(())?;
    Ok(())
}

/// The words of a text that FTS5 is asked for, each once, with how often it stands there; stop words are left out unless
/// there are no others.
fn words_of(text: &str) -> Vec<(String, f64)> {
    // FTS5 takes an accent that stands behind its letter for a part of the word.
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}');
    let words: Vec<String> =
        text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let telling = |word: &&String| STOP.binary_search(&word.as_str()).is_err();
    let mut asked: Vec<&String> = words.iter().filter(telling).collect();
    if asked.is_empty() {
        asked = words.iter().collect();
    }
    let mut found: Vec<(String, f64)> = Vec::new();
    for word in asked {
        match found.iter_mut().find(|(known, _)| known == word) {
            Some((_, times)) => *times += 1.0,
            None => found.push((word.clone(), 1.0)),
        }
    }
    found
}

/// What FTS5's score of a word has to be multiplied by, so that a word which more than half of all documents have tells
/// them apart, too: FTS5 gives it a weight of nearly 0 [Robertson and Spärck Jones 1976], Lucene's is above 0 always.
fn lucene_over_fts5(n_docs: f64, n_with: f64) -> f64 {
    let odds = (n_docs - n_with + 0.5) / (n_with + 0.5);
    let fts5 = if odds > 1.0 { odds.ln() } else { 1e-6 };
    odds.ln_1p() / fts5
}

impl Reading<'_> {
    /// The `k` documents that a text fits best by its words, of those that are allowed: the greatest score first, equal
    /// scores by id in descending order. Documents without any of its words are none of them.
    ///
    /// The score is BM25 with k1 = 1.2 and b = 0.75, over title, text and the texts of the metadata `synonyms` taken
    /// together; words are weighed as by Lucene, `ln(1 + (N - n + 0.5) / (n + 0.5))`.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn words(
        &self,
        text: &str,
        k: usize,
        allowed: &dyn Fn(DocIdx) -> bool,
    ) -> Result<Vec<(DocIdx, f32)>, IndexError> {
        let words = words_of(text);
        if words.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        self.told(self.find_words(&words, k, allowed))
    }

    fn find_words(
        &self,
        words: &[(String, f64)],
        k: usize,
        allowed: &dyn Fn(DocIdx) -> bool,
    ) -> Result<Vec<(DocIdx, f32)>, Fault> {
        self.once("words", guard::check)?;
        let n_docs = self.meta().seal(WORD_LENGTH).n as f64;
        let (mut scores, mut met) = (vec![0.0; self.next_row() as usize], Vec::new());
        for (word, times) in words {
            let with = self.docs_with(word)?;
            let factor = times * lucene_over_fts5(n_docs, with.len() as f64);
            for (doc, score) in with {
                let Some(sum) = scores.get_mut(doc.at()) else {
                    return damaged(format!("row {} is not given away yet and has words", doc.0));
                };
                if *sum == 0.0 {
                    met.push(doc);
                }
                *sum += factor * score;
            }
        }
        let mut found: Vec<(DocIdx, f32)> =
            met.into_iter().filter(|doc| allowed(*doc)).map(|doc| (doc, scores[doc.at()] as f32)).collect();
        let descending = |a: &(DocIdx, f32), b: &(DocIdx, f32)| b.1.total_cmp(&a.1);
        if found.len() > k {
            let (_, last, _) = found.select_nth_unstable_by(k - 1, descending);
            let least = last.1;
            // Those that tie with the last stay until their ids are known.
            found.retain(|(_, score)| score.total_cmp(&least) != Ordering::Less);
        }
        let named = found.into_iter().map(|(doc, score)| Ok((self.id(doc)?, doc, score)));
        let mut named = named.collect::<Result<Vec<(String, DocIdx, f32)>, Fault>>()?;
        named.sort_unstable_by(|a, b| b.2.total_cmp(&a.2).then_with(|| b.0.cmp(&a.0)));
        named.truncate(k);
        Ok(named.into_iter().map(|(_, doc, score)| (doc, score)).collect())
    }

    /// The documents with a word, each with FTS5's score.
    fn docs_with(&self, word: &str) -> Result<Vec<(DocIdx, f64)>, Fault> {
        let sql = "SELECT rowid, bm25(words) FROM words WHERE words MATCH ?";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (mut rows, mut found) = (statement.query([format!("\"{word}\"")])?, Vec::new());
        while let Some(row) = rows.next()? {
            found.push((DocIdx(row.get(0)?), -row.get::<_, f64>(1)?));
        }
        Ok(found)
    }

    /// The id of a document that has words.
    fn id(&self, doc: DocIdx) -> Result<String, Fault> {
        let mut statement = self.connection().prepare_cached("SELECT id FROM document WHERE row = ?")?;
        let mut rows = statement.query([doc.0])?;
        match rows.next()? {
            Some(row) => Ok(row.get(0)?),
            None => Err(Fault::Damaged(format!("row {} has words and no document", doc.0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Reader, Record, Settings, Store};

    #[test]
    fn a_text_is_asked_for_any_of_its_words() {
        let check = |text, expected: &[(&str, f64)]| {
            let expected: Vec<(String, f64)> =
                expected.iter().map(|(word, times)| ((*word).to_owned(), *times)).collect();
            assert_eq!(words_of(text), expected);
        };
        check("The \"Quick\" brown-fox OR", &[("quick", 1.0), ("brown", 1.0), ("fox", 1.0)]);
        check("quick quick", &[("quick", 2.0)]);
        check("to be or not", &[("to", 1.0), ("be", 1.0), ("or", 1.0), ("not", 1.0)]);
        check(" \"* ", &[]);
        assert!(STOP.is_sorted());
    }

    #[test]
    fn documents_are_ranked_by_a_word_that_most_have() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let mut writer = Store::create(&path, &Settings { dim: 1, model: None }).unwrap();
        let mut changes = writer.begin().unwrap();
        for text in ["a shoe of many other words", "shoe", "boot", "shoe and shoe", "shoe of a child"] {
            let metadata = serde_json::Map::new();
            let (id, title, text) = (text.replace(' ', "-"), String::new(), text.to_owned());
            changes.add(&Record { id, title, text, metadata, vector: vec![1.0] }).unwrap();
        }
        changes.commit().unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let found = reader.snapshot().unwrap().words("the shoe", 9, &|_| true).unwrap();
        assert_eq!(found.iter().map(|(doc, _)| doc.0).collect::<Vec<_>>(), [3, 1, 4, 0]);
        assert!(found.iter().all(|(_, score)| *score > 0.01), "{found:?}");
    }

    #[test]
    fn words_that_most_documents_have_weigh_something() {
        let weight = |n_with| {
            let odds: f64 = (10.0 - n_with + 0.5) / (n_with + 0.5);
            lucene_over_fts5(10.0, n_with) * if odds > 1.0 { odds.ln() } else { 1e-6 }
        };
        for n_with in [0.0f64, 1.0, 5.0, 8.0, 10.0] {
            let expected = (1.0 + (10.0 - n_with + 0.5) / (n_with + 0.5)).ln();
            assert!((weight(n_with) - expected).abs() < 1e-12);
        }
    }
}
