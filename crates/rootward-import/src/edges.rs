//! Lists of edges: a table with a child and its parent in each row.
//!
//! Nothing else is needed, and most hierarchies can be had in this form. Nodes have no definitions then: their ids are
//! their titles, unless another table, or other columns of this one, say what they are called.

mod nodes;

use std::path::PathBuf;

use rootward::dataset::{DataError, Document, Fault, Parts, excerpt};

use crate::draft::{Draft, Imported, Note, Undefined};
use crate::source::Source;
use crate::table::{Delimiter, Header, Table, TableOptions, Wanted};

/// Which of two columns without names holds the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The first: rows lead up.
    Up,
    /// The second: rows lead down.
    Down,
}

/// How to read a list of edges. A column is given by its name or its number, from 1.
#[derive(Clone, Debug)]
pub struct EdgesOptions {
    /// What stands between cells, and whether there is a header.
    pub table: TableOptions,
    /// The column of children; `None` finds it by its name, or takes the first.
    pub child: Option<String>,
    /// The column of parents; `None` finds it by its name, or takes the second.
    pub parent: Option<String>,
    /// Which of two columns is which where neither the user nor a header says it; `None` is up.
    pub direction: Option<Direction>,
    /// The column of weights, which must be numbers.
    pub weight: Option<String>,
    /// Rows of less weight are left out.
    pub min_weight: Option<f64>,
    /// A table or JSON lines with titles and texts of nodes.
    pub nodes: Option<PathBuf>,
    /// The column of titles, of the nodes where they have a file, else of the edges' children.
    pub title: Option<String>,
    /// The column of texts, likewise.
    pub text: Option<String>,
}

/// Names that pairs of columns have, child first.
struct Pair {
    child: &'static str,
    parent: &'static str,
    /// Whether people agree which of the two is the child.
    is_sure: bool,
}

const PAIRS: [Pair; 22] = [
    sure("child", "parent"),
    sure("child_id", "parent_id"),
    sure("childid", "parentid"),
    sure("id", "parent_id"),
    sure("id", "parentid"),
    sure("id", "parent"),
    sure("_id", "parent"),
    sure("node", "parent"),
    sure("name", "parent"),
    sure("narrower", "broader"),
    sure("sub", "super"),
    sure("subclass", "superclass"),
    sure("hyponym", "hypernym"),
    sure("hypo", "hyper"),
    sure("subtype", "supertype"),
    sure("descendant", "ancestor"),
    sure("instance", "class"),
    unsure("source", "target"),
    unsure("src", "dst"),
    unsure("from", "to"),
    unsure("subject", "object"),
    unsure("head", "tail"),
];

const fn sure(child: &'static str, parent: &'static str) -> Pair {
    Pair { child, parent, is_sure: true }
}

const fn unsure(child: &'static str, parent: &'static str) -> Pair {
    Pair { child, parent, is_sure: false }
}

/// Where the columns are, and whether that is beyond doubt.
struct Columns {
    child: usize,
    parent: usize,
    is_sure: bool,
    weight: Option<usize>,
    title: Option<usize>,
    text: Option<usize>,
}

/// Reads a list of edges.
///
/// A document is a node, those of the file of nodes first and then in the order in which edges name them; its title is
/// its id where nothing else says it. A row without a parent names a root. Blanks around ids do not count.
///
/// # Errors
/// When a column or a cell is missing, a weight is no number, or the edges form a cycle.
pub fn edges(source: &Source<'_>, options: &EdgesOptions) -> Result<Imported, DataError> {
    let is_header = |cells: &[String]| has_names(cells, options);
    let table = Table::open_by(source, options.table, &is_header)?;
    let columns = columns(&table, options)?;
    let mut draft = Draft::new(table.name());
    if let Some(nodes) = &options.nodes {
        nodes::read(&source.beside(nodes), options, &mut draft)?;
    }
    read(table, &columns, options.min_weight, &mut draft)?;
    let undefined = match options.nodes {
        None => Undefined::Define,
        Some(_) => {
            Undefined::DefineAndTell("nodes of edges are not in the file of nodes, their title is their id")
        }
    };
    let mut imported = draft.finish(undefined)?;
    if !columns.is_sure {
        let direction = options.direction.unwrap_or(Direction::Up);
        imported.notes.extend(turned(&imported.parts, direction));
    }
    Ok(imported)
}

fn has_names(cells: &[String], options: &EdgesOptions) -> bool {
    let has = |name: &str| cells.iter().any(|cell| cell.eq_ignore_ascii_case(name));
    let asked = [&options.child, &options.parent, &options.weight, &options.title, &options.text];
    let mut asked = asked.into_iter().flatten().filter(|asked| asked.parse::<usize>().is_err());
    asked.any(|name| has(name)) || PAIRS.iter().any(|pair| has(pair.child) && has(pair.parent))
}

