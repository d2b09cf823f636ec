//! The given hierarchy: which id lies below which.

use rusqlite::Connection;

use super::fault::{Fault, damaged};
use super::meta::{EDGE, Meta};
use super::seal::{Seal, checksum};

/// An edge: the id of a child, and that of its parent.
fn sum(child: &str, parent: &str) -> u32 {
    checksum(0, &[child.as_bytes(), parent.as_bytes()])
}

/// Puts an edge in, where it is not there yet.
pub(super) fn put(connection: &Connection, meta: &mut Meta, child: &str, parent: &str) -> Result<(), Fault> {
    let sql = "INSERT OR IGNORE INTO edge (parent, child) VALUES (?, ?)";
    if connection.prepare_cached(sql)?.execute((parent, child))? == 1 {
        meta.seal_mut(EDGE).put(0, sum(child, parent));
    }
    Ok(())
}

/// Takes all edges out.
pub(super) fn clear(connection: &Connection, meta: &mut Meta) -> Result<(), Fault> {
    connection.execute("DELETE FROM edge", ())?;
    *meta.seal_mut(EDGE) = Seal::default();
    Ok(())
}

/// Calls `f` with each child and parent, and holds all of them against their seal.
pub(super) fn each(connection: &Connection, meta: &Meta, mut f: impl FnMut(&str, &str)) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT child, parent FROM edge")?;
    let (mut rows, mut found) = (statement.query([])?, Seal::default());
    while let Some(row) = rows.next()? {
        let text = |at| row.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
        let (child, parent) = (text(0)?, text(1)?);
        found.put(0, sum(child, parent));
        f(child, parent);
    }
    meta.check(EDGE, found)
}

/// Calls `f` with the row of each document at or below an id, in any order; each once.
pub(super) fn below(connection: &Connection, id: &str, mut f: impl FnMut(u32)) -> Result<(), Fault> {
    let sql = "WITH RECURSIVE below (id) AS (
                   VALUES (?) UNION SELECT child FROM edge JOIN below ON edge.parent = below.id
               )
               SELECT row FROM below JOIN document ON document.id = below.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        f(row.get(0)?);
    }
    Ok(())
}

/// Refuses an id that neither a document nor the hierarchy has.
pub(super) fn knows(connection: &Connection, id: &str) -> Result<(), Fault> {
    let known = [
        "SELECT 1 FROM document WHERE id = ?",
        "SELECT 1 FROM edge WHERE parent = ?",
        "SELECT 1 FROM edge WHERE child = ?",
    ];
    for sql in known {
        if connection.prepare_cached(sql)?.exists([id])? {
            return Ok(());
        }
    }
    Err(crate::error::IndexError::Unknown { id: id.to_owned() }.into())
}

/// Holds all edges against their seal.
pub(super) fn check(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    each(connection, meta, |_, _| ()).or_else(|fault| match fault {
        Fault::Damaged(what) => damaged(format!("the hierarchy: {what}")),
        fault => Err(fault),
    })
}
