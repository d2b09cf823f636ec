//! The nodes of paths that were read so far.

use std::path::Path;

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::names::{Symbol, Symbols};

/// Nodes by their paths.
pub(super) struct Found {
    separator: String,
    paths: Symbols,
    /// The node of each path.
    nodes: Vec<Node>,
    /// Nodes with the path of another and an id of their own.
    twins: Vec<Twin>,
    draft: Draft,
    /// The path that is being read.
    path: String,
}

struct Node {
    /// The path above.
    parent: Option<usize>,
    title: String,
    /// The id that a line has given it.
    id: Option<String>,
    /// The line that is about it, or names it first.
    line: u64,
    /// Whether a line is about this node, and not only about one below it.
    has_line: bool,
}

struct Twin {
    /// The path that it shares.
    path: usize,
    id: String,
    line: u64,
}

impl Found {
    /// No node; ids that are paths have this between their parts.
    pub(super) fn new(file: &Path, separator: &str) -> Self {
        let (separator, path) = (separator.to_owned(), String::new());
        let (paths, nodes, twins) = (Symbols::default(), Vec::new(), Vec::new());
        Found { separator, paths, nodes, twins, draft: Draft::new(file), path }
    }

    /// Counts something that the user should know, with an example.
    pub(super) fn note(&mut self, what: &'static str, example: &str) {
        self.draft.note(what, example);
    }

    /// A path from the top, by its parts, and its id if it has one of its own.
    ///
    /// # Errors
    /// When there are no parts, or one of them is empty.
    pub(super) fn path(&mut self, parts: &[&str], id: Option<&str>, line: u64) -> Result<(), Fault> {
        self.path.clear();
        let mut last = None;
        for part in parts {
            if part.is_empty() {
                let found = excerpt(&parts.join(&self.separator));
                return Err(Fault::Field { expected: "a path without empty parts", found });
            }
            if last.is_some() {
                self.path.push_str(&self.separator);
            }
            self.path.push_str(part);
            let path = self.paths.add(&self.path).at();
            if path == self.nodes.len() {
                let title = (*part).to_owned();
                self.nodes.push(Node { parent: last, title, id: None, line, has_line: false });
            }
            last = Some(path);
        }
        let Some(path) = last else {
            return Err(Fault::Field { expected: "a path", found: String::new() });
        };
        let node = &mut self.nodes[path];
        match (id, &node.id) {
            _ if !node.has_line => {
                (node.id, node.line, node.has_line) = (id.map(str::to_owned), line, true);
            }
            (Some(id), Some(known)) if id != known => {
                self.twins.push(Twin { path, id: id.to_owned(), line });
                self.draft.note("paths given again with another id, made documents of their own", &self.path);
            }
            (Some(id), None) => node.id = Some(id.to_owned()),
            _ => self.draft.note("paths given more than once, the first kept", &self.path),
        }
        Ok(())
    }

    /// The data set of all paths, in the order in which they were met.
    ///
    /// # Errors
    /// When there is none, two nodes have one id, or an id could not stand in a table.
    pub(super) fn finish(self) -> Result<Imported, DataError> {
        let Found { paths, nodes, twins, mut draft, .. } = self;
        let id_of = |path: usize| match &nodes[path].id {
            Some(id) => id.as_str(),
            None => paths.name(Symbol(path as u32)),
        };
        for (path, node) in nodes.iter().enumerate() {
            let id = id_of(path);
            if !node.has_line {
                draft.note("beginnings of paths have no line of their own, their id is the path", id);
            }
            let above = node.parent.map(id_of);
            define(&mut draft, id, &node.title, above, node.line)?;
        }
        for twin in twins {
            let node = &nodes[twin.path];
            define(&mut draft, &twin.id, &node.title, node.parent.map(id_of), twin.line)?;
        }
        draft.finish(Undefined::Refuse)
    }
}

/// Defines a node under another.
fn define(draft: &mut Draft, id: &str, title: &str, above: Option<&str>, line: u64) -> Result<(), DataError> {
    let doc = Document { id: id.to_owned(), title: title.to_owned(), ..Document::default() };
    let defined = draft.doc(doc, line).map(|_| ());
    let linked = defined.and_then(|()| above.map_or(Ok(()), |above| draft.edge(id, above, line)));
    linked.map_err(|fault| draft.at(line, fault))
}
