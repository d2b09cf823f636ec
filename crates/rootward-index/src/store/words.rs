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
use super::fault::Fault;
use super::meta::Meta;
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

/// A text as FTS5 is asked: any of its words, stop words left out unless there are no others; none where it has no
/// words.
fn expression(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let telling = |word: &&String| STOP.binary_search(&word.as_str()).is_err();
    let mut asked: Vec<&String> = words.iter().filter(telling).collect();
    if asked.is_empty() {
        asked = words.iter().collect();
    }
    let quoted: Vec<String> = asked.iter().map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

impl Reading<'_> {
    /// The `k` documents that a text fits best by its words, of those that are allowed: the greatest score first, equal
    /// scores by id in descending order. Documents without any of its words are none of them.
    ///
    /// The score is FTS5's BM25 with k1 = 1.2 and b = 0.75, over title, text and the texts of the metadata
    /// `synonyms` taken together.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn words(
        &self,
        text: &str,
        k: usize,
        allowed: &dyn Fn(DocIdx) -> bool,
    ) -> Result<Vec<(DocIdx, f32)>, IndexError> {
        match expression(text) {
            Some(expression) if k > 0 => self.told(self.find_words(&expression, k, allowed)),
            _ => Ok(Vec::new()),
        }
    }

    fn find_words(
        &self,
        expression: &str,
        k: usize,
        allowed: &dyn Fn(DocIdx) -> bool,
    ) -> Result<Vec<(DocIdx, f32)>, Fault> {
        self.once("words", guard::check)?;
        let sql = "SELECT rowid, bm25(words) FROM words WHERE words MATCH ?";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (mut rows, mut found) = (statement.query([expression])?, Vec::new());
        while let Some(row) = rows.next()? {
            let doc = DocIdx(row.get(0)?);
            if allowed(doc) {
                found.push((doc, -row.get::<_, f64>(1)? as f32));
            }
        }
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

    #[test]
    fn a_text_is_asked_for_any_of_its_words() {
        let check = |text, expected: Option<&str>| assert_eq!(expression(text).as_deref(), expected);
        check("The \"Quick\" brown-fox OR", Some("\"quick\" OR \"brown\" OR \"fox\""));
        check("to be or not", Some("\"to\" OR \"be\" OR \"or\" OR \"not\""));
        check(" \"* ", None);
        assert!(STOP.is_sorted());
    }
}
