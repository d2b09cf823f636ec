//! All numbers about the index as a whole, in one row with a checksum.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, damaged};
use super::seal::{Seal, checksum};
use super::{SetId, Settings};
use crate::error::IndexError;

/// The seals that do not depend on a set or a key.
pub(super) const DOCUMENT: &str = "document";
pub(super) const ID: &str = "id";
pub(super) const ALIVE: &str = "alive";
pub(super) const EDGE: &str = "edge";
pub(super) const WORD_BLOCK: &str = "word/block";
pub(super) const WORD_SEGMENT: &str = "word/segment";
pub(super) const WORD_LENGTH: &str = "word/length";
pub(super) const ATTRIBUTE: &str = "attribute";

/// The seal of a set's tree.
pub(super) fn tree(SetId(set): SetId) -> String {
    format!("tree/{set}")
}

/// The seal of a set's vectors, which is the name of their table.
pub(super) fn vectors(SetId(set): SetId) -> String {
    format!("vectors_{set}")
}

/// The seal of a set's homes, which is the name of their table.
pub(super) fn homes(SetId(set): SetId) -> String {
    format!("homes_{set}")
}

/// What an index is at a generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    /// Tells this index from others that stood in the same place.
    pub(super) identity: i64,
    /// How many transactions made it what it is.
    pub(super) generation: u64,
    /// The row of the next document.
    pub(super) next_row: u32,
    /// How many documents there are.
    pub(super) n_docs: u64,
    /// The set that is searched.
    pub(super) current: SetId,
    /// All sets.
    pub(super) sets: BTreeMap<SetId, Settings>,
    /// The number of the next set; none is used twice.
    pub(super) next_set: SetId,
    /// The checksum of the tables' definitions.
    pub(super) schema: u32,
    /// By table, or part of it.
    pub(super) seals: BTreeMap<String, Seal>,
}

impl Meta {
    /// An index without documents.
    pub(super) fn new(identity: i64, settings: &Settings) -> Self {
        let (current, next_set) = (SetId(1), SetId(2));
        let sets = BTreeMap::from([(current, settings.clone())]);
        let seals = BTreeMap::new();
        Meta { identity, generation: 0, next_row: 0, n_docs: 0, current, sets, next_set, schema: 0, seals }
    }

    /// Reads it.
    pub(super) fn load(connection: &Connection) -> Result<Meta, Fault> {
        let mut statement = connection.prepare_cached("SELECT body, checksum FROM meta")?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return damaged("the numbers about it are gone") };
        let body = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        if row.get::<_, u32>(1)? != checksum(1, &[body.as_bytes()]) {
            return damaged("the numbers about it are not those that were written");
        }
        let read: Meta = serde_json::from_str(body)
            .or_else(|error| damaged(format!("the numbers about it cannot be read: {error}")))?;
        if read.schema != schema(connection)? {
            return damaged("its tables are not those that were made");
        }
        Ok(read)
    }

    /// Writes it.
    pub(super) fn save(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.schema = schema(connection)?;
        let body = serde_json::to_string(self).expect("names, numbers and settings are JSON");
        let sql = "INSERT OR REPLACE INTO meta VALUES (1, ?, ?)";
        connection.prepare_cached(sql)?.execute((&body, checksum(1, &[body.as_bytes()])))?;
        Ok(())
    }

    /// The seal of a table, to be changed.
    pub(super) fn seal_mut(&mut self, name: &str) -> &mut Seal {
        if !self.seals.contains_key(name) {
            self.seals.insert(name.to_owned(), Seal::default());
        }
        self.seals.get_mut(name).expect("it was just put there")
    }

    /// The seal of a table.
    pub(super) fn seal(&self, name: &str) -> Seal {
        self.seals.get(name).copied().unwrap_or_default()
    }

    /// Compares the seal of a table with what was found there.
    pub(super) fn check(&self, name: &str, found: Seal) -> Result<(), Fault> {
        let expected = self.seal(name);
        if found == expected {
            return Ok(());
        }
        let problem = if found.n == expected.n {
            "other rows than were written".to_owned()
        } else {
            format!("{} rows, {} were written", found.n, expected.n)
        };
        damaged(format!("`{name}` has {problem}"))
    }

    /// The settings of a set.
    pub(super) fn settings(&self, set: SetId) -> Result<&Settings, IndexError> {
        self.sets.get(&set).ok_or_else(|| {
            let sets: Vec<String> = self.sets.keys().map(|set| set.0.to_string()).collect();
            IndexError::NoSet { set: set.0, sets: sets.join(", ") }
        })
    }
}

/// The checksum of the definitions of all tables.
fn schema(connection: &Connection) -> Result<u32, Fault> {
    let sql = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let (mut rows, mut all) = (statement.query(())?, Vec::new());
    while let Some(row) = rows.next()? {
        for column in [0, 1, 2, 4] {
            all.extend(
                row.get_ref(column)?.as_bytes_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default(),
            );
            all.push(0);
        }
        all.extend(row.get::<_, i64>(3)?.to_le_bytes());
    }
    Ok(checksum(0, &[&all]))
}
