//! A data set in the making: what an importer has read so far, by name, with the lines for messages.
//!
//! Importers tell the draft what they meet, in any order; parents may come after their children. What is odd but
//! harmless (an edge that is repeated, a node that is its own parent) is left out and counted, so that the user sees
//! it; what could mean that a file is misread is an error.

mod asking;
mod lines;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rootward::dataset::{
    Asked, DataError, Document, Fault, Judgement, Judgements, Parts, Query, Split, check_id, excerpt,
};
use rootward::hierarchy::{Edge, Graph};
use rootward::ids::{DocIdx, QueryIdx};
use serde::Serialize;

use crate::draft::lines::LinesOf;
use crate::names::{Batch, Symbol, Symbols};

pub use asking::Queries;
pub(crate) use asking::distinct;

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// The data set.
    pub parts: Parts,
    /// What was left out or added on the way, in the order in which it was first met.
    pub notes: Vec<Note>,
}

/// Something that an importer did many times and that the user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How often.
    pub count: u64,
    /// What, for example "obsolete terms left out".
    pub what: &'static str,
    /// The first few.
    pub examples: Vec<String>,
}

/// What becomes of names that edges or judgements mention and no line defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undefined {
    /// The first is an error: in this format every node has a definition.
    Refuse,
    /// What mentions them is left out and counted: the definition may have been left out on purpose.
    LeaveOut,
    /// They are documents whose title is the name: in this format nodes have no definitions.
    Define,
    /// They are documents whose title is the name, and counted in these words: most nodes have definitions.
    DefineAndTell(&'static str),
}

/// Names of edges that are looked up together.
const BATCH: usize = 1 << 10;

/// Says that a symbol has no document yet.
const UNDEFINED: u32 = u32::MAX;

/// A data set in the making.
pub(crate) struct Draft {
    /// The files that it was read from; the last is being read.
    files: Vec<PathBuf>,
    /// Which of them the edges are from.
    edge_file: usize,
    symbols: Symbols,
    /// The document of each symbol.
    doc_of: Vec<u32>,
    docs: Vec<Document>,
    doc_lines: LinesOf,
    edges: Vec<(Symbol, Symbol)>,
    /// The last edges: child and parent of each are still to be looked up.
    batch: Batch,
    edge_lines: LinesOf,
    queries: Vec<Query>,
    query_symbols: Symbols,
    query_lines: LinesOf,
    judged: Vec<Judged>,
    notes: Vec<Note>,
}

/// A judgement by name.
struct Judged {
    split: Split,
    query: Symbol,
    doc: Symbol,
    grade: i32,
    /// Which of the files it is from.
    file: usize,
    line: u64,
}

