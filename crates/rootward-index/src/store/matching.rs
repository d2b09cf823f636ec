//! Which documents a filter lets through.

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rusqlite::params_from_iter;
use rusqlite::types::ToSql;

use super::attributes::{self, Attribute};
use super::fault::{Fault, damaged};
use super::homes::Homes;
use super::meta::{ALIVE, ATTRIBUTE, EDGE};
use super::reader::Reading;
use super::row_set::RowSet;
use super::{alive, hierarchy};
use crate::error::IndexError;
use crate::filter::{Filter, Value};

impl Reading<'_> {
    /// The documents that a filter lets through, in ascending order. `nodes_below` gives the nodes at or below one in
    /// the tree of the set that is searched. A key that no document has matches nothing.
    ///
    /// # Errors
    /// When the filter asks for what is below an id that neither a document nor the hierarchy has, a range goes from one
    /// type to another, or the index cannot be read or is damaged.
    pub fn matching(
        &self,
        filter: &Filter,
        nodes_below: &dyn Fn(NodeIdx) -> Vec<NodeIdx>,
    ) -> Result<Vec<DocIdx>, IndexError> {
        let alive = self.told(alive::read(self.connection(), self.meta()))?;
        let search = Search { reading: self, alive: &alive, nodes_below };
        self.told(search.rows(filter)).map(|rows| rows.docs())
    }
}

/// A filter that is being looked up.
struct Search<'a> {
    reading: &'a Reading<'a>,
    alive: &'a RowSet,
    nodes_below: &'a dyn Fn(NodeIdx) -> Vec<NodeIdx>,
}

impl Search<'_> {
    fn none(&self) -> RowSet {
        RowSet::new(self.reading.meta().next_row)
    }

    fn rows(&self, filter: &Filter) -> Result<RowSet, Fault> {
        match filter {
            Filter::Equals { key, value } => self.equal(key, std::slice::from_ref(value)),
            Filter::In { key, values } => self.equal(key, values),
            Filter::Range { key, least, most } => self.range(key, least.as_ref(), most.as_ref()),
            Filter::Below(id) => self.below(id),
            Filter::Node(node) => self.in_nodes(&(self.nodes_below)(*node)),
            Filter::All(filters) => {
                let mut rows = self.alive.clone();
                for filter in filters {
                    rows.intersect(&self.rows(filter)?);
                }
                Ok(rows)
            }
            Filter::Any(filters) => {
                let mut rows = self.none();
                for filter in filters {
                    rows.unite(&self.rows(filter)?);
                }
                Ok(rows)
            }
            Filter::Not(filter) => {
                let mut rows = self.alive.clone();
                rows.subtract(&self.rows(filter)?);
                Ok(rows)
            }
        }
    }

    fn equal(&self, key: &str, values: &[Value]) -> Result<RowSet, Fault> {
        let mut rows = self.none();
        for value in values {
            let value = Attribute::asked(value);
            self.collect(&mut rows, "value = ?2", &[&key, &value])?;
        }
        Ok(rows)
    }

    fn range(&self, key: &str, least: Option<&Value>, most: Option<&Value>) -> Result<RowSet, Fault> {
        let wrong = || Err(IndexError::Range { key: key.to_owned() }.into());
        let mut rows = self.none();
        let (least, most) = (least.map(Attribute::asked), most.map(Attribute::asked));
        let least_number = Attribute::Number(f64::NEG_INFINITY);
        let (least, condition) = match (least, most) {
            (Some(Attribute::Bool(_)), _) | (_, Some(Attribute::Bool(_))) => return wrong(),
            (Some(Attribute::Number(_)), Some(Attribute::Text(_)))
            | (Some(Attribute::Text(_)), Some(Attribute::Number(_))) => return wrong(),
            (Some(least), Some(_)) => (least, "value BETWEEN ?2 AND ?3"),
            // SQLite sorts numbers before texts, and texts before booleans, which are blobs here.
            (Some(least @ Attribute::Number(_)), None) => (least, "value >= ?2 AND value < ''"),
            (Some(least), None) => (least, "value >= ?2 AND value < x''"),
            (None, Some(Attribute::Number(_))) => (least_number, "value BETWEEN ?2 AND ?3"),
            (None, Some(_)) => (Attribute::Text(""), "value BETWEEN ?2 AND ?3"),
            (None, None) => (least_number, "value >= ?2 AND value < x''"),
        };
        match most {
            Some(most) => self.collect(&mut rows, condition, &[&key, &least, &most])?,
            None => self.collect(&mut rows, condition, &[&key, &least])?,
        }
        Ok(rows)
    }

    /// Puts in the rows with a value under a key, which is the first of `values`, for which a condition holds.
    fn collect(&self, to: &mut RowSet, condition: &str, values: &[&dyn ToSql]) -> Result<(), Fault> {
        self.reading.once(ATTRIBUTE, attributes::check)?;
        let sql = format!("SELECT row FROM attribute WHERE key = ?1 AND {condition}");
        let mut statement = self.reading.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            put(to, row.get(0)?)?;
        }
        Ok(())
    }

    fn below(&self, id: &str) -> Result<RowSet, Fault> {
        self.reading.once(EDGE, hierarchy::check)?;
        self.reading.check_ids()?;
        let connection = self.reading.connection();
        hierarchy::knows(connection, id)?;
        let mut found = Vec::new();
        hierarchy::below(connection, id, |row| found.push(row))?;
        let mut rows = self.none();
        found.into_iter().try_for_each(|row| put(&mut rows, row))?;
        Ok(rows)
    }

    fn in_nodes(&self, nodes: &[NodeIdx]) -> Result<RowSet, Fault> {
        let meta = self.reading.meta();
        let wanted: std::collections::HashSet<NodeIdx> = nodes.iter().copied().collect();
        let homes = Homes::read(self.reading.connection(), meta, meta.current)?;
        let mut rows = self.none();
        (0..meta.next_row).filter(|row| homes.get(*row).is_some_and(|home| wanted.contains(&home))).for_each(
            |row| {
                rows.put(row);
            },
        );
        rows.intersect(self.alive);
        Ok(rows)
    }
}

fn put(rows: &mut RowSet, row: u32) -> Result<(), Fault> {
    if rows.put(row) { Ok(()) } else { damaged(format!("`{ALIVE}` ends before row {row}")) }
}