fn columns(table: &Table<'_>, options: &EdgesOptions) -> Result<Columns, DataError> {
    let has = |name: &str| {
        let header = table.header().unwrap_or_default();
        header.iter().position(|cell| cell.eq_ignore_ascii_case(name))
    };
    let named = PAIRS.iter().find_map(|pair| Some((has(pair.child)?, has(pair.parent)?, pair.is_sure)));
    let asked = options.child.is_some() || options.parent.is_some();
    let turned = options.direction == Some(Direction::Down);
    let (low, high) = if turned { (1, 0) } else { (0, 1) };
    let (child, parent, is_sure) = match named {
        // What a header says for sure is not turned, but what it leaves open is.
        Some((child, parent, is_sure)) if is_sure || !turned => (child, parent, is_sure),
        Some((child, parent, _)) => (parent, child, false),
        None => (low, high, false),
    };
    let place = |asked: &Option<String>, place: usize| match asked {
        None => Ok(place),
        Some(_) => table.needed(Wanted { asked: asked.as_deref(), names: &[], place: None }),
    };
    let weights = ["weight", "score", "confidence", "probability"];
    let mut weight = options
        .weight
        .as_deref()
        .map_or(Ok(None), |asked| table.column(Wanted { asked: Some(asked), names: &[], place: None }))?;
    if weight.is_none() && options.min_weight.is_some() {
        weight = Some(table.needed(Wanted { asked: None, names: &weights, place: Some(2) })?);
    }
    let own = |asked: &Option<String>, names: &[&str]| {
        if options.nodes.is_some() {
            return Ok(None);
        }
        // A table of nodes with their parents says what they are called.
        let names = if has("id").is_some() { names } else { &[] };
        table.column(Wanted { asked: asked.as_deref(), names, place: None })
    };
    let (child, parent) = (place(&options.child, child)?, place(&options.parent, parent)?);
    if child == parent {
        let what = "column of parents beside that of children".to_owned();
        let remedy = "name both by `--child` and `--parent`";
        return Err(DataError::Lacks { path: table.name().to_owned(), what, remedy });
    }
    let title = own(&options.title, &nodes::TITLES)?;
    let text = own(&options.text, &nodes::TEXTS)?;
    Ok(Columns { child, parent, is_sure: is_sure || asked, weight, title, text })
}

fn read(
    table: Table<'_>,
    columns: &Columns,
    min_weight: Option<f64>,
    draft: &mut Draft,
) -> Result<(), DataError> {
    let Columns { child, parent, weight, title, text, .. } = *columns;
    if title.is_none() && text.is_none() {
        return table.each([Some(child), Some(parent), weight], |[child, parent, given], line| {
            if weight.is_some() && is_light(given, min_weight)? {
                draft.note("edges of less weight left out", child);
                return Ok(());
            }
            edge(draft, child.trim(), parent.trim(), line)
        });
    }
    let cells = [Some(child), Some(parent), weight, title, text];
    table.each(cells, |[child, parent, given, title, text], line| {
        let (child, title) = (child.trim(), title.trim());
        // A node with several parents has several rows, and the first of them says what it is called.
        if draft.doc_mut(child).is_none() {
            let title = if title.is_empty() { child } else { title };
            let (title, text) = (title.to_owned(), text.trim().to_owned());
            draft.doc(Document { id: child.to_owned(), title, text, synonyms: Vec::new() }, line)?;
        }
        if weight.is_some() && is_light(given, min_weight)? {
            draft.note("edges of less weight left out", child);
            return Ok(());
        }
        edge(draft, child, parent.trim(), line)
    })
}

fn edge(draft: &mut Draft, child: &str, parent: &str, line: u64) -> Result<(), Fault> {
    // `\N` is what databases export for nothing.
    if parent.is_empty() || parent == "\\N" {
        draft.note("rows without a parent, taken for roots", child);
        return draft.node(child);
    }
    draft.edge(child, parent, line)
}

/// Whether a row weighs too little to count.
fn is_light(weight: &str, least: Option<f64>) -> Result<bool, Fault> {
    let number = weight.trim().parse::<f64>().ok().filter(|number| !number.is_nan());
    let number = number.ok_or_else(|| Fault::Number { what: "a weight", found: excerpt(weight) })?;
    Ok(least.is_some_and(|least| number < least))
}

/// What to say where the edges look much more like a hierarchy the other way round: many nodes have several parents,
/// and hardly any has several children.
fn turned(parts: &Parts, direction: Direction) -> Option<Note> {
    const FEWER: usize = 20;
    const SHOWN: usize = 3;
    let graph = &parts.graph;
    let below = graph.docs().filter(|doc| graph.children(*doc).len() > 1).count();
    let several = || graph.docs().filter(|doc| graph.parents(*doc).len() > 1);
    let count = several().count();
    if count < 2 || below * FEWER > count {
        return None;
    }
    let what = match direction {
        Direction::Up => {
            "nodes have several parents, and hardly any would if the columns stood the other way round: see whether \
             `--direction down` is meant"
        }
        Direction::Down => {
            "nodes have several parents, and hardly any would if the columns stood the other way round: see whether \
             `--direction up` is meant"
        }
    };
    let examples = several().take(SHOWN).map(|doc| excerpt(&parts.docs[doc.at()].id)).collect();
    Some(Note { count: count as u64, what, examples })
}

impl EdgesOptions {
    /// A list whose columns are found by their names or their places.
    pub fn detected() -> Self {
        let table = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
        let (child, parent, weight) = (None, None, None);
        let (direction, min_weight, nodes, title, text) = (None, None, None, None, None);
        EdgesOptions { table, child, parent, direction, weight, min_weight, nodes, title, text }
    }
}

#[cfg(test)]
mod tests;