impl Draft {
    /// An empty draft; errors that are found at its end name this file, or the later one that they are about.
    pub(crate) fn new(file: &Path) -> Self {
        Draft {
            files: vec![file.to_owned()],
            edge_file: 0,
            symbols: Symbols::default(),
            doc_of: Vec::new(),
            docs: Vec::new(),
            doc_lines: LinesOf::default(),
            edges: Vec::new(),
            batch: Batch::default(),
            edge_lines: LinesOf::default(),
            queries: Vec::new(),
            query_symbols: Symbols::default(),
            query_lines: LinesOf::default(),
            judged: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What follows is from another file.
    pub(crate) fn reads(&mut self, file: &Path) {
        self.files.push(file.to_owned());
    }

    /// A document, defined at a line.
    ///
    /// # Errors
    /// When its id could not stand in a table, or was defined before.
    pub(crate) fn doc(&mut self, doc: Document, line: u64) -> Result<DocIdx, Fault> {
        self.check_new(&doc.id)?;
        let symbol = self.mention(&doc.id);
        Ok(self.define(symbol, doc, line))
    }

    /// Says whether a document of this id could be defined, where its definition ends only some lines later.
    ///
    /// # Errors
    /// Those of [`Draft::doc`].
    pub(crate) fn check_new(&self, id: &str) -> Result<(), Fault> {
        check_id(id)?;
        match self.symbols.get(id).map(|symbol| self.doc_of[symbol.at()]) {
            None | Some(UNDEFINED) => Ok(()),
            Some(known) => {
                let first = self.doc_lines.get(known as usize);
                Err(Fault::DuplicateId { id: excerpt(id), first })
            }
        }
    }

    /// A node that may be defined elsewhere.
    ///
    /// # Errors
    /// When its id could not stand in a table.
    pub(crate) fn node(&mut self, id: &str) -> Result<(), Fault> {
        check_id(id)?;
        self.mention(id);
        Ok(())
    }

    /// The document of this id, if it was defined before.
    pub(crate) fn doc_mut(&mut self, id: &str) -> Option<&mut Document> {
        // A name of the last edges that was met nowhere else is not defined.
        let known = self.doc_of[self.symbols.get(id)?.at()];
        self.docs.get_mut(known as usize)
    }

    /// An edge, by name; one from a node to itself is left out and counted.
    ///
    /// # Errors
    /// When an id could not stand in a table.
    pub(crate) fn edge(&mut self, child: &str, parent: &str, line: u64) -> Result<(), Fault> {
        check_id(child)?;
        check_id(parent)?;
        if child == parent {
            self.note("nodes given as their own parent, edge left out", child);
            self.mention(child);
            return Ok(());
        }
        self.batch.push(child);
        self.batch.push(parent);
        self.edge_lines.push(line);
        if self.batch.len() >= BATCH {
            self.look_up();
        }
        self.edge_file = self.files.len() - 1;
        Ok(())
    }

    /// A query, defined at a line.
    ///
    /// # Errors
    /// When its id could not stand in a table, or was defined before.
    pub(crate) fn query(&mut self, query: Query, line: u64) -> Result<(), Fault> {
        check_id(&query.id)?;
        let symbol = self.query_symbols.add(&query.id);
        if symbol.at() < self.queries.len() {
            let first = self.query_lines.get(symbol.at());
            return Err(Fault::DuplicateId { id: excerpt(&query.id), first });
        }
        self.queries.push(query);
        self.query_lines.push(line);
        Ok(())
    }

    /// A judgement of a document, by name, for a query that was defined before.
    ///
    /// # Errors
    /// When there is no such query, or the document's id could not stand in a table.
    pub(crate) fn judge(
        &mut self,
        split: Split,
        (query, doc): (&str, &str),
        grade: i32,
        line: u64,
    ) -> Result<(), Fault> {
        let unknown = || Fault::UnknownQuery { id: excerpt(query) };
        let query = self.query_symbols.get(query).ok_or_else(unknown)?;
        check_id(doc)?;
        let doc = self.mention(doc);
        let file = self.files.len() - 1;
        self.judged.push(Judged { split, query, doc, grade, file, line });
        Ok(())
    }

    /// The query of this id, if it was defined before.
    pub(crate) fn query_of(&self, id: &str) -> Option<&Query> {
        self.queries.get(self.query_symbols.get(id)?.at())
    }

    /// Whether a document of this id was defined, or a judgement or an edge has named it.
    pub(crate) fn is_named(&self, id: &str) -> bool {
        self.symbols.get(id).is_some()
    }

    /// Counts something that the user should know, with an example.
    pub(crate) fn note(&mut self, what: &'static str, example: &str) {
        note(&mut self.notes, what, example);
    }

    /// Goes on with another file, where all that edges of the last one mention is defined: from now on errors name
    /// this one.
    ///
    /// # Errors
    /// When something is not defined.
    pub(crate) fn next_file(&mut self, file: &Path) -> Result<(), DataError> {
        self.look_up();
        self.refuse_undefined()?;
        self.reads(file);
        Ok(())
    }

    /// Gives every document without a title its id for one, and counts them.
    pub(crate) fn title_by_id(&mut self, what: &'static str) {
        for doc in self.docs.iter_mut().filter(|doc| doc.title.is_empty()) {
            note(&mut self.notes, what, &doc.id);
            doc.title.clone_from(&doc.id);
        }
    }

    /// An error at a line of the file that is being read.
    pub(crate) fn at(&self, line: u64, fault: Fault) -> DataError {
        let file = self.files.last().expect("a draft begins with a file").clone();
        DataError::Line { file, line, fault }
    }

    /// The data set, in the order in which documents were defined.
    ///
    /// Edges that are repeated are left out and counted. Of several judgements of one document for one query, the
    /// first counts, and the others are left out and counted if they agree with it.
    ///
    /// # Errors
    /// When there is no document, a name is not defined that should be, the edges form a cycle, or a document is
    /// judged twice for one query and differently.
    pub(crate) fn finish(mut self, undefined: Undefined) -> Result<Imported, DataError> {
        self.look_up();
        match undefined {
            Undefined::Define => self.define_all(None),
            Undefined::DefineAndTell(what) => self.define_all(Some(what)),
            Undefined::Refuse => self.refuse_undefined()?,
            Undefined::LeaveOut => self.leave_out_undefined(),
        }
        if self.docs.is_empty() {
            let file = self.files.pop().expect("a draft begins with a file");
            return Err(DataError::Empty { file, what: "document" });
        }
        if self.judged.is_empty() {
            // Only judgements are told by name from here on, and names of millions of nodes take room.
            self.symbols = Symbols::default();
        }
        let graph = self.graph()?;
        let asked = if self.queries.is_empty() { None } else { Some(self.asked()?) };
        let parts = Parts { docs: self.docs, graph, asked };
        Ok(Imported { parts, notes: self.notes })
    }

    /// The symbol of a name, whose edges so far have been mentioned before it.
    fn mention(&mut self, id: &str) -> Symbol {
        self.look_up();
        let symbol = self.symbols.add(id);
        self.doc_of.resize(self.symbols.len(), UNDEFINED);
        symbol
    }

    /// Looks up the names of the last edges.
    fn look_up(&mut self) {
        let mut child = None;
        self.symbols.add_all(&mut self.batch, |symbol| match child.take() {
            None => child = Some(symbol),
            Some(child) => self.edges.push((child, symbol)),
        });
        self.doc_of.resize(self.symbols.len(), UNDEFINED);
    }

    fn define(&mut self, symbol: Symbol, doc: Document, line: u64) -> DocIdx {
        let number = u32::try_from(self.docs.len()).expect("an import has fewer than 2^32 documents");
        self.doc_of[symbol.at()] = number;
        self.docs.push(doc);
        self.doc_lines.push(line);
        DocIdx(number)
    }

    fn is_defined(&self, symbol: Symbol) -> bool {
        self.doc_of[symbol.at()] != UNDEFINED
    }

    fn define_all(&mut self, told: Option<&'static str>) {
        for symbol in (0..self.symbols.len()).map(|at| Symbol(at as u32)) {
            if !self.is_defined(symbol) {
                let id = self.symbols.name(symbol).to_owned();
                if let Some(what) = told {
                    note(&mut self.notes, what, &id);
                }
                self.define(symbol, Document { title: id.clone(), id, ..Document::default() }, 0);
            }
        }
    }

    fn refuse_undefined(&self) -> Result<(), DataError> {
        let of_edges = self.edges.iter().zip(self.edge_lines.iter());
        let file = self.edge_file;
        let of_edges =
            of_edges.flat_map(|(&(child, parent), line)| [(child, file, line), (parent, file, line)]);
        let of_judged = self.judged.iter().map(|judged| (judged.doc, judged.file, judged.line));
        match of_edges.chain(of_judged).find(|(symbol, ..)| !self.is_defined(*symbol)) {
            None => Ok(()),
            Some((symbol, file, line)) => {
                let fault = Fault::UnknownDocument { id: excerpt(self.symbols.name(symbol)) };
                Err(DataError::Line { file: self.files[file].clone(), line, fault })
            }
        }
    }

    fn leave_out_undefined(&mut self) {
        let (symbols, doc_of, notes) = (&self.symbols, &self.doc_of, &mut self.notes);
        let old_lines = std::mem::take(&mut self.edge_lines);
        let mut lines = old_lines.iter();
        self.edges.retain(|&(child, parent)| {
            let line = lines.next().expect("every edge has a line");
            let missing = [child, parent].into_iter().find(|symbol| doc_of[symbol.at()] == UNDEFINED);
            if let Some(missing) = missing {
                note(notes, "edges to nodes that are not in the file left out", symbols.name(missing));
            } else {
                self.edge_lines.push(line);
            }
            missing.is_none()
        });
        self.judged.retain(|judged| {
            let is_defined = doc_of[judged.doc.at()] != UNDEFINED;
            if !is_defined {
                note(notes, "judgements of documents that are not there left out", symbols.name(judged.doc));
            }
            is_defined
        });
    }

    /// The edges without repetitions, as a graph.
    fn graph(&mut self) -> Result<Graph, DataError> {
        let doc = |symbol: Symbol| DocIdx(self.doc_of[symbol.at()]);
        let edges = std::mem::take(&mut self.edges);
        let edges: Vec<Edge> = edges
            .into_iter()
            .map(|(child, parent)| Edge { child: doc(child), parent: doc(parent) })
            .collect();
        let told = |error| {
            let id = |doc: DocIdx| self.docs[doc.at()].id.clone();
            let file = &self.files[self.edge_file];
            DataError::of_hierarchy(error, file, &id, &|at| self.edge_lines.get(at))
        };
        let (graph, repeated) = Graph::merged(self.docs.len(), &edges).map_err(told)?;
        for edge in repeated {
            let id = &self.docs[edge.child.at()].id;
            note(&mut self.notes, "edges given more than once, the first kept", id);
        }
        Ok(graph)
    }

    fn asked(&mut self) -> Result<Asked, DataError> {
        let mut judgements = Judgements::default();
        let mut seen: BTreeMap<(Split, Symbol, Symbol), (i32, u64)> = BTreeMap::new();
        for judged in std::mem::take(&mut self.judged) {
            let Judged { split, query, doc, grade, file, line } = judged;
            let names = || (self.query_symbols.name(query), self.symbols.name(doc));
            if let Some(&(known, first)) = seen.get(&(split, query, doc)) {
                let (query, doc) = names();
                if known != grade {
                    let (query, doc) = (excerpt(query), excerpt(doc));
                    let fault = Fault::RepeatedJudgement { query, doc, first };
                    return Err(DataError::Line { file: self.files[file].clone(), line, fault });
                }
                note(&mut self.notes, "judgements given more than once, the first kept", query);
                continue;
            }
            seen.insert((split, query, doc), (grade, line));
            let doc = DocIdx(self.doc_of[doc.at()]);
            let of_split = judgements.of_mut(split).get_or_insert_with(Vec::new);
            of_split.push(Judgement { query: QueryIdx(query.0), doc, grade });
        }
        for split in Split::ALL {
            if let Some(of_split) = judgements.of_mut(split) {
                of_split.sort_unstable();
            }
        }
        if Split::ALL.iter().all(|split| judgements.of(*split).is_none()) {
            let file = self.files.last().expect("it is read from a file").clone();
            return Err(DataError::Empty { file, what: "judgement" });
        }
        Ok(Asked { queries: std::mem::take(&mut self.queries), judgements })
    }
}

/// Counts something, with an example.
pub(crate) fn note(notes: &mut Vec<Note>, what: &'static str, example: &str) {
    const SHOWN: usize = 3;
    let known = notes.iter().position(|note| note.what == what);
    let at = known.unwrap_or_else(|| {
        notes.push(Note { count: 0, what, examples: Vec::new() });
        notes.len() - 1
    });
    notes[at].count += 1;
    if notes[at].examples.len() < SHOWN {
        notes[at].examples.push(excerpt(example));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(id: &str) -> Document {
        Document { id: id.to_owned(), ..Document::default() }
    }

    fn draft(docs: &[&str], edges: &[(&str, &str)]) -> Draft {
        let mut draft = Draft::new(Path::new("f"));
        for (at, id) in (1..).zip(docs) {
            draft.doc(doc(id), at).unwrap();
        }
        for (at, (child, parent)) in (100..).zip(edges) {
            draft.edge(child, parent, at).unwrap();
        }
        draft
    }

    fn edges(imported: &Imported) -> Vec<(u32, u32)> {
        imported.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect()
    }

    fn notes(imported: &Imported) -> Vec<(u64, &str)> {
        imported.notes.iter().map(|note| (note.count, note.what)).collect()
    }

    #[test]
    fn documents_keep_the_order_of_their_definitions() {
        let mut draft = draft(&[], &[("b", "a")]);
        for id in ["c", "a", "b"] {
            draft.doc(doc(id), 1).unwrap();
        }
        let imported = draft.finish(Undefined::Refuse).unwrap();
        assert_eq!((edges(&imported), imported.notes.len()), (vec![(2, 1)], 0));
    }

    #[test]
    fn what_is_repeated_or_its_own_parent_is_left_out_and_counted() {
        let draft = draft(&["a", "b"], &[("a", "b"), ("b", "b"), ("a", "b"), ("a", "b")]);
        let imported = draft.finish(Undefined::Refuse).unwrap();
        assert_eq!(edges(&imported), [(0, 1)]);
        let told = [
            (1, "nodes given as their own parent, edge left out"),
            (2, "edges given more than once, the first kept"),
        ];
        assert_eq!(notes(&imported), told);
    }

    #[test]
    fn an_undefined_name_is_refused_left_out_or_made_a_document() {
        let made = || draft(&["a"], &[("a", "x"), ("y", "a"), ("x", "y")]);
        let error = made().finish(Undefined::Refuse).unwrap_err().to_string();
        assert!(error.starts_with("f:100: the id of a document was expected, `x` is none"), "{error}");
        let cycle = made().finish(Undefined::Define).unwrap_err().to_string();
        assert_eq!(cycle, "f has a cycle: a → x → y → a; delete one of these edges");
        let left = made().finish(Undefined::LeaveOut).unwrap();
        assert_eq!(
            (edges(&left), notes(&left)),
            (vec![], vec![(3, "edges to nodes that are not in the file left out")])
        );
    }

    #[test]
    fn an_id_that_is_defined_twice_is_told_with_the_first_line() {
        let mut draft = draft(&["a", "b"], &[]);
        let error = draft.doc(doc("b"), 7).unwrap_err().to_string();
        assert_eq!(error, "a new id was expected, `b` is that of line 2 too");
    }

    #[test]
    fn judgements_are_sorted_and_one_that_contradicts_another_is_refused() {
        let judged = |grades: [i32; 2]| {
            let mut draft = draft(&["a", "b"], &[]);
            draft.query(Query::new("q", "?"), 1).unwrap();
            draft.judge(Split::Dev, ("q", "b"), 1, 2).unwrap();
            for (line, grade) in (3..).zip(grades) {
                draft.judge(Split::Dev, ("q", "a"), grade, line).unwrap();
            }
            draft.finish(Undefined::Refuse)
        };
        let imported = judged([2, 2]).unwrap();
        let dev = imported.parts.asked.as_ref().unwrap().judgements.of(Split::Dev).unwrap();
        assert_eq!(dev.iter().map(|j| (j.doc.0, j.grade)).collect::<Vec<_>>(), [(0, 2), (1, 1)]);
        assert_eq!(notes(&imported), [(1, "judgements given more than once, the first kept")]);
        let error = judged([2, 0]).unwrap_err().to_string();
        assert!(error.starts_with("f:4: one judgement of `a` for `q` was expected"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_by_the_file_that_it_is_from() {
        let mut draft = draft(&["a", "b"], &[("a", "b"), ("b", "a")]);
        draft.query(Query::new("q", "?"), 1).unwrap();
        draft.reads(Path::new("g"));
        draft.judge(Split::Test, ("q", "x"), 1, 2).unwrap();
        let unknown = draft.refuse_undefined().unwrap_err().to_string();
        assert!(unknown.starts_with("g:2: the id of a document was expected"), "{unknown}");
        let cycle = draft.finish(Undefined::LeaveOut).unwrap_err().to_string();
        assert!(cycle.starts_with("f has a cycle"), "{cycle}");
    }

    #[test]
    fn nothing_at_all_is_an_error() {
        let error = draft(&[], &[]).finish(Undefined::Refuse).unwrap_err().to_string();
        assert_eq!(error, "f holds no document; at least one was expected");
    }
}
