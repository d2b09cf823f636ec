//! All documents of an index as another index keeps them, one after the other.
//!
//! They come by row, so one generation gives the same documents in the same order however often it is asked for them. In
//! memory are one document and the edges of the hierarchy.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use rootward::ids::DocIdx;

use crate::change::Replica;
use crate::error::IndexError;
use crate::store::Reading;

/// The documents of an index at one generation, by row.
///
/// Nothing comes behind an error. A document that is missing is an error at the end.
pub struct Replicas<'a> {
    reading: &'a Reading<'a>,
    parents: Parents,
    rows: Range<u32>,
    n_lacking: u64,
}

impl Reading<'_> {
    /// All documents with metadata, the vectors that are searched, and ancestors: the nearest first, then by id.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn replicas(&self) -> Result<Replicas<'_>, IndexError> {
        let mut parents = Parents::default();
        self.each_edge(|child, parent| parents.put(child, parent))?;
        Ok(Replicas { reading: self, parents, rows: 0..self.next_row(), n_lacking: self.n_docs() })
    }
}

impl Replicas<'_> {
    /// The document of a row; none where it has none.
    fn of(&self, doc: DocIdx) -> Result<Option<Replica>, IndexError> {
        let Some(stored) = self.reading.documents(&[doc])?.pop().flatten() else { return Ok(None) };
        let Some(vector) = self.reading.vector(self.reading.current(), doc)? else {
            return Err(self.damaged(format!("the document of row {} has no vector", doc.0)));
        };
        let above = self.parents.above(&stored.id);
        Ok(Some(Replica { id: stored.id, metadata: stored.metadata, vector, above }))
    }

    fn damaged(&self, what: String) -> IndexError {
        IndexError::Damaged { path: self.reading.path().to_owned(), what }
    }
}

impl Iterator for Replicas<'_> {
    type Item = Result<Replica, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(row) = self.rows.next() {
            match self.of(DocIdx(row)).transpose() {
                None => {}
                Some(Ok(replica)) => {
                    self.n_lacking = self.n_lacking.saturating_sub(1);
                    return Some(Ok(replica));
                }
                Some(Err(error)) => {
                    (self.rows, self.n_lacking) = (0..0, 0);
                    return Some(Err(error));
                }
            }
        }
        match std::mem::take(&mut self.n_lacking) {
            0 => None,
            n => Some(Err(self.damaged(format!("{n} of {} documents are gone", self.reading.n_docs())))),
        }
    }
}

/// The parents of each id that has any.
#[derive(Default)]
struct Parents(HashMap<String, Vec<String>>);

impl Parents {
    fn put(&mut self, child: &str, parent: &str) {
        match self.0.get_mut(child) {
            Some(parents) => parents.push(parent.to_owned()),
            None => _ = self.0.insert(child.to_owned(), vec![parent.to_owned()]),
        }
    }

    /// The ancestors of an id, each once and never itself: the nearest first, then by id.
    fn above(&self, id: &str) -> Vec<String> {
        let (mut above, mut seen) = (Vec::new(), HashSet::from([id]));
        let mut level = vec![id];
        while !level.is_empty() {
            let parents = level.iter().filter_map(|id| self.0.get(*id)).flatten();
            let mut next: Vec<&str> = parents.map(String::as_str).filter(|id| seen.insert(id)).collect();
            next.sort_unstable();
            above.extend(next.iter().map(|id| (*id).to_owned()));
            level = next;
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;
    use tempfile::TempDir;

    use crate::editor::{Edit, Editor};
    use crate::store::{Reader, Record, Settings};

    use super::*;

    fn put(id: &str) -> Edit {
        Edit::Put(Record {
            id: id.to_owned(),
            title: String::new(),
            text: String::new(),
            metadata: json!({ "of": id }).as_object().unwrap().clone(),
            vector: vec![id.len() as f32, 1.0],
        })
    }

    /// What comes of an index without documents behind some edits, and edges.
    fn check(edits: &[&[Edit]], edges: &[(&str, &str)], expected: &Expect) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("index");
        let mut editor = Editor::create(&path, &Settings { dim: 2, model: None }).unwrap();
        edits.iter().for_each(|edits| _ = editor.apply(edits).unwrap());
        editor.set_hierarchy(edges.iter().copied()).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let reading = reader.snapshot().unwrap();
        let line = |found: Result<Replica, IndexError>| {
            let Replica { id, metadata, vector, above } = found.unwrap();
            let words = [id, json!(metadata).to_string(), format!("{vector:?}")];
            words.into_iter().chain(above).collect::<Vec<_>>().join(" ") + "\n"
        };
        expected.assert_eq(&reading.replicas().unwrap().map(line).collect::<String>());
    }

    #[test]
    fn documents_come_in_the_order_of_their_rows() {
        check(
            &[&[put("b"), put("aa")], &[put("c")]],
            &[],
            &expect![[r#"
                b {"of":"b"} [1.0, 1.0]
                aa {"of":"aa"} [2.0, 1.0]
                c {"of":"c"} [1.0, 1.0]
            "#]],
        );
        check(&[], &[("a", "b")], &expect![""]);
    }

    #[test]
    fn ancestors_on_several_ways_are_listed_once_and_the_nearest_first() {
        check(
            &[&[put("d"), put("y")]],
            &[("d", "y"), ("d", "b"), ("y", "a"), ("b", "a"), ("a", "top"), ("d", "top")],
            &expect![[r#"
                d {"of":"d"} [1.0, 1.0] b top y a
                y {"of":"y"} [1.0, 1.0] a top
            "#]],
        );
    }

    #[test]
    fn a_document_is_not_its_own_ancestor() {
        check(
            &[&[put("a")]],
            &[("a", "b"), ("b", "a")],
            &expect![[r#"
                a {"of":"a"} [1.0, 1.0] b
            "#]],
        );
    }

    #[test]
    fn removed_documents_are_left_out_and_changed_ones_come_last() {
        check(
            &[&[put("a"), put("b"), put("c")], &[Edit::Remove("b".to_owned()), put("a")]],
            &[("c", "b")],
            &expect![[r#"
                c {"of":"c"} [1.0, 1.0] b
                a {"of":"a"} [1.0, 1.0]
            "#]],
        );
    }
}
