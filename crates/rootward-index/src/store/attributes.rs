//! Metadata, value by value, so that filters find documents without reading them.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde_json::{Map, Value};

use super::fault::{Fault, damaged};
use super::meta::{ATTRIBUTE, Meta};
use super::seal::{Seal, checksum};
use crate::error::IndexError;
use crate::filter;

/// A value as a column holds it: numbers are REAL, texts TEXT, and booleans a BLOB of one byte, so that no type passes
/// for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Attribute<'a> {
    Bool(bool),
    Number(f64),
    Text(&'a str),
}

impl<'a> Attribute<'a> {
    /// The value that a filter asks for.
    pub(super) fn asked(value: &'a filter::Value) -> Self {
        match value {
            filter::Value::Bool(value) => Attribute::Bool(*value),
            filter::Value::Number(value) => Attribute::Number(*value),
            filter::Value::Text(value) => Attribute::Text(value),
        }
    }

    fn read(value: ValueRef<'a>) -> Option<Self> {
        match value {
            ValueRef::Real(value) => Some(Attribute::Number(value)),
            ValueRef::Text(value) => std::str::from_utf8(value).ok().map(Attribute::Text),
            ValueRef::Blob([value @ (0 | 1)]) => Some(Attribute::Bool(*value == 1)),
            _ => None,
        }
    }

    fn checksum(self, row: u32, key: &str) -> u32 {
        let (kind, bytes) = self.identity();
        checksum(u64::from(row), &[key.as_bytes(), &[kind], &bytes])
    }

    /// What makes values one value.
    fn identity(self) -> (u8, Vec<u8>) {
        match self {
            Attribute::Bool(value) => (0, vec![u8::from(value)]),
            // Both zeros are one value.
            Attribute::Number(value) => (1, (value + 0.0).to_le_bytes().to_vec()),
            Attribute::Text(value) => (2, value.as_bytes().to_vec()),
        }
    }
}

impl ToSql for Attribute<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Attribute::Bool(false) => ValueRef::Blob(&[0]),
            Attribute::Bool(true) => ValueRef::Blob(&[1]),
            Attribute::Number(value) => ValueRef::Real(*value),
            Attribute::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

/// The values of a document's metadata, each once.
pub(super) fn of<'a>(
    id: &str,
    metadata: &'a Map<String, Value>,
) -> Result<Vec<(&'a str, Attribute<'a>)>, IndexError> {
    let mut found = Vec::new();
    let mut met = BTreeSet::new();
    for (key, value) in metadata {
        let values = match value {
            Value::Array(values) => &values[..],
            value => std::slice::from_ref(value),
        };
        for value in values {
            let wrong = |found| Err(IndexError::Metadata { id: id.to_owned(), key: key.clone(), found });
            let attribute = match value {
                Value::Bool(value) => Attribute::Bool(*value),
                Value::Number(value) => Attribute::Number(value.as_f64().unwrap_or(f64::NAN)),
                Value::String(value) => Attribute::Text(value),
                Value::Null => return wrong("null"),
                Value::Array(_) => return wrong("a list of lists"),
                Value::Object(_) => return wrong("an object"),
            };
            if met.insert((key, attribute.identity())) {
                found.push((&key[..], attribute));
            }
        }
    }
    Ok(found)
}

/// Puts the values of a row in.
pub(super) fn put(
    connection: &Connection,
    meta: &mut Meta,
    row: u32,
    attributes: &[(&str, Attribute)],
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("INSERT INTO attribute VALUES (?, ?, ?)")?;
    for (key, value) in attributes {
        statement.execute((key, value, row))?;
    }
    sum_up(row, attributes, meta.seal_mut(ATTRIBUTE));
    Ok(())
}

/// Takes the values of a row out.
pub(super) fn remove(
    connection: &Connection,
    meta: &mut Meta,
    row: u32,
    attributes: &[(&str, Attribute)],
) -> Result<(), Fault> {
    let sql = "DELETE FROM attribute WHERE key = ? AND value = ? AND row = ?";
    let mut statement = connection.prepare_cached(sql)?;
    for (key, value) in attributes {
        if statement.execute((key, value, row))? != 1 {
            return damaged(format!("row {row} lacks a value of `{key}`"));
        }
        meta.seal_mut(ATTRIBUTE).take(u64::from(row), value.checksum(row, key));
    }
    Ok(())
}

/// Adds the values of a row to a seal.
pub(super) fn sum_up(row: u32, attributes: &[(&str, Attribute)], seal: &mut Seal) {
    attributes.iter().for_each(|(key, value)| seal.put(u64::from(row), value.checksum(row, key)));
}

/// All keys, in ascending order.
pub(super) fn keys(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT min(key) FROM attribute WHERE key > ?")?;
    let mut keys: Vec<String> = Vec::new();
    loop {
        let last = keys.last().map_or("", String::as_str);
        match statement.query_row([last], |row| row.get(0))? {
            Some(next) => keys.push(next),
            None => return Ok(keys),
        }
    }
}

/// Holds all values under all keys against their seal: one that is wrong leads the search for others astray.
pub(super) fn check(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT key, value, row FROM attribute")?;
    let (mut rows, mut found) = (statement.query(())?, Seal::default());
    while let Some(read) = rows.next()? {
        let row: u32 = read.get(2)?;
        let key = read.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let Some(value) = Attribute::read(read.get_ref(1)?) else {
            return damaged(format!("row {row} has a value that is neither text, number nor boolean"));
        };
        found.put(u64::from(row), value.checksum(row, key));
    }
    meta.check(ATTRIBUTE, found)
}
