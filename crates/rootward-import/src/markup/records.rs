//! Elements that are nodes, with the values that are asked of them and the node that they lie in.

use rootward::dataset::{DataError, Fault};

use super::place::Place;
use super::{Piece, Tag, each_piece};
use crate::source::Text;

/// An element that is a node.
pub(crate) struct Record {
    /// Which it is, in the order in which nodes begin, from 0.
    pub(crate) number: usize,
    /// The number of the nearest node around it.
    pub(crate) parent: Option<usize>,
    /// Which of the names of nodes it has.
    pub(crate) name: usize,
    /// The line that it begins on.
    pub(crate) line: u64,
    /// The values at each place, in the order of the file, none of them empty; blanks and line ends in them are one
    /// blank.
    pub(crate) values: Vec<Vec<String>>,
}

/// An element that has not ended yet.
struct Open {
    is_node: bool,
    /// Places whose way from the node leads through this element.
    places: Vec<usize>,
}

/// A node that has not ended yet.
struct Node {
    record: Record,
    /// How many elements are open, itself included.
    depth: usize,
    /// Texts that are being read: place, depth of their element, text so far.
    texts: Vec<(usize, usize, String)>,
}

/// The nodes and elements that are open.
struct Reading<'a> {
    names: &'a [&'a str],
    places: &'a [Place],
    open: Vec<Open>,
    nodes: Vec<Node>,
    begun: usize,
}

/// Calls `take` with every element of one of these names when it ends, so that a node comes after those within it.
///
/// # Errors
/// When the text cannot be read or is no XML, and the first fault that `take` finds.
pub(crate) fn each_record(
    text: Text<'_>,
    names: &[&str],
    places: &[Place],
    mut take: impl FnMut(Record) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let mut reading = Reading { names, places, open: Vec::new(), nodes: Vec::new(), begun: 0 };
    each_piece(text, |piece, line| match piece {
        Piece::Open(tag) => reading.begin(tag, line),
        Piece::Text(text) => {
            for (_, _, so_far) in reading.nodes.last_mut().into_iter().flat_map(|node| &mut node.texts) {
                so_far.push_str(text);
            }
            Ok(())
        }
        Piece::Close => reading.end().map_or(Ok(()), &mut take),
    })
}

impl Reading<'_> {
    fn begin(&mut self, tag: &Tag<'_>, line: u64) -> Result<(), Fault> {
        let depth = self.open.len() + 1;
        let name = self.names.iter().position(|name| *name == tag.name);
        if let Some(name) = name {
            let parent = self.nodes.last().map(|node| node.record.number);
            let values = vec![Vec::new(); self.places.len()];
            let record = Record { number: self.begun, parent, name, line, values };
            self.nodes.push(Node { record, depth, texts: Vec::new() });
            self.begun += 1;
        }
        let mut through = Vec::new();
        if let Some(node) = self.nodes.last_mut() {
            let steps = depth - node.depth;
            let candidates: &mut dyn Iterator<Item = usize> = match self.open.last() {
                Some(around) if steps > 0 => &mut around.places.iter().copied(),
                _ => &mut (0..self.places.len()),
            };
            for at in candidates {
                let place = &self.places[at];
                let last = steps.checked_sub(1);
                if last.is_some_and(|last| last >= place.steps.len())
                    || !last.map_or(Ok(true), |last| place.steps[last].is(tag))?
                {
                    continue;
                }
                through.push(at);
                if place.steps.len() == steps {
                    match &place.attribute {
                        Some(attribute) => {
                            let value = tag.attribute(attribute)?;
                            node.record.values[at].extend(value.as_deref().and_then(one_line));
                        }
                        None => node.texts.push((at, depth, String::new())),
                    }
                }
            }
        }
        self.open.push(Open { is_node: name.is_some(), places: through });
        Ok(())
    }

    /// Ends the element that began last, and gives the node that it is.
    fn end(&mut self) -> Option<Record> {
        let depth = self.open.len();
        let ended = self.open.pop()?;
        let node = self.nodes.last_mut()?;
        while let Some((at, _, text)) = node.texts.pop_if(|(_, of, _)| *of == depth) {
            node.record.values[at].extend(one_line(&text));
        }
        if ended.is_node { self.nodes.pop().map(|node| node.record) } else { None }
    }
}

/// A text with its blanks and line ends as one blank each; `None` where it has nothing else.
fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}
