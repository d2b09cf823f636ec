//! Queries that another program made for the documents of a folder, in the files that BEIR's GPL writes.
//!
//! `NAME-queries.jsonl` and `NAME-qrels/train.tsv` are read as strictly as `queries.jsonl` and `qrels/train.tsv`. Their
//! ids are their own: none may be that of another query of the data set.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::dataset::lines::{Names, either};
use crate::dataset::read::{read_judgements, read_queries};
use crate::dataset::{DataError, Dataset, Fault, Judgement, Query, excerpt};

/// Queries with judgements that count them from 0.
pub(super) struct Generated {
    pub(super) queries: Vec<Query>,
    /// Sorted by query, then by document.
    pub(super) judgements: Vec<Judgement>,
}

/// Reads the generated queries of a name from the data set's folder.
///
/// # Errors
/// When the data set is in no folder, a file is missing, or one cannot be read.
pub(super) fn read(data: &Dataset, name: &str) -> Result<Generated, DataError> {
    let not_in_folder = || DataError::NotInFolder { name: data.name.clone() };
    let folder = data.folder.as_deref().ok_or_else(not_in_folder)?;
    let file_name = format!("{name}-queries.jsonl");
    let remedy = "put the generated queries there, a line {\"_id\": \"..\", \"text\": \"..\"} for each, or take \
                  `generated` out of `learn_from`";
    let file = needed(folder, &file_name, remedy)?;
    let (queries, names) = read_queries(&file)?;
    refuse_taken(data, &queries, &names, &file)?;
    let remedy = "add the file with the header query-id<TAB>corpus-id<TAB>score and a line for each generated query, \
                  or take `generated` out of `learn_from`";
    let qrels = needed(&folder.join(format!("{name}-qrels")), "train.tsv", remedy)?;
    let mut docs = Names::default();
    for (doc, line) in data.docs.iter().zip(1..) {
        docs.add(&doc.id, line).expect("the documents of a data set have ids of their own");
    }
    let judgements = read_judgements(&qrels, &names, &docs).map_err(|error| match error {
        DataError::Line { file, line, fault: Fault::UnknownQuery { id } } => {
            DataError::Line { file, line, fault: Fault::UnknownGenerated { id, file: file_name } }
        }
        other => other,
    })?;
    Ok(Generated { queries, judgements })
}

/// A file of a folder, compressed or not.
fn needed(folder: &Path, name: &str, remedy: &'static str) -> Result<PathBuf, DataError> {
    let lacks = || DataError::Lacks { path: folder.to_owned(), what: name.to_owned(), remedy };
    either(folder, name)?.ok_or_else(lacks)
}

/// Makes sure that the ids of generated queries are no other query's.
fn refuse_taken(data: &Dataset, queries: &[Query], names: &Names, file: &Path) -> Result<(), DataError> {
    let taken: HashSet<&str> = data.queries.iter().map(|query| query.id.as_str()).collect();
    let Some(query) = queries.iter().find(|query| taken.contains(query.id.as_str())) else { return Ok(()) };
    let line = names.line(&query.id).expect("every query that was read has a line");
    let fault = Fault::TakenId { id: excerpt(&query.id) };
    Err(DataError::Line { file: file.to_owned(), line, fault })
}
