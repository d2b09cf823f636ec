//! Everything that is wrong with an index, as far as its file shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::ack::{self, Acknowledged};
use super::connection::open_reader;
use super::fault::{Fault, damaged};
use super::meta::{self, ATTRIBUTE, DOCUMENT, Meta};
use super::row_set::RowSet;
use super::seal::Seal;
use super::{SetId, alive, attributes, document, hierarchy, homes, log, scan, tree, words};
use crate::error::IndexError;

/// Problems of one kind that are listed; the others are counted.
const LISTED: usize = 20;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The generation that was looked at.
    pub generation: u64,
    /// How many documents there should be.
    pub n_docs: u64,
    /// By set, how many vectors there should be.
    pub n_vectors: BTreeMap<SetId, u64>,
    /// The bytes of the file.
    pub n_bytes: u64,
    /// What is wrong, a sentence each; nothing where all is right.
    pub problems: Vec<String>,
}

/// Reads all of an index and holds it against all that it promises.
///
/// # Errors
/// When there is no index, or it cannot be opened at all.
pub fn verify(path: &Path) -> Result<Report, IndexError> {
    let acknowledged = ack::read(path);
    let connection = open_reader(path)?;
    let told = |fault: Fault| fault.at(path);
    connection.execute_batch("BEGIN").map_err(|error| told(error.into()))?;
    let meta = Meta::load(&connection).map_err(told)?;
    let mut problems = Problems::default();
    let found = Acknowledged { identity: meta.identity, generation: meta.generation };
    if let Err(error) = acknowledged.and_then(|acknowledged| ack::check(path, acknowledged, found)) {
        problems.add(error.to_string());
    }
    problems.take(pages(&connection));
    problems.take(documents(&connection, &meta));
    problems.take(scan::each_id(&connection, &meta, |_, _| ()));
    for set in meta.sets.keys() {
        problems.take(set_of(&connection, &meta, *set));
    }
    problems.take(hierarchy::check(&connection, &meta));
    problems.take(words::check(&connection, &meta));
    problems.take(changes(&connection, &meta));
    let n_vectors = meta.sets.keys().map(|set| (*set, meta.seal(&meta::vectors(*set)).n)).collect();
    let bytes = std::fs::metadata(path).map_err(|cause| IndexError::File { path: path.to_owned(), cause })?;
    let Meta { generation, n_docs, .. } = meta;
    Ok(Report { generation, n_docs, n_vectors, n_bytes: bytes.len(), problems: problems.found })
}

/// Goes on with an index that has lost acknowledged changes, or whose record of them is damaged; returns the generation
/// that is acknowledged from now on.
///
/// # Errors
/// When there is no index, another process changes it, or its files cannot be written.
pub fn accept(path: &Path) -> Result<u64, IndexError> {
    super::writer::accept(path)
}

#[derive(Default)]
struct Problems {
    found: Vec<String>,
}

impl Problems {
    fn add(&mut self, problem: String) {
        self.found.push(problem);
    }

    fn take(&mut self, result: Result<(), Fault>) {
        match result {
            Ok(()) => {}
            Err(Fault::Damaged(what)) => self.add(what),
            Err(Fault::Sql(error)) => self.add(error.to_string()),
            Err(Fault::Told(error)) => self.add(error.to_string()),
        }
    }
}

/// Puts several problems of one kind into one.
fn first_of(problems: &[String]) -> Result<(), Fault> {
    if problems.is_empty() {
        return Ok(());
    }
    let mut what = problems[..problems.len().min(LISTED)].join("; ");
    if problems.len() > LISTED {
        what += &format!("; and {} more", problems.len() - LISTED);
    }
    damaged(what)
}

/// The pages of the file as SQLite sees them, and the words as FTS5 does.
fn pages(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let found = statement.query_map((), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let problems: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
    first_of(&problems)
}

/// All documents, what they can be filtered by, and which rows are free.
fn documents(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    let (mut found, mut rows, mut problems) = (Seal::default(), RowSet::new(meta.next_row), Vec::new());
    let mut values = Seal::default();
    document::each_summed(connection, 0, |row, sum, stored| {
        found.put(u64::from(row), sum);
        if !rows.put(row) {
            problems.push(format!("row {row} is not given away yet and has a document"));
        }
        let attributes = attributes::of(&stored.id, &stored.metadata)?;
        attributes::sum_up(row, &attributes, &mut values);
        Ok(())
    })?;
    first_of(&problems)?;
    meta.check(DOCUMENT, found)?;
    if found.n != meta.n_docs {
        return damaged(format!("there are {} documents, {} were written", found.n, meta.n_docs));
    }
    if alive::read(connection, meta)? != rows {
        return damaged("the rows with documents are not those that are said to be");
    }
    meta.check(ATTRIBUTE, values)?;
    attributes::check(connection, meta)
}

/// The vectors of a set and its tree.
fn set_of(connection: &Connection, meta: &Meta, set: SetId) -> Result<(), Fault> {
    let (homes, saved) = (homes::Homes::read(connection, meta, set)?, tree::load(connection, meta, set)?);
    if let Some(saved) = &saved {
        saved.check()?;
    }
    let (alive, mut problems) = (alive::read(connection, meta)?, Vec::new());
    let dim = meta.settings(set)?.dim;
    let found = scan::each_of(connection, set, dim, 0..u32::MAX, |row, vector| {
        if !vector.iter().all(|number| number.is_finite()) {
            problems.push(format!("the vector of row {row} is not finite"));
        }
        if !alive.contains(row) {
            problems.push(format!("row {row} has a vector and no document"));
        }
        match (homes.get(row), &saved) {
            (Some(home), Some(saved)) if !saved.has(home.0) => {
                problems
                    .push(format!("row {row} is in node {}, which the tree of set {} lacks", home.0, set.0));
            }
            (None, Some(_)) if set == meta.current => {
                problems.push(format!("row {row} is in no node of the tree"));
            }
            _ => {}
        }
    })?;
    first_of(&problems)?;
    meta.check(&meta::vectors(set), found)?;
    if set == meta.current && found.n != meta.n_docs {
        return damaged(format!("{} documents have {} vectors", meta.n_docs, found.n));
    }
    Ok(())
}

/// The log goes without a gap to the generation that is there, and its rows count up.
fn changes(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    let (mut last, mut problems, mut removed) = (None, Vec::new(), BTreeSet::new());
    log::each(connection, meta, 0, |next_row, entry| {
        if last.is_some_and(|last| last > next_row) {
            problems.push(format!("row {next_row} was free after a greater one was not"));
        }
        for row in entry.removed {
            if row >= next_row || !removed.insert(row) {
                problems.push(format!("row {row} was removed twice, or before it was given away"));
            }
        }
        last = Some(next_row);
    })?;
    first_of(&problems)?;
    if last != Some(meta.next_row) {
        return damaged("the log does not end at the row that is free");
    }
    let alive = alive::read(connection, meta)?;
    match removed.iter().find(|row| alive.contains(**row)) {
        Some(row) => damaged(format!("row {row} was removed and has a document")),
        None => Ok(()),
    }
}
