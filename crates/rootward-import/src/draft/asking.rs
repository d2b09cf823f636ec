//! Names of nodes: said once each, and asked as queries where the user wants that.
//!
//! An ontology has several names for a node. They make data of their own: each name a query, its node the exact match.

use std::collections::HashSet;

use rootward::dataset::{DataError, Document, Query, Split};

use super::Draft;

/// What is asked of a hierarchy that comes without queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queries {
    /// Nothing: each document is its own query.
    Nodes,
    /// The title of each document and each of its synonyms, with that document as the exact match, all of them for
    /// training. The n-th name of document `d` is query `d#n`, from 0.
    Names,
}

/// The synonyms without those that repeat the title or an earlier synonym, and without empty ones.
pub(crate) fn distinct(title: &str, synonyms: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::from([String::new(), title.to_owned()]);
    synonyms.into_iter().filter(|synonym| seen.insert(synonym.clone())).collect()
}

impl Draft {
    /// Makes the queries that are wanted of the documents so far; those without a name are counted.
    ///
    /// # Errors
    /// Never, as long as the importer made no queries of its own.
    pub(crate) fn ask(&mut self, queries: Queries) -> Result<(), DataError> {
        if queries == Queries::Nodes {
            return Ok(());
        }
        for at in 0..self.docs.len() {
            let (Document { id, title, synonyms, .. }, line) = (&self.docs[at], self.doc_lines.get(at));
            let names = std::iter::once(title).chain(synonyms).filter(|name| !name.is_empty());
            let asked: Vec<Query> =
                (0..).zip(names).map(|(n, name): (u32, _)| Query::new(&format!("{id}#{n}"), name)).collect();
            let id = id.clone();
            if asked.is_empty() {
                self.note("nodes without a name, which no query asks for", &id);
            }
            for query in asked {
                let name = query.id.clone();
                let made = self.query(query, line);
                made.and_then(|()| self.judge(Split::Train, (&name, &id), 1, line))
                    .map_err(|fault| self.at(line, fault))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::draft::Undefined;

    #[test]
    fn a_synonym_is_said_once_and_never_repeats_the_title() {
        let given = ["b", "a", "", "c", "b"].map(str::to_owned).to_vec();
        assert_eq!(distinct("a", given), ["b", "c"]);
    }

    #[test]
    fn every_name_becomes_a_query_whose_exact_match_is_its_node() {
        let mut draft = Draft::new(Path::new("f"));
        for (id, title, synonyms) in [("d", "dog", vec!["hound"]), ("x", "", vec![]), ("c", "cat", vec![])] {
            let synonyms = synonyms.into_iter().map(str::to_owned).collect();
            let doc =
                Document { id: id.to_owned(), title: title.to_owned(), synonyms, ..Document::default() };
            draft.doc(doc, 1).unwrap();
        }
        draft.ask(Queries::Nodes).unwrap();
        draft.ask(Queries::Names).unwrap();
        let imported = draft.finish(Undefined::Refuse).unwrap();
        let asked = imported.parts.asked.unwrap();
        let queries: Vec<_> = asked.queries.iter().map(|query| (&*query.id, &*query.text)).collect();
        assert_eq!(queries, [("d#0", "dog"), ("d#1", "hound"), ("c#0", "cat")]);
        let judged = asked.judgements.train.unwrap();
        assert_eq!(
            judged.iter().map(|j| (j.query.0, j.doc.0, j.grade)).collect::<Vec<_>>(),
            [(0, 0, 1), (1, 0, 1), (2, 2, 1)]
        );
        assert_eq!((imported.notes[0].count, &*imported.notes[0].examples[0]), (1, "x"));
    }
}
