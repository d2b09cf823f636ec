//! Documents as rows.

use rusqlite::{Connection, Row};
use serde_json::{Map, Value};

use super::Stored;
use super::fault::{Fault, damaged};
use super::seal::checksum;

/// The columns that [`decode`] takes.
const COLUMNS: &str = "row, id, checksum, metadata, title, text";

/// The checksum of a row.
pub(super) fn sum(row: u32, id: &str, metadata: &str, title: &str, text: &str) -> u32 {
    checksum(u64::from(row), &[id.as_bytes(), metadata.as_bytes(), title.as_bytes(), text.as_bytes()])
}

/// Checks a row and takes it apart; returns its checksum, too.
fn decode(read: &Row<'_>) -> Result<(u32, u32, Stored), Fault> {
    let (row, stored): (u32, u32) = (read.get(0)?, read.get(2)?);
    let text = |at| read.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
    let (id, metadata, title, body) = (text(1)?, text(3)?, text(4)?, text(5)?);
    if sum(row, id, metadata, title, body) != stored {
        return damaged(format!("the document of row {row} is not what was written"));
    }
    let metadata: Map<String, Value> = serde_json::from_str(metadata)
        .or_else(|error| damaged(format!("the metadata of row {row} cannot be read: {error}")))?;
    let stored_as = Stored { id: id.to_owned(), title: title.to_owned(), text: body.to_owned(), metadata };
    Ok((row, stored, stored_as))
}

/// The document of a row, with its checksum; none where it has none.
pub(super) fn get(connection: &Connection, row: u32) -> Result<Option<(u32, Stored)>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM document WHERE row = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([row])?;
    let Some(read) = rows.next()? else { return Ok(None) };
    let (found, sum, stored) = decode(read)?;
    if found != row {
        damaged(format!("row {row} is in the place of row {found}"))
    } else {
        Ok(Some((sum, stored)))
    }
}

/// The row of an id, which is not held against the document yet; none where no document has it.
pub(super) fn row(connection: &Connection, id: &str) -> Result<Option<u32>, Fault> {
    let mut statement = connection.prepare_cached("SELECT row FROM document WHERE id = ?")?;
    Ok(statement.query([id])?.next()?.map(|read| read.get(0)).transpose()?)
}

/// The row of an id, with the document and its checksum; none where no document has it.
pub(super) fn find(connection: &Connection, id: &str) -> Result<Option<(u32, u32, Stored)>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM document WHERE id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let Some(read) = rows.next()? else { return Ok(None) };
    let (row, sum, stored) = decode(read)?;
    if stored.id != id {
        return damaged(format!("document `{}` is found under the id `{id}`", stored.id));
    }
    Ok(Some((row, sum, stored)))
}

/// Calls `f` with each document from a row on, by row.
pub(super) fn each(
    connection: &Connection,
    from: u32,
    mut f: impl FnMut(u32, Stored) -> Result<(), Fault>,
) -> Result<(), Fault> {
    each_summed(connection, from, |row, _, stored| f(row, stored))
}

/// As [`each`], with the checksum of each row.
pub(super) fn each_summed(
    connection: &Connection,
    from: u32,
    mut f: impl FnMut(u32, u32, Stored) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let sql = format!("SELECT {COLUMNS} FROM document WHERE row >= ? ORDER BY row");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([from])?;
    while let Some(read) = rows.next()? {
        let (row, sum, stored) = decode(read)?;
        f(row, sum, stored)?;
    }
    Ok(())
}
