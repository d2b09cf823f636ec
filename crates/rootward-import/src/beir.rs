//! Test collections of BEIR: a folder or archive with `corpus.jsonl`, `queries.jsonl` and `qrels/*.tsv`.
//!
//! The layout is that of our own folders, but collections in the wild are less strict: ids that are numbers, tables
//! without a header, judgements of documents that are not there, and other names of splits.

use rootward::dataset::{DataError, Document, Fault, Query, Split, excerpt, from_json};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::draft::{Draft, Imported, Undefined};
use crate::judged::{Grades, split_of};
use crate::source::{Source, Text};

/// How the columns of judgements are called, each by the names that are in use.
const COLUMNS: [&[&str]; 3] = [
    &["query-id", "query_id", "qid", "query"],
    &["corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "document"],
    &["score", "relevance", "rel", "label", "grade"],
];

/// Reads a collection of BEIR, as it is downloaded.
///
/// `hierarchy.tsv` is read where it is there, and `synonyms` of documents; `metadata` is not. Judgements of queries
/// or documents that are not there are left out and counted.
///
/// # Errors
/// When a file is missing, and at the first line that does not follow the format or repeats an id.
pub fn beir(source: &Source<'_>) -> Result<Imported, DataError> {
    const REMEDY: &str =
        "name the folder or the zip archive that holds corpus.jsonl, queries.jsonl and qrels";
    let corpus = source.needed_file("corpus.jsonl", REMEDY)?;
    let file = corpus.name().to_owned();
    let mut draft = Draft::new(&file);
    let mut is_empty = true;
    corpus.each_line(|line, number| {
        is_empty = false;
        let line: DocLine = from_json(line, r#"an object {"_id": "..", "title": "..", "text": ".."}"#)?;
        let DocLine { id, title, text, synonyms, metadata } = line;
        if metadata.as_ref().and_then(Value::as_object).is_some_and(|metadata| !metadata.is_empty()) {
            draft.note(METADATA, &id);
        }
        let (title, text) = (title.unwrap_or_default(), text.unwrap_or_default());
        draft.doc(Document { id, title, text, synonyms: synonyms.unwrap_or_default() }, number)?;
        Ok(())
    })?;
    if is_empty {
        return Err(DataError::Empty { file, what: "document" });
    }
    let hierarchy = source.file("hierarchy.tsv")?;
    let has_hierarchy = hierarchy.is_some();
    if let Some(text) = hierarchy {
        read_hierarchy(text, &mut draft)?;
    }
    if source.file("guesses.tsv")?.is_some() {
        draft.note("files of guesses not read", "guesses.tsv");
    }
    let tables = source.names_in("qrels")?.into_iter();
    let tables: Vec<String> = tables.filter(|name| name.ends_with(".tsv")).collect();
    let folder = || source.path().to_owned();
    match (source.file("queries.jsonl")?, tables.is_empty()) {
        (None, true) if has_hierarchy => {}
        (None, true) => return Err(DataError::NothingToLearn { folder: folder() }),
        (None, false) => return Err(DataError::NoQueries { folder: folder() }),
        (Some(_), true) => return Err(DataError::NoJudgements { folder: folder() }),
        (Some(queries), false) => {
            read_queries(queries, &mut draft)?;
            for table in tables {
                let Ok(split) = split_of(table.trim_end_matches(".tsv")) else {
                    draft.note("files in qrels that are named after no split left out", &table);
                    continue;
                };
                if let Some(text) = source.file(&format!("qrels/{table}"))? {
                    read_judgements(text, split, &mut draft)?;
                }
            }
        }
    }
    draft.finish(Undefined::LeaveOut)
}

/// What is said of documents with metadata.
const METADATA: &str = "documents' metadata left out, which an index of the folder itself would keep";

/// A line of `corpus.jsonl`.
#[derive(Deserialize)]
struct DocLine {
    #[serde(rename = "_id", deserialize_with = "id")]
    id: String,
    title: Option<String>,
    text: Option<String>,
    synonyms: Option<Vec<String>>,
    metadata: Option<Value>,
}

/// A line of `queries.jsonl`.
#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id", deserialize_with = "id")]
    id: String,
    text: String,
    group: Option<String>,
}

/// An id, which may be a number.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Id;
    impl de::Visitor<'_> for Id {
        type Value = String;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text or a whole number")
        }

        fn visit_str<E: de::Error>(self, id: &str) -> Result<String, E> {
            Ok(id.to_owned())
        }

        fn visit_u64<E: de::Error>(self, id: u64) -> Result<String, E> {
            Ok(id.to_string())
        }

        fn visit_i64<E: de::Error>(self, id: i64) -> Result<String, E> {
            Ok(id.to_string())
        }
    }
    deserializer.deserialize_any(Id)
}

fn read_hierarchy(text: Text<'_>, draft: &mut Draft) -> Result<(), DataError> {
    draft.reads(text.name());
    let mut has_header = false;
    text.each_line(|line, number| match line.split('\t').collect::<Vec<_>>()[..] {
        ["child", "parent"] if !has_header => {
            has_header = true;
            Ok(())
        }
        _ if !has_header => {
            Err(Fault::Header { expected: "child<TAB>parent".to_owned(), found: excerpt(line) })
        }
        [child, parent] => draft.edge(child, parent, number),
        ref columns => Err(Fault::Columns { expected: 2, got: columns.len(), found: excerpt(line) }),
    })
}

fn read_queries(text: Text<'_>, draft: &mut Draft) -> Result<(), DataError> {
    let file = text.name().to_owned();
    let mut is_empty = true;
    text.each_line(|line, number| {
        let QueryLine { id, text, group } = from_json(line, r#"an object {"_id": "..", "text": ".."}"#)?;
        is_empty = false;
        draft.query(Query { id, text, group }, number)
    })?;
    if is_empty { Err(DataError::Empty { file, what: "query" }) } else { Ok(()) }
}

fn read_judgements(text: Text<'_>, split: Split, draft: &mut Draft) -> Result<(), DataError> {
    draft.reads(text.name());
    let grades = Grades::as_written();
    let mut places = None;
    text.each_line(|line, number| {
        let columns: Vec<&str> = line.split('\t').collect();
        let got = columns.len();
        let row: [&str; 3] =
            columns.try_into().map_err(|_| Fault::Columns { expected: 3, got, found: excerpt(line) })?;
        let Some(places) = places else {
            let named = places_of(row);
            places = Some(named.unwrap_or([0, 1, 2]));
            return if named.is_some() { Ok(()) } else { judge(draft, split, row, &grades, number) };
        };
        judge(draft, split, places.map(|place: usize| row[place]), &grades, number)
    })
}

/// Where the columns of a header stand; `None` where the row is no header.
fn places_of(row: [&str; 3]) -> Option<[usize; 3]> {
    let place = |names: &[&str]| row.iter().position(|cell| names.contains(&&*cell.to_ascii_lowercase()));
    Some([place(COLUMNS[0])?, place(COLUMNS[1])?, place(COLUMNS[2])?])
}

fn judge(
    draft: &mut Draft,
    split: Split,
    [query, doc, grade]: [&str; 3],
    grades: &Grades,
    line: u64,
) -> Result<(), Fault> {
    let grade = grades.worth(grade)?;
    if draft.query_of(query).is_none() {
        draft.note("judgements of queries that are not there left out", query);
        return Ok(());
    }
    draft.judge(split, (query, doc), grade, line)
}

#[cfg(test)]
mod tests;
